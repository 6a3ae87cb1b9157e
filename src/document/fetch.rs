//! Running a definition for a set of keys, and turning its typed rows into canonical text.

use std::collections::HashMap;

use health_crypto_core::canonical::{self, CanonicalError, JsonError, Profile, Value};
use health_crypto_core::digest::Digest;
use pgrx::AnyNumeric;
use pgrx::pg_sys;

use crate::document::edition::{Edition, Function};
use crate::document::registry::Document;
use crate::error::{Error, Result};
use crate::pg::caller::ByIndex;
use crate::pg::shield;
use crate::pg::spi::{Rows, Session, Snapshot};

/// The longest text of a field: written as JSON, a control character becomes six times as long, and a value of
/// PostgreSQL's can have a gigabyte.
const MAX_FIELD_BYTES: usize = 128 << 20;

/// Rows of a definition in memory at once, where they come as a stream.
const ROWS_OF_A_STREAM: i64 = 1000;

/// The longest canonical text: what PostgreSQL can store.
const MAX_TEXT_BYTES: usize = (1 << 30) - 64;

/// Canonical texts by key.
pub type Texts = HashMap<String, String>;

/// Serialises documents by one edition of their definition in one language. Runs as the role in force: the caller switches to the root table's owner.
///
/// Keys that the definition returns no row for are missing from the result.
///
/// # Errors
/// What the definition's rows cannot be: a null key, two rows for one key, a number that the profile cannot hold.
pub fn texts(
    session: &Session,
    document: &Document,
    edition: &Edition,
    keys: &[&str],
    language: Option<&str>,
    snapshot: Snapshot,
) -> Result<Texts> {
    let function = edition.function(session)?;
    let rows = run_definition(session, document, function, keys, language, snapshot)?;
    let mut texts = HashMap::with_capacity(rows.len());
    for row in 0..rows.len() {
        let key = rows.string(row, 1).ok_or_else(|| null_key(document))?;
        let text = text(edition.profile, function, &rows, row)?;
        if texts.insert(key, text).is_some() {
            return Err(two_rows(document));
        }
    }
    Ok(texts)
}

/// As [`texts`], for a whole page of documents: the text of each key, in the keys' order; `None` where the definition
/// returns no row.
///
/// # Errors
/// As [`texts`].
pub fn texts_in_order(
    session: &Session,
    document: &Document,
    edition: &Edition,
    keys: &[&str],
    language: Option<&str>,
    snapshot: Snapshot,
) -> Result<Vec<Option<String>>> {
    let function = edition.function(session)?;
    let rows = run_definition(session, document, function, keys, language, snapshot)?;
    let mut in_order = InOrder::of(keys);
    for row in 0..rows.len() {
        in_order.put(document, &rows, row, || {
            text(edition.profile, function, &rows, row)
        })?;
    }
    Ok(in_order.results)
}

fn null_key(document: &Document) -> Error {
    Error::BadDefinition {
        what: format!(
            "the definition of document \"{}\" returned a null key",
            document.name
        ),
        hint: "Its first column is the root's primary key.",
    }
}

fn two_rows(document: &Document) -> Error {
    Error::BadDefinition {
        what: format!(
            "the definition of document \"{}\" returned two rows for one key",
            document.name
        ),
        hint: "It must return one row a document: aggregate the children.",
    }
}

/// Errors of the definition's own SQL can quote the content they failed on.
fn run_definition<'s>(
    session: &'s Session,
    document: &Document,
    function: &Function,
    keys: &[&str],
    language: Option<&str>,
    snapshot: Snapshot,
) -> Result<Rows<'s>> {
    let is_one = keys.len() == 1;
    let (sql, keys) = match keys {
        [key] => (&function.fetch_one, (*key).into()),
        _ => (&function.fetch, keys.to_vec().into()),
    };
    let arguments = vec![keys, language.into()];
    let _plan = is_one.then(ByIndex::pinned);
    shield::shielded(&document.name, || session.run(sql, arguments, snapshot))
}

