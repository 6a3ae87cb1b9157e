//! protect() and unprotect().

use std::str::FromStr;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::registration::{self, Candidate};
use crate::document::registry::{self, OnBreach};
use crate::document::root::{self, Root};
use crate::document::row::RootRow;
use crate::document::serialize::{given, profile};
use crate::document::triggers;
use crate::document::watch::{self, Watch};
use crate::error::{Error, Result};
use crate::limits;
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};
use crate::seal::flush;
use crate::seal::mark::{self, Mark};
use crate::seal::register::{self, Entry, Event};

/// What protect() is told.
pub struct Request {
    /// The document's name.
    pub document: String,
    /// The root table.
    pub root: pg_sys::Oid,
    /// The definition.
    pub definition: pg_sys::Oid,
    /// The profile's name.
    pub profile: String,
    /// Column of the digest.
    pub digest_column: String,
    /// Column of the text.
    pub serializer_column: String,
    /// Column of the signature.
    pub signature_column: Option<String>,
    /// Column of the state.
    pub state_column: Option<String>,
    /// States that seal.
    pub sealed_states: Option<Vec<String>>,
    /// Fields that come from referenced tables.
    pub reference_fields: Option<Vec<String>>,
    /// reject or record.
    pub on_alteration: String,
    /// reject or record.
    pub on_unverified_signature: String,
    /// Whether missing columns are added to the root.
    pub add_columns: bool,
    /// Definitions that documents may have been sealed by before, oldest first.
    pub earlier: Vec<Earlier>,
}

/// A definition that documents may have been sealed by before.
pub struct Earlier {
    /// The function.
    pub definition: pg_sys::Oid,
    /// The profile's name.
    pub profile: String,
    /// Fields that come from referenced tables.
    pub reference_fields: Option<Vec<String>>,
}

#[pg_extern(sql = false)]
#[allow(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
fn protect(
    document: Option<&str>,
    root: Option<pg_sys::Oid>,
    definition: Option<pg_sys::Oid>,
    profile: Option<&str>,
    digest_column: Option<&std::ffi::CStr>,
    serializer_column: Option<&std::ffi::CStr>,
    signature_column: Option<&std::ffi::CStr>,
    state_column: Option<&std::ffi::CStr>,
    sealed_states: Option<Vec<Option<String>>>,
    reference_fields: Option<Vec<Option<String>>>,
    on_alteration: Option<&str>,
    on_unverified_signature: Option<&str>,
    add_columns: Option<bool>,
) -> std::result::Result<(), ErrorReport> {
    let name = |n: Option<&std::ffi::CStr>| n.map(|n| n.to_string_lossy().into_owned());
    let request = Request {
        document: given(document, "document")?.to_owned(),
        root: given(root, "root")?,
        definition: given(definition, "definition")?,
        profile: given(profile, "profile")?.to_owned(),
        digest_column: given(name(digest_column), "digest_column")?,
        serializer_column: given(name(serializer_column), "serializer_column")?,
        signature_column: name(signature_column),
        state_column: name(state_column),
        sealed_states: list(sealed_states, "sealed_states")?,
        reference_fields: list(reference_fields, "reference_fields")?,
        on_alteration: given(on_alteration, "on_alteration")?.to_owned(),
        on_unverified_signature: given(on_unverified_signature, "on_unverified_signature")?
            .to_owned(),
        add_columns: add_columns.unwrap_or(false),
        earlier: Vec::new(),
    };
    Ok(protect_document(&request)?)
}

fn list(elements: Option<Vec<Option<String>>>, what: &'static str) -> Result<Option<Vec<String>>> {
    let Some(elements) = elements else {
        return Ok(None);
    };
    limits::names(&elements, what)?;
    Ok(Some(elements.into_iter().flatten().collect()))
}

