//! The immediate trigger: refuses writes to what is sealed, at the statement that makes them, and notes what the flush
//! at the end of the transaction has to look at.

use std::rc::Rc;

use crate::document::registry::{self, Document, OnBreach};
use crate::document::row::RootRow;
use crate::document::triggers;
use crate::document::watch::{self, Part, Watch};
use crate::error::{Breach, Error, Result, Table};
use crate::pg::caller::{self, RunAs};
use crate::pg::spi::{Session, Snapshot};
use crate::pg::trigger::{Change, Event, Version};
use crate::seal::mark::{self, Mark};
use crate::seal::register::{self, Entry, Standing};
use crate::seal::{countersign, flush, signature, storing};
use crate::settings;

/// The document and the watched table that a trigger was installed for.
pub fn subject(event: &Event) -> Result<(Rc<Document>, Watch)> {
    let (Some(name), Some(schema), Some(table)) =
        (event.argument(0), event.argument(1), event.argument(2))
    else {
        return Err(misplaced());
    };
    let document = registry::document(name)?;
    let table = Table {
        schema: schema.to_owned(),
        name: table.to_owned(),
    };
    let watch = watch::on(document.watches()?, &table).ok_or_else(misplaced)?;
    if watch.oid().is_some_and(|oid| event.is_on(oid)) {
        let watch = watch.clone();
        Ok((document, watch))
    } else {
        Err(misplaced())
    }
}

fn misplaced() -> Error {
    Error::BadArgument {
        what: "this trigger does not belong to a protected document".into(),
        hint: "Drop it; health_crypto.protect() installs the triggers that a document needs.",
    }
}

/// Whether an UPDATE has left all that is watched as it was.
pub fn is_idle(event: &Event, document: &Document, watch: &Watch) -> Result<bool> {
    if event.change != Change::Update {
        return Ok(false);
    }
    let seal_columns = document.seal_columns();
    Ok(!event.touches(&triggers::watched_columns(watch, &seal_columns))?)
}

/// Body of the trigger function `guard()`.
pub fn guard(event: &Event) -> Result<()> {
    let (document, watch) = subject(event)?;
    if is_idle(event, &document, &watch)? {
        return Ok(());
    }
    let scene = Scene {
        document: &document,
        table: event.table(),
    };
    match (event.change, watch.part) {
        (Change::Truncate, _) => scene.truncate(&watch),
        (_, Part::Root) => scene.root(event, &watch),
        _ => scene.child(event, &watch),
    }
}

struct Scene<'d> {
    document: &'d Document,
    table: Table,
}

/// Whether a document was sealed before the write in hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Open,
    Sealed,
    /// Sealed, and the register knows it: by an edition of the definition, if it says which.
    Registered(Option<i32>),
}

