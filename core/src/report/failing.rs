//! The documents that do not hold, as many as a page can carry.

use crate::canonical::{Value, parse_json};

/// How much is shown. What is left out is counted.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Documents of one type.
    pub of_a_type: usize,
    /// Documents.
    pub documents: usize,
    /// Fields of one document.
    pub fields: usize,
    /// Characters of one value.
    pub characters: usize,
    /// Characters of all values on the page. A page is read by a browser on a telephone.
    pub all_characters: usize,
}

impl Limits {
    /// Those of report_html().
    pub const OF_THE_PAGE: Limits = Limits {
        of_a_type: 50,
        documents: 200,
        fields: 25,
        characters: 500,
        all_characters: 400_000,
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::OF_THE_PAGE
    }
}

/// A document that does not hold: its verdict, with times in words.
#[derive(Debug, Default)]
pub struct Found {
    /// Its type.
    pub document: String,
    /// Its key.
    pub key: String,
    /// The word for its content.
    pub content: &'static str,
    /// The word for its signature.
    pub signature: &'static str,
    /// Fingerprint of the signer's certificate.
    pub signer: Option<String>,
    /// His user id.
    pub signer_name: Option<String>,
    /// When he signed, by his own word.
    pub signed_at: Option<String>,
    /// When it was sealed.
    pub sealed_at: Option<String>,
    /// Why, in a sentence.
    pub detail: String,
    /// The fields that differ, as the verdict has them: a JSON object.
    pub changes: Option<String>,
}

/// A field that differs.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) field: String,
    pub(super) sealed: Side,
    pub(super) current: Side,
}

/// What one side has.
#[derive(Debug, PartialEq)]
pub(super) enum Side {
    /// Nothing: null, or the field or element is not there. A verdict has null for both.
    Nothing,
    /// A text.
    Text(String),
    /// Anything else, as JSON.
    Json(String),
}

impl Side {
    fn of(value: Option<Value<'static>>) -> Side {
        match value {
            None | Some(Value::Null) => Side::Nothing,
            Some(Value::Text(text)) => Side::Text(text.into_owned()),
            Some(other) => Side::Json(other.to_json()),
        }
    }

    pub(super) fn words(&self) -> &str {
        match self {
            Side::Nothing => "",
            Side::Text(text) | Side::Json(text) => text,
        }
    }
}

/// One document as it is shown.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) found: Found,
    pub(super) changes: Vec<Change>,
    /// Fields that differ besides those.
    pub(super) more: usize,
}

/// Those that are shown, and how many are not.
#[derive(Debug, Default)]
pub struct Failing {
    pub(super) limits: Limits,
    pub(super) shown: Vec<Shown>,
    /// How many are not shown, by type, in the order in which they came.
    pub(super) left_out: Vec<(String, u64)>,
    characters: usize,
}

impl Failing {
    /// None yet, with these limits.
    pub fn with_limits(limits: Limits) -> Failing {
        Failing {
            limits,
            ..Failing::default()
        }
    }

    /// Whether one more of this type would be shown. Whoever has many to add asks first, and counts the others with
    /// [`Failing::leave_out`].
    pub fn has_room(&self, document: &str) -> bool {
        self.shown.len() < self.limits.documents
            && self.characters < self.limits.all_characters
            && self
                .shown
                .iter()
                .filter(|s| s.found.document == document)
                .count()
                < self.limits.of_a_type
    }

    /// Counts one that is not shown.
    pub fn leave_out(&mut self, document: &str) {
        match self.left_out.iter_mut().find(|(name, _)| name == document) {
            Some((_, count)) => *count += 1,
            None => self.left_out.push((document.to_owned(), 1)),
        }
    }

    /// Adds one, if there is room; else counts it.
    pub fn add(&mut self, mut found: Found) {
        if !self.has_room(&found.document) {
            self.leave_out(&found.document);
            return;
        }
        let mut changes = changes(found.changes.take().as_deref());
        let more = changes.len().saturating_sub(self.limits.fields);
        changes.truncate(self.limits.fields);
        for change in &changes {
            let pair = super::shown::Pair::of(change.sealed.words(), change.current.words());
            self.characters += pair.length(self.limits.characters);
        }
        self.shown.push(Shown {
            found,
            changes,
            more,
        });
    }

