//! How long an argument may be that nothing else bounds: PostgreSQL lets each be a gigabyte. What the core reads (signatures,
//! certificates, messages, JSON) has its limits there.

use crate::error::{Error, Result};

/// A name or a word: of a document, a language, a state, a field and the place in it. PostgreSQL's own names end at 63 bytes.
const NAME: usize = 1 << 10;
/// Names in a list.
const NAMES: usize = 1 << 10;
/// A key. What an index can hold is far shorter, though a text that can be compressed well may be longer than a page.
const KEY: usize = 1 << 20;
/// A reason, which stays in the register for ever.
const REASON: usize = 64 << 10;
/// A passphrase; GnuPG's end at 255 bytes.
const PASSPHRASE: usize = 64 << 10;
/// A payload: 16 signatures of a block, each over the payload and over the payload and a line feed, hash half a gigabyte in
/// about a second, which nothing can interrupt.
const PAYLOAD: usize = 16 << 20;

fn within(length: usize, most: usize, what: &'static str) -> Result<()> {
    if length > most {
        return Err(Error::TooLarge { what });
    }
    Ok(())
}

/// # Errors
/// 54000, as of all that follow: longer than any name can be. `what` says what it names.
pub fn name(text: &str, what: &'static str) -> Result<()> {
    within(text.len(), NAME, what)
}

/// A list of names, NULLs among them.
pub fn names(list: &[Option<String>], what: &'static str) -> Result<()> {
    within(list.len(), NAMES, what)?;
    let mut names = list.iter().flatten();
    names.try_for_each(|text| name(text, what))
}

/// The key of a row.
pub fn key(text: &str) -> Result<()> {
    within(text.len(), KEY, "the key")
}

/// Why something is done.
pub fn reason(text: &str) -> Result<()> {
    within(text.len(), REASON, "the reason")
}

/// What unlocks a secret key.
pub fn passphrase(text: &str) -> Result<()> {
    within(text.len(), PASSPHRASE, "the passphrase")
}

/// What a signature is over.
pub fn payload(text: &str) -> Result<()> {
    within(text.len(), PAYLOAD, "the payload")
}