impl Scene<'_> {
    fn root(&self, event: &Event, watch: &Watch) -> Result<()> {
        let d = self.document;
        let old = event.text(Version::Old, &d.key_column)?;
        let new = event.text(Version::New, &d.key_column)?;
        match (event.change, old, new) {
            (Change::Insert, _, Some(key)) => self.inserted(event, &key),
            (Change::Delete, Some(key), _) => self.deleted(event, &key),
            (Change::Update, Some(old), Some(new)) if old != new => {
                self.deleted(event, &old)?;
                self.inserted(event, &new)
            }
            (Change::Update, Some(key), _) => self.updated(event, watch, &key),
            // The primary key was dropped since.
            _ => Err(Error::BadDefinition {
                what: format!("a row of \"{}\" has no key", self.table.name),
                hint: "Documents are named by the root's primary key: add it again.",
            }),
        }
    }

    /// A new row. If the register has it as sealed, it is the return of a row that was lost; the flush compares it.
    fn inserted(&self, event: &Event, key: &str) -> Result<()> {
        let row = Row::of(event, self.document, Version::New)?;
        mark::set(
            &self.document.name,
            key,
            Mark {
                pending: true,
                open: true,
                vouched: true,
                was_sealed: false,
                supplied: row.digest.is_some() || row.text.is_some(),
                sealing: row.sealed(self.document),
                signed: row.is_signed(),
            },
        );
        Ok(())
    }

    fn deleted(&self, event: &Event, key: &str) -> Result<()> {
        if mark::mark(&self.document.name, key).is_some_and(|m| m.pending && m.vouched) {
            return Ok(());
        }
        let row = Row::of(event, self.document, Version::Old)?;
        match self.before(key, || Ok(row.sealed(self.document)))? {
            Before::Open => Ok(()),
            _ => self.breach(key, Breach::Row, Vec::new()),
        }
    }

    fn updated(&self, event: &Event, watch: &Watch, key: &str) -> Result<()> {
        let d = self.document;
        let (old, new) = (
            Row::of(event, d, Version::Old)?,
            Row::of(event, d, Version::New)?,
        );
        let kept = d.kept_columns();
        let changed = |columns: &[String]| -> Result<Vec<String>> {
            let mut changed = changed_columns(event, columns)?;
            changed.retain(|column| !kept.contains(&column.as_str()));
            Ok(changed)
        };
        if storing::is_storing(&d.name, key, new.digest.as_deref(), new.text.as_deref())
            && changed(&watch.columns)?.is_empty()
        {
            return Ok(());
        }
        let supplied = old.digest != new.digest || old.text != new.text;
        let signed = old.signature != new.signature && new.is_signed();
        let sealing = signed || (!d.seals(old.state.as_deref()) && d.seals(new.state.as_deref()));
        if let Some(known) = mark::mark(&d.name, key).filter(|m| m.pending && m.vouched) {
            let mark = Mark {
                supplied: known.supplied || supplied,
                sealing: known.sealing || sealing,
                signed: known.signed || signed,
                ..known
            };
            mark::set(&d.name, key, mark);
            return Ok(());
        }
        let before = self.before(key, || Ok(old.sealed(d)))?;
        if before == Before::Open {
            mark::set(
                &d.name,
                key,
                Mark {
                    pending: true,
                    open: true,
                    vouched: true,
                    was_sealed: false,
                    supplied,
                    sealing,
                    signed,
                },
            );
            return Ok(());
        }
        let content = match self.guarded_columns(before, watch) {
            Some(columns) => changed(columns)?,
            None => Vec::new(),
        };
        if !content.is_empty() {
            return self.breach(key, Breach::Content, content);
        }
        if supplied {
            return self.breach(key, Breach::Text, Vec::new());
        }
        // The register keeps a seal whatever the state says; without an entry the state is all that tells.
        if before == Before::Sealed && !new.is_signed() && !d.seals(new.state.as_deref()) {
            return self.breach(key, Breach::State, Vec::new());
        }
        if old.signature != new.signature {
            if old.is_signed() {
                let (from, to) = (old.signature.as_deref(), new.signature.as_deref());
                let Some(entries) = countersign::expected(d, key, from, to) else {
                    return self.breach(key, Breach::Signature, Vec::new());
                };
                let by = caller::role_name(caller::current_role());
                register::enter(&Session::open(), &entries, &by)?;
            } else {
                self.signed(key, &new)?;
            }
        }
        // Nothing that the flush would have to look at.
        self.passed(key);
        Ok(())
    }

    /// Notes a write to what is sealed that is let through. What this transaction wrote before another one sealed the
    /// document goes on waiting for its flush, which refuses it.
    fn passed(&self, key: &str) {
        let known = mark::mark(&self.document.name, key).unwrap_or_default();
        let mark = Mark {
            pending: known.pending,
            was_sealed: true,
            ..Mark::default()
        };
        mark::set(&self.document.name, key, mark);
    }

    /// A signature for a document that is sealed already is judged at the statement, so that whoever signs sees it.
    fn signed(&self, key: &str, row: &Row) -> Result<()> {
        if !row.is_signed() {
            return Ok(());
        }
        let session = Session::open();
        let entries = signature::judged_entries(
            &session,
            self.document,
            &self.table,
            key,
            row.digest.as_deref(),
            row.signature.as_deref().unwrap_or_default(),
        )?;
        register::enter(
            &session,
            &entries,
            &caller::role_name(caller::current_role()),
        )
    }

    fn child(&self, event: &Event, watch: &Watch) -> Result<()> {
        for key in keys_of_child(self.document, watch, event)? {
            if self.is_being_written(&key) {
                continue;
            }
            let before = self.before(&key, || self.row_is_sealed(&key))?;
            if before == Before::Open {
                let known = mark::mark(&self.document.name, &key).unwrap_or_default();
                let mark = Mark {
                    pending: true,
                    open: true,
                    ..known
                };
                mark::set(&self.document.name, &key, mark);
                continue;
            }
            // What it was sealed by may not have had such lines, or not read these columns.
            let Some(columns) = self.guarded_columns(before, watch) else {
                continue;
            };
            let what = match event.change {
                Change::Insert => Breach::LineAdded,
                Change::Delete => Breach::LineDeleted,
                _ => Breach::LineChanged,
            };
            let mut changed = Vec::new();
            if event.change == Change::Update {
                changed = changed_columns(event, columns)?;
                if changed.is_empty() {
                    continue;
                }
            }
            self.breach(&key, what, changed)?;
        }
        Ok(())
    }

    /// The columns of a table that a sealed document is guarded for: those that the edition that sealed it reads; None if
    /// it reads none. Where nobody knows which that was, or what it reads has another name now, it is what any edition reads.
    fn guarded_columns<'w>(&'w self, before: Before, all: &'w Watch) -> Option<&'w [String]> {
        let d = self.document;
        let known = match before {
            Before::Registered(Some(number)) => d.editions().find(|e| e.number == number),
            _ => None,
        }
        .filter(|edition| edition.is_whole());
        let Some(edition) = known else {
            return Some(&all.columns);
        };
        let watch = watch::on(&edition.watches, &all.table)?;
        (watch.part != Part::Reference).then_some(watch.columns.as_slice())
    }

    /// TRUNCATE names no rows. It is a breach while any document is sealed by what reads the table; if it goes on, every
    /// document that is not sealed is flushed after it.
    fn truncate(&self, watch: &Watch) -> Result<()> {
        let d = self.document;
        let session = Session::open();
        let (mut after, mut is_passed) = (None::<String>, false);
        loop {
            let rows = {
                let _role = RunAs::reader(d.owner);
                let page = d
                    .sql
                    .page(&session, after.as_deref(), flush::CHUNK, Snapshot::Fresh)?;
                RootRow::all(&page)
            };
            let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
            let standings = register::standings(&session, &d.name, &keys, Snapshot::Fresh)?;
            for row in &rows {
                let before = self.standing(standings.get(&row.key), || Ok(row.is_sealed(d)))?;
                if before != Before::Open {
                    if !is_passed && self.guarded_columns(before, watch).is_some() {
                        self.breach("*", Breach::Truncated, Vec::new())?;
                        is_passed = true;
                    }
                } else if watch.part != Part::Root {
                    let known = mark::mark(&d.name, &row.key).unwrap_or_default();
                    let mark = Mark {
                        pending: true,
                        open: true,
                        ..known
                    };
                    mark::set(&d.name, &row.key, mark);
                }
            }
            after = rows.last().map(|row| row.key.clone());
            if (rows.len() as i64) < flush::CHUNK {
                return Ok(());
            }
        }
    }

    /// Found open by an earlier write of this transaction and not flushed since: may go on being written, so that a
    /// document and its lines can be loaded in any order.
    fn is_being_written(&self, key: &str) -> bool {
        mark::mark(&self.document.name, key).is_some_and(|m| m.pending && m.open)
    }

    /// The register decides; a document that it does not know is sealed if its row says so.
    fn before(&self, key: &str, row_is_sealed: impl FnOnce() -> Result<bool>) -> Result<Before> {
        let session = Session::open();
        let standings =
            register::standings(&session, &self.document.name, &[key], Snapshot::Fresh)?;
        self.standing(standings.get(key), row_is_sealed)
    }

    fn standing(
        &self,
        standing: Option<&Standing>,
        row_is_sealed: impl FnOnce() -> Result<bool>,
    ) -> Result<Before> {
        Ok(match standing {
            Some(Standing::Sealed(seal)) => {
                Before::Registered(self.document.known_edition_of(seal).map(|e| e.number))
            }
            Some(Standing::Reopened) => Before::Open,
            None if row_is_sealed()? => Before::Sealed,
            None => Before::Open,
        })
    }

    fn row_is_sealed(&self, key: &str) -> Result<bool> {
        let session = Session::open();
        let _role = RunAs::reader(self.document.owner);
        let states: Vec<&str> = self
            .document
            .sealed_states
            .iter()
            .map(String::as_str)
            .collect();
        let rows = session.run(
            &self.document.sql.row_is_sealed,
            vec![key.into(), states.into()],
            Snapshot::Fresh,
        )?;
        Ok(rows.get(0, 1).unwrap_or(false))
    }

    /// Refuses the write, or lets it through and enters it, as the protection and the maintenance door say.
    fn breach(&self, key: &str, what: Breach, fields: Vec<String>) -> Result<()> {
        let session = Session::open();
        match breach(self.document, &self.table, key, what, fields)? {
            Some(entry) => {
                register::enter(
                    &session,
                    &[entry],
                    &caller::role_name(caller::current_role()),
                )?;
                self.passed(key);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// The watched columns that an UPDATE has changed.
fn changed_columns(event: &Event, columns: &[String]) -> Result<Vec<String>> {
    let mut changed = Vec::new();
    for column in columns {
        if event.differs(column)? {
            changed.push(column.clone());
        }
    }
    Ok(changed)
}

/// What a breach of a seal comes to: an error, or the register entry that lets it pass.
pub fn breach(
    document: &Document,
    table: &Table,
    key: &str,
    what: Breach,
    fields: Vec<String>,
) -> Result<Option<Entry>> {
    let event = if settings::override_is_on() {
        register::Event::Override
    } else if document.on_alteration == OnBreach::Record {
        register::Event::Alteration
    } else {
        return Err(Error::Sealed {
            document: document.name.clone(),
            table: table.clone(),
            breach: what,
            fields,
        });
    };
    let reason = if fields.is_empty() {
        what.words().to_owned()
    } else {
        format!("{}: {}", what.words(), fields.join(", "))
    };
    Ok(Some(Entry {
        event: Some(event),
        document: Some(document.name.clone()),
        key: Some(key.to_owned()),
        reason: Some(reason),
        ..Entry::default()
    }))
}

/// The documents that a child row belongs to, before and after the write.
pub fn keys_of_child(document: &Document, watch: &Watch, event: &Event) -> Result<Vec<String>> {
    let link = watch
        .link
        .as_ref()
        .ok_or(Error::Bug("a child without link"))?;
    let resolve = document.resolve(&watch.table)?;
    let mut keys: Vec<String> = Vec::with_capacity(2);
    for version in [Version::Old, Version::New] {
        let Some(value) = event.text(version, &link.column)? else {
            continue;
        };
        match resolve {
            None => keys.push(value),
            Some(sql) => {
                let session = Session::open();
                let _role = RunAs::reader(document.owner);
                let rows = session.run(sql, vec![value.as_str().into()], Snapshot::Fresh)?;
                keys.extend((0..rows.len()).filter_map(|row| rows.string(row, 1)));
            }
        }
    }
    keys.dedup();
    Ok(keys)
}

/// The columns of a root row that hold its seal.
struct Row {
    digest: Option<String>,
    text: Option<String>,
    signature: Option<String>,
    state: Option<String>,
}

impl Row {
    fn of(event: &Event, d: &Document, version: Version) -> Result<Row> {
        let optional =
            |column: &Option<String>| column.as_ref().map_or(Ok(None), |c| event.text(version, c));
        Ok(Row {
            digest: event.text(version, &d.digest_column)?,
            text: event.text(version, &d.serializer_column)?,
            signature: optional(&d.signature_column)?,
            state: optional(&d.state_column)?,
        })
    }

    fn is_signed(&self) -> bool {
        self.signature.as_deref().is_some_and(|s| !s.is_empty())
    }

    fn sealed(&self, d: &Document) -> bool {
        self.is_signed() || d.seals(self.state.as_deref())
    }
}
