//! Reading Python's `repr` back, to see inside the lists that GNU Health stores as text.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::number::{PlainDecimal, push_zeros};
use super::{MAX_DEPTH, Value, repeated};

/// The longest text [`parse_literal`] reads, in bytes: 4 MiB.
pub const MAX_LITERAL_BYTES: usize = 4 << 20;

/// More decimal places than this are not read (`Decimal('1E-7')` has seven).
const MAX_PLACES: usize = 1000;

/// Reads what `repr` prints of nested lists, tuples, dicts with text keys, `str`, `int`, `float`, `Decimal`, `None`,
/// `True` and `False`.
///
/// Only what `repr` prints, with its `", "` and its escapes, not all of Python's grammar. Tuples become lists; an
/// `int` beyond 64 bits becomes [`Value::Decimal`]. `None` for everything else: other types, half surrogates, `nan`
/// and `inf`, more than [`MAX_DEPTH`](super::MAX_DEPTH) levels or [`MAX_LITERAL_BYTES`].
pub fn parse_literal(s: &str) -> Option<Value<'static>> {
    if s.len() > MAX_LITERAL_BYTES {
        return None;
    }
    let mut reader = Reader {
        cursor: Cursor::new(s),
    };
    let value = reader.value(0)?;
    reader.cursor.rest().is_empty().then_some(value)
}

