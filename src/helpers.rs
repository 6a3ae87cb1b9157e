//! Python's texts as SQL functions, for definitions of GNU Health documents.

use health_crypto_core::canonical::python;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::pg::clock::{self, Moment};
use crate::settings;

const NONE: &str = "None";

/// The longest text that repr() is asked of: a character that is escaped becomes four times as long, and a value of
/// PostgreSQL's can have a gigabyte.
const MAX_REPR_BYTES: usize = 255 << 20;

#[pg_extern(sql = false)]
fn python_repr_text(value: Option<&str>) -> std::result::Result<String, ErrorReport> {
    panic_point!();
    let Some(value) = value else {
        return Ok(NONE.to_owned());
    };
    if value.len() > MAX_REPR_BYTES {
        return Err(Error::TooLarge {
            what: "a text for Python's repr()",
        }
        .into());
    }
    if python::has_version_dependent(value) {
        settings::unicode_matters();
    }
    let mut repr = String::with_capacity(value.len() + 2);
    python::write_repr_str(value, settings::python_unicode(), &mut repr);
    Ok(repr)
}

#[pg_extern(sql = false)]
fn python_repr_float(value: Option<f64>) -> String {
    panic_point!();
    let Some(value) = value else {
        return NONE.to_owned();
    };
    let mut repr = String::with_capacity(8);
    python::write_repr_float(value, &mut repr);
    repr
}

#[pg_extern(sql = false)]
fn python_repr_integer(value: Option<i64>) -> String {
    panic_point!();
    value.map_or(NONE.to_owned(), |value| value.to_string())
}

#[pg_extern(sql = false)]
fn python_repr_boolean(value: Option<bool>) -> &'static str {
    panic_point!();
    match value {
        None => NONE,
        Some(true) => "True",
        Some(false) => "False",
    }
}

/// Python's datetime has no infinities; they cannot come from GNU Health, and are spelt as PostgreSQL does.
#[pg_extern(sql = false)]
fn python_str_timestamp(value: Option<Timestamp>) -> String {
    panic_point!();
    let Some(value) = value else {
        return NONE.to_owned();
    };
    let value = value.into_inner();
    clock::moment(value).map_or_else(
        || infinity(value > 0),
        |m| {
            let mut text = format!("{} {:02}:{:02}:{:02}", day(&m), m.hour, m.minute, m.second);
            if m.microsecond != 0 {
                text.push_str(&format!(".{:06}", m.microsecond));
            }
            text
        },
    )
}

#[pg_extern(sql = false)]
fn python_str_date(value: Option<Date>) -> String {
    panic_point!();
    let Some(value) = value else {
        return NONE.to_owned();
    };
    let days = i64::from(value.into_inner());
    days.checked_mul(clock::DAY)
        .and_then(clock::moment)
        .map_or_else(|| infinity(days > 0), |m| day(&m))
}

fn day(m: &Moment) -> String {
    format!("{:04}-{:02}-{:02}", m.year, m.month, m.day)
}

fn infinity(positive: bool) -> String {
    if positive { "infinity" } else { "-infinity" }.to_owned()
}
