//! Every row of the guest stack's state machines, timers and requests has its test, and every test that is named
//! exists. Contract: guest 4 to 7, 10.
//!
//! A row that is added to the contract makes this fail until `guest_rows.txt` names what holds it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;
use test_support::rows::{self, Row};

const MAP: &str = include_str!("guest_rows.txt");
/// Sections whose tables rule what happens when.
const SECTIONS: [&str; 6] = ["4", "5", "6", "7", "10", "10.1"];
/// Where the tests of the guest stack are.
const SOURCES: [&str; 11] = [
    "crates/guest-agent/src",
    "crates/guest-agent/tests",
    "crates/guest-protocol/src",
    "crates/guest-server/src",
    "crates/guest-server/tests",
    "crates/guest-comm/tests",
    "crates/guest-scale/src",
    "guest-client/src",
    "guest-client/tests",
    "packaging/tests/deployment",
    "tests/tests/guest_stack",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Section and first cell of each row, in order; the second one, too, where the table's head calls it the stimulus.
fn contract_rows() -> Vec<String> {
    let contract = std::fs::read_to_string(root().join("docs/contract/guest.md")).unwrap();
    let ruling = |row: &Row| SECTIONS.contains(&row.section.as_str());
    rows::of_contract(&contract)
        .into_iter()
        .filter(ruling)
        .map(|row| match row.head[1].as_str() {
            "Stimulus" => format!("{} | {} | {}", row.section, row.cells[0], row.cells[1]),
            _ => format!("{} | {}", row.section, row.cells[0]),
        })
        .collect()
}

#[test]
fn every_row_of_the_guest_stacks_machines_has_its_test() {
    let mut tests = BTreeSet::new();
    for place in SOURCES {
        rows::collect_tests(&root().join(place), &mut tests);
    }
    let entries = rows::of_map(MAP);
    let rows = contract_rows();
    assert!(rows.len() > 80, "the contract's tables are not found: {}", rows.len());
    let named: Vec<&str> = entries.iter().map(|(row, _)| row.trim_end()).collect();
    assert_eq!(named, rows.iter().map(|row| row.trim_end()).collect::<Vec<_>>());
    for (row, holders) in entries {
        for part in holders.split("; ") {
            if part.strip_prefix("none: ").is_some_and(|why| !why.is_empty()) {
                continue;
            }
            for name in part.split(", ") {
                assert!(tests.contains(name), "{row}: there is no test '{name}'");
            }
        }
    }
}
