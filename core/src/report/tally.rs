//! Verdicts counted, for one document type.

use std::collections::BTreeMap;

/// What the page sorts a document under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Sealed, and as it was.
    Intact,
    /// Sealed; what it refers to has changed.
    Drifted,
    /// Not sealed, digest up to date.
    Draft,
    /// The content is in order and a signature is not.
    Signature,
    /// Not sealed, digest out of date.
    Stale,
    /// Sealed, and changed since.
    Altered,
    /// Sealed; text, digest and register contradict each other.
    Forged,
    /// Sealed, and gone.
    Missing,
    /// A word that this version does not know.
    Other,
}

impl Standing {
    /// All, in the order of the page.
    pub const ALL: [Standing; 9] = [
        Standing::Intact,
        Standing::Drifted,
        Standing::Draft,
        Standing::Signature,
        Standing::Stale,
        Standing::Altered,
        Standing::Forged,
        Standing::Missing,
        Standing::Other,
    ];

    /// That of a verdict.
    pub fn of(ok: bool, content: &str, signature: &str) -> Standing {
        match content {
            "intact" | "drifted" | "draft" if !ok && !matches!(signature, "valid" | "absent") => {
                Standing::Signature
            }
            "intact" => Standing::Intact,
            "drifted" => Standing::Drifted,
            "draft" => Standing::Draft,
            "stale" => Standing::Stale,
            "altered" => Standing::Altered,
            "forged" => Standing::Forged,
            "missing" => Standing::Missing,
            _ => Standing::Other,
        }
    }

    /// The verdict's word, and its class in the style sheet.
    pub const fn word(self) -> &'static str {
        match self {
            Standing::Intact => "intact",
            Standing::Drifted => "drifted",
            Standing::Draft => "draft",
            Standing::Signature => "signature",
            Standing::Stale => "stale",
            Standing::Altered => "altered",
            Standing::Forged => "forged",
            Standing::Missing => "missing",
            Standing::Other => "other",
        }
    }

    /// Its name in a legend.
    pub const fn label(self) -> &'static str {
        match self {
            Standing::Signature => "signature does not hold",
            other => other.word(),
        }
    }

    /// What that means, in a few words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Standing::Intact => "sealed, and as it was sealed",
            Standing::Drifted => "sealed; only a name that it refers to was corrected",
            Standing::Draft => "not sealed; its digest is up to date",
            Standing::Signature => "a signature does not hold",
            Standing::Stale => "not sealed; written past the triggers",
            Standing::Altered => "sealed, and changed since",
            Standing::Forged => "text, digest and register contradict each other",
            Standing::Missing => "sealed, and its row is gone",
            Standing::Other => "see its verdict",
        }
    }
}

/// How many documents of one type have which verdict.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    counts: BTreeMap<(bool, &'static str, &'static str), u64>,
}

impl Tally {
    /// Counts one verdict.
    pub fn add(&mut self, ok: bool, content: &'static str, signature: &'static str) {
        *self.counts.entry((ok, content, signature)).or_default() += 1;
    }

    /// Documents counted.
    pub fn documents(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Those that do not hold.
    pub fn failing(&self) -> u64 {
        self.counts
            .iter()
            .filter(|((ok, ..), _)| !ok)
            .map(|(_, count)| count)
            .sum()
    }

    /// How many stand as `standing`.
    pub fn standing(&self, standing: Standing) -> u64 {
        self.verdicts()
            .filter(|(ok, content, signature, _)| Standing::of(*ok, content, signature) == standing)
            .map(|(.., count)| count)
            .sum()
    }

    /// Each verdict that occurred (ok, content, signature) and how often; those that do not hold first.
    pub fn verdicts(&self) -> impl Iterator<Item = (bool, &'static str, &'static str, u64)> {
        self.counts
            .iter()
            .map(|((ok, content, signature), count)| (*ok, *content, *signature, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standings_are_a_partition_of_the_verdicts() {
        let mut tally = Tally::default();
        for content in [
            "draft", "stale", "intact", "drifted", "altered", "forged", "missing", "new word",
        ] {
            for signature in ["absent", "valid", "bad", "expired"] {
                let ok = matches!(content, "draft" | "intact" | "drifted")
                    && matches!(signature, "absent" | "valid");
                tally.add(ok, content, signature);
            }
        }
        assert_eq!(tally.documents(), 32);
        assert_eq!(tally.failing(), 26);
        assert_eq!(
            Standing::ALL
                .iter()
                .map(|s| tally.standing(*s))
                .sum::<u64>(),
            32
        );
        assert_eq!(tally.standing(Standing::Signature), 6);
        assert_eq!(tally.standing(Standing::Altered), 4);
        assert_eq!(tally.standing(Standing::Other), 4);
        // What does not hold comes first.
        assert!(tally.verdicts().next().is_some_and(|(ok, ..)| !ok));
    }
}
