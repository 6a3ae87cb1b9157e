//! encrypt_document(): a sealed copy that can leave the hospital.

use std::time::SystemTime;

use health_crypto_core::digest::Digest;
use health_crypto_core::openpgp::encryption;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::registry;
use crate::document::row::RootRow;
use crate::document::serialize::{given, may_read, spelled};
use crate::encrypt::recipients;
use crate::error::{Error, Result};
use crate::pg::spi::{Session, Snapshot};

#[pg_extern(sql = false)]
fn encrypt_document(
    document: Option<&str>,
    key: Option<&str>,
    recipients: Option<Vec<Option<String>>>,
) -> std::result::Result<String, ErrorReport> {
    Ok(copy(
        given(document, "document")?,
        given(key, "key")?,
        recipients,
    )?)
}

/// The copy: the stored text in one line, its digest in the next, then the signature as it is stored. What is stored, not
/// what a fresh serialisation gives: it is what was signed, and the receiver compares it with its digest and the digest
/// with the signature, using nothing but sha512sum and gpg.
fn copy(document: &str, key: &str, names: Option<Vec<Option<String>>>) -> Result<String> {
    let document = registry::document(document)?;
    let reader = may_read(&document)?;
    let session = Session::open();
    let row = {
        let _role = reader.enter(&document);
        let key = spelled(&session, &document, key)?;
        let rows = session.run(
            &document.sql.read,
            vec![vec![key.as_str()].into()],
            Snapshot::Caller,
        )?;
        RootRow::all(&rows).pop().ok_or(Error::UnknownKey {
            document: document.name.clone(),
        })?
    };
    let unfit = |what: &str| Error::BadArgument {
        what: format!("document \"{}\" {what}", document.name),
        hint: "health_crypto.verify() says what holds of it.",
    };
    let (Some(text), Some(digest)) = (&row.text, &row.digest) else {
        return Err(unfit("has no digest yet"));
    };
    if Digest::of(text).to_string() != *digest {
        return Err(unfit("has a digest that is not that of its text"));
    }
    if text.contains('\n') {
        return Err(unfit(
            "has a text of several lines, which a copy cannot hold",
        ));
    }
    let mut copy = format!("{text}\n{digest}\n");
    if let Some(signature) = &row.signature {
        copy.push_str(signature);
        if !signature.ends_with('\n') {
            copy.push('\n');
        }
    }
    let recipients = recipients::named(&session, names)?;
    encryption::encrypt(copy.as_bytes(), &recipients, "", SystemTime::now())
        .map(|encrypted| encrypted.message)
        .map_err(recipients::refusal)
}
