//! Where the bars of the plots stand. Drawings are in units of their own and stretched to the width that there is, so no
//! text is in them.

/// A bar of a row of bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins.
    pub from: u64,
    /// How wide it is.
    pub width: u64,
}

/// Divides `width` by the counts. What there is at all is at least `least` wide, because one altered document among a
/// million is what the reader is looking for; the widest gives way. Counts of 0 have a segment of width 0.
pub fn segments(counts: &[u64], width: u64, least: u64) -> Vec<Segment> {
    let total: u128 = counts.iter().map(|count| u128::from(*count)).sum();
    let mut widths: Vec<u64> = counts
        .iter()
        .map(|count| {
            let share = (u128::from(*count) * u128::from(width))
                .checked_div(total)
                .unwrap_or(0);
            let share = u64::try_from(share).unwrap_or(width);
            if *count == 0 { 0 } else { share.max(least) }
        })
        .collect();
    let sum: u64 = widths.iter().sum();
    if total > 0
        && let Some(widest) = widths.iter_mut().max()
    {
        *widest = (*widest + width).saturating_sub(sum);
    }
    let mut from = 0;
    widths
        .into_iter()
        .map(|width| {
            let segment = Segment { from, width };
            from += width;
            segment
        })
        .collect()
}

/// A column of stacked bars: for each count, where its bar begins from above and how high it is, in a drawing of `height`
/// in which `most` is the full height. The first count stands at the bottom.
pub fn stack(counts: &[u64], most: u64, height: u64) -> Vec<Segment> {
    let scaled = |count: u64| {
        let high = (u128::from(count) * u128::from(height))
            .checked_div(u128::from(most))
            .unwrap_or(0);
        u64::try_from(high).unwrap_or(height).min(height)
    };
    let mut below = 0;
    let mut before = 0;
    counts
        .iter()
        .map(|count| {
            before += count;
            // Rounding the sums, not the parts, keeps equal columns equally high.
            let top = scaled(before)
                .max(below + u64::from(*count > 0))
                .min(height);
            let segment = Segment {
                from: height - top,
                width: top - below.min(top),
            };
            below = top;
            segment
        })
        .collect()
}

/// The next of 1, 2, 5, 10, 20, 50, … that is not below `most`: the value at the top of an axis.
pub fn round_up(most: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let Some(top) = step.checked_mul(factor) else {
                return most;
            };
            if top >= most {
                return top;
            }
        }
        let Some(next) = step.checked_mul(10) else {
            return most;
        };
        step = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_among_a_million_is_seen() {
        let segments = segments(&[999_999, 0, 1], 1000, 6);
        let wide: Vec<u64> = segments.iter().map(|s| s.width).collect();
        assert_eq!(wide, [994, 0, 6]);
        assert_eq!(
            segments.iter().map(|s| s.from).collect::<Vec<_>>(),
            [0, 994, 994]
        );
    }

    #[test]
    fn nothing_is_nothing() {
        assert!(segments(&[], 1000, 6).is_empty());
        assert!(segments(&[0, 0], 1000, 6).iter().all(|s| s.width == 0));
        assert_eq!(
            stack(&[0], 0, 100),
            [Segment {
                from: 100,
                width: 0
            }]
        );
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let tops: Vec<u64> = [0, 1, 3, 5, 6, 11, 99, 101, u64::MAX]
            .into_iter()
            .map(round_up)
            .collect();
        assert_eq!(tops, [1, 1, 5, 5, 10, 20, 100, 200, u64::MAX]);
    }

    proptest! {
        #[test]
        fn segments_fill_the_width(counts in prop::collection::vec(0_u64..2_000_000, 1..9)) {
            let segments = segments(&counts, 1000, 6);
            let mut from = 0;
            for (segment, count) in segments.iter().zip(&counts) {
                prop_assert_eq!(segment.from, from);
                prop_assert_eq!(segment.width == 0, *count == 0);
                prop_assert!(*count == 0 || segment.width >= 6);
                from += segment.width;
            }
            prop_assert_eq!(from, if counts.iter().sum::<u64>() == 0 { 0 } else { 1000 });
        }

        #[test]
        fn columns_stay_within_the_drawing(counts in prop::collection::vec(0_u64..1000, 1..5)) {
            let most = round_up(counts.iter().sum());
            let bars = stack(&counts, most, 200);
            let mut above = 200;
            for (bar, count) in bars.iter().zip(&counts) {
                prop_assert_eq!(bar.from + bar.width, above);
                prop_assert_eq!(bar.width == 0, *count == 0);
                above = bar.from;
            }
        }
    }
}
