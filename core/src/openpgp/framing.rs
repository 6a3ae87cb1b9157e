//! The three armored forms a signature may come in, and nothing else (RFC 9580 sections 6.2 and 7).
//!
//! What is read here, before any packet is parsed:
//! - exactly one block; nothing before it; after it only line endings (editors and columns add them);
//! - LF and CRLF line endings, also mixed; a CR anywhere else is refused;
//! - cleartext: only `Hash` headers with known hash names (none at all is allowed, as RFC 9580 asks of version 6),
//!   one empty line, the body, `-----BEGIN PGP SIGNATURE-----`. No `NotDashEscaped`. A body line that starts with
//!   `-` must be dash-escaped, so no second BEGIN or END line can stand in the body.

use super::MAX_SIGNATURE_BYTES;
use super::armor::{block, header, is_hash_list, lines};

const BEGIN_CLEARTEXT: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE: &str = "-----END PGP SIGNATURE-----";
const BEGIN_MESSAGE: &str = "-----BEGIN PGP MESSAGE-----";
const END_MESSAGE: &str = "-----END PGP MESSAGE-----";
/// The most `Hash` lines of a cleartext block.
const MAX_HASH_HEADERS: usize = 16;

/// One block, out of its frame. `packets` is the binary form of what was armored.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// `gpg --clearsign`: `body` is un-escaped, in the canonical form that is hashed (see [`canonical`]).
    Cleartext { body: String, packets: Vec<u8> },
    /// `gpg --detach-sign --armor`.
    Detached { packets: Vec<u8> },
    /// `gpg --sign --armor`.
    Message { packets: Vec<u8> },
}

/// Takes one block out of its frame.
///
/// # Errors
/// A fixed sentence saying why `text` is not exactly one well-formed block.
pub(super) fn read(text: &str) -> Result<Frame, &'static str> {
    if text.len() > MAX_SIGNATURE_BYTES {
        return Err("the signature text is too long");
    }
    let mut lines = lines(text);
    let frame = match lines.next() {
        Some(BEGIN_CLEARTEXT) => {
            let body = cleartext(&mut lines)?;
            Frame::Cleartext {
                body,
                packets: block(&mut lines, END_SIGNATURE)?,
            }
        }
        Some(BEGIN_SIGNATURE) => Frame::Detached {
            packets: block(&mut lines, END_SIGNATURE)?,
        },
        Some(BEGIN_MESSAGE) => Frame::Message {
            packets: block(&mut lines, END_MESSAGE)?,
        },
        _ => return Err("the text does not begin with a signature block"),
    };
    if lines.any(|line| !line.is_empty()) {
        return Err("there is text after the signature block");
    }
    Ok(frame)
}

/// Reads headers and body, up to and with the line that begins the signature.
fn cleartext<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Result<String, &'static str> {
    for count in 0.. {
        let line = lines.next().ok_or("the cleartext has no body")?;
        if line.is_empty() {
            break;
        }
        let known = header(line).is_some_and(|(name, value)| name == "Hash" && is_hash_list(value));
        if !known || count == MAX_HASH_HEADERS {
            return Err("a cleartext header is not a Hash header with known hash names");
        }
    }
    let mut body = String::new();
    let mut first = true;
    loop {
        let line = lines
            .next()
            .ok_or("the cleartext is not followed by a signature")?;
        if line == BEGIN_SIGNATURE {
            // A block without a body line has no text to sign: the line ending before BEGIN belongs to the body.
            return if first {
                Err("the cleartext has no body")
            } else {
                Ok(body)
            };
        }
        let line = match line.strip_prefix('-') {
            Some(rest) => rest
                .strip_prefix(' ')
                .ok_or("a line of the cleartext is not dash-escaped")?,
            None => line,
        };
        if line.contains('\r') {
            return Err("the cleartext has a carriage return within a line");
        }
        if !first {
            body.push_str("\r\n");
        }
        first = false;
        body.push_str(without_trailing_blanks(line));
    }
}

fn without_trailing_blanks(line: &str) -> &str {
    line.trim_end_matches([' ', '\t'])
}

/// The form in which texts are hashed by the cleartext framework and compared here (RFC 9580 section 7.2): spaces and
/// tabs at the ends of lines taken away, line endings CRLF.
pub(super) fn canonical(text: &str) -> String {
    let mut canonical = String::with_capacity(text.len());
    for (index, line) in lines(text).enumerate() {
        if index > 0 {
            canonical.push_str("\r\n");
        }
        canonical.push_str(without_trailing_blanks(line));
    }
    canonical
}

/// Whether two texts are the same text: in [`canonical`] form they differ by one final line ending at most.
///
/// The ending is forgiven because a cleartext body has lost its own to the frame, and `echo` adds one.
pub(super) fn same_text(one: &str, other: &str) -> bool {
    let one = canonical(one);
    let other = canonical(other);
    one == other
        || one.strip_suffix("\r\n") == Some(&other)
        || other.strip_suffix("\r\n") == Some(&one)
}

