//! Keys and messages made and read by rPGP, an implementation of RFC 9580 that shares no code with Sequoia, OpenSSL or GnuPG.
//!
//!     rpgp generate DIRECTORY              certificates (NAME.asc) and secret keys (NAME.secret.asc); prints NAME FORM
//!     rpgp encrypt FORM CERTIFICATE...     a message from standard input; FORM is v1, eax, ocb or gcm
//!     rpgp decrypt SECRET                  prints the form of the message on standard input and what is in it

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;

use pgp::composed::{
    ArmorOptions, Deserializable, Edata, EncryptionCaps, KeyType, Message, MessageBuilder,
    SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey, SubkeyParamsBuilder,
};
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{ProtectedDataConfig, PublicSubkey, SymEncryptedProtectedDataConfig as Config};
use pgp::types::{CompressionAlgorithm, KeyDetails, KeyVersion};
use rand::thread_rng;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["generate", directory] => generate(Path::new(directory)),
        ["encrypt", form, certificates @ ..] => encrypt(form, certificates),
        ["decrypt", secret] => decrypt(secret),
        _ => Err("generate DIRECTORY, encrypt FORM CERTIFICATE..., or decrypt SECRET".into()),
    }
}

/// A key of every kind that health_crypto encrypts to: its name, version, whether it says that it reads AEAD, its
/// primary key and the one that encrypts.
fn kinds() -> Vec<(&'static str, KeyVersion, bool, KeyType, KeyType)> {
    use KeyType::{ECDH, ECDSA, Ed25519, Ed25519Legacy, Rsa, X448, X25519};
    use KeyVersion::{V4, V6};
    let nist = |curve: ECCCurve| (ECDSA(curve.clone()), ECDH(curve));
    let ((p256, e256), (p384, e384), (p521, e521)) = (
        nist(ECCCurve::P256),
        nist(ECCCurve::P384),
        nist(ECCCurve::P521),
    );
    let old = || ECDH(ECCCurve::Curve25519Legacy);
    vec![
        ("v4-rsa", V4, false, Rsa(2048), Rsa(2048)),
        ("v4-rsa-aead", V4, true, Ed25519, Rsa(2048)),
        ("v4-cv25519", V4, false, Ed25519Legacy, old()),
        ("v4-cv25519-aead", V4, true, Ed25519Legacy, old()),
        ("v4-x25519", V4, false, Ed25519, X25519),
        ("v4-x25519-aead", V4, true, Ed25519, X25519),
        ("v4-p256", V4, false, p256.clone(), e256.clone()),
        ("v4-p384-aead", V4, true, p384.clone(), e384.clone()),
        ("v6-rsa", V6, true, Ed25519, Rsa(2048)),
        ("v6-x25519", V6, true, Ed25519, X25519),
        ("v6-x25519-old-form", V6, false, Ed25519, X25519),
        ("v6-x448", V6, true, Ed25519, X448),
        ("v6-p256", V6, true, p256, e256),
        ("v6-p384", V6, true, p384, e384),
        ("v6-p521", V6, true, p521, e521),
    ]
}

fn generate(directory: &Path) -> Result<()> {
    for (name, version, aead, primary, encrypting) in kinds() {
        let subkey = SubkeyParamsBuilder::default()
            .version(version)
            .key_type(encrypting)
            .can_encrypt(EncryptionCaps::All)
            .build()?;
        let key = SecretKeyParamsBuilder::default()
            .version(version)
            .key_type(primary)
            .can_certify(true)
            .can_sign(true)
            .feature_seipd_v1(true)
            .feature_seipd_v2(aead)
            .primary_user_id(format!("{name} <{name}@example.org>"))
            .subkey(subkey)
            .build()?
            .generate(thread_rng())?;
        let armor = ArmorOptions::default();
        let write = |suffix: &str, text: String| {
            std::fs::write(directory.join(format!("{name}{suffix}.asc")), text)
        };
        write("", key.to_public_key().to_armored_string(armor.clone())?)?;
        write(".secret", key.to_armored_string(armor)?)?;
        println!("{name} {}", if aead { "v2" } else { "v1" });
    }
    Ok(())
}

fn encrypt(form: &str, certificates: &[&str]) -> Result<()> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text)?;
    let certificates = certificates
        .iter()
        .map(|file| Ok(SignedPublicKey::from_armor_file(file)?.0))
        .collect::<Result<Vec<_>>>()?;
    let keys = || {
        let subkeys = certificates
            .iter()
            .flat_map(|c| &c.public_subkeys)
            .map(|subkey| &subkey.key);
        subkeys.filter(|key: &&PublicSubkey| key.algorithm().can_encrypt())
    };
    // Chunks as small as there are, and partial lengths, which health_crypto itself does not write.
    let mut builder = MessageBuilder::from_reader("", text.as_slice());
    builder.partial_chunk_size(512)?;
    let aes = SymmetricKeyAlgorithm::AES256;
    let message = if form == "v1" {
        builder.compression(CompressionAlgorithm::ZLIB);
        let mut builder = builder.seipd_v1(thread_rng(), aes);
        for key in keys() {
            builder.encrypt_to_key(thread_rng(), key)?;
        }
        builder.to_armored_string(thread_rng(), ArmorOptions::default())?
    } else {
        let aead = match form {
            "eax" => AeadAlgorithm::Eax,
            "ocb" => AeadAlgorithm::Ocb,
            "gcm" => AeadAlgorithm::Gcm,
            _ => return Err("the form is v1, eax, ocb or gcm".into()),
        };
        let mut builder = builder.seipd_v2(thread_rng(), aes, aead, ChunkSize::C64B);
        for key in keys() {
            builder.encrypt_to_key(thread_rng(), key)?;
        }
        builder.to_armored_string(thread_rng(), ArmorOptions::default())?
    };
    print!("{message}");
    Ok(())
}

fn decrypt(secret: &str) -> Result<()> {
    let (key, _) = SignedSecretKey::from_armor_file(secret)?;
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text)?;
    let (message, _) = Message::from_armor(text.as_slice())?;
    let Message::Encrypted {
        edata: Edata::SymEncryptedProtectedData { reader },
        ..
    } = &message
    else {
        return Err("the message is not encrypted with protection of its integrity".into());
    };
    let form = match reader.config() {
        ProtectedDataConfig::Seipd(Config::V1) => "v1".to_owned(),
        ProtectedDataConfig::Seipd(Config::V2 { sym_alg, aead, .. }) => {
            format!("v2 {sym_alg:?} {aead:?}")
        }
        ProtectedDataConfig::GnupgAead(_) => {
            return Err("the message is of a form of GnuPG's own".into());
        }
    };
    let mut clear = message.decrypt(&"".into(), &key)?;
    let mut output = std::io::stdout();
    writeln!(output, "{form}")?;
    output.write_all(&clear.as_data_vec()?)?;
    Ok(())
}
