//! Encrypted messages without gpg: recipients of every kind, the form for each, who may not receive, others' messages.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use std::io::Write;
use std::time::SystemTime;

use health_crypto_core::openpgp::encryption::*;
use openpgp_support::encryption::*;
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::Profile;
use openpgp::cert::{Cert, CertBuilder, CipherSuite};
use openpgp::crypto::{Password, S2K};
use openpgp::packet::prelude::*;
use openpgp::serialize::stream::LiteralWriter;
use openpgp::types::{KeyFlags, ReasonForRevocation, SymmetricAlgorithm};

#[test]
fn every_kind_of_recipient_reads_it_and_so_does_whoever_has_the_session_key() {
    for profile in [Profile::RFC4880, Profile::RFC9580] {
        for suite in [
            CipherSuite::Cv25519,
            CipherSuite::RSA2k,
            CipherSuite::RSA3k,
            CipherSuite::P256,
            CipherSuite::P384,
            CipherSuite::P521,
        ] {
            let cert = of(suite, profile);
            let encrypted = to(&[&cert], TEXT);
            let expected = if profile == Profile::RFC9580 { 2 } else { 1 };
            assert_eq!(
                version(&encrypted.message),
                expected,
                "{suite:?} {profile:?}"
            );
            assert_eq!(
                text_of(&encrypted.message, &cert).as_deref(),
                Ok(TEXT),
                "{suite:?} {profile:?}"
            );
            let message = Message::read(&encrypted.message).unwrap();
            let contents = decrypt_with_session_key(&message, &encrypted.session_key).unwrap();
            assert_eq!(contents.bytes, TEXT.as_bytes());
        }
    }
}

#[test]
fn aead_only_if_every_recipient_reads_it() {
    let (old, new) = (v4(), v6());
    assert_eq!(version(&to(&[&new], TEXT).message), 2);
    let both = to(&[&new, &old], TEXT).message;
    assert_eq!(version(&both), 1);
    assert_eq!(text_of(&both, &new).as_deref(), Ok(TEXT));
    assert_eq!(text_of(&both, &old).as_deref(), Ok(TEXT));
}

#[test]
fn sizes_from_nothing_to_the_limit() {
    for cert in [v4(), v6()] {
        // Around the ends of length encodings and of a chunk.
        for size in [
            0,
            1,
            100,
            150,
            191,
            192,
            8370,
            8384,
            65_529,
            65_536,
            65_537,
            1 << 20,
        ] {
            let text = "x".repeat(size);
            let encrypted = to(&[&cert], &text).message;
            assert_eq!(text_of(&encrypted, &cert), Ok(text), "{size}");
        }
        let most = vec![b'x'; MAX_PLAINTEXT_BYTES];
        let message = encrypt(&most, &public(&[&cert]), "", day(10))
            .unwrap()
            .message;
        assert!(message.len() <= MAX_MESSAGE_BYTES);
        assert_eq!(text_of(&message, &cert).unwrap().len(), most.len());
        let more = vec![b'x'; MAX_PLAINTEXT_BYTES + 1];
        assert_eq!(
            encrypt(&more, &public(&[&cert]), "", day(10)).err(),
            Some(EncryptError::TooLarge)
        );
    }
}

#[test]
fn the_file_name_travels_inside() {
    let cert = v4();
    let encrypted = encrypt(b"x", &public(&[&cert]), "place-4711", day(10)).unwrap();
    assert!(!encrypted.message.contains("4711"));
    let message = Message::read(&encrypted.message).unwrap();
    let contents = decrypt_with_session_key(&message, &encrypted.session_key).unwrap();
    assert_eq!(contents.file_name, b"place-4711");
}

