//! OpenPGP certificates: parsing within limits, merging, and describing.

use std::fmt;
use std::time::SystemTime;

use sequoia_openpgp as openpgp;

use openpgp::cert::Cert;
use openpgp::cert::amalgamation::ValidAmalgamation;
use openpgp::crypto::mpi::PublicKey;
use openpgp::packet::key::{PrimaryRole, PublicParts, SubordinateRole, UnspecifiedRole};
use openpgp::packet::{Key, Packet, Signature};
use openpgp::policy::Policy;
use openpgp::serialize::MarshalInto;
use openpgp::types::{PublicKeyAlgorithm, RevocationStatus, SignatureType};

use super::encryption::Receiving;
use super::policy::{is_forbidden, representable, standard};
use super::signing::Signing;
use super::standing::{by_one_of, designated_revokers, revoked};
use super::transferable::{Group, read};
use super::{Fingerprint, MAX_CERTIFICATE_BYTES};

/// Why something offered as a certificate is none. No variant holds anything of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// Text that is not well-formed armor.
    Malformed,
    /// Binary data, or the content of armor, that is not a sequence of OpenPGP packets.
    MalformedBinary,
    /// OpenPGP, but not a certificate: a signature, a message, a lone user id.
    NotACertificate,
    /// A secret key. It was not parsed further, and nothing of it is kept.
    SecretKey,
    /// More than one certificate where one was asked for.
    SeveralCertificates,
    /// Larger than the limits of this module.
    TooLarge,
    /// A key version or algorithm that is not supported.
    Unsupported,
    /// Two certificates to be merged have different fingerprints.
    WrongFingerprint,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CertificateError::Malformed => "the text is not well-formed OpenPGP armor",
            CertificateError::MalformedBinary => "the data is not a sequence of OpenPGP packets",
            CertificateError::NotACertificate => "the data is not an OpenPGP certificate",
            CertificateError::SecretKey => "the data holds a secret key",
            CertificateError::SeveralCertificates => "the data holds more than one certificate",
            CertificateError::TooLarge => "the certificate exceeds a size limit",
            CertificateError::Unsupported => {
                "the certificate's version or algorithm is not supported"
            }
            CertificateError::WrongFingerprint => "the certificates have different fingerprints",
        })
    }
}

impl std::error::Error for CertificateError {}

/// An OpenPGP certificate within limits, without secret key material.
///
/// What it keeps: the primary key, every user id and subkey that a verified self-signature or revocation ties to it,
/// those signatures, and revocations by revokers whom the certificate designates. What it does not: other people's
/// certifications (nothing here trusts them, and they are how certificates were flooded), user attributes (photos),
/// components that nothing ties to the key. A subkey that is not supported is kept if the primary key bound it; nothing
/// it signs is valid.
pub struct Certificate {
    fingerprint: Fingerprint,
    cert: Cert,
    /// `cert`, serialised.
    bytes: Vec<u8>,
    /// The keys that may receive, as far as anybody asked.
    pub(super) receiving: Receiving,
    /// The keys that may have signed, as far as anybody asked.
    pub(super) signing: Signing,
}

/// What a certificate says of itself at some time, as the policy of that time lets it count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// User ids, not revoked, the primary one first; control characters are replaced by U+FFFD. If the policy
    /// refuses the certificate altogether: those with a cryptographically good self-signature.
    pub user_ids: Vec<String>,
    /// The primary key's algorithm, with the size for RSA and DSA and the curve for ECDSA: `EdDSA`, `RSA 4096`.
    pub algorithm: String,
    /// When the primary key was made.
    pub created: SystemTime,
    /// When the primary key expires or expired; `None`: never, or the policy refuses the certificate.
    pub expires: Option<SystemTime>,
    /// Whether the certificate is revoked.
    pub revoked: bool,
    /// Whether some key of it is alive, not revoked, and has the signing flag.
    pub can_sign: bool,
    /// Whether some key of it is alive, not revoked, and has an encryption flag.
    pub can_encrypt: bool,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate")
            .field(&self.fingerprint().as_str())
            .finish()
    }
}

