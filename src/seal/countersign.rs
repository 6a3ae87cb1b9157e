//! Adding a signature to a document that is signed already: the one change of a stored signature that the guard lets
//! through, and only while attach_signature() makes it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::SystemTime;

use health_crypto_core::openpgp::{self, CombineError, SignatureVerdict, Status};

use crate::document::registry::Document;
use crate::error::{Breach, Error, Result};
use crate::pg::spi::Session;
use crate::seal::register::Entry;
use crate::seal::signature::{self, Judgement};

/// One change of one row's signature, and what the register is to be told of it.
struct Expected {
    document: String,
    key: String,
    from: String,
    to: String,
    entries: Vec<Entry>,
}

thread_local! {
    static EXPECTED: RefCell<Option<Expected>> = const { RefCell::new(None) };
}

/// While it lives, the guard lets one change through.
pub struct Permit(());

impl Drop for Permit {
    fn drop(&mut self) {
        EXPECTED.with(|expected| expected.borrow_mut().take());
    }
}

/// A block with the stored signature and a new one, and the register's entry for the new one.
pub struct Countersigned {
    /// The block.
    pub block: String,
    /// The entry.
    pub entries: Vec<Entry>,
}

impl Countersigned {
    /// Permits the change of a stored signature to this one.
    pub fn permit(&self, document: &Document, key: &str, stored: &str) -> Permit {
        EXPECTED.with(|expected| {
            *expected.borrow_mut() = Some(Expected {
                document: document.name.clone(),
                key: key.to_owned(),
                from: stored.to_owned(),
                to: self.block.clone(),
                entries: self.entries.clone(),
            });
        });
        Permit(())
    }
}

/// The register's entries for a change, if attach_signature() is making exactly that one.
pub fn expected(
    document: &Document,
    key: &str,
    from: Option<&str>,
    to: Option<&str>,
) -> Option<Vec<Entry>> {
    EXPECTED.with(|expected| {
        let is_it = expected.borrow().as_ref().is_some_and(|change| {
            change.document == document.name
                && change.key == key
                && Some(change.from.as_str()) == from
                && Some(change.to.as_str()) == to
        });
        // Taken: it is permitted once.
        is_it
            .then(|| expected.borrow_mut().take().map(|change| change.entries))
            .flatten()
    })
}

/// Adds a signature to a stored one. Every signature, stored or new, must be valid as of now: a second signer vouches
/// for the document with what it carries.
///
/// # Errors
/// 23000 if one of them is not, or the new one is by a certificate that has signed already; 0A000 if the blocks cannot
/// be put together.
pub fn countersigned(
    session: &Session,
    document: &Document,
    key: &str,
    digest: Option<&str>,
    stored: &str,
    new: &str,
) -> Result<Countersigned> {
    let refused = |breach| {
        Err(Error::Sealed {
            document: document.name.clone(),
            table: document.root.clone(),
            breach,
            fields: Vec::new(),
        })
    };
    let now = SystemTime::now();
    let judged = |block: &str| signature::judged(session, document, digest, block, now);
    let (status, added) = judged(new);
    if status != Status::Valid {
        return Err(Error::UnverifiedSignature {
            document: document.name.clone(),
            table: document.root.clone(),
            word: status.words(),
        });
    }
    let (status, first) = judged(stored);
    if status != Status::Valid {
        return refused(Breach::Countersignature);
    }
    let signers = signers_of(&first);
    if signers_of(&added).iter().any(|new| signers.contains(new)) {
        return refused(Breach::SignedTwice);
    }
    let block = match openpgp::combine(stored, new) {
        Ok(block) => block,
        Err(CombineError::Repeated) => return refused(Breach::SignedTwice),
        Err(CombineError::TooLarge) => {
            return Err(Error::TooLarge {
                what: "the signature",
            });
        }
        Err(CombineError::Form | CombineError::Text | CombineError::Malformed) => {
            return Err(unlike());
        }
    };
    if judged(&block).0 != Status::Valid || !over_one_text(session, document, digest, &block) {
        return Err(unlike());
    }
    let judgement = Judgement {
        word: Status::Valid.words(),
        verdicts: &added,
        at: now,
    };
    let entries = signature::entries(document, key, digest, new, &judgement);
    Ok(Countersigned { block, entries })
}

fn unlike() -> Error {
    Error::Unsupported {
        what: "the signature is not of the form of the stored one".into(),
        hint: "Sign health_crypto.signing_payload(document, key) as the first signer did: both with gpg --clearsign, \
               or both detached over the same bytes. An inline-signed message takes no second signature.",
    }
}

/// Detached signatures may be over the payload or over it and a line feed. GnuPG is given one file, so all must be over
/// the same. (Those that hold when the payload ends with a line feed are over that one: the other text that is tried
/// then has two.)
fn over_one_text(
    session: &Session,
    document: &Document,
    digest: Option<&str>,
    block: &str,
) -> bool {
    if !block.starts_with("-----BEGIN PGP SIGNATURE-----") {
        return true;
    }
    let with_line_feed = format!("{}\n", digest.unwrap_or_default());
    let (_, verdicts) = signature::judged(
        session,
        document,
        Some(&with_line_feed),
        block,
        SystemTime::now(),
    );
    let over = verdicts
        .iter()
        .filter(|v| v.status == Status::Valid)
        .count();
    over == 0 || over == verdicts.len()
}

fn signers_of(verdicts: &[SignatureVerdict]) -> BTreeSet<&str> {
    verdicts
        .iter()
        .filter_map(|v| v.signer.as_ref().map(openpgp::Fingerprint::as_str))
        .collect()
}
