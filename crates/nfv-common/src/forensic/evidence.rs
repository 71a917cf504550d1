//! From log files to records in the order of time.

use std::io;
use std::path::{Path, PathBuf};

use super::line::{self, LogLine, NotALine, SHORTEST_LINE};
use super::source::{LogReader, LogSource};
use super::{Patterns, Record, Stamp};

/// The times of interest, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Not before.
    pub start: Stamp,
    /// Not after.
    pub end: Stamp,
}

/// Who hears what is found.
pub trait Listener {
    /// A line that is none; its newline is part of it.
    ///
    /// # Errors
    /// The listener cannot go on.
    fn bad_line(&mut self, line: &[u8], error: NotALine) -> io::Result<()>;

    /// The next record.
    ///
    /// # Errors
    /// The listener cannot go on.
    fn record(&mut self, record: Record) -> io::Result<()>;

    /// Part of the lines, in percent, that were read and told nothing; called after each record and at the end.
    ///
    /// # Errors
    /// The listener cannot go on.
    fn progress(&mut self, percent: f64) -> io::Result<()>;
}

/// Why there is no evidence. `Display` is what the tool prints.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A log file cannot be opened or read.
    #[error("{}", crate::python_text::io_error(source, path))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The files hold no line at all. The words are those of the original, which divides by their number.
    #[error("float division by zero")]
    Empty,
    /// The listener cannot go on: its output does not take what is found.
    #[error("cannot write what was found: {0}")]
    Listener(#[source] io::Error),
}

struct OpenFile {
    path: PathBuf,
    lines: LogReader<LogSource>,
    /// Read ahead.
    next: Option<Record>,
}

/// Reads the files, merged by time, and tells the listener. Each file is opened twice by `open`: first its lines are
/// counted.
///
/// # Errors
/// See [`EvidenceError`].
///
/// Contract: deployment 7.1.
pub fn gather(
    files: &[PathBuf],
    open: &dyn Fn(&Path) -> io::Result<LogSource>,
    period: Period,
    listener: &mut impl Listener,
) -> Result<(), EvidenceError> {
    let patterns = Patterns::new();
    let mut total = 0;
    let mut opened = Vec::with_capacity(files.len());
    for path in files {
        let failed = |source| EvidenceError::File { path: path.clone(), source };
        total += LogReader::new(open(path).map_err(failed)?).count_lines().map_err(failed)?;
        let lines = LogReader::new(open(path).map_err(failed)?);
        opened.push(OpenFile { path: path.clone(), lines, next: None });
    }
    let mut passed = 0_u64;
    while !opened.is_empty() {
        for file in opened.iter_mut().filter(|file| file.next.is_none()) {
            passed += file.read_ahead(&patterns, period, listener)?;
        }
        opened.retain(|file| file.next.is_some());
        if let Some(earliest) = opened.iter_mut().min_by_key(|file| file.next.as_ref().map(|r| r.time))
            && let Some(record) = earliest.next.take()
        {
            listener.record(record).map_err(EvidenceError::Listener)?;
        }
        if total == 0 {
            return Err(EvidenceError::Empty);
        }
        listener.progress(passed as f64 / total as f64 * 100.0).map_err(EvidenceError::Listener)?;
    }
    Ok(())
}

impl OpenFile {
    /// Reads up to the next record; returns how many lines told nothing.
    fn read_ahead(
        &mut self,
        patterns: &Patterns,
        period: Period,
        listener: &mut impl Listener,
    ) -> Result<u64, EvidenceError> {
        let mut passed = 0;
        loop {
            let line = match self.lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(passed),
                Err(source) => return Err(EvidenceError::File { path: self.path.clone(), source }),
            };
            match record(line, patterns, period) {
                Ok(Some(found)) => {
                    self.next = Some(found);
                    return Ok(passed);
                }
                Ok(None) => {}
                Err(error) => listener.bad_line(line, error).map_err(EvidenceError::Listener)?,
            }
            passed += 1;
        }
    }
}

fn record(line: &[u8], patterns: &Patterns, period: Period) -> Result<Option<Record>, NotALine> {
    if line.len() <= SHORTEST_LINE {
        return Ok(None);
    }
    let expanded = line::expand_tabs(line);
    let line = LogLine::parse(&expanded)?;
    if line.time < period.start || line.time > period.end {
        return Ok(None);
    }
    Ok(patterns.record(&line))
}
