//! The registered documents, as each backend remembers them. What is remembered is dropped when PostgreSQL says that
//! one of the tables involved, or any function, has changed.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::str::FromStr;

use pgrx::pg_sys;

use crate::document::edition::{self, Common, Edition};
use crate::document::statements::Statements;
use crate::document::watch::{self, Link, Part, Watch};
use crate::error::{Error, Result, Table};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};
use crate::seal::register::Seal;

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
    /// What to do with alterations of sealed documents.
    pub on_alteration: OnBreach,
    /// What to do with signatures that do not verify.
    pub on_unverified_signature: OnBreach,
    /// What new seals are made by.
    pub current: Edition,
    /// The other definitions that its documents may have been sealed by, newest first.
    pub earlier: Vec<Edition>,
    /// The tables that any edition reads: what the triggers are on.
    pub watches: Vec<Watch>,
    /// Prepared texts of the statements.
    pub sql: Statements,
}

impl Document {
    /// Whether a state is a sealed one.
    pub fn seals(&self, state: Option<&str>) -> bool {
        state.is_some_and(|s| self.sealed_states.iter().any(|sealed| sealed == s))
    }

    /// All editions, the current one first.
    pub fn editions(&self) -> impl Iterator<Item = &Edition> {
        std::iter::once(&self.current).chain(&self.earlier)
    }

    /// The edition that a seal was made by, if the register says which. One that was registered when tables or columns had
    /// other names is found again as the same definition and profile under the present names.
    pub fn known_edition_of(&self, seal: &Seal) -> Option<&Edition> {
        let made_by = self.editions().find(|e| seal.edition == Some(e.number));
        if made_by.is_some_and(Edition::is_whole) {
            return made_by;
        }
        let is_same = |edition: &&Edition| {
            seal.definition.as_ref() == Some(&edition.signature)
                && seal.profile.as_deref() == Some(edition.profile.name())
                && edition.is_whole()
        };
        self.editions().find(is_same).or(made_by)
    }

    /// The edition that a seal is compared by: the current one if nobody knows which it was made by.
    pub fn edition_of(&self, seal: &Seal) -> &Edition {
        self.known_edition_of(seal).unwrap_or(&self.current)
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
    let _role = RunAs::registrar();
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
    let _role = RunAs::registrar();
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
        rows.get::<pg_sys::Oid>(0, 13),
        rows.get::<pg_sys::Oid>(0, 14),
    ) else {
        return Err(Error::BadDefinition {
            what: format!("the root table of document \"{name}\" is gone or was renamed"),
            hint: "Run health_crypto.unprotect() and protect() it again.",
        });
    };
    let (key_column, key_type) = (required(3, "key column")?, required(4, "key type")?);
    let (digest_column, serializer_column) =
        (required(6, "digest column")?, required(7, "text column")?);
    let signature_column = rows.string(0, 8);
    let mut kept_columns = vec![digest_column.as_str(), serializer_column.as_str()];
    kept_columns.extend(signature_column.as_deref());
    let common = Common {
        document: name,
        root: &root,
        owner,
        key_column: &key_column,
        key_type: &key_type,
        kept_columns: &kept_columns,
    };
    let watches = watches_of(&session, name)?;
    let number = rows.get::<i32>(0, 5);
    let mut relations: Vec<u32> = watches
        .iter()
        .filter(|(_, watch)| watch.part != Part::Reference)
        .filter_map(|(_, watch)| watch.oid)
        .chain(rows.get::<Vec<pg_sys::Oid>>(0, 15).unwrap_or_default())
        .chain([root_oid])
        .map(pg_sys::Oid::to_u32)
        .collect();
    relations.sort_unstable();
    relations.dedup();
    let translations = watches
        .iter()
        .find(|(edition, watch)| Some(*edition) == number && watch.table.name == "ir_translation")
        .map(|(_, watch)| watch.table.schema.clone());
    let mut editions = edition::load(&session, &common, watches)?;
    let place = editions.iter().position(|e| Some(e.number) == number);
    let Some(place) = place else {
        return Err(Error::BadDefinition {
            what: format!(
                "the registration of document \"{name}\" names an edition that is not there"
            ),
            hint: "Somebody changed the extension's tables. Run health_crypto.protect() for the document again.",
        });
    };
    let current = editions.remove(place);
    current.function(&session)?;
    let watches = watch::union(
        &current.watches,
        editions.iter().map(|e| e.watches.as_slice()),
    )?;
    let mut document = Document {
        name: name.to_owned(),
        root_oid,
        owner,
        state_column: rows.string(0, 9),
        sealed_states: rows.get(0, 10).unwrap_or_default(),
        on_alteration: required(11, "on_alteration")?.parse()?,
        on_unverified_signature: required(12, "on_unverified_signature")?.parse()?,
        current,
        earlier: editions,
        watches,
        sql: Statements::default(),
        root,
        key_column,
        digest_column,
        serializer_column,
        signature_column,
    };
    document.sql = Statements::of(&document, &key_type, translations.as_deref());
    Ok((document, relations))
}

/// What every edition of a document reads, with the edition's number. Runs as the registrar.
pub fn watches_of(session: &Session, name: &str) -> Result<Vec<(i32, Watch)>> {
    let rows = session.run(LOAD_WATCHES, vec![name.into()], Snapshot::Fresh)?;
    (0..rows.len())
        .map(|row| {
            let edition = rows.get(row, 1).ok_or(Error::Bug("watch"))?;
            let watch = Watch {
                table: Table {
                    schema: rows.string(row, 2).ok_or(Error::Bug("watch"))?,
                    name: rows.string(row, 3).ok_or(Error::Bug("watch"))?,
                },
                part: Part::of(rows.text(row, 4)),
                columns: rows.get(row, 5).unwrap_or_default(),
                depth: rows.get(row, 6).unwrap_or_default(),
                link: Link::of(&rows, row, 7),
                oid: rows.get(row, 11),
                present: rows.get(row, 12).unwrap_or_default(),
            };
            Ok((edition, watch))
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