/// The digests of documents' texts in the keys' order, for so many documents that their texts should not be in memory at
/// once; `None` where the definition returns no row.
///
/// # Errors
/// As [`texts`].
pub fn digests(
    session: &Session,
    document: &Document,
    edition: &Edition,
    keys: &[String],
    language: Option<&str>,
    snapshot: Snapshot,
) -> Result<Vec<Option<Digest>>> {
    let function = edition.function(session)?;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut in_order = InOrder::of(&keys);
    let arguments = vec![keys.clone().into(), language.into()];
    shield::shielded(&document.name, || {
        let mut stream = session.stream(&function.fetch, arguments, snapshot)?;
        loop {
            pgrx::check_for_interrupts!();
            let rows = stream.next(ROWS_OF_A_STREAM);
            if rows.is_empty() {
                return Ok(in_order.results);
            }
            for row in 0..rows.len() {
                in_order.put(document, &rows, row, || {
                    let text = text(edition.profile, function, &rows, row)?;
                    Ok(Digest::of(&text))
                })?;
            }
        }
    })
}

/// What comes of a definition's rows, in the order of the keys that it was asked for.
struct InOrder<'k, T> {
    keys: &'k [&'k str],
    places: HashMap<&'k str, usize>,
    results: Vec<Option<T>>,
    next: usize,
}

impl<'k, T> InOrder<'k, T> {
    fn of(keys: &'k [&'k str]) -> InOrder<'k, T> {
        let mut results = Vec::new();
        results.resize_with(keys.len(), || None);
        InOrder {
            keys,
            places: keys.iter().enumerate().map(|(i, key)| (*key, i)).collect(),
            results,
            next: 0,
        }
    }

    /// What is made of a row, in the place of its key. Definitions mostly keep some order, so that a key is looked for where
    /// the last one was found. A row of a key that was not asked for is passed over.
    fn put(
        &mut self,
        document: &Document,
        rows: &Rows<'_>,
        row: usize,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<()> {
        let key = rows.text(row, 1).ok_or_else(|| null_key(document))?;
        let place = if self.keys.get(self.next) == Some(&key) {
            Some(self.next)
        } else {
            self.places.get(key).copied()
        };
        let Some(slot) = place.and_then(|place| self.results.get_mut(place)) else {
            return Ok(());
        };
        if slot.replace(make()?).is_some() {
            return Err(two_rows(document));
        }
        self.next = place.map_or(0, |place| place + 1);
        Ok(())
    }
}

fn text(profile: Profile, function: &Function, rows: &Rows<'_>, row: usize) -> Result<String> {
    let mut fields = Vec::with_capacity(function.fields.len());
    let known = function.fields.iter().zip(&function.through_json);
    for (index, (field, through_json)) in known.enumerate() {
        // The key comes first.
        let value = value(rows, row, index + 2, field, *through_json)?;
        let mut numbers = function.numbers.get(index).into_iter().flatten();
        if *through_json && !numbers.all(|place| is_finite(&value, place)) {
            return Err(Error::InexactNumber {
                field: field.clone(),
            });
        }
        fields.push((field.as_str(), value));
    }
    let mut text = String::with_capacity(512);
    profile
        .write_document(&fields, &mut text)
        .map_err(|error| number_error(error, None))?;
    if text.len() > MAX_TEXT_BYTES {
        return Err(Error::TooLarge {
            what: "the text of a document",
        });
    }
    Ok(text)
}

/// Whether the numbers at a place of a value are finite: to_json makes strings of NaN and the infinities, and where the
/// type has a number there are no others.
fn is_finite(value: &Value<'_>, place: &[Option<String>]) -> bool {
    match (value, place) {
        (Value::Text(_), []) => false,
        // A list in a list is another dimension of the array, or an array as an element.
        (Value::List(items), [None, rest @ ..]) => items.iter().all(|item| {
            is_finite(item, rest) && (!matches!(item, Value::List(_)) || is_finite(item, place))
        }),
        (Value::Object(fields), [Some(name), rest @ ..]) => fields
            .iter()
            .filter(|(known, _)| known == name)
            .all(|(_, value)| is_finite(value, rest)),
        _ => true,
    }
}

