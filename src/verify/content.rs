//! Judging documents in batches: content first, then the signature.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::SystemTime;

use health_crypto_core::diff::{self, Changes};
use health_crypto_core::digest::Digest;
use health_crypto_core::openpgp::{SignatureVerdict, Status};
use pgrx::datum::TimestampWithTimeZone;

use crate::document::edition::Edition;
use crate::document::matching::{self, Found, Search, Sought, Wording};
use crate::document::registry::Document;
use crate::document::root::Root;
use crate::document::row::RootRow;
use crate::error::Result;
use crate::keyring::StoredKeyring;
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};
use crate::pg::sub;
use crate::seal::own;
use crate::seal::register::{self, Seal, Standing};
use crate::seal::signature;
use crate::verify::ahead::Ahead;
use crate::verify::row::Verdict;
use crate::verify::time;

const SIGNER_GONE: &str =
    "the register has a valid signature of a certificate that the row has none of";

/// What holds of one text.
struct Content {
    word: &'static str,
    detail: String,
    /// Whether what differs belongs into the verdict.
    shows_changes: bool,
}

/// A verdict, and what it was compared by.
pub struct Judged<'d> {
    /// The verdict.
    pub verdict: Verdict,
    /// The edition, unless nothing could be said.
    pub edition: Option<&'d Edition>,
    /// The verdict on each signature.
    pub signatures: Vec<SignatureVerdict>,
}

/// One batch of documents of one type.
pub struct Judge<'d> {
    document: &'d Document,
    session: &'d Session,
    snapshot: Snapshot,
    at: SystemTime,
    policy_time: TimestampWithTimeZone,
    registered: Cell<i64>,
    foreseen: Cell<usize>,
}

