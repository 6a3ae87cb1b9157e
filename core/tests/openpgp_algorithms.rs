//! Which keys, versions and hashes are taken, made by Sequoia, GnuPG and sq. What the cryptographic library lacks is
//! `weak` or refused at import, with a sentence that says so.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use health_crypto_core::openpgp::{Certificate, CertificateError, verify};
use openpgp_support::programs::{Gpg, Sq, iso};
use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::cert::Cert;
use openpgp::crypto::KeyPair;
use openpgp::packet::key::{Key4, Key6, PrimaryRole, SecretParts};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{Key, Packet, Tag, UserID};
use openpgp::parse::Parse;
use openpgp::serialize::SerializeInto;
use openpgp::types::{Curve, HashAlgorithm, KeyFlags, SignatureType};

type Secret = Key<SecretParts, PrimaryRole>;

/// A certificate of one key that certifies and signs, made on day 0.
fn single(key: Secret) -> (Cert, KeyPair) {
    let mut key = key;
    key.set_creation_time(day(0)).unwrap();
    let mut pair = key.clone().into_keypair().unwrap();
    let user_id = UserID::from("Cordara Cameron");
    let binding = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_hash_algo(HashAlgorithm::SHA512)
        .set_signature_creation_time(day(0))
        .unwrap()
        .set_key_flags(KeyFlags::empty().set_signing().set_certification())
        .unwrap()
        .sign_userid_binding(&mut pair, key.parts_as_public(), &user_id)
        .unwrap();
    let packets: Vec<Packet> = vec![key.into(), user_id.into(), binding.into()];
    (Cert::from_packets(packets.into_iter()).unwrap(), pair)
}

/// The verdict on a block's first signature must be this word, with this in its reason.
fn expect(block: &str, keyring: &mut Memory, word: &str, reason: &str, case: &str) {
    let verdict = &verdicts(block, day(20), keyring)[0];
    let detail = verdict.detail;
    assert_eq!(verdict.status.words(), word, "{case}: {detail}");
    assert!(detail.contains(reason), "{case}: {detail}");
}

/// Which hashes a signature may have. SHA-1, RIPEMD-160 and MD5 are refused whatever the key is.
const HASHES: [(HashAlgorithm, &str); 9] = [
    (HashAlgorithm::SHA256, "valid"),
    (HashAlgorithm::SHA384, "valid"),
    (HashAlgorithm::SHA512, "valid"),
    (HashAlgorithm::SHA3_256, "valid"),
    (HashAlgorithm::SHA3_512, "valid"),
    // Debian's GnuPG never chooses it, and Sequoia's policy has nothing against it.
    (HashAlgorithm::SHA224, "valid"),
    (HashAlgorithm::SHA1, "weak"),
    (HashAlgorithm::RipeMD, "weak"),
    (HashAlgorithm::MD5, "weak"),
];

