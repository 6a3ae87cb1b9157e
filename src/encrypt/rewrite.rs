//! Encrypting what a column holds already, and reencrypt(): who can still read what, and encrypting it anew.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::rc::Rc;

use health_crypto_core::openpgp::Certificate;
use health_crypto_core::openpgp::encryption::Message;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use crate::document::serialize::given;
use crate::encrypt::column::{Column, column_name, owned};
use crate::encrypt::functions::Opener;
use crate::encrypt::place::Place;
use crate::encrypt::written::encrypted_for;
use crate::error::{Error, Result};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};

/// Rows looked at in one go.
const PAGE: i64 = 1000;
/// Bytes of values in memory at once, about; one value may be larger.
const BATCH_BYTES: i64 = 4 << 20;
/// Rows between two notices.
const NOTICE_ROWS: i64 = 10_000;

/// What a stored value is.
enum Value {
    /// A text, or a message that is not encrypted.
    Clear,
    /// Encrypted to the column's recipients, and nobody else.
    Current,
    /// Encrypted to others; the keys that it names.
    Other(Vec<String>),
}

impl Value {
    fn of(text: &str, certificates: &[Rc<Certificate>]) -> Value {
        if !Message::is_begun_by(text) {
            return Value::Clear;
        }
        match Message::read(text) {
            Ok(message) if message.is_for_exactly(certificates) => Value::Current,
            Ok(message) => Value::Other(message.recipients()),
            Err(_) => Value::Clear,
        }
    }
}

/// The statements that go through a column.
struct Sql {
    count: String,
    /// `$1` key or NULL, `$2` rows: keys and sizes after that key.
    page: String,
    /// `$1` keys: keys and values, locked.
    values: String,
    /// `$1` keys, `$2` messages.
    update: String,
}

impl Sql {
    fn of(column: &Column) -> Sql {
        let table = column.quoted_table();
        let (key, value) = (
            quote_identifier(&column.key_column),
            quote_identifier(&column.name),
        );
        let key_type = &column.key_type;
        Sql {
            count: format!("SELECT pg_catalog.count(*) FROM {table} r WHERE r.{value} IS NOT NULL"),
            page: format!(
                "SELECT r.{key}::text, pg_catalog.octet_length(r.{value})::bigint FROM {table} r \
                  WHERE r.{value} IS NOT NULL AND ($1::text IS NULL OR r.{key} > $1::text::{key_type}) \
                  ORDER BY r.{key} LIMIT $2"
            ),
            values: format!(
                "SELECT r.{key}::text, r.{value}::text FROM {table} r \
                  WHERE r.{key} = ANY ($1::text[]::{key_type}[]) AND r.{value} IS NOT NULL ORDER BY r.{key} \
                  FOR NO KEY UPDATE OF r"
            ),
            update: format!(
                "UPDATE {table} r SET {value} = u.message FROM unnest($1::text[], $2::text[]) u (key, message) \
                  WHERE r.{key} = u.key::{key_type}"
            ),
        }
    }
}

/// Goes through a column in the order of its keys, a batch at a time, and stores what `change` gives for a row.
fn walk(
    session: &Session,
    column: &Column,
    mut change: impl FnMut(&str, &str) -> Result<Option<String>>,
) -> Result<i64> {
    let sql = Sql::of(column);
    // As the owner, past his row security: what is hidden from the caller would stay in clear.
    let as_owner = || RunAs::owner(column.owner);
    let total: i64 = {
        let _role = as_owner();
        let rows = session.run(&sql.count, Vec::new(), Snapshot::Fresh)?;
        rows.get(0, 1).unwrap_or(0)
    };
    let (mut after, mut seen, mut changed) = (None::<String>, 0_i64, 0_i64);
    loop {
        let page: Vec<(String, i64)> = {
            let _role = as_owner();
            let rows = session.run(
                &sql.page,
                vec![after.as_deref().into(), PAGE.into()],
                Snapshot::Fresh,
            )?;
            (0..rows.len())
                .filter_map(|row| Some((rows.string(row, 1)?, rows.get(row, 2)?)))
                .collect()
        };
        let Some((last, _)) = page.last() else {
            return Ok(changed);
        };
        after = Some(last.clone());
        for batch in batches(&page) {
            let (mut keys, mut messages) = (Vec::new(), Vec::new());
            {
                let _role = as_owner();
                let rows = session.run(&sql.values, vec![batch.into()], Snapshot::Fresh)?;
                for row in 0..rows.len() {
                    pgrx::check_for_interrupts!();
                    let (Some(key), Some(value)) = (rows.text(row, 1), rows.text(row, 2)) else {
                        continue;
                    };
                    if let Some(message) = change(key, value)? {
                        keys.push(key.to_owned());
                        messages.push(message);
                    }
                }
            }
            if !keys.is_empty() {
                changed = changed.saturating_add(keys.len() as i64);
                let _role = as_owner();
                session.run(
                    &sql.update,
                    vec![keys.into(), messages.into()],
                    Snapshot::Fresh,
                )?;
            }
        }
        let before = seen;
        seen = seen.saturating_add(page.len() as i64);
        if before / NOTICE_ROWS != seen / NOTICE_ROWS {
            pgrx::notice!(
                "column \"{}\": {seen} of {total} rows, {changed} encrypted",
                column.name
            );
        }
    }
}

