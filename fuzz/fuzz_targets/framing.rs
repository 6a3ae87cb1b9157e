//! Text as it may stand in a signature column: framing, armor, and whatever packets are in it.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| health_crypto_fuzz::judge(text));