#[test]
fn keys_made_by_sequoia() {
    use Curve::*;
    type Make = fn() -> openpgp::Result<Secret>;
    let makes: [(&str, u8, Make); 20] = [
        ("RSA 2048", 4, || Ok(Key4::generate_rsa(2048)?.into())),
        ("RSA 3072", 4, || Ok(Key4::generate_rsa(3072)?.into())),
        ("RSA 4096", 4, || Ok(Key4::generate_rsa(4096)?.into())),
        ("DSA 2048", 4, || Ok(Key4::generate_dsa(2048)?.into())),
        ("EdDSA", 4, || Ok(Key4::generate_ecc(true, Ed25519)?.into())),
        ("Ed25519", 4, || Ok(Key4::generate_ed25519()?.into())),
        ("Ed448", 4, || Ok(Key4::generate_ed448()?.into())),
        ("ECDSA NIST P-256", 4, || {
            Ok(Key4::generate_ecc(true, NistP256)?.into())
        }),
        ("ECDSA NIST P-384", 4, || {
            Ok(Key4::generate_ecc(true, NistP384)?.into())
        }),
        ("ECDSA NIST P-521", 4, || {
            Ok(Key4::generate_ecc(true, NistP521)?.into())
        }),
        ("ECDSA brainpoolP256r1", 4, || {
            Ok(Key4::generate_ecc(true, BrainpoolP256)?.into())
        }),
        ("ECDSA brainpoolP384r1", 4, || {
            Ok(Key4::generate_ecc(true, BrainpoolP384)?.into())
        }),
        ("ECDSA brainpoolP512r1", 4, || {
            Ok(Key4::generate_ecc(true, BrainpoolP512)?.into())
        }),
        ("RSA 3072", 6, || Ok(Key6::generate_rsa(3072)?.into())),
        ("Ed25519", 6, || Ok(Key6::generate_ed25519()?.into())),
        ("Ed448", 6, || Ok(Key6::generate_ed448()?.into())),
        ("ECDSA NIST P-256", 6, || {
            Ok(Key6::generate_ecc(true, NistP256)?.into())
        }),
        ("ECDSA NIST P-384", 6, || {
            Ok(Key6::generate_ecc(true, NistP384)?.into())
        }),
        ("ECDSA NIST P-521", 6, || {
            Ok(Key6::generate_ecc(true, NistP521)?.into())
        }),
        ("ECDSA brainpoolP512r1", 6, || {
            Ok(Key6::generate_ecc(true, BrainpoolP512)?.into())
        }),
    ];
    let other = payload().replace('0', "f");
    for (name, version, make) in makes {
        let (cert, mut pair) = single(make().unwrap());
        let certificate = certificate(&cert);
        assert_eq!(certificate.description(day(20)).algorithm, name);
        let length = if version == 6 { 64 } else { 40 };
        assert_eq!(
            certificate.fingerprint().to_string().len(),
            length,
            "{name}"
        );
        let keyring = &mut Memory(vec![allowed(certificate)]);
        for (hash, expected) in HASHES {
            let case = format!("version {version}, {name}, {hash}");
            let signature = match builder()
                .set_hash_algo(hash)
                .sign_message(&mut pair, payload())
            {
                Ok(signature) => signature,
                // Version 6 has no way to write a hash of before.
                Err(_) if version == 6 && expected == "weak" => continue,
                Err(error) => panic!("{case}: {error}"),
            };
            assert_eq!(signature.version(), version, "{case}");
            for block in [
                cleartext(&payload(), vec![signature.clone()]),
                detached(vec![signature]),
            ] {
                expect(&block, keyring, expected, "", &case);
                let elsewhere = &verify(&other, &block, day(20), keyring)[0];
                assert_ne!(elsewhere.status.words(), "valid", "{case}");
            }
        }
    }
}

/// Neither version of key may make the other's signatures (RFC 9580 section 5.2.3).
#[test]
fn versions_do_not_mix() {
    let (old, mut old_pair) = single(Key4::generate_ed25519().unwrap().into());
    let (new, mut new_pair) = single(Key6::generate_ed25519().unwrap().into());
    let keyring = &mut Memory::of(&[&old, &new]);
    for (pair, issuer) in [(&mut old_pair, &new), (&mut new_pair, &old)] {
        let builder = builder()
            .set_issuer_fingerprint(issuer.fingerprint())
            .unwrap();
        let block = cleartext(&payload(), vec![sign(builder, pair, &payload())]);
        assert_eq!(word(&block, day(20), keyring), "bad");
    }
}

/// Ed25519 as it was before RFC 9580 may not be used in version 6 (section 9.2.1), though Sequoia takes it.
#[test]
fn ed25519_of_the_old_form_in_version_6() {
    let old: Key4<SecretParts, PrimaryRole> = Key4::generate_ecc(true, Curve::Ed25519).unwrap();
    let (algorithm, numbers, secret) = (old.pk_algo(), old.mpis().clone(), old.secret().clone());
    assert_eq!(algorithm, openpgp::types::PublicKeyAlgorithm::EdDSA);
    let key: Key6<SecretParts, PrimaryRole> =
        Key6::with_secret(day(0), algorithm, numbers, secret).unwrap();
    let (cert, mut pair) = single(key.into());
    let public = cert.strip_secret_key_material().to_vec().unwrap();
    let refusal = Certificate::parse(&public).unwrap_err();
    assert_eq!(refusal, CertificateError::Unsupported);
    let signature = sign(builder(), &mut pair, &payload());
    assert_eq!(signature.version(), 6);
    let block = cleartext(&payload(), vec![signature]);
    expect(&block, &mut Memory::default(), "weak", "", "old form");
}

