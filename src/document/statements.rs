//! The statements of one document, built once from quoted names. No value is ever part of a statement's text.

use pgrx::spi::{quote_identifier, quote_qualified_identifier};

use crate::document::registry::Document;
use crate::document::watch::{self, Part, Watch};
use crate::error::Result;
use crate::pg::spi::{Arg, Rows, Session, Snapshot};

/// SQL texts of a document. Keys travel as text arrays and are cast to the key's type.
#[derive(Debug, Default)]
pub struct Statements {
    /// `$1` keys: key, digest, text, signature, state of those rows.
    pub read: String,
    /// The same, locked in key order against other writers of the document.
    pub lock: String,
    /// `$1` one key: as `read`, and the database's own language.
    pub read_one: String,
    /// The same, and the texts of [`Edition::own_parts`](super::edition::Edition::own_parts) of the current edition.
    pub read_sealing: String,
    /// `$1` one key: locks that row as `lock` does.
    pub lock_one: String,
    /// `$1` rows: as `read`, from the first key on.
    pub first_page: String,
    /// `$1` rows, `$2` key: as `read`, after that key. Two statements, because one with "IS NULL OR" has a generic plan
    /// that filters the whole index for every page.
    pub next_page: String,
    /// `$1` rows, `$2` shares, `$3` share: the first page of a share of the documents.
    pub first_shared: String,
    /// As `first_shared`, after the key `$4`.
    pub next_shared: String,
    /// `$1` keys: those that have a row.
    pub present: String,
    /// The pages, locked as `lock` locks.
    pub first_locked: String,
    /// The pages after the first, locked as `lock` locks.
    pub next_locked: String,
    /// How many root rows there are.
    pub count: String,
    /// How many root rows there are, and how many of them carry a signature.
    pub tally: String,
    /// `$1` keys, `$2` digests, `$3` texts: for each row written, whether it has them now. A trigger may have changed them.
    pub update: String,
    /// `$1` one key, `$2` its digest, `$3` its text: as `update`.
    pub update_one: String,
    /// `$1` key: whether the row is sealed by state or signature. `$2`: the sealed states.
    pub row_is_sealed: String,
    /// `$1` key, `$2` signature: stores a signature.
    pub store_signature: String,
    /// `$1` key: writes the row as it is, so that a session with an older snapshot cannot write it.
    pub touch: String,
    /// `$1` a key in any spelling: the key as the table spells it.
    pub spell_key: String,
    /// The codes of the translatable languages; None where documents have none.
    pub languages: Option<String>,
    /// The database's own language.
    pub default_language: Option<String>,
}

/// A part of the documents, for somebody who divides the work among several sessions. Which part a document is in
/// follows from its key alone: sessions that do not see the same rows still agree about it, and none is in no part.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Which part; from 1.
    pub number: i32,
    /// Of how many.
    pub of: i32,
}

impl Share {
    /// Every document.
    pub const ALL: Share = Share { number: 1, of: 1 };

    /// Whether it is every document.
    pub fn is_all(self) -> bool {
        self.of == 1
    }

