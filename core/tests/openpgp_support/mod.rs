//! What the OpenPGP tests share: signers made with Sequoia, blocks put together by hand, and a keyring in memory.
#![allow(dead_code, reason = "each test crate uses its own part")]

pub mod encryption;
pub mod hostile;
pub mod programs;

use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use health_crypto_core::openpgp::{
    Candidate, Certificate, Fingerprint, Keyring, SignatureVerdict, overall, verify,
};
use sequoia_openpgp as openpgp;

use openpgp::armor::{Kind, Writer};
use openpgp::cert::prelude::*;
use openpgp::crypto::KeyPair;
use openpgp::packet::one_pass_sig::{OnePassSig3, OnePassSig6};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::signature::subpacket::{Subpacket, SubpacketValue};
use openpgp::packet::{Literal, OnePassSig, Packet, Signature};
use openpgp::serialize::Serialize;
use openpgp::serialize::SerializeInto;
use openpgp::types::{DataFormat, HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType};

pub const DAY: Duration = Duration::from_secs(86_400);

/// What GNU Health signs: 128 hexadecimal digits.
pub fn payload() -> String {
    "0123456789abcdef".repeat(8)
}

/// A time in days from 2024-01-01, the day on which the signers' keys are made.
pub fn day(days: i64) -> SystemTime {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_067_200);
    let distance = Duration::from_secs(days.unsigned_abs() * 86_400);
    if days < 0 {
        start - distance
    } else {
        start + distance
    }
}

/// The certificates a test puts in, each with whether it may sign.
#[derive(Default)]
pub struct Memory(pub Vec<Candidate>);

impl Memory {
    pub fn of(certs: &[&Cert]) -> Memory {
        Memory(certs.iter().map(|cert| candidate(cert, true)).collect())
    }
}

pub fn candidate(cert: &Cert, authorized: bool) -> Candidate {
    Candidate {
        certificate: Rc::new(certificate(cert)),
        authorized,
    }
}

pub fn certificate(cert: &Cert) -> Certificate {
    Certificate::parse(&cert.clone().strip_secret_key_material().to_vec().unwrap()).unwrap()
}

impl Keyring for Memory {
    fn candidates(&mut self, issuer: &Fingerprint) -> Vec<Candidate> {
        self.0
            .iter()
            .filter(|entry| entry.certificate.key_fingerprints().contains(issuer))
            .cloned()
            .collect()
    }
}

/// Verifies and gives the one word.
pub fn word(block: &str, at: SystemTime, keyring: &mut Memory) -> &'static str {
    overall(&verdicts(block, at, keyring)).words()
}

pub fn verdicts(block: &str, at: SystemTime, keyring: &mut Memory) -> Vec<SignatureVerdict> {
    verify(&payload(), block, at, keyring)
}

/// A builder of certificates made on day 0: a primary key that only certifies.
pub fn cert_builder() -> CertBuilder<'static> {
    CertBuilder::new()
        .set_creation_time(day(0))
        .add_userid("Cordara Cameron <cordara@example.org>")
        .set_primary_key_flags(KeyFlags::empty().set_certification())
}

/// Such a certificate with a signing subkey and an encryption subkey.
pub fn signer() -> Cert {
    cert_builder()
        .add_signing_subkey()
        .add_transport_encryption_subkey()
        .generate()
        .unwrap()
        .0
}

/// The key pair of a certificate's primary key.
pub fn primary_pair(cert: &Cert) -> KeyPair {
    cert.primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap()
}

/// The key pair of a certificate's first subkey: for [`signer`], the one that signs.
pub fn subkey_pair(cert: &Cert) -> KeyPair {
    let subkey = cert.keys().subkeys().next().unwrap();
    subkey
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap()
}

/// A text signature made on day 10.
pub fn builder() -> SignatureBuilder {
    SignatureBuilder::new(SignatureType::Text)
        .set_hash_algo(HashAlgorithm::SHA512)
        .set_signature_creation_time(day(10))
        .unwrap()
}

pub fn sign(builder: SignatureBuilder, pair: &mut KeyPair, text: &str) -> Signature {
    builder.sign_message(pair, text).unwrap()
}

