//! protect_gnuhealth(): the documents of GNU Health, for whichever of their tables exist.

mod known;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use crate::document::gnuhealth::known::{COMMON, KNOWN, Known};
use crate::document::protect::{self, Earlier, Request};
use crate::document::registry;
use crate::error::{Error, Result};
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};

/// Columns that GNU Health's module health_crypto brings.
const SEAL_COLUMNS: [&str; 3] = ["document_digest", "serializer", "digital_signature"];

const PROFILE: &str = "gnuhealth-1";

type Outcome = (String, String, String);

#[pg_extern(sql = false)]
fn protect_gnuhealth() -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(document, String),
            name!(root, String),
            name!(outcome, String),
        ),
    >,
    ErrorReport,
> {
    let mut outcomes = Vec::new();
    for known in &KNOWN {
        outcomes.extend(protect_known(known)?);
    }
    if outcomes.is_empty() {
        return Err(Error::BadArgument {
            what: "this database has no GNU Health tables".into(),
            hint: "Run it in the database that GNU Health uses, as the owner of its tables or a superuser.",
        }
        .into());
    }
    Ok(TableIterator::new(outcomes))
}

fn protect_known(known: &Known) -> Result<Option<Outcome>> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let Some((schema, root, columns)) = table(known.root)? else {
        return Ok(None);
    };
    let name = format!("{schema}.{}", known.root);
    let outcome = |what: String| Ok(Some((known.document.to_owned(), name.clone(), what)));
    let missing: Vec<&str> = SEAL_COLUMNS
        .into_iter()
        .filter(|c| !columns.iter().any(|known| known == c))
        .collect();
    if !missing.is_empty() {
        return outcome(format!(
            "skipped: columns {} are missing; activate GNU Health's module health_crypto",
            missing.join(", ")
        ));
    }
    let was_known = registry::names()?.iter().any(|n| n == known.document);
    define(&schema, known.template)?;
    let owned = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let Some((newest, older)) = known.forms.split_first() else {
        return Err(Error::Bug("a document without form"));
    };
    // Oldest first: of two definitions that give the same text the one added last is named.
    let earlier = older.iter().rev().map(|form| {
        Ok(Earlier {
            definition: defined(form.definition)?,
            profile: PROFILE.to_owned(),
            reference_fields: Some(owned(form.reference_fields)),
        })
    });
    let earlier = earlier.collect::<Result<Vec<_>>>()?;
    protect::protect_document(&Request {
        document: known.document.to_owned(),
        root,
        definition: defined(newest.definition)?,
        profile: PROFILE.to_owned(),
        digest_column: "document_digest".to_owned(),
        serializer_column: "serializer".to_owned(),
        signature_column: Some("digital_signature".to_owned()),
        state_column: Some("state".to_owned()),
        sealed_states: Some(owned(known.sealed_states)),
        reference_fields: Some(owned(newest.reference_fields)),
        on_alteration: "reject".to_owned(),
        on_unverified_signature: "reject".to_owned(),
        add_columns: false,
        earlier,
    })?;
    outcome(
        if was_known {
            "protected again"
        } else {
            "protected"
        }
        .to_owned(),
    )
}

/// The schema, OID and columns of a GNU Health table, wherever it is.
fn table(name: &str) -> Result<Option<(String, pg_sys::Oid, Vec<String>)>> {
    let session = Session::open();
    let _settings = RunAs::caller();
    let rows = session.run(
        "SELECT n.nspname::text, c.oid, ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a \
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) \
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
          WHERE c.relname = $1 AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p' \
            AND (pg_catalog.pg_has_role(c.relowner, 'USAGE')) \
          ORDER BY n.nspname <> 'public', n.nspname LIMIT 1",
        vec![name.into()],
        Snapshot::Fresh,
    )?;
    Ok(match (rows.string(0, 1), rows.get(0, 2), rows.get(0, 3)) {
        (Some(schema), Some(oid), Some(columns)) => Some((schema, oid, columns)),
        _ => None,
    })
}

/// Creates the definitions. They are ordinary functions of the database, outside of the extension, because a BEGIN ATOMIC
/// body needs its tables and pg_dump must carry both.
fn define(schema: &str, template: &str) -> Result<()> {
    let session = Session::open();
    let _settings = RunAs::caller();
    let present = session.run(
        "SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = 'gnuhealth_documents'",
        vec![],
        Snapshot::Fresh,
    )?;
    if present.is_empty() {
        session.execute("CREATE SCHEMA gnuhealth_documents")?;
    }
    let trusted = session.run(
        "SELECT r.rolsuper OR r.rolname = CURRENT_USER FROM pg_catalog.pg_namespace n \
           JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner WHERE n.nspname = 'gnuhealth_documents'",
        vec![],
        Snapshot::Fresh,
    )?;
    if trusted.get::<bool>(0, 1) != Some(true) {
        return Err(Error::NotAllowed {
            what: "schema gnuhealth_documents belongs to somebody else".into(),
            hint: "Drop it, or have it owned by a superuser or the owner of GNU Health's tables.",
        });
    }
    session.execute("GRANT USAGE ON SCHEMA gnuhealth_documents TO PUBLIC")?;
    for text in [COMMON, template] {
        session.execute(&text.replace("@schema@", &quote_identifier(schema)))?;
    }
    Ok(())
}

/// A definition that a template has created.
fn defined(function: &str) -> Result<pg_sys::Oid> {
    let session = Session::open();
    let rows = session.run(
        "SELECT pg_catalog.to_regprocedure('gnuhealth_documents.' || $1 || '(integer[], text)')::oid",
        vec![function.into()],
        Snapshot::Fresh,
    )?;
    rows.get(0, 1)
        .ok_or(Error::Bug("a template did not create its definition"))
}
