//! Profile `jcs-1`: the JSON Canonicalization Scheme, RFC 8785.

use std::cmp::Ordering;

use super::escape::write_json_string;
use super::number::{PlainDecimal, Shortest};
use super::{CanonicalError, MAX_DEPTH, Path, Value};

/// The largest integer that every reader of I-JSON gets exactly (RFC 7493, 2.2): 2^53 - 1.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Appends `value`; `depth` containers stand around it.
pub(super) fn write(
    value: &Value<'_>,
    path: &Path<'_>,
    depth: usize,
    out: &mut String,
) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Integer(integer) if integer.unsigned_abs() <= MAX_SAFE_INTEGER => {
            out.push_str(&integer.to_string());
        }
        Value::Integer(_) => return Err(CanonicalError::IntegerOutOfRange { path: path.short() }),
        Value::Float(float) => {
            let digits = Shortest::of(*float)
                .ok_or_else(|| CanonicalError::NotFinite { path: path.short() })?;
            write_number(*float < 0.0, &digits, out);
        }
        Value::Decimal(literal) => write_decimal(literal, path, out)?,
        Value::Text(text) => write_json_string(text, out),
        Value::List(items) => return write_list(items, path, depth + 1, out),
        Value::Object(fields) => return write_object(fields, path, depth + 1, out),
    }
    Ok(())
}

/// A number as ECMAScript prints it (ECMA-262, Number::toString; RFC 8785, 3.2.2.3).
fn write_number(negative: bool, digits: &Shortest, out: &mut String) {
    if negative {
        out.push('-');
    }
    if (-6..=20).contains(&digits.exponent()) {
        digits.write_fixed("", out);
    } else {
        digits.write_scientific(1, out);
    }
}

/// A decimal, if a double stands for exactly that decimal: what the double prints as must be the same number.
fn write_decimal(literal: &str, path: &Path<'_>, out: &mut String) -> Result<(), CanonicalError> {
    let decimal = PlainDecimal::read(literal)
        .ok_or_else(|| CanonicalError::NotFinite { path: path.short() })?;
    if decimal.is_integral() {
        let magnitude = decimal
            .integer
            .parse::<u64>()
            .ok()
            .filter(|magnitude| *magnitude <= MAX_SAFE_INTEGER);
        let magnitude =
            magnitude.ok_or_else(|| CanonicalError::IntegerOutOfRange { path: path.short() })?;
        if decimal.negative && magnitude > 0 {
            out.push('-');
        }
        out.push_str(&magnitude.to_string());
        return Ok(());
    }
    let digits = literal
        .parse()
        .ok()
        .and_then(Shortest::of)
        .filter(|digits| decimal.is_exactly(digits));
    let digits = digits.ok_or_else(|| CanonicalError::InexactDecimal { path: path.short() })?;
    // Not zero: a fraction that is not all zeros equals the digits.
    write_number(decimal.negative, &digits, out);
    Ok(())
}

fn write_list(
    items: &[Value<'_>],
    path: &Path<'_>,
    depth: usize,
    out: &mut String,
) -> Result<(), CanonicalError> {
    if depth > MAX_DEPTH {
        return Err(CanonicalError::TooDeep);
    }
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, &Path::Index(path, index), depth, out)?;
    }
    out.push(']');
    Ok(())
}

