//! `db-check`: tells an operator what is in a database and what is wrong with it.

use super::{Outcome, stopped};
use crate::check::{Check, Severity, WriteAheadLog, check};
use nfv_common::argparse::{Opt, Parser, Takes, columns};
use std::fmt::Write as _;
use std::path::Path;

/// Below the help.
const EXIT_CODES: &str = "
exit code: 0 nothing is wrong, 1 the check could not be made, 2 wrong options,
  3 something is not as it should be but nfv-vim copes, 4 something is damaged
";

fn parser() -> Parser {
    Parser::new("nfv-vim-manage")
        .usage("nfv-vim-manage db-check [-h] -d DATABASE")
        .description("Look over a database without changing it; nfv-vim may run meanwhile")
        .option(Opt::new(&["-d", "--database"], Takes::Text).required().help("database directory"))
}

/// Exit codes beside those of the other commands.
const WARNED: u8 = 3;
const DAMAGED: u8 = 4;

pub(super) fn run(arguments: &[String]) -> Outcome {
    let values = match parser().parse(arguments, columns()) {
        Ok(values) => values,
        Err(stop) => return stopped(stop, EXIT_CODES),
    };
    let directory = values.text("database").unwrap_or_default();
    match check(Path::new(directory)) {
        Ok(check) => Outcome { stdout: told(&check), stderr: String::new(), code: code(&check) },
        Err(error) => Outcome { stdout: format!("{error}\n"), stderr: String::new(), code: 1 },
    }
}

fn code(check: &Check) -> u8 {
    match check.worst() {
        None | Some(Severity::Note) => 0,
        Some(Severity::Warning) => WARNED,
        Some(Severity::Error) => DAMAGED,
    }
}

fn told(check: &Check) -> String {
    let mut text = format!("Database {}: {} bytes\n", check.path.display(), check.size);
    // Writing to a String cannot fail.
    let _ = match check.log {
        WriteAheadLog::Closed => writeln!(text, "Open: by no process; the file is complete"),
        WriteAheadLog::InUse(size) => {
            writeln!(text, "Open: yes; {size} bytes in the write-ahead log belong to it")
        }
        WriteAheadLog::LeftOver(size) => {
            writeln!(text, "Open: by no process; {size} bytes in the write-ahead log")
        }
    };
    let filled = check.tables.iter().filter(|(_, rows)| *rows > 0);
    let rows: Vec<String> = filled.map(|(name, rows)| format!("{name} {rows}")).collect();
    let _ = writeln!(text, "Rows: {}", if rows.is_empty() { "none".to_owned() } else { rows.join(", ") });
    for finding in &check.findings {
        let _ = writeln!(text, "{}: {}\n  to do: {}", finding.severity, finding.what, finding.advice);
    }
    let count = |severity| check.findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let _ = match (errors, warnings) {
        (0, 0) => writeln!(text, "Result: nothing is wrong"),
        (0, warnings) => writeln!(text, "Result: {warnings} warnings, no errors"),
        (errors, warnings) => writeln!(text, "Result: {errors} errors, {warnings} warnings"),
    };
    text
}
