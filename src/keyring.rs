//! The keyring: import, the certificates that a signature may come from, and what the view certificates shows.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use health_crypto_core::openpgp::{Candidate, Certificate, CertificateError, Fingerprint, Keyring};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::registry;
use crate::document::serialize::given;
use crate::error::{Error, Result};
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};
use crate::seal::register::{self, Entry, Event};
use crate::verify::time;

thread_local! {
    // Parsing a certificate costs 50-500 us, reading its row 5 us. The stored bytes are compared with the remembered
    // ones at each use, so a change of the keyring in any session counts at once, whatever way it was made.
    static PARSED: RefCell<HashMap<String, (Vec<u8>, Rc<Certificate>)>> = RefCell::new(HashMap::new());
}

/// Certificates remembered at most; more start over.
const MAX_PARSED: usize = 4096;

/// The stored certificates, for the core's verification.
pub struct StoredKeyring<'s> {
    /// An open session.
    pub session: &'s Session,
    /// The document that is signed; None: any payload, for which a certificate that may sign nothing is unauthorized.
    pub document: Option<&'s str>,
}

impl Keyring for StoredKeyring<'_> {
    fn candidates(&mut self, issuer: &Fingerprint) -> Vec<Candidate> {
        let _role = RunAs::registrar();
        let rows = self.session.run(
            "SELECT c.fingerprint, c.certificate, c.documents FROM health_crypto.certificate_key k \
             JOIN health_crypto.certificate c USING (fingerprint) WHERE k.key_fingerprint = $1 ORDER BY 1",
            vec![issuer.to_string().into()],
            Snapshot::Caller,
        );
        let Ok(rows) = rows else { return Vec::new() };
        (0..rows.len())
            .filter_map(|row| {
                let certificate = parsed(rows.text(row, 1)?, rows.bytes(row, 2)?)?;
                let documents: Option<Vec<String>> = rows.get(row, 3);
                let authorized = match (&documents, self.document) {
                    (None, _) => true,
                    (Some(list), Some(document)) => list.iter().any(|d| d == document),
                    (Some(list), None) => !list.is_empty(),
                };
                Some(Candidate {
                    certificate,
                    authorized,
                })
            })
            .collect()
    }
}

fn parsed(fingerprint: &str, bytes: &[u8]) -> Option<Rc<Certificate>> {
    PARSED.with(|parsed| {
        let mut parsed = parsed.borrow_mut();
        if let Some((known, certificate)) = parsed.get(fingerprint)
            && known.as_slice() == bytes
        {
            return Some(Rc::clone(certificate));
        }
        let certificate = Rc::new(Certificate::parse(bytes).ok()?);
        if certificate.fingerprint().to_string() != fingerprint {
            return None;
        }
        if parsed.len() >= MAX_PARSED {
            parsed.clear();
        }
        parsed.insert(
            fingerprint.to_owned(),
            (bytes.to_vec(), Rc::clone(&certificate)),
        );
        Some(certificate)
    })
}

#[pg_extern(sql = false)]
fn import_certificate_text(
    certificate: Option<&str>,
    documents: Option<Vec<Option<String>>>,
) -> std::result::Result<String, ErrorReport> {
    Ok(import(
        given(certificate, "certificate")?.as_bytes(),
        documents,
        Error::MalformedArmor,
    )?)
}

#[pg_extern(sql = false)]
fn import_certificate_bytes(
    certificate: Option<&[u8]>,
    documents: Option<Vec<Option<String>>>,
) -> std::result::Result<String, ErrorReport> {
    Ok(import(
        given(certificate, "certificate")?,
        documents,
        Error::MalformedBinary,
    )?)
}

