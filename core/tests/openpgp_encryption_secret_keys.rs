//! Secret keys to decrypt with: with and without a passphrase, and those that are refused.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use health_crypto_core::openpgp::encryption::*;
use openpgp_support::encryption::*;
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::Profile;
use openpgp::crypto::S2K;
use openpgp::packet::prelude::*;
use openpgp::serialize::SerializeInto;
use openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};

#[test]
fn secret_keys_with_and_without_passphrase() {
    for (profile, expected) in [(Profile::RFC4880, 1), (Profile::RFC9580, 2)] {
        let cert = recipient(recipient_builder(profile).set_password(Some("open sesame".into())));
        let message = to(&[&cert], TEXT).message;
        assert_eq!(version(&message), expected);
        let message = Message::read(&message).unwrap();
        let key = secret(&cert);
        let text = |passphrase| {
            decrypt_with_secret_key(&message, &mut key.unlock(passphrase))
                .and_then(Contents::into_text)
        };
        assert_eq!(text("open sesame").as_deref(), Ok(TEXT));
        assert_eq!(text("open barley"), Err(Undecryptable));
        assert_eq!(text(""), Err(Undecryptable));
    }
    let cert = v4();
    let good = armored_secret(&cert);
    let error = |text: &str| SecretKey::parse(text).err();
    assert_eq!(error(""), Some(SecretKeyError::Malformed));
    assert_eq!(
        error(&good[..good.len() / 2]),
        Some(SecretKeyError::Malformed)
    );
    assert_eq!(error(&good.repeat(2)), Some(SecretKeyError::Malformed));
    let public = String::from_utf8(cert.armored().to_vec().unwrap()).unwrap();
    assert_eq!(error(&public), Some(SecretKeyError::Malformed));
    let disguised = public.replace("PUBLIC KEY", "PRIVATE KEY");
    assert_eq!(error(&disguised), Some(SecretKeyError::NotASecretKey));
    let long = format!("{good}{}", "\n".repeat(2 << 20));
    assert_eq!(error(&long), Some(SecretKeyError::TooLarge));
}

/// One transferable secret key with these packets, armored.
fn secret_block(bytes: &[u8]) -> String {
    armored_bytes(openpgp::armor::Kind::SecretKey, bytes)
}

/// An RSA secret key with a modulus of that many octets, all ones. Nobody tries it.
fn rsa_secret(octets: u16) -> Vec<u8> {
    let number = |octets: u16| {
        let mut number = (octets * 8).to_be_bytes().to_vec();
        number.resize(2 + usize::from(octets), 0xFF);
        number
    };
    let secret: Vec<u8> = (0..4).flat_map(|_| number(octets / 2)).collect();
    let sum = secret
        .iter()
        .fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    let mut body = vec![4, 0, 0, 0, 0, 1];
    body.extend(number(octets));
    body.extend([0, 17, 1, 0, 1, 0]);
    body.extend(secret);
    body.extend(sum.to_be_bytes());
    let mut packet = vec![0xC5, 0xFF];
    packet.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    packet.extend(body);
    packet
}

#[test]
fn secret_keys_that_are_none_or_too_much() {
    let error = |bytes: &[u8]| SecretKey::parse(&secret_block(bytes)).err();
    assert_eq!(error(&rsa_secret(1024)), None, "8192 bits");
    assert_eq!(error(&rsa_secret(1025)), Some(SecretKeyError::TooCostly));
    let key = v4().as_tsk().to_vec().unwrap();
    assert_eq!(error(&key), None);
    assert_eq!(
        error(&key.repeat(2)),
        Some(SecretKeyError::NotASecretKey),
        "two"
    );
    let markers = b"\xca\x03PGP".repeat(3000);
    assert_eq!(
        error(&[key.clone(), markers].concat()),
        Some(SecretKeyError::NotASecretKey),
        "too many packets"
    );
    assert_eq!(
        error(&[b"\xca\x03PGP", key.as_slice()].concat()),
        Some(SecretKeyError::NotASecretKey),
        "something else first"
    );
    assert_eq!(
        error(&literal_bytes(b"x")),
        Some(SecretKeyError::NotASecretKey)
    );
    // One whose numbers fit no modulus is a key like any that does not open the message.
    let message = Message::read(&to(&[&v4()], TEXT).message).unwrap();
    let nonsense = SecretKey::parse(&secret_block(&rsa_secret(256))).unwrap();
    let opened = decrypt_with_secret_key(&message, &mut nonsense.unlock(""));
    assert_eq!(opened.err(), Some(Undecryptable));
}

#[test]
fn a_secret_key_that_asks_for_gigabytes_is_refused() {
    let cert = v6();
    let mut packets: Vec<Packet> = Vec::new();
    for packet in cert.as_tsk().into_packets() {
        packets.push(match packet {
            Packet::SecretSubkey(key) => {
                let (key, mut material) = key.take_secret();
                let s2k = S2K::Argon2 {
                    salt: [0; 16],
                    t: 1,
                    p: 1,
                    m: 30,
                };
                let SecretKeyMaterial::Unencrypted(plain) = &mut material else {
                    panic!()
                };
                // What is encrypted does not matter, for it must not be tried.
                let _ = plain;
                let encrypted = key::Encrypted::new_aead(
                    s2k,
                    SymmetricAlgorithm::AES256,
                    AEADAlgorithm::OCB,
                    vec![0; 15].into(),
                    vec![0; 48].into(),
                );
                key.add_secret(encrypted.into()).0.into()
            }
            other => other,
        });
    }
    let text = armored(openpgp::armor::Kind::SecretKey, packets);
    assert_eq!(
        SecretKey::parse(&text).err(),
        Some(SecretKeyError::TooCostly)
    );
}
