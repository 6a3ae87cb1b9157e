//! Keeping digests true and guarding what is sealed.

pub mod adopt;
pub mod countersign;
pub mod flush;
pub mod guard;
pub mod mark;
pub mod own;
pub mod register;
pub mod reopen;
pub mod signature;
pub mod storing;
