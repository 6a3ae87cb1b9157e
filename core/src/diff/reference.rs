//! Which differences stand in fields that a document only refers to.

use super::Change;
use crate::canonical::Value;

/// Whether a pattern of `reference_fields` covers a change.
///
/// A pattern is a field's name (the whole field), or a path as in [`Change::path`] in which `[]` stands for any index:
/// `Lines[][0]` is the first element of every line. A path covers what is inside of it. What came or went is never
/// covered: a corrected name is another text in its place, while an element more or less is another document, or the
/// same one put down in another form; and a text where there was an empty one or null is a reference that was not there
/// before.
///
/// After a `|` may stand a separator: the change is covered only if both values are texts that are the same up to it.
/// `Diagnosis| : ` covers `J02.0 : Sore throat` becoming `J02.0 : Pharyngitis`, and not `J02.1 : Pharyngitis`: what
/// stands before the separator says which record is referred to.
pub fn covers(pattern: &str, change: &Change) -> bool {
    let (place, separator) = match pattern.split_once('|') {
        Some((place, separator)) => (place, Some(separator)),
        None => (pattern, None),
    };
    let is_there = |value: &Option<Value<'_>>| match value {
        None | Some(Value::Null) => false,
        Some(value) => *value != Value::Text("".into()),
    };
    is_there(&change.sealed)
        && is_there(&change.current)
        && (place == change.field || covers_path(place, &change.path))
        && separator.is_none_or(|separator| is_same_up_to(separator, change))
}

fn is_same_up_to(separator: &str, change: &Change) -> bool {
    match (&change.sealed, &change.current) {
        (Some(Value::Text(sealed)), Some(Value::Text(current))) => {
            match (sealed.split_once(separator), current.split_once(separator)) {
                (Some((sealed, _)), Some((current, _))) => sealed == current,
                _ => false,
            }
        }
        _ => false,
    }
}

fn covers_path(pattern: &str, path: &str) -> bool {
    let mut path = path;
    let mut parts = pattern.split("[]");
    let Some(rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    path = rest;
    for part in parts {
        let Some(rest) = after_index(path).and_then(|rest| rest.strip_prefix(part)) else {
            return false;
        };
        path = rest;
    }
    // Only at the end of a component: `Lines[][1]` is no prefix of `Lines[0][12]`, nor `Line` of `Lines`.
    path.is_empty() || path.starts_with(['[', '.'])
}

/// What follows one index like `[12]`.
fn after_index(path: &str) -> Option<&str> {
    let (digits, rest) = path.strip_prefix('[')?.split_once(']')?;
    let is_index = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_index.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(field: &str, path: &str) -> Change {
        Change {
            field: field.to_owned(),
            path: path.to_owned(),
            sealed: Some(Value::Text("former".into())),
            current: Some(Value::Text("present".into())),
        }
    }

    #[test]
    fn what_came_or_went_is_not_covered() {
        for path in ["Lines", "Lines[0]", "Lines[0][0]"] {
            let both = change("Lines", path);
            assert!(covers("Lines", &both));
            let came = Change {
                sealed: None,
                ..both.clone()
            };
            let went = Change {
                current: None,
                ..both.clone()
            };
            assert!(!covers("Lines", &came) && !covers("Lines", &went));
            assert!(!covers("Lines[][0]", &came) && !covers("Lines[][0]", &went));
            for nothing in [Value::Text("".into()), Value::Null] {
                let was_empty = Change {
                    sealed: Some(nothing.clone()),
                    ..both.clone()
                };
                let is_empty = Change {
                    current: Some(nothing),
                    ..both.clone()
                };
                assert!(!covers("Lines", &was_empty) && !covers("Lines", &is_empty));
            }
        }
    }

    #[test]
    fn a_name_is_the_whole_field() {
        assert!(covers("Patient", &change("Patient", "Patient")));
        assert!(covers("Lines", &change("Lines", "Lines[3][0].name")));
        assert!(!covers("Patient", &change("Patient_ID", "Patient_ID")));
        // A name that needs quoting in a path is given as it is.
        assert!(covers("a.b", &change("a.b", "[\"a.b\"]")));
        assert!(!covers("a", &change("a.b", "[\"a.b\"]")));
    }

    #[test]
    fn what_stands_before_a_separator_must_stay() {
        let text = |text: &'static str| Some(Value::Text(text.into()));
        let of = |sealed, current| Change {
            sealed,
            current,
            ..change("Lines", "Lines[1][0]")
        };
        let pattern = "Lines[][0]| : ";
        assert!(covers(pattern, &of(text("A1 : x"), text("A1 : y : z"))));
        for (sealed, current) in [
            (text("A1 : x"), text("A2 : x")),
            (text("A1 : x"), text("A1 :x")),
            (text("A1"), text("A1")),
            (text("A1 : x"), None),
            (None, text("A1 : x")),
            (text("A1 : x"), Some(Value::Integer(1))),
        ] {
            assert!(!covers(pattern, &of(sealed, current)));
        }
    }

    #[test]
    fn a_path_is_one_place_in_every_line() {
        let pattern = "Lines[][0]";
        assert!(covers(pattern, &change("Lines", "Lines[0][0]")));
        assert!(covers(pattern, &change("Lines", "Lines[12][0].name")));
        for path in [
            "Lines",
            "Lines[0]",
            "Lines[0][1]",
            "Lines[0][01]",
            "Lines[0][10]",
            "Lines[x][0]",
            "Lines[][0]",
            "Lines.a[0]",
            "Liness[0][0]",
        ] {
            assert!(!covers(pattern, &change("Lines", path)), "{path}");
        }
        assert!(covers("Lines[].name", &change("Lines", "Lines[7].name")));
        assert!(!covers("Lines[].name", &change("Lines", "Lines[7].names")));
        assert!(!covers("", &change("Lines", "Lines")));
    }
}
