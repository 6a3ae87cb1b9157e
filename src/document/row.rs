//! A root row as the statements `read`, `lock` and the pages give it.

use crate::document::registry::Document;
use crate::pg::spi::Rows;
use crate::seal::register::Standing;

/// The key of a document and the columns that hold its seal.
#[derive(Debug, Clone)]
pub struct RootRow {
    /// The key, as the table spells it.
    pub key: String,
    /// The stored digest.
    pub digest: Option<String>,
    /// The stored text.
    pub text: Option<String>,
    /// The stored signature; an empty one counts as none.
    pub signature: Option<String>,
    /// The state.
    pub state: Option<String>,
}

impl RootRow {
    /// How many columns of a statement's row it is made of.
    pub const COLUMNS: usize = 5;

    /// All rows of a result.
    pub fn all(rows: &Rows<'_>) -> Vec<RootRow> {
        (0..rows.len())
            .filter_map(|row| {
                Some(RootRow {
                    key: rows.string(row, 1)?,
                    digest: rows.string(row, 2),
                    text: rows.string(row, 3),
                    signature: rows.string(row, 4).filter(|s| !s.is_empty()),
                    state: rows.string(row, 5),
                })
            })
            .collect()
    }

    /// Whether the document is sealed. The register decides; of what it does not know, the row.
    pub fn stands_sealed(&self, document: &Document, standing: Option<&Standing>) -> bool {
        match standing {
            Some(Standing::Sealed(_)) => true,
            Some(Standing::Reopened) => false,
            None => self.is_sealed(document),
        }
    }

    /// Whether the row itself says that it is sealed: by its state, or because it carries a signature.
    pub fn is_sealed(&self, document: &Document) -> bool {
        self.signature.is_some() || document.seals(self.state.as_deref())
    }
}