#[test]
fn who_may_not_receive() {
    let good = v4();
    let refused = |cert: &Cert, at: SystemTime| {
        let recipients = public(&[&good, cert]);
        encrypt(b"x", &recipients, "", at).err() == Some(EncryptError::CannotReceive(1))
    };
    let signs_only = CertBuilder::new()
        .set_creation_time(day(0))
        .add_userid("signs")
        .add_signing_subkey()
        .generate()
        .unwrap()
        .0;
    assert!(refused(&signs_only, day(10)));
    let expiring = recipient(CertBuilder::new().set_validity_period(DAY * 20));
    assert!(!refused(&expiring, day(10)));
    assert!(refused(&expiring, day(21)));
    assert_eq!(
        encrypt(b"x", &public(&[&good]), "", day(-10)).err(),
        Some(EncryptError::CannotReceive(0)),
        "not yet valid"
    );
    let revoked = revoked_on(&good, 15);
    assert!(!refused(&revoked, day(10)));
    assert!(refused(&revoked, day(16)));
    let subkey_revoked = subkey_revoked(&good);
    assert!(refused(&subkey_revoked, day(16)));
    let dying_subkey = CertBuilder::new()
        .set_creation_time(day(0))
        .add_userid("dying")
        .add_subkey(KeyFlags::empty().set_transport_encryption(), DAY * 20, None)
        .generate()
        .unwrap()
        .0;
    assert!(!refused(&dying_subkey, day(10)));
    assert!(refused(&dying_subkey, day(21)));
    assert_eq!(
        encrypt(b"x", &[], "", day(10)).err(),
        Some(EncryptError::NoRecipients)
    );
    let many: Vec<_> = (0..=MAX_RECIPIENTS)
        .map(|_| public(&[&good]).remove(0))
        .collect();
    assert_eq!(
        encrypt(b"x", &many, "", day(10)).err(),
        Some(EncryptError::TooManyRecipients)
    );
}

/// Softly, so that it counts from its own day on.
fn revoked_on(cert: &Cert, days: i64) -> Cert {
    let revocation = openpgp::cert::CertRevocationBuilder::new()
        .set_signature_creation_time(day(days))
        .unwrap()
        .set_reason_for_revocation(ReasonForRevocation::KeyRetired, b"")
        .unwrap()
        .build(&mut primary_pair(cert), cert, None)
        .unwrap();
    cert.clone().insert_packets(revocation).unwrap().0
}

fn subkey_revoked(cert: &Cert) -> Cert {
    let subkeys: Vec<_> = cert.keys().subkeys().collect();
    let revocations: Vec<_> = subkeys
        .iter()
        .map(|subkey| {
            openpgp::cert::SubkeyRevocationBuilder::new()
                .set_signature_creation_time(day(15))
                .unwrap()
                .set_reason_for_revocation(ReasonForRevocation::KeyCompromised, b"")
                .unwrap()
                .build(&mut primary_pair(cert), cert, subkey.key(), None)
                .unwrap()
        })
        .collect();
    cert.clone().insert_packets(revocations).unwrap().0
}

#[test]
fn addresses_as_they_stand_there() {
    let cert = CertBuilder::new()
        .set_creation_time(day(0))
        .add_userid("Aurora Vidal <Aurora.Vidal@Example.org>")
        .add_userid("aurora@example.org")
        .add_userid("no address")
        .generate()
        .unwrap()
        .0;
    assert_eq!(
        certificate(&cert).addresses(day(10)),
        ["Aurora.Vidal@Example.org", "aurora@example.org"]
    );
    assert!(certificate(&cert).addresses(day(-10)).is_empty());
}

