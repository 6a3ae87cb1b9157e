//! PostgreSQL's catalogue, through its own caches and indexes. All of it could be asked in SQL; but to analyse and plan one
//! statement over the catalogue takes a new session 2.5 ms, and its first verdict waited for four of them
//! (docs/PERFORMANCE.md).
//!
//! No rights are looked at: what is read here is read on the extension's behalf. Everything is seen as it is now, also by a
//! transaction whose snapshot is older: what a session remembers of it outlives the transaction.

use std::ffi::{CStr, CString, c_char};

use pgrx::pg_sys;

use crate::error::Table;

/// OIDs of pg_depend and of its index over what depends (catalog/pg_depend.h). They are the same in all versions, and not
/// among the bindings.
const DEPENDENCIES: pg_sys::Oid = pg_sys::Oid::from_u32(2608);
const DEPENDENCIES_BY_DEPENDENT: pg_sys::Oid = pg_sys::Oid::from_u32(2673);

/// The extension's name and that of its schema.
pub const SCHEMA: &CStr = c"health_crypto";

/// Makes visible what this transaction has done, as a statement that may write does before it begins.
pub fn see_own_changes() {
    // SAFETY: has no preconditions inside of a transaction.
    unsafe { pg_sys::CommandCounterIncrement() };
}

/// A table by its name; None if there is none.
pub fn relation(table: &Table) -> Option<pg_sys::Oid> {
    let name = CString::new(table.name.as_str()).ok()?;
    let schema = namespace(&table.schema)?;
    // SAFETY: a NUL-terminated name that outlives the call; a missing relation gives InvalidOid.
    known(unsafe { pg_sys::get_relname_relid(name.as_ptr(), schema) })
}

fn namespace(name: &str) -> Option<pg_sys::Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: a NUL-terminated name that outlives the call; a missing schema gives InvalidOid.
    known(unsafe { pg_sys::get_namespace_oid(name.as_ptr(), true) })
}

/// An OID, unless it is the one that stands for none.
pub fn known(oid: pg_sys::Oid) -> Option<pg_sys::Oid> {
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// The owner of a table.
pub fn owner(relation: pg_sys::Oid) -> Option<pg_sys::Oid> {
    // SAFETY: a row of pg_class is a FormData_pg_class.
    unsafe {
        cached(
            pg_sys::SysCacheIdentifier::RELOID,
            relation,
            |_, class: &pg_sys::FormData_pg_class| class.relowner,
        )
    }
}

/// Whether a relation is a view, or what else PostgreSQL puts a query in the place of.
pub fn is_view(relation: pg_sys::Oid) -> bool {
    // SAFETY: as in owner(). A view's rule has the name asked for; both keys outlive the call.
    unsafe {
        let has_rules = cached(
            pg_sys::SysCacheIdentifier::RELOID,
            relation,
            |_, class: &pg_sys::FormData_pg_class| class.relhasrules,
        );
        has_rules == Some(true)
            && pg_sys::SearchSysCacheExists(
                pg_sys::SysCacheIdentifier::RULERELNAME as _,
                relation.into(),
                pg_sys::Datum::from(c"_RETURN".as_ptr()),
                pg_sys::Datum::from(0),
                pg_sys::Datum::from(0),
            )
    }
}

/// The names of a table's columns.
pub fn columns(relation: pg_sys::Oid) -> Vec<String> {
    let by_relation = key(
        pg_sys::Anum_pg_attribute_attrelid,
        pg_sys::F_OIDEQ,
        relation.into(),
    );
    // SAFETY: the key is of the index's first column, and a row of pg_attribute is a FormData_pg_attribute.
    let columns = unsafe {
        scan(
            pg_sys::AttributeRelationId,
            pg_sys::Oid::from_u32(pg_sys::AttributeRelidNumIndexId),
            &mut [by_relation],
            |_, tuple| {
                let column: &pg_sys::FormData_pg_attribute = fixed(tuple);
                (!column.attisdropped).then(|| string(column.attname.data.as_ptr()))
            },
        )
    };
    columns.into_iter().flatten().collect()
}

/// Whether an object is not PostgreSQL's own.
pub fn is_of_a_user(object: pg_sys::Oid) -> bool {
    object.to_u32() >= pg_sys::FirstNormalObjectId
}

/// Whether a role is a superuser.
pub fn is_superuser(role: pg_sys::Oid) -> bool {
    // SAFETY: a catalogue look-up; a missing role is none.
    unsafe { pg_sys::superuser_arg(role) }
}

/// A function.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its owner.
    pub owner: pg_sys::Oid,
    /// Whether it is volatile.
    pub is_volatile: bool,
    /// Whether its body is BEGIN ATOMIC, so that PostgreSQL records what it goes through.
    pub is_tracked: bool,
}

