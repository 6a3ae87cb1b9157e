//! ASCII armor (RFC 9580 section 6.2), read strictly: no text around, no whitespace within, a right checksum or none.
//!
//! Sequoia's reader is made for mail and forgives much; a forgiving reader lets two programs see two documents.

/// The longest header line, in bytes.
const MAX_HEADER_BYTES: usize = 256;
/// The most headers of one block.
const MAX_HEADERS: usize = 16;

/// The names `Hash` headers may hold (RFC 9580 section 9.5).
const HASH_NAMES: [&str; 9] = [
    "MD5",
    "SHA1",
    "RIPEMD160",
    "SHA256",
    "SHA384",
    "SHA512",
    "SHA224",
    "SHA3-256",
    "SHA3-512",
];

/// The lines of a text: separated by LF or CRLF, without their endings.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// Whether `value` is a comma-separated list of known hash names, as a `Hash` header holds.
pub(super) fn is_hash_list(value: &str) -> bool {
    value
        .split(',')
        .all(|name| HASH_NAMES.contains(&name.strip_prefix(' ').unwrap_or(name)))
}

/// Splits a header line `Name: value`; `None` if it is no such line, too long, or holds a control character.
///
/// Control characters (VT, FF, ESC, a lone CR, C1) are how a header is made to look like signed text.
pub(super) fn header(line: &str) -> Option<(&str, &str)> {
    if line.len() > MAX_HEADER_BYTES
        || line
            .chars()
            .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
    {
        return None;
    }
    line.split_once(": ")
}

fn is_known_header(line: &str) -> bool {
    match header(line) {
        Some(("Version" | "Comment" | "Charset", _)) => true,
        Some(("Hash", names)) => is_hash_list(names),
        // `Comment:` with nothing after it is written by some mail programs.
        None => matches!(line, "Version:" | "Comment:"),
        Some(_) => false,
    }
}

/// Reads one armored block after its BEGIN line: headers, an empty line, base64, an optional checksum, `end`.
///
/// # Errors
/// A fixed sentence saying what is wrong with the block.
pub(super) fn block<'a>(
    lines: &mut impl Iterator<Item = &'a str>,
    end: &str,
) -> Result<Vec<u8>, &'static str> {
    let mut headers = 0;
    loop {
        let line = lines.next().ok_or("the armor ends within its headers")?;
        if line.is_empty() {
            break;
        }
        headers += 1;
        if headers > MAX_HEADERS || !is_known_header(line) {
            return Err("an armor header is not one of Version, Comment, Charset and Hash");
        }
    }
    let mut data = Base64::default();
    loop {
        let line = lines.next().ok_or("the armor has no END line")?;
        if line == end {
            return data.finish();
        }
        if let Some(checksum) = line.strip_prefix('=') {
            let data = data.finish()?;
            if lines.next() != Some(end) {
                return Err("the armor does not end after its checksum");
            }
            return if checksum_of(checksum) == Some(crc24(&data)) {
                Ok(data)
            } else {
                Err("the armor checksum is wrong")
            };
        }
        data.push(line)?;
    }
}

fn checksum_of(text: &str) -> Option<u32> {
    let mut data = Base64::default();
    data.push(text).ok()?;
    match data.finish().ok()?.as_slice() {
        [a, b, c] => Some(u32::from_be_bytes([0, *a, *b, *c])),
        _ => None,
    }
}

/// CRC-24 of RFC 9580 section 6.1.
pub(super) fn crc24(data: &[u8]) -> u32 {
    let crc = data.iter().fold(0x00B7_04CE, |crc: u32, byte| {
        let index = u8::try_from((crc >> 16) & 0xFF).unwrap_or(0) ^ byte;
        (crc << 8) ^ CRC24.get(usize::from(index)).copied().unwrap_or(0)
    });
    crc & 0x00FF_FFFF
}

/// What each octet does to the remainder: bit by bit, a message of 1 MB took longer to sum than to encrypt.
static CRC24: [u32; 256] = crc24_table();

