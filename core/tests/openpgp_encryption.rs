//! Encrypted messages without gpg: recipients of every kind, the form for each, what is refused, what must look alike.

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
use std::rc::Rc;
use std::time::SystemTime;

use health_crypto_core::openpgp::Certificate;
use health_crypto_core::openpgp::encryption::*;
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::Profile;
use openpgp::cert::{Cert, CertBuilder, CipherSuite};
use openpgp::crypto::{Password, S2K};
use openpgp::packet::prelude::*;
use openpgp::parse::Parse;
use openpgp::serialize::stream::{Encryptor, LiteralWriter, Message as Stream, Recipient};
use openpgp::serialize::{Serialize, SerializeInto};
use openpgp::types::{
    AEADAlgorithm, CompressionAlgorithm, Features, KeyFlags, ReasonForRevocation,
    SymmetricAlgorithm,
};

/// A sealed prescription's text would do as well; it has characters of several bytes and line ends of both kinds.
const TEXT: &str = "Amoxicilina 500 mg ÷ día – 7 días\r\ncon comida\n";

fn recipient(builder: CertBuilder<'static>) -> Cert {
    builder
        .set_creation_time(day(0))
        .add_userid("Aurora Vidal <aurora@example.org>")
        .add_transport_encryption_subkey()
        .add_signing_subkey()
        .generate()
        .unwrap()
        .0
}

/// Of version 4, reading what GnuPG 2.2 reads; or of version 6, reading AEAD too.
fn builder(profile: Profile) -> CertBuilder<'static> {
    let features = Features::empty().set_seipdv1();
    let features = if profile == Profile::RFC9580 {
        features.set_seipdv2()
    } else {
        features
    };
    CertBuilder::new()
        .set_profile(profile)
        .unwrap()
        .set_features(features)
        .unwrap()
}

fn of(suite: CipherSuite, profile: Profile) -> Cert {
    recipient(builder(profile).set_cipher_suite(suite))
}

fn v4() -> Cert {
    of(CipherSuite::Cv25519, Profile::RFC4880)
}

fn v6() -> Cert {
    of(CipherSuite::Cv25519, Profile::RFC9580)
}

fn secret(cert: &Cert) -> SecretKey {
    SecretKey::parse(&armored_secret(cert)).unwrap()
}

fn armored_secret(cert: &Cert) -> String {
    String::from_utf8(cert.as_tsk().armored().to_vec().unwrap()).unwrap()
}

fn public(certs: &[&Cert]) -> Vec<Rc<Certificate>> {
    certs
        .iter()
        .map(|cert| Rc::new(certificate(cert)))
        .collect()
}

fn to(certs: &[&Cert], text: &str) -> Encrypted {
    encrypt(text.as_bytes(), &public(certs), "", day(10)).unwrap()
}

fn text_of(message: &str, cert: &Cert) -> Result<String, Undecryptable> {
    let message = Message::read(message).map_err(|_| Undecryptable)?;
    decrypt_with_secret_key(&message, &mut secret(cert).unlock("")).and_then(Contents::into_text)
}

fn packets(message: &str) -> Vec<Packet> {
    let pile = openpgp::PacketPile::from_bytes(message).unwrap();
    pile.into_children().collect()
}

/// The version of the encrypted data packet.
fn version(message: &str) -> u8 {
    match packets(message).pop() {
        Some(Packet::SEIP(packet)) => packet.version(),
        other => panic!("{other:?}"),
    }
}

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
        let policy = &openpgp::policy::StandardPolicy::at(day(10));
        let keys = cert
            .keys()
            .with_policy(policy, day(10))
            .for_transport_encryption()
            .map(Recipient::from);
        let mut sink = Vec::new();
        let stream = openpgp::serialize::stream::Armorer::new(Stream::new(&mut sink))
            .build()
            .unwrap();
        let stream = Encryptor::for_recipients(stream, keys).build().unwrap();
        let stream = openpgp::serialize::stream::padding::Padder::new(stream).build();
        let mut stream = LiteralWriter::new(stream.unwrap()).build().unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream.finalize().unwrap();
        let message = String::from_utf8(sink).unwrap();
        assert_eq!(text_of(&message, &cert), Ok(text));
    }
}

/// A message to `cert` with these bytes inside its encryption, whatever they are.
fn around(cert: &Cert, inside: &[u8]) -> String {
    let policy = &openpgp::policy::StandardPolicy::at(day(10));
    let keys = cert
        .keys()
        .with_policy(policy, day(10))
        .for_transport_encryption()
        .map(Recipient::from);
    let mut sink = Vec::new();
    let stream = openpgp::serialize::stream::Armorer::new(Stream::new(&mut sink))
        .build()
        .unwrap();
    let mut stream = Encryptor::for_recipients(stream, keys).build().unwrap();
    stream.write_all(inside).unwrap();
    stream.finalize().unwrap();
    String::from_utf8(sink).unwrap()
}

