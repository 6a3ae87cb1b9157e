//! Canonical text: one value, one sequence of characters, so that equal content has an equal digest.
//!
//! A [`Profile`] writes a [`Value`]. `gnuhealth-1` is what GNU Health's Python writes with
//! `json.dumps(x, ensure_ascii=False)`; `jcs-1` is RFC 8785. [`parse_json`] reads either back, and any other JSON.

mod cursor;
mod escape;
mod gnuhealth;
mod jcs;
mod json_input;
mod number;
mod path;
mod printable;
mod printable_table;
pub mod python;
mod python_literal;
mod value;

use std::fmt;
use std::str::FromStr;

pub use json_input::{JsonError, MAX_JSON_BYTES, parse_field, parse_json};
pub(crate) use path::Path;
pub use value::Value;

/// How many lists and objects may stand inside one another, in what is read and in what is written.
///
/// One limit for both directions, so that every canonical text can be read back for a comparison.
pub const MAX_DEPTH: usize = 128;

/// A rule that turns a [`Value`] into canonical text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `json.dumps(x, ensure_ascii=False)` of CPython, as GNU Health 3.4 to 5.0 calls it: insertion order, `", "`
    /// and `": "`, Python's numbers.
    GnuHealth1,
    /// The JSON Canonicalization Scheme, RFC 8785: sorted keys, no white space, ECMAScript's numbers.
    Jcs1,
}

impl Profile {
    /// Every profile, in the order of their age.
    pub const ALL: [Self; 2] = [Self::GnuHealth1, Self::Jcs1];

    /// The name users write and the register keeps: `gnuhealth-1` or `jcs-1`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GnuHealth1 => "gnuhealth-1",
            Self::Jcs1 => "jcs-1",
        }
    }

    /// Appends the canonical text of `value` to `out`.
    ///
    /// # Errors
    /// A [`CanonicalError`] for a value the profile cannot carry exactly; `out` is then as it was before.
    pub fn write(self, value: &Value<'_>, out: &mut String) -> Result<(), CanonicalError> {
        let before = out.len();
        let written = match self {
            Self::GnuHealth1 => gnuhealth::write(value, &Path::Root, 0, out),
            Self::Jcs1 => jcs::write(value, &Path::Root, 0, out),
        };
        if written.is_err() {
            out.truncate(before);
        }
        written
    }

    /// Appends the canonical text of a document, one object of `fields`, to `out`.
    ///
    /// `gnuhealth-1` keeps the order of `fields`; `jcs-1` sorts them by UTF-16 code units (RFC 8785, 3.2.3).
    ///
    /// # Errors
    /// As [`Profile::write`]; a name that occurs twice is [`CanonicalError::DuplicateKey`].
    pub fn write_document(
        self,
        fields: &[(&str, Value<'_>)],
        out: &mut String,
    ) -> Result<(), CanonicalError> {
        let before = out.len();
        let written = match self {
            Self::GnuHealth1 => gnuhealth::write_object(fields, &Path::Root, 1, out),
            Self::Jcs1 => jcs::write_object(fields, &Path::Root, 1, out),
        };
        if written.is_err() {
            out.truncate(before);
        }
        written
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    /// Reads a profile's name; `gnuhealth` alone means the newest of that family.
    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        match name {
            "gnuhealth-1" | "gnuhealth" => Ok(Self::GnuHealth1),
            "jcs-1" => Ok(Self::Jcs1),
            _ => Err(UnknownProfile),
        }
    }
}

/// A profile name that this version does not know. The caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownProfile;

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown profile; known are gnuhealth-1 and jcs-1")
    }
}

impl std::error::Error for UnknownProfile {}

/// Why a value has no canonical text in a profile. The document's fault, never the program's.
///
/// `path` says where, like `Field[1].name`: names and 0-based indices, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CanonicalError {
    /// A number is NaN or infinite, or a [`Value::Decimal`] is not a plain decimal literal.
    NotFinite {
        /// Where the number stands.
        path: String,
    },
    /// An integer lies outside ±(2^53 - 1) and the profile is `jcs-1` (RFC 7493, 2.2); it can go as a string.
    IntegerOutOfRange {
        /// Where the integer stands.
        path: String,
    },
    /// A decimal is not what any IEEE double prints as, and the profile is `jcs-1`; it can go as a string.
    InexactDecimal {
        /// Where the decimal stands.
        path: String,
    },
    /// An object has the same name twice.
    DuplicateKey {
        /// The name and where it stands.
        path: String,
    },
    /// Lists and objects are nested more than [`MAX_DEPTH`] deep.
    TooDeep,
}

