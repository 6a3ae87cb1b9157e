//! Countersigning: one block that holds the signatures of two.
//!
//! A block is a text in one column, shown by applications and checked with `gpg --verify`. So a second signature is not
//! put after the first block (two blocks are `malformed`, and which of the two texts was signed would be a question)
//! but into its armor, as one more packet: the form in which GnuPG itself writes a text that several keys sign at once.

use sequoia_openpgp::packet::Signature;

use super::armor::{crc24, header, lines};
use super::framing::{self, Frame};
use super::packets::{self, Parsed};
use super::{MAX_SIGNATURE_BYTES, MAX_SIGNATURES_PER_BLOCK};

/// Why two blocks cannot become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CombineError {
    /// One of them is not exactly one well-formed block.
    Malformed,
    /// They are of different forms, or inline-signed: there the text lies between one-pass and signature packets, and
    /// a second signature would have to go round the first.
    Form,
    /// Their signed texts differ.
    Text,
    /// The second brings a signature that the first has.
    Repeated,
    /// Together they exceed a limit of this module.
    TooLarge,
}

/// One block with the signatures of `first`, then those of `second`, over the text of `first`.
///
/// Both must be cleartext blocks over the same text, or both detached. What stays byte for byte: the text, every
/// signature packet, the armor headers of `first`, and its line endings. What is written anew: the base64 lines and the
/// checksum (GnuPG 2.2 needs one). A `Hash` header is added for each hash that the first block does not name and the
/// second uses, because GnuPG computes only those that are named.
///
/// Nothing is verified here: the caller has to judge the result by [`super::verify()`].
///
/// # Errors
/// See [`CombineError`].
pub fn combine(first: &str, second: &str) -> Result<String, CombineError> {
    let one = framing::read(first).map_err(|_| CombineError::Malformed)?;
    let other = framing::read(second).map_err(|_| CombineError::Malformed)?;
    let (packets, added, is_cleartext) = match (one, other) {
        (
            Frame::Cleartext {
                body: text,
                packets: one,
            },
            Frame::Cleartext {
                body: other_text,
                packets: other,
            },
        ) => {
            if text != other_text {
                return Err(CombineError::Text);
            }
            (one, other, true)
        }
        (Frame::Detached { packets: one }, Frame::Detached { packets: other }) => {
            (one, other, false)
        }
        _ => return Err(CombineError::Form),
    };
    let read = |bytes: &[u8]| packets::signatures(bytes).map_err(|_| CombineError::Malformed);
    let (signatures, more) = (read(&packets)?, read(&added)?);
    if signatures.len() + more.len() > MAX_SIGNATURES_PER_BLOCK {
        return Err(CombineError::TooLarge);
    }
    if more.iter().any(|new| signatures.contains(new)) {
        return Err(CombineError::Repeated);
    }
    let packets = [packets, added].concat();
    // A packet whose length says "up to the end" would have swallowed what follows it now.
    let together: Vec<Parsed> = signatures.iter().chain(&more).cloned().collect();
    if read(&packets)? != together {
        return Err(CombineError::Malformed);
    }
    let hashes = if is_cleartext {
        together
            .iter()
            .flatten()
            .map(hash_name)
            .collect::<Option<Vec<_>>>()
            .ok_or(CombineError::Malformed)?
    } else {
        Vec::new()
    };
    let block = rewritten(first, &hashes, &packets).ok_or(CombineError::Malformed)?;
    if block.len() > MAX_SIGNATURE_BYTES {
        return Err(CombineError::TooLarge);
    }
    Ok(block)
}

/// The name in a `Hash` header of the hash that a signature uses.
fn hash_name(signature: &Signature) -> Option<String> {
    let name = signature.hash_algo().text_name().map(str::to_owned);
    name.ok()
}

