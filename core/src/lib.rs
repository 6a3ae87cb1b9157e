//! What health_crypto exists for, without PostgreSQL: canonical text, digests, differences, OpenPGP verdicts, reports.
#![forbid(unsafe_code)]

pub mod canonical;
pub mod diff;
pub mod digest;
pub mod openpgp;
pub mod report;
