//! The root table of a document: one row a document, and the columns that hold its seal.

use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_qualified_identifier};

use crate::document::protect::Request;
use crate::document::registry::Document;
use crate::error::{Error, Result, Table};
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};

const ROOT: &str = include_str!("../../sql/queries/root.sql");

/// A type that keys of documents may have.
pub struct KeyType {
    /// Its name, as the registrations have it.
    pub name: &'static str,
    /// The type of arrays of it, which a definition takes.
    pub array: pg_sys::Oid,
}

/// The types that keys of documents may have.
pub const KEY_TYPES: [KeyType; 6] = [
    key_type("smallint", pg_sys::INT2ARRAYOID),
    key_type("integer", pg_sys::INT4ARRAYOID),
    key_type("bigint", pg_sys::INT8ARRAYOID),
    key_type("text", pg_sys::TEXTARRAYOID),
    key_type("character varying", pg_sys::VARCHARARRAYOID),
    key_type("uuid", pg_sys::UUIDARRAYOID),
];

const fn key_type(name: &'static str, array: pg_sys::Oid) -> KeyType {
    KeyType { name, array }
}

/// A table that can serve as a root.
pub struct Root {
    /// Its OID.
    pub oid: pg_sys::Oid,
    /// Its name.
    pub table: Table,
    /// Its owner.
    pub owner: pg_sys::Oid,
    /// Its primary key column.
    pub key_column: String,
    /// That column's type.
    pub key_type: String,
    columns: Vec<String>,
    /// Columns that could hold a digest: text of any length, not generated.
    text_columns: Vec<String>,
    /// Columns that hold the seal of another document on the same root.
    taken_columns: Vec<String>,
}

impl Root {
    /// The root of a document that is registered.
    pub fn named(document: &Document) -> Root {
        Root {
            oid: document.root_oid,
            table: document.root.clone(),
            owner: document.owner,
            key_column: document.key_column.clone(),
            key_type: String::new(),
            columns: Vec::new(),
            text_columns: Vec::new(),
            taken_columns: Vec::new(),
        }
    }
}

/// The table as a root of a document, if the caller may protect it.
///
/// # Errors
/// 22023 for a table that cannot be one; 42501 if the caller does not have its owner's rights; 0A000 for a type of key.
pub fn root(session: &Session, oid: pg_sys::Oid, document: &str) -> Result<Root> {
    let rows = {
        // The catalogue's own tables are open to all; the registered documents only to the registrar.
        let _role = RunAs::registrar();
        session.run(ROOT, vec![oid.into(), document.into()], Snapshot::Fresh)?
    };
    let (Some(schema), Some(name), Some(owner)) =
        (rows.string(0, 1), rows.string(0, 2), rows.get(0, 4))
    else {
        return Err(Error::BadArgument {
            what: "there is no such table".into(),
            hint: "Name an existing table as root.",
        });
    };
    if rows.get::<bool>(0, 3) != Some(true) {
        return Err(Error::BadArgument {
            what: format!("\"{name}\" cannot be a root"),
            hint: "A root is an ordinary or partitioned table, not temporary.",
        });
    }
    if !caller::has_rights_of(owner) {
        return Err(Error::NotAllowed {
            what: format!("must be owner of table \"{name}\""),
            hint: "protect() creates triggers and runs definitions with the rights of the table's owner.",
        });
    }
    let (keys, types) = (
        rows.get::<Vec<String>>(0, 5).unwrap_or_default(),
        rows.get::<Vec<String>>(0, 6).unwrap_or_default(),
    );
    let ([key_column], [key_type]) = (keys.as_slice(), types.as_slice()) else {
        return Err(Error::BadArgument {
            what: format!("\"{name}\" has no primary key of one column"),
            hint: "Add one: ALTER TABLE … ADD PRIMARY KEY (…). Documents are named by it.",
        });
    };
    if !KEY_TYPES.iter().any(|t| t.name == key_type) {
        return Err(Error::Unsupported {
            what: format!("the primary key of \"{name}\" has type {key_type}"),
            hint: "Keys are integers, text or uuid.",
        });
    }
    Ok(Root {
        oid,
        table: Table { schema, name },
        owner,
        key_column: key_column.clone(),
        key_type: key_type.clone(),
        columns: rows.get(0, 7).unwrap_or_default(),
        text_columns: rows.get(0, 8).unwrap_or_default(),
        taken_columns: rows.get(0, 9).unwrap_or_default(),
    })
}

/// The columns that hold digest, text and signature: there, or added; the state column must be there.
pub fn columns(session: &Session, root: &Root, request: &Request) -> Result<()> {
    let mut wanted = vec![
        request.digest_column.as_str(),
        request.serializer_column.as_str(),
    ];
    wanted.extend(request.signature_column.as_deref());
    let mut all = wanted.clone();
    all.extend(request.state_column.as_deref());
    all.push(&root.key_column);
    let bad = |what: String| {
        Err(Error::BadArgument {
            what,
            hint: "Digest, text and signature each take a column of type text of their own.",
        })
    };
    for (place, column) in all.iter().enumerate() {
        if column.is_empty() || all.iter().skip(place + 1).any(|other| other == column) {
            return bad(format!(
                "column \"{column}\" is named twice, or has no name"
            ));
        }
    }
    for column in &wanted {
        let is = |list: &[String]| list.iter().any(|c| c == column);
        if is(&root.columns) && !is(&root.text_columns) {
            return bad(format!(
                "column \"{column}\" is not of type text, or is generated"
            ));
        }
        if is(&root.taken_columns) {
            return bad(format!(
                "column \"{column}\" holds the seal of another document"
            ));
        }
    }
    let missing: Vec<&str> = wanted
        .into_iter()
        .filter(|c| !root.columns.iter().any(|r| r == c))
        .collect();
    if let Some(state) = request.state_column.as_deref()
        && !root.columns.iter().any(|c| c == state)
    {
        return Err(Error::BadArgument {
            what: format!("\"{}\" has no column \"{state}\"", root.table.name),
            hint: "state_column names an existing column of the root.",
        });
    }
    if let Some(first) = missing.first()
        && !request.add_columns
    {
        return Err(Error::BadArgument {
            what: format!("\"{}\" has no column \"{first}\"", root.table.name),
            hint: "Pass add_columns => true to have the missing columns added, or name existing ones.",
        });
    }
    let table = quote_qualified_identifier(&root.table.schema, &root.table.name);
    for column in missing {
        session.execute(&format!(
            "ALTER TABLE {table} ADD COLUMN {} pg_catalog.text",
            quote_identifier(column)
        ))?;
    }
    Ok(())
}
