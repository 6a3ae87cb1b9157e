//! Input made to exhaust: each case in a process of its own, which must refuse it in under a second and grow by less
//! than 64 MiB.
//!
//! `cargo test --test openpgp_limits -- --nocapture` shows what each took. How much is measured as the kernel counts
//! it: VmHWM, the peak of resident memory, before and after; the input is made before.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]
// DSA is offered, whatever Sequoia thinks of it.
#![allow(deprecated, reason = "what is deprecated is judged here")]

mod openpgp_support;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use health_crypto_core::openpgp::{
    Certificate, MAX_CERTIFICATE_BYTES, MAX_KEYRING_BYTES, MAX_SIGNATURE_BYTES,
    MAX_SIGNATURE_PACKET_BYTES,
};
use openpgp_support::hostile::*;
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::crypto::mpi::MPI;
use openpgp::packet::Packet;
use openpgp::packet::signature::Signature4;
use openpgp::serialize::SerializeInto;
use openpgp::types::PublicKeyAlgorithm::{DSA, ECDSA, RSAEncryptSign};

/// As SECURITY.md says it, though tests are built with less optimisation than releases.
const TIME: Duration = Duration::from_secs(1);
const GROWTH_KIB: u64 = 64 << 10;

/// What is offered, and to what.
enum Offer {
    /// To `Certificate::parse`, as `import_certificate` does.
    Certificate(Vec<u8>),
    /// To `Certificate::parse_many`: a file with many certificates, which may be larger.
    Keyring(Vec<u8>),
    /// To `verify`, with a good signer in the keyring.
    Signature(String),
    /// To `verify`, with this certificate in the keyring.
    Signer(Vec<u8>, String),
}

type Case = (&'static str, &'static str, fn() -> Option<Offer>);

