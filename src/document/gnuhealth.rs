//! protect_gnuhealth(): the documents of GNU Health, for whichever of their tables exist.

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use crate::document::protect::{self, Request};
use crate::document::registry;
use crate::error::{Error, Result};
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};

/// A document of GNU Health. Tables and states are those of GNU Health 5.0 (module health_crypto).
struct Known {
    document: &'static str,
    root: &'static str,
    state_column: &'static str,
    sealed_states: &'static [&'static str],
    reference_fields: &'static [&'static str],
    /// The definition's function in schema gnuhealth_documents, and the template that creates it.
    definition: Option<(&'static str, &'static str)>,
}

const COMMON: &str = include_str!("../../sql/gnuhealth/common.sql");

const KNOWN: [Known; 5] = [
    Known {
        document: "prescription",
        root: "gnuhealth_prescription_order",
        state_column: "state",
        sealed_states: &["validated"],
        reference_fields: &["HP", "Patient", "Patient_ID"],
        definition: Some((
            "prescription_5_0",
            include_str!("../../sql/gnuhealth/prescription.sql"),
        )),
    },
    Known {
        document: "birth_certificate",
        root: "gnuhealth_birth_certificate",
        state_column: "state",
        sealed_states: &["done"],
        reference_fields: &[],
        definition: None,
    },
    Known {
        document: "death_certificate",
        root: "gnuhealth_death_certificate",
        state_column: "state",
        sealed_states: &["done"],
        reference_fields: &[],
        definition: None,
    },
    Known {
        document: "patient_evaluation",
        root: "gnuhealth_patient_evaluation",
        state_column: "state",
        sealed_states: &["signed"],
        reference_fields: &[],
        definition: None,
    },
    Known {
        document: "lab_test",
        root: "gnuhealth_lab",
        state_column: "state",
        sealed_states: &["validated"],
        reference_fields: &[],
        definition: None,
    },
];

/// Columns that GNU Health's module health_crypto brings.
const SEAL_COLUMNS: [&str; 3] = ["document_digest", "serializer", "digital_signature"];

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
    let Some((function, template)) = known.definition else {
        return outcome("skipped: this version has no definition for it".into());
    };
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
    let definition = define(&schema, function, template)?;
    protect::protect_document(&Request {
        document: known.document.to_owned(),
        root,
        definition,
        profile: "gnuhealth-1".to_owned(),
        digest_column: "document_digest".to_owned(),
        serializer_column: "serializer".to_owned(),
        signature_column: Some("digital_signature".to_owned()),
        state_column: Some(known.state_column.to_owned()),
        sealed_states: Some(
            known
                .sealed_states
                .iter()
                .map(|s| (*s).to_owned())
                .collect(),
        ),
        reference_fields: Some(
            known
                .reference_fields
                .iter()
                .map(|s| (*s).to_owned())
                .collect(),
        ),
        on_alteration: "reject".to_owned(),
        on_unverified_signature: "reject".to_owned(),
        add_columns: false,
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

/// Creates the definition. It is an ordinary function of the database, outside of the extension, because a BEGIN ATOMIC
/// body needs its tables and pg_dump must carry both.
fn define(schema: &str, function: &str, template: &str) -> Result<pg_sys::Oid> {
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
    let rows = session.run(
        "SELECT pg_catalog.to_regprocedure('gnuhealth_documents.' || $1 || '(integer[], text)')::oid",
        vec![function.into()],
        Snapshot::Fresh,
    )?;
    rows.get(0, 1)
        .ok_or(Error::Bug("a template did not create its definition"))
}
