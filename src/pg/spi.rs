//! SQL from inside the backend. pgrx's own SPI client chooses the snapshot by itself (read-only until the transaction
//! has an id); verdicts and flushes must choose it, so this is a thin layer over the same C functions.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CString;
use std::marker::PhantomData;

use pgrx::pg_sys;
use pgrx::{FromDatum, IntoDatum};

use crate::error::{Error, Result};
use crate::pg::caller::SearchPath;

/// Which state of the database a statement sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshot {
    /// What the calling query sees; the statement may not write.
    Caller,
    /// What is committed now, and what this transaction did; the statement may write.
    Fresh,
}

/// One parameter of a statement.
pub struct Arg {
    oid: pg_sys::Oid,
    datum: Option<pg_sys::Datum>,
}

impl<T: IntoDatum> From<T> for Arg {
    fn from(value: T) -> Arg {
        Arg {
            oid: T::type_oid(),
            datum: value.into_datum(),
        }
    }
}

thread_local! {
    // Plans are kept for the life of the backend: planning a definition costs 0.5-2 ms, executing it 20 us a document.
    // PostgreSQL itself replans when a table, a function or the search_path changes.
    static PLANS: RefCell<HashMap<String, pg_sys::SPIPlanPtr>> = RefCell::new(HashMap::new());
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Plans kept at most; more (a backend that touches thousands of document types) starts over.
const MAX_PLANS: usize = 512;

/// An open connection to SPI. Rows borrow from it.
pub struct Session {
    _not_send: PhantomData<*const ()>,
}

#[allow(
    clippy::unused_self,
    reason = "a statement runs in a session that is open, and its rows live as long"
)]
impl Session {
    /// Opens a connection; it closes when dropped, also while an error unwinds.
    pub fn open() -> Session {
        // SAFETY: SPI_connect has no preconditions inside a transaction, which every SQL-callable function runs in.
        unsafe { pg_sys::SPI_connect() };
        DEPTH.set(DEPTH.get() + 1);
        Session {
            _not_send: PhantomData,
        }
    }

    /// Runs a statement with `$1`-style parameters. The plan is kept under the statement's text, so the text must not
    /// contain values.
    pub fn run(&self, sql: &str, args: Vec<Arg>, snapshot: Snapshot) -> Result<Rows<'_>> {
        self.run_limited(sql, args, snapshot, 0)
    }

    /// As [`Session::run`], with at most `limit` rows (0: all).
    #[allow(
        clippy::needless_pass_by_value,
        reason = "what the values point to has to live until the statement has run"
    )]
    pub fn run_limited(
        &self,
        sql: &str,
        args: Vec<Arg>,
        snapshot: Snapshot,
        limit: i64,
    ) -> Result<Rows<'_>> {
        panic_point!();
        let plan = prepared(sql, &args)?;
        let (mut values, nulls) = datums(&args);
        // SAFETY: the plan was prepared for as many parameters of these types as the two vectors have; both outlive the
        // call. Result data lives in the SPI context until the session closes, which Rows' lifetime enforces.
        unsafe {
            let status = pg_sys::SPI_execute_plan(
                plan,
                values.as_mut_ptr(),
                nulls.as_ptr(),
                snapshot == Snapshot::Caller,
                limit as _,
            );
            panic_point!();
            if status < 0 {
                return Err(Error::Bug("SPI_execute_plan failed"));
            }
            Ok(Rows::of(pg_sys::SPI_tuptable, pg_sys::SPI_processed))
        }
    }

    /// As [`Session::run`] with [`Snapshot::Fresh`], for a write whose AFTER triggers run under a search_path of their own. Only
    /// for a table whose triggers do not depend on one ([`checks::are_all`](crate::pg::checks::are_all)).
    ///
    /// PostgreSQL keeps the plan of a foreign key's check for one search_path, although the check names everything in full.
    /// A row that the same transaction inserted is checked again, and a commit that stored its digest under ours had each
    /// plan made anew, twice a transaction: 5 % of sealing a prescription (docs/PERFORMANCE.md).
    #[allow(
        clippy::needless_pass_by_value,
        reason = "what the values point to has to live until the statement has run"
    )]
    pub fn run_and_check(&self, sql: &str, args: Vec<Arg>, path: &SearchPath) -> Result<Rows<'_>> {
        panic_point!();
        let plan = prepared(sql, &args)?;
        let (mut values, nulls) = datums(&args);
        // SAFETY: as in run_limited(). The statement queues its AFTER triggers for the query that it is told it is part of, as
        // one of a foreign key's actions does; that query is begun before it and ended after it, which runs them. An error
        // ends it with the transaction or subtransaction. Without an executor's state PostgreSQL makes one.
        unsafe {
            pg_sys::AfterTriggerBeginQuery();
            let status = pg_sys::SPI_execute_snapshot(
                plan,
                values.as_mut_ptr(),
                nulls.as_ptr(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                false,
                false,
                0,
            );
            if status < 0 {
                return Err(Error::Bug("SPI_execute_snapshot failed"));
            }
            let (table, count) = (pg_sys::SPI_tuptable, pg_sys::SPI_processed);
            let searching = path.enter();
            pg_sys::AfterTriggerEndQuery(std::ptr::null_mut());
            drop(searching);
            // Not before: if a check fails they are PostgreSQL's to free.
            Ok(Rows::of(table, count))
        }
    }

    /// Begins a query with `$1`-style parameters whose rows are taken a few at a time, for results that should not be in memory
    /// at once. The plan is kept as by [`Session::run`].
    #[allow(
        clippy::needless_pass_by_value,
        reason = "what the values point to has to live until they are copied"
    )]
    pub fn stream(&self, sql: &str, args: Vec<Arg>, snapshot: Snapshot) -> Result<Stream<'_>> {
        panic_point!();
        let plan = prepared(sql, &args)?;
        let (mut values, nulls) = datums(&args);
        // SAFETY: as in run_limited(). The cursor has a copy of the parameters.
        let portal = unsafe {
            pg_sys::SPI_cursor_open(
                std::ptr::null(),
                plan,
                values.as_mut_ptr(),
                nulls.as_ptr(),
                snapshot == Snapshot::Caller,
            )
        };
        if portal.is_null() {
            return Err(Error::Bug("SPI_cursor_open failed"));
        }
        Ok(Stream {
            portal,
            _session: PhantomData,
        })
    }

    /// Runs a utility statement (DDL) whose text was built with quoted identifiers; nothing is kept.
    pub fn execute(&self, sql: &str) -> Result<()> {
        panic_point!();
        let text = CString::new(sql).map_err(|_| Error::Bug("NUL in a statement"))?;
        // SAFETY: a NUL-terminated string that outlives the call.
        let status = unsafe { pg_sys::SPI_execute(text.as_ptr(), false, 0) };
        if status < 0 {
            Err(Error::Bug("SPI_execute failed"))
        } else {
            Ok(())
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
        // SAFETY: closes the connection that open() made; also right while unwinding, because the error state was
        // flushed when the error became a panic and connections are closed in reverse order.
        unsafe { pg_sys::SPI_finish() };
    }
}

