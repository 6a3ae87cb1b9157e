//! Published vectors, read where they stand beside the project; skipped with a line where they are not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

use std::fs;
use std::path::PathBuf;

use health_crypto_core::canonical::python::{UnicodeVersion, write_repr, write_repr_str};
use health_crypto_core::canonical::{Profile, Value, parse_json};
use health_crypto_core::digest::Digest;

/// A folder of vectors, if it is there.
fn vectors(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/vectors")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no vectors in {}", path.display());
    None
}

fn canonical(profile: Profile, value: &Value<'_>) -> String {
    let mut out = String::new();
    profile.write(value, &mut out).expect("canonical text");
    out
}

/// Input and output pairs of cyberphone/json-canonicalization, by the author of RFC 8785.
#[test]
fn jcs_pairs() {
    let Some(folder) = vectors("jcs/testdata") else {
        return;
    };
    let mut names: Vec<_> = fs::read_dir(folder.join("input"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        let input = fs::read_to_string(folder.join("input").join(&name)).unwrap();
        let output = fs::read_to_string(folder.join("output").join(&name)).unwrap();
        let written = canonical(Profile::Jcs1, &parse_json(&input).unwrap());
        assert_eq!(written, output, "{name:?}");
        assert_eq!(
            canonical(Profile::Jcs1, &parse_json(&output).unwrap()),
            output,
            "{name:?}"
        );
    }
}

fn field<'v>(record: &'v Value<'_>, name: &str) -> &'v Value<'v> {
    let Value::Object(fields) = record else {
        panic!("a record")
    };
    &fields
        .iter()
        .find(|(known, _)| known == name)
        .expect(name)
        .1
}

fn text<'v>(record: &'v Value<'_>, name: &str) -> &'v str {
    let Value::Text(text) = field(record, name) else {
        panic!("{name} is no text")
    };
    text
}

/// What CPython 3.11 printed.
#[test]
fn python_oracle() {
    let Some(folder) = vectors("python-oracle") else {
        return;
    };
    let records = fs::read_to_string(folder.join("str-repr-json.jsonl")).unwrap();
    let mut seen = 0;
    for line in records.lines() {
        // A record about half surrogates, which no Rust string and no PostgreSQL text can hold.
        let Ok(record) = parse_json(line) else {
            assert!(line.contains("\\ud"), "{line}");
            continue;
        };
        let value = match text(&record, "kind") {
            "none" => Value::Null,
            "bool" => Value::Bool(text(&record, "repr") == "True"),
            "int" => parse_json(text(&record, "repr")).unwrap(),
            "float" => Value::Float(text(&record, "repr").parse().unwrap()),
            "str" => {
                let Value::List(codes) = field(&record, "input_codepoints") else {
                    panic!("code points")
                };
                let character = |code: &Value<'_>| match code {
                    Value::Integer(code) => u32::try_from(*code).ok().and_then(char::from_u32),
                    _ => None,
                };
                match codes.iter().map(character).collect::<Option<String>>() {
                    Some(text) => Value::Text(text.into()),
                    None => continue,
                }
            }
            other => panic!("unknown kind {other}"),
        };
        let mut repr = String::new();
        write_repr(&value, UnicodeVersion::Py311, &mut repr);
        assert_eq!(repr, text(&record, "repr"));
        if !matches!(value, Value::Float(float) if !float.is_finite()) {
            assert_eq!(
                canonical(Profile::GnuHealth1, &value),
                text(&record, "dumps_utf8")
            );
        }
        let document = text(&record, "gnuhealth_like");
        assert_eq!(
            canonical(Profile::GnuHealth1, &parse_json(document).unwrap()),
            document
        );
        seen += 1;
    }
    assert!(seen >= 70, "{seen} records");
}

/// The digests of the oracle are of the UTF-8 of `gnuhealth_like` or of a text of the record.
#[test]
fn python_oracle_digests() {
    let Some(folder) = vectors("python-oracle") else {
        return;
    };
    let records = fs::read_to_string(folder.join("str-repr-json.jsonl")).unwrap();
    for record in records.lines().filter_map(|line| parse_json(line).ok()) {
        let expected: Digest = text(&record, "sha512_utf8").parse().unwrap();
        assert_eq!(Digest::of(text(&record, "gnuhealth_like")), expected);
    }
}

/// Every code point in every version whose list is there.
#[test]
fn python_oracle_printability() {
    let Some(folder) = vectors("python-oracle") else {
        return;
    };
    // 3.9 has the Unicode version of 3.10.
    for (file, version) in [
        ("nonprintable-3.9.18.tsv", UnicodeVersion::Py310),
        ("nonprintable-3.11.7.tsv", UnicodeVersion::Py311),
        ("nonprintable-3.12.1.tsv", UnicodeVersion::Py312),
        ("nonprintable-3.13.0.tsv", UnicodeVersion::Py313),
    ] {
        let list = fs::read_to_string(folder.join(file)).unwrap();
        let mut escaped = vec![false; 0x110000];
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let (first, last) = line.split_once('\t').unwrap();
            let code = |hex: &str| usize::from_str_radix(hex, 16).unwrap();
            escaped[code(first)..=code(last)].fill(true);
        }
        for c in '\0'..=char::MAX {
            let mut out = String::new();
            write_repr_str(&c.to_string(), version, &mut out);
            let is_escaped = out.starts_with("'\\") && c != '\\';
            assert_eq!(is_escaped, escaped[c as usize], "{c:?} in {file}");
        }
    }
}
