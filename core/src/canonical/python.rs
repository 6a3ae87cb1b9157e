//! What CPython prints: `repr` of the values GNU Health passes through `str()`.
//!
//! Lists in GNU Health's documents are `str(list)`, that is `repr` of every element. Which characters `repr` escapes
//! depends on the Unicode tables of the interpreter, hence [`UnicodeVersion`].

use std::fmt;
use std::str::FromStr;

use super::Value;
use super::number::{PlainDecimal, Shortest, push_hex};
use super::printable::{changed_between_versions, is_printable};
pub use super::python_literal::{MAX_LITERAL_BYTES, parse_literal};

/// A Python release, for its Unicode tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnicodeVersion {
    /// Python 3.10: Unicode 13.0.
    Py310,
    /// Python 3.11: Unicode 14.0. The Python of Debian 12, and the default.
    #[default]
    Py311,
    /// Python 3.12: Unicode 15.0.
    Py312,
    /// Python 3.13: Unicode 15.1.
    Py313,
    /// Python 3.14: Unicode 16.0.
    Py314,
}

impl UnicodeVersion {
    /// Every supported version, oldest first.
    pub const ALL: [Self; 5] = [
        Self::Py310,
        Self::Py311,
        Self::Py312,
        Self::Py313,
        Self::Py314,
    ];

    /// The Python release: `3.10` to `3.14`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Py310 => "3.10",
            Self::Py311 => "3.11",
            Self::Py312 => "3.12",
            Self::Py313 => "3.13",
            Self::Py314 => "3.14",
        }
    }
}

impl fmt::Display for UnicodeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for UnicodeVersion {
    type Err = UnknownPython;

    /// Reads a release as `3.11`; no patch level.
    fn from_str(name: &str) -> Result<Self, UnknownPython> {
        Self::ALL
            .into_iter()
            .find(|version| version.name() == name)
            .ok_or(UnknownPython)
    }
}

/// A Python release whose Unicode tables this version does not have. The caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPython;

impl fmt::Display for UnknownPython {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown Python release; known are 3.10 to 3.14")
    }
}

impl std::error::Error for UnknownPython {}

/// Appends `repr(s)` of a Python `str`.
///
/// In single quotes, or in double quotes if `s` has single and no double ones; `\\`, `\n`, `\r`, `\t`, and `\xNN`,
/// `\uNNNN` or `\UNNNNNNNN` in lower case for what `version` does not count as printable (CPython's `unicode_repr`).
pub fn write_repr_str(s: &str, version: UnicodeVersion, out: &mut String) {
    out.reserve(s.len() + 2);
    // Most words need no look at each of their characters.
    if s.bytes()
        .all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'\'' | b'\\'))
    {
        out.push('\'');
        out.push_str(s);
        out.push('\'');
        return;
    }
    let quote = if s.contains('\'') && !s.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    let mut written = 0;
    for (at, c) in s.char_indices() {
        let ordinary = match c {
            '\'' | '"' => c != quote,
            '\\' => false,
            ' '..='~' => true,
            _ => is_printable(c, version),
        };
        if ordinary {
            continue;
        }
        out.push_str(s.get(written..at).unwrap_or_default());
        written = at + c.len_utf8();
        write_escape(c, out);
    }
    out.push_str(s.get(written..).unwrap_or_default());
    out.push(quote);
}

fn write_escape(c: char, out: &mut String) {
    out.push('\\');
    match (c, u32::from(c)) {
        ('\'' | '"' | '\\', _) => out.push(c),
        ('\n', _) => out.push('n'),
        ('\r', _) => out.push('r'),
        ('\t', _) => out.push('t'),
        (_, code @ 0..=0xff) => {
            out.push('x');
            push_hex(code, 2, out);
        }
        (_, code @ 0x100..=0xffff) => {
            out.push('u');
            push_hex(code, 4, out);
        }
        (_, code) => {
            out.push('U');
            push_hex(code, 8, out);
        }
    }
}

/// Appends `repr(f)` of a Python `float`: `5.0`, `1e-05`, `1e+16`, `nan`, `inf`.
///
/// The shortest digits that read back as the same double, without an exponent from 1e-4 up to below 1e16 (CPython's
/// `float_repr`, format code `r`).
pub fn write_repr_float(f: f64, out: &mut String) {
    if f.is_nan() {
        out.push_str("nan");
        return;
    }
    if f.is_sign_negative() {
        out.push('-');
    }
    if write_hundredths(f.abs(), out) {
        return;
    }
    match Shortest::of(f) {
        None => out.push_str("inf"),
        Some(digits) if (-4..16).contains(&digits.exponent()) => digits.write_fixed(".0", out),
        Some(digits) => digits.write_scientific(2, out),
    }
}