/// The values of arguments, and which of them are NULL.
fn datums(args: &[Arg]) -> (Vec<pg_sys::Datum>, Vec<std::ffi::c_char>) {
    let values = args
        .iter()
        .map(|a| a.datum.unwrap_or(pg_sys::Datum::from(0)));
    let nulls = args
        .iter()
        .map(|a| if a.datum.is_some() { b' ' } else { b'n' } as std::ffi::c_char);
    (values.collect(), nulls.collect())
}

/// A query that has begun.
pub struct Stream<'s> {
    portal: pg_sys::Portal,
    _session: PhantomData<&'s Session>,
}

impl Stream<'_> {
    /// The next rows, as many as `count` or fewer at the end, where it gives none.
    pub fn next(&mut self, count: i64) -> Rows<'_> {
        panic_point!();
        // SAFETY: the portal is open until it is dropped. Result data lives in the SPI context as that of run().
        unsafe {
            pg_sys::SPI_cursor_fetch(self.portal, true, count as _);
            Rows::of(pg_sys::SPI_tuptable, pg_sys::SPI_processed)
        }
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        // A portal that failed is PostgreSQL's to clean up when the transaction or subtransaction is rolled back.
        if !std::thread::panicking() {
            // SAFETY: closes what stream() opened.
            unsafe { pg_sys::SPI_cursor_close(self.portal) };
        }
    }
}

fn prepared(sql: &str, args: &[Arg]) -> Result<pg_sys::SPIPlanPtr> {
    if let Some(plan) = PLANS.with(|plans| plans.borrow().get(sql).copied()) {
        return Ok(plan);
    }
    let text = CString::new(sql).map_err(|_| Error::Bug("NUL in a statement"))?;
    let mut types: Vec<pg_sys::Oid> = args.iter().map(|a| a.oid).collect();
    // SAFETY: a NUL-terminated string and an array of argument types, both outliving the call; the plan is moved to
    // permanent memory before it is remembered.
    let plan = unsafe {
        let plan = pg_sys::SPI_prepare(text.as_ptr(), types.len() as _, types.as_mut_ptr());
        if plan.is_null() || pg_sys::SPI_keepplan(plan) != 0 {
            return Err(Error::Bug("SPI_prepare failed"));
        }
        plan
    };
    let superseded: Vec<pg_sys::SPIPlanPtr> = PLANS.with(|plans| {
        let mut plans = plans.borrow_mut();
        // An outer session may be in the middle of executing one of them; freed plans are freed at once.
        let superseded = if plans.len() >= MAX_PLANS && DEPTH.get() <= 1 {
            plans.drain().map(|(_, p)| p).collect()
        } else {
            Vec::new()
        };
        plans.insert(sql.to_owned(), plan);
        superseded
    });
    for old in superseded {
        // SAFETY: a kept plan that is in no map any more, and no outer session is executing.
        unsafe { pg_sys::SPI_freeplan(old) };
    }
    Ok(plan)
}

