//! Every row of the guest stack's state machines, timers and requests has its test, and every test that is named
//! exists. Contract: guest 4 to 7, 10.
//!
//! A row that is added to the contract makes this fail until `guest_rows.txt` names what holds it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

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

fn cells(row: &str) -> Vec<String> {
    let row = row.trim_matches('|').replace("\\|", "\u{0}");
    row.split('|').map(|cell| cell.replace('\u{0}', "\\|").trim().to_owned()).collect()
}

/// Section and first cell of each row, in order; the second one, too, where the table's head calls it the stimulus.
fn contract_rows() -> Vec<String> {
    let contract = std::fs::read_to_string(root().join("docs/contract/guest.md")).unwrap();
    let is_rule = |line: &str| line.starts_with('|') && line.chars().all(|c| matches!(c, '|' | '-' | ' '));
    let (mut section, mut by_stimulus, mut rows) = ("", false, Vec::new());
    let lines: Vec<&str> = contract.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with('#') {
            section = line.split(' ').nth(1).unwrap_or_default().trim_end_matches('.');
        }
        if !line.starts_with('|') || is_rule(line) || !SECTIONS.contains(&section) {
            continue;
        }
        let cells = cells(line);
        if lines.get(index + 1).is_some_and(|next| is_rule(next)) {
            by_stimulus = cells[1] == "Stimulus";
        } else if by_stimulus {
            rows.push(format!("{section} | {} | {}", cells[0], cells[1]));
        } else {
            rows.push(format!("{section} | {}", cells[0]));
        }
    }
    rows
}

fn collect(path: &Path, names: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), names);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            if let ("#[test]", Some(name)) = (pair[0], pair[1].strip_prefix("fn ")) {
                names.insert(name.split('(').next().unwrap().to_owned());
            }
        }
    }
}

#[test]
fn every_row_of_the_guest_stacks_machines_has_its_test() {
    let mut tests = BTreeSet::new();
    for place in SOURCES {
        collect(&root().join(place), &mut tests);
    }
    let entries: Vec<(&str, &str)> = MAP
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(" => ").unwrap())
        .collect();
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
