//! Digests over a document's own rows.

use std::collections::HashMap;

use health_crypto_core::digest::Digest;

use crate::document::edition::Edition;
use crate::error::Result;
use crate::pg::spi::{Rows, Session, Snapshot};

/// The digest over a document's own columns (root and children as an edition reads them, not what they refer to), which
/// tells an alteration from a correction elsewhere. Runs as the role in force.
pub fn own_digests(
    session: &Session,
    edition: &Edition,
    keys: &[&str],
    snapshot: Snapshot,
) -> Result<HashMap<String, String>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = session.run(&edition.own, vec![keys.to_vec().into()], snapshot)?;
    Ok(digests_of_own(&rows, 1, edition))
}

/// The digests over the texts of [`Edition::own_parts`], which the rows have after column `last`; their key is the first.
pub fn digests_of_own(rows: &Rows<'_>, last: usize, edition: &Edition) -> HashMap<String, String> {
    let parts = edition.count_of_own_parts();
    let mut digests = HashMap::with_capacity(rows.len());
    for row in 0..rows.len() {
        let Some(key) = rows.string(row, 1) else {
            continue;
        };
        let mut own = String::new();
        for part in 0..parts {
            // to_json never gives a line feed outside of an escape, so the parts cannot run into each other.
            own.push_str(rows.text(row, last + part + 1).unwrap_or("null"));
            own.push('\n');
        }
        digests.insert(key, Digest::of(&own).to_string());
    }
    digests
}
