//! Writing messages to certificates.

use std::cell::RefCell;
use std::fmt;
use std::io::Write;
use std::rc::Rc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::sha::sha1;
use openssl::symm::{self, Cipher};
use sequoia_openpgp::cert::Preferences;
use sequoia_openpgp::cert::amalgamation::ValidAmalgamation;
use sequoia_openpgp::crypto;
use sequoia_openpgp::crypto::aead::{self, SEIPv2Schedule};
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::packet::pkesk::{PKESK3, PKESK6};
use sequoia_openpgp::packet::{Key, Packet};
use sequoia_openpgp::serialize::Serialize;
use sequoia_openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};

use super::super::Certificate;
use super::super::armor::crc24;
use super::super::policy::{representable, standard};
use super::super::standing::revoked;
use super::direct::Direct;
use super::session_key::SessionKey;
use super::{MAX_PLAINTEXT_BYTES, MAX_RECIPIENTS};

const CIPHER: SymmetricAlgorithm = SymmetricAlgorithm::AES256;
/// OCB is the one that RFC 9580 requires everybody to have.
const AEAD: AEADAlgorithm = AEADAlgorithm::OCB;
/// Chunks of 64 KiB: few tags for a long text, little memory for a short one.
const CHUNK_EXPONENT: u8 = 10;
const CHUNK_BYTES: usize = 1 << (CHUNK_EXPONENT + 6);
/// Block size of AES, and the length of the random prefix with its repeated octets.
const BLOCK_BYTES: usize = 16;
const PREFIX_BYTES: usize = BLOCK_BYTES + 2;

/// Why a text is not encrypted. No variant holds anything of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptError {
    /// Nobody to encrypt to.
    NoRecipients,
    /// More than [`MAX_RECIPIENTS`].
    TooManyRecipients,
    /// The recipient at this place has no key that may receive: expired, revoked, for signing only, refused by policy.
    CannotReceive(usize),
    /// The text is longer than [`MAX_PLAINTEXT_BYTES`].
    TooLarge,
    /// The cryptographic library failed.
    Failed,
}

impl fmt::Display for EncryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncryptError::NoRecipients => f.write_str("there is no recipient"),
            EncryptError::TooManyRecipients => f.write_str("there are too many recipients"),
            EncryptError::CannotReceive(place) => {
                write!(
                    f,
                    "recipient {} has no key that may receive",
                    place.saturating_add(1)
                )
            }
            EncryptError::TooLarge => f.write_str("the text exceeds a size limit"),
            EncryptError::Failed => f.write_str("the cryptographic library failed"),
        }
    }
}

impl std::error::Error for EncryptError {}

/// A message, and the key that opens it.
pub struct Encrypted {
    /// The armored message.
    pub message: String,
    /// Its session key.
    pub session_key: SessionKey,
}

/// A key to encrypt to.
struct Recipient {
    key: Key<PublicParts, UnspecifiedRole>,
    reads_aead: bool,
    /// The key as OpenSSL has it, for the kinds that are called directly.
    direct: Option<Direct>,
}

impl Recipient {
    /// The session key, encrypted, in the packet of version 1 data.
    fn session_key_packet(&self, session_key: &SessionKey) -> Option<PKESK3> {
        let Some(direct) = &self.direct else {
            return PKESK3::for_recipient(session_key.algorithm, &session_key.key, &self.key).ok();
        };
        let encrypted = direct.encrypted(session_key)?;
        PKESK3::new(Some(self.key.keyid()), self.key.pk_algo(), encrypted).ok()
    }
}

/// Random octets from OpenSSL's generator, which PostgreSQL uses too.
fn random(octets: &mut [u8]) -> Option<()> {
    openssl::rand::rand_bytes(octets).ok()
}

/// Encrypts `plaintext` to every certificate in `recipients`, each judged by the policy of `at` and as of `at`: the
/// certificate is alive and not revoked, and those of its keys that are alive, not revoked and have an encryption flag
/// receive the session key.
///
/// The form is what every recipient's certificate says it can read: AEAD (RFC 9580, version 2) if all say so, else CFB
/// with a modification detection code (version 1), which GnuPG 2.2 reads. The cipher is AES-256. Nothing is compressed:
/// a compressed text's length says something about the text. `file_name` goes into the encrypted literal packet.
///
/// # Errors
/// See [`EncryptError`]; nothing is encrypted to some of the recipients only.
pub fn encrypt(
    plaintext: &[u8],
    recipients: &[Rc<Certificate>],
    file_name: &str,
    at: SystemTime,
) -> Result<Encrypted, EncryptError> {
    if plaintext.len() > MAX_PLAINTEXT_BYTES {
        return Err(EncryptError::TooLarge);
    }
    if recipients.is_empty() {
        return Err(EncryptError::NoRecipients);
    }
    if recipients.len() > MAX_RECIPIENTS {
        return Err(EncryptError::TooManyRecipients);
    }
    let mut keys: Vec<Rc<[Recipient]>> = Vec::new();
    for (place, certificate) in recipients.iter().enumerate() {
        let found = certificate.receiving_keys(at);
        if found.is_empty() {
            return Err(EncryptError::CannotReceive(place));
        }
        keys.push(found);
    }
    let bytes = size(CIPHER)?;
    let mut key = crypto::SessionKey::from(vec![0; bytes]);
    random(&mut key).ok_or(EncryptError::Failed)?;
    let session_key = SessionKey {
        algorithm: CIPHER,
        key,
    };
    let keys: Vec<&Recipient> = keys.iter().flat_map(|keys| keys.iter()).collect();
    let aead = keys.iter().all(|recipient| recipient.reads_aead);
    let packets =
        written(plaintext, &keys, aead, file_name, &session_key).ok_or(EncryptError::Failed)?;
    Ok(Encrypted {
        message: armored(&packets, !aead),
        session_key,
    })
}

