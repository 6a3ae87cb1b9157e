//! verify() and verify_all().

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::time::SystemTime;

use pgrx::datum::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::registry::{self, Document};
use crate::document::row::RootRow;
use crate::document::serialize::{Reader, given, may_read, spelled};
use crate::document::statements::Share;
use crate::error::{Error, Result};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};
use crate::pg::sub;
use crate::seal::register::{self, Seal, Standing};
use crate::verify::ahead::{self, Ahead};
use crate::verify::content::Judge;
use crate::verify::row::{self, Verdict, Verdicts, of_verdicts};
use crate::verify::time;

/// Documents that verify_all() judges first in one go, so that the first verdicts come soon.
const FIRST_PAGE: i64 = 500;
/// Documents that it judges in one go at most. What a definition sets up each time it runs (hash tables, translations of
/// words) is shared by all of them: GNU Health's prescriptions take 43 us of processor time each by 500, 20 by 5000, 18 by
/// 20,000 (docs/PERFORMANCE.md).
const LARGEST_PAGE: i64 = 5000;
/// Documents that it judges in one go where it has looked ahead: by more nothing is gained, and all are in memory at once.
const PAGE_SEEN_AHEAD: i64 = 1000;
/// Bytes of keys, stored texts and signatures in one go, about: several copies of each are in memory at once.
const PAGE_BYTES: usize = 4 << 20;

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
    let mut judged = judge.rows(seen.row.as_slice(), None)?;
    match (judged.pop(), &seen.seal) {
        (Some(judged), _) => Ok(judged.verdict),
        (None, Some(seal)) => Ok(judge.missing(&seen.key, seal)),
        (None, None) => Err(Error::Bug("neither row nor seal")),
    }
}

of_verdicts! {
    fn verify_all(document: Option<&str>, at: Option<TimestampWithTimeZone>) {
        Ok(verdicts(document, at, Share::ALL)?)
    }
}

of_verdicts! {
    fn verify_share(
        document: Option<&str>,
        at: Option<TimestampWithTimeZone>,
        share: Option<i32>,
        shares: Option<i32>,
    ) {
        Ok(verdicts(document, at, share_of(share, shares)?)?)
    }
}

fn share_of(share: Option<i32>, shares: Option<i32>) -> Result<Share> {
    let share = Share {
        number: given(share, "share")?,
        of: given(shares, "shares")?,
    };
    if share.number < 1 || share.number > share.of {
        return Err(Error::BadArgument {
            what: "share must be between 1 and shares".into(),
            hint: "Call it once for each: (1, 4), (2, 4), (3, 4), (4, 4).",
        });
    }
    Ok(share)
}

