//! Values as Python 2 shows them in the log.
//!
//! Contract: nova-api-proxy 9.1, 9.2.

use serde_json::Value;

use super::mask;

/// A JSON value: `None`, `True`, `{u'type': u'SOFT'}`. Secrets are hidden.
pub fn json(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("u{}", quoted(text, true)),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(json).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members.iter().map(|(key, value)| member(key, value)).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

fn member(key: &str, value: &Value) -> String {
    let value = match value {
        Value::String(_) if mask::is_secret(key) => format!("u'{}'", mask::HIDDEN),
        other => json(other),
    };
    format!("u{}: {value}", quoted(key, true))
}

/// A body as the list of one byte string that the original logs.
pub fn body(text: &str) -> String {
    format!("[{}]", quoted(text, false))
}

/// In single quotes, unless there are such and no double ones in the text.
fn quoted(text: &str, unicode: bool) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c if !unicode => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    out.push_str(&format!("\\x{byte:02x}"));
                }
            }
            c if u32::from(c) < 0x100 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) < 0x10000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_look_as_in_python_2() {
        for (value, expected) in [
            ("null", "None"),
            ("true", "True"),
            ("false", "False"),
            ("12", "12"),
            ("1.5", "1.5"),
            (r#"{"type": "SOFT"}"#, "{u'type': u'SOFT'}"),
            (r#"["a", {"b": []}, {}]"#, "[u'a', {u'b': []}, {}]"),
            (r#""it's""#, "u\"it's\""),
            (r#""a\"'\n\\""#, "u'a\"\\'\\n\\\\'"),
            (r#""é€😀""#, "u'\\xe9\\u20ac\\U0001f600'"),
            (r#"{"imageRef": "i", "adminPass": "geheim"}"#, "{u'adminPass': u'***', u'imageRef': u'i'}"),
        ] {
            assert_eq!(json(&serde_json::from_str(value).unwrap()), expected, "{value}");
        }
        assert_eq!(body("{\"a\": \"é\"}\n"), "['{\"a\": \"\\xc3\\xa9\"}\\n']");
        assert_eq!(body(""), "['']");
    }
}
