//! report_html(): all verdicts on one page.

use std::time::SystemTime;

use health_crypto_core::report::{
    Expiring, Failing, Found, Gap, Interval, Keyring, Limits, Report, Tally, Timeline,
};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::gaps::gaps;
use crate::document::registry;
use crate::error::{Error, Result};
use crate::pg::caller::RunAs;
use crate::pg::memory::freed_after;
use crate::pg::spi::{Rows, Session, Snapshot};
use crate::report::words::{self, FOR_PEOPLE};
use crate::verify::functions::Walk;
use crate::verify::row::Verdict;
use crate::verify::time;

const TIMELINE: &str = include_str!("../../sql/queries/report_timeline.sql");
const KEYRING: &str = include_str!("../../sql/queries/report_keyring.sql");

/// Certificates that expire within so many days are on the page.
const DAYS: u32 = 90;
/// So many gaps, and so many certificates, are on it; the others are counted.
const LINES: usize = 100;

#[pg_extern(sql = false)]
fn report_html(at: Option<TimestampWithTimeZone>) -> std::result::Result<String, ErrorReport> {
    Ok(collected(time::policy_time(at)?)?.html())
}

fn collected(at: SystemTime) -> Result<Report> {
    let mut report = Report {
        failing: Failing::with_limits(Limits::OF_THE_PAGE),
        ..Report::default()
    };
    // Of each type first, so that one without documents is on the page.
    for name in registry::names()? {
        report.tallies.push((name, Tally::default()));
    }
    // Pages of verdicts, each forgotten before the next is asked for: what is kept is bounded by the limits.
    let mut walk = Walk::over_all(at)?;
    loop {
        let page = match freed_after(|| walk.next_page()) {
            Ok(Some(page)) => page,
            Ok(None) => break,
            // Its definition or its table is gone: the others are shown all the same, and of this one that it cannot be.
            Err(error @ (Error::BadDefinition { .. } | Error::Unsupported { .. })) => {
                if let Some(name) = walk.skip() {
                    report.tallies.retain(|(tallied, _)| *tallied != name);
                    report.unusable.push((name, error.to_string()));
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        for verdict in page {
            count(&mut report, verdict)?;
        }
    }
    let mut gaps = gaps()?;
    report.more_gaps = gaps.len().saturating_sub(LINES) as u64;
    gaps.truncate(LINES);
    report.gaps = gaps
        .into_iter()
        .map(|(document, relation, gap, detail)| Gap {
            document,
            relation,
            gap,
            detail,
        })
        .collect();
    let session = Session::open();
    let moment = Some(time::timestamp(at)?);
    let people = |moment| words::time(&session, moment, FOR_PEOPLE);
    report.policy_time = people(moment)?.unwrap_or_default();
    report.made_at = people(Some(time::timestamp(SystemTime::now())?))?.unwrap_or_default();
    let database = session.run(
        "SELECT pg_catalog.current_database()::text",
        vec![],
        Snapshot::Caller,
    )?;
    report.database = database.string(0, 1).unwrap_or_default();
    let _role = RunAs::registrar();
    report.timeline = timeline(&session.run(TIMELINE, vec![], Snapshot::Caller)?);
    let args = vec![moment.into(), (DAYS as i32).into(), (LINES as i64).into()];
    report.keyring = keyring(&session.run(KEYRING, args, Snapshot::Caller)?);
    Ok(report)
}

/// Counts a verdict, and keeps it if it is one of those that are shown.
fn count(report: &mut Report, verdict: Verdict) -> Result<()> {
    let tally = report
        .tallies
        .iter_mut()
        .find(|(name, _)| *name == verdict.document);
    if let Some((_, tally)) = tally {
        tally.add(verdict.ok, verdict.content, verdict.signature);
    }
    if verdict.ok {
        return Ok(());
    }
    if !report.failing.has_room(&verdict.document) {
        report.failing.leave_out(&verdict.document);
        return Ok(());
    }
    let session = Session::open();
    report.failing.add(Found {
        signed_at: words::time(&session, verdict.signed_at, FOR_PEOPLE)?,
        sealed_at: words::time(&session, verdict.sealed_at, FOR_PEOPLE)?,
        document: verdict.document,
        key: verdict.key,
        content: verdict.content,
        signature: verdict.signature,
        signer: verdict.signer,
        signer_name: verdict.signer_name,
        detail: verdict.detail,
        changes: verdict.changes,
    });
    Ok(())
}

/// A count that a statement gave.
fn counted(rows: &Rows<'_>, row: usize, column: usize) -> u64 {
    let count = rows.get::<i64>(row, column).unwrap_or_default();
    u64::try_from(count).unwrap_or_default()
}

fn timeline(rows: &Rows<'_>) -> Timeline {
    Timeline {
        unit: rows.string(0, 1).unwrap_or_default(),
        intervals: (0..rows.len())
            .map(|row| Interval {
                label: rows.string(row, 2).unwrap_or_default(),
                seals: counted(rows, row, 3),
                signatures: counted(rows, row, 4),
                reopenings: counted(rows, row, 5),
                alterations: counted(rows, row, 6),
            })
            .collect(),
    }
}

fn keyring(rows: &Rows<'_>) -> Keyring {
    let expiring: Vec<Expiring> = (0..rows.len())
        .filter_map(|row| {
            Some(Expiring {
                fingerprint: rows.string(row, 4)?,
                user_ids: rows.get::<Vec<String>>(row, 5).unwrap_or_default(),
                expires: rows.string(row, 6).unwrap_or_default(),
                days: rows.get::<i64>(row, 7).unwrap_or_default(),
                revoked: rows.get::<bool>(row, 8).unwrap_or_default(),
            })
        })
        .collect();
    Keyring {
        certificates: counted(rows, 0, 1),
        revoked: counted(rows, 0, 2),
        days: DAYS,
        more: counted(rows, 0, 3).saturating_sub(expiring.len() as u64),
        expiring,
    }
}
