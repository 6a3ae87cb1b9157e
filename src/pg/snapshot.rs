//! What the query in hand sees.

use pgrx::pg_sys;

/// What tells a snapshot from others of the same transaction: its oldest running and its next transaction, the command it is
/// of, and how many transactions had ended when it was taken.
pub type Seen = (u32, u32, u32, u64);

/// What the active snapshot is known by. None without one.
pub fn seen() -> Option<Seen> {
    // SAFETY: the active snapshot is PostgreSQL's and lives longer than this call, which copies plain numbers.
    unsafe {
        if !pg_sys::ActiveSnapshotSet() {
            return None;
        }
        let snapshot = pg_sys::GetActiveSnapshot();
        if snapshot.is_null() {
            return None;
        }
        Some((
            u32::from((*snapshot).xmin),
            u32::from((*snapshot).xmax),
            (*snapshot).curcid,
            (*snapshot).snapXactCompletionCount,
        ))
    }
}
