//! Packets put together by hand, of sizes and depths that nobody means honestly.

// DSA is offered, whatever Sequoia thinks of it.
#![allow(deprecated, reason = "what is deprecated is judged here")]

use std::time::Duration;

use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::crypto::mpi::{MPI, PublicKey};
use openpgp::packet::key::{Key4, PrimaryRole};
use openpgp::packet::signature::subpacket::{Subpacket, SubpacketArea, SubpacketValue};
use openpgp::packet::signature::{Signature4, SignatureBuilder};
use openpgp::packet::{Key, Packet, Signature, UserID};
use openpgp::serialize::SerializeInto;
use openpgp::types::PublicKeyAlgorithm::{self, DSA, ECDSA};
use openpgp::types::{HashAlgorithm, KeyFlags, SignatureType};

use super::{day, payload, primary_pair, signer, subkey_pair};

/// A certification of the smallest size, of nothing, by an issuer named by key id.
pub fn small_certification() -> Vec<u8> {
    let mut area = SubpacketArea::default();
    for value in [
        SubpacketValue::SignatureCreationTime(day(5).try_into().unwrap()),
        SubpacketValue::Issuer(signer().keyid()),
    ] {
        area.add(Subpacket::new(value, false).unwrap()).unwrap();
    }
    let signature = Signature4::new(
        SignatureType::GenericCertification,
        PublicKeyAlgorithm::EdDSA,
        HashAlgorithm::SHA256,
        area,
        SubpacketArea::default(),
        [1, 2],
        openpgp::crypto::mpi::Signature::EdDSA {
            r: MPI::new(&[0x55; 32]),
            s: MPI::new(&[0x55; 32]),
        },
    );
    Packet::from(Signature::from(signature)).to_vec().unwrap()
}

/// A packet: new format, four-octet length.
pub fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc0 | tag, 0xff];
    bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

pub const SIGNATURE: u8 = 2;
pub const ONE_PASS: u8 = 4;
pub const KEY: u8 = 6;
pub const COMPRESSED: u8 = 8;
pub const LITERAL: u8 = 11;
pub const USER_ID: u8 = 13;
pub const SUBKEY: u8 = 14;
pub const USER_ATTRIBUTE: u8 = 17;

/// A multi-precision integer of so many bits, all set.
pub fn integer(bits: usize) -> Vec<u8> {
    let mut bytes = u16::try_from(bits).unwrap().to_be_bytes().to_vec();
    let length = bits.div_ceil(8);
    let mut value = vec![0xff; length];
    value[0] = 0xff >> (length * 8 - bits);
    bytes.extend(value);
    bytes
}

/// An RSA key packet of version 4, made on day 0.
pub fn rsa(tag: u8, modulus: usize, exponent: usize) -> Vec<u8> {
    let mut body = vec![4];
    body.extend(1_704_067_200_u32.to_be_bytes());
    body.push(1);
    body.extend(integer(modulus));
    body.extend(integer(exponent));
    packet(tag, &body)
}

pub fn packets_of(cert: &Cert) -> Vec<u8> {
    cert.clone().strip_secret_key_material().to_vec().unwrap()
}

/// The first packet of a certificate: its primary key.
pub fn primary_of(cert: &Cert) -> Vec<u8> {
    let key = cert.primary_key().key().clone();
    Packet::from(key.parts_into_public()).to_vec().unwrap()
}

/// A certification of the first user id of `cert` by a stranger, cryptographically good.
pub fn certification(cert: &Cert) -> Vec<u8> {
    let stranger = signer();
    let user_id = cert.userids().next().unwrap().userid().clone();
    let signature = user_id
        .certify(&mut primary_pair(&stranger), cert, None, None, day(5))
        .unwrap();
    Packet::from(signature).to_vec().unwrap()
}

/// A certificate of one key, whose owner did not make its `count` self-signatures; but each has the right beginning of
/// its hash, so that only the whole verification tells.
pub fn self_signed(key: PublicKey, algorithm: PublicKeyAlgorithm, count: u32) -> Vec<u8> {
    let key: Key<_, PrimaryRole> = Key4::new(day(0), algorithm, key).unwrap().into();
    let user_id = UserID::from("x");
    let mut bytes = Packet::from(key.clone()).to_vec().unwrap();
    bytes.extend(Packet::from(user_id.clone()).to_vec().unwrap());
    for number in 0..count {
        let made = day(0) + Duration::from_secs(number.into());
        let mut area = SubpacketArea::default();
        for value in [
            SubpacketValue::SignatureCreationTime(made.try_into().unwrap()),
            SubpacketValue::IssuerFingerprint(key.fingerprint()),
        ] {
            area.add(Subpacket::new(value, true).unwrap()).unwrap();
        }
        let mpis = match algorithm {
            DSA => openpgp::crypto::mpi::Signature::DSA {
                r: MPI::new(&[0x55; 28]),
                s: MPI::new(&[0x55; 28]),
            },
            ECDSA => openpgp::crypto::mpi::Signature::ECDSA {
                r: MPI::new(&[0x55; 64]),
                s: MPI::new(&[0x55; 64]),
            },
            _ => openpgp::crypto::mpi::Signature::RSA {
                s: MPI::new(&[0x55; 256]),
            },
        };
        let with_prefix = |prefix| {
            Signature::from(Signature4::new(
                SignatureType::PositiveCertification,
                algorithm,
                HashAlgorithm::SHA512,
                area.clone(),
                SubpacketArea::default(),
                prefix,
                mpis.clone(),
            ))
        };
        let draft = with_prefix([0, 0]);
        let mut hash = HashAlgorithm::SHA512.context().unwrap().for_signature(4);
        draft
            .hash_userid_binding(&mut hash, &key, &user_id)
            .unwrap();
        let digest = hash.into_digest().unwrap();
        let signature = with_prefix([digest[0], digest[1]]);
        bytes.extend(Packet::from(signature).to_vec().unwrap());
    }
    bytes
}

