//! Reading a body by the table of its type. Contract: vim-api 1.3 (faults, coercions).

use super::fault::Fault;
use super::python;
use super::schema::{Field, Kind, Need, Record};
use serde_json::Value;
use std::collections::BTreeMap;

/// Words that are true. Only these spellings.
const TRUE: [&str; 6] = ["true", "t", "yes", "y", "on", "1"];
/// Words that are false.
const FALSE: [&str; 6] = ["false", "f", "no", "n", "off", "0"];

/// An object that was checked: its fields with the values as the type wants them, defaults put in. A field that is
/// absent and has no default is absent here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values(BTreeMap<&'static str, Item>);

/// A value that was checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Nothing.
    Null,
    /// Text, also a word of a choice.
    Text(String),
    /// Number.
    Int(i64),
    /// Truth value.
    Flag(bool),
    /// List.
    List(Vec<Item>),
    /// Object.
    Record(Values),
}

/// Why a value is not taken.
enum Wrong {
    /// The fault is complete.
    Fault(Fault),
    /// It is told of the whole body.
    Body(String),
    /// Fields that there are not; the path grows on the way out.
    Unknown(Vec<&'static str>, Vec<String>),
}

impl Record {
    /// Reads a body. `argument` is what texts call the whole of it.
    ///
    /// # Errors
    /// What is wrong, as the client is told.
    pub fn read(&'static self, argument: &str, body: &Value) -> Result<Values, Fault> {
        match record(self, body) {
            Ok(Item::Record(values)) => Ok(values),
            // the original fails on it with 500
            Ok(_) => Err(Fault::invalid(argument, body, "Value not a valid object.")),
            Err(Wrong::Fault(fault)) => Err(fault),
            Err(Wrong::Body(why)) => Err(Fault::invalid(argument, body, why)),
            Err(Wrong::Unknown(path, names)) => {
                let mut all = vec![argument];
                all.extend(path.iter().rev());
                Err(Fault::UnknownAttributes { path: all.join("."), names })
            }
        }
    }
}

fn record(record: &'static Record, value: &Value) -> Result<Item, Wrong> {
    let object = match value {
        Value::Object(object) => object,
        Value::Null => return Ok(Item::Null),
        other => return Err(Wrong::Body(format!("Value not a valid object: {}", python::text(other)))),
    };
    let known = |name: &str| record.fields.iter().any(|field| field.name == name);
    let mut unknown: Vec<String> = object.keys().filter(|name| !known(name)).cloned().collect();
    if !unknown.is_empty() {
        unknown.sort_unstable();
        return Err(Wrong::Unknown(Vec::new(), unknown));
    }
    let mut values = BTreeMap::new();
    for field in record.fields {
        let read = match object.get(field.name) {
            Some(Value::Null) if field.need == Need::Given => return Err(Wrong::Fault(null(field))),
            Some(value) => Some(item(field.name, field.kind, value).map_err(|wrong| match wrong {
                Wrong::Unknown(mut path, names) => {
                    path.push(field.name);
                    Wrong::Unknown(path, names)
                }
                other => other,
            })?),
            None => match field.need {
                Need::Mandatory | Need::Given => return Err(Wrong::Fault(Fault::missing(field.name))),
                Need::Optional => None,
                Need::OrNull => Some(Item::Null),
                Need::OrText(text) => Some(Item::Text(text.to_owned())),
                Need::OrInt(number) => Some(Item::Int(number)),
                Need::OrFlag(flag) => Some(Item::Flag(flag)),
                Need::OrEmpty => Some(Item::List(Vec::new())),
            },
        };
        if let Some(read) = read {
            values.insert(field.name, read);
        }
    }
    Ok(Item::Record(Values(values)))
}

/// Null where a value is needed. The original answers 500 where it is an object or a list.
fn null(field: &Field) -> Fault {
    match field.kind {
        Kind::Choice(_) => Fault::BadRequest,
        _ => Fault::missing(field.name),
    }
}

fn item(name: &str, kind: Kind, value: &Value) -> Result<Item, Wrong> {
    if value.is_null() {
        return Ok(Item::Null);
    }
    match kind {
        Kind::Text => match value {
            Value::String(text) => Ok(Item::Text(text.clone())),
            other => {
                let got = python::type_name(other);
                let why = format!("Wrong type. Expected '<type 'unicode'>', got '<type '{got}'>'");
                Err(Wrong::Fault(Fault::invalid(name, other, why)))
            }
        },
        Kind::Int => number(value).map(Item::Int),
        Kind::Count => match number(value)? {
            number @ 0.. => Ok(Item::Int(number)),
            _ => Err(Wrong::Fault(Fault::invalid(name, value, "Value should not be negative."))),
        },
        Kind::Flag => flag(value).map(Item::Flag),
        Kind::Choice(words) => {
            let text = python::text(value);
            if words.contains(&text.as_str()) {
                return Ok(Item::Text(text));
            }
            let why = format!("Value should be one of: {}", words.join(", "));
            Err(Wrong::Fault(Fault::invalid(name, value, why)))
        }
        Kind::List(of) => match value {
            Value::Array(items) => {
                Ok(Item::List(items.iter().map(|one| item(name, *of, one)).collect::<Result<_, _>>()?))
            }
            other => Err(Wrong::Body(format!("Value not a valid list: {}", python::text(other)))),
        },
        Kind::Record(of) => record(of, value),
        Kind::Map(_) => Err(Wrong::Body("Value not taken.".to_owned())),
    }
}

/// `int(value)` of Python.
fn number(value: &Value) -> Result<i64, Wrong> {
    let range = || Wrong::Body(format!("Value out of range: {}", python::text(value)));
    match value {
        Value::Bool(flag) => Ok(i64::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Ok(number),
            (None, Some(float)) if float.abs() < 9e15 => Ok(float.trunc() as i64),
            (None, _) => Err(range()),
        },
        Value::String(text) => {
            let digits = text.trim();
            digits.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
                std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => range(),
                _ => Wrong::Body(format!("invalid literal for int() with base 10: '{}'", shortened(text))),
            })
        }
        other => {
            let kind = python::type_name(other);
            Err(Wrong::Body(format!("int() argument must be a string or a number, not '{kind}'")))
        }
    }
}

