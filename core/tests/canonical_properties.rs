//! What holds for every value and every text, not for chosen examples.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

use std::borrow::Cow;

use health_crypto_core::canonical::python::{
    UnicodeVersion, has_version_dependent, parse_literal, write_repr,
};
use health_crypto_core::canonical::{Profile, Value, parse_json};
use health_crypto_core::diff::{Changes, changes};
use health_crypto_core::digest::Digest;
use proptest::prelude::*;

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
        (-1_000_000i32..1_000_000).prop_map(|cents| f64::from(cents) / 100.0),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zA-Z0-9 ,'\"\\[\\]\\\\]{0,12}",
        2 => prop::collection::vec(any::<char>(), 0..8).prop_map(String::from_iter),
    ]
}

/// Values without decimals, which come back from JSON as what they are.
fn value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        finite().prop_map(Value::Float),
        text().prop_map(|text| Value::Text(text.into())),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::vec((text(), inner), 0..6).prop_map(|fields| {
                let mut named: Vec<(Cow<'static, str>, Value<'static>)> = Vec::new();
                for (name, value) in fields {
                    if named.iter().all(|(known, _)| *known != name) {
                        named.push((name.into(), value));
                    }
                }
                Value::Object(named)
            }),
        ]
    })
}

fn written(profile: Profile, value: &Value<'_>) -> Option<String> {
    let mut out = String::new();
    profile.write(value, &mut out).ok().map(|()| out)
}

fn repr(value: &Value<'_>, version: UnicodeVersion) -> String {
    let mut out = String::new();
    write_repr(value, version, &mut out);
    out
}

/// A document of two fields: JSON, and the text of a Python list as GNU Health stores lines.
fn document(plain: &Value<'static>, lines: &[Value<'static>]) -> String {
    let lines = repr(&Value::List(lines.to_vec()), UnicodeVersion::default());
    let mut out = String::new();
    let fields = [
        ("plain", plain.clone()),
        ("lines", Value::Text(lines.into())),
    ];
    Profile::GnuHealth1
        .write_document(&fields, &mut out)
        .expect("finite values");
    out
}

