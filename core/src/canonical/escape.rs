//! JSON strings.

use super::number::push_hex;

/// Appends `text` as a JSON string with the fewest escapes.
///
/// RFC 8785, 3.2.2.2 and CPython's `json.dumps(x, ensure_ascii=False)` ask for the same: `\"`, `\\`, `\b`, `\t`, `\n`,
/// `\f`, `\r`, `\u00xx` in lower case for the other control characters below U+0020, and everything else as it is
/// (U+007F too).
pub(super) fn write_json_string(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some((run, byte, after)) = split_at_special(rest) {
        out.push_str(run);
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            _ => {
                out.push_str("\\u");
                push_hex(u32::from(byte), 4, out);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

/// What stands before the first byte that JSON escapes, that byte, and what stands after it.
fn split_at_special(text: &str) -> Option<(&str, u8, &str)> {
    let at = text
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')?;
    Some((
        text.get(..at)?,
        *text.as_bytes().get(at)?,
        text.get(at + 1..)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        write_json_string(text, &mut out);
        out
    }

    #[test]
    fn escapes_are_the_fewest() {
        assert_eq!(written(""), r#""""#);
        assert_eq!(written("a\"b\\c/"), r#""a\"b\\c/""#);
        assert_eq!(written("\u{8}\t\n\u{c}\r"), r#""\b\t\n\f\r""#);
        assert_eq!(written("\0\u{b}\u{1f}"), r#""\u0000\u000b\u001f""#);
        assert_eq!(
            written("\u{7f}\u{80}\u{2028}ä😂\u{10ffff}"),
            "\"\u{7f}\u{80}\u{2028}ä😂\u{10ffff}\""
        );
    }
}