/// A cleartext block with `body` as it stands, and the signatures.
pub fn cleartext(body: &str, signatures: Vec<Signature>) -> String {
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{body}\n{}",
        detached(signatures)
    )
}

pub fn detached(signatures: Vec<Signature>) -> String {
    armored(Kind::Signature, signatures.into_iter().map(Packet::from))
}

pub fn armored(kind: Kind, packets: impl IntoIterator<Item = Packet>) -> String {
    let mut bytes = Vec::new();
    for packet in packets {
        packet.serialize(&mut bytes).unwrap();
    }
    armored_bytes(kind, &bytes)
}

/// Of bytes that need not be packets.
pub fn armored_bytes(kind: Kind, bytes: &[u8]) -> String {
    let mut writer = Writer::new(Vec::new(), kind).unwrap();
    writer.write_all(bytes).unwrap();
    String::from_utf8(writer.finalize().unwrap()).unwrap()
}

/// A good cleartext block over the payload by `cert`'s signing subkey.
pub fn good_block(cert: &Cert) -> String {
    cleartext(
        &payload(),
        vec![sign(builder(), &mut subkey_pair(cert), &payload())],
    )
}

/// The folder of test data from elsewhere, if it is there.
pub fn vectors(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/vectors")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    let _ = writeln!(
        std::io::stderr(),
        "skipped: ../shared/vectors/{folder} is not there"
    );
    None
}

/// Says that a test does not run, past the test harness, which swallows what tests print.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    note(why);
}

/// The same, where it is no fault of the set-up.
pub fn note(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// The certificates in an export, all of them allowed to sign.
pub fn keyring_of(export: &[u8]) -> Memory {
    let all = Certificate::parse_many(export).unwrap();
    Memory(all.into_iter().map(|each| allowed(each.unwrap())).collect())
}

pub fn allowed(certificate: Certificate) -> Candidate {
    Candidate {
        certificate: Rc::new(certificate),
        authorized: true,
    }
}

pub fn sign_as(cert: &Cert, builder: SignatureBuilder) -> String {
    cleartext(
        &payload(),
        vec![sign(builder, &mut subkey_pair(cert), &payload())],
    )
}

pub fn judged(cert: &Cert, builder: SignatureBuilder) -> &'static str {
    word(&sign_as(cert, builder), day(20), &mut Memory::of(&[cert]))
}

pub fn on(days: i64) -> SignatureBuilder {
    builder().set_signature_creation_time(day(days)).unwrap()
}

/// A builder with one critical subpacket more, in the signed area or the other.
pub fn subpacket(
    builder: SignatureBuilder,
    value: SubpacketValue,
    hashed: bool,
) -> SignatureBuilder {
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

pub fn revoke_certificate(cert: Cert, reason: ReasonForRevocation, days: i64) -> Cert {
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

pub fn revoke_subkey(cert: Cert, reason: ReasonForRevocation, days: i64) -> Cert {
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

/// An inline-signed message by `cert` over `text`, its packets changed by `change` before they are armored.
pub fn inline(cert: &Cert, text: &str, change: impl FnOnce(&mut Vec<Packet>)) -> String {
    let builder = SignatureBuilder::new(SignatureType::Binary)
        .set_signature_creation_time(day(10))
        .unwrap();
    let signature = sign(builder, &mut subkey_pair(cert), text);
    let mut packets = vec![one_pass(&signature, true), literal(text), signature.into()];
    change(&mut packets);
    armored(Kind::Message, packets)
}

pub fn one_pass(signature: &Signature, last: bool) -> Packet {
    if signature.version() == 6 {
        let mut one_pass = OnePassSig6::try_from(signature).unwrap();
        one_pass.set_last(last);
        return OnePassSig::from(one_pass).into();
    }
    let mut one_pass = OnePassSig3::try_from(signature).unwrap();
    one_pass.set_last(last);
    OnePassSig::from(one_pass).into()
}

pub fn literal(text: &str) -> Packet {
    let mut literal = Literal::new(DataFormat::Binary);
    literal.set_body(text.as_bytes().to_vec());
    literal.into()
}
