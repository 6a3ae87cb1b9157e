//! decrypt_column(): the message of one row, decrypted and seen to be that row's.

use std::ffi::CStr;
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use crate::document::serialize::given;
use crate::encrypt::column::{Column, column_name, not_encrypted};
use crate::encrypt::functions::{Opener, text};
use crate::encrypt::place::Place;
use crate::error::{Error, Result};
use crate::limits;
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};

#[pg_extern(sql = false)]
fn decrypt_column_with_session_key(
    root: Option<pg_sys::Oid>,
    column: Option<&CStr>,
    key: Option<&str>,
    session_key: Option<&str>,
) -> std::result::Result<Option<String>, ErrorReport> {
    Ok(decrypted(root, column, key, || {
        Opener::session_key(session_key)
    })?)
}

#[pg_extern(sql = false)]
fn decrypt_column_with_secret_key(
    root: Option<pg_sys::Oid>,
    column: Option<&CStr>,
    key: Option<&str>,
    secret_key: Option<&str>,
    passphrase: Option<&str>,
) -> std::result::Result<Option<String>, ErrorReport> {
    Ok(decrypted(root, column, key, || {
        Opener::secret_key(secret_key, passphrase)
    })?)
}

fn decrypted(
    root: Option<pg_sys::Oid>,
    column: Option<&CStr>,
    key: Option<&str>,
    opener: impl FnOnce() -> Result<Opener>,
) -> Result<Option<String>> {
    let (oid, name) = (given(root, "root")?, column_name(column)?);
    let key = given(key, "key")?;
    limits::key(key)?;
    let (place, key, message) = {
        let session = Session::open();
        let column = Column::of(&session, oid, &name)?;
        let place =
            Place::of_column(&session, oid, &name)?.ok_or_else(|| not_encrypted(&column))?;
        let (key, message) = stored(&session, &column, key)?;
        (place, key, message)
    };
    let Some(message) = message else {
        return Ok(None);
    };
    // From here on nothing calls PostgreSQL while the key is in memory.
    let contents = opener()?.open(&message)?;
    if contents.file_name != place.file_name(&key).into_bytes() {
        return Err(Error::Misplaced {
            table: place.table,
            column: place.column,
        });
    }
    text(contents).map(Some)
}

/// The row's key as the table spells it, and what is stored: as the caller, who may read it or not.
fn stored(session: &Session, column: &Column, key: &str) -> Result<(String, Option<String>)> {
    let bad = |what: &str| Error::BadArgument {
        what: format!("\"{}\" {what}", column.table.name),
        hint: "Pass the primary key of a row that you may read.",
    };
    let _settings = RunAs::caller();
    let sql = format!(
        "SELECT r.{key}::text, r.{column}::text FROM {table} r WHERE r.{key} = $1::text::{key_type}",
        key = quote_identifier(&column.key_column),
        column = quote_identifier(&column.name),
        table = column.quoted_table(),
        key_type = column.key_type,
    );
    let read = || {
        let rows = session.run(&sql, vec![key.into()], Snapshot::Caller)?;
        match rows.string(0, 1) {
            Some(key) => Ok((key, rows.string(0, 2))),
            None => Err(bad("has no row with that key")),
        }
    };
    let not_a_key = || Err(bad("has keys of another type"));
    PgTryBuilder::new(AssertUnwindSafe(read))
        .catch_when(PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION, |_| {
            not_a_key()
        })
        .catch_when(PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, |_| {
            not_a_key()
        })
        .execute()
}
