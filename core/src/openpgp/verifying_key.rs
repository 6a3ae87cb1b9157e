//! Keys as OpenSSL has them, for verifying many signatures by one key.
//!
//! Sequoia's OpenSSL backend makes the key anew for each signature, and remembers each good signature for the life of the
//! process: time and memory that whoever verifies a million distinct ones pays for nothing. So for the keys that people
//! have (RSA, Ed25519, the NIST curves) the same OpenSSL is called directly, with a key made once. All that is asked here
//! is whether numbers fit each other. What they mean, and whether the algorithm may be used, Sequoia's policy has said
//! before or says after.

use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::md::{Md, MdRef};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use openssl::sign::Verifier;
use sequoia_openpgp::crypto::mpi;
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::types::{Curve, HashAlgorithm};

/// A public key that OpenSSL can verify by.
pub(super) enum VerifyingKey {
    Rsa { key: PKey<Public>, octets: usize },
    Ed25519(PKey<Public>),
    Ecdsa(EcKey<Public>),
}

impl VerifyingKey {
    /// `None` for other kinds of keys, and for one that OpenSSL does not take.
    pub(super) fn of(key: &Key<PublicParts, UnspecifiedRole>) -> Option<VerifyingKey> {
        match key.mpis() {
            mpi::PublicKey::RSA { e, n } => {
                let key = Rsa::from_public_components(number(n)?, number(e)?).ok()?;
                Some(VerifyingKey::Rsa {
                    octets: usize::try_from(key.size()).ok()?,
                    key: PKey::from_rsa(key).ok()?,
                })
            }
            mpi::PublicKey::Ed25519 { a } => ed25519(a),
            mpi::PublicKey::EdDSA {
                curve: Curve::Ed25519,
                q,
            } => ed25519(q.value().strip_prefix(&[0x40])?),
            mpi::PublicKey::ECDSA { curve, q } => {
                let group = EcGroup::from_curve_name(match curve {
                    Curve::NistP256 => Nid::X9_62_PRIME256V1,
                    Curve::NistP384 => Nid::SECP384R1,
                    Curve::NistP521 => Nid::SECP521R1,
                    _ => return None,
                })
                .ok()?;
                let mut context = openssl::bn::BigNumContext::new().ok()?;
                let point = EcPoint::from_bytes(&group, q.value(), &mut context).ok()?;
                let key = EcKey::from_public_key(&group, &point).ok()?;
                key.check_key().ok()?;
                Some(VerifyingKey::Ecdsa(key))
            }
            _ => None,
        }
    }

    /// Whether a signature is this key's over a digest. `false` also if it cannot be told here: Sequoia is then asked, which
    /// has the words for why.
    pub(super) fn made(
        &self,
        signature: &mpi::Signature,
        hash: HashAlgorithm,
        digest: &[u8],
    ) -> bool {
        let outcome = match (self, signature) {
            (VerifyingKey::Rsa { key, octets }, mpi::Signature::RSA { s }) => {
                rsa(key, *octets, s, hash, digest)
            }
            (VerifyingKey::Ed25519(key), mpi::Signature::Ed25519 { s }) => {
                eddsa(key, s.as_slice(), digest)
            }
            (VerifyingKey::Ed25519(key), mpi::Signature::EdDSA { r, s }) => {
                let halves = (r.value_padded(32), s.value_padded(32));
                match halves {
                    (Ok(r), Ok(s)) => eddsa(key, &[r, s].concat(), digest),
                    _ => None,
                }
            }
            (VerifyingKey::Ecdsa(key), mpi::Signature::ECDSA { r, s }) => ecdsa(key, r, s, digest),
            _ => None,
        };
        outcome == Some(true)
    }
}

fn number(value: &mpi::MPI) -> Option<BigNum> {
    BigNum::from_slice(value.value()).ok()
}

fn ed25519(public: &[u8]) -> Option<VerifyingKey> {
    let key = PKey::public_key_from_raw_bytes(public, Id::ED25519).ok()?;
    Some(VerifyingKey::Ed25519(key))
}

/// PKCS#1 version 1.5 (RFC 9580 section 5.2.3.1).
fn rsa(
    key: &PKey<Public>,
    octets: usize,
    signature: &mpi::MPI,
    hash: HashAlgorithm,
    digest: &[u8],
) -> Option<bool> {
    let hash: &MdRef = match hash {
        HashAlgorithm::SHA256 => Md::sha256(),
        HashAlgorithm::SHA384 => Md::sha384(),
        HashAlgorithm::SHA512 => Md::sha512(),
        _ => return None,
    };
    let signature = signature.value_padded(octets).ok()?;
    let mut context = PkeyCtx::new(key).ok()?;
    context.verify_init().ok()?;
    context.set_rsa_padding(Padding::PKCS1).ok()?;
    context.set_signature_md(hash).ok()?;
    context.verify(digest, &signature).ok()
}

fn eddsa(key: &PKey<Public>, signature: &[u8], digest: &[u8]) -> Option<bool> {
    let mut verifier = Verifier::new_without_digest(key).ok()?;
    verifier.verify_oneshot(signature, digest).ok()
}

fn ecdsa(key: &EcKey<Public>, r: &mpi::MPI, s: &mpi::MPI, digest: &[u8]) -> Option<bool> {
    let signature = EcdsaSig::from_private_components(number(r)?, number(s)?).ok()?;
    signature.verify(digest, key).ok()
}
