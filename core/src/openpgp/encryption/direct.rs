//! Session keys encrypted by OpenSSL directly, for the keys that people have: RSA, and Curve25519 as GnuPG writes it.
//! Everything else goes through Sequoia, which takes several times as long for a short text.

use openssl::aes::{AesKey, wrap_key};
use openssl::bn::BigNum;
use openssl::derive::Deriver;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sha::{sha256, sha384, sha512};
use sequoia_openpgp::crypto::mem::Protected;
use sequoia_openpgp::crypto::mpi::{self, Ciphertext, MPI};
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::types::{Curve, HashAlgorithm, PublicKeyAlgorithm};

use super::session_key::{SessionKey, is_aes};

/// A key as OpenSSL has it.
pub(super) enum Direct {
    Rsa(Rsa<Public>),
    X25519 {
        key: PKey<Public>,
        hash: HashAlgorithm,
        /// Octets of the key that wraps the session key.
        wrapping: usize,
        /// What the derivation is bound to: curve, algorithms, recipient.
        parameters: Vec<u8>,
    },
}

impl Direct {
    /// `None` for other kinds of keys.
    pub(super) fn of(key: &Key<PublicParts, UnspecifiedRole>) -> Option<Direct> {
        match key.mpis() {
            mpi::PublicKey::RSA { e, n } => {
                let number = |mpi: &MPI| BigNum::from_slice(mpi.value()).ok();
                Rsa::from_public_components(number(n)?, number(e)?)
                    .ok()
                    .map(Direct::Rsa)
            }
            mpi::PublicKey::ECDH {
                curve: curve @ Curve::Cv25519,
                q,
                hash,
                sym,
            } if is_aes(*sym)
                && matches!(
                    hash,
                    HashAlgorithm::SHA256 | HashAlgorithm::SHA384 | HashAlgorithm::SHA512
                ) =>
            {
                // RFC 9580 section 11.5, and 11.2.1 for the octet before the point.
                let point = q.value().strip_prefix(&[0x40])?;
                let identifier = curve.oid();
                let mut parameters = vec![u8::try_from(identifier.len()).ok()?];
                parameters.extend(identifier);
                parameters.push(PublicKeyAlgorithm::ECDH.into());
                parameters.extend([3, 1, u8::from(*hash), u8::from(*sym)]);
                parameters.extend(b"Anonymous Sender    ");
                parameters.extend(key.fingerprint().as_bytes());
                Some(Direct::X25519 {
                    key: PKey::public_key_from_raw_bytes(point, Id::X25519).ok()?,
                    hash: *hash,
                    wrapping: sym.key_size().ok()?,
                    parameters,
                })
            }
            _ => None,
        }
    }

    /// The session key of version 1 data, encrypted: the cipher's octet, the key, and the sum of the key's octets (RFC
    /// 9580 sections 5.1.3 and 5.1.5).
    pub(super) fn encrypted(&self, session_key: &SessionKey) -> Option<Ciphertext> {
        let key = &session_key.key;
        let sum = key
            .iter()
            .fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        let octets = std::iter::once(u8::from(session_key.algorithm))
            .chain(key.iter().copied())
            .chain(sum.to_be_bytes());
        let length = key.len().checked_add(3)?;
        match self {
            Direct::Rsa(rsa) => {
                let mut clear = Protected::new(length);
                clear
                    .iter_mut()
                    .zip(octets)
                    .for_each(|(place, octet)| *place = octet);
                let mut encrypted = vec![0; usize::try_from(rsa.size()).ok()?];
                rsa.public_encrypt(&clear, &mut encrypted, Padding::PKCS1)
                    .ok()?;
                Some(Ciphertext::RSA {
                    c: MPI::new(&encrypted),
                })
            }
            Direct::X25519 {
                key: recipient,
                hash,
                wrapping,
                parameters,
            } => {
                let ephemeral = PKey::generate_x25519().ok()?;
                let mut deriver = Deriver::new(&ephemeral).ok()?;
                deriver.set_peer(recipient).ok()?;
                let shared = Protected::from(deriver.derive_to_vec().ok()?);
                // The hash over the counter 1, the shared secret and the parameters.
                let mut hashed =
                    Protected::new(shared.len().checked_add(parameters.len())?.checked_add(4)?);
                let input = [0, 0, 0, 1].iter().chain(shared.iter()).chain(parameters);
                hashed
                    .iter_mut()
                    .zip(input)
                    .for_each(|(place, octet)| *place = *octet);
                let derived = Protected::from(match hash {
                    HashAlgorithm::SHA256 => sha256(&hashed).to_vec(),
                    HashAlgorithm::SHA384 => sha384(&hashed).to_vec(),
                    HashAlgorithm::SHA512 => sha512(&hashed).to_vec(),
                    _ => return None,
                });
                // Padded to a multiple of eight, as PKCS #5 does.
                let padding = 8_usize.checked_sub(length % 8)?;
                let octets =
                    octets.chain(std::iter::repeat_n(u8::try_from(padding).ok()?, padding));
                let mut clear = Protected::new(length.checked_add(padding)?);
                clear
                    .iter_mut()
                    .zip(octets)
                    .for_each(|(place, octet)| *place = octet);
                let wrapper = AesKey::new_encrypt(derived.get(..*wrapping)?).ok()?;
                let mut wrapped = vec![0; clear.len().checked_add(8)?];
                wrap_key(&wrapper, None, &mut wrapped, &clear).ok()?;
                let mut point = vec![0x40];
                point.extend(ephemeral.raw_public_key().ok()?);
                Some(Ciphertext::ECDH {
                    e: MPI::new(&point),
                    key: wrapped.into(),
                })
            }
        }
    }
}
