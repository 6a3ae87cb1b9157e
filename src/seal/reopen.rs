//! reopen(): the administrator's way to have a sealed document amended.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::registry;
use crate::document::serialize::{given, spelled};
use crate::error::{Error, Result};
use crate::limits;
use crate::pg::caller::{self, RunAs};
use crate::pg::shield;
use crate::pg::spi::{Session, Snapshot};
use crate::seal::flush;
use crate::seal::mark::{self, Mark};
use crate::seal::register::{self, Entry, Event, Standing};

#[pg_extern(sql = false)]
fn reopen(
    document: Option<&str>,
    key: Option<&str>,
    reason: Option<&str>,
) -> std::result::Result<(), ErrorReport> {
    Ok(reopened(
        given(document, "document")?,
        given(key, "key")?,
        given(reason, "reason")?,
    )?)
}

fn reopened(document: &str, key: &str, reason: &str) -> Result<()> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    limits::reason(reason)?;
    if reason.trim().is_empty() {
        return Err(Error::BadArgument {
            what: "a reason must be given".into(),
            hint: "It stays in the register for whoever asks why a sealed document was amended.",
        });
    }
    let document = registry::document(document)?;
    let by = caller::role_name(caller::current_role());
    let session = Session::open();
    let key = {
        let _role = RunAs::owner(document.owner);
        spelled(&session, &document, key)?
    };
    // What this transaction has written is kept, and sealed if it seals, before it is reopened: the register has a seal for
    // each reopening.
    flush::one(&document.name, &key)?;
    let _role = RunAs::owner(document.owner);
    let rows = session.run(
        &document.sql.lock,
        vec![vec![key.as_str()].into()],
        Snapshot::Fresh,
    )?;
    if rows.is_empty() {
        return Err(Error::UnknownKey {
            document: document.name.clone(),
        });
    }
    let (digest, signature) = (
        rows.string(0, 2),
        rows.string(0, 4).filter(|s| !s.is_empty()),
    );
    let by_row = signature.is_some() || document.seals(rows.text(0, 5));
    let sealed =
        match register::standings(&session, &document.name, &[&key], Snapshot::Fresh)?.get(&key) {
            Some(Standing::Sealed(_)) => true,
            Some(Standing::Reopened) => false,
            None => by_row,
        };
    if !sealed {
        return Err(Error::BadArgument {
            what: format!("this row of document \"{}\" is not sealed", document.name),
            hint: "A draft can be written without reopening it.",
        });
    }
    register::enter(
        &session,
        &[Entry {
            event: Some(Event::Reopening),
            document: Some(document.name.clone()),
            key: Some(key.clone()),
            digest,
            signature: signature.clone(),
            reason: Some(reason.to_owned()),
            ..Entry::default()
        }],
        &by,
    )?;
    let known = mark::mark(&document.name, &key).unwrap_or_default();
    mark::set(
        &document.name,
        &key,
        Mark {
            pending: known.pending,
            open: true,
            ..Mark::default()
        },
    );
    let (statement, arguments) = if signature.is_some() {
        // The register keeps it; on the row it would speak for a text that may now change.
        let arguments = vec![key.as_str().into(), None::<&str>.into()];
        (&document.sql.store_signature, arguments)
    } else {
        // A session with an older snapshot sees nothing of the register's entry: it is to get 40001 when it locks the row,
        // and not to enter another.
        (&document.sql.touch, vec![key.as_str().into()])
    };
    shield::shielded(&document.name, || {
        session.run(statement, arguments, Snapshot::Fresh)
    })?;
    Ok(())
}
