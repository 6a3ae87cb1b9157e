//! Session keys as people hand them over.

use std::fmt;

use sequoia_openpgp::crypto;
use sequoia_openpgp::types::SymmetricAlgorithm;

/// A session key with its algorithm. Its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct SessionKey {
    pub(super) algorithm: SymmetricAlgorithm,
    pub(super) key: crypto::SessionKey,
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey")
    }
}

/// The text is not `ALGORITHM:HEX` with one of the AES variants and as many digits as it has. It says nothing of what
/// the text was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionKeyError;

impl fmt::Display for SessionKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session key is 7:, 8: or 9: and 32, 48 or 64 hexadecimal digits")
    }
}

impl std::error::Error for SessionKeyError {}

/// Whether `algorithm` is one of those that messages are read and written with.
pub(super) fn is_aes(algorithm: SymmetricAlgorithm) -> bool {
    matches!(
        algorithm,
        SymmetricAlgorithm::AES128 | SymmetricAlgorithm::AES192 | SymmetricAlgorithm::AES256
    )
}

impl SessionKey {
    /// Reads a session key as `gpg --show-session-key` prints it: `9:` and hexadecimal digits. White space around it
    /// does not count.
    ///
    /// # Errors
    /// [`SessionKeyError`] for anything else, and for ciphers other than AES.
    pub fn parse(text: &str) -> Result<SessionKey, SessionKeyError> {
        let (number, digits) = text.trim_ascii().split_once(':').ok_or(SessionKeyError)?;
        let algorithm = match number {
            "7" => SymmetricAlgorithm::AES128,
            "8" => SymmetricAlgorithm::AES192,
            "9" => SymmetricAlgorithm::AES256,
            _ => return Err(SessionKeyError),
        };
        let size = algorithm.key_size().map_err(|_| SessionKeyError)?;
        if digits.len() != 2 * size {
            return Err(SessionKeyError);
        }
        // Written in place, so that no other copy stays behind.
        let mut key = crypto::SessionKey::from(vec![0; size]);
        for (place, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let [high, low] = pair else {
                return Err(SessionKeyError);
            };
            *place = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(SessionKey { algorithm, key })
    }
}

fn digit(byte: u8) -> Result<u8, SessionKeyError> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(SessionKeyError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_gpg_prints() {
        let key = SessionKey::parse(&format!(" 9:{}\n", "0aF9".repeat(16))).unwrap();
        assert_eq!(key.algorithm, SymmetricAlgorithm::AES256);
        assert_eq!(key.key[..2], [0x0A, 0xF9]);
        assert!(SessionKey::parse(&format!("7:{}", "0".repeat(32))).is_ok());
        assert!(SessionKey::parse(&format!("8:{}", "0".repeat(48))).is_ok());
    }

    #[test]
    fn refuses_everything_else_and_repeats_none_of_it() {
        for text in [
            "",
            "9",
            "9:",
            "9:00",
            &format!("9:{}", "0".repeat(63)),
            &format!("9:{}", "g".repeat(64)),
            &format!("7:{}", "0".repeat(64)),
            &format!("10:{}", "0".repeat(64)),
            &format!("09:{}", "0".repeat(64)),
            &format!("9:{}", "é".repeat(32)),
            &"0".repeat(64),
        ] {
            assert_eq!(
                SessionKey::parse(text).unwrap_err(),
                SessionKeyError,
                "{text}"
            );
        }
        let key = SessionKey::parse(&format!("9:{}", "ab".repeat(32))).unwrap();
        assert_eq!(format!("{key:?}"), "SessionKey");
    }
}
