//! What PostgreSQL does of its own when a row is written: which triggers of a table are its own.

use std::ffi::CStr;

use pgrx::pg_sys;

/// Functions of PostgreSQL's own triggers that only look whether a foreign key holds. Its others change rows of other tables,
/// which fires their triggers, or evaluate an index's expressions.
const CHECKS: [u32; 4] = [
    pg_sys::F_RI_FKEY_CHECK_INS,
    pg_sys::F_RI_FKEY_CHECK_UPD,
    pg_sys::F_RI_FKEY_NOACTION_UPD,
    pg_sys::F_RI_FKEY_RESTRICT_UPD,
];

/// Whether an UPDATE of a table fires no AFTER trigger but those by which PostgreSQL checks foreign keys, and this
/// extension's. Takes the lock that the UPDATE takes.
pub fn are_all(table: pg_sys::Oid) -> bool {
    const OTHER_TIMES: u32 = pg_sys::TRIGGER_TYPE_BEFORE | pg_sys::TRIGGER_TYPE_INSTEAD;
    // SAFETY: the relation is open while it is read, and keeps the lock until the end of the transaction; its triggers are
    // an array of as many as it says. What raises an error (a table that is gone) is an error of the write's too.
    unsafe {
        let relation = pg_sys::relation_open(table, pg_sys::RowExclusiveLock as _);
        let class = (*relation).rd_rel;
        // Rules write to other tables, and children have triggers of their own.
        let is_alone = (*class).relkind == pg_sys::RELKIND_RELATION.cast_signed()
            && !(*class).relhassubclass
            && !(*class).relhasrules;
        let ours = pg_sys::get_namespace_oid(c"health_crypto".as_ptr(), true);
        let is_ours = |function: pg_sys::Oid| {
            if pg_sys::get_func_namespace(function) != ours {
                return false;
            }
            let name = pg_sys::get_func_name(function);
            !name.is_null() && [c"guard", c"keep"].contains(&CStr::from_ptr(name))
        };
        let described = (*relation).trigdesc;
        let triggers = if described.is_null() {
            &[]
        } else {
            let count = usize::try_from((*described).numtriggers).unwrap_or(0);
            std::slice::from_raw_parts((*described).triggers, count)
        };
        let is_known = |trigger: &pg_sys::Trigger| {
            let kind = u32::from(trigger.tgtype.cast_unsigned());
            kind & pg_sys::TRIGGER_TYPE_UPDATE == 0
                || kind & OTHER_TIMES != 0
                || CHECKS.contains(&trigger.tgfoid.to_u32())
                || is_ours(trigger.tgfoid)
        };
        let all = is_alone && triggers.iter().all(is_known);
        pg_sys::relation_close(relation, pg_sys::NoLock as _);
        all
    }
}