    /// How many are not shown.
    pub fn more(&self) -> u64 {
        self.left_out.iter().map(|(_, count)| count).sum()
    }
}

/// The changes of a verdict. What is no object of `{"sealed", "current"}` gives none: the verdict stands without.
fn changes(json: Option<&str>) -> Vec<Change> {
    let Some(Ok(Value::Object(fields))) = json.map(parse_json) else {
        return Vec::new();
    };
    fields
        .into_iter()
        .filter_map(|(field, sides)| {
            let Value::Object(sides) = sides else {
                return None;
            };
            let mut change = Change {
                field: field.into_owned(),
                sealed: Side::Nothing,
                current: Side::Nothing,
            };
            for (name, value) in sides {
                match &*name {
                    "sealed" => change.sealed = Side::of(Some(value)),
                    "current" => change.current = Side::of(Some(value)),
                    _ => {}
                }
            }
            Some(change)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str, key: usize, changes: &str) -> Found {
        Found {
            document: document.to_owned(),
            key: key.to_string(),
            content: "altered",
            signature: "valid",
            changes: Some(changes.to_owned()),
            ..Found::default()
        }
    }

    #[test]
    fn sides_are_told_apart() {
        let json = r#"{"Dose": {"sealed": "500", "current": 500}, "Note": {"sealed": "x"},
                       "Lines[1]": {"current": [1, null]}, "Null": {"sealed": null, "current": "null"}}"#;
        let sides: Vec<(String, Side, Side)> = changes(Some(json))
            .into_iter()
            .map(|c| (c.field, c.sealed, c.current))
            .collect();
        let text = |t: &str| Side::Text(t.to_owned());
        let json = |t: &str| Side::Json(t.to_owned());
        assert_eq!(
            sides,
            [
                ("Dose".to_owned(), text("500"), json("500")),
                ("Note".to_owned(), text("x"), Side::Nothing),
                (
                    "Lines[1]".to_owned(),
                    Side::Nothing,
                    json(&Value::List(vec![Value::Integer(1), Value::Null]).to_json())
                ),
                ("Null".to_owned(), Side::Nothing, text("null")),
            ]
        );
        assert!(changes(Some("no JSON")).is_empty());
        assert!(changes(Some("[1]")).is_empty());
        assert!(changes(None).is_empty());
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let mut failing = Failing::with_limits(Limits {
            of_a_type: 3,
            documents: 5,
            fields: 2,
            ..Limits::OF_THE_PAGE
        });
        let three = r#"{"a": {"sealed": 1}, "b": {"sealed": 1}, "c": {"sealed": 1}}"#;
        for key in 0..10 {
            failing.add(found("prescription", key, three));
        }
        for key in 0..4 {
            failing.add(found("lab_test", key, three));
        }
        assert_eq!(failing.shown.len(), 5);
        assert_eq!(
            failing.left_out,
            [("prescription".to_owned(), 7), ("lab_test".to_owned(), 2)]
        );
        assert_eq!(failing.more(), 9);
        assert!(
            failing
                .shown
                .iter()
                .all(|s| s.changes.len() == 2 && s.more == 1)
        );
    }

    #[test]
    fn long_values_use_up_the_page() {
        let mut failing = Failing::with_limits(Limits {
            characters: 100,
            all_characters: 1000,
            ..Limits::OF_THE_PAGE
        });
        let long = format!(
            r#"{{"a": {{"sealed": "{}", "current": "{}"}}}}"#,
            "x".repeat(90_000),
            "y".repeat(90_000)
        );
        for key in 0..10 {
            failing.add(found("prescription", key, &long));
        }
        // Each shows 100 characters a side, and counts with the context that it may have.
        assert_eq!((failing.shown.len(), failing.more()), (3, 7));
    }
}
