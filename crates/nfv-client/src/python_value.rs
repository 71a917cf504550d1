//! JSON values as Python 2 shows and compares them.

use nfv_common::pyjson;
use nfv_common::python_dict::ordered;
use nfv_common::python_text::quoted;
use serde_json::{Number, Value as Json};

/// `str` of a value.
pub(crate) fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) if number.is_f64() => twelve_digits(number),
        Json::Number(number) => number.to_string(),
        other => inside(other),
    }
}

/// `repr` of a value, as it stands inside a list.
fn inside(value: &Json) -> String {
    match value {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Number(number) if number.is_f64() => pyjson::to_string(number),
        Json::Number(number) => match number.as_i64() {
            Some(number) => number.to_string(),
            None => format!("{number}L"),
        },
        Json::String(text) => format!("u{}", quoted(text)),
        Json::Array(values) => {
            let values: Vec<_> = values.iter().map(inside).collect();
            format!("[{}]", values.join(", "))
        }
        Json::Object(object) => {
            let pairs = ordered(object.keys())
                .into_iter()
                .filter_map(|key| Some(format!("u{}: {}", quoted(key), inside(object.get(key)?))));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Python's `str` of a float: `%.12g`, and `.0` when it is whole.
fn twelve_digits(number: &Number) -> String {
    let value = number.as_f64().unwrap_or(0.0);
    // rounded to twelve digits; then the shortest text of that is what `%.12g` leaves when it strips zeros
    let rounded: f64 = format!("{value:.11e}").parse().unwrap_or(value);
    let text = pyjson::to_string(&rounded);
    match (rounded.abs() >= 1e12, text.split_once(".0")) {
        (true, Some((whole, ""))) => {
            let digits = whole.trim_start_matches('-');
            let exponent = digits.len() - 1;
            let mantissa = digits.trim_end_matches('0');
            let (first, rest) = mantissa.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if value < 0.0 { "-" } else { "" };
            format!("{sign}{first}{point}{rest}e+{exponent:02}")
        }
        _ => text,
    }
}

/// Whether Python takes it for true.
pub(crate) fn is_true(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(values) => !values.is_empty(),
        Json::Object(object) => !object.is_empty(),
    }
}

/// Python 2's `0 < value`, where texts, lists and objects are larger than any number.
pub(crate) fn is_positive(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(number) => number.as_f64().is_some_and(|number| number > 0.0),
        Json::String(_) | Json::Array(_) | Json::Object(_) => true,
    }
}

/// Python's `len`; 0 for what has none.
pub(crate) fn size(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        Json::String(text) => text.chars().count(),
        Json::Array(values) => values.len(),
        Json::Object(object) => object.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;
    use serde_json::json;

    #[test]
    fn values_are_shown_as_python_shows_them() {
        let cases = [
            (json!(null), "None"),
            (json!(true), "True"),
            (json!("caf\u{e9}"), "caf\u{e9}"),
            (json!(["a", "it's", "\u{e9}", 1, null, []]), "[u'a', u\"it's\", u'\\xe9', 1, None, []]"),
            (json!(18_446_744_073_709_551_615_u64), "18446744073709551615"),
            (json!([18_446_744_073_709_551_615_u64]), "[18446744073709551615L]"),
            (json!(0.1), "0.1"),
            (json!(1.0), "1.0"),
            (json!(0.123_456_789_012_345), "0.123456789012"),
            (json!(1e12), "1e+12"),
            (json!(-1.5e15), "-1.5e+15"),
            (json!([0.123_456_789_012_345]), "[0.123456789012345]"),
        ];
        for (value, expected) in cases {
            assert_eq!(shown(&value), expected);
        }
    }
}
