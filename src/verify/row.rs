//! A verdict as a row of the SQL type.

use pgrx::datum::JsonB;
use pgrx::heap_tuple::PgHeapTuple;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{AllocatedByRust, PgTupleDesc, pg_sys};

use crate::error::{Error, Result};

/// One verdict; the columns of `health_crypto.verdict`.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The document's name.
    pub document: String,
    /// Its key.
    pub key: String,
    /// Whether content and signature are both in order.
    pub ok: bool,
    /// The word for the content.
    pub content: &'static str,
    /// The word for the signature.
    pub signature: &'static str,
    /// Fingerprint of the signer's certificate.
    pub signer: Option<String>,
    /// His primary user id.
    pub signer_name: Option<String>,
    /// When he signed, by the signature's own word.
    pub signed_at: Option<TimestampWithTimeZone>,
    /// When the register was told of the seal.
    pub sealed_at: Option<TimestampWithTimeZone>,
    /// The language that the text was compared in.
    pub language: Option<String>,
    /// The definition that it was compared by.
    pub definition: String,
    /// The fields that differ, as JSON.
    pub changes: Option<String>,
    /// Why, in a sentence.
    pub detail: String,
    /// As of when the signature was judged.
    pub policy_time: TimestampWithTimeZone,
}

/// The columns in the order of the SQL type, for a function that returns them or for the type of a row. `pg_extern` wants
/// them spelled out in the return type: it refuses a name for the tuple, and of a name for the iterator cargo pgrx cannot
/// make SQL, which it tries although the function has `sql = false`.
macro_rules! of_verdicts {
    (@ $columns:tt $(#[$comment:meta])* pub type $name:ident;) => {
        $(#[$comment])*
        pub type $name = $columns;
    };
    (@ $columns:tt fn $name:ident $arguments:tt $body:tt) => {
        #[pg_extern(sql = false)]
        fn $name $arguments -> std::result::Result<TableIterator<'static, $columns>, ErrorReport> $body
    };
    ($($item:tt)*) => {
        $crate::verify::row::of_verdicts! {
            @ (
                name!(document, String),
                name!(key, String),
                name!(ok, bool),
                name!(content, &'static str),
                name!(signature, &'static str),
                name!(signer, Option<String>),
                name!(signer_name, Option<String>),
                name!(signed_at, Option<TimestampWithTimeZone>),
                name!(sealed_at, Option<TimestampWithTimeZone>),
                name!(language, Option<String>),
                name!(definition, String),
                name!(changes, Option<JsonB>),
                name!(detail, String),
                name!(policy_time, TimestampWithTimeZone),
            )
            $($item)*
        }
    };
}
pub(crate) use of_verdicts;

of_verdicts! {
    /// A verdict as the columns of a row.
    pub type VerdictRow;
}

/// What such a function's body gives.
pub type Verdicts = TableIterator<'static, VerdictRow>;

/// Verdicts one by one, from a function that gives them a page at a time and None at the end.
pub fn stream(mut next_page: impl FnMut() -> Result<Option<Vec<Verdict>>> + 'static) -> Verdicts {
    let mut ready = Vec::new().into_iter();
    TableIterator::new(std::iter::from_fn(move || {
        loop {
            if let Some(verdict) = ready.next() {
                return Some(Verdict::into_columns(verdict));
            }
            match next_page() {
                Ok(Some(page)) => ready = page.into_iter(),
                Ok(None) => return None,
                // An iterator has no other way to fail; this does not return.
                Err(error) => {
                    ErrorReport::from(error).report(PgLogLevel::ERROR);
                    return None;
                }
            }
        }
    }))
}

impl Verdict {
    /// For a set-returning function.
    pub fn into_columns(self) -> VerdictRow {
        let changes = self
            .changes
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok())
            .map(JsonB);
        (
            self.document,
            self.key,
            self.ok,
            self.content,
            self.signature,
            self.signer,
            self.signer_name,
            self.signed_at,
            self.sealed_at,
            self.language,
            self.definition,
            changes,
            self.detail,
            self.policy_time,
        )
    }

    /// For a function that returns one row.
    pub fn into_tuple(self) -> Result<PgHeapTuple<'static, AllocatedByRust>> {
        let descriptor = PgTupleDesc::for_composite_type("health_crypto.verdict")
            .ok_or(Error::Bug("type verdict is gone"))?;
        let c = self.into_columns();
        let datums: [Option<pg_sys::Datum>; 14] = [
            c.0.into_datum(),
            c.1.into_datum(),
            c.2.into_datum(),
            c.3.into_datum(),
            c.4.into_datum(),
            c.5.into_datum(),
            c.6.into_datum(),
            c.7.into_datum(),
            c.8.into_datum(),
            c.9.into_datum(),
            c.10.into_datum(),
            c.11.into_datum(),
            c.12.into_datum(),
            c.13.into_datum(),
        ];
        // SAFETY: the datums are of the types that sql/bootstrap.sql declares for the columns, in their order.
        unsafe { PgHeapTuple::from_datums(descriptor, datums) }
            .map_err(|_| Error::Bug("type verdict has changed"))
    }
}