impl Certificate {
    /// Reads exactly one certificate, armored (one block, only white space around it) or binary.
    ///
    /// # Errors
    /// See [`CertificateError`]. A secret key is reported before anything else about the data.
    pub fn parse(input: &[u8]) -> Result<Certificate, CertificateError> {
        if input.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLarge);
        }
        let mut certificates = Certificate::parse_many(input)?.into_iter();
        match (certificates.next(), certificates.next()) {
            (Some(certificate), None) => certificate,
            (Some(_), Some(_)) => Err(CertificateError::SeveralCertificates),
            (None, _) => Err(CertificateError::NotACertificate),
        }
    }

    /// Reads a set of certificates, as `gpg --export` and key servers give: armored blocks, or binary.
    ///
    /// Returns each certificate, or why that one is refused.
    ///
    /// # Errors
    /// [`CertificateError`] if the data as a whole cannot be read, is too large, or holds a secret key.
    pub fn parse_many(
        input: &[u8],
    ) -> Result<Vec<Result<Certificate, CertificateError>>, CertificateError> {
        Ok(read(input)?
            .into_iter()
            .map(|group| group.and_then(build))
            .collect())
    }

    /// Adds what `other` knows of the same certificate: user ids, subkeys, bindings, revocations. Drops nothing.
    ///
    /// # Errors
    /// [`CertificateError::WrongFingerprint`] if it is another certificate, [`CertificateError::TooLarge`] if both
    /// together exceed a limit.
    pub fn merge(self, other: Certificate) -> Result<Certificate, CertificateError> {
        if self.cert.fingerprint() != other.cert.fingerprint() {
            return Err(CertificateError::WrongFingerprint);
        }
        let cert = self
            .cert
            .merge_public(other.cert)
            .map_err(|_| CertificateError::WrongFingerprint)?;
        let mut group = Group::default();
        for packet in cert.into_packets() {
            group.add(packet)?;
        }
        build(group.packets)
    }

    /// The certificate in binary form; [`Certificate::parse`] reads it again.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// The certificate as armored text, which `gpg --import` reads.
    pub fn to_armor(&self) -> String {
        self.cert
            .armored()
            .to_vec()
            .ok()
            .and_then(|armor| String::from_utf8(armor).ok())
            .unwrap_or_default()
    }

    /// The fingerprint of the primary key, which names the certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }

    /// The fingerprints of all keys, by which a signature may name its issuer: the primary key first, then subkeys.
    pub fn key_fingerprints(&self) -> Vec<Fingerprint> {
        self.cert
            .keys()
            .filter_map(|key| Fingerprint::of(&key.key().fingerprint()))
            .collect()
    }

    /// Describes the certificate as of `at`, judged by the policy of `at`.
    pub fn description(&self, at: SystemTime) -> Description {
        let at = representable(at);
        let policy = standard(at);
        let primary = self.cert.primary_key();
        let valid = self.cert.with_policy(&policy, at).ok();
        let usable = |for_signing: bool| {
            let Some(valid) = &valid else { return false };
            let revocation = self.cert.revocation_status(&policy, at);
            if valid.alive().is_err() || revoked(&self.cert, &revocation) {
                return false;
            }
            let keys = valid.keys().alive().revoked(false).supported();
            if for_signing {
                keys.for_signing().next().is_some()
            } else {
                keys.for_storage_encryption()
                    .for_transport_encryption()
                    .next()
                    .is_some()
            }
        };
        Description {
            user_ids: self.user_ids(&policy, at),
            algorithm: algorithm(primary.key().role_as_unspecified()),
            created: primary.key().creation_time(),
            expires: valid
                .as_ref()
                .and_then(|valid| valid.primary_key().key_expiration_time()),
            revoked: revoked(&self.cert, &self.cert.revocation_status(&policy, at)),
            can_sign: usable(true),
            can_encrypt: usable(false),
        }
    }

    /// Sequoia's form, for the modules beside this one.
    pub(super) fn cert(&self) -> &Cert {
        &self.cert
    }

    /// The primary user id as of `at`; failing that, any user id that a self-signature confirms.
    pub(super) fn name(&self, policy: &dyn Policy, at: SystemTime) -> Option<String> {
        let primary = self.cert.with_policy(policy, at).ok().and_then(|valid| {
            let user_id = valid.primary_userid().ok()?;
            Some(printable(user_id.userid().value()))
        });
        primary.or_else(|| self.user_ids(policy, at).into_iter().next())
    }

    fn user_ids(&self, policy: &dyn Policy, at: SystemTime) -> Vec<String> {
        let Ok(valid) = self.cert.with_policy(policy, at) else {
            let confirmed = self
                .cert
                .userids()
                .filter(|user_id| user_id.self_signatures().next().is_some());
            return confirmed
                .map(|user_id| printable(user_id.userid().value()))
                .collect();
        };
        // Sequoia gives the primary user id first.
        valid
            .userids()
            .filter(|user_id| !matches!(user_id.revocation_status(), RevocationStatus::Revoked(_)))
            .map(|user_id| printable(user_id.userid().value()))
            .collect()
    }
}

/// A user id as text that can be printed.
pub(super) fn printable(user_id: &[u8]) -> String {
    let text = String::from_utf8_lossy(user_id);
    text.chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

fn algorithm(key: &Key<PublicParts, UnspecifiedRole>) -> String {
    let bits = key.mpis().bits().unwrap_or_default();
    #[allow(
        deprecated,
        reason = "old certificates have these algorithms, and it is a name that is asked for"
    )]
    match (key.pk_algo(), key.mpis()) {
        (
            PublicKeyAlgorithm::RSAEncryptSign
            | PublicKeyAlgorithm::RSASign
            | PublicKeyAlgorithm::RSAEncrypt,
            _,
        ) => format!("RSA {bits}"),
        (PublicKeyAlgorithm::DSA, _) => format!("DSA {bits}"),
        (PublicKeyAlgorithm::EdDSA, _) => "EdDSA".into(),
        (_, PublicKey::ECDSA { curve, .. }) => format!("ECDSA {curve}"),
        (PublicKeyAlgorithm::Ed25519, _) => "Ed25519".into(),
        (PublicKeyAlgorithm::Ed448, _) => "Ed448".into(),
        (other, _) => other.to_string(),
    }
}

