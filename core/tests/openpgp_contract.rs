//! Every line of the validity contract, refused for that reason alone. Signers are made with Sequoia.

// A test fails by panicking, in its helpers too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod openpgp_support;

use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::cert::prelude::*;
use openpgp::packet::key::{Key4, PrimaryRole, SubordinateRole};
use openpgp::packet::one_pass_sig::OnePassSig3;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::signature::subpacket::{Subpacket, SubpacketTag, SubpacketValue};
use openpgp::packet::{Key, Literal, Marker, OnePassSig, Packet, Signature, Tag, Unknown, UserID};
use openpgp::serialize::SerializeInto;
use openpgp::types::{
    Curve, DataFormat, HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType,
};

fn sign_as(cert: &Cert, builder: SignatureBuilder) -> String {
    cleartext(
        &payload(),
        vec![sign(builder, &mut subkey_pair(cert), &payload())],
    )
}

fn judged(cert: &Cert, builder: SignatureBuilder) -> &'static str {
    word(&sign_as(cert, builder), day(20), &mut Memory::of(&[cert]))
}

fn on(days: i64) -> SignatureBuilder {
    builder().set_signature_creation_time(day(days)).unwrap()
}

/// A builder with one critical subpacket more, in the signed area or the other.
fn subpacket(builder: SignatureBuilder, value: SubpacketValue, hashed: bool) -> SignatureBuilder {
    builder
        .modify_hashed_area(|mut area| {
            if hashed {
                area.add(Subpacket::new(value.clone(), true)?)?;
            }
            Ok(area)
        })
        .unwrap()
        .modify_unhashed_area(|mut area| {
            if !hashed {
                area.add(Subpacket::new(value, true)?)?;
            }
            Ok(area)
        })
        .unwrap()
}

#[test]
fn a_good_signature_is_valid_and_names_its_signer() {
    let cert = signer();
    let verdicts = verdicts(&good_block(&cert), day(20), &mut Memory::of(&[&cert]));
    assert_eq!(verdicts.len(), 1);
    let verdict = &verdicts[0];
    assert_eq!(verdict.status.words(), "valid", "{}", verdict.detail);
    assert_eq!(
        verdict.signer.as_ref().unwrap().to_string(),
        cert.fingerprint().to_hex()
    );
    let subkey = cert.keys().subkeys().next().unwrap().key().fingerprint();
    assert_eq!(
        verdict.signing_key.as_ref().unwrap().to_string(),
        subkey.to_hex()
    );
    assert_eq!(
        verdict.signer_name.as_deref(),
        Some("Cordara Cameron <cordara@example.org>")
    );
    assert_eq!(verdict.signed_at, Some(day(10)));
}

#[test]
fn every_form_is_accepted() {
    let cert = signer();
    let text = payload();
    let mut pair = subkey_pair(&cert);
    let keyring = &mut Memory::of(&[&cert]);
    let binary = || {
        SignatureBuilder::new(SignatureType::Binary)
            .set_signature_creation_time(day(10))
            .unwrap()
    };
    let with_newline = format!("{text}\n");
    for (name, block) in [
        ("cleartext", good_block(&cert)),
        ("cleartext, CRLF", good_block(&cert).replace('\n', "\r\n")),
        (
            "cleartext, no final line ending",
            good_block(&cert).trim_end().to_string(),
        ),
        (
            "cleartext, binary type",
            cleartext(&text, vec![sign(binary(), &mut pair, &text)]),
        ),
        (
            "detached text",
            detached(vec![sign(builder(), &mut pair, &text)]),
        ),
        (
            "detached binary",
            detached(vec![sign(binary(), &mut pair, &text)]),
        ),
        (
            "detached, echo",
            detached(vec![sign(binary(), &mut pair, &with_newline)]),
        ),
        ("inline", inline(&cert, &text, |_| {})),
        ("inline, echo", inline(&cert, &with_newline, |_| {})),
    ] {
        assert_eq!(word(&block, day(20), keyring), "valid", "{name}\n{block}");
    }
    // A detached text signature made over a file with one line feed hashes CRLF.
    let echoed = detached(vec![sign(builder(), &mut pair, &format!("{text}\r\n"))]);
    assert_eq!(word(&echoed, day(20), keyring), "valid");
}

