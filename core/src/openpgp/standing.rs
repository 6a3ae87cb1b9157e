//! The standing of a signing key and its certificate at the time a signature was made.

use std::time::SystemTime;

use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::cert::amalgamation::key::{
    ErasedKeyAmalgamation, PrimaryKey, SubordinateKeyAmalgamation,
};
use sequoia_openpgp::cert::amalgamation::{ValidAmalgamation, ValidateAmalgamation};
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::policy::Policy;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Error, KeyHandle};

use super::Status;
use super::policy::judged;

/// Judges whether `key` could sign at `signed`, in this order: revocation, binding, life, flag.
///
/// Revocation comes first because a revoked key has often expired as well, and that is the lesser news.
///
/// # Errors
/// Status and sentence of the first thing that does not hold.
pub(super) fn at_signing(
    policy: &dyn Policy,
    key: &ErasedKeyAmalgamation<'_, PublicParts>,
    signed: SystemTime,
) -> Result<(), (Status, &'static str)> {
    let cert = key.cert();
    // Sequoia lets hard revocations (compromise, or no reason given) count at any time; soft ones from their own time.
    if revoked(cert, &cert.revocation_status(policy, signed)) {
        return Err((Status::Revoked, "the certificate is revoked"));
    }
    let subkey: Option<SubordinateKeyAmalgamation<'_, PublicParts>> = key.clone().try_into().ok();
    if subkey.is_some_and(|subkey| revoked(cert, &subkey.revocation_status(policy, signed))) {
        return Err((Status::Revoked, "the signing key is revoked"));
    }
    let valid = match key.with_policy(policy, signed) {
        Ok(valid) => valid,
        Err(error) => return Err(unbound(key, signed, error.downcast_ref::<Error>())),
    };
    if let Err(error) = valid.valid_cert().alive().and_then(|()| valid.alive()) {
        return Err(judged(error.downcast_ref::<Error>()).unwrap_or((
            Status::Expired,
            "the key or certificate was not alive when the signature was made",
        )));
    }
    if !valid.for_signing() {
        return Err((Status::Unauthorized, "the key lacks the signing flag"));
    }
    Ok(())
}

/// Why `key` has no binding at `signed`: refused by policy, or bound only later, or never.
fn unbound(
    key: &ErasedKeyAmalgamation<'_, PublicParts>,
    signed: SystemTime,
    error: Option<&Error>,
) -> (Status, &'static str) {
    if let Some(judged) = judged(error) {
        return judged;
    }
    let later = |signature: &Signature| {
        signature
            .signature_creation_time()
            .is_some_and(|made| made > signed)
    };
    // These iterators give verified signatures only: for a signing subkey, with a verified back-signature.
    let cert = key.cert();
    let bound_later = if key.primary() {
        cert.primary_key().self_signatures().any(later)
            || cert
                .userids()
                .any(|user_id| user_id.self_signatures().any(later))
    } else {
        key.self_signatures().any(later)
    };
    if bound_later {
        (
            Status::NotYetValid,
            "the key was bound to its certificate only after the signature was made",
        )
    } else {
        (
            Status::UnknownSigner,
            "the key is not bound to the certificate that holds it",
        )
    }
}

/// Whether `status` is a revocation by the certificate itself, or one that names as its issuer a revoker whom the
/// certificate designates (RFC 9580 section 5.2.3.23).
///
/// The cryptography of a designated revoker's signature is not checked, for his certificate may not be here; to err
/// on this side costs a verdict, and only who may import certificates could bring in a forged one.
pub(super) fn revoked(cert: &Cert, status: &RevocationStatus<'_>) -> bool {
    match status {
        RevocationStatus::Revoked(_) => true,
        RevocationStatus::CouldBe(revocations) => {
            let revokers = designated_revokers(cert);
            revocations
                .iter()
                .any(|revocation| by_one_of(&revokers, revocation))
        }
        RevocationStatus::NotAsFarAsWeKnow => false,
    }
}

/// The revokers whom `cert` designates in any self-signature, however weak its hash: losing a revocation is the worse
/// error.
pub(super) fn designated_revokers(cert: &Cert) -> Vec<KeyHandle> {
    let by_user_ids = cert
        .userids()
        .flat_map(|user_id| user_id.self_signatures().collect::<Vec<_>>());
    let primary = cert.primary_key();
    let signatures = primary.self_signatures().chain(by_user_ids);
    signatures
        .flat_map(|signature| signature.revocation_keys())
        .map(|revoker| KeyHandle::from(revoker.revoker().1))
        .collect()
}

/// Whether `signature` names one of `revokers` as its issuer.
pub(super) fn by_one_of(revokers: &[KeyHandle], signature: &Signature) -> bool {
    !revokers.is_empty()
        && signature
            .get_issuers()
            .iter()
            .any(|issuer| revokers.iter().any(|revoker| issuer.aliases(revoker)))
}
