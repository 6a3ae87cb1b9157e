//! What may be offered to the keyring, armored or binary.
#![no_main]

use health_crypto_core::openpgp::Certificate;
use health_crypto_fuzz::{Memory, at, judge_with};

const SIGNATURE: &str = include_str!("../../tests/pg_regress/data/prescription-1.cameron.sig");

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let read = Certificate::parse_many(input).unwrap_or_default();
    for certificate in read.into_iter().flatten() {
        certificate.description(at());
        let bytes = certificate.to_bytes();
        let again = Certificate::parse(&bytes).expect("what was kept is read again");
        assert_eq!(
            again.key_fingerprints(),
            certificate.key_fingerprints(),
            "reading again gives other keys"
        );
        let merged = certificate
            .merge(again)
            .expect("a certificate merges with itself");
        assert_eq!(
            merged.to_bytes().len(),
            bytes.len(),
            "merging with itself changes it"
        );
        judge_with(SIGNATURE, &mut Memory::of(merged));
    }
});
