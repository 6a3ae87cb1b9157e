//! The validity contract, lines 1 to 3: exactly one block and nothing around it. Each case is a good signature by a
//! good key in a frame that is changed in one way.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::too_many_lines,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use openpgp_support::*;
use sequoia_openpgp::serialize::SerializeInto;

/// A change of a text that must be there to be changed.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?}");
    text.replacen(from, to, 1)
}

/// What stands around and within a good cleartext block. The signature and its key are good throughout.
#[test]
fn frames_of_a_good_cleartext_signature() {
    let (cert, other) = (signer(), signer());
    let keyring = &mut Memory::of(&[&cert, &other]);
    let good = good_block(&cert);
    let change = |from: &str, to: &str| replaced(&good, from, to);
    let detached_good = detached(vec![sign(builder(), &mut subkey_pair(&cert), &payload())]);
    let empty = detached(vec![sign(builder(), &mut subkey_pair(&cert), "")]);
    let body = payload();
    let quoted: String = good.lines().map(|line| format!("> {line}\n")).collect();
    let escaped = replaced(&good, &body, &format!("- {body}"));
    let header = |line: &str| change("Hash: SHA512\n", &format!("Hash: SHA512\n{line}\n"));
    let cases: Vec<(&str, String, &str)> = vec![
        ("as it is", good.clone(), "valid"),
        // What editors, columns and mail do to it, without another reading of it.
        ("CRLF", good.replace('\n', "\r\n"), "valid"),
        (
            "CRLF in the armor only",
            {
                let (text, armor) = good.split_once("-----BEGIN PGP SIGNATURE").unwrap();
                format!(
                    "{text}-----BEGIN PGP SIGNATURE{}",
                    armor.replace('\n', "\r\n")
                )
            },
            "valid",
        ),
        ("no final line ending", good.trim_end().to_string(), "valid"),
        ("line endings after", format!("{good}\n\r\n\n"), "valid"),
        (
            "trailing blanks",
            change(&body, &format!("{body} \t ")),
            "valid",
        ),
        ("dash-escaped without need", escaped, "valid"),
        ("no Hash header", change("Hash: SHA512\n", ""), "valid"),
        (
            "Hash header of another hash",
            change("SHA512", "SHA256"),
            "valid",
        ),
        ("two Hash headers", header("Hash: SHA256"), "valid"),
        // Text around it.
        ("text before", format!("I agree:\n{good}"), "malformed"),
        ("empty line before", format!("\n{good}"), "malformed"),
        ("blank before", format!(" {good}"), "malformed"),
        (
            "byte order mark before",
            format!("\u{feff}{good}"),
            "malformed",
        ),
        ("NUL before", format!("\0{good}"), "malformed"),
        ("text after", format!("{good}I disagree\n"), "malformed"),
        ("blank after", format!("{good} "), "malformed"),
        ("NUL after", format!("{good}\0"), "malformed"),
        ("form feed after", format!("{good}\u{c}\n"), "malformed"),
        ("quoted", quoted, "malformed"),
        (
            "indented",
            good.lines().map(|line| format!("  {line}\n")).collect(),
            "malformed",
        ),
        // Two blocks.
        ("twice", format!("{good}{good}"), "malformed"),
        (
            "two signers' blocks",
            format!("{good}{}", good_block(&other)),
            "malformed",
        ),
        (
            "detached after",
            format!("{good}{detached_good}"),
            "malformed",
        ),
        (
            "detached before",
            format!("{detached_good}{good}"),
            "malformed",
        ),
        (
            "a second BEGIN",
            format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{good}"),
            "malformed",
        ),
        (
            "a second BEGIN, dash-escaped, is text",
            replaced(&good, "\n\n", "\n\n- -----BEGIN PGP SIGNED MESSAGE-----\n"),
            "bad",
        ),
        (
            "certificate after",
            format!(
                "{good}{}",
                String::from_utf8(cert.armored().to_vec().unwrap()).unwrap()
            ),
            "malformed",
        ),
        // Headers, into which readers have been made to put text that looks signed.
        ("text as header", header("I owe you 5000"), "malformed"),
        (
            "text after the hash",
            change("SHA512", "SHA512 I owe you 5000"),
            "malformed",
        ),
        (
            "text before Hash",
            change("Hash: SHA512\n", "I owe you\nHash: SHA512\n"),
            "malformed",
        ),
        (
            "vertical tab after Hash",
            change("SHA512", "SHA512\u{b}I owe you"),
            "malformed",
        ),
        (
            "form feed after Hash",
            change("SHA512", "SHA512\u{c}I owe you"),
            "malformed",
        ),
        (
            "NUL after Hash",
            change("SHA512", "SHA512\0I owe you"),
            "malformed",
        ),
        (
            "carriage return after Hash",
            change("SHA512", "SHA512\rI owe you"),
            "malformed",
        ),
        (
            "next line (C1) after Hash",
            change("SHA512", "SHA512\u{85}I owe you"),
            "malformed",
        ),
        (
            "line separator after Hash",
            change("SHA512", "SHA512\u{2028}I owe you"),
            "malformed",
        ),
        (
            "ANSI escape after Hash",
            change("SHA512", "SHA512\u{1b}[1A\u{1b}[2KI owe you"),
            "malformed",
        ),
        (
            "ANSI escape before Hash",
            change("Hash", "\u{1b}[8mHash"),
            "malformed",
        ),
        (
            "C1 escape before Hash",
            change("Hash", "\u{9b}8mHash"),
            "malformed",
        ),
        (
            "backspaces after Hash",
            change("SHA512", "SHA512\u{8}\u{8}"),
            "malformed",
        ),
        (
            "folded header",
            change("SHA512\n", "SHA512\n I owe you\n"),
            "malformed",
        ),
        (
            "Comment header",
            header("Comment: I owe you 5000"),
            "malformed",
        ),
        ("Charset header", header("Charset: UTF-7"), "malformed"),
        (
            "unknown hash",
            change("SHA512", "SHA512,I-owe-you"),
            "malformed",
        ),
        (
            "NotDashEscaped",
            header("NotDashEscaped: You need GnuPG to verify this message"),
            "malformed",
        ),
        (
            "NotDashEscaped alone",
            change("Hash: SHA512", "NotDashEscaped: yes"),
            "malformed",
        ),
        (
            "a blank for the empty line",
            change("SHA512\n\n", "SHA512\n \n"),
            "malformed",
        ),
        (
            "vertical tab for the empty line",
            change("SHA512\n\n", "SHA512\n\u{b}\n"),
            "malformed",
        ),
        (
            "no empty line",
            change("SHA512\n\n", "SHA512\n"),
            "malformed",
        ),
        (
            "seventeen Hash headers",
            header(&["Hash: SHA512"; 16].join("\n")),
            "malformed",
        ),
        (
            "text in the armor's headers",
            change("SIGNATURE-----\n\n", "SIGNATURE-----\nI owe you\n\n"),
            "malformed",
        ),
        (
            "vertical tab in the armor's headers",
            change(
                "SIGNATURE-----\n\n",
                "SIGNATURE-----\nComment: a\u{b}I owe you\n\n",
            ),
            "malformed",
        ),
        (
            "escape in the armor's headers",
            change(
                "SIGNATURE-----\n\n",
                "SIGNATURE-----\nComment: \u{1b}[2K\n\n",
            ),
            "malformed",
        ),
        (
            "comment in the armor's headers",
            change("SIGNATURE-----\n\n", "SIGNATURE-----\nComment: home\n\n"),
            "valid",
        ),
        // The body: what is verified is what is compared, and neither loses a line that a reader would show.
        (
            "not dash-escaped",
            change("\n\n", "\n\n-I owe you\n"),
            "malformed",
        ),
        (
            "line before the payload",
            change("\n\n", "\n\nI owe you\n"),
            "bad",
        ),
        (
            "empty line before the payload",
            change("\n\n", "\n\n\n"),
            "bad",
        ),
        (
            "line after the payload",
            change(&body, &format!("{body}\nI owe you")),
            "bad",
        ),
        (
            "empty line after the payload",
            change(&body, &format!("{body}\n")),
            "bad",
        ),
        (
            "vertical tab after the payload",
            change(&body, &format!("{body}\u{b}")),
            "bad",
        ),
        (
            "form feed after the payload",
            change(&body, &format!("{body}\u{c}")),
            "bad",
        ),
        (
            "NUL after the payload",
            change(&body, &format!("{body}\0")),
            "bad",
        ),
        (
            "no-break space after the payload",
            change(&body, &format!("{body}\u{a0}")),
            "bad",
        ),
        (
            "zero-width space in the payload",
            change("0123", "01\u{200b}23"),
            "bad",
        ),
        (
            "escape in the payload",
            change("0123", "\u{1b}[2K0123"),
            "bad",
        ),
        (
            "carriage return in the payload",
            change("0123", "01\r23"),
            "malformed",
        ),
        ("upper case", change(&body, &body.to_uppercase()), "bad"),
        ("leading blank", change(&body, &format!(" {body}")), "bad"),
        ("no body", change(&format!("{body}\n"), ""), "malformed"),
        (
            "empty body, signed as empty",
            format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n\n{empty}"),
            "wrong_subject",
        ),
        // The block itself.
        (
            "BEGIN in lower case",
            change("BEGIN PGP SIGNED MESSAGE", "begin pgp signed message"),
            "malformed",
        ),
        (
            "blank after BEGIN",
            change("MESSAGE-----\n", "MESSAGE----- \n"),
            "malformed",
        ),
        (
            "no END",
            replaced(&good, "-----END PGP SIGNATURE-----", ""),
            "malformed",
        ),
        (
            "END of something else",
            change("END PGP SIGNATURE", "END PGP MESSAGE"),
            "malformed",
        ),
        (
            "cut off",
            good[..good.len() * 2 / 3].to_string(),
            "malformed",
        ),
        (
            "too long",
            format!(
                "{good}{}",
                "\n".repeat(health_crypto_core::openpgp::MAX_SIGNATURE_BYTES)
            ),
            "malformed",
        ),
    ];
    for (name, block, expected) in cases {
        assert_eq!(
            word(&block, day(20), keyring),
            expected,
            "{name}\n{block:.600}"
        );
    }
}
