//! A keyring file: its places are told apart as reading it reports them, and what is read goes through the same door as a
//! certificate by itself.
#![no_main]

use health_crypto_core::openpgp::{Certificate, keyring_places, read_keyring};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (told, read) = (keyring_places(input), read_keyring(input));
    let (Ok(told), Ok(read)) = (told, read.as_ref()) else {
        assert!(read.is_err(), "a file that is refused is not read");
        return;
    };
    assert_eq!(told.len(), read.len(), "each place is reported once");
    for place in read {
        match &place.certificate {
            Ok(certificate) => {
                let again = Certificate::parse(&certificate.to_bytes())
                    .expect("what was kept is read again");
                assert_eq!(again.key_fingerprints(), certificate.key_fingerprints());
                assert!(
                    place.user_id.is_none(),
                    "a certificate says its user ids itself"
                );
            }
            Err(_) => assert!(
                place
                    .user_id
                    .as_ref()
                    .is_none_or(|id| !id.chars().any(char::is_control)),
                "a user id that is shown has no control characters"
            ),
        }
    }
});