/// What a function is; None if there is none.
pub fn function(oid: pg_sys::Oid) -> Option<Function> {
    const CACHE: pg_sys::SysCacheIdentifier::Type = pg_sys::SysCacheIdentifier::PROCOID;
    // SAFETY: a row of pg_proc is a FormData_pg_proc, and the attribute is one of its others.
    unsafe {
        cached(CACHE, oid, |tuple, proc: &pg_sys::FormData_pg_proc| {
            let mut has_none = true;
            pg_sys::SysCacheGetAttr(
                CACHE as _,
                tuple,
                pg_sys::Anum_pg_proc_prosqlbody as _,
                &raw mut has_none,
            );
            Function {
                owner: proc.proowner,
                is_volatile: proc.provolatile == pg_sys::PROVOLATILE_VOLATILE as c_char,
                is_tracked: !has_none,
            }
        })
    }
}

/// A function by its name and the types of its arguments; None if there is none.
pub fn function_named(schema: &str, name: &str, arguments: &[pg_sys::Oid]) -> Option<pg_sys::Oid> {
    let name = CString::new(name).ok()?;
    let schema = namespace(schema)?;
    // SAFETY: the keys are those of the cache, and outlive the call; the row is released when its OID is copied.
    unsafe {
        let arguments = pg_sys::buildoidvector(arguments.as_ptr(), arguments.len() as _);
        let tuple = pg_sys::SearchSysCache3(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as _,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(arguments),
            schema.into(),
        );
        if tuple.is_null() {
            return None;
        }
        let oid = fixed::<pg_sys::FormData_pg_proc>(tuple).oid;
        pg_sys::ReleaseSysCache(tuple);
        Some(oid)
    }
}

/// The columns that a function returns (RETURNS TABLE), each with its type.
pub fn returned_columns(function: pg_sys::Oid) -> Vec<(String, pg_sys::Oid)> {
    const TABLE_COLUMN: c_char = b't' as c_char;
    // SAFETY: each of the three arrays is NULL or has as many elements as the answer says; what they hold is copied. They
    // are left to the memory context.
    let columns = unsafe {
        cached(
            pg_sys::SysCacheIdentifier::PROCOID,
            function,
            |tuple, _: &pg_sys::FormData_pg_proc| {
                let (mut types, mut names, mut modes) = (
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                );
                let count = pg_sys::get_func_arg_info(
                    tuple,
                    &raw mut types,
                    &raw mut names,
                    &raw mut modes,
                );
                if types.is_null() || names.is_null() || modes.is_null() {
                    return Vec::new();
                }
                (0..usize::try_from(count).unwrap_or(0))
                    .filter(|place| *modes.add(*place) == TABLE_COLUMN)
                    .map(|place| (string(*names.add(place)), *types.add(place)))
                    .collect()
            },
        )
    };
    columns.unwrap_or_default()
}

/// The function behind an operator.
pub fn operator_function(operator: pg_sys::Oid) -> Option<pg_sys::Oid> {
    // SAFETY: a catalogue look-up; a missing operator gives InvalidOid.
    known(unsafe { pg_sys::get_opcode(operator) })
}

/// The extension itself.
pub fn own_extension() -> Option<pg_sys::Oid> {
    // SAFETY: a NUL-terminated name; a missing extension gives InvalidOid.
    known(unsafe { pg_sys::get_extension_oid(SCHEMA.as_ptr(), true) })
}

/// What an object depends on.
#[derive(Debug, Clone, Copy)]
pub struct Dependency {
    /// The catalogue of what it depends on.
    pub class: pg_sys::Oid,
    /// What it depends on.
    pub object: pg_sys::Oid,
    /// In what way.
    pub kind: pg_sys::DependencyType::Type,
}