/// Appends an object, sorted; it is the `depth`th container from outside.
pub(super) fn write_object<N: AsRef<str>>(
    fields: &[(N, Value<'_>)],
    path: &Path<'_>,
    depth: usize,
    out: &mut String,
) -> Result<(), CanonicalError> {
    if depth > MAX_DEPTH {
        return Err(CanonicalError::TooDeep);
    }
    let mut sorted: Vec<(&str, &Value<'_>)> = fields
        .iter()
        .map(|(name, value)| (name.as_ref(), value))
        .collect();
    sorted.sort_by(|(left, _), (right, _)| by_utf16(left, right));
    out.push('{');
    let mut before = None;
    for (name, value) in sorted {
        if before == Some(name) {
            return Err(CanonicalError::DuplicateKey {
                path: Path::Field(path, name).short(),
            });
        }
        if before.is_some() {
            out.push(',');
        }
        before = Some(name);
        write_json_string(name, out);
        out.push(':');
        write(value, &Path::Field(path, name), depth, out)?;
    }
    out.push('}');
    Ok(())
}

/// The order of RFC 8785, 3.2.3. It is not the order of UTF-8: U+10000 and above come before U+E000 to U+FFFF.
fn by_utf16(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

#[cfg(test)]
mod tests {
    use super::super::{Profile, parse_json};
    use super::*;

    fn written(value: &Value<'_>) -> Result<String, CanonicalError> {
        let mut out = String::new();
        Profile::Jcs1.write(value, &mut out).map(|()| out)
    }

    /// RFC 8785, appendix B: bits of the double and its text; no text where the RFC says error.
    #[test]
    fn numbers_of_the_rfc() {
        for (bits, text) in [
            (0x0000000000000000, Some("0")),
            (0x8000000000000000, Some("0")),
            (0x0000000000000001, Some("5e-324")),
            (0x8000000000000001, Some("-5e-324")),
            (0x7fefffffffffffff, Some("1.7976931348623157e+308")),
            (0xffefffffffffffff, Some("-1.7976931348623157e+308")),
            (0x4340000000000000, Some("9007199254740992")),
            (0xc340000000000000, Some("-9007199254740992")),
            (0x4430000000000000, Some("295147905179352830000")),
            (0x7fffffffffffffff, None),
            (0x7ff0000000000000, None),
            (0x44b52d02c7e14af5, Some("9.999999999999997e+22")),
            (0x44b52d02c7e14af6, Some("1e+23")),
            (0x44b52d02c7e14af7, Some("1.0000000000000001e+23")),
            (0x444b1ae4d6e2ef4e, Some("999999999999999700000")),
            (0x444b1ae4d6e2ef4f, Some("999999999999999900000")),
            (0x444b1ae4d6e2ef50, Some("1e+21")),
            (0x3eb0c6f7a0b5ed8c, Some("9.999999999999997e-7")),
            (0x3eb0c6f7a0b5ed8d, Some("0.000001")),
            (0x41b3de4355555553, Some("333333333.3333332")),
            (0x41b3de4355555554, Some("333333333.33333325")),
            (0x41b3de4355555555, Some("333333333.3333333")),
            (0x41b3de4355555556, Some("333333333.3333334")),
            (0x41b3de4355555557, Some("333333333.33333343")),
            (0xbecbf647612f3696, Some("-0.0000033333333333333333")),
            (0x43143ff3c1cb0959, Some("1424953923781206.2")),
        ] {
            let expected = text.map_or(
                Err(CanonicalError::NotFinite {
                    path: String::new(),
                }),
                |text| Ok(text.into()),
            );
            assert_eq!(
                written(&Value::Float(f64::from_bits(bits))),
                expected,
                "{bits:#x}"
            );
        }
    }

    /// RFC 8785, 3.2.3.
    #[test]
    fn order_of_the_rfc() {
        let input = r#"{
            "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        assert_eq!(
            written(&parse_json(input).unwrap()).unwrap(),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
             \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\
             \"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        );
    }

    /// RFC 8785, 3.2.2.
    #[test]
    fn sample_of_the_rfc() {
        let input = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        assert_eq!(
            written(&parse_json(input).unwrap()).unwrap(),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
                .to_owned()
                + r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    #[test]
    fn integers_end_where_doubles_get_gaps() {
        let refused = Err(CanonicalError::IntegerOutOfRange {
            path: String::new(),
        });
        assert_eq!(
            written(&Value::Integer(9007199254740991)),
            Ok("9007199254740991".into())
        );
        assert_eq!(
            written(&Value::Integer(-9007199254740991)),
            Ok("-9007199254740991".into())
        );
        for beyond in [9007199254740992, -9007199254740992, i64::MAX, i64::MIN] {
            assert_eq!(written(&Value::Integer(beyond)), refused);
            assert_eq!(written(&Value::Decimal(beyond.to_string().into())), refused);
        }
        assert_eq!(written(&parse_json("-0").unwrap()), Ok("0".into()));
        assert_eq!(
            written(&parse_json("123456789012345678901234567890").unwrap()),
            refused
        );
        assert_eq!(
            written(&Value::Decimal("9007199254740992.000".into())),
            refused
        );
    }

    #[test]
    fn decimals_only_if_a_double_is_the_same_number() {
        for (literal, text) in [
            ("12.50", "12.5"),
            ("-12.50", "-12.5"),
            ("0.1", "0.1"),
            ("0.10000", "0.1"),
            ("100", "100"),
            ("100.00", "100"),
            ("-0.00", "0"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
        ] {
            assert_eq!(
                written(&Value::Decimal(literal.into())),
                Ok(text.into()),
                "{literal}"
            );
        }
        let tiny = format!("0.{}1", "0".repeat(400));
        for literal in [
            "0.10000000000000000555",
            "1.00000000000000000001",
            "9007199254740991.1",
            &tiny,
        ] {
            let refused = Err(CanonicalError::InexactDecimal {
                path: String::new(),
            });
            assert_eq!(
                written(&Value::Decimal(literal.into())),
                refused,
                "{literal}"
            );
        }
        for literal in ["NaN", "Infinity", "-Infinity", "1e5"] {
            let refused = Err(CanonicalError::NotFinite {
                path: String::new(),
            });
            assert_eq!(
                written(&Value::Decimal(literal.into())),
                refused,
                "{literal}"
            );
        }
    }
}
