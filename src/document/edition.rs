//! Editions: the definitions that documents of one type may have been sealed by. A format changes over the years, and a
//! document is held to what it was sealed by.

use std::cell::OnceCell;
use std::str::FromStr;

use health_crypto_core::canonical::{self, Profile, Value};
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_qualified_identifier};

use crate::document::definition;
use crate::document::dependencies;
use crate::document::root::Root;
use crate::document::statements::path_to_root;
use crate::document::watch::{self, Part, Watch};
use crate::error::{Error, Result, Table};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Rows, Session, Snapshot};

const EDITIONS: &str = include_str!("../../sql/queries/editions.sql");
const PLACES: &str = include_str!("../../sql/queries/places.sql");

/// One definition with the profile and the columns that it was registered with.
#[derive(Debug)]
pub struct Edition {
    /// Its number; the register's seals name it.
    pub number: i32,
    /// The definition's signature, schema-qualified.
    pub signature: String,
    /// How the typed row becomes text.
    pub profile: Profile,
    /// Patterns of fields that come from referenced tables, for seals without an own digest.
    pub reference_fields: Vec<String>,
    /// The digest over the definition's source when it was registered.
    pub source: String,
    /// The tables read.
    pub watches: Vec<Watch>,
    /// `$1` keys: key, and one text for the root and for each child table over the watched columns.
    pub own: String,
    /// Those texts as a list of expressions over the root row `r`, each with a comma before it.
    pub own_parts: String,
    document: String,
    owner: pg_sys::Oid,
    function: Option<Function>,
    helpers: OnceCell<Result<()>>,
    reads_recorded: OnceCell<bool>,
}

/// The function of an edition, as it is in the catalogue.
#[derive(Debug)]
pub struct Function {
    /// Its OID, as of now.
    pub oid: pg_sys::Oid,
    /// Its fields, in its order.
    pub fields: Vec<String>,
    /// How each field is read: as PostgreSQL's own value or through to_json.
    pub through_json: Vec<bool>,
    /// Where each field that goes through to_json has numbers that need not be finite.
    pub numbers: Vec<Vec<Place>>,
    /// `$1` keys, `$2` language: key and fields.
    pub fetch: String,
    /// `$1` one key, `$2` language. The generic plan for an array assumes ten keys and hashes whole tables; the one for a
    /// single key runs GNU Health's prescription definition 1.6 times as fast (docs/PERFORMANCE.md).
    pub fetch_one: String,
    is_trusted: bool,
}

/// Where a value stands within a field, by its type: the name of a composite's attribute, `None` for an array's element.
pub type Place = Vec<Option<String>>;

/// What the editions of one document have in common.
pub struct Common<'c> {
    /// The document's name.
    pub document: &'c str,
    /// Its root table.
    pub root: &'c Table,
    /// The root table's owner.
    pub owner: pg_sys::Oid,
    /// The root's primary key column.
    pub key_column: &'c str,
    /// That column's type.
    pub key_type: &'c str,
    /// The columns that hold digest, text and signature.
    pub kept_columns: &'c [&'c str],
}

/// All editions of a document, newest first, without those that were registered for another root table.
pub fn load(
    session: &Session,
    common: &Common<'_>,
    mut watches: Vec<(i32, Watch)>,
) -> Result<Vec<Edition>> {
    let rows = session.run(
        EDITIONS,
        vec![
            common.document.into(),
            common.key_type.into(),
            common.owner.into(),
        ],
        Snapshot::Fresh,
    )?;
    let mut editions = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let number = rows
            .get::<i32>(row, 1)
            .ok_or(Error::Bug("edition's number"))?;
        let (own, others) = watches.into_iter().partition(|(of, _)| *of == number);
        watches = others;
        let own: Vec<Watch> = own.into_iter().map(|(_, watch)| watch).collect();
        if own
            .iter()
            .any(|watch| watch.part == Part::Root && watch.table == *common.root)
        {
            editions.push(Edition::read(session, &rows, row, number, common, own)?);
        }
    }
    Ok(editions)
}

