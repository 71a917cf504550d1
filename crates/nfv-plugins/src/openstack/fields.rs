//! Reading fields of JSON answers: forgiving about what is not needed, clear about what is missing.

use serde_json::{Map, Value};
use std::fmt;

/// A needed field is absent or of a wrong type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError(String);

impl FieldError {
    /// The field is there but not of the form wanted.
    pub(crate) fn wanted(key: &str, form: &str) -> Self {
        FieldError(format!("field {key}: wanted {form}"))
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn wrong(key: &str, wanted: &str, value: &Value) -> FieldError {
    let found = match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    FieldError(format!("field {key}: wanted {wanted}, found {found}"))
}

/// Text of a field; a number is taken as its text.
pub(crate) fn text(object: &Value, key: &str) -> Result<String, FieldError> {
    match &object[key] {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(wrong(key, "text", other)),
    }
}

/// Text of a field that may be absent, null or something else.
pub(crate) fn optional_text(object: &Value, key: &str) -> Option<String> {
    text(object, key).ok()
}

/// A list.
pub(crate) fn list<'a>(object: &'a Value, key: &str) -> Result<&'a [Value], FieldError> {
    match &object[key] {
        Value::Array(list) => Ok(list),
        other => Err(wrong(key, "a list", other)),
    }
}

/// An object.
pub(crate) fn object<'a>(object: &'a Value, key: &str) -> Result<&'a Value, FieldError> {
    match &object[key] {
        value @ Value::Object(_) => Ok(value),
        other => Err(wrong(key, "an object", other)),
    }
}

/// The entries of an object that may be absent.
pub(crate) fn entries<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object[key].as_object().into_iter().flat_map(Map::iter)
}

/// A number; text that is a number counts, absent, null and empty text are none.
pub(crate) fn optional_number(object: &Value, key: &str) -> Option<f64> {
    match &object[key] {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A number that is not negative, rounded down.
pub(crate) fn optional_count(object: &Value, key: &str) -> Option<u64> {
    match &object[key] {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().map(|n| n.max(0.0) as u64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The same, but it must be there.
pub(crate) fn count(object: &Value, key: &str) -> Result<u64, FieldError> {
    optional_count(object, key).ok_or_else(|| wrong(key, "a number", &object[key]))
}

/// A boolean; the texts `true` and `True` count.
pub(crate) fn flag(object: &Value, key: &str) -> Result<bool, FieldError> {
    match &object[key] {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(wrong(key, "a boolean", other)),
    }
}

/// Texts of a list; entries that are no text are passed over, an absent list is empty.
pub(crate) fn texts(object: &Value, key: &str) -> Vec<String> {
    let list = object[key].as_array();
    list.into_iter().flatten().filter_map(|entry| entry.as_str().map(str::to_owned)).collect()
}

/// The address of the next page in a `{things}_links` list.
pub(crate) fn next_link(object: &Value, key: &str) -> Option<String> {
    let links = object[key].as_array()?;
    let next = links.iter().find(|link| link["rel"] == "next")?;
    next["href"].as_str().map(str::to_owned)
}

/// An id of 32 hexadecimal digits with or without dashes, in dashed form.
pub(crate) fn dashed_uuid(id: &str) -> Option<String> {
    uuid::Uuid::parse_str(id).ok().map(|uuid| uuid.to_string())
}

/// A text as one part of a path or a query value.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_not_needed_never_fail_and_needed_ones_say_what_is_wrong() {
        let value = json!({"a": 1, "b": "x", "c": null, "d": [1, "y"], "e": "7", "f": -2.5, "g": "True"});
        assert_eq!(text(&value, "a").unwrap(), "1");
        assert_eq!(optional_text(&value, "c"), None);
        assert_eq!(texts(&value, "d"), ["y"]);
        assert_eq!(texts(&value, "nothing"), Vec::<String>::new());
        assert_eq!((optional_count(&value, "e"), optional_count(&value, "f")), (Some(7), Some(0)));
        assert_eq!(optional_number(&value, "f"), Some(-2.5));
        assert!(flag(&value, "g").unwrap());
        for (error, words) in [
            (text(&value, "c").unwrap_err(), "field c: wanted text, found nothing"),
            (list(&value, "b").unwrap_err(), "field b: wanted a list, found text"),
            (object(&value, "d").unwrap_err(), "field d: wanted an object, found a list"),
            (count(&value, "b").unwrap_err(), "field b: wanted a number, found text"),
            (flag(&value, "a").unwrap_err(), "field a: wanted a boolean, found a number"),
        ] {
            assert_eq!(error.to_string(), words);
        }
        // indexing something that is no object is an absent field, not a panic
        assert!(text(&json!([1]), "a").is_err());
    }

    #[test]
    fn names_are_encoded_for_addresses() {
        assert_eq!(encoded("compute-0.a_b~"), "compute-0.a_b~");
        assert_eq!(encoded("a/b ?é"), "a%2Fb%20%3F%C3%A9");
    }
}
