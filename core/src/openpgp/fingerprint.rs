//! The fingerprint of an OpenPGP key: the only name by which anything here is looked up.

use std::fmt;
use std::str::FromStr;

/// The fingerprint of a key or certificate: upper-case hexadecimal, 40 digits (version 4, RFC 9580 section 5.5.4.2)
/// or 64 digits (version 6, section 5.5.4.3). A key id (16 digits) is not a fingerprint: key ids can be forged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

/// The text is not 40 or 64 hexadecimal digits. Whoever typed it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FingerprintError;

impl fmt::Display for FingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint is 40 or 64 hexadecimal digits")
    }
}

impl std::error::Error for FingerprintError {}

impl Fingerprint {
    /// The digits, upper case, without spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sequoia's fingerprint as ours; `None` for the formats that name no version 4 or 6 key.
    pub(super) fn of(fingerprint: &sequoia_openpgp::Fingerprint) -> Option<Fingerprint> {
        match fingerprint {
            sequoia_openpgp::Fingerprint::V4(_) | sequoia_openpgp::Fingerprint::V6(_) => {
                fingerprint.to_hex().parse().ok()
            }
            _ => None,
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads a fingerprint as people write it: either case, in groups separated by spaces.
    ///
    /// # Errors
    /// [`FingerprintError`] unless 40 or 64 hexadecimal digits remain once spaces are taken out.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        // The longest honest form is 64 digits with a space after each; anything longer is not looked at.
        if text.len() > 128 {
            return Err(FingerprintError);
        }
        let digits: String = text
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
        if hexadecimal && matches!(digits.len(), 40 | 64) {
            Ok(Fingerprint(digits))
        } else {
            Err(FingerprintError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_ways_people_write_it() {
        let plain: Fingerprint = "ABCDEF0123456789ABCDEF0123456789ABCDEF01".parse().unwrap();
        let grouped: Fingerprint = "abcd ef01 2345 6789 abcd  ef01 2345 6789 abcd ef01"
            .parse()
            .unwrap();
        assert_eq!(plain, grouped);
        assert_eq!(
            grouped.to_string(),
            "ABCDEF0123456789ABCDEF0123456789ABCDEF01"
        );
        assert!("ab".repeat(32).parse::<Fingerprint>().is_ok());
    }

    #[test]
    fn refuses_key_ids_and_other_text() {
        for text in [
            "",
            "0123456789ABCDEF",
            "0xABCDEF0123456789ABCDEF0123456789ABCDEF01",
            "é",
            &"A".repeat(41),
        ] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
        assert!(
            format!("{}g", "A".repeat(39))
                .parse::<Fingerprint>()
                .is_err()
        );
    }
}
