//! Record content on a page: what a reader would not see is made visible, what is long is cut where it matters.
//!
//! Escaping is the templates' business. This is about characters that are valid everywhere and still deceive: a mark that
//! turns the direction of writing, a character without width, a space at the end.

use maud::{Markup, html};

/// A character that leaves no ink, or turns its neighbours round, and is no ordinary space. Its name is shown instead.
fn is_unseen(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(code,
            0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x2800 | 0x3164 | 0xFEFF | 0xFFA0
            // Mongolian selectors and separator; zero widths and marks of direction; embeddings; isolates and operators.
            | 0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F
            // Selectors of variants, annotations, private use, tags.
            | 0xFE00..=0xFE0F | 0xFFF9..=0xFFFB | 0xE000..=0xF8FF | 0xE0000..=0x10_FFFF
            // No characters at all.
            | 0xFDD0..=0xFDEF)
        || code & 0xFFFE == 0xFFFE
}

/// A text, at most `limit` characters of it. Newlines stay, marked.
pub fn text(text: &str, limit: usize) -> Markup {
    let cut = text
        .char_indices()
        .nth(limit)
        .map_or(text.len(), |(at, _)| at);
    let (head, tail) = text.split_at_checked(cut).unwrap_or((text, ""));
    html! {
        bdi { (characters(head, true, tail.is_empty())) }
        @if !tail.is_empty() { (left_out(tail.chars().count())) }
    }
}

/// Characters that were left out.
fn left_out(count: usize) -> Markup {
    html! { " " span.cut { "… " (count) " more characters" } }
}

/// A part of a text.
enum Piece<'a> {
    /// As it is.
    Plain(&'a str),
    /// The name of a character.
    Mark(String),
}

/// The characters, with a mark in place of what is not seen, a space that cannot be told from none included. `first` and
/// `last`: whether the text begins and ends here.
fn characters(text: &str, first: bool, last: bool) -> Markup {
    html! {
        @for piece in pieces(text, first, last) {
            @match piece {
                Piece::Plain(text) => (text),
                Piece::Mark(name) => span.mark { (name) },
            }
        }
    }
}

fn pieces(text: &str, first: bool, last: bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut plain_from = 0;
    // What comes before, and after: the edge of a text counts as a space.
    let mut before = if first { ' ' } else { 'x' };
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let after = characters
            .peek()
            .map_or(if last { '\n' } else { 'x' }, |(_, next)| *next);
        let name = match c {
            '\n' => "↵".to_owned(),
            ' ' if before == ' ' || before == '\n' || after == '\n' => "␣".to_owned(),
            _ if is_unseen(c) => format!("U+{:04X}", u32::from(c)),
            _ => {
                before = c;
                continue;
            }
        };
        if let Some(plain) = text.get(plain_from..at).filter(|plain| !plain.is_empty()) {
            pieces.push(Piece::Plain(plain));
        }
        pieces.push(Piece::Mark(name));
        // A newline is shown, and is one.
        plain_from = if c == '\n' { at } else { at + c.len_utf8() };
        before = c;
    }
    if let Some(plain) = text.get(plain_from..).filter(|plain| !plain.is_empty()) {
        pieces.push(Piece::Plain(plain));
    }
    pieces
}

/// Two texts side by side: what they have in common at both ends is plain, what differs is marked. Of a long beginning or
/// end in common only the last or first characters are shown; of what differs, `limit` characters.
#[derive(Debug)]
pub struct Pair<'a> {
    before: &'a str,
    after: &'a str,
    middle: (&'a str, &'a str),
}

/// How much is shown of what the two have in common, before and after.
const CONTEXT: usize = 60;

