//! Raising our errors with the constraint, schema and table fields set. pgrx reports only code, message, detail and
//! hint, and clients (Tryton among them) read the others.

use std::ffi::{CStr, c_char, c_int};

use pgrx::pg_sys;

use crate::error::{Error, Result};

/// An error as plain C strings in PostgreSQL's memory: nothing in it has a destructor, so the frame that raises it may
/// be left by longjmp.
#[derive(Clone, Copy)]
struct Raisable {
    sqlstate: c_int,
    message: *const c_char,
    detail: *const c_char,
    hint: *const c_char,
    constraint: *const c_char,
    schema: *const c_char,
    table: *const c_char,
}

unsafe extern "C-unwind" {
    fn errstart(level: c_int, domain: *const c_char) -> bool;
    fn errcode(sqlstate: c_int) -> c_int;
    fn errmsg(format: *const c_char, ...) -> c_int;
    fn errdetail(format: *const c_char, ...) -> c_int;
    fn errhint(format: *const c_char, ...) -> c_int;
    fn err_generic_string(field: c_int, value: *const c_char) -> c_int;
    fn errfinish(file: *const c_char, line: c_int, function: *const c_char);
}

/// Copies an error into PostgreSQL's memory.
fn raisable(error: &Error) -> Raisable {
    let constraint = error.constraint();
    Raisable {
        sqlstate: error.sqlstate() as c_int,
        message: copied(Some(&error.to_string())),
        detail: copied(error.detail().as_deref()),
        hint: copied(error.hint()),
        constraint: copied(constraint.map(|(name, _)| name)),
        schema: copied(constraint.map(|(_, table)| table.schema.as_str())),
        table: copied(constraint.map(|(_, table)| table.name.as_str())),
    }
}

fn copied(text: Option<&str>) -> *const c_char {
    let Some(text) = text else {
        return std::ptr::null();
    };
    let bytes: Vec<u8> = text
        .bytes()
        .filter(|b| *b != 0)
        .chain(std::iter::once(0))
        .collect();
    // SAFETY: the vector ends with the one NUL byte, and pstrdup copies up to it.
    CStr::from_bytes_until_nul(&bytes).map_or(std::ptr::null(), |c| unsafe {
        pg_sys::pstrdup(c.as_ptr()).cast_const()
    })
}

/// Raises the error; does not return.
///
/// # Safety
/// Every frame between the caller and PostgreSQL must be free of destructors: call it last in an `extern "C-unwind"`
/// function, outside of every guard.
unsafe fn raise(error: Raisable) {
    const FORMAT: *const c_char = c"%s".as_ptr();
    // SAFETY: the ereport() sequence of PostgreSQL's elog.h, with strings that outlive it in the current memory
    // context; errfinish does not return at level ERROR.
    unsafe {
        if errstart(pgrx::PgLogLevel::ERROR as c_int, std::ptr::null()) {
            errcode(error.sqlstate);
            errmsg(FORMAT, error.message);
            if !error.detail.is_null() {
                errdetail(FORMAT, error.detail);
            }
            if !error.hint.is_null() {
                errhint(FORMAT, error.hint);
            }
            if !error.constraint.is_null() {
                err_generic_string(
                    c_int::from(pg_sys::PG_DIAG_CONSTRAINT_NAME),
                    error.constraint,
                );
                err_generic_string(c_int::from(pg_sys::PG_DIAG_SCHEMA_NAME), error.schema);
                err_generic_string(c_int::from(pg_sys::PG_DIAG_TABLE_NAME), error.table);
            }
            errfinish(c"health_crypto".as_ptr(), 0, c"raise".as_ptr());
        }
    }
}

/// Runs the body of an entry point. Rust panics and PostgreSQL's errors are reported by the guard; an error of ours is
/// raised outside of it, with all its fields.
///
/// # Safety
/// Call it first and last in an `extern "C-unwind"` function that PostgreSQL calls.
pub unsafe fn guarded<T: Copy>(body: impl FnOnce() -> Result<T>) -> Option<T> {
    // SAFETY: what the guard returns has no destructor, and nor has anything else in this frame.
    unsafe {
        match pg_sys::panic::pgrx_extern_c_guard(|| {
            panic_point!();
            body().map_err(|error| raisable(&error))
        }) {
            Ok(value) => Some(value),
            Err(error) => {
                raise(error);
                None
            }
        }
    }
}
