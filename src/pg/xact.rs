//! Callbacks of transactions and of the catalogue caches.

use pgrx::pg_sys;

use crate::{document, encrypt, seal};

/// Registers the callbacks; called once a backend.
pub fn register() {
    // SAFETY: the four functions are 'static and guarded; PostgreSQL keeps the pointers for the life of the backend.
    unsafe {
        pg_sys::RegisterXactCallback(Some(at_transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(at_subtransaction), std::ptr::null_mut());
        pg_sys::CacheRegisterRelcacheCallback(Some(at_relation_change), pg_sys::Datum::from(0));
        // A schema that is renamed changes the names of its tables, and PostgreSQL tells nothing of them.
        for cache in [
            pg_sys::SysCacheIdentifier::PROCOID,
            pg_sys::SysCacheIdentifier::NAMESPACEOID,
        ] {
            pg_sys::CacheRegisterSyscacheCallback(
                cache as _,
                Some(at_name_change),
                pg_sys::Datum::from(0),
            );
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_transaction(
    event: pg_sys::XactEvent::Type,
    _arg: *mut std::ffi::c_void,
) {
    use pg_sys::XactEvent::{
        XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PARALLEL_ABORT, XACT_EVENT_PARALLEL_COMMIT,
        XACT_EVENT_PREPARE,
    };
    if matches!(
        event,
        XACT_EVENT_COMMIT
            | XACT_EVENT_ABORT
            | XACT_EVENT_PREPARE
            | XACT_EVENT_PARALLEL_COMMIT
            | XACT_EVENT_PARALLEL_ABORT
    ) {
        seal::mark::forget_all();
        encrypt::written::forget();
        encrypt::recipients::forget();
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    sub: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut std::ffi::c_void,
) {
    use pg_sys::SubXactEvent::{
        SUBXACT_EVENT_ABORT_SUB, SUBXACT_EVENT_COMMIT_SUB, SUBXACT_EVENT_START_SUB,
    };
    match event {
        SUBXACT_EVENT_START_SUB => seal::mark::begin_sub(sub),
        SUBXACT_EVENT_COMMIT_SUB => seal::mark::commit_sub(sub),
        SUBXACT_EVENT_ABORT_SUB => {
            encrypt::recipients::forget();
            seal::mark::abort_sub(sub);
        }
        _ => {}
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_relation_change(_arg: pg_sys::Datum, relation: pg_sys::Oid) {
    document::registry::forget_relation(relation);
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_name_change(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    document::registry::forget_all();
}
