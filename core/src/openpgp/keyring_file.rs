//! Keyring files: many certificates in one file, told apart so that each can be judged by itself.
//!
//! [`Certificate::parse_many`](super::Certificate::parse_many) refuses the whole of a file that holds a secret key or
//! breaks off. Here only packet headers and armor are read, and everything up to the next primary key is handed to
//! [`Certificate::parse`](super::Certificate::parse) as it stands, so that one bad certificate hides no other.

use super::armor::{block, lines};
use super::{
    Certificate, CertificateError, MAX_CERTIFICATES, MAX_KEYRING_BYTES, MAX_USER_ID_BYTES,
};

const PUBLIC: &str = "PGP PUBLIC KEY BLOCK";
const SECRET: &str = "PGP PRIVATE KEY BLOCK";

/// OpenPGP's tags that matter here (RFC 9580 section 5).
const TAG_SECRET_KEY: u8 = 5;
const TAG_PUBLIC_KEY: u8 = 6;
const TAG_SECRET_SUBKEY: u8 = 7;
const TAG_USER_ID: u8 = 13;

/// What stands at one place of a keyring file.
#[derive(Debug)]
pub struct KeyringPlace {
    /// The certificate, or why there is none.
    pub certificate: Result<Certificate, CertificateError>,
    /// What the first user id of a refused certificate says, to find it by; never anything of a secret key. Control
    /// characters are replaced by U+FFFD.
    pub user_id: Option<String>,
}

/// A place of a keyring file that was told apart from the others, and not looked into yet.
#[derive(Debug)]
pub struct UnreadPlace {
    packets: Result<Vec<u8>, CertificateError>,
    user_id: Option<String>,
}

impl UnreadPlace {
    fn refused(error: CertificateError) -> UnreadPlace {
        UnreadPlace {
            packets: Err(error),
            user_id: None,
        }
    }

    /// Reads the certificate. A made-up one can take half a second of processor time.
    pub fn read(self) -> KeyringPlace {
        let certificate = self.packets.and_then(|bytes| Certificate::parse(&bytes));
        KeyringPlace {
            user_id: self.user_id.filter(|_| certificate.is_err()),
            certificate,
        }
    }
}

/// Reads a file of certificates, as `gpg --export` gives: binary, or armored blocks of one certificate or of many.
/// Gives what stands at each place, in order; text outside of blocks is a place too, since it may have been a
/// certificate.
///
/// # Errors
/// [`CertificateError`] if the file as a whole is too large, or holds no block or packet at all.
pub fn read_keyring(input: &[u8]) -> Result<Vec<KeyringPlace>, CertificateError> {
    let places = keyring_places(input)?;
    Ok(places.into_iter().map(UnreadPlace::read).collect())
}

/// As [`read_keyring`], without reading the certificates: thousands of made-up ones take minutes, and a caller that can be
/// interrupted reads them one by one. Telling them apart takes a fraction of a second for the largest file.
///
/// # Errors
/// As [`read_keyring`].
pub fn keyring_places(input: &[u8]) -> Result<Vec<UnreadPlace>, CertificateError> {
    if input.len() > MAX_KEYRING_BYTES {
        return Err(CertificateError::TooLarge);
    }
    let mut places = Vec::new();
    // The high bit is set in every packet header and in no armored text (RFC 9580 section 4.2).
    match input.first() {
        None => return Err(CertificateError::Malformed),
        Some(byte) if byte & 0x80 != 0 => split(input, &mut places)?,
        Some(_) => armored(
            std::str::from_utf8(input).map_err(|_| CertificateError::Malformed)?,
            &mut places,
        )?,
    }
    Ok(places)
}