/// What a function depends on, as PostgreSQL recorded it.
pub fn dependencies_of_function(function: pg_sys::Oid) -> Vec<Dependency> {
    let mut keys = [
        key(1, pg_sys::F_OIDEQ, pg_sys::ProcedureRelationId.into()),
        key(2, pg_sys::F_OIDEQ, function.into()),
    ];
    /// A row of pg_depend (catalog/pg_depend.h).
    #[repr(C)]
    struct Row {
        dependent: [pg_sys::Oid; 2],
        dependent_column: i32,
        class: pg_sys::Oid,
        object: pg_sys::Oid,
        column: i32,
        kind: u8,
    }
    // SAFETY: the keys are of the index's first two columns, and a row of pg_depend is as above.
    unsafe {
        scan(
            DEPENDENCIES,
            DEPENDENCIES_BY_DEPENDENT,
            &mut keys,
            |_, tuple| {
                let row: &Row = fixed(tuple);
                Dependency {
                    class: row.class,
                    object: row.object,
                    kind: row.kind.into(),
                }
            },
        )
    }
}

/// A key that a column is equal to. The collation is that of the catalogue.
pub fn key(column: u32, equality: u32, value: pg_sys::Datum) -> pg_sys::ScanKeyData {
    let mut key = pg_sys::ScanKeyData::default();
    // SAFETY: fills the key in; the function is one of PostgreSQL's own.
    unsafe {
        pg_sys::ScanKeyInit(
            &raw mut key,
            column as _,
            pg_sys::BTEqualStrategyNumber as _,
            pg_sys::Oid::from_u32(equality),
            value,
        );
    }
    key
}

/// What a closure reads of each row that the keys find. An error or a panic within leaves table and scan to the
/// transaction's end, as in PostgreSQL's own code.
///
/// # Safety
/// The keys must be of the first columns of the table's index, and what they point to must outlive the call.
pub unsafe fn scan<T>(
    table: pg_sys::Oid,
    index: pg_sys::Oid,
    keys: &mut [pg_sys::ScanKeyData],
    mut read: impl FnMut(pg_sys::TupleDesc, pg_sys::HeapTuple) -> T,
) -> Vec<T> {
    const LOCK: i32 = pg_sys::AccessShareLock as i32;
    let mut rows = Vec::new();
    // SAFETY: see above; without a snapshot the newest is taken. The descriptor lives as long as the relation is open, a row
    // until the next one is asked for.
    unsafe {
        let relation = pg_sys::table_open(table, LOCK);
        let scan = pg_sys::systable_beginscan(
            relation,
            index,
            true,
            std::ptr::null_mut(),
            keys.len() as _,
            keys.as_mut_ptr(),
        );
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            rows.push(read((*relation).rd_att, tuple));
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(relation, LOCK);
    }
    rows
}

/// What a closure reads of the row that a cache has for an OID; None if there is none.
///
/// # Safety
/// The cache must be one by OID, and its rows must begin with an `F`.
unsafe fn cached<F, T>(
    cache: pg_sys::SysCacheIdentifier::Type,
    oid: pg_sys::Oid,
    read: impl FnOnce(pg_sys::HeapTuple, &F) -> T,
) -> Option<T> {
    // SAFETY: see above; the row is released when it has been read, or by the end of a transaction that failed.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(cache as _, oid.into());
        if tuple.is_null() {
            return None;
        }
        let answer = read(tuple, fixed(tuple));
        pg_sys::ReleaseSysCache(tuple);
        Some(answer)
    }
}

/// The columns of a catalogue's row that come first and have a fixed length.
///
/// # Safety
/// The row must be of the catalogue that `F` describes, and live as long as what is returned.
unsafe fn fixed<'t, F>(tuple: pg_sys::HeapTuple) -> &'t F {
    #[allow(
        clippy::cast_ptr_alignment,
        reason = "PostgreSQL aligns a row's columns for any type"
    )]
    // SAFETY: see above.
    unsafe {
        &*pg_sys::GETSTRUCT(tuple).cast::<F>()
    }
}

/// A copy of a name. Databases are in UTF-8, names too.
///
/// # Safety
/// It must end with a NUL.
pub unsafe fn string(name: *const c_char) -> String {
    // SAFETY: see above.
    unsafe { CStr::from_ptr(name) }
        .to_string_lossy()
        .into_owned()
}
