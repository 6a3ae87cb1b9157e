//! Reading JSON, strictly: RFC 8259 without its tolerances (I-JSON, RFC 7493, for names and surrogates).

use std::borrow::Cow;
use std::fmt;

use super::cursor::Cursor;
use super::{MAX_DEPTH, Path, Value, number, repeated};

/// The longest text [`parse_json`] reads, in bytes: 16 MiB.
///
/// The smallest element (`0,`) costs two bytes of text and some 32 of memory, and running out of memory ends the
/// whole process, so this bounds a value to about half a gigabyte at the very worst.
pub const MAX_JSON_BYTES: usize = 16 << 20;

/// Why a text is not JSON that can be carried exactly. The fault of whoever wrote the text.
///
/// `path` says where, like `Field[1].name`: names and 0-based indices, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON by the grammar of RFC 8259.
    Syntax,
    /// An object has the same name twice (RFC 7493, 2.3).
    DuplicateKey {
        /// The name and where it stands.
        path: String,
    },
    /// A number is beyond the range of an IEEE double.
    NumberOutOfRange {
        /// Where the number stands.
        path: String,
    },
    /// A number of a document's field has more digits than a double carries.
    InexactNumber {
        /// Where the number stands.
        path: String,
    },
    /// Lists and objects are nested more than [`MAX_DEPTH`] deep.
    TooDeep,
    /// A `\u` escape names half of a surrogate pair (RFC 7493, 2.1).
    LoneSurrogate,
    /// The text is longer than [`MAX_JSON_BYTES`].
    TooLarge,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("not valid JSON"),
            Self::DuplicateKey { path } => write!(f, "name occurs twice: {path}"),
            Self::NumberOutOfRange { path } => write!(f, "number out of range: {path}"),
            Self::InexactNumber { path } => {
                write!(f, "number that a double does not carry exactly: {path}")
            }
            Self::TooDeep => write!(f, "nested more than {MAX_DEPTH} deep"),
            Self::LoneSurrogate => f.write_str("escape sequence is half of a surrogate pair"),
            Self::TooLarge => write!(f, "longer than {MAX_JSON_BYTES} bytes"),
        }
    }
}

impl std::error::Error for JsonError {}

/// Reads one JSON value from `text`, with white space around it and nothing else.
///
/// A literal with a fraction or an exponent is the nearest double ([`Value::Float`], as RFC 8785, 3.2.2.3 and Python
/// read it); one without is an integer of any size ([`Value::Integer`], or [`Value::Decimal`] beyond 64 bits). `-0`
/// is the integer 0, as in Python; `-0.0` keeps its sign. Order and spelling of names are kept.
///
/// # Errors
/// A [`JsonError`] for everything that is not exactly one JSON value within the limits.
pub fn parse_json(text: &str) -> Result<Value<'static>, JsonError> {
    read(text, &Path::Root, false)
}

/// Reads the JSON value of a document's field, as [`parse_json`], with the field's name in the paths of errors.
///
/// A literal with a fraction or an exponent must denote the very number that the nearest double is printed as. Two
/// contents would have one text and one digest otherwise, if they differ only in digits that a double does not carry.
///
/// # Errors
/// As [`parse_json`], and [`JsonError::InexactNumber`].
pub fn parse_field(name: &str, text: &str) -> Result<Value<'static>, JsonError> {
    read(text, &Path::Field(&Path::Root, name), true)
}

