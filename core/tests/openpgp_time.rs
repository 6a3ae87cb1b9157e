//! What time does to verdicts: keys that are revoked, prolonged and replaced, their signatures of two days judged at
//! four times. The same table with keys made by Sequoia, GnuPG and sq.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use std::time::SystemTime;

use health_crypto_core::openpgp::Certificate;
use openpgp_support::programs::{Gpg, Sq, iso};
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::packet::Packet;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::parse::Parse;
use openpgp::types::{ReasonForRevocation, SignatureType};

/// The days on which signatures are made: before what happens to the key on day 100, and after.
const EARLY: i64 = 10;
const LATE: i64 = 150;
/// The days as of which they are judged: before all, between, after both signatures, and long after.
const JUDGED: [i64; 4] = [20, 120, 200, 500];

/// The verdicts on the early and the late signature, at the four times.
type Row = [[&'static str; 4]; 2];

const ALWAYS: [&str; 4] = ["valid"; 4];
const ONCE_MADE: [&str; 4] = ["not_yet_valid", "not_yet_valid", "valid", "valid"];
/// Nothing happens to the key.
const VALID: Row = [ALWAYS, ONCE_MADE];
/// It ends on day 100: an expiry, or a soft revocation.
const EXPIRED: Row = [ALWAYS, ["expired"; 4]];
const REVOKED_SOFTLY: Row = [ALWAYS, ["revoked"; 4]];
/// It was to end on day 100; on day 90 its owner prolonged it to day 400.
const EXTENDED: Row = [ALWAYS, ONCE_MADE];
/// It is compromised; nobody knows since when.
const REVOKED_HARD: Row = [["revoked"; 4]; 2];

/// Judges the two signatures at the four times, twice each and in two orders: a verdict depends on nothing else than
/// block, keyring and time.
fn check(case: &str, certificate: Certificate, blocks: &[String; 2], expected: Row) {
    let keyring = &mut Memory(vec![allowed(certificate)]);
    let judge = |keyring: &mut Memory, block: &str, days: i64| verdicts(block, day(days), keyring);
    let forth: Vec<_> = blocks
        .iter()
        .map(|block| JUDGED.map(|days| judge(keyring, block, days)))
        .collect();
    for (block, row) in blocks.iter().zip(&forth).rev() {
        for (days, before) in JUDGED.iter().zip(row).rev() {
            assert_eq!(&judge(keyring, block, *days), before, "{case}, day {days}");
        }
    }
    let words: Vec<[&str; 4]> = forth
        .iter()
        .map(|row| {
            let mut words = row.iter().map(|verdicts| verdicts[0].status.words());
            std::array::from_fn(|_| words.next().unwrap())
        })
        .collect();
    assert_eq!(words, expected, "{case}");
}

fn signed_on(cert: &Cert, days: i64) -> String {
    sign_as(cert, on(days))
}

/// A certificate, keys and all, that expires on a day.
fn expiring(days: u32) -> Cert {
    let builder = cert_builder().set_validity_period(DAY * days);
    builder.add_signing_subkey().generate().unwrap().0
}

/// New self-signatures like the old ones, made on a day, by which all keys live so long.
fn prolonged(cert: Cert, days: i64, live: Option<u32>) -> Cert {
    let mut pair = primary_pair(&cert);
    let primary = cert.primary_key();
    let again = |signature: &openpgp::packet::Signature| {
        SignatureBuilder::from(signature.clone())
            .set_signature_creation_time(day(days))
            .unwrap()
            .set_key_validity_period(live.map(|days| DAY * days))
            .unwrap()
    };
    let mut packets: Vec<Packet> = Vec::new();
    for signature in primary.self_signatures() {
        assert_eq!(signature.typ(), SignatureType::DirectKey);
        packets.push(
            again(signature)
                .sign_direct_key(&mut pair, Some(primary.key()))
                .unwrap()
                .into(),
        );
    }
    for user_id in cert.userids() {
        for signature in user_id.self_signatures() {
            packets.push(
                again(signature)
                    .sign_userid_binding(&mut pair, primary.key(), user_id.userid())
                    .unwrap()
                    .into(),
            );
        }
    }
    for subkey in cert.keys().subkeys() {
        for signature in subkey.self_signatures() {
            packets.push(
                again(signature)
                    .sign_subkey_binding(&mut pair, primary.key(), subkey.key())
                    .unwrap()
                    .into(),
            );
        }
    }
    cert.insert_packets(packets).unwrap().0
}

#[test]
fn keys_of_sequoia() {
    use ReasonForRevocation::{KeyCompromised, KeyRetired, KeySuperseded, Unspecified};
    let lasting = signer;
    let reinstated = prolonged(revoke_certificate(lasting(), KeyRetired, 100), 120, None);
    for (case, cert, expected) in [
        ("valid", lasting(), VALID),
        ("expired", expiring(100), EXPIRED),
        (
            "extended",
            prolonged(expiring(100), 90, Some(400)),
            EXTENDED,
        ),
        (
            "extended after it had expired",
            prolonged(expiring(100), 140, Some(400)),
            EXTENDED,
        ),
        (
            "extended too late for the signature",
            prolonged(expiring(100), 160, Some(400)),
            EXPIRED,
        ),
        (
            "shortened",
            prolonged(expiring(400), 90, Some(100)),
            EXPIRED,
        ),
        (
            "retired",
            revoke_certificate(lasting(), KeyRetired, 100),
            REVOKED_SOFTLY,
        ),
        (
            "superseded",
            revoke_certificate(lasting(), KeySuperseded, 100),
            REVOKED_SOFTLY,
        ),
        ("retired, and taken back on day 120", reinstated, VALID),
        (
            "subkey retired",
            revoke_subkey(lasting(), KeyRetired, 100),
            REVOKED_SOFTLY,
        ),
        (
            "expired, then retired",
            revoke_certificate(expiring(100), KeyRetired, 110),
            REVOKED_SOFTLY,
        ),
        (
            "extended, then retired",
            revoke_certificate(prolonged(expiring(100), 90, Some(400)), KeyRetired, 100),
            REVOKED_SOFTLY,
        ),
        (
            "compromised",
            revoke_certificate(lasting(), KeyCompromised, 100),
            REVOKED_HARD,
        ),
        (
            "no reason given",
            revoke_certificate(lasting(), Unspecified, 100),
            REVOKED_HARD,
        ),
        (
            "subkey compromised",
            revoke_subkey(lasting(), KeyCompromised, 100),
            REVOKED_HARD,
        ),
        (
            "extended, then compromised",
            revoke_certificate(prolonged(expiring(100), 90, Some(400)), KeyCompromised, 100),
            REVOKED_HARD,
        ),
        (
            "compromised, and extended",
            prolonged(
                revoke_certificate(expiring(100), KeyCompromised, 80),
                90,
                Some(400),
            ),
            REVOKED_HARD,
        ),
    ] {
        let blocks = [EARLY, LATE].map(|days| signed_on(&cert, days));
        check(case, certificate(&cert), &blocks, expected);
    }
    // Between the expiry and a prolongation that comes after it.
    let gap = prolonged(expiring(100), 140, Some(400));
    let keyring = &mut Memory::of(&[&gap]);
    assert_eq!(word(&signed_on(&gap, 130), day(200), keyring), "expired");
    // Between a retirement and its being taken back.
    let gap = prolonged(revoke_certificate(lasting(), KeyRetired, 100), 120, None);
    let keyring = &mut Memory::of(&[&gap]);
    assert_eq!(word(&signed_on(&gap, 110), day(200), keyring), "revoked");
}

#[test]
fn keys_of_gpg() {
    let Some(gpg) = Gpg::new() else { return };
    let export = |name: &str| Certificate::parse(&gpg.run(200, &["--export", name], "")).unwrap();
    let clearsign = |name: &str, days| gpg.sign(days, &["-u", name, "--clearsign"], &payload());
    for (name, reason, expected) in [
        ("valid", None, VALID),
        ("retired", Some(3), REVOKED_SOFTLY),
        ("superseded", Some(2), REVOKED_SOFTLY),
        ("compromised", Some(1), REVOKED_HARD),
        ("unexplained", Some(0), REVOKED_HARD),
    ] {
        gpg.key(name, "ed25519", "sign", "never");
        // gpg does not sign with a revoked key, so the late signature is made first; its time is what counts.
        let blocks = [EARLY, LATE].map(|days| clearsign(name, days));
        if let Some(reason) = reason {
            let before = export(name);
            gpg.revoke(100, name, reason);
            // A revocation counts from when it is known; the keyring keeps what it had.
            check(name, before.merge(export(name)).unwrap(), &blocks, expected);
        }
        check(name, export(name), &blocks, expected);
    }

    gpg.key("extended", "rsa2048", "sign", "100d");
    let early = clearsign("extended", EARLY);
    let before = export("extended");
    let fingerprint = before.fingerprint().to_string();
    gpg.run(90, &["--quick-set-expire", &fingerprint, "310d"], "");
    let blocks = [early, clearsign("extended", LATE)];
    let old = || Certificate::parse(&before.to_bytes()).unwrap();
    check("not prolonged", old(), &blocks, EXPIRED);
    check(
        "extended",
        old().merge(export("extended")).unwrap(),
        &blocks,
        EXTENDED,
    );
    gpg.revoke(100, "extended", 3);
    let retired = old().merge(export("extended")).unwrap();
    check("extended, then retired", retired, &blocks, REVOKED_SOFTLY);
}

#[test]
fn keys_of_sq() {
    let Some(sq) = Sq::new() else { return };
    for (reason, expected) in [
        (None, VALID),
        (Some("retired"), REVOKED_SOFTLY),
        (Some("superseded"), REVOKED_SOFTLY),
        (Some("compromised"), REVOKED_HARD),
        (Some("unspecified"), REVOKED_HARD),
    ] {
        let made = iso(0);
        sq.run(
            &[
                "key",
                "generate",
                "--creation-time",
                &made,
                "-u",
                "Cordara",
                "-e",
                "key",
            ],
            "",
        );
        let blocks = [EARLY, LATE].map(|days| {
            let at = iso(days);
            let arguments = [
                "sign",
                "--signer-key",
                "key",
                "-t",
                &at,
                "--cleartext-signature",
            ];
            String::from_utf8(sq.run(&arguments, &payload())).unwrap()
        });
        let mut cert = Cert::from_bytes(&sq.certificate("key").to_bytes()).unwrap();
        if let Some(reason) = reason {
            let at = iso(100);
            let arguments = [
                "revoke",
                "certificate",
                "--certificate",
                "key",
                "-t",
                &at,
                reason,
                "",
            ];
            let revocation = Packet::from_bytes(&sq.run(&arguments, "")).unwrap();
            cert = cert.insert_packets(Some(revocation)).unwrap().0;
        }
        check(
            reason.unwrap_or("valid"),
            certificate(&cert),
            &blocks,
            expected,
        );
    }
    sq.run(
        &[
            "key",
            "generate",
            "--creation-time",
            &iso(0),
            "--expires-in",
            "100d",
            "-u",
            "Cordara",
            "-e",
            "key",
        ],
        "",
    );
    let blocks = [EARLY, LATE].map(|days| {
        let cert = Cert::from_file(sq.path("key")).unwrap();
        let mut pair = subkeys_that_sign(&cert);
        cleartext(&payload(), vec![sign(on(days), &mut pair, &payload())])
    });
    check("expired", sq.certificate("key"), &blocks, EXPIRED);
}

/// The key pair of the subkey that signs, of a certificate that has others before it.
fn subkeys_that_sign(cert: &Cert) -> openpgp::crypto::KeyPair {
    let policy = openpgp::policy::StandardPolicy::at(day(20));
    let valid = cert.with_policy(&policy, day(20)).unwrap();
    let key = valid.keys().for_signing().next().unwrap().key().clone();
    key.parts_into_secret().unwrap().into_keypair().unwrap()
}

/// Times that OpenPGP cannot say are moved into what it can.
#[test]
fn the_ends_of_time() {
    let cert = signer();
    let block = good_block(&cert);
    let keyring = &mut Memory::of(&[&cert]);
    let year = DAY * 365;
    for (at, expected) in [
        (SystemTime::UNIX_EPOCH - year, "not_yet_valid"),
        (SystemTime::UNIX_EPOCH, "not_yet_valid"),
        (day(10) - std::time::Duration::from_secs(1), "not_yet_valid"),
        (day(10), "valid"),
        (day(365 * 3), "valid"),
    ] {
        assert_eq!(word(&block, at, keyring), expected, "{at:?}");
    }
    // Far on, whatever the policy says then, it is one verdict, and the same as at the last second.
    let last = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(u64::from(u32::MAX));
    assert_eq!(
        verdicts(&block, last, keyring),
        verdicts(&block, last + year * 1000, keyring)
    );
}
