//! Certificates: what is refused, what is kept, how they merge and describe themselves.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use health_crypto_core::openpgp::{
    Certificate, CertificateError, MAX_CERTIFICATE_BYTES, MAX_COMPONENTS, MAX_USER_ID_BYTES,
};
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::cert::prelude::*;
use openpgp::packet::user_attribute::{Image, Subpacket};
use openpgp::packet::{Packet, UserAttribute, UserID};
use openpgp::serialize::SerializeInto;
use openpgp::types::{KeyFlags, ReasonForRevocation};

fn public(cert: &Cert) -> Vec<u8> {
    cert.clone().strip_secret_key_material().to_vec().unwrap()
}

fn refusal(input: &[u8]) -> CertificateError {
    Certificate::parse(input).unwrap_err()
}

#[test]
fn reads_armor_and_binary_alike() {
    let cert = signer();
    let binary = Certificate::parse(&public(&cert)).unwrap();
    let armor = cert.armored().to_vec().unwrap();
    for text in [
        armor.clone(),
        [b"\r\n \n".as_slice(), &armor, b"\n\n"].concat(),
    ] {
        let armored = Certificate::parse(&text).unwrap();
        assert_eq!(armored.to_bytes(), binary.to_bytes());
    }
    assert_eq!(
        binary.fingerprint().to_string(),
        cert.fingerprint().to_hex()
    );
    let fingerprints: Vec<String> = binary
        .key_fingerprints()
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected: Vec<String> = cert
        .keys()
        .map(|key| key.key().fingerprint().to_hex())
        .collect();
    assert_eq!(fingerprints, expected);
    assert_eq!(
        Certificate::parse(&binary.to_bytes()).unwrap().to_bytes(),
        binary.to_bytes()
    );
}

#[test]
fn refuses_each_wrong_thing_by_name() {
    let (cert, other) = (signer(), signer());
    let public_key = public(&cert);
    let armor = String::from_utf8(cert.armored().to_vec().unwrap()).unwrap();
    let secret = cert.as_tsk().to_vec().unwrap();
    let secret_armor = cert.as_tsk().armored().to_vec().unwrap();
    let relabelled = String::from_utf8(secret_armor.clone())
        .unwrap()
        .replace("PRIVATE", "PUBLIC");
    let truncated = &public_key[..public_key.len() - 7];
    let subkey_alone: Packet = cert
        .keys()
        .subkeys()
        .next()
        .unwrap()
        .key()
        .clone()
        .role_into_subordinate()
        .into();
    use CertificateError::*;
    for (name, input, expected) in [
        ("secret key, binary", secret.clone(), SecretKey),
        ("secret key, armored", secret_armor.clone(), SecretKey),
        (
            "secret key labelled public",
            relabelled.into_bytes(),
            SecretKey,
        ),
        (
            "secret key after a certificate",
            [public_key.clone(), secret].concat(),
            SecretKey,
        ),
        (
            "secret armor after a certificate",
            [armor.clone().into_bytes(), secret_armor].concat(),
            SecretKey,
        ),
        (
            "two certificates, binary",
            [public_key.clone(), public(&other)].concat(),
            SeveralCertificates,
        ),
        (
            "two certificates, armored",
            [
                cert.armored().to_vec().unwrap(),
                other.armored().to_vec().unwrap(),
            ]
            .concat(),
            SeveralCertificates,
        ),
        (
            "cleartext signature",
            good_block(&cert).into_bytes(),
            NotACertificate,
        ),
        (
            "detached signature",
            detached(vec![sign(builder(), &mut subkey_pair(&cert), "x")]).into_bytes(),
            NotACertificate,
        ),
        (
            "signature labelled public key",
            armored(
                Kind::PublicKey,
                [sign(builder(), &mut subkey_pair(&cert), "x").into()],
            )
            .into_bytes(),
            NotACertificate,
        ),
        (
            "user id alone",
            armored(Kind::PublicKey, [UserID::from("x").into()]).into_bytes(),
            NotACertificate,
        ),
        (
            "subkey alone",
            armored(Kind::PublicKey, [subkey_alone]).into_bytes(),
            NotACertificate,
        ),
        ("nothing", Vec::new(), Malformed),
        ("prose", b"my key is at home".to_vec(), Malformed),
        (
            "armor cut short",
            armor.as_bytes()[..armor.len() / 2].to_vec(),
            Malformed,
        ),
        (
            "text before the armor",
            format!("hello\n{armor}").into_bytes(),
            Malformed,
        ),
        (
            "damaged armor",
            armor.replacen("\n\n", "\n\n!", 1).into_bytes(),
            Malformed,
        ),
        ("not UTF-8", b"-----BEGIN\xff".to_vec(), Malformed),
        ("binary rubbish", vec![0xff; 100], MalformedBinary),
        ("binary cut short", truncated.to_vec(), MalformedBinary),
        (
            "key of version 9",
            b"\xc6\x0a\x09\x00\x00\x00\x00\x16\x00\x00\x00\x00".to_vec(),
            Unsupported,
        ),
        ("too large", vec![0x99; MAX_CERTIFICATE_BYTES + 1], TooLarge),
    ] {
        assert_eq!(refusal(&input), expected, "{name}");
    }
}

