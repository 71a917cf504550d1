//! JSON as the original writes it: ASCII only, `", "` and `": "` between things. Contract: deployment 1.6.

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};
use std::io::{self, Write};

/// `value` as one line of JSON in the original's form.
///
/// # Errors
/// Only if `value` cannot be put into JSON at all (a map with keys that are not text).
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    let mut out = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, PythonFormatter))?;
    // the formatter writes ASCII only
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// The separators and escapes of the original.
#[derive(Debug, Clone, Copy, Default)]
pub struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { w.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { w.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, w: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0;
        for (index, c) in fragment.char_indices() {
            if c.is_ascii() && c != '\u{7f}' {
                continue;
            }
            w.write_all(&fragment.as_bytes()[plain..index])?;
            if c == '\u{7f}' {
                w.write_all(b"\x7f")?;
            } else {
                let mut units = [0u16; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(w, "\\u{unit:04x}")?;
                }
            }
            plain = index + c.len_utf8();
        }
        w.write_all(&fragment.as_bytes()[plain..])
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, w: &mut W, escape: CharEscape) -> io::Result<()> {
        match escape {
            CharEscape::AsciiControl(byte) => write!(w, "\\u{byte:04x}"),
            CharEscape::Quote => w.write_all(b"\\\""),
            CharEscape::ReverseSolidus => w.write_all(b"\\\\"),
            CharEscape::Solidus => w.write_all(b"/"),
            CharEscape::Backspace => w.write_all(b"\\b"),
            CharEscape::FormFeed => w.write_all(b"\\f"),
            CharEscape::LineFeed => w.write_all(b"\\n"),
            CharEscape::CarriageReturn => w.write_all(b"\\r"),
            CharEscape::Tab => w.write_all(b"\\t"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_as_the_original_writes_it() {
        let value =
            serde_json::json!({"a": [1, 2, "x"], "b": {"é": null, "q": "\"\\/\n\u{1}😀"}, "c": [], "d": {}});
        assert_eq!(
            to_string(&value).unwrap(),
            r#"{"a": [1, 2, "x"], "b": {"q": "\"\\/\n\u0001\ud83d\ude00", "\u00e9": null}, "c": [], "d": {}}"#
        );
    }

    #[test]
    fn reads_back_to_the_same_value() {
        let value = serde_json::json!({"text": "žluťoučký \u{7f} kůň \u{2028}", "n": -1.5, "t": true});
        assert_eq!(serde_json::from_str::<serde_json::Value>(&to_string(&value).unwrap()).unwrap(), value);
    }
}
