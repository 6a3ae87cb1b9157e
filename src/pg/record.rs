//! Rows of the extension's own registrations, read without a statement: to plan one takes a new session longer than to read
//! what a document is. See [`catalog`] for what is seen, and by whom.

use std::ffi::{CStr, c_char};

use pgrx::{FromDatum, IntoDatum, pg_sys};

use crate::error::{Error, Result};
use crate::pg::catalog::{self, SCHEMA, string};

/// One of the extension's tables by its name.
pub fn own_table(name: &CStr) -> Result<pg_sys::Oid> {
    // SAFETY: NUL-terminated names; what is missing gives InvalidOid, also for the schema InvalidOid.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(SCHEMA.as_ptr(), true);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    };
    catalog::known(oid).ok_or(Error::Bug("a table of the extension is gone"))
}

/// The rows of one of the extension's tables that are of a document, in no order. `primary_key` is the name of its index,
/// whose first column is the document; the `columns` are what [`Record`] counts.
pub fn own_rows<T>(
    table: pg_sys::Oid,
    primary_key: &CStr,
    columns: &[&CStr],
    document: &str,
    mut read: impl FnMut(&Record) -> T,
) -> Result<Vec<T>> {
    let index = own_table(primary_key)?;
    let mut by_document = catalog::key(
        1,
        pg_sys::F_TEXTEQ,
        document.into_datum().unwrap_or(pg_sys::Datum::from(0)),
    );
    // In which the column was declared, and so its index is sorted.
    by_document.sk_collation = pg_sys::DEFAULT_COLLATION_OID;
    let mut record = Record::default();
    // SAFETY: the key is of the index's first column. Both arrays have room for as many columns as the descriptor says, and
    // what they point to lives until the next row is asked for.
    let rows = unsafe {
        catalog::scan(table, index, &mut [by_document], |descriptor, tuple| {
            if record.places.is_empty() {
                let place = |name: &&CStr| pg_sys::SPI_fnumber(descriptor, name.as_ptr());
                record.places = columns.iter().map(place).collect();
                let count = usize::try_from((*descriptor).natts).unwrap_or(0);
                record.values.resize(count, pg_sys::Datum::from(0));
                record.nulls.resize(count, true);
            }
            pg_sys::heap_deform_tuple(
                tuple,
                descriptor,
                record.values.as_mut_ptr(),
                record.nulls.as_mut_ptr(),
            );
            read(&record)
        })
    };
    Ok(rows)
}

/// A row of one of the extension's tables. Columns count from 1, as in SQL, in the order in which they were asked for.
#[derive(Default)]
pub struct Record {
    places: Vec<i32>,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl Record {
    fn datum(&self, column: usize) -> Option<pg_sys::Datum> {
        let number = *self.places.get(column.checked_sub(1)?)?;
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        match self.nulls.get(place) {
            Some(false) => self.values.get(place).copied(),
            _ => None,
        }
    }

    /// A column of type integer.
    pub fn integer(&self, column: usize) -> Option<i32> {
        // SAFETY: sql/bootstrap.sql declares the type.
        unsafe { i32::from_datum(self.datum(column)?, false) }
    }

    /// A column of type text.
    pub fn text(&self, column: usize) -> Option<String> {
        // SAFETY: as in integer(); the value is copied.
        unsafe { String::from_datum(self.datum(column)?, false) }
    }

    /// A column of type text[], without its NULLs.
    pub fn texts(&self, column: usize) -> Option<Vec<String>> {
        // SAFETY: as in text().
        let texts = unsafe { Vec::<Option<String>>::from_datum(self.datum(column)?, false) };
        texts.map(|texts| texts.into_iter().flatten().collect())
    }

    /// A column of type name.
    pub fn name(&self, column: usize) -> Option<String> {
        let datum = self.datum(column)?;
        // SAFETY: as in text(); a name ends with a NUL.
        Some(unsafe { string(datum.cast_mut_ptr()) })
    }

    /// A column of type name[], without its NULLs.
    pub fn names(&self, column: usize) -> Option<Vec<String>> {
        let datum = self.datum(column)?;
        // SAFETY: as in name(). The two arrays have as many elements as the answer says; they are left to the memory context.
        unsafe {
            let array = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast();
            let (mut names, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
            pg_sys::deconstruct_array(
                array,
                pg_sys::NAMEOID,
                pg_sys::NAMEDATALEN as _,
                false,
                pg_sys::TYPALIGN_CHAR as c_char,
                &raw mut names,
                &raw mut nulls,
                &raw mut count,
            );
            let places =
                (0..usize::try_from(count).unwrap_or(0)).filter(|place| !*nulls.add(*place));
            Some(
                places
                    .map(|place| string((*names.add(place)).cast_mut_ptr()))
                    .collect(),
            )
        }
    }
}
