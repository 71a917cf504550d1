//! Every row of the contract's tables has its test, and every test that is named exists.
//!
//! A row that is added to the contract makes this fail until `contract_rows.txt` names what holds it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;
use test_support::rows;

const MAP: &str = include_str!("contract_rows.txt");
/// Sections that describe and rule nothing.
const DESCRIPTIONS: [&str; 4] = ["1", "1.1", "11", "12"];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Section and first cell of each row, in order.
fn contract_rows() -> Vec<String> {
    rows::of_contract(&read("../docs/contract/nova-api-proxy.md"))
        .into_iter()
        .filter(|row| !DESCRIPTIONS.contains(&row.section.as_str()))
        .map(|row| format!("{} | {}", row.section, row.cells[0]))
        .collect()
}

/// Names of all test functions of this crate, of the parser of its configuration file and of the cache of tokens.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for path in ["src", "tests", "../crates/nfv-common/src/config/oslo.rs", "../crates/keystone-token/src"] {
        rows::collect_tests(&root.join(path), &mut names);
    }
    names
}

#[test]
fn every_row_of_the_contract_has_its_test() {
    let entries = rows::of_map(MAP);
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
