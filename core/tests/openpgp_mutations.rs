//! Signatures and certificates with damage: 10,000 of them, or as many as HC_MUTATIONS says (100,000 take about a
//! minute). Nothing panics, nothing is valid that should not be, and memory stays flat. HC_SEED repeats a run.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use std::time::SystemTime;

use health_crypto_core::openpgp::{
    Certificate, CertificateError, Fingerprint, Status, overall, verify,
};
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::Profile;
use openpgp::armor::Kind;
use openpgp::cert::prelude::*;
use openpgp::packet::Packet;
use openpgp::serialize::SerializeInto;
use openpgp::types::{KeyFlags, ReasonForRevocation};

/// Numbers that look random (xorshift64*), the same for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

/// One to four damages to `bytes`.
fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let length = random.below(32.min(bytes.len() - at) + 1);
        match random.below(9) {
            _ if bytes.is_empty() => bytes.push(0xc2),
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xc0, 0xfe, 0xff, 0x22][random.below(8)],
            3 => drop(bytes.drain(at..at + length)),
            4 => {
                let piece = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            5 => bytes.truncate(at),
            6 => bytes.insert(at, random.next().to_le_bytes()[0]),
            7 => bytes[at] = bytes[at].wrapping_add(1),
            _ => {
                let other = random.below(bytes.len());
                bytes.swap(at, other);
            }
        }
    }
    bytes
}

/// Signers of several kinds, and a keyring of them all.
fn signers() -> (Vec<Cert>, Memory) {
    let many = cert_builder()
        .add_userid("Cameron <cameron@example.org>")
        .set_validity_period(DAY * 300)
        .add_signing_subkey()
        .add_subkey(
            KeyFlags::empty().set_signing(),
            DAY * 200,
            CipherSuite::RSA2k,
        )
        .add_transport_encryption_subkey();
    let signers = vec![
        signer(),
        many.generate().unwrap().0,
        cert_builder()
            .set_cipher_suite(CipherSuite::P256)
            .add_signing_subkey()
            .generate()
            .unwrap()
            .0,
        cert_builder()
            .set_profile(Profile::RFC9580)
            .unwrap()
            .add_signing_subkey()
            .generate()
            .unwrap()
            .0,
        revoke_certificate(signer(), ReasonForRevocation::KeyRetired, 100),
        revoke_subkey(signer(), ReasonForRevocation::KeyRetired, 100),
    ];
    let keyring = Memory::of(&signers.iter().collect::<Vec<_>>());
    (signers, keyring)
}

/// What the kernel counts as resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn damaged_signatures_and_certificates() {
    let count: usize = std::env::var("HC_MUTATIONS").map_or(10_000, |count| count.parse().unwrap());
    let seed: u64 = std::env::var("HC_SEED").map_or_else(
        |_| {
            SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs()
        },
        |seed| seed.parse().unwrap(),
    );
    println!("HC_SEED={seed} HC_MUTATIONS={count}");
    let random = &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);

    let (signers, mut keyring) = signers();
    let known: Vec<Fingerprint> = keyring
        .0
        .iter()
        .map(|entry| entry.certificate.fingerprint())
        .collect();
    let other = payload().replace('0', "f");
    let signatures: Vec<Vec<u8>> = signers
        .iter()
        .map(|cert| {
            Packet::from(sign(builder(), &mut subkey_pair(cert), &payload()))
                .to_vec()
                .unwrap()
        })
        .collect();
    let messages: Vec<Vec<u8>> = signers
        .iter()
        .map(|cert| {
            let mut bytes = Vec::new();
            inline(cert, &payload(), |packets| {
                bytes = packets
                    .iter()
                    .flat_map(|packet| packet.to_vec().unwrap())
                    .collect();
            });
            bytes
        })
        .collect();
    let blocks: Vec<String> = signers.iter().map(good_block).collect();
    let certificates: Vec<Vec<u8>> = keyring
        .0
        .iter()
        .map(|entry| entry.certificate.to_bytes())
        .collect();
    let armored_certificates: Vec<Vec<u8>> = signers
        .iter()
        .map(|cert| cert.armored().to_vec().unwrap())
        .collect();
    for block in &blocks {
        assert_eq!(word(block, day(20), &mut keyring), "valid");
    }

    let judge = |block: &str, keyring: &mut Memory| -> Status {
        let verdicts = verify(&payload(), block, day(20), keyring);
        assert!(!verdicts.is_empty());
        if overall(&verdicts) == Status::Valid {
            let cleartext = block.starts_with("-----BEGIN PGP SIGNED");
            assert!(!cleartext || block.contains(&payload()), "{block}");
            assert!(
                verdicts
                    .iter()
                    .all(|verdict| known.contains(verdict.signer.as_ref().unwrap()))
            );
        }
        let elsewhere = verify(&other, block, day(20), keyring);
        assert_ne!(overall(&elsewhere), Status::Valid, "{block}");
        overall(&verdicts)
    };

    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    let mut after_a_while = 0;
    for number in 0..count {
        if number == count / 4 {
            after_a_while = resident();
        }
        let which = random.below(signers.len());
        let outcome = match random.below(6) {
            0 => judge(
                &armored_bytes(Kind::Signature, &damaged(&signatures[which], random)),
                &mut keyring,
            )
            .words()
            .to_string(),
            1 => {
                let armor = armored_bytes(Kind::Signature, &damaged(&signatures[which], random));
                let block = format!(
                    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}\n{armor}",
                    payload()
                );
                judge(&block, &mut keyring).words().to_string()
            }
            2 => judge(
                &armored_bytes(Kind::Message, &damaged(&messages[which], random)),
                &mut keyring,
            )
            .words()
            .to_string(),
            3 => {
                let text = damaged(blocks[which].as_bytes(), random);
                judge(&String::from_utf8_lossy(&text), &mut keyring)
                    .words()
                    .to_string()
            }
            form => {
                let whole = if form == 4 {
                    &certificates[which]
                } else {
                    &armored_certificates[which]
                };
                let offered = damaged(whole, random);
                match Certificate::parse(&offered) {
                    Err(error) => {
                        assert_ne!(error, CertificateError::WrongFingerprint);
                        format!("{error:?}")
                    }
                    Ok(certificate) => {
                        certificate.description(day(20));
                        let bytes = certificate.to_bytes();
                        let again = Certificate::parse(&bytes).unwrap();
                        assert_eq!(again.to_bytes(), bytes);
                        let mut changed = Memory(vec![allowed(certificate)]);
                        format!("kept, {}", judge(&blocks[which], &mut changed).words())
                    }
                }
            }
        };
        *seen.entry(outcome).or_default() += 1;
    }
    let at_the_end = resident();
    println!("{seen:?}");
    println!("resident memory: {after_a_while} KiB after a quarter, {at_the_end} KiB at the end");
    // The damages reach every part: what is read before packets, in them, and after.
    for outcome in [
        "malformed",
        "bad",
        "unknown_signer",
        "valid",
        "kept, valid",
        "MalformedBinary",
        "Malformed",
    ] {
        assert!(seen.contains_key(outcome), "{outcome}: {seen:?}");
    }
    assert!(
        at_the_end < after_a_while + (8 << 10),
        "memory grew from {after_a_while} to {at_the_end} KiB"
    );
}
