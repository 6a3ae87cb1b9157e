//! The trigger of an encrypted column: what is written in clear is stored encrypted.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::SystemTime;

use health_crypto_core::digest::Digest;
use health_crypto_core::openpgp::Certificate;
use health_crypto_core::openpgp::encryption::{
    self, EncryptError, Message, SessionKey, decrypt_with_session_key,
};
use pgrx::pg_sys;

use crate::encrypt::place::Place;
use crate::encrypt::recipients;
use crate::error::{Error, Result};
use crate::pg::before::{self, NewRow, Replaced};
use crate::pg::spi::Session;
use crate::pg::trigger::API_V1;

/// The last message that the trigger made for a place.
struct Last {
    digest: Digest,
    key: String,
    session_key: SessionKey,
}

thread_local! {
    // INSERT ... ON CONFLICT DO UPDATE SET note = EXCLUDED.note fires the trigger twice for one row: first for the row
    // that was to be inserted, which may have got a key from a sequence, then for the row that is there, whose key is
    // another. The second time the trigger sees its own message, bound to a key that will never be. Its session key is
    // remembered for just that, so that the text can be bound to the right row.
    static LAST: RefCell<HashMap<String, Last>> = RefCell::new(HashMap::new());
}

/// Forgets session keys; called when a transaction ends.
pub fn forget() {
    LAST.with(|last| last.borrow_mut().clear());
}

fn encrypt_written(row: &NewRow) -> Result<Option<Replaced>> {
    let (Some(id), Some(column)) = (row.argument(0), row.argument(1)) else {
        return Err(misplaced());
    };
    let session = Session::open();
    let place = Place::of_id(&session, id)?.ok_or_else(misplaced)?;
    let text = row.text(column)?;
    // What is bound to a key cannot follow it: nobody here can read it.
    if row.changes(&place.key_column)? && !row.changes(column)? && text.is_some() {
        return Err(Error::KeyOfMessage {
            table: row.table(),
            column: column.to_owned(),
        });
    }
    let Some(text) = text else { return Ok(None) };
    let key = row
        .text(&place.key_column)?
        .ok_or_else(|| Error::Keyless { table: row.table() })?;
    let replaced = |text: String| {
        Some(Replaced {
            column: column.to_owned(),
            text,
        })
    };
    // Text that begins like a message and is none, or is one that is not encrypted, is a text like any other.
    if Message::is_begun_by(&text)
        && let Ok(message) = Message::read(&text)
    {
        if before::is_replica() {
            // A subscriber stores what the publisher stored, whatever its own keyring knows.
            return Ok(None);
        }
        let certificates = place.certificates(&session)?;
        if !message.is_for_exactly(&certificates) {
            return Err(Error::OtherRecipients {
                table: row.table(),
                column: column.to_owned(),
            });
        }
        let Some(session_key) = own(&place.id, &text, &key) else {
            return Ok(None);
        };
        let contents =
            decrypt_with_session_key(&message, &session_key).map_err(|_| Error::Undecryptable)?;
        return Ok(replaced(bound(
            &place,
            &certificates,
            &contents.bytes,
            &key,
        )?));
    }
    let certificates = place.certificates(&session)?;
    Ok(replaced(bound(
        &place,
        &certificates,
        text.as_bytes(),
        &key,
    )?))
}

/// The session key of a message that the trigger has just made for another key.
fn own(place: &str, text: &str, key: &str) -> Option<SessionKey> {
    LAST.with(|last| {
        let last = last.borrow();
        let last = last.get(place)?;
        (last.key != key && last.digest == Digest::of(text)).then(|| last.session_key.clone())
    })
}

/// Encrypts for the row of a key, and remembers.
fn bound(
    place: &Place,
    certificates: &[Rc<Certificate>],
    plaintext: &[u8],
    key: &str,
) -> Result<String> {
    let encrypted = encrypted_for(place, certificates, plaintext, key)?;
    LAST.with(|last| {
        last.borrow_mut().insert(
            place.id.clone(),
            Last {
                digest: Digest::of(&encrypted.message),
                key: key.to_owned(),
                session_key: encrypted.session_key,
            },
        );
    });
    Ok(encrypted.message)
}

/// Encrypts for the row of a key.
pub fn encrypted_for(
    place: &Place,
    certificates: &[Rc<Certificate>],
    plaintext: &[u8],
    key: &str,
) -> Result<encryption::Encrypted> {
    let name = place.file_name(key);
    encryption::encrypt(plaintext, certificates, &name, SystemTime::now()).map_err(|error| {
        match error {
            EncryptError::CannotReceive(number) => {
                let fingerprint = certificates
                    .get(number)
                    .map(|c| c.fingerprint().to_string())
                    .unwrap_or_default();
                place.unusable(&fingerprint, "may not receive any more")
            }
            other => recipients::refusal(other),
        }
    })
}

fn misplaced() -> Error {
    Error::BadArgument {
        what: "this trigger does not belong to an encrypted column".into(),
        hint: "Drop it; health_crypto.encrypt_column() installs the trigger that a column needs.",
    }
}

/// Entry point of `health_crypto.encrypt_written()`.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn health_crypto_encrypt_written(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: fcinfo is PostgreSQL's.
    unsafe { before::enter(fcinfo, encrypt_written) }
}

/// Calling convention of `health_crypto_encrypt_written`.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_health_crypto_encrypt_written() -> &'static pg_sys::Pg_finfo_record {
    &API_V1
}
