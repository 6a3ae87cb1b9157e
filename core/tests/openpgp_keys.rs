//! The validity contract, lines 11 to 14: the key and its certificate when the signature was made. Each case is refused
//! for that reason alone.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use openpgp_support::*;
use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::packet::key::{Key4, PrimaryRole, SubordinateRole};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{Key, Packet, UserID};
use openpgp::types::{Curve, HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType};

#[test]
fn revocations() {
    use ReasonForRevocation::{KeyCompromised, KeyRetired, KeySuperseded, Unspecified};
    // The signature is made on day 10 and judged on day 20.
    for (reason, days, expected) in [
        (KeyRetired, 5, "revoked"),
        (KeyRetired, 15, "valid"),
        (KeySuperseded, 15, "valid"),
        (KeyCompromised, 5, "revoked"),
        (KeyCompromised, 15, "revoked"),
        (KeyCompromised, 100, "revoked"),
        (Unspecified, 15, "revoked"),
    ] {
        let certificate = revoke_certificate(signer(), reason, days);
        assert_eq!(
            judged(&certificate, builder()),
            expected,
            "certificate, {reason:?} on day {days}"
        );
        let subkey = revoke_subkey(signer(), reason, days);
        assert_eq!(
            judged(&subkey, builder()),
            expected,
            "subkey, {reason:?} on day {days}"
        );
    }
}

#[test]
fn a_designated_revoker_can_revoke() {
    let (revoker, stranger) = (signer(), signer());
    let designation = openpgp::types::RevocationKey::new(
        revoker.primary_key().key().pk_algo(),
        revoker.fingerprint(),
        false,
    );
    let cert = cert_builder()
        .set_revocation_keys(vec![designation])
        .add_signing_subkey()
        .generate()
        .unwrap()
        .0;
    let revoke = |by: &Cert| {
        let revocation = CertRevocationBuilder::new()
            .set_signature_creation_time(day(15))
            .unwrap()
            .set_reason_for_revocation(ReasonForRevocation::KeyCompromised, b"")
            .unwrap()
            .build(&mut primary_pair(by), &cert, None)
            .unwrap();
        cert.clone()
            .insert_packets(Some(Packet::from(revocation)))
            .unwrap()
            .0
    };
    assert_eq!(judged(&cert, builder()), "valid");
    assert_eq!(judged(&revoke(&revoker), builder()), "revoked");
    assert_eq!(judged(&revoke(&stranger), builder()), "valid");
}

#[test]
fn life_of_keys() {
    let expiring = |days: u32| {
        cert_builder()
            .set_validity_period(DAY * days)
            .add_signing_subkey()
            .generate()
            .unwrap()
            .0
    };
    assert_eq!(
        judged(&expiring(5), builder()),
        "expired",
        "certificate expired before signing"
    );
    assert_eq!(
        judged(&expiring(15), builder()),
        "valid",
        "certificate expired after signing"
    );
    let expiring = |days: u32| {
        let cert = cert_builder().add_subkey(KeyFlags::empty().set_signing(), DAY * days, None);
        cert.generate().unwrap().0
    };
    assert_eq!(
        judged(&expiring(5), builder()),
        "expired",
        "subkey expired before signing"
    );
    assert_eq!(
        judged(&expiring(15), builder()),
        "valid",
        "subkey expired after signing"
    );
    assert_eq!(
        judged(&signer(), on(-5)),
        "not_yet_valid",
        "made before the key"
    );
    let tampered = sign_as(&signer(), on(-5)).replacen("0123", "0124", 1);
    let cert = signer();
    let tampered_own = sign_as(&cert, on(-5)).replacen("0123", "0124", 1);
    assert_eq!(
        word(&tampered, day(20), &mut Memory::of(&[&cert])),
        "unknown_signer"
    );
    assert_eq!(
        word(&tampered_own, day(20), &mut Memory::of(&[&cert])),
        "bad",
        "made before the key, and bad"
    );
}

/// How a signing subkey is bound: what a case changes of a good binding.
struct Binding {
    flags: KeyFlags,
    days: i64,
    hash: HashAlgorithm,
    validity: Option<u32>,
    back: Option<Back>,
    by_stranger: bool,
}

/// The back-signature: its hash, and how many days it holds.
struct Back(HashAlgorithm, Option<u32>);

impl Binding {
    fn good() -> Binding {
        Binding {
            flags: KeyFlags::empty().set_signing(),
            days: 0,
            hash: HashAlgorithm::SHA512,
            validity: None,
            back: Some(Back(HashAlgorithm::SHA512, None)),
            by_stranger: false,
        }
    }

