//! Session keys encrypted without Sequoia, for the keys that people have: RSA, and Curve25519 as GnuPG writes it.
//! Everything else goes through Sequoia, which imports the key and sets up OpenSSL anew for every message, and so takes
//! several times as long for a short text. Why that is worth code of our own, and what keeps it right, is in
//! docs/DESIGN.md, "Encryption by hand".
//!
//! No branch and no index here depends on a secret; what does is in OpenSSL and curve25519-dalek. Every buffer of ours that
//! holds something secret is overwritten when it is dropped.

use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};
use openssl::md::{Md, MdRef};
use openssl::md_ctx::MdCtx;
use openssl::pkey::Public;
use openssl::rsa::{Padding, Rsa};
use sequoia_openpgp::crypto::mem::Protected;
use sequoia_openpgp::crypto::mpi::{self, Ciphertext, MPI};
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::types::{Curve, HashAlgorithm, PublicKeyAlgorithm, SymmetricAlgorithm};

use super::curve25519::{self, POINT_BYTES, Secret};
use super::session_key::SessionKey;

/// A key, ready to be encrypted to.
pub(super) enum Direct {
    Rsa(Rsa<Public>),
    X25519 {
        key: curve25519::Recipient,
        hash: &'static MdRef,
        wrap: &'static CipherRef,
        /// What the derivation is bound to: curve, algorithms, recipient.
        parameters: Vec<u8>,
    },
}

impl Direct {
    /// `None` for other kinds of keys.
    pub(super) fn of(key: &Key<PublicParts, UnspecifiedRole>) -> Option<Direct> {
        match key.mpis() {
            mpi::PublicKey::RSA { e, n } => {
                let number = |mpi: &MPI| openssl::bn::BigNum::from_slice(mpi.value()).ok();
                Rsa::from_public_components(number(n)?, number(e)?)
                    .ok()
                    .map(Direct::Rsa)
            }
            mpi::PublicKey::ECDH {
                curve: curve @ Curve::Cv25519,
                q,
                hash,
                sym,
            } => {
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
                    key: curve25519::Recipient::new(point)?,
                    hash: match hash {
                        HashAlgorithm::SHA256 => Md::sha256(),
                        HashAlgorithm::SHA384 => Md::sha384(),
                        HashAlgorithm::SHA512 => Md::sha512(),
                        _ => return None,
                    },
                    wrap: match sym {
                        SymmetricAlgorithm::AES128 => Cipher::aes_128_wrap(),
                        SymmetricAlgorithm::AES192 => Cipher::aes_192_wrap(),
                        SymmetricAlgorithm::AES256 => Cipher::aes_256_wrap(),
                        _ => return None,
                    },
                    parameters,
                })
            }
            _ => None,
        }
    }

    /// The session key of version 1 data, encrypted.
    pub(super) fn encrypted(&self, session_key: &SessionKey) -> Option<Ciphertext> {
        match self {
            Direct::Rsa(rsa) => {
                let clear = encoded(session_key, 0)?;
                let mut encrypted = vec![0; usize::try_from(rsa.size()).ok()?];
                rsa.public_encrypt(&clear, &mut encrypted, Padding::PKCS1)
                    .ok()?;
                Some(Ciphertext::RSA {
                    c: MPI::new(&encrypted),
                })
            }
            Direct::X25519 {
                key,
                hash,
                wrap,
                parameters,
            } => {
                let mut ephemeral = Secret::default();
                openssl::rand::rand_priv_bytes(&mut *ephemeral).ok()?;
                let mut point = Vec::with_capacity(POINT_BYTES + 1);
                point.push(0x40);
                point.extend(curve25519::public(&ephemeral));
                let shared = key.shared(&ephemeral)?;
                Some(Ciphertext::ECDH {
                    e: MPI::new(&point),
                    key: sealed(session_key, &*shared, hash, wrap, parameters)?.into(),
                })
            }
        }
    }
}

