//! What this transaction has written: which documents wait for the flush at its end, and what the guard saw of them.
//!
//! The truth is in PostgreSQL's own queue of deferred trigger events: every write queues one, and a document is flushed
//! when its event fires unless this module says that it has been. So what must never go wrong is saying "flushed" of a
//! document that is not; a flush in a savepoint that is rolled back is undone here, as PostgreSQL undoes the events.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use pgrx::pg_sys::SubTransactionId;

/// What is known of one document in this transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// Written since the last flush.
    pub pending: bool,
    /// The guard found it not sealed when it was first written: this transaction may go on writing it until it is
    /// flushed.
    pub open: bool,
    /// A write of the root row itself showed it not sealed. A line cannot show that: the root row that its guard reads may
    /// have been changed by the same statement.
    pub vouched: bool,
    /// It was sealed (by state, signature or register) before this transaction.
    pub was_sealed: bool,
    /// The application wrote the digest or the text itself.
    pub supplied: bool,
    /// The row reached a sealed state, or got a signature.
    pub sealing: bool,
    /// The signature column was written.
    pub signed: bool,
}

type Name = (String, String);

#[derive(Default)]
struct Marks {
    marks: HashMap<Name, Mark>,
    pending: BTreeMap<String, BTreeSet<String>>,
    // Former states in order of change; a rolled-back subtransaction puts back what came after its start.
    undo: Vec<(Name, Option<Mark>)>,
    subs: Vec<(SubTransactionId, usize)>,
}

impl Marks {
    fn put(&mut self, name: Name, mark: Option<Mark>) {
        let waiting = self.pending.entry(name.0.clone()).or_default();
        if mark.is_some_and(|m| m.pending) {
            waiting.insert(name.1.clone());
        } else {
            waiting.remove(&name.1);
        }
        match mark {
            Some(mark) => self.marks.insert(name, mark),
            None => self.marks.remove(&name),
        };
    }
}

thread_local! {
    static MARKS: RefCell<Marks> = RefCell::new(Marks::default());
}

/// What is known of a document.
pub fn mark(document: &str, key: &str) -> Option<Mark> {
    MARKS.with(|m| {
        m.borrow()
            .marks
            .get(&(document.to_owned(), key.to_owned()))
            .copied()
    })
}

/// Remembers what is known of a document.
pub fn set(document: &str, key: &str, mark: Mark) {
    MARKS.with(|m| {
        let mut m = m.borrow_mut();
        let name = (document.to_owned(), key.to_owned());
        let before = m.marks.get(&name).copied();
        if before != Some(mark) {
            m.undo.push((name.clone(), before));
            m.put(name, Some(mark));
        }
    });
}

/// The documents that wait for a flush, with their keys in text order.
pub fn pending() -> Vec<(String, Vec<String>)> {
    MARKS.with(|m| {
        m.borrow()
            .pending
            .iter()
            .filter(|(_, keys)| !keys.is_empty())
            .map(|(document, keys)| (document.clone(), keys.iter().cloned().collect()))
            .collect()
    })
}

/// The transaction has ended.
pub fn forget_all() {
    MARKS.with(|m| {
        if let Ok(mut m) = m.try_borrow_mut() {
            *m = Marks::default();
        }
    });
    crate::seal::flush::at_end();
}

/// A subtransaction begins.
pub fn begin_sub(sub: SubTransactionId) {
    MARKS.with(|m| {
        if let Ok(mut m) = m.try_borrow_mut() {
            let length = m.undo.len();
            m.subs.push((sub, length));
        }
    });
}

/// A subtransaction becomes part of its parent.
pub fn commit_sub(sub: SubTransactionId) {
    MARKS.with(|m| {
        if let Ok(mut m) = m.try_borrow_mut() {
            m.subs.retain(|(known, _)| *known != sub);
        }
    });
}

/// A subtransaction is rolled back. One that began before the library was loaded is not in the list: then everything
/// that is remembered came after its start.
pub fn abort_sub(sub: SubTransactionId) {
    MARKS.with(|m| {
        if let Ok(mut m) = m.try_borrow_mut() {
            let place = m.subs.iter().position(|(known, _)| *known == sub);
            let length = place
                .and_then(|p| m.subs.get(p))
                .map_or(0, |(_, length)| *length);
            m.subs.truncate(place.unwrap_or(0));
            while m.undo.len() > length {
                if let Some((name, before)) = m.undo.pop() {
                    m.put(name, before);
                }
            }
        }
    });
}