/// What gpg can make: a key of each algorithm, and which hashes it will sign with (for DSA and ECDSA it refuses those
/// that are too short for the key).
#[test]
fn keys_made_by_gpg() {
    let Some(gpg) = Gpg::new() else { return };
    const POLICY: &str = "the policy refuses";
    const LACKING: &str = "not supported";
    const VALID: &str = "the signature is valid";
    let all = ["SHA224", "SHA256", "SHA384", "SHA512"];
    for (algorithm, hashes, expected, detail) in [
        ("rsa2048", &all[..], "valid", VALID),
        ("rsa3072", &all, "valid", VALID),
        ("rsa4096", &all, "valid", VALID),
        ("rsa1024", &all, "weak", POLICY),
        ("dsa1024", &all, "weak", POLICY),
        ("dsa2048", &all[1..], "valid", VALID),
        ("dsa3072", &all[1..], "valid", VALID),
        ("ed25519", &all, "valid", VALID),
        ("nistp256", &all[1..], "valid", VALID),
        ("nistp384", &all[2..], "valid", VALID),
        ("nistp521", &all[3..], "valid", VALID),
        ("brainpoolP256r1", &all[1..], "valid", VALID),
        ("brainpoolP384r1", &all[2..], "valid", VALID),
        ("brainpoolP512r1", &all[3..], "valid", VALID),
        ("secp256k1", &all[1..], "weak", LACKING),
        (
            "rsa2048",
            &["MD5", "SHA1", "RIPEMD160"],
            "weak",
            "the policy refuses the signature's hash",
        ),
        (
            "ed25519",
            &["MD5", "SHA1", "RIPEMD160"],
            "weak",
            "the policy refuses the signature's hash",
        ),
    ] {
        if gpg
            .run(0, &["--list-keys", "--with-colons"], "")
            .windows(algorithm.len())
            .all(|part| part != algorithm.as_bytes())
        {
            gpg.key(algorithm, algorithm, "sign", "never");
        }
        let keyring = &mut keyring_of(&gpg.run(0, &["--export", algorithm], ""));
        for hash in hashes {
            let block = gpg.sign(
                10,
                &[
                    "-u",
                    algorithm,
                    "--allow-weak-digest-algos",
                    "--digest-algo",
                    hash,
                    "--clearsign",
                ],
                &payload(),
            );
            let case = format!("{algorithm} {hash}");
            expect(&block, keyring, expected, detail, &case);
        }
    }
}

/// A signing subkey that the library cannot check, below a primary key that it can.
#[test]
fn a_subkey_that_is_not_supported() {
    let Some(gpg) = Gpg::new() else { return };
    gpg.key("alice", "ed25519", "cert", "never");
    let fingerprint = gpg.keyring().0[0].certificate.fingerprint().to_string();
    gpg.run(
        0,
        &[
            "--quick-add-key",
            &fingerprint,
            "secp256k1/ecdsa",
            "sign",
            "never",
        ],
        "",
    );
    let block = gpg.sign(10, &["-u", "alice", "--clearsign"], &payload());
    let alice = || certificates(&gpg).remove(0);
    let merged = alice().merge(alice()).unwrap();
    assert_eq!(merged.to_bytes(), alice().to_bytes());
    let again = Certificate::parse(&merged.to_bytes()).unwrap();
    assert_eq!(again.to_bytes(), alice().to_bytes());
    assert!(!alice().description(day(20)).can_sign);
    for certificate in [alice(), merged, again] {
        let keyring = &mut Memory(vec![allowed(certificate)]);
        expect(&block, keyring, "weak", "not supported", "subkey");
    }

    // Another's subkey of that kind is not kept: nothing ties it to the certificate.
    gpg.key("bob", "ed25519", "sign", "never");
    let export =
        |name: &str| openpgp::Cert::from_bytes(&gpg.run(1, &["--export", name], "")).unwrap();
    let stolen: Vec<Packet> = export("alice")
        .into_packets()
        .skip_while(|packet| packet.tag() != Tag::PublicSubkey)
        .collect();
    let bob = export("bob").insert_packets(stolen).unwrap().0;
    assert_eq!(bob.keys().count(), 2);
    assert_eq!(certificate(&bob).key_fingerprints().len(), 1);
}

fn certificates(gpg: &Gpg) -> Vec<Certificate> {
    let all = Certificate::parse_many(&gpg.run(0, &["--export"], "")).unwrap();
    all.into_iter().map(|each| each.unwrap()).collect()
}

