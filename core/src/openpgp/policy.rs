//! The policy by which signatures and keys are judged, and Sequoia's errors in our words.

use std::time::{Duration, SystemTime};

use sequoia_openpgp::Error;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::signature::subpacket::{SubpacketTag, SubpacketValue};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::PublicKeyAlgorithm;

use super::Status;

/// Sequoia's standard policy as of `at`; nothing is added to what it accepts.
///
/// `at` is the time of judging, never the signature's own: whoever forges a signature writes its time, and a SHA-1
/// signature that says 2010 may have been made today.
pub(super) fn standard(at: SystemTime) -> StandardPolicy<'static> {
    StandardPolicy::at(at)
}

/// `at` moved into what OpenPGP can say: seconds since 1970 in 32 bits (RFC 9580 section 3.5).
pub(super) fn representable(at: SystemTime) -> SystemTime {
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(u32::MAX));
    at.clamp(SystemTime::UNIX_EPOCH, last)
}

/// Why a key could not be used, as a status and sentence; `None` if the error says something else.
pub(super) fn judged(error: Option<&Error>) -> Option<(Status, &'static str)> {
    match error? {
        Error::PolicyViolation(..) | Error::NoAcceptableHash => Some((
            Status::Weak,
            "the policy refuses an algorithm, hash or size that the certificate uses",
        )),
        Error::Expired(_) => Some((
            Status::Expired,
            "the key or certificate had expired when the signature was made",
        )),
        Error::NotYetLive(_) => Some((
            Status::NotYetValid,
            "the key or certificate was not yet valid when the signature was made",
        )),
        error if is_unsupported(Some(error)) => Some((
            Status::Weak,
            "the certificate uses an algorithm that is not supported",
        )),
        _ => None,
    }
}

/// Whether an operation failed because the algorithm is not there, rather than because the result was wrong.
pub(super) fn is_unsupported(error: Option<&Error>) -> bool {
    matches!(
        error,
        Some(
            Error::UnsupportedHashAlgorithm(_)
                | Error::UnsupportedPublicKeyAlgorithm(_)
                | Error::UnsupportedEllipticCurve(_)
        )
    )
}

/// Whether a version 6 key or signature is of the old form of Ed25519, which may not be used there (RFC 9580
/// section 9.2.1). Sequoia takes it.
pub(super) fn is_forbidden(version: u8, algorithm: PublicKeyAlgorithm) -> bool {
    version == 6 && algorithm == PublicKeyAlgorithm::EdDSA
}

/// Whether every critical subpacket of `signature` is one whose meaning is known here (RFC 9580 section 5.2.3.7).
///
/// Both areas count, though only the hashed one is signed: what is marked critical and not understood is refused
/// wherever it stands. No notation is understood, so a critical one is refused.
pub(super) fn understands(signature: &Signature) -> bool {
    signature
        .hashed_area()
        .iter()
        .chain(signature.unhashed_area().iter())
        .filter(|sub| sub.critical())
        .all(|sub| {
            let parsed = !matches!(sub.value(), SubpacketValue::Unknown { .. });
            parsed
                && match sub.tag() {
                SubpacketTag::SignatureCreationTime
                | SubpacketTag::SignatureExpirationTime
                | SubpacketTag::ExportableCertification
                | SubpacketTag::Revocable
                | SubpacketTag::PreferredSymmetricAlgorithms
                | SubpacketTag::PreferredHashAlgorithms
                | SubpacketTag::PreferredCompressionAlgorithms
                | SubpacketTag::PreferredAEADCiphersuites
                | SubpacketTag::PreferredKeyServer
                | SubpacketTag::KeyServerPreferences
                | SubpacketTag::Features
                | SubpacketTag::Issuer
                | SubpacketTag::IssuerFingerprint
                | SubpacketTag::PolicyURI
                | SubpacketTag::SignersUserID
                | SubpacketTag::IntendedRecipient
                // They speak of keys and certifications, and say nothing in a signature over a document.
                | SubpacketTag::KeyFlags
                | SubpacketTag::KeyExpirationTime
                | SubpacketTag::PrimaryUserID
                | SubpacketTag::TrustSignature
                | SubpacketTag::RegularExpression
                | SubpacketTag::RevocationKey
                | SubpacketTag::ReasonForRevocation
                | SubpacketTag::EmbeddedSignature => true,
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_outside_openpgp_are_moved_into_it() {
        let day = Duration::from_secs(86_400);
        assert_eq!(
            representable(SystemTime::UNIX_EPOCH - day),
            SystemTime::UNIX_EPOCH
        );
        let last = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(u32::MAX));
        assert_eq!(representable(last + day), last);
        assert_eq!(
            representable(SystemTime::UNIX_EPOCH + day),
            SystemTime::UNIX_EPOCH + day
        );
    }
}
