//! The validity contract, lines 5 to 10 and 15 to 17: payload, signature packet, keyring. Each case is refused for that
//! reason alone. Signers are made with Sequoia.

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

use openpgp::cert::Cert;
use openpgp::packet::Signature;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::signature::subpacket::{
    NotationData, Subpacket, SubpacketTag, SubpacketValue,
};
use openpgp::types::{HashAlgorithm, KeyFlags, SignatureType};

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
    let notation = || SubpacketValue::NotationData(NotationData::new("a@example.org", b"1", None));
    let uncritical = |builder: SignatureBuilder, value| {
        builder
            .modify_hashed_area(|mut area| {
                area.add(Subpacket::new(value, false)?)?;
                Ok(area)
            })
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
                .set_issuer_fingerprint(subkey)
                .unwrap()
                .set_issuer(primary.into())
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
            "critical notation, unsigned",
            subpacket(builder(), notation(), false),
            "malformed",
        ),
        (
            "unknown subpacket that is not critical",
            uncritical(builder(), unknown(SubpacketTag::Unknown(99))),
            "valid",
        ),
        (
            "critical key flags",
            subpacket(
                builder(),
                SubpacketValue::KeyFlags(KeyFlags::empty().set_signing()),
                true,
            ),
            "valid",
        ),
        (
            "no creation time",
            builder()
                .modify_hashed_area(|mut area| {
                    area.remove_all(SubpacketTag::SignatureCreationTime);
                    Ok(area)
                })
                .unwrap(),
            "malformed",
        ),
    ] {
        let block = sign_as(&cert, builder);
        assert_eq!(
            word(&block, day(20), &mut Memory::of(&[&cert])),
            expected,
            "{name}"
        );
    }
}

/// Every type but binary and text is malformed, however good the cryptography is.
#[test]
fn signature_types() {
    use SignatureType::*;
    let cert = signer();
    for kind in [
        Binary,
        Standalone,
        GenericCertification,
        PersonaCertification,
        CasualCertification,
        PositiveCertification,
        SubkeyBinding,
        PrimaryKeyBinding,
        DirectKey,
        KeyRevocation,
        SubkeyRevocation,
        CertificationRevocation,
        Timestamp,
        Confirmation,
        SignatureType::Unknown(0x77),
    ] {
        let mut hash = HashAlgorithm::SHA512.context().unwrap().for_signature(4);
        hash.update(payload().as_bytes());
        let signature = SignatureBuilder::new(kind)
            .set_signature_creation_time(day(10))
            .unwrap()
            .sign_hash(&mut subkey_pair(&cert), hash)
            .unwrap();
        let expected = if kind == Binary { "valid" } else { "malformed" };
        assert_eq!(
            word(
                &cleartext(&payload(), vec![signature]),
                day(20),
                &mut Memory::of(&[&cert])
            ),
            expected,
            "{kind:?}"
        );
    }
}

/// The issuer is asked for by fingerprint. One who is not named is nobody, and a name does not make a signature.
#[test]
fn issuers() {
    let (cert, other) = (signer(), signer());
    let subkey = cert.keys().subkeys().next().unwrap().key().fingerprint();
    let keyring = &mut Memory::of(&[&cert, &other]);
    // The issuer outside of the signed area, and then taken away: cryptographically as good as before.
    let outside = subpacket(
        builder(),
        SubpacketValue::IssuerFingerprint(subkey.clone()),
        false,
    );
    let mut signature = sign(outside, &mut subkey_pair(&cert), &payload());
    let named = cleartext(&payload(), vec![signature.clone()]);
    assert_eq!(word(&named, day(20), keyring), "valid");
    signature
        .unhashed_area_mut()
        .remove_all(SubpacketTag::IssuerFingerprint);
    assert!(signature.get_issuers().is_empty());
    let nameless = cleartext(&payload(), vec![signature]);
    assert_eq!(
        word(&nameless, day(20), keyring),
        "unknown_signer",
        "no issuer"
    );
    // Another key's signature in this signer's name.
    let forged = builder().set_issuer_fingerprint(subkey).unwrap();
    let forged = cleartext(
        &payload(),
        vec![sign(forged, &mut subkey_pair(&other), &payload())],
    );
    assert_eq!(word(&forged, day(20), keyring), "bad", "other key");
}

#[test]
fn a_signature_counts_once() {
    let cert = signer();
    let keyring = &mut Memory::of(&[&cert]);
    let good = sign(builder(), &mut subkey_pair(&cert), &payload());
    let again = sign(on(11), &mut subkey_pair(&cert), &payload());
    let mut dressed = good.clone();
    dressed
        .unhashed_area_mut()
        .add(
            Subpacket::new(
                SubpacketValue::Unknown {
                    tag: SubpacketTag::Unknown(99),
                    body: vec![1],
                },
                false,
            )
            .unwrap(),
        )
        .unwrap();
    for (name, signatures, expected) in [
        ("one", vec![good.clone()], "valid"),
        (
            "two by one signer",
            vec![good.clone(), again.clone()],
            "valid",
        ),
        (
            "twice the same",
            vec![good.clone(), good.clone()],
            "malformed",
        ),
        (
            "again, with one between",
            vec![good.clone(), again, good.clone()],
            "malformed",
        ),
        (
            "the same, dressed up outside of what is signed",
            vec![good, dressed],
            "malformed",
        ),
    ] {
        for block in [
            cleartext(&payload(), signatures.clone()),
            detached(signatures),
        ] {
            assert_eq!(word(&block, day(20), keyring), expected, "{name}");
        }
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
    let many = |count: i64| {
        let times = (0..count).map(|number| on(number % 19));
        let pair = &mut subkey_pair(&one);
        let signatures = times.map(|builder| sign(builder, pair, &payload()));
        cleartext(&payload(), signatures.collect())
    };
    assert_eq!(words(&many(16), keyring), ["valid"; 16]);
    assert_eq!(words(&many(17), keyring), ["malformed"]);
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