#[test]
fn wrong_payloads() {
    let cert = signer();
    let keyring = &mut Memory::of(&[&cert]);
    let mut pair = subkey_pair(&cert);
    let other = payload().replace('0', "f");
    let over_other = sign(builder(), &mut pair, &other);
    for (name, block, expected) in [
        (
            "good, other text",
            cleartext(&other, vec![over_other.clone()]),
            "wrong_subject",
        ),
        (
            "body swapped for the payload",
            cleartext(&payload(), vec![over_other.clone()]),
            "bad",
        ),
        (
            "edited text",
            good_block(&cert).replacen("0123", "0124", 1),
            "bad",
        ),
        (
            "line added to the text",
            good_block(&cert).replacen("\n\n", "\n\nx\n", 1),
            "bad",
        ),
        (
            "detached over other text",
            detached(vec![over_other]),
            "bad",
        ),
        (
            "inline over other text",
            inline(&cert, &other, |_| {}),
            "wrong_subject",
        ),
        (
            "payload and one more",
            cleartext(
                &format!("{}\n{other}", payload()),
                vec![sign(
                    builder(),
                    &mut pair,
                    &format!("{}\r\n{other}", payload()),
                )],
            ),
            "wrong_subject",
        ),
        (
            "two final line feeds",
            cleartext(
                &format!("{}\n\n", payload()),
                vec![sign(
                    builder(),
                    &mut pair,
                    &format!("{}\r\n\r\n", payload()),
                )],
            ),
            "wrong_subject",
        ),
    ] {
        assert_eq!(word(&block, day(20), keyring), expected, "{name}");
    }
}

#[test]
fn the_signature_packet() {
    let cert = signer();
    let unknown = |tag| SubpacketValue::Unknown {
        tag,
        body: vec![1, 2, 3],
    };
    let primary = cert.primary_key().key().fingerprint();
    let subkey = cert.keys().subkeys().next().unwrap().key().fingerprint();
    let of_type = |kind| {
        SignatureBuilder::new(kind)
            .set_signature_creation_time(day(10))
            .unwrap()
    };
    for (name, builder, expected) in [
        ("future", on(21), "not_yet_valid"),
        ("second of judging", on(20), "valid"),
        (
            "alive",
            on(10).set_signature_validity_period(DAY * 11).unwrap(),
            "valid",
        ),
        (
            "expired",
            on(10).set_signature_validity_period(DAY * 9).unwrap(),
            "expired",
        ),
        (
            "SHA-1",
            builder().set_hash_algo(HashAlgorithm::SHA1),
            "weak",
        ),
        (
            "key id only",
            builder().set_issuer(subkey.clone().into()).unwrap(),
            "unknown_signer",
        ),
        (
            "other key's fingerprint",
            builder().set_issuer_fingerprint(primary.clone()).unwrap(),
            "bad",
        ),
        (
            "two fingerprints",
            subpacket(
                builder().set_issuer_fingerprint(subkey.clone()).unwrap(),
                SubpacketValue::IssuerFingerprint(primary.clone()),
                false,
            ),
            "malformed",
        ),
        (
            "another key id",
            builder()
                .set_issuer_fingerprint(subkey.clone())
                .unwrap()
                .set_issuer(primary.clone().into())
                .unwrap(),
            "malformed",
        ),
        (
            "critical unknown subpacket",
            subpacket(builder(), unknown(SubpacketTag::Unknown(99)), true),
            "malformed",
        ),
        (
            "critical private subpacket",
            subpacket(builder(), unknown(SubpacketTag::Private(101)), true),
            "malformed",
        ),
        (
            "critical unknown subpacket, unsigned",
            subpacket(builder(), unknown(SubpacketTag::Unknown(99)), false),
            "malformed",
        ),
        (
            "critical notation",
            builder()
                .set_notation("a@example.org", b"1", None, true)
                .unwrap(),
            "malformed",
        ),
        (
            "notation",
            builder()
                .set_notation("a@example.org", b"1", None, false)
                .unwrap(),
            "valid",
        ),
        (
            "standalone type",
            of_type(SignatureType::Standalone),
            "malformed",
        ),
        (
            "timestamp type",
            of_type(SignatureType::Timestamp),
            "malformed",
        ),
        (
            "certification type",
            of_type(SignatureType::GenericCertification),
            "malformed",
        ),
        (
            "key revocation type",
            of_type(SignatureType::KeyRevocation),
            "malformed",
        ),
    ] {
        let block = if matches!(builder.typ(), SignatureType::Text) {
            sign_as(&cert, builder)
        } else {
            let hash = HashAlgorithm::SHA512.context().unwrap().for_signature(4);
            cleartext(
                &payload(),
                vec![
                    builder
                        .sign_hash(&mut subkey_pair(&cert), with(hash))
                        .unwrap(),
                ],
            )
        };
        assert_eq!(
            word(&block, day(20), &mut Memory::of(&[&cert])),
            expected,
            "{name}"
        );
    }

    fn with(mut hash: openpgp::crypto::hash::Context) -> openpgp::crypto::hash::Context {
        hash.update(payload().as_bytes());
        hash
    }
}

