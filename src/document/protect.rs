//! protect() and unprotect().

use std::str::FromStr;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::{quote_identifier, quote_qualified_identifier};

use crate::document::definition::{self, Definition};
use crate::document::registry::{self, Document, OnBreach, Part, Watch};
use crate::document::serialize::{given, profile};
use crate::document::{dependencies, triggers};
use crate::error::{Error, Result, Table};
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};
use crate::seal::flush;
use crate::seal::mark::{self, Mark};
use crate::seal::register::{self, Entry, Event};

const ROOT: &str = include_str!("../../sql/queries/root.sql");

/// What protect() is told.
pub struct Request {
    /// The document's name.
    pub document: String,
    /// The root table.
    pub root: pg_sys::Oid,
    /// The definition.
    pub definition: pg_sys::Oid,
    /// The profile's name.
    pub profile: String,
    /// Column of the digest.
    pub digest_column: String,
    /// Column of the text.
    pub serializer_column: String,
    /// Column of the signature.
    pub signature_column: Option<String>,
    /// Column of the state.
    pub state_column: Option<String>,
    /// States that seal.
    pub sealed_states: Option<Vec<String>>,
    /// Fields that come from referenced tables.
    pub reference_fields: Option<Vec<String>>,
    /// reject or record.
    pub on_alteration: String,
    /// reject or record.
    pub on_unverified_signature: String,
    /// Whether missing columns are added to the root.
    pub add_columns: bool,
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

#[pg_extern(sql = false)]
#[allow(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
fn protect(
    document: Option<&str>,
    root: Option<pg_sys::Oid>,
    definition: Option<pg_sys::Oid>,
    profile: Option<&str>,
    digest_column: Option<&std::ffi::CStr>,
    serializer_column: Option<&std::ffi::CStr>,
    signature_column: Option<&std::ffi::CStr>,
    state_column: Option<&std::ffi::CStr>,
    sealed_states: Option<Vec<Option<String>>>,
    reference_fields: Option<Vec<Option<String>>>,
    on_alteration: Option<&str>,
    on_unverified_signature: Option<&str>,
    add_columns: Option<bool>,
) -> std::result::Result<(), ErrorReport> {
    let name = |n: Option<&std::ffi::CStr>| n.map(|n| n.to_string_lossy().into_owned());
    let list = |l: Option<Vec<Option<String>>>| {
        l.map(|l| l.into_iter().flatten().collect::<Vec<String>>())
    };
    let request = Request {
        document: given(document, "document")?.to_owned(),
        root: given(root, "root")?,
        definition: given(definition, "definition")?,
        profile: given(profile, "profile")?.to_owned(),
        digest_column: given(name(digest_column), "digest_column")?,
        serializer_column: given(name(serializer_column), "serializer_column")?,
        signature_column: name(signature_column),
        state_column: name(state_column),
        sealed_states: list(sealed_states),
        reference_fields: list(reference_fields),
        on_alteration: given(on_alteration, "on_alteration")?.to_owned(),
        on_unverified_signature: given(on_unverified_signature, "on_unverified_signature")?
            .to_owned(),
        add_columns: add_columns.unwrap_or(false),
    };
    Ok(protect_document(&request)?)
}

/// Registers a document, installs its triggers and brings the digests of its drafts up to date.
pub fn protect_document(request: &Request) -> Result<()> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let profile = profile(&request.profile)?;
    OnBreach::from_str(&request.on_alteration)?;
    OnBreach::from_str(&request.on_unverified_signature)?;
    check_name(&request.document)?;
    if request.state_column.is_some() != request.sealed_states.is_some() {
        return Err(Error::BadArgument {
            what: "state_column and sealed_states go together".into(),
            hint: "Name the column and the states in which a document is sealed, or neither.",
        });
    }
    let by = caller::role_name(caller::current_role());
    let session = Session::open();
    let caller_settings = RunAs::caller();
    let root = root(&session, request.root, &request.document)?;
    columns(&session, &root, request)?;
    let definition = definition::check(&session, request.definition, &root)?;
    let watches = dependencies::watches(&session, request.definition, &root)?;
    let mut seal_columns = vec![
        request.digest_column.as_str(),
        request.serializer_column.as_str(),
    ];
    seal_columns.extend(request.signature_column.as_deref());
    if let Some(column) = watches.iter().find(|w| w.part == Part::Root).and_then(|w| {
        w.columns
            .iter()
            .find(|c| seal_columns.contains(&c.as_str()))
    }) {
        return Err(Error::BadDefinition {
            what: format!(
                "the definition reads \"{column}\", which holds the seal of what it defines"
            ),
            hint: "A document cannot contain its own digest, text or signature.",
        });
    }
    seal_columns.extend(request.state_column.as_deref());
    let former = former_definition(&session, &request.document)?;
    triggers::drop_all(&session, &request.document)?;
    for watch in &watches {
        triggers::create(&session, &request.document, watch, &seal_columns)?;
    }
    store(
        &session,
        request,
        &root,
        profile.name(),
        &definition,
        &watches,
    )?;
    let signature = definition.signature;
    let entry = Entry {
        event: Some(Event::Protection),
        document: Some(request.document.clone()),
        definition: Some(signature.clone()),
        profile: Some(profile.name().to_owned()),
        reason: Some("protected".to_owned()),
        ..Entry::default()
    };
    register::enter(&session, &[entry], &by)?;
    registry::announce();
    drop(caller_settings);
    let all = former.as_deref() != Some(&signature);
    drafts(&session, &request.document, all)
}

