//! The rows of a contract's tables, and a map from each to the tests that hold it.

use std::collections::BTreeSet;
use std::path::Path;

/// A row of a table.
pub struct Row {
    /// Number of its section.
    pub section: String,
    /// The cells of its table's head.
    pub head: Vec<String>,
    /// Its cells.
    pub cells: Vec<String>,
}

fn cells(line: &str) -> Vec<String> {
    let line = line[1..].replace("\\|", "\u{0}");
    line.split('|').map(|cell| cell.replace('\u{0}', "\\|").trim().to_owned()).collect()
}

/// All rows of the contract, in order, without the heads.
pub fn of_contract(contract: &str) -> Vec<Row> {
    let is_rule = |line: &str| line.starts_with('|') && line.chars().all(|c| matches!(c, '|' | '-' | ' '));
    let lines: Vec<&str> = contract.lines().collect();
    let (mut section, mut head, mut rows) = ("", Vec::new(), Vec::new());
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with('#') {
            section = line.split(' ').nth(1).unwrap_or_default().trim_end_matches('.');
        }
        if !line.starts_with('|') || is_rule(line) {
            continue;
        }
        if lines.get(index + 1).is_some_and(|next| is_rule(next)) {
            head = cells(line);
        } else {
            rows.push(Row { section: section.to_owned(), head: head.clone(), cells: cells(line) });
        }
    }
    rows
}

/// The lines `row => holders` of a map; lines that begin with `#` are remarks.
pub fn of_map(map: &str) -> Vec<(&str, &str)> {
    map.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(" => ").unwrap()).collect()
}

/// Adds the names of all test functions in a file or below a directory.
pub fn collect_tests(path: &Path, names: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            collect_tests(&entry.unwrap().path(), names);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let name = pair[1].trim_start_matches("async ").strip_prefix("fn ");
            if let (true, Some(name)) = (pair[0] == "#[test]" || pair[0] == "#[tokio::test]", name) {
                names.insert(name.split('(').next().unwrap().to_owned());
            }
        }
    }
}
