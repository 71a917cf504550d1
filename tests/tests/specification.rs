//! SPECIFICATION.md: what holds a promise exists.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of all tables: cells without their blanks.
fn rows() -> Vec<Vec<String>> {
    let text = read("SPECIFICATION.md");
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Promise"));
    rows.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// The texts between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// All sources of tests, in one text.
fn sources(directory: &Path, into: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, into);
        } else if name.ends_with(".rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn whatever_holds_a_promise_exists() {
    let benches = read("tools/bench");
    let mut tests = String::new();
    sources(&root(), &mut tests);
    let rows = rows();
    assert!(rows.len() > 20, "{} promises", rows.len());
    for row in &rows {
        let by = quoted(row.last().unwrap());
        assert!(!by.is_empty(), "{row:?} is held by nothing");
        for by in by {
            let exists = match by.strip_prefix("tools/bench ") {
                Some(bench) => benches.contains(&format!("#   tools/bench {bench}")),
                None if by.contains('/') => root().join(by).exists(),
                None => tests.contains(&format!("fn {by}()")),
            };
            assert!(exists, "{row:?}: there is no {by}");
        }
    }
}