#[test]
fn version_3_signatures_are_weak() {
    use openpgp::packet::signature::Signature3;
    let cert = signer();
    let modern = sign(builder(), &mut subkey_pair(&cert), &payload());
    let old = Signature3::new(
        SignatureType::Text,
        day(10).try_into().unwrap(),
        cert.keyid(),
        modern.pk_algo(),
        HashAlgorithm::SHA512,
        *modern.digest_prefix(),
        modern.mpis().clone(),
    );
    let block = cleartext(&payload(), vec![Signature::from(old)]);
    assert_eq!(word(&block, day(20), &mut Memory::of(&[&cert])), "weak");
}

#[test]
fn several_signatures_must_all_be_valid() {
    let (one, two) = (signer(), signer());
    let good = |cert: &Cert| sign(builder(), &mut subkey_pair(cert), &payload());
    let bad = sign(builder(), &mut subkey_pair(&two), "another text");
    let keyring = &mut Memory::of(&[&one, &two]);
    let words = |block: &str, keyring: &mut Memory| -> Vec<&'static str> {
        verdicts(block, day(20), keyring)
            .iter()
            .map(|verdict| verdict.status.words())
            .collect()
    };
    let both = cleartext(&payload(), vec![good(&one), good(&two)]);
    assert_eq!(words(&both, keyring), ["valid", "valid"]);
    assert_eq!(word(&both, day(20), keyring), "valid");
    assert_eq!(
        words(&both, &mut Memory::of(&[&one])),
        ["valid", "unknown_signer"]
    );
    let spoilt = cleartext(&payload(), vec![good(&one), bad]);
    assert_eq!(words(&spoilt, keyring), ["valid", "bad"]);
    assert_eq!(word(&spoilt, day(20), keyring), "bad");
    let sixteen = cleartext(&payload(), vec![good(&one); 16]);
    assert_eq!(words(&sixteen, keyring).len(), 16);
    let seventeen = cleartext(&payload(), vec![good(&one); 17]);
    assert_eq!(words(&seventeen, keyring), ["malformed"]);
}

#[test]
fn the_keyring_decides_who_may_sign() {
    let (cert, other) = (signer(), signer());
    let block = good_block(&cert);
    assert_eq!(
        word(&block, day(20), &mut Memory::default()),
        "unknown_signer"
    );
    assert_eq!(
        word(&block, day(20), &mut Memory::of(&[&other])),
        "unknown_signer"
    );
    let mut refusing = Memory(vec![candidate(&cert, false)]);
    assert_eq!(word(&block, day(20), &mut refusing), "unauthorized");
    // Unauthorized is said only when all else holds.
    assert_eq!(
        word(&block.replacen("0123", "0124", 1), day(20), &mut refusing),
        "bad"
    );
    assert_eq!(word(&block, day(9), &mut refusing), "not_yet_valid");

    // A keyring that answers with a certificate without the key changes nothing.
    struct Anything(openpgp::Cert);
    impl health_crypto_core::openpgp::Keyring for Anything {
        fn candidates(
            &mut self,
            _: &health_crypto_core::openpgp::Fingerprint,
        ) -> Vec<health_crypto_core::openpgp::Candidate> {
            vec![candidate(&self.0, true)]
        }
    }
    let verdicts =
        health_crypto_core::openpgp::verify(&payload(), &block, day(20), &mut Anything(other));
    assert_eq!(verdicts[0].status.words(), "unknown_signer");
}

