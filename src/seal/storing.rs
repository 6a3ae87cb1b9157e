//! Storing the digests and texts of a flush, and telling its own writes from those of others.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::document::registry::Document;
use crate::error::{Error, Result};
use crate::pg::caller::{RunAs, SearchPath};
use crate::pg::checks;
use crate::pg::shield;
use crate::pg::spi::{Session, Snapshot};

/// A row's key, digest and text.
pub type Update = (String, String, String);

/// Digest and text by key, as a flush is storing them.
struct Storing {
    document: String,
    rows: HashMap<String, (String, String)>,
}

thread_local! {
    static STORING: RefCell<Option<Storing>> = const { RefCell::new(None) };
}

/// Whether a write of this digest and text to a row is the flush's own. Other triggers may write while it stores, or may
/// change what it stores: those writes are looked at like any other.
pub fn is_storing(document: &str, key: &str, digest: Option<&str>, text: Option<&str>) -> bool {
    STORING.with_borrow(|storing| {
        storing.as_ref().is_some_and(|storing| {
            storing.document == document
                && storing
                    .rows
                    .get(key)
                    .is_some_and(|(d, t)| digest == Some(d) && text == Some(t))
        })
    })
}

/// Resets what an error may have left; called when a transaction ends.
pub fn at_end() {
    STORING.take();
}

/// While it lives, the flush is storing. One that another trigger has forced within another's puts that one back.
struct Running(Option<Storing>);

impl Running {
    fn start(storing: Storing) -> Running {
        Running(STORING.replace(Some(storing)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        STORING.set(self.0.take());
    }
}

/// Writes digests and texts to the root rows, as their table's owner.
///
/// # Errors
/// What the writes raise; a bad definition if another trigger keeps one from being stored.
pub fn store(
    session: &Session,
    d: &Document,
    path: &SearchPath,
    updates: Vec<Update>,
) -> Result<()> {
    // Not restricted: the table's own triggers fire on this, as on any write of its owner.
    let _role = RunAs::owner(d.owner);
    let (statement, arguments) = match updates.as_slice() {
        [(key, digest, text)] => (
            &d.sql.update_one,
            vec![
                key.as_str().into(),
                digest.as_str().into(),
                text.as_str().into(),
            ],
        ),
        several => {
            let column =
                |pick: fn(&Update) -> &str| -> Vec<&str> { several.iter().map(pick).collect() };
            let arguments = vec![
                column(|(key, _, _)| key).into(),
                column(|(_, digest, _)| digest).into(),
                column(|(_, _, text)| text).into(),
            ];
            (&d.sql.update, arguments)
        }
    };
    let wanted = updates.len();
    let rows = updates.into_iter().map(|(key, d, t)| (key, (d, t)));
    let _running = Running::start(Storing {
        document: d.name.clone(),
        rows: rows.collect(),
    });
    let stored = shield::shielded(&d.name, || {
        let rows = if checks::are_all(d.root_oid) {
            session.run_and_check(statement, arguments, path)?
        } else {
            session.run(statement, arguments, Snapshot::Fresh)?
        };
        let holds = |row: &usize| rows.get(*row, 1) == Some(true);
        Ok((0..rows.len()).filter(holds).count())
    })?;
    if stored != wanted {
        return Err(Error::BadDefinition {
            what: format!(
                "a trigger keeps the digest of document \"{}\" from being stored",
                d.name
            ),
            hint: "The table's other triggers must let the digest and text columns be written as they are.",
        });
    }
    Ok(())
}
