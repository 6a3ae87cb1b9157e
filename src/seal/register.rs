//! The append-only register: what is entered, and what it says of a document.

use std::collections::HashMap;

use pgrx::datum::TimestampWithTimeZone;

use crate::error::Result;
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};

/// What an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A document was sealed.
    Seal,
    /// A document that had been sealed before its protection was entered.
    Adoption,
    /// A signature was stored.
    Signature,
    /// A sealed document may be amended.
    Reopening,
    /// A write to a sealed document was let through because its protection says so.
    Alteration,
    /// A write was let through because health_crypto.enforcement says so.
    Override,
    /// The keyring was changed.
    Certificate,
    /// protect() or unprotect().
    Protection,
}

impl Event {
    /// The word in the register.
    pub fn word(self) -> &'static str {
        match self {
            Event::Seal => "seal",
            Event::Adoption => "adoption",
            Event::Signature => "signature",
            Event::Reopening => "reopening",
            Event::Alteration => "alteration",
            Event::Override => "override",
            Event::Certificate => "certificate",
            Event::Protection => "protection",
        }
    }
}

/// One entry to be made.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// What it records.
    pub event: Option<Event>,
    /// The document's name.
    pub document: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// The definition's signature.
    pub definition: Option<String>,
    /// The edition that this is.
    pub edition: Option<i32>,
    /// The profile's name.
    pub profile: Option<String>,
    /// The language of the text.
    pub language: Option<String>,
    /// The digest, hexadecimal.
    pub digest: Option<String>,
    /// The digest over the watched columns of root and children, hexadecimal.
    pub own_digest: Option<String>,
    /// Fingerprint of the signer's certificate.
    pub signer: Option<String>,
    /// His primary user id.
    pub signer_name: Option<String>,
    /// The signature as stored.
    pub signature: Option<String>,
    /// The signature word it got.
    pub verdict: Option<String>,
    /// As of when the verdict was given.
    pub policy_time: Option<TimestampWithTimeZone>,
    /// Why.
    pub reason: Option<String>,
}

/// Enters what happened, in order, in the name of the role `by`.
pub fn enter(session: &Session, entries: &[Entry], by: &str) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let _role = RunAs::registrar();
    if let [entry] = entries {
        // By itself a third cheaper than a set of one.
        session.run(
            "INSERT INTO health_crypto.register_entry (event, document, key, definition, profile, language, digest, \
             own_digest, signer, signer_name, signature, verdict, reason, edition, policy_time, by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            vec![
                entry.event.map(Event::word).into(),
                entry.document.as_deref().into(),
                entry.key.as_deref().into(),
                entry.definition.as_deref().into(),
                entry.profile.as_deref().into(),
                entry.language.as_deref().into(),
                entry.digest.as_deref().into(),
                entry.own_digest.as_deref().into(),
                entry.signer.as_deref().into(),
                entry.signer_name.as_deref().into(),
                entry.signature.as_deref().into(),
                entry.verdict.as_deref().into(),
                entry.reason.as_deref().into(),
                entry.edition.into(),
                entry.policy_time.into(),
                by.into(),
            ],
            Snapshot::Fresh,
        )?;
        return Ok(());
    }
    let column = |pick: fn(&Entry) -> Option<&str>| -> Vec<Option<&str>> {
        entries.iter().map(pick).collect()
    };
    session.run(
        "INSERT INTO health_crypto.register_entry (event, document, key, definition, profile, language, digest, \
         own_digest, signer, signer_name, signature, verdict, reason, edition, policy_time, by) \
         SELECT u.event, u.document, u.key, u.definition, u.profile, u.language, u.digest, u.own_digest, u.signer, \
                u.signer_name, u.signature, u.verdict, u.reason, u.edition, u.policy_time, $16 \
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], \
                $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::integer[], $15::timestamptz[]) WITH ORDINALITY \
                u (event, document, key, definition, profile, language, digest, own_digest, signer, signer_name, \
                   signature, verdict, reason, edition, policy_time, place) ORDER BY u.place",
        vec![
            column(|e| e.event.map(Event::word)).into(),
            column(|e| e.document.as_deref()).into(),
            column(|e| e.key.as_deref()).into(),
            column(|e| e.definition.as_deref()).into(),
            column(|e| e.profile.as_deref()).into(),
            column(|e| e.language.as_deref()).into(),
            column(|e| e.digest.as_deref()).into(),
            column(|e| e.own_digest.as_deref()).into(),
            column(|e| e.signer.as_deref()).into(),
            column(|e| e.signer_name.as_deref()).into(),
            column(|e| e.signature.as_deref()).into(),
            column(|e| e.verdict.as_deref()).into(),
            column(|e| e.reason.as_deref()).into(),
            entries.iter().map(|e| e.edition).collect::<Vec<_>>().into(),
            entries
                .iter()
                .map(|e| e.policy_time)
                .collect::<Vec<_>>()
                .into(),
            by.into(),
        ],
        Snapshot::Fresh,
    )?;
    Ok(())
}

