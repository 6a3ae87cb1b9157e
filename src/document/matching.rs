//! Finding the words that a document was sealed in: by which edition of its definition, in which language, with the
//! Unicode table of which Python. Nobody wrote that down for documents sealed before the extension came.

use std::collections::HashMap;

use health_crypto_core::canonical::python::UnicodeVersion;
use health_crypto_core::canonical::{self, Value};
use health_crypto_core::diff::{self, Changes};
use health_crypto_core::digest::Digest;

use crate::document::edition::Edition;
use crate::document::fetch;
use crate::document::registry::Document;
use crate::error::{Error, Result};
use crate::pg::spi::{Session, Snapshot};
use crate::pg::{shield, sub};
use crate::settings::{self, TriedUnicode};

/// One way to put a document into words.
#[derive(Clone)]
pub struct Wording<'d> {
    /// By which definition and profile.
    pub edition: &'d Edition,
    /// In which language; None where documents have none.
    pub language: Option<String>,
}

/// A document whose stored words are looked for.
pub struct Sought<'r> {
    /// Its key.
    pub key: &'r str,
    /// The stored digest, in hexadecimal.
    pub digest: Option<&'r str>,
    /// The stored text.
    pub text: Option<&'r str>,
}

/// A document in words: those that were looked for, or the nearest ones to them.
pub struct Found<'d> {
    /// The way they were made.
    pub wording: Wording<'d>,
    /// The text, or why there is none, without a word of its content.
    pub text: std::result::Result<String, String>,
    /// Whether it has the digest that was looked for.
    pub is_match: bool,
    /// What differs, if it is not and both texts are there.
    pub changes: Option<Changes>,
}

impl Found<'_> {
    /// Whether it is the same text by the same edition, so that comparing it too would say nothing new.
    fn is_same_as(&self, other: &Found<'_>) -> bool {
        self.wording.edition.number == other.wording.edition.number && self.text == other.text
    }
}

/// Looks for words. Runs as the role in force: the caller switches to the root table's owner.
pub struct Search<'d> {
    /// The document.
    pub document: &'d Document,
    /// What is seen of the database.
    pub snapshot: Snapshot,
}

impl<'d> Search<'d> {
    /// Tries the wordings in their order, each for all documents that are still without a match. What is found for each, in
    /// the order given; `None` where no wording gives a row.
    pub fn run(&self, sought: &[Sought<'_>], wordings: &[Wording<'d>]) -> Vec<Option<Found<'d>>> {
        let mut found: Vec<Option<Found<'d>>> = Vec::new();
        found.resize_with(sought.len(), || None);
        let mut near: HashMap<usize, Vec<Found<'d>>> = HashMap::new();
        let fitting = Fitting::of(sought, wordings);
        for (turn, wording) in wordings.iter().enumerate() {
            pgrx::check_for_interrupts!();
            let open: Vec<usize> = found
                .iter()
                .enumerate()
                .filter(|(place, one)| one.is_none() && fitting.fits(*place, turn))
                .map(|(place, _)| place)
                .collect();
            if open.is_empty() {
                continue;
            }
            for (place, one) in self.try_wording(sought, open, wording) {
                if one.is_match {
                    if let Some(slot) = found.get_mut(place) {
                        *slot = Some(one);
                    }
                    continue;
                }
                let near = near.entry(place).or_default();
                // Most languages have no words of their own for a document: each would keep its text and be compared.
                if !near.iter().any(|other| other.is_same_as(&one)) {
                    near.push(one);
                }
            }
        }
        for (place, all) in near {
            if let (Some(slot @ None), Some(sought)) = (found.get_mut(place), sought.get(place)) {
                *slot = nearest(sought, all);
            }
        }
        found
    }

    /// The documents at some places in one wording, once for each Unicode table that was tried. The first is that of the
    /// setting; the others follow only where a text has a character that they disagree about.
    fn try_wording(
        &self,
        sought: &[Sought<'_>],
        mut open: Vec<usize>,
        wording: &Wording<'d>,
    ) -> Vec<(usize, Found<'d>)> {
        let mut results: Vec<(usize, Found<'d>)> = Vec::with_capacity(open.len());
        let first = settings::python_unicode();
        let others = UnicodeVersion::ALL.into_iter().filter(|v| *v != first);
        for version in std::iter::once(first).chain(others) {
            if open.is_empty() {
                break;
            }
            let of_the_open: Vec<&Sought<'_>> =
                open.iter().filter_map(|place| sought.get(*place)).collect();
            let tried = TriedUnicode::table(version);
            let texts = self.texts(&of_the_open, wording);
            let mattered = tried.mattered();
            drop(tried);
            let mut still_open = Vec::new();
            for ((place, sought), text) in open.into_iter().zip(of_the_open).zip(texts) {
                let Some(text) = text else {
                    continue;
                };
                let is_match = match (&text, sought.digest) {
                    (Ok(text), Some(digest)) => Digest::of(text).is_spelled(digest),
                    _ => false,
                };
                if !is_match {
                    still_open.push(place);
                }
                let one = Found {
                    wording: wording.clone(),
                    text,
                    is_match,
                    changes: None,
                };
                results.push((place, one));
            }
            open = still_open;
            if !mattered {
                break;
            }
        }
        results
    }

    /// Texts in the order given. One document that cannot be serialised must not hide the others, so each is then tried by
    /// itself.
    fn texts(
        &self,
        sought: &[&Sought<'_>],
        wording: &Wording<'d>,
    ) -> Vec<Option<std::result::Result<String, String>>> {
        let keys: Vec<&str> = sought.iter().map(|s| s.key).collect();
        let (edition, language) = (wording.edition, wording.language.as_deref());
        if let Ok(texts) = self.attempt(edition, &keys, language) {
            return texts.into_iter().map(|text| text.map(Ok)).collect();
        }
        let mut texts = Vec::with_capacity(keys.len());
        for key in keys {
            pgrx::check_for_interrupts!();
            texts.push(match self.attempt(edition, &[key], language) {
                Ok(mut one) => one.pop().flatten().map(Ok),
                Err(error) => Some(Err(why(&error))),
            });
        }
        texts
    }

    /// In a subtransaction: what the definition raises is an answer here.
    fn attempt(
        &self,
        edition: &Edition,
        keys: &[&str],
        language: Option<&str>,
    ) -> Result<Vec<Option<String>>> {
        sub::attempt(|| {
            let session = Session::open();
            fetch::texts_in_order(
                &session,
                self.document,
                edition,
                keys,
                language,
                self.snapshot,
            )
        })
    }
}

/// Every wording that a document may have been sealed in by somebody who left no note: the current definition first, and
/// the database's own language first. A definition that is gone gives no words.
pub fn every_wording<'d>(
    session: &Session,
    document: &'d Document,
    default: Option<&str>,
    snapshot: Snapshot,
) -> Result<Vec<Wording<'d>>> {
    let mut languages = vec![default.map(str::to_owned)];
    languages.extend(
        translatable_languages(session, document, snapshot)?
            .into_iter()
            .filter(|language| Some(language.as_str()) != default)
            .map(Some),
    );
    Ok(document
        .editions()
        .filter(|edition| edition.fields().is_some())
        .flat_map(|edition| {
            languages.iter().map(move |language| Wording {
                edition,
                language: language.clone(),
            })
        })
        .collect())
}

