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
mod fingerprint;
mod framing;
mod keyring_file;
mod packets;
mod policy;
mod standing;
mod transferable;
mod verdict;
mod verify;

pub use certificate::{Certificate, CertificateError, Description};
pub use combine::{CombineError, combine};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use keyring_file::{KeyringPlace, read_keyring};
pub use verdict::{SignatureVerdict, Status, overall};
pub use verify::{Candidate, Keyring, verify};

/// The largest signed text [`verify()`] reads, in bytes of armored text; a longer one is `malformed`.
pub const MAX_SIGNATURE_BYTES: usize = 1 << 20;
/// The most signatures one block may hold; a block with more is `malformed`.
pub const MAX_SIGNATURES_PER_BLOCK: usize = 16;
/// The largest single signature packet in a block, in bytes (an SLH-DSA signature is 50 kB).
pub const MAX_SIGNATURE_PACKET_BYTES: usize = 64 << 10;
/// The largest certificate [`Certificate::parse`] reads, in bytes, armored or binary; also the largest it keeps.
pub const MAX_CERTIFICATE_BYTES: usize = 1 << 20;
/// The largest set of certificates [`Certificate::parse_many`] reads, in bytes.
pub const MAX_KEYRING_BYTES: usize = 16 << 20;
/// The most certificates [`Certificate::parse_many`] reads at once.
pub const MAX_CERTIFICATES: usize = 4096;
/// The most keys, user ids and user attributes a certificate may have, together.
pub const MAX_COMPONENTS: usize = 256;
/// The most signature packets a certificate may have.
pub const MAX_CERTIFICATE_SIGNATURES: usize = 2048;
/// The longest user id, in bytes (GnuPG's limit is the same).
pub const MAX_USER_ID_BYTES: usize = 2048;
/// The largest RSA, DSA or ElGamal modulus, in bits (OpenSSL's limit for RSA is the same).
pub const MAX_MODULUS_BITS: usize = 16_384;
/// The largest key packet, in bytes: bounds every other MPI, such as an RSA exponent.
pub const MAX_KEY_BYTES: usize = 8 << 10;
