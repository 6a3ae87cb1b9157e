//! Two blocks put together: what comes out is one block, over the first text, with the signatures of both.
#![no_main]

use health_crypto_core::openpgp::{combine, overall, verify};
use health_crypto_fuzz::{Memory, PAYLOAD, at, signers};

const FIRST: [&str; 2] = [
    include_str!("../../tests/pg_regress/data/prescription-1.cameron.sig"),
    include_str!("../../tests/pg_regress/data/prescription-1.detached.sig"),
];

libfuzzer_sys::fuzz_target!(|text: &str| {
    for first in FIRST {
        for (one, other) in [(first, text), (text, first), (text, text)] {
            let Ok(both) = combine(one, other) else {
                continue;
            };
            let count = |block: &str| verify(PAYLOAD, block, at(), &mut Memory(signers()));
            let (whole, parts) = (count(&both), [count(one), count(other)]);
            assert_eq!(
                whole.len(),
                parts[0].len() + parts[1].len(),
                "a signature was lost or came"
            );
            let good = |verdicts: &[_]| overall(verdicts).words() == "valid";
            assert_eq!(
                good(&whole),
                good(&parts[0]) && good(&parts[1]),
                "good of what is not, or the reverse"
            );
        }
    }
});
