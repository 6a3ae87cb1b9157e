//! Reading messages with a session key or a secret key.

use std::fmt;
use std::io::Read;

use openssl::memcmp;
use openssl::sha::sha1;
use openssl::symm::{self, Cipher};
use sequoia_openpgp::KeyHandle;
use sequoia_openpgp::crypto;
use sequoia_openpgp::crypto::aead::{self, SEIPv2Schedule};
use sequoia_openpgp::packet::{Literal, PKESK, Packet};
use sequoia_openpgp::parse::buffered_reader::Memory;
use sequoia_openpgp::parse::{Cookie, Dearmor, PacketParserBuilder, PacketParserResult, Parse};
use sequoia_openpgp::types::{DataFormat, SymmetricAlgorithm};

use super::compressed::inflated;
use super::message::{Form, Message};
use super::secret_key::UnlockedKey;
use super::session_key::{SessionKey, is_aes};
use super::{MAX_ATTEMPTS, MAX_CANDIDATES, MAX_INNER_PACKETS, MAX_PLAINTEXT_BYTES};

/// The message cannot be decrypted, for whatever reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecryptable;

impl fmt::Display for Undecryptable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message cannot be decrypted")
    }
}

impl std::error::Error for Undecryptable {}

/// What a message held.
pub struct Contents {
    /// The bytes of its literal packet.
    pub bytes: Vec<u8>,
    /// The file name in the literal packet.
    pub file_name: Vec<u8>,
    /// Whether the sender marked it as text, whose lines end with CR LF in the packet.
    pub is_text: bool,
}

impl Contents {
    /// The contents as text: UTF-8, without NUL; text's line ends as LF, as RFC 9580 wants of readers.
    ///
    /// # Errors
    /// [`Undecryptable`] if it is none.
    pub fn into_text(self) -> Result<String, Undecryptable> {
        let text = String::from_utf8(self.bytes).map_err(|_| Undecryptable)?;
        if text.contains('\0') {
            return Err(Undecryptable);
        }
        Ok(if self.is_text && text.contains('\r') {
            text.replace("\r\n", "\n")
        } else {
            text
        })
    }
}

/// Decrypts with a session key.
///
/// # Errors
/// [`Undecryptable`].
pub fn decrypt_with_session_key(
    message: &Message,
    session_key: &SessionKey,
) -> Result<Contents, Undecryptable> {
    // A session key of another cipher than the message says it has cannot be its own.
    match message.form {
        Form::Aead { algorithm, .. } if algorithm != session_key.algorithm => Err(Undecryptable),
        _ => opened(message, session_key.algorithm, &session_key.key).ok_or(Undecryptable),
    }
}

/// Decrypts with a secret key: with whichever of its keys the message is for.
///
/// If none opens an encrypted session key, a random one takes its place, so that the data is decrypted and fails like
/// any that was changed.
///
/// # Errors
/// [`Undecryptable`].
pub fn decrypt_with_secret_key(
    message: &Message,
    secret_key: &mut UnlockedKey,
) -> Result<Contents, Undecryptable> {
    let known = match message.form {
        Form::Mdc => None,
        Form::Aead { algorithm, .. } => Some(algorithm),
    };
    let recipients: Vec<Option<KeyHandle>> =
        message.session_keys.iter().map(PKESK::recipient).collect();
    let mut candidates = Vec::new();
    let mut attempts = 0;
    for unlocked in &mut secret_key.keys {
        for (packet, recipient) in message.session_keys.iter().zip(&recipients) {
            if recipient
                .as_ref()
                .is_some_and(|r| !r.aliases(&unlocked.handle))
            {
                continue;
            }
            // Whoever writes a message can name a key as often as he likes, or nobody, and let the reader work.
            if attempts == MAX_ATTEMPTS || candidates.len() == MAX_CANDIDATES {
                break;
            }
            attempts += 1;
            if let Some((algorithm, key)) = packet.decrypt(&mut *unlocked.decryptor, known)
                && let Some(algorithm) = algorithm.or(known)
                && is_aes(algorithm)
                && algorithm.key_size().is_ok_and(|size| size == key.len())
            {
                candidates.push((algorithm, key));
            }
        }
    }
    if candidates.is_empty() {
        let algorithm = known
            .filter(|a| is_aes(*a))
            .unwrap_or(SymmetricAlgorithm::AES256);
        let size = algorithm.key_size().map_err(|_| Undecryptable)?;
        let key = crypto::SessionKey::new(size).map_err(|_| Undecryptable)?;
        candidates.push((algorithm, key));
    }
    candidates
        .iter()
        .find_map(|(algorithm, key)| opened(message, *algorithm, key))
        .ok_or(Undecryptable)
}

