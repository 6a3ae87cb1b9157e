//! serialize(), digest(), canonicalize() and signing_payload().

use std::str::FromStr;

use health_crypto_core::canonical::{self, Profile};
use health_crypto_core::digest::Digest;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::document::fetch;
use crate::document::registry::{self, Document};
use crate::error::{Error, Result};
use crate::limits;
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};

/// The profile of that name.
pub fn profile(name: &str) -> Result<Profile> {
    Profile::from_str(name).map_err(|_| Error::BadArgument {
        what: "unknown profile".into(),
        hint: "The profiles are jcs-1 and gnuhealth-1.",
    })
}

/// Definitions run with the rights of the root table's owner, so whoever asks must himself be allowed to read the root:
/// by SELECT on the table (and past its row security for the row asked for), or as a member of health_crypto_auditor.
/// Returns whether row security has to be asked too.
pub fn may_read(document: &Document) -> Result<Reader> {
    if caller::is_member_of(c"health_crypto_auditor") {
        return Ok(Reader::Auditor);
    }
    // SAFETY: a catalogue look-up by OID.
    let allowed = unsafe {
        pg_sys::pg_class_aclcheck(
            document.root_oid,
            pg_sys::GetUserId(),
            pg_sys::ACL_SELECT as _,
        ) == pg_sys::AclResult::ACLCHECK_OK
    };
    if !allowed {
        return Err(Error::NotAllowed {
            what: format!("permission denied for document \"{}\"", document.name),
            hint: "Reading a document takes SELECT on its root table or membership in health_crypto_auditor.",
        });
    }
    // SAFETY: a catalogue look-up by OID; no error is raised for want of rights.
    let filtered = unsafe {
        pg_sys::check_enable_rls(document.root_oid, pg_sys::GetUserId(), true)
            == pg_sys::CheckEnableRlsResult::RLS_ENABLED as i32
    };
    Ok(Reader::TableReader { filtered })
}

/// As whom the root's rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// May see every document: rows are read as the owner.
    Auditor,
    /// Sees what his own rights and row security let him see.
    TableReader {
        /// Row security hides rows from him, so that a row he does not see need not be gone.
        filtered: bool,
    },
}

impl Reader {
    /// Switches to the role that reads the root's rows.
    pub fn enter(self, document: &Document) -> RunAs {
        match self {
            Reader::Auditor => RunAs::reader(document.owner),
            Reader::TableReader { .. } => RunAs::caller(),
        }
    }
}

/// A key as the root table spells it ('007' is 7 for an integer key).
///
/// # Errors
/// 22023 if the text is no key of that type, 54000 if it is too long for any.
pub fn spelled(session: &Session, document: &Document, key: &str) -> Result<String> {
    limits::key(key)?;
    let name = document.name.clone();
    pgrx::PgTryBuilder::new(std::panic::AssertUnwindSafe(|| {
        let rows = session.run(&document.sql.spell_key, vec![key.into()], Snapshot::Caller)?;
        rows.string(0, 1).ok_or(Error::Bug("a key has no spelling"))
    }))
    .catch_when(PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION, |_| {
        Err(not_a_key(&name))
    })
    .catch_when(PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, |_| {
        Err(not_a_key(&name))
    })
    .execute()
}

fn not_a_key(document: &str) -> Error {
    Error::BadArgument {
        what: format!("the key is not of the type that document \"{document}\" has"),
        hint: "Pass the primary key of the document's root table.",
    }
}

/// A required argument of a function that is not STRICT.
pub fn given<T>(argument: Option<T>, what: &'static str) -> Result<T> {
    panic_point!();
    argument.ok_or_else(|| Error::BadArgument {
        what: format!("{what} must not be null"),
        hint: "Only arguments with a default may be null.",
    })
}

/// The canonical text of one document, as the caller may see it.
fn serialized(document: Option<&str>, key: Option<&str>, language: Option<&str>) -> Result<String> {
    let document = registry::document(given(document, "document")?)?;
    let key = given(key, "key")?;
    if let Some(language) = language {
        limits::name(language, "the language")?;
    }
    let reader = may_read(&document)?;
    let session = Session::open();
    let key = {
        let _role = reader.enter(&document);
        let key = spelled(&session, &document, key)?;
        let visible = session.run(
            &document.sql.read,
            vec![vec![key.as_str()].into()],
            Snapshot::Caller,
        )?;
        if visible.is_empty() {
            return Err(Error::UnknownKey {
                document: document.name.clone(),
            });
        }
        key
    };
    let _role = RunAs::reader(document.owner);
    let mut texts = fetch::texts(
        &session,
        &document,
        &document.current,
        &[&key],
        language,
        Snapshot::Caller,
    )?;
    texts.remove(&key).ok_or_else(|| no_row(&document))
}

/// The definition returned nothing for a row that exists.
pub fn no_row(document: &Document) -> Error {
    Error::BadDefinition {
        what: format!(
            "the definition of document \"{}\" returned no row for an existing key",
            document.name
        ),
        hint: "Use LEFT JOIN for tables that a document may not refer to.",
    }
}

#[pg_extern(sql = false)]
fn serialize(
    document: Option<&str>,
    key: Option<&str>,
    language: Option<&str>,
) -> std::result::Result<String, ErrorReport> {
    Ok(serialized(document, key, language)?)
}

#[pg_extern(sql = false)]
fn digest(
    document: Option<&str>,
    key: Option<&str>,
    language: Option<&str>,
) -> std::result::Result<String, ErrorReport> {
    Ok(Digest::of(&serialized(document, key, language)?).to_string())
}

// A json value is a text in memory, and PostgreSQL's own parser would already have dropped what it must refuse.
#[pg_extern(sql = false)]
fn canonicalize(value: &str, profile_name: &str) -> std::result::Result<String, ErrorReport> {
    panic_point!();
    let profile = profile(profile_name)?;
    let value = canonical::parse_json(value).map_err(|error| fetch::json_error(error, "value"))?;
    let mut text = String::new();
    profile
        .write(&value, &mut text)
        .map_err(|error| fetch::number_error(error, Some("value")))?;
    Ok(text)
}

#[pg_extern(sql = false)]
fn signing_payload(
    document: Option<&str>,
    key: Option<&str>,
) -> std::result::Result<String, ErrorReport> {
    Ok(stored_digest(
        given(document, "document")?,
        given(key, "key")?,
    )?)
}

fn stored_digest(document: &str, key: &str) -> Result<String> {
    let document = registry::document(document)?;
    let reader = may_read(&document)?;
    let session = Session::open();
    let _role = reader.enter(&document);
    let key = spelled(&session, &document, key)?;
    let rows = session.run(
        &document.sql.read,
        vec![vec![key.as_str()].into()],
        Snapshot::Caller,
    )?;
    if rows.is_empty() {
        return Err(Error::UnknownKey {
            document: document.name.clone(),
        });
    }
    rows.string(0, 2).ok_or_else(|| Error::BadArgument {
        what: format!("document \"{}\" has no digest yet", document.name),
        hint: "The digest is there when the transaction that wrote the document has committed.",
    })
}
