//! adopt(): enters what was sealed before the extension came.

use std::collections::VecDeque;
use std::time::{Instant, SystemTime};

use health_crypto_core::digest::Digest;
use pgrx::datum::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::registry::{self, Document};
use crate::document::row::RootRow;
use crate::error::{Error, Result};
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};
use crate::seal::flush;
use crate::seal::own::own_digests;
use crate::seal::register::{self, Entry, Event, Standing};
use crate::seal::signature::{self, Judgement};
use crate::verify::content::{Judge, Judged};
use crate::verify::row::{self, Verdict, Verdicts, of_verdicts};

/// Documents looked at between two notices.
const NOTICE_EVERY: i64 = 10_000;

of_verdicts! {
    fn adopt(document: Option<&str>) {
        Ok(adoption(document)?)
    }
}

fn adoption(document: Option<&str>) -> Result<Verdicts> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let documents: VecDeque<String> = match document {
        Some(name) => VecDeque::from([registry::document(name).map(|d| d.name.clone())?]),
        None => registry::names()?.into(),
    };
    // Its verdicts show content, and it locks every row: as for protect(), EXECUTE alone is not enough.
    for name in &documents {
        if !caller::has_rights_of(registry::document(name)?.owner) {
            return Err(Error::NotAllowed {
                what: format!("must be owner of the root table of document \"{name}\""),
                hint: "adopt(document) takes one document; without it, all are adopted.",
            });
        }
    }
    let mut adoption = Adoption {
        documents,
        progress: None,
        at: SystemTime::now(),
    };
    Ok(row::stream(move || adoption.next_page()))
}

/// Where adopt() stands.
struct Adoption {
    documents: VecDeque<String>,
    progress: Option<Progress>,
    at: SystemTime,
}

/// What has been done of one document.
struct Progress {
    after: Option<String>,
    rows: i64,
    looked_at: i64,
    entered: i64,
    not_holding: i64,
    next_notice: i64,
    told_at: i64,
    started: Instant,
}

impl Adoption {
    /// The next page: enters it, and returns the verdicts that do not hold; None at the end. Nothing of PostgreSQL's is
    /// held between two calls.
    fn next_page(&mut self) -> Result<Option<Vec<Verdict>>> {
        let Some(name) = self.documents.front().cloned() else {
            return Ok(None);
        };
        pgrx::check_for_interrupts!();
        // What this transaction has written is sealed by its own flush, with all that this asks for, not adopted.
        flush::all()?;
        let document = registry::document(&name)?;
        let session = Session::open();
        let mut progress = match self.progress.take() {
            Some(progress) => progress,
            None => {
                by_itself(&session, &document)?;
                Progress::start(&session, &document)?
            }
        };
        let rows = {
            // Locked against flushes and reopen(), so that no other seal gets between the look and the entry.
            let _role = RunAs::reader(document.owner);
            RootRow::all(&document.sql.locked_page(
                &session,
                progress.after.as_deref(),
                flush::CHUNK,
            )?)
        };
        let verdicts = self.page(&session, &document, &rows, &mut progress)?;
        progress.after = rows.last().map(|row| row.key.clone());
        progress.looked_at += rows.len() as i64;
        let is_last = (rows.len() as i64) < flush::CHUNK;
        progress.tell(&name, is_last);
        if is_last {
            self.documents.pop_front();
        } else {
            self.progress = Some(progress);
        }
        Ok(Some(verdicts))
    }

    fn page(
        &self,
        session: &Session,
        document: &Document,
        rows: &[RootRow],
        progress: &mut Progress,
    ) -> Result<Vec<Verdict>> {
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let standings = register::standings(session, &document.name, &keys, Snapshot::Fresh)?;
        // New ones are entered; those that did not hold when they were entered are returned again.
        let due: Vec<RootRow> = rows
            .iter()
            .filter(|row| match standings.get(&row.key) {
                None => row.is_sealed(document),
                Some(Standing::Sealed(seal)) => seal.held_at_adoption == Some(false),
                Some(Standing::Reopened) => false,
            })
            .cloned()
            .collect();
        let judge = Judge::new(document, session, Snapshot::Fresh, self.at)?;
        let judged = judge.rows(&due, None)?;
        let entries = self.entries(session, document, &due, &judged, |key| {
            !standings.contains_key(key)
        })?;
        progress.entered += entries
            .iter()
            .filter(|entry| entry.event == Some(Event::Adoption))
            .count() as i64;
        register::enter(
            session,
            &entries,
            &caller::role_name(caller::current_role()),
        )?;
        let verdicts: Vec<Verdict> = judged
            .into_iter()
            .map(|judged| judged.verdict)
            .filter(|verdict| !verdict.ok)
            .collect();
        progress.not_holding += verdicts.len() as i64;
        Ok(verdicts)
    }

