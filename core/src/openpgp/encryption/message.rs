//! The outside of an encrypted message: for whom it is, and the encrypted data, without a key.

use std::fmt;
use std::rc::Rc;

use sequoia_openpgp::KeyHandle;
use sequoia_openpgp::packet::{Body, PKESK, Packet, SEIP};
use sequoia_openpgp::parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse};
use sequoia_openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};

use super::super::Certificate;
use super::super::armor::{block, lines};
use super::{MAX_MESSAGE_BYTES, MAX_SESSION_KEY_PACKETS};

const BEGIN: &str = "-----BEGIN PGP MESSAGE-----";
const END: &str = "-----END PGP MESSAGE-----";
/// Larger than any encrypted session key.
const MAX_SESSION_KEY_PACKET_BYTES: u32 = 64 << 10;

/// Why a text is not read as an encrypted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// It does not begin as an armored OpenPGP message: whoever passed it meant something else.
    NotArmored,
    /// Longer than [`MAX_MESSAGE_BYTES`].
    TooLarge,
    /// It begins as one, and is not one to its end, or is not encrypted in a way that authenticates.
    Damaged,
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MessageError::NotArmored => "the text is not an armored OpenPGP message",
            MessageError::TooLarge => "the message exceeds a size limit",
            MessageError::Damaged => "the message is damaged",
        })
    }
}

impl std::error::Error for MessageError {}

/// How the data is encrypted.
pub(super) enum Form {
    /// Version 1: CFB with a modification detection code.
    Mdc,
    /// Version 2: AEAD.
    Aead {
        algorithm: SymmetricAlgorithm,
        aead: AEADAlgorithm,
        chunk_size: usize,
        salt: [u8; 32],
    },
}

/// An encrypted message, not decrypted.
pub struct Message {
    pub(super) session_keys: Vec<PKESK>,
    by_password: bool,
    pub(super) form: Form,
    pub(super) data: Vec<u8>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message")
    }
}

impl Message {
    /// Whether a text begins as an armored message does.
    pub fn is_begun_by(text: &str) -> bool {
        text.trim_ascii_start().starts_with(BEGIN)
    }

    /// Reads one armored message; only white space may stand around it.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn read(text: &str) -> Result<Message, MessageError> {
        if !Message::is_begun_by(text) {
            return Err(MessageError::NotArmored);
        }
        if text.len() > MAX_MESSAGE_BYTES {
            return Err(MessageError::TooLarge);
        }
        let mut lines = lines(text.trim_ascii());
        if lines.next() != Some(BEGIN) {
            return Err(MessageError::Damaged);
        }
        let bytes = block(&mut lines, END).map_err(|_| MessageError::Damaged)?;
        if lines.next().is_some() {
            return Err(MessageError::Damaged);
        }
        packets(&bytes).ok_or(MessageError::Damaged)
    }

    /// Whether it is encrypted to each of these certificates and to nobody else, as far as it says itself for whom it
    /// is: whoever writes a message can write anything there.
    pub fn is_for_exactly(&self, certificates: &[Rc<Certificate>]) -> bool {
        let handles: Vec<Option<KeyHandle>> =
            self.session_keys.iter().map(PKESK::recipient).collect();
        let is_of = |certificate: &Certificate, handle: &KeyHandle| {
            certificate
                .cert()
                .keys()
                .any(|key| key.key().key_handle().aliases(handle))
        };
        !self.by_password
            && handles.iter().all(|handle| {
                handle
                    .as_ref()
                    .is_some_and(|handle| certificates.iter().any(|c| is_of(c, handle)))
            })
            && certificates
                .iter()
                .all(|c| handles.iter().flatten().any(|handle| is_of(c, handle)))
    }

    /// The keys it is encrypted to, as it names them: fingerprints or key ids, `anonymous` for an unnamed one, `password`.
    pub fn recipients(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .session_keys
            .iter()
            .map(|packet| {
                packet
                    .recipient()
                    .map_or("anonymous".to_owned(), |handle| handle.to_hex())
            })
            .collect();
        if self.by_password {
            names.push("password".to_owned());
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Encrypted session keys and then the encrypted data, and nothing else but padding.
fn packets(bytes: &[u8]) -> Option<Message> {
    if bytes.is_empty() {
        return None;
    }
    let mut parser = PacketParserBuilder::from_bytes(bytes)
        .ok()?
        .dearmor(Dearmor::Disabled)
        .max_recursion_depth(0)
        .max_packet_size(MAX_SESSION_KEY_PACKET_BYTES)
        .automatic_hashing(false)
        .buffer_unread_content()
        .build()
        .ok()?;
    let (mut session_keys, mut by_password, mut data) = (Vec::new(), false, None);
    let mut count = 0;
    while let PacketParserResult::Some(current) = parser {
        let (packet, next) = current.next().ok()?;
        parser = next;
        count += 1;
        if count > MAX_SESSION_KEY_PACKETS {
            return None;
        }
        match packet {
            Packet::PKESK(packet) if data.is_none() => session_keys.push(packet),
            Packet::SKESK(_) if data.is_none() => by_password = true,
            Packet::SEIP(packet) if data.is_none() => data = Some(encrypted(packet)?),
            Packet::Padding(_) | Packet::Marker(_) => {}
            // Data without integrity protection (tag 9) is among the rest: it is refused.
            _ => return None,
        }
    }
    let (form, data) = data?;
    // RFC 9580 section 10.3.2.1: the versions go together, so that nobody can have one read as the other.
    let version = match form {
        Form::Mdc => 3,
        Form::Aead { .. } => 6,
    };
    session_keys
        .iter()
        .all(|packet| packet.version() == version)
        .then_some(Message {
            session_keys,
            by_password,
            form,
            data,
        })
}

fn encrypted(packet: SEIP) -> Option<(Form, Vec<u8>)> {
    match packet {
        SEIP::V1(mut packet) => Some((Form::Mdc, unprocessed(packet.set_body(empty()))?)),
        SEIP::V2(mut packet) => Some((
            Form::Aead {
                algorithm: packet.symmetric_algo(),
                aead: packet.aead(),
                chunk_size: usize::try_from(packet.chunk_size()).ok()?,
                salt: *packet.salt(),
            },
            unprocessed(packet.set_body(empty()))?,
        )),
        _ => None,
    }
}

fn empty() -> Body {
    Body::Unprocessed(Vec::new())
}

fn unprocessed(body: Body) -> Option<Vec<u8>> {
    match body {
        Body::Unprocessed(bytes) => Some(bytes),
        _ => None,
    }
}
