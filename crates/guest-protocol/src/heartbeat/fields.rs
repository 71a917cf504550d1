//! Reading keys of JSON objects the way the peers do.

use serde_json::Value;

use crate::framing::Object;

/// A key that is missing or of the wrong type. Its text is what the host tells the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to parse {0}")]
pub struct MissingField(pub &'static str);

/// An integer as the host wants it: a number without fraction, or a truth value. Numbers beyond 32 bits become the
/// nearest that fits.
pub(super) fn strict_int(object: &Object, key: &'static str) -> Result<i32, MissingField> {
    match object.get(key) {
        Some(Value::Bool(value)) => Ok(i32::from(*value)),
        Some(Value::Number(number)) => match (number.as_i64(), number.is_u64()) {
            (Some(value), _) => Ok(clamp(value)),
            (None, true) => Ok(i32::MAX),
            (None, false) => Err(MissingField(key)),
        },
        _ => Err(MissingField(key)),
    }
}

/// A text as the host wants it.
pub(super) fn strict_text<'a>(object: &'a Object, key: &'static str) -> Result<&'a str, MissingField> {
    object.get(key).and_then(Value::as_str).ok_or(MissingField(key))
}

/// Any scalar as text, as the guest takes it.
pub(super) fn scalar_text(object: &Object, key: &'static str) -> Result<String, MissingField> {
    match object.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value.to_string()),
        _ => Err(MissingField(key)),
    }
}

/// Any scalar as a number, as the guest takes it: the digits in front count.
pub(super) fn scalar_int(object: &Object, key: &'static str) -> Result<i32, MissingField> {
    match object.get(key) {
        Some(Value::String(text)) => Ok(leading_int(text)),
        Some(Value::Number(number)) => Ok(number.as_i64().map_or(i32::MAX, clamp)),
        Some(Value::Bool(value)) => Ok(i32::from(*value)),
        _ => Err(MissingField(key)),
    }
}

/// A text in a datagram or HTTP body: whatever the key holds, as text; `none` without the key. Contract: guest 7, 9.
pub(super) fn loose_text(object: &Object, key: &str) -> String {
    match object.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "none".to_owned(),
    }
}

/// The number at the beginning of a text, 0 without one.
pub fn leading_int(text: &str) -> i32 {
    let text = text.trim_start();
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let value = digits
        .bytes()
        .take_while(u8::is_ascii_digit)
        .fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(i64::from(u32::MAX)));
    clamp(sign * value)
}

fn clamp(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

/// A JSON string with its quotes.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// At most `limit` bytes of a text, cut at a character.
pub fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_the_front_of_a_text() {
        for (text, number) in [
            ("12", 12),
            (" -7x", -7),
            ("+3", 3),
            ("x", 0),
            ("", 0),
            ("-", 0),
            ("99999999999999999999999", i32::MAX),
            ("-99999999999", i32::MIN),
        ] {
            assert_eq!(leading_int(text), number, "{text}");
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("é", 0), "");
    }
}
