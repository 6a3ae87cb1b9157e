//! The tables that a definition reads, and the part each plays.

use std::cell::OnceCell;

use pgrx::pg_sys;

use crate::document::registry;
use crate::error::{Error, Result, Table};
use crate::pg::catalog;
use crate::pg::record::Record;
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
    /// Its part.
    pub part: Part,
    /// The columns read, in the order of the table.
    pub columns: Vec<String>,
    /// 0 for the root, 1 for its children, 2 for theirs.
    pub depth: i32,
    /// For a child: its column that points at the parent, the parent, and the parent's column pointed at.
    pub link: Option<Link>,
    // Looked up when first asked for: most sessions verify, and ask for few of them.
    oid: OnceCell<Option<pg_sys::Oid>>,
    present: OnceCell<Vec<String>>,
}

impl Watch {
    /// A watch as somebody wrote it down, by names.
    pub fn recorded(
        table: Table,
        part: Part,
        columns: Vec<String>,
        depth: i32,
        link: Option<Link>,
    ) -> Watch {
        Watch {
            table,
            part,
            columns,
            depth,
            link,
            oid: OnceCell::new(),
            present: OnceCell::new(),
        }
    }

    /// The same, of a table that is there with all these columns.
    #[must_use]
    pub fn found(self, oid: Option<pg_sys::Oid>) -> Watch {
        Watch {
            oid: OnceCell::from(oid),
            present: OnceCell::from(self.columns.clone()),
            ..self
        }
    }

    /// The table's OID, as of now; None if it is gone.
    pub fn oid(&self) -> Option<pg_sys::Oid> {
        *self
            .oid
            .get_or_init(|| registry::relying(|| catalog::relation(&self.table)))
    }

    /// Those of the columns that the table still has.
    pub fn present(&self) -> &[String] {
        self.present.get_or_init(|| {
            let Some(oid) = self.oid() else {
                return Vec::new();
            };
            let there = catalog::columns(oid);
            let columns = self.columns.iter().filter(|c| there.contains(c));
            columns.cloned().collect()
        })
    }

    /// Whether the table still has all of the columns.
    pub fn is_whole(&self) -> bool {
        self.oid().is_some() && self.present() == self.columns
    }
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
    /// As [`Link::of`], of the extension's own table.
    pub fn recorded(row: &Record, column: usize) -> Option<Link> {
        let name = |offset: usize| row.name(column + offset);
        Some(Link {
            column: name(0)?,
            parent: Table {
                schema: name(1)?,
                name: name(2)?,
            },
            parent_column: name(3)?,
        })
    }

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
    let mut by_depth: Vec<&Watch> = watches
        .iter()
        .filter(|watch| watch.oid().is_some())
        .collect();
    by_depth.sort_by_key(|watch| watch.depth);
    for watch in by_depth {
        let leads = |link: &Link| {
            watch.present().contains(&link.column)
                && reached.iter().any(|parent| parent.table == link.parent)
        };
        if watch.part != Part::Child || watch.link.as_ref().is_some_and(leads) {
            reached.push(watch);
        }
    }
    reached
}

/// Whether a table is a child by different foreign keys, so that [`union`] may refuse it. If not, it cannot.
pub fn may_differ<'w>(watches: impl IntoIterator<Item = &'w Watch>) -> bool {
    let mut children: Vec<&Watch> = Vec::new();
    for watch in watches.into_iter().filter(|w| w.part == Part::Child) {
        match children.iter().find(|known| known.table == watch.table) {
            Some(known) if known.link != watch.link => return true,
            Some(_) => {}
            None => children.push(watch),
        }
    }
    false
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
                columns: watch.present().to_vec(),
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
        for column in watch.present() {
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