/// The session key, wrapped by what is derived from a shared secret.
fn sealed(
    session_key: &SessionKey,
    shared: &[u8],
    hash: &MdRef,
    wrap: &CipherRef,
    parameters: &[u8],
) -> Option<Vec<u8>> {
    let wrapping = derived(hash, wrap.key_length(), shared, parameters)?;
    wrapped(wrap, &wrapping, &encoded(session_key, 8)?)
}

/// The cipher's octet, the session key, and the sum of its octets (RFC 9580 sections 5.1.3 and 5.1.5), padded to a
/// multiple of `block` as PKCS #5 does, unless that is 0.
fn encoded(session_key: &SessionKey, block: usize) -> Option<Protected> {
    let key = &session_key.key;
    let sum = key
        .iter()
        .fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    let length = key.len().checked_add(3)?;
    let padding = match block {
        0 => 0,
        block => block.checked_sub(length.checked_rem(block)?)?,
    };
    let octets = std::iter::once(u8::from(session_key.algorithm))
        .chain(key.iter().copied())
        .chain(sum.to_be_bytes())
        .chain(std::iter::repeat_n(u8::try_from(padding).ok()?, padding));
    let mut encoded = Protected::new(length.checked_add(padding)?);
    encoded
        .iter_mut()
        .zip(octets)
        .for_each(|(place, octet)| *place = octet);
    Some(encoded)
}

/// The key that wraps the session key (RFC 9580 section 11.5): the first octets of the hash over the counter 1, the shared
/// secret and the parameters.
fn derived(hash: &MdRef, length: usize, shared: &[u8], parameters: &[u8]) -> Option<Protected> {
    let mut context = MdCtx::new().ok()?;
    context.digest_init(hash).ok()?;
    for part in [&[0, 0, 0, 1], shared, parameters] {
        context.digest_update(part).ok()?;
    }
    let mut digest = Protected::new(hash.size());
    context.digest_final(&mut digest).ok()?;
    digest.get(..length).map(Protected::from)
}

/// AES key wrap (RFC 3394) by OpenSSL.
fn wrapped(wrap: &CipherRef, key: &[u8], clear: &[u8]) -> Option<Vec<u8>> {
    const BLOCK_BYTES: usize = 8;
    let mut context = CipherCtx::new().ok()?;
    context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
    context.encrypt_init(Some(wrap), Some(key), None).ok()?;
    let mut wrapped = vec![0; clear.len().checked_add(2 * BLOCK_BYTES)?];
    let length = context.cipher_update(clear, Some(&mut wrapped)).ok()?;
    wrapped.truncate(length);
    (length == clear.len().checked_add(BLOCK_BYTES)?).then_some(wrapped)
}

#[cfg(test)]
mod tests {
    use openssl::derive::Deriver;
    use openssl::pkey::{Id, PKey};
    use proptest::prelude::*;
    use sequoia_openpgp::cert::Cert;
    use sequoia_openpgp::crypto::{Decryptor, KeyPair};
    use sequoia_openpgp::packet::key::{Key4, SecretParts};
    use sequoia_openpgp::packet::pkesk::PKESK3;
    use sequoia_openpgp::packet::{PKESK, Packet};
    use sequoia_openpgp::parse::Parse;

    use super::super::unwrap_rsa::RsaPair;
    use super::*;

    const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/pg_regress/data/");
    const CIPHERS: [(SymmetricAlgorithm, usize); 3] = [
        (SymmetricAlgorithm::AES128, 16),
        (SymmetricAlgorithm::AES192, 24),
        (SymmetricAlgorithm::AES256, 32),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
        let pairs = digits.chunks(2).map(String::from_iter);
        pairs
            .map(|pair| u8::from_str_radix(&pair, 16).unwrap())
            .collect()
    }

    fn pair(key: Key4<SecretParts, UnspecifiedRole>) -> KeyPair {
        Key::from(key).into_keypair().unwrap()
    }

    fn session_key(cipher: usize, seed: &[u8; 32]) -> SessionKey {
        let (algorithm, size) = CIPHERS[cipher];
        SessionKey {
            algorithm,
            key: seed[..size].to_vec().into(),
        }
    }

