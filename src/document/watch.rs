//! The tables that a definition reads, and the part each plays.

use pgrx::pg_sys;

use crate::error::{Error, Result, Table};
use crate::pg::spi::Rows;

/// The part a table plays in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// One row a document.
    Root,
    /// Rows that belong to a document.
    Child,
    /// Rows that documents refer to; not watched, because their changes are drift.
    Reference,
}

impl Part {
    /// The word in the table watched_table.
    pub fn word(self) -> &'static str {
        match self {
            Part::Root => "root",
            Part::Child => "child",
            Part::Reference => "reference",
        }
    }

    /// The part of that word; anything unknown is merely referred to.
    pub fn of(word: Option<&str>) -> Part {
        match word {
            Some("root") => Part::Root,
            Some("child") => Part::Child,
            _ => Part::Reference,
        }
    }
}

/// One table that a definition reads.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The table.
    pub table: Table,
    /// Its OID, as of now; None if it is gone.
    pub oid: Option<pg_sys::Oid>,
    /// Its part.
    pub part: Part,
    /// The columns read, in the order of the table.
    pub columns: Vec<String>,
    /// Those of them that the table still has.
    pub present: Vec<String>,
    /// 0 for the root, 1 for its children, 2 for theirs.
    pub depth: i32,
    /// For a child: its column that points at the parent, the parent, and the parent's column pointed at.
    pub link: Option<Link>,
}

/// How a child row finds its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The child's foreign key column.
    pub column: String,
    /// The parent table.
    pub parent: Table,
    /// The parent's column that it refers to.
    pub parent_column: String,
}

impl Link {
    /// The link in four columns of a row, the first at `column`; None if they are NULL.
    pub fn of(rows: &Rows<'_>, row: usize, column: usize) -> Option<Link> {
        let text = |offset: usize| rows.string(row, column + offset);
        Some(Link {
            column: text(0)?,
            parent: Table {
                schema: text(1)?,
                name: text(2)?,
            },
            parent_column: text(3)?,
        })
    }
}

/// The watch on a table among several.
pub fn on<'w>(watches: &'w [Watch], table: &Table) -> Option<&'w Watch> {
    watches.iter().find(|watch| watch.table == *table)
}

/// Whether two editions of a definition read the same columns in the same way.
pub fn are_equal(one: &[Watch], other: &[Watch]) -> bool {
    one.len() == other.len()
        && one.iter().all(|watch| {
            on(other, &watch.table).is_some_and(|same| {
                (watch.part, &watch.columns, &watch.link) == (same.part, &same.columns, &same.link)
            })
        })
}

/// Whether all of root and children that was recorded as read is read still, in the same part.
pub fn are_read(recorded: &[Watch], reads: &[Watch]) -> bool {
    let mut own = recorded.iter().filter(|w| w.part != Part::Reference);
    own.all(|watch| {
        on(reads, &watch.table).is_some_and(|now| {
            now.part == watch.part && watch.columns.iter().all(|c| now.columns.contains(c))
        })
    })
}

/// The tables of an earlier edition that are still there, with the columns that lead from them to the document. A renamed
/// column or table of that path leads nowhere any more, and by a path that is broken off nobody can tell whose a line is.
fn reachable(watches: &[Watch]) -> Vec<&Watch> {
    let mut reached: Vec<&Watch> = Vec::with_capacity(watches.len());
    // A parent is less deep than its children.
    let mut by_depth: Vec<&Watch> = watches.iter().filter(|watch| watch.oid.is_some()).collect();
    by_depth.sort_by_key(|watch| watch.depth);
    for watch in by_depth {
        let leads = |link: &Link| {
            watch.present.contains(&link.column)
                && reached.iter().any(|parent| parent.table == link.parent)
        };
        if watch.part != Part::Child || watch.link.as_ref().is_some_and(leads) {
            reached.push(watch);
        }
    }
    reached
}

/// What has to be watched so that the seals of every edition are: all that `current` reads, and what `earlier` ones read
/// and is still there and leads to a document.
///
/// # Errors
/// 0A000 if a table is a child of one edition by another foreign key than of another: one link could not guard both.
pub fn union<'w>(
    current: &[Watch],
    earlier: impl IntoIterator<Item = &'w [Watch]>,
) -> Result<Vec<Watch>> {
    let mut all = current.to_vec();
    for watch in earlier.into_iter().flat_map(reachable) {
        let Some(known) = all.iter_mut().find(|known| known.table == watch.table) else {
            all.push(Watch {
                columns: watch.present.clone(),
                ..watch.clone()
            });
            continue;
        };
        if known.part == Part::Child && watch.part == Part::Child && known.link != watch.link {
            return Err(Error::Unsupported {
                what: format!(
                    "\"{}\" belongs to the document by another foreign key than in an earlier definition",
                    watch.table.name
                ),
                hint: "Both definitions must reach a child table by the same foreign key.",
            });
        }
        if watch.part < known.part {
            known.part = watch.part;
            known.depth = watch.depth;
            known.link.clone_from(&watch.link);
        }
        for column in &watch.present {
            if !known.columns.contains(column) {
                known.columns.push(column.clone());
            }
        }
    }
    all.sort_by(|a, b| {
        (a.depth, &a.table.schema, &a.table.name).cmp(&(b.depth, &b.table.schema, &b.table.name))
    });
    Ok(all)
}