/// Name, what comes of it, and how it is made.
const CASES: &[Case] = &[
    ("certificate of 10 MB", "TooLarge", || {
        let cert = signer();
        let mut bytes = packets_of(&cert);
        bytes.extend(certification(&cert).repeat(10_000_000 / certification(&cert).len()));
        Some(Offer::Certificate(bytes))
    }),
    (
        "certificate of 10 MB, in a keyring file",
        "TooLarge",
        || {
            let cert = signer();
            let mut bytes = packets_of(&cert);
            bytes.extend(certification(&cert).repeat(10_000_000 / certification(&cert).len()));
            Some(Offer::Keyring(bytes))
        },
    ),
    ("certificate of 10 MB, armored", "TooLarge", || {
        let cert = signer();
        let bytes = [
            packets_of(&cert),
            certification(&cert).repeat(10_000_000 / 250),
        ]
        .concat();
        let armored = armor("SIGNATURE", &bytes);
        Some(Offer::Keyring(
            armored
                .replace("SIGNATURE", "PUBLIC KEY BLOCK")
                .into_bytes(),
        ))
    }),
    ("user attribute of 10 MB", "TooLarge", || {
        let mut bytes = packets_of(&signer());
        bytes.extend(packet(USER_ATTRIBUTE, &vec![1; 10_000_000]));
        Some(Offer::Keyring(bytes))
    }),
    ("user id of 10 MB", "TooLarge", || {
        let mut bytes = primary_of(&signer());
        bytes.extend(packet(USER_ID, &vec![b'x'; 10_000_000]));
        Some(Offer::Keyring(bytes))
    }),
    ("10,000 user ids", "TooLarge", || {
        Some(Offer::Certificate(
            [primary_of(&signer()), user_ids(10_000)].concat(),
        ))
    }),
    ("10,000 subkeys", "TooLarge", || {
        let subkey = Packet::from(
            signer()
                .keys()
                .subkeys()
                .next()
                .unwrap()
                .key()
                .clone()
                .parts_into_public(),
        );
        let subkey = subkey.to_vec().unwrap();
        Some(Offer::Certificate(
            [primary_of(&signer()), subkey.repeat(10_000)].concat(),
        ))
    }),
    (
        "10,000 subkeys of RSA 2048, in a keyring file",
        "TooLarge",
        || {
            let subkeys = (0..10_000).flat_map(|_| rsa(SUBKEY, 2048, 17));
            Some(Offer::Keyring(
                primary_of(&signer()).into_iter().chain(subkeys).collect(),
            ))
        },
    ),
    ("100,000 signatures by others", "TooLarge", || {
        let bytes = [packets_of(&signer()), small_certification().repeat(100_000)].concat();
        assert!(bytes.len() < MAX_KEYRING_BYTES);
        Some(Offer::Keyring(bytes))
    }),
    // What is at the limits, and as dear as can be.
    ("2,000 signatures by others", "accepted", || {
        let bytes = [packets_of(&signer()), small_certification().repeat(2_000)].concat();
        Some(Offer::Certificate(bytes))
    }),
    ("2,000 self-signatures", "TooLarge", || {
        Some(Offer::Certificate(self_signed(
            rsa_key(2048, 64),
            RSAEncryptSign,
            2_000,
        )))
    }),
    ("300 self-signatures of RSA 8192", "accepted", || {
        Some(Offer::Certificate(self_signed(
            rsa_key(8192, 64),
            RSAEncryptSign,
            300,
        )))
    }),
    ("300 self-signatures of DSA 4096", "accepted", || {
        Some(Offer::Certificate(self_signed(dsa_key(4096), DSA, 300)))
    }),
    ("300 self-signatures of brainpool 512", "accepted", || {
        Some(Offer::Certificate(self_signed(brainpool_key(), ECDSA, 300)))
    }),
    ("250 back-signatures of one subkey", "accepted", || {
        Some(Offer::Certificate(back_signed(250, 1)))
    }),
    ("500 back-signatures in two bindings", "TooLarge", || {
        Some(Offer::Certificate(back_signed(250, 2)))
    }),
    ("4,097 certificates", "TooLarge", || {
        Some(Offer::Keyring(primary_of(&signer()).repeat(4_097)))
    }),
    ("keyring file of one byte too many", "TooLarge", || {
        Some(Offer::Keyring(vec![0x99; MAX_KEYRING_BYTES + 1]))
    }),
    ("RSA of 32,768 bits", "TooLarge", || {
        Some(Offer::Certificate(rsa(KEY, 32_768, 17)))
    }),
    ("RSA of 65,535 bits", "TooLarge", || {
        Some(Offer::Certificate(rsa(KEY, 65_535, 17)))
    }),
    ("RSA exponent of 2048 bits", "TooLarge", || {
        Some(Offer::Certificate(rsa(KEY, 2048, 2048)))
    }),
    ("RSA exponent of 65,535 bits", "TooLarge", || {
        Some(Offer::Certificate(rsa(KEY, 2048, 65_535)))
    }),
    ("subkey of RSA 32,768", "TooLarge", || {
        Some(Offer::Certificate(
            [primary_of(&signer()), rsa(SUBKEY, 32_768, 17)].concat(),
        ))
    }),
    ("key packet that says 4 GiB", "MalformedBinary", || {
        Some(Offer::Certificate(
            [vec![0xc6, 0xff, 0xff, 0xff, 0xff, 0xff], rsa(KEY, 2048, 17)].concat(),
        ))
    }),
    ("signature of 65,535-bit integers", "malformed", || {
        // Four of them, in the packet of an RSA signature, which has one.
        let mut body = vec![4, 1, 1, 10, 0, 6, 5, 2];
        body.extend(1_704_931_200_u32.to_be_bytes());
        body.extend([0, 0, 0, 0]);
        body.extend(integer(65_535).repeat(4));
        Some(Offer::Signature(signature_of(&armor(
            "SIGNATURE",
            &packet(SIGNATURE, &body),
        ))))
    }),
    (
        "signature of 65,535-bit integers by a good key",
        "bad",
        || {
            let cert = signer();
            let good = sign(builder(), &mut subkey_pair(&cert), &payload());
            let huge = || MPI::new(&[0xff; 8191]);
            let mpis = openpgp::crypto::mpi::Signature::EdDSA {
                r: huge(),
                s: huge(),
            };
            let signature = Signature4::new(
                good.typ(),
                good.pk_algo(),
                good.hash_algo(),
                good.hashed_area().clone(),
                good.unhashed_area().clone(),
                *good.digest_prefix(),
                mpis,
            );
            Some(Offer::Signer(
                packets_of(&cert),
                cleartext(&payload(), vec![signature.into()]),
            ))
        },
    ),
    ("signature text of 10 MB", "malformed", || {
        let good = good_block(&signer());
        Some(Offer::Signature(good.replacen(
            &payload(),
            &payload().repeat(80_000),
            1,
        )))
    }),
    ("signature packet of 1 MB", "malformed", || {
        let body = vec![7; MAX_SIGNATURE_BYTES * 5 / 8];
        Some(Offer::Signature(signature_of(&armor(
            "SIGNATURE",
            &packet(SIGNATURE, &body),
        ))))
    }),
    ("3,500 signatures", "malformed", || {
        let good = sign(builder(), &mut subkey_pair(&signer()), &payload());
        let bytes = Packet::from(good).to_vec().unwrap().repeat(3_500);
        Some(Offer::Signature(signature_of(&armor("SIGNATURE", &bytes))))
    }),
    ("half a million empty lines after", "malformed", || {
        Some(Offer::Signature(format!(
            "{}{}",
            good_block(&signer()),
            "\n".repeat(MAX_SIGNATURE_BYTES)
        )))
    }),
    ("a million empty packets", "malformed", || {
        Some(Offer::Signature(armor(
            "MESSAGE",
            &[0xcb, 0].repeat(350_000),
        )))
    }),
    ("embedded signatures, 128 deep", "malformed", || {
        Some(Offer::Signature(signature_of(&armor(
            "SIGNATURE",
            &embedded(128),
        ))))
    }),
    (
        "embedded signatures, as deep as a packet holds",
        "malformed",
        || {
            let depth = MAX_SIGNATURE_PACKET_BYTES / 24;
            Some(Offer::Signature(signature_of(&armor(
                "SIGNATURE",
                &embedded(depth),
            ))))
        },
    ),
    // Not a signature that can be read: it is left out.
    (
        "certificate with embedded signatures, 10,000 deep",
        "accepted",
        || {
            let cert = signer();
            Some(Offer::Certificate(
                [packets_of(&cert), embedded(10_000)].concat(),
            ))
        },
    ),
    ("one-pass signatures, 128 deep", "malformed", || {
        let mut bytes = packet(ONE_PASS, &[3, 0, 10, 22, 1, 2, 3, 4, 5, 6, 7, 8, 0]).repeat(128);
        bytes.extend(packet(
            LITERAL,
            &[&b"b\0\0\0\0\0"[..], payload().as_bytes()].concat(),
        ));
        Some(Offer::Signature(armor("MESSAGE", &bytes)))
    }),
    ("compressed, 128 deep", "malformed", || {
        let literal = packet(
            LITERAL,
            &[&b"b\0\0\0\0\0"[..], payload().as_bytes()].concat(),
        );
        Some(Offer::Signature(armor("MESSAGE", &layers(128, literal))))
    }),
    ("compression bomb of 100 MB", "malformed", || {
        Some(Offer::Signature(armor("MESSAGE", &bomb(700_000))))
    }),
    ("compression bomb in a signature block", "malformed", || {
        Some(Offer::Signature(signature_of(&armor(
            "SIGNATURE",
            &bomb(700_000),
        ))))
    }),
    (
        "compression bomb as a certificate",
        "NotACertificate",
        || Some(Offer::Certificate(bomb(MAX_CERTIFICATE_BYTES * 3 / 4))),
    ),
    (
        "compression bomb within a certificate",
        "NotACertificate",
        || {
            Some(Offer::Certificate(
                [packets_of(&signer()), bomb(MAX_CERTIFICATE_BYTES * 3 / 4)].concat(),
            ))
        },
    ),
    ("compression quine", "malformed", || {
        // It unfolds to itself, for ever. Not copied into the repository.
        let quine = std::fs::read(vectors("rpgp")?.join("tests/quine.out")).ok()?;
        Some(Offer::Signature(armor("MESSAGE", &quine)))
    }),
    (
        "compression quine as a certificate",
        "NotACertificate",
        || {
            let quine = std::fs::read(vectors("rpgp")?.join("tests/quine.out")).ok()?;
            Some(Offer::Certificate(quine))
        },
    ),
];

