//! Who is running: switching to a table's owner or to the registrar, and pinned settings, both undone on drop.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

/// Settings that decide how values become text, where unqualified names are looked up, and that plans are kept. Pinned,
/// so that a digest does not depend on the session.
const PINNED: [(&CStr, &CStr); 12] = [
    (c"search_path", c"pg_catalog, pg_temp"),
    (c"datestyle", c"ISO, YMD"),
    (c"intervalstyle", c"postgres"),
    (c"timezone", c"UTC"),
    (c"extra_float_digits", c"1"),
    (c"bytea_output", c"hex"),
    (c"lc_monetary", c"C"),
    (c"lc_numeric", c"C"),
    (c"lc_time", c"C"),
    (c"quote_all_identifiers", c"off"),
    // Planning GNU Health's prescription definition takes 3-4 ms, executing it for one key 0.4 ms: without this it was
    // planned anew at every commit, 55 % of the time of sealing (docs/PERFORMANCE.md).
    (c"plan_cache_mode", c"force_generic_plan"),
    // A definition that the planner cannot inline would be planned for parallel workers, and they know nothing of the
    // Unicode table that is being tried.
    (c"max_parallel_workers_per_gather", c"0"),
];

/// While it lives, statements run as another role (or as the caller) under the pinned settings.
pub struct RunAs {
    user: pg_sys::Oid,
    security: i32,
    // Dropped after the role has been put back.
    _settings: Level,
}

impl RunAs {
    /// Runs as the owner of a table, as referential-integrity checks do: no row security of its own, no SET ROLE.
    pub fn owner(owner: pg_sys::Oid) -> RunAs {
        let run = RunAs::caller();
        let security = run.security
            | (pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_NOFORCE_RLS) as i32;
        // SAFETY: sets two process variables; Drop restores them, and so does an abort.
        unsafe { pg_sys::SetUserIdAndSecContext(owner, security) };
        run
    }

    /// Runs as the owner of a table to read it or to run a definition: as [`RunAs::owner`], in a security-restricted
    /// operation. Whatever the owner's functions do, they cannot leave anything behind that would run later with the
    /// caller's rights, such as a deferred trigger.
    pub fn reader(owner: pg_sys::Oid) -> RunAs {
        let run = RunAs::caller();
        let security = run.security
            | (pg_sys::SECURITY_LOCAL_USERID_CHANGE
                | pg_sys::SECURITY_NOFORCE_RLS
                | pg_sys::SECURITY_RESTRICTED_OPERATION) as i32;
        // SAFETY: as in owner().
        unsafe { pg_sys::SetUserIdAndSecContext(owner, security) };
        run
    }

    /// Runs as the owner of register and keyring. Plans are made once a session, perhaps while the register is empty,
    /// and must still be good when it is not: its tables are always read through their indexes.
    pub fn registrar() -> RunAs {
        let run = RunAs::owner(registrar());
        set(c"enable_seqscan", c"off");
        // A sequential scan that cannot be avoided counts 10^10 with that, far beyond jit_above_cost: a catalogue query of
        // 6 ms took a second to compile.
        set(c"jit", c"off");
        run
    }

    /// Runs as the caller, with the settings pinned.
    pub fn caller() -> RunAs {
        let mut user = pg_sys::InvalidOid;
        let mut security = 0;
        // SAFETY: reads two process variables.
        unsafe { pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut security) };
        let settings = Level::open();
        for (name, value) in PINNED {
            set(name, value);
        }
        RunAs {
            user,
            security,
            _settings: settings,
        }
    }
}

/// While it lives, plans are made that look rows up by index.
pub struct ByIndex {
    _settings: Level,
}

impl ByIndex {
    /// For a statement about one document. Its plan is made once a session, for an assumed number of rows, and reads whole
    /// tables of words into hash tables where it needs three: with 3000 medicaments a prescription took twice as long.
    pub fn pinned() -> ByIndex {
        let settings = Level::open();
        set(c"enable_seqscan", c"off");
        // As in registrar(): a table without an index counts 10^10 then.
        set(c"jit", c"off");
        ByIndex {
            _settings: settings,
        }
    }
}

