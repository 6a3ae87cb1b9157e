//! verify() and verify_all().

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::SystemTime;

use pgrx::datum::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::registry::{self, Document};
use crate::document::row::RootRow;
use crate::document::serialize::{Reader, given, may_read, spelled};
use crate::error::{Error, Result};
use crate::pg::spi::{Session, Snapshot};
use crate::seal::register::{self, Seal, Standing};
use crate::verify::content::Judge;
use crate::verify::row::{self, Verdict};
use crate::verify::time;

/// Documents judged in one go by verify_all(). Larger batches gain nothing measurable over 500 and hold more memory.
const BATCH: i64 = 500;

#[pg_extern(sql = false)]
fn verify(
    document: Option<&str>,
    key: Option<&str>,
    at: Option<TimestampWithTimeZone>,
) -> std::result::Result<pgrx::composite_type!('static, "health_crypto.verdict"), ErrorReport> {
    let verdict = verdict(
        given(document, "document")?,
        given(key, "key")?,
        time::policy_time(at)?,
        Snapshot::Caller,
    )?;
    Ok(verdict.into_tuple()?)
}

/// One document as the caller may see it.
pub struct Seen {
    /// Its type.
    pub document: Rc<Document>,
    /// Its key, as the table spells it.
    pub key: String,
    /// Its row, unless it is gone.
    pub row: Option<RootRow>,
    /// Its seal, if its row is gone.
    pub seal: Option<Seal>,
}

/// Looks a document up with the rights of the caller.
///
/// # Errors
/// 42501 if he may not read such documents, 22023 if there is none that he may see.
pub fn seen(session: &Session, document: &str, key: &str, snapshot: Snapshot) -> Result<Seen> {
    let document = registry::document(document)?;
    let reader = may_read(&document)?;
    let (key, row) = {
        let _role = reader.enter(&document);
        let key = spelled(session, &document, key)?;
        let rows = session.run(
            &document.sql.read,
            vec![vec![key.as_str()].into()],
            snapshot,
        )?;
        (key, RootRow::all(&rows).pop())
    };
    let mut seal = None;
    if row.is_none() {
        let mut standings = register::standings(session, &document.name, &[&key], snapshot)?;
        // Whose rows are filtered cannot be told that one is gone.
        seal = match standings.remove(&key) {
            Some(Standing::Sealed(seal)) if reader != (Reader::TableReader { filtered: true }) => {
                Some(seal)
            }
            _ => {
                return Err(Error::UnknownKey {
                    document: document.name.clone(),
                });
            }
        };
    }
    Ok(Seen {
        document,
        key,
        row,
        seal,
    })
}

/// The verdict on one document, as the caller may see it.
pub fn verdict(document: &str, key: &str, at: SystemTime, snapshot: Snapshot) -> Result<Verdict> {
    let session = Session::open();
    let seen = seen(&session, document, key, snapshot)?;
    judged(&session, &seen, at, snapshot)
}

/// The verdict on a document that was looked up.
pub fn judged(
    session: &Session,
    seen: &Seen,
    at: SystemTime,
    snapshot: Snapshot,
) -> Result<Verdict> {
    let judge = Judge::new(&seen.document, session, snapshot, at)?;
    let mut judged = judge.rows(seen.row.as_slice())?;
    match (judged.pop(), &seen.seal) {
        (Some(judged), _) => Ok(judged.verdict),
        (None, Some(seal)) => Ok(judge.missing(&seen.key, seal)),
        (None, None) => Err(Error::Bug("neither row nor seal")),
    }
}

