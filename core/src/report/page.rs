//! The page itself: one HTML document that asks for nothing else. Templates escape what is put into them; record content
//! goes through [`shown`] besides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::failing::{Change, Shown, Side};
use super::shown::{self, Pair};
use super::tally::{Standing, Tally};
use super::{Expiring, Gap, Interval, Keyring, Report, Timeline, plot};
use crate::digest::Digest;

const CSS: &str = include_str!("report.css");

/// Units that a drawing is wide; it is stretched to the width of the page.
const WIDTH: u64 = 1000;
/// Units that a drawing is high.
const HEIGHT: u64 = 240;
/// What there is at all is at least this wide, in units.
const LEAST: u64 = 8;
/// Characters shown of a name, a key, a reason.
const NAME: usize = 200;

impl Report {
    /// The page.
    pub fn html(&self) -> String {
        let title = "Integrity of documents";
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(policy());
                    meta name="referrer" content="no-referrer";
                    title { (title) }
                    // A constant of this program, and the only text here that is not escaped.
                    style { (PreEscaped(CSS)) }
                }
                body {
                    (self.summary(title))
                    main {
                        (self.verdicts())
                        (self.documents())
                        (gaps(&self.gaps, self.more_gaps))
                        (certificates(&self.keyring))
                        (timeline(&self.timeline))
                    }
                    footer.soft {
                        p { "Every document was serialised and hashed anew and its signatures were judged as of "
                            (self.policy_time) ". Page made " (self.made_at) "." }
                        p { "Characters that cannot be seen are shown as " span.mark { "U+202E" }
                            ", spaces that could be missed as " span.mark { "␣" } "." }
                    }
                }
            }
        }
        .into_string()
    }

    fn summary(&self, title: &str) -> Markup {
        let documents: u64 = self
            .tallies
            .iter()
            .map(|(_, tally)| tally.documents())
            .sum();
        let failing: u64 = self.tallies.iter().map(|(_, tally)| tally.failing()).sum();
        let unusable = self.unusable.len() as u64;
        let gaps = self.more_gaps + self.gaps.len() as u64;
        let expiring = self.keyring.more + self.keyring.expiring.len() as u64;
        html! {
            header {
                h1 { (title) }
                p.soft { "Database " (shown::text(&self.database, NAME)) ", as of " (self.policy_time) }
                ul.cards {
                    (card(documents, if documents == 1 { "document" } else { "documents" }, ""))
                    (card(failing, if failing == 1 { "does not hold" } else { "do not hold" }, colour(failing)))
                    @if unusable > 0 { (card(unusable, "document types could not be verified", "bad")) }
                    (card(gaps, if gaps == 1 { "gap in the protection" } else { "gaps in the protection" }, colour(gaps)))
                    (card(expiring, &format!("certificates expired or expiring within {} days", self.keyring.days), ""))
                }
            }
        }
    }

    fn verdicts(&self) -> Markup {
        html! {
            section {
                h2 { "Verdicts" }
                @if self.tallies.is_empty() { p { "No documents are protected." } }
                @for (document, why) in &self.unusable {
                    p.bad { b { (shown::text(document, NAME)) } " could not be verified: " (shown::text(why, NAME * 2)) }
                }
                @for (document, tally) in &self.tallies { (verdicts_of(document, tally)) }
            }
        }
    }

    fn documents(&self) -> Markup {
        html! {
            section {
                h2 { "Documents that do not hold" }
                @if self.failing.shown.is_empty() && self.failing.more() == 0 { p.good { "None." } }
                @for one in &self.failing.shown { (document(one, self.failing.limits.characters)) }
                @for (document, count) in &self.failing.left_out {
                    p { b { (thousands(*count)) } " more of " b { (shown::text(document, NAME)) } " that "
                        (if *count == 1 { "does" } else { "do" }) " not hold are not shown; "
                        "health_crypto.verify_all() has them all." }
                }
            }
        }
    }
}

/// What a browser may load for this page: this style sheet, by its hash, and nothing else.
fn policy() -> String {
    let hash = STANDARD.encode(Digest::of(CSS).as_bytes());
    format!("default-src 'none'; style-src 'sha512-{hash}'; base-uri 'none'; form-action 'none'")
}

fn colour(count: u64) -> &'static str {
    if count == 0 { "good" } else { "bad" }
}

fn card(count: u64, words: &str, class: &str) -> Markup {
    html! { li { b class=[Some(class).filter(|c| !c.is_empty())] { (thousands(count)) } span.soft { (words) } } }
}

/// A number and its noun.
fn plural(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number),
        if number == 1 { one } else { many }
    )
}

/// 1234567 as 1,234,567.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn swatch(class: &str) -> Markup {
    html! { svg.key viewBox="0 0 1 1" aria-hidden="true" { rect class=(class) width="1" height="1" {} } }
}

