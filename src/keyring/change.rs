//! Changing the keyring: import_certificate(), import_keyring() and remove_certificate(). Every change is entered in
//! the register; what changes nothing is not.

use std::time::SystemTime;

use health_crypto_core::openpgp::{Certificate, CertificateError, Fingerprint, keyring_places};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::certificate_error;
use crate::document::registry;
use crate::document::serialize::given;
use crate::error::{Error, Result};
use crate::limits;
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};
use crate::seal::register::{self, Entry, Event};

/// What an import came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The keyring did not have it.
    Imported,
    /// Something was added to it, or its documents were changed.
    Merged,
    /// The keyring had all of it.
    Unchanged,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Imported => "imported",
            Outcome::Merged => "merged",
            Outcome::Unchanged => "unchanged",
        }
    }
}

#[pg_extern(sql = false)]
fn import_certificate_text(
    certificate: Option<&str>,
    documents: Option<Vec<Option<String>>>,
) -> std::result::Result<String, ErrorReport> {
    let certificate = given(certificate, "certificate")?.as_bytes();
    Ok(import(certificate, documents, Error::MalformedArmor)?)
}

#[pg_extern(sql = false)]
fn import_certificate_bytes(
    certificate: Option<&[u8]>,
    documents: Option<Vec<Option<String>>>,
) -> std::result::Result<String, ErrorReport> {
    let certificate = given(certificate, "certificate")?;
    Ok(import(certificate, documents, Error::MalformedBinary)?)
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
    let change = Change::begin(documents)?;
    let fingerprint = offered.fingerprint().to_string();
    change
        .merge(offered)?
        .map_err(|error| certificate_error(error, Error::Bug("merge")))?;
    Ok(fingerprint)
}

// pgrx's macro wants the columns spelled out at each function; this is the same row.
type Row = (
    name!(fingerprint, Option<String>),
    name!(user_id, Option<String>),
    name!(outcome, String),
);

#[pg_extern(sql = false)]
fn import_keyring_text(
    keyring: Option<&str>,
    documents: Option<Vec<Option<String>>>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(fingerprint, Option<String>),
            name!(user_id, Option<String>),
            name!(outcome, String),
        ),
    >,
    ErrorReport,
> {
    let keyring = given(keyring, "keyring")?.as_bytes();
    let rows = import_all(keyring, documents, Error::MalformedArmor)?;
    Ok(TableIterator::new(rows))
}

#[pg_extern(sql = false)]
fn import_keyring_bytes(
    keyring: Option<&[u8]>,
    documents: Option<Vec<Option<String>>>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(fingerprint, Option<String>),
            name!(user_id, Option<String>),
            name!(outcome, String),
        ),
    >,
    ErrorReport,
> {
    let keyring = given(keyring, "keyring")?;
    let rows = import_all(keyring, documents, Error::MalformedBinary)?;
    Ok(TableIterator::new(rows))
}

/// Imports what can be, and reports every place of the file. A refused certificate is an answer here, not an error: it
/// must not keep the others out.
fn import_all(
    file: &[u8],
    documents: Option<Vec<Option<String>>>,
    malformed: Error,
) -> Result<Vec<Row>> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let places = keyring_places(file).map_err(|error| match error {
        CertificateError::TooLarge => Error::TooLarge {
            what: "the keyring file",
        },
        other => certificate_error(other, malformed),
    })?;
    let change = Change::begin(documents)?;
    let mut rows = Vec::with_capacity(places.len());
    for place in places {
        pgrx::check_for_interrupts!();
        // A made-up certificate can take half a second to be judged, and a file can hold thousands.
        let place = place.read();
        let refused = |error: CertificateError| format!("refused: {}", reason(error));
        rows.push(match place.certificate {
            Err(error) => (None, place.user_id, refused(error)),
            Ok(offered) => {
                let (fingerprint, name) = (offered.fingerprint().to_string(), name_of(&offered));
                let outcome = match change.merge(offered)? {
                    Ok(outcome) => outcome.word().to_owned(),
                    Err(error) => refused(error),
                };
                (Some(fingerprint), name, outcome)
            }
        });
    }
    Ok(rows)
}

/// Why a certificate of a file was refused, in the words of the README.
fn reason(error: CertificateError) -> &'static str {
    match error {
        CertificateError::SecretKey => "secret key",
        CertificateError::Malformed | CertificateError::MalformedBinary => "malformed",
        CertificateError::NotACertificate => "not a certificate",
        CertificateError::TooLarge => "over a limit",
        CertificateError::Unsupported => "version or algorithm not supported",
        CertificateError::SeveralCertificates | CertificateError::WrongFingerprint => {
            "several certificates in one"
        }
    }
}

fn name_of(certificate: &Certificate) -> Option<String> {
    let description = certificate.description(SystemTime::now());
    description.user_ids.into_iter().next()
}

/// One call's changes of the keyring.
struct Change {
    session: Session,
    by: String,
    documents: Option<Vec<String>>,
}

impl Change {
    /// Checks the documents, and locks the keyring: two changes of one certificate follow each other, so that neither
    /// loses what the other brought.
    fn begin(documents: Option<Vec<Option<String>>>) -> Result<Change> {
        let documents = documents.map(known_documents).transpose()?;
        let by = caller::role_name(caller::current_role());
        let session = Session::open();
        let role = RunAs::registrar();
        session.execute("LOCK TABLE health_crypto.certificate IN SHARE ROW EXCLUSIVE MODE")?;
        drop(role);
        Ok(Change {
            session,
            by,
            documents,
        })
    }