#[pg_extern(sql = false)]
fn verify_all(
    document: Option<&str>,
    at: Option<TimestampWithTimeZone>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(document, String),
            name!(key, String),
            name!(ok, bool),
            name!(content, &'static str),
            name!(signature, &'static str),
            name!(signer, Option<String>),
            name!(signer_name, Option<String>),
            name!(signed_at, Option<TimestampWithTimeZone>),
            name!(sealed_at, Option<TimestampWithTimeZone>),
            name!(language, Option<String>),
            name!(definition, String),
            name!(changes, Option<JsonB>),
            name!(detail, String),
            name!(policy_time, TimestampWithTimeZone),
        ),
    >,
    ErrorReport,
> {
    let at = time::policy_time(at)?;
    let mut walk = match document {
        Some(name) => Walk::over(
            VecDeque::from([registry::document(name).map(|d| d.name.clone())?]),
            at,
        ),
        None => Walk::over_all(at)?,
    };
    Ok(row::stream(move || walk.next_page()))
}

/// Where verify_all() stands.
enum Stage {
    /// Going through the root table, after a key.
    Rows(Option<String>),
    /// Going through the register's sealed keys, after a key, for rows that are gone.
    Missing(Option<String>),
}

/// A way through documents that judges them batch by batch.
pub struct Walk {
    documents: VecDeque<String>,
    stage: Stage,
    at: SystemTime,
}

impl Walk {
    fn over(documents: VecDeque<String>, at: SystemTime) -> Walk {
        Walk {
            documents,
            stage: Stage::Rows(None),
            at,
        }
    }

    /// Through the documents of every type.
    ///
    /// # Errors
    /// What reading the registrations raises.
    pub fn over_all(at: SystemTime) -> Result<Walk> {
        Ok(Walk::over(registry::names()?.into(), at))
    }

    /// Leaves out what is left of the type in hand, and names it.
    pub fn skip(&mut self) -> Option<String> {
        self.stage = Stage::Rows(None);
        self.documents.pop_front()
    }

    /// Judges the next batch; None at the end. Nothing of PostgreSQL's is held between two calls.
    ///
    /// # Errors
    /// 42501 for a type that the caller may not read.
    pub fn next_page(&mut self) -> Result<Option<Vec<Verdict>>> {
        let Some(name) = self.documents.front().cloned() else {
            return Ok(None);
        };
        pgrx::check_for_interrupts!();
        let name = name.as_str();
        let mut verdicts = Vec::new();
        let document = registry::document(name)?;
        let reader = may_read(&document)?;
        let session = Session::open();
        let judge = Judge::new(&document, &session, Snapshot::Caller, self.at)?;
        match &self.stage {
            Stage::Rows(after) => {
                let stored = {
                    let _role = reader.enter(&document);
                    let sql = &document.sql;
                    RootRow::all(&sql.page(&session, after.as_deref(), BATCH, Snapshot::Caller)?)
                };
                let last = stored.last().map(|s| s.key.clone());
                let more = stored.len() as i64 == BATCH;
                let judged = judge.rows(&stored)?;
                verdicts.extend(judged.into_iter().map(|j| j.verdict));
                self.stage = if more {
                    Stage::Rows(last)
                } else {
                    Stage::Missing(None)
                };
            }
            Stage::Missing(_) if reader == (Reader::TableReader { filtered: true }) => {
                self.documents.pop_front();
                self.stage = Stage::Rows(None);
            }
            Stage::Missing(after) => {
                let keys = register::sealed_keys(&session, name, after.as_deref(), BATCH)?;
                let borrowed: Vec<&str> = keys.iter().map(String::as_str).collect();
                let present: Vec<String> = {
                    let _role = crate::pg::caller::RunAs::reader(document.owner);
                    let rows = session.run(
                        &document.sql.read,
                        vec![borrowed.clone().into()],
                        Snapshot::Caller,
                    )?;
                    RootRow::all(&rows).into_iter().map(|s| s.key).collect()
                };
                let present: std::collections::HashSet<String> = present.into_iter().collect();
                let standings = register::standings(&session, name, &borrowed, Snapshot::Caller)?;
                for key in keys.iter().filter(|key| !present.contains(*key)) {
                    if let Some(Standing::Sealed(seal)) = standings.get(key) {
                        verdicts.push(judge.missing(key, seal));
                    }
                }
                if keys.len() as i64 == BATCH {
                    self.stage = Stage::Missing(keys.last().cloned());
                } else {
                    self.documents.pop_front();
                    self.stage = Stage::Rows(None);
                }
            }
        }
        Ok(Some(verdicts))
    }
}
