//! For bench/verify.sh: makes signatures as GnuPG's clients store them, thousands of which gpg would take an hour to make,
//! and measures what verifying them takes by itself: OpenSSL, and ed25519-dalek for Ed25519, as the core does.
//!
//!     signatures sign ALGORITHM CERTIFICATE-FILE < digests    prints algorithm, digest and cleartext block, a line each
//!     signatures verify REPETITIONS CERTIFICATE-FILE... < those lines
//!
//! `verify` prints, a line each repetition, signatures a second of wall-clock and of processor time: with keys made once and
//! the hashes at hand, which is the least that verifying can cost; the same with OpenSSL for Ed25519 too, which is the
//! backend that Sequoia is built with; and through Sequoia's own verification.

#![allow(
    clippy::cast_precision_loss,
    clippy::panic_in_result_fn,
    clippy::print_stdout,
    reason = "a program for measurements: it prints, and divides counts"
)]

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant, SystemTime};

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::md::Md;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use openssl::sign::Verifier;
use sequoia_openpgp::armor;
use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::crypto::hash::Hash;
use sequoia_openpgp::crypto::mpi;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Packet, Signature};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::serialize::{Serialize, SerializeInto};
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, SignatureType};
use sequoia_openpgp::{Cert, Fingerprint, PacketPile, Profile};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["sign", algorithm, certificate] => sign(algorithm, certificate),
        ["verify", repetitions, certificates @ ..] => verify(repetitions.parse()?, certificates),
        _ => Err("usage: signatures sign ALGORITHM FILE | verify REPETITIONS FILE...".into()),
    }
}

fn sign(algorithm: &str, certificate: &str) -> Outcome<()> {
    let suite = match algorithm {
        "ed25519" => CipherSuite::Cv25519,
        "rsa4096" => CipherSuite::RSA4k,
        "p256" => CipherSuite::P256,
        _ => return Err("ed25519, rsa4096 or p256".into()),
    };
    let now = SystemTime::now();
    let (cert, _) = CertBuilder::new()
        .set_profile(Profile::RFC4880)?
        .set_cipher_suite(suite)
        .set_creation_time(now - Duration::from_secs(86_400))
        .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
        .add_userid(format!("Bench {algorithm} <{algorithm}@hospital.example>"))
        .generate()?;
    std::fs::write(certificate, cert.armored().to_vec()?)?;
    let key = cert.primary_key().key().clone().parts_into_secret()?;
    let mut signer = key.into_keypair()?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (index, digest) in std::io::stdin().lock().lines().enumerate() {
        let digest = digest?;
        // Each in a second of its own, as people sign.
        let made = now - Duration::from_secs(80_000) + Duration::from_secs(index as u64 % 79_000);
        let signature = SignatureBuilder::new(SignatureType::Text)
            .set_hash_algo(HashAlgorithm::SHA512)
            .set_signature_creation_time(made)?
            .sign_message(&mut signer, digest.as_bytes())?;
        let mut armored = armor::Writer::new(Vec::new(), armor::Kind::Signature)?;
        Packet::from(signature).serialize(&mut armored)?;
        let armored = String::from_utf8(armored.finalize()?)?;
        let block =
            format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{digest}\n{armored}");
        writeln!(out, "{algorithm}\t{digest}\t{}", block.replace('\n', "\\n"))?;
    }
    Ok(())
}

/// A key as its library has it.
enum Key {
    Rsa(PKey<Public>),
    Ed25519 {
        dalek: ed25519_dalek::VerifyingKey,
        openssl: PKey<Public>,
    },
    Ecdsa(EcKey<Public>),
}

/// What verifies Ed25519.
#[derive(Clone, Copy)]
enum Ed25519By {
    Dalek,
    OpenSsl,
}

/// A signature with what it is verified by.
struct One {
    issuer: Fingerprint,
    signature: Signature,
    digest: Vec<u8>,
}

