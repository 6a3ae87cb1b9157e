//! What the fuzz targets share: the repository's own signers and payload, and what must hold of every verdict.
//!
//! The targets panic where a rule is broken: that is how a fuzzer learns of it.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use health_crypto_core::openpgp::{
    Candidate, Certificate, Fingerprint, Keyring, Status, overall, verify,
};

/// The digest that the signatures of the regression tests are over.
pub const PAYLOAD: &str = include_str!("../../tests/pg_regress/data/prescription-1.digest");
const SIGNERS: [&str; 2] = [
    include_str!("../../tests/pg_regress/data/cameron.asc"),
    include_str!("../../tests/pg_regress/data/aurora.asc"),
];

/// When everything is judged: 2026-06-01, after the signatures of the test data were made.
pub fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_272_000)
}

/// A keyring in memory.
pub struct Memory(pub Vec<Candidate>);

impl Memory {
    /// Of one certificate that may sign.
    pub fn of(certificate: Certificate) -> Memory {
        Memory(vec![Candidate {
            certificate: Rc::new(certificate),
            authorized: true,
        }])
    }
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

thread_local! {
    static KEYRING: Vec<Candidate> = SIGNERS
        .iter()
        .map(|text| Candidate {
            certificate: Rc::new(Certificate::parse(text.as_bytes()).expect("a certificate of the test data")),
            authorized: true,
        })
        .collect();
}

/// The signers of the test data.
pub fn signers() -> Vec<Candidate> {
    KEYRING.with(Clone::clone)
}

/// Judges `block` with the signers of the test data, and checks what must hold whatever it is.
pub fn judge(block: &str) {
    judge_with(block, &mut Memory(signers()));
}

/// Judges `block` with `keyring`, and checks what must hold whatever both are.
pub fn judge_with(block: &str, keyring: &mut Memory) {
    let verdicts = verify(PAYLOAD, block, at(), keyring);
    assert!(!verdicts.is_empty(), "no verdict");
    if overall(&verdicts) == Status::Valid {
        let cleartext = block.starts_with("-----BEGIN PGP SIGNED MESSAGE-----");
        assert!(
            !cleartext || block.contains(PAYLOAD),
            "valid, and another text is shown"
        );
        assert!(verdicts.iter().all(|verdict| verdict.signer.is_some()));
    }
    // A digest that nobody has signed.
    let elsewhere = verify(&"0".repeat(128), block, at(), keyring);
    assert_ne!(
        overall(&elsewhere),
        Status::Valid,
        "valid for a digest that nobody has signed"
    );
}