fn literal(text: &[u8]) -> Vec<u8> {
    let mut literal = Literal::new(openpgp::types::DataFormat::Binary);
    literal.set_body(text.to_vec());
    Packet::from(literal).to_vec().unwrap()
}

fn compressed(algorithm: CompressionAlgorithm, bytes: &[u8]) -> Vec<u8> {
    let mut packet = CompressedData::new(algorithm);
    packet.set_body(Body::Unprocessed(bytes.to_vec()));
    Packet::from(packet).to_vec().unwrap()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_may_be_inside() {
    let cert = v4();
    let one = literal(TEXT.as_bytes());
    let zip = |inside: &[u8]| compressed(CompressionAlgorithm::Zip, &deflated(inside));
    for (name, inside) in [
        ("a literal", one.clone()),
        ("compressed", zip(&one)),
        ("a marker before", [b"\xca\x03PGP", one.as_slice()].concat()),
    ] {
        assert_eq!(
            text_of(&around(&cert, &inside), &cert).as_deref(),
            Ok(TEXT),
            "{name}"
        );
    }
    let bomb = zip(&literal(&vec![0; MAX_PLAINTEXT_BYTES + 1]));
    assert!(bomb.len() < 20_000);
    let nested = zip(&bomb);
    for (name, inside) in [
        ("nothing", Vec::new()),
        ("no packet", b"hello".to_vec()),
        ("two literals", one.repeat(2)),
        ("a marker alone", b"\xca\x03PGP".to_vec()),
        (
            "a marker again and again",
            [b"\xca\x03PGP".repeat(MAX_INNER_PACKETS), one.clone()].concat(),
        ),
        (
            "a literal beside a compressed one",
            [zip(&one), one.clone()].concat(),
        ),
        ("compressed twice", zip(&zip(&one))),
        (
            "a compressed packet that is damaged",
            compressed(CompressionAlgorithm::Zip, b"hello"),
        ),
        ("bzip2", compressed(CompressionAlgorithm::BZip2, &one)),
        ("a bomb", bomb),
        ("a bomb in a bomb", nested),
        ("a message in the message", around(&cert, &one).into_bytes()),
        (
            "a user id",
            Packet::from(UserID::from("x")).to_vec().unwrap(),
        ),
        ("not UTF-8", literal(b"\xff")),
        ("NUL", literal(b"a\0b")),
    ] {
        assert_eq!(
            text_of(&around(&cert, &inside), &cert),
            Err(Undecryptable),
            "{name}"
        );
    }
}

#[test]
fn every_failure_is_the_same() {
    for cert in [v4(), v6()] {
        let encrypted = to(&[&cert], TEXT);
        let good = encrypted.message.as_str();
        assert_eq!(text_of(good, &v4()), Err(Undecryptable), "another's key");
        assert_eq!(text_of(good, &v6()), Err(Undecryptable), "another's key");
        let other = to(&[&cert], TEXT);
        let message = Message::read(good).unwrap();
        assert!(decrypt_with_session_key(&message, &other.session_key).is_err());
        for short in ["7:", "8:"]
            .iter()
            .zip([32, 48])
            .map(|(n, l)| format!("{n}{}", "0".repeat(l)))
        {
            let key = SessionKey::parse(&short).unwrap();
            assert!(decrypt_with_session_key(&message, &key).is_err());
        }
        let bytes = packets_bytes(good);
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 0x04;
            let text = armor(&changed);
            assert!(
                text_of(&text, &cert).is_err(),
                "byte {place} of {}",
                bytes.len()
            );
        }
        for place in 0..bytes.len() {
            assert!(
                text_of(&armor(&bytes[..place]), &cert).is_err(),
                "cut at {place}"
            );
        }
        for place in (0..good.trim_end().len()).step_by(7) {
            assert!(
                text_of(&good[..place], &cert).is_err(),
                "text cut at {place}"
            );
        }
        let more = [bytes.as_slice(), &bytes].concat();
        assert!(text_of(&armor(&more), &cert).is_err(), "twice");
    }
}

fn packets_bytes(message: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for packet in packets(message) {
        packet.serialize(&mut bytes).unwrap();
    }
    bytes
}

fn armor(bytes: &[u8]) -> String {
    let mut writer =
        openpgp::armor::Writer::new(Vec::new(), openpgp::armor::Kind::Message).unwrap();
    writer.write_all(bytes).unwrap();
    String::from_utf8(writer.finalize().unwrap()).unwrap()
}

