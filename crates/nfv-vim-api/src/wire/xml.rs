//! XML bodies as JSON values, by the table of their type. Contract: vim-api 1.3.

use super::fault::Fault;
use super::schema::{Kind, Record};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value};

/// Elements of a body at most.
const MOST_NODES: u32 = 10_000;

/// Reads a body. The root's name is not looked at, nor are elements that the type does not have.
///
/// # Errors
/// It is no XML. The original answers 500; here it is 400.
pub fn read(record: &'static Record, body: &[u8]) -> Result<Value, Fault> {
    let bad = |why: String| Fault::Refused(format!("Request is not in valid XML format: {why}"));
    let text = std::str::from_utf8(body).map_err(|_| bad("it is not UTF-8".to_owned()))?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| bad(error.to_string()))?;
    Ok(value(Kind::Record(record), document.root_element()))
}

fn value(kind: Kind, element: Node<'_, '_>) -> Value {
    if element.attribute("nil").is_some_and(|nil| !nil.is_empty()) {
        return Value::Null;
    }
    let text = || element.text().unwrap_or_default();
    match kind {
        Kind::Text | Kind::Int | Kind::Count | Kind::Choice(_) => text().into(),
        Kind::Flag => (!text().eq_ignore_ascii_case("false")).into(),
        Kind::List(of) => {
            let items = element.children().filter(|child| child.has_tag_name("item"));
            items.map(|item| value(*of, item)).collect::<Vec<_>>().into()
        }
        Kind::Record(record) => {
            let mut object = Map::new();
            for field in record.fields {
                if let Some(child) = element.children().find(|child| child.has_tag_name(field.name)) {
                    object.insert(field.name.to_owned(), value(field.kind, child));
                }
            }
            object.into()
        }
        Kind::Map(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::schema::{Need, may, must};
    use serde_json::json;

    static INNER: Record = Record { name: "Inner", fields: &[must("n", Kind::Int)] };
    static OUTER: Record = Record {
        name: "Outer",
        fields: &[
            must("a-b", Kind::Text),
            may("on", Kind::Flag, Need::OrNull),
            may("l", Kind::List(&Kind::Record(&INNER)), Need::OrEmpty),
        ],
    };

    #[test]
    fn elements_become_what_the_table_says() {
        let body = "<x><a-b>t</a-b><on>FALSE</on><l><item><n>1</n></item><item nil=\"true\"/></l><zork/></x>";
        assert_eq!(
            read(&OUTER, body.as_bytes()).unwrap(),
            json!({"a-b": "t", "on": false, "l": [{"n": "1"}, null]})
        );
    }

    #[test]
    fn bombs_and_rubbish_are_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        let wide = format!("<x>{}</x>", "<y/>".repeat(20_000));
        let deep = format!("{}{}", "<x>".repeat(5_000), "</x>".repeat(5_000));
        for body in [bomb.as_bytes(), wide.as_bytes(), b"<x", b"", b"\xff", deep.as_bytes()] {
            let _ = read(&OUTER, body).map_err(|fault| assert_eq!(fault.status(), 400));
        }
        assert!(read(&OUTER, bomb.as_bytes()).is_err() && read(&OUTER, wide.as_bytes()).is_err());
    }
}
