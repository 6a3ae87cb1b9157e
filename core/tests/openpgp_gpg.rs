//! What GnuPG writes, with its clock set where a test needs it. Skipped, with a printed line, where there is no gpg.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use std::rc::Rc;

use health_crypto_core::openpgp::{Candidate, Certificate, overall, verify};
use openpgp_support::programs::Gpg;
use openpgp_support::*;

#[test]
fn forms_and_algorithms() {
    let Some(gpg) = Gpg::new() else { return };
    for algorithm in ["ed25519", "rsa2048", "rsa3072", "nistp256", "nistp384"] {
        gpg.key(algorithm, algorithm, "sign", "never");
    }
    gpg.key("rsa1024", "rsa1024", "sign", "never");
    let keyring = &mut gpg.keyring();
    for (user, expected) in [
        ("ed25519", "valid"),
        ("rsa2048", "valid"),
        ("rsa3072", "valid"),
        ("nistp256", "valid"),
        ("nistp384", "valid"),
        ("rsa1024", "weak"),
    ] {
        for form in [
            &["--clearsign"][..],
            &["--armor", "--detach-sign"],
            &["--armor", "--textmode", "--detach-sign"],
            &["--armor", "--compress-algo", "none", "--sign"],
            &["--armor", "--textmode", "--compress-algo", "none", "--sign"],
        ] {
            for text in [payload(), format!("{}\n", payload())] {
                let block = gpg.sign(10, &[&["-u", user], form].concat(), &text);
                assert_eq!(
                    word(&block, day(20), keyring),
                    expected,
                    "{user} {form:?}\n{block}"
                );
                let other = payload().replace('0', "f");
                let elsewhere = overall(&verify(&other, &block, day(20), keyring)).words();
                let bad = if form.contains(&"--detach-sign") {
                    "bad"
                } else {
                    "wrong_subject"
                };
                assert_eq!(elsewhere, bad, "{user} {form:?} over another payload");
            }
        }
    }
    let compressed = gpg.sign(
        10,
        &[
            "-u",
            "ed25519",
            "--armor",
            "--compress-algo",
            "zip",
            "--sign",
        ],
        &payload(),
    );
    assert_eq!(word(&compressed, day(20), keyring), "malformed");
    let undashed = gpg.sign(
        10,
        &["-u", "ed25519", "--not-dash-escaped", "--clearsign"],
        &payload(),
    );
    assert_eq!(word(&undashed, day(20), keyring), "malformed");
    let two = gpg.sign(
        10,
        &["-u", "ed25519", "-u", "rsa2048", "--clearsign"],
        &payload(),
    );
    assert_eq!(word(&two, day(20), keyring), "valid");
    assert_eq!(verdicts(&two, day(20), keyring).len(), 2);
    let two = gpg.sign(
        10,
        &[
            "-u",
            "ed25519",
            "-u",
            "rsa2048",
            "--compress-algo",
            "none",
            "--armor",
            "--sign",
        ],
        &payload(),
    );
    assert_eq!(word(&two, day(20), keyring), "valid");
    let mixed = gpg.sign(
        10,
        &["-u", "ed25519", "-u", "rsa1024", "--clearsign"],
        &payload(),
    );
    assert_eq!(word(&mixed, day(20), keyring), "weak");
}

#[test]
fn dashes_blanks_and_several_lines() {
    let Some(gpg) = Gpg::new() else { return };
    gpg.key("alice", "ed25519", "sign", "never");
    let keyring = &mut gpg.keyring();
    for text in [
        "-dash\n- - dash\n--\nFrom me",
        "trailing  \t\nblanks \n",
        "\n\nx\n\n",
        "añño \u{1F48A}",
        "a\r\nb",
    ] {
        let block = gpg.sign(10, &["-u", "alice", "--clearsign"], text);
        let verdicts = verify(text, &block, day(20), keyring);
        assert_eq!(overall(&verdicts).words(), "valid", "{text:?}\n{block}");
    }
}

