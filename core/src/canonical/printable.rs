//! Which characters Python's `repr` shows as they are (`str.isprintable`).

use super::printable_table::{NOT_PRINTABLE, TOGGLED};
use super::python::UnicodeVersion;

/// Up to here, ASCII and the Latin letters, every version agrees: most texts have nothing above it.
const UNDISPUTED: char = '\u{377}';

/// Whether `repr` of that Python shows `c` as it is.
pub(super) fn is_printable(c: char, version: UnicodeVersion) -> bool {
    // Latin and IPA letters, the most of what is not ASCII in these documents; the same in every version.
    if matches!(c, '\u{a1}'..='\u{ac}' | '\u{ae}'..=UNDISPUTED) {
        return true;
    }
    let code = u32::from(c);
    let toggles = TOGGLED.iter().take_while(|(since, _)| *since <= version);
    let toggled = toggles.filter(|(_, ranges)| contains(ranges, code)).count();
    contains(NOT_PRINTABLE, code) == (toggled % 2 == 1)
}

/// Whether the supported versions of Python disagree about `c`.
pub(super) fn changed_between_versions(c: char) -> bool {
    c > UNDISPUTED
        && TOGGLED
            .iter()
            .any(|(_, ranges)| contains(ranges, u32::from(c)))
}

/// Whether one of the sorted, inclusive `ranges` has `code`.
fn contains(ranges: &[(u32, u32)], code: u32) -> bool {
    let following = ranges.partition_point(|(first, _)| *first <= code);
    following
        .checked_sub(1)
        .and_then(|at| ranges.get(at))
        .is_some_and(|(_, last)| code <= *last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_apart() {
        for ranges in TOGGLED
            .iter()
            .map(|(_, ranges)| *ranges)
            .chain([NOT_PRINTABLE])
        {
            assert!(ranges.iter().all(|(first, last)| first <= last));
            assert!(ranges.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        }
        let since: Vec<_> = TOGGLED.iter().map(|(since, _)| *since).collect();
        assert_eq!(since, UnicodeVersion::ALL[1..]);
    }

    #[test]
    fn the_short_cut_agrees_with_the_tables() {
        for code in 0xa1..=0x377 {
            let c = char::from_u32(code).unwrap();
            assert_eq!(contains(NOT_PRINTABLE, code), c == '\u{ad}');
        }
        for (_, ranges) in TOGGLED {
            assert!(ranges[0].0 > u32::from(UNDISPUTED));
        }
    }

    #[test]
    fn every_version_agrees_about_what_never_changed() {
        for c in ('\0'..=char::MAX).filter(|c| !changed_between_versions(*c)) {
            let first = is_printable(c, UnicodeVersion::Py310);
            assert_eq!(is_printable(c, UnicodeVersion::Py314), first, "{c:?}");
        }
        assert!(!is_printable('\u{10ffff}', UnicodeVersion::Py314));
        assert!(!is_printable('\u{e000}', UnicodeVersion::Py314));
        assert!(is_printable(' ', UnicodeVersion::Py310));
    }
}
