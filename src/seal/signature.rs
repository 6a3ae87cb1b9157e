//! Judging a signature that is being stored.

use std::time::SystemTime;

use health_crypto_core::openpgp::{self, SignatureVerdict, Status};

use crate::document::registry::{Document, OnBreach};
use crate::error::{Error, Result, Table};
use crate::keyring::StoredKeyring;
use crate::pg::spi::Session;
use crate::seal::register::{Entry, Event};
use crate::settings;
use crate::verify::time;

/// Judges a signature over a document's digest at a policy time.
pub fn judged(
    session: &Session,
    document: &Document,
    digest: Option<&str>,
    signature: &str,
    at: SystemTime,
) -> (Status, Vec<SignatureVerdict>) {
    let mut keyring = StoredKeyring::of(session, Some(&document.name));
    judged_by(&mut keyring, digest, signature, at)
}

/// The same with a keyring at hand.
pub fn judged_by(
    keyring: &mut StoredKeyring<'_>,
    digest: Option<&str>,
    signature: &str,
    at: SystemTime,
) -> (Status, Vec<SignatureVerdict>) {
    // Without a digest there is nothing that could have been signed; the empty payload is never a digest.
    let verdicts = openpgp::verify(digest.unwrap_or_default(), signature, at, keyring);
    (openpgp::overall(&verdicts), verdicts)
}

/// Judges a signature as of now and gives the register's entries for it: one a signer.
///
/// # Errors
/// [`Error::UnverifiedSignature`] if it is not valid and the protection rejects such.
pub fn judged_entries(
    session: &Session,
    document: &Document,
    table: &Table,
    key: &str,
    digest: Option<&str>,
    signature: &str,
) -> Result<Vec<Entry>> {
    let at = SystemTime::now();
    let (status, verdicts) = judged(session, document, digest, signature, at);
    if status != Status::Valid
        && document.on_unverified_signature == OnBreach::Reject
        && !settings::override_is_on()
    {
        return Err(Error::UnverifiedSignature {
            document: document.name.clone(),
            table: table.clone(),
            word: status.words(),
        });
    }
    let judgement = Judgement {
        word: status.words(),
        verdicts: &verdicts,
        at,
    };
    Ok(entries(document, key, digest, signature, &judgement))
}

/// What was found of a block.
pub struct Judgement<'v> {
    /// The word for the whole block.
    pub word: &'static str,
    /// The verdict on each of its signatures.
    pub verdicts: &'v [SignatureVerdict],
    /// As of when.
    pub at: SystemTime,
}

/// The register's entries for a block: one for each certificate that signed, or one for a block that names none. Each
/// has the word for the whole block, because all of its signatures must be valid.
pub fn entries(
    document: &Document,
    key: &str,
    digest: Option<&str>,
    signature: &str,
    judgement: &Judgement<'_>,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for verdict in judgement.verdicts {
        let signer = verdict.signer.as_ref().map(ToString::to_string);
        if entries.iter().any(|entry| entry.signer == signer) {
            continue;
        }
        entries.push(Entry {
            event: Some(Event::Signature),
            document: Some(document.name.clone()),
            key: Some(key.to_owned()),
            digest: digest.map(str::to_owned),
            signer,
            signer_name: verdict.signer_name.clone(),
            signature: Some(signature.to_owned()),
            verdict: Some(judgement.word.to_owned()),
            policy_time: time::timestamp(judgement.at).ok(),
            ..Entry::default()
        });
    }
    entries
}
