//! Encrypted messages: writing them to certificates, reading them with a session key or a secret key.
//!
//! Packets are put together and taken apart by Sequoia; the order of work is ours. A message is small (see
//! [`MAX_PLAINTEXT_BYTES`]) and so is decrypted as a whole and authenticated as a whole *before* anything in it is
//! looked at: no packet is parsed and nothing is decompressed that was not proven to be what the sender wrote. And all
//! that can go wrong after the armor is one error, [`Undecryptable`], because whoever can tell a wrong key from a
//! changed byte, or bad padding from a bad digest, can use that to decrypt.

mod compressed;
mod curve25519;
mod decrypt;
mod direct;
mod encrypt;
mod message;
mod secret_key;
mod session_key;
mod unwrap_rsa;

pub use decrypt::{Contents, Undecryptable, decrypt_with_secret_key, decrypt_with_session_key};
pub(super) use encrypt::Receiving;
pub use encrypt::{EncryptError, Encrypted, encrypt};
pub use message::{Message, MessageError};
pub use secret_key::{SecretKey, SecretKeyError, UnlockedKey};
pub use session_key::{SessionKey, SessionKeyError};

/// The longest text that is encrypted, and the most that a message is decrypted or decompressed to.
pub const MAX_PLAINTEXT_BYTES: usize = 16 << 20;
/// The longest armored message that is read: room for [`MAX_PLAINTEXT_BYTES`] in base64, its packets and recipients.
pub const MAX_MESSAGE_BYTES: usize = 24 << 20;
/// The most certificates one message is encrypted to.
pub const MAX_RECIPIENTS: usize = 64;
/// The most encrypted session keys of one message that is read.
pub const MAX_SESSION_KEY_PACKETS: usize = 256;
/// The most packets inside a message: its literal, signatures over it, padding.
pub const MAX_INNER_PACKETS: usize = 64;
/// The most secret keys of one certificate that are tried.
pub const MAX_SECRET_KEYS: usize = 16;
/// The most encrypted session keys of one message that are tried with secret keys, each counted once for every key.
pub const MAX_ATTEMPTS: usize = 128;
/// The most session keys of one message with which its data is decrypted: a message has one, and each costs a pass over it.
pub const MAX_CANDIDATES: usize = 4;
/// The most memory that unlocking a secret key may take, as Argon2 counts it: 2^16 kibibytes, 64 MiB, which is what
/// RFC 9106 recommends for where memory is scarce. A key that asks for more is refused.
pub const MAX_ARGON2_MEMORY_EXPONENT: u8 = 16;
/// The most passes over that memory.
pub const MAX_ARGON2_PASSES: u8 = 16;
