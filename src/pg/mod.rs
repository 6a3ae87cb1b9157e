//! The few places where PostgreSQL's C interface is used directly; everything above them is safe Rust.

pub mod before;
pub mod caller;
pub mod catalog;
pub mod checks;
pub mod clock;
#[cfg(feature = "panic_points")]
pub mod fault;
pub mod memory;
pub mod raise;
pub mod record;
pub mod shield;
pub mod snapshot;
pub mod spi;
pub mod sub;
pub mod trigger;
pub mod xact;
