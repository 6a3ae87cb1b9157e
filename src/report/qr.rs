//! qr_svg(): the code that is printed with a sealed document.

use health_crypto_core::report::Slip;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::serialize::given;
use crate::error::{Error, Result};
use crate::pg::spi::{Session, Snapshot};
use crate::report::words::{self, FOR_PROGRAMS};
use crate::verify::functions::{judged, seen};

#[pg_extern(sql = false)]
fn qr_svg(document: Option<&str>, key: Option<&str>) -> std::result::Result<String, ErrorReport> {
    Ok(drawn(given(document, "document")?, given(key, "key")?)?)
}

fn drawn(document: &str, key: &str) -> Result<String> {
    let session = Session::open();
    let seen = seen(&session, document, key, Snapshot::Caller)?;
    // Of what does not hold there is none: on paper it would vouch for what is printed above it.
    let verdict = judged(
        &session,
        &seen,
        std::time::SystemTime::now(),
        Snapshot::Caller,
    )?;
    if matches!(verdict.content, "draft" | "stale") {
        return Err(Error::BadArgument {
            what: "the document is not sealed".into(),
            hint: "A draft may still change; print its code when it is sealed.",
        });
    }
    let digest = seen.row.as_ref().and_then(|row| row.digest.as_deref());
    let (true, Some(digest)) = (verdict.ok, digest) else {
        return Err(Error::BadArgument {
            what: "the document does not hold".into(),
            hint: "health_crypto.verify(document, key) says why.",
        });
    };
    let sealed_at = words::time(&session, verdict.sealed_at, FOR_PROGRAMS)?;
    Slip {
        document: &seen.document.name,
        key: &seen.key,
        digest,
        signer: verdict.signer.as_deref(),
        sealed_at: sealed_at.as_deref(),
    }
    .svg()
    .map_err(|_| Error::TooLarge {
        what: "the key, for a QR code",
    })
}
