//! Panics on purpose, for tests/reliability/panics.py. Only in builds with the cargo feature `panic_points`, which
//! tools/build.sh adds for tests and which does not compile without debug assertions, so that no release has it.

use std::cell::Cell;
use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

#[cfg(not(debug_assertions))]
compile_error!("the feature panic_points is for tests, not for a release");

static PANIC_AT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

thread_local! {
    // The setting's last value, and how many points were reached since it was set.
    static REACHED: Cell<(Option<CString>, u32)> = const { Cell::new((None, 0)) };
}

/// Defines the setting; called once a backend.
pub fn register() {
    GucRegistry::define_string_guc(
        c"health_crypto_test.panic_at",
        c"The number of the point at which to panic, a space, and what makes the value differ from the last one.",
        c"Empty: none.",
        &PANIC_AT,
        GucContext::Suset,
        GucFlags::default(),
    );
}

/// A place where a panic may be asked for.
#[allow(clippy::panic, reason = "it is what this module is for")]
pub fn point() {
    let wanted = PANIC_AT.get();
    let Some(text) = wanted.as_ref().and_then(|w| w.to_str().ok()) else {
        return;
    };
    let Some(number) = text.split(' ').next().and_then(|n| n.parse::<u32>().ok()) else {
        return;
    };
    let (last, count) = REACHED.take();
    let count = if last == wanted { count + 1 } else { 1 };
    REACHED.set((wanted.clone(), count));
    if count == number {
        panic!("asked for");
    }
}
