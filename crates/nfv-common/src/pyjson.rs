//! JSON as Python's `json.dumps` writes it: ASCII only, `", "` and `": "` between.
//!
//! Contract: deployment 1.6.

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// The value as one line of JSON text.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> String {
    let mut text = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, Python));
    // Writing to memory cannot fail and what is written is ASCII; a map with keys that are no text would be our own
    // mistake and shows as `null`.
    if written.is_err() {
        return "null".to_owned();
    }
    String::from_utf8(text).unwrap_or_default()
}

/// Python's habits.
struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        // Python turns to exponents below 1e-4 and from 1e16 on, always signed and of two digits at least.
        let size = value.abs();
        if value == 0.0 || (1e-4..1e16).contains(&size) {
            return write!(out, "{value:?}");
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
        write!(out, "{digits}e{sign}{exponent:0>2}")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|letter: char| !matches!(letter, ' '..='~')) {
            let (plain, special) = rest.split_at(at);
            out.write_all(plain.as_bytes())?;
            let Some(letter) = special.chars().next() else { break };
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &special[letter.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::to_string;
    use serde_json::json;

    #[test]
    fn text_is_what_python_writes() {
        let cases = [
            (json!({"a": [1, null, true], "b": {}}), r#"{"a": [1, null, true], "b": {}}"#),
            (json!("b\u{e9}\u{7f}\u{1f600}\"\\\n\u{1}~"), r#""b\u00e9\u007f\ud83d\ude00\"\\\n\u0001~""#),
            (
                json!([0.0625, 1.0, 1e16, 1e15, 1e-5, 0.0001, -2.5e-7, 1e100]),
                "[0.0625, 1.0, 1e+16, 1000000000000000.0, 1e-05, 0.0001, -2.5e-07, 1e+100]",
            ),
            (json!([]), "[]"),
        ];
        for (value, text) in cases {
            assert_eq!(to_string(&value), text);
        }
    }
}