impl<'d> Judge<'d> {
    /// Judges as of a policy time what a snapshot shows.
    pub fn new(
        document: &'d Document,
        session: &'d Session,
        snapshot: Snapshot,
        at: SystemTime,
    ) -> Result<Judge<'d>> {
        Ok(Judge {
            document,
            session,
            snapshot,
            at,
            policy_time: time::timestamp(at)?,
            registered: Cell::new(0),
            foreseen: Cell::new(0),
        })
    }

    /// The verdict on each row, in the order given, with what was seen ahead of them.
    pub fn rows(&self, stored: &[RootRow], ahead: Option<&Ahead>) -> Result<Vec<Judged<'d>>> {
        let _role = RunAs::reader(self.document.owner);
        let keys: Vec<&str> = stored.iter().map(|s| s.key.as_str()).collect();
        let standings =
            register::standings(self.session, &self.document.name, &keys, self.snapshot)?;
        let sealed = standings
            .values()
            .filter(|s| matches!(s, Standing::Sealed(_)));
        self.registered.set(sealed.count() as i64);
        let words = self.words(stored, &standings, ahead)?;
        let own = self.own_digests(stored, &standings, &words);
        let mut keyring = StoredKeyring::of(self.session, Some(&self.document.name));
        let mut verdicts = Vec::with_capacity(stored.len());
        for (row, found) in stored.iter().zip(&words) {
            pgrx::check_for_interrupts!();
            let standing = standings.get(&row.key);
            let found = found.as_ref();
            let mut content = self.content(row, standing, found, own.get(&row.key));
            let why = match found.map(|f| &f.text) {
                Some(Ok(_)) => None,
                Some(Err(why)) => Some(why.as_str()),
                None => Some("its definition gives no row for it"),
            };
            if let Some(why) = why {
                // What cannot be serialised cannot be shown to hold, whatever its own rows say.
                if content.word == "drifted" {
                    content.word = "altered";
                    content.detail.clear();
                }
                let parted = if content.detail.is_empty() { "" } else { "; " };
                content.detail = format!("{}{parted}{why}", content.detail);
            }
            verdicts.push(self.verdict(row, standing, found, content, &mut keyring)?);
        }
        Ok(verdicts)
    }

    /// How many of the rows judged last the register has as sealed.
    pub fn registered(&self) -> i64 {
        self.registered.get()
    }

    /// How many of the rows judged were as they had been seen ahead.
    pub fn foreseen(&self) -> usize {
        self.foreseen.get()
    }

    /// The verdict on a document that the register has as sealed and whose row is gone.
    pub fn missing(&self, key: &str, seal: &Seal) -> Verdict {
        Verdict {
            document: self.document.name.clone(),
            key: key.to_owned(),
            ok: false,
            content: "missing",
            signature: "absent",
            signer: None,
            signer_name: None,
            signed_at: None,
            sealed_at: Some(seal.at),
            language: seal.language.clone(),
            definition: seal
                .definition
                .clone()
                .unwrap_or_else(|| self.document.current.signature.clone()),
            changes: None,
            detail: "registered as sealed, and the row is gone".to_owned(),
            policy_time: self.policy_time,
        }
    }

    /// Every document in words again, in the order given: as its seal says, or, if it was sealed and nobody wrote down how,
    /// as it turns out to have been; a draft in the database's own language.
    fn words(
        &self,
        stored: &[RootRow],
        standings: &HashMap<String, Standing>,
        ahead: Option<&Ahead>,
    ) -> Result<Vec<Option<Found<'d>>>> {
        let d = self.document;
        let default = matching::default_language(self.session, d, self.snapshot)?;
        let mut words: Vec<Option<Found<'d>>> = Vec::new();
        words.resize_with(stored.len(), || None);
        // By edition and language, places in `stored`; None: whatever gives the stored text.
        let mut groups: BTreeMap<Option<(i32, Option<&str>)>, Vec<usize>> = BTreeMap::new();
        for (place, row) in stored.iter().enumerate() {
            let wording = match standings.get(&row.key) {
                Some(Standing::Sealed(seal)) => {
                    let language = seal.language.as_deref().or(default.as_deref());
                    Some((d.edition_of(seal).number, language))
                }
                None if row.is_sealed(d) => None,
                _ => Some((d.current.number, default.as_deref())),
            };
            if let (Some(ahead), Some((number, language)), Some(slot)) =
                (ahead, wording, words.get_mut(place))
                && ahead.is_in(number, language)
                && ahead.knows(place, row)
            {
                self.foreseen.set(self.foreseen.get() + 1);
                *slot = Some(Found {
                    wording: ahead.wording(&d.current),
                    text: Ok(row.text.clone().unwrap_or_default()),
                    is_match: true,
                    changes: None,
                });
                continue;
            }
            groups.entry(wording).or_default().push(place);
        }
        let search = Search {
            document: d,
            snapshot: self.snapshot,
        };
        for (wording, places) in groups {
            let wordings = match wording {
                None => {
                    matching::every_wording(self.session, d, default.as_deref(), self.snapshot)?
                }
                Some((number, language)) => d
                    .editions()
                    .filter(|edition| edition.number == number)
                    .map(|edition| Wording {
                        edition,
                        language: language.map(str::to_owned),
                    })
                    .collect(),
            };
            let sought: Vec<Sought<'_>> = places
                .iter()
                .filter_map(|place| stored.get(*place))
                .map(|row| Sought {
                    key: &row.key,
                    digest: row.digest.as_deref(),
                    text: row.text.as_deref(),
                })
                .collect();
            for (place, found) in places.into_iter().zip(search.run(&sought, &wordings)) {
                if let Some(slot) = words.get_mut(place) {
                    *slot = found;
                }
            }
        }
        Ok(words)
    }

    /// The digests over the own rows of documents whose words differ from the sealed ones, where the register has one to
    /// compare with. A key is missing if the columns of its edition are not there any more.
    fn own_digests(
        &self,
        stored: &[RootRow],
        standings: &HashMap<String, Standing>,
        words: &[Option<Found<'d>>],
    ) -> HashMap<String, String> {
        let mut keys: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
        for (row, found) in stored.iter().zip(words) {
            if let Some(Standing::Sealed(seal)) = standings.get(&row.key)
                && seal.own_digest.is_some()
                && found.as_ref().is_none_or(|f| !f.is_match)
            {
                let number = self.document.edition_of(seal).number;
                keys.entry(number).or_default().push(&row.key);
            }
        }
        let mut own = HashMap::new();
        for edition in self.document.editions() {
            let Some(keys) = keys.remove(&edition.number) else {
                continue;
            };
            own.extend(
                sub::attempt(|| {
                    let session = Session::open();
                    own::own_digests(&session, edition, &keys, self.snapshot)
                })
                .unwrap_or_default(),
            );
        }
        own
    }

    fn content(
        &self,
        row: &RootRow,
        standing: Option<&Standing>,
        found: Option<&Found<'d>>,
        own: Option<&String>,
    ) -> Content {
        let of = |word: &'static str, detail: &str| Content {
            word,
            detail: detail.to_owned(),
            shows_changes: false,
        };
        let with_changes = |word: &'static str, detail: &str| Content {
            shows_changes: true,
            ..of(word, detail)
        };
        let matches = found.is_some_and(|f| f.is_match);
        let seal = match standing {
            Some(Standing::Sealed(seal)) => Some(seal),
            _ => None,
        };
        if !row.stands_sealed(self.document, standing) {
            let reopened = matches!(standing, Some(Standing::Reopened));
            return if row.digest.is_none() {
                of("stale", "not sealed, and it has no digest")
            } else if !matches && is_of_references(found) {
                with_changes(
                    "stale",
                    "not sealed; only what it refers to has changed, and its digest follows when it is written next",
                )
            } else if !matches {
                with_changes("stale", "not sealed, and written round the triggers")
            } else if reopened {
                of("draft", "reopened and not sealed again")
            } else {
                of("draft", "not sealed")
            };
        }
        if seal.is_none() && row.text.is_none() && row.digest.is_none() {
            return of(
                "forged",
                "sealed by its state, and it has neither digest nor text",
            );
        }
        if !text_has_digest(row, found) {
            return with_changes(
                "forged",
                "the stored text does not hash to the stored digest",
            );
        }
        if let Some(seal) = seal
            && row.digest.as_deref() != Some(&seal.digest)
        {
            return with_changes("forged", "the stored digest is not the registered one");
        }
        if matches {
            let detail = match seal {
                Some(seal) => format!("sealed and unchanged{}", story(seal)),
                None => {
                    "unchanged; sealed before it was protected, and not in the register".to_owned()
                }
            };
            return of("intact", &detail);
        }
        if let Some(seal) = seal
            && let Some(registered) = &seal.own_digest
        {
            let edition = self.document.edition_of(seal);
            let root = Root::named(self.document);
            let (word, detail) = if own == Some(registered)
                && edition.reads_what_was_recorded(self.session, &root)
            {
                (
                    "drifted",
                    "its own rows are unchanged; values that it refers to have changed",
                )
            } else if own == Some(registered) {
                (
                    "altered",
                    "its definition reads other columns than when it was protected",
                )
            } else {
                (
                    "altered",
                    "its own row or lines have changed since it was sealed",
                )
            };
            return with_changes(word, &format!("{detail}{}", story(seal)));
        }
        let (word, detail) = if is_of_references(found) {
            (
                "drifted",
                "only fields that come from referenced tables have changed",
            )
        } else {
            (
                "altered",
                "changed since it was sealed; the register has no digest of its own rows, so it is judged by its fields",
            )
        };
        with_changes(
            word,
            &format!("{detail}{}", seal.map(story).unwrap_or_default()),
        )
    }

    fn verdict(
        &self,
        row: &RootRow,
        standing: Option<&Standing>,
        found: Option<&Found<'d>>,
        content: Content,
        keyring: &mut StoredKeyring<'_>,
    ) -> Result<Judged<'d>> {
        let seal = match standing {
            Some(Standing::Sealed(seal)) => Some(seal),
            _ => None,
        };
        let wording = found.map(|f| &f.wording);
        let mut verdict = Verdict {
            document: self.document.name.clone(),
            key: row.key.clone(),
            ok: false,
            content: content.word,
            signature: "absent",
            signer: None,
            signer_name: None,
            signed_at: None,
            sealed_at: seal.map(|s| s.at),
            language: wording.and_then(|w| w.language.clone()),
            definition: seal
                .and_then(|s| s.definition.clone())
                .or_else(|| wording.map(|w| w.edition.signature.clone()))
                .unwrap_or_else(|| self.document.current.signature.clone()),
            changes: found
                .filter(|_| content.shows_changes)
                .and_then(|f| changes_of(row, f)),
            detail: content.detail,
            policy_time: self.policy_time,
        };
        let mut status = None;
        let mut signatures = Vec::new();
        if let Some(text) = &row.signature {
            let (overall, all) =
                signature::judged_by(keyring, row.digest.as_deref(), text, self.at);
            status = Some(overall);
            verdict.signature = overall.words();
            // Of several the one who signed first, by their own word.
            let of_the_word = all.iter().filter(|v| v.status == overall);
            if let Some(one) = of_the_word.min_by_key(|v| v.signed_at) {
                verdict.signer = one.signer.as_ref().map(ToString::to_string);
                verdict.signer_name.clone_from(&one.signer_name);
                verdict.signed_at = one.signed_at.map(time::timestamp).transpose()?;
                if overall != Status::Valid {
                    verdict.detail = format!("{}; signature: {}", verdict.detail, one.detail);
                }
                let signers: HashSet<_> = all.iter().filter_map(|v| v.signer.as_ref()).collect();
                if overall == Status::Valid && signers.len() > 1 {
                    verdict.detail = format!(
                        "{}; signed by {} certificates",
                        verdict.detail,
                        signers.len()
                    );
                }
            }
            signatures = all;
        }
        if matches!(status, None | Some(Status::Valid))
            && let Some(seal) = seal
            && lacks_signer(seal, &signatures)
        {
            // A signature that does not hold has a word of its own, and so has content that was changed.
            if matches!(verdict.content, "intact" | "drifted") {
                verdict.content = "forged";
                verdict.detail = format!("{SIGNER_GONE}{}", story(seal));
            } else {
                verdict.detail = format!("{}; {SIGNER_GONE}", verdict.detail);
            }
        }
        let content_holds = matches!(verdict.content, "draft" | "intact" | "drifted");
        verdict.ok = content_holds && status.is_none_or(|s| s == Status::Valid);
        Ok(Judged {
            verdict,
            edition: wording.map(|w| w.edition),
            signatures,
        })
    }
}

