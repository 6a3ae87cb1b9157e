//! Editions: the definitions that documents of one type may have been sealed by. A format changes over the years, and a
//! document is held to what it was sealed by.

use std::cell::OnceCell;
use std::str::FromStr;

use health_crypto_core::canonical::{self, Profile, Value};
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_qualified_identifier};

use crate::document::definition;
use crate::document::dependencies;
use crate::document::root::{self, Root};
use crate::document::statements::path_to_root;
use crate::document::watch::{self, Part, Watch};
use crate::error::{Error, Result, Table};
use crate::pg::caller::RunAs;
use crate::pg::catalog;
use crate::pg::record::{self, Record};
use crate::pg::spi::{Session, Snapshot};

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
    schema: String,
    name: String,
    key_type: String,
    // Looked up when first asked for: most documents were sealed by the current one.
    function: OnceCell<Option<Function>>,
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

/// All editions of a document, newest first, without those that were registered for another root table; and the OID of the
/// table that has them.
pub fn load(
    common: &Common<'_>,
    mut watches: Vec<(i32, Watch)>,
) -> Result<(Vec<Edition>, pg_sys::Oid)> {
    let table = record::own_table(c"definition")?;
    let rows = record::own_rows(
        table,
        c"definition_pkey",
        &[
            c"edition",
            c"definition",
            c"profile",
            c"reference_fields",
            c"source",
            c"definition_schema",
            c"definition_name",
        ],
        common.document,
        |row| {
            let number = row.integer(1).ok_or(Error::Bug("edition's number"))?;
            let own: Vec<Watch> = watches
                .extract_if(.., |(of, _)| *of == number)
                .map(|(_, watch)| watch)
                .collect();
            let is_here = |watch: &Watch| watch.part == Part::Root && watch.table == *common.root;
            own.iter()
                .any(is_here)
                .then(|| Edition::read(row, number, common, own))
                .transpose()
        },
    )?;
    let mut editions = rows
        .into_iter()
        .filter_map(Result::transpose)
        .collect::<Result<Vec<Edition>>>()?;
    editions.sort_by_key(|edition| std::cmp::Reverse(edition.number));
    Ok((editions, table))
}

impl Edition {
    fn read(
        row: &Record,
        number: i32,
        common: &Common<'_>,
        watches: Vec<Watch>,
    ) -> Result<Edition> {
        let required = |value: Option<String>| value.ok_or(Error::Bug("edition"));
        // Only somebody who changes the extension's tables can bring in another.
        let profile =
            Profile::from_str(&required(row.text(3))?).map_err(|_| Error::BadDefinition {
                what: format!(
                    "edition {number} of document \"{}\" has a profile that is not known",
                    common.document
                ),
                hint: "It was registered by a newer version, or somebody changed the extension's tables.",
            })?;
        let own_parts = own_parts(common, &watches);
        let root = quote_qualified_identifier(&common.root.schema, &common.root.name);
        let key = quote_identifier(common.key_column);
        Ok(Edition {
            number,
            signature: required(row.text(2))?,
            profile,
            reference_fields: row.texts(4).unwrap_or_default(),
            source: required(row.text(5))?,
            own: format!(
                "SELECT r.{key}::text{own_parts} FROM {root} r WHERE r.{key} = ANY ($1::text[]::{}[])",
                common.key_type
            ),
            own_parts,
            watches,
            document: common.document.to_owned(),
            owner: common.owner,
            schema: required(row.name(6))?,
            name: required(row.name(7))?,
            key_type: common.key_type.to_owned(),
            function: OnceCell::new(),
            helpers: OnceCell::new(),
            reads_recorded: OnceCell::new(),
        })
    }

    /// The function as the catalogue has it, if it is there with the arguments and fields of a definition.
    fn found(&self) -> Result<Option<&Function>> {
        if self.function.get().is_none() {
            let function = self.look_up()?;
            self.function.get_or_init(|| function);
        }
        Ok(self.function.get().and_then(Option::as_ref))
    }

