//! Keys made once, for verifying many signatures by one key.
//!
//! Sequoia's OpenSSL backend makes the key anew for each signature, and remembers each good signature for the life of the
//! process: time and memory that whoever verifies a million distinct ones pays for nothing. So for the keys that people
//! have (RSA, the NIST curves) the same OpenSSL is called directly, with a key made once. Ed25519, which GnuPG makes unless
//! told otherwise, takes 150 µs in Debian 12's OpenSSL and 55 in ed25519-dalek, whose strict verification takes less than
//! OpenSSL does: no key or commitment of small order. All that is asked here is whether numbers fit each other. What they
//! mean, and whether the algorithm may be used, Sequoia's policy has said before or says after; what does not fit here is
//! asked of Sequoia.

use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::md::{Md, MdRef};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use sequoia_openpgp::crypto::mpi;
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::types::{Curve, HashAlgorithm};

/// A public key to verify by.
pub(super) enum VerifyingKey {
    Rsa { key: PKey<Public>, octets: usize },
    Ed25519(ed25519_dalek::VerifyingKey),
    Ecdsa(EcKey<Public>),
}

impl VerifyingKey {
    /// `None` for other kinds of keys, and for one that its library does not take.
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
    let key = ed25519_dalek::VerifyingKey::from_bytes(public.try_into().ok()?).ok()?;
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

fn eddsa(key: &ed25519_dalek::VerifyingKey, signature: &[u8], digest: &[u8]) -> Option<bool> {
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    Some(key.verify_strict(digest, &signature).is_ok())
}

fn ecdsa(key: &EcKey<Public>, r: &mpi::MPI, s: &mpi::MPI, digest: &[u8]) -> Option<bool> {
    let signature = EcdsaSig::from_private_components(number(r)?, number(s)?).ok()?;
    signature.verify(digest, key).ok()
}

#[cfg(test)]
mod tests {
    use openssl::pkey::Id;
    use openssl::sign::{Signer, Verifier};
    use proptest::prelude::*;

    use super::*;

    /// What OpenSSL, and so Sequoia, says of an Ed25519 signature.
    fn openssl_accepts(public: &[u8], signature: &[u8], digest: &[u8]) -> bool {
        let Ok(key) = PKey::public_key_from_raw_bytes(public, Id::ED25519) else {
            return false;
        };
        let mut verifier = Verifier::new_without_digest(&key).unwrap();
        verifier.verify_oneshot(signature, digest).unwrap_or(false)
    }

    fn accepts(public: &[u8], signature: &[u8], digest: &[u8]) -> bool {
        let Some(VerifyingKey::Ed25519(key)) = ed25519(public) else {
            return false;
        };
        eddsa(&key, signature, digest) == Some(true)
    }

    proptest! {
        /// A signature made by OpenSSL is accepted, and one with any bit changed, of itself, the key or the digest, is not,
        /// by either.
        #[test]
        fn ed25519_as_openssl(seed: [u8; 32], digest: [u8; 32], bit in 0usize..8 * (64 + 32 + 32)) {
            let secret = PKey::private_key_from_raw_bytes(&seed, Id::ED25519).unwrap();
            let public = secret.raw_public_key().unwrap();
            let signature = Signer::new_without_digest(&secret)
                .unwrap()
                .sign_oneshot_to_vec(&digest)
                .unwrap();
            prop_assert!(accepts(&public, &signature, &digest));
            let mut changed = [&signature[..], &public[..], &digest[..]].concat();
            changed[bit / 8] ^= 1 << (bit % 8);
            let (signature, rest) = changed.split_at(64);
            let (public, digest) = rest.split_at(32);
            prop_assert!(!accepts(public, signature, digest));
            prop_assert!(!openssl_accepts(public, signature, digest));
        }

        /// Nothing that OpenSSL refuses is accepted, made of what attacks are made of: points of small order, their encodings
        /// that are not canonical, and scalars around the group's order.
        #[test]
        fn ed25519_never_more_than_openssl(
            public in 0usize..SPECIAL.len(), point in 0usize..SPECIAL.len(), scalar in 0usize..SCALARS.len(), digest: [u8; 8],
        ) {
            let bytes = |hexadecimal: &str| -> Vec<u8> {
                BigNum::from_hex_str(hexadecimal).unwrap().to_vec_padded(32).unwrap()
            };
            let (public, point) = (bytes(SPECIAL[public]), bytes(SPECIAL[point]));
            let signature = [point, bytes(SCALARS[scalar])].concat();
            prop_assert!(!accepts(&public, &signature, &digest));
        }
    }

    /// Points of order 1, 2, 4 and 8 as they are written, and other writings of the first three (little-endian).
    const SPECIAL: [&str; 11] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC05",
        "26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC85",
        "C7176A703D4DD84FBA3C0B760D10670F2A2053FA2C39CCC64EC7FD7792AC037A",
        "C7176A703D4DD84FBA3C0B760D10670F2A2053FA2C39CCC64EC7FD7792AC03FA",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
        "EDFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
    ];

    /// 0, 1, and the order of the base point less 1, itself and more 1 (little-endian).
    const SCALARS: [&str; 5] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ECD3F55C1A631258D69CF7A2DEF9DE1400000000000000000000000000000010",
        "EDD3F55C1A631258D69CF7A2DEF9DE1400000000000000000000000000000010",
        "EED3F55C1A631258D69CF7A2DEF9DE1400000000000000000000000000000010",
    ];
}