/// The columns of one row.
#[derive(Default)]
struct Apart {
    row: Option<usize>,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

/// The rows of one statement. Columns count from 1, as in SQL.
pub struct Rows<'s> {
    table: *mut pg_sys::SPITupleTable,
    count: usize,
    // Rows are read column after column: each is taken apart once. A call into PostgreSQL for each column, which pgrx
    // guards against its errors, and which begins again at the row's first column, took 3 us of a document's 35.
    last: RefCell<Apart>,
    _session: PhantomData<&'s Session>,
}

impl Rows<'_> {
    fn of(table: *mut pg_sys::SPITupleTable, count: u64) -> Self {
        Rows {
            table,
            count: count as usize,
            last: RefCell::default(),
            _session: PhantomData,
        }
    }

    /// Rows returned or written.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The raw value of a column, None for NULL.
    pub fn datum(&self, row: usize, column: usize) -> Option<pg_sys::Datum> {
        if self.table.is_null() || row >= self.count {
            return None;
        }
        let mut last = self.last.borrow_mut();
        if last.row != Some(row) {
            // SAFETY: the table is live (see the lifetime), `row` is below its count, and both arrays have room for as many
            // columns as the table's descriptor says. It copies words and raises no error.
            unsafe {
                let descriptor = (*self.table).tupdesc;
                let columns = usize::try_from((*descriptor).natts).unwrap_or(0);
                last.values.resize(columns, pg_sys::Datum::from(0));
                last.nulls.resize(columns, true);
                let tuple = *(*self.table).vals.add(row);
                pg_sys::heap_deform_tuple(
                    tuple,
                    descriptor,
                    last.values.as_mut_ptr(),
                    last.nulls.as_mut_ptr(),
                );
            }
            last.row = Some(row);
        }
        let place = column.checked_sub(1)?;
        match last.nulls.get(place) {
            Some(false) => last.values.get(place).copied(),
            _ => None,
        }
    }

    /// A column as a Rust value that owns what it holds; the caller knows the column's type from the statement.
    pub fn get<T: FromDatum + Owned>(&self, row: usize, column: usize) -> Option<T> {
        self.value(row, column)
    }

    /// A bytea column, borrowed from these rows.
    pub fn bytes(&self, row: usize, column: usize) -> Option<&[u8]> {
        self.value::<&[u8]>(row, column)
    }

    fn value<T: FromDatum>(&self, row: usize, column: usize) -> Option<T> {
        let datum = self.datum(row, column)?;
        // SAFETY: the statement's text fixes the type of the column.
        unsafe { T::from_datum(datum, false) }
    }

    /// A text column, borrowed from these rows.
    pub fn text(&self, row: usize, column: usize) -> Option<&str> {
        let datum = self.datum(row, column)?;
        // SAFETY: the statement's text fixes the type of the column, and its value lives as long as these rows. A value that
        // is neither compressed nor kept elsewhere is read where it lies.
        unsafe {
            let value: *const pg_sys::varlena = datum.cast_mut_ptr();
            if !pgrx::varatt_is_1b_e(value) && !pgrx::varatt_is_4b_c(value) {
                let length = pgrx::varsize_any_exhdr(value);
                let bytes = std::slice::from_raw_parts(pgrx::vardata_any(value).cast(), length);
                if let Ok(text) = std::str::from_utf8(bytes) {
                    return Some(text);
                }
            }
            <&str>::from_datum(datum, false)
        }
    }

    /// A text column as an owned string.
    pub fn string(&self, row: usize, column: usize) -> Option<String> {
        self.text(row, column).map(str::to_owned)
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        if !self.table.is_null() {
            // SAFETY: frees this statement's rows early, so that a long loop in one session does not pile them up; what
            // text() lent is borrowed from self and cannot outlive it.
            unsafe { pg_sys::SPI_freetuptable(self.table) };
        }
    }
}

impl Rows<'_> {
    /// The type of a column.
    pub fn column_type(&self, column: usize) -> pg_sys::Oid {
        if self.table.is_null() {
            return pg_sys::InvalidOid;
        }
        // SAFETY: the table is live; SPI_gettypeid checks the column number.
        unsafe { pg_sys::SPI_gettypeid((*self.table).tupdesc, column as _) }
    }
}

/// Types that hold no pointer into a result.
pub trait Owned {}

impl Owned for bool {}
impl Owned for i16 {}
impl Owned for i32 {}
impl Owned for i64 {}
impl Owned for f32 {}
impl Owned for f64 {}
impl Owned for String {}
impl Owned for pg_sys::Oid {}
impl Owned for pgrx::AnyNumeric {}
impl Owned for pgrx::datum::TimestampWithTimeZone {}
impl<T: Owned> Owned for Vec<T> {}
