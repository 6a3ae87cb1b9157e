//! attach_signature(): verify, then store.

use std::time::SystemTime;

use health_crypto_core::openpgp::Status;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::registry::{self, OnBreach};
use crate::document::serialize::{given, may_read, spelled};
use crate::error::{Breach, Error, Result};
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};
use crate::seal::signature as judgement;
use crate::verify::functions;
use crate::verify::row::Verdict;

#[pg_extern(sql = false)]
fn attach_signature(
    document: Option<&str>,
    key: Option<&str>,
    signature: Option<&str>,
) -> std::result::Result<pgrx::composite_type!('static, "health_crypto.verdict"), ErrorReport> {
    let verdict = attached(
        given(document, "document")?,
        given(key, "key")?,
        given(signature, "signature")?,
    )?;
    Ok(verdict.into_tuple()?)
}

fn attached(name: &str, key: &str, signature: &str) -> Result<Verdict> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let document = registry::document(name)?;
    if document.signature_column.is_none() {
        return Err(Error::BadArgument {
            what: format!("document \"{name}\" has no signature column"),
            hint: "Name one in health_crypto.protect().",
        });
    }
    may_read(&document)?;
    let session = Session::open();
    let key = {
        let _role = RunAs::caller();
        let key = spelled(&session, &document, key)?;
        let rows = session.run(
            &document.sql.read,
            vec![vec![key.as_str()].into()],
            Snapshot::Fresh,
        )?;
        if rows.is_empty() {
            return Err(Error::UnknownKey {
                document: document.name.clone(),
            });
        }
        if rows.text(0, 4).is_some_and(|s| !s.is_empty()) {
            return Err(Error::Sealed {
                document: document.name.clone(),
                table: document.root.clone(),
                breach: Breach::Signature,
                fields: Vec::new(),
            });
        }
        let (status, _) = judgement::judged(
            &session,
            &document,
            rows.text(0, 2),
            signature,
            SystemTime::now(),
        );
        if status != Status::Valid && document.on_unverified_signature == OnBreach::Reject {
            return Err(Error::UnverifiedSignature {
                document: document.name.clone(),
                table: document.root.clone(),
                word: status.words(),
            });
        }
        // As the caller: whoever may not UPDATE the column may not attach a signature.
        session.run(
            &document.sql.store_signature,
            vec![key.as_str().into(), signature.into()],
            Snapshot::Fresh,
        )?;
        key
    };
    functions::verdict(name, &key, SystemTime::now(), Snapshot::Fresh)
}