fn size(algorithm: SymmetricAlgorithm) -> Result<usize, EncryptError> {
    algorithm.key_size().map_err(|_| EncryptError::Failed)
}

/// The keys of a certificate that may receive, as of the second they were asked for last. Judging them took more time than
/// encrypting a short text. Every time in OpenPGP is a whole second, so that within one nothing can change.
#[derive(Default)]
pub(in super::super) struct Receiving(RefCell<Option<(u64, Rc<[Recipient]>)>>);

impl Certificate {
    /// The keys that may receive as of `at`, none if the certificate may not.
    fn receiving_keys(&self, at: SystemTime) -> Rc<[Recipient]> {
        let at = representable(at);
        let second = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if let Some((known, keys)) = &*self.receiving.0.borrow()
            && *known == second
        {
            return Rc::clone(keys);
        }
        let keys: Rc<[Recipient]> = self.judged_receiving_keys(at).into();
        *self.receiving.0.borrow_mut() = Some((second, Rc::clone(&keys)));
        keys
    }

    fn judged_receiving_keys(&self, at: SystemTime) -> Vec<Recipient> {
        let policy = standard(at);
        let cert = self.cert();
        if revoked(cert, &cert.revocation_status(&policy, at)) {
            return Vec::new();
        }
        let Ok(valid) = cert.with_policy(&policy, at) else {
            return Vec::new();
        };
        if valid.alive().is_err() {
            return Vec::new();
        }
        let reads_aead = valid
            .features()
            .is_some_and(|features| features.supports_seipdv2());
        valid
            .keys()
            .alive()
            .revoked(false)
            .supported()
            .for_storage_encryption()
            .for_transport_encryption()
            .map(|key| Recipient {
                direct: Direct::of(key.key()),
                key: key.key().clone(),
                reads_aead,
            })
            .collect()
    }

