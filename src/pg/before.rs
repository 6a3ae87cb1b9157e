//! A BEFORE ROW trigger: the row that is about to be written, and the one that is written in its place.

use pgrx::{IntoDatum, pg_sys};

use crate::error::{Error, Result, Table};
use crate::pg::{raise, trigger};

/// The row that an INSERT or UPDATE is about to write.
pub struct NewRow {
    data: *mut pg_sys::TriggerData,
    tuple: *mut pg_sys::HeapTupleData,
}

/// What a trigger's body answers: the column to replace and its new text.
pub struct Replaced {
    /// The column.
    pub column: String,
    /// Its text.
    pub text: String,
}

impl NewRow {
    fn from(fcinfo: pg_sys::FunctionCallInfo) -> Result<NewRow> {
        // SAFETY: the node's tag is checked before the context is read as TriggerData, as CALLED_AS_TRIGGER does.
        unsafe {
            let context = (*fcinfo).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
                return Err(Error::Unsupported {
                    what: "this function can only be called as a trigger".into(),
                    hint: "health_crypto.encrypt_column() installs the triggers.",
                });
            }
            #[allow(
                clippy::cast_ptr_alignment,
                reason = "by its tag PostgreSQL has made a TriggerData there"
            )]
            let data = context.cast::<pg_sys::TriggerData>();
            let event = (*data).tg_event;
            let before = event & pg_sys::TRIGGER_EVENT_TIMINGMASK == pg_sys::TRIGGER_EVENT_BEFORE;
            let for_row = event & pg_sys::TRIGGER_EVENT_ROW != 0;
            let tuple = match event & pg_sys::TRIGGER_EVENT_OPMASK {
                pg_sys::TRIGGER_EVENT_INSERT => (*data).tg_trigtuple,
                pg_sys::TRIGGER_EVENT_UPDATE => (*data).tg_newtuple,
                _ => std::ptr::null_mut(),
            };
            // Anybody with the TRIGGER privilege may create one of another shape, which would have no row to change.
            if !(before && for_row) || tuple.is_null() {
                return Err(Error::BadArgument {
                    what: "this trigger was not created by health_crypto.encrypt_column()".into(),
                    hint: "Drop it.",
                });
            }
            Ok(NewRow { data, tuple })
        }
    }

    /// One of the trigger's arguments.
    pub fn argument(&self, index: usize) -> Option<&str> {
        // SAFETY: the data is that of the firing in hand.
        unsafe { trigger::argument(self.data, index) }
    }

    /// The table that is written (a partition, if the table is partitioned).
    pub fn table(&self) -> Table {
        // SAFETY: as in argument().
        unsafe { trigger::table(self.data) }
    }

    /// Whether an UPDATE changes the bytes of a column; an INSERT changes none.
    pub fn changes(&self, column: &str) -> Result<bool> {
        // SAFETY: an UPDATE has two versions, both with the relation's descriptor.
        unsafe {
            if (*self.data).tg_event & pg_sys::TRIGGER_EVENT_OPMASK != pg_sys::TRIGGER_EVENT_UPDATE
            {
                return Ok(false);
            }
            Ok(self.text_of((*self.data).tg_trigtuple, column)?
                != self.text_of(self.tuple, column)?)
        }
    }

    /// A column of the new row as text, by its type's output function; None for NULL.
    pub fn text(&self, column: &str) -> Result<Option<String>> {
        // SAFETY: the tuple belongs to the event and has the relation's descriptor.
        unsafe { self.text_of(self.tuple, column) }
    }

    /// # Safety
    /// `tuple` must be one of the event's.
    unsafe fn text_of(
        &self,
        tuple: *mut pg_sys::HeapTupleData,
        column: &str,
    ) -> Result<Option<String>> {
        let number = self.number(column)?;
        // SAFETY: the caller's promise; number() has looked the column up.
        Ok(unsafe { trigger::text(self.data, tuple, number) })
    }

    fn number(&self, column: &str) -> Result<i32> {
        // SAFETY: as in argument().
        if let Some(number) = unsafe { trigger::number(self.data, column) }? {
            return Ok(number);
        }
        Err(Error::BadDefinition {
            what: format!("encrypted column \"{column}\" is gone or was renamed"),
            hint: "Run health_crypto.encrypt_column() for it under its new name: until then nothing is written, so that \
                   nothing is written in clear.",
        })
    }

    /// The row with a column replaced; its type is text or varchar without length, as encrypt_column() checked and this
    /// checks again, because a table can change.
    fn with(&self, replaced: &Replaced) -> Result<*mut pg_sys::HeapTupleData> {
        let mut number = self.number(&replaced.column)?;
        // SAFETY: one column number, value and null flag; the new tuple is made in the memory context that the executor
        // called the trigger in, from a tuple with the same descriptor, and both types are a varlena of text.
        unsafe {
            let descriptor = (*(*self.data).tg_relation).rd_att;
            let type_of = pg_sys::SPI_gettypeid(descriptor, number);
            if type_of != pg_sys::TEXTOID && type_of != pg_sys::VARCHAROID {
                return Err(Error::BadDefinition {
                    what: format!(
                        "encrypted column \"{}\" is not of type text",
                        replaced.column
                    ),
                    hint: "Give it type text again, or run health_crypto.unencrypt_column().",
                });
            }
            let mut value = replaced
                .text
                .as_str()
                .into_datum()
                .ok_or(Error::Bug("a text without a value"))?;
            let mut null = false;
            Ok(pg_sys::heap_modify_tuple_by_cols(
                self.tuple,
                descriptor,
                1,
                &raw mut number,
                &raw mut value,
                &raw mut null,
            ))
        }
    }
}

/// Runs a BEFORE ROW trigger's body and returns the row to write.
///
/// # Safety
/// As for [`raise::guarded`].
pub unsafe fn enter(
    fcinfo: pg_sys::FunctionCallInfo,
    body: fn(&NewRow) -> Result<Option<Replaced>>,
) -> pg_sys::Datum {
    // SAFETY: called at the top of an extern "C-unwind" function. The body has closed its SPI sessions when the tuple is
    // made, so that it is not made in their memory.
    let tuple = unsafe {
        raise::guarded(|| {
            let row = NewRow::from(fcinfo)?;
            match body(&row)? {
                Some(replaced) => row.with(&replaced),
                None => Ok(row.tuple),
            }
        })
    };
    pg_sys::Datum::from(tuple.unwrap_or(std::ptr::null_mut()))
}

/// Whether changes of another server are being applied, or session_replication_role is set as if.
pub fn is_replica() -> bool {
    /// SESSION_REPLICATION_ROLE_REPLICA of commands/trigger.h, which pgrx does not have as a name.
    const REPLICA: i32 = 1;
    // SAFETY: reads a process variable.
    unsafe { pg_sys::SessionReplicationRole == REPLICA }
}
