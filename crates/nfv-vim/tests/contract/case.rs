//! What a case is, and running many so that one mistake does not hide the next.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// One case for a row of the contract.
pub struct Case {
    /// Name of the row.
    pub row: &'static str,
    /// Which of the row's sides it shows; empty when it has only one.
    pub what: String,
    run: Box<dyn Fn()>,
}

impl Case {
    /// A case that holds when `run` does not panic.
    pub fn new(row: &'static str, what: impl Into<String>, run: impl Fn() + 'static) -> Self {
        Self { row, what: what.into(), run: Box::new(run) }
    }
}

/// A row without a case here.
#[allow(dead_code)] // sections that are still open have some
pub enum Elsewhere {
    /// Another file tests it, and names it there.
    Test {
        /// Name of the row.
        row: &'static str,
        /// The file, from the root of the repository.
        file: &'static str,
    },
    /// There is nothing that could be tested.
    Definition {
        /// Name of the row.
        row: &'static str,
        /// Why not.
        why: &'static str,
    },
}

/// Runs all cases and tells which do not hold.
pub fn run(cases: Vec<Case>) {
    let total = cases.len();
    let mut failed = Vec::new();
    for case in cases {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (case.run)())) {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            failed.push(format!("{} [{}]: {}", case.row, case.what, text.unwrap_or_default()));
        }
    }
    assert!(failed.is_empty(), "{} of {total} cases do not hold:\n{}", failed.len(), failed.join("\n"));
}
