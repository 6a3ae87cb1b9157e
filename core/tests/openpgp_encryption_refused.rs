//! Encrypted messages that are refused: damaged, of another form, with something else inside, or dear to read. All that
//! goes wrong must look alike.

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

use health_crypto_core::openpgp::encryption::*;
use openpgp_support::encryption::*;
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::cert::Cert;
use openpgp::packet::prelude::*;
use openpgp::serialize::{Serialize, SerializeInto};
use openpgp::types::CompressionAlgorithm;

fn armor(bytes: &[u8]) -> String {
    armored_bytes(openpgp::armor::Kind::Message, bytes)
}

/// A message to `cert` with these bytes inside its encryption, whatever they are.
fn around(cert: &Cert, inside: &[u8]) -> String {
    encrypted_by_sequoia(cert, |mut stream| {
        stream.write_all(inside).unwrap();
        stream.finalize().unwrap();
    })
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
    let one = literal_bytes(TEXT.as_bytes());
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
    let bomb = zip(&literal_bytes(&vec![0; MAX_PLAINTEXT_BYTES + 1]));
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
        ("not UTF-8", literal_bytes(b"\xff")),
        ("NUL", literal_bytes(b"a\0b")),
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
        armor(&literal_bytes(b"x")),
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
