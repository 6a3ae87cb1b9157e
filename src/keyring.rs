//! The keyring: the certificates that a signature may come from, and what the view certificates shows. How it is
//! changed is in [`change`].

mod change;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use health_crypto_core::openpgp::{Candidate, Certificate, CertificateError, Fingerprint, Keyring};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::{Error, Result};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};
use crate::verify::time;

thread_local! {
    // Parsing a certificate costs 50-500 us, reading its row 5 us. The stored bytes are compared with the remembered
    // ones at each use, so a change of the keyring in any session counts at once, whatever way it was made.
    static PARSED: RefCell<HashMap<String, (Vec<u8>, Rc<Certificate>)>> = RefCell::new(HashMap::new());
}

/// Certificates remembered at most; more start over.
const MAX_PARSED: usize = 4096;

/// The stored certificates as one snapshot shows them, for the core's verification.
pub struct StoredKeyring<'s> {
    session: &'s Session,
    document: Option<&'s str>,
    // A look-up takes 25 us of processor time with the change of role, and a page of documents has a few signers. Good for
    // as long as the statement that the session runs in: it sees one state of the keyring, whatever others do to it.
    looked_up: HashMap<Fingerprint, Vec<Candidate>>,
}

impl<'s> StoredKeyring<'s> {
    /// For the signatures of a document; None: over any payload, for which a certificate that may sign nothing is
    /// unauthorized. Not to be kept longer than a statement's snapshot.
    pub fn of(session: &'s Session, document: Option<&'s str>) -> StoredKeyring<'s> {
        StoredKeyring {
            session,
            document,
            looked_up: HashMap::new(),
        }
    }

    fn look_up(&self, issuer: &Fingerprint) -> Vec<Candidate> {
        let _role = RunAs::registrar();
        let rows = self.session.run(
            "SELECT c.fingerprint, c.certificate, pg_catalog.array_remove(c.documents, NULL) FROM health_crypto.certificate_key k \
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

impl Keyring for StoredKeyring<'_> {
    fn candidates(&mut self, issuer: &Fingerprint) -> Vec<Candidate> {
        if let Some(known) = self.looked_up.get(issuer) {
            return known.clone();
        }
        let found = self.look_up(issuer);
        self.looked_up.insert(issuer.clone(), found.clone());
        found
    }
}

/// A stored certificate, from the memory of this backend if its bytes are the same.
pub fn parsed(fingerprint: &str, bytes: &[u8]) -> Option<Rc<Certificate>> {
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

/// Certificates of the keyring by their fingerprints, as armored text; those that it does not have are left out.
pub fn armored(session: &Session, fingerprints: &[String]) -> Result<Vec<(String, String)>> {
    let _role = RunAs::registrar();
    let rows = session.run(
        "SELECT c.fingerprint, c.certificate FROM health_crypto.certificate c WHERE c.fingerprint = ANY ($1) ORDER BY 1",
        vec![fingerprints.to_vec().into()],
        Snapshot::Caller,
    )?;
    Ok((0..rows.len())
        .filter_map(|row| {
            let fingerprint = rows.text(row, 1)?;
            let certificate = parsed(fingerprint, rows.bytes(row, 2)?)?;
            Some((fingerprint.to_owned(), certificate.to_armor()))
        })
        .collect())
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
            hint: "health_crypto.import_keyring() takes a file of many.",
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
    panic_point!();
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
