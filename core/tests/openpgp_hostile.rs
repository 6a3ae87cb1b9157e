//! Hostile input: arbitrary text and bytes, and mutated valid blocks. Nothing panics, and nothing is ever valid for
//! another payload.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use std::rc::Rc;

use health_crypto_core::openpgp::{Candidate, Certificate, Status, overall, verify};
use openpgp_support::*;
use proptest::prelude::*;
use sequoia_openpgp::armor::Kind;

#[test]
fn deep_nesting_of_embedded_signatures_is_survived() {
    use health_crypto_core::openpgp::MAX_SIGNATURE_PACKET_BYTES;
    // Version 6 signatures have 32-bit subpacket areas, so each may embed another.
    let mut packet: Vec<u8> = Vec::new();
    while packet.len() < MAX_SIGNATURE_PACKET_BYTES / 2 {
        let mut unhashed = vec![0xff];
        unhashed.extend(u32::try_from(packet.len() + 1).unwrap().to_be_bytes());
        unhashed.push(32);
        unhashed.extend(&packet);
        let mut outer = vec![6, 0, 22, 8, 0, 0, 0, 0];
        outer.extend(u32::try_from(unhashed.len()).unwrap().to_be_bytes());
        outer.extend(unhashed);
        outer.extend([0, 0, 0]);
        packet = outer;
    }
    let mut bytes = vec![0xc2, 0xff];
    bytes.extend(u32::try_from(packet.len()).unwrap().to_be_bytes());
    bytes.extend(packet);
    let block = armored_bytes(Kind::Signature, &bytes);
    assert_ne!(word(&block, day(20), &mut Memory::default()), "valid");
    assert!(Certificate::parse(&bytes).is_err());
}

/// One valid block of each form, its signer, and the payload.
fn valid_blocks() -> (Vec<String>, Memory) {
    let cert = signer();
    let detached = detached(vec![sign(builder(), &mut subkey_pair(&cert), &payload())]);
    (vec![good_block(&cert), detached], Memory::of(&[&cert]))
}

thread_local! {
    static VALID: (Vec<String>, Memory) = valid_blocks();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_is_malformed(text in "\\PC{0,200}") {
        prop_assert_eq!(word(&text, day(20), &mut Memory::default()), "malformed");
    }

    #[test]
    fn arbitrary_bytes_are_no_certificate(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Certificate::parse(&bytes).is_err());
    }

    #[test]
    fn arbitrary_packets_in_good_armor_are_not_valid(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
        for kind in [Kind::Signature, Kind::Message] {
            let block = armored_bytes(kind, &bytes);
            prop_assert_ne!(word(&block, day(20), &mut Memory::default()), "valid");
        }
    }

    #[test]
    fn damaged_certificates_are_survived(
        at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 1..4), cut in 0usize..4,
    ) {
        VALID.with(|(blocks, memory)| {
            let bytes = memory.0[0].certificate.to_bytes();
            let at = at.index(bytes.len());
            let damaged: Vec<u8> =
                bytes[..at].iter().chain(&with).chain(bytes[at..].iter().skip(cut)).copied().collect();
            for certificate in Certificate::parse_many(&damaged).unwrap_or_default().into_iter().flatten() {
                certificate.description(day(20));
                let again = Certificate::parse(&certificate.to_bytes()).unwrap();
                prop_assert_eq!(again.key_fingerprints(), certificate.key_fingerprints());
                let keyring = &mut Memory(vec![Candidate { certificate: Rc::new(again), authorized: true }]);
                let other = payload().replace('0', "f");
                prop_assert_ne!(overall(&verify(&other, &blocks[0], day(20), keyring)), Status::Valid);
                word(&blocks[0], day(20), keyring);
            }
            Ok(())
        })?;
    }

    #[test]
    fn damaged_signature_packets_are_survived(
        at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 1..4), cut in 0usize..4,
    ) {
        use sequoia_openpgp::armor::{Reader, ReaderMode};
        VALID.with(|(blocks, memory)| {
            let mut bytes = Vec::new();
            let mut reader = Reader::from_bytes(blocks[1].as_bytes(), ReaderMode::Tolerant(Some(Kind::Signature)));
            std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
            let at = at.index(bytes.len());
            let damaged: Vec<u8> =
                bytes[..at].iter().chain(&with).chain(bytes[at..].iter().skip(cut)).copied().collect();
            let block = armored_bytes(Kind::Signature, &damaged);
            let keyring = &mut Memory(memory.0.clone());
            word(&block, day(20), keyring);
            let other = payload().replace('0', "f");
            prop_assert_ne!(overall(&verify(&other, &block, day(20), keyring)), Status::Valid);
            Ok(())
        })?;
    }

    #[test]
    fn a_valid_block_is_valid_for_its_payload_only(other in "[0-9a-f]{128}|\\PC{0,60}") {
        prop_assume!(other.trim_end() != payload());
        VALID.with(|(blocks, memory)| {
            for block in blocks {
                let verdicts = verify(&other, block, day(20), &mut Memory(memory.0.clone()));
                prop_assert_ne!(overall(&verdicts), Status::Valid);
            }
            Ok(())
        })?;
    }

    #[test]
    fn mutated_blocks_never_verify_another_payload(
        form in 0usize..2, at in any::<prop::sample::Index>(), cut in 0usize..40, insert in "[\\PC\\n\\r\\t \u{b}\u{c}\u{1b}-]{0,40}",
    ) {
        VALID.with(|(blocks, memory)| {
            let block: Vec<char> = blocks[form].chars().collect();
            let at = at.index(block.len());
            let mutated: String =
                block[..at].iter().copied().chain(insert.chars()).chain(block[at..].iter().skip(cut).copied()).collect();
            let other = payload().replace('0', "f");
            let verdicts = verify(&other, &mutated, day(20), &mut Memory(memory.0.clone()));
            prop_assert_ne!(overall(&verdicts), Status::Valid);
            // For its own payload it may stay valid only while the signed text in it is the payload.
            let own = verify(&payload(), &mutated, day(20), &mut Memory(memory.0.clone()));
            if overall(&own) == Status::Valid && form == 0 {
                prop_assert!(mutated.contains(&payload()));
            }
            Ok(())
        })?;
    }
}
