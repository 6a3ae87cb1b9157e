//! The statements of one document, built once from quoted names. No value is ever part of a statement's text.

use pgrx::spi::{quote_identifier, quote_qualified_identifier};

use crate::document::registry::{Document, Part, Watch};
use crate::error::Result;
use crate::pg::spi::{Rows, Session, Snapshot};

/// SQL texts of a document. Keys travel as text arrays and are cast to the key's type.
#[derive(Debug, Default)]
pub struct Statements {
    /// `$1` keys: key, digest, text, signature, state of those rows.
    pub read: String,
    /// The same, locked in key order against other writers of the document.
    pub lock: String,
    /// `$1` rows: as `read`, from the first key on.
    pub first_page: String,
    /// `$1` rows, `$2` key: as `read`, after that key. Two statements, because one with "IS NULL OR" has a generic plan
    /// that filters the whole index for every page.
    pub next_page: String,
    /// `$1` keys, `$2` language: key and fields.
    pub fetch: String,
    /// `$1` one key, `$2` language. The generic plan for an array assumes ten keys and hashes whole tables; the one for a
    /// single key runs GNU Health's prescription definition 1.6 times as fast (docs/PERFORMANCE.md).
    pub fetch_one: String,
    /// `$1` keys: key, and one text for the root and for each child table over the watched columns.
    pub own: String,
    /// `$1` keys, `$2` digests, `$3` texts.
    pub update: String,
    /// `$1` key: whether the row is sealed by state or signature. `$2`: the sealed states.
    pub row_is_sealed: String,
    /// `$1` key, `$2` signature: stores a signature.
    pub store_signature: String,
    /// `$1` a key in any spelling: the key as the table spells it.
    pub spell_key: String,
    /// The codes of the translatable languages; None where documents have none.
    pub languages: Option<String>,
    /// The database's own language.
    pub default_language: Option<String>,
    /// For each child watch of depth 2 and more, by position in `watches`: `$1` the link's value: root keys.
    pub resolve: Vec<Option<String>>,
    /// How each field is read: as PostgreSQL's own value or through to_json.
    pub through_json: Vec<bool>,
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

/// Whether values of a type are read as they are.
pub fn is_direct(type_name: &str) -> bool {
    DIRECT.contains(&type_name)
}

impl Statements {
    /// One page of a document's root rows in key order, as `read` gives them.
    ///
    /// # Errors
    /// What reading the table raises.
    pub fn page<'s>(
        &self,
        session: &'s Session,
        after: Option<&str>,
        rows: i64,
        snapshot: Snapshot,
    ) -> Result<Rows<'s>> {
        match after {
            None => session.run(&self.first_page, vec![rows.into()], snapshot),
            Some(key) => session.run(&self.next_page, vec![rows.into(), key.into()], snapshot),
        }
    }

    /// Builds the statements. `function` is the definition's quoted name, `types` the types of its fields, `languages`
    /// the schema of Tryton's language tables if the definition reads translations.
    pub fn of(
        d: &Document,
        key_type: &str,
        function: &str,
        types: &[String],
        languages: Option<&str>,
    ) -> Statements {
        let root = quote_qualified_identifier(&d.root.schema, &d.root.name);
        let key = quote_identifier(&d.key_column);
        let digest = quote_identifier(&d.digest_column);
        let text = quote_identifier(&d.serializer_column);
        let optional = |column: &Option<String>| {
            column.as_ref().map_or("NULL::text".to_owned(), |c| {
                format!("r.{}::text", quote_identifier(c))
            })
        };
        let signature = optional(&d.signature_column);
        let state = optional(&d.state_column);
        let row = format!(
            "SELECT r.{key}::text, r.{digest}::text, r.{text}::text, {signature}, {state} FROM {root} r"
        );
        let keys = format!("r.{key} = ANY ($1::text[]::{key_type}[])");
        let through_json: Vec<bool> = types.iter().map(|t| !is_direct(t)).collect();
        let fields: String = d
            .fields
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
        let store_signature = d.signature_column.as_ref().map_or(String::new(), |c| {
            format!(
                "UPDATE {root} r SET {} = $2 WHERE r.{key} = $1::text::{key_type}",
                quote_identifier(c)
            )
        });
        Statements {
            read: format!("{row} WHERE {keys} ORDER BY r.{key}"),
            lock: format!("{row} WHERE {keys} ORDER BY r.{key} FOR NO KEY UPDATE OF r"),
            first_page: format!("{row} ORDER BY r.{key} LIMIT $1"),
            next_page: format!(
                "{row} WHERE r.{key} > $2::text::{key_type} ORDER BY r.{key} LIMIT $1"
            ),
            fetch: format!(
                "SELECT d.\"key\"::text{fields} FROM {function}($1::text[]::{key_type}[], $2::text) d"
            ),
            fetch_one: format!(
                "SELECT d.\"key\"::text{fields} FROM {function}(ARRAY[$1::text]::{key_type}[], $2::text) d"
            ),
            own: own(d, &root, &key, &keys),
            update: format!(
                "UPDATE {root} r SET {digest} = u.digest, {text} = u.document \
                 FROM unnest($1::text[], $2::text[], $3::text[]) u (key, digest, document) \
                 WHERE {keys} AND r.{key} = u.key::{key_type}"
            ),
            row_is_sealed: format!(
                "SELECT {state} = ANY ($2::text[]) OR {signature} <> '' FROM {root} r WHERE r.{key} = $1::text::{key_type}"
            ),
            store_signature,
            spell_key: format!("SELECT ($1::text::{key_type})::text"),
            languages: languages.map(|s| {
                format!(
                    "SELECT l.code::text FROM {} l WHERE l.translatable ORDER BY l.code",
                    quote_qualified_identifier(s, "ir_lang")
                )
            }),
            default_language: languages.map(|s| {
                format!(
                    "SELECT COALESCE((SELECT NULLIF(c.language, '')::text FROM {} c ORDER BY c.id LIMIT 1), 'en')",
                    quote_qualified_identifier(s, "ir_configuration")
                )
            }),
            resolve: d.watches.iter().map(|w| resolve(d, w, &root, &key)).collect(),
            through_json,
        }
    }
}

