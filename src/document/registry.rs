//! The registered documents, as each backend remembers them. What is remembered is dropped when PostgreSQL says that
//! one of the tables involved, or any function, has changed.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::str::FromStr;

use health_crypto_core::canonical::Profile;
use pgrx::pg_sys;

use crate::document::definition;
use crate::document::statements::Statements;
use crate::error::{Error, Result, Table};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Rows, Session, Snapshot};

/// What to do with a write that the document's protection would not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBreach {
    /// Refuse it.
    Reject,
    /// Let it through and enter it in the register.
    Record,
}

impl FromStr for OnBreach {
    type Err = Error;

    fn from_str(word: &str) -> Result<OnBreach> {
        match word {
            "reject" => Ok(OnBreach::Reject),
            "record" => Ok(OnBreach::Record),
            _ => Err(Error::BadArgument {
                what: "on_alteration and on_unverified_signature are reject or record".into(),
                hint: "Pass 'reject' or 'record'.",
            }),
        }
    }
}

/// The part a table plays in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One row a document.
    Root,
    /// Rows that belong to a document.
    Child,
    /// Rows that documents refer to; not watched, because their changes are drift.
    Reference,
}

/// One table that the definition reads.
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
    /// 0 for the root, 1 for its children, 2 for theirs.
    pub depth: i32,
    /// For a child: its column that points at the parent, the parent, and the parent's column pointed at.
    pub link: Option<Link>,
}

/// How a child row finds its parent.
#[derive(Debug, Clone)]
pub struct Link {
    /// The child's foreign key column.
    pub column: String,
    /// The parent table.
    pub parent: Table,
    /// The parent's column that it refers to.
    pub parent_column: String,
}

/// A registered document type.
#[derive(Debug)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// The root table.
    pub root: Table,
    /// The root table's OID, as of now.
    pub root_oid: pg_sys::Oid,
    /// The root table's owner, as whom definitions run.
    pub owner: pg_sys::Oid,
    /// The root's primary key column.
    pub key_column: String,
    /// The definition's signature, schema-qualified.
    pub definition: String,
    /// The definition's OID, as of now.
    pub definition_oid: pg_sys::Oid,
    /// How the typed row becomes text.
    pub profile: Profile,
    /// Column of the digest.
    pub digest_column: String,
    /// Column of the canonical text.
    pub serializer_column: String,
    /// Column of the signature, if documents of this type carry one.
    pub signature_column: Option<String>,
    /// Column of the state.
    pub state_column: Option<String>,
    /// States in which a document is sealed.
    pub sealed_states: Vec<String>,
    /// Fields that come from referenced tables, for documents without a register entry.
    pub reference_fields: Option<Vec<String>>,
    /// What to do with alterations of sealed documents.
    pub on_alteration: OnBreach,
    /// What to do with signatures that do not verify.
    pub on_unverified_signature: OnBreach,
    /// The tables read.
    pub watches: Vec<Watch>,
    /// The definition's fields, in its order.
    pub fields: Vec<String>,
    /// Prepared texts of the statements.
    pub sql: Statements,
}

impl Document {
    /// Whether a state is a sealed one.
    pub fn seals(&self, state: Option<&str>) -> bool {
        state.is_some_and(|s| self.sealed_states.iter().any(|sealed| sealed == s))
    }

    /// The watch on a table, by the name it was registered with.
    pub fn watch(&self, schema: &str, name: &str) -> Option<&Watch> {
        self.watches
            .iter()
            .find(|w| w.table.schema == schema && w.table.name == name)
    }

    /// The columns of the root that hold digest, text and signature. They are never content.
    pub fn kept_columns(&self) -> Vec<&str> {
        let mut columns = vec![self.digest_column.as_str(), self.serializer_column.as_str()];
        columns.extend(self.signature_column.as_deref());
        columns
    }

    /// Those and the state, which is content only if the definition reads it.
    pub fn seal_columns(&self) -> Vec<&str> {
        let mut columns = self.kept_columns();
        columns.extend(self.state_column.as_deref());
        columns
    }
}

#[derive(Default)]
struct Remembered {
    // Counts the times everything was forgotten: a change that arrives while a document is being loaded must not be
    // lost under the load's result.
    generation: u64,
    documents: HashMap<String, Rc<Document>>,
    relations: HashSet<u32>,
}

thread_local! {
    static REMEMBERED: RefCell<Remembered> = RefCell::new(Remembered::default());
}

/// Forgets every document if the relation matters to one (OID 0: every relation).
pub fn forget_relation(relation: pg_sys::Oid) {
    let matters = REMEMBERED.with(|r| {
        r.try_borrow().map_or(true, |r| {
            relation == pg_sys::InvalidOid || r.relations.contains(&relation.to_u32())
        })
    });
    if matters {
        forget_all();
    }
}

/// Forgets every document.
pub fn forget_all() {
    REMEMBERED.with(|r| {
        if let Ok(mut r) = r.try_borrow_mut() {
            *r = Remembered {
                generation: r.generation.wrapping_add(1),
                ..Remembered::default()
            };
        }
    });
}

/// The document of that name.
///
/// # Errors
/// [`Error::UnknownDocument`] if nobody protected it; [`Error::BadDefinition`] if its table or function is gone.
pub fn document(name: &str) -> Result<Rc<Document>> {
    if let Some(known) = REMEMBERED.with(|r| r.borrow().documents.get(name).cloned()) {
        return Ok(known);
    }
    let generation = REMEMBERED.with(|r| r.borrow().generation);
    let (loaded, relations) = load(name)?;
    let loaded = Rc::new(loaded);
    REMEMBERED.with(|r| {
        let mut r = r.borrow_mut();
        if r.generation == generation {
            r.relations.extend(relations);
            r.documents.insert(name.to_owned(), Rc::clone(&loaded));
        }
    });
    Ok(loaded)
}

