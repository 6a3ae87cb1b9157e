//! What the query in hand sees.

use pgrx::pg_sys;

/// What tells the active snapshot from others of the same transaction: its oldest running and its next transaction, the
/// command it is of, and how many transactions had ended when it was taken. None without a snapshot.
pub fn seen() -> Option<(u32, u32, u32, u64)> {
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
