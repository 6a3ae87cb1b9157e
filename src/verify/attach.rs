//! attach_signature(): verify, then store, beside what is stored already.

use std::time::SystemTime;

use health_crypto_core::openpgp::Status;
use pgrx::pg_sys;

use crate::document::registry::{self, OnBreach};
use crate::document::serialize::{given, may_read, spelled};
use crate::error::{Error, Result};
use crate::pg::caller::{self, RunAs};
use crate::pg::raise;
use crate::pg::spi::{Session, Snapshot};
use crate::pg::trigger;
use crate::seal::{countersign, flush, signature as judgement};
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
        // Locked before anything is judged, so that two who sign at once follow each other and neither is lost. Like
        // the UPDATE below as the caller: whoever may not write the row may not attach a signature.
        let rows = session.run(
            &document.sql.lock,
            vec![vec![key.as_str()].into()],
            Snapshot::Fresh,
        )?;
        if rows.is_empty() {
            return Err(Error::UnknownKey {
                document: document.name.clone(),
            });
        }
        let (digest, stored) = (rows.text(0, 2), rows.text(0, 4).filter(|s| !s.is_empty()));
        match stored {
            None => {
                let now = SystemTime::now();
                let (status, _) = judgement::judged(&session, &document, digest, signature, now);
                if status != Status::Valid && document.on_unverified_signature == OnBreach::Reject {
                    return Err(Error::UnverifiedSignature {
                        document: document.name.clone(),
                        table: document.root.clone(),
                        word: status.words(),
                    });
                }
                let arguments = vec![key.as_str().into(), signature.into()];
                session.run(&document.sql.store_signature, arguments, Snapshot::Fresh)?;
            }
            Some(stored) => {
                let countersigned = countersign::countersigned(
                    &session, &document, &key, digest, stored, signature,
                )?;
                let _permit = countersigned.permit(&document, &key, stored);
                let arguments = vec![key.as_str().into(), countersigned.block.as_str().into()];
                session.run(&document.sql.store_signature, arguments, Snapshot::Fresh)?;
            }
        }
        key
    };
    // What was a draft is sealed by its signature, and the verdict is on the seal.
    flush::one(&document.name, &key)?;
    functions::verdict(name, &key, SystemTime::now(), Snapshot::Fresh)
}
