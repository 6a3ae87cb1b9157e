//! evidence(): all that is known of one document in one JSON text, for somebody who has neither the database nor the
//! extension. docs/evidence.md shows how he checks it.

use std::collections::BTreeSet;
use std::time::SystemTime;

use health_crypto_core::openpgp::Status;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{Json, datum::TimestampWithTimeZone};
use serde_json::{Value, json};

use crate::document::serialize::given;
use crate::error::{Error, Result};
use crate::keyring;
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};
use crate::verify::functions::{judged, seen};
use crate::verify::{signers, time};

/// The version of the format, in the field `evidence`. Fields may be added to it; none changes its meaning.
const FORMAT: u32 = 1;

#[pg_extern(sql = false)]
fn evidence(
    document: Option<&str>,
    key: Option<&str>,
    at: Option<TimestampWithTimeZone>,
) -> std::result::Result<Json, ErrorReport> {
    Ok(Json(collected(
        given(document, "document")?,
        given(key, "key")?,
        time::policy_time(at)?,
    )?))
}

fn collected(document: &str, key: &str, at: SystemTime) -> Result<Value> {
    let session = Session::open();
    let seen = seen(&session, document, key, Snapshot::Caller)?;
    let verdict = judged(&session, &seen, at, Snapshot::Caller)?;
    let times = Times(&session);
    let mut fingerprints = BTreeSet::new();
    let mut signatures = Vec::new();
    for one in signers::verdicts(&session, &seen, at) {
        let signer = one.signer.map(|f| f.to_string());
        fingerprints.extend(signer.clone());
        signatures.push(json!({
            "ok": one.status == Status::Valid,
            "signature": one.status.words(),
            "signer": signer,
            "signer_name": one.signer_name,
            "signing_key": one.signing_key.map(|f| f.to_string()),
            "signed_at": times.of_core(one.signed_at)?,
            "detail": one.detail,
        }));
    }
    let entries = entries(&session, &seen.document.name, &seen.key)?;
    // Those whose signatures are only in the register as well: of a document that was reopened, or whose row is gone.
    for entry in entries.as_array().into_iter().flatten() {
        let signer = entry.get("signer").and_then(Value::as_str);
        fingerprints.extend(signer.map(str::to_owned));
    }
    let fingerprints: Vec<String> = fingerprints.into_iter().collect();
    let certificates: Vec<Value> = keyring::armored(&session, &fingerprints)?
        .into_iter()
        .map(|(fingerprint, armor)| json!({"fingerprint": fingerprint, "certificate": armor}))
        .collect();
    let changes = verdict
        .changes
        .as_deref()
        .map(serde_json::from_str::<Value>);
    let row = seen.row.as_ref();
    Ok(json!({
        "evidence": FORMAT,
        "document": seen.document.name,
        "key": seen.key,
        "text": row.and_then(|row| row.text.as_deref()),
        "digest": row.and_then(|row| row.digest.as_deref()),
        "signature": row.and_then(|row| row.signature.as_deref()),
        "signers": signatures,
        "certificates": certificates,
        "register": entries,
        "policy_time": times.of(Some(verdict.policy_time))?,
        "verdict": {
            "ok": verdict.ok,
            "content": verdict.content,
            "signature": verdict.signature,
            "signer": verdict.signer,
            "signer_name": verdict.signer_name,
            "signed_at": times.of(verdict.signed_at)?,
            "sealed_at": times.of(verdict.sealed_at)?,
            "language": verdict.language,
            "definition": verdict.definition,
            "changes": changes.transpose().map_err(|_| Error::Bug("changes are not JSON"))?,
            "detail": verdict.detail,
        },
    }))
}

/// The register's entries of one document, in order.
fn entries(session: &Session, document: &str, key: &str) -> Result<Value> {
    let _role = RunAs::registrar();
    let rows = session.run(
        "SELECT COALESCE(pg_catalog.json_agg(e ORDER BY e.entry), '[]')::text FROM ( \
         SELECT entry, event, definition, profile, language, digest, own_digest, signer, signer_name, signature, \
                verdict, reason, at, by, session_by, edition, policy_time \
           FROM health_crypto.register_entry WHERE document = $1 AND key = $2) e",
        vec![document.into(), key.into()],
        Snapshot::Caller,
    )?;
    rows.text(0, 1)
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or(Error::Bug("the register's entries are not JSON"))
}

/// Times as PostgreSQL's JSON has them (ISO 8601), in UTC whatever the session's time zone.
struct Times<'s>(&'s Session);

impl Times<'_> {
    fn of(&self, time: Option<TimestampWithTimeZone>) -> Result<Option<String>> {
        let _settings = RunAs::caller();
        let rows = self.0.run(
            "SELECT pg_catalog.to_json($1::timestamptz) #>> '{}'",
            vec![time.into()],
            Snapshot::Caller,
        )?;
        Ok(rows.string(0, 1))
    }

    fn of_core(&self, time: Option<SystemTime>) -> Result<Option<String>> {
        self.of(time.map(time::timestamp).transpose()?)
    }
}