    /// What a packet of ours holds for this decryptor, by Sequoia's own reading of it.
    fn read(
        ciphertext: &Ciphertext,
        by: &mut dyn Decryptor,
    ) -> Option<(SymmetricAlgorithm, Vec<u8>)> {
        let key = by.public();
        let packet = PKESK3::new(Some(key.keyid()), key.pk_algo(), ciphertext.clone()).unwrap();
        let (algorithm, key) = PKESK::V3(packet).decrypt(by, None)?;
        Some((algorithm.unwrap(), key.to_vec()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the key's hash and cipher are, and the session key's, Sequoia reads what is written here.
        #[test]
        fn sequoia_reads_ours_on_curve25519(
            secret: [u8; 32], seed: [u8; 32], hash in 0..3_usize, wrap in 0..3_usize, cipher in 0..3_usize,
        ) {
            let hash = [HashAlgorithm::SHA256, HashAlgorithm::SHA384, HashAlgorithm::SHA512][hash];
            let key = Key4::import_secret_cv25519(&secret, hash, CIPHERS[wrap].0, None).unwrap();
            let mut pair = pair(key);
            let session_key = session_key(cipher, &seed);
            let ciphertext = Direct::of(pair.public()).unwrap().encrypted(&session_key).unwrap();
            prop_assert_eq!(
                read(&ciphertext, &mut pair),
                Some((session_key.algorithm, session_key.key.to_vec()))
            );
        }
    }

    /// In both directions, by Sequoia and by OpenSSL with the primes; what was changed is refused by both.
    #[test]
    fn rsa_as_sequoia_does_it() {
        for bits in [2048, 3072] {
            let mut pair = pair(Key4::generate_rsa(bits).unwrap());
            let mut ours = RsaPair::of(&pair).unwrap();
            let direct = Direct::of(pair.public()).unwrap();
            for seed in 0..24_u8 {
                let session_key = session_key(usize::from(seed) % 3, &[seed; 32]);
                let expected = Some((session_key.algorithm, session_key.key.to_vec()));
                let written = direct.encrypted(&session_key).unwrap();
                assert_eq!(read(&written, &mut pair), expected, "{bits}");
                assert_eq!(read(&written, &mut ours), expected, "{bits}");
                let theirs = PKESK3::for_recipient(
                    session_key.algorithm,
                    &session_key.key,
                    &pair.public().clone(),
                )
                .unwrap();
                assert_eq!(read(theirs.esk(), &mut ours), expected, "{bits}");
                let Ciphertext::RSA { c } = written else {
                    panic!()
                };
                let mut changed = c.value().to_vec();
                let place = usize::from(seed) * 7 + 1;
                changed[place] ^= 1;
                let changed = Ciphertext::RSA {
                    c: MPI::new(&changed),
                };
                assert_ne!(read(&changed, &mut pair), expected);
                assert_ne!(read(&changed, &mut ours), expected);
            }
        }
        let curve = pair(Key4::import_secret_cv25519(&[7; 32], None, None, None).unwrap());
        assert!(RsaPair::of(&curve).is_none());
    }

    /// RFC 3394, sections 4.1, 4.3 and 4.6.
    #[test]
    fn key_wrap_of_rfc_3394() {
        let key: Vec<u8> = (0..32).collect();
        let data = bytes("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F");
        for (wrap, length, size, expected) in [
            (
                Cipher::aes_128_wrap(),
                16,
                16,
                "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5",
            ),
            (
                Cipher::aes_256_wrap(),
                32,
                16,
                "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7",
            ),
            (
                Cipher::aes_256_wrap(),
                32,
                32,
                "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21",
            ),
        ] {
            assert_eq!(
                wrapped(wrap, &key[..length], &data[..size]).unwrap(),
                bytes(expected)
            );
        }
    }

    /// What GnuPG wrote, octet for octet: with the recipient's secret key the shared secret of its message is known, and
    /// all that follows from that is determined.
    #[test]
    fn the_same_octets_as_gnupg() {
        let file = |name: &str| std::fs::read_to_string(format!("{DATA}{name}")).unwrap();
        let session_key = SessionKey::parse(&file("ward.session-key")).unwrap();
        let pile = sequoia_openpgp::PacketPile::from_bytes(&file("ward.message.asc")).unwrap();
        let Some(Packet::PKESK(PKESK::V3(packet))) = pile.into_children().next() else {
            panic!()
        };
        let Ciphertext::ECDH { e, key: expected } = packet.esk() else {
            panic!()
        };
        let cert = Cert::from_bytes(&file("ward.secret.asc")).unwrap();
        let recipient = packet.recipient().unwrap();
        let key = cert
            .keys()
            .secret()
            .find(|key| recipient.aliases(key.key().key_handle()))
            .unwrap();
        let key = key
            .key()
            .clone()
            .decrypt_secret(&"open sesame".into())
            .unwrap();
        let pair = key.into_keypair().unwrap();
        let Some(Direct::X25519 {
            hash,
            wrap,
            parameters,
            ..
        }) = Direct::of(pair.public())
        else {
            panic!()
        };
        // OpenPGP has the scalar the other way round, without leading zeros.
        let mut secret = pair.secret().map(|secret| match secret {
            mpi::SecretKeyMaterial::ECDH { scalar } => scalar.value().to_vec(),
            other => panic!("{other:?}"),
        });
        secret.reverse();
        secret.resize(POINT_BYTES, 0);
        let secret = PKey::private_key_from_raw_bytes(&secret, Id::X25519).unwrap();
        let ephemeral = PKey::public_key_from_raw_bytes(&e.value()[1..], Id::X25519).unwrap();
        let mut deriver = Deriver::new(&secret).unwrap();
        deriver.set_peer(&ephemeral).unwrap();
        let shared = deriver.derive_to_vec().unwrap();
        let sealed = sealed(&session_key, &shared, hash, wrap, &parameters).unwrap();
        assert_eq!(sealed, expected.to_vec());
    }

    /// Points of small order give a shared secret of zeros to whoever uses them.
    #[test]
    fn a_point_of_small_order_is_refused() {
        let good = Key4::import_secret_cv25519(&[7; 32], None, None, None).unwrap();
        let good: Key<SecretParts, UnspecifiedRole> = good.into();
        let mpi::PublicKey::ECDH {
            curve, hash, sym, ..
        } = good.mpis()
        else {
            panic!()
        };
        for point in [
            "00",
            "01",
            "ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
        ] {
            let mut q = bytes(point);
            q.resize(32, 0);
            q.insert(0, 0x40);
            let (curve, hash, sym) = (curve.clone(), *hash, *sym);
            let mpis = mpi::PublicKey::ECDH {
                curve,
                q: MPI::new(&q),
                hash,
                sym,
            };
            let key: Key4<PublicParts, UnspecifiedRole> = Key4::new(
                std::time::SystemTime::UNIX_EPOCH,
                PublicKeyAlgorithm::ECDH,
                mpis,
            )
            .unwrap();
            let direct = Direct::of(&key.into()).unwrap();
            assert!(
                direct.encrypted(&session_key(2, &[1; 32])).is_none(),
                "{point}"
            );
        }
    }

    #[test]
    fn no_two_alike() {
        let pair = pair(Key4::import_secret_cv25519(&[7; 32], None, None, None).unwrap());
        let direct = Direct::of(pair.public()).unwrap();
        let session_key = session_key(2, &[1; 32]);
        let mut points: Vec<Vec<u8>> = (0..100)
            .map(|_| match direct.encrypted(&session_key).unwrap() {
                Ciphertext::ECDH { e, .. } => e.value().to_vec(),
                other => panic!("{other:?}"),
            })
            .collect();
        points.sort_unstable();
        points.dedup();
        assert_eq!(points.len(), 100);
    }
}
