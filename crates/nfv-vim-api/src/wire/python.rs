//! Values as Python writes them: fault texts quote what was sent that way. Contract: vim-api 1.3.

use serde_json::Value;
use std::fmt::Write;

/// Longest quotation of a value, bytes; the text goes to the client and into the log.
const LONGEST: usize = 1000;

/// `str(value)`, cut where it is very long.
pub fn text(value: &Value) -> String {
    let mut out = match value {
        Value::String(text) => text.clone(),
        other => {
            let mut out = String::new();
            repr(other, &mut out);
            out
        }
    };
    if let Some((end, _)) = out.char_indices().find(|(at, _)| *at >= LONGEST) {
        out.truncate(end);
        out.push_str("...");
    }
    out
}

/// The name of a value's type.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(number) if number.is_i64() => "int",
        Value::Number(_) => "long",
        Value::String(_) => "unicode",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

fn repr(value: &Value, out: &mut String) {
    if out.len() > LONGEST {
        return;
    }
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                repr(item, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                quoted(key, out);
                out.push_str(": ");
                repr(value, out);
            }
            out.push('}');
        }
    }
}

/// `repr` of a unicode text of Python 2.
fn quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push('u');
    out.push(quote);
    for c in text.chars() {
        let code = u32::from(c);
        let _ = match c {
            '\\' => write!(out, "\\\\"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            _ if c == quote => write!(out, "\\{c}"),
            ' '..='~' => write!(out, "{c}"),
            _ if code < 0x100 => write!(out, "\\x{code:02x}"),
            _ if code < 0x1_0000 => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
        if out.len() > LONGEST {
            break;
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_quoted_as_python_2_does() {
        for (value, want) in [
            (json!({"action": "apply-stage", "n": 1}), "{u'action': u'apply-stage', u'n': 1}"),
            (json!([null, true, 1.5]), "[None, True, 1.5]"),
            (json!(["it's", "ä€\n"]), "[u\"it's\", u'\\xe4\\u20ac\\n']"),
            (json!("plain ä"), "plain ä"),
        ] {
            assert_eq!(text(&value), want);
        }
        assert!(text(&json!("x".repeat(5000))).len() < 1100);
        assert!(text(&json!(vec!["x".repeat(100); 500])).len() < 1300);
    }
}