/// A search_path: where unqualified names are looked up.
pub struct SearchPath(CString);

/// While it lives, a search_path is in force.
pub struct Searching {
    _settings: Level,
}

impl SearchPath {
    /// The one in force.
    pub fn current() -> SearchPath {
        // SAFETY: the answer is NULL or a NUL-terminated string, which is copied.
        unsafe {
            let path = pg_sys::GetConfigOption(c"search_path".as_ptr(), true, false);
            SearchPath(if path.is_null() {
                CString::default()
            } else {
                CStr::from_ptr(path).to_owned()
            })
        }
    }

    /// Puts it in force.
    pub fn enter(&self) -> Searching {
        let settings = Level::open();
        set(c"search_path", &self.0);
        Searching {
            _settings: settings,
        }
    }
}

/// A nesting level of settings. When it is dropped, whatever was set within is undone, also by set_config() in a definition or
/// a trigger, which PostgreSQL would keep for the session if the level were committed: it is other people's code, and what it
/// left behind would be in force for whoever called it, a superuser perhaps. PostgreSQL does the same around functions in
/// indexes.
struct Level(i32);

impl Level {
    fn open() -> Level {
        // SAFETY: what is set from here on is saved; Drop puts it back.
        Level(unsafe { pg_sys::NewGUCNestLevel() })
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        // SAFETY: levels are dropped in reverse order of opening, so that this is the innermost.
        unsafe { pg_sys::AtEOXact_GUC(false, self.0) };
    }
}

/// Sets a setting at the nesting level that the caller has opened. One that is as wanted is left alone, which takes a third of
/// the time: a commit that seals pins four times, mostly within another, and that took 2.5 % of it.
fn set(name: &CStr, value: &CStr) {
    // SAFETY: both are NUL-terminated; what was there is saved, and put back when the level is closed. The answer to the
    // question for the value is NULL or a NUL-terminated string, which is read before anything else is asked.
    unsafe {
        let now = pg_sys::GetConfigOption(name.as_ptr(), true, false);
        if !now.is_null() && CStr::from_ptr(now) == value {
            return;
        }
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

impl Drop for RunAs {
    fn drop(&mut self) {
        // SAFETY: restores what caller() saved; guards are dropped in reverse order of creation.
        unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.security) };
    }
}

/// The role whose rights count for the statement in hand.
pub fn current_role() -> pg_sys::Oid {
    // SAFETY: reads a process variable.
    unsafe { pg_sys::GetUserId() }
}

/// The name of a role.
pub fn role_name(role: pg_sys::Oid) -> String {
    // SAFETY: with missing_ok the answer is NULL or a palloc'd string that we copy.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        if name.is_null() {
            String::new()
        } else {
            CStr::from_ptr(name).to_string_lossy().into_owned()
        }
    }
}

/// Whether the current role is a superuser or a member of the role named.
pub fn is_member_of(role: &CStr) -> bool {
    // SAFETY: catalogue look-ups with a NUL-terminated name; a missing role gives InvalidOid.
    unsafe {
        let oid = pg_sys::get_role_oid(role.as_ptr(), true);
        pg_sys::superuser()
            || (oid != pg_sys::InvalidOid && pg_sys::has_privs_of_role(pg_sys::GetUserId(), oid))
    }
}

/// Whether the current role has the rights of another (ownership).
pub fn has_rights_of(role: pg_sys::Oid) -> bool {
    // SAFETY: catalogue look-ups.
    unsafe { pg_sys::has_privs_of_role(pg_sys::GetUserId(), role) }
}

/// The role that owns the register and the keyring.
pub fn registrar() -> pg_sys::Oid {
    // SAFETY: raises an error if the role is gone, which is the right thing.
    unsafe { pg_sys::get_role_oid(c"health_crypto_registrar".as_ptr(), false) }
}

/// Whether this server is a standby.
pub fn in_recovery() -> bool {
    // SAFETY: reads shared state.
    unsafe { pg_sys::RecoveryInProgress() }
}

/// Whether this process applies the changes of a subscription (logical replication), the first copy of tables included.
pub fn is_applying() -> bool {
    // SAFETY: reads a process variable.
    unsafe { pg_sys::IsLogicalWorker() }
}
