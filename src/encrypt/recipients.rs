//! Recipients: from what a caller writes to certificates of the keyring.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::SystemTime;

use health_crypto_core::openpgp::encryption::{EncryptError, MAX_PLAINTEXT_BYTES, MAX_RECIPIENTS};
use health_crypto_core::openpgp::{Certificate, Fingerprint};

use crate::error::{Error, Result};
use crate::keyring::parsed;
use crate::limits;
use crate::pg::caller::RunAs;
use crate::pg::snapshot::{self, Seen};
use crate::pg::spi::{Rows, Session, Snapshot};

const HINT: &str = "Name recipients by the fingerprint of their certificate or by an e-mail address exactly as its user id \
                    has it; health_crypto.certificates lists them.";

/// Names, and what they name.
type Named = (Vec<Option<String>>, Vec<Rc<Certificate>>);

thread_local! {
    // The recipients of the last call. Looking them up took a third of the time of encrypting a short text, and a query
    // that encrypts a million rows names the same ones in each, and sees the same keyring.
    static LAST: RefCell<Option<(Seen, Named)>> = const { RefCell::new(None) };
}

/// Forgets the recipients of the last call; called when a transaction ends or a savepoint is rolled back.
pub fn forget() {
    LAST.with(|last| last.replace(None));
}

/// As [`named`], from memory if the query in hand has asked for the same names before. Whether they can receive is asked
/// again whenever something is encrypted.
///
/// # Errors
/// As [`named`].
pub fn named_in_query(names: Option<Vec<Option<String>>>) -> Result<Vec<Rc<Certificate>>> {
    let seen = snapshot::seen();
    let remembered = LAST.with(|last| match (&*last.borrow(), &names) {
        (Some((then, (known, certificates))), Some(names))
            if Some(then) == seen.as_ref() && known == names =>
        {
            Some(certificates.clone())
        }
        _ => None,
    });
    if let Some(certificates) = remembered {
        return Ok(certificates);
    }
    let certificates = {
        let session = Session::open();
        named(&session, names.clone())?
    };
    if let (Some(seen), Some(names)) = (seen, names) {
        LAST.with(|last| last.replace(Some((seen, (names, certificates.clone())))));
    }
    Ok(certificates)
}

/// The certificates that `names` name, each able to receive now, none twice.
///
/// # Errors
/// 22023, naming the recipient by its place in the list: what stands there may be anything that was passed by mistake.
pub fn named(
    session: &Session,
    names: Option<Vec<Option<String>>>,
) -> Result<Vec<Rc<Certificate>>> {
    let names = names.unwrap_or_default();
    if names.is_empty() {
        return Err(Error::BadArgument {
            what: "there is no recipient".into(),
            hint: HINT,
        });
    }
    if names.len() > MAX_RECIPIENTS {
        return Err(Error::TooLarge {
            what: "the number of recipients",
        });
    }
    limits::names(&names, "the name of a recipient")?;
    let now = SystemTime::now();
    let mut certificates: Vec<Rc<Certificate>> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let refused = |why: &str| Error::BadArgument {
            what: format!("recipient {} {why}", place.saturating_add(1)),
            hint: HINT,
        };
        let name = name.as_deref().ok_or_else(|| refused("is null"))?;
        let found = match name.parse::<Fingerprint>() {
            Ok(fingerprint) => by_fingerprint(session, &fingerprint)?,
            Err(_) => by_address(session, name, now)?,
        };
        if found.is_empty() {
            return Err(refused("is not in the keyring"));
        }
        let mut able = found.iter().filter(|c| c.can_receive(now));
        let certificate = match (able.next(), able.next()) {
            (Some(certificate), None) => Rc::clone(certificate),
            (Some(_), Some(_)) => {
                return Err(refused(
                    "is ambiguous: more than one certificate has that address",
                ));
            }
            (None, _) => {
                return Err(refused(
                    "may not receive: the certificate is expired or revoked, or has no encryption key that policy accepts",
                ));
            }
        };
        if !certificates
            .iter()
            .any(|c| c.fingerprint() == certificate.fingerprint())
        {
            certificates.push(certificate);
        }
    }
    Ok(certificates)
}

fn by_fingerprint(session: &Session, fingerprint: &Fingerprint) -> Result<Vec<Rc<Certificate>>> {
    let _role = RunAs::registrar();
    let rows = session.run(
        "SELECT c.fingerprint, c.certificate FROM health_crypto.certificate c WHERE c.fingerprint = $1",
        vec![fingerprint.as_str().into()],
        Snapshot::Caller,
    )?;
    Ok(all(&rows))
}

/// Certificates with a valid user id of that address. A user id stands in a certificate as it is, so PostgreSQL finds the
/// few in which the address occurs at all, and only those are parsed.
fn by_address(session: &Session, address: &str, now: SystemTime) -> Result<Vec<Rc<Certificate>>> {
    if !address.contains('@') {
        return Ok(Vec::new());
    }
    let _role = RunAs::registrar();
    let rows = session.run(
        "SELECT c.fingerprint, c.certificate FROM health_crypto.certificate c \
          WHERE pg_catalog.\"position\"(c.certificate, pg_catalog.convert_to($1, 'UTF8')) > 0 ORDER BY 1",
        vec![address.into()],
        Snapshot::Caller,
    )?;
    let mut certificates = all(&rows);
    certificates.retain(|c| c.addresses(now).iter().any(|a| a == address));
    Ok(certificates)
}

/// The certificates of rows of fingerprint and certificate.
pub fn all(rows: &Rows<'_>) -> Vec<Rc<Certificate>> {
    (0..rows.len())
        .filter_map(|row| parsed(rows.text(row, 1)?, rows.bytes(row, 2)?))
        .collect()
}

/// Why something could not be encrypted, in our words.
pub fn refusal(error: EncryptError) -> Error {
    match error {
        EncryptError::NoRecipients => Error::BadArgument {
            what: "there is no recipient".into(),
            hint: HINT,
        },
        EncryptError::TooManyRecipients => Error::TooLarge {
            what: "the number of recipients",
        },
        EncryptError::CannotReceive(place) => Error::BadArgument {
            what: format!("recipient {} may not receive", place.saturating_add(1)),
            hint: HINT,
        },
        EncryptError::TooLarge => {
            const { assert!(MAX_PLAINTEXT_BYTES == 16 << 20) };
            Error::TooLarge {
                what: "the text to encrypt (16 MiB)",
            }
        }
        EncryptError::Failed => Error::Bug("the cryptographic library failed"),
    }
}
