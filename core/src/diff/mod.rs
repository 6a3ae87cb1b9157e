//! Which fields differ between two documents, for reports: what was sealed and what there is now.
//!
//! Whether a document is intact is decided by its digest alone; this only explains. No field listed means that the
//! texts are equal or differ in nothing but the order of fields and the spelling of JSON.

mod align;
mod reference;
mod walk;

use std::collections::{HashMap, HashSet};

use crate::canonical::{Value, parse_json};

/// A place where two documents differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The document's field that the place belongs to.
    pub field: String,
    /// The place, like `Prescription_line[1][4]`: names and 0-based indices. No two changes of one comparison have
    /// the same path.
    pub path: String,
    /// What was sealed there; `None` if nothing was.
    pub sealed: Option<Value<'static>>,
    /// What there is now; `None` if nothing is.
    pub current: Option<Value<'static>>,
}

/// The outcome of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Changes {
    /// What differs, in the order of the sealed document, added fields last.
    Fields(Vec<Change>),
    /// The sealed text is not a JSON object within the limits of [`parse_json`].
    SealedUnreadable,
    /// The current text is not a JSON object within those limits, while the sealed one is.
    CurrentUnreadable,
}

/// Compares two canonical documents of any profile, field by field.
///
/// Fields are paired by name. Where both values are lists, JSON lists or the text of Python lists (`str(list)`, as
/// GNU Health stores lines), their elements are paired so that few of them differ, and only what differs is listed:
/// an edited or removed element by its index in the sealed list, an added one by its index in the current list.
/// Values from inside a Python list are given as text, strings without quotes and others as their `repr`. A field with
/// more than [`MAX_CHANGES_PER_FIELD`] differences or with very long names inside is listed as a whole, so the cost
/// stays proportional to the size of the texts.
pub fn changes(sealed_text: &str, current_text: &str) -> Changes {
    let Ok(Value::Object(sealed)) = parse_json(sealed_text) else {
        return Changes::SealedUnreadable;
    };
    let Ok(Value::Object(current)) = parse_json(current_text) else {
        return Changes::CurrentUnreadable;
    };
    let by_name: HashMap<&str, &Value<'static>> = current
        .iter()
        .map(|(name, value)| (name.as_ref(), value))
        .collect();
    let mut found = Vec::new();
    for (name, value) in &sealed {
        walk::compare_field(
            name,
            Some(value),
            by_name.get(name.as_ref()).copied(),
            &mut found,
        );
    }
    let known: HashSet<&str> = sealed.iter().map(|(name, _)| name.as_ref()).collect();
    for (name, value) in current
        .iter()
        .filter(|(name, _)| !known.contains(name.as_ref()))
    {
        walk::compare_field(name, None, Some(value), &mut found);
    }
    Changes::Fields(found)
}

pub use reference::covers;
pub use walk::MAX_CHANGES_PER_FIELD;

impl Changes {
    /// A JSON object `{"path": {"sealed": …, "current": …}, …}`, null where there was or is nothing; `null` if one of
    /// the texts was unreadable.
    pub fn to_json(&self) -> String {
        let Self::Fields(found) = self else {
            return "null".to_owned();
        };
        let one = |change: &Change| {
            let side = |value: &Option<Value<'static>>| value.clone().unwrap_or(Value::Null);
            let sides = vec![
                ("sealed".into(), side(&change.sealed)),
                ("current".into(), side(&change.current)),
            ];
            (change.path.clone().into(), Value::Object(sides))
        };
        Value::Object(found.iter().map(one).collect()).to_json()
    }

    /// Whether there are differences, and patterns (as [`covers`] reads them) cover every one.
    pub fn are_covered_by(&self, patterns: &[String]) -> bool {
        match self {
            Self::Fields(found) => {
                !found.is_empty()
                    && found
                        .iter()
                        .all(|change| patterns.iter().any(|pattern| covers(pattern, change)))
            }
            Self::SealedUnreadable | Self::CurrentUnreadable => false,
        }
    }

