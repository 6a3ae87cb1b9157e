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

/// What came after the start of a subtransaction, or of the transaction.
#[derive(Default)]
struct Level {
    /// None for the transaction.
    sub: Option<SubTransactionId>,
    // What each document that changed was before its first change here; a rollback puts that back. One state a document,
    // however often it is written and flushed.
    before: HashMap<Name, Option<Mark>>,
}

#[derive(Default)]
struct Marks {
    marks: HashMap<Name, Mark>,
    pending: BTreeMap<String, BTreeSet<String>>,
    // The transaction and, within it, its open subtransactions.
    transaction: Level,
    subs: Vec<Level>,
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

    fn innermost(&mut self) -> &mut Level {
        self.subs.last_mut().unwrap_or(&mut self.transaction)
    }

    fn put_back(&mut self, level: Level) {
        for (name, before) in level.before {
            self.put(name, before);
        }
    }

    fn place_of(&self, sub: SubTransactionId) -> Option<usize> {
        self.subs.iter().position(|level| level.sub == Some(sub))
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
            let level = m.innermost();
            level.before.entry(name.clone()).or_insert(before);
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
    crate::seal::storing::at_end();
}

/// A subtransaction begins.
pub fn begin_sub(sub: SubTransactionId) {
    MARKS.with(|m| {
        if let Ok(mut m) = m.try_borrow_mut() {
            m.subs.push(Level {
                sub: Some(sub),
                before: HashMap::new(),
            });
        }
    });
}

/// A subtransaction becomes part of its parent.
pub fn commit_sub(sub: SubTransactionId) {
    MARKS.with(|m| {
        if let Ok(mut m) = m.try_borrow_mut()
            && let Some(place) = m.place_of(sub)
        {
            while m.subs.len() > place {
                let Some(level) = m.subs.pop() else { break };
                let parent = m.innermost();
                if parent.before.is_empty() {
                    parent.before = level.before;
                    continue;
                }
                for (name, before) in level.before {
                    // What the parent found is older.
                    parent.before.entry(name).or_insert(before);
                }
            }
        }
    });
}

/// A subtransaction is rolled back. One that began before the library was loaded is not in the list: then everything
/// that is remembered came after its start.
pub fn abort_sub(sub: SubTransactionId) {
    MARKS.with(|m| {
        if let Ok(mut m) = m.try_borrow_mut() {
            let place = m.place_of(sub);
            while m.subs.len() > place.unwrap_or(0) {
                if let Some(level) = m.subs.pop() {
                    m.put_back(level);
                }
            }
            if place.is_none() {
                let level = std::mem::take(&mut m.transaction);
                m.put_back(level);
            }
        }
    });
}
