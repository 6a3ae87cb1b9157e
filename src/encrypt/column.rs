//! encrypt_column() and unencrypt_column(): a column that stores what is written to it encrypted.

use std::ffi::CStr;
use std::rc::Rc;

use health_crypto_core::openpgp::Certificate;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::{quote_identifier, quote_literal, quote_qualified_identifier};

use crate::document::serialize::given;
use crate::encrypt::place::{self, Place};
use crate::encrypt::{recipients, rewrite};
use crate::error::{Error, Result, Table};
use crate::limits;
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};
use crate::seal::register::{self, Entry, Event};

const ENCRYPTABLE: &str = include_str!("../../sql/queries/encryptable.sql");

/// A column as the catalogue has it.
pub struct Column {
    /// The table's OID.
    pub oid: pg_sys::Oid,
    /// The table's name.
    pub table: Table,
    /// The table's owner.
    pub owner: pg_sys::Oid,
    /// The column's name.
    pub name: String,
    /// The primary key column.
    pub key_column: String,
    /// Its type.
    pub key_type: String,
    fit: Fit,
}

/// What encrypt_column() asks of a column.
struct Fit {
    is_text: bool,
    is_indexed: bool,
    is_reference: bool,
    is_partition_key: bool,
}

impl Column {
    /// The column of a table with a key that rows can be named by.
    ///
    /// # Errors
    /// 22023 for a table or column that is not there or has no such key, 0A000 for a type of key.
    pub fn of(session: &Session, oid: pg_sys::Oid, name: &str) -> Result<Column> {
        let rows = {
            // The catalogue is open to all; the settings are pinned.
            let _settings = RunAs::caller();
            session.run(ENCRYPTABLE, vec![oid.into(), name.into()], Snapshot::Fresh)?
        };
        let bad = |what: String, hint: &'static str| Error::BadArgument { what, hint };
        let (Some(schema), Some(table), Some(owner)) =
            (rows.string(0, 1), rows.string(0, 2), rows.get(0, 4))
        else {
            return Err(bad(
                "there is no such table".into(),
                "Name an existing table.",
            ));
        };
        let yes = |column| rows.get::<bool>(0, column) == Some(true);
        if !yes(3) {
            return Err(bad(
                format!("columns of \"{table}\" cannot be encrypted"),
                "Name an ordinary or partitioned table: not temporary, no partition, and without INHERITS.",
            ));
        }
        if !yes(7) {
            return Err(bad(
                format!("\"{table}\" has no column \"{name}\""),
                "Name an existing column.",
            ));
        }
        let (keys, types) = (
            rows.get::<Vec<String>>(0, 5).unwrap_or_default(),
            rows.get::<Vec<String>>(0, 6).unwrap_or_default(),
        );
        let ([key_column], [key_type]) = (keys.as_slice(), types.as_slice()) else {
            return Err(bad(
                format!("\"{table}\" has no primary key of one column"),
                "Add one: messages are bound to the row that they are written for.",
            ));
        };
        const KEY_TYPES: [&str; 6] = [
            "smallint",
            "integer",
            "bigint",
            "text",
            "character varying",
            "uuid",
        ];
        if !KEY_TYPES.contains(&key_type.as_str()) {
            return Err(Error::Unsupported {
                what: format!("the primary key of \"{table}\" has type {key_type}"),
                hint: "Keys are integers, text or uuid.",
            });
        }
        Ok(Column {
            oid,
            table: Table {
                schema,
                name: table,
            },
            owner,
            name: name.to_owned(),
            key_column: key_column.clone(),
            key_type: key_type.clone(),
            fit: Fit {
                is_text: yes(8),
                is_indexed: yes(9),
                is_reference: yes(10),
                is_partition_key: yes(11),
            },
        })
    }

    /// The table's name for SQL.
    pub fn quoted_table(&self) -> String {
        quote_qualified_identifier(&self.table.schema, &self.table.name)
    }

    /// # Errors
    /// 42501 unless the caller has the rights of the table's owner.
    fn check_owner(&self) -> Result<()> {
        if caller::has_rights_of(self.owner) {
            return Ok(());
        }
        Err(Error::NotAllowed {
            what: format!("must be owner of table \"{}\"", self.table.name),
            hint: "Triggers are created and rows are written with the rights of the table's owner.",
        })
    }

    fn check_fit(&self) -> Result<()> {
        let bad = |what: &str, hint: &'static str| {
            Err(Error::BadArgument {
                what: format!("column \"{}\" of \"{}\" {what}", self.name, self.table.name),
                hint,
            })
        };
        let fit = &self.fit;
        if self.name == self.key_column {
            return bad("is the table's key", "Rows could not be found any more.");
        }
        if !fit.is_text {
            return bad(
                "is not of type text, has a length, or is generated",
                "Encrypt a column of type text or varchar without length: messages are longer than what is in them.",
            );
        }
        if fit.is_reference || fit.is_partition_key {
            return bad(
                "is part of a foreign key or of the partition key",
                "Encrypted values cannot be compared.",
            );
        }
        if fit.is_indexed {
            return bad(
                "is indexed",
                "Drop the index: it would order ciphertext, and a unique one would find nothing equal any more.",
            );
        }
        Ok(())
    }
}

