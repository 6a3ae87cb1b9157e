//! Confidentiality: messages to certificates of the keyring, sealed copies of documents, encrypted columns.

pub mod column;
mod decrypt_column;
mod document;
mod functions;
mod place;
pub mod recipients;
mod rewrite;
pub mod written;
