//! verify_signature() and signers(): one row a signature.

use std::time::SystemTime;

use health_crypto_core::openpgp::{self, SignatureVerdict, Status};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::serialize::given;
use crate::error::Result;
use crate::keyring::StoredKeyring;
use crate::limits;
use crate::pg::spi::{Session, Snapshot};
use crate::seal::signature;
use crate::verify::functions::{Seen, seen};
use crate::verify::time;

// pgrx's macro wants the columns spelled out at each function; this is the same row.
type Row = (
    name!(ok, bool),
    name!(signature, &'static str),
    name!(signer, Option<String>),
    name!(signer_name, Option<String>),
    name!(signing_key, Option<String>),
    name!(signed_at, Option<TimestampWithTimeZone>),
    name!(detail, &'static str),
    name!(policy_time, TimestampWithTimeZone),
);

fn row(verdict: SignatureVerdict, at: SystemTime) -> Result<Row> {
    Ok((
        verdict.status == Status::Valid,
        verdict.status.words(),
        verdict.signer.map(|f| f.to_string()),
        verdict.signer_name,
        verdict.signing_key.map(|f| f.to_string()),
        verdict.signed_at.map(time::timestamp).transpose()?,
        verdict.detail,
        time::timestamp(at)?,
    ))
}

fn rows(verdicts: Vec<SignatureVerdict>, at: SystemTime) -> Result<TableIterator<'static, Row>> {
    let rows: Result<Vec<Row>> = verdicts.into_iter().map(|v| row(v, at)).collect();
    Ok(TableIterator::new(rows?))
}

#[pg_extern(sql = false)]
fn verify_signature(
    payload: Option<&str>,
    signature: Option<&str>,
    at: Option<TimestampWithTimeZone>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(ok, bool),
            name!(signature, &'static str),
            name!(signer, Option<String>),
            name!(signer_name, Option<String>),
            name!(signing_key, Option<String>),
            name!(signed_at, Option<TimestampWithTimeZone>),
            name!(detail, &'static str),
            name!(policy_time, TimestampWithTimeZone),
        ),
    >,
    ErrorReport,
> {
    let payload = given(payload, "payload")?;
    limits::payload(payload)?;
    let signature = given(signature, "signature")?;
    let at = time::policy_time(at)?;
    let session = Session::open();
    let mut keyring = StoredKeyring::of(&session, None);
    Ok(rows(
        openpgp::verify(payload, signature, at, &mut keyring),
        at,
    )?)
}

#[pg_extern(sql = false)]
fn signers(
    document: Option<&str>,
    key: Option<&str>,
    at: Option<TimestampWithTimeZone>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(ok, bool),
            name!(signature, &'static str),
            name!(signer, Option<String>),
            name!(signer_name, Option<String>),
            name!(signing_key, Option<String>),
            name!(signed_at, Option<TimestampWithTimeZone>),
            name!(detail, &'static str),
            name!(policy_time, TimestampWithTimeZone),
        ),
    >,
    ErrorReport,
> {
    let at = time::policy_time(at)?;
    let session = Session::open();
    let seen = seen(
        &session,
        given(document, "document")?,
        given(key, "key")?,
        Snapshot::Caller,
    )?;
    Ok(rows(verdicts(&session, &seen, at), at)?)
}

/// The verdict on each signature of a document, the earliest first by their own word; none if it carries none.
pub fn verdicts(session: &Session, seen: &Seen, at: SystemTime) -> Vec<SignatureVerdict> {
    let Some((digest, text)) = seen
        .row
        .as_ref()
        .and_then(|row| Some((row.digest.as_deref(), row.signature.as_deref()?)))
    else {
        return Vec::new();
    };
    let (_, mut verdicts) = signature::judged(session, &seen.document, digest, text, at);
    verdicts.sort_by_key(|verdict| verdict.signed_at);
    verdicts
}