fn former_definition(session: &Session, document: &str) -> Result<Option<String>> {
    let _role = RunAs::owner(caller::registrar());
    let rows = session.run(
        "SELECT d.definition FROM health_crypto.protected_document d WHERE d.document = $1",
        vec![document.into()],
        Snapshot::Fresh,
    )?;
    Ok(rows.string(0, 1))
}

fn check_name(name: &str) -> Result<()> {
    let fits = name.len() <= triggers::LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits {
        return Ok(());
    }
    Err(Error::BadArgument {
        what: "a document's name is a lower-case word".into(),
        hint: "Letters a-z, digits and underscores, a letter first, 36 at most.",
    })
}

fn root(session: &Session, oid: pg_sys::Oid, document: &str) -> Result<Root> {
    let rows = {
        // The catalogue's own tables are open to all; the registered documents only to the registrar.
        let _role = RunAs::owner(caller::registrar());
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
fn columns(session: &Session, root: &Root, request: &Request) -> Result<()> {
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

fn store(
    session: &Session,
    request: &Request,
    root: &Root,
    profile: &str,
    definition: &Definition,
    watches: &[Watch],
) -> Result<()> {
    let by = caller::role_name(caller::current_role());
    let source = definition::source_digest(session, request.definition, Snapshot::Fresh)?;
    let _role = RunAs::owner(caller::registrar());
    let other_root = session.run(
        "SELECT FROM health_crypto.protected_document d \
          WHERE d.document = $1 AND (d.root_schema, d.root_table) <> ($2::name, $3::name)",
        vec![
            request.document.as_str().into(),
            root.table.schema.as_str().into(),
            root.table.name.as_str().into(),
        ],
        Snapshot::Fresh,
    )?;
    if !other_root.is_empty() {
        return Err(Error::BadArgument {
            what: format!(
                "document \"{}\" is protected with another root",
                request.document
            ),
            hint: "Choose another name, or unprotect() it first.",
        });
    }
    session.run(
        "INSERT INTO health_crypto.protected_document AS d (document, root_schema, root_table, key_column, key_type, \
           definition, profile, digest_column, serializer_column, signature_column, state_column, sealed_states, \
           reference_fields, on_alteration, on_unverified_signature, protected_by, definition_schema, definition_name, \
           definition_source) \
         VALUES ($1, $2::name, $3::name, $4::name, $5, $6, $7, $8::name, $9::name, $10::name, $11::name, $12, $13, \
                 $14, $15, $16::name, $17::name, $18::name, $19) \
         ON CONFLICT (document) DO UPDATE SET definition = EXCLUDED.definition, \
           definition_source = EXCLUDED.definition_source, \
           definition_schema = EXCLUDED.definition_schema, definition_name = EXCLUDED.definition_name, profile = EXCLUDED.profile, \
           former_definitions = CASE WHEN d.definition = EXCLUDED.definition THEN d.former_definitions \
                                     ELSE d.definition || d.former_definitions END, \
           digest_column = EXCLUDED.digest_column, serializer_column = EXCLUDED.serializer_column, \
           signature_column = EXCLUDED.signature_column, state_column = EXCLUDED.state_column, \
           sealed_states = EXCLUDED.sealed_states, reference_fields = EXCLUDED.reference_fields, \
           on_alteration = EXCLUDED.on_alteration, on_unverified_signature = EXCLUDED.on_unverified_signature, \
           protected_at = pg_catalog.now(), protected_by = EXCLUDED.protected_by",
        vec![
            request.document.as_str().into(),
            root.table.schema.as_str().into(),
            root.table.name.as_str().into(),
            root.key_column.as_str().into(),
            root.key_type.as_str().into(),
            definition.signature.as_str().into(),
            profile.into(),
            request.digest_column.as_str().into(),
            request.serializer_column.as_str().into(),
            request.signature_column.as_deref().into(),
            request.state_column.as_deref().into(),
            request.sealed_states.clone().into(),
            request.reference_fields.clone().into(),
            request.on_alteration.as_str().into(),
            request.on_unverified_signature.as_str().into(),
            by.as_str().into(),
            definition.schema.as_str().into(),
            definition.name.as_str().into(),
            source.into(),
        ],
        Snapshot::Fresh,
    )?;
    session.run(
        "DELETE FROM health_crypto.watched_table w WHERE w.document = $1",
        vec![request.document.as_str().into()],
        Snapshot::Fresh,
    )?;
    for watch in watches {
        let part = match watch.part {
            Part::Root => "root",
            Part::Child => "child",
            Part::Reference => "reference",
        };
        let link = watch.link.as_ref();
        session.run(
            "INSERT INTO health_crypto.watched_table (document, table_schema, table_name, part, columns, depth, \
               link_column, parent_schema, parent_table, parent_column) \
             VALUES ($1, $2::name, $3::name, $4, $5::name[], $6, $7::name, $8::name, $9::name, $10::name)",
            vec![
                request.document.as_str().into(),
                watch.table.schema.as_str().into(),
                watch.table.name.as_str().into(),
                part.into(),
                watch.columns.clone().into(),
                watch.depth.into(),
                link.map(|l| l.column.as_str()).into(),
                link.map(|l| l.parent.schema.as_str()).into(),
                link.map(|l| l.parent.name.as_str()).into(),
                link.map(|l| l.parent_column.as_str()).into(),
            ],
            Snapshot::Fresh,
        )?;
    }
    Ok(())
}

/// Gives drafts that were written before the protection their digests, so that "stale" means from here on that somebody
/// wrote round the triggers. Protected again with the same definition, only drafts without a digest get one: a stale one
/// is evidence.
fn drafts(session: &Session, name: &str, all: bool) -> Result<()> {
    let document = registry::document(name)?;
    let mut after: Option<String> = None;
    loop {
        let rows = {
            let _role = RunAs::reader(document.owner);
            document
                .sql
                .page(session, after.as_deref(), flush::CHUNK, Snapshot::Fresh)?
        };
        for row in 0..rows.len() {
            let sealed = document.seals(rows.text(row, 5))
                || rows.text(row, 4).is_some_and(|s| !s.is_empty());
            if let (false, Some(key)) = (
                sealed || (!all && rows.text(row, 2).is_some()),
                rows.text(row, 1),
            ) {
                mark::set(
                    name,
                    key,
                    Mark {
                        pending: true,
                        ..Mark::default()
                    },
                );
            }
        }
        after = rows.string(rows.len().saturating_sub(1), 1);
        let last = (rows.len() as i64) < flush::CHUNK;
        drop(rows);
        flush::all()?;
        if last {
            return Ok(());
        }
    }
}

#[pg_extern(sql = false)]
fn unprotect(document: &str) -> std::result::Result<(), ErrorReport> {
    Ok(unprotect_document(document)?)
}

fn unprotect_document(name: &str) -> Result<()> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    if !registry::names()?.iter().any(|known| known == name) {
        return Err(Error::UnknownDocument);
    }
    let by = caller::role_name(caller::current_role());
    let session = Session::open();
    {
        // As the caller: who does not own the tables cannot drop their triggers.
        let _settings = RunAs::caller();
        triggers::drop_all(&session, name)?;
    }
    let entry = Entry {
        event: Some(Event::Protection),
        document: Some(name.to_owned()),
        reason: Some("unprotected".to_owned()),
        ..Entry::default()
    };
    {
        let _role = RunAs::owner(caller::registrar());
        session.run(
            "DELETE FROM health_crypto.protected_document d WHERE d.document = $1",
            vec![name.into()],
            Snapshot::Fresh,
        )?;
    }
    register::enter(&session, &[entry], &by)?;
    registry::announce();
    Ok(())
}