/// What the register says of one document: its newest seal, or that it was reopened since.
#[derive(Debug, Clone)]
pub enum Standing {
    /// Sealed; nothing reopened it since.
    Sealed(Seal),
    /// Reopened after its last seal.
    Reopened,
}

/// A seal as entered.
#[derive(Debug, Clone)]
pub struct Seal {
    /// The definition's signature.
    pub definition: Option<String>,
    /// The profile's name.
    pub profile: Option<String>,
    /// The edition that it was sealed by.
    pub edition: Option<i32>,
    /// The language of the sealed text.
    pub language: Option<String>,
    /// The digest.
    pub digest: String,
    /// The digest over the document's own columns.
    pub own_digest: Option<String>,
    /// When it was sealed.
    pub at: TimestampWithTimeZone,
    /// How many seals came before it.
    pub earlier: i64,
    /// The entry of the last of those.
    pub replaces: Option<i64>,
    /// For a document that was adopted: whether it held then, its signature included.
    pub held_at_adoption: Option<bool>,
}

/// The standing of each key that has one.
pub fn standings(
    session: &Session,
    document: &str,
    keys: &[&str],
    snapshot: Snapshot,
) -> Result<HashMap<String, Standing>> {
    let _role = RunAs::registrar();
    if let [key] = keys {
        let standing = standing_of_one(session, document, key, snapshot)?;
        return Ok(standing
            .map(|standing| ((*key).to_owned(), standing))
            .into_iter()
            .collect());
    }
    // entry + 0: a plan is made once a session, and one that is made while the register is small would walk the primary
    // key backwards for each document instead of using the index on document and key. A transaction that seals or adopts
    // 100,000 documents then takes time by their square (10 minutes instead of one).
    let rows = session.run(
        "SELECT k.key, e.event, e.definition, e.language, e.digest, e.own_digest, e.at, p.earlier, p.replaces, \
                e.edition, e.profile, CASE WHEN e.event = 'adoption' \
                  THEN e.verdict IN ('intact', 'drifted') \
                   AND COALESCE((SELECT s.verdict = 'valid' FROM health_crypto.register_entry s \
                                  WHERE s.document = e.document AND s.key = e.key AND s.entry + 0 > e.entry \
                                    AND s.event = 'signature' ORDER BY s.entry + 0 DESC LIMIT 1), true) END \
           FROM pg_catalog.unnest($2::text[]) k (key) \
          CROSS JOIN LATERAL (SELECT e.* FROM health_crypto.register_entry e \
                               WHERE e.document = $1 AND e.key = k.key \
                                 AND e.event IN ('seal', 'adoption', 'reopening') \
                               ORDER BY e.entry + 0 DESC LIMIT 1) e \
          CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS earlier, pg_catalog.max(p.entry) AS replaces \
                                FROM health_crypto.register_entry p \
                               WHERE p.document = e.document AND p.key = e.key AND p.entry + 0 < e.entry \
                                 AND p.event IN ('seal', 'adoption')) p",
        vec![document.into(), keys.to_vec().into()],
        snapshot,
    )?;
    let mut standings = HashMap::with_capacity(rows.len());
    for row in 0..rows.len() {
        let Some(key) = rows.string(row, 1) else {
            continue;
        };
        let digest = rows.string(row, 5);
        let standing = match (rows.text(row, 2), digest, rows.get(row, 7)) {
            (Some("reopening"), _, _) => Standing::Reopened,
            (_, Some(digest), Some(at)) => Standing::Sealed(Seal {
                definition: rows.string(row, 3),
                language: rows.string(row, 4),
                digest,
                own_digest: rows.string(row, 6),
                at,
                earlier: rows.get(row, 8).unwrap_or(0),
                replaces: rows.get(row, 9),
                edition: rows.get(row, 10),
                profile: rows.string(row, 11),
                held_at_adoption: rows.get(row, 12),
            }),
            _ => continue,
        };
        standings.insert(key, standing);
    }
    Ok(standings)
}

