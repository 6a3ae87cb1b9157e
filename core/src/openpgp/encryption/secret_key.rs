//! Secret keys, for those who cannot keep them outside of the database.

use std::fmt;

use sequoia_openpgp::KeyHandle;
use sequoia_openpgp::crypto::mem::Protected;
use sequoia_openpgp::crypto::{Decryptor, Password, S2K, mpi};
use sequoia_openpgp::packet::key::{SecretKeyMaterial, SecretParts, UnspecifiedRole};
use sequoia_openpgp::packet::{Key, Packet};
use sequoia_openpgp::parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse};

use super::super::armor::{block, lines};
use super::super::{
    MAX_CERTIFICATE_BYTES, MAX_CERTIFICATE_SIGNATURES, MAX_COMPONENTS, MAX_MODULUS_BITS,
};
use super::unwrap_rsa::RsaPair;
use super::{MAX_ARGON2_MEMORY_EXPONENT, MAX_ARGON2_PASSES, MAX_SECRET_KEYS};

const BEGIN: &str = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
const END: &str = "-----END PGP PRIVATE KEY BLOCK-----";
/// The largest packet beside a secret key that is read, and the most of them: what a certificate may have.
const MAX_KEY_PACKET_BYTES: u32 = 1 << 20;
const MAX_KEY_PACKETS: usize = MAX_COMPONENTS + MAX_CERTIFICATE_SIGNATURES;

/// Why something offered as a secret key is none. No variant holds anything of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKeyError {
    /// Not one well-formed armored block of a private key.
    Malformed,
    /// A block, but no OpenPGP key with secrets in it.
    NotASecretKey,
    /// Larger than the limits of this module.
    TooLarge,
    /// Unlocking or using it would take more memory or time than the limits of this module.
    TooCostly,
}

impl fmt::Display for SecretKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SecretKeyError::Malformed => "the text is not an armored OpenPGP secret key",
            SecretKeyError::NotASecretKey => "the data is not an OpenPGP secret key",
            SecretKeyError::TooLarge => "the secret key exceeds a size limit",
            SecretKeyError::TooCostly => "unlocking or using the secret key would exceed a limit",
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
    /// Its signatures are not looked at: who has a secret key can read what is encrypted to it, expired, revoked, bound by
    /// whomever or not. To verify them took longer than to decrypt, and as long as whoever made them liked.
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
        let keys = packets(&bytes).ok_or(SecretKeyError::NotASecretKey)?;
        if keys.is_empty() {
            return Err(SecretKeyError::NotASecretKey);
        }
        if keys
            .iter()
            .any(|key| too_long(key.mpis()) || too_costly(key.secret()))
        {
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
            let decryptor: Box<dyn Decryptor> = match RsaPair::of(&pair) {
                Some(rsa) => Box::new(rsa),
                None => Box::new(pair),
            };
            Some(Unlocked { handle, decryptor })
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
    pub(super) decryptor: Box<dyn Decryptor>,
}

/// The keys that can decrypt, among the packets of one transferable secret key (RFC 9580 section 10.2).
fn packets(bytes: &[u8]) -> Option<Vec<Key<SecretParts, UnspecifiedRole>>> {
    let mut parser = PacketParserBuilder::from_bytes(bytes)
        .ok()?
        .dearmor(Dearmor::Disabled)
        .max_recursion_depth(0)
        .max_packet_size(MAX_KEY_PACKET_BYTES)
        .automatic_hashing(false)
        .build()
        .ok()?;
    let (mut keys, mut count) = (Vec::new(), 0);
    while let PacketParserResult::Some(current) = parser {
        let (packet, next) = current.next().ok()?;
        parser = next;
        // A key must not forget at run time which of both it is: that is authenticated where its secret is encrypted.
        let key = match packet {
            Packet::SecretKey(key) if count == 0 => Some(key.role_as_unspecified().clone()),
            // Another one, or a certificate that calls itself a private key.
            Packet::SecretKey(_) => return None,
            _ if count == 0 => return None,
            Packet::SecretSubkey(key) => Some(key.role_as_unspecified().clone()),
            _ => None,
        };
        count += 1;
        if count > MAX_KEY_PACKETS {
            return None;
        }
        keys.extend(key.filter(|key| key.pk_algo().for_encryption()));
    }
    keys.truncate(MAX_SECRET_KEYS);
    Some(keys)
}

/// Whether decrypting with it takes more than our limits: with a modulus of 64 kbit, which the format allows, minutes that
/// nothing can interrupt.
fn too_long(key: &mpi::PublicKey) -> bool {
    matches!(key, mpi::PublicKey::RSA { n, .. } if n.bits() > MAX_MODULUS_BITS)
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