    /// Adds what a certificate brings. The inner error is of the certificate: together with what is stored it may be
    /// over a limit.
    fn merge(
        &self,
        offered: Certificate,
    ) -> Result<std::result::Result<Outcome, CertificateError>> {
        let _role = RunAs::registrar();
        let fingerprint = offered.fingerprint().to_string();
        let known = self.session.run(
            "SELECT certificate, pg_catalog.array_remove(documents, NULL) FROM health_crypto.certificate WHERE fingerprint = $1",
            vec![fingerprint.as_str().into()],
            Snapshot::Fresh,
        )?;
        let (stored, had) = (known.bytes(0, 1), known.get::<Vec<String>>(0, 2));
        let merged = match stored {
            None => offered,
            Some(stored) => {
                // To go on without what is stored would drop it.
                let Ok(stored) = Certificate::parse(stored) else {
                    return Err(Error::Unsupported {
                        what: "the stored certificate of that fingerprint cannot be read".into(),
                        hint: "Remove it with health_crypto.remove_certificate() and import it anew.",
                    });
                };
                match stored.merge(offered) {
                    Ok(merged) => merged,
                    Err(error) => return Ok(Err(error)),
                }
            }
        };
        let documents = match &self.documents {
            None => had.clone(),
            Some(list) if list.as_slice() == ["*"] => None,
            Some(list) => Some(list.clone()),
        };
        let bytes = merged.to_bytes();
        let outcome = match stored {
            None => Outcome::Imported,
            Some(stored) if stored == bytes && documents == had => Outcome::Unchanged,
            Some(_) => Outcome::Merged,
        };
        if outcome == Outcome::Unchanged {
            return Ok(Ok(outcome));
        }
        let stored_now = self.session.run(
            "INSERT INTO health_crypto.certificate AS c (fingerprint, certificate, documents, imported_by) \
             VALUES ($1, $2, $3, $4) \
             ON CONFLICT (fingerprint) DO UPDATE \
                SET certificate = EXCLUDED.certificate, documents = EXCLUDED.documents \
             RETURNING health_crypto.certificate_digest(c.certificate, c.documents)",
            vec![
                fingerprint.as_str().into(),
                bytes.into(),
                documents.into(),
                self.by.as_str().into(),
            ],
            Snapshot::Fresh,
        )?;
        let keys: Vec<String> = merged
            .key_fingerprints()
            .iter()
            .map(ToString::to_string)
            .collect();
        self.session.run(
            "INSERT INTO health_crypto.certificate_key (key_fingerprint, fingerprint) \
             SELECT k, $2 FROM pg_catalog.unnest($1) k ON CONFLICT DO NOTHING",
            vec![keys.into(), fingerprint.as_str().into()],
            Snapshot::Fresh,
        )?;
        let reason = match self.documents.as_deref() {
            None => outcome.word().to_owned(),
            Some([]) => format!("{}; documents: none", outcome.word()),
            Some([all]) if all == "*" => format!("{}; documents: all", outcome.word()),
            Some(list) => format!("{}; documents: {}", outcome.word(), list.join(", ")),
        };
        self.enter(
            fingerprint,
            name_of(&merged),
            reason,
            stored_now.string(0, 1),
        )?;
        Ok(Ok(outcome))
    }

    /// `digest` is over what the keyring has from now on, None if it has nothing: with it, protection_gaps() sees a keyring
    /// that was changed by other ways than these functions.
    fn enter(
        &self,
        signer: String,
        signer_name: Option<String>,
        reason: String,
        digest: Option<String>,
    ) -> Result<()> {
        register::enter(
            &self.session,
            &[Entry {
                event: Some(Event::Certificate),
                signer: Some(signer),
                signer_name,
                reason: Some(reason),
                digest,
                ..Entry::default()
            }],
            &self.by,
        )
    }
}

/// '*' alone stands for all documents; every other name must be a protected document, because a misspelt one would
/// leave its signer unauthorized in silence.
fn known_documents(documents: Vec<Option<String>>) -> Result<Vec<String>> {
    limits::names(&documents, "the list of documents")?;
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

#[pg_extern(sql = false)]
fn remove_certificate(
    fingerprint: Option<&str>,
    reason: Option<&str>,
) -> std::result::Result<(), ErrorReport> {
    Ok(remove(
        given(fingerprint, "fingerprint")?,
        given(reason, "reason")?,
    )?)
}

fn remove(fingerprint: &str, reason: &str) -> Result<()> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    limits::reason(reason)?;
    if reason.trim().is_empty() {
        return Err(Error::BadArgument {
            what: "a reason must be given".into(),
            hint: "It stays in the register for whoever asks why signatures of this certificate have no signer.",
        });
    }
    limits::name(fingerprint, "the fingerprint")?;
    let fingerprint: Fingerprint = fingerprint.parse().map_err(|_| Error::BadArgument {
        what: "this is not a fingerprint".into(),
        hint: "Pass all 40 or 64 hexadecimal digits; a key id could be anybody's.",
    })?;
    let fingerprint = fingerprint.to_string();
    let change = Change::begin(None)?;
    let _role = RunAs::registrar();
    let removed = change.session.run(
        "WITH keys AS (DELETE FROM health_crypto.certificate_key WHERE fingerprint = $1) \
         DELETE FROM health_crypto.certificate WHERE fingerprint = $1 RETURNING certificate",
        vec![fingerprint.as_str().into()],
        Snapshot::Fresh,
    )?;
    if removed.is_empty() {
        return Err(Error::BadArgument {
            what: "the keyring has no certificate of that fingerprint".into(),
            hint: "health_crypto.certificates lists those that it has, each by the fingerprint of its primary key.",
        });
    }
    let name = removed
        .bytes(0, 1)
        .and_then(|bytes| Certificate::parse(bytes).ok())
        .and_then(|certificate| name_of(&certificate));
    change.enter(fingerprint, name, format!("removed: {reason}"), None)
}
