//! The registered documents, as each backend remembers them. What is remembered is dropped when PostgreSQL says that
//! one of the tables involved, or any function or schema, has changed.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::str::FromStr;

use pgrx::pg_sys;

use crate::document::edition::{self, Common, Edition};
use crate::document::statements::{self, Statements};
use crate::document::watch::{self, Link, Part, Watch};
use crate::error::{Error, Result, Table};
use crate::limits;
use crate::pg::caller::RunAs;
use crate::pg::catalog;
use crate::pg::record;
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
    /// Prepared texts of the statements.
    pub sql: Statements,
    watched: OnceCell<Result<Watched>>,
}

/// What any edition of a document reads.
#[derive(Debug)]
struct Watched {
    watches: Vec<Watch>,
    /// For each of them, what [`statements::resolve`] says.
    resolve: Vec<Option<String>>,
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

    /// The tables that any edition reads: what the triggers are on. They are looked up when first asked for, which a session
    /// that only verifies never does.
    ///
    /// # Errors
    /// As for [`watch::union`].
    pub fn watches(&self) -> Result<&[Watch]> {
        Ok(&self.watched()?.watches)
    }

    /// For a child of depth 2 and more, a statement. `$1` the link's value: root keys. None where the value is the key.
    ///
    /// # Errors
    /// As for [`watch::union`].
    pub fn resolve(&self, table: &Table) -> Result<Option<&str>> {
        let watched = self.watched()?;
        let place = watched.watches.iter().position(|w| w.table == *table);
        let statement = place.and_then(|place| watched.resolve.get(place));
        Ok(statement.and_then(Option::as_deref))
    }

    fn watched(&self) -> Result<&Watched> {
        let watched = self.watched.get_or_init(|| {
            let earlier = self.earlier.iter().map(|e| e.watches.as_slice());
            let watches = watch::union(&self.current.watches, earlier)?;
            let resolve = |watch| statements::resolve(self, &watches, watch);
            Ok(Watched {
                resolve: watches.iter().map(resolve).collect(),
                watches,
            })
        });
        watched.as_ref().map_err(Clone::clone)
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
    // Counts the changes that were heard of, whatever they were of: one that arrives while something is looked up must not
    // be lost under the result, and which relations that will depend on is known only afterwards.
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
        r.try_borrow_mut().map_or(true, |mut r| {
            r.generation = r.generation.wrapping_add(1);
            relation == pg_sys::InvalidOid || r.relations.contains(&relation.to_u32())
        })
    });
    if matters {
        forget_all();
    }
}

fn generation() -> u64 {
    REMEMBERED.with(|r| r.borrow().generation)
}

