//! Going down into two values at once.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::Change;
use super::align::{Step, by_position, steps};
use crate::canonical::python::{UnicodeVersion, parse_literal, write_repr};
use crate::canonical::{Path, Value};

/// A field with more differences inside than this is listed as a whole.
pub const MAX_CHANGES_PER_FIELD: usize = 1000;

/// A field with a path inside that is longer than this many bytes is listed as a whole.
const MAX_PATH_BYTES: usize = 512;

/// How values are given: JSON as it is, the inside of a Python list as text.
#[derive(Clone, Copy)]
enum Notation {
    Json,
    Python,
}

/// The field is better listed as a whole.
struct TooMuch;

/// Appends what differs in one field of the document.
pub(super) fn compare_field(
    name: &str,
    sealed: Option<&Value<'static>>,
    current: Option<&Value<'static>>,
    found: &mut Vec<Change>,
) {
    let path = Path::Field(&Path::Root, name);
    if let (Some(sealed), Some(current)) = (sealed, current) {
        if same(sealed, current) {
            return;
        }
        let mut walk = Walk {
            field: name,
            notation: Notation::Json,
            found: Vec::new(),
        };
        let read = |value: &Value<'static>| match value {
            Value::Text(text) => {
                parse_literal(text).filter(|literal| matches!(literal, Value::List(_)))
            }
            _ => None,
        };
        let walked = match (read(sealed), read(current)) {
            (Some(sealed), Some(current)) => {
                walk.notation = Notation::Python;
                walk.inside(&path, &sealed, &current)
            }
            _ => walk.inside(&path, sealed, current),
        };
        // Nothing inside differs if only the spelling does, or if there is no inside.
        if walked.is_ok() && !walk.found.is_empty() {
            found.append(&mut walk.found);
            return;
        }
    }
    found.push(Change {
        field: name.to_owned(),
        path: path.full(),
        sealed: sealed.cloned(),
        current: current.cloned(),
    });
}

/// Whether two values are written the same: unlike `==`, tells 0.0 from -0.0.
pub(super) fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => left.to_bits() == right.to_bits(),
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let pairs = || left.iter().zip(right);
            left.len() == right.len()
                && pairs().all(|(left, right)| left.0 == right.0 && same(&left.1, &right.1))
        }
        _ => left == right,
    }
}

struct Walk<'f> {
    field: &'f str,
    notation: Notation,
    found: Vec<Change>,
}

