//! protection_gaps(): where the protection does not hold.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::registry::{self, Document};
use crate::document::root::Root;
use crate::document::watch::Part;
use crate::document::{definition, dependencies, triggers};
use crate::error::{Error, Result};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};

const GAPS: &str = include_str!("../../sql/queries/gaps.sql");

const UNUSABLE: &str = "unusable definition";

/// Document, relation, gap, detail; no document where it is about an encrypted column or the register.
pub type Gap = (Option<String>, String, String, String);

#[pg_extern(sql = false)]
fn protection_gaps() -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(document, Option<String>),
            name!(relation, String),
            name!(gap, String),
            name!(detail, String),
        ),
    >,
    ErrorReport,
> {
    Ok(TableIterator::new(gaps()?))
}

/// Every gap, in order.
///
/// # Errors
/// What reading the catalogue raises.
pub fn gaps() -> Result<Vec<Gap>> {
    let session = Session::open();
    let _role = RunAs::registrar();
    let rows = session.run(GAPS, vec![], Snapshot::Caller)?;
    let mut gaps: Vec<Gap> = (0..rows.len())
        .map(|row| {
            let text = |column: usize| rows.string(row, column).unwrap_or_default();
            (rows.string(row, 1), text(2), text(3), text(4))
        })
        .collect();
    for name in registry::names()? {
        match registry::document(&name).and_then(|document| unwatched(&session, &document)) {
            Ok(unwatched) => gaps.extend(unwatched),
            Err(
                error @ (Error::BadDefinition { .. }
                | Error::Unsupported { .. }
                | Error::NotAllowed { .. }),
            ) => gaps.push((
                Some(name),
                String::new(),
                UNUSABLE.to_owned(),
                error.to_string(),
            )),
            Err(error) => return Err(error),
        }
    }
    Ok(gaps)
}

/// What the definitions read today against what the triggers compare.
fn unwatched(session: &Session, document: &Document) -> Result<Vec<Gap>> {
    let root = Root::named(document);
    let mut gaps = Vec::new();
    let mut reads = Vec::new();
    for edition in document.editions() {
        let function = match edition.function(session) {
            Ok(function) => function,
            Err(error) if edition.number == document.current.number => return Err(error),
            // What was sealed by it cannot be shown to hold any more.
            Err(error) => {
                gaps.push((
                    Some(document.name.clone()),
                    edition.signature.clone(),
                    UNUSABLE.to_owned(),
                    error.to_string(),
                ));
                continue;
            }
        };
        let source = definition::source_digest(session, function.oid, Snapshot::Caller)?;
        if edition.source != source {
            gaps.push((
                Some(document.name.clone()),
                edition.signature.clone(),
                "changed definition".to_owned(),
                "its body, or that of something it goes through, was replaced since protect(), or is spelt \
                 otherwise after a restore"
                    .to_owned(),
            ));
        }
        reads.extend(dependencies::watches(session, function.oid, &root)?);
    }
    for watch in reads {
        let Some(oid) = watch.oid().filter(|_| watch.part != Part::Reference) else {
            continue;
        };
        let seal_columns = document.seal_columns();
        let wanted: Vec<String> = triggers::watched_columns(&watch, &seal_columns)
            .into_iter()
            .map(str::to_owned)
            .collect();
        let rows = session.run(
            "SELECT c.name FROM pg_catalog.unnest($1::text[]) c (name) \
              WHERE (SELECT pg_catalog.count(DISTINCT t.oid) \
                       FROM pg_catalog.pg_trigger t \
                       JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass \
                        AND d.objid = t.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                       JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
                      WHERE t.tgrelid = $2 AND d.refobjid = $2 AND a.attname::text = c.name \
                        AND t.tgname IN ('health_crypto_guard_update_' || $3, 'health_crypto_keep_update_' || $3)) < 2",
            vec![wanted.into(), oid.into(), document.name.as_str().into()],
            Snapshot::Caller,
        )?;
        for row in 0..rows.len() {
            gaps.push((
                Some(document.name.clone()),
                format!("{}.{}", watch.table.schema, watch.table.name),
                "unwatched column".to_owned(),
                rows.string(row, 1).unwrap_or_default(),
            ));
        }
    }
    gaps.sort();
    gaps.dedup();
    Ok(gaps)
}
