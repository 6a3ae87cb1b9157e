//! Checking a function as a definition: its shape, the types of its fields, and who may change it.

use std::cell::OnceCell;
use std::collections::HashSet;

use health_crypto_core::digest::Digest;
use pgrx::pg_sys;

use crate::document::root::Root;
use crate::error::{Error, Result};
use crate::pg::caller::RunAs;
use crate::pg::catalog;
use crate::pg::spi::{Session, Snapshot};

const DEFINITION: &str = include_str!("../../sql/queries/definition.sql");
const HELPERS: &str = include_str!("../../sql/queries/helpers.sql");

const SOURCE: &str = include_str!("../../sql/queries/source.sql");

const SHAPE: &str = "A definition is f(keys <key type>[], language text) RETURNS TABLE (key <key type>, \"Field\" type, \
                     …) LANGUAGE sql STABLE BEGIN ATOMIC … END, without SECURITY DEFINER or SET.";

/// A function that can serve as a definition.
pub struct Definition {
    /// Its schema-qualified signature.
    pub signature: String,
    /// Its schema, unquoted.
    pub schema: String,
    /// Its name, unquoted.
    pub name: String,
    /// Its fields, in its order.
    pub fields: Vec<String>,
}

/// Checks a function as the definition of documents with a root.
///
/// # Errors
/// 22023 for a wrong shape, a body that PostgreSQL does not track, duplicate fields; 0A000 for a type that no profile
/// knows; 42501 if somebody else than the root's owner or a superuser may change it or a helper.
pub fn check(session: &Session, function: pg_sys::Oid, root: &Root) -> Result<Definition> {
    let rows = session.run(
        DEFINITION,
        vec![function.into(), root.key_type.as_str().into()],
        Snapshot::Fresh,
    )?;
    let Some(signature) = rows.string(0, 1) else {
        return Err(Error::BadArgument {
            what: "there is no such definition".into(),
            hint: SHAPE,
        });
    };
    let bad = |what: String| Error::BadDefinition { what, hint: SHAPE };
    if rows.get::<bool>(0, 2) != Some(true) {
        return Err(Error::BadDefinition {
            what: format!("the body of {signature} cannot be tracked"),
            hint: "Write it with BEGIN ATOMIC … END, so that PostgreSQL records which columns it reads.",
        });
    }
    if rows.get::<bool>(0, 3) != Some(true) {
        return Err(bad(format!(
            "{signature} is not a STABLE set-returning function of the caller"
        )));
    }
    if rows.get::<bool>(0, 4) != Some(true) {
        return Err(bad(format!(
            "{signature} does not take ({}[], text)",
            root.key_type
        )));
    }
    let columns: Vec<String> = rows.get(0, 5).unwrap_or_default();
    if columns.first().map(String::as_str) != Some("key") {
        return Err(bad(format!(
            "the first column of {signature} is not \"key\""
        )));
    }
    if columns.len() < 2 {
        return Err(bad(format!("{signature} returns no fields")));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = columns.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(bad(format!("{signature} returns field \"{twice}\" twice")));
    }
    if let Some(field) = rows.string(0, 6) {
        return Err(Error::Unsupported {
            what: format!("field \"{field}\" of {signature} has a type that no profile knows"),
            hint: "Cast it to text, or use encode() for bytea.",
        });
    }
    check_helpers(session, function, root.owner, &signature)?;
    Ok(Definition {
        signature,
        schema: rows.string(0, 7).ok_or(Error::Bug("definition's schema"))?,
        name: rows.string(0, 8).ok_or(Error::Bug("definition's name"))?,
        fields: columns.into_iter().skip(1).collect(),
    })
}

/// Checks what a definition goes through: every body tracked, nothing volatile, everything owned by the root table's
/// owner or a superuser. Asked again whenever a document is loaded, because bodies can be replaced after protect().
///
/// # Errors
/// 22023 and 42501, as for [`check`].
pub fn check_helpers(
    session: &Session,
    function: pg_sys::Oid,
    owner: pg_sys::Oid,
    signature: &str,
) -> Result<()> {
    if is_plain(function, owner) {
        return Ok(());
    }
    let _role = RunAs::registrar();
    let helpers = session.run(
        HELPERS,
        vec![function.into(), owner.into()],
        Snapshot::Fresh,
    )?;
    if let Some(name) = helpers.string(0, 1) {
        return Err(if helpers.get::<bool>(0, 2) == Some(true) {
            Error::BadDefinition {
                what: format!(
                    "the body of {name}, which {signature} calls, cannot be tracked or is volatile"
                ),
                hint: "Write helper functions STABLE with BEGIN ATOMIC … END; string bodies and dynamic SQL hide what they read.",
            }
        } else {
            Error::NotAllowed {
                what: format!("{name} is not owned by the root table's owner or a superuser"),
                hint: "Definitions run with the rights of the root table's owner, so nobody else may be able to change them.",
            }
        });
    }
    Ok(())
}

/// Whether a definition of a root table's owner plainly may be run: it goes through no view and no type that is not
/// PostgreSQL's own, and through no function that helpers.sql would name. Where it does not, that query decides, which takes
/// 6 ms of a new session (docs/PERFORMANCE.md). Both go the way of the SQL function definition_parts().
fn is_plain(definition: pg_sys::Oid, owner: pg_sys::Oid) -> bool {
    let extension = OnceCell::new();
    let mut known = HashSet::from([definition]);
    let mut open = vec![definition];
    while let Some(oid) = open.pop() {
        let Some(function) = catalog::function(oid) else {
            return false;
        };
        let dependencies = catalog::dependencies_of_function(oid);
        let is_our_own = || {
            let extension = *extension.get_or_init(catalog::own_extension);
            dependencies.iter().any(|on| {
                on.kind == pg_sys::DependencyType::DEPENDENCY_EXTENSION
                    && Some(on.object) == extension
            })
        };
        let is_sound = || {
            function.is_tracked
                && !function.is_volatile
                && (function.owner == owner || catalog::is_superuser(function.owner))
        };
        if catalog::is_of_a_user(oid) && !is_sound() && !is_our_own() {
            return false;
        }
        for on in &dependencies {
            if on.kind != pg_sys::DependencyType::DEPENDENCY_NORMAL {
                continue;
            }
            let called = match on.class {
                pg_sys::ProcedureRelationId => on.object,
                pg_sys::OperatorRelationId => match catalog::operator_function(on.object) {
                    Some(called) => called,
                    None => return false,
                },
                pg_sys::TypeRelationId if catalog::is_of_a_user(on.object) => return false,
                pg_sys::RelationRelationId if catalog::is_view(on.object) => return false,
                _ => continue,
            };
            if known.insert(called) {
                open.push(called);
            }
        }
    }
    true
}

/// The digest over the source of a definition and of everything it goes through, hexadecimal. It is taken when a document
/// is protected; another one later says that somebody replaced a body since.
pub fn source_digest(
    session: &Session,
    function: pg_sys::Oid,
    snapshot: Snapshot,
) -> Result<String> {
    let rows = session.run(SOURCE, vec![function.into()], snapshot)?;
    Ok(Digest::of(rows.text(0, 1).unwrap_or_default()).to_string())
}