fn revoke_certificate(cert: Cert, reason: ReasonForRevocation, days: i64) -> Cert {
    let revocation = CertRevocationBuilder::new()
        .set_signature_creation_time(day(days))
        .unwrap()
        .set_reason_for_revocation(reason, b"")
        .unwrap()
        .build(&mut primary_pair(&cert), &cert, None)
        .unwrap();
    cert.insert_packets(Some(Packet::from(revocation)))
        .unwrap()
        .0
}

fn revoke_subkey(cert: Cert, reason: ReasonForRevocation, days: i64) -> Cert {
    let subkey = cert.keys().subkeys().next().unwrap().key().clone();
    let revocation = SubkeyRevocationBuilder::new()
        .set_signature_creation_time(day(days))
        .unwrap()
        .set_reason_for_revocation(reason, b"")
        .unwrap()
        .build(
            &mut primary_pair(&cert),
            &cert,
            &subkey.role_into_subordinate(),
            None,
        )
        .unwrap();
    cert.insert_packets(Some(Packet::from(revocation)))
        .unwrap()
        .0
}

#[test]
fn revocations() {
    use ReasonForRevocation::{KeyCompromised, KeyRetired, KeySuperseded, Unspecified};
    // The signature is made on day 10 and judged on day 20.
    for (reason, days, expected) in [
        (KeyRetired, 5, "revoked"),
        (KeyRetired, 15, "valid"),
        (KeySuperseded, 15, "valid"),
        (KeyCompromised, 5, "revoked"),
        (KeyCompromised, 15, "revoked"),
        (KeyCompromised, 100, "revoked"),
        (Unspecified, 15, "revoked"),
    ] {
        let certificate = revoke_certificate(signer(), reason, days);
        assert_eq!(
            judged(&certificate, builder()),
            expected,
            "certificate, {reason:?} on day {days}"
        );
        let subkey = revoke_subkey(signer(), reason, days);
        assert_eq!(
            judged(&subkey, builder()),
            expected,
            "subkey, {reason:?} on day {days}"
        );
    }
}

#[test]
fn a_designated_revoker_can_revoke() {
    let (revoker, stranger) = (signer(), signer());
    let designation = openpgp::types::RevocationKey::new(
        revoker.primary_key().key().pk_algo(),
        revoker.fingerprint(),
        false,
    );
    let cert = cert_builder()
        .set_revocation_keys(vec![designation])
        .add_signing_subkey()
        .generate()
        .unwrap()
        .0;
    let revoke = |by: &Cert| {
        let revocation = CertRevocationBuilder::new()
            .set_signature_creation_time(day(15))
            .unwrap()
            .set_reason_for_revocation(ReasonForRevocation::KeyCompromised, b"")
            .unwrap()
            .build(&mut primary_pair(by), &cert, None)
            .unwrap();
        cert.clone()
            .insert_packets(Some(Packet::from(revocation)))
            .unwrap()
            .0
    };
    assert_eq!(judged(&cert, builder()), "valid");
    assert_eq!(judged(&revoke(&revoker), builder()), "revoked");
    assert_eq!(judged(&revoke(&stranger), builder()), "valid");
}