/// A number that the kernel keeps of this process, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

/// The time that this thread has had of a processor.
fn processor() -> Duration {
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(
        scheduled
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap(),
    )
}

/// The process of one case. Run as a test of its own it has nothing to do.
#[test]
fn child() {
    let Ok(kind) = std::env::var("HC_LIMITS_KIND") else {
        return;
    };
    let mut input = Vec::with_capacity(32 << 20);
    std::io::stdin().read_to_end(&mut input).unwrap();
    let signer_bytes: usize = std::env::var("HC_LIMITS_SIGNER").unwrap().parse().unwrap();
    let text = std::str::from_utf8(&input[signer_bytes..]).unwrap_or_default();
    let (memory, time) = (peak(), processor());
    let outcome = match kind.as_str() {
        "certificate" => match Certificate::parse(&input) {
            Ok(certificate) => {
                certificate.description(day(20));
                "accepted".to_string()
            }
            Err(error) => format!("{error:?}"),
        },
        "keyring" => match Certificate::parse_many(&input) {
            Ok(all) => all
                .iter()
                .find_map(|each| each.as_ref().err())
                .map_or("accepted".into(), |error| format!("{error:?}")),
            Err(error) => format!("{error:?}"),
        },
        _ => {
            let keyring = &mut Memory::default();
            if signer_bytes > 0 {
                keyring
                    .0
                    .push(allowed(Certificate::parse(&input[..signer_bytes]).unwrap()));
            }
            word(text, day(20), keyring).to_string()
        }
    };
    let (time, memory) = (processor().checked_sub(time).unwrap(), peak() - memory);
    println!("\n{} {} {outcome}", time.as_micros(), memory);
}

