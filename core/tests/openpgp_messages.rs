//! The validity contract, line 4: the packets that a block may hold. Each case is made of a good signature by a good
//! key.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::packet::{Marker, Packet, Tag, Unknown, UserID};
use openpgp::serialize::SerializeInto;

#[test]
fn shapes_of_inline_messages() {
    let cert = signer();
    let keyring = &mut Memory::of(&[&cert]);
    let text = payload();
    type Change = fn(&mut Vec<Packet>);
    let changes: [(&str, Change); 11] = [
        ("literal after (CVE-2025-47934)", |packets| {
            packets.push(literal("evil"));
        }),
        ("literal before", |packets| {
            packets.insert(0, literal("evil"));
        }),
        ("two literals", |packets| packets.insert(1, literal("evil"))),
        ("no one-pass signature", |packets| drop(packets.remove(0))),
        ("no signature", |packets| drop(packets.pop())),
        ("no literal", |packets| drop(packets.remove(1))),
        ("signature twice", |packets| {
            packets.push(packets[2].clone());
        }),
        ("one-pass twice", |packets| {
            packets.insert(0, packets[0].clone());
        }),
        ("nested one-pass", |packets| {
            packets.insert(0, packets[0].clone());
            packets.push(packets[3].clone());
        }),
        ("compressed", |packets| {
            // Compression algorithm 0: the packets stand there as they are.
            let mut body = vec![0];
            packets
                .drain(..)
                .for_each(|packet| body.extend(packet.to_vec().unwrap()));
            let reason = openpgp::Error::InvalidOperation("a test".into()).into();
            let mut compressed = Unknown::new(Tag::CompressedData, reason);
            compressed.set_body(body);
            packets.push(compressed.into());
        }),
        ("marker", |packets| {
            packets.insert(0, Marker::default().into());
        }),
    ];
    for (name, change) in changes {
        let expected = "malformed";
        assert_eq!(
            word(&inline(&cert, &text, change), day(20), keyring),
            expected,
            "{name}"
        );
    }
    // Two signatures, properly bracketed; then in the wrong order.
    let second = sign(on_binary(11), &mut subkey_pair(&cert), &text);
    let two = inline(&cert, &text, |packets| {
        packets.insert(0, one_pass(&second, false));
        packets.push(second.clone().into());
    });
    assert_eq!(verdicts(&two, day(20), keyring).len(), 2);
    assert_eq!(word(&two, day(20), keyring), "valid");
    let both_last = inline(&cert, &text, |packets| {
        packets.insert(0, one_pass(&second, true));
        packets.push(second.clone().into());
    });
    assert_eq!(word(&both_last, day(20), keyring), "malformed");
}

fn on_binary(days: i64) -> openpgp::packet::signature::SignatureBuilder {
    openpgp::packet::signature::SignatureBuilder::new(openpgp::types::SignatureType::Binary)
        .set_signature_creation_time(day(days))
        .unwrap()
}

#[test]
fn packets_in_signature_blocks() {
    let cert = signer();
    let keyring = &mut Memory::of(&[&cert]);
    let good: Packet = sign(builder(), &mut subkey_pair(&cert), &payload()).into();
    let block = |packets: Vec<Packet>| {
        format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}\n{}",
            payload(),
            armored(Kind::Signature, packets)
        )
    };
    assert_eq!(word(&block(vec![good.clone()]), day(20), keyring), "valid");
    for (name, packets) in [
        ("nothing", vec![]),
        ("literal after", vec![good.clone(), literal("x")]),
        ("marker", vec![Marker::default().into(), good.clone()]),
        (
            "certificate",
            vec![good.clone(), cert.primary_key().key().clone().into()],
        ),
        ("user id", vec![good, UserID::from("x").into()]),
    ] {
        assert_eq!(
            word(&block(packets), day(20), keyring),
            "malformed",
            "{name}"
        );
    }
}