    fn cert(self) -> Cert {
        let cert = cert_builder().generate().unwrap().0;
        let subkey: Key<_, SubordinateRole> =
            Key4::generate_ecc(true, Curve::Ed25519).unwrap().into();
        let subkey = recreated(subkey, 0);
        let mut pair = subkey.clone().into_keypair().unwrap();
        let builder = |kind, hash, validity: Option<u32>| {
            let builder = SignatureBuilder::new(kind)
                .set_hash_algo(hash)
                .set_signature_creation_time(day(self.days))
                .unwrap();
            match validity {
                Some(days) => builder.set_signature_validity_period(DAY * days).unwrap(),
                None => builder,
            }
        };
        let mut binding = builder(SignatureType::SubkeyBinding, self.hash, self.validity)
            .set_key_flags(self.flags)
            .unwrap();
        if let Some(Back(hash, validity)) = self.back {
            let back = builder(SignatureType::PrimaryKeyBinding, hash, validity)
                .sign_primary_key_binding(&mut pair, cert.primary_key().key(), &subkey)
                .unwrap();
            binding = binding.set_embedded_signature(back).unwrap();
        }
        let binder = if self.by_stranger {
            signer()
        } else {
            cert.clone()
        };
        let binding = binding
            .sign_subkey_binding(
                &mut primary_pair(&binder),
                cert.primary_key().key(),
                &subkey,
            )
            .unwrap();
        cert.insert_packets(vec![Packet::from(subkey), binding.into()])
            .unwrap()
            .0
    }
}

fn recreated<R: openpgp::packet::key::KeyRole>(
    mut key: Key<openpgp::packet::key::SecretParts, R>,
    days: i64,
) -> Key<openpgp::packet::key::SecretParts, R> {
    key.set_creation_time(day(days)).unwrap();
    key
}

#[test]
fn bindings_and_flags() {
    use HashAlgorithm::{SHA1, SHA512};
    let good = Binding::good;
    let without = |flags| Binding {
        flags,
        back: None,
        ..good()
    };
    // What the key itself did not say is not kept in the keyring at all, so the signer stays unknown.
    for (name, binding, expected) in [
        ("bound", good(), "valid"),
        (
            "binding made by another key",
            Binding {
                by_stranger: true,
                ..good()
            },
            "unknown_signer",
        ),
        (
            "no back-signature",
            Binding {
                back: None,
                ..good()
            },
            "unknown_signer",
        ),
        (
            "back-signature with SHA-1",
            Binding {
                back: Some(Back(SHA1, None)),
                ..good()
            },
            "weak",
        ),
        (
            "back-signature expired before signing",
            Binding {
                back: Some(Back(SHA512, Some(5))),
                ..good()
            },
            "expired",
        ),
        (
            "back-signature expired after signing",
            Binding {
                back: Some(Back(SHA512, Some(15))),
                ..good()
            },
            "valid",
        ),
        (
            "binding with SHA-1",
            Binding {
                hash: SHA1,
                ..good()
            },
            "weak",
        ),
        (
            "binding expired before signing",
            Binding {
                validity: Some(5),
                ..good()
            },
            "expired",
        ),
        (
            "binding expired after signing",
            Binding {
                validity: Some(15),
                ..good()
            },
            "valid",
        ),
        (
            "bound later",
            Binding { days: 15, ..good() },
            "not_yet_valid",
        ),
        (
            "no signing flag",
            without(KeyFlags::empty().set_authentication()),
            "unauthorized",
        ),
        ("no flags", without(KeyFlags::empty()), "unauthorized"),
    ] {
        assert_eq!(judged(&binding.cert(), builder()), expected, "{name}");
    }

    // A subkey that nothing binds.
    let (cert, other) = (signer(), signer());
    let stray = other.keys().subkeys().next().unwrap().key().clone();
    let holder = cert
        .insert_packets(Some(Packet::from(
            stray.role_into_subordinate().parts_into_public(),
        )))
        .unwrap()
        .0;
    assert_eq!(
        word(&good_block(&other), day(20), &mut Memory::of(&[&holder])),
        "unknown_signer",
        "unbound subkey"
    );

    let cert = signer();
    let by_primary = cleartext(
        &payload(),
        vec![sign(builder(), &mut primary_pair(&cert), &payload())],
    );
    assert_eq!(
        word(&by_primary, day(20), &mut Memory::of(&[&cert])),
        "unauthorized",
        "primary that only certifies"
    );
}

