//! encrypt(), decrypt() and decrypt_bytea().

use std::time::SystemTime;

use health_crypto_core::openpgp::encryption::{
    self, Contents, Message, MessageError, SecretKey, SecretKeyError, SessionKey, UnlockedKey,
};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::serialize::given;
use crate::encrypt::recipients;
use crate::error::{Error, Result};
use crate::limits;

/// What opens a message. Dropped, and its memory overwritten, before anything is given to PostgreSQL.
pub enum Opener {
    /// A session key, of one message.
    SessionKey(SessionKey),
    /// A secret key, unlocked as far as the passphrase goes.
    SecretKey(UnlockedKey),
}

impl Opener {
    /// A session key as gpg --show-session-key prints it.
    ///
    /// # Errors
    /// 22023 or 54000, without a word of what was passed.
    pub fn session_key(text: Option<&str>) -> Result<Opener> {
        let text = given(text, "session_key")?;
        limits::name(text, "the session key")?;
        SessionKey::parse(text)
            .map(Opener::SessionKey)
            .map_err(|_| Error::BadArgument {
                what: "session_key is not a session key".into(),
                hint: "Pass what gpg --show-session-key prints, without its quotes: 9: and 64 hexadecimal digits (AES-256; \
                       7: and 8: are AES-128 and AES-192).",
            })
    }

    /// A secret key and its passphrase; NULL for a key without one.
    ///
    /// # Errors
    /// 22P02, 22023, 54000; a wrong passphrase is none: it fails when a message is to be decrypted, like a wrong key.
    pub fn secret_key(text: Option<&str>, passphrase: Option<&str>) -> Result<Opener> {
        let passphrase = passphrase.unwrap_or_default();
        limits::passphrase(passphrase)?;
        let key = SecretKey::parse(given(text, "secret_key")?).map_err(|error| match error {
            SecretKeyError::Malformed => Error::MalformedSecretKey,
            SecretKeyError::NotASecretKey => Error::BadArgument {
                what: "secret_key holds no secret key that can decrypt".into(),
                hint: "Export it with gpg --armor --export-secret-keys.",
            },
            SecretKeyError::TooLarge => Error::TooLarge {
                what: "the secret key",
            },
            SecretKeyError::TooCostly => Error::TooLarge {
                what: "the memory or time that unlocking or using the secret key takes",
            },
        })?;
        Ok(Opener::SecretKey(key.unlock(passphrase)))
    }

    /// Opens a message.
    ///
    /// # Errors
    /// 22P02 and 54000 for what is no message or too long a one; every failure to decrypt is [`Error::Undecryptable`].
    pub fn open(&mut self, message: &str) -> Result<Contents> {
        let message = Message::read(message).map_err(|error| match error {
            MessageError::NotArmored => Error::MalformedMessage,
            MessageError::TooLarge => Error::TooLarge {
                what: "the message to decrypt",
            },
            MessageError::Damaged => Error::Undecryptable,
        })?;
        match self {
            Opener::SessionKey(key) => encryption::decrypt_with_session_key(&message, key),
            Opener::SecretKey(key) => encryption::decrypt_with_secret_key(&message, key),
        }
        .map_err(|_| Error::Undecryptable)
    }
}

/// The contents as a text.
pub fn text(contents: Contents) -> Result<String> {
    contents.into_text().map_err(|_| Error::Undecryptable)
}

fn encrypted(
    plaintext: Option<&[u8]>,
    names: Option<Vec<Option<String>>>,
) -> Result<Option<String>> {
    // Before NULL is given back: a call without recipients is a mistake whatever is encrypted.
    let recipients = recipients::named_in_query(names)?;
    let Some(plaintext) = plaintext else {
        return Ok(None);
    };
    encryption::encrypt(plaintext, &recipients, "", SystemTime::now())
        .map(|encrypted| Some(encrypted.message))
        .map_err(recipients::refusal)
}

#[pg_extern(sql = false)]
fn encrypt_text(
    plaintext: Option<&str>,
    recipients: Option<Vec<Option<String>>>,
) -> std::result::Result<Option<String>, ErrorReport> {
    Ok(encrypted(plaintext.map(str::as_bytes), recipients)?)
}

#[pg_extern(sql = false)]
fn encrypt_bytes(
    plaintext: Option<&[u8]>,
    recipients: Option<Vec<Option<String>>>,
) -> std::result::Result<Option<String>, ErrorReport> {
    Ok(encrypted(plaintext, recipients)?)
}

fn opened(
    message: Option<&str>,
    opener: impl FnOnce() -> Result<Opener>,
) -> Result<Option<Contents>> {
    panic_point!();
    message.map(|message| opener()?.open(message)).transpose()
}

#[pg_extern(sql = false)]
fn decrypt_with_session_key(
    message: Option<&str>,
    session_key: Option<&str>,
) -> std::result::Result<Option<String>, ErrorReport> {
    let contents = opened(message, || Opener::session_key(session_key))?;
    Ok(contents.map(text).transpose()?)
}

#[pg_extern(sql = false)]
fn decrypt_with_secret_key(
    message: Option<&str>,
    secret_key: Option<&str>,
    passphrase: Option<&str>,
) -> std::result::Result<Option<String>, ErrorReport> {
    let contents = opened(message, || Opener::secret_key(secret_key, passphrase))?;
    Ok(contents.map(text).transpose()?)
}

#[pg_extern(sql = false)]
fn decrypt_bytea_with_session_key(
    message: Option<&str>,
    session_key: Option<&str>,
) -> std::result::Result<Option<Vec<u8>>, ErrorReport> {
    let contents = opened(message, || Opener::session_key(session_key))?;
    Ok(contents.map(|contents| contents.bytes))
}

#[pg_extern(sql = false)]
fn decrypt_bytea_with_secret_key(
    message: Option<&str>,
    secret_key: Option<&str>,
    passphrase: Option<&str>,
) -> std::result::Result<Option<Vec<u8>>, ErrorReport> {
    let contents = opened(message, || Opener::secret_key(secret_key, passphrase))?;
    Ok(contents.map(|contents| contents.bytes))
}
