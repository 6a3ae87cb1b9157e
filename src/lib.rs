//! health_crypto, the PostgreSQL face: thin, and everything that can be decided without PostgreSQL is in the core.

#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "PostgreSQL's counts, numbers of columns and flags are signed and of several widths; what is counted here are \
              rows of a page, entries and arguments"
)]

/// A place where tests/reliability/panics.py has a panic happen; nothing without the feature `panic_points`.
macro_rules! panic_point {
    () => {
        #[cfg(feature = "panic_points")]
        $crate::pg::fault::point();
    };
}

mod document;
mod encrypt;
mod error;
mod helpers;
mod keyring;
mod limits;
mod pg;
mod report;
mod seal;
mod settings;
mod verify;

::pgrx::pg_module_magic!(name, version);

// The whole SQL surface is written by hand in these files, in this order; no declaration is generated.
::pgrx::extension_sql_file!("../sql/bootstrap.sql", name = "bootstrap");
::pgrx::extension_sql_file!(
    "../sql/functions.sql",
    name = "functions",
    requires = ["bootstrap"]
);
::pgrx::extension_sql_file!(
    "../sql/encryption.sql",
    name = "encryption",
    requires = ["functions"]
);
::pgrx::extension_sql_file!(
    "../sql/comments.sql",
    name = "comments",
    requires = ["functions", "encryption"]
);
::pgrx::extension_sql_file!(
    "../sql/privileges.sql",
    name = "privileges",
    requires = ["functions", "encryption", "comments"],
    finalize
);

/// Runs once a backend, when the library is loaded: settings and transaction callbacks.
#[allow(non_snake_case, reason = "the name that PostgreSQL calls")]
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::register();
    pg::xact::register();
    #[cfg(feature = "panic_points")]
    pg::fault::register();
}