fn opened(
    message: &Message,
    algorithm: SymmetricAlgorithm,
    key: &crypto::SessionKey,
) -> Option<Contents> {
    let clear = match &message.form {
        Form::Mdc => without_mdc(&message.data, algorithm, key)?,
        Form::Aead {
            algorithm,
            aead,
            chunk_size,
            salt,
        } => {
            let schedule = SEIPv2Schedule::new(key, *algorithm, *aead, *chunk_size, salt).ok()?;
            let source = Memory::with_cookie(&message.data, Cookie::default());
            let mut decryptor =
                aead::Decryptor::new(*algorithm, *aead, *chunk_size, schedule, Box::new(source))
                    .ok()?;
            let mut clear = Vec::with_capacity(message.data.len());
            decryptor.read_to_end(&mut clear).ok()?;
            clear
        }
    };
    let literal = literal(&clear, true)?;
    drop(clear);
    contents(literal)
}

/// Decrypts version 1 and checks its modification detection code over all of it. The repeated octets of the prefix are
/// not looked at: to answer early there is an oracle (Mister and Zuccherato, 2005).
fn without_mdc(
    data: &[u8],
    algorithm: SymmetricAlgorithm,
    key: &crypto::SessionKey,
) -> Option<Vec<u8>> {
    const DIGEST_BYTES: usize = 20;
    const BLOCK_BYTES: usize = 16;
    let cipher = match algorithm {
        SymmetricAlgorithm::AES128 => Cipher::aes_128_cfb128(),
        SymmetricAlgorithm::AES192 => Cipher::aes_192_cfb128(),
        SymmetricAlgorithm::AES256 => Cipher::aes_256_cfb128(),
        _ => return None,
    };
    if key.len() != cipher.key_len() {
        return None;
    }
    let mut clear = symm::decrypt(cipher, key, Some(&[0; BLOCK_BYTES]), data).ok()?;
    let (hashed, stored) = clear.split_at_checked(clear.len().checked_sub(DIGEST_BYTES)?)?;
    let same = memcmp::eq(&sha1(hashed), stored);
    let inner = hashed.strip_suffix(&[0xD3, 20])?.len();
    if !same || inner < BLOCK_BYTES + 2 {
        return None;
    }
    clear.truncate(inner);
    clear.drain(..BLOCK_BYTES + 2);
    Some(clear)
}

/// The one literal packet in authenticated data, signed or not, compressed once or not. Signatures are not verified: a
/// decrypted text is no statement of anybody.
fn literal(bytes: &[u8], may_be_compressed: bool) -> Option<Literal> {
    if bytes.is_empty() {
        return None;
    }
    let mut parser = PacketParserBuilder::from_bytes(bytes)
        .ok()?
        .dearmor(Dearmor::Disabled)
        .max_recursion_depth(0)
        .automatic_hashing(false)
        .buffer_unread_content()
        .build()
        .ok()?;
    let (mut literal, mut compressed, mut count) = (None, None, 0);
    while let PacketParserResult::Some(current) = parser {
        let (packet, next) = current.next().ok()?;
        parser = next;
        count += 1;
        if count > MAX_INNER_PACKETS {
            return None;
        }
        match packet {
            Packet::Literal(packet) if literal.is_none() && compressed.is_none() => {
                literal = Some(packet);
            }
            Packet::CompressedData(packet)
                if may_be_compressed && literal.is_none() && compressed.is_none() =>
            {
                compressed = Some(packet);
            }
            Packet::OnePassSig(_) if literal.is_none() => {}
            Packet::Signature(_) | Packet::Padding(_) | Packet::Marker(_) => {}
            _ => return None,
        }
    }
    match compressed {
        // What is compressed may hold as much as the limit, and the packets around it.
        Some(packet) => self::literal(&inflated(packet, MAX_PLAINTEXT_BYTES + 65_536)?, false),
        None => literal,
    }
}

fn contents(mut literal: Literal) -> Option<Contents> {
    let bytes = literal.set_body(Vec::new());
    if bytes.len() > MAX_PLAINTEXT_BYTES {
        return None;
    }
    #[allow(deprecated, reason = "old messages have the format \"text\"")]
    let is_text = matches!(literal.format(), DataFormat::Text | DataFormat::Unicode);
    Some(Contents {
        bytes,
        file_name: literal.filename().unwrap_or_default().to_vec(),
        is_text,
    })
}
