//! The value model that all profiles share.

use std::borrow::Cow;

use super::escape::write_json_string;
use super::number::PlainDecimal;
use super::python::write_repr_float;

/// A value of a document: what JSON can hold, with numbers kept as exactly as they came.
///
/// Comparison is `==` of the parts, so `Float(0.0) == Float(-0.0)`, `Float(NAN) != Float(NAN)`, and an `Integer` is
/// never equal to a `Float`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL, JSON `null`, Python's `None`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer of at most 64 bits.
    Integer(i64),
    /// An IEEE 754 double. The profiles refuse NaN and the infinities.
    Float(f64),
    /// A finite number as a plain decimal literal of any length: `-?(0|[1-9][0-9]*)(\.[0-9]+)?`.
    Decimal(Cow<'a, str>),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Value<'a>>),
    /// Names and values, in order. The profiles refuse a name that occurs twice.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl Value<'_> {
    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(truth),
            Self::Integer(integer) => Value::Integer(integer),
            Self::Float(float) => Value::Float(float),
            Self::Decimal(literal) => Value::Decimal(Cow::Owned(literal.into_owned())),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Value::List(items.into_iter().map(Value::into_owned).collect()),
            Self::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned()))
                    .collect(),
            ),
        }
    }

    /// Ordinary valid JSON (RFC 8259) for reports; not canonical, and never hashed.
    ///
    /// It cannot fail: what JSON has no number for (NaN, infinities, a malformed [`Value::Decimal`]) becomes a string.
    /// Recurses as deep as the value does.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_report(&mut out);
        out
    }

    pub(crate) fn write_report(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Integer(integer) => out.push_str(&integer.to_string()),
            Self::Float(float) if float.is_finite() => write_repr_float(*float, out),
            Self::Float(float) => {
                let mut word = String::new();
                write_repr_float(*float, &mut word);
                write_json_string(&word, out);
            }
            Self::Decimal(literal) if PlainDecimal::read(literal).is_some() => {
                out.push_str(literal);
            }
            Self::Decimal(text) | Self::Text(text) => write_json_string(text, out),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.write_report(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    write_json_string(name, out);
                    out.push_str(": ");
                    value.write_report(out);
                }
                out.push('}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_json_even_of_what_json_cannot_hold() {
        let value = Value::Object(vec![
            (
                "a\"".into(),
                Value::List(vec![
                    Value::Null,
                    Value::Bool(true),
                    Value::Bool(false),
                    Value::Integer(-7),
                ]),
            ),
            (
                "b".into(),
                Value::List(vec![
                    Value::Float(5.0),
                    Value::Float(1e-5),
                    Value::Float(f64::NAN),
                ]),
            ),
            (
                "c".into(),
                Value::List(vec![
                    Value::Decimal("12.50".into()),
                    Value::Decimal("1,5".into()),
                ]),
            ),
            ("d".into(), Value::Float(f64::NEG_INFINITY)),
        ]);
        let json = value.to_json();
        assert_eq!(
            json,
            r#"{"a\"": [null, true, false, -7], "b": [5.0, 1e-05, "nan"], "c": [12.50, "1,5"], "d": "-inf"}"#
        );
        assert!(crate::canonical::parse_json(&json).is_ok());
    }

    #[test]
    fn an_owned_value_is_the_same_value() {
        let text = String::from("ä");
        let borrowed = Value::Object(vec![(
            Cow::Borrowed(text.as_str()),
            Value::List(vec![
                Value::Text(Cow::Borrowed(&text)),
                Value::Decimal(Cow::Borrowed("1.0")),
            ]),
        )]);
        assert_eq!(borrowed.clone().into_owned(), borrowed);
    }
}
