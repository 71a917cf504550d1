//! Every row of the contract's tables has its test, and every test that is named exists.
//!
//! A row that is added to the contract makes this fail until `contract_rows.txt` names what holds it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

const MAP: &str = include_str!("contract_rows.txt");
/// Sections that describe and rule nothing.
const DESCRIPTIONS: [&str; 4] = ["1", "1.1", "11", "12"];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Section and first cell of each row, in order.
fn contract_rows() -> Vec<String> {
    let contract = read("../docs/contract/nova-api-proxy.md");
    let lines: Vec<&str> = contract.lines().collect();
    let is_rule = |line: &str| line.starts_with('|') && line.chars().all(|c| matches!(c, '|' | '-' | ' '));
    let mut section = "";
    let mut rows = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with('#') {
            section = line.split(' ').nth(1).unwrap_or_default().trim_end_matches('.');
        }
        let is_head = lines.get(index + 1).is_some_and(|next| is_rule(next));
        if !line.starts_with('|') || is_rule(line) || is_head || DESCRIPTIONS.contains(&section) {
            continue;
        }
        let cell = line[1..].replace("\\|", "\u{0}");
        let cell = cell.split('|').next().unwrap().replace('\u{0}', "\\|");
        rows.push(format!("{section} | {}", cell.trim()));
    }
    rows
}

/// Names of all test functions of this crate, of the parser of its configuration file and of the cache of tokens.
fn tests() -> BTreeSet<String> {
    fn collect(path: &Path, names: &mut BTreeSet<String>) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                collect(&entry.unwrap().path(), names);
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for path in ["src", "tests", "../crates/nfv-common/src/config/oslo.rs", "../crates/keystone-token/src"] {
        collect(&root.join(path), &mut names);
    }
    names
}

#[test]
fn every_row_of_the_contract_has_its_test() {
    let entries: Vec<(&str, &str)> = MAP
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(" => ").unwrap())
        .collect();
    let mapped: Vec<&str> = entries.iter().map(|(row, _)| *row).collect();
    let rows = contract_rows();
    assert!(rows.len() > 150, "the contract's tables are not found");
    for row in &rows {
        assert!(mapped.contains(&row.as_str()), "no test is named for the row: {row}");
    }
    for row in &mapped {
        assert!(rows.iter().any(|own| own == row), "the contract has no row: {row}");
    }
    let (tests, differences) = (tests(), read("../docs/differences.md"));
    for (row, holders) in entries {
        assert!(!holders.trim().is_empty(), "{row}");
        for part in holders.split("; ") {
            if let Some(text) = part.strip_prefix("difference: ") {
                let begun = differences.lines().any(|line| line.starts_with(&format!("| {text}")));
                assert!(begun, "{row}: docs/differences.md has no row '{text}'");
            } else if !part.starts_with("none: ") {
                for name in part.split(", ") {
                    assert!(tests.contains(name), "{row}: there is no test '{name}'");
                }
            }
        }
    }
}