/// Registers a document, installs its triggers and brings the digests of its drafts up to date.
pub fn protect_document(request: &Request) -> Result<()> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let profile = profile(&request.profile)?;
    OnBreach::from_str(&request.on_alteration)?;
    OnBreach::from_str(&request.on_unverified_signature)?;
    check_name(&request.document)?;
    if request.state_column.is_some() != request.sealed_states.is_some() {
        return Err(Error::BadArgument {
            what: "state_column and sealed_states go together".into(),
            hint: "Name the column and the states in which a document is sealed, or neither.",
        });
    }
    let by = caller::role_name(caller::current_role());
    let session = Session::open();
    let caller_settings = RunAs::caller();
    let root = root::root(&session, request.root, &request.document)?;
    root::columns(&session, &root, request)?;
    let name = request.document.as_str();
    let candidate = Candidate::check(
        &session,
        &root,
        name,
        request.definition,
        profile,
        request.reference_fields.as_deref(),
        &kept_columns(request),
    )?;
    let former = registration::current_edition(&session, name)?;
    let (edition, _) = registration::enter_edition(&session, &candidate, &by)?;
    let mut entries = vec![Entry {
        edition: Some(edition),
        reason: Some("protected".to_owned()),
        ..candidate.entry()
    }];
    for earlier in &request.earlier {
        let kept = kept_columns(request);
        let (_, entry) = enter_earlier(&session, &root, name, earlier, &kept, &by)?;
        entries.extend(entry);
    }
    registration::enter_document(&session, request, &root, edition, &by)?;
    let mut seal_columns = kept_columns(request);
    seal_columns.extend(request.state_column.as_deref());
    guard_all(
        &session,
        &root,
        name,
        (edition, &candidate.watches),
        &seal_columns,
    )?;
    register::enter(&session, &entries, &by)?;
    registry::announce();
    // Last: the digests of drafts are writes, and a table with pending events takes no new triggers.
    drop(caller_settings);
    let all = former != registration::current_edition(&session, name)?;
    drafts(&session, name, all)
}

/// The columns that hold digest, text and signature.
fn kept_columns(request: &Request) -> Vec<&str> {
    let mut columns = vec![
        request.digest_column.as_str(),
        request.serializer_column.as_str(),
    ];
    columns.extend(request.signature_column.as_deref());
    columns
}

/// Puts triggers on all that the current edition reads and that the others read and is still there.
fn guard_all(
    session: &Session,
    root: &Root,
    document: &str,
    (current, watches): (i32, &[Watch]),
    seal_columns: &[&str],
) -> Result<()> {
    let earlier = registration::earlier_watches(root, document, current)?;
    let watches = watch::union(watches, earlier.values().map(Vec::as_slice))?;
    triggers::drop_all(session, document)?;
    for watch in &watches {
        triggers::create(session, document, watch, seal_columns)?;
    }
    Ok(())
}

#[pg_extern(sql = false)]
fn add_definition(
    document: Option<&str>,
    definition: Option<pg_sys::Oid>,
    profile: Option<&str>,
    reference_fields: Option<Vec<Option<String>>>,
) -> std::result::Result<i32, ErrorReport> {
    let earlier = Earlier {
        definition: given(definition, "definition")?,
        profile: given(profile, "profile")?.to_owned(),
        reference_fields: list(reference_fields, "reference_fields")?,
    };
    Ok(add(given(document, "document")?, &earlier)?)
}

/// Registers a definition that documents may have been sealed by before. The current one stays.
fn add(name: &str, earlier: &Earlier) -> Result<i32> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    let by = caller::role_name(caller::current_role());
    let document = registry::document(name)?;
    let session = Session::open();
    let _settings = RunAs::caller();
    let root = root::root(&session, document.root_oid, name)?;
    let kept = document.kept_columns();
    let (edition, entry) = enter_earlier(&session, &root, name, earlier, &kept, &by)?;
    let current = &document.current;
    guard_all(
        &session,
        &root,
        name,
        (current.number, &current.watches),
        &document.seal_columns(),
    )?;
    register::enter(&session, entry.as_slice(), &by)?;
    registry::announce();
    Ok(edition)
}