/// Whether a certificate whose valid signature was stored under the seal is not among those of the row.
fn lacks_signer(seal: &Seal, signatures: &[SignatureVerdict]) -> bool {
    !seal.signers.iter().all(|registered| {
        signatures
            .iter()
            .filter_map(|verdict| verdict.signer.as_ref())
            .any(|signer| signer.as_str() == registered)
    })
}

/// Whether the stored text hashes to the stored digest. Where it is, letter for letter, the text that was just written and
/// hashed, that is known already.
fn text_has_digest(row: &RootRow, found: Option<&Found<'_>>) -> bool {
    let (Some(text), Some(digest)) = (&row.text, &row.digest) else {
        return false;
    };
    found.is_some_and(|f| f.is_match && f.text.as_ref() == Ok(text))
        || Digest::of(text).is_spelled(digest)
}

/// Whether all that differs stands in fields that come from referenced tables.
fn is_of_references(found: Option<&Found<'_>>) -> bool {
    found.is_some_and(|f| {
        let patterns = &f.wording.edition.reference_fields;
        f.changes
            .as_ref()
            .is_some_and(|changes| changes.are_covered_by(patterns))
    })
}

/// The seals that a document had before the one that counts.
fn story(seal: &Seal) -> String {
    match (seal.replaces, seal.earlier) {
        (Some(entry), 1) => format!("; replaces the seal of register entry {entry}"),
        (Some(entry), more) => format!(
            "; replaces the seal of register entry {entry}, and {} before it",
            more.saturating_sub(1)
        ),
        (None, _) => String::new(),
    }
}

/// What differs between the stored text and the words found, as JSON. Where the digest fits and the text does not, nobody
/// has compared them yet.
fn changes_of(row: &RootRow, found: &Found<'_>) -> Option<String> {
    let compared;
    let changes = match (&found.changes, &row.text, &found.text) {
        (Some(changes), _, _) => changes,
        (None, Some(stored), Ok(words)) => {
            compared = diff::changes(stored, words);
            &compared
        }
        _ => return None,
    };
    match changes {
        Changes::Fields(fields) if fields.is_empty() => None,
        Changes::Fields(_) => Some(changes.to_json()),
        Changes::SealedUnreadable | Changes::CurrentUnreadable => None,
    }
}
