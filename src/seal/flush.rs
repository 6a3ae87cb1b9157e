//! The deferred trigger: at the end of the transaction every document that was written is serialised once, its digest
//! columns are brought up to date, and what has been sealed is entered in the register.

use std::collections::HashMap;

use health_crypto_core::digest::Digest;

use crate::document::fetch::{self, Texts};
use crate::document::matching::{self, Search, Sought};
use crate::document::registry::{self, Document};
use crate::document::row::RootRow;
use crate::document::serialize::no_row;
use crate::document::watch::Part;
use crate::error::{Breach, Error, Result};
use crate::pg::caller::{self, RunAs, SearchPath};
use crate::pg::spi::{Session, Snapshot};
use crate::pg::trigger::{Change, Event, Version};
use crate::seal::guard::{breach, is_idle, keys_of_child, subject};
use crate::seal::mark::{self, Mark};
use crate::seal::own::digests_of_own;
use crate::seal::own::own_digests;
use crate::seal::register::{self, Entry, Standing};
use crate::seal::signature;
use crate::seal::storing::{self, Update};

/// Documents serialised by one query.
pub const CHUNK: i64 = 1000;

/// Rounds of flushing in one go. A second round is needed when another trigger writes while digests are being stored;
/// more than a few mean a trigger that changes the document each time.
const MAX_ROUNDS: usize = 8;

/// Body of the trigger function `keep()`.
pub fn keep(event: &Event) -> Result<()> {
    if event.change == Change::Truncate {
        return all();
    }
    let (document, watch) = subject(event)?;
    if is_idle(event, &document, &watch)? {
        return Ok(());
    }
    if watch.part == Part::Root {
        let version = if event.change == Change::Delete {
            Version::Old
        } else {
            Version::New
        };
        let key = event.text(version, &document.key_column)?;
        return if are_waiting(&document, key.as_slice()) {
            all()
        } else {
            Ok(())
        };
    }
    // A line of a line may belong to another document than a moment ago: while the flush waited for a lock, another session
    // has moved what lies between them. That session has not seen this write, so that document is flushed too. Ends when no
    // document is new; each has been locked by then.
    while are_waiting(&document, &keys_of_child(&document, &watch, event)?) {
        all()?;
    }
    Ok(())
}

/// Whether any of these documents waits for a flush.
fn are_waiting(document: &Document, keys: &[String]) -> bool {
    let mut waiting = false;
    for key in keys {
        match mark::mark(&document.name, key) {
            Some(known) => waiting |= known.pending,
            // Nobody marked it: the guard's trigger is disabled, or the line has come to it since. The queue of events is
            // what is trusted.
            None => {
                let mark = Mark {
                    pending: true,
                    ..Mark::default()
                };
                mark::set(&document.name, key, mark);
                waiting = true;
            }
        }
    }
    waiting
}

/// Flushes one document, if it waits; others go on waiting for the end of the transaction.
pub fn one(name: &str, key: &str) -> Result<()> {
    let Some(known) = mark::mark(name, key).filter(|known| known.pending) else {
        return Ok(());
    };
    let document = registry::document(name)?;
    taken(name, key, known);
    Flush::run(&document, &[(key.to_owned(), known)])
}

/// Notes that a document is being flushed. Before the flush, not after: a write that another trigger makes meanwhile must
/// wait for its own.
fn taken(name: &str, key: &str, known: Mark) {
    mark::set(
        name,
        key,
        Mark {
            was_sealed: known.was_sealed,
            ..Mark::default()
        },
    );
}

/// Flushes every document that waits.
pub fn all() -> Result<()> {
    for _ in 0..MAX_ROUNDS {
        let pending = mark::pending();
        if pending.is_empty() {
            return Ok(());
        }
        for (name, keys) in pending {
            let document = registry::document(&name)?;
            for chunk in keys.chunks(CHUNK as usize) {
                pgrx::check_for_interrupts!();
                let mut batch: Vec<(String, Mark)> = Vec::with_capacity(chunk.len());
                for key in chunk {
                    let known = mark::mark(&name, key).unwrap_or_default();
                    batch.push((key.clone(), known));
                    taken(&name, key, known);
                }
                Flush::run(&document, &batch)?;
            }
        }
    }
    Err(Error::BadDefinition {
        what: "a trigger changes a protected document each time its digest is stored".into(),
        hint: "Make that trigger leave the columns alone that the definition reads.",
    })
}