impl Edition {
    fn read(
        session: &Session,
        rows: &Rows<'_>,
        row: usize,
        number: i32,
        common: &Common<'_>,
        watches: Vec<Watch>,
    ) -> Result<Edition> {
        let required = |column: usize| rows.string(row, column).ok_or(Error::Bug("edition"));
        // Only somebody who changes the extension's tables can bring in another.
        let profile = Profile::from_str(&required(3)?).map_err(|_| Error::BadDefinition {
            what: format!(
                "edition {number} of document \"{}\" has a profile that is not known",
                common.document
            ),
            hint: "It was registered by a newer version, or somebody changed the extension's tables.",
        })?;
        let function = match (rows.get(row, 6), rows.get::<Vec<String>>(row, 8)) {
            (Some(oid), Some(fields)) => {
                let types: Vec<String> = rows.get(row, 9).unwrap_or_default();
                let is_trusted = rows.get::<bool>(row, 10) == Some(true);
                let name = required(7)?;
                Some(Function::of(
                    oid,
                    &name,
                    common.key_type,
                    fields,
                    &types,
                    places(session, oid, &types)?,
                    is_trusted,
                ))
            }
            _ => None,
        };
        let own_parts = own_parts(common, &watches);
        let root = quote_qualified_identifier(&common.root.schema, &common.root.name);
        let key = quote_identifier(common.key_column);
        Ok(Edition {
            number,
            signature: required(2)?,
            profile,
            reference_fields: rows.get(row, 4).unwrap_or_default(),
            source: required(5)?,
            own: format!(
                "SELECT r.{key}::text{own_parts} FROM {root} r WHERE r.{key} = ANY ($1::text[]::{}[])",
                common.key_type
            ),
            own_parts,
            watches,
            document: common.document.to_owned(),
            owner: common.owner,
            function,
            helpers: OnceCell::new(),
            reads_recorded: OnceCell::new(),
        })
    }

    /// The function, if it may be run. What it goes through is checked once for each load of the document.
    ///
    /// # Errors
    /// 22023 if it is gone or what it calls cannot be followed; 42501 if somebody else than the root table's owner or a
    /// superuser may change it or what it calls.
    pub fn function(&self, session: &Session) -> Result<&Function> {
        let Some(function) = &self.function else {
            return Err(Error::BadDefinition {
                what: format!(
                    "the definition of document \"{}\" is gone or was renamed",
                    self.document
                ),
                hint: "Create it again, or run health_crypto.protect() with another one.",
            });
        };
        if !function.is_trusted {
            return Err(Error::NotAllowed {
                what: format!(
                    "the definition of document \"{}\" is not owned by the root table's owner or a superuser",
                    self.document
                ),
                hint: "It runs with the rights of the root table's owner, so nobody else may be able to change it.",
            });
        }
        self.helpers
            .get_or_init(|| {
                let _role = RunAs::registrar();
                definition::check_helpers(session, function.oid, self.owner, &self.signature)
            })
            .clone()?;
        Ok(function)
    }

    /// The fields, if the function is there: what every text of this edition has, and nothing else.
    pub fn fields(&self) -> Option<&[String]> {
        self.function.as_ref().map(|f| f.fields.as_slice())
    }

    /// Whether root and children still have all tables and columns that were read, under their names of then.
    pub fn is_whole(&self) -> bool {
        let mut own = self.watches.iter().filter(|w| w.part != Part::Reference);
        own.all(|watch| watch.oid.is_some() && watch.present == watch.columns)
    }

    /// Whether the definition still reads, under their names, the own columns that it was registered with. Its body follows a
    /// column that is renamed, and the digest over own rows goes by name: with another column in its place, the two would
    /// be over different columns. Looked up once for each load of the document, and only where it matters.
    pub fn reads_what_was_recorded(&self, session: &Session, root: &Root) -> bool {
        *self.reads_recorded.get_or_init(|| {
            // One that is gone, or may not be run, reads nothing else: the verdict says that of it.
            let Ok(function) = self.function(session) else {
                return true;
            };
            let _role = RunAs::registrar();
            dependencies::watches(session, function.oid, root)
                .is_ok_and(|reads| watch::are_read(&self.watches, &reads))
        })
    }

    /// How many texts a row of [`Edition::own`] has after the key.
    pub fn count_of_own_parts(&self) -> usize {
        let parts = self.watches.iter().filter(|w| w.part != Part::Reference);
        parts.count()
    }
}

