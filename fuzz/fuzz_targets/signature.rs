//! Packets in good armor, as each of the three forms: the packet grammar and the judging of signatures.
#![no_main]

use std::io::Write;

use health_crypto_fuzz::{PAYLOAD, judge};
use sequoia_openpgp::armor::{Kind, Writer};

fn armored(kind: Kind, packets: &[u8]) -> String {
    let mut writer = Writer::new(Vec::new(), kind).expect("memory takes what is written");
    writer
        .write_all(packets)
        .expect("memory takes what is written");
    let armor = writer.finalize().expect("memory takes what is written");
    String::from_utf8(armor).expect("armor is ASCII")
}

libfuzzer_sys::fuzz_target!(|packets: &[u8]| {
    let detached = armored(Kind::Signature, packets);
    judge(&format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{PAYLOAD}\n{detached}"
    ));
    judge(&detached);
    judge(&armored(Kind::Message, packets));
});
