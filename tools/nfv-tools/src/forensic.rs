//! `nfv-forensic`: reads the VIM's log and tells what happened.
//!
//! Contract: deployment 7.1.

use crate::log_file;
use nfv_common::argparse::{Opt, Parser, Stop, Takes};
use nfv_common::config::Settings;
use nfv_common::forensic::{self, EvidenceError, Listener, NotALine, Period, Record, Report, Stamp};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::SpooledTempFile;

fn parser() -> Parser {
    Parser::new("nfv-forensic")
        .option(Opt::new(&["-c", "--config"], Takes::Text).help("configuration file"))
        .option(Opt::new(&["-s", "--start_date"], Takes::Text).help("start date"))
        .option(Opt::new(&["-e", "--end_date"], Takes::Text).help("end date"))
}

/// The section of the configuration that names the log files.
const SECTION: &str = "files";
/// The one parser there is.
const PARSER: &str = "nfv-vim";
/// So much of a report is kept in memory; a longer one goes through a temporary file.
const REPORT_IN_MEMORY: usize = 16 << 20;

/// Exit code of a command line that argparse refuses.
const MISUSED: u8 = 2;
const FAILED: u8 = 1;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// What the operator is told, without more.
    #[error("{0}")]
    Told(String),
    #[error("Exception: {0}")]
    Exception(String),
    /// Whoever reads the output has gone.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// Runs the program with the arguments after its own name; returns its exit code.
///
/// # Errors
/// The output cannot be written.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> io::Result<u8> {
    let values = match parser().read(arguments) {
        Ok(values) => values,
        Err(Stop::Help(text)) => {
            write!(stdout, "{text}")?;
            return Ok(0);
        }
        Err(Stop::Usage(text)) => {
            write!(stderr, "{text}")?;
            return Ok(MISUSED);
        }
        Err(Stop::Failed(error)) => {
            writeln!(stderr, "{error}")?;
            return Ok(FAILED);
        }
    };
    let given = |name| values.text(name).filter(|value| !value.is_empty());
    match analyse(given("config"), given("start_date"), given("end_date"), stdout) {
        Ok(()) => Ok(0),
        Err(Failure::Output(error)) => Err(error),
        Err(told) => {
            writeln!(stdout, "{told}")?;
            Ok(FAILED)
        }
    }
}

fn analyse(
    config: Option<&str>,
    start: Option<&str>,
    end: Option<&str>,
    stdout: &mut impl Write,
) -> Result<(), Failure> {
    let config = config.ok_or_else(|| Failure::Told("No configuration given.".to_owned()))?;
    let settings = Settings::load(config).map_err(|error| Failure::Exception(error.to_string()))?;
    let period = Period { start: date(start, "Start", Stamp::MIN)?, end: date(end, "End", Stamp::MAX)? };
    let files = log_files(&settings)?;
    let report = Report::new(SpooledTempFile::new(REPORT_IN_MEMORY))?;
    let mut teller = Teller { stdout, report, percent: String::new() };
    forensic::gather(&files, &log_file::open, period, &mut teller).map_err(|error| match error {
        EvidenceError::Listener(error) => Failure::Output(error),
        error @ (EvidenceError::File { .. } | EvidenceError::Empty) => Failure::Exception(error.to_string()),
    })?;
    let mut report = teller.report.finish()?;
    io::Seek::rewind(&mut report)?;
    io::copy(&mut report, stdout)?;
    Ok(())
}

fn date(given: Option<&str>, which: &str, default: Stamp) -> Result<Stamp, Failure> {
    let Some(text) = given else { return Ok(default) };
    Stamp::from_argument(text).ok_or_else(|| {
        Failure::Told(format!("{which}-Date '{text}' is invalid, expected=<YYYY-MM-DD HH:MM:SS>"))
    })
}

/// The log files of the configuration. Under one key several may stand, one a line, the further ones indented; the
/// original takes one.
fn log_files(settings: &Settings) -> Result<Vec<PathBuf>, Failure> {
    let missing = |what: &str| Failure::Exception(format!("'NoneType' object has no attribute '{what}'"));
    let section = settings.section(SECTION).ok_or_else(|| missing("items"))?;
    let mut files = Vec::new();
    for (parser, value) in section {
        if parser != PARSER {
            return Err(missing("parse"));
        }
        if Path::new(value).exists() {
            files.push(PathBuf::from(value));
        } else {
            files.extend(value.lines().map(PathBuf::from));
        }
    }
    Ok(files)
}

/// Tells the operator what is found while it is.
struct Teller<'a, W> {
    stdout: &'a mut W,
    report: Report<SpooledTempFile>,
    percent: String,
}

impl<W: Write> Listener for Teller<'_, W> {
    fn bad_line(&mut self, line: &[u8], error: NotALine) -> io::Result<()> {
        self.stdout.write_all(b"Bad line: ")?;
        self.stdout.write_all(line)?;
        writeln!(self.stdout, ", exception={error}.")
    }

    fn record(&mut self, record: Record) -> io::Result<()> {
        self.report.record(record)
    }

    fn progress(&mut self, percent: f64) -> io::Result<()> {
        let percent = format!("{percent:.0}");
        write!(self.stdout, "\r  Complete: {percent}%")?;
        // a terminal shows each change at once
        if percent != self.percent {
            self.percent = percent;
            self.stdout.flush()?;
        }
        Ok(())
    }
}