fn import(
    input: &[u8],
    documents: Option<Vec<Option<String>>>,
    malformed: Error,
) -> Result<String> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let offered = Certificate::parse(input).map_err(|error| certificate_error(error, malformed))?;
    let documents = documents.map(known_documents).transpose()?;
    let fingerprint = offered.fingerprint().to_string();
    let by = caller::role_name(caller::current_role());
    let session = Session::open();
    let _role = RunAs::registrar();
    // The lock makes two imports of one certificate follow each other, so that neither loses what the other brought.
    session.execute("LOCK TABLE health_crypto.certificate IN SHARE ROW EXCLUSIVE MODE")?;
    let known = session.run(
        "SELECT certificate FROM health_crypto.certificate WHERE fingerprint = $1",
        vec![fingerprint.as_str().into()],
        Snapshot::Fresh,
    )?;
    let merged = match known
        .bytes(0, 1)
        .and_then(|bytes| Certificate::parse(bytes).ok())
    {
        Some(stored) => stored
            .merge(offered)
            .map_err(|error| certificate_error(error, Error::Bug("merge")))?,
        None => offered,
    };
    session.run(
        "INSERT INTO health_crypto.certificate (fingerprint, certificate, documents, imported_by) \
         VALUES ($1, $2, NULLIF($3, '{*}'), $4) \
         ON CONFLICT (fingerprint) DO UPDATE SET certificate = EXCLUDED.certificate, \
           documents = CASE WHEN $3 IS NULL THEN health_crypto.certificate.documents ELSE EXCLUDED.documents END",
        vec![fingerprint.as_str().into(), merged.to_bytes().into(), documents.clone().into(), by.as_str().into()],
        Snapshot::Fresh,
    )?;
    let keys: Vec<String> = merged
        .key_fingerprints()
        .iter()
        .map(ToString::to_string)
        .collect();
    session.run(
        "INSERT INTO health_crypto.certificate_key (key_fingerprint, fingerprint) \
         SELECT k, $2 FROM pg_catalog.unnest($1) k ON CONFLICT DO NOTHING",
        vec![keys.into(), fingerprint.as_str().into()],
        Snapshot::Fresh,
    )?;
    let reason = match &documents {
        None => "imported".to_owned(),
        Some(list) => format!("imported; documents: {}", list.join(", ")),
    };
    register::enter(
        &session,
        &[Entry {
            event: Some(Event::Certificate),
            signer: Some(fingerprint.clone()),
            reason: Some(reason),
            ..Entry::default()
        }],
        &by,
    )?;
    Ok(fingerprint)
}

/// '*' alone stands for all documents; every other name must be a protected document, because a misspelt one would
/// leave its signer unauthorized in silence.
fn known_documents(documents: Vec<Option<String>>) -> Result<Vec<String>> {
    let names: Vec<String> = documents
        .into_iter()
        .map(|d| given(d, "a document's name"))
        .collect::<Result<_>>()?;
    if names.as_slice() == ["*"] {
        return Ok(names);
    }
    let known = registry::names()?;
    if names.iter().all(|name| known.contains(name)) {
        Ok(names)
    } else {
        Err(Error::UnknownDocument)
    }
}

fn certificate_error(error: CertificateError, malformed: Error) -> Error {
    match error {
        CertificateError::Malformed => malformed,
        CertificateError::MalformedBinary => Error::MalformedBinary,
        CertificateError::NotACertificate => Error::BadArgument {
            what: "this is OpenPGP data, but not a certificate".into(),
            hint: "Export the signer's certificate: gpg --armor --export.",
        },
        CertificateError::SecretKey => Error::SecretKey,
        CertificateError::SeveralCertificates => Error::BadArgument {
            what: "this holds more than one certificate".into(),
            hint: "Import them one by one.",
        },
        CertificateError::TooLarge => Error::TooLarge {
            what: "the certificate",
        },
        CertificateError::Unsupported => Error::Unsupported {
            what: "the certificate's version or algorithm is not supported".into(),
            hint: "Versions 4 and 6 with the algorithms of Sequoia's OpenSSL backend are.",
        },
        CertificateError::WrongFingerprint => Error::Bug("merging two certificates"),
    }
}

#[pg_extern(sql = false)]
fn certificate_description(
    certificate: &[u8],
    at: TimestampWithTimeZone,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(user_ids, Vec<String>),
            name!(algorithm, String),
            name!(created, TimestampWithTimeZone),
            name!(expires, Option<TimestampWithTimeZone>),
            name!(revoked, bool),
            name!(can_sign, bool),
            name!(can_encrypt, bool),
        ),
    >,
    ErrorReport,
> {
    let certificate = Certificate::parse(certificate)
        .map_err(|error| certificate_error(error, Error::MalformedBinary))?;
    let d = certificate.description(time::policy_time(at)?);
    Ok(TableIterator::once((
        d.user_ids,
        d.algorithm,
        time::timestamp(d.created)?,
        d.expires.map(time::timestamp).transpose()?,
        d.revoked,
        d.can_sign,
        d.can_encrypt,
    )))
}
