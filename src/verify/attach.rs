//! attach_signature(): verify, then store.

use std::time::SystemTime;

use health_crypto_core::openpgp::Status;
use pgrx::pg_sys;

use crate::document::registry::{self, OnBreach};
use crate::document::serialize::{given, may_read, spelled};
use crate::error::{Breach, Error, Result};
use crate::pg::caller::{self, RunAs};
use crate::pg::raise;
use crate::pg::spi::{Session, Snapshot};
use crate::pg::trigger;
use crate::seal::{flush, signature as judgement};
use crate::verify::functions;
use crate::verify::row::Verdict;

/// Entry point of `attach_signature(document text, key text, signature text)`. Not a `pg_extern`, because its refusals
/// have the constraint, schema and table fields set.
///
/// # Safety
/// Called by PostgreSQL's function manager only, with the arguments of the SQL declaration.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn attach_signature_wrapper(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: the SQL declaration has three arguments of type text and returns the composite type verdict.
    let verdict = unsafe {
        raise::guarded(|| {
            let text = |number| pgrx::fcinfo::pg_getarg::<&str>(fcinfo, number);
            let verdict = attached(
                given(text(0), "document")?,
                given(text(1), "key")?,
                given(text(2), "signature")?,
            )?;
            verdict
                .into_tuple()?
                .into_composite_datum()
                .ok_or(Error::Bug("a verdict without a value"))
        })
    };
    verdict.unwrap_or(pg_sys::Datum::from(0))
}

/// Calling convention of `attach_signature_wrapper`.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_attach_signature_wrapper() -> &'static pg_sys::Pg_finfo_record {
    &trigger::API_V1
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
    // What was a draft is sealed by its signature, and the verdict is on the seal.
    flush::one(&document.name, &key)?;
    functions::verdict(name, &key, SystemTime::now(), Snapshot::Fresh)
}