/// A relation that something remembered will depend on, looked up by its name: all is forgotten when it changes.
pub fn relying(look_up: impl FnOnce() -> Option<pg_sys::Oid>) -> Option<pg_sys::Oid> {
    let before = generation();
    let relation = look_up();
    REMEMBERED.with(|r| {
        let relation = relation.map(pg_sys::Oid::to_u32);
        r.borrow_mut().relations.extend(relation);
    });
    if generation() != before {
        forget_all();
    }
    relation
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
/// [`Error::UnknownDocument`] if nobody protected it; [`Error::BadDefinition`] if its table or function is gone; 54000 for
/// what is too long to be a name.
pub fn document(name: &str) -> Result<Rc<Document>> {
    if let Some(known) = REMEMBERED.with(|r| r.borrow().documents.get(name).cloned()) {
        return Ok(known);
    }
    limits::name(name, "the document's name")?;
    catalog::see_own_changes();
    let before = generation();
    let (loaded, relations) = load(name)?;
    let loaded = Rc::new(loaded);
    REMEMBERED.with(|r| {
        let mut r = r.borrow_mut();
        if r.generation == before {
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

/// A row of the table protected_document.
struct Registration {
    root: Table,
    key_column: String,
    key_type: String,
    edition: i32,
    digest_column: String,
    serializer_column: String,
    signature_column: Option<String>,
    state_column: Option<String>,
    sealed_states: Vec<String>,
    on_alteration: String,
    on_unverified_signature: String,
}

/// The registration of a document, and the OID of the table that has it.
fn registration(name: &str) -> Result<(Registration, pg_sys::Oid)> {
    let table = record::own_table(c"protected_document")?;
    let mut rows = record::own_rows(
        table,
        c"protected_document_pkey",
        &[
            c"root_schema",
            c"root_table",
            c"key_column",
            c"key_type",
            c"edition",
            c"digest_column",
            c"serializer_column",
            c"signature_column",
            c"state_column",
            c"sealed_states",
            c"on_alteration",
            c"on_unverified_signature",
        ],
        name,
        |row| {
            Some(Registration {
                root: Table {
                    schema: row.name(1)?,
                    name: row.name(2)?,
                },
                key_column: row.name(3)?,
                key_type: row.text(4)?,
                edition: row.integer(5)?,
                digest_column: row.name(6)?,
                serializer_column: row.name(7)?,
                signature_column: row.name(8),
                state_column: row.name(9),
                sealed_states: row.texts(10).unwrap_or_default(),
                on_alteration: row.text(11)?,
                on_unverified_signature: row.text(12)?,
            })
        },
    )?;
    match rows.pop() {
        Some(Some(registration)) => Ok((registration, table)),
        Some(None) => Err(Error::Bug("registration")),
        None => Err(Error::UnknownDocument),
    }
}

/// A document as it is registered, and the relations that this depends on.
fn load(name: &str) -> Result<(Document, Vec<u32>)> {
    let (registration, documents) = registration(name)?;
    let root = registration.root;
    let place = catalog::relation(&root);
    let Some((root_oid, owner)) = place.and_then(|oid| Some((oid, catalog::owner(oid)?))) else {
        return Err(Error::BadDefinition {
            what: format!("the root table of document \"{name}\" is gone or was renamed"),
            hint: "Run health_crypto.unprotect() and protect() it again.",
        });
    };
    let mut kept_columns = vec![
        registration.digest_column.as_str(),
        registration.serializer_column.as_str(),
    ];
    kept_columns.extend(registration.signature_column.as_deref());
    let common = Common {
        document: name,
        root: &root,
        owner,
        key_column: &registration.key_column,
        key_type: &registration.key_type,
        kept_columns: &kept_columns,
    };
    let number = registration.edition;
    let (watches, watched) = recorded_watches(name)?;
    let translations = watches
        .iter()
        .find(|(edition, watch)| *edition == number && watch.table.name == "ir_translation")
        .map(|(_, watch)| watch.table.schema.clone());
    let (mut editions, definitions) = edition::load(&common, watches)?;
    let place = editions.iter().position(|e| e.number == number);
    let Some(place) = place else {
        return Err(Error::BadDefinition {
            what: format!(
                "the registration of document \"{name}\" names an edition that is not there"
            ),
            hint: "Somebody changed the extension's tables. Run health_crypto.protect() for the document again.",
        });
    };
    let current = editions.remove(place);
    current.function(&Session::open())?;
    let mut document = Document {
        name: name.to_owned(),
        root_oid,
        owner,
        state_column: registration.state_column,
        sealed_states: registration.sealed_states,
        on_alteration: registration.on_alteration.parse()?,
        on_unverified_signature: registration.on_unverified_signature.parse()?,
        current,
        earlier: editions,
        sql: Statements::default(),
        watched: OnceCell::new(),
        root,
        key_column: registration.key_column,
        digest_column: registration.digest_column,
        serializer_column: registration.serializer_column,
        signature_column: registration.signature_column,
    };
    if watch::may_differ(document.editions().flat_map(|e| &e.watches)) {
        document.watches()?;
    }
    document.sql = Statements::of(&document, &registration.key_type, translations.as_deref());
    let relations = [root_oid, documents, definitions, watched];
    Ok((document, relations.map(pg_sys::Oid::to_u32).to_vec()))
}

/// What every edition of a document reads, with the edition's number, as it was recorded.
pub fn watches_of(name: &str) -> Result<Vec<(i32, Watch)>> {
    catalog::see_own_changes();
    recorded_watches(name).map(|(watches, _)| watches)
}

/// What every edition of a document reads, and the OID of the table that says so.
fn recorded_watches(name: &str) -> Result<(Vec<(i32, Watch)>, pg_sys::Oid)> {
    let table = record::own_table(c"watched_table")?;
    let rows = record::own_rows(
        table,
        c"watched_table_pkey",
        &[
            c"edition",
            c"table_schema",
            c"table_name",
            c"part",
            c"columns",
            c"depth",
            c"link_column",
            c"parent_schema",
            c"parent_table",
            c"parent_column",
        ],
        name,
        |row| {
            let table = Table {
                schema: row.name(2)?,
                name: row.name(3)?,
            };
            let watch = Watch::recorded(
                table,
                Part::of(row.text(4).as_deref()),
                row.names(5).unwrap_or_default(),
                row.integer(6).unwrap_or_default(),
                Link::recorded(row, 7),
            );
            Some((row.integer(1)?, watch))
        },
    )?;
    let mut watches = rows
        .into_iter()
        .collect::<Option<Vec<(i32, Watch)>>>()
        .ok_or(Error::Bug("watch"))?;
    watches.sort_by(|(one, a), (other, b)| {
        let key = |w: &Watch| (w.depth, w.table.schema.clone(), w.table.name.clone());
        one.cmp(other).then_with(|| key(a).cmp(&key(b)))
    });
    Ok((watches, table))
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
