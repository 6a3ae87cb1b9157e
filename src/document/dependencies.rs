//! What a definition reads, from PostgreSQL's own records (pg_depend), and the part each table plays.

use pgrx::pg_sys;

use crate::document::root::Root;
use crate::document::watch::{Link, Part, Watch};
use crate::error::{Error, Result, Table};
use crate::pg::spi::{Session, Snapshot};

const DEPENDENCIES: &str = include_str!("../../sql/queries/dependencies.sql");

/// The tables and columns that a definition reads for a root.
///
/// # Errors
/// 22023 if it does not read the root, or reads the columns that hold the digest; 0A000 for tables that cannot carry
/// triggers.
pub fn watches(session: &Session, function: pg_sys::Oid, root: &Root) -> Result<Vec<Watch>> {
    let rows = session.run(
        DEPENDENCIES,
        vec![function.into(), root.oid.into()],
        Snapshot::Fresh,
    )?;
    let mut watches = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let text = |column: usize| rows.string(row, column);
        let table = Table {
            schema: text(1).ok_or(Error::Bug("dependency"))?,
            name: text(2).ok_or(Error::Bug("dependency"))?,
        };
        if !matches!(text(10).as_deref(), Some("r" | "p")) {
            return Err(Error::Unsupported {
                what: format!(
                    "the definition reads \"{}\", which is not a table",
                    table.name
                ),
                hint: "Materialized views and foreign tables cannot be watched; read the tables behind them.",
            });
        }
        if rows.get::<bool>(row, 12) == Some(true) {
            return Err(Error::Unsupported {
                what: format!(
                    "\"{}\" refers to the document by several foreign keys, or by one of several columns",
                    table.name
                ),
                hint: "A child table has one foreign key of one column to its parent among the columns that are read.",
            });
        }
        if rows.get::<bool>(row, 13) == Some(true) && text(3).as_deref() != Some("reference") {
            return Err(Error::Unsupported {
                what: format!("\"{}\" takes part in table inheritance", table.name),
                hint: "Triggers do not follow INHERITS; use declarative partitioning.",
            });
        }
        let columns: Vec<String> = rows.get(row, 4).unwrap_or_default();
        let watch = Watch::recorded(
            table,
            Part::of(text(3).as_deref()),
            columns,
            rows.get(row, 5).unwrap_or_default(),
            Link::of(&rows, row, 6),
        );
        watches.push(watch.found(rows.get(row, 11)));
    }
    if !watches.iter().any(|w| w.part == Part::Root) {
        return Err(Error::BadDefinition {
            what: format!(
                "the definition does not read its root table \"{}\"",
                root.table.name
            ),
            hint: "The root is the table with one row a document.",
        });
    }
    Ok(watches)
}