/// What has to happen to a row.
enum Course {
    /// Not sealed: the columns follow the content.
    Follow,
    /// It has just reached a sealed state, or got a signature.
    Seal,
    /// The register has it as sealed: content and columns must be those of the seal.
    Compare(register::Seal),
    /// Sealed before the extension came, and not adopted: the guard has said all there is.
    Leave,
}

/// What a flush begins with.
struct Read {
    rows: Vec<RootRow>,
    language: Option<String>,
    /// The digests over the documents' own rows by the current edition, where they were read at once.
    own: Option<HashMap<String, String>>,
}

struct Flush<'d> {
    document: &'d Document,
    session: Session,
    by: String,
    /// The caller's.
    path: SearchPath,
    updates: Vec<Update>,
    entries: Vec<Entry>,
}

impl Flush<'_> {
    fn run(document: &Document, batch: &[(String, Mark)]) -> Result<()> {
        let by = caller::role_name(caller::current_role());
        let mut flush = Flush {
            document,
            session: Session::open(),
            by,
            path: SearchPath::current(),
            updates: Vec::new(),
            entries: Vec::new(),
        };
        let marks: HashMap<&str, Mark> = batch
            .iter()
            .map(|(key, mark)| (key.as_str(), *mark))
            .collect();
        // What follows pins the settings three times more: with these they are as wanted by then.
        let _pinned = RunAs::caller();
        let reading = RunAs::reader(document.owner);
        let Read {
            rows,
            language,
            own: known,
        } = flush.read(batch)?;
        let courses = flush.courses(&rows, &marks)?;
        let written: Vec<&str> = rows
            .iter()
            .zip(&courses)
            .filter(|(_, course)| matches!(course, Course::Follow | Course::Seal))
            .map(|(row, _)| row.key.as_str())
            .collect();
        let texts = flush.texts(&written, language.as_deref())?;
        let own = match known {
            Some(known) if courses.iter().all(|c| matches!(c, Course::Seal)) => known,
            _ => flush.own_digests(&rows, &courses)?,
        };
        for (row, course) in rows.iter().zip(courses) {
            let mark = marks.get(row.key.as_str()).copied().unwrap_or_default();
            let own = own.get(&row.key).map(String::as_str);
            match course {
                Course::Follow => {
                    let text = texts.get(&row.key).ok_or_else(|| no_row(document))?;
                    flush.follow(row, mark, text);
                }
                Course::Seal => {
                    let text = texts.get(&row.key).ok_or_else(|| no_row(document))?;
                    flush.seal(row, mark, text, language.as_deref(), own)?;
                }
                Course::Compare(seal) => flush.compare(row, mark, &seal, own)?,
                Course::Leave => {}
            }
        }
        drop(reading);
        flush.write()
    }

    /// Locks the root rows and reads them, with the database's language.
    fn read(&self, batch: &[(String, Mark)]) -> Result<Read> {
        let (d, fresh) = (self.document, Snapshot::Fresh);
        let [(key, mark)] = batch else {
            let keys: Vec<&str> = batch.iter().map(|(key, _)| key.as_str()).collect();
            // Locked in key order, so that two sessions that wrote lines of the same documents follow each other; what is
            // read after that is read with a snapshot taken after the lock.
            let rows = RootRow::all(&self.session.run(&d.sql.lock, vec![keys.into()], fresh)?);
            return Ok(Read {
                rows,
                language: matching::default_language(&self.session, d, fresh)?,
                own: None,
            });
        };
        // A transaction mostly writes one document. Then each statement less counts: a tenth of the cost of sealing
        // (docs/PERFORMANCE.md). Whoever has written the root row holds its lock.
        if !mark.vouched {
            self.session
                .run(&d.sql.lock_one, vec![key.as_str().into()], fresh)?;
        }
        let sql = if mark.sealing {
            &d.sql.read_sealing
        } else {
            &d.sql.read_one
        };
        let found = self.session.run(sql, vec![key.as_str().into()], fresh)?;
        let own = mark
            .sealing
            .then(|| digests_of_own(&found, RootRow::COLUMNS + 1, &d.current));
        Ok(Read {
            rows: RootRow::all(&found),
            language: found.string(0, RootRow::COLUMNS + 1),
            own,
        })
    }

    fn courses(&self, rows: &[RootRow], marks: &HashMap<&str, Mark>) -> Result<Vec<Course>> {
        let d = self.document;
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let mut standings = register::standings(&self.session, &d.name, &keys, Snapshot::Fresh)?;
        Ok(rows
            .iter()
            .map(|row| {
                let mark = marks.get(row.key.as_str()).copied().unwrap_or_default();
                match standings.remove(&row.key) {
                    Some(Standing::Sealed(seal)) => Course::Compare(seal),
                    // A reopened row may still say that it is sealed; it is again when it is sealed or signed anew.
                    Some(Standing::Reopened) if mark.sealing => Course::Seal,
                    Some(Standing::Reopened) => Course::Follow,
                    None if !row.is_sealed(d) => Course::Follow,
                    None if mark.was_sealed => Course::Leave,
                    None => Course::Seal,
                }
            })
            .collect())
    }

    /// The digests over the own rows of what is sealed, each by the edition that sealed it.
    fn own_digests(&self, rows: &[RootRow], courses: &[Course]) -> Result<HashMap<String, String>> {
        let mut own = HashMap::new();
        for edition in self.document.editions() {
            let keys: Vec<&str> = rows
                .iter()
                .zip(courses)
                .filter(|(_, course)| {
                    let sealed_by = match course {
                        Course::Compare(seal) => self.document.edition_of(seal),
                        Course::Seal => &self.document.current,
                        Course::Follow | Course::Leave => return false,
                    };
                    sealed_by.number == edition.number
                })
                .map(|(row, _)| row.key.as_str())
                .collect();
            own.extend(own_digests(&self.session, edition, &keys, Snapshot::Fresh)?);
        }
        Ok(own)
    }

    fn texts(&self, keys: &[&str], language: Option<&str>) -> Result<Texts> {
        if keys.is_empty() {
            return Ok(Texts::new());
        }
        fetch::texts(
            &self.session,
            self.document,
            &self.document.current,
            keys,
            language,
            Snapshot::Fresh,
        )
    }

    /// Brings the columns up to date. A line's write that leaves the text as it is writes the root row all the same: another
    /// session may have written another line, with a snapshot that shows neither, and both together may give another text.
    /// With a new version of the row that session gets 40001; a lock alone it would not notice.
    fn follow(&mut self, row: &RootRow, mark: Mark, text: &str) {
        let digest = Digest::of(text).to_string();
        let is_of_lines = mark.open && !mark.vouched;
        if is_of_lines
            || row.digest.as_deref() != Some(&digest)
            || row.text.as_deref() != Some(text)
        {
            self.updates
                .push((row.key.clone(), digest, text.to_owned()));
        }
    }

    fn seal(
        &mut self,
        row: &RootRow,
        mark: Mark,
        text: &str,
        language: Option<&str>,
        mut own: Option<&str>,
    ) -> Result<()> {
        let supplied = mark.supplied && (row.text.is_some() || row.digest.is_some());
        let (digest, language) = if supplied {
            let breaches = self.entries.len();
            let (digest, language) = self.supplied(row, text, language)?;
            if self.entries.len() > breaches {
                // Let through although it is not what the definition gives: sealed as supplied, and without an own
                // digest, so that verification judges it by its fields and finds the difference.
                own = None;
            }
            (digest, language)
        } else {
            self.follow(row, mark, text);
            (Digest::of(text).to_string(), language.map(str::to_owned))
        };
        let d = self.document;
        self.entries.push(Entry {
            event: Some(register::Event::Seal),
            document: Some(d.name.clone()),
            key: Some(row.key.clone()),
            definition: Some(d.current.signature.clone()),
            edition: Some(d.current.number),
            profile: Some(d.current.profile.name().to_owned()),
            language,
            digest: Some(digest.clone()),
            own_digest: own.map(str::to_owned),
            ..Entry::default()
        });
        if let Some(signature) = &row.signature {
            let entries = signature::judged_entries(
                &self.session,
                d,
                &d.root,
                &row.key,
                Some(&digest),
                signature,
            )?;
            self.entries.extend(entries);
        }
        Ok(())
    }

    /// An application that brings its own text (GNU Health does) must bring what the current definition gives in some
    /// language, whichever Python's Unicode table it used; returns the digest and that language.
    fn supplied(
        &mut self,
        row: &RootRow,
        text: &str,
        language: Option<&str>,
    ) -> Result<(String, Option<String>)> {
        let of_text = row.text.as_deref().map(|t| Digest::of(t).to_string());
        let digest = match (&row.digest, of_text) {
            (Some(digest), Some(of_text)) if *digest != of_text => {
                self.breach(row, Breach::SuppliedDigest, Vec::new())?;
                return Ok((digest.clone(), None));
            }
            (Some(digest), _) => digest.clone(),
            (None, Some(of_text)) => of_text,
            (None, None) => return Err(Error::Bug("nothing supplied")),
        };
        let (language, words) = match self.words_of(row, &digest, text, language)? {
            Ok(found) => found,
            Err(fields) => {
                self.breach(row, Breach::SuppliedText, fields)?;
                return Ok((digest, None));
            }
        };
        if row.digest.is_none() || row.text.is_none() {
            self.updates.push((row.key.clone(), digest.clone(), words));
        }
        Ok((digest, language))
    }

    /// The language and the words that have a digest, or the fields in which the nearest words differ from those supplied.
    #[allow(
        clippy::type_complexity,
        reason = "an answer that is either, inside of what may fail"
    )]
    fn words_of(
        &self,
        row: &RootRow,
        digest: &str,
        text: &str,
        language: Option<&str>,
    ) -> Result<std::result::Result<(Option<String>, String), Vec<String>>> {
        if Digest::of(text).to_string() == digest {
            return Ok(Ok((language.map(str::to_owned), text.to_owned())));
        }
        let d = self.document;
        let mut wordings = matching::every_wording(&self.session, d, language, Snapshot::Fresh)?;
        wordings.retain(|wording| wording.edition.number == d.current.number);
        let search = Search {
            document: d,
            snapshot: Snapshot::Fresh,
        };
        let sought = [Sought {
            key: &row.key,
            digest: Some(digest),
            text: row.text.as_deref(),
        }];
        let found = search.run(&sought, &wordings).pop().flatten();
        let found = found.ok_or_else(|| no_row(d))?;
        Ok(match (found.is_match, found.text) {
            (true, Ok(words)) => Ok((found.wording.language, words)),
            _ => Err(found.changes.map_or_else(Vec::new, |changes| {
                let fields = changes.top_level_fields().into_iter();
                fields.map(str::to_owned).collect()
            })),
        })
    }

    fn compare(
        &mut self,
        row: &RootRow,
        mark: Mark,
        seal: &register::Seal,
        own: Option<&str>,
    ) -> Result<()> {
        let of_text = row.text.as_deref().map(|t| Digest::of(t).to_string());
        if row.digest.as_deref() != Some(&seal.digest) || of_text.as_deref() != Some(&seal.digest) {
            self.breach(row, Breach::Text, Vec::new())?;
        } else if seal.own_digest.is_some() && seal.own_digest.as_deref() != own {
            self.breach(row, Breach::Content, Vec::new())?;
        }
        if let (true, Some(signature)) = (mark.signed, &row.signature) {
            let d = self.document;
            let entries = signature::judged_entries(
                &self.session,
                d,
                &d.root,
                &row.key,
                row.digest.as_deref(),
                signature,
            )?;
            self.entries.extend(entries);
        }
        Ok(())
    }

    fn breach(&mut self, row: &RootRow, what: Breach, fields: Vec<String>) -> Result<()> {
        self.entries.extend(breach(
            self.document,
            &self.document.root,
            &row.key,
            what,
            fields,
        )?);
        Ok(())
    }

    fn write(self) -> Result<()> {
        if !self.updates.is_empty() {
            storing::store(&self.session, self.document, &self.path, self.updates)?;
        }
        register::enter(&self.session, &self.entries, &self.by)
    }
}
