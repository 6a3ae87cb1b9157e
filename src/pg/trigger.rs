//! A trigger event, read safely, and the two entry points that PostgreSQL calls.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use crate::document::registry;
use crate::error::{Error, Result, Table};
use crate::pg::caller::{self, RunAs};
use crate::pg::raise;
use crate::pg::spi::{Session, Snapshot};
use crate::seal;

/// What happened to the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A row came.
    Insert,
    /// A row changed.
    Update,
    /// A row went.
    Delete,
    /// All rows went at once.
    Truncate,
}

/// One firing of a trigger.
pub struct Event {
    data: *mut pg_sys::TriggerData,
    /// What happened.
    pub change: Change,
}

/// Which version of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Before the statement (UPDATE, DELETE).
    Old,
    /// After it (INSERT, UPDATE).
    New,
}

impl Event {
    fn from(fcinfo: pg_sys::FunctionCallInfo) -> Result<Event> {
        // SAFETY: the node's tag is checked before the context is read as TriggerData, as CALLED_AS_TRIGGER does.
        unsafe {
            let context = (*fcinfo).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
                return Err(Error::Unsupported {
                    what: "this function can only be called as a trigger".into(),
                    hint: "health_crypto.protect() installs the triggers.",
                });
            }
            #[allow(
                clippy::cast_ptr_alignment,
                reason = "by its tag PostgreSQL has made a TriggerData there"
            )]
            let data = context.cast::<pg_sys::TriggerData>();
            let event = (*data).tg_event;
            let after = event & pg_sys::TRIGGER_EVENT_TIMINGMASK == pg_sys::TRIGGER_EVENT_AFTER;
            let for_row = event & pg_sys::TRIGGER_EVENT_ROW != 0;
            let truncate = event & pg_sys::TRIGGER_EVENT_OPMASK == pg_sys::TRIGGER_EVENT_TRUNCATE;
            // Anybody with the TRIGGER privilege may create one of another shape, which would have no row to read.
            if if truncate {
                for_row
            } else {
                !(for_row && after)
            } {
                return Err(Error::BadArgument {
                    what: "this trigger was not created by health_crypto.protect()".into(),
                    hint: "Drop it.",
                });
            }
            let change = match (*data).tg_event & pg_sys::TRIGGER_EVENT_OPMASK {
                pg_sys::TRIGGER_EVENT_INSERT => Change::Insert,
                pg_sys::TRIGGER_EVENT_DELETE => Change::Delete,
                pg_sys::TRIGGER_EVENT_UPDATE => Change::Update,
                _ => Change::Truncate,
            };
            Ok(Event { data, change })
        }
    }

    /// The trigger's arguments (document, schema and name of the watched table).
    pub fn argument(&self, index: usize) -> Option<&str> {
        // SAFETY: the data is that of the firing in hand.
        unsafe { argument(self.data, index) }
    }

    /// The table that was written (a partition, if the table is partitioned).
    pub fn table(&self) -> Table {
        // SAFETY: as in argument().
        unsafe { table(self.data) }
    }

    /// Whether the written table is this one or a partition below it. A trigger of ours on another table was not
    /// installed by protect().
    pub fn is_on(&self, table: pg_sys::Oid) -> bool {
        // SAFETY: tg_relation is open; the list of ancestors is read and left to the memory context.
        unsafe {
            let relation = (*self.data).tg_relation;
            if (*relation).rd_id == table {
                return true;
            }
            if !(*(*relation).rd_rel).relispartition {
                return false;
            }
            let _settings = RunAs::caller();
            let session = Session::open();
            let rows = session.run(
                "SELECT $2 IN (SELECT a.relid::oid FROM pg_catalog.pg_partition_ancestors($1) a)",
                vec![(*relation).rd_id.into(), table.into()],
                Snapshot::Caller,
            );
            rows.is_ok_and(|rows| rows.get::<bool>(0, 1) == Some(true))
        }
    }

    /// A column of the row as text (by its type's output function), None for NULL or if there is no such version.
    pub fn text(&self, version: Version, column: &str) -> Result<Option<String>> {
        // SAFETY: the data is that of the firing in hand, and the tuple is one of its own.
        unsafe {
            let tuple = match (self.change, version) {
                (Change::Insert, Version::New)
                | (Change::Delete | Change::Update, Version::Old) => (*self.data).tg_trigtuple,
                (Change::Update, Version::New) => (*self.data).tg_newtuple,
                _ => return Ok(None),
            };
            let number = number(self.data, column)?.ok_or_else(|| gone(column))?;
            Ok(text(self.data, tuple, number))
        }
    }

    /// Whether what happened can matter to what these columns hold. An UPDATE that leaves them all as they are does not.
    /// One whose column has another name now, or that PostgreSQL works out when it is read, does: nobody can tell.
    pub fn touches(&self, columns: &[&str]) -> Result<bool> {
        if self.change != Change::Update {
            return Ok(true);
        }
        for column in columns {
            // SAFETY: the data is that of the firing in hand.
            if unsafe { number(self.data, column) }?.is_none() || self.differs(column)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a column has other bytes after the statement than before it (compressed or toasted or not): equality
    /// operators and output functions depend on collations and settings, bytes do not.
    pub fn differs(&self, column: &str) -> Result<bool> {
        // SAFETY: only UPDATE events have two versions, both with the relation's descriptor; number() checks the name,
        // and the comparison follows the column's own length and passing convention.
        unsafe {
            if self.change != Change::Update {
                return Ok(true);
            }
            let descriptor = (*(*self.data).tg_relation).rd_att;
            let number = number(self.data, column)?.ok_or_else(|| gone(column))?;
            // A virtual generated column is in no version of the row.
            #[cfg(feature = "pg18")]
            if usize::try_from(number - 1).is_ok_and(|index| {
                pgrx::PgTupleDesc::from_pg_unchecked(descriptor)
                    .get(index)
                    .is_some_and(|column| column.attgenerated == b'v' as std::ffi::c_char)
            }) {
                return Ok(true);
            }
            let (mut old_null, mut new_null) = (false, false);
            let old = pg_sys::SPI_getbinval(
                (*self.data).tg_trigtuple,
                descriptor,
                number,
                &raw mut old_null,
            );
            let new = pg_sys::SPI_getbinval(
                (*self.data).tg_newtuple,
                descriptor,
                number,
                &raw mut new_null,
            );
            if old_null || new_null {
                return Ok(old_null != new_null);
            }
            let (mut length, mut by_value) = (0i16, false);
            pg_sys::get_typlenbyval(
                pg_sys::SPI_gettypeid(descriptor, number),
                &raw mut length,
                &raw mut by_value,
            );
            Ok(if by_value {
                old.value() != new.value()
            } else {
                bytes(old, length) != bytes(new, length)
            })
        }
    }
}

/// One of a trigger's arguments.
///
/// # Safety
/// `data` must be that of a firing in hand.
pub unsafe fn argument<'d>(data: *mut pg_sys::TriggerData, index: usize) -> Option<&'d str> {
    // SAFETY: tgargs holds tgnargs NUL-terminated strings that live as long as the relation is open.
    unsafe {
        let trigger = (*data).tg_trigger;
        if index >= usize::try_from((*trigger).tgnargs).unwrap_or(0) {
            return None;
        }
        CStr::from_ptr(*(*trigger).tgargs.add(index)).to_str().ok()
    }
}

/// The table that a trigger fires on (a partition, if the table is partitioned).
///
/// # Safety
/// `data` must be that of a firing in hand.
pub unsafe fn table(data: *mut pg_sys::TriggerData) -> Table {
    // SAFETY: tg_relation is open for the duration of the call; the names are copied.
    unsafe {
        let relation = (*data).tg_relation;
        let copied = |name: *const std::ffi::c_char| {
            if name.is_null() {
                String::new()
            } else {
                CStr::from_ptr(name).to_string_lossy().into_owned()
            }
        };
        Table {
            schema: copied(pg_sys::get_namespace_name(
                (*(*relation).rd_rel).relnamespace,
            )),
            name: copied((*(*relation).rd_rel).relname.data.as_ptr()),
        }
    }
}

/// The number of a column of the table that a trigger fires on; None if it has no such column.
///
/// # Safety
/// `data` must be that of a firing in hand.
pub unsafe fn number(data: *mut pg_sys::TriggerData, column: &str) -> Result<Option<i32>> {
    let name = CString::new(column).map_err(|_| Error::Bug("NUL in a column name"))?;
    // SAFETY: the descriptor is that of the open relation.
    let number = unsafe { pg_sys::SPI_fnumber((*(*data).tg_relation).rd_att, name.as_ptr()) };
    Ok((number > 0).then_some(number))
}

/// A column of a row as text, by its type's output function; None for NULL.
///
/// # Safety
/// `data` must be that of a firing in hand, `tuple` one of its own, and `number` as [`number`] gives it.
pub unsafe fn text(
    data: *mut pg_sys::TriggerData,
    tuple: *mut pg_sys::HeapTupleData,
    number: i32,
) -> Option<String> {
    // SAFETY: the tuple matches the relation's descriptor, and the output function is the one of the column's own type.
    unsafe {
        let descriptor = (*(*data).tg_relation).rd_att;
        let mut null = false;
        let datum = pg_sys::SPI_getbinval(tuple, descriptor, number, &raw mut null);
        if null {
            return None;
        }
        let (mut output, mut varlena) = (pg_sys::InvalidOid, false);
        pg_sys::getTypeOutputInfo(
            pg_sys::SPI_gettypeid(descriptor, number),
            &raw mut output,
            &raw mut varlena,
        );
        let text = pg_sys::OidOutputFunctionCall(output, datum);
        let owned = CStr::from_ptr(text).to_string_lossy().into_owned();
        pg_sys::pfree(text.cast());
        Some(owned)
    }
}

fn gone(column: &str) -> Error {
    Error::BadDefinition {
        what: format!("watched column \"{column}\" is gone"),
        hint: "Run health_crypto.protect() for the document again.",
    }
}

/// The bytes of a value passed by reference, without their header.
///
/// # Safety
/// `datum` must be of a type of that length (-1: varlena, -2: C string).
unsafe fn bytes(datum: pg_sys::Datum, length: i16) -> Vec<u8> {
    // SAFETY: see above; detoasting gives a plain varlena whose size is in its header.
    unsafe {
        match length {
            -1 => {
                pgrx::varlena_to_byte_slice(pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr()))
                    .to_vec()
            }
            -2 => CStr::from_ptr(datum.cast_mut_ptr()).to_bytes().to_vec(),
            fixed => std::slice::from_raw_parts(
                datum.cast_mut_ptr::<u8>(),
                usize::try_from(fixed).unwrap_or(0),
            )
            .to_vec(),
        }
    }
}

