//! Profile `gnuhealth-1`: the bytes of CPython's `json.dumps(x, ensure_ascii=False)`, as GNU Health calls it.

use super::escape::write_json_string;
use super::number::PlainDecimal;
use super::python::{write_repr_float, write_repr_int};
use super::{CanonicalError, MAX_DEPTH, Path, Value, repeated};

/// Appends `value`; `depth` containers stand around it.
///
/// Python would also print `NaN` and `Infinity`; no JSON reader has to take those, so they are refused. A
/// [`Value::Decimal`] is printed as it stands, which for integers of any size is what Python prints.
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
        Value::Integer(integer) => write_repr_int(*integer, out),
        Value::Float(float) if float.is_finite() => write_repr_float(*float, out),
        Value::Decimal(literal) if PlainDecimal::read(literal).is_some() => out.push_str(literal),
        Value::Float(_) | Value::Decimal(_) => {
            return Err(CanonicalError::NotFinite { path: path.short() });
        }
        Value::Text(text) => write_json_string(text, out),
        Value::List(items) => return write_list(items, path, depth + 1, out),
        Value::Object(fields) => return write_object(fields, path, depth + 1, out),
    }
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
            out.push_str(", ");
        }
        write(item, &Path::Index(path, index), depth, out)?;
    }
    out.push(']');
    Ok(())
}

/// Appends an object in the order given; it is the `depth`th container from outside.
pub(super) fn write_object<N: AsRef<str>>(
    fields: &[(N, Value<'_>)],
    path: &Path<'_>,
    depth: usize,
    out: &mut String,
) -> Result<(), CanonicalError> {
    if depth > MAX_DEPTH {
        return Err(CanonicalError::TooDeep);
    }
    if let Some(name) = repeated(fields.iter().map(|(name, _)| name.as_ref())) {
        return Err(CanonicalError::DuplicateKey {
            path: Path::Field(path, name).short(),
        });
    }
    out.push('{');
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_json_string(name.as_ref(), out);
        out.push_str(": ");
        write(value, &Path::Field(path, name.as_ref()), depth, out)?;
    }
    out.push('}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Profile, parse_json};
    use super::*;

    fn written(value: &Value<'_>) -> Result<String, CanonicalError> {
        let mut out = String::new();
        Profile::GnuHealth1.write(value, &mut out).map(|()| out)
    }

    #[test]
    fn a_document_as_python_prints_it() {
        let fields = [
            ("Prescription", Value::Text("PRES 2024/0001".into())),
            ("Date", Value::Text("2024-01-02 03:04:05".into())),
            ("HP", Value::Text("Zoë \"Z\"\n".into())),
            ("Dose", Value::Float(5.0)),
            ("Refills", Value::Integer(0)),
            ("Note", Value::Null),
            (
                "Lines",
                Value::List(vec![
                    Value::Bool(true),
                    Value::List(vec![]),
                    Value::Object(vec![]),
                ]),
            ),
        ];
        let mut out = String::new();
        Profile::GnuHealth1
            .write_document(&fields, &mut out)
            .unwrap();
        assert_eq!(
            out,
            "{\"Prescription\": \"PRES 2024/0001\", \"Date\": \"2024-01-02 03:04:05\", \"HP\": \"Zoë \\\"Z\\\"\\n\", \
             \"Dose\": 5.0, \"Refills\": 0, \"Note\": null, \"Lines\": [true, [], {}]}"
        );
    }

    #[test]
    fn numbers_as_python_reads_and_prints_them() {
        for (input, output) in [
            ("-0", "0"),
            ("-0.0", "-0.0"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1E400000", ""),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("4.50", "4.5"),
        ] {
            let value = parse_json(input);
            assert_eq!(
                value
                    .ok()
                    .map(|value| written(&value).unwrap())
                    .unwrap_or_default(),
                output
            );
        }
        assert_eq!(written(&Value::Decimal("12.50".into())), Ok("12.50".into()));
    }

    #[test]
    fn what_is_not_a_number_cannot_be_smuggled_in() {
        let refused = Err(CanonicalError::NotFinite {
            path: String::new(),
        });
        assert_eq!(written(&Value::Float(f64::INFINITY)), refused);
        for literal in ["NaN", "1, 2", "", "\"", "1e5", "Infinity"] {
            assert_eq!(written(&Value::Decimal(literal.into())), refused);
        }
    }
}