struct Reader<'t> {
    cursor: Cursor<'t>,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value<'static>> {
        match self.cursor.peek()? {
            b'\'' | b'"' => self.string().map(|text| Value::Text(Cow::Owned(text))),
            b'[' => self.sequence(depth + 1, "[", "]"),
            b'(' => self.sequence(depth + 1, "(", ")"),
            b'{' => self.dict(depth + 1),
            b'-' | b'0'..=b'9' => self.number(),
            _ if self.cursor.eat("None") => Some(Value::Null),
            _ if self.cursor.eat("True") => Some(Value::Bool(true)),
            _ if self.cursor.eat("False") => Some(Value::Bool(false)),
            _ if self.cursor.eat("Decimal('") => self.decimal(),
            _ => None,
        }
    }

    fn sequence(&mut self, depth: usize, open: &str, close: &str) -> Option<Value<'static>> {
        if depth > MAX_DEPTH || !self.cursor.eat(open) {
            return None;
        }
        let mut items = Vec::new();
        if self.cursor.eat(close) {
            return Some(Value::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            // A tuple of one element is the only one with a comma at its end.
            if open == "(" && items.len() == 1 && self.cursor.eat(",)") {
                return Some(Value::List(items));
            }
            let may_end = open == "[" || items.len() > 1;
            if may_end && self.cursor.eat(close) {
                return Some(Value::List(items));
            }
            if !self.cursor.eat(", ") {
                return None;
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Option<Value<'static>> {
        if depth > MAX_DEPTH || !self.cursor.eat("{") {
            return None;
        }
        let mut fields: Vec<(Cow<'static, str>, Value<'static>)> = Vec::new();
        if self.cursor.eat("}") {
            return Some(Value::Object(fields));
        }
        loop {
            let name = self.string()?;
            if !self.cursor.eat(": ") {
                return None;
            }
            fields.push((Cow::Owned(name), self.value(depth)?));
            if self.cursor.eat("}") {
                break;
            }
            if !self.cursor.eat(", ") {
                return None;
            }
        }
        let unique = repeated(fields.iter().map(|(name, _)| name.as_ref())).is_none();
        unique.then_some(Value::Object(fields))
    }

    fn number(&mut self) -> Option<Value<'static>> {
        let whole = self.cursor.rest();
        self.cursor.eat("-");
        self.digits()?;
        let mut is_integer = true;
        if self.cursor.eat(".") {
            is_integer = false;
            self.digits()?;
        }
        if self.cursor.eat("e") {
            is_integer = false;
            if !self.cursor.eat("+") && !self.cursor.eat("-") {
                return None;
            }
            self.digits()?;
        }
        let literal = whole.get(..whole.len() - self.cursor.rest().len())?;
        if is_integer {
            let well_formed = PlainDecimal::read(literal).is_some() && literal != "-0";
            return well_formed.then(|| match literal.parse() {
                Ok(integer) => Value::Integer(integer),
                Err(_) => Value::Decimal(Cow::Owned(literal.to_owned())),
            });
        }
        literal
            .parse::<f64>()
            .ok()
            .filter(|float| float.is_finite())
            .map(Value::Float)
    }

    fn digits(&mut self) -> Option<()> {
        let digits = self.cursor.take_while(|byte| byte.is_ascii_digit());
        (!digits.is_empty()).then_some(())
    }

    /// A `Decimal`; its opening is read.
    fn decimal(&mut self) -> Option<Value<'static>> {
        let literal = self.cursor.take_while(|byte| byte != b'\'');
        if !self.cursor.eat("')") {
            return None;
        }
        let Some((coefficient, places)) = literal.split_once("E-") else {
            PlainDecimal::read(literal)?;
            return Some(Value::Decimal(Cow::Owned(literal.to_owned())));
        };
        let coefficient = PlainDecimal::read(coefficient)?;
        let well_formed =
            coefficient.integer.len() == 1 && places.bytes().all(|byte| byte.is_ascii_digit());
        let places = places
            .parse::<usize>()
            .ok()
            .filter(|places| well_formed && (1..=MAX_PLACES).contains(places))?;
        let mut plain = String::from(if coefficient.negative { "-0." } else { "0." });
        push_zeros(places - 1, &mut plain);
        plain.push_str(coefficient.integer);
        plain.push_str(coefficient.fraction);
        Some(Value::Decimal(Cow::Owned(plain)))
    }

    fn string(&mut self) -> Option<String> {
        let (quote, quote_byte) = match self.cursor.peek()? {
            b'\'' => ("'", b'\''),
            b'"' => ("\"", b'"'),
            _ => return None,
        };
        self.cursor.eat(quote);
        let mut text = String::new();
        loop {
            text.push_str(
                self.cursor
                    .take_while(|byte| byte >= 0x20 && byte != quote_byte && byte != b'\\'),
            );
            if self.cursor.eat(quote) {
                return Some(text);
            }
            if !self.cursor.eat("\\") {
                return None;
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Option<char> {
        match self.cursor.take(1)? {
            "\\" => Some('\\'),
            "'" => Some('\''),
            "\"" => Some('"'),
            "n" => Some('\n'),
            "r" => Some('\r'),
            "t" => Some('\t'),
            "x" => self.cursor.take_hex(2).and_then(char::from_u32),
            "u" => self.cursor.take_hex(4).and_then(char::from_u32),
            "U" => self.cursor.take_hex(8).and_then(char::from_u32),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Value<'static> {
        Value::Text(text.into())
    }

    #[test]
    fn lists_of_a_document() {
        let line = Value::List(vec![
            text("it's"),
            Value::Float(5.0),
            text(""),
            Value::Null,
            Value::Integer(-3),
        ]);
        assert_eq!(
            parse_literal("[[\"it's\", 5.0, '', None, -3]]"),
            Some(Value::List(vec![line]))
        );
        assert_eq!(parse_literal("[]"), Some(Value::List(vec![])));
        assert_eq!(
            parse_literal("[True, False, 1e-05, 1e+16, 99999999999999999999]"),
            Some(Value::List(vec![
                Value::Bool(true),
                Value::Bool(false),
                Value::Float(1e-5),
                Value::Float(1e16),
                Value::Decimal("99999999999999999999".into())
            ]))
        );
    }

    #[test]
    fn tuples_dicts_and_decimals() {
        assert_eq!(parse_literal("()"), Some(Value::List(vec![])));
        assert_eq!(
            parse_literal("(1,)"),
            Some(Value::List(vec![Value::Integer(1)]))
        );
        assert_eq!(
            parse_literal("('a', 'b')"),
            Some(Value::List(vec![text("a"), text("b")]))
        );
        assert_eq!(parse_literal("{}"), Some(Value::Object(vec![])));
        assert_eq!(
            parse_literal("{'a': [1]}").unwrap().to_json(),
            r#"{"a": [1]}"#
        );
        for (literal, plain) in [
            ("12.50", "12.50"),
            ("1E-7", "0.0000001"),
            ("-1.0E-7", "-0.00000010"),
            ("0E-7", "0.0000000"),
        ] {
            assert_eq!(
                parse_literal(&format!("Decimal('{literal}')")),
                Some(Value::Decimal(plain.into()))
            );
        }
    }

    #[test]
    fn strings() {
        assert_eq!(
            parse_literal(r#"'\\\'\n\r\t\x00\xa0\u2028\U0010ffff"'"#),
            Some(text("\\'\n\r\t\0\u{a0}\u{2028}\u{10ffff}\""))
        );
    }

    #[test]
    fn what_repr_never_prints() {
        for wrong in [
            "",
            " ",
            "[1,2]",
            "[1, 2,]",
            "[1, ]",
            "[ 1]",
            "[1] ",
            "[1",
            "[1)",
            "(1)",
            "(1, 2,)",
            "(,)",
            "01",
            "-0",
            "+1",
            "-",
            "1.",
            ".5",
            "1e5",
            "1E+5",
            "1e+400",
            "nan",
            "[inf]",
            "none",
            "NoneNone",
            "'a",
            "'a\"",
            "'a'b",
            "'\n'",
            r"'\q'",
            r"'\x4'",
            r"'\ud800'",
            r"'\U00110000'",
            r"'\u+123'",
            r"'\xé'",
            r"'\é'",
            "b'a'",
            "{1: 2}",
            "{'a': 1, 'a': 2}",
            "{'a'}",
            "Decimal('')",
            "Decimal('NaN')",
            "Decimal('1E+5')",
            "Decimal('1E-0')",
            "Decimal('1E-99999999')",
            "Decimal('12E-7')",
            "Decimal('1",
            "datetime.date(2024, 1, 2)",
            "__import__('os')",
        ] {
            assert_eq!(parse_literal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn limits() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_literal(&deep(MAX_DEPTH)).is_some());
        assert!(parse_literal(&deep(MAX_DEPTH + 1)).is_none());
        assert!(parse_literal(&"(".repeat(1_000_000)).is_none());
        assert!(parse_literal(&"{'a': ".repeat(600_000)).is_none());
        assert!(parse_literal(&format!("'{}'", "a".repeat(MAX_LITERAL_BYTES - 2))).is_some());
        assert!(parse_literal(&format!("'{}'", "a".repeat(MAX_LITERAL_BYTES - 1))).is_none());
    }
}