pub fn rsa_key(modulus: usize, exponent: usize) -> PublicKey {
    PublicKey::RSA {
        e: MPI::new(&vec![0xff; exponent / 8]),
        n: MPI::new(&vec![0xff; modulus / 8]),
    }
}

pub fn dsa_key(modulus: usize) -> PublicKey {
    PublicKey::DSA {
        p: MPI::new(&vec![0xff; modulus / 8]),
        // The prime 2^256 - 189, so that the signature's number has an inverse.
        q: MPI::new(&[&[0xff; 31][..], &[0x43]].concat()),
        g: MPI::new(&[0x05; 32]),
        y: MPI::new(&vec![0x77; modulus / 8]),
    }
}

pub fn brainpool_key() -> PublicKey {
    let key: Key<_, PrimaryRole> = Key4::generate_ecc(true, openpgp::types::Curve::BrainpoolP512)
        .unwrap()
        .into();
    key.mpis().clone()
}

/// A signing subkey that is bound so many times, each time with `count` back-signatures of which the last holds.
pub fn back_signed(count: usize, bindings: usize) -> Vec<u8> {
    let cert = signer();
    let subkey = cert.keys().subkeys().next().unwrap();
    let pair = &mut subkey_pair(&cert);
    let back = |key: &Key<_, PrimaryRole>, pair: &mut openpgp::crypto::KeyPair| {
        SignatureBuilder::new(SignatureType::PrimaryKeyBinding)
            .set_signature_creation_time(day(0))
            .unwrap()
            .sign_primary_key_binding(pair, key, subkey.key())
            .unwrap()
    };
    let others = signer();
    let bad = back(others.primary_key().key().parts_as_public(), pair);
    let good = back(cert.primary_key().key().parts_as_public(), pair);
    let binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
        .set_signature_creation_time(day(1))
        .unwrap()
        .set_key_flags(KeyFlags::empty().set_signing())
        .unwrap()
        .modify_unhashed_area(|mut area| {
            for _ in 1..count {
                area.add(Subpacket::new(
                    SubpacketValue::EmbeddedSignature(bad.clone()),
                    false,
                )?)?;
            }
            area.add(Subpacket::new(
                SubpacketValue::EmbeddedSignature(good),
                false,
            )?)?;
            Ok(area)
        })
        .unwrap()
        .sign_subkey_binding(
            &mut primary_pair(&cert),
            cert.primary_key().key(),
            subkey.key(),
        )
        .unwrap();
    let mut bytes = primary_of(&cert);
    bytes.extend(
        Packet::from(subkey.key().clone().parts_into_public())
            .to_vec()
            .unwrap(),
    );
    bytes.extend(Packet::from(binding).to_vec().unwrap().repeat(bindings));
    bytes
}

pub fn armor(label: &str, bytes: &[u8]) -> String {
    let kind = match label {
        "MESSAGE" => openpgp::armor::Kind::Message,
        _ => openpgp::armor::Kind::Signature,
    };
    super::armored_bytes(kind, bytes)
}

/// Bits as DEFLATE packs them.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u8,
}

impl Bits {
    fn push(&mut self, value: u32, count: u8) {
        for bit in 0..count {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if value >> bit & 1 == 1 {
                *self.bytes.last_mut().unwrap() |= 1 << self.used;
            }
            self.used = (self.used + 1) % 8;
        }
    }

    /// Huffman codes go in from their highest bit.
    fn code(&mut self, value: u32, count: u8) {
        for bit in (0..count).rev() {
            self.push(value >> bit & 1, 1);
        }
    }
}

/// A compressed packet of about `size` bytes that unfolds to some 150 times as many zeros (RFC 1951, fixed codes).
pub fn bomb(size: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(1, 1);
    bits.push(1, 2);
    bits.code(0x30, 8);
    while bits.bytes.len() < size {
        // Length 258, distance 1: the same byte again.
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    // Compression algorithm 1: DEFLATE without a header.
    packet(COMPRESSED, &[vec![1], bits.bytes].concat())
}

/// A compressed packet around each of `depth` layers, kept as it is.
pub fn layers(depth: usize, inner: Vec<u8>) -> Vec<u8> {
    (0..depth).fold(inner, |inner, _| {
        packet(COMPRESSED, &[vec![0], inner].concat())
    })
}

/// Version 6 signatures, each embedded in the unsigned area of the next, `depth` deep.
pub fn embedded(depth: usize) -> Vec<u8> {
    let mut body: Vec<u8> = Vec::new();
    for _ in 0..depth {
        let mut unhashed = vec![0xff];
        unhashed.extend(u32::try_from(body.len() + 1).unwrap().to_be_bytes());
        unhashed.push(32);
        unhashed.extend(&body);
        let mut outer = vec![6, 0, 22, 8, 0, 0, 0, 0];
        outer.extend(u32::try_from(unhashed.len()).unwrap().to_be_bytes());
        outer.extend(unhashed);
        outer.extend([0, 0, 0]);
        body = outer;
    }
    packet(SIGNATURE, &body)
}

pub fn user_ids(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|number| packet(USER_ID, format!("user {number}").as_bytes()))
        .collect()
}

/// A signature block that is good but for its size or number.
pub fn signature_of(block: &str) -> String {
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}\n{block}",
        payload()
    )
}
