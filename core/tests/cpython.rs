//! The canonical writers against a real CPython: `repr`, `str` and `json.dumps(x, ensure_ascii=False)` of generated
//! values and of every code point, without a single difference.
//!
//! HEALTH_CRYPTO_PYTHON names the interpreter (default: python3); HEALTH_CRYPTO_SEED repeats a run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use health_crypto_core::canonical::python::{
    UnicodeVersion, has_version_dependent, parse_literal, write_repr, write_repr_float,
    write_repr_str,
};
use health_crypto_core::canonical::{Profile, Value, parse_json};

/// Besides one value for every 64 code points.
const GENERATED: usize = 110_000;

/// Reads one value a line, tagged and without any text that would need escapes; answers with the UTF-8 of repr, str
/// and json.dumps in hexadecimal (`-` where json.dumps has no answer).
const ORACLE: &str = r#"
import decimal, json, struct, sys, unicodedata
def build(x):
    tag = x[0]
    if tag == "s": return "".join(map(chr, x[1]))
    if tag == "f": return struct.unpack(">d", bytes.fromhex(x[1]))[0]
    if tag == "i": return int(x[1])
    if tag == "D": return decimal.Decimal(x[1])
    if tag == "l": return [build(y) for y in x[1]]
    if tag == "d": return {build(k): build(v) for k, v in x[1]}
    return {"n": None, "t": True, "u": False}[tag]
def dumps(x):
    try: return json.dumps(x, ensure_ascii=False)
    except TypeError: return None
print("%d.%d" % sys.version_info[:2], unicodedata.unidata_version)
for line in sys.stdin:
    x = build(json.loads(line))
    print(*("-" if t is None else "=" + t.encode().hex() for t in (repr(x), str(x), dumps(x))))
"#;

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same everywhere for a seed.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.bits() % limit
    }

    fn char(&mut self) -> char {
        let (first, last) = match self.below(8) {
            0 => (0x00, 0x1f),
            1 | 2 => (0x20, 0x7e),
            3 => (0x7f, 0x377),
            4 => (0x378, 0x33ff),
            5 => (0x3400, 0xffff),
            6 => (0x10000, 0x10ffff),
            _ => {
                return [
                    '\'', '"', '\\', '\n', '\u{a0}', '\u{ad}', '\u{2028}', '\u{feff}',
                ][self.below(8) as usize];
            }
        };
        char::from_u32(first + self.below(u64::from(last - first) + 1) as u32).unwrap_or('\u{fffd}')
    }

    fn text(&mut self) -> String {
        let length = [0, 1, 2, 5, 12, 40][self.below(6) as usize];
        (0..length).map(|_| self.char()).collect()
    }

    fn float(&mut self) -> f64 {
        let sign = if self.below(2) == 0 { 1.0 } else { -1.0 };
        let magnitude = match self.below(8) {
            // Every exponent, subnormals among them.
            0 | 1 => f64::from_bits(self.bits() & (u64::MAX >> 1)),
            2 => f64::from_bits(self.bits() >> (12 + self.below(52))),
            // Powers of two, where the gap below is half the gap above, and their neighbours.
            3 => f64::from_bits(
                (self.below(2047) << 52)
                    .wrapping_add(self.below(3))
                    .saturating_sub(1),
            ),
            // Ties between two shortest decimals.
            4 => {
                ((1 << 47) + self.below(1 << 52)) as f64
                    + [0.25, 0.5, 0.75, 0.125][self.below(4) as usize]
            }
            // What people type.
            5 => self.below(100_000) as f64 / [1.0, 10.0, 100.0, 1000.0][self.below(4) as usize],
            6 => 10f64.powi(self.below(640) as i32 - 320),
            _ => self.bits() as f64 / (1u64 << self.below(64)) as f64,
        };
        // The profiles refuse NaN and the infinities; their repr has a test of its own.
        if magnitude.is_finite() {
            sign * magnitude
        } else {
            sign * 0.0
        }
    }

    fn integer(&mut self) -> i64 {
        match self.below(6) {
            0 => [0, 1, -1, i64::MAX, i64::MIN][self.below(5) as usize],
            _ => (self.bits() as i64) >> self.below(64),
        }
    }

    fn decimal(&mut self) -> String {
        let sign = if self.below(2) == 0 { "" } else { "-" };
        if self.below(4) == 0 {
            return format!(
                "{sign}{}{:019}",
                1 + self.below(1_000_000),
                self.below(1_000_000_000_000_000_000)
            );
        }
        let integer = if self.below(2) == 0 {
            0
        } else {
            self.below(10_000)
        };
        let zeros = "0".repeat(self.below(10) as usize);
        format!("{sign}{integer}.{zeros}{}", self.below(1000))
    }

    fn value(&mut self, depth: usize) -> Value<'static> {
        match self.below(if depth < 4 { 12 } else { 9 }) {
            0 => Value::Null,
            1 => Value::Bool(self.below(2) == 0),
            2 => Value::Integer(self.integer()),
            3 | 4 => Value::Float(self.float()),
            5 => Value::Decimal(self.decimal().into()),
            6..=8 => Value::Text(self.text().into()),
            9 | 10 => Value::List((0..self.below(5)).map(|_| self.value(depth + 1)).collect()),
            _ => {
                let mut fields: Vec<_> = (0..self.below(4))
                    .map(|_| (self.text().into(), self.value(depth + 1)))
                    .collect();
                fields.sort_by(
                    |(left, _): &(std::borrow::Cow<'static, str>, _), (right, _)| left.cmp(right),
                );
                fields.dedup_by(|(left, _), (right, _)| left == right);
                Value::Object(fields)
            }
        }
    }
}

