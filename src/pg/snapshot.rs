//! What the query in hand sees.

use pgrx::pg_sys;

/// What a snapshot shows: two that are equal show the same rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Transactions before this one had ended.
    before: pg_sys::TransactionId,
    /// Those from this one on had not begun.
    until: pg_sys::TransactionId,
    /// Which of those between were running, and of their subtransactions as many as PostgreSQL kept.
    running: Vec<pg_sys::TransactionId>,
    subtransactions: Vec<pg_sys::TransactionId>,
    /// What this transaction itself had done.
    command: pg_sys::CommandId,
}

/// What the active snapshot shows. None without one.
pub fn seen() -> Option<Seen> {
    // SAFETY: the active snapshot is PostgreSQL's and lives longer than this call, which copies plain numbers; both arrays
    // have as many elements as it says.
    unsafe {
        if !pg_sys::ActiveSnapshotSet() {
            return None;
        }
        let snapshot = pg_sys::GetActiveSnapshot();
        if snapshot.is_null() {
            return None;
        }
        let copied = |first: *mut pg_sys::TransactionId, count: usize| {
            if first.is_null() {
                Vec::new()
            } else {
                std::slice::from_raw_parts(first, count).to_vec()
            }
        };
        Some(Seen {
            before: (*snapshot).xmin,
            until: (*snapshot).xmax,
            running: copied((*snapshot).xip, (*snapshot).xcnt as usize),
            subtransactions: copied(
                (*snapshot).subxip,
                usize::try_from((*snapshot).subxcnt).unwrap_or(0),
            ),
            command: (*snapshot).curcid,
        })
    }
}
