//! Objects that are kept as JSON in a column of their row.
//!
//! A row of an older release may lack what the object has today. What the JSON lacks (or has as `null` where something
//! must be) comes from the columns beside it, and from a default where there is no such column: so every row loads
//! whose text is JSON of the right types. Contract: deployment 1.6; the original ends at a missing key (docs/differences.md).

use nfv_vim_db::Quarantined;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads the object in `column`; `beside` has the same facts as the other columns tell them.
///
/// # Errors
/// The text is no JSON object, or a value in it has the wrong type.
pub(super) fn read_object<T: DeserializeOwned>(text: &str, column: &str, beside: Value) -> Result<T, String> {
    let mut stored = match serde_json::from_str(text) {
        Ok(Value::Object(stored)) => stored,
        Ok(_) => return Err(format!("{column}: no JSON object")),
        Err(error) => return Err(format!("{column}: {error}")),
    };
    let Value::Object(beside) = beside else { return Err(format!("{column}: no columns beside it")) };
    for (key, value) in &beside {
        stored.entry(key.clone()).or_insert_with(|| value.clone());
    }
    if let Ok(object) = serde_json::from_value(Value::Object(stored.clone())) {
        return Ok(object);
    }
    // a null where something must be
    for (key, value) in stored.iter_mut().filter(|(_, value)| value.is_null()) {
        *value = beside.get(key).cloned().unwrap_or(Value::Null);
    }
    stored.retain(|_, value| !value.is_null());
    serde_json::from_value(Value::Object(stored)).map_err(|error| format!("{column}: {error}"))
}

/// A column that holds JSON; what cannot be read is the default.
pub(super) fn lenient<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

/// A size from an INTEGER column.
pub(super) fn size(number: i64) -> u64 {
    number.max(0) as u64
}

/// Reads rows into a table; one that cannot be read is left out and stays in the file.
pub(super) fn read_rows<R, T>(
    rows: Vec<R>,
    table: &str,
    key: impl Fn(&R) -> String,
    read: impl Fn(R) -> Result<T, String>,
    quarantined: &mut Vec<Quarantined>,
) -> BTreeMap<String, T> {
    let mut objects = BTreeMap::new();
    for row in rows {
        let key = key(&row);
        match read(row) {
            Ok(object) => {
                objects.insert(key, object);
            }
            Err(reason) => quarantined.push(Quarantined { table: table.to_owned(), key, reason }),
        }
    }
    objects
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Thing {
        name: String,
        size: u64,
        owner: Option<String>,
    }

    #[test]
    fn what_the_json_lacks_comes_from_the_columns() {
        let beside = || json!({ "name": "column", "size": 7, "owner": null });
        let thing = |name: &str, size, owner: Option<&str>| {
            Ok(Thing { name: name.to_owned(), size, owner: owner.map(ToOwned::to_owned) })
        };
        let rows = [
            (r#"{"name": "json", "size": 1, "owner": "x"}"#, thing("json", 1, Some("x"))),
            (r#"{"name": "json", "later": true}"#, thing("json", 7, None)),
            (r#"{"name": null, "size": null}"#, thing("column", 7, None)),
            (r#"{"name": "json", "size": 1, "owner": null}"#, thing("json", 1, None)),
            ("{}", thing("column", 7, None)),
            ("[]", Err("c: no JSON object".to_owned())),
        ];
        for (text, wanted) in rows {
            assert_eq!(read_object::<Thing>(text, "c", beside()), wanted, "{text}");
        }
        for text in ["", "{", r#"{"size": "many"}"#] {
            let error = read_object::<Thing>(text, "c", beside()).unwrap_err();
            assert!(error.starts_with("c: "), "{text}: {error}");
        }
    }
}