/// One kind of OpenPGP data offered as another.
#[test]
fn what_is_offered_as_a_signature() {
    let cert = signer();
    let keyring = &mut Memory::of(&[&cert]);
    let text = payload();
    let signature = sign(builder(), &mut subkey_pair(&cert), &text);
    let good: Packet = signature.clone().into();
    let message = |packets: Vec<Packet>| armored(Kind::Message, packets);
    let inside = |packets: Vec<Packet>| armored(Kind::Signature, packets);
    let inline_packets = || vec![one_pass(&signature, true), literal(&text), good.clone()];
    let unknown = |tag: Tag, body: Vec<u8>| {
        let reason = openpgp::Error::InvalidOperation("a test".into()).into();
        let mut packet = Unknown::new(tag, reason);
        packet.set_body(body);
        Packet::from(packet)
    };
    let bytes_of = |packets: Vec<Packet>| -> Vec<u8> {
        packets
            .iter()
            .flat_map(|packet| packet.to_vec().unwrap())
            .collect()
    };
    let certificate = String::from_utf8(cert.armored().to_vec().unwrap()).unwrap();
    let secret = String::from_utf8(cert.as_tsk().armored().to_vec().unwrap()).unwrap();
    let in_cleartext = |armor: &str| {
        format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}\n{armor}")
    };
    let cleartext_block = good_block(&cert);
    let (_, its_signature) = cleartext_block.split_once(&format!("{text}\n")).unwrap();
    let deep = (0..128).fold(bytes_of(inline_packets()), |inner, _| {
        bytes_of(vec![unknown(
            Tag::CompressedData,
            [vec![0], inner].concat(),
        )])
    });
    let deep = unknown(Tag::CompressedData, [vec![0], deep].concat());
    let signed_in_signed = {
        let outer = inline_packets();
        let body = bytes_of(inline_packets());
        let over = sign(
            on_binary(10),
            &mut subkey_pair(&cert),
            &String::from_utf8_lossy(&body),
        );
        vec![
            one_pass(&over, true),
            outer[0].clone(),
            outer[1].clone(),
            outer[2].clone(),
            over.into(),
        ]
    };
    let nested_128 = {
        let mut packets: Vec<Packet> = vec![one_pass(&signature, false); 128];
        packets.push(literal(&text));
        packets.extend(vec![good.clone(); 128]);
        packets
    };
    for (name, block, expected) in [
        // A cleartext signature without its text is a good detached signature of the payload, and of nothing else.
        (
            "the signature of a cleartext block, detached",
            its_signature.to_string(),
            "valid",
        ),
        (
            "a whole message in SIGNATURE armor",
            inside(inline_packets()),
            "malformed",
        ),
        (
            "a literal with the signature",
            inside(vec![literal(&text), good.clone()]),
            "malformed",
        ),
        (
            "a literal after the signature",
            inside(vec![good.clone(), literal("x")]),
            "malformed",
        ),
        (
            "a signature alone in MESSAGE armor",
            message(vec![good.clone()]),
            "malformed",
        ),
        (
            "a cleartext block in SIGNATURE armor",
            inside(vec![literal(&cleartext_block)]),
            "malformed",
        ),
        (
            "a message under a cleartext",
            in_cleartext(&inside(inline_packets())),
            "malformed",
        ),
        (
            "MESSAGE armor under a cleartext",
            in_cleartext(&message(vec![good.clone()])),
            "malformed",
        ),
        ("a certificate", certificate.clone(), "malformed"),
        (
            "a certificate under a cleartext",
            in_cleartext(&certificate),
            "malformed",
        ),
        (
            "a certificate in SIGNATURE armor",
            certificate.replace("PUBLIC KEY BLOCK", "SIGNATURE"),
            "malformed",
        ),
        (
            "a certificate in MESSAGE armor",
            certificate.replace("PUBLIC KEY BLOCK", "MESSAGE"),
            "malformed",
        ),
        ("a secret key", secret.clone(), "malformed"),
        (
            "a secret key in SIGNATURE armor",
            secret.replace("PRIVATE KEY BLOCK", "SIGNATURE"),
            "malformed",
        ),
        (
            "a literal alone",
            message(vec![literal(&text)]),
            "malformed",
        ),
        ("the payload", text.clone(), "malformed"),
        ("nothing", String::new(), "malformed"),
        // Messages as in CVE-2025-47934: the reader shows one text and verifies another.
        ("message", message(inline_packets()), "valid"),
        (
            "two messages",
            message([inline_packets(), inline_packets()].concat()),
            "malformed",
        ),
        (
            "literal, then a message",
            message([vec![literal("evil")], inline_packets()].concat()),
            "malformed",
        ),
        (
            "a message, then a literal",
            message([inline_packets(), vec![literal("evil")]].concat()),
            "malformed",
        ),
        (
            "a compressed literal, then a message",
            message(
                [
                    vec![unknown(
                        Tag::CompressedData,
                        [vec![0], bytes_of(vec![literal("evil")])].concat(),
                    )],
                    inline_packets(),
                ]
                .concat(),
            ),
            "malformed",
        ),
        (
            "a message, then a compressed literal",
            message(
                [
                    inline_packets(),
                    vec![unknown(
                        Tag::CompressedData,
                        [vec![0], bytes_of(vec![literal("evil")])].concat(),
                    )],
                ]
                .concat(),
            ),
            "malformed",
        ),
        (
            "a compressed literal, signed",
            message(vec![
                one_pass(&signature, true),
                unknown(
                    Tag::CompressedData,
                    [vec![0], bytes_of(vec![literal(&text)])].concat(),
                ),
                good.clone(),
            ]),
            "malformed",
        ),
        (
            "signature first, as PGP 2 wrote it",
            message(vec![good.clone(), literal(&text)]),
            "malformed",
        ),
        (
            "signed, and signed again as a whole",
            message(signed_in_signed),
            "malformed",
        ),
        (
            "one-pass signatures 128 deep",
            message(nested_128),
            "malformed",
        ),
        ("compressed 128 deep", message(vec![deep]), "malformed"),
        // Encrypted data: of old and new kind, with and without a session key before it.
        (
            "encrypted",
            message(vec![unknown(Tag::SEIP, [vec![1], vec![7; 60]].concat())]),
            "malformed",
        ),
        (
            "encrypted, without integrity",
            message(vec![unknown(Tag::SED, vec![7; 60])]),
            "malformed",
        ),
        (
            "session key and encrypted",
            message(vec![
                unknown(Tag::SKESK, vec![4, 9, 0, 8]),
                unknown(Tag::SEIP, [vec![1], vec![7; 60]].concat()),
            ]),
            "malformed",
        ),
        (
            "encrypted under a cleartext",
            in_cleartext(&inside(vec![unknown(
                Tag::SEIP,
                [vec![1], vec![7; 60]].concat(),
            )])),
            "malformed",
        ),
        (
            "encrypted after a message",
            message(
                [
                    inline_packets(),
                    vec![unknown(Tag::SEIP, [vec![1], vec![7; 60]].concat())],
                ]
                .concat(),
            ),
            "malformed",
        ),
    ] {
        assert_eq!(
            word(&block, day(20), keyring),
            expected,
            "{name}\n{block:.600}"
        );
        // Whatever is valid for the payload is valid for no other.
        let other = text.replace('0', "f");
        let elsewhere = health_crypto_core::openpgp::verify(&other, &block, day(20), keyring);
        assert_ne!(
            health_crypto_core::openpgp::overall(&elsewhere).words(),
            "valid",
            "{name}"
        );
    }
}
