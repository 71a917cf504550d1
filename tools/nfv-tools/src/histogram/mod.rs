//! `nfv-histogram`: the histograms in the VIM's log as tables and plots.
//!
//! ```text
//! nfv-vim.log, .1, .2.gz … ──► samples ──► table: csv/<name>.csv ──► series ──► plot: SVG
//!                              (by name)   <time>,<average ms>,<hits>,
//! ```
//!
//! The tables are those of the original's `Histogram.py`, so that its `plotter.py` and older tables go on to work; the
//! plots show what `plotter.py` shows.
//!
//! Contract: deployment 7.3, 7.4.

mod plot;
mod sample;
mod selection;
mod table;

pub use plot::{Plot, Quantity, Style};
pub use sample::{Sample, Samples, table_name};
pub use selection::Selection;
pub use table::{Point, Series};

use crate::log_file;
use nfv_common::forensic::LogReader;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong, on what.
#[derive(Debug, thiserror::Error)]
pub enum HistogramError {
    /// A file or directory.
    #[error("cannot {tried} {}: {source}", path.display())]
    File {
        /// Read, write, list.
        tried: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A table that is none.
    #[error("{}, line {line}: not <time>,<average>,<hits>,", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// Nothing to show.
    #[error("nothing to plot: {0}")]
    Nothing(String),
}

impl HistogramError {
    fn file<'a>(tried: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |source| Self::File { tried, path: path.to_owned(), source }
    }
}

/// The logs `nfv-vim.log`, `nfv-vim.log.N` and `nfv-vim.log.N.gz` of a directory, the oldest first.
///
/// # Errors
/// The directory cannot be listed.
pub fn logs_in(directory: &Path) -> Result<Vec<PathBuf>, HistogramError> {
    let failed = || HistogramError::file("list", directory);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(rest) = name.strip_prefix("nfv-vim.log") else { continue };
        let rest = rest.strip_suffix(".gz").unwrap_or(rest);
        let age = match rest.strip_prefix('.') {
            None if rest.is_empty() => 0,
            Some(number) => match number.parse::<u32>() {
                Ok(age) => age,
                Err(_) => continue,
            },
            None => continue,
        };
        found.push((age, path));
    }
    found.sort_by(|a, b| b.cmp(a));
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// The samples in these logs, read in their order.
///
/// # Errors
/// A log cannot be read.
pub fn read_logs(logs: &[PathBuf]) -> Result<Samples, HistogramError> {
    let mut samples = Samples::default();
    for path in logs {
        let opened = log_file::open(path).map_err(HistogramError::file("read", path))?;
        let mut lines = LogReader::new(opened);
        while let Some(line) = lines.next_line().map_err(HistogramError::file("read", path))? {
            samples.line(line);
        }
    }
    samples.end();
    Ok(samples)
}