/// Appends a number of at most 13 digits and two decimals, as doses and prices are, and says whether it was one.
///
/// It need not search for the shortest digits that read back: what two whole numbers of at most 15 digits divide to is
/// rounded once, and no other decimal of at most 15 digits stands for the same double. A third of the time of the search.
fn write_hundredths(f: f64, out: &mut String) -> bool {
    const LIMIT: f64 = 1e15;
    let hundredths = f * 100.0;
    #[allow(clippy::float_cmp, reason = "the very double is asked for")]
    if hundredths >= LIMIT || hundredths.trunc() != hundredths || hundredths / 100.0 != f {
        return false;
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 0 to 10^15"
    )]
    let hundredths = hundredths as u64;
    let (whole, fraction) = (hundredths / 100, hundredths % 100);
    out.push_str(&whole.to_string());
    out.push('.');
    let mut digit = |value: u64| out.push(char::from(b'0' + u8::try_from(value).unwrap_or(0)));
    digit(fraction / 10);
    if fraction % 10 != 0 {
        digit(fraction % 10);
    }
    true
}

/// Appends `repr(i)` of a Python `int`.
pub fn write_repr_int(i: i64, out: &mut String) {
    out.push_str(&i.to_string());
}

/// Appends `repr(value)`, with lists as Python lists, objects as dicts, null as `None`.
///
/// A [`Value::Decimal`] without a fraction is an `int`; one with a fraction is a `decimal.Decimal`, which Python prints
/// as `Decimal('12.50')` (and as `Decimal('1E-7')` when small). Recurses as deep as the value does.
pub fn write_repr(value: &Value<'_>, version: UnicodeVersion, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Integer(integer) => write_repr_int(*integer, out),
        Value::Float(float) => write_repr_float(*float, out),
        Value::Decimal(literal) => write_repr_decimal(literal, out),
        Value::Text(text) => write_repr_str(text, version, out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr(item, version, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (name, value)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr_str(name, version, out);
                out.push_str(": ");
                write_repr(value, version, out);
            }
            out.push('}');
        }
    }
}

/// `repr` of an `int` or a `decimal.Decimal` (General Decimal Arithmetic Specification, to-scientific-string).
fn write_repr_decimal(literal: &str, out: &mut String) {
    let Some(decimal) = PlainDecimal::read(literal) else {
        // Not a value this type may hold; a Python Decimal has names for it (NaN, Infinity).
        out.push_str("Decimal(");
        write_repr_str(literal, UnicodeVersion::default(), out);
        out.push(')');
        return;
    };
    if decimal.fraction.is_empty() {
        // Python's int has no negative zero.
        out.push_str(if literal == "-0" { "0" } else { literal });
        return;
    }
    out.push_str("Decimal('");
    // Decimal keeps the digits after leading zeros, but one zero if there is nothing else.
    let significant = decimal.fraction.trim_start_matches('0');
    let significant = if significant.is_empty() {
        "0"
    } else {
        significant
    };
    let zeros = decimal.fraction.len() - significant.len();
    if decimal.integer == "0" && zeros >= 6 {
        let (first, others) = significant.split_at_checked(1).unwrap_or((significant, ""));
        out.push_str(if decimal.negative { "-" } else { "" });
        out.push_str(first);
        if !others.is_empty() {
            out.push('.');
            out.push_str(others);
        }
        out.push_str("E-");
        out.push_str(&(zeros + 1).to_string());
    } else {
        out.push_str(literal);
    }
    out.push_str("')");
}

