//! XML as trees that can be compared: the order of an object's elements does not count, that of a list's does.

use roxmltree::{Document, Node};

/// Elements that are lists.
const LISTS: [&str; 6] = ["stages", "steps", "links", "versions", "result", "query_result"];

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tree {
    name: String,
    nil: bool,
    text: String,
    below: Vec<Tree>,
}

/// The tree of a text; none if it is no XML.
pub fn tree(text: &str) -> Option<Tree> {
    let document = Document::parse(text).ok()?;
    Some(read(document.root_element()))
}

fn read(node: Node<'_, '_>) -> Tree {
    let mut below: Vec<Tree> = node.children().filter(Node::is_element).map(read).collect();
    let name = node.tag_name().name().to_owned();
    if !LISTS.contains(&name.as_str()) {
        below.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let text = node.text().unwrap_or_default().to_owned();
    Tree { nil: node.attribute("nil").is_some(), name, text, below }
}
