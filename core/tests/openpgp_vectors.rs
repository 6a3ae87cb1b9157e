//! Blocks from other projects' test suites, where they lie beside the checkout: each its word, and none of them ever
//! valid for our payload.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use health_crypto_core::openpgp::{Certificate, overall, verify};
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::packet::Packet;
use openpgp::parse::{PacketParser, PacketParserResult, Parse};
use openpgp::serialize::SerializeInto;

/// When all of them are judged: 2026-01-01.
fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The text that a block says it signs, taken out of it as loosely as a mail program would; the payload if there is
/// none.
fn own_text(block: &str) -> String {
    if let Some((_, rest)) = block.split_once("-----BEGIN PGP SIGNED MESSAGE-----")
        && let Some((_, rest)) = rest.replace("\r\n", "\n").split_once("\n\n")
        && let Some((body, _)) = rest.split_once("\n-----BEGIN PGP SIGNATURE")
    {
        let lines = body
            .split('\n')
            .map(|line| line.strip_prefix("- ").unwrap_or(line));
        return lines.collect::<Vec<_>>().join("\n");
    }
    let Ok(mut parser) = PacketParser::from_bytes(block.as_bytes()) else {
        return payload();
    };
    while let PacketParserResult::Some(mut here) = parser {
        if let Packet::Literal(_) = here.packet {
            let _ = here.buffer_unread_content();
            if let Packet::Literal(literal) = &here.packet {
                return String::from_utf8_lossy(literal.body()).into_owned();
            }
        }
        match here.next() {
            Ok((_, next)) => parser = next,
            Err(_) => break,
        }
    }
    payload()
}

/// The certificate in a file that holds a secret key, as its owner would publish it.
fn public_part(bytes: &[u8]) -> Option<Certificate> {
    let cert = openpgp::Cert::from_bytes(bytes)
        .ok()
        .filter(openpgp::Cert::is_tsk)?;
    let public = cert.strip_secret_key_material().to_vec().ok()?;
    Certificate::parse(&public).ok()
}

/// Judges each file of a folder, all certificates in it being in the keyring: over our payload, of which none may be
/// valid, and over its own text, which gives its word.
fn judge(folder: &str) -> Option<BTreeMap<String, &'static str>> {
    let root = vectors(folder)?;
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let mut keyring = Memory::default();
    let mut texts = BTreeMap::new();
    for path in &paths {
        let bytes = std::fs::read(path).unwrap();
        for certificate in Certificate::parse_many(&bytes)
            .unwrap_or_default()
            .into_iter()
            .flatten()
        {
            certificate.description(at());
            keyring.0.push(allowed(certificate));
        }
        keyring.0.extend(public_part(&bytes).map(allowed));
        let name = path
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        texts.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    assert!(keyring.0.len() > 3, "{} certificates", keyring.0.len());
    let mut words = BTreeMap::new();
    for (name, text) in texts {
        for variant in [
            text.clone(),
            text.replace("\r\n", "\n"),
            text.trim().to_string(),
        ] {
            assert_ne!(word(&variant, at(), &mut keyring), "valid", "{name}");
        }
        let block = text.trim_start();
        let own = overall(&verify(&own_text(block), block, at(), &mut keyring));
        words.insert(name, own.words());
    }
    Some(words)
}

/// Compares with a table: what it does not name is `malformed`.
fn check(words: &BTreeMap<String, &'static str>, table: &[(&str, &str)]) {
    for (name, word) in words {
        let named = table.iter().find(|(file, _)| file == name);
        assert_eq!(*word, named.map_or("malformed", |(_, word)| word), "{name}");
    }
    for (file, _) in table {
        assert!(words.contains_key(*file), "{file} is not there");
    }
}

#[test]
fn clearsign_attacks() {
    let Some(words) = judge("clearsign-attacks") else {
        return;
    };
    assert!(words.len() > 50, "{} files", words.len());
    check(
        &words,
        &[
            // Good signatures, which show that the others are judged by the same keyring and to the end.
            ("gocrypto-clearSignV6-6.asc", "valid"),
            ("openpgpjs-31.asc", "valid"),
            ("openpgpjs-33.asc", "valid"),
            ("openpgpjs-38.asc", "valid"),
            // Of before issuers were named by fingerprint.
            ("gocrypto-clearsignInput3-3.asc", "unknown_signer"),
            ("openpgpjs-11.asc", "unknown_signer"),
            ("openpgpjs-42.asc", "unknown_signer"),
            ("openpgpjs-bypass-1.asc", "unknown_signer"),
            // A self-signature that is younger than the signature.
            ("openpgpjs-20.asc", "not_yet_valid"),
            // RSA 1024.
            ("openpgpjs-21.asc", "weak"),
            ("openpgpjs-23.asc", "weak"),
            ("openpgpjs-24.asc", "weak"),
            // Detached, over texts that are not in the files; and a text that is not UTF-8.
            ("openpgpjs-18.asc", "bad"),
            ("openpgpjs-43.asc", "bad"),
            ("openpgpjs-41.asc", "bad"),
            // A version 6 salt of the wrong length.
            ("openpgpjs-25.asc", "bad"),
            // Not named, and so malformed, among others: the spoofed cleartext headers (27, 28), text before the block
            // (clearsignInput), NotDashEscaped (gpg.fail-notdash), a marker packet (16), signatures of unknown
            // versions beside a good one (49, 51), no creation time (14), compressed (10, 45).
        ],
    );
}

#[test]
fn rpgp() {
    let Some(words) = judge("rpgp") else { return };
    assert!(words.len() > 50, "{} files", words.len());
    check(
        &words,
        &[
            ("tests/rfc9580/v4-ed25519-x25519/csf.msg", "valid"),
            ("tests/rfc9580/v6-25519-annex-a-4/csf.msg", "valid"),
            ("tests/rfc9580/v6-ed25519-x448/csf.msg", "valid"),
            ("tests/rfc9580/v6-ed448-x448/csf.msg", "valid"),
            ("tests/rfc9580/v6-nistp/csf.msg", "valid"),
            ("tests/rfc9580/v6-rsa/csf.msg", "valid"),
            ("tests/unit-tests/cleartext-msg-01.asc", "valid"),
            ("tests/unit-tests/csf/empty.csf", "valid"),
            ("tests/unit-tests/csf/msg.csf", "valid"),
            ("tests/unit-tests/csf/starts-with-newline.csf", "valid"),
            ("tests/unit-tests/text_signature_normalization.msg", "valid"),
            // The old form of Ed25519 in version 6, which RFC 9580 forbids. (Sequoia calls it good.)
            ("tests/rfc9580/v6-legacy_illegal/csf.msg", "weak"),
            // Not named, and so malformed, among others: two signed messages in one block (two_signed.asc), literals
            // beside the signed one (two_literals...), what is encrypted, a quine (quine.out), fuzzers' crashes.
        ],
    );
}
