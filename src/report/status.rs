//! status(): what is protected and how far, without verifying anything.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::gaps::gaps;
use crate::document::registry;
use crate::document::serialize::{Reader, may_read};
use crate::error::Result;
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};

/// Stands where a document type would: no document can have that name.
const DATABASE: &str = "(database)";

/// Document, documents, sealed, signed, gaps.
type Line = (String, Option<i64>, Option<i64>, Option<i64>, i64);

#[pg_extern(sql = false)]
fn status() -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(document, String),
            name!(documents, Option<i64>),
            name!(sealed, Option<i64>),
            name!(signed, Option<i64>),
            name!(gaps, i64),
        ),
    >,
    ErrorReport,
> {
    Ok(TableIterator::new(lines()?))
}

fn lines() -> Result<Vec<Line>> {
    let gaps = gaps()?;
    let gaps_of = |document: Option<&str>| {
        let count = gaps
            .iter()
            .filter(|gap| gap.0.as_deref() == document)
            .count();
        i64::try_from(count).unwrap_or(i64::MAX)
    };
    let session = Session::open();
    let mut lines = Vec::new();
    for name in registry::names()? {
        // Its table is gone, say: the gaps tell.
        let Ok(document) = registry::document(&name) else {
            lines.push((name.clone(), None, None, None, gaps_of(Some(&name))));
            continue;
        };
        let reader = may_read(&document)?;
        let (documents, signed) = {
            let _role = reader.enter(&document);
            let rows = session.run(&document.sql.tally, vec![], Snapshot::Caller)?;
            (rows.get::<i64>(0, 1), rows.get::<i64>(0, 2))
        };
        // Whose rows are filtered learns nothing of the others'.
        let sealed = if reader == (Reader::TableReader { filtered: true }) {
            None
        } else {
            sealed(&session, &name)?
        };
        lines.push((
            name.clone(),
            documents,
            sealed,
            signed,
            gaps_of(Some(&name)),
        ));
    }
    lines.push((DATABASE.to_owned(), None, None, None, gaps_of(None)));
    Ok(lines)
}

/// How many documents of a type the register has as sealed, those whose row is gone included.
fn sealed(session: &Session, document: &str) -> Result<Option<i64>> {
    let _role = RunAs::registrar();
    let rows = session.run(
        "SELECT pg_catalog.count(*) FILTER (WHERE s.event <> 'reopening') FROM ( \
         SELECT DISTINCT ON (e.key) e.event FROM health_crypto.register_entry e \
          WHERE e.document = $1 AND e.event IN ('seal', 'adoption', 'reopening') ORDER BY e.key, e.entry DESC) s",
        vec![document.into()],
        Snapshot::Caller,
    )?;
    Ok(rows.get::<i64>(0, 1))
}
