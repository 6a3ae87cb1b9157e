//! OpenPGP: certificates, strict framing, and verdicts on signatures.
//!
//! [Sequoia](https://sequoia-pgp.org) parses packets and judges keys; what stands before it is ours: the framing
//! (armor and cleartext, `framing`) and the packet grammar, both far narrower than OpenPGP allows, because every
//! freedom there has been somebody's signature bypass. [`verify()`] states, line by line, what `valid` means.
//!
//! Nothing here reads a clock, a file or a database: time is an argument and the keyring is a trait.

mod armor;
mod certificate;
mod combine;
pub mod encryption;
mod fingerprint;
mod framing;
mod keyring_file;
mod packets;
mod policy;
mod signing;
mod standing;
mod transferable;
mod verdict;
mod verify;
mod verifying_key;

pub use certificate::{Certificate, CertificateError, Description};
pub use combine::{CombineError, combine};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use keyring_file::{KeyringPlace, UnreadPlace, keyring_places, read_keyring};
pub use verdict::{SignatureVerdict, Status, overall};
pub use verify::{Candidate, Keyring, verify};

// The limits, and why they are what they are. Together they see to it that whatever is offered is refused, or judged, in
// under a second of processor time with less than 64 MiB more memory; core/tests/openpgp_limits.rs measures it.

/// The largest signed text [`verify()`] reads, in bytes of armored text; a longer one is `malformed`.
///
/// A digest is 128 characters and sixteen of the largest usual signatures are 30 kB; the rest is room for a payload
/// that is a document itself.
pub const MAX_SIGNATURE_BYTES: usize = 1 << 20;
/// The most signatures one block may hold; a block with more is `malformed`. Each costs a verification.
pub const MAX_SIGNATURES_PER_BLOCK: usize = 16;
/// The largest single signature packet in a block, in bytes (an SLH-DSA signature is 50 kB). Version 6 signatures can
/// embed each other as deep as they are long.
pub const MAX_SIGNATURE_PACKET_BYTES: usize = 64 << 10;
/// The largest certificate [`Certificate::parse`] reads, in bytes, armored or binary; also the largest in a set, and
/// the largest it keeps. Certificates with thousands of signatures by others are about as large.
pub const MAX_CERTIFICATE_BYTES: usize = 1 << 20;
/// The largest set of certificates [`Certificate::parse_many`] reads, in bytes: all of it is in memory, three times.
pub const MAX_KEYRING_BYTES: usize = 16 << 20;
/// The most certificates [`Certificate::parse_many`] reads at once.
pub const MAX_CERTIFICATES: usize = 4096;
/// The most keys, user ids and user attributes a certificate may have, together. People have a few; each is looked at
/// whenever the certificate is judged.
pub const MAX_COMPONENTS: usize = 256;
/// The most signature packets a certificate may have, those of others included, which are dropped unverified.
pub const MAX_CERTIFICATE_SIGNATURES: usize = 2048;
/// The most signatures of a certificate that claim to be the key's own, and back-signatures, together. Each costs a
/// verification, of up to 2 ms (RSA 8192, brainpool 512). Ten user ids and subkeys prolonged every year for 20 years
/// make 300.
pub const MAX_OWN_SIGNATURES: usize = 320;
/// The longest user id, in bytes (GnuPG's limit is the same).
pub const MAX_USER_ID_BYTES: usize = 2048;
/// The largest RSA or ElGamal modulus, in bits: the largest that GnuPG can be made to make. What verification costs
/// grows with its square.
pub const MAX_MODULUS_BITS: usize = 8192;
/// The largest DSA modulus, in bits; FIPS 186-4 ends at 3072.
pub const MAX_DSA_BITS: usize = 4096;
/// The largest RSA exponent, in bits: OpenSSL's limit for moduli beyond 3072 bits, held for all. What verification
/// costs grows with it.
pub const MAX_EXPONENT_BITS: usize = 64;
/// The largest key packet, in bytes: bounds every other number, and what algorithms hold that are not known. The largest
/// key of a signature standard (ML-DSA-87) has 2.6 kB.
pub const MAX_KEY_BYTES: usize = 8 << 10;