    /// One entry for each document that is new and has a digest, and one for each of its signers. What holds gets the digest
    /// over its own rows, by which later alterations are told from drift; what does not is entered as it is, so that it
    /// cannot get worse unseen.
    fn entries(
        &self,
        session: &Session,
        document: &Document,
        rows: &[RootRow],
        judged: &[Judged<'_>],
        is_new: impl Fn(&str) -> bool,
    ) -> Result<Vec<Entry>> {
        let mut own = std::collections::HashMap::new();
        {
            let _role = RunAs::reader(document.owner);
            for edition in document.editions() {
                let keys: Vec<&str> = judged
                    .iter()
                    .filter(|j| {
                        matches!(j.verdict.content, "intact" | "drifted")
                            && j.edition.is_some_and(|e| e.number == edition.number)
                    })
                    .map(|j| j.verdict.key.as_str())
                    .collect();
                own.extend(own_digests(session, edition, &keys, Snapshot::Fresh)?);
            }
        }
        let mut entries = Vec::with_capacity(rows.len());
        for (row, judged) in rows.iter().zip(judged) {
            let verdict = &judged.verdict;
            let of_text = || row.text.as_deref().map(|t| Digest::of(t).to_string());
            let Some(digest) = row.digest.clone().or_else(of_text) else {
                continue;
            };
            if !is_new(&row.key) {
                continue;
            }
            entries.push(Entry {
                event: Some(Event::Adoption),
                document: Some(document.name.clone()),
                key: Some(row.key.clone()),
                definition: judged.edition.map(|e| e.signature.clone()),
                edition: judged.edition.map(|e| e.number),
                profile: judged.edition.map(|e| e.profile.name().to_owned()),
                language: verdict.language.clone(),
                digest: Some(digest),
                own_digest: own.remove(&row.key),
                verdict: Some(verdict.content.to_owned()),
                policy_time: Some(verdict.policy_time),
                reason: Some("sealed before its protection".to_owned()),
                ..Entry::default()
            });
            if let Some(text) = &row.signature {
                entries.extend(signature::entries(
                    document,
                    &row.key,
                    row.digest.as_deref(),
                    text,
                    &Judgement {
                        word: verdict.signature,
                        verdicts: &judged.signatures,
                        at: self.at,
                    },
                ));
            }
        }
        Ok(entries)
    }
}

/// Waits for another adopt() of the document. A session whose snapshot is of before that one sees none of its entries and
/// would make them again; because the registration's row has a new version, it is told so (40001).
fn by_itself(session: &Session, document: &Document) -> Result<()> {
    let _role = RunAs::registrar();
    session.run(
        "UPDATE health_crypto.protected_document d SET protected_at = d.protected_at WHERE d.document = $1",
        vec![document.name.as_str().into()],
        Snapshot::Fresh,
    )?;
    Ok(())
}

impl Progress {
    fn start(session: &Session, document: &Document) -> Result<Progress> {
        let _role = RunAs::reader(document.owner);
        let rows = session.run(&document.sql.count, vec![], Snapshot::Fresh)?;
        Ok(Progress {
            after: None,
            rows: rows.get(0, 1).unwrap_or_default(),
            looked_at: 0,
            entered: 0,
            not_holding: 0,
            next_notice: NOTICE_EVERY,
            told_at: -1,
            started: Instant::now(),
        })
    }

    fn tell(&mut self, document: &str, is_last: bool) {
        let is_due = is_last || self.looked_at >= self.next_notice;
        if !is_due || self.told_at == self.looked_at {
            return;
        }
        self.told_at = self.looked_at;
        self.next_notice = self.looked_at + NOTICE_EVERY;
        let seconds = self.started.elapsed().as_secs_f64();
        pgrx::notice!(
            "{document}: looked at {} of {} rows ({:.0} %), {:.0} a second; {} entered in the register, {} do not hold",
            self.looked_at,
            self.rows.max(self.looked_at),
            if is_last {
                100.0
            } else {
                100.0 * self.looked_at as f64 / self.rows.max(1) as f64
            },
            self.looked_at as f64 / seconds.max(1e-6),
            self.entered,
            self.not_holding,
        );
    }
}
