//! Python's way of writing values and errors, where the contract quotes it.

use serde_json::Value;

use crate::pyjson;

/// `repr` of a text as Python 2 gives it, without the `u` in front.
pub fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            letter if letter == quote => {
                out.push('\\');
                out.push(letter);
            }
            ' '..='~' => out.push(letter),
            letter => match u32::from(letter) {
                code @ 0..=0xff => out.push_str(&format!("\\x{code:02x}")),
                code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
                code => out.push_str(&format!("\\U{code:08x}")),
            },
        }
    }
    out.push(quote);
    out
}

/// `repr` of bytes that are not known to be text, as Python 2 gives it.
pub fn quoted_bytes(bytes: impl AsRef<[u8]>) -> String {
    // each byte as the character of its number: then `\\xff` stands for the byte
    quoted(&bytes.as_ref().iter().map(|byte| char::from(*byte)).collect::<String>())
}

/// A JSON value as Python 2 shows what it has read from JSON: `{u'status': u'okay'}`, keys sorted.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => pyjson::to_string(number),
        Value::String(text) => format!("u{}", quoted(text)),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| format!("u{}: {}", quoted(key), shown(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
    }
}

/// An input/output error as Python shows it: `[Errno 2] No such file or directory: '/a/b'`.
pub fn io_error(error: &std::io::Error, path: &std::path::Path) -> String {
    let path = quoted(&path.to_string_lossy());
    match error.raw_os_error() {
        Some(number) => {
            let text = error.to_string();
            let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
            format!("[Errno {number}] {text}: {path}")
        }
        None => format!("{error}: {path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{io_error, quoted, quoted_bytes, shown};

    #[test]
    fn texts_are_quoted_as_python_does() {
        let cases = [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("it's \"x\"", "'it\\'s \"x\"'"),
            ("b\u{e9}\u{20ac}\u{1f600}\n\\", "'b\\xe9\\u20ac\\U0001f600\\n\\\\'"),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn byte_strings_are_quoted_byte_by_byte() {
        let cases = [("a'b", "\"a'b\""), ("b\u{e9}\u{20ac}", "'b\\xc3\\xa9\\xe2\\x82\\xac'")];
        for (text, expected) in cases {
            assert_eq!(quoted_bytes(text.as_bytes()), expected);
        }
    }

    #[test]
    fn bytes_and_json_are_shown_as_python_does() {
        assert_eq!(quoted_bytes("é'\n".as_bytes()), r#""\xc3\xa9'\n""#);
        let value = serde_json::json!({"status": "no", "x": [1.5, null, true, {"a": "é"}], "n": -3});
        assert_eq!(shown(&value), r"{u'n': -3, u'status': u'no', u'x': [1.5, None, True, {u'a': u'\xe9'}]}");
    }

    #[test]
    fn an_input_output_error_has_number_text_and_path() {
        let error = std::io::Error::from_raw_os_error(2);
        assert_eq!(
            io_error(&error, std::path::Path::new("/no/file")),
            "[Errno 2] No such file or directory: '/no/file'"
        );
    }
}
