//! Policy times between PostgreSQL's clock (microseconds since 2000) and the core's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pgrx::datum::TimestampWithTimeZone;

use crate::error::{Error, Result};

/// 2000-01-01 00:00 UTC, in seconds since 1970.
const POSTGRES_EPOCH: u64 = 946_684_800;

/// The policy time that a caller gave.
///
/// # Errors
/// 22023 for null, the infinities, and times before 1970 or after 2106, which OpenPGP's 32-bit seconds cannot name.
pub fn policy_time(at: impl Into<Option<TimestampWithTimeZone>>) -> Result<SystemTime> {
    let unusable = || Error::BadArgument {
        what: "the policy time must be between 1970 and 2106".into(),
        hint: "Leave it out for now().",
    };
    let micros = at.into().ok_or_else(unusable)?.into_inner();
    if micros == i64::MIN || micros == i64::MAX {
        return Err(unusable());
    }
    let since_1970 = i128::from(micros) + i128::from(POSTGRES_EPOCH) * 1_000_000;
    let since_1970 = u64::try_from(since_1970).map_err(|_| unusable())?;
    if since_1970 / 1_000_000 > u64::from(u32::MAX) {
        return Err(unusable());
    }
    Ok(UNIX_EPOCH + Duration::from_micros(since_1970))
}

/// A time of the core as PostgreSQL's.
pub fn timestamp(time: SystemTime) -> Result<TimestampWithTimeZone> {
    let micros = time
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_micros()).ok())
        .map(|m| m - (POSTGRES_EPOCH as i64) * 1_000_000);
    micros
        .and_then(|m| TimestampWithTimeZone::try_from(m).ok())
        .ok_or(Error::Bug("a time outside of PostgreSQL's range"))
}