/// Types whose values are read as they are; the others go through to_json, which spells dates, uuids, arrays,
/// composites and JSON as JSON does.
const DIRECT: [&str; 9] = [
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "double precision",
    "numeric",
    "text",
    "character varying",
    "real",
];

impl Function {
    fn of(
        oid: pg_sys::Oid,
        name: &str,
        key_type: &str,
        fields: Vec<String>,
        types: &[String],
        numbers: Vec<Vec<Place>>,
        is_trusted: bool,
    ) -> Function {
        let through_json: Vec<bool> = types
            .iter()
            .map(|t| !DIRECT.contains(&t.as_str()))
            .collect();
        let columns: String = fields
            .iter()
            .zip(&through_json)
            .map(|(field, json)| {
                let field = quote_identifier(field);
                if *json {
                    format!(", pg_catalog.to_json(d.{field})::text")
                } else {
                    format!(", d.{field}")
                }
            })
            .collect();
        Function {
            oid,
            fetch: format!(
                "SELECT d.\"key\"::text{columns} FROM {name}($1::text[]::{key_type}[], $2::text) d"
            ),
            fetch_one: format!(
                "SELECT d.\"key\"::text{columns} FROM {name}(ARRAY[$1::text]::{key_type}[], $2::text) d"
            ),
            fields,
            through_json,
            numbers,
            is_trusted,
        }
    }
}

/// Types that go through to_json and hold no number that need not be finite.
const WITHOUT_NUMBERS: [&str; 10] = [
    "date",
    "time without time zone",
    "time with time zone",
    "timestamp without time zone",
    "timestamp with time zone",
    "uuid",
    "json",
    "jsonb",
    "name",
    "character",
];

/// Places of numbers, field by field. The query takes 4 ms of a new session, and is asked only about arrays, composites
/// and domains.
fn places(session: &Session, function: pg_sys::Oid, types: &[String]) -> Result<Vec<Vec<Place>>> {
    let is_plain = |name: &String| {
        DIRECT.contains(&name.as_str()) || WITHOUT_NUMBERS.contains(&name.as_str())
    };
    if types.iter().all(is_plain) {
        return Ok(Vec::new());
    }
    let rows = session.run(PLACES, vec![function.into()], Snapshot::Fresh)?;
    places_of(rows.text(0, 1).unwrap_or("[]"))
}

/// Places of numbers as the query has them: JSON.
fn places_of(json: &str) -> Result<Vec<Vec<Place>>> {
    let bug = || Error::Bug("places of numbers");
    let list = |value: Value<'static>| match value {
        Value::List(items) => Ok(items),
        _ => Err(bug()),
    };
    let step = |value: Value<'static>| match value {
        Value::Null => Ok(None),
        Value::Text(name) => Ok(Some(name.into_owned())),
        _ => Err(bug()),
    };
    let fields = list(canonical::parse_json(json).map_err(|_| bug())?)?;
    fields
        .into_iter()
        .map(|field| {
            list(field)?
                .into_iter()
                .map(|place| list(place)?.into_iter().map(step).collect())
                .collect()
        })
        .collect()
}

/// The document's own content: watched columns of root and children, without the columns that hold the seal. ROW with
/// to_json spells every type the same way under the pinned settings, whatever their number.
fn own_parts(common: &Common<'_>, watches: &[Watch]) -> String {
    let columns_of = |watch: &Watch, alias: &str, without: &[&str]| {
        watch
            .columns
            .iter()
            .filter(|c| !without.contains(&c.as_str()))
            .map(|c| format!("{alias}.{}", quote_identifier(c)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut parts = String::new();
    for watch in watches {
        match watch.part {
            Part::Root => {
                let columns = columns_of(watch, "r", common.kept_columns);
                parts.push_str(&format!(", pg_catalog.to_json(ROW({columns}))::text"));
            }
            Part::Child => {
                let Some(path) = path_to_root(watches, watch) else {
                    continue;
                };
                let columns = columns_of(watch, "c", &[]);
                parts.push_str(&format!(
                    ", (SELECT COALESCE(pg_catalog.json_agg(x.line ORDER BY x.line::text COLLATE \"C\")::text, '[]') \
                     FROM (SELECT pg_catalog.to_json(ROW({columns})) AS line FROM {path}) x)"
                ));
            }
            Part::Reference => {}
        }
    }
    parts
}