#[test]
fn forms_that_do_not_authenticate_are_refused() {
    let cert = v4();
    let encrypted = to(&[&cert], TEXT).message;
    let mut parts = packets(&encrypted);
    let Some(Packet::SEIP(SEIP::V1(data))) = parts.pop() else {
        panic!()
    };
    let Body::Unprocessed(data) = data.body() else {
        panic!()
    };
    let session_keys: Vec<u8> = parts.iter().flat_map(|p| p.to_vec().unwrap()).collect();
    // The same data as a packet without modification detection (tag 9).
    let mut old = session_keys.clone();
    old.extend([0xC9, 0xFF]);
    old.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
    old.extend(data);
    assert_eq!(
        Message::read(&armor(&old)).err(),
        Some(MessageError::Damaged)
    );
    // Without its last packet, the code itself.
    let mut cut = session_keys;
    cut.extend([0xD2, 0xFF]);
    cut.extend(u32::try_from(data.len() - 21).unwrap().to_be_bytes());
    cut.push(1);
    cut.extend(&data[..data.len() - 22]);
    assert_eq!(text_of(&armor(&cut), &cert), Err(Undecryptable));
}

#[test]
fn texts_that_are_no_message() {
    for text in [
        "",
        "hello",
        "-----BEGIN PGP SIGNATURE-----\n\nZm9v\n-----END PGP SIGNATURE-----\n",
    ] {
        assert_eq!(
            Message::read(text).err(),
            Some(MessageError::NotArmored),
            "{text}"
        );
    }
    let good = to(&[&v4()], TEXT).message;
    assert!(Message::read(&format!("\n  {good}\r\n\n")).is_ok());
    assert!(Message::read(&good.replace('\n', "\r\n")).is_ok());
    for text in [
        format!("{good}x"),
        format!("{good}{good}"),
        armor(&literal(b"x")),
    ] {
        assert_eq!(
            Message::read(&text).err(),
            Some(MessageError::Damaged),
            "{text}"
        );
    }
    let long = format!("{good}{}", "\n".repeat(MAX_MESSAGE_BYTES));
    assert_eq!(Message::read(&long).err(), Some(MessageError::TooLarge));
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

#[test]
fn secret_keys_with_and_without_passphrase() {
    for (profile, expected) in [(Profile::RFC4880, 1), (Profile::RFC9580, 2)] {
        let cert = recipient(builder(profile).set_password(Some("open sesame".into())));
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

/// A message whose encrypted session keys are these, and its data as `encrypted` has it.
fn with_session_keys(encrypted: &Encrypted, session_keys: Vec<PKESK>) -> String {
    let data = packets(&encrypted.message).pop().unwrap();
    let packets = session_keys.into_iter().map(Packet::PKESK);
    armored(openpgp::armor::Kind::Message, packets.chain([data]))
}

fn session_key_of(message: &str) -> PKESK {
    match packets(message).remove(0) {
        Packet::PKESK(packet) => packet,
        other => panic!("{other:?}"),
    }
}

/// Whoever writes a message must not decide how long its reader works: an operation with a secret key, or a pass over the
/// data, for each of 256 packets.
#[test]
fn work_on_a_message_is_bounded() {
    let (cert, other) = (v4(), v4());
    let encrypted = to(&[&cert], TEXT);
    let own = session_key_of(&encrypted.message);
    // Of another's message, naming nobody, so that every key must be tried.
    let PKESK::V3(mut stray) = session_key_of(&to(&[&other], TEXT).message) else {
        panic!()
    };
    stray.set_recipient(None);
    let after = |count: usize, packet: PKESK| {
        let mut session_keys = vec![packet; count];
        session_keys.push(own.clone());
        text_of(&with_session_keys(&encrypted, session_keys), &cert)
    };
    assert_eq!(
        after(MAX_ATTEMPTS - 1, stray.clone().into()).as_deref(),
        Ok(TEXT)
    );
    assert_eq!(after(MAX_ATTEMPTS, stray.into()), Err(Undecryptable));
    // To the right key, well-formed, and the session key of another message.
    let wrong = session_key_of(&to(&[&cert], TEXT).message);
    assert_eq!(
        after(MAX_CANDIDATES - 1, wrong.clone()).as_deref(),
        Ok(TEXT)
    );
    assert_eq!(after(MAX_CANDIDATES, wrong), Err(Undecryptable));
}

/// One transferable secret key with these packets, armored.
fn secret_block(bytes: &[u8]) -> String {
    let mut writer =
        openpgp::armor::Writer::new(Vec::new(), openpgp::armor::Kind::SecretKey).unwrap();
    writer.write_all(bytes).unwrap();
    String::from_utf8(writer.finalize().unwrap()).unwrap()
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
    assert_eq!(error(&literal(b"x")), Some(SecretKeyError::NotASecretKey));
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
