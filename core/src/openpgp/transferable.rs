//! Transferable public keys (RFC 9580 section 10.1): from armor or binary to the packets of each
//! certificate, within limits, before anything deeper looks at them.

use sequoia_openpgp::KeyHandle;
use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::packet::{Key, Packet, Signature, Tag};
use sequoia_openpgp::parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse};
use sequoia_openpgp::serialize::MarshalInto;

use super::armor::{block, lines};
use super::{
    CertificateError, MAX_CERTIFICATE_BYTES, MAX_CERTIFICATE_SIGNATURES, MAX_CERTIFICATES,
    MAX_COMPONENTS, MAX_DSA_BITS, MAX_EXPONENT_BITS, MAX_KEY_BYTES, MAX_KEYRING_BYTES,
    MAX_MODULUS_BITS, MAX_OWN_SIGNATURES, MAX_USER_ID_BYTES,
};

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";
const BEGIN_SECRET: &str = "-----BEGIN PGP PRIVATE KEY BLOCK-----";

/// The packets of one certificate, or why it is refused.
type Packets = Result<Vec<Packet>, CertificateError>;

/// Reads armored blocks or binary data and gives the packets of each certificate, its primary key
/// first.
///
/// # Errors
/// [`CertificateError`] if the data as a whole cannot be read, is too large, or holds a secret key.
pub(super) fn read(input: &[u8]) -> Result<Vec<Packets>, CertificateError> {
    if input.len() > MAX_KEYRING_BYTES {
        return Err(CertificateError::TooLarge);
    }
    let mut groups = Vec::new();
    // The high bit is set in every packet header and in no armored text (RFC 9580 section 4.2).
    if input.first().is_some_and(|byte| byte & 0x80 != 0) {
        split(input, &mut groups)?;
    } else {
        let text = std::str::from_utf8(input).map_err(|_| CertificateError::Malformed)?;
        for block in armored(text)? {
            split(&block, &mut groups)?;
        }
    }
    Ok(groups)
}

/// The contents of the armored blocks in `text`, which holds nothing else but white space.
fn armored(text: &str) -> Result<Vec<Vec<u8>>, CertificateError> {
    // Looked for first, so that a secret key is never decoded.
    if text.contains(BEGIN_SECRET) {
        return Err(CertificateError::SecretKey);
    }
    let mut blocks = Vec::new();
    let mut lines = lines(text);
    while let Some(line) = lines.next() {
        match line.trim_ascii() {
            "" => {}
            BEGIN => blocks.push(block(&mut lines, END).map_err(|_| CertificateError::Malformed)?),
            "-----BEGIN PGP SIGNATURE-----"
            | "-----BEGIN PGP MESSAGE-----"
            | "-----BEGIN PGP SIGNED MESSAGE-----" => {
                return Err(CertificateError::NotACertificate);
            }
            _ => return Err(CertificateError::Malformed),
        }
    }
    if blocks.is_empty() {
        Err(CertificateError::Malformed)
    } else {
        Ok(blocks)
    }
}

/// The packets of one certificate, counted as they come.
#[derive(Default)]
pub(super) struct Group {
    pub(super) packets: Vec<Packet>,
    bytes: usize,
    components: usize,
    signatures: usize,
    own_signatures: usize,
    /// How signatures of the key itself name their issuer.
    key: Option<KeyHandle>,
}