    /// The condition that a key, a text in SQL, is in the share that two parameters give.
    pub fn condition(key: &str, of: &str, number: &str) -> String {
        // Without its sign, because the remainder of a negative number is negative.
        format!(
            "(pg_catalog.hashtextextended({key}, 0) & 9223372036854775807) % {of} = {number} - 1"
        )
    }
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
        self.page_of_share(session, Share::ALL, after, rows, snapshot)
    }

    /// One page of a share of a document's root rows in key order, as `read` gives them.
    ///
    /// # Errors
    /// What reading the table raises.
    pub fn page_of_share<'s>(
        &self,
        session: &'s Session,
        share: Share,
        after: Option<&str>,
        rows: i64,
        snapshot: Snapshot,
    ) -> Result<Rows<'s>> {
        let (sql, arguments) = self.of_share(share, after, rows);
        session.run(sql, arguments, snapshot)
    }

    /// The keys of such a page, which may be of many more rows: nothing else of them is read.
    ///
    /// # Errors
    /// What reading the table raises.
    pub fn keys_of_share(
        &self,
        session: &Session,
        share: Share,
        after: Option<&str>,
        rows: i64,
    ) -> Result<Vec<String>> {
        let (page, arguments) = self.of_share(share, after, rows);
        let sql = format!("SELECT k.key FROM ({page}) k (key, digest, document, signature, state)");
        let rows = session.run(&sql, arguments, Snapshot::Caller)?;
        Ok((0..rows.len())
            .filter_map(|row| rows.string(row, 1))
            .collect())
    }

    /// The statement for a page, and its arguments.
    fn of_share(&self, share: Share, after: Option<&str>, rows: i64) -> (&str, Vec<Arg>) {
        let (mut arguments, first, next) = if share.is_all() {
            (vec![rows.into()], &self.first_page, &self.next_page)
        } else {
            (
                vec![rows.into(), share.of.into(), share.number.into()],
                &self.first_shared,
                &self.next_shared,
            )
        };
        match after {
            None => (first, arguments),
            Some(key) => {
                arguments.push(key.into());
                (next, arguments)
            }
        }
    }

    /// One page of a document's root rows in key order, as they are now, locked against other writers.
    ///
    /// # Errors
    /// What reading the table raises.
    pub fn locked_page<'s>(
        &self,
        session: &'s Session,
        after: Option<&str>,
        rows: i64,
    ) -> Result<Rows<'s>> {
        let fresh = Snapshot::Fresh;
        match after {
            None => session.run(&self.first_locked, vec![rows.into()], fresh),
            Some(key) => session.run(&self.next_locked, vec![rows.into(), key.into()], fresh),
        }
    }

    /// Builds the statements. `languages` is the schema of Tryton's language tables if the definition reads translations.
    pub fn of(d: &Document, key_type: &str, languages: Option<&str>) -> Statements {
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
        let columns =
            format!("r.{key}::text, r.{digest}::text, r.{text}::text, {signature}, {state}");
        let row = format!("SELECT {columns} FROM {root} r");
        let one = format!("r.{key} = $1::text::{key_type}");
        let default_language = languages.map(|s| {
            format!(
                "SELECT COALESCE((SELECT NULLIF(c.language, '')::text FROM {} c ORDER BY c.id LIMIT 1), 'en')",
                quote_qualified_identifier(s, "ir_configuration")
            )
        });
        let language = default_language
            .as_ref()
            .map_or("NULL::text".to_owned(), |sql| format!("({sql})"));
        let keys = format!("r.{key} = ANY ($1::text[]::{key_type}[])");
        let store_signature = d.signature_column.as_ref().map_or(String::new(), |c| {
            format!(
                "UPDATE {root} r SET {} = $2 WHERE r.{key} = $1::text::{key_type}",
                quote_identifier(c)
            )
        });
        let first_page = format!("{row} ORDER BY r.{key} LIMIT $1");
        let next_page =
            format!("{row} WHERE r.{key} > $2::text::{key_type} ORDER BY r.{key} LIMIT $1");
        let in_share = Share::condition(&format!("r.{key}::text"), "$2", "$3");
        const LOCKED: &str = "FOR NO KEY UPDATE OF r";
        Statements {
            read: format!("{row} WHERE {keys} ORDER BY r.{key}"),
            lock: format!("{row} WHERE {keys} ORDER BY r.{key} {LOCKED}"),
            read_one: format!("SELECT {columns}, {language} FROM {root} r WHERE {one}"),
            read_sealing: format!(
                "SELECT {columns}, {language}{} FROM {root} r WHERE {one}",
                d.current.own_parts
            ),
            lock_one: format!("SELECT FROM {root} r WHERE {one} {LOCKED}"),
            first_locked: format!("{first_page} {LOCKED}"),
            next_locked: format!("{next_page} {LOCKED}"),
            first_shared: format!("{row} WHERE {in_share} ORDER BY r.{key} LIMIT $1"),
            next_shared: format!(
                "{row} WHERE {in_share} AND r.{key} > $4::text::{key_type} ORDER BY r.{key} LIMIT $1"
            ),
            present: format!("SELECT r.{key}::text FROM {root} r WHERE {keys}"),
            first_page,
            next_page,
            count: format!("SELECT pg_catalog.count(*) FROM {root} r"),
            tally: format!(
                "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {signature} <> '') FROM {root} r"
            ),
            update: format!(
                "UPDATE {root} r SET {digest} = u.digest, {text} = u.document \
                 FROM unnest($1::text[], $2::text[], $3::text[]) u (key, digest, document) \
                 WHERE {keys} AND r.{key} = u.key::{key_type} \
                 RETURNING r.{digest}::text COLLATE \"C\" = u.digest AND r.{text}::text COLLATE \"C\" = u.document"
            ),
            update_one: format!(
                "UPDATE {root} r SET {digest} = $2::text, {text} = $3::text WHERE {one} \
                 RETURNING r.{digest}::text COLLATE \"C\" = $2 AND r.{text}::text COLLATE \"C\" = $3"
            ),
            row_is_sealed: format!(
                "SELECT {state} = ANY ($2::text[]) OR {signature} <> '' FROM {root} r WHERE r.{key} = $1::text::{key_type}"
            ),
            store_signature,
            touch: format!(
                "UPDATE {root} r SET {digest} = r.{digest} WHERE r.{key} = $1::text::{key_type}"
            ),
            spell_key: format!("SELECT ($1::text::{key_type})::text"),
            languages: languages.map(|s| {
                format!(
                    "SELECT l.code::text FROM {} l WHERE l.translatable ORDER BY l.code",
                    quote_qualified_identifier(s, "ir_lang")
                )
            }),
            default_language,
        }
    }
}

/// `child c JOIN … WHERE parent.link = r.key`, for use in a subquery of a query over the root `r`.
pub fn path_to_root(watches: &[Watch], watch: &Watch) -> Option<String> {
    let mut from = format!(
        "{} c",
        quote_qualified_identifier(&watch.table.schema, &watch.table.name)
    );
    let mut alias = "c".to_owned();
    let mut link = watch.link.as_ref()?;
    for step in 0..8 {
        let parent = watch::on(watches, &link.parent)?;
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

/// For a child of depth 2 and more: from the value of its link column to the keys of its documents. None where the value is
/// the key. `watches` are all that the document has.
pub fn resolve(d: &Document, watches: &[Watch], watch: &Watch) -> Option<String> {
    let root = quote_qualified_identifier(&d.root.schema, &d.root.name);
    let key = quote_identifier(&d.key_column);
    let link = watch.link.as_ref()?;
    let parent = watch::on(watches, &link.parent)?;
    if parent.part == Part::Root {
        if link.parent_column == d.key_column {
            return None;
        }
        return Some(format!(
            "SELECT r.{key}::text FROM {root} r WHERE r.{}::text = $1",
            quote_identifier(&link.parent_column)
        ));
    }
    let path = path_to_root(watches, parent)?;
    Some(format!(
        "SELECT r.{key}::text FROM {root} r WHERE EXISTS (SELECT FROM {path} AND c.{}::text = $1)",
        quote_identifier(&link.parent_column)
    ))
}