#[test]
fn a_stolen_subkey_stays_its_owners() {
    // A thief binds the victim's signing subkey to his own certificate: he cannot make the back-signature.
    let (victim, thief) = (signer(), signer());
    let subkey = victim.keys().subkeys().next().unwrap().key().clone();
    let binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
        .set_signature_creation_time(day(0))
        .unwrap()
        .set_key_flags(KeyFlags::empty().set_signing())
        .unwrap()
        .sign_subkey_binding(
            &mut primary_pair(&thief),
            thief.primary_key().key(),
            &subkey.clone().role_into_subordinate(),
        )
        .unwrap();
    let thief = thief
        .insert_packets(vec![
            Packet::from(subkey.role_into_subordinate().parts_into_public()),
            binding.into(),
        ])
        .unwrap()
        .0;
    let block = good_block(&victim);
    assert_eq!(
        word(&block, day(20), &mut Memory::of(&[&thief])),
        "unknown_signer"
    );
    let both = verdicts(&block, day(20), &mut Memory::of(&[&thief, &victim]));
    assert_eq!(both[0].status.words(), "valid");
    assert_eq!(
        both[0].signer.as_ref().unwrap().to_string(),
        victim.fingerprint().to_hex()
    );
}

/// A certificate whose primary key certifies and whose subkey signs, both of them as given; `hash` is of the primary
/// key's self-signature.
fn assembled(
    primary: Key<openpgp::packet::key::SecretParts, PrimaryRole>,
    subkey: Key<openpgp::packet::key::SecretParts, SubordinateRole>,
    hash: HashAlgorithm,
) -> Cert {
    let (primary, subkey) = (recreated(primary, 0), recreated(subkey, 0));
    let mut pair = primary.clone().into_keypair().unwrap();
    let user_id = UserID::from("Cordara Cameron");
    let builder = |kind, hash| {
        SignatureBuilder::new(kind)
            .set_hash_algo(hash)
            .set_signature_creation_time(day(0))
            .unwrap()
    };
    let self_signature = builder(SignatureType::PositiveCertification, hash)
        .set_key_flags(KeyFlags::empty().set_certification())
        .unwrap()
        .sign_userid_binding(&mut pair, primary.parts_as_public(), &user_id)
        .unwrap();
    let back = builder(SignatureType::PrimaryKeyBinding, HashAlgorithm::SHA512)
        .sign_primary_key_binding(
            &mut subkey.clone().into_keypair().unwrap(),
            primary.parts_as_public(),
            subkey.parts_as_public(),
        )
        .unwrap();
    let binding = builder(SignatureType::SubkeyBinding, HashAlgorithm::SHA512)
        .set_key_flags(KeyFlags::empty().set_signing())
        .unwrap()
        .set_embedded_signature(back)
        .unwrap()
        .sign_subkey_binding(
            &mut pair,
            primary.parts_as_public(),
            subkey.parts_as_public(),
        )
        .unwrap();
    let packets: Vec<Packet> = vec![
        primary.into(),
        user_id.into(),
        self_signature.into(),
        subkey.into(),
        binding.into(),
    ];
    Cert::from_packets(packets.into_iter()).unwrap()
}

#[test]
fn weak_keys() {
    fn rsa<R: openpgp::packet::key::KeyRole>(
        bits: usize,
    ) -> Key<openpgp::packet::key::SecretParts, R>
    where
        Key<openpgp::packet::key::SecretParts, R>: From<Key4<openpgp::packet::key::SecretParts, R>>,
    {
        Key4::generate_rsa(bits).unwrap().into()
    }
    fn ed25519<R: openpgp::packet::key::KeyRole>() -> Key<openpgp::packet::key::SecretParts, R>
    where
        Key<openpgp::packet::key::SecretParts, R>: From<Key4<openpgp::packet::key::SecretParts, R>>,
    {
        Key4::generate_ecc(true, Curve::Ed25519).unwrap().into()
    }
    use HashAlgorithm::{SHA1, SHA512};
    for (name, cert, expected) in [
        (
            "Ed25519 throughout",
            assembled(ed25519(), ed25519(), SHA512),
            "valid",
        ),
        (
            "RSA 2048 subkey",
            assembled(ed25519(), rsa(2048), SHA512),
            "valid",
        ),
        (
            "RSA 1024 subkey",
            assembled(ed25519(), rsa(1024), SHA512),
            "weak",
        ),
        (
            "RSA 1024 primary, strong subkey",
            assembled(rsa(1024), ed25519(), SHA512),
            "weak",
        ),
        (
            "self-signature with SHA-1",
            assembled(ed25519(), ed25519(), SHA1),
            "weak",
        ),
    ] {
        assert_eq!(judged(&cert, builder()), expected, "{name}");
    }
}