/// The language that digests are kept in: the database's own.
pub fn default_language(
    session: &Session,
    document: &Document,
    snapshot: Snapshot,
) -> Result<Option<String>> {
    match &document.sql.default_language {
        None => Ok(None),
        Some(sql) => Ok(session.run(sql, vec![], snapshot)?.string(0, 1)),
    }
}

/// The languages that a document may have been sealed in.
pub fn translatable_languages(
    session: &Session,
    document: &Document,
    snapshot: Snapshot,
) -> Result<Vec<String>> {
    let Some(sql) = &document.sql.languages else {
        return Ok(Vec::new());
    };
    let rows = session.run(sql, vec![], snapshot)?;
    Ok((0..rows.len())
        .filter_map(|row| rows.string(row, 1))
        .collect())
}

/// The wording whose differences the document's references explain, else the one with the fewest differences.
fn nearest<'d>(sought: &Sought<'_>, mut all: Vec<Found<'d>>) -> Option<Found<'d>> {
    for one in &mut all {
        if let (Some(stored), Ok(text)) = (sought.text, &one.text) {
            one.changes = Some(diff::changes(stored, text));
        }
    }
    let rank = |one: &Found<'d>| match &one.changes {
        Some(changes @ Changes::Fields(fields)) => {
            let covered = changes.are_covered_by(&one.wording.edition.reference_fields);
            (!covered, fields.len())
        }
        _ => (true, usize::MAX),
    };
    // The first of equals, because the wordings come in the order of their likelihood.
    all.into_iter().min_by_key(rank)
}

/// Which wordings the texts can be of, going by the names of their fields; if of none, the first stands for all.
struct Fitting(Vec<Vec<bool>>);

impl Fitting {
    fn of(sought: &[Sought<'_>], wordings: &[Wording<'_>]) -> Fitting {
        if wordings.len() == 1 {
            return Fitting(Vec::new());
        }
        let each = |sought: &Sought<'_>| {
            let names = sought.text.and_then(names_of_fields);
            let mut fits: Vec<bool> = wordings
                .iter()
                .map(|wording| match (&names, wording.edition.fields()) {
                    (Some(names), Some(fields)) => {
                        names.len() == fields.len()
                            && names.iter().all(|name| fields.contains(name))
                    }
                    // A text that cannot be read might be of any.
                    _ => true,
                })
                .collect();
            if let (false, Some(first)) = (fits.contains(&true), fits.first_mut()) {
                *first = true;
            }
            fits
        };
        Fitting(sought.iter().map(each).collect())
    }

    /// Whether the text at a place can be of the wording whose turn it is.
    fn fits(&self, place: usize, turn: usize) -> bool {
        self.0
            .get(place)
            .and_then(|fits| fits.get(turn))
            .copied()
            .unwrap_or(true)
    }
}

/// The names of a text's fields; None if it is not a readable JSON object.
fn names_of_fields(text: &str) -> Option<Vec<String>> {
    let Ok(Value::Object(fields)) = canonical::parse_json(text) else {
        return None;
    };
    let names = fields.into_iter().map(|(name, _)| name.into_owned());
    Some(names.collect())
}

/// Why a document cannot be serialised, without a word of its content.
fn why(error: &Error) -> String {
    match error {
        Error::DefinitionFailed { sqlstate, .. } => {
            format!(
                "it cannot be serialised: SQLSTATE {}",
                shield::spelled(*sqlstate)
            )
        }
        other => format!("it cannot be serialised: {other}"),
    }
}
