//! Writing what protect() was told into the extension's tables.

use std::collections::BTreeMap;

use health_crypto_core::canonical::Profile;
use pgrx::pg_sys;

use crate::document::definition::{self, Definition};
use crate::document::dependencies;
use crate::document::protect::Request;
use crate::document::registry;
use crate::document::root::Root;
use crate::document::watch::{self, Part, Watch};
use crate::error::{Error, Result};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};
use crate::seal::register::{Entry, Event};

/// A function that has been checked and may become an edition of a document's definition.
pub struct Candidate<'c> {
    /// The document's name.
    pub document: &'c str,
    /// The function.
    pub definition: Definition,
    /// What it reads.
    pub watches: Vec<Watch>,
    function: pg_sys::Oid,
    profile: Profile,
    reference_fields: Option<&'c [String]>,
}

impl<'c> Candidate<'c> {
    /// Checks a function as a definition for a root.
    ///
    /// # Errors
    /// As [`definition::check`] and [`dependencies::watches`]; 22023 if it reads the columns that hold the seal, or if
    /// `reference_fields` names a field that it does not return.
    pub fn check(
        session: &Session,
        root: &Root,
        document: &'c str,
        function: pg_sys::Oid,
        profile: Profile,
        reference_fields: Option<&'c [String]>,
        kept_columns: &[&str],
    ) -> Result<Candidate<'c>> {
        let definition = definition::check(session, function, root)?;
        let watches = dependencies::watches(session, function, root)?;
        let of_root = watches.iter().filter(|w| w.part == Part::Root);
        let mut columns = of_root.flat_map(|w| &w.columns);
        if let Some(column) = columns.find(|c| kept_columns.contains(&c.as_str())) {
            return Err(Error::BadDefinition {
                what: format!(
                    "the definition reads \"{column}\", which holds the seal of what it defines"
                ),
                hint: "A document cannot contain its own digest, text or signature.",
            });
        }
        for pattern in reference_fields.unwrap_or_default() {
            // An argument can be as long as a gigabyte, and a message that quotes it is too long to be sent.
            let shown: String = pattern.chars().take(100).collect();
            let is_of = |field: &String| {
                pattern
                    .strip_prefix(field.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.', '|']))
            };
            if pattern.ends_with('|') {
                return Err(Error::BadArgument {
                    what: format!(
                        "reference_fields has \"{shown}\", without a separator after the bar"
                    ),
                    hint: "\"Diagnosis| : \" covers a change as long as the text before \" : \" stays the same.",
                });
            }
            if !definition.fields.iter().any(is_of) {
                return Err(Error::BadArgument {
                    what: format!(
                        "reference_fields names \"{shown}\", which {} does not return",
                        definition.signature
                    ),
                    hint: "Name its fields, or places in them: \"Lines[][0]\" is the first element of every line.",
                });
            }
        }
        Ok(Candidate {
            document,
            definition,
            watches,
            function,
            profile,
            reference_fields,
        })
    }

    /// The register entry for it, without a reason.
    pub fn entry(&self) -> Entry {
        Entry {
            event: Some(Event::Protection),
            document: Some(self.document.to_owned()),
            definition: Some(self.definition.signature.clone()),
            profile: Some(self.profile.name().to_owned()),
            ..Entry::default()
        }
    }
}

/// The edition that new seals of a document are made by and the digest over its source, if it is protected.
pub fn current_edition(session: &Session, document: &str) -> Result<Option<(i32, String)>> {
    let _role = RunAs::registrar();
    let rows = session.run(
        "SELECT e.edition, e.source FROM health_crypto.protected_document d \
           JOIN health_crypto.definition e USING (document, edition) WHERE d.document = $1",
        vec![document.into()],
        Snapshot::Fresh,
    )?;
    Ok(rows.get(0, 1).zip(rows.string(0, 2)))
}

/// What the other editions of a document read that were registered for the same root table, by their numbers.
pub fn earlier_watches(
    root: &Root,
    document: &str,
    current: i32,
) -> Result<BTreeMap<i32, Vec<Watch>>> {
    let mut editions = by_edition(document)?;
    editions.retain(|number, watches| {
        let has_root = watch::on(watches, &root.table).is_some_and(|w| w.part == Part::Root);
        has_root && *number != current
    });
    Ok(editions)
}

fn by_edition(document: &str) -> Result<BTreeMap<i32, Vec<Watch>>> {
    let mut editions: BTreeMap<i32, Vec<Watch>> = BTreeMap::new();
    for (number, watch) in registry::watches_of(document)? {
        editions.entry(number).or_default().push(watch);
    }
    Ok(editions)
}