fn describe_text(text: &str, out: &mut String) {
    let codes: Vec<u32> = text.chars().map(u32::from).collect();
    write!(out, "[\"s\",{codes:?}]").unwrap();
}

fn describe(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("[\"n\"]"),
        Value::Bool(true) => out.push_str("[\"t\"]"),
        Value::Bool(false) => out.push_str("[\"u\"]"),
        Value::Integer(integer) => write!(out, "[\"i\",\"{integer}\"]").unwrap(),
        Value::Float(float) => write!(out, "[\"f\",\"{:016x}\"]", float.to_bits()).unwrap(),
        Value::Decimal(text) if text.contains('.') => write!(out, "[\"D\",\"{text}\"]").unwrap(),
        Value::Decimal(text) => write!(out, "[\"i\",\"{text}\"]").unwrap(),
        Value::Text(text) => describe_text(text, out),
        Value::List(items) => {
            out.push_str("[\"l\",[");
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                describe(item, out);
            }
            out.push_str("]]");
        }
        Value::Object(fields) => {
            out.push_str("[\"d\",[");
            for (index, (name, value)) in fields.iter().enumerate() {
                out.push_str(if index > 0 { ",[" } else { "[" });
                describe_text(name, out);
                out.push(',');
                describe(value, out);
                out.push(']');
            }
            out.push_str("]]");
        }
    }
}

/// The text Python answered, `None` for `-`.
fn answered(word: &str) -> Option<String> {
    let digits = word.strip_prefix('=')?;
    let bytes = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex"));
    Some(String::from_utf8(bytes.collect()).expect("UTF-8"))
}

/// What Python's `str` gives: a text itself, a decimal its digits, anything else its `repr`.
fn str_of(value: &Value<'_>, repr: &str) -> String {
    match value {
        Value::Text(text) => text.clone().into_owned(),
        Value::Decimal(_) => repr
            .trim_start_matches("Decimal('")
            .trim_end_matches("')")
            .to_owned(),
        _ => repr.to_owned(),
    }
}

/// Whether json.dumps can print it: it cannot print Decimal.
fn is_json(value: &Value<'_>) -> bool {
    match value {
        Value::Decimal(text) => !text.contains('.'),
        Value::List(items) => items.iter().all(is_json),
        Value::Object(fields) => fields.iter().all(|(_, value)| is_json(value)),
        _ => true,
    }
}

/// Floats by their bits, so that -0.0 is not 0.0.
fn bits_equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    format!("{left:?}") == format!("{right:?}")
}

fn values(seed: u64) -> Vec<Value<'static>> {
    let mut random = Random(seed);
    let mut values: Vec<Value<'static>> = (0..GENERATED).map(|_| random.value(0)).collect();
    let every_char: Vec<char> = ('\0'..=char::MAX).collect();
    values.extend(
        every_char
            .chunks(64)
            .map(|chars| Value::Text(chars.iter().collect::<String>().into())),
    );
    values
}