fn verify(repetitions: usize, certificates: &[&str]) -> Outcome<()> {
    let mut certs = HashMap::new();
    let mut keys = HashMap::new();
    for path in certificates {
        let cert = Cert::from_file(path)?;
        keys.insert(cert.fingerprint(), key_of(&cert)?);
        certs.insert(cert.fingerprint(), cert);
    }
    let mut all = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let [_, digest, block] = *line.split('\t').collect::<Vec<_>>() else {
            return Err("not algorithm, digest and block".into());
        };
        let block = block.replace("\\n", "\n");
        let armored = block
            .find("-----BEGIN PGP SIGNATURE")
            .ok_or("no signature")?;
        let pile = PacketPile::from_bytes(block.get(armored..).ok_or("no signature")?)?;
        let Some(Packet::Signature(signature)) = pile.into_children().next() else {
            return Err("no signature packet".into());
        };
        let mut context = signature
            .hash_algo()
            .context()?
            .for_signature(signature.version());
        context.update(digest.as_bytes());
        signature.hash(&mut context)?;
        let digest = context.into_digest()?;
        let mut issuers = signature.issuer_fingerprints();
        let issuer = issuers.next().ok_or("no issuer")?.clone();
        drop(issuers);
        all.push(One {
            issuer,
            signature,
            digest,
        });
    }
    for _ in 0..repetitions {
        for by in [Ed25519By::Dalek, Ed25519By::OpenSsl] {
            let (wall, cpu) = timed(|| {
                for one in &all {
                    let good = made(keys.get(&one.issuer).ok_or("no key")?, one, by)?;
                    assert!(good, "a signature is called bad");
                }
                Ok(())
            })?;
            print!(
                "{:.1} {:.1} ",
                all.len() as f64 / wall,
                all.len() as f64 / cpu
            );
        }
        // Sequoia remembers good signatures, so that only the first time is one.
        let (wall, cpu) = timed(|| {
            for one in &all {
                let key = certs.get(&one.issuer).ok_or("no key")?.primary_key();
                key.key()
                    .verify(one.signature.mpis(), one.signature.hash_algo(), &one.digest)?;
            }
            Ok(())
        })?;
        println!(
            "{:.1} {:.1}",
            all.len() as f64 / wall,
            all.len() as f64 / cpu
        );
    }
    Ok(())
}

fn timed(body: impl FnOnce() -> Outcome<()>) -> Outcome<(f64, f64)> {
    let (began, before) = (Instant::now(), processor_seconds()?);
    body()?;
    Ok((began.elapsed().as_secs_f64(), processor_seconds()? - before))
}

/// Of this process, by the kernel's count of hundredths.
fn processor_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |place: usize| -> Outcome<f64> { Ok(fields.get(place).ok_or("no stat")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

fn key_of(cert: &Cert) -> Outcome<Key> {
    let number = |value: &mpi::MPI| BigNum::from_slice(value.value());
    Ok(match cert.primary_key().key().mpis() {
        mpi::PublicKey::RSA { e, n } => Key::Rsa(PKey::from_rsa(Rsa::from_public_components(
            number(n)?,
            number(e)?,
        )?)?),
        mpi::PublicKey::EdDSA { q, .. } => {
            let point = q.value().get(1..).ok_or("no point")?;
            Key::Ed25519 {
                dalek: ed25519_dalek::VerifyingKey::from_bytes(point.try_into()?)?,
                openssl: PKey::public_key_from_raw_bytes(point, Id::ED25519)?,
            }
        }
        mpi::PublicKey::ECDSA { q, .. } => {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
            let point = EcPoint::from_bytes(&group, q.value(), &mut *BigNumContext::new()?)?;
            Key::Ecdsa(EcKey::from_public_key(&group, &point)?)
        }
        _ => return Err("another kind of key".into()),
    })
}

fn made(key: &Key, one: &One, ed25519_by: Ed25519By) -> Outcome<bool> {
    Ok(match (key, one.signature.mpis()) {
        (Key::Rsa(key), mpi::Signature::RSA { s }) => {
            let mut context = PkeyCtx::new(key)?;
            context.verify_init()?;
            context.set_rsa_padding(Padding::PKCS1)?;
            context.set_signature_md(Md::sha512())?;
            context.verify(&one.digest, &s.value_padded(key.size())?)?
        }
        (Key::Ed25519 { dalek, openssl }, mpi::Signature::EdDSA { r, s }) => {
            let signature = [r.value_padded(32)?, s.value_padded(32)?].concat();
            match ed25519_by {
                Ed25519By::Dalek => {
                    let signature = ed25519_dalek::Signature::from_slice(&signature)?;
                    dalek.verify_strict(&one.digest, &signature).is_ok()
                }
                Ed25519By::OpenSsl => Verifier::new_without_digest(openssl)?
                    .verify_oneshot(&signature, &one.digest)?,
            }
        }
        (Key::Ecdsa(key), mpi::Signature::ECDSA { r, s }) => {
            let number = |value: &mpi::MPI| BigNum::from_slice(value.value());
            EcdsaSig::from_private_components(number(r)?, number(s)?)?.verify(&one.digest, key)?
        }
        _ => return Err("another kind of signature".into()),
    })
}