/// Enters a definition as an edition, or finds the one that it is already: the same function and profile, reading the
/// same columns. Returns its number, and whether that told the extension anything: a new edition, other reference fields,
/// or another source of its function.
///
/// Another set of columns is another edition also if the function is the same, because the own digests of seals are over
/// the columns that were read then.
pub fn enter_edition(
    session: &Session,
    candidate: &Candidate<'_>,
    by: &str,
) -> Result<(i32, bool)> {
    let source = definition::source_digest(session, candidate.function, Snapshot::Fresh)?;
    let known = by_edition(candidate.document)?;
    let _role = RunAs::registrar();
    let definition = &candidate.definition;
    let rows = session.run(
        "SELECT e.edition FROM health_crypto.definition e \
          WHERE e.document = $1 AND e.definition = $2 AND e.profile = $3 ORDER BY e.edition DESC",
        vec![
            candidate.document.into(),
            definition.signature.as_str().into(),
            candidate.profile.name().into(),
        ],
        Snapshot::Fresh,
    )?;
    let same = (0..rows.len())
        .filter_map(|row| rows.get::<i32>(row, 1))
        .find(|number| {
            let watches = known.get(number).map(Vec::as_slice).unwrap_or_default();
            watch::are_equal(watches, &candidate.watches)
        });
    let reference_fields = candidate.reference_fields.map(<[String]>::to_vec);
    if let Some(number) = same {
        let rows = session.run(
            "UPDATE health_crypto.definition e SET source = $3, reference_fields = $4 \
              WHERE e.document = $1 AND e.edition = $2 \
                AND (e.source, e.reference_fields) IS DISTINCT FROM ($3, $4) RETURNING e.edition",
            vec![
                candidate.document.into(),
                number.into(),
                source.into(),
                reference_fields.into(),
            ],
            Snapshot::Fresh,
        )?;
        return Ok((number, !rows.is_empty()));
    }
    let rows = session.run(
        "INSERT INTO health_crypto.definition (document, edition, definition_schema, definition_name, definition, source, \
           profile, reference_fields, registered_by) \
         SELECT $1, (SELECT COALESCE(pg_catalog.max(e.edition), 0) + 1 FROM health_crypto.definition e \
                      WHERE e.document = $1), $2::name, $3::name, $4, $5, $6, $7, $8::name \
         RETURNING edition",
        vec![
            candidate.document.into(),
            definition.schema.as_str().into(),
            definition.name.as_str().into(),
            definition.signature.as_str().into(),
            source.into(),
            candidate.profile.name().into(),
            reference_fields.into(),
            by.into(),
        ],
        Snapshot::Fresh,
    )?;
    let number = rows.get::<i32>(0, 1).ok_or(Error::Bug("no edition"))?;
    for watch in &candidate.watches {
        let link = watch.link.as_ref();
        session.run(
            "INSERT INTO health_crypto.watched_table (document, edition, table_schema, table_name, part, columns, depth, \
               link_column, parent_schema, parent_table, parent_column) \
             VALUES ($1, $2, $3::name, $4::name, $5, $6::name[], $7, $8::name, $9::name, $10::name, $11::name)",
            vec![
                candidate.document.into(),
                number.into(),
                watch.table.schema.as_str().into(),
                watch.table.name.as_str().into(),
                watch.part.word().into(),
                watch.columns.clone().into(),
                watch.depth.into(),
                link.map(|l| l.column.as_str()).into(),
                link.map(|l| l.parent.schema.as_str()).into(),
                link.map(|l| l.parent.name.as_str()).into(),
                link.map(|l| l.parent_column.as_str()).into(),
            ],
            Snapshot::Fresh,
        )?;
    }
    Ok((number, true))
}

/// Drops the editions of a document that no seal was made by. Runs as the registrar.
pub fn drop_unused_editions(session: &Session, document: &str) -> Result<()> {
    for table in ["watched_table", "definition"] {
        session.run(
            &format!(
                "DELETE FROM health_crypto.{table} t \
                  WHERE t.document = $1 AND NOT EXISTS (SELECT FROM health_crypto.register_entry e \
                    WHERE e.document = $1 AND e.edition = t.edition AND e.event IN ('seal', 'adoption'))"
            ),
            vec![document.into()],
            Snapshot::Fresh,
        )?;
    }
    Ok(())
}

/// Enters a document, or what it is told anew.
///
/// # Errors
/// 22023 if it is protected with another root table.
pub fn enter_document(
    session: &Session,
    request: &Request,
    root: &Root,
    edition: i32,
    by: &str,
) -> Result<()> {
    let _role = RunAs::registrar();
    let other_root = session.run(
        "SELECT FROM health_crypto.protected_document d \
          WHERE d.document = $1 AND (d.root_schema, d.root_table) <> ($2::name, $3::name)",
        vec![
            request.document.as_str().into(),
            root.table.schema.as_str().into(),
            root.table.name.as_str().into(),
        ],
        Snapshot::Fresh,
    )?;
    if !other_root.is_empty() {
        return Err(Error::BadArgument {
            what: format!(
                "document \"{}\" is protected with another root",
                request.document
            ),
            hint: "Choose another name, or unprotect() it first.",
        });
    }
    session.run(
        "INSERT INTO health_crypto.protected_document AS d (document, root_schema, root_table, key_column, key_type, \
           edition, digest_column, serializer_column, signature_column, state_column, sealed_states, \
           on_alteration, on_unverified_signature, protected_by) \
         VALUES ($1, $2::name, $3::name, $4::name, $5, $6, $7::name, $8::name, $9::name, $10::name, $11, $12, $13, \
                 $14::name) \
         ON CONFLICT (document) DO UPDATE SET edition = EXCLUDED.edition, \
           digest_column = EXCLUDED.digest_column, serializer_column = EXCLUDED.serializer_column, \
           signature_column = EXCLUDED.signature_column, state_column = EXCLUDED.state_column, \
           sealed_states = EXCLUDED.sealed_states, \
           on_alteration = EXCLUDED.on_alteration, on_unverified_signature = EXCLUDED.on_unverified_signature, \
           protected_at = pg_catalog.now(), protected_by = EXCLUDED.protected_by",
        vec![
            request.document.as_str().into(),
            root.table.schema.as_str().into(),
            root.table.name.as_str().into(),
            root.key_column.as_str().into(),
            root.key_type.as_str().into(),
            edition.into(),
            request.digest_column.as_str().into(),
            request.serializer_column.as_str().into(),
            request.signature_column.as_deref().into(),
            request.state_column.as_deref().into(),
            request.sealed_states.clone().into(),
            request.on_alteration.as_str().into(),
            request.on_unverified_signature.as_str().into(),
            by.into(),
        ],
        Snapshot::Fresh,
    )?;
    Ok(())
}