/// The names of all protected documents, sorted.
pub fn names() -> Result<Vec<String>> {
    let _role = RunAs::owner(crate::pg::caller::registrar());
    let session = Session::open();
    let rows = session.run(
        "SELECT document FROM health_crypto.protected_document ORDER BY document",
        vec![],
        Snapshot::Caller,
    )?;
    Ok((0..rows.len())
        .filter_map(|row| rows.string(row, 1))
        .collect())
}

const LOAD: &str = include_str!("../../sql/queries/document.sql");
const LOAD_WATCHES: &str = include_str!("../../sql/queries/watches.sql");

fn load(name: &str) -> Result<(Document, Vec<u32>)> {
    let _role = RunAs::owner(crate::pg::caller::registrar());
    let session = Session::open();
    let rows = session.run(LOAD, vec![name.into()], Snapshot::Fresh)?;
    if rows.is_empty() {
        return Err(Error::UnknownDocument);
    }
    let required =
        |column: usize, what: &'static str| rows.string(0, column).ok_or(Error::Bug(what));
    let root = Table {
        schema: required(1, "root schema")?,
        name: required(2, "root table")?,
    };
    let (Some(root_oid), Some(owner)) = (
        rows.get::<pg_sys::Oid>(0, 16),
        rows.get::<pg_sys::Oid>(0, 17),
    ) else {
        return Err(Error::BadDefinition {
            what: format!("the root table of document \"{name}\" is gone or was renamed"),
            hint: "Run health_crypto.unprotect() and protect() it again.",
        });
    };
    let Some(fields) = rows.get::<Vec<String>>(0, 18) else {
        return Err(Error::BadDefinition {
            what: format!("the definition of document \"{name}\" is gone or was renamed"),
            hint: "Create it again, or run health_crypto.protect() with another one.",
        });
    };
    if rows.get::<bool>(0, 20) != Some(true) {
        return Err(Error::NotAllowed {
            what: format!(
                "the definition of document \"{name}\" is not owned by the root table's owner or a superuser"
            ),
            hint: "It runs with the rights of the root table's owner, so nobody else may be able to change it.",
        });
    }
    let definition_oid = rows.get(0, 23).ok_or(Error::Bug("definition"))?;
    definition::check_helpers(&session, definition_oid, owner, &required(5, "definition")?)?;
    let types: Vec<String> = rows.get(0, 19).unwrap_or_default();
    let key_type = required(4, "key type")?;
    let watches = watches(&session.run(LOAD_WATCHES, vec![name.into()], Snapshot::Fresh)?)?;
    let mut document = Document {
        name: name.to_owned(),
        root,
        root_oid,
        owner,
        key_column: required(3, "key column")?,
        definition: required(5, "definition")?,
        definition_oid,
        profile: Profile::from_str(&required(6, "profile")?).map_err(|_| Error::Bug("profile"))?,
        digest_column: required(7, "digest column")?,
        serializer_column: required(8, "serializer column")?,
        signature_column: rows.string(0, 9),
        state_column: rows.string(0, 10),
        sealed_states: rows.get(0, 11).unwrap_or_default(),
        reference_fields: rows.get(0, 12),
        on_alteration: required(13, "on_alteration")?.parse()?,
        on_unverified_signature: required(14, "on_unverified_signature")?.parse()?,
        watches,
        fields,
        sql: Statements::default(),
    };
    let function = required(15, "definition's name")?;
    let languages = rows.string(0, 21);
    document.sql = Statements::of(
        &document,
        &key_type,
        &function,
        &types,
        languages.as_deref(),
    );
    let mut relations: Vec<u32> = vec![root_oid.to_u32()];
    relations.extend(
        rows.get::<Vec<pg_sys::Oid>>(0, 22)
            .unwrap_or_default()
            .iter()
            .map(|oid| oid.to_u32()),
    );
    Ok((document, relations))
}

fn watches(rows: &Rows<'_>) -> Result<Vec<Watch>> {
    (0..rows.len())
        .map(|row| {
            let text = |column: usize| rows.string(row, column);
            let link = match (text(6), text(7), text(8), text(9)) {
                (Some(column), Some(schema), Some(name), Some(parent_column)) => Some(Link {
                    column,
                    parent: Table { schema, name },
                    parent_column,
                }),
                _ => None,
            };
            Ok(Watch {
                table: Table {
                    schema: text(1).ok_or(Error::Bug("watch"))?,
                    name: text(2).ok_or(Error::Bug("watch"))?,
                },
                oid: rows.get(row, 10),
                part: match text(3).as_deref() {
                    Some("root") => Part::Root,
                    Some("child") => Part::Child,
                    _ => Part::Reference,
                },
                columns: rows.get(row, 4).unwrap_or_default(),
                depth: rows.get(row, 5).unwrap_or_default(),
                link,
            })
        })
        .collect()
}

/// Tells every session, when this transaction commits, that the registered documents have changed.
pub fn announce() {
    forget_all();
    // SAFETY: the relation is looked up by name in a schema that the extension owns; a missing one gives InvalidOid.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"health_crypto".as_ptr(), true);
        let relation = pg_sys::get_relname_relid(c"protected_document".as_ptr(), schema);
        if relation != pg_sys::InvalidOid {
            pg_sys::CacheInvalidateRelcacheByRelid(relation);
        }
    }
}
