//! Secret keys, for those who cannot keep them outside of the database.

use std::fmt;

use sequoia_openpgp::KeyHandle;
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::crypto::mem::Protected;
use sequoia_openpgp::crypto::{KeyPair, Password, S2K};
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{SecretKeyMaterial, SecretParts, UnspecifiedRole};
use sequoia_openpgp::parse::Parse;

use super::super::MAX_CERTIFICATE_BYTES;
use super::super::armor::{block, lines};
use super::{MAX_ARGON2_MEMORY_EXPONENT, MAX_ARGON2_PASSES, MAX_SECRET_KEYS};

const BEGIN: &str = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
const END: &str = "-----END PGP PRIVATE KEY BLOCK-----";

/// Why something offered as a secret key is none. No variant holds anything of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKeyError {
    /// Not one well-formed armored block of a private key.
    Malformed,
    /// A block, but no OpenPGP key with secrets in it.
    NotASecretKey,
    /// Larger than the limits of this module.
    TooLarge,
    /// Unlocking it would take more memory or time than the limits of this module.
    TooCostly,
}

impl fmt::Display for SecretKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SecretKeyError::Malformed => "the text is not an armored OpenPGP secret key",
            SecretKeyError::NotASecretKey => "the data is not an OpenPGP secret key",
            SecretKeyError::TooLarge => "the secret key exceeds a size limit",
            SecretKeyError::TooCostly => "unlocking the secret key would exceed a limit",
        })
    }
}

impl std::error::Error for SecretKeyError {}

/// A certificate's secret keys that can decrypt, still locked. Their memory is overwritten when they are dropped.
pub struct SecretKey {
    keys: Vec<Key<SecretParts, UnspecifiedRole>>,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

impl SecretKey {
    /// Reads one armored secret key, as `gpg --armor --export-secret-keys` writes it.
    ///
    /// # Errors
    /// See [`SecretKeyError`].
    pub fn parse(text: &str) -> Result<SecretKey, SecretKeyError> {
        if text.len() > MAX_CERTIFICATE_BYTES {
            return Err(SecretKeyError::TooLarge);
        }
        let mut lines = lines(text.trim_ascii());
        if lines.next() != Some(BEGIN) {
            return Err(SecretKeyError::Malformed);
        }
        let bytes = block(&mut lines, END).map_err(|_| SecretKeyError::Malformed)?;
        let bytes = Protected::from(bytes);
        if lines.next().is_some() {
            return Err(SecretKeyError::Malformed);
        }
        let cert = Cert::from_bytes(bytes.as_ref()).map_err(|_| SecretKeyError::NotASecretKey)?;
        let keys: Vec<_> = cert
            .keys()
            .secret()
            .filter(|key| key.key().pk_algo().for_encryption())
            .map(|key| key.key().clone())
            .take(MAX_SECRET_KEYS)
            .collect();
        if keys.is_empty() {
            return Err(SecretKeyError::NotASecretKey);
        }
        if keys.iter().any(|key| too_costly(key.secret())) {
            return Err(SecretKeyError::TooCostly);
        }
        Ok(SecretKey { keys })
    }

    /// Unlocks every key that this passphrase unlocks; keys that are not locked need none. All of them, whether a message
    /// is for them or not, so that a message to somebody else takes as long as one that was changed.
    pub fn unlock(&self, passphrase: &str) -> UnlockedKey {
        let password = Password::from(passphrase);
        let keys = self.keys.iter().filter_map(|key| {
            let handle = key.key_handle();
            let key = if key.secret().is_encrypted() {
                key.clone().decrypt_secret(&password).ok()?
            } else {
                key.clone()
            };
            let pair = key.into_keypair().ok()?;
            Some(Unlocked { handle, pair })
        });
        UnlockedKey {
            keys: keys.collect(),
        }
    }
}

/// Secret keys that can decrypt, for as many messages as there are. Their memory is overwritten when they are dropped.
pub struct UnlockedKey {
    pub(super) keys: Vec<Unlocked>,
}

impl fmt::Debug for UnlockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnlockedKey")
    }
}

/// A key that can decrypt session keys.
pub(super) struct Unlocked {
    pub(super) handle: KeyHandle,
    pub(super) pair: KeyPair,
}

/// Whether unlocking takes more than our limits. Iterated hashing has a limit of its own in the format (65 MB).
fn too_costly(secret: &SecretKeyMaterial) -> bool {
    match secret {
        SecretKeyMaterial::Encrypted(encrypted) => match encrypted.s2k() {
            S2K::Argon2 { t, m, .. } => *m > MAX_ARGON2_MEMORY_EXPONENT || *t > MAX_ARGON2_PASSES,
            _ => false,
        },
        SecretKeyMaterial::Unencrypted(_) => false,
    }
}
