//! The tables between log and plot: `csv/<name>.csv`, a line for each display.

use super::{HistogramError, Samples};
use jiff::civil::DateTime;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One point of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Local time of the log.
    pub time: DateTime,
    /// Milliseconds.
    pub average: f64,
    /// Samples since the histograms were reset.
    pub hits: u64,
}

/// The displays of one histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name of the histogram.
    pub name: String,
    /// In the order of the table.
    pub points: Vec<Point>,
}

impl Samples {
    /// Writes a table for each histogram; existing ones are replaced.
    ///
    /// # Errors
    /// The directory or a table cannot be written.
    pub fn write(&self, directory: &Path) -> Result<Vec<PathBuf>, HistogramError> {
        std::fs::create_dir_all(directory).map_err(HistogramError::file("make", directory))?;
        let mut written = Vec::new();
        for (name, samples) in &self.by_name {
            let mut text = String::new();
            for sample in samples {
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "{},{},{},",
                    sample.time,
                    average(sample.average, sample.hits),
                    sample.hits
                );
            }
            // a name may hold what separates directories
            let path = directory.join(format!("{}.csv", name.replace('/', "_")));
            std::fs::write(&path, text).map_err(HistogramError::file("write", &path))?;
            written.push(path);
        }
        Ok(written)
    }
}

/// As Python 2 prints a number: twelve digits at most. Without hits it is the whole number 0.
fn average(value: f64, hits: u64) -> String {
    if hits == 0 {
        return "0".to_owned();
    }
    let digits = format!("{value:.11e}");
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent >= 12 {
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        return format!("{mantissa}e+{exponent:02}");
    }
    let decimals = usize::try_from(11 - exponent).unwrap_or(0);
    if decimals == 0 {
        return format!("{value:.0}.0");
    }
    let fixed = format!("{value:.decimals$}");
    let short = fixed.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}

impl Series {
    /// Reads a table.
    ///
    /// # Errors
    /// It cannot be read or is no such table.
    pub fn read(path: &Path) -> Result<Self, HistogramError> {
        let text = std::fs::read_to_string(path).map_err(HistogramError::file("read", path))?;
        let point = |(index, line): (usize, &str)| {
            Self::point(line).ok_or(HistogramError::Table { path: path.to_owned(), line: index + 1 })
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, points: text.lines().enumerate().map(point).collect::<Result<_, _>>()? })
    }

    fn point(line: &str) -> Option<Point> {
        let mut columns = line.split(',');
        let time = columns.next()?.parse().ok()?;
        let average: f64 = columns.next()?.parse().ok().filter(|value: &f64| value.is_finite())?;
        let hits = columns.next()?.parse().ok()?;
        Some(Point { time, average, hits })
    }

    /// Hits from one display to the next; none for the first, and after a reset all of them.
    pub fn deltas(&self) -> Vec<Option<u64>> {
        let mut before = None;
        let delta = |point: &Point| {
            let delta = before.map(|before| point.hits.checked_sub(before).unwrap_or(point.hits));
            before = Some(point.hits);
            delta
        };
        self.points.iter().map(delta).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_have_python_2s_form() {
        for (value, text) in [
            (1025.0, "1025.0"),
            (100.0 / 3.0, "33.3333333333"),
            (2000.0 / 3.0, "666.666666667"),
            (0.5, "0.5"),
            (1e12, "1e+12"),
            (123_456_789_012.5, "123456789012.0"),
        ] {
            assert_eq!(average(value, 1), text);
        }
        assert_eq!(average(0.0, 0), "0");
        assert_eq!(average(0.0, 3), "0.0");
    }

    #[test]
    fn hits_count_from_one_display_to_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.csv");
        std::fs::write(
            &path,
            "2019-01-23T15:04:05.006,12.5,10,\n2019-01-23T15:05:05.006,0,25,\n2019-01-23T15:06:05.006,1.0,5,\n",
        )
        .unwrap();
        let series = Series::read(&path).unwrap();
        assert_eq!(series.name, "x");
        assert_eq!(series.deltas(), [None, Some(15), Some(5)]);
        std::fs::write(&path, "2019-01-23T15:04:05.006,12.5,10,\nx\n").unwrap();
        assert!(
            Series::read(&path).unwrap_err().to_string().ends_with("line 2: not <time>,<average>,<hits>,")
        );
    }
}
