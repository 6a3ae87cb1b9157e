//! What the tests of encryption share: recipients of either version, and messages to them.

use std::rc::Rc;

use health_crypto_core::openpgp::Certificate;
use health_crypto_core::openpgp::encryption::*;
use sequoia_openpgp as openpgp;

use openpgp::Profile;
use openpgp::cert::{Cert, CertBuilder, CipherSuite};
use openpgp::packet::prelude::*;
use openpgp::parse::Parse;
use openpgp::serialize::SerializeInto;
use openpgp::serialize::stream::{Encryptor, Message as Stream, Recipient};
use openpgp::types::Features;

use super::{certificate, day};

/// A sealed prescription's text would do as well; it has characters of several bytes and line ends of both kinds.
pub const TEXT: &str = "Amoxicilina 500 mg ÷ día – 7 días\r\ncon comida\n";

/// A message to `cert` by Sequoia's streaming writer, armored, with what `fill` writes inside its encryption.
pub fn encrypted_by_sequoia(cert: &Cert, fill: impl FnOnce(Stream<'_>)) -> String {
    let policy = &openpgp::policy::StandardPolicy::at(day(10));
    let keys = cert
        .keys()
        .with_policy(policy, day(10))
        .for_transport_encryption()
        .map(Recipient::from);
    let mut sink = Vec::new();
    let stream = openpgp::serialize::stream::Armorer::new(Stream::new(&mut sink))
        .build()
        .unwrap();
    fill(Encryptor::for_recipients(stream, keys).build().unwrap());
    String::from_utf8(sink).unwrap()
}

pub fn recipient(builder: CertBuilder<'static>) -> Cert {
    builder
        .set_creation_time(day(0))
        .add_userid("Aurora Vidal <aurora@example.org>")
        .add_transport_encryption_subkey()
        .add_signing_subkey()
        .generate()
        .unwrap()
        .0
}

/// Of version 4, reading what GnuPG 2.2 reads; or of version 6, reading AEAD too.
pub fn recipient_builder(profile: Profile) -> CertBuilder<'static> {
    let features = Features::empty().set_seipdv1();
    let features = if profile == Profile::RFC9580 {
        features.set_seipdv2()
    } else {
        features
    };
    CertBuilder::new()
        .set_profile(profile)
        .unwrap()
        .set_features(features)
        .unwrap()
}

pub fn of(suite: CipherSuite, profile: Profile) -> Cert {
    recipient(recipient_builder(profile).set_cipher_suite(suite))
}

pub fn v4() -> Cert {
    of(CipherSuite::Cv25519, Profile::RFC4880)
}

pub fn v6() -> Cert {
    of(CipherSuite::Cv25519, Profile::RFC9580)
}

pub fn secret(cert: &Cert) -> SecretKey {
    SecretKey::parse(&armored_secret(cert)).unwrap()
}

pub fn armored_secret(cert: &Cert) -> String {
    String::from_utf8(cert.as_tsk().armored().to_vec().unwrap()).unwrap()
}

pub fn public(certs: &[&Cert]) -> Vec<Rc<Certificate>> {
    certs
        .iter()
        .map(|cert| Rc::new(certificate(cert)))
        .collect()
}

pub fn to(certs: &[&Cert], text: &str) -> Encrypted {
    encrypt(text.as_bytes(), &public(certs), "", day(10)).unwrap()
}

pub fn text_of(message: &str, cert: &Cert) -> Result<String, Undecryptable> {
    let message = Message::read(message).map_err(|_| Undecryptable)?;
    decrypt_with_secret_key(&message, &mut secret(cert).unlock("")).and_then(Contents::into_text)
}

pub fn packets(message: &str) -> Vec<Packet> {
    let pile = openpgp::PacketPile::from_bytes(message).unwrap();
    pile.into_children().collect()
}

/// The version of the encrypted data packet.
pub fn version(message: &str) -> u8 {
    match packets(message).pop() {
        Some(Packet::SEIP(packet)) => packet.version(),
        other => panic!("{other:?}"),
    }
}

pub fn literal_bytes(text: &[u8]) -> Vec<u8> {
    let mut literal = Literal::new(openpgp::types::DataFormat::Binary);
    literal.set_body(text.to_vec());
    Packet::from(literal).to_vec().unwrap()
}