fn read(text: &str, path: &Path<'_>, exact: bool) -> Result<Value<'static>, JsonError> {
    if text.len() > MAX_JSON_BYTES {
        return Err(JsonError::TooLarge);
    }
    let mut reader = Reader {
        cursor: Cursor::new(text),
        exact,
    };
    reader.skip_space();
    let value = reader.value(path, 0)?;
    reader.skip_space();
    if reader.cursor.rest().is_empty() {
        Ok(value)
    } else {
        Err(JsonError::Syntax)
    }
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    /// Whether numbers must be carried exactly.
    exact: bool,
}

impl Reader<'_> {
    /// One value; `depth` containers stand around it.
    fn value(&mut self, path: &Path<'_>, depth: usize) -> Result<Value<'static>, JsonError> {
        match self.cursor.peek() {
            Some(b'{') => self.object(path, depth + 1),
            Some(b'[') => self.list(path, depth + 1),
            Some(b'"') => Ok(Value::Text(Cow::Owned(self.string()?))),
            Some(b'-' | b'0'..=b'9') => self.number(path),
            Some(_) if self.cursor.eat("null") => Ok(Value::Null),
            Some(_) if self.cursor.eat("true") => Ok(Value::Bool(true)),
            Some(_) if self.cursor.eat("false") => Ok(Value::Bool(false)),
            _ => Err(JsonError::Syntax),
        }
    }

    fn list(&mut self, path: &Path<'_>, depth: usize) -> Result<Value<'static>, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        let mut items = Vec::new();
        self.expect("[")?;
        self.skip_space();
        if self.cursor.eat("]") {
            return Ok(Value::List(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(&Path::Index(path, items.len()), depth)?);
            self.skip_space();
            if self.cursor.eat("]") {
                return Ok(Value::List(items));
            }
            self.expect(",")?;
        }
    }

    fn object(&mut self, path: &Path<'_>, depth: usize) -> Result<Value<'static>, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        let mut fields: Vec<(Cow<'static, str>, Value<'static>)> = Vec::new();
        self.expect("{")?;
        self.skip_space();
        if self.cursor.eat("}") {
            return Ok(Value::Object(fields));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            self.expect(":")?;
            self.skip_space();
            let value = self.value(&Path::Field(path, &name), depth)?;
            fields.push((Cow::Owned(name), value));
            self.skip_space();
            if self.cursor.eat("}") {
                break;
            }
            self.expect(",")?;
        }
        if let Some(name) = repeated(fields.iter().map(|(name, _)| name.as_ref())) {
            return Err(JsonError::DuplicateKey {
                path: Path::Field(path, name).short(),
            });
        }
        Ok(Value::Object(fields))
    }

    fn number(&mut self, path: &Path<'_>) -> Result<Value<'static>, JsonError> {
        let whole = self.cursor.rest();
        self.cursor.eat("-");
        if !self.cursor.eat("0") {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.cursor.eat(".") {
            is_integer = false;
            self.digits()?;
        }
        if self.cursor.eat("e") || self.cursor.eat("E") {
            is_integer = false;
            if !self.cursor.eat("+") {
                self.cursor.eat("-");
            }
            self.digits()?;
        }
        let literal = whole
            .get(..whole.len() - self.cursor.rest().len())
            .ok_or(JsonError::Syntax)?;
        if is_integer {
            return Ok(match literal.parse() {
                Ok(integer) => Value::Integer(integer),
                Err(_) => Value::Decimal(Cow::Owned(literal.to_owned())),
            });
        }
        match literal.parse::<f64>() {
            Ok(float) if float.is_finite() => {
                if self.exact && !number::is_carried(literal, float) {
                    return Err(JsonError::InexactNumber { path: path.short() });
                }
                Ok(Value::Float(float))
            }
            _ => Err(JsonError::NumberOutOfRange { path: path.short() }),
        }
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), JsonError> {
        let digits = self.cursor.take_while(|byte| byte.is_ascii_digit());
        if digits.is_empty() {
            Err(JsonError::Syntax)
        } else {
            Ok(())
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.expect("\"")?;
        let mut text = String::new();
        loop {
            text.push_str(
                self.cursor
                    .take_while(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\'),
            );
            if self.cursor.eat("\"") {
                return Ok(text);
            }
            // Anything but a backslash here is a raw control character or the end.
            self.expect("\\")?;
            text.push(self.escape()?);
        }
    }

    /// The character an escape stands for; its backslash is read.
    fn escape(&mut self) -> Result<char, JsonError> {
        match self.cursor.take(1) {
            Some("\"") => Ok('"'),
            Some("\\") => Ok('\\'),
            Some("/") => Ok('/'),
            Some("b") => Ok('\u{8}'),
            Some("f") => Ok('\u{c}'),
            Some("n") => Ok('\n'),
            Some("r") => Ok('\r'),
            Some("t") => Ok('\t'),
            Some("u") => {
                let first = self.cursor.take_hex(4).ok_or(JsonError::Syntax)?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first).ok_or(JsonError::LoneSurrogate);
                }
                if !self.cursor.eat("\\u") {
                    return Err(JsonError::LoneSurrogate);
                }
                let second = self.cursor.take_hex(4).ok_or(JsonError::Syntax)?;
                if !(0xdc00..0xe000).contains(&second) {
                    return Err(JsonError::LoneSurrogate);
                }
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                char::from_u32(code).ok_or(JsonError::LoneSurrogate)
            }
            _ => Err(JsonError::Syntax),
        }
    }

    fn skip_space(&mut self) {
        self.cursor
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn expect(&mut self, token: &str) -> Result<(), JsonError> {
        if self.cursor.eat(token) {
            Ok(())
        } else {
            Err(JsonError::Syntax)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_what_they_were() {
        let text = " { \"b\" : [ null , true,false, -12 , 5.0, 1E2 ,-0,-0.0 ] ,\r\n\t\"a\":{\"\":\"x\"}, \"e\":{ } } ";
        let expected = Value::Object(vec![
            (
                "b".into(),
                Value::List(vec![
                    Value::Null,
                    Value::Bool(true),
                    Value::Bool(false),
                    Value::Integer(-12),
                    Value::Float(5.0),
                    Value::Float(100.0),
                    Value::Integer(0),
                    Value::Float(-0.0),
                ]),
            ),
            (
                "a".into(),
                Value::Object(vec![("".into(), Value::Text("x".into()))]),
            ),
            ("e".into(), Value::Object(vec![])),
        ]);
        assert_eq!(parse_json(text), Ok(expected));
        assert!(matches!(parse_json("-0.0"), Ok(Value::Float(zero)) if zero.is_sign_negative()));
    }

    #[test]
    fn integers_of_any_size() {
        assert_eq!(
            parse_json("9223372036854775807"),
            Ok(Value::Integer(i64::MAX))
        );
        assert_eq!(
            parse_json("-9223372036854775808"),
            Ok(Value::Integer(i64::MIN))
        );
        assert_eq!(
            parse_json("9223372036854775808"),
            Ok(Value::Decimal("9223372036854775808".into()))
        );
        assert_eq!(
            parse_json("-9223372036854775809"),
            Ok(Value::Decimal("-9223372036854775809".into()))
        );
    }

    #[test]
    fn escapes() {
        let text = r#""\"\\\/\b\f\n\r\t\u0000\u00e4\u20AC\ud83d\uDE02""#;
        assert_eq!(
            parse_json(text),
            Ok(Value::Text("\"\\/\u{8}\u{c}\n\r\t\0ä€😂".into()))
        );
    }

    #[test]
    fn halves_of_surrogate_pairs() {
        for text in [
            r#""\ud83d""#,
            r#""\ude02""#,
            r#""\ud83dx""#,
            r#""\ud83d\n""#,
            r#""\ud83d\ud83d""#,
            r#""\ud83d\u0041""#,
            r#"{"\udead": 1}"#,
        ] {
            assert_eq!(parse_json(text), Err(JsonError::LoneSurrogate), "{text}");
        }
    }

    #[test]
    fn what_is_not_json() {
        for text in [
            "",
            " ",
            "nul",
            "nulll",
            "True",
            "NaN",
            "Infinity",
            "-Infinity",
            "-",
            "+1",
            "01",
            "-01",
            "1.",
            ".5",
            "1e",
            "1e+",
            "0x10",
            "1 2",
            "١",
            "\"",
            "\"a",
            "\"\n\"",
            "\"\u{1f}\"",
            "\"\\",
            r#""\x41""#,
            r#""\u12""#,
            r#""\u+123""#,
            r#""\u00é""#,
            r#""\ud83d\u12""#,
            r#""\é""#,
            "'a'",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[1 2]",
            "]",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{1:1}",
            "{\"a\":1 \"b\":2}",
            "[1}",
            "\u{feff}1",
            "1\u{a0}",
            "1\0",
            "// c\n1",
        ] {
            assert_eq!(parse_json(text), Err(JsonError::Syntax), "{text}");
        }
    }

    #[test]
    fn a_name_twice_is_refused_however_it_is_spelled() {
        let duplicate = |path: &str| Err(JsonError::DuplicateKey { path: path.into() });
        assert_eq!(parse_json(r#"{"a":1,"b":2,"a":1}"#), duplicate("a"));
        assert_eq!(parse_json(r#"{"a":1,"\u0061":2}"#), duplicate("a"));
        assert_eq!(
            parse_json(r#"{"x":[0,{"y":{"k":1,"k":2}}]}"#),
            duplicate("x[1].y.k")
        );
        assert!(parse_json(r#"{"a":1,"A":2,"ä":3,"a\u0308":4}"#).is_ok());
    }

    #[test]
    fn numbers_beyond_a_double() {
        let refused = Err(JsonError::NumberOutOfRange {
            path: "a[1]".into(),
        });
        assert_eq!(parse_json(r#"{"a":[1,1e400]}"#), refused);
        assert_eq!(parse_json(r#"{"a":[1,-1e400]}"#), refused);
        assert_eq!(
            parse_json("1.7976931348623157e308"),
            Ok(Value::Float(f64::MAX))
        );
        assert_eq!(parse_json("1e-400"), Ok(Value::Float(0.0)));
    }

    #[test]
    fn a_field_carries_its_numbers_exactly_or_not_at_all() {
        for text in ["12.50", "[1, 0.1]", r#"{"a":{"b":[1E2]}}"#] {
            assert_eq!(parse_field("F", text), parse_json(text), "{text}");
        }
        let refused = |path: &str| Err(JsonError::InexactNumber { path: path.into() });
        let inexact = "0.10000000000000000001";
        assert_eq!(parse_field("F", inexact), refused("F"));
        assert_eq!(
            parse_field("F", &format!("[1, {inexact}]")),
            refused("F[1]")
        );
        assert_eq!(
            parse_field("F", &format!(r#"{{"a":[{{"b":{inexact}}}]}}"#)),
            refused("F.a[0].b")
        );
        assert_eq!(parse_json(inexact), Ok(Value::Float(0.1)));
        assert_eq!(
            parse_field("F", "[1e400]"),
            Err(JsonError::NumberOutOfRange {
                path: "F[0]".into()
            })
        );
    }

    #[test]
    fn limits() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_json(&deep(MAX_DEPTH)).is_ok());
        assert_eq!(parse_json(&deep(MAX_DEPTH + 1)), Err(JsonError::TooDeep));
        assert_eq!(parse_json(&"[".repeat(1_000_000)), Err(JsonError::TooDeep));
        assert_eq!(
            parse_json(&"{\"a\":".repeat(1_000_000)),
            Err(JsonError::TooDeep)
        );
        assert_eq!(
            parse_json(&" ".repeat(MAX_JSON_BYTES + 1)),
            Err(JsonError::TooLarge)
        );
        let largest = format!("\"{}\"", "a".repeat(MAX_JSON_BYTES - 2));
        assert!(parse_json(&largest).is_ok());
    }

    /// serde_json turns an object with these names into a number or into other JSON; here they are names like any.
    #[test]
    fn no_name_is_magic() {
        for name in [
            "$serde_json::private::Number",
            "$serde_json::private::RawValue",
        ] {
            let text = format!("{{\"{name}\": \"1e999\"}}");
            let expected = Value::Object(vec![(name.into(), Value::Text("1e999".into()))]);
            assert_eq!(parse_json(&text), Ok(expected));
        }
    }
}