/// Runs a trigger's body. What an AFTER trigger returns is ignored.
///
/// A subscription brings rows, digests, signatures and the register's entries as the publisher decided them, table by table
/// when it begins: there is nothing to decide again, and half a document must not be judged. Who can create one could
/// disable the triggers as well; `protection_gaps()` names the tables.
///
/// # Safety
/// As for [`raise::guarded`].
unsafe fn enter(fcinfo: pg_sys::FunctionCallInfo, body: fn(&Event) -> Result<()>) -> pg_sys::Datum {
    // SAFETY: called at the top of an extern "C-unwind" function.
    unsafe {
        raise::guarded(|| {
            if caller::is_applying() {
                return Ok(());
            }
            Event::from(fcinfo).and_then(|event| body(&event))
        })
    };
    pg_sys::Datum::from(0)
}

/// Entry point of `health_crypto.guard()`.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn health_crypto_guard(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: fcinfo is PostgreSQL's.
    unsafe { enter(fcinfo, seal::guard::guard) }
}

/// Entry point of `health_crypto.keep()`.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn health_crypto_keep(
    fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: fcinfo is PostgreSQL's.
    unsafe { enter(fcinfo, seal::flush::keep) }
}

/// Entry point of `health_crypto.registrations_changed()`: sessions must not go on with what they remember of documents,
/// also when registrations were not written by `protect()` but came by a subscription or a restore.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn health_crypto_registrations_changed(
    _fcinfo: pg_sys::FunctionCallInfo,
) -> pg_sys::Datum {
    // SAFETY: called at the top of an extern "C-unwind" function; the event's data is not looked at.
    unsafe {
        raise::guarded(|| {
            registry::announce();
            Ok(())
        })
    };
    pg_sys::Datum::from(0)
}

/// PostgreSQL's version-1 calling convention.
pub static API_V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };

/// Calling convention of `health_crypto_guard`.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_health_crypto_guard() -> &'static pg_sys::Pg_finfo_record {
    &API_V1
}

/// Calling convention of `health_crypto_keep`.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_health_crypto_keep() -> &'static pg_sys::Pg_finfo_record {
    &API_V1
}

/// Calling convention of `health_crypto_registrations_changed`.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_health_crypto_registrations_changed() -> &'static pg_sys::Pg_finfo_record
{
    &API_V1
}
