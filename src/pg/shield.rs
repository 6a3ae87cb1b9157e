//! Errors of statements that we run with other rights than the caller's. Their messages and details can quote rows that
//! the caller may not read, so only what is known not to is passed on as it is.

use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, PgTryBuilder};

use crate::error::{Error, Result};

/// SQLSTATE classes whose messages name objects, not values: feature not supported, invalid transaction state,
/// serialisation, syntax and access, resources, limits, prerequisite state, operator intervention, system errors.
const PASSING: [[u8; 2]; 9] = [
    *b"0A", *b"25", *b"40", *b"42", *b"53", *b"54", *b"55", *b"57", *b"58",
];

/// Those of them that are about the server and its transactions, not about what a document's definition is or does.
const OF_THE_SERVER: [[u8; 2]; 6] = [*b"25", *b"40", *b"53", *b"55", *b"57", *b"58"];

/// Whether errors with that code are passed on as they are.
pub fn passes(code: PgSqlErrorCode) -> bool {
    is_of_class(code, &PASSING)
}

/// Whether an error with that code says nothing about a document, so that it is no answer to a question about one.
pub fn is_of_the_server(code: PgSqlErrorCode) -> bool {
    is_of_class(code, &OF_THE_SERVER)
}

/// Whether an error with that code says that memory, disk or another resource has run out.
pub fn is_of_resources(code: PgSqlErrorCode) -> bool {
    is_of_class(code, &[*b"53"])
}

fn is_of_class(code: PgSqlErrorCode, classes: &[[u8; 2]]) -> bool {
    const CLASS_BITS: i32 = 0xFFF;
    let bits = |character: u8| i32::from(character.wrapping_sub(b'0')) & 0x3F;
    let class = code as i32 & CLASS_BITS;
    classes
        .iter()
        .any(|[first, second]| class == bits(*first) | bits(*second) << 6)
}

/// The SQLSTATE of a caught error, unless it is a panic of Rust code.
pub fn code_of(error: &CaughtError) -> Option<PgSqlErrorCode> {
    match error {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => {
            Some(report.sql_error_code())
        }
        CaughtError::RustPanic { .. } => None,
    }
}

/// Runs a statement on a document's behalf; an error that could quote content keeps its SQLSTATE and loses its words.
pub fn shielded<T>(document: &str, body: impl FnOnce() -> Result<T>) -> Result<T> {
    let document = document.to_owned();
    PgTryBuilder::new(AssertUnwindSafe(body))
        .catch_others(|error| match code_of(&error) {
            Some(code) if !passes(code) => Err(Error::DefinitionFailed {
                document: document.clone(),
                sqlstate: code,
            }),
            _ => error.rethrow(),
        })
        .execute()
}

/// An SQLSTATE as its five characters.
pub fn spelled(code: PgSqlErrorCode) -> String {
    let mut code = code as i32;
    (0..5)
        .map(|_| {
            let character = char::from(u8::try_from(code & 0x3F).unwrap_or(0).wrapping_add(b'0'));
            code >>= 6;
            character
        })
        .collect()
}