#[test]
fn life_of_keys() {
    let expiring = |days: u32| {
        cert_builder()
            .set_validity_period(DAY * days)
            .add_signing_subkey()
            .generate()
            .unwrap()
            .0
    };
    assert_eq!(
        judged(&expiring(5), builder()),
        "expired",
        "certificate expired before signing"
    );
    assert_eq!(
        judged(&expiring(15), builder()),
        "valid",
        "certificate expired after signing"
    );
    let expiring = |days: u32| {
        let cert = cert_builder().add_subkey(KeyFlags::empty().set_signing(), DAY * days, None);
        cert.generate().unwrap().0
    };
    assert_eq!(
        judged(&expiring(5), builder()),
        "expired",
        "subkey expired before signing"
    );
    assert_eq!(
        judged(&expiring(15), builder()),
        "valid",
        "subkey expired after signing"
    );
    assert_eq!(
        judged(&signer(), on(-5)),
        "not_yet_valid",
        "made before the key"
    );
    let tampered = sign_as(&signer(), on(-5)).replacen("0123", "0124", 1);
    let cert = signer();
    let tampered_own = sign_as(&cert, on(-5)).replacen("0123", "0124", 1);
    assert_eq!(
        word(&tampered, day(20), &mut Memory::of(&[&cert])),
        "unknown_signer"
    );
    assert_eq!(
        word(&tampered_own, day(20), &mut Memory::of(&[&cert])),
        "bad",
        "made before the key, and bad"
    );
}

/// A certificate whose subkey is bound as told: flags, back-signature, time of binding.
fn bound(flags: KeyFlags, back_signature: bool, days: i64) -> Cert {
    let cert = cert_builder().generate().unwrap().0;
    let subkey: Key<_, SubordinateRole> = Key4::generate_ecc(true, Curve::Ed25519).unwrap().into();
    let subkey = recreated(subkey, 0);
    let mut pair = subkey.clone().into_keypair().unwrap();
    let mut binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
        .set_signature_creation_time(day(days))
        .unwrap()
        .set_key_flags(flags)
        .unwrap();
    if back_signature {
        let back = SignatureBuilder::new(SignatureType::PrimaryKeyBinding)
            .set_signature_creation_time(day(days))
            .unwrap()
            .sign_primary_key_binding(&mut pair, cert.primary_key().key(), &subkey)
            .unwrap();
        binding = binding.set_embedded_signature(back).unwrap();
    }
    let binding = binding
        .sign_subkey_binding(&mut primary_pair(&cert), cert.primary_key().key(), &subkey)
        .unwrap();
    cert.insert_packets(vec![Packet::from(subkey), binding.into()])
        .unwrap()
        .0
}

fn recreated<R: openpgp::packet::key::KeyRole>(
    mut key: Key<openpgp::packet::key::SecretParts, R>,
    days: i64,
) -> Key<openpgp::packet::key::SecretParts, R> {
    key.set_creation_time(day(days)).unwrap();
    key
}

#[test]
fn bindings_and_flags() {
    let signing = || KeyFlags::empty().set_signing();
    // A subkey without a back-signature is not kept in the keyring at all, so the signer stays unknown.
    for (name, cert, expected) in [
        ("bound", bound(signing(), true, 0), "valid"),
        (
            "no back-signature",
            bound(signing(), false, 0),
            "unknown_signer",
        ),
        ("bound later", bound(signing(), true, 15), "not_yet_valid"),
        (
            "no signing flag",
            bound(KeyFlags::empty().set_authentication(), false, 0),
            "unauthorized",
        ),
        (
            "no flags",
            bound(KeyFlags::empty(), false, 0),
            "unauthorized",
        ),
    ] {
        assert_eq!(judged(&cert, builder()), expected, "{name}");
    }
    let cert = signer();
    let by_primary = cleartext(
        &payload(),
        vec![sign(builder(), &mut primary_pair(&cert), &payload())],
    );
    assert_eq!(
        word(&by_primary, day(20), &mut Memory::of(&[&cert])),
        "unauthorized",
        "primary that only certifies"
    );
}

