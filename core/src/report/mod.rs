//! What report_html() and qr_svg() show, and how it looks. Whoever calls brings verdicts and numbers.

mod failing;
mod page;
mod plot;
mod qr;
mod shown;
mod tally;

pub use failing::{Failing, Found, Limits};
pub use qr::{DIGEST_DIGITS, Slip, TooLong};
pub use tally::{Standing, Tally};

/// Everything that is on the page. Texts are as they are; the page escapes them and shows what cannot be seen.
#[derive(Debug, Default)]
pub struct Report {
    /// Name of the database.
    pub database: String,
    /// The policy time, in words.
    pub policy_time: String,
    /// When the page was made, in words.
    pub made_at: String,
    /// One tally a document type.
    pub tallies: Vec<(String, Tally)>,
    /// Types of which no document could be verified, and why.
    pub unusable: Vec<(String, String)>,
    /// What the register was told, by time.
    pub timeline: Timeline,
    /// The keyring.
    pub keyring: Keyring,
    /// Doors that are open.
    pub gaps: Vec<Gap>,
    /// How many gaps there are besides those.
    pub more_gaps: u64,
    /// The documents that do not hold, as far as they are shown.
    pub failing: Failing,
}

/// The register's entries, counted by intervals of equal kind.
#[derive(Debug, Default)]
pub struct Timeline {
    /// What an interval is: day, week, month, year.
    pub unit: String,
    /// The intervals in order, without holes.
    pub intervals: Vec<Interval>,
}

/// One interval of the timeline.
#[derive(Debug, Default)]
pub struct Interval {
    /// Its name, as 2026-01.
    pub label: String,
    /// Documents sealed or adopted.
    pub seals: u64,
    /// Signatures stored.
    pub signatures: u64,
    /// Documents reopened.
    pub reopenings: u64,
    /// Alterations and overrides that were let through.
    pub alterations: u64,
}

/// What is in the keyring, and what ends soon.
#[derive(Debug, Default)]
pub struct Keyring {
    /// Certificates in it.
    pub certificates: u64,
    /// Those of them that are revoked.
    pub revoked: u64,
    /// How many days ahead it was looked.
    pub days: u32,
    /// Those that have expired or will within these days, the first to expire first.
    pub expiring: Vec<Expiring>,
    /// How many there are besides those.
    pub more: u64,
}

/// A certificate that has expired or soon will.
#[derive(Debug, Default)]
pub struct Expiring {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its user ids.
    pub user_ids: Vec<String>,
    /// When it expires, in words.
    pub expires: String,
    /// Days until then; negative when it has.
    pub days: i64,
    /// Whether it is revoked anyway.
    pub revoked: bool,
}

/// One line of protection_gaps().
#[derive(Debug, Default)]
pub struct Gap {
    /// The document type, if it is about one.
    pub document: Option<String>,
    /// The relation or role.
    pub relation: String,
    /// What is wrong.
    pub gap: String,
    /// With what.
    pub detail: String,
}