/// As [`standings`], of one document: all its entries that matter, without a sort or a subquery, which would cost more
/// than the look-up. Runs as the registrar.
fn standing_of_one(
    session: &Session,
    document: &str,
    key: &str,
    snapshot: Snapshot,
) -> Result<Option<Standing>> {
    let rows = session.run(
        "SELECT e.entry, e.event, e.definition, e.language, e.digest, e.own_digest, e.at, e.edition, e.profile, e.verdict \
           FROM health_crypto.register_entry e \
          WHERE e.document = $1 AND e.key = $2 AND e.event IN ('seal', 'adoption', 'reopening', 'signature')",
        vec![document.into(), key.into()],
        snapshot,
    )?;
    let mut entries: Vec<(i64, usize)> = (0..rows.len())
        .filter_map(|row| Some((rows.get::<i64>(row, 1)?, row)))
        .collect();
    entries.sort_unstable();
    let is = |row: usize, words: &[&str]| rows.text(row, 2).is_some_and(|w| words.contains(&w));
    let Some(place) = entries
        .iter()
        .rposition(|(_, row)| is(*row, &["seal", "adoption", "reopening"]))
    else {
        return Ok(None);
    };
    let (earlier, since) = entries.split_at(place);
    let Some(&(_, row)) = since.first() else {
        return Ok(None);
    };
    if is(row, &["reopening"]) {
        return Ok(Some(Standing::Reopened));
    }
    let (Some(digest), Some(at)) = (rows.string(row, 5), rows.get(row, 7)) else {
        return Ok(None);
    };
    let seals = || {
        earlier
            .iter()
            .filter(|(_, row)| is(*row, &["seal", "adoption"]))
    };
    let held_at_adoption = is(row, &["adoption"]).then(|| {
        let signature = since.iter().rfind(|(_, row)| is(*row, &["signature"]));
        matches!(rows.text(row, 10), Some("intact" | "drifted"))
            && signature.is_none_or(|(_, row)| matches!(rows.text(*row, 10), None | Some("valid")))
    });
    Ok(Some(Standing::Sealed(Seal {
        definition: rows.string(row, 3),
        language: rows.string(row, 4),
        digest,
        own_digest: rows.string(row, 6),
        at,
        earlier: i64::try_from(seals().count()).unwrap_or(i64::MAX),
        replaces: seals().next_back().map(|(entry, _)| *entry),
        edition: rows.get(row, 8),
        profile: rows.string(row, 9),
        held_at_adoption,
    })))
}

/// Keys of documents that the register has as sealed and `exists` says have no row; in text order, after `after`.
pub fn sealed_keys(
    session: &Session,
    document: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<String>> {
    let _role = RunAs::registrar();
    // Two statements: with "IS NULL OR" the generic plan filters the whole index for every page (127 ms against 0.6 ms at
    // 200,000 seals).
    let rows = match after {
        None => session.run(
            "SELECT DISTINCT e.key FROM health_crypto.register_entry e \
              WHERE e.document = $1 AND e.event IN ('seal', 'adoption') ORDER BY e.key LIMIT $2",
            vec![document.into(), limit.into()],
            Snapshot::Caller,
        ),
        Some(key) => session.run(
            "SELECT DISTINCT e.key FROM health_crypto.register_entry e \
              WHERE e.document = $1 AND e.key > $3::text AND e.event IN ('seal', 'adoption') ORDER BY e.key LIMIT $2",
            vec![document.into(), limit.into(), key.into()],
            Snapshot::Caller,
        ),
    }?;
    Ok((0..rows.len())
        .filter_map(|row| rows.string(row, 1))
        .collect())
}