impl Group {
    /// Takes one packet in, or says why the certificate cannot be accepted.
    pub(super) fn add(&mut self, packet: Packet) -> Result<(), CertificateError> {
        self.bytes += packet.serialized_len();
        match &packet {
            Packet::PublicKey(key) => {
                self.key = Some(key.key_handle());
                self.key(key.role_as_unspecified())?;
            }
            Packet::PublicSubkey(key) => self.key(key.role_as_unspecified())?,
            Packet::UserID(user_id) => {
                if user_id.value().len() > MAX_USER_ID_BYTES {
                    return Err(CertificateError::TooLarge);
                }
                self.components += 1;
            }
            // Kept until the certificate is put together, so that the signatures after it find their component.
            Packet::UserAttribute(_) => self.components += 1,
            Packet::Signature(signature) => {
                self.signatures += 1;
                self.own_signatures += self.verifications(signature);
            }
            Packet::Unknown(unknown) => match unknown.tag() {
                Tag::PublicKey => return Err(CertificateError::Unsupported),
                Tag::Signature => self.signatures += 1,
                _ => self.components += 1,
            },
            Packet::Trust(_) | Packet::Marker(_) | Packet::Padding(_) => return Ok(()),
            _ => return Err(CertificateError::NotACertificate),
        }
        if self.bytes > MAX_CERTIFICATE_BYTES
            || self.components > MAX_COMPONENTS
            || self.signatures > MAX_CERTIFICATE_SIGNATURES
            || self.own_signatures > MAX_OWN_SIGNATURES
        {
            return Err(CertificateError::TooLarge);
        }
        self.packets.push(packet);
        Ok(())
    }

    /// How many verifications `signature` can cost: none if it names another issuer, else itself and each that it
    /// embeds.
    fn verifications(&self, signature: &Signature) -> usize {
        let issuers = signature.get_issuers();
        let own = issuers.is_empty()
            || (self.key.iter()).any(|key| issuers.iter().any(|issuer| issuer.aliases(key)));
        if own {
            1 + signature.embedded_signatures().count()
        } else {
            0
        }
    }

    fn key(&mut self, key: &Key<PublicParts, UnspecifiedRole>) -> Result<(), CertificateError> {
        let fits = match key.mpis() {
            PublicKey::RSA { e, n } => {
                n.bits() <= MAX_MODULUS_BITS && e.bits() <= MAX_EXPONENT_BITS
            }
            PublicKey::DSA { p, .. } => p.bits() <= MAX_DSA_BITS,
            other => other.bits().unwrap_or_default() <= MAX_MODULUS_BITS,
        };
        if !fits || key.mpis().serialized_len() > MAX_KEY_BYTES {
            return Err(CertificateError::TooLarge);
        }
        self.components += 1;
        Ok(())
    }
}

/// Parses packets and divides them into certificates, each beginning with a primary key. Checks tags and limits only.
fn split(bytes: &[u8], groups: &mut Vec<Packets>) -> Result<(), CertificateError> {
    let unreadable = CertificateError::MalformedBinary;
    let mut parser = PacketParserBuilder::from_bytes(bytes)
        .map_err(|_| unreadable)?
        .dearmor(Dearmor::Disabled)
        .max_recursion_depth(0)
        .automatic_hashing(false)
        .buffer_unread_content()
        .build()
        .map_err(|_| unreadable)?;
    let mut current: Option<Result<Group, CertificateError>> = None;
    let mut close = |group: Option<Result<Group, CertificateError>>| {
        groups.extend(group.map(|group| group.map(|group| group.packets)));
        if groups.len() > MAX_CERTIFICATES {
            Err(CertificateError::TooLarge)
        } else {
            Ok(())
        }
    };
    while let PacketParserResult::Some(here) = parser {
        let tag = here.packet.tag();
        if matches!(tag, Tag::SecretKey | Tag::SecretSubkey) {
            return Err(CertificateError::SecretKey);
        }
        let (packet, next) = here.next().map_err(|_| unreadable)?;
        parser = next;
        match tag {
            Tag::PublicKey => close(current.replace(Ok(Group::default())))?,
            // What the parser calls these is data it could not make sense of.
            Tag::Reserved | Tag::Unknown(_) | Tag::Private(_) => return Err(unreadable),
            _ => {}
        }
        let Some(group) = &mut current else {
            return Err(CertificateError::NotACertificate);
        };
        if let Ok(open) = group
            && let Err(error) = open.add(packet)
        {
            *group = Err(error);
        }
    }
    close(current)
}