/// A column that is encrypted, for whoever has the rights of its table's owner.
///
/// # Errors
/// 22023 if it is not encrypted; 42501; 25006 on a standby.
pub fn owned(session: &Session, oid: pg_sys::Oid, name: &str) -> Result<(Column, Place)> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let column = Column::of(session, oid, name)?;
    column.check_owner()?;
    let place = Place::of_column(session, oid, name)?.ok_or_else(|| not_encrypted(&column))?;
    Ok((column, place))
}

/// The error for a column that nobody encrypted.
pub fn not_encrypted(column: &Column) -> Error {
    Error::BadArgument {
        what: format!(
            "column \"{}\" of \"{}\" is not encrypted",
            column.name, column.table.name
        ),
        hint: "health_crypto.encrypt_column() encrypts a column.",
    }
}

/// A name argument.
pub fn column_name(name: Option<&CStr>) -> Result<String> {
    Ok(given(name, "column_name")?.to_string_lossy().into_owned())
}

#[pg_extern(sql = false)]
fn encrypt_column(
    root: Option<pg_sys::Oid>,
    column: Option<&CStr>,
    recipients: Option<Vec<Option<String>>>,
    encrypt_existing: Option<bool>,
    recovery: Option<Vec<Option<String>>>,
) -> std::result::Result<i64, ErrorReport> {
    Ok(encrypted(
        given(root, "root")?,
        &column_name(column)?,
        recipients,
        encrypt_existing.unwrap_or(false),
        recovery,
    )?)
}

fn encrypted(
    oid: pg_sys::Oid,
    name: &str,
    names: Option<Vec<Option<String>>>,
    encrypt_existing: bool,
    recovery: Option<Vec<Option<String>>>,
) -> Result<i64> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let session = Session::open();
    let column = Column::of(&session, oid, name)?;
    column.check_owner()?;
    column.check_fit()?;
    let fingerprints = |certificates: Vec<Rc<Certificate>>| -> Vec<String> {
        certificates
            .iter()
            .map(|c| c.fingerprint().to_string())
            .collect()
    };
    let chosen = fingerprints(recipients::named(&session, names)?);
    let former = Place::of_column(&session, oid, name)?;
    // NULL leaves the recovery certificates as they are, so that naming other recipients does not lose them.
    let recovery = match (recovery, &former) {
        (Some(names), _) if names.is_empty() => Vec::new(),
        (Some(names), _) => fingerprints(recipients::named(&session, Some(names))?),
        (None, Some(former)) => former.recovery.clone(),
        (None, None) => Vec::new(),
    };
    let by = caller::role_name(caller::current_role());
    let place = register(&session, &column, former, chosen, recovery, &by)?;
    {
        let _settings = RunAs::caller();
        install(&session, &column, &place)?;
    }
    if encrypt_existing {
        rewrite::encrypt_existing(&session, &column, &place)
    } else {
        Ok(0)
    }
}

/// Writes the registration, and what was done into the register.
fn register(
    session: &Session,
    column: &Column,
    former: Option<Place>,
    recipients: Vec<String>,
    recovery: Vec<String>,
    by: &str,
) -> Result<Place> {
    let _role = RunAs::registrar();
    let (schema, table) = (column.table.schema.as_str(), column.table.name.as_str());
    let id = former.map(|former| former.id);
    let rows = session.run(
        "INSERT INTO health_crypto.encrypted_column AS e \
           (place, table_schema, table_name, column_name, key_column, recipients, recovery, encrypted_by) \
         VALUES (COALESCE($1, pg_catalog.gen_random_uuid()::text), $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (place) DO UPDATE SET table_schema = EXCLUDED.table_schema, table_name = EXCLUDED.table_name, \
           column_name = EXCLUDED.column_name, key_column = EXCLUDED.key_column, recipients = EXCLUDED.recipients, \
           recovery = EXCLUDED.recovery, encrypted_at = EXCLUDED.encrypted_at, encrypted_by = EXCLUDED.encrypted_by \
         RETURNING e.place",
        vec![
            id.into(),
            schema.into(),
            table.into(),
            column.name.as_str().into(),
            column.key_column.as_str().into(),
            recipients.clone().into(),
            recovery.clone().into(),
            by.into(),
        ],
        Snapshot::Fresh,
    )?;
    let id = rows
        .string(0, 1)
        .ok_or(Error::Bug("a place without an id"))?;
    drop(rows);
    let mut reason = format!(
        "column {} encrypted to {}",
        place_name(column),
        recipients.join(", ")
    );
    if !recovery.is_empty() {
        reason.push_str(&format!("; recovery: {}", recovery.join(", ")));
    }
    enter(session, reason, by)?;
    Ok(Place {
        id,
        table: column.table.clone(),
        column: column.name.clone(),
        key_column: column.key_column.clone(),
        recipients,
        recovery,
    })
}

