//! Compressed data, inflated within a limit.
//!
//! Sequoia's own decompression is compiled out: switched on it would also stand in the path of signatures and
//! certificates, where the parser buffers what it is asked to refuse and would so inflate a bomb first. Here it is called
//! for authenticated contents of encrypted messages only, because gpg compresses what it encrypts unless told not to.

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};
use sequoia_openpgp::packet::{Body, CompressedData};
use sequoia_openpgp::types::CompressionAlgorithm;

/// What is in a compressed packet; `None` if it is more than `limit`, damaged, or compressed in another way. Never more
/// than `limit` bytes are held, whatever the packet says.
pub(super) fn inflated(packet: CompressedData, limit: usize) -> Option<Vec<u8>> {
    let algorithm = packet.algo();
    let mut packet = packet;
    let (Body::Unprocessed(bytes) | Body::Processed(bytes)) =
        packet.set_body(Body::Unprocessed(Vec::new()))
    else {
        return None;
    };
    let bytes = bytes.as_slice();
    match algorithm {
        CompressionAlgorithm::Uncompressed => read(bytes, limit),
        CompressionAlgorithm::Zip => read(DeflateDecoder::new(bytes), limit),
        CompressionAlgorithm::Zlib => read(ZlibDecoder::new(bytes), limit),
        _ => None,
    }
}

fn read(source: impl Read, limit: usize) -> Option<Vec<u8>> {
    let most = u64::try_from(limit).ok()?.checked_add(1)?;
    let mut bytes = Vec::new();
    source.take(most).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= limit).then_some(bytes)
}