impl<'a> Pair<'a> {
    /// Compares them, character by character from both ends.
    pub fn of(left: &'a str, right: &'a str) -> Pair<'a> {
        let same: usize = left
            .chars()
            .zip(right.chars())
            .take_while(|(l, r)| l == r)
            .map(|(l, _)| l.len_utf8())
            .sum();
        let (before, left) = left.split_at_checked(same).unwrap_or(("", left));
        let right = right.get(same..).unwrap_or(right);
        let same: usize = left
            .chars()
            .rev()
            .zip(right.chars().rev())
            .take_while(|(l, r)| l == r)
            .map(|(l, _)| l.len_utf8())
            .sum();
        let (left, after) = left
            .split_at_checked(left.len() - same)
            .unwrap_or((left, ""));
        let right = right.get(..right.len() - same).unwrap_or(right);
        Pair {
            before,
            after,
            middle: (left, right),
        }
    }

    /// The left one.
    pub fn left(&self, limit: usize) -> Markup {
        self.side(self.middle.0, limit)
    }

    /// The right one.
    pub fn right(&self, limit: usize) -> Markup {
        self.side(self.middle.1, limit)
    }

    fn side(&self, middle: &str, limit: usize) -> Markup {
        let skipped = self.before.chars().count().saturating_sub(CONTEXT);
        let from = self
            .before
            .char_indices()
            .nth(skipped)
            .map_or(self.before.len(), |(at, _)| at);
        let before = self.before.get(from..).unwrap_or(self.before);
        let cut = middle
            .char_indices()
            .nth(limit)
            .map_or(middle.len(), |(at, _)| at);
        let (shown, tail) = middle.split_at_checked(cut).unwrap_or((middle, ""));
        let end = self
            .after
            .char_indices()
            .nth(CONTEXT)
            .map_or(self.after.len(), |(at, _)| at);
        let (after, more) = self.after.split_at_checked(end).unwrap_or((self.after, ""));
        html! {
            @if skipped > 0 { span.cut { (skipped) " characters alike …" } " " }
            bdi {
                (characters(before, skipped == 0, false))
                @if !shown.is_empty() {
                    mark { (characters(shown, true, true)) }
                }
                @if tail.is_empty() { (characters(after, false, more.is_empty())) }
            }
            @if !tail.is_empty() { (left_out(tail.chars().count())) }
            @else if !more.is_empty() { " " span.cut { "… " (more.chars().count()) " characters alike" } }
        }
    }

    /// How many characters both sides show, at most.
    pub fn length(&self, limit: usize) -> usize {
        let side = |middle: &str| middle.chars().take(limit).count() + 2 * CONTEXT;
        side(self.middle.0) + side(self.middle.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(value: &str) -> String {
        text(value, 100).into_string()
    }

    fn mark(name: &str) -> String {
        format!("<span class=\"mark\">{name}</span>")
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(
            shown("<script>alert(\"1\")</script>]]>&amp;"),
            "<bdi>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;]]&gt;&amp;amp;</bdi>"
        );
    }

    #[test]
    fn what_is_not_seen_has_a_name() {
        for c in [
            '\u{1}',
            '\t',
            '\r',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{200b}',
            '\u{200f}',
            '\u{202e}',
            '\u{2067}',
            '\u{2028}',
            '\u{3000}',
            '\u{feff}',
            '\u{fe0f}',
            '\u{e000}',
            '\u{e0041}',
            '\u{fffe}',
            '\u{1ffff}',
            '\u{10ffff}',
        ] {
            let html = shown(&format!("a{c}b"));
            assert_eq!(
                html,
                format!("<bdi>a{}b</bdi>", mark(&format!("U+{:04X}", u32::from(c)))),
                "{c:?}"
            );
        }
        // What is seen stays, in every script.
        for word in ["Ñandú", "مريم", "אבג", "山田", "नमस्ते", "🇦🇷", "e\u{301}"]
        {
            assert_eq!(shown(word), format!("<bdi>{word}</bdi>"));
        }
    }

    #[test]
    fn spaces_that_cannot_be_told_from_none_are_marked() {
        assert_eq!(shown("a b"), "<bdi>a b</bdi>");
        assert_eq!(shown(" a"), format!("<bdi>{}a</bdi>", mark("␣")));
        assert_eq!(shown("a "), format!("<bdi>a{}</bdi>", mark("␣")));
        assert_eq!(shown("a  b"), format!("<bdi>a {}b</bdi>", mark("␣")));
        assert_eq!(
            shown("a \n b"),
            format!("<bdi>a{}{}\n{}b</bdi>", mark("␣"), mark("↵"), mark("␣"))
        );
    }

    #[test]
    fn what_is_long_is_cut_between_characters() {
        assert_eq!(
            text("ñandú", 2).into_string(),
            "<bdi>ña</bdi> <span class=\"cut\">… 3 more characters</span>"
        );
        assert_eq!(text("ñandú", 5).into_string(), "<bdi>ñandú</bdi>");
    }

    #[test]
    fn the_difference_is_marked_wherever_it_is() {
        let pair = Pair::of("500 mg", "50 mg");
        assert_eq!(
            pair.left(100).into_string(),
            "<bdi>50<mark>0</mark> mg</bdi>"
        );
        assert_eq!(pair.right(100).into_string(), "<bdi>50 mg</bdi>");
        let (left, right) = (
            format!("{}1{}", "é".repeat(1000), "z".repeat(1000)),
            format!("{}2{}", "é".repeat(1000), "z".repeat(1000)),
        );
        let html = Pair::of(&left, &right).right(10).into_string();
        let (e, z) = ("é".repeat(60), "z".repeat(60));
        assert_eq!(
            html,
            format!(
                "<span class=\"cut\">940 characters alike …</span> <bdi>{e}<mark>2</mark>{z}</bdi> <span class=\"cut\">… 940 characters alike</span>"
            )
        );
    }

    #[test]
    fn a_space_too_many_is_seen() {
        assert_eq!(
            Pair::of("a", "a ").right(9).into_string(),
            format!("<bdi>a<mark>{}</mark></bdi>", mark("␣"))
        );
        assert_eq!(
            Pair::of("", "\u{202e}").right(9).into_string(),
            format!("<bdi><mark>{}</mark></bdi>", mark("U+202E"))
        );
    }

    proptest! {
        // What a browser shows is the text, but for the marks; and none of it is markup.
        #[test]
        fn nothing_is_lost_or_added(value in any::<String>(), other in any::<String>()) {
            for html in [text(&value, usize::MAX).into_string(), Pair::of(&value, &other).left(usize::MAX).into_string()] {
                let plain = html.replace("<bdi>", "").replace("</bdi>", "").replace("<mark>", "").replace("</mark>", "")
                    .replace("<span class=\"mark\">", "").replace("<span class=\"cut\">", "").replace("</span>", "");
                prop_assert!(!plain.contains(['<', '>', '"']), "{}", html);
                prop_assert!(!plain.chars().any(|c| is_unseen(c) && c != '\n'));
            }
        }
    }
}