/// Keys in batches that fit into memory.
fn batches(page: &[(String, i64)]) -> Vec<Vec<&str>> {
    let mut batches: Vec<Vec<&str>> = Vec::new();
    let mut bytes = i64::MAX;
    for (key, size) in page {
        bytes = bytes.saturating_add(*size);
        match batches.last_mut() {
            Some(batch) if bytes <= BATCH_BYTES => batch.push(key),
            _ => {
                batches.push(vec![key]);
                bytes = *size;
            }
        }
    }
    batches
}

/// Encrypts what the column holds in clear; returns how many rows that were.
pub fn encrypt_existing(session: &Session, column: &Column, place: &Place) -> Result<i64> {
    let certificates = place.certificates(session)?;
    walk(session, column, |key, value| {
        match Value::of(value, &certificates) {
            Value::Clear => {
                let encrypted = encrypted_for(place, &certificates, value.as_bytes(), key)?;
                Ok(Some(encrypted.message))
            }
            _ => Ok(None),
        }
    })
}

#[pg_extern(sql = false)]
fn reencrypt(
    root: Option<pg_sys::Oid>,
    column: Option<&CStr>,
    secret_key: Option<&str>,
    passphrase: Option<&str>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(state, &'static str),
            name!(readers, Option<Vec<String>>),
            name!(rows, i64),
        ),
    >,
    ErrorReport,
> {
    let opener = match secret_key {
        Some(key) => Some(Opener::secret_key(Some(key), passphrase)?),
        None => None,
    };
    let rows = encrypted_anew(given(root, "root")?, &column_name(column)?, opener)?;
    Ok(TableIterator::new(rows))
}

/// What of a column is encrypted to whom, after encrypting anew what the secret key opens, if there is one.
fn encrypted_anew(
    oid: pg_sys::Oid,
    name: &str,
    mut opener: Option<Opener>,
) -> Result<Vec<(&'static str, Option<Vec<String>>, i64)>> {
    let session = Session::open();
    let (column, place) = owned(&session, oid, name)?;
    let certificates = place.certificates(&session)?;
    let mut counted: BTreeMap<(&'static str, Option<Vec<String>>), i64> = BTreeMap::new();
    let mut count = |state, keys| {
        let rows = counted.entry((state, keys)).or_insert(0);
        *rows = rows.saturating_add(1);
    };
    walk(&session, &column, |key, value| {
        let keys = match Value::of(value, &certificates) {
            Value::Current => {
                count("current", None);
                return Ok(None);
            }
            Value::Clear if opener.is_none() => {
                count("clear", None);
                return Ok(None);
            }
            // Whoever calls with a key wants no clear text left.
            Value::Clear => {
                count("current", None);
                let anew = encrypted_for(&place, &certificates, value.as_bytes(), key)?;
                return Ok(Some(anew.message));
            }
            Value::Other(keys) => keys,
        };
        let contents = match &mut opener {
            Some(opener) => match opener.open(value) {
                Ok(contents) => Some(contents),
                Err(Error::Undecryptable) => None,
                Err(other) => return Err(other),
            },
            None => None,
        };
        match contents {
            // A message from elsewhere must not be made one of this row.
            Some(contents) if contents.file_name != place.file_name(key).into_bytes() => {
                count("misplaced", Some(keys));
                Ok(None)
            }
            Some(contents) => {
                count("current", None);
                let anew = encrypted_for(&place, &certificates, &contents.bytes, key)?;
                Ok(Some(anew.message))
            }
            None => {
                count("other recipients", Some(keys));
                Ok(None)
            }
        }
    })?;
    drop(opener);
    let current: Vec<String> = certificates
        .iter()
        .map(|c| c.fingerprint().to_string())
        .collect();
    let mut result: BTreeMap<(&'static str, Option<Vec<String>>), i64> = BTreeMap::new();
    for ((state, keys), rows) in counted {
        let readers = match keys {
            Some(keys) => Some(readers(&session, keys)?),
            None if state == "current" => Some(current.clone()),
            None => None,
        };
        let sum = result.entry((state, readers)).or_insert(0);
        *sum = sum.saturating_add(rows);
    }
    Ok(result
        .into_iter()
        .map(|((state, readers), rows)| (state, readers, rows))
        .collect())
}

/// The certificates of the keyring that hold the keys; a key that is in none as the message names it.
fn readers(session: &Session, keys: Vec<String>) -> Result<Vec<String>> {
    let _role = RunAs::registrar();
    let rows = session.run(
        "SELECT DISTINCT COALESCE(k.fingerprint, u.name) COLLATE \"C\" FROM pg_catalog.unnest($1::text[]) u (name) \
           LEFT JOIN (health_crypto.certificate_key k JOIN health_crypto.certificate c USING (fingerprint)) \
             ON k.key_fingerprint = u.name \
             OR (pg_catalog.length(u.name) = 16 AND CASE pg_catalog.length(k.key_fingerprint) \
                   WHEN 40 THEN pg_catalog.\"right\"(k.key_fingerprint, 16) \
                   ELSE pg_catalog.\"left\"(k.key_fingerprint, 16) END = u.name) ORDER BY 1",
        vec![keys.into()],
        Snapshot::Fresh,
    )?;
    Ok((0..rows.len())
        .filter_map(|row| rows.string(row, 1))
        .collect())
}
