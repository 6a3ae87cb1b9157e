//! Times as a page shows them.

use pgrx::datum::TimestampWithTimeZone;

use crate::error::Result;
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};

/// For people: in UTC, to the second.
pub const FOR_PEOPLE: &str = "YYYY-MM-DD HH24:MI:SS \"UTC\"";
/// For programs: ISO 8601, in UTC, to the second.
pub const FOR_PROGRAMS: &str = "YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"";

/// A time in one of these forms, whatever the session's settings.
pub fn time(
    session: &Session,
    time: Option<TimestampWithTimeZone>,
    form: &str,
) -> Result<Option<String>> {
    if time.is_none() {
        return Ok(None);
    }
    let _settings = RunAs::caller();
    let rows = session.run(
        "SELECT pg_catalog.to_char($1::timestamptz, $2::text)",
        vec![time.into(), form.into()],
        Snapshot::Caller,
    )?;
    Ok(rows.string(0, 1))
}