fn value<'r>(
    rows: &'r Rows<'_>,
    row: usize,
    column: usize,
    field: &str,
    through_json: bool,
) -> Result<Value<'r>> {
    let Some(_) = rows.datum(row, column) else {
        return Ok(Value::Null);
    };
    if through_json {
        let json = rows
            .text(row, column)
            .ok_or(Error::Bug("to_json gave no text"))?;
        return canonical::parse_field(field, json).map_err(|error| json_error(error, field));
    }
    let missing = || Error::Bug("a field changed its type");
    Ok(match rows.column_type(column) {
        pg_sys::BOOLOID => Value::Bool(rows.get(row, column).ok_or_else(missing)?),
        pg_sys::INT2OID => {
            Value::Integer(i64::from(rows.get::<i16>(row, column).ok_or_else(missing)?))
        }
        pg_sys::INT4OID => {
            Value::Integer(i64::from(rows.get::<i32>(row, column).ok_or_else(missing)?))
        }
        pg_sys::INT8OID => Value::Integer(rows.get(row, column).ok_or_else(missing)?),
        pg_sys::FLOAT8OID => Value::Float(rows.get(row, column).ok_or_else(missing)?),
        pg_sys::NUMERICOID => {
            let number: AnyNumeric = rows.get(row, column).ok_or_else(missing)?;
            let literal = number.to_string();
            if !literal
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'.' || b == b'-')
            {
                return Err(Error::InexactNumber {
                    field: field.to_owned(),
                });
            }
            Value::Decimal(literal.into())
        }
        pg_sys::TEXTOID | pg_sys::VARCHAROID => {
            let text = rows.text(row, column).ok_or_else(missing)?;
            if text.len() > MAX_FIELD_BYTES {
                return Err(Error::TooLarge {
                    what: "the text of a field",
                });
            }
            Value::Text(text.into())
        }
        pg_sys::FLOAT4OID => {
            // By its own shortest digits: as a double, 0.1 would read 0.10000000149011612.
            let number = rows.get::<f32>(row, column).ok_or_else(missing)?;
            Value::Float(number.to_string().parse().map_err(|_| missing())?)
        }
        _ => return Err(missing()),
    })
}

/// Our error for what a profile refuses. The message names the field, or, where there are no fields (`canonicalize()`), what
/// `instead` says; never the value, nor a key of a json value, which is content.
pub fn number_error(error: CanonicalError, instead: Option<&str>) -> Error {
    let place = |path: &str| instead.map_or_else(|| field_of(path).to_owned(), str::to_owned);
    match error {
        CanonicalError::NotFinite { path }
        | CanonicalError::IntegerOutOfRange { path }
        | CanonicalError::InexactDecimal { path } => Error::InexactNumber {
            field: place(&path),
        },
        // Of the document itself: objects within fields are read before they are written.
        CanonicalError::DuplicateKey { path } => Error::DuplicateJsonKey {
            field: place(&path),
        },
        CanonicalError::TooDeep => Error::TooLarge {
            what: "the nesting of a JSON value",
        },
    }
}

/// Our error for JSON of a field that cannot be read.
pub fn json_error(error: JsonError, field: &str) -> Error {
    match error {
        JsonError::DuplicateKey { .. } => Error::DuplicateJsonKey {
            field: field.to_owned(),
        },
        JsonError::NumberOutOfRange { path } | JsonError::InexactNumber { path } => {
            let indices = path.strip_prefix(field).map_or("", indices_of);
            Error::InexactNumber {
                field: format!("{field}{indices}"),
            }
        }
        JsonError::TooDeep => Error::TooLarge {
            what: "the nesting of a JSON value",
        },
        JsonError::TooLarge => Error::TooLarge {
            what: "a JSON text",
        },
        JsonError::Syntax | JsonError::LoneSurrogate => Error::MalformedJson {
            field: field.to_owned(),
        },
    }
}

/// The field of a path like `Field[1].key`, with the indices that follow its name directly.
fn field_of(path: &str) -> &str {
    // A name that could be taken for several components is quoted.
    let name = match path.strip_prefix("[\"") {
        Some(rest) => rest.find("\"]").map_or(path.len(), |at| at + 4),
        None => path.find(['.', '[']).unwrap_or(path.len()),
    };
    let (_, rest) = path.split_at_checked(name).unwrap_or((path, ""));
    let end = name + indices_of(rest).len();
    path.get(..end).unwrap_or(path)
}

/// The indices like `[1][20]` that a path begins with.
fn indices_of(path: &str) -> &str {
    let mut end = 0;
    let mut rest = path;
    while let Some((digits, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            break;
        }
        end += digits.len() + 2;
        rest = after;
    }
    path.get(..end).unwrap_or_default()
}
