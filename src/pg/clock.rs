//! PostgreSQL's timestamps taken apart by PostgreSQL's own arithmetic.

use pgrx::pg_sys;

/// A date and time of day on the proleptic Gregorian calendar.
pub struct Moment {
    /// Year; 0 is 1 BC.
    pub year: i32,
    /// Month, from 1.
    pub month: i32,
    /// Day, from 1.
    pub day: i32,
    /// Hour, from 0.
    pub hour: i32,
    /// Minute.
    pub minute: i32,
    /// Second.
    pub second: i32,
    /// Microseconds.
    pub microsecond: i32,
}

/// Takes a timestamp apart (microseconds since 2000-01-01 00:00); None for the infinities.
pub fn moment(timestamp: i64) -> Option<Moment> {
    if timestamp == i64::MIN || timestamp == i64::MAX {
        return None;
    }
    // SAFETY: pg_tm is plain data that the call fills; without a zone pointer it does no zone look-up.
    unsafe {
        let mut tm: pg_sys::pg_tm = std::mem::zeroed();
        let mut fraction: pg_sys::fsec_t = 0;
        let status = pg_sys::timestamp2tm(
            timestamp,
            std::ptr::null_mut(),
            &raw mut tm,
            &raw mut fraction,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        );
        (status == 0).then_some(Moment {
            year: tm.tm_year,
            month: tm.tm_mon,
            day: tm.tm_mday,
            hour: tm.tm_hour,
            minute: tm.tm_min,
            second: tm.tm_sec,
            microsecond: fraction,
        })
    }
}

/// Microseconds in a day, to make a timestamp of a date.
pub const DAY: i64 = 86_400_000_000;
