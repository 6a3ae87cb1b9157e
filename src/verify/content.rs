//! Judging documents in batches: content first, then the signature.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use health_crypto_core::diff::{self, Changes};
use health_crypto_core::digest::Digest;
use health_crypto_core::openpgp::Status;
use pgrx::datum::TimestampWithTimeZone;

use crate::document::fetch;
use crate::document::registry::Document;
use crate::document::row::RootRow;
use crate::error::{Error, Result};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};
use crate::pg::{shield, sub};
use crate::seal::flush;
use crate::seal::register::{self, Seal, Standing};
use crate::seal::signature;
use crate::verify::row::Verdict;
use crate::verify::time;

/// What holds of one text.
struct Content {
    word: &'static str,
    detail: String,
    language: Option<String>,
    changes: Option<String>,
}

/// A document serialised again, or why it cannot be, with the language.
type Fresh = (std::result::Result<String, String>, Option<String>);

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

/// One batch of documents of one type.
pub struct Judge<'d> {
    document: &'d Document,
    session: &'d Session,
    at: SystemTime,
    policy_time: TimestampWithTimeZone,
}

impl<'d> Judge<'d> {
    /// Judges as of a policy time.
    pub fn new(document: &'d Document, session: &'d Session, at: SystemTime) -> Result<Judge<'d>> {
        Ok(Judge {
            document,
            session,
            at,
            policy_time: time::timestamp(at)?,
        })
    }

    /// The verdict on each row, in the order given.
    pub fn rows(&self, stored: Vec<RootRow>) -> Result<Vec<Verdict>> {
        let _role = RunAs::reader(self.document.owner);
        let keys: Vec<&str> = stored.iter().map(|s| s.key.as_str()).collect();
        let standings =
            register::standings(self.session, &self.document.name, &keys, Snapshot::Caller)?;
        let default = self.default_language()?;
        let fresh = self.fresh(&stored, &standings, default.as_deref())?;
        let mut verdicts = Vec::with_capacity(stored.len());
        for row in &stored {
            pgrx::check_for_interrupts!();
            let standing = standings.get(&row.key);
            let (text, language) = match fresh.get(&row.key) {
                Some((Ok(text), language)) => (Some(text.as_str()), language.as_deref()),
                Some((Err(_), language)) => (None, language.as_deref()),
                None => (None, None),
            };
            let mut content = self.content(row, standing, text, language)?;
            if let Some((Err(why), _)) = fresh.get(&row.key) {
                // What cannot be serialised cannot be shown to hold, whatever its own rows say.
                if content.word == "drifted" {
                    content.word = "altered";
                    content.detail.clear();
                }
                let parted = if content.detail.is_empty() { "" } else { "; " };
                content.detail = format!("{}{parted}{why}", content.detail);
            }
            verdicts.push(self.verdict(row, standing, content)?);
        }
        Ok(verdicts)
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
                .unwrap_or_else(|| self.document.definition.clone()),
            changes: None,
            detail: "registered as sealed, and the row is gone".to_owned(),
            policy_time: self.policy_time,
        }
    }

    fn default_language(&self) -> Result<Option<String>> {
        match &self.document.sql.default_language {
            None => Ok(None),
            Some(sql) => Ok(self
                .session
                .run(sql, vec![], Snapshot::Caller)?
                .string(0, 1)),
        }
    }

    /// Every document serialised again, in the language of its seal or else the database's own.
    fn fresh(
        &self,
        stored: &[RootRow],
        standings: &HashMap<String, Standing>,
        default: Option<&str>,
    ) -> Result<HashMap<String, Fresh>> {
        let mut by_language: BTreeMap<Option<String>, Vec<&str>> = BTreeMap::new();
        for row in stored {
            let language = match standings.get(&row.key) {
                Some(Standing::Sealed(seal)) if seal.language.is_some() => seal.language.clone(),
                _ => default.map(str::to_owned),
            };
            by_language.entry(language).or_default().push(&row.key);
        }
        let mut fresh = HashMap::with_capacity(stored.len());
        for (language, keys) in by_language {
            match self.texts(&keys, language.as_deref()) {
                Ok(texts) => {
                    fresh.extend(
                        texts
                            .into_iter()
                            .map(|(key, text)| (key, (Ok(text), language.clone()))),
                    );
                }
                // One document that cannot be serialised must not hide the verdicts on the others.
                Err(_) => {
                    for key in keys {
                        let text = self
                            .texts(&[key], language.as_deref())
                            .map(|mut texts| texts.remove(key));
                        let text = match text {
                            Ok(Some(text)) => Ok(text),
                            Ok(None) => continue,
                            Err(error) => Err(why(&error)),
                        };
                        fresh.insert(key.to_owned(), (text, language.clone()));
                    }
                }
            }
        }
        Ok(fresh)
    }

    /// Texts, in a subtransaction: what the definition raises is an answer here.
    fn texts(&self, keys: &[&str], language: Option<&str>) -> Result<fetch::Texts> {
        sub::attempt(|| {
            let session = Session::open();
            fetch::texts(&session, self.document, keys, language, Snapshot::Caller)
        })
    }

    fn content(
        &self,
        row: &RootRow,
        standing: Option<&Standing>,
        fresh: Option<&str>,
        language: Option<&str>,
    ) -> Result<Content> {
        let of = |word: &'static str, detail: &str| Content {
            word,
            detail: detail.to_owned(),
            language: language.map(str::to_owned),
            changes: None,
        };
        let with_changes = |word: &'static str, detail: &str| Content {
            changes: fresh.and_then(|fresh| changes_json(row.text.as_deref(), fresh)),
            ..of(word, detail)
        };
        let sealed_by_row = row.is_sealed(self.document);
        let seal = match standing {
            Some(Standing::Sealed(seal)) => Some(seal),
            _ => None,
        };
        let sealed = seal.is_some() || (standing.is_none() && sealed_by_row);
        let of_fresh = fresh.map(|text| Digest::of(text).to_string());
        if !sealed {
            let reopened = matches!(standing, Some(Standing::Reopened));
            return Ok(match (&row.digest, &of_fresh) {
                (Some(stored), Some(fresh)) if stored == fresh => of(
                    "draft",
                    if reopened {
                        "reopened and not sealed again"
                    } else {
                        "not sealed"
                    },
                ),
                (None, _) => of("stale", "not sealed, and it has no digest"),
                _ => {
                    let mut stale =
                        with_changes("stale", "not sealed, and written round the triggers");
                    if self.is_of_references(&stale) {
                        stale.detail = "not sealed; only what it refers to has changed, and its digest follows \
                                        when it is written next"
                            .to_owned();
                    }
                    stale
                }
            });
        }
        let of_text = row.text.as_deref().map(|text| Digest::of(text).to_string());
        if seal.is_none() && row.text.is_none() && row.digest.is_none() {
            return Ok(of(
                "forged",
                "sealed by its state, and it has neither digest nor text",
            ));
        }
        if of_text.is_none() || of_text != row.digest {
            return Ok(with_changes(
                "forged",
                "the stored text does not hash to the stored digest",
            ));
        }
        if let Some(seal) = seal
            && row.digest.as_deref() != Some(&seal.digest)
        {
            return Ok(with_changes(
                "forged",
                "the stored digest is not the registered one",
            ));
        }
        if of_fresh == row.digest {
            let detail = match seal {
                Some(seal) if seal.earlier > 0 => {
                    format!("sealed; {} earlier seal(s) in the register", seal.earlier)
                }
                Some(_) => "sealed and unchanged".to_owned(),
                None => {
                    "unchanged; sealed before it was protected, and not in the register".to_owned()
                }
            };
            return Ok(of("intact", &detail));
        }
        match seal {
            Some(seal) => self.changed_since(row, seal, &with_changes),
            None => self.changed_unregistered(row, fresh, language, &with_changes),
        }
    }

    fn changed_since(
        &self,
        row: &RootRow,
        seal: &Seal,
        with_changes: &dyn Fn(&'static str, &str) -> Content,
    ) -> Result<Content> {
        if let Some(registered) = &seal.own_digest {
            let own =
                flush::own_digests(self.session, self.document, &[&row.key], Snapshot::Caller)?;
            return Ok(if own.get(&row.key) == Some(registered) {
                with_changes(
                    "drifted",
                    "its own rows are unchanged; values that it refers to have changed",
                )
            } else {
                with_changes(
                    "altered",
                    "its own row or lines have changed since it was sealed",
                )
            });
        }
        Ok(self.by_reference_fields(with_changes))
    }

    /// Sealed before the extension came: the language is not known, so each is tried.
    fn changed_unregistered(
        &self,
        row: &RootRow,
        fresh: Option<&str>,
        language: Option<&str>,
        with_changes: &dyn Fn(&'static str, &str) -> Content,
    ) -> Result<Content> {
        for other in flush::languages(self.session, self.document, Snapshot::Caller)? {
            if fresh.is_none() || Some(other.as_str()) == language {
                continue;
            }
            let Ok(texts) = self.texts(&[&row.key], Some(&other)) else {
                continue;
            };
            if texts.get(&row.key).map(String::as_str) == row.text.as_deref() {
                return Ok(Content {
                    word: "intact",
                    detail: "unchanged; sealed before it was protected, and not in the register"
                        .to_owned(),
                    language: Some(other),
                    changes: None,
                });
            }
        }
        Ok(self.by_reference_fields(with_changes))
    }

    fn by_reference_fields(&self, with_changes: &dyn Fn(&'static str, &str) -> Content) -> Content {
        let drifted = with_changes(
            "drifted",
            "only fields that come from referenced tables have changed",
        );
        if self.is_of_references(&drifted) {
            drifted
        } else {
            with_changes(
                "altered",
                "changed since it was sealed; not in the register, so it is judged by its fields",
            )
        }
    }

    /// Whether all that differs stands in fields that come from referenced tables.
    fn is_of_references(&self, content: &Content) -> bool {
        let fields = self
            .document
            .reference_fields
            .as_deref()
            .unwrap_or_default();
        let changed: Vec<String> = content
            .changes
            .as_deref()
            .and_then(|json| {
                serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json).ok()
            })
            .map(|map| map.keys().map(|path| top_level(path).to_owned()).collect())
            .unwrap_or_default();
        !changed.is_empty() && changed.iter().all(|field| fields.contains(field))
    }

    fn verdict(
        &self,
        row: &RootRow,
        standing: Option<&Standing>,
        content: Content,
    ) -> Result<Verdict> {
        let seal = match standing {
            Some(Standing::Sealed(seal)) => Some(seal),
            _ => None,
        };
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
            language: content.language,
            definition: seal
                .and_then(|s| s.definition.clone())
                .unwrap_or_else(|| self.document.definition.clone()),
            changes: content.changes,
            detail: content.detail,
            policy_time: self.policy_time,
        };
        let mut status = None;
        if let Some(text) = &row.signature {
            let (overall, all) = signature::judged(
                self.session,
                self.document,
                row.digest.as_deref(),
                text,
                self.at,
            );
            status = Some(overall);
            verdict.signature = overall.words();
            if let Some(one) = all.iter().find(|v| v.status == overall) {
                verdict.signer = one.signer.as_ref().map(ToString::to_string);
                verdict.signer_name = one.signer_name.clone();
                verdict.signed_at = one.signed_at.map(time::timestamp).transpose()?;
                if overall != Status::Valid {
                    verdict.detail = format!("{}; signature: {}", verdict.detail, one.detail);
                }
            }
        }
        let content_holds = matches!(verdict.content, "draft" | "intact" | "drifted");
        verdict.ok = content_holds && status.is_none_or(|s| s == Status::Valid);
        Ok(verdict)
    }
}

fn changes_json(stored: Option<&str>, fresh: &str) -> Option<String> {
    let changes = diff::changes(stored?, fresh);
    match &changes {
        Changes::Fields(fields) if fields.is_empty() => None,
        Changes::Fields(_) => Some(changes.to_json()),
        _ => None,
    }
}

fn top_level(path: &str) -> &str {
    path.split('[').next().unwrap_or(path)
}
