//! Verdicts: what holds of a document, from nothing but the rows, the register and the keyring.

pub mod ahead;
pub mod attach;
pub mod content;
pub mod evidence;
pub mod functions;
pub mod row;
pub mod signers;
pub mod time;
