//! The code on a printed document: what it says, and how it is drawn.

use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};

/// How many hexadecimal digits of the digest are in it: 128 bits, which nobody can meet by trying.
pub const DIGEST_DIGITS: usize = 32;

/// Squares of white that scanners want around it.
const QUIET: usize = 4;

/// What is printed with a sealed document.
#[derive(Debug)]
pub struct Slip<'a> {
    /// The document's type.
    pub document: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Its digest, hexadecimal.
    pub digest: &'a str,
    /// Fingerprint of the signer's certificate; None if it is sealed and not signed.
    pub signer: Option<&'a str>,
    /// When it was sealed, as 2026-01-05T10:30:00Z; None if the register does not say.
    pub sealed_at: Option<&'a str>,
}

/// A key that no code can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("more than a QR code holds")
    }
}

impl std::error::Error for TooLong {}

impl Slip<'_> {
    /// The text that a scanner gives: `HC1 DOCUMENT DIGEST SIGNER TIME KEY`, one space between. Only the key may have spaces,
    /// so it comes last and goes to the end. What there is not, is `-`.
    pub fn text(&self) -> String {
        let digest = self.digest.get(..DIGEST_DIGITS).unwrap_or(self.digest);
        let signer = self.signer.unwrap_or("-");
        let time = self.sealed_at.unwrap_or("-");
        format!(
            "HC1 {} {digest} {signer} {time} {}",
            self.document, self.key
        )
    }

    /// An SVG image of it, half a millimetre a square, that depends on nothing.
    ///
    /// # Errors
    /// [`TooLong`] if the key is longer than a code can hold (about 2000 bytes).
    pub fn svg(&self) -> Result<String, TooLong> {
        let code =
            QrCode::with_error_correction_level(self.text(), EcLevel::M).map_err(|_| TooLong)?;
        Ok(drawn(&code).into_string())
    }
}

/// The dark squares as one path: each run of them in a row is a rectangle of height 1.
fn drawn(code: &QrCode) -> Markup {
    let side = code.width();
    let all = side + 2 * QUIET;
    // A square is half a millimetre wide.
    let half = if all.is_multiple_of(2) { "" } else { ".5" };
    let size = format!("{}{half}mm", all / 2);
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(side.max(1)).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|left, right| left == right) {
            if run.first() == Some(&Color::Dark) {
                path.push_str(&format!(
                    "M{} {}h{}v1h-{}z",
                    x + QUIET,
                    y + QUIET,
                    run.len(),
                    run.len()
                ));
            }
            x += run.len();
        }
    }
    // The title has no key in it: XML has no way to write some characters that a key may have.
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(size) height=(size) viewBox={ "0 0 " (all) " " (all) }
            shape-rendering="crispEdges" role="img" {
            title { "QR code of a sealed document" }
            path fill="#fff" d={ "M0 0h" (all) "v" (all) "h-" (all) "z" } {}
            path fill="#000" d=(path) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slip(key: &str) -> Slip<'_> {
        Slip {
            document: "prescription",
            key,
            digest: "92d0434382aa9a37f5a1c1b0c3e4a5f692d0434382aa9a37",
            signer: Some("20771D3593DC3ACAB27197DCEB2220994830F053"),
            sealed_at: Some("2026-01-05T10:30:00Z"),
        }
    }

    #[test]
    fn the_key_is_the_rest() {
        let text = slip("ward 7 / bed <2>").text();
        let parts: Vec<&str> = text.splitn(6, ' ').collect();
        assert_eq!(
            parts,
            [
                "HC1",
                "prescription",
                "92d0434382aa9a37f5a1c1b0c3e4a5f6",
                "20771D3593DC3ACAB27197DCEB2220994830F053",
                "2026-01-05T10:30:00Z",
                "ward 7 / bed <2>",
            ]
        );
        let unsigned = Slip {
            signer: None,
            sealed_at: None,
            ..slip("1")
        };
        assert_eq!(
            unsigned.text(),
            "HC1 prescription 92d0434382aa9a37f5a1c1b0c3e4a5f6 - - 1"
        );
    }

    #[test]
    fn squares_are_those_of_the_code() {
        let svg = slip("1").svg().unwrap();
        let code = QrCode::with_error_correction_level(slip("1").text(), EcLevel::M).unwrap();
        let dark = code
            .to_colors()
            .into_iter()
            .filter(|c| *c == Color::Dark)
            .count();
        let drawn: usize = svg
            .split("v1h-")
            .skip(1)
            .map(|part| part.split('z').next().unwrap().parse::<usize>().unwrap())
            .sum();
        assert_eq!(drawn, dark);
        assert!(svg.starts_with("<svg xmlns="), "{svg}");
    }

    #[test]
    fn no_key_gets_into_the_markup() {
        let svg = slip("<script>\u{1}\"']]>").svg().unwrap();
        assert!(!svg.contains("script"));
        assert!(!svg.contains(']'));
    }

    #[test]
    fn a_key_beyond_a_code_is_refused() {
        assert!(slip(&"k".repeat(2000)).svg().is_ok());
        assert_eq!(slip(&"k".repeat(3000)).svg(), Err(TooLong));
    }
}