fn shortened(text: &str) -> String {
    python::text(&Value::from(text))
}

fn flag(value: &Value) -> Result<bool, Wrong> {
    match value {
        Value::Bool(flag) => return Ok(*flag),
        Value::Number(number) => {
            if let Some(number) = number.as_i64() {
                return Ok(number != 0);
            }
        }
        Value::String(text) if TRUE.contains(&text.as_str()) => return Ok(true),
        Value::String(text) if FALSE.contains(&text.as_str()) => return Ok(false),
        _ => {}
    }
    Err(Wrong::Body(format!("Value not an unambiguous boolean: {}", python::text(value))))
}

impl Values {
    /// The field is there, if only as null.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Text of a field; none if it is absent or null.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name) {
            Some(Item::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    /// Number of a field; none if it is absent or null.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Item::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// Number of a [`Kind::Count`]; none if it is absent or null.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.int(name).and_then(|number| u64::try_from(number).ok())
    }

    /// Truth value of a field; none if it is absent or null.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name) {
            Some(Item::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// Object of a field; none if it is absent or null.
    pub fn record(&self, name: &str) -> Option<&Values> {
        match self.0.get(name) {
            Some(Item::Record(values)) => Some(values),
            _ => None,
        }
    }

    /// Texts of a list; none if it is absent or null. What is null in it is left out.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let Some(Item::List(items)) = self.0.get(name) else { return None };
        let text = |item: &Item| match item {
            Item::Text(text) => Some(text.clone()),
            _ => None,
        };
        Some(items.iter().filter_map(text).collect())
    }

    /// Objects of a list; none if it is absent or null. What is null in it is left out.
    pub fn records(&self, name: &str) -> Option<Vec<&Values>> {
        let Some(Item::List(items)) = self.0.get(name) else { return None };
        let records = items.iter().filter_map(|item| match item {
            Item::Record(values) => Some(values),
            _ => None,
        });
        Some(records.collect())
    }
}