impl Walk<'_> {
    /// Lists what differs between two values that are not the same.
    fn different(
        &mut self,
        path: &Path<'_>,
        sealed: &Value<'static>,
        current: &Value<'static>,
    ) -> Result<(), TooMuch> {
        let before = self.found.len();
        self.inside(path, sealed, current)?;
        if self.found.len() == before {
            self.list(path, Some(sealed), Some(current))?;
        }
        Ok(())
    }

    /// Lists what differs inside two lists or two objects; nothing for other values.
    fn inside(
        &mut self,
        path: &Path<'_>,
        sealed: &Value<'static>,
        current: &Value<'static>,
    ) -> Result<(), TooMuch> {
        match (sealed, current) {
            (Value::List(sealed), Value::List(current)) => self.lists(path, sealed, current),
            (Value::Object(sealed), Value::Object(current)) => self.objects(path, sealed, current),
            _ => Ok(()),
        }
    }

    fn objects(
        &mut self,
        path: &Path<'_>,
        sealed: &[(Cow<'static, str>, Value<'static>)],
        current: &[(Cow<'static, str>, Value<'static>)],
    ) -> Result<(), TooMuch> {
        let by_name: HashMap<&str, &Value<'static>> = current
            .iter()
            .map(|(name, value)| (&**name, value))
            .collect();
        for (name, value) in sealed {
            let path = Path::Field(path, name);
            match by_name.get(&**name) {
                Some(other) if same(value, other) => {}
                Some(other) => self.different(&path, value, other)?,
                None => self.list(&path, Some(value), None)?,
            }
        }
        let known: HashSet<&str> = sealed.iter().map(|(name, _)| &**name).collect();
        for (name, value) in current.iter().filter(|(name, _)| !known.contains(&**name)) {
            self.list(&Path::Field(path, name), None, Some(value))?;
        }
        Ok(())
    }

    fn lists(
        &mut self,
        path: &Path<'_>,
        sealed: &[Value<'static>],
        current: &[Value<'static>],
    ) -> Result<(), TooMuch> {
        // Decided before going down: trying both at every level would double the work with each.
        let cheapest = steps(sealed, current);
        if meet(&cheapest) {
            return self.follow(path, by_position(sealed, current));
        }
        self.follow(path, cheapest)
    }

    fn follow(
        &mut self,
        path: &Path<'_>,
        steps: Vec<Step<'_, Value<'static>>>,
    ) -> Result<(), TooMuch> {
        for step in steps {
            match step {
                Step::Pair(index, sealed, current) => {
                    if !same(sealed, current) {
                        self.different(&Path::Index(path, index), sealed, current)?;
                    }
                }
                Step::Removed(index, sealed) => {
                    self.list(&Path::Index(path, index), Some(sealed), None)?;
                }
                Step::Added(index, current) => {
                    self.list(&Path::Index(path, index), None, Some(current))?;
                }
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        path: &Path<'_>,
        sealed: Option<&Value<'static>>,
        current: Option<&Value<'static>>,
    ) -> Result<(), TooMuch> {
        let path = path.full();
        if self.found.len() >= MAX_CHANGES_PER_FIELD || path.len() > MAX_PATH_BYTES {
            return Err(TooMuch);
        }
        let (sealed, current) = match self.notation {
            Notation::Json => (sealed.cloned(), current.cloned()),
            Notation::Python => {
                let (bare_sealed, bare_current) = (sealed.map(bare), current.map(bare));
                if bare_sealed == bare_current {
                    (sealed.map(quoted), current.map(quoted))
                } else {
                    (bare_sealed, bare_current)
                }
            }
        };
        self.found.push(Change {
            field: self.field.to_owned(),
            path,
            sealed,
            current,
        });
        Ok(())
    }
}

/// Whether an added element would be listed with the index, in another list, of a removed or changed one.
fn meet(steps: &[Step<'_, Value<'static>>]) -> bool {
    let added: HashSet<usize> = steps
        .iter()
        .filter_map(|step| {
            if let Step::Added(index, _) = step {
                Some(*index)
            } else {
                None
            }
        })
        .collect();
    steps.iter().any(|step| match step {
        Step::Removed(index, _) => added.contains(index),
        Step::Pair(index, sealed, current) => {
            added.contains(index) && listed_whole(sealed, current)
        }
        Step::Added(..) => false,
    })
}

/// Whether [`Walk::different`] would list two values by their own path, for want of something inside that differs.
fn listed_whole(sealed: &Value<'static>, current: &Value<'static>) -> bool {
    match (sealed, current) {
        (Value::List(_), Value::List(_)) => false,
        (Value::Object(sealed), Value::Object(current)) => {
            let by_name: HashMap<&str, &Value<'static>> = current
                .iter()
                .map(|(name, value)| (&**name, value))
                .collect();
            let mut fields = sealed.iter();
            sealed.len() == current.len()
                && fields.all(|(name, value)| {
                    by_name.get(&**name).is_some_and(|other| same(value, other))
                })
        }
        _ => !same(sealed, current),
    }
}

/// A Python value as text, a string without its quotes.
fn bare(value: &Value<'static>) -> Value<'static> {
    match value {
        Value::Text(_) => value.clone(),
        _ => quoted(value),
    }
}

/// A Python value as its `repr`.
fn quoted(value: &Value<'static>) -> Value<'static> {
    let mut text = String::new();
    write_repr(value, UnicodeVersion::default(), &mut text);
    Value::Text(text.into())
}