#[test]
fn times() {
    let Some(gpg) = Gpg::new() else { return };
    gpg.key("alice", "ed25519", "sign", "30d");
    let clearsign = |days, more: &[&str]| {
        gpg.sign(
            days,
            &[more, &["-u", "alice", "--clearsign"]].concat(),
            &payload(),
        )
    };
    let usual = clearsign(10, &[]);
    let limited = clearsign(10, &["--default-sig-expire", "5d"]);
    let sha1 = clearsign(10, &["--digest-algo", "SHA1"]);
    let keyring = &mut gpg.keyring();
    assert_eq!(word(&usual, day(20), keyring), "valid");
    assert_eq!(
        word(&usual, day(9), keyring),
        "not_yet_valid",
        "from the future"
    );
    assert_eq!(
        word(&usual, day(1000), keyring),
        "valid",
        "the certificate expired after the signature"
    );
    assert_eq!(word(&limited, day(14), keyring), "valid");
    assert_eq!(word(&limited, day(16), keyring), "expired");
    assert_eq!(word(&sha1, day(20), keyring), "weak");

    // The owner prolongs, signs on day 40, and the keyring has only the old certificate.
    let fingerprint = keyring.0[0].certificate.fingerprint().to_string();
    gpg.run(25, &["--quick-set-expire", &fingerprint, "1y"], "");
    let late = clearsign(40, &[]);
    assert_eq!(word(&late, day(50), keyring), "expired");
    assert_eq!(word(&late, day(50), &mut gpg.keyring()), "valid");
    // gpg puts the new self-signature in place of the old one, so what was signed before it has no binding in the new
    // export; a keyring that merges keeps both.
    assert_eq!(word(&usual, day(50), &mut gpg.keyring()), "not_yet_valid");
    let [old, new] = [&*keyring, &gpg.keyring()]
        .map(|keyring| Certificate::parse(&keyring.0[0].certificate.to_bytes()).unwrap());
    let merged = Candidate {
        certificate: Rc::new(old.merge(new).unwrap()),
        authorized: true,
    };
    let keyring = &mut Memory(vec![merged]);
    assert_eq!(word(&usual, day(50), keyring), "valid");
    assert_eq!(word(&late, day(50), keyring), "valid");
}

#[test]
fn revocation_with_the_certificate_gpg_prepares() {
    let Some(gpg) = Gpg::new() else { return };
    gpg.key("alice", "ed25519", "sign", "never");
    let block = gpg.sign(10, &["-u", "alice", "--clearsign"], &payload());
    let keyring = &mut gpg.keyring();
    assert_eq!(word(&block, day(20), keyring), "valid");
    let fingerprint = keyring.0[0].certificate.fingerprint().to_string();
    let prepared = gpg
        .home
        .join("openpgp-revocs.d")
        .join(format!("{fingerprint}.rev"));
    let armored = std::fs::read_to_string(prepared)
        .unwrap()
        .replace(":-----", "-----");
    gpg.run(15, &["--import"], &armored);
    let mut after = gpg.keyring();
    // gpg prepares it without a reason, which is a hard revocation: it counts for signatures made before it as well.
    assert_eq!(word(&block, day(20), &mut after), "revoked");
    let old = Certificate::parse(&keyring.0[0].certificate.to_bytes()).unwrap();
    let new = Certificate::parse(&after.0[0].certificate.to_bytes()).unwrap();
    let merged = Candidate {
        certificate: Rc::new(old.merge(new).unwrap()),
        authorized: true,
    };
    assert_eq!(word(&block, day(20), &mut Memory(vec![merged])), "revoked");
}

#[test]
fn algorithms_have_names() {
    let Some(gpg) = Gpg::new() else { return };
    for (algorithm, name) in [
        ("ed25519", "EdDSA"),
        ("rsa2048", "RSA 2048"),
        ("nistp256", "ECDSA NIST P-256"),
    ] {
        gpg.key(algorithm, algorithm, "sign", "never");
        let export = gpg.run(1, &["--armor", "--export", algorithm], "");
        let description = Certificate::parse(&export).unwrap().description(day(20));
        assert_eq!(
            (description.algorithm.as_str(), description.can_sign),
            (name, true)
        );
        assert_eq!(description.user_ids, [algorithm]);
    }
    let secret = gpg.run(1, &["--export-secret-keys"], "");
    let refusal = Certificate::parse(&secret).unwrap_err();
    assert_eq!(
        refusal,
        health_crypto_core::openpgp::CertificateError::SecretKey
    );
}