/// Puts a certificate together from its packets, leaving out what [`Certificate`] does not keep.
fn build(packets: Vec<Packet>) -> Result<Certificate, CertificateError> {
    let unsupported = unsupported_subkeys(&packets);
    let parsed =
        Cert::from_packets(packets.into_iter()).map_err(|error| match error.downcast_ref() {
            Some(openpgp::Error::UnsupportedCert(..)) => CertificateError::Unsupported,
            _ => CertificateError::NotACertificate,
        })?;
    if parsed.is_tsk() {
        return Err(CertificateError::SecretKey);
    }
    let primary = parsed.primary_key().key();
    let fingerprint =
        Fingerprint::of(&primary.fingerprint()).ok_or(CertificateError::Unsupported)?;
    if !primary.pk_algo().is_supported() || is_forbidden(primary.version(), primary.pk_algo()) {
        return Err(CertificateError::Unsupported);
    }
    let mut packets = kept(&parsed);
    packets.extend(unsupported);
    let cert =
        Cert::from_packets(packets.into_iter()).map_err(|_| CertificateError::NotACertificate)?;
    let bytes = cert
        .to_vec()
        .map_err(|_| CertificateError::NotACertificate)?;
    if bytes.len() > MAX_CERTIFICATE_BYTES {
        return Err(CertificateError::TooLarge);
    }
    Ok(Certificate {
        fingerprint,
        cert,
        bytes,
        receiving: Receiving::default(),
        signing: Signing::default(),
    })
}

/// Subkeys of algorithms or curves that are not supported, each with the binding that the primary key made.
///
/// The back-signature of such a subkey cannot be checked, so it counts as unbound, and would not be kept; but then its
/// signatures would be of an unknown signer, which sends people to look for a certificate that they have.
fn unsupported_subkeys(packets: &[Packet]) -> Vec<Packet> {
    let Some(Packet::PublicKey(primary)) = packets.first() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut current: Option<&Key<PublicParts, SubordinateRole>> = None;
    for packet in packets {
        match (packet, current) {
            (Packet::PublicSubkey(subkey), _) => current = Some(subkey),
            (Packet::Signature(binding), Some(subkey)) => {
                if !is_supported(subkey.role_as_unspecified())
                    && binds(binding, primary, subkey).is_ok()
                {
                    found.push(Packet::from(subkey.clone()));
                    found.push(Packet::from(binding.clone()));
                }
            }
            (Packet::Trust(_) | Packet::Marker(_) | Packet::Padding(_), _) => {}
            _ => current = None,
        }
    }
    found
}

fn is_supported(key: &Key<PublicParts, UnspecifiedRole>) -> bool {
    key.pk_algo().is_supported()
        && match key.mpis() {
            PublicKey::ECDSA { curve, .. } | PublicKey::EdDSA { curve, .. } => curve.is_supported(),
            _ => true,
        }
}

/// Whether `binding` is the primary key's, leaving the back-signature out.
fn binds(
    binding: &Signature,
    primary: &Key<PublicParts, PrimaryRole>,
    subkey: &Key<PublicParts, SubordinateRole>,
) -> openpgp::Result<()> {
    if binding.typ() != SignatureType::SubkeyBinding {
        return Err(openpgp::Error::UnsupportedSignatureType(binding.typ()).into());
    }
    let mut hash = binding
        .hash_algo()
        .context()?
        .for_signature(binding.version());
    binding.hash_subkey_binding(&mut hash, primary, subkey)?;
    binding.verify_digest(primary, hash.into_digest()?)
}

/// The packets of `cert` worth keeping. Sequoia's iterators over self-signatures and revocations give verified ones.
fn kept(cert: &Cert) -> Vec<Packet> {
    let revokers = designated_revokers(cert);
    let designated = |signature: &&Signature| by_one_of(&revokers, signature);
    let mut packets: Vec<Packet> = Vec::new();
    let mut keep = |component: Packet, always: bool, signatures: Vec<Signature>| {
        if always || !signatures.is_empty() {
            packets.push(component);
            packets.extend(signatures.into_iter().map(Packet::from));
        }
    };
    let primary = cert.primary_key();
    let others = primary.other_revocations().filter(designated);
    let signatures = primary
        .self_revocations()
        .chain(primary.self_signatures())
        .chain(others)
        .cloned()
        .collect();
    keep(primary.key().clone().into(), true, signatures);
    for user_id in cert.userids() {
        let others = user_id.other_revocations().filter(designated);
        let signatures = user_id
            .self_revocations()
            .chain(user_id.self_signatures())
            .chain(others)
            .cloned()
            .collect();
        keep(user_id.userid().clone().into(), false, signatures);
    }
    for subkey in cert.keys().subkeys() {
        let others = subkey.other_revocations().filter(designated);
        let signatures = subkey
            .self_revocations()
            .chain(subkey.self_signatures())
            .chain(others)
            .cloned()
            .collect();
        keep(subkey.key().clone().into(), false, signatures);
    }
    packets
}