#[test]
fn a_stolen_subkey_stays_its_owners() {
    // A thief binds the victim's signing subkey to his own certificate: he cannot make the back-signature.
    let (victim, thief) = (signer(), signer());
    let subkey = victim.keys().subkeys().next().unwrap().key().clone();
    let binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
        .set_signature_creation_time(day(0))
        .unwrap()
        .set_key_flags(KeyFlags::empty().set_signing())
        .unwrap()
        .sign_subkey_binding(
            &mut primary_pair(&thief),
            thief.primary_key().key(),
            &subkey.clone().role_into_subordinate(),
        )
        .unwrap();
    let thief = thief
        .insert_packets(vec![
            Packet::from(subkey.role_into_subordinate().parts_into_public()),
            binding.into(),
        ])
        .unwrap()
        .0;
    let block = good_block(&victim);
    assert_eq!(
        word(&block, day(20), &mut Memory::of(&[&thief])),
        "unknown_signer"
    );
    let both = verdicts(&block, day(20), &mut Memory::of(&[&thief, &victim]));
    assert_eq!(both[0].status.words(), "valid");
    assert_eq!(
        both[0].signer.as_ref().unwrap().to_string(),
        victim.fingerprint().to_hex()
    );
}

#[test]
fn weak_keys() {
    let key: Key<_, PrimaryRole> = Key4::generate_rsa(1024).unwrap().into();
    let key = recreated(key, 0);
    let mut pair = key.clone().into_keypair().unwrap();
    let user_id = UserID::from("weak");
    let binding = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_signature_creation_time(day(0))
        .unwrap()
        .set_key_flags(KeyFlags::empty().set_signing().set_certification())
        .unwrap()
        .sign_userid_binding(&mut pair, key.parts_as_public(), &user_id)
        .unwrap();
    let cert =
        Cert::from_packets(vec![Packet::from(key), user_id.into(), binding.into()].into_iter())
            .unwrap();
    let block = cleartext(&payload(), vec![sign(builder(), &mut pair, &payload())]);
    assert_eq!(word(&block, day(20), &mut Memory::of(&[&cert])), "weak");
}

/// An inline-signed message by `cert` over `text`, its packets changed by `change` before they are armored.
fn inline(cert: &Cert, text: &str, change: impl FnOnce(&mut Vec<Packet>)) -> String {
    let builder = SignatureBuilder::new(SignatureType::Binary)
        .set_signature_creation_time(day(10))
        .unwrap();
    let signature = sign(builder, &mut subkey_pair(cert), text);
    let mut packets = vec![one_pass(&signature, true), literal(text), signature.into()];
    change(&mut packets);
    armored(Kind::Message, packets)
}

fn one_pass(signature: &Signature, last: bool) -> Packet {
    let mut one_pass: OnePassSig3 = OnePassSig3::try_from(signature).unwrap();
    one_pass.set_last(last);
    OnePassSig::from(one_pass).into()
}

fn literal(text: &str) -> Packet {
    let mut literal = Literal::new(DataFormat::Binary);
    literal.set_body(text.as_bytes().to_vec());
    literal.into()
}

#[test]
fn shapes_of_inline_messages() {
    let cert = signer();
    let keyring = &mut Memory::of(&[&cert]);
    let text = payload();
    type Change = fn(&mut Vec<Packet>);
    let changes: [(&str, Change); 11] = [
        ("literal after (CVE-2025-47934)", |packets| {
            packets.push(literal("evil"))
        }),
        ("literal before", |packets| {
            packets.insert(0, literal("evil"))
        }),
        ("two literals", |packets| packets.insert(1, literal("evil"))),
        ("no one-pass signature", |packets| drop(packets.remove(0))),
        ("no signature", |packets| drop(packets.pop())),
        ("no literal", |packets| drop(packets.remove(1))),
        ("signature twice", |packets| {
            packets.push(packets[2].clone())
        }),
        ("one-pass twice", |packets| {
            packets.insert(0, packets[0].clone())
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
            packets.insert(0, Marker::default().into())
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
    // Two signatures, properly bracketed.
    let two = inline(&cert, &text, |packets| {
        let Packet::Signature(signature) = packets[2].clone() else {
            panic!("a signature")
        };
        packets.insert(0, one_pass(&signature, false));
        packets.push(signature.into());
    });
    assert_eq!(verdicts(&two, day(20), keyring).len(), 2);
    assert_eq!(word(&two, day(20), keyring), "valid");
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
        ("user id", vec![good.clone(), UserID::from("x").into()]),
    ] {
        assert_eq!(
            word(&block(packets), day(20), keyring),
            "malformed",
            "{name}"
        );
    }
}