impl fmt::Display for CanonicalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { path } => write!(f, "not a finite number: {path}"),
            Self::IntegerOutOfRange { path } => write!(f, "integer beyond 2^53 - 1: {path}"),
            Self::InexactDecimal { path } => {
                write!(f, "decimal that no double carries exactly: {path}")
            }
            Self::DuplicateKey { path } => write!(f, "name occurs twice: {path}"),
            Self::TooDeep => write!(f, "nested more than {MAX_DEPTH} deep"),
        }
    }
}

impl std::error::Error for CanonicalError {}

/// The first of `names` that occurs a second time.
fn repeated<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> Option<&'n str> {
    // A document has a few fields, and comparing them with each other is quicker than hashing them.
    const FEW: usize = 16;
    let mut names = names;
    if names.len() <= FEW {
        let mut seen: Vec<&str> = Vec::with_capacity(FEW);
        return names.find(|name| {
            let again = seen.contains(name);
            seen.push(name);
            again
        });
    }
    let mut seen = std::collections::HashSet::with_capacity(names.len());
    names.find(|name| !seen.insert(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> Value<'static> {
        (1..depth).fold(Value::List(vec![]), |inner, _| Value::List(vec![inner]))
    }

    #[test]
    fn names_are_read_back() {
        for profile in Profile::ALL {
            assert_eq!(profile.name().parse(), Ok(profile));
            assert_eq!(profile.to_string(), profile.name());
        }
        assert_eq!("gnuhealth".parse(), Ok(Profile::GnuHealth1));
        for wrong in ["", "jcs", "JCS-1", "gnuhealth-2", " jcs-1"] {
            assert_eq!(wrong.parse::<Profile>(), Err(UnknownProfile));
        }
    }

    #[test]
    fn a_refused_value_leaves_the_output_alone() {
        let fields = [("a", Value::Integer(1)), ("b", Value::Float(f64::NAN))];
        for profile in Profile::ALL {
            let mut out = String::from("before");
            let refused = profile.write_document(&fields, &mut out);
            assert_eq!(refused, Err(CanonicalError::NotFinite { path: "b".into() }));
            assert_eq!(out, "before");
        }
    }

    #[test]
    fn errors_carry_names_and_indices_but_no_values() {
        let inner = Value::Object(vec![("name".into(), Value::Decimal("NaN".into()))]);
        let fields = [(
            "Field",
            Value::List(vec![Value::Text("marker".into()), inner]),
        )];
        for profile in Profile::ALL {
            let refused = profile
                .write_document(&fields, &mut String::new())
                .unwrap_err();
            assert_eq!(
                refused,
                CanonicalError::NotFinite {
                    path: "Field[1].name".into()
                }
            );
            assert_eq!(refused.to_string(), "not a finite number: Field[1].name");
        }
    }

    #[test]
    fn a_name_twice_is_refused_at_any_level() {
        let twice = || Value::Object(vec![("k".into(), Value::Null), ("k".into(), Value::Null)]);
        for profile in Profile::ALL {
            let mut out = String::new();
            let top =
                profile.write_document(&[("k", Value::Null), ("k", Value::Bool(true))], &mut out);
            assert_eq!(top, Err(CanonicalError::DuplicateKey { path: "k".into() }));
            let deep = profile.write_document(&[("a", Value::List(vec![twice()]))], &mut out);
            assert_eq!(
                deep,
                Err(CanonicalError::DuplicateKey {
                    path: "a[0].k".into()
                })
            );
            assert_eq!(out, "");
        }
    }

    #[test]
    fn depth_is_limited_the_same_way_for_reading_and_writing() {
        for profile in Profile::ALL {
            let mut out = String::new();
            assert_eq!(profile.write(&nested(MAX_DEPTH), &mut out), Ok(()));
            assert_eq!(parse_json(&out), Ok(nested(MAX_DEPTH)));
            assert_eq!(
                profile.write(&nested(MAX_DEPTH + 1), &mut String::new()),
                Err(CanonicalError::TooDeep)
            );
            let document = [("a", nested(MAX_DEPTH))];
            assert_eq!(
                profile.write_document(&document, &mut String::new()),
                Err(CanonicalError::TooDeep)
            );
            assert_eq!(
                profile.write_document(&[("a", nested(MAX_DEPTH - 1))], &mut String::new()),
                Ok(())
            );
        }
    }
}
