//! Values as the other side may write them: the original never looked at their kind, and a number stands as text here
//! and as a number there. Absent and `null` are the same.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serializer};
use serde_json::Value;

/// Text; numbers are taken as their text.
pub(crate) fn text<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(d)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        other => return Err(wrong("text", &other)),
    })
}

/// Text; numbers and truth values are taken as Nova writes them in extra specs.
pub(crate) fn spec<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(d)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        other => return Err(wrong("text", &other)),
    })
}

/// A whole number from 0 on; its text is taken, too.
pub(crate) fn whole<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    match Value::deserialize(d)? {
        Value::Null => Ok(None),
        Value::Number(number) if number.is_u64() => Ok(number.as_u64()),
        Value::String(text) => match text.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(wrong("a whole number", &Value::String(text))),
        },
        other => Err(wrong("a whole number", &other)),
    }
}

/// True or false; also as Python and JSON print them.
pub(crate) fn flag<'de, D: Deserializer<'de>>(d: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(d)? {
        Value::Null => Ok(None),
        Value::Bool(value) => Ok(Some(value)),
        Value::String(text) => match text.as_str() {
            "True" | "true" | "yes" => Ok(Some(true)),
            "False" | "false" | "no" => Ok(Some(false)),
            _ => Err(wrong("true or false", &Value::String(text))),
        },
        other => Err(wrong("true or false", &other)),
    }
}

/// True or false where `null` is false; together with [`yes`] for a key that is absent.
pub(crate) fn plain_flag<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    flag(d).map(Option::unwrap_or_default)
}

/// What an absent `get_all` means.
pub(crate) const fn yes() -> bool {
    true
}

/// `True` and `False` as text; every other text and kind of value is false, as in the original.
pub(crate) mod python_flag {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &bool, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(if *value { "True" } else { "False" })
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
        Ok(match Value::deserialize(d)? {
            Value::String(text) => matches!(text.as_str(), "True" | "true"),
            Value::Bool(value) => value,
            _ => false,
        })
    }
}

/// A whole number as text.
pub(crate) mod number_text {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &Option<u64>, s: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(number) => s.serialize_str(&number.to_string()),
            None => s.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
        whole(d)
    }
}

fn wrong<E: Error>(wanted: &str, got: &Value) -> E {
    let kind = match got {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    E::custom(format!("{wanted} is wanted, {kind} came"))
}