fn verdicts(
    document: Option<&str>,
    at: Option<TimestampWithTimeZone>,
    share: Share,
) -> Result<Verdicts> {
    let at = time::policy_time(at)?;
    let mut walk = match document {
        Some(name) => Walk::over(
            VecDeque::from([registry::document(name).map(|d| d.name.clone())?]),
            at,
            share,
        ),
        None => Walk::over(registry::names()?.into(), at, share),
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
    /// How many documents to judge next.
    page: i64,
    /// How many documents of this type have a row and are sealed in the register.
    registered: i64,
    share: Share,
    at: SystemTime,
    ahead: Option<Ahead>,
    /// How many documents to judge before looking ahead again.
    blind: i64,
}

impl Walk {
    fn over(documents: VecDeque<String>, at: SystemTime, share: Share) -> Walk {
        Walk {
            documents,
            stage: Stage::Rows(None),
            page: FIRST_PAGE,
            registered: 0,
            share,
            at,
            ahead: None,
            blind: 0,
        }
    }

    /// Through the documents of every type.
    ///
    /// # Errors
    /// What reading the registrations raises.
    pub fn over_all(at: SystemTime) -> Result<Walk> {
        Ok(Walk::over(registry::names()?.into(), at, Share::ALL))
    }

    /// Leaves out what is left of the type in hand, and names it.
    pub fn skip(&mut self) -> Option<String> {
        let name = self.documents.front().cloned();
        self.page = FIRST_PAGE;
        self.next_document();
        name
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
                let after = after.clone();
                let ahead = self.look_ahead(&document, reader, after.as_deref())?;
                let page = ahead.as_ref().map_or(self.page, |ahead| {
                    self.page.min(PAGE_SEEN_AHEAD).min(ahead.left(&document))
                });
                let stored = {
                    let _role = reader.enter(&document);
                    RootRow::all(&document.sql.page_of_share(
                        &session,
                        self.share,
                        after.as_deref(),
                        page,
                        Snapshot::Caller,
                    )?)
                };
                let last = stored.last().map(|s| s.key.clone());
                let more = stored.len() as i64 == page;
                self.page = next_size(&stored);
                let judged = judge.rows(&stored, ahead.as_ref())?;
                self.registered += judge.registered();
                verdicts.extend(judged.into_iter().map(|j| j.verdict));
                if let Some(mut ahead) = ahead {
                    ahead.judged(stored.len());
                    // Where most are in other words than those looked at, it only costs. Later ones may be in these.
                    if judge.foreseen() * 2 < stored.len() {
                        self.blind = 4 * self.page * ahead::PAGES;
                    } else {
                        self.ahead = Some(ahead);
                    }
                }
                self.blind = self.blind.saturating_sub(page).max(0);
                self.stage = if more {
                    Stage::Rows(last)
                } else {
                    self.page = FIRST_PAGE;
                    Stage::Missing(None)
                };
            }
            Stage::Missing(_) if reader == (Reader::TableReader { filtered: true }) => {
                self.next_document();
            }
            // One snapshot shows rows and register. If the register has seals of no more documents than were met, none is
            // gone. (If one was reopened there are more, and it is looked closer.)
            Stage::Missing(None)
                if register::sealed_count(&session, name, self.share)? == self.registered =>
            {
                self.next_document();
            }
            Stage::Missing(after) => {
                let keys = register::sealed_keys(
                    &session,
                    name,
                    self.share,
                    after.as_deref(),
                    LARGEST_PAGE,
                )?;
                let gone = without_row(&document, &keys);
                let standings = register::standings(&session, name, &gone, Snapshot::Caller)?;
                for key in gone {
                    if let Some(Standing::Sealed(seal)) = standings.get(key) {
                        verdicts.push(judge.missing(key, seal));
                    }
                }
                if keys.len() as i64 == LARGEST_PAGE {
                    self.stage = Stage::Missing(keys.last().cloned());
                } else {
                    self.next_document();
                }
            }
        }
        Ok(Some(verdicts))
    }

    fn next_document(&mut self) {
        self.documents.pop_front();
        self.stage = Stage::Rows(None);
        self.registered = 0;
        self.ahead = None;
        self.blind = 0;
    }

    /// What is to be seen ahead of the page after a key, if that is worth it: not for the first page, so that the first
    /// verdicts come soon, and not where documents are so large that few of them fill a page.
    fn look_ahead(
        &mut self,
        document: &Rc<Document>,
        reader: Reader,
        after: Option<&str>,
    ) -> Result<Option<Ahead>> {
        let seen = self.ahead.take().filter(|ahead| ahead.left(document) > 0);
        if seen.is_some() || self.blind > 0 || self.page <= FIRST_PAGE {
            return Ok(seen);
        }
        let ahead = Ahead::over(document, reader, self.share, after, self.page)?;
        if ahead.is_none() {
            self.blind = self.page * ahead::PAGES;
        }
        Ok(ahead)
    }
}

/// How many documents to judge next, going by the size of the last ones.
fn next_size(stored: &[RootRow]) -> i64 {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let bytes: usize = stored
        .iter()
        .map(|row| row.key.len() + length(&row.text) + length(&row.signature))
        .sum();
    let fitting = (stored.len() * PAGE_BYTES).checked_div(bytes);
    fitting.map_or(LARGEST_PAGE, |rows| {
        i64::try_from(rows)
            .unwrap_or(LARGEST_PAGE)
            .clamp(1, LARGEST_PAGE)
    })
}

/// The keys of documents whose row is gone. One that is no key of the root's type any more has no row; PostgreSQL's message
/// would say that with the key in it, and nothing of the others.
fn without_row<'k>(document: &Document, keys: &'k [String]) -> Vec<&'k str> {
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    let present = sub::attempt(|| present(document, &all)).unwrap_or_else(|_| {
        let one_by_one = all.iter().flat_map(|key| {
            pgrx::check_for_interrupts!();
            sub::attempt(|| present(document, &[*key])).unwrap_or_default()
        });
        one_by_one.collect()
    });
    all.into_iter()
        .filter(|key| !present.contains(*key))
        .collect()
}

fn present(document: &Document, keys: &[&str]) -> Result<HashSet<String>> {
    let session = Session::open();
    let _role = RunAs::reader(document.owner);
    let rows = session.run(
        &document.sql.present,
        vec![keys.to_vec().into()],
        Snapshot::Caller,
    )?;
    Ok((0..rows.len())
        .filter_map(|row| rows.string(row, 1))
        .collect())
}