/// RFC 9580, appendices A.4 and A.8: written by somebody else.
#[test]
fn the_sample_of_rfc_9580() {
    let key = "-----BEGIN PGP PRIVATE KEY BLOCK-----

xUsGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laMAGXKB
exK+cH6NX1hs5hNhIB00TrJmosgv3mg1ditlsLfCsQYfGwoAAABCBYJjh3/jAwsJ
BwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce6
2azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lwgyU2kCcUmKfvBXbAf6rh
RYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaEQsiPlR4zxP/TP7mhfVEe
7XWPxtnMUMtf15OyA51YBMdLBmOHf+MZAAAAIIaTJINn+eUBXbki+PSAld2nhJh/
LVmFsS+60WyvXkQ1AE1gCk95TUR3XFeibg/u/tVY6a//1q0NWC1X+yui3O24wpsG
GBsKAAAALAWCY4d/4wKbDCIhBssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce6
2azJAAAAAAQBIKbpGG2dWTX8j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDE
M0g12vYxoWM8Y81W+bHBw805I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUr
k0mXubZvyl4GBg==
-----END PGP PRIVATE KEY BLOCK-----";
    let message = "-----BEGIN PGP MESSAGE-----

wV0GIQYSyD8ecG9jCP4VGkF3Q6HwM3kOk+mXhIjR2zeNqZMIhRmHzxjV8bU/gXzO
WgBM85PMiVi93AZfJfhK9QmxfdNnZBjeo1VDeVZheQHgaVf7yopqR6W1FT6NOrfS
aQIHAgZhZBZTW+CwcW1g4FKlbExAf56zaw76/prQoN+bAzxpohup69LA7JW/Vp0l
yZnuSj3hcFj0DfqLTGgr4/u717J+sPWbtQBfgMfG9AOIwwrUBqsFE9zW+f1zdlYo
bhF30A+IitsxxA==
-----END PGP MESSAGE-----";
    let key = SecretKey::parse(key).unwrap();
    let message = Message::read(message).unwrap();
    let contents = decrypt_with_secret_key(&message, &mut key.unlock("")).unwrap();
    assert_eq!(contents.into_text().as_deref(), Ok("Hello, world!"));
    let session_key = SessionKey::parse("7:dd708f6fa1ed65114d68d2343e7c2f1d").unwrap();
    let contents = decrypt_with_session_key(&message, &session_key).unwrap();
    assert_eq!(contents.into_text().as_deref(), Ok("Hello, world!"));
}

/// Sequoia's streaming writer cuts a message in another way than ours: partial lengths, chunks of 4 kB.
#[test]
fn messages_of_sequoia() {
    for cert in [v4(), v6()] {
        let text = TEXT.repeat(1000);
        let message = encrypted_by_sequoia(&cert, |stream| {
            let stream = openpgp::serialize::stream::padding::Padder::new(stream).build();
            let mut stream = LiteralWriter::new(stream.unwrap()).build().unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            stream.finalize().unwrap();
        });
        assert_eq!(text_of(&message, &cert), Ok(text));
    }
}

#[test]
fn for_exactly_whom() {
    let (a, b, c) = (v4(), v6(), v4());
    let read = |certs: &[&Cert]| Message::read(&to(certs, TEXT).message).unwrap();
    let is_for = |message: &Message, certs: &[&Cert]| message.is_for_exactly(&public(certs));
    let both = read(&[&a, &b]);
    assert!(is_for(&both, &[&a, &b]) && is_for(&both, &[&b, &a]));
    assert!(!is_for(&both, &[&a]) && !is_for(&both, &[&a, &b, &c]) && !is_for(&both, &[&a, &c]));
    assert!(is_for(&read(&[&b]), &[&b]) && !is_for(&read(&[&b]), &[&a]));
    assert_eq!(both.recipients().len(), 2);
    // Unnamed recipients and passwords are somebody else.
    let hidden = {
        let mut parts = packets(&to(&[&a], TEXT).message);
        let Packet::PKESK(PKESK::V3(packet)) = &mut parts[0] else {
            panic!()
        };
        packet.set_recipient(None);
        armored(openpgp::armor::Kind::Message, parts)
    };
    assert_eq!(text_of(&hidden, &a).as_deref(), Ok(TEXT));
    let hidden = Message::read(&hidden).unwrap();
    assert!(!is_for(&hidden, &[&a]));
    assert_eq!(hidden.recipients(), ["anonymous"]);
    let with_password = {
        let mut parts = packets(&to(&[&a], TEXT).message);
        let key = openpgp::crypto::SessionKey::from(vec![0; 32]);
        let aes = SymmetricAlgorithm::AES256;
        let s2k = S2K::default();
        let packet = SKESK4::with_password(aes, aes, s2k, &key, &Password::from("x")).unwrap();
        parts.insert(0, Packet::SKESK(packet.into()));
        Message::read(&armored(openpgp::armor::Kind::Message, parts)).unwrap()
    };
    assert!(!is_for(&with_password, &[&a]));
    assert!(with_password.recipients().contains(&"password".to_owned()));
}
