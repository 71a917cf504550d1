//! Every row of the sections that state behaviour has a case, or a place where it is tested.

use crate::case::Elsewhere;
use crate::contract;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Sections whose tables state behaviour.
pub const STATES_BEHAVIOUR: [&str; 43] = [
    "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9",
    "3.10", "4.3", "5.1", "5.2", "5.3", "5.4", "5.5", "6.1", "6.2", "6.3", "6.4", "7.1", "7.2", "7.3", "7.4",
    "7.5", "8.1", "8.2", "8.3", "8.4", "8.5", "8.6", "9.1", "9.2", "9.3", "9.4", "9.5", "9.6",
];

fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_row_has_a_test() {
    let rows: Vec<_> =
        contract::rows().into_iter().filter(|row| STATES_BEHAVIOUR.contains(&row.section.as_str())).collect();
    let known: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let mut cases: BTreeMap<&str, usize> = BTreeMap::new();
    let mut elsewhere: BTreeMap<&str, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    let all = crate::all();
    for (own, others) in &all {
        for case in own {
            *cases.entry(case.row).or_default() += 1;
        }
        for other in *others {
            match other {
                Elsewhere::Test { row, file } => {
                    let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
                    if !text.contains(row) {
                        wrong.push(format!("{file} does not name the row {row}"));
                    }
                    elsewhere.insert(row, (*file).to_owned());
                }
                Elsewhere::Definition { row, why } => {
                    elsewhere.insert(row, format!("no test: {why}"));
                }
            }
        }
    }
    for name in cases.keys().chain(elsewhere.keys()) {
        if !known.contains(name) {
            wrong.push(format!("no row of the contract is called {name}"));
        }
        if cases.contains_key(name) && elsewhere.contains_key(name) {
            wrong.push(format!("the row {name} has cases here and is said to be tested elsewhere"));
        }
    }
    let mut report = String::from("Rows of docs/contract/vim-behaviour.md and their tests\n\n");
    report.push_str("section   rows  tested here  elsewhere  missing  cases\n");
    let mut missing_all = Vec::new();
    for section in STATES_BEHAVIOUR {
        let own: Vec<&str> =
            rows.iter().filter(|row| row.section == section).map(|row| row.name.as_str()).collect();
        let here = own.iter().filter(|name| cases.contains_key(*name)).count();
        let other = own.iter().filter(|name| elsewhere.contains_key(*name)).count();
        let number: usize = own.iter().filter_map(|name| cases.get(name)).sum();
        let missing: Vec<_> =
            own.iter().filter(|name| !cases.contains_key(*name) && !elsewhere.contains_key(*name)).collect();
        let (rows, gap) = (own.len(), missing.len());
        let _ = writeln!(report, "{section:<8}{rows:>6}{here:>13}{other:>11}{gap:>9}{number:>7}");
        missing_all.extend(missing.into_iter().copied());
    }
    report.push_str("\nRows without a test:");
    report.push_str(if missing_all.is_empty() { " none\n" } else { "\n" });
    for name in &missing_all {
        let _ = writeln!(report, "  {name}");
        wrong.push(format!("no test for the row {name}"));
    }
    report.push_str("\nRows tested elsewhere, or definitions:\n");
    for (name, place) in &elsewhere {
        let _ = writeln!(report, "  {name}: {place}");
    }
    println!("{report}");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    std::fs::write(target.join("coverage-of-contract.txt"), &report).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