#[test]
fn no_difference_from_a_real_interpreter() {
    let python = std::env::var("HEALTH_CRYPTO_PYTHON").ok();
    let command = python.as_deref().unwrap_or("python3");
    let spawned = Command::new(command)
        .args(["-c", ORACLE])
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut oracle = match spawned {
        Ok(oracle) => oracle,
        Err(error) if python.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: no python3 on this machine");
            return;
        }
        Err(error) => panic!("cannot run {command}: {error}"),
    };

    let seed = match std::env::var("HEALTH_CRYPTO_SEED") {
        Ok(seed) => seed
            .parse()
            .expect("HEALTH_CRYPTO_SEED is an unsigned integer"),
        Err(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_nanos() as u64,
    };
    let values = values(seed);
    let mut lines = BufReader::new(oracle.stdout.take().expect("piped"))
        .lines()
        .map(|line| line.expect("a line"));
    let banner = lines.next().expect("the interpreter started");
    let (release, unicode) = banner.split_once(' ').expect("two words");
    // What matters is the Unicode version: 3.9 has the same as 3.10.
    let version = match unicode {
        "13.0.0" => UnicodeVersion::Py310,
        "14.0.0" => UnicodeVersion::Py311,
        "15.0.0" => UnicodeVersion::Py312,
        "15.1.0" => UnicodeVersion::Py313,
        "16.0.0" => UnicodeVersion::Py314,
        other => panic!(
            "Python {release} has Unicode {other}: set HEALTH_CRYPTO_PYTHON to a 3.10 to 3.14"
        ),
    };
    println!(
        "Python {release}, Unicode {unicode}, {} values, HEALTH_CRYPTO_SEED={seed}",
        values.len()
    );

    let mut questions = String::new();
    for value in &values {
        describe(value, &mut questions);
        questions.push('\n');
    }
    let mut stdin = oracle.stdin.take().expect("piped");
    // Its own thread: Python answers while it is still being asked, and a full pipe would stop both.
    let asking = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));

    let mut differences = 0;
    let mut differ = |what: &str,
                      value: &Value<'_>,
                      ours: &dyn std::fmt::Debug,
                      theirs: &dyn std::fmt::Debug| {
        differences += 1;
        if differences <= 10 {
            println!("{what} of {value:?}\n  ours:   {ours:?}\n  Python: {theirs:?}");
        }
    };
    for value in &values {
        let line = lines.next().expect("an answer for every value");
        let answers: Vec<Option<String>> = line.split(' ').map(answered).collect();
        let [Some(repr), Some(str), dumps] = answers.as_slice() else {
            panic!("three answers")
        };

        let mut ours = String::new();
        write_repr(value, version, &mut ours);
        if ours != *repr {
            differ("repr", value, &ours, repr);
        }
        if str_of(value, &ours) != *str {
            differ("str", value, &str_of(value, &ours), str);
        }
        let back = parse_literal(repr);
        if !back.as_ref().is_some_and(|back| bits_equal(back, value)) {
            differ("parse_literal(repr)", value, &back, repr);
        }
        assert_eq!(dumps.is_some(), is_json(value), "{value:?}");
        if let Some(dumps) = dumps {
            let mut ours = String::new();
            let written = Profile::GnuHealth1.write(value, &mut ours);
            if written.is_err() || ours != *dumps {
                differ("json.dumps", value, &ours, dumps);
            }
            let back = parse_json(dumps);
            if !back.as_ref().is_ok_and(|back| bits_equal(back, value)) {
                differ("parse_json(json.dumps)", value, &back, dumps);
            }
        }
    }
    asking.join().expect("asked").expect("everything written");
    assert!(lines.next().is_none());
    assert!(oracle.wait().expect("ended").success());
    assert_eq!(differences, 0, "of {} values", values.len());
}

/// Only a text that some interpreter would print otherwise costs verification more than one attempt.
#[test]
fn version_dependent_is_exactly_what_differs() {
    for c in '\0'..=char::MAX {
        let text = c.to_string();
        let printed = UnicodeVersion::ALL.map(|version| {
            let mut out = String::new();
            write_repr_str(&text, version, &mut out);
            out
        });
        let differs = printed.iter().any(|other| *other != printed[0]);
        assert_eq!(has_version_dependent(&text), differs, "{c:?}");
    }
}

#[test]
fn floats_without_finite_value() {
    for (float, text) in [
        (f64::NAN, "nan"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        let mut out = String::new();
        write_repr_float(float, &mut out);
        assert_eq!(out, text);
    }
}
