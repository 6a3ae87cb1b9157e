//! A subtransaction, so that an error can be answered instead of passed on.

use std::panic::AssertUnwindSafe;

use pgrx::{PgSqlErrorCode, PgTryBuilder, pg_sys};

use crate::error::{Error, Result};
use crate::pg::shield;

/// Runs something in a subtransaction. On an error the subtransaction is rolled back, and the error returned; what is
/// about the server (cancellation, resources, serialisation) is raised as it is.
pub fn attempt<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    attempt_unless(shield::is_of_the_server, body)
}

/// As [`attempt`], for something that can be done without: where it wants more memory or disk than there is, that is
/// returned too.
pub fn attempt_to_spare<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    attempt_unless(
        |code| shield::is_of_the_server(code) && !shield::is_of_resources(code),
        body,
    )
}

fn attempt_unless<T>(
    is_raised: fn(PgSqlErrorCode) -> bool,
    body: impl FnOnce() -> Result<T>,
) -> Result<T> {
    // SAFETY: the sequence of PL/pgSQL's exception blocks: the memory context and the resource owner of the caller are put
    // back after the subtransaction has ended either way, and the body's SPI sessions are closed by then.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        let outcome = PgTryBuilder::new(AssertUnwindSafe(body))
            .catch_others(|error| {
                let code = shield::code_of(&error);
                match code {
                    Some(code) if !is_raised(code) => Err(Error::DefinitionFailed {
                        document: String::new(),
                        sqlstate: code,
                    }),
                    _ => {
                        // PostgreSQL's own abort would end the subtransaction only, and the session would wait for a
                        // ROLLBACK that a client outside of a transaction block does not send.
                        pg_sys::RollbackAndReleaseCurrentSubTransaction();
                        pg_sys::MemoryContextSwitchTo(context);
                        pg_sys::CurrentResourceOwner = owner;
                        error.rethrow()
                    }
                }
            })
            .execute();
        if outcome.is_ok() {
            pg_sys::ReleaseCurrentSubTransaction();
        } else {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        outcome
    }
}
