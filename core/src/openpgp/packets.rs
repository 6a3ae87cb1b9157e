//! The two packet sequences a signature block may hold, and nothing else.
//!
//! Parsing is flat: compressed or encrypted data is never opened, so nothing can nest, and a literal packet that is
//! not the one between the signatures is refused rather than skipped (the shape of CVE-2025-47934).

use sequoia_openpgp::packet::{OnePassSig, Packet, Signature, Tag};
use sequoia_openpgp::parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse};
use sequoia_openpgp::types::{HashAlgorithm, PublicKeyAlgorithm, SignatureType};

use super::{MAX_SIGNATURE_BYTES, MAX_SIGNATURE_PACKET_BYTES, MAX_SIGNATURES_PER_BLOCK};

/// A signature packet: parsed, or of a version or shape that cannot be read (which spoils that signature only).
pub(super) type Parsed = Option<Signature>;

/// Parses `bytes` as one or more signature packets.
///
/// # Errors
/// A fixed sentence if there is none, one too many, one twice, or anything else among them.
pub(super) fn signatures(bytes: &[u8]) -> Result<Vec<Parsed>, &'static str> {
    let mut signatures = Vec::new();
    parse(
        bytes,
        MAX_SIGNATURES_PER_BLOCK,
        MAX_SIGNATURE_PACKET_BYTES,
        |packet| {
            signatures
                .push(signature(packet).ok_or("the block holds something other than signatures")?);
            Ok(())
        },
    )?;
    if signatures.is_empty() {
        return Err("the block holds no signature");
    }
    distinct(&signatures)?;
    Ok(signatures)
}

/// Refuses a signature that stands there twice, so that whoever counts verdicts counts signatures. What is outside the
/// signed area does not make another signature of it: anybody can change that.
fn distinct(signatures: &[Parsed]) -> Result<(), &'static str> {
    let readable: Vec<&Signature> = signatures.iter().flatten().collect();
    let repeated = readable.iter().enumerate().any(|(index, one)| {
        readable
            .iter()
            .take(index)
            .any(|other| one.normalized_eq(other))
    });
    if repeated {
        Err("the block holds a signature twice")
    } else {
        Ok(())
    }
}

/// Parses `bytes` as an inline-signed message: n one-pass signatures, one literal, n signatures, in RFC 9580's
/// bracketing (section 10.3), each one-pass packet matching its signature.
///
/// # Errors
/// A fixed sentence if it has any other shape.
pub(super) fn message(bytes: &[u8]) -> Result<(Vec<u8>, Vec<Parsed>), &'static str> {
    const SHAPE: &str = "the message is not one-pass signatures, one literal and their signatures";
    let mut announced: Vec<OnePassSig> = Vec::new();
    let mut body: Option<Vec<u8>> = None;
    let mut signatures = Vec::new();
    parse(
        bytes,
        2 * MAX_SIGNATURES_PER_BLOCK + 1,
        MAX_SIGNATURE_BYTES,
        |packet| {
            match packet {
                Packet::OnePassSig(one_pass) if body.is_none() => announced.push(one_pass),
                Packet::Literal(literal) if body.is_none() && !announced.is_empty() => {
                    body = Some(literal.body().to_vec());
                }
                Packet::CompressedData(_) => return Err("the message is compressed"),
                packet if body.is_some() => signatures.push(signature(packet).ok_or(SHAPE)?),
                _ => return Err(SHAPE),
            }
            Ok(())
        },
    )?;
    let body = body.ok_or(SHAPE)?;
    let in_brackets = announced.len() == signatures.len()
        && announced.iter().rev().zip(&signatures).all(|(one_pass, signature)| announces(one_pass, signature))
        // A one-pass packet marked as last is the innermost: one before would start a signature over a signature.
        && announced.iter().rev().enumerate().all(|(index, one_pass)| one_pass.last() == (index == 0));
    if !in_brackets {
        return Err(SHAPE);
    }
    distinct(&signatures)?;
    Ok((body, signatures))
}

fn announces(one_pass: &OnePassSig, signature: &Parsed) -> bool {
    let Some(signature) = signature else {
        return true;
    };
    let kind: (SignatureType, HashAlgorithm, PublicKeyAlgorithm) =
        (signature.typ(), signature.hash_algo(), signature.pk_algo());
    kind == (one_pass.typ(), one_pass.hash_algo(), one_pass.pk_algo())
}

/// `None` if `packet` is no signature at all.
fn signature(packet: Packet) -> Option<Parsed> {
    match packet {
        Packet::Signature(signature) => Some(Some(signature)),
        Packet::Unknown(unknown) if unknown.tag() == Tag::Signature => Some(None),
        _ => None,
    }
}

/// Hands each packet to `each`, up to `most` packets of `size` bytes.
fn parse(
    bytes: &[u8],
    most: usize,
    size: usize,
    mut each: impl FnMut(Packet) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    const UNREADABLE: &str = "the block does not hold OpenPGP packets";
    if bytes.is_empty() {
        return Err("the block is empty");
    }
    let mut parser = PacketParserBuilder::from_bytes(bytes)
        .map_err(|_| UNREADABLE)?
        .dearmor(Dearmor::Disabled)
        .max_recursion_depth(0)
        .max_packet_size(u32::try_from(size).map_err(|_| UNREADABLE)?)
        // We hash the text ourselves: the packets are parsed apart from it.
        .automatic_hashing(false)
        .buffer_unread_content()
        .build()
        .map_err(|_| UNREADABLE)?;
    let mut count = 0;
    while let PacketParserResult::Some(current) = parser {
        count += 1;
        if count > most {
            return Err("the block holds too many packets");
        }
        let (packet, next) = current.next().map_err(|_| UNREADABLE)?;
        each(packet)?;
        parser = next;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_signature() {
        assert!(signatures(b"").is_err());
        assert!(signatures(b"hello").is_err());
        // A marker packet, a literal packet, and a literal alone as a message.
        assert!(signatures(b"\xca\x03PGP").is_err());
        assert!(signatures(b"\xcb\x07t\0\0\0\0\0x").is_err());
        assert!(message(b"\xcb\x07t\0\0\0\0\0x").is_err());
        assert!(message(b"").is_err());
    }

    #[test]
    fn a_signature_of_an_unknown_version_is_kept_as_such() {
        assert_eq!(signatures(b"\xc2\x04\x63\x00\x00\x00").unwrap(), vec![None]);
        assert!(signatures(&b"\xc2\x04\x63\x00\x00\x00".repeat(17)).is_err());
    }
}
