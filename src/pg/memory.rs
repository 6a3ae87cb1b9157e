//! Memory that is given back before the function that is running returns.

use pgrx::PgMemoryContexts;

/// Runs `step`, and frees what PostgreSQL's allocator gave it meanwhile: parameters, results, what a type's functions left
/// behind. Otherwise a function that goes through a million documents in one call holds all of it until its end. What
/// `step` returns must own its memory in Rust, which `'static` and the types of verdicts see to.
pub fn freed_after<T: 'static>(step: impl FnOnce() -> T) -> T {
    let mut context = PgMemoryContexts::new("health_crypto step");
    // SAFETY: the context lives until the end of this function, and the caller's is current again before; if `step` unwinds,
    // the context is dropped, which makes the caller's current first. Nothing that `step` returns points into it: plans
    // and what is remembered of documents are in longer-lived contexts or in Rust's memory.
    unsafe { context.switch_to(|_| step()) }
}