#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a constant: evaluated by the compiler, for indices below 256"
)]
const fn crc24_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u32) << 16;
        let mut bit = 0;
        while bit < 8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4CFB;
            }
            bit += 1;
        }
        table[index] = crc & 0x00FF_FFFF;
        index += 1;
    }
    table
}

/// Strict base64: only the alphabet, padding required, unused bits zero, so that one text stands for one value.
#[derive(Default)]
struct Base64 {
    data: Vec<u8>,
    bits: u32,
    sextets: u8,
    padding: u8,
}

const NOT_BASE64: &str = "the armor is not well-formed base64";

impl Base64 {
    fn push(&mut self, line: &str) -> Result<(), &'static str> {
        if line.is_empty() {
            return Err(NOT_BASE64);
        }
        for byte in line.bytes() {
            let sextet = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' if self.padding < 2 => {
                    self.padding += 1;
                    continue;
                }
                _ => return Err(NOT_BASE64),
            };
            if self.padding > 0 {
                return Err(NOT_BASE64);
            }
            self.bits = self.bits << 6 | u32::from(sextet);
            self.sextets += 1;
            if self.sextets == 4 {
                let [_, a, b, c] = self.bits.to_be_bytes();
                self.data.extend([a, b, c]);
                self.bits = 0;
                self.sextets = 0;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, &'static str> {
        let mut data = self.data;
        match (self.sextets, self.padding) {
            (0, 0) => {}
            (2, 2) if self.bits & 0x0F == 0 => data.extend((self.bits >> 4).to_be_bytes().last()),
            (3, 1) if self.bits & 0x03 == 0 => {
                let [_, _, a, b] = (self.bits >> 2).to_be_bytes();
                data.extend([a, b]);
            }
            _ => return Err(NOT_BASE64),
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<u8>, &'static str> {
        block(&mut lines(text), "END")
    }

    #[test]
    fn base64_and_checksum() {
        assert_eq!(read("\nZm9vYmFy\nEND").unwrap(), b"foobar");
        assert_eq!(read("\r\nZm9vYg==\r\nEND\r\n").unwrap(), b"foob");
        assert_eq!(
            read("Comment: x\nHash: SHA1, SHA512\n\nZm9v\nYmE=\nEND").unwrap(),
            b"fooba"
        );
        // The check value of CRC-24/OPENPGP.
        assert_eq!(crc24(b"123456789"), 0x0021_CF02);
        assert_eq!(read("\nMTIzNDU2Nzg5\n=Ic8C\nEND").unwrap(), b"123456789");
    }

    #[test]
    fn refuses_everything_else() {
        for (name, text) in [
            ("wrong checksum", "\nMTIzNDU2Nzg5\n=Ic8D\nEND"),
            ("short checksum", "\nMTIzNDU2Nzg5\n=Ic8=\nEND"),
            (
                "data after the checksum",
                "\nMTIzNDU2Nzg5\n=Ic8C\nMTIz\nEND",
            ),
            ("no padding", "\nZm9vYg\nEND"),
            ("unused bits", "\nZm9vYh==\nEND"),
            ("data after padding", "\nZm9vYg==\nZm9v\nEND"),
            ("too much padding", "\nZm9vYg===\nEND"),
            ("space within", "\nZm9v YmFy\nEND"),
            ("space after", "\nZm9vYmFy \nEND"),
            ("empty line within", "\nZm9v\n\nYmFy\nEND"),
            ("not ASCII", "\nZm9vé\nEND"),
            ("unknown header", "NotDashEscaped: yes\n\nZm9v\nEND"),
            (
                "control character in a header",
                "Comment: a\u{b}b\n\nZm9v\nEND",
            ),
            (
                "line separator in a header",
                "Comment: a\u{2028}b\n\nZm9v\nEND",
            ),
            ("header without colon", "Comment\n\nZm9v\nEND"),
            ("whitespace for the empty line", " \nZm9v\nEND"),
            ("unknown hash", "Hash: SHA999\n\nZm9v\nEND"),
            ("no end", "\nZm9v\n"),
            ("other end", "\nZm9v\nEND \n"),
        ] {
            assert!(read(text).is_err(), "{name}");
        }
    }
}