/// What stands at a place below `value`, for paths of indices only.
fn at<'v>(value: &'v Value<'static>, indices: &str) -> Option<&'v Value<'static>> {
    indices
        .split(['[', ']'])
        .filter(|part| !part.is_empty())
        .try_fold(value, |value, index| match value {
            Value::List(items) => items.get(index.parse::<usize>().ok()?),
            _ => None,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn gnuhealth_text_reads_back_as_the_same_value(value in value()) {
        let text = written(Profile::GnuHealth1, &value).unwrap();
        prop_assert_eq!(format!("{:?}", parse_json(&text).unwrap()), format!("{:?}", value));
    }

    #[test]
    fn jcs_is_a_fixed_point_and_does_not_see_order(value in value()) {
        if let Some(text) = written(Profile::Jcs1, &value) {
            let back = parse_json(&text);
            // Doubles beyond 2^53 print without a fraction and come back as integers that JCS refuses.
            if let Some(again) = back.ok().and_then(|back| written(Profile::Jcs1, &back)) {
                prop_assert_eq!(&again, &text);
            }
            if let Value::Object(mut fields) = value {
                fields.reverse();
                prop_assert_eq!(written(Profile::Jcs1, &Value::Object(fields)), Some(text));
            }
        }
    }

    #[test]
    fn jcs_numbers_are_the_double(float in finite()) {
        let text = written(Profile::Jcs1, &Value::Float(float)).unwrap();
        prop_assert_eq!(text.parse::<f64>().unwrap(), float);
        prop_assert!(text.len() <= 25, "{}", text);
    }

    #[test]
    fn jcs_decimals_are_exact_or_refused(units in any::<i64>(), places in 0usize..25) {
        let digits = format!("{:0>width$}", units.unsigned_abs(), width = places + 1);
        let (integer, fraction) = digits.split_at(digits.len() - places);
        let sign = if units < 0 { "-" } else { "" };
        let literal = if places == 0 { format!("{sign}{integer}") } else { format!("{sign}{integer}.{fraction}") };
        let Some(text) = written(Profile::Jcs1, &Value::Decimal(literal.clone().into())) else { return Ok(()) };
        // Up to 15 digits are always exact, and what is written is the nearest double's own text.
        prop_assert_eq!(text.parse::<f64>().unwrap(), literal.parse::<f64>().unwrap());
        let double = written(Profile::Jcs1, &Value::Float(literal.parse().unwrap())).unwrap();
        prop_assert_eq!(text, double);
    }

    #[test]
    fn jcs_takes_every_decimal_of_fifteen_digits(units in -999_999_999_999_999i64..=999_999_999_999_999) {
        let literal = format!("{}{}.{:03}", if units < 0 { "-" } else { "" }, units.abs() / 1000, units.abs() % 1000);
        prop_assert!(written(Profile::Jcs1, &Value::Decimal(literal.into())).is_some());
    }

    #[test]
    fn a_literal_reads_back_as_what_was_printed(value in value(), version in 0usize..5) {
        let text = repr(&value, UnicodeVersion::ALL[version]);
        prop_assert_eq!(format!("{:?}", parse_literal(&text)), format!("{:?}", Some(&value)));
    }

    #[test]
    fn what_depends_on_the_version_is_known(text in text()) {
        let value = Value::Text(text.clone().into());
        let printed = UnicodeVersion::ALL.map(|version| repr(&value, version));
        prop_assert_eq!(has_version_dependent(&text), printed.iter().any(|other| *other != printed[0]));
    }

    #[test]
    fn readers_survive_any_text(text in any::<String>(), almost in "[\\[\\](){}'\"\\\\,: 0-9eE.+xuUNnone-]{0,40}") {
        for text in [text, almost] {
            let _ = parse_literal(&text);
            let _ = changes(&text, "{}");
            if let Ok(value) = parse_json(&text) {
                prop_assert_eq!(parse_json(&value.to_json()), Ok(value));
            }
        }
    }

    #[test]
    fn readers_survive_damaged_texts(value in value(), at in any::<prop::sample::Index>(), other in any::<char>()) {
        for text in [repr(&value, UnicodeVersion::Py311), written(Profile::GnuHealth1, &value).unwrap()] {
            let mut damaged: Vec<char> = text.chars().collect();
            let place = at.index(damaged.len());
            damaged[place] = other;
            let damaged = String::from_iter(damaged);
            let _ = (parse_literal(&damaged), parse_json(&damaged));
        }
    }

    #[test]
    fn a_difference_is_reported_and_an_equality_is_not(
        left in value(), right in value(),
        sealed in prop::collection::vec(value(), 0..5), current in prop::collection::vec(value(), 0..5),
    ) {
        let (before, after) = (document(&left, &sealed), document(&right, &current));
        let found = changes(&before, &after);
        prop_assert_eq!(found.top_level_fields().is_empty(), before == after);
        prop_assert_eq!(changes(&before, &before), Changes::Fields(vec![]));
        let names = found.top_level_fields();
        let same_lines = document(&Value::Null, &sealed) == document(&Value::Null, &current);
        prop_assert_eq!(names.contains(&"lines"), !same_lines);
        // Paths are unique, so the report is an object that can be read back.
        prop_assert!(parse_json(&found.to_json()).is_ok());
    }

    #[test]
    fn a_change_in_a_list_is_what_stands_there(
        sealed in prop::collection::vec(prop::collection::vec(0i64..4, 0..4), 0..6),
        current in prop::collection::vec(prop::collection::vec(0i64..4, 0..4), 0..6),
    ) {
        let list = |lines: &[Vec<i64>]| {
            let line = |line: &Vec<i64>| Value::List(line.iter().copied().map(Value::Integer).collect());
            Value::List(lines.iter().map(line).collect())
        };
        let (sealed, current) = (list(&sealed), list(&current));
        let (before, after) = (document(&sealed, &[]), document(&current, &[]));
        let Changes::Fields(found) = changes(&before, &after) else { panic!("readable") };
        for change in found {
            let path = change.path.strip_prefix("plain").unwrap();
            match (&change.sealed, &change.current) {
                (None, Some(value)) if path.matches('[').count() == 1 => prop_assert_eq!(at(&current, path), Some(value)),
                (Some(value), _) => prop_assert_eq!(at(&sealed, path), Some(value)),
                _ => {}
            }
        }
    }

    #[test]
    fn one_line_removed_is_one_change(lines in prop::collection::vec(value(), 1..7), at in any::<prop::sample::Index>()) {
        let mut fewer = lines.clone();
        let removed = at.index(lines.len());
        fewer.remove(removed);
        for (sealed, current) in [(&lines, &fewer), (&fewer, &lines)] {
            let (before, after) = (document(&Value::Null, sealed), document(&Value::Null, current));
            let Changes::Fields(found) = changes(&before, &after) else { panic!("readable") };
            prop_assert_eq!(found.len(), 1);
            prop_assert_ne!(found[0].sealed.is_some(), found[0].current.is_some());
        }
    }

    #[test]
    fn digests_read_back(text in any::<String>()) {
        let digest = Digest::of(&text);
        prop_assert_eq!(digest.to_string().parse(), Ok(digest));
        prop_assert_eq!(digest.to_string().len(), 128);
    }
}
