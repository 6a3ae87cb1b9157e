//! A certificate remembers how its keys stood, and their form for OpenSSL. Whoever judged by it before must get what
//! somebody gets who reads it anew.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use std::time::Duration;

use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::crypto::mpi;
use openpgp::types::ReasonForRevocation;

const SECOND: Duration = Duration::from_secs(1);

/// Certificates in which something begins or ends on days 0, 100, 200.
fn certificates() -> Vec<(&'static str, Cert)> {
    let soft = ReasonForRevocation::KeySuperseded;
    let hard = ReasonForRevocation::KeyCompromised;
    let expiring = |days: u32| {
        let builder = cert_builder().set_validity_period(DAY * days);
        builder.add_signing_subkey().generate().unwrap().0
    };
    vec![
        ("nothing happens", signer()),
        ("expires", expiring(100)),
        ("superseded", revoke_certificate(signer(), soft, 100)),
        ("compromised", revoke_certificate(signer(), hard, 100)),
        ("subkey superseded", revoke_subkey(signer(), soft, 100)),
        ("subkey compromised", revoke_subkey(signer(), hard, 100)),
        (
            "subkey superseded, then expires",
            revoke_subkey(expiring(200), soft, 100),
        ),
    ]
}

#[test]
fn what_is_remembered_is_what_is_judged_anew() {
    for (name, cert) in certificates() {
        let mut remembering = Memory::of(&[&cert]);
        // Once forth, once back, so that each time is asked for before and after its neighbours.
        let days = [-1, 0, 1, 50, 99, 100, 101, 150, 199, 200, 201, 250];
        for day_of_signing in days.into_iter().chain(days.into_iter().rev()) {
            let midnight = day(day_of_signing);
            for signed in [midnight - SECOND, midnight, midnight + SECOND] {
                let builder = builder().set_signature_creation_time(signed).unwrap();
                let block = sign_as(&cert, builder);
                for judged in [20, 500] {
                    assert_eq!(
                        verdicts(&block, day(judged), &mut remembering),
                        verdicts(&block, day(judged), &mut Memory::of(&[&cert])),
                        "{name}, signed on day {day_of_signing}, judged on day {judged}"
                    );
                }
            }
        }
    }
}

/// Numbers of signatures are written without leading zeros, and OpenSSL wants them whole: one signature in 128 has one.
#[test]
fn short_numbers_are_whole_ones() {
    let keys = [
        (CipherSuite::Cv25519, "ed25519"),
        (CipherSuite::P256, "p256"),
        (CipherSuite::RSA2k, "rsa2048"),
    ];
    for (suite, name) in keys {
        let builder = cert_builder().set_cipher_suite(suite);
        let cert = builder.add_signing_subkey().generate().unwrap().0;
        let mut keyring = Memory::of(&[&cert]);
        let mut short = 0;
        for turn in 0..4000 {
            let text = format!("{turn}");
            let signature = sign(on(10), &mut subkey_pair(&cert), &text);
            let is_short = match signature.mpis() {
                mpi::Signature::RSA { s } => s.value().len() < 256,
                mpi::Signature::EdDSA { r, s } | mpi::Signature::ECDSA { r, s } => {
                    r.value().len() < 32 || s.value().len() < 32
                }
                other => panic!("{name}: {other:?}"),
            };
            if is_short {
                short += 1;
                let block = cleartext(&text, vec![signature]);
                let all = health_crypto_core::openpgp::verify(&text, &block, day(20), &mut keyring);
                assert_eq!(all[0].status.words(), "valid", "{name}, text {text}");
            }
            if short == 2 {
                break;
            }
        }
        assert_eq!(short, 2, "{name}: no short number in 4000 signatures");
    }
}
