//! Pairing the elements of two lists so that few of them differ.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::walk::same;
use crate::canonical::Value;

/// What became of an element, with its index in the sealed list (in the current list, for an added one).
pub(super) enum Step<'v, V> {
    /// It is paired with an element of the current list, the same or an edited one.
    Pair(usize, &'v V, &'v V),
    /// Nothing in the current list corresponds.
    Removed(usize, &'v V),
    /// Nothing in the sealed list corresponds.
    Added(usize, &'v V),
}

/// Beyond this many combinations of a sealed and a current element, elements are paired by position.
const MAX_COMBINATIONS: usize = 40_000;

/// Only this many parts of an element count when likeness is judged.
const MAX_PARTS: usize = 64;

/// The cost of one element added or removed; two elements paired cost from 0 (equal) to twice as much.
const UNPAIRED: u32 = 1000;

/// Pairs elements in order at the least cost, after setting aside what is equal at both ends.
pub(super) fn steps<'v>(
    sealed: &'v [Value<'static>],
    current: &'v [Value<'static>],
) -> Vec<Step<'v, Value<'static>>> {
    let is_same = |(left, right): &(&Value<'static>, &Value<'static>)| same(left, right);
    let prefix = sealed.iter().zip(current).take_while(is_same).count();
    let rest_of_sealed = sealed.get(prefix..).unwrap_or_default();
    let rest_of_current = current.get(prefix..).unwrap_or_default();
    let suffix = rest_of_sealed
        .iter()
        .rev()
        .zip(rest_of_current.iter().rev())
        .take_while(is_same)
        .count();
    let sealed = rest_of_sealed
        .get(..rest_of_sealed.len() - suffix)
        .unwrap_or_default();
    let current = rest_of_current
        .get(..rest_of_current.len() - suffix)
        .unwrap_or_default();
    let middle = if sealed.len().saturating_mul(current.len()) <= MAX_COMBINATIONS {
        cheapest(sealed, current)
    } else {
        by_position(sealed, current)
    };
    let shift = |step| match step {
        Step::Pair(at, left, right) => Step::Pair(at + prefix, left, right),
        Step::Removed(at, left) => Step::Removed(at + prefix, left),
        Step::Added(at, right) => Step::Added(at + prefix, right),
    };
    middle.into_iter().map(shift).collect()
}

/// Pairs the first with the first and so on; what is left over is removed or added.
pub(super) fn by_position<'v, V>(sealed: &'v [V], current: &'v [V]) -> Vec<Step<'v, V>> {
    let paired = sealed.len().min(current.len());
    let pairs = sealed
        .iter()
        .zip(current)
        .enumerate()
        .map(|(at, (left, right))| Step::Pair(at, left, right));
    let removed = sealed
        .iter()
        .enumerate()
        .skip(paired)
        .map(|(at, left)| Step::Removed(at, left));
    let added = current
        .iter()
        .enumerate()
        .skip(paired)
        .map(|(at, right)| Step::Added(at, right));
    pairs.chain(removed).chain(added).collect()
}

/// The last step of the cheapest way to a pair of prefixes.
#[derive(Clone, Copy)]
enum Move {
    Pair,
    Remove,
    Add,
}

/// Edit distance by dynamic programming (Wagner and Fischer 1974); of equal costs, pairs win.
fn cheapest<'v>(
    sealed: &'v [Value<'static>],
    current: &'v [Value<'static>],
) -> Vec<Step<'v, Value<'static>>> {
    let prints_of_sealed: Vec<Vec<u64>> = sealed.iter().map(fingerprints).collect();
    let prints_of_current: Vec<Vec<u64>> = current.iter().map(fingerprints).collect();
    let along = |count: usize| {
        u32::try_from(count)
            .unwrap_or(u32::MAX)
            .saturating_mul(UNPAIRED)
    };

    // costs: of turning the first i sealed elements into the first j current ones, for the row i being filled.
    let mut costs: Vec<u32> = (0..=current.len()).map(along).collect();
    let mut moves: Vec<Vec<Move>> = Vec::with_capacity(sealed.len());
    for (row, left) in prints_of_sealed.iter().enumerate() {
        let mut before = costs.iter().copied();
        let mut diagonal = before.next().unwrap_or_default();
        let mut next = vec![along(row + 1)];
        let mut last = along(row + 1);
        let mut row_of_moves = Vec::with_capacity(current.len());
        for (right, above) in prints_of_current.iter().zip(before) {
            let (paired, removed, added) = (
                diagonal + unlikeness(left, right),
                above + UNPAIRED,
                last + UNPAIRED,
            );
            let (cost, step) = if paired <= removed && paired <= added {
                (paired, Move::Pair)
            } else if removed <= added {
                (removed, Move::Remove)
            } else {
                (added, Move::Add)
            };
            next.push(cost);
            row_of_moves.push(step);
            (diagonal, last) = (above, cost);
        }
        costs = next;
        moves.push(row_of_moves);
    }

    let (mut i, mut j) = (sealed.len(), current.len());
    let mut steps = Vec::with_capacity(i.max(j));
    while i > 0 || j > 0 {
        let step = match (i.checked_sub(1), j.checked_sub(1)) {
            (Some(row), Some(column)) => moves
                .get(row)
                .and_then(|row| row.get(column))
                .copied()
                .unwrap_or(Move::Pair),
            (Some(_), None) => Move::Remove,
            _ => Move::Add,
        };
        if !matches!(step, Move::Add) {
            i -= 1;
        }
        if !matches!(step, Move::Remove) {
            j -= 1;
        }
        steps.extend(match (step, sealed.get(i), current.get(j)) {
            (Move::Pair, Some(left), Some(right)) => Some(Step::Pair(i, left, right)),
            (Move::Remove, Some(left), _) => Some(Step::Removed(i, left)),
            (Move::Add, _, Some(right)) => Some(Step::Added(j, right)),
            _ => None,
        });
    }
    steps.reverse();
    steps
}