fn armored(text: &str, places: &mut Vec<UnreadPlace>) -> Result<(), CertificateError> {
    let mut rest = lines(text).peekable();
    let (mut blocks, mut outside) = (0_usize, false);
    while let Some(line) = rest.next() {
        let label = line
            .trim_ascii()
            .strip_prefix("-----BEGIN ")
            .and_then(|label| label.strip_suffix("-----"));
        let Some(label) = label else {
            // One report for a stretch of text, not one a line.
            if !line.trim_ascii().is_empty() && !std::mem::replace(&mut outside, true) {
                report(places, UnreadPlace::refused(CertificateError::Malformed))?;
            }
            continue;
        };
        blocks += 1;
        outside = false;
        let end = format!("-----END {label}-----");
        // A block ends at its own END line, or where the next one begins.
        let mut inside = Vec::new();
        while let Some(line) = rest.next_if(|line| !line.starts_with("-----BEGIN ")) {
            inside.push(line);
            if line == end {
                break;
            }
        }
        match label {
            // Told by its label, so that it is never decoded.
            SECRET => report(places, UnreadPlace::refused(CertificateError::SecretKey))?,
            PUBLIC => match block(&mut inside.into_iter(), &end) {
                Ok(bytes) => split(&bytes, places)?,
                Err(_) => report(places, UnreadPlace::refused(CertificateError::Malformed))?,
            },
            _ => report(
                places,
                UnreadPlace::refused(CertificateError::NotACertificate),
            )?,
        }
    }
    if blocks == 0 {
        return Err(CertificateError::Malformed);
    }
    Ok(())
}

fn report(places: &mut Vec<UnreadPlace>, place: UnreadPlace) -> Result<(), CertificateError> {
    if places.len() >= MAX_CERTIFICATES {
        return Err(CertificateError::TooLarge);
    }
    places.push(place);
    Ok(())
}

/// The tag in a packet's header.
fn tag_of(bytes: &[u8]) -> Option<u8> {
    match bytes.first()? {
        new if new & 0xC0 == 0xC0 => Some(new & 0x3F),
        old if old & 0x80 != 0 => Some((old & 0x3C) >> 2),
        _ => None,
    }
}

/// One packet, by its header: its tag, its body and what follows it; None if the header makes no sense or says that the
/// packet is longer than the data. Partial and indeterminate lengths are for data packets (RFC 9580 section 4.2.1.4).
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let tag = tag_of(bytes)?;
    let (first, rest) = bytes.split_first()?;
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0_usize, |value, byte| value << 8 | usize::from(*byte))
    };
    let (length, rest) = if first & 0x40 != 0 {
        let (length, rest) = rest.split_first()?;
        match length {
            0..=191 => (usize::from(*length), rest),
            192..=223 => {
                let (low, rest) = rest.split_first()?;
                let length = (usize::from(*length) - 192) * 256 + usize::from(*low) + 192;
                (length, rest)
            }
            255 => {
                let (length, rest) = rest.split_at_checked(4)?;
                (number(length), rest)
            }
            _ => return None,
        }
    } else {
        let size = match first & 0x03 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => return None,
        };
        let (length, rest) = rest.split_at_checked(size)?;
        (number(length), rest)
    };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((tag, body, rest))
}

