//! JSON text as json-c writes it.
//!
//! An application gets an object as text (server groups), or sees on the wire what an agent has written anew. All of the
//! original does that with json-c; so a script that looks for `"state": "active"` must find it here, too. Values are
//! taken as json-c's accessors take them: a number where a string is asked for is its text, a string where a number is
//! asked for is read as one.

use serde_json::value::RawValue;

/// How the parts of an object are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No blanks: what goes over a wire.
    Plain,
    /// Blanks as json-c sets them when nothing else is asked of it: what an application gets.
    Spaced,
}

/// `raw` written anew in `style`. The order of keys and the digits of numbers stay.
pub fn render(raw: &RawValue, style: Style) -> String {
    let mut rest = raw.get();
    let mut out = String::with_capacity(rest.len());
    while let Some(letter) = rest.chars().next() {
        if letter == '"' {
            let (string, after) = rest.split_at(string_end(rest));
            match serde_json::from_str::<String>(string) {
                Ok(content) => push_string(&mut out, &content),
                // half of a surrogate pair cannot be written otherwise
                Err(_) => out.push_str(string),
            }
            rest = after;
        } else {
            push_structure(&mut out, letter, style);
            rest = &rest[letter.len_utf8()..];
        }
    }
    out
}

/// Where the string that `text` begins with ends, its quotes included.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.bytes().enumerate().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn push_structure(out: &mut String, letter: char, style: Style) {
    let spaced = style == Style::Spaced;
    match letter {
        ' ' | '\t' | '\r' | '\n' => return,
        // an empty object or array has one blank inside
        '}' | ']' if spaced && !out.ends_with("{ ") && !out.ends_with("[ ") => out.push(' '),
        _ => {}
    }
    out.push(letter);
    if spaced && matches!(letter, '{' | '[' | ',' | ':') {
        out.push(' ');
    }
}

/// Appends `content` as a JSON string.
pub fn push_string(out: &mut String, content: &str) {
    out.push('"');
    for letter in content.chars() {
        match letter {
            '\u{8}' => out.push_str("\\b"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// `content` as a JSON string.
pub fn quoted(content: &str) -> String {
    let mut out = String::with_capacity(content.len() + 2);
    push_string(&mut out, content);
    out
}

/// What `raw` is as a string: the content of a string, the text of anything else, nothing for `null`.
pub fn string_of(raw: &RawValue) -> Option<String> {
    match raw.get().bytes().next() {
        Some(b'n') => None,
        Some(b'"') => match serde_json::from_str(raw.get()) {
            Ok(content) => Some(content),
            Err(_) => Some(raw.get().trim_matches('"').to_owned()),
        },
        _ => Some(render(raw, Style::Spaced)),
    }
}

/// What `raw` is as a 32-bit integer: a number without its fraction, within the limits of the type; what a string begins
/// with; 1 for `true`. `None` for a string that is no number; 0 for anything else.
pub fn integer_of(raw: &RawValue) -> Option<i32> {
    let text = raw.get();
    match text.bytes().next() {
        Some(b't') => Some(1),
        Some(b'"') => leading_integer(&string_of(raw)?),
        Some(b'-' | b'0'..=b'9') => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a cast from f64 stays within the type's limits"
            )]
            let number = text.parse::<f64>().ok()? as i32;
            Some(number)
        }
        _ => Some(0),
    }
}

fn leading_integer(text: &str) -> Option<i32> {
    let text = text.trim_start_matches(|letter: char| matches!(letter, ' ' | '\t'..='\r'));
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    let digits = digits.get(..end).filter(|digits| !digits.is_empty())?;
    let number = sign * digits.parse::<i128>().unwrap_or(i128::from(i64::MAX));
    i32::try_from(number.clamp(i128::from(i32::MIN), i128::from(i32::MAX))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn objects_are_written_as_json_c_writes_them() {
        // as json-c 0.16 writes them with PLAIN and with SPACED; only half a surrogate pair becomes U+FFFD there
        let cases = [
            (r#"{}"#, "{}", "{ }"),
            (r#"[ ]"#, "[]", "[ ]"),
            (r#"{"a":1}"#, r#"{"a":1}"#, r#"{ "a": 1 }"#),
            (
                r#"{"a":[1,{},[]],"b":null}"#,
                r#"{"a":[1,{},[]],"b":null}"#,
                r#"{ "a": [ 1, { }, [ ] ], "b": null }"#,
            ),
            ("{\n \"b\" :\t1.10,\"a\": -0.5e3}", r#"{"b":1.10,"a":-0.5e3}"#, r#"{ "b": 1.10, "a": -0.5e3 }"#),
            (
                r#"["a/b","A\/\"\\\b\f\n\r\t"]"#,
                r#"["a\/b","A\/\"\\\b\f\n\r\t"]"#,
                r#"[ "a\/b", "A\/\"\\\b\f\n\r\t" ]"#,
            ),
            (r#"["\u00e9\u001f\u007f"]"#, "[\"é\\u001f\u{7f}\"]", "[ \"é\\u001f\u{7f}\" ]"),
            (r#"{"{ ":"} ]"}"#, r#"{"{ ":"} ]"}"#, r#"{ "{ ": "} ]" }"#),
            (r#"["\ud83d\ude00"]"#, "[\"😀\"]", "[ \"😀\" ]"),
            (r#"["\ud83d"]"#, r#"["\ud83d"]"#, r#"[ "\ud83d" ]"#),
            ("true", "true", "true"),
        ];
        for (text, plain, spaced) in cases {
            assert_eq!(render(&raw(text), Style::Plain), plain, "{text}");
            assert_eq!(render(&raw(text), Style::Spaced), spaced, "{text}");
            // what is written means the same
            let again = raw(&render(&raw(text), Style::Spaced));
            assert_eq!(render(&again, Style::Plain), plain);
        }
    }

    #[test]
    fn values_are_taken_as_the_type_that_is_asked_for() {
        let cases = [
            ("2", Some("2"), Some(2)),
            ("2.9", Some("2.9"), Some(2)),
            ("-1", Some("-1"), Some(-1)),
            ("1e30", Some("1e30"), Some(i32::MAX)),
            ("\"2\"", Some("2"), Some(2)),
            ("\" +7x\"", Some(" +7x"), Some(7)),
            ("\"-99999999999999999999\"", Some("-99999999999999999999"), Some(i32::MIN)),
            ("\"word\"", Some("word"), None),
            ("\"\"", Some(""), None),
            ("true", Some("true"), Some(1)),
            ("false", Some("false"), Some(0)),
            ("null", None, Some(0)),
            ("[1,2]", Some("[ 1, 2 ]"), Some(0)),
            ("{\"a\":1}", Some("{ \"a\": 1 }"), Some(0)),
        ];
        for (text, string, integer) in cases {
            assert_eq!(string_of(&raw(text)).as_deref(), string, "{text}");
            assert_eq!(integer_of(&raw(text)), integer, "{text}");
        }
    }
}