/// Checks and enters an earlier definition; returns its edition, and the register entry for it unless it was known as it is.
fn enter_earlier(
    session: &Session,
    root: &Root,
    document: &str,
    earlier: &Earlier,
    kept_columns: &[&str],
    by: &str,
) -> Result<(i32, Option<Entry>)> {
    let candidate = Candidate::check(
        session,
        root,
        document,
        earlier.definition,
        profile(&earlier.profile)?,
        earlier.reference_fields.as_deref(),
        kept_columns,
    )?;
    let (edition, is_news) = registration::enter_edition(session, &candidate, by)?;
    let entry = is_news.then(|| Entry {
        edition: Some(edition),
        reason: Some("earlier definition added".to_owned()),
        ..candidate.entry()
    });
    Ok((edition, entry))
}

fn check_name(name: &str) -> Result<()> {
    let fits = name.len() <= triggers::LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits {
        return Ok(());
    }
    Err(Error::BadArgument {
        what: "a document's name is a lower-case word".into(),
        hint: {
            const { assert!(triggers::LONGEST_NAME == 34) };
            "Letters a-z, digits and underscores, a letter first, 34 at most."
        },
    })
}

/// Gives drafts that were written before the protection their digests, so that "stale" means from here on that somebody
/// wrote round the triggers. Protected again with the same definition (function, source, profile and columns), only drafts
/// without a digest get one: a stale one is evidence. What the register has as sealed is left alone whatever its row says:
/// it may have been altered, and that must not keep the others from being protected.
fn drafts(session: &Session, name: &str, all: bool) -> Result<()> {
    let document = registry::document(name)?;
    let mut after: Option<String> = None;
    loop {
        let rows = {
            let _role = RunAs::reader(document.owner);
            RootRow::all(&document.sql.page(
                session,
                after.as_deref(),
                flush::CHUNK,
                Snapshot::Fresh,
            )?)
        };
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let standings = register::standings(session, name, &keys, Snapshot::Fresh)?;
        for row in &rows {
            let is_sealed = row.stands_sealed(&document, standings.get(&row.key));
            if !is_sealed && (all || row.digest.is_none()) {
                mark::set(
                    name,
                    &row.key,
                    Mark {
                        pending: true,
                        ..Mark::default()
                    },
                );
            }
        }
        let last = (rows.len() as i64) < flush::CHUNK;
        after = rows.last().map(|row| row.key.clone());
        flush::all()?;
        if last {
            return Ok(());
        }
    }
}

#[pg_extern(sql = false)]
fn unprotect(document: &str) -> std::result::Result<(), ErrorReport> {
    Ok(unprotect_document(document)?)
}

fn unprotect_document(name: &str) -> Result<()> {
    if caller::in_recovery() {
        return Err(Error::ReadOnly);
    }
    if !registry::names()?.iter().any(|known| known == name) {
        return Err(Error::UnknownDocument);
    }
    // PostgreSQL forgets the pending events of a trigger that is dropped.
    flush::all()?;
    let by = caller::role_name(caller::current_role());
    let session = Session::open();
    {
        // As the caller: who does not own the tables cannot drop their triggers.
        let _settings = RunAs::caller();
        triggers::drop_all(&session, name)?;
    }
    let entry = Entry {
        event: Some(Event::Protection),
        document: Some(name.to_owned()),
        reason: Some("unprotected".to_owned()),
        ..Entry::default()
    };
    {
        let _role = RunAs::registrar();
        session.run(
            "DELETE FROM health_crypto.protected_document d WHERE d.document = $1",
            vec![name.into()],
            Snapshot::Fresh,
        )?;
        registration::drop_unused_editions(&session, name)?;
    }
    register::enter(&session, &[entry], &by)?;
    registry::announce();
    Ok(())
}