fn columns_of(watch: &Watch, alias: &str, without: &[&str]) -> String {
    watch
        .columns
        .iter()
        .filter(|c| !without.contains(&c.as_str()))
        .map(|c| format!("{alias}.{}", quote_identifier(c)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The document's own content: watched columns of root and children, without the columns that hold the seal. ROW with
/// to_json spells every type the same way under the pinned settings, whatever their number.
fn own(d: &Document, root: &str, key: &str, keys: &str) -> String {
    let mut parts = String::new();
    for watch in &d.watches {
        match watch.part {
            Part::Root => {
                let columns = columns_of(watch, "r", &d.kept_columns());
                parts.push_str(&format!(", pg_catalog.to_json(ROW({columns}))::text"));
            }
            Part::Child => {
                let Some(path) = path_to_root(d, watch) else {
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
    format!("SELECT r.{key}::text{parts} FROM {root} r WHERE {keys}")
}

/// `child c JOIN … WHERE parent.link = r.key`, for use in a subquery of a query over the root `r`.
fn path_to_root(d: &Document, watch: &Watch) -> Option<String> {
    let mut from = format!(
        "{} c",
        quote_qualified_identifier(&watch.table.schema, &watch.table.name)
    );
    let mut alias = "c".to_owned();
    let mut link = watch.link.as_ref()?;
    for step in 0..8 {
        let parent = d.watch(&link.parent.schema, &link.parent.name)?;
        if parent.part == Part::Root {
            return Some(format!(
                "{from} WHERE {alias}.{} = r.{}",
                quote_identifier(&link.column),
                quote_identifier(&link.parent_column)
            ));
        }
        let next = format!("p{step}");
        from = format!(
            "{from} JOIN {} {next} ON {next}.{} = {alias}.{}",
            quote_qualified_identifier(&parent.table.schema, &parent.table.name),
            quote_identifier(&link.parent_column),
            quote_identifier(&link.column)
        );
        alias = next;
        link = parent.link.as_ref()?;
    }
    None
}

/// For a child: from the value of its link column to the keys of its documents. None where the value is the key.
fn resolve(d: &Document, watch: &Watch, root: &str, key: &str) -> Option<String> {
    let link = watch.link.as_ref()?;
    let parent = d.watch(&link.parent.schema, &link.parent.name)?;
    if parent.part == Part::Root {
        if link.parent_column == d.key_column {
            return None;
        }
        return Some(format!(
            "SELECT r.{key}::text FROM {root} r WHERE r.{}::text = $1",
            quote_identifier(&link.parent_column)
        ));
    }
    let path = path_to_root(d, parent)?;
    Some(format!(
        "SELECT r.{key}::text FROM {root} r WHERE EXISTS (SELECT FROM {path} AND c.{}::text = $1)",
        quote_identifier(&link.parent_column)
    ))
}
