//! Settings (GUCs) of the extension.

use std::cell::Cell;

use health_crypto_core::canonical::python::UnicodeVersion;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

/// Whether writes to sealed documents are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
pub enum Enforcement {
    /// As each document was protected (reject or record).
    #[name = c"on"]
    On,
    /// The maintenance door: let through, and entered in the register as an override.
    #[name = c"record"]
    Record,
}

/// Python's release, which decides what repr() escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
pub enum PythonUnicode {
    /// Unicode 13.0.
    #[name = c"3.10"]
    V310,
    /// Unicode 14.0.
    #[name = c"3.11"]
    V311,
    /// Unicode 15.0.
    #[name = c"3.12"]
    V312,
    /// Unicode 15.1.
    #[name = c"3.13"]
    V313,
    /// Unicode 16.0.
    #[name = c"3.14"]
    V314,
}

static ENFORCEMENT: GucSetting<Enforcement> = GucSetting::<Enforcement>::new(Enforcement::On);
static PYTHON_UNICODE: GucSetting<PythonUnicode> =
    GucSetting::<PythonUnicode>::new(PythonUnicode::V311);

/// Defines the settings; called once a backend.
pub fn register() {
    GucRegistry::define_enum_guc(
        c"health_crypto.enforcement",
        c"Whether writes to sealed documents are refused.",
        c"\"record\" lets them through and enters each in the register as an override.",
        &ENFORCEMENT,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_enum_guc(
        c"health_crypto.python_unicode",
        c"The Python release whose Unicode table decides what repr() escapes.",
        c"Use the release that GNU Health runs on; it matters for characters newer than Unicode 13 only.",
        &PYTHON_UNICODE,
        // It decides what is digested: not every writer's to change.
        GucContext::Suset,
        GucFlags::default(),
    );
}

/// Whether the maintenance door is open.
pub fn override_is_on() -> bool {
    ENFORCEMENT.get() == Enforcement::Record
}

thread_local! {
    static TRIED: Cell<Option<UnicodeVersion>> = const { Cell::new(None) };
    static MATTERED: Cell<bool> = const { Cell::new(false) };
}

/// The Unicode table for Python's repr(): the one that is being tried, or that of the setting.
pub fn python_unicode() -> UnicodeVersion {
    TRIED.get().unwrap_or(match PYTHON_UNICODE.get() {
        PythonUnicode::V310 => UnicodeVersion::Py310,
        PythonUnicode::V311 => UnicodeVersion::Py311,
        PythonUnicode::V312 => UnicodeVersion::Py312,
        PythonUnicode::V313 => UnicodeVersion::Py313,
        PythonUnicode::V314 => UnicodeVersion::Py314,
    })
}

/// Notes that a text was written whose repr() depends on the table.
pub fn unicode_matters() {
    MATTERED.set(true);
}

/// While it lives, repr() uses one table, and it is noted whether another would have given another text.
pub struct TriedUnicode {
    before: (Option<UnicodeVersion>, bool),
}

impl TriedUnicode {
    /// Tries a table.
    pub fn table(version: UnicodeVersion) -> TriedUnicode {
        TriedUnicode {
            before: (TRIED.replace(Some(version)), MATTERED.replace(false)),
        }
    }

    /// Whether a text was written since whose repr() depends on the table.
    #[allow(
        clippy::unused_self,
        reason = "it is of the table that this value is trying"
    )]
    pub fn mattered(&self) -> bool {
        MATTERED.get()
    }
}

impl Drop for TriedUnicode {
    fn drop(&mut self) {
        TRIED.set(self.before.0);
        MATTERED.set(self.before.1);
    }
}