#[test]
fn keys_made_by_sq() {
    let Some(sq) = Sq::new() else { return };
    for (suite, algorithm) in [
        ("cv25519", "EdDSA"),
        ("rsa3k", "RSA 3072"),
        ("rsa4k", "RSA 4096"),
    ] {
        let file = format!("{suite}.pgp");
        sq.run(
            &[
                "key",
                "generate",
                "--creation-time",
                &iso(0),
                "-c",
                suite,
                "-u",
                "Cordara",
                "-e",
                &file,
            ],
            "",
        );
        let certificate = sq.certificate(&file);
        assert_eq!(certificate.description(day(20)).algorithm, algorithm);
        let keyring = &mut Memory(vec![allowed(certificate)]);
        let signed = iso(10);
        for form in [&["--cleartext-signature"][..], &["--detached"], &[]] {
            let arguments = [&["sign", "--signer-key", &file, "-t", &signed], form].concat();
            let block = String::from_utf8(sq.run(&arguments, &payload())).unwrap();
            assert_eq!(word(&block, day(20), keyring), "valid", "{suite} {form:?}");
            assert_eq!(
                word(&block, day(9), keyring),
                "not_yet_valid",
                "{suite} {form:?}"
            );
        }
    }
}

/// Numbers of algorithms that nobody has given out, or that this version does not know: said so, and no crash.
#[test]
fn unknown_algorithms() {
    use openpgp::crypto::mpi::{MPI, PublicKey, Signature as Numbers};
    use openpgp::packet::Signature;
    use openpgp::packet::key::PublicParts;
    use openpgp::packet::signature::Signature4;
    use openpgp::types::PublicKeyAlgorithm;

    let cert = signer();
    let good = sign(builder(), &mut subkey_pair(&cert), &payload());
    let keyring = &mut Memory::of(&[&cert]);
    let numbers = || Numbers::Unknown {
        mpis: vec![MPI::new(&[7; 32])].into_boxed_slice(),
        rest: vec![].into_boxed_slice(),
    };
    let changed = |algorithm, hash, numbers| {
        Signature::from(Signature4::new(
            good.typ(),
            algorithm,
            hash,
            good.hashed_area().clone(),
            good.unhashed_area().clone(),
            *good.digest_prefix(),
            numbers,
        ))
    };
    let algorithm = PublicKeyAlgorithm::Unknown(99);
    for (name, signature, expected, detail) in [
        (
            "hash 99",
            changed(
                good.pk_algo(),
                HashAlgorithm::Unknown(99),
                good.mpis().clone(),
            ),
            "weak",
            "hash",
        ),
        (
            "algorithm 99",
            changed(algorithm, HashAlgorithm::SHA512, numbers()),
            "weak",
            "not supported",
        ),
        (
            "ML-DSA",
            changed(
                PublicKeyAlgorithm::MLDSA65_Ed25519,
                HashAlgorithm::SHA512,
                Numbers::MLDSA65_Ed25519 {
                    eddsa: Box::new([7; 64]),
                    mldsa: Box::new([7; 3309]),
                },
            ),
            "weak",
            "not supported",
        ),
        (
            "RSA in the name of an Ed25519 key",
            changed(
                PublicKeyAlgorithm::RSAEncryptSign,
                HashAlgorithm::SHA512,
                Numbers::RSA {
                    s: MPI::new(&[7; 256]),
                },
            ),
            "bad",
            "does not hold",
        ),
    ] {
        for block in [
            cleartext(&payload(), vec![signature.clone()]),
            detached(vec![signature]),
        ] {
            expect(&block, keyring, expected, detail, name);
        }
    }

    // A certificate of such a key is not taken.
    let unknown = PublicKey::Unknown {
        mpis: vec![].into_boxed_slice(),
        rest: vec![7; 32].into_boxed_slice(),
    };
    let post_quantum = PublicKey::MLDSA65_Ed25519 {
        eddsa: Box::new([7; 32]),
        mldsa: Box::new([7; 1952]),
    };
    let old: Key<PublicParts, PrimaryRole> = Key4::new(day(0), algorithm, unknown).unwrap().into();
    let new: Key<PublicParts, PrimaryRole> =
        Key6::new(day(0), PublicKeyAlgorithm::MLDSA65_Ed25519, post_quantum)
            .unwrap()
            .into();
    for key in [old, new] {
        let refusal = Certificate::parse(&Packet::from(key).to_vec().unwrap()).unwrap_err();
        assert_eq!(refusal, CertificateError::Unsupported);
    }
}