/// What a process says of one offer: outcome, processor time, growth in KiB.
fn measured(kind: &str, signer: usize, input: &[u8]) -> (String, Duration, u64) {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("HC_LIMITS_KIND", kind)
        .env("HC_LIMITS_SIGNER", signer.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    let output = String::from_utf8(output.stdout).unwrap();
    let mut report = output
        .lines()
        .find(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap()
        .split(' ');
    let mut number = || report.next().unwrap().parse::<u64>().unwrap();
    let (time, memory) = (Duration::from_micros(number()), number());
    (report.next().unwrap().to_string(), time, memory)
}

#[test]
fn hostile_input_is_refused_quickly_and_in_little_memory() {
    for (name, expected, make) in CASES {
        let Some(offer) = make() else { continue };
        let (kind, signer, input) = match offer {
            Offer::Certificate(bytes) => ("certificate", 0, bytes),
            Offer::Keyring(bytes) => ("keyring", 0, bytes),
            Offer::Signature(text) => ("signature", 0, text.into_bytes()),
            Offer::Signer(certificate, text) => (
                "signature",
                certificate.len(),
                [certificate, text.into_bytes()].concat(),
            ),
        };
        let started = Instant::now();
        let (outcome, mut time, memory) = measured(kind, signer, &input);
        // The processor's time, because other tests run beside; and of three runs the best, because what they do to its
        // caches counts too.
        for _ in 0..2 {
            if time >= TIME {
                time = time.min(measured(kind, signer, &input).1);
            }
        }
        println!(
            "{name}: {} KiB offered, {outcome}, {:.1} ms, grew by {memory} KiB",
            input.len() >> 10,
            time.as_secs_f64() * 1000.0
        );
        assert_eq!(outcome, *expected, "{name}");
        assert!(time < TIME, "{name}: {time:?}");
        assert!(memory < GROWTH_KIB, "{name}: {memory} KiB");
        // The clock's time is only kept from running away.
        let elapsed = started.elapsed();
        assert!(elapsed < TIME * 60, "{name}: {elapsed:?}");
    }
}