/// What two elements paired cost: the share of their parts, by position, that differ.
fn unlikeness(left: &[u64], right: &[u64]) -> u32 {
    let parts = left.len().max(right.len());
    let alike = left
        .iter()
        .zip(right)
        .filter(|(left, right)| left == right)
        .count();
    let different = u32::try_from(parts - alike).unwrap_or(u32::MAX);
    let parts = u32::try_from(parts).unwrap_or(u32::MAX).max(1);
    (2 * UNPAIRED).saturating_mul(different) / parts
}

/// Hashes of the parts of an element. They steer the pairing only; what differs is found by comparing values.
fn fingerprints(value: &Value<'static>) -> Vec<u64> {
    let print = |salt: &str, value: &Value<'static>| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        hash(value, &mut hasher);
        hasher.finish()
    };
    match value {
        Value::List(parts) if !parts.is_empty() => parts
            .iter()
            .take(MAX_PARTS)
            .map(|part| print("", part))
            .collect(),
        Value::Object(parts) if !parts.is_empty() => parts
            .iter()
            .take(MAX_PARTS)
            .map(|(name, part)| print(name, part))
            .collect(),
        _ => vec![print("", value)],
    }
}

fn hash(value: &Value<'static>, hasher: &mut DefaultHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null => {}
        Value::Bool(truth) => truth.hash(hasher),
        Value::Integer(integer) => integer.hash(hasher),
        Value::Float(float) => float.to_bits().hash(hasher),
        Value::Decimal(text) | Value::Text(text) => text.hash(hasher),
        Value::List(items) => {
            items.len().hash(hasher);
            for item in items {
                hash(item, hasher);
            }
        }
        Value::Object(fields) => {
            fields.len().hash(hasher);
            for (name, value) in fields {
                name.hash(hasher);
                hash(value, hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps as text: `=` the same, `~` edited, `-` removed, `+` added.
    fn shape(sealed: &[Value<'static>], current: &[Value<'static>]) -> String {
        let sign = |step: Step<'_, Value<'static>>| match step {
            Step::Pair(at, left, right) => {
                format!("{}{at}", if same(left, right) { '=' } else { '~' })
            }
            Step::Removed(at, _) => format!("-{at}"),
            Step::Added(at, _) => format!("+{at}"),
        };
        steps(sealed, current)
            .into_iter()
            .map(sign)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn words(text: &'static str) -> Vec<Value<'static>> {
        text.split_whitespace()
            .map(|word| Value::Text(word.into()))
            .collect()
    }

    #[test]
    fn single_values() {
        assert_eq!(shape(&words("a b c"), &words("a b c")), "");
        assert_eq!(shape(&words("a b c"), &words("a x c")), "~1");
        assert_eq!(shape(&words("a b c"), &words("x y z")), "~0 ~1 ~2");
        assert_eq!(shape(&words("a b c"), &words("b c")), "-0");
        assert_eq!(shape(&words("a a a"), &words("a a")), "-2");
        assert_eq!(shape(&words(""), &words("a b")), "+0 +1");
        assert_eq!(
            shape(&words("a b x c d"), &words("z b c y d")),
            "~0 =1 -2 =3 +3"
        );
    }

    #[test]
    fn likeness_finds_the_edited_line() {
        let line = |text| Value::List(words(text));
        let sealed = [line("a 1 x"), line("b 2 y"), line("c 3 z")];
        assert_eq!(shape(&sealed, &[line("b 20 y"), line("c 3 z")]), "-0 ~1");
        assert_eq!(
            shape(
                &sealed,
                &[line("n 0 m"), line("a 1 q"), line("b 20 y"), line("c 3 w")]
            ),
            "+0 ~0 ~1 ~2"
        );
        assert_eq!(
            shape(&sealed, &[line("k l m"), line("n o p"), line("q r s")]),
            "~0 ~1 ~2"
        );
    }

    #[test]
    fn long_lists_are_paired_by_position() {
        let list = |from: i64, to: i64| (from..to).map(Value::Integer).collect::<Vec<_>>();
        assert_eq!(steps(&list(0, 2000), &list(5000, 8000)).len(), 3000);
        assert_eq!(shape(&list(0, 2000), &list(1, 2000)), "-0");
    }
}
