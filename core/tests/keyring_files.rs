//! Keyring files, and certificates that somebody has blown up: each is reported, and what is kept stays small.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use health_crypto_core::openpgp::{
    Certificate, CertificateError, MAX_CERTIFICATE_SIGNATURES, read_keyring,
};
use openpgp_support::*;
use proptest::prelude::*;
use sequoia_openpgp as openpgp;

use openpgp::cert::Cert;
use openpgp::packet::Packet;
use openpgp::serialize::SerializeInto;

fn public(cert: &Cert) -> Vec<u8> {
    cert.clone().strip_secret_key_material().to_vec().unwrap()
}

fn armor(cert: &Cert) -> Vec<u8> {
    cert.clone()
        .strip_secret_key_material()
        .armored()
        .to_vec()
        .unwrap()
}

/// What each place of a file came to: a fingerprint, or the error and the name to find it by.
fn outcome(file: &[u8]) -> Vec<Result<String, (CertificateError, Option<String>)>> {
    read_keyring(file)
        .unwrap()
        .into_iter()
        .map(|place| match place.certificate {
            Ok(certificate) => Ok(certificate.fingerprint().to_string()),
            Err(error) => Err((error, place.user_id)),
        })
        .collect()
}

#[test]
fn a_secret_key_or_a_bad_certificate_hides_no_other() {
    let (one, two, three) = (signer(), signer(), signer());
    let name = "Cordara Cameron <cordara@example.org>".to_owned();
    let good = |cert: &Cert| Ok(cert.fingerprint().to_hex());
    let secret = Err((CertificateError::SecretKey, None));
    let unsupported = [
        &b"\xc6\x0a\x09\x00\x00\x00\x00\x16\x00\x00\x00\x00\xcd\x04"[..],
        b"name",
    ]
    .concat();
    let unsupported_outcome = Err((CertificateError::Unsupported, Some("name".to_owned())));
    let secret_bytes = two.as_tsk().to_vec().unwrap();
    let binary = [
        public(&one),
        secret_bytes.clone(),
        unsupported.clone(),
        public(&three),
    ]
    .concat();
    assert_eq!(
        outcome(&binary),
        [good(&one), secret, unsupported_outcome, good(&three)]
    );
    // The same in one armored block, as `gpg --armor --export` writes it, and in a block for each.
    let as_text = |label: &str, bytes: &[u8]| {
        let text = String::from_utf8(armor(&one)).unwrap();
        let encoded = encoded(bytes);
        assert!(text.starts_with("-----BEGIN"));
        format!(
            "-----BEGIN PGP {label} KEY BLOCK-----\n\n{encoded}-----END PGP {label} KEY BLOCK-----\n"
        )
    };
    assert_eq!(
        outcome(as_text("PUBLIC", &binary).as_bytes()),
        outcome(&binary)
    );
    let blocks = [
        as_text("PUBLIC", &public(&one)),
        as_text("PRIVATE", &secret_bytes),
        as_text("PUBLIC", &unsupported),
        as_text("PUBLIC", &public(&three)),
    ];
    assert_eq!(outcome(blocks.concat().as_bytes()), outcome(&binary));
    // One that breaks off takes what follows it only where nobody can tell where that begins: in one block.
    let whole = public(&two);
    let broken = &whole[..whole.len() - 7];
    let refused = Err((CertificateError::MalformedBinary, Some(name)));
    assert_eq!(
        outcome(&[&public(&one), broken].concat()),
        [good(&one), refused.clone()]
    );
    let blocks = [
        as_text("PUBLIC", broken),
        as_text("PUBLIC", &public(&three)),
    ];
    assert_eq!(outcome(blocks.concat().as_bytes()), [refused, good(&three)]);
}

fn encoded(bytes: &[u8]) -> String {
    let text = armored_bytes(openpgp::armor::Kind::PublicKey, bytes);
    let lines: Vec<&str> = text
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with("-----"))
        .collect();
    lines
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn a_flooded_certificate_stays_small() {
    let (cert, stranger) = (signer(), signer());
    let user_id = cert.userids().next().unwrap().userid().clone();
    let pair = &mut primary_pair(&stranger);
    let flood = |count: i64| {
        let certifications = (0..count).map(|n| {
            let made = day(5) + std::time::Duration::from_secs(n.unsigned_abs());
            Packet::from(
                user_id
                    .certify(&mut pair.clone(), &cert, None, None, made)
                    .unwrap(),
            )
        });
        let packets: Vec<Packet> = certifications.collect();
        cert.clone().insert_packets(packets).unwrap().0
    };
    let plain = Certificate::parse(&public(&cert)).unwrap();
    let flooded = public(&flood(500));
    assert!(flooded.len() > 50 * plain.to_bytes().len());
    let kept = Certificate::parse(&flooded).unwrap();
    assert_eq!(kept.to_bytes(), plain.to_bytes());
    // Merged again and again, it does not grow by a byte.
    let mut merged = plain;
    for _ in 0..3 {
        merged = merged.merge(Certificate::parse(&flooded).unwrap()).unwrap();
    }
    assert_eq!(merged.to_bytes(), kept.to_bytes());
    // More than anybody needs is refused before it is looked at.
    let signature = Packet::from(user_id.certify(pair, &cert, None, None, day(5)).unwrap());
    let many = signature
        .to_vec()
        .unwrap()
        .repeat(MAX_CERTIFICATE_SIGNATURES + 1);
    let file = [public(&cert), many].concat();
    assert_eq!(
        Certificate::parse(&file).unwrap_err(),
        CertificateError::TooLarge
    );
    let places = outcome(&[file, public(&stranger)].concat());
    assert_eq!(
        places[0].as_ref().unwrap_err().0,
        CertificateError::TooLarge
    );
    assert_eq!(places[1], Ok(stranger.fingerprint().to_hex()));
}

thread_local! {
    static FILE: Vec<u8> = [public(&signer()), signer().as_tsk().to_vec().unwrap(), public(&signer())].concat();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for place in read_keyring(&bytes).unwrap_or_default() {
            prop_assert!(place.certificate.is_err());
        }
    }

    #[test]
    fn damaged_files_never_give_a_secret_key(
        at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 0..4), cut in 0usize..4,
    ) {
        FILE.with(|file| {
            let at = at.index(file.len());
            let damaged: Vec<u8> =
                file[..at].iter().chain(&with).chain(file[at..].iter().skip(cut)).copied().collect();
            for place in read_keyring(&damaged).unwrap_or_default() {
                if let Ok(certificate) = place.certificate {
                    let again = Cert::from_bytes(&certificate.to_bytes()).unwrap();
                    prop_assert!(!again.is_tsk());
                }
            }
            Ok(())
        })?;
    }
}

use openpgp::parse::Parse;