    fn look_up(&self) -> Result<Option<Function>> {
        let keys = root::KEY_TYPES.iter().find(|t| t.name == self.key_type);
        let function = keys.and_then(|keys| {
            catalog::function_named(&self.schema, &self.name, &[keys.array, pg_sys::TEXTOID])
        });
        let Some(oid) = function else {
            return Ok(None);
        };
        let owner = catalog::function(oid).map(|f| f.owner);
        let (fields, types): (Vec<String>, Vec<pg_sys::Oid>) = catalog::returned_columns(oid)
            .into_iter()
            .filter(|(name, _)| name != "key")
            .unzip();
        if fields.is_empty() {
            return Ok(None);
        }
        let is_trusted =
            owner.is_some_and(|owner| owner == self.owner || catalog::is_superuser(owner));
        Ok(Some(Function::of(
            oid,
            &quote_qualified_identifier(&self.schema, &self.name),
            &self.key_type,
            fields,
            &types,
            places(oid, &types)?,
            is_trusted,
        )))
    }

    /// The function, if it may be run. What it goes through is checked once for each load of the document.
    ///
    /// # Errors
    /// 22023 if it is gone or what it calls cannot be followed; 42501 if somebody else than the root table's owner or a
    /// superuser may change it or what it calls.
    pub fn function(&self, session: &Session) -> Result<&Function> {
        let Some(function) = self.found()? else {
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
                definition::check_helpers(session, function.oid, self.owner, &self.signature)
            })
            .clone()?;
        Ok(function)
    }

    /// The fields, if the function is there: what every text of this edition has, and nothing else.
    pub fn fields(&self) -> Option<&[String]> {
        let found = self.found().ok().flatten();
        found.map(|f| f.fields.as_slice())
    }

    /// Whether root and children still have all tables and columns that were read, under their names of then.
    pub fn is_whole(&self) -> bool {
        let mut own = self.watches.iter().filter(|w| w.part != Part::Reference);
        own.all(Watch::is_whole)
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
const DIRECT: [pg_sys::Oid; 9] = [
    pg_sys::BOOLOID,
    pg_sys::INT2OID,
    pg_sys::INT4OID,
    pg_sys::INT8OID,
    pg_sys::FLOAT8OID,
    pg_sys::NUMERICOID,
    pg_sys::TEXTOID,
    pg_sys::VARCHAROID,
    pg_sys::FLOAT4OID,
];

impl Function {
    fn of(
        oid: pg_sys::Oid,
        name: &str,
        key_type: &str,
        fields: Vec<String>,
        types: &[pg_sys::Oid],
        numbers: Vec<Vec<Place>>,
        is_trusted: bool,
    ) -> Function {
        let through_json: Vec<bool> = types.iter().map(|t| !DIRECT.contains(t)).collect();
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
const WITHOUT_NUMBERS: [pg_sys::Oid; 10] = [
    pg_sys::DATEOID,
    pg_sys::TIMEOID,
    pg_sys::TIMETZOID,
    pg_sys::TIMESTAMPOID,
    pg_sys::TIMESTAMPTZOID,
    pg_sys::UUIDOID,
    pg_sys::JSONOID,
    pg_sys::JSONBOID,
    pg_sys::NAMEOID,
    pg_sys::BPCHAROID,
];

/// Places of numbers, field by field. The query takes 4 ms of a new session, and is asked only about arrays, composites
/// and domains.
fn places(function: pg_sys::Oid, types: &[pg_sys::Oid]) -> Result<Vec<Vec<Place>>> {
    let is_plain = |of: &pg_sys::Oid| DIRECT.contains(of) || WITHOUT_NUMBERS.contains(of);
    if types.iter().all(is_plain) {
        return Ok(Vec::new());
    }
    let _role = RunAs::registrar();
    let session = Session::open();
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