/// `first` with other packets in its armor. It is a well-formed block, so its lines are where the frame wants them.
fn rewritten(first: &str, hashes: &[String], packets: &[u8]) -> Option<String> {
    let ending = if first.lines().next()?.len() < first.find('\n')? {
        "\r\n"
    } else {
        "\n"
    };
    let mut block = String::with_capacity(first.len() + packets.len() * 2);
    let mut line = |text: &str| {
        block.push_str(text);
        block.push_str(ending);
    };
    let mut lines = lines(first).peekable();
    let begin = lines.next()?;
    line(begin);
    if begin.contains("SIGNED MESSAGE") {
        let mut named: Vec<String> = Vec::new();
        while let Some(found) = lines.next_if(|text| !text.is_empty()) {
            let names = header(found)?.1.split(',');
            named.extend(names.map(|name| name.trim().to_owned()));
            line(found);
        }
        for hash in hashes {
            if !named.contains(hash) {
                line(&format!("Hash: {hash}"));
                named.push(hash.clone());
            }
        }
        // The empty line and the body, which cannot hold a line that begins a signature: it would be dash-escaped.
        for found in lines.by_ref() {
            line(found);
            if found == "-----BEGIN PGP SIGNATURE-----" {
                break;
            }
        }
    }
    for found in lines.by_ref() {
        line(found);
        if found.is_empty() {
            break;
        }
    }
    for part in base64(packets).as_bytes().chunks(64) {
        line(std::str::from_utf8(part).ok()?);
    }
    let [_, checksum @ ..] = crc24(packets).to_be_bytes();
    line(&format!("={}", base64(&checksum)));
    line("-----END PGP SIGNATURE-----");
    Some(block)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut value = 0;
        for place in 0..3 {
            value = value << 8 | u32::from(group.get(place).copied().unwrap_or(0));
        }
        for place in 0..4 {
            if place > group.len() {
                text.push('=');
            } else {
                let digit = (value >> (18 - 6 * place)) & 0x3F;
                let digit = DIGITS.get(digit as usize).copied().unwrap_or(b'=');
                text.push(char::from(digit));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    /// A signature packet of a version that is not known: enough for framing, which does not look inside.
    fn block(packet: &[u8]) -> String {
        let [_, checksum @ ..] = crc24(packet).to_be_bytes();
        let (data, checksum) = (base64(packet), base64(&checksum));
        format!(
            "-----BEGIN PGP SIGNATURE-----\nComment: first\n\n{data}\n={checksum}\n-----END PGP SIGNATURE-----\n"
        )
    }

    #[test]
    fn keeps_headers_and_line_endings() {
        let (one, other) = (
            block(b"\xc2\x04\x63\x00\x00\x01"),
            block(b"\xc2\x04\x63\x00\x00\x02").replace("first", "second"),
        );
        let both = b"\xc2\x04\x63\x00\x00\x01\xc2\x04\x63\x00\x00\x02";
        // Two packets that cannot be read are equal as far as anybody can tell.
        assert_eq!(combine(&one, &other), Err(CombineError::Repeated));
        for first in [one.clone(), one.replace('\n', "\r\n")] {
            let written = rewritten(&first, &[], both).unwrap();
            assert_eq!(written.contains('\r'), first.contains('\r'));
            assert_eq!(
                written.matches("\r\n").count(),
                first.matches("\r\n").count()
            );
            assert_eq!(written.replace('\r', ""), block(both));
        }
    }

    #[test]
    fn a_packet_up_to_the_end_swallows_nothing() {
        // Tag 2 in the old format with length type 3: up to the end of the data.
        let open = block(b"\x8b\x63\x00\x00\x01");
        let other = block(b"\xc2\x04\x63\x00\x00\x02");
        assert!(combine(&open, &other).is_err());
    }

    #[test]
    fn only_blocks_of_one_form() {
        let detached = block(b"\xc2\x04\x63\x00\x00\x01");
        let message = detached.replace("SIGNATURE", "MESSAGE");
        let cleartext =
            format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nabc\n{detached}");
        for (one, other) in [
            (&detached, &cleartext),
            (&cleartext, &detached),
            (&detached, &message),
            (&message, &detached),
            (&message, &message),
        ] {
            assert_eq!(combine(one, other), Err(CombineError::Form));
        }
        let elsewhere = cleartext.replace("abc", "abd");
        assert_eq!(combine(&cleartext, &elsewhere), Err(CombineError::Text));
        assert_eq!(combine(&cleartext, "x"), Err(CombineError::Malformed));
        assert_eq!(combine("", &cleartext), Err(CombineError::Malformed));
    }
}