fn place_name(column: &Column) -> String {
    format!(
        "{}.{}",
        column.quoted_table(),
        quote_identifier(&column.name)
    )
}

fn enter(session: &Session, reason: String, by: &str) -> Result<()> {
    let entry = Entry {
        event: Some(Event::Protection),
        reason: Some(reason),
        ..Entry::default()
    };
    register::enter(session, &[entry], by)
}

/// Puts the trigger on, in place of one that is there. Its name sorts behind those of most others, because of BEFORE
/// triggers the last one decides what is stored; and it goes by the bytes of the row, not by the columns that a statement
/// names, because another BEFORE trigger can change one that the statement does not name.
fn install(session: &Session, column: &Column, place: &Place) -> Result<()> {
    drop_triggers(session, column.oid, &place.id)?;
    let short: String = place.id.chars().take(8).collect();
    let table = column.quoted_table();
    let arguments = format!(
        "({}, {})",
        quote_literal(&place.id),
        quote_literal(&column.name)
    );
    let row = |version: &str| {
        format!(
            "ROW({version}.{}, {version}.{})",
            quote_identifier(&column.name),
            quote_identifier(&column.key_column)
        )
    };
    for (kind, event, when) in [
        ("insert", "INSERT", String::new()),
        (
            "update",
            "UPDATE",
            format!(
                "WHEN (pg_catalog.record_image_ne({}, {}))",
                row("OLD"),
                row("NEW")
            ),
        ),
    ] {
        let name = quote_identifier(format!("zz_health_crypto_encrypt_{kind}_{short}"));
        session.execute(&format!(
            "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when} \
             EXECUTE FUNCTION health_crypto.encrypt_written{arguments}"
        ))?;
        let tables = session.run(
            "SELECT t.tgrelid::pg_catalog.regclass::text FROM pg_catalog.pg_trigger t \
               JOIN pg_catalog.pg_partition_tree($1) p ON p.relid = t.tgrelid WHERE t.tgname::text = $2 \
              UNION SELECT $1::pg_catalog.regclass::text",
            vec![column.oid.into(), format!("zz_health_crypto_encrypt_{kind}_{short}").into()],
            Snapshot::Fresh,
        )?;
        for row in 0..tables.len() {
            if let Some(table) = tables.text(row, 1) {
                session.execute(&format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"))?;
            }
        }
    }
    Ok(())
}

/// Drops the triggers of a place from a table.
fn drop_triggers(session: &Session, table: pg_sys::Oid, place: &str) -> Result<()> {
    let rows = session.run(
        "SELECT t.tgrelid::pg_catalog.regclass::text, t.tgname::text FROM pg_catalog.pg_trigger t \
          WHERE t.tgrelid = $1 AND t.tgparentid = 0 \
            AND t.tgfoid = 'health_crypto.encrypt_written()'::pg_catalog.regprocedure \
            AND pg_catalog.split_part(pg_catalog.encode(t.tgargs, 'escape'), '\\000', 1) = $2",
        vec![table.into(), place.into()],
        Snapshot::Fresh,
    )?;
    for row in 0..rows.len() {
        if let (Some(table), Some(name)) = (rows.text(row, 1), rows.text(row, 2)) {
            session.execute(&format!(
                "DROP TRIGGER {} ON {table}",
                quote_identifier(name)
            ))?;
        }
    }
    Ok(())
}

#[pg_extern(sql = false)]
fn unencrypt_column(
    root: Option<pg_sys::Oid>,
    column: Option<&CStr>,
) -> std::result::Result<(), ErrorReport> {
    Ok(unencrypted(given(root, "root")?, &column_name(column)?)?)
}

fn unencrypted(oid: pg_sys::Oid, name: &str) -> Result<()> {
    let session = Session::open();
    let (column, place) = owned(&session, oid, name)?;
    {
        let _settings = RunAs::caller();
        drop_triggers(&session, oid, &place.id)?;
    }
    let by = caller::role_name(caller::current_role());
    let _role = RunAs::registrar();
    session.run(
        "DELETE FROM health_crypto.encrypted_column WHERE place = $1",
        vec![place.id.as_str().into()],
        Snapshot::Fresh,
    )?;
    enter(
        &session,
        format!(
            "column {} not encrypted any more; its place was {}",
            place_name(&column),
            place.id
        ),
        &by,
    )
}

#[pg_extern(sql = false)]
fn message_place(
    root: Option<pg_sys::Oid>,
    column: Option<&CStr>,
    key: Option<&str>,
) -> std::result::Result<String, ErrorReport> {
    Ok(named_place(
        given(root, "root")?,
        &column_name(column)?,
        given(key, "key")?,
    )?)
}

fn named_place(oid: pg_sys::Oid, name: &str, key: &str) -> Result<String> {
    limits::key(key)?;
    let session = Session::open();
    let column = Column::of(&session, oid, name)?;
    let place = Place::of_column(&session, oid, name)?.ok_or_else(|| not_encrypted(&column))?;
    Ok(place::file_name(&place.id, key))
}
