//! Answers as trees, and their two forms. Contract: vim-api 1.3.

use super::schema::{Field, Kind};
use nfv_common::pyjson;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write as _;

/// A value of an answer. Fields that are not set are left out of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Nothing.
    Null,
    /// Text.
    Text(Cow<'static, str>),
    /// Number.
    Int(i64),
    /// Truth value.
    Flag(bool),
    /// List.
    List(Vec<Node>),
    /// Object, fields in their order.
    Object(Vec<(&'static str, Node)>),
    /// Values by names that the VIM gives.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Text.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Text or nothing.
    pub fn optional(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// Number or nothing.
    pub fn number(number: Option<u64>) -> Self {
        number.map_or(Self::Null, |number| Self::Int(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    /// List of texts or nothing.
    pub fn texts(list: Option<Vec<String>>) -> Self {
        list.map_or(Self::Null, |list| Self::List(list.into_iter().map(Self::text).collect()))
    }

    /// A value of the VIM as its type has it: fields in the order of the table, null where one is missing, nothing else.
    pub fn shaped(kind: Kind, value: Value) -> Self {
        match (kind, value) {
            (Kind::Record(record), Value::Object(mut object)) => {
                let field = |field: &'static Field| {
                    let value = object.remove(field.name).unwrap_or_default();
                    (field.name, Self::shaped(field.kind, value))
                };
                Self::Object(record.fields.iter().map(field).collect())
            }
            (Kind::Map(of), Value::Object(object)) => {
                Self::Map(object.into_iter().map(|(name, value)| (name, Self::shaped(*of, value))).collect())
            }
            (Kind::List(of), Value::Array(items)) => {
                Self::List(items.into_iter().map(|item| Self::shaped(*of, item)).collect())
            }
            (_, Value::String(text)) => Self::text(text),
            (_, Value::Bool(flag)) => Self::Flag(flag),
            (_, Value::Number(number)) => Self::number(number.as_u64()),
            (_, Value::Null | Value::Array(_) | Value::Object(_)) => Self::Null,
        }
    }

    /// The JSON form.
    pub fn json(&self) -> String {
        pyjson::to_string(self)
    }

    /// The XML form with this root element.
    pub fn xml(&self, root: &str) -> String {
        let mut out = String::new();
        self.write_xml(root, &mut out);
        out
    }

    fn write_xml(&self, name: &str, out: &mut String) {
        let text;
        let content: &str = match self {
            Self::Null => {
                out.extend(["<", name, " nil=\"true\" />"]);
                return;
            }
            Self::Text(text) => text,
            Self::Int(number) => {
                text = number.to_string();
                &text
            }
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
            Self::List(items) => {
                return element(name, out, items.is_empty(), |out| {
                    items.iter().for_each(|item| item.write_xml("item", out));
                });
            }
            Self::Object(fields) => {
                return element(name, out, fields.is_empty(), |out| {
                    fields.iter().for_each(|(field, value)| value.write_xml(field, out));
                });
            }
            // their names may be none that an element can have
            Self::Map(values) => {
                return element(name, out, values.is_empty(), |out| {
                    for (name, value) in values {
                        let named = vec![("name", Self::text(name.clone())), ("value", value.clone())];
                        Self::Object(named).write_xml("item", out);
                    }
                });
            }
        };
        element(name, out, content.is_empty(), |out| escape(content, out));
    }
}

fn element(name: &str, out: &mut String, empty: bool, inside: impl FnOnce(&mut String)) {
    if empty {
        out.extend(["<", name, " />"]);
        return;
    }
    out.extend(["<", name, ">"]);
    inside(out);
    out.extend(["</", name, ">"]);
}

/// Text of an element, in ASCII as the original's. Characters that XML cannot have become spaces.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(' '),
            ' '..='\u{7f}' => out.push(c),
            _ => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::Map(values) => serializer.collect_map(values.iter().map(|(name, value)| (name, value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::schema::{Record, must};

    #[test]
    fn both_forms_of_a_tree() {
        let tree = Node::Object(vec![
            ("a", Node::text("x & <y>\u{1}ä")),
            ("empty", Node::text("")),
            ("none", Node::Null),
            ("list", Node::List(vec![Node::Int(-1), Node::Flag(true)])),
            ("nothing", Node::List(vec![])),
        ]);
        assert_eq!(
            tree.json(),
            r#"{"a": "x & <y>\u0001\u00e4", "empty": "", "none": null, "list": [-1, true], "nothing": []}"#
        );
        assert_eq!(
            tree.xml("result"),
            "<result><a>x &amp; &lt;y&gt; &#228;</a><empty /><none nil=\"true\" /><list><item>-1</item><item>true</item>\
             </list><nothing /></result>"
        );
    }

    #[test]
    fn a_value_takes_the_shape_of_its_type() {
        static INNER: Record = Record { name: "Inner", fields: &[must("n", Kind::Count)] };
        static OUTER: Record = Record {
            name: "Outer",
            fields: &[
                must("z", Kind::Text),
                must("a", Kind::Flag),
                must("list", Kind::List(&Kind::Record(&INNER))),
                must("by_name", Kind::Map(&Kind::Count)),
            ],
        };
        let value = serde_json::json!({
            "a": true, "list": [{"n": 1, "more": 2}, null], "by_name": {"<no room>": 3}, "unheard-of": {},
        });
        let node = Node::shaped(Kind::Record(&OUTER), value);
        assert_eq!(
            node.json(),
            r#"{"z": null, "a": true, "list": [{"n": 1}, null], "by_name": {"<no room>": 3}}"#
        );
        assert_eq!(
            node.xml("result"),
            "<result><z nil=\"true\" /><a>true</a><list><item><n>1</n></item><item nil=\"true\" /></list>\
             <by_name><item><name>&lt;no room&gt;</name><value>3</value></item></by_name></result>"
        );
    }
}
