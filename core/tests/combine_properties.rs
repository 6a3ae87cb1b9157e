//! Putting blocks together, with blocks that somebody has damaged: never a panic, and whatever comes out is one block
//! with the first text and all of the signatures.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use health_crypto_core::openpgp::{combine, overall, verify};
use openpgp_support::*;
use proptest::prelude::*;

/// A cleartext and a detached block of each of two signers, and their certificates.
fn made() -> ([[String; 2]; 2], Memory) {
    let certs = [signer(), signer()];
    let blocks = [0, 1].map(|index| {
        let signature = sign(builder(), &mut subkey_pair(&certs[index]), &payload());
        [
            cleartext(&payload(), vec![signature.clone()]),
            detached(vec![signature]),
        ]
    });
    (blocks, Memory::of(&[&certs[0], &certs[1]]))
}

thread_local! {
    static MADE: ([[String; 2]; 2], Memory) = made();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_out_has_all_of_both(
        form in 0usize..2, damaged in 0usize..2, at in any::<prop::sample::Index>(), cut in 0usize..30,
        insert in "[\\PC\\n\\r\\t -]{0,30}", times in 0usize..2,
    ) {
        MADE.with(|(blocks, memory)| {
            let mut pair = [blocks[0][form].clone(), blocks[1][form].clone()];
            let block: Vec<char> = pair[damaged].chars().collect();
            let at = at.index(block.len());
            // Half of the cases go together as they are.
            if times == 1 {
                pair[damaged] = block[..at].iter().copied()
                    .chain(insert.chars())
                    .chain(block[at..].iter().skip(cut).copied())
                    .collect();
            }
            let keyring = &mut Memory(memory.0.clone());
            let Ok(both) = combine(&pair[0], &pair[1]) else {
                prop_assert!(times == 1, "good blocks go together");
                return Ok(());
            };
            let verdicts = verify(&payload(), &both, day(20), keyring);
            let parts = pair.each_ref().map(|part| verify(&payload(), part, day(20), keyring));
            prop_assert_eq!(verdicts.len(), parts[0].len() + parts[1].len());
            // Good is what comes of two that are good, and nothing else.
            let good = |verdicts: &[_]| overall(verdicts).words() == "valid";
            prop_assert_eq!(good(&verdicts), good(&parts[0]) && good(&parts[1]));
            for (index, verdict) in verdicts.iter().enumerate() {
                let part = if index < parts[0].len() { &parts[0][index] } else { &parts[1][index - parts[0].len()] };
                prop_assert_eq!(verdict.status, part.status);
                prop_assert_eq!(&verdict.signer, &part.signer);
            }
            Ok(())
        })?;
    }

    #[test]
    fn arbitrary_texts_do_not_go_together(one in "\\PC{0,100}", other in "\\PC{0,100}") {
        prop_assert!(combine(&one, &other).is_err());
    }
}