/// What a signature of type text hashes (RFC 9580 section 5.2.1.2): every line ending (CR, LF, CRLF) as CRLF.
pub(super) fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut after_cr = false;
    for byte in bytes {
        match byte {
            b'\n' if after_cr => {}
            b'\n' | b'\r' => text.extend(b"\r\n"),
            other => text.push(*other),
        }
        after_cr = *byte == b'\r';
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nabc\n- -def \n-----BEGIN PGP SIGNATURE-----\n\n\
                         Zm9v\n-----END PGP SIGNATURE-----\n";

    #[test]
    fn reads_the_three_forms() {
        let cleartext = Frame::Cleartext {
            body: "abc\r\n-def".into(),
            packets: b"foo".to_vec(),
        };
        assert_eq!(read(BLOCK).unwrap(), cleartext);
        assert_eq!(read(&BLOCK.replace('\n', "\r\n")).unwrap(), cleartext);
        assert_eq!(read(BLOCK.trim_end()).unwrap(), cleartext);
        assert_eq!(read(&format!("{BLOCK}\r\n\n")).unwrap(), cleartext);
        assert_eq!(
            read(&BLOCK.replace("Hash: SHA512\n", "")).unwrap(),
            cleartext
        );
        assert_eq!(
            read(&BLOCK.replace("SHA512\n", "SHA512,SHA256\nHash: SHA1\n")).unwrap(),
            cleartext
        );
        let detached =
            "-----BEGIN PGP SIGNATURE-----\nVersion: GnuPG v1\n\nZm9v\n-----END PGP SIGNATURE-----";
        assert_eq!(
            read(detached).unwrap(),
            Frame::Detached {
                packets: b"foo".to_vec()
            }
        );
        let message = detached.replace("SIGNATURE", "MESSAGE");
        assert_eq!(
            read(&message).unwrap(),
            Frame::Message {
                packets: b"foo".to_vec()
            }
        );
    }

    #[test]
    fn refuses_each_thing_for_itself() {
        let replaced = |from: &str, to: &str| {
            assert!(BLOCK.contains(from));
            BLOCK.replacen(from, to, 1)
        };
        for (name, text) in [
            ("nothing", String::new()),
            ("text before", format!("x\n{BLOCK}")),
            ("empty line before", format!("\n{BLOCK}")),
            ("byte order mark", format!("\u{feff}{BLOCK}")),
            ("text after", format!("{BLOCK}x\n")),
            ("blanks after", format!("{BLOCK} \n")),
            ("the same block twice", format!("{BLOCK}{BLOCK}")),
            ("a detached block after", format!("{BLOCK}-----BEGIN PGP SIGNATURE-----\n\nZm9v\n-----END PGP SIGNATURE-----\n")),
            ("quoted", BLOCK.lines().map(|line| format!("> {line}\n")).collect()),
            ("NotDashEscaped", replaced("Hash: SHA512", "NotDashEscaped: You need GnuPG")),
            ("NotDashEscaped as well", replaced("SHA512\n", "SHA512\nNotDashEscaped: You need GnuPG\n")),
            ("comment in the cleartext headers", replaced("SHA512\n", "SHA512\nComment: x\n")),
            ("text as header", replaced("SHA512\n", "SHA512\nabc\n")),
            ("header value runs on", replaced("SHA512", "SHA512 abc")),
            ("vertical tab in a header", replaced("SHA512", "SHA512\u{b}abc")),
            ("form feed in a header", replaced("SHA512", "SHA512\u{c}")),
            ("escape in a header", replaced("SHA512", "SHA512\u{1b}[2K")),
            ("NUL in a header", replaced("SHA512", "SHA512\0")),
            ("carriage return in a header", replaced("SHA512", "SHA512\rabc")),
            ("lower-case header name", replaced("Hash", "hash")),
            ("unknown hash", replaced("SHA512", "WHIRLPOOL")),
            ("empty hash", replaced("Hash: SHA512", "Hash: ")),
            ("blanks for the empty line", replaced("SHA512\n\n", "SHA512\n \n")),
            ("form feed for the empty line", replaced("SHA512\n\n", "SHA512\n\u{c}\n")),
            ("no empty line", replaced("SHA512\n\n", "SHA512\n")),
            ("not dash-escaped", replaced("- -def", "-def")),
            ("dash alone", replaced("- -def ", "-")),
            ("nested block", replaced("abc\n", "-----BEGIN PGP SIGNED MESSAGE-----\n\nabc\n")),
            ("carriage return in the body", replaced("abc", "a\rbc")),
            ("no body", replaced("abc\n- -def \n", "")),
            ("blanks after BEGIN", replaced("MESSAGE-----", "MESSAGE----- ")),
            ("blanks after BEGIN SIGNATURE", replaced("BEGIN PGP SIGNATURE-----", "BEGIN PGP SIGNATURE----- ")),
            ("four dashes", replaced("-----BEGIN PGP SIGNED", "----BEGIN PGP SIGNED")),
            ("no end", replaced("-----END PGP SIGNATURE-----", "")),
            ("end of something else", replaced("END PGP SIGNATURE", "END PGP MESSAGE")),
            ("a key", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nZm9v\n-----END PGP PUBLIC KEY BLOCK-----\n".into()),
            ("too long", format!("{BLOCK}{}", "\n".repeat(MAX_SIGNATURE_BYTES))),
        ] {
            assert!(read(&text).is_err(), "{name}");
        }
    }

    #[test]
    fn texts_are_compared_as_texts() {
        assert!(same_text("abc", "abc\n"));
        assert!(same_text("a \t\nb", "a\r\nb"));
        assert!(same_text("abc\n", "abc\n\n"));
        assert!(!same_text("abc", "abc\n\n"));
        assert!(!same_text("abc", " abc"));
        assert!(!same_text("abc", "abd"));
        assert!(!same_text("abc", "abc\u{a0}"));
        assert_eq!(with_crlf(b"a\nb\r\nc\rd\n\r"), b"a\r\nb\r\nc\r\nd\r\n\r\n");
    }
}