/// Divides packets into certificates, each from one primary key to the next.
fn split(bytes: &[u8], places: &mut Vec<UnreadPlace>) -> Result<(), CertificateError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let start = rest;
        let (mut secret, mut broken, mut user_id) = (false, false, None);
        let mut first = true;
        while !rest.is_empty() {
            let begins = matches!(tag_of(rest), Some(TAG_PUBLIC_KEY | TAG_SECRET_KEY));
            if begins && !first {
                break;
            }
            let Some((tag, body, next)) = packet(rest) else {
                // Where the next packet begins cannot be known, so all that is left belongs to this place.
                broken = true;
                rest = &[];
                break;
            };
            first = false;
            secret |= matches!(tag, TAG_SECRET_KEY | TAG_SECRET_SUBKEY);
            if tag == TAG_USER_ID && user_id.is_none() && body.len() <= MAX_USER_ID_BYTES {
                user_id = Some(super::certificate::printable(body));
            }
            rest = next;
        }
        let (here, _) = start
            .split_at_checked(start.len() - rest.len())
            .ok_or(CertificateError::MalformedBinary)?;
        let packets = if secret {
            Err(CertificateError::SecretKey)
        } else if broken {
            Err(CertificateError::MalformedBinary)
        } else {
            Ok(here.to_vec())
        };
        let user_id = user_id.filter(|_| !secret);
        report(places, UnreadPlace { packets, user_id })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(input: &[u8]) -> Vec<CertificateError> {
        read_keyring(input)
            .unwrap()
            .into_iter()
            .map(|place| place.certificate.unwrap_err())
            .collect()
    }

    #[test]
    fn packet_headers() {
        assert_eq!(packet(b"\xc6\x01xy"), Some((6, &b"x"[..], &b"y"[..])));
        assert_eq!(packet(b"\x98\x01x"), Some((6, &b"x"[..], &b""[..])));
        assert_eq!(packet(b"\x99\x00\x01x"), Some((6, &b"x"[..], &b""[..])));
        assert_eq!(
            packet(b"\x9a\x00\x00\x00\x01x"),
            Some((6, &b"x"[..], &b""[..]))
        );
        let long = [&b"\xcd\xc0\x00"[..], &[b'x'; 192]].concat();
        assert_eq!(
            packet(&long).map(|(tag, body, _)| (tag, body.len())),
            Some((13, 192))
        );
        let longer = [&b"\xcd\xff\x00\x00\x01\x00"[..], &[b'x'; 256]].concat();
        assert_eq!(
            packet(&longer).map(|(tag, body, _)| (tag, body.len())),
            Some((13, 256))
        );
        for broken in [
            &b""[..],
            b"\x06\x01x",
            b"\xc6",
            b"\xc6\x02x",
            b"\xc6\xe0x",
            b"\x9bx",
            b"\xc6\xff\xff\xff\xff\xffx",
        ] {
            assert_eq!(packet(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn every_place_is_reported() {
        use CertificateError::*;
        // A user id without a key, a key that is none with a user id, a secret key, and one that breaks off.
        let file = b"\xcd\x01a\xc6\x01x\xcd\x02b\n\xc5\x01x\xcd\x01c\xc6\x09x";
        let refusals = errors(file);
        assert_eq!(refusals.len(), 4);
        assert_eq!(refusals[2..], [SecretKey, MalformedBinary]);
        let names: Vec<Option<String>> = read_keyring(file)
            .unwrap()
            .into_iter()
            .map(|place| place.user_id)
            .collect();
        assert_eq!(
            names,
            [Some("a".into()), Some("b\u{fffd}".into()), None, None]
        );
    }

    #[test]
    fn places_are_told_apart_without_being_read() {
        let file = b"\xc6\x01x\xcd\x01a\xc6\x01y\xcd\x01b";
        let places = keyring_places(file).unwrap();
        let packets: Vec<_> = places
            .iter()
            .map(|p| p.packets.as_deref().unwrap())
            .collect();
        assert_eq!(packets, [&b"\xc6\x01x\xcd\x01a"[..], b"\xc6\x01y\xcd\x01b"]);
        let read: Vec<KeyringPlace> = places.into_iter().map(UnreadPlace::read).collect();
        assert!(read.iter().all(|place| place.certificate.is_err()));
        assert_eq!(read[1].user_id.as_deref(), Some("b"));
    }

    #[test]
    fn a_file_that_is_none() {
        for input in [&b""[..], b" \n", b"hello", b"\xc3\x28"] {
            match read_keyring(input) {
                Err(CertificateError::Malformed | CertificateError::MalformedBinary) => {}
                Ok(places) => assert!(places.iter().all(|place| place.certificate.is_err())),
                Err(other) => panic!("{other:?}"),
            }
        }
        let large = vec![b'\n'; MAX_KEYRING_BYTES + 1];
        assert_eq!(
            read_keyring(&large).unwrap_err(),
            CertificateError::TooLarge
        );
        let many = b"\xc6\x01x".repeat(MAX_CERTIFICATES + 1);
        assert_eq!(read_keyring(&many).unwrap_err(), CertificateError::TooLarge);
    }

    #[test]
    fn a_bad_block_hides_no_other() {
        use CertificateError::*;
        let text = "prose\nmore prose\n-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nZm9v\n-----END PGP PRIVATE KEY BLOCK-----\n\
                    -----BEGIN PGP PUBLIC KEY BLOCK-----\n\nZm9v\n\
                    -----BEGIN PGP PUBLIC KEY BLOCK-----\n\n*\n-----END PGP PUBLIC KEY BLOCK-----\n\
                    -----BEGIN PGP SIGNATURE-----\n\nZm9v\n-----END PGP SIGNATURE-----\n";
        assert_eq!(
            errors(text.as_bytes()),
            [Malformed, SecretKey, Malformed, Malformed, NotACertificate]
        );
    }
}