fn verdicts_of(document: &str, tally: &Tally) -> Markup {
    let counts = Standing::ALL.map(|standing| tally.standing(standing));
    let segments = plot::segments(&counts, WIDTH, LEAST);
    let failing = tally.failing();
    html! {
        article.type {
            header {
                h3 { (shown::text(document, NAME)) }
                span {
                    (plural(tally.documents(), "document", "documents")) ", "
                    @if tally.documents() == 0 { "nothing to verify" }
                    @else if failing == 0 { span.good { "all in order" } }
                    @else { span.bad { (thousands(failing)) @if failing == 1 { " does not hold" } @else { " do not hold" } } }
                }
            }
            svg.bar viewBox={ "0 0 " (WIDTH) " 10" } preserveAspectRatio="none" role="img" aria-label="The verdicts, as the list below" {
                @for ((standing, segment), count) in Standing::ALL.iter().zip(&segments).zip(counts) {
                    @if segment.width > 0 {
                        rect class=(standing.word()) x=(segment.from) y="0" width=(segment.width) height="10" {
                            title { (standing.label()) ": " (thousands(count)) }
                        }
                    }
                }
            }
            ul.legend {
                @for (standing, count) in Standing::ALL.iter().zip(counts) {
                    @if count > 0 {
                        li title=(standing.meaning()) { (swatch(standing.word())) b { (thousands(count)) } " " (standing.label()) }
                    }
                }
            }
            details {
                summary { "By content and signature" }
                table {
                    thead { tr { th { "Content" } th { "Signature" } th { "Holds" } th.number { "Documents" } } }
                    tbody {
                        @for (ok, content, signature, count) in tally.verdicts() {
                            tr {
                                td { (content) }
                                td { (signature) }
                                td class=(if ok { "good" } else { "bad" }) { (if ok { "yes" } else { "no" }) }
                                td.number { (thousands(count)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn document(one: &Shown, characters: usize) -> Markup {
    let found = &one.found;
    let standing = Standing::of(false, found.content, found.signature);
    // Of what is not sealed there is the stored text.
    let before = if found.content == "stale" {
        "Stored"
    } else {
        "Sealed"
    };
    html! {
        article.failing {
            header {
                h3 { (shown::text(&found.document, NAME)) " " (shown::text(&found.key, NAME)) }
                span class={ "badge " (if matches!(found.content, "draft" | "intact" | "drifted") { "soft" } else { "bad" }) } { (found.content) }
                span class={ "badge " (if matches!(found.signature, "valid" | "absent") { "soft" } else { "bad" }) } {
                    "signature " (found.signature)
                }
            }
            p { @if found.detail.is_empty() { (standing.meaning()) } @else { (shown::text(&found.detail, NAME * 2)) } }
            p.soft {
                @match &found.sealed_at { Some(time) => { "Sealed " (time) ". " }, None => {} }
                @if let Some(name) = &found.signer_name { "Signed by " (shown::text(name, NAME)) }
                @else if found.signer.is_some() { "Signed by a certificate" }
                @if let Some(fingerprint) = &found.signer { " " span.fingerprint { (shown::text(fingerprint, NAME)) } }
                @if let Some(time) = &found.signed_at { ", by the signer's clock " (time) }
            }
            @if !one.changes.is_empty() {
                table.changes.stacks {
                    thead { tr { th { "Field" } th { (before) } th { "Current" } } }
                    tbody { @for change in &one.changes { (difference(change, before, characters)) } }
                }
            }
            @if one.more > 0 { p.cut { (one.more) " more fields differ." } }
        }
    }
}

fn difference(change: &Change, before: &str, characters: usize) -> Markup {
    let pair = Pair::of(change.sealed.words(), change.current.words());
    html! {
        tr {
            td { (shown::text(&change.field, NAME)) }
            td data-label=(before) { (side(&change.sealed, &pair.left(characters))) }
            td data-label="Current" { (side(&change.current, &pair.right(characters))) }
        }
    }
}

fn side(side: &Side, shown: &Markup) -> Markup {
    html! {
        @match side {
            Side::Nothing => span.none { "nothing" },
            Side::Text(text) if text.is_empty() => span.none { "empty text" },
            Side::Text(_) => span.value { (shown) },
            Side::Json(_) => span.value.json { (shown) },
        }
    }
}

fn gaps(gaps: &[Gap], more: u64) -> Markup {
    html! {
        section {
            h2 { "Gaps in the protection" }
            @if gaps.is_empty() { p.good { "None." } }
            @else {
                table.stacks {
                    thead { tr { th { "Gap" } th { "Relation" } th { "Document" } th { "Detail" } } }
                    tbody {
                        @for gap in gaps {
                            tr {
                                td { b { (shown::text(&gap.gap, NAME)) } }
                                td data-label="Relation" { (shown::text(&gap.relation, NAME)) }
                                td data-label="Document" { @match &gap.document { Some(name) => (shown::text(name, NAME)), None => "–" } }
                                td data-label="Detail" { (shown::text(&gap.detail, NAME * 2)) }
                            }
                        }
                    }
                }
            }
            @if more > 0 { p { b { (thousands(more)) } " more; health_crypto.protection_gaps() has them all." } }
        }
    }
}

fn certificates(keyring: &Keyring) -> Markup {
    html! {
        section {
            h2 { "Certificates that expire" }
            p.soft { (plural(keyring.certificates, "certificate", "certificates")) " in the keyring, " (thousands(keyring.revoked)) " revoked" }
            @if keyring.expiring.is_empty() {
                p.good { "None has expired, and none will within " (keyring.days) " days." }
            } @else {
                table.certificates.stacks {
                    thead { tr { th { "Certificate" } th { "Expires" } th { "Left of " (keyring.days) " days" } } }
                    tbody { @for one in &keyring.expiring { (certificate(one, keyring.days)) } }
                }
            }
            @if keyring.more > 0 {
                p { b { (thousands(keyring.more)) } " more; the view health_crypto.certificates has them all." }
            }
        }
    }
}

fn certificate(one: &Expiring, days: u32) -> Markup {
    let left = u64::try_from(one.days).unwrap_or(0);
    let [gone, rest] = [u64::from(days).saturating_sub(left), left];
    let segments = plot::segments(&[rest, gone], WIDTH, LEAST);
    html! {
        tr {
            td {
                @for user_id in one.user_ids.iter().take(3) { (shown::text(user_id, NAME)) br; }
                @if one.user_ids.len() > 3 { span.cut { (one.user_ids.len() - 3) " more user ids" } br; }
                span.fingerprint { (shown::text(&one.fingerprint, NAME)) }
            }
            td data-label="Expires" {
                (one.expires) " "
                @if one.revoked { span.badge.bad { "revoked" } }
                @else if one.days < 0 { span.badge.bad { "expired" } }
            }
            td data-label="Left" {
                @if one.days < 0 { "–" } @else {
                    (one.days) (if one.days == 1 { " day" } else { " days" })
                    svg.bar viewBox={ "0 0 " (WIDTH) " 10" } preserveAspectRatio="none" aria-hidden="true" {
                        @if let Some(segment) = segments.first() {
                            rect.stale x="0" y="0" width=(segment.width) height="10" {}
                        }
                    }
                }
            }
        }
    }
}

fn timeline(timeline: &Timeline) -> Markup {
    let counts = |i: &Interval| [i.seals, i.signatures, i.reopenings, i.alterations];
    let classes = ["seals", "signatures", "reopenings", "alterations"];
    let names = [
        "seals",
        "signatures",
        "reopenings",
        "alterations let through",
    ];
    let most = timeline
        .intervals
        .iter()
        .map(|i| counts(i).iter().sum::<u64>())
        .max()
        .unwrap_or(0);
    let top = plot::round_up(most);
    let columns = timeline.intervals.len() as u64;
    let middle = timeline.intervals.get(timeline.intervals.len() / 2);
    let totals = timeline
        .intervals
        .iter()
        .fold([0_u64; 4], |sums, interval| {
            let mut added = counts(interval).into_iter();
            sums.map(|sum| sum + added.next().unwrap_or(0))
        });
    html! {
        section {
            h2 { "Seals and signatures, by " (shown::text(&timeline.unit, NAME)) }
            @if timeline.intervals.is_empty() { p { "The register has no entry about a document." } }
            @else {
                ul.legend {
                    @for ((class, name), total) in classes.iter().zip(names).zip(totals) {
                        li { (swatch(class)) b { (thousands(total)) } " " (name) }
                    }
                }
                div.timeline {
                    div.axis.top { span { (thousands(top)) } }
                    svg viewBox={ "0 0 " (columns * 10) " " (HEIGHT) } preserveAspectRatio="none" role="img"
                        aria-label="What the register was told, by time; the numbers are below" {
                        @for (place, interval) in (0..).zip(&timeline.intervals) {
                            g {
                                title { (&interval.label) @for (name, count) in names.iter().zip(counts(interval)) { @if count > 0 { ", " (thousands(count)) " " (name) } } }
                                @for (class, bar) in classes.iter().zip(plot::stack(&counts(interval), top, HEIGHT)) {
                                    @if bar.width > 0 {
                                        rect class=(class) x=(place * 10 + 1) y=(bar.from) width="8" height=(bar.width) {}
                                    }
                                }
                            }
                        }
                    }
                }
                div.axis {
                    @if let Some(first) = timeline.intervals.first() { span { (first.label) } }
                    @if let Some(middle) = middle.filter(|_| columns > 4) { span { (middle.label) } }
                    @if let Some(last) = timeline.intervals.last().filter(|_| columns > 1) { span { (last.label) } }
                }
                details {
                    summary { "The numbers" }
                    table {
                        thead { tr { th { (timeline.unit) } @for name in names { th.number { (name) } } } }
                        tbody {
                            @for interval in timeline.intervals.iter().filter(|i| counts(i).iter().any(|c| *c > 0)) {
                                tr { td { (interval.label) } @for count in counts(interval) { td.number { (thousands(count)) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}