    /// The names of the document's fields that differ, each once, in order. Empty if a text was unreadable.
    pub fn top_level_fields(&self) -> Vec<&str> {
        let Self::Fields(found) = self else {
            return Vec::new();
        };
        // The changes of one field stand together.
        let mut names: Vec<&str> = found.iter().map(|change| change.field.as_str()).collect();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(sealed: &str, current: &str) -> String {
        changes(sealed, current).to_json()
    }

    /// A document with lines as GNU Health writes them.
    fn prescription(lines: &str) -> String {
        let fields = [
            ("Prescription", Value::Text("PRES1".into())),
            ("Prescription_line", Value::Text(lines.into())),
        ];
        let mut out = String::new();
        crate::canonical::Profile::GnuHealth1
            .write_document(&fields, &mut out)
            .unwrap();
        out
    }

    #[test]
    fn equal_documents() {
        let text = prescription("[['a', 5.0]]");
        assert_eq!(changes(&text, &text), Changes::Fields(vec![]));
        assert_eq!(json(&text, &text), "{}");
        assert_eq!(json(r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1}"#), "{}");
    }

    #[test]
    fn fields_by_name() {
        let sealed = r#"{"a": "x", "b": 1, "gone": null, "same": {"k": [1]}}"#;
        let current = r#"{"same": {"k": [1]}, "new": 2.0, "b": 1.0, "a": "y"}"#;
        assert_eq!(
            json(sealed, current),
            concat!(
                r#"{"a": {"sealed": "x", "current": "y"}, "b": {"sealed": 1, "current": 1.0}, "#,
                r#""gone": {"sealed": null, "current": null}, "new": {"sealed": null, "current": 2.0}}"#
            )
        );
        assert_eq!(
            changes(sealed, current).top_level_fields(),
            ["a", "b", "gone", "new"]
        );
    }

    #[test]
    fn the_sign_of_zero_is_a_difference() {
        assert_eq!(
            json(r#"{"a": 0.0}"#, r#"{"a": -0.0}"#),
            r#"{"a": {"sealed": 0.0, "current": -0.0}}"#
        );
    }

    #[test]
    fn an_edited_line() {
        let sealed = prescription("[['Aspirin', 5.0, None], ['Paracetamol', 500.0, 'oral']]");
        let current = prescription("[['Aspirin', 5.0, None], ['Paracetamol', 50.0, 'oral']]");
        assert_eq!(
            json(&sealed, &current),
            r#"{"Prescription_line[1][1]": {"sealed": "500.0", "current": "50.0"}}"#
        );
        assert_eq!(
            changes(&sealed, &current).top_level_fields(),
            ["Prescription_line"]
        );
        let current = prescription("[['Ibuprofen', 5.0, ''], ['Paracetamol', 500.0, 'oral']]");
        assert_eq!(
            json(&sealed, &current),
            concat!(
                r#"{"Prescription_line[0][0]": {"sealed": "Aspirin", "current": "Ibuprofen"}, "#,
                r#""Prescription_line[0][2]": {"sealed": "None", "current": ""}}"#
            )
        );
        assert_eq!(
            changes(&sealed, &current).top_level_fields(),
            ["Prescription_line"]
        );
    }

    #[test]
    fn values_that_print_alike_keep_their_quotes() {
        assert_eq!(
            json(&prescription("['None']"), &prescription("[None]")),
            r#"{"Prescription_line[0]": {"sealed": "'None'", "current": "None"}}"#
        );
    }

    #[test]
    fn lines_added_and_removed() {
        let three = prescription("[['a', 1.0], ['b', 2.0], ['c', 3.0]]");
        let (last, first) = (
            prescription("[['b', 2.0], ['c', 3.0]]"),
            prescription("[['a', 1.0], ['b', 2.0]]"),
        );
        let middle = prescription("[['a', 1.0], ['c', 3.0]]");
        let line = |index: usize, sealed: &str, current: &str| {
            format!(
                r#"{{"Prescription_line[{index}]": {{"sealed": {sealed}, "current": {current}}}}}"#
            )
        };
        assert_eq!(json(&three, &last), line(0, "\"['a', 1.0]\"", "null"));
        assert_eq!(json(&three, &middle), line(1, "\"['b', 2.0]\"", "null"));
        assert_eq!(json(&three, &first), line(2, "\"['c', 3.0]\"", "null"));
        assert_eq!(json(&last, &three), line(0, "null", "\"['a', 1.0]\""));
        assert_eq!(json(&middle, &three), line(1, "null", "\"['b', 2.0]\""));
        assert_eq!(json(&first, &three), line(2, "null", "\"['c', 3.0]\""));
        assert_eq!(
            json(&prescription("[]"), &prescription("[['a']]")),
            line(0, "null", "\"['a']\"")
        );
    }

    #[test]
    fn a_line_removed_and_another_edited() {
        let sealed =
            prescription("[['a', 1.0, 'x'], ['b', 2.0, 'y'], ['c', 3.0, 'z'], ['d', 4.0, 'x']]");
        let current = prescription("[['b', 2.0, 'y'], ['c', 30.0, 'z'], ['d', 4.0, 'x']]");
        assert_eq!(
            json(&sealed, &current),
            concat!(
                r#"{"Prescription_line[0]": {"sealed": "['a', 1.0, 'x']", "current": null}, "#,
                r#""Prescription_line[2][1]": {"sealed": "3.0", "current": "30.0"}}"#
            )
        );
        assert_eq!(
            json(&current, &sealed),
            concat!(
                r#"{"Prescription_line[0]": {"sealed": null, "current": "['a', 1.0, 'x']"}, "#,
                r#""Prescription_line[1][1]": {"sealed": "30.0", "current": "3.0"}}"#
            )
        );
    }

    #[test]
    fn json_lists_and_objects() {
        let sealed =
            r#"{"Lines": [{"drug": "a", "dose": {"amount": 5, "unit": "mg"}}, [1, 2], "x"]}"#;
        let current =
            r#"{"Lines": [{"drug": "a", "dose": {"amount": 6, "unit": "mg"}}, [1, 2, null], "y"]}"#;
        assert_eq!(
            json(sealed, current),
            concat!(
                r#"{"Lines[0].dose.amount": {"sealed": 5, "current": 6}, "#,
                r#""Lines[1][2]": {"sealed": null, "current": null}, "Lines[2]": {"sealed": "x", "current": "y"}}"#
            )
        );
    }

    #[test]
    fn differences_of_spelling_are_not_lost() {
        // Equal lists, one written as tuples; a character that another Python escapes.
        let whole = |sealed: &str, current: &str| {
            let Changes::Fields(found) = changes(&prescription(sealed), &prescription(current))
            else {
                panic!()
            };
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].path, "Prescription_line");
            assert_eq!(found[0].sealed, Some(Value::Text(sealed.to_owned().into())));
            assert_eq!(
                found[0].current,
                Some(Value::Text(current.to_owned().into()))
            );
        };
        whole("[['a', 1]]", "[('a', 1)]");
        whole("['\\u2ffc']", "['\u{2ffc}']");
        whole("[1]", "[1,2]");
        whole("[1]", "");
        whole("text", "texts");
        let reordered = json(r#"{"a": {"k": 1, "l": 2}}"#, r#"{"a": {"l": 2, "k": 1}}"#);
        assert_eq!(
            reordered,
            r#"{"a": {"sealed": {"k": 1, "l": 2}, "current": {"l": 2, "k": 1}}}"#
        );
    }

    #[test]
    fn unreadable_texts() {
        for unreadable in ["", "[]", "1", "{", "{\"a\":1,\"a\":1}"] {
            assert_eq!(changes(unreadable, "{}"), Changes::SealedUnreadable);
            assert_eq!(changes("{}", unreadable), Changes::CurrentUnreadable);
            assert_eq!(changes(unreadable, unreadable).to_json(), "null");
            assert!(changes(unreadable, "{}").top_level_fields().is_empty());
        }
    }

    #[test]
    fn odd_names_keep_paths_apart() {
        let found = changes(
            r#"{"a": {"b": 1}, "a.b": 2}"#,
            r#"{"a": {"b": 2}, "a.b": 1}"#,
        );
        assert_eq!(
            found.to_json(),
            r#"{"a.b": {"sealed": 1, "current": 2}, "[\"a.b\"]": {"sealed": 2, "current": 1}}"#
        );
        assert_eq!(found.top_level_fields(), ["a", "a.b"]);
    }

    #[test]
    fn indices_that_meet_are_paired_by_position() {
        // Cheapest would be: the first and third removed, another added, both of the latter with index 2.
        assert_eq!(
            json(
                r#"{"a": ["P", "A", "R", "B"]}"#,
                r#"{"a": ["A", "B", "N"]}"#
            ),
            concat!(
                r#"{"a[0]": {"sealed": "P", "current": "A"}, "a[1]": {"sealed": "A", "current": "B"}, "#,
                r#""a[2]": {"sealed": "R", "current": "N"}, "a[3]": {"sealed": "B", "current": null}}"#
            )
        );
        // Nested in itself, so that a second attempt at every level would never end.
        let nested = |leaf: u8, last: &str| {
            (0..100).fold(leaf.to_string(), |inner, _| match last {
                "sealed" => format!("[\"P\", \"A\", \"R\", \"B\", {inner}]"),
                _ => format!("[\"A\", \"B\", \"N\", {inner}]"),
            })
        };
        let (sealed, current) = (nested(1, "sealed"), nested(2, "current"));
        let found = changes(
            &format!("{{\"a\": {sealed}}}"),
            &format!("{{\"a\": {current}}}"),
        );
        assert_eq!(found.top_level_fields(), ["a"]);
    }

    #[test]
    fn too_many_changes_are_one() {
        let list = |length: usize, shift: usize| {
            let items: Vec<String> = (0..length)
                .map(|item| format!("[{item}, {}]", item + shift))
                .collect();
            format!("{{\"a\": [{}], \"b\": {shift}}}", items.join(", "))
        };
        let count = |length| match changes(&list(length, 0), &list(length, 1)) {
            Changes::Fields(found) => found.len(),
            _ => 0,
        };
        assert_eq!(count(MAX_CHANGES_PER_FIELD), MAX_CHANGES_PER_FIELD + 1);
        assert_eq!(count(MAX_CHANGES_PER_FIELD + 1), 2);
        let long = "n".repeat(10_000);
        let named = |value: usize| format!("{{\"a\": {{\"{long}\": [{value}, {value}]}}}}");
        let Changes::Fields(found) = changes(&named(1), &named(2)) else {
            panic!()
        };
        assert_eq!(
            found
                .iter()
                .map(|change| change.path.as_str())
                .collect::<Vec<_>>(),
            ["a"]
        );
    }
}