#[test]
fn limits() {
    let many = |count: usize| {
        let mut packets = vec![
            signer()
                .strip_secret_key_material()
                .primary_key()
                .key()
                .clone()
                .into(),
        ];
        packets
            .extend((0..count).map(|number| Packet::from(UserID::from(format!("user {number}")))));
        armored(Kind::PublicKey, packets).into_bytes()
    };
    assert!(Certificate::parse(&many(MAX_COMPONENTS - 1)).is_ok());
    assert_eq!(refusal(&many(MAX_COMPONENTS)), CertificateError::TooLarge);
    let cert = CertBuilder::new()
        .add_userid("x".repeat(MAX_USER_ID_BYTES + 1))
        .generate()
        .unwrap()
        .0;
    assert_eq!(refusal(&public(&cert)), CertificateError::TooLarge);
}

#[test]
fn reads_many_and_reports_each() {
    let (one, two) = (signer(), signer());
    let unsupported = b"\xc6\x0a\x09\x00\x00\x00\x00\x16\x00\x00\x00\x00".to_vec();
    let all = Certificate::parse_many(&[public(&one), unsupported, public(&two)].concat()).unwrap();
    let outcome: Vec<Result<String, CertificateError>> = all
        .into_iter()
        .map(|each| each.map(|certificate| certificate.fingerprint().to_string()))
        .collect();
    assert_eq!(
        outcome,
        [
            Ok(one.fingerprint().to_hex()),
            Err(CertificateError::Unsupported),
            Ok(two.fingerprint().to_hex())
        ]
    );
}

#[test]
fn only_what_the_key_itself_says_is_kept() {
    let (cert, stranger) = (signer(), signer());
    let user_id = cert.userids().next().unwrap().userid().clone();
    let foreign = user_id
        .certify(&mut primary_pair(&stranger), &cert, None, None, day(5))
        .unwrap();
    let image = Subpacket::Image(Image::JPEG(vec![1; 1000].into_boxed_slice()));
    let photo = UserAttribute::new(&[image]).unwrap();
    let unbound = stranger
        .keys()
        .subkeys()
        .next()
        .unwrap()
        .key()
        .clone()
        .role_into_subordinate()
        .parts_into_public();
    let crowded = cert
        .clone()
        .insert_packets(vec![
            Packet::from(foreign),
            photo.into(),
            unbound.into(),
            UserID::from("Mallory").into(),
        ])
        .unwrap()
        .0;
    let plain = Certificate::parse(&public(&cert)).unwrap();
    let kept = Certificate::parse(&public(&crowded)).unwrap();
    assert!(public(&crowded).len() > public(&cert).len());
    assert_eq!(kept.to_bytes(), plain.to_bytes());
    assert_eq!(kept.key_fingerprints(), plain.key_fingerprints());
}

#[test]
fn merging_adds_and_never_drops() {
    let cert = signer();
    let primary_only = cert.clone().retain_subkeys(|_| false);
    let without_names = cert.clone().retain_userids(|_| false);
    let revocation = CertRevocationBuilder::new()
        .set_signature_creation_time(day(15))
        .unwrap()
        .set_reason_for_revocation(ReasonForRevocation::KeyCompromised, b"")
        .unwrap()
        .build(&mut primary_pair(&cert), &cert, None)
        .unwrap();
    let revoked = primary_only
        .clone()
        .insert_packets(Some(Packet::from(revocation)))
        .unwrap()
        .0;
    let parts = [&primary_only, &without_names, &revoked];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let [first, second, third] =
            order.map(|index| Certificate::parse(&public(parts[index])).unwrap());
        let merged = first.merge(second).unwrap().merge(third).unwrap();
        let description = merged.description(day(20));
        assert_eq!(merged.key_fingerprints().len(), 3, "{order:?}");
        assert_eq!(
            description.user_ids,
            ["Cordara Cameron <cordara@example.org>"]
        );
        assert!(description.revoked && !description.can_sign && !description.can_encrypt);
    }
    let other = Certificate::parse(&public(&signer())).unwrap();
    let wrong = Certificate::parse(&public(&cert))
        .unwrap()
        .merge(other)
        .unwrap_err();
    assert_eq!(wrong, CertificateError::WrongFingerprint);
}

#[test]
fn describes_itself_as_of_a_time() {
    let cert = cert_builder()
        .set_validity_period(DAY * 30)
        .add_signing_subkey()
        .add_transport_encryption_subkey()
        .generate()
        .unwrap()
        .0;
    let certificate = Certificate::parse(&public(&cert)).unwrap();
    let now = certificate.description(day(10));
    assert_eq!(now.algorithm, "EdDSA");
    assert_eq!(now.user_ids, ["Cordara Cameron <cordara@example.org>"]);
    assert_eq!((now.created, now.expires), (day(0), Some(day(30))));
    assert_eq!(
        (now.revoked, now.can_sign, now.can_encrypt),
        (false, true, true)
    );
    let later = certificate.description(day(31));
    assert_eq!((later.can_sign, later.can_encrypt), (false, false));
    let before = certificate.description(day(-1));
    assert_eq!((before.can_sign, before.can_encrypt), (false, false));

    let no_flags = cert_builder()
        .add_subkey(KeyFlags::empty().set_authentication(), None, None)
        .generate()
        .unwrap()
        .0;
    let description = Certificate::parse(&public(&no_flags))
        .unwrap()
        .description(day(10));
    assert_eq!(
        (description.can_sign, description.can_encrypt),
        (false, false)
    );

    let spoofing = CertBuilder::new()
        .add_userid("Eve\n\u{1b}[2Kvalid")
        .generate()
        .unwrap()
        .0;
    let description = Certificate::parse(&public(&spoofing))
        .unwrap()
        .description(std::time::SystemTime::now());
    assert_eq!(description.user_ids, ["Eve\u{fffd}\u{fffd}[2Kvalid"]);
}