/// Whether `repr(s)` is not the same for every [`UnicodeVersion`].
pub fn has_version_dependent(s: &str) -> bool {
    !s.is_ascii() && s.chars().any(changed_between_versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(f: f64) -> String {
        let mut out = String::new();
        match Shortest::of(f) {
            Some(digits) if (-4..16).contains(&digits.exponent()) => {
                digits.write_fixed(".0", &mut out);
            }
            Some(digits) => digits.write_scientific(2, &mut out),
            None => {}
        }
        out
    }

    #[test]
    #[allow(clippy::cast_precision_loss, reason = "numbers below 2^53 are exact")]
    fn numbers_with_two_decimals_are_written_as_the_search_would() {
        let beyond: i64 = 1_000_000_000_000_000;
        let mut quick = 0;
        for n in (0..20_000).chain(beyond - 3_000..beyond + 3_000) {
            let f = n as f64 / 100.0;
            // The neighbours too: they need 16 or 17 digits, or are not told from it.
            for f in [f, f.next_up(), f.next_down().abs(), f / 10.0, f * 1e-8] {
                let mut out = String::new();
                if write_hundredths(f, &mut out) {
                    quick += 1;
                    assert_eq!(out, searched(f), "{f:e}");
                } else {
                    assert_eq!(out, "");
                }
            }
        }
        assert!(quick > 20_000, "{quick}");
        assert!(!write_hundredths(f64::INFINITY, &mut String::new()));
        assert!(!write_hundredths(f64::MIN_POSITIVE, &mut String::new()));
    }

    fn repr_str(s: &str) -> String {
        let mut out = String::new();
        write_repr_str(s, UnicodeVersion::default(), &mut out);
        out
    }

    fn repr(value: &Value<'_>) -> String {
        let mut out = String::new();
        write_repr(value, UnicodeVersion::default(), &mut out);
        out
    }

    #[test]
    fn releases_are_read_back() {
        for version in UnicodeVersion::ALL {
            assert_eq!(version.to_string().parse(), Ok(version));
        }
        for wrong in ["", "3.9", "3.15", "3.11.7", "3"] {
            assert_eq!(wrong.parse::<UnicodeVersion>(), Err(UnknownPython));
        }
    }

    #[test]
    fn quotes() {
        assert_eq!(repr_str(""), "''");
        assert_eq!(repr_str("it's"), "\"it's\"");
        assert_eq!(repr_str("say \"hi\""), "'say \"hi\"'");
        assert_eq!(repr_str("both ' and \""), "'both \\' and \"'");
    }

    #[test]
    fn escapes() {
        assert_eq!(repr_str("a\\b\n\r\t"), r"'a\\b\n\r\t'");
        assert_eq!(
            repr_str("\0\u{8}\u{1b}\u{7f}\u{80}\u{a0}\u{ad}"),
            r"'\x00\x08\x1b\x7f\x80\xa0\xad'"
        );
        assert_eq!(
            repr_str("\u{378}\u{2028}\u{3000}\u{feff}"),
            r"'\u0378\u2028\u3000\ufeff'"
        );
        assert_eq!(repr_str("\u{e0001}\u{10ffff}"), r"'\U000e0001\U0010ffff'");
        assert_eq!(repr_str("Zoë 日本 😂 \u{301}"), "'Zoë 日本 😂 \u{301}'");
    }

    #[test]
    fn a_character_that_python_learned() {
        // U+2FFC came with Unicode 15.1, U+1F6DC with 15.0, U+1FACE with 15.0, U+1C89 with 16.0.
        let written = |version| {
            let mut out = String::new();
            write_repr_str("\u{2ffc}\u{1c89}", version, &mut out);
            out
        };
        assert_eq!(written(UnicodeVersion::Py312), r"'\u2ffc\u1c89'");
        assert_eq!(written(UnicodeVersion::Py313), "'\u{2ffc}\\u1c89'");
        assert_eq!(written(UnicodeVersion::Py314), "'\u{2ffc}\u{1c89}'");
        assert!(has_version_dependent("a\u{2ffc}"));
        assert!(has_version_dependent("\u{1f6dc}"));
        assert!(!has_version_dependent("Zoë 日本 😂 \u{378} \u{10ffff} \0"));
    }

    #[test]
    fn floats() {
        for (float, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (5.0, "5.0"),
            (-1.5, "-1.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (123456789012345.67, "123456789012345.67"),
            (1e15, "1000000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.2345e17, "1.2345e+17"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (-f64::NAN, "nan"),
        ] {
            let mut out = String::new();
            write_repr_float(float, &mut out);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn containers() {
        let value = Value::List(vec![
            Value::Text("a".into()),
            Value::List(vec![]),
            Value::Object(vec![
                ("k".into(), Value::Null),
                ("l".into(), Value::Bool(true)),
            ]),
            Value::Bool(false),
            Value::Integer(-7),
            Value::Float(5.0),
        ]);
        assert_eq!(
            repr(&value),
            "['a', [], {'k': None, 'l': True}, False, -7, 5.0]"
        );
    }

    #[test]
    fn decimals() {
        for (literal, text) in [
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("-0", "0"),
            ("12.50", "Decimal('12.50')"),
            ("-0.0", "Decimal('-0.0')"),
            ("0.000001", "Decimal('0.000001')"),
            ("0.0000001", "Decimal('1E-7')"),
            ("-0.00000010", "Decimal('-1.0E-7')"),
            ("0.000000", "Decimal('0.000000')"),
            ("0.0000000", "Decimal('0E-7')"),
        ] {
            assert_eq!(repr(&Value::Decimal(literal.into())), text);
        }
    }
}
