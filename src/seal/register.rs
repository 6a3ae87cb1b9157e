//! The append-only register: what is entered, and what it says of a document.

use std::collections::{BTreeSet, HashMap};

use pgrx::datum::TimestampWithTimeZone;

use crate::document::statements::Share;
use crate::error::Result;
use crate::pg::caller::RunAs;
use crate::pg::spi::{Arg, Rows, Session, Snapshot};

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
    /// Fingerprints of the certificates whose valid signatures were stored under this seal.
    pub signers: Vec<String>,
}

/// The standing of each key that has one.
pub fn standings(
    session: &Session,
    document: &str,
    keys: &[&str],
    snapshot: Snapshot,
) -> Result<HashMap<String, Standing>> {
    let _role = RunAs::registrar();
    // All entries of the keys; which is the newest is told here. Subqueries that asked for it took 10 us a key.
    let rows = if let [key] = keys {
        // Half the cost of the statement for several, and a transaction mostly writes one document.
        session.run(
            "SELECT e.key, e.entry, e.event, e.definition, e.language, e.digest, e.own_digest, e.at, e.edition, \
                    e.profile, e.verdict, e.signer \
               FROM health_crypto.register_entry e \
              WHERE e.document = $1 AND e.key = $2 AND e.event IN ('seal', 'adoption', 'reopening', 'signature')",
            vec![document.into(), (*key).into()],
            snapshot,
        )?
    } else {
        // OFFSET 0: a plan is made once a session, perhaps while the register is small, and must still be good when it is
        // not. It keeps the look-up of each key apart, so that the index is asked for document and key, whatever the
        // statistics said.
        session.run(
            "SELECT k.key, e.entry, e.event, e.definition, e.language, e.digest, e.own_digest, e.at, e.edition, \
                    e.profile, e.verdict, e.signer \
               FROM pg_catalog.unnest($2::text[]) k (key) \
              CROSS JOIN LATERAL (SELECT * FROM health_crypto.register_entry e \
                                   WHERE e.document = $1 AND e.key = k.key \
                                     AND e.event IN ('seal', 'adoption', 'reopening', 'signature') OFFSET 0) e",
            vec![document.into(), keys.to_vec().into()],
            snapshot,
        )?
    };
    let mut entries: Vec<(&str, i64, usize)> = (0..rows.len())
        .filter_map(|row| Some((rows.text(row, 1)?, rows.get(row, 2)?, row)))
        .collect();
    entries.sort_unstable();
    let mut standings = HashMap::with_capacity(keys.len());
    for entries in entries.chunk_by(|one, next| one.0 == next.0) {
        if let (Some((key, _, _)), Some(standing)) = (entries.first(), standing(&rows, entries)) {
            standings.insert((*key).to_owned(), standing);
        }
    }
    Ok(standings)
}

/// What the entries of one key say, oldest first.
fn standing(rows: &Rows<'_>, entries: &[(&str, i64, usize)]) -> Option<Standing> {
    let is = |row: usize, words: &[&str]| rows.text(row, 3).is_some_and(|e| words.contains(&e));
    let newest = entries
        .iter()
        .rposition(|(_, _, row)| is(*row, &["seal", "adoption", "reopening"]))?;
    let (before, after) = entries.split_at_checked(newest)?;
    let (_, _, row) = *after.first()?;
    if is(row, &["reopening"]) {
        return Some(Standing::Reopened);
    }
    let mut earlier = before
        .iter()
        .filter(|(_, _, row)| is(*row, &["seal", "adoption"]));
    let replaces = earlier.next_back().map(|(_, entry, _)| *entry);
    let signers: BTreeSet<&str> = after
        .iter()
        .filter(|(_, _, row)| is(*row, &["signature"]) && rows.text(*row, 11) == Some("valid"))
        .filter_map(|(_, _, row)| rows.text(*row, 12))
        .collect();
    let held_at_adoption = || {
        let mut signatures = after.iter().filter(|(_, _, row)| is(*row, &["signature"]));
        matches!(rows.text(row, 11), Some("intact" | "drifted"))
            && signatures
                .next_back()
                .is_none_or(|(_, _, row)| rows.text(*row, 11) == Some("valid"))
    };
    Some(Standing::Sealed(Seal {
        definition: rows.string(row, 4),
        language: rows.string(row, 5),
        digest: rows.string(row, 6)?,
        own_digest: rows.string(row, 7),
        at: rows.get(row, 8)?,
        edition: rows.get(row, 9),
        profile: rows.string(row, 10),
        earlier: earlier.count() as i64 + i64::from(replaces.is_some()),
        replaces,
        held_at_adoption: is(row, &["adoption"]).then(held_at_adoption),
        signers: signers.into_iter().map(str::to_owned).collect(),
    }))
}

/// Keys of a share of the documents that the register has or had as sealed; in text order, after `after`.
pub fn sealed_keys(
    session: &Session,
    document: &str,
    share: Share,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<String>> {
    let _role = RunAs::registrar();
    let mut arguments = vec![document.into()];
    let mut sql = distinct_keys(share, &mut arguments);
    // No "IS NULL OR": the generic plan would filter the whole index for every page (127 ms against 0.6 ms at 200,000
    // seals).
    if let Some(key) = after {
        arguments.push(key.into());
        sql.push_str(&format!(" AND e.key > ${}::text", arguments.len()));
    }
    arguments.push(limit.into());
    sql.push_str(&format!(" ORDER BY e.key LIMIT ${}", arguments.len()));
    let rows = session.run(&sql, arguments, Snapshot::Caller)?;
    Ok((0..rows.len())
        .filter_map(|row| rows.string(row, 1))
        .collect())
}

/// How many documents of a share the register has or had as sealed.
pub fn sealed_count(session: &Session, document: &str, share: Share) -> Result<i64> {
    let _role = RunAs::registrar();
    let mut arguments = vec![document.into()];
    let keys = distinct_keys(share, &mut arguments);
    let sql = format!("SELECT pg_catalog.count(*) FROM ({keys}) k");
    let rows = session.run(&sql, arguments, Snapshot::Caller)?;
    Ok(rows.get(0, 1).unwrap_or_default())
}

/// `$1` a document. What else is needed is added to the arguments.
fn distinct_keys(share: Share, arguments: &mut Vec<Arg>) -> String {
    let mut sql = "SELECT DISTINCT e.key FROM health_crypto.register_entry e \
                    WHERE e.document = $1 AND e.key IS NOT NULL AND e.event IN ('seal', 'adoption')"
        .to_owned();
    if !share.is_all() {
        arguments.push(share.of.into());
        arguments.push(share.number.into());
        let (of, number) = (arguments.len() - 1, arguments.len());
        let condition = Share::condition("e.key", &format!("${of}"), &format!("${number}"));
        sql.push_str(&format!(" AND {condition}"));
    }
    sql
}