    /// The e-mail addresses in user ids that are valid and not revoked as of `at`, as they stand there.
    pub fn addresses(&self, at: SystemTime) -> Vec<String> {
        let at = representable(at);
        let policy = standard(at);
        let Ok(valid) = self.cert().with_policy(&policy, at) else {
            return Vec::new();
        };
        let mut addresses: Vec<String> = valid
            .userids()
            .filter(|user_id| {
                !matches!(
                    user_id.revocation_status(),
                    sequoia_openpgp::types::RevocationStatus::Revoked(_)
                )
            })
            .filter_map(|user_id| user_id.userid().email().ok().flatten().map(str::to_owned))
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// Whether something can be encrypted to it as of `at`.
    pub fn can_receive(&self, at: SystemTime) -> bool {
        !self.receiving_keys(at).is_empty()
    }
}

fn written(
    plaintext: &[u8],
    keys: &[&Recipient],
    aead: bool,
    file_name: &str,
    session_key: &SessionKey,
) -> Option<Vec<u8>> {
    let mut packets = Vec::with_capacity(plaintext.len().checked_add(1024)?);
    for recipient in keys {
        let packet: Packet = if aead {
            let packet = PKESK6::for_recipient(&session_key.key, &recipient.key).ok()?;
            sequoia_openpgp::packet::PKESK::V6(packet).into()
        } else {
            let packet = recipient.session_key_packet(session_key)?;
            sequoia_openpgp::packet::PKESK::V3(packet).into()
        };
        packet.serialize(&mut packets).ok()?;
    }
    if aead {
        with_aead(plaintext, file_name, session_key, &mut packets)?;
    } else {
        with_mdc(plaintext, file_name, session_key, &mut packets)?;
    }
    Some(packets)
}

/// Version 1 (RFC 9580 section 5.13.1): a random prefix, its last two octets again, the literal, and SHA-1 over all.
fn with_mdc(
    plaintext: &[u8],
    file_name: &str,
    session_key: &SessionKey,
    packets: &mut Vec<u8>,
) -> Option<()> {
    let mut clear = Vec::with_capacity(plaintext.len().checked_add(PREFIX_BYTES + 512)?);
    let mut prefix = [0; PREFIX_BYTES];
    let (random, repeated) = prefix.split_at_mut(BLOCK_BYTES);
    self::random(random)?;
    repeated.copy_from_slice(random.get(BLOCK_BYTES - 2..)?);
    clear.extend(prefix);
    literal(plaintext, file_name, &mut clear)?;
    clear.extend([0xD3, 20]);
    // A checksum against changes inside the encryption, as the format has it; no collision matters here.
    let digest = sha1(&clear);
    clear.extend(digest);
    packets.push(0xC0 | 0x12);
    length(clear.len().checked_add(1)?, packets)?;
    packets.push(1);
    let start = [0; BLOCK_BYTES];
    let data = symm::encrypt(
        Cipher::aes_256_cfb128(),
        &session_key.key,
        Some(&start),
        &clear,
    );
    packets.extend(data.ok()?);
    Some(())
}

/// Version 2 (RFC 9580 section 5.13.2).
fn with_aead(
    plaintext: &[u8],
    file_name: &str,
    session_key: &SessionKey,
    packets: &mut Vec<u8>,
) -> Option<()> {
    let mut clear = Vec::with_capacity(plaintext.len().checked_add(512)?);
    literal(plaintext, file_name, &mut clear)?;
    let mut salt = [0; 32];
    random(&mut salt)?;
    let tag_bytes = AEAD.digest_size().ok()?;
    let tags = clear.len().div_ceil(CHUNK_BYTES).checked_add(1)?;
    let whole = clear
        .len()
        .checked_add(tags.checked_mul(tag_bytes)?)?
        .checked_add(4 + salt.len())?;
    packets.push(0xC0 | 0x12);
    length(whole, packets)?;
    packets.extend([2, session_key.algorithm.into(), AEAD.into(), CHUNK_EXPONENT]);
    packets.extend(salt);
    let schedule = SEIPv2Schedule::new(
        &session_key.key,
        session_key.algorithm,
        AEAD,
        CHUNK_BYTES,
        &salt,
    )
    .ok()?;
    let mut encryptor =
        aead::Encryptor::new(session_key.algorithm, AEAD, CHUNK_BYTES, schedule, packets).ok()?;
    encryptor.write_all(&clear).ok()?;
    encryptor.finalize().ok()?;
    Some(())
}

/// A literal packet of binary data: text would have its line ends changed by the reader. Without a date.
fn literal(plaintext: &[u8], file_name: &str, out: &mut Vec<u8>) -> Option<()> {
    let name = u8::try_from(file_name.len()).ok()?;
    out.push(0xC0 | 0x0B);
    length(plaintext.len().checked_add(6 + usize::from(name))?, out)?;
    out.extend([b'b', name]);
    out.extend(file_name.as_bytes());
    out.extend([0; 4]);
    out.extend(plaintext);
    Some(())
}

/// A packet's length (RFC 9580 section 4.2.1).
fn length(bytes: usize, out: &mut Vec<u8>) -> Option<()> {
    match u32::try_from(bytes).ok()? {
        short @ 0..=191 => out.push(u8::try_from(short).ok()?),
        middle @ 192..=8383 => {
            let [_, _, high, low] = (middle - 192).to_be_bytes();
            out.extend([high.checked_add(192)?, low]);
        }
        long => {
            out.push(255);
            out.extend(long.to_be_bytes());
        }
    }
    Some(())
}

/// Armor. With a checksum for the old form, because GnuPG 2.2 does not find the end of base64 without padding if there is
/// none; without for the new one, where RFC 9580 forbids it.
fn armored(packets: &[u8], with_checksum: bool) -> String {
    const LINE_BYTES: usize = 48;
    let mut text = String::with_capacity(packets.len() / LINE_BYTES * 65 + 160);
    text.push_str("-----BEGIN PGP MESSAGE-----\n\n");
    for line in packets.chunks(LINE_BYTES) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    if with_checksum {
        let [_, checksum @ ..] = crc24(packets).to_be_bytes();
        text.push('=');
        STANDARD.encode_string(checksum, &mut text);
        text.push('\n');
    }
    text.push_str("-----END PGP MESSAGE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_each_form() {
        for (bytes, expected) in [
            (0, vec![0]),
            (191, vec![191]),
            (192, vec![192, 0]),
            (8383, vec![223, 255]),
            (8384, vec![255, 0, 0, 32, 192]),
        ] {
            let mut out = Vec::new();
            length(bytes, &mut out).unwrap();
            assert_eq!(out, expected, "{bytes}");
        }
    }
}
