//! A trigger event, read safely, and the two entry points that PostgreSQL calls.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use crate::error::{Error, Result, Table};
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
            let data = context.cast::<pg_sys::TriggerData>();
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
        // SAFETY: tgargs holds tgnargs NUL-terminated strings that live as long as the relation is open.
        unsafe {
            let trigger = (*self.data).tg_trigger;
            if index >= (*trigger).tgnargs.max(0) as usize {
                return None;
            }
            CStr::from_ptr(*(*trigger).tgargs.add(index)).to_str().ok()
        }
    }

    /// The table that was written (a partition, if the table is partitioned).
    pub fn table(&self) -> Table {
        // SAFETY: tg_relation is open for the duration of the call; the names are copied.
        unsafe {
            let relation = (*self.data).tg_relation;
            let name = CStr::from_ptr((*(*relation).rd_rel).relname.data.as_ptr())
                .to_string_lossy()
                .into_owned();
            let schema = pg_sys::get_namespace_name((*(*relation).rd_rel).relnamespace);
            let schema = if schema.is_null() {
                String::new()
            } else {
                CStr::from_ptr(schema).to_string_lossy().into_owned()
            };
            Table { schema, name }
        }
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
        let name = CString::new(column).map_err(|_| Error::Bug("NUL in a column name"))?;
        // SAFETY: the tuple belongs to the event and matches the relation's descriptor; SPI_fnumber checks the name, and
        // the output function is the one of the column's own type.
        unsafe {
            let tuple = match (self.change, version) {
                (Change::Insert, Version::New)
                | (Change::Delete | Change::Update, Version::Old) => (*self.data).tg_trigtuple,
                (Change::Update, Version::New) => (*self.data).tg_newtuple,
                _ => return Ok(None),
            };
            let descriptor = (*(*self.data).tg_relation).rd_att;
            let number = pg_sys::SPI_fnumber(descriptor, name.as_ptr());
            if number <= 0 {
                return Err(Error::BadDefinition {
                    what: format!("watched column \"{column}\" is gone"),
                    hint: "Run health_crypto.protect() for the document again.",
                });
            }
            let mut null = false;
            let datum = pg_sys::SPI_getbinval(tuple, descriptor, number, &mut null);
            if null {
                return Ok(None);
            }
            let mut output = pg_sys::InvalidOid;
            let mut varlena = false;
            pg_sys::getTypeOutputInfo(
                pg_sys::SPI_gettypeid(descriptor, number),
                &mut output,
                &mut varlena,
            );
            let text = pg_sys::OidOutputFunctionCall(output, datum);
            let owned = CStr::from_ptr(text).to_string_lossy().into_owned();
            pg_sys::pfree(text.cast());
            Ok(Some(owned))
        }
    }

    /// Whether a column has another text after the statement than before it.
    pub fn differs(&self, column: &str) -> Result<bool> {
        Ok(self.text(Version::Old, column)? != self.text(Version::New, column)?)
    }
}

/// Runs a trigger's body. Errors become [`raise::Raisable`] inside the guard and are raised outside of it.
unsafe fn enter(fcinfo: pg_sys::FunctionCallInfo, body: fn(&Event) -> Result<()>) -> pg_sys::Datum {
    // SAFETY: called at the top of an extern "C-unwind" function; the closure's result has no destructor.
    let refused = unsafe {
        pg_sys::panic::pgrx_extern_c_guard(|| {
            match Event::from(fcinfo).and_then(|event| body(&event)) {
                Ok(()) => None,
                Err(error) => Some(raise::raisable(&error)),
            }
        })
    };
    if let Some(error) = refused {
        // SAFETY: this frame and the entry point below hold nothing but plain values.
        unsafe { raise::raise(error) };
    }
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

static API_V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };

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
