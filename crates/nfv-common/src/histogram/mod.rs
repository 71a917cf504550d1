//! Histograms of times and lengths inside a process, shown in its log.
//!
//! Contract: deployment 7.3. Lines are to be logged one by one with the source file name [`LOG_FILE`] and the logger
//! [`LOGGER`], which log readers look for.

pub mod names;

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use crate::utc_text::shortest_civil;

/// Source file name of histogram lines in the log.
pub const LOG_FILE: &str = "histogram.py";
/// Logger of histogram lines.
pub const LOGGER: &str = "nfv_common.histogram";

const BUCKETS: usize = 16;
const RULE_WIDTH: usize = 120;
const MAX_STARS: u64 = 60;

/// How a histogram is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// With dates, totals and stars: on SIGUSR1.
    Pretty,
    /// Name and buckets only: when an audit finds the process slow.
    Plain,
}

/// Counts of samples, bucket `i` holding those in `(2^(i-1), 2^i]`, the first 0 and 1, the last all above 2^14.
///
/// Dates are local times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    unit: &'static str,
    created: DateTime,
    reset: DateTime,
    total: u64,
    samples: u64,
    max: Option<(u64, DateTime)>,
    buckets: [u64; BUCKETS],
}

impl Histogram {
    /// An empty histogram of samples in `unit`.
    pub fn new(unit: &'static str, now: DateTime) -> Self {
        Self { unit, created: now, reset: now, total: 0, samples: 0, max: None, buckets: [0; BUCKETS] }
    }

    /// Counts a sample.
    pub fn add(&mut self, sample: u64, now: DateTime) {
        self.buckets[bucket(sample)] += 1;
        self.samples += 1;
        self.total = self.total.saturating_add(sample);
        if self.max.is_none_or(|(max, _)| sample > max) {
            self.max = Some((sample, now));
        }
    }

    /// Forgets all samples.
    pub fn reset(&mut self, now: DateTime) {
        *self = Self { created: self.created, ..Self::new(self.unit, now) };
    }

    /// The lines that show this histogram.
    pub fn lines(&self, name: &str, form: Form) -> Vec<String> {
        let pretty = form == Form::Pretty;
        let mut lines = Vec::new();
        if pretty {
            lines.push("-".repeat(RULE_WIDTH));
        }
        lines.push(format!("Histogram: {name}"));
        if pretty {
            lines.push(format!(
                "  created-date: {}  reset-date: {}",
                shortest_civil(self.created),
                shortest_civil(self.reset)
            ));
            lines.push(self.summary());
        }
        for (index, count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let mut line = format!("    {index:03} [up to {:03} {}]: {count:07}", 1u64 << index, self.unit);
            if pretty {
                line.push(' ');
                line.extend(std::iter::repeat_n('*', self.stars(*count)));
            }
            lines.push(line);
        }
        if pretty {
            lines.push("-".repeat(RULE_WIDTH));
        }
        lines
    }

    fn summary(&self) -> String {
        let mut line = format!("    total: {}", self.samples);
        if let Some(average) = self.total.checked_div(self.samples) {
            line.push_str(&format!("  avg: {average}"));
        }
        if let Some((max, at)) = self.max {
            line.push_str(&format!("  max: {max} ({})", shortest_civil(at)));
        }
        line
    }

    /// The scale adds the maximum once too often, so that nearly every bucket shows all stars. Readers of the log
    /// compare the counts; the stars stay as they have always been.
    fn stars(&self, count: u64) -> usize {
        let max = self.max.map_or(0, |(max, _)| max);
        let scaled = match MAX_STARS.saturating_mul(count).checked_div(max) {
            Some(scaled) => scaled.saturating_add(max),
            None => count,
        };
        scaled.min(MAX_STARS) as usize
    }
}

fn bucket(sample: u64) -> usize {
    let bits = u64::BITS - sample.saturating_sub(1).leading_zeros();
    (bits as usize).min(BUCKETS - 1)
}

/// The histograms of a process, by name.
#[derive(Clone, Debug, Default)]
pub struct Histograms {
    by_name: BTreeMap<String, Histogram>,
}

impl Histograms {
    /// Counts a sample; the first sample of a name makes its histogram. See [`names`].
    pub fn add(&mut self, (name, unit): (String, &'static str), sample: u64, now: DateTime) {
        self.by_name.entry(name).or_insert_with(|| Histogram::new(unit, now)).add(sample, now);
    }

    /// Forgets all samples of all histograms (SIGUSR2). The histograms stay.
    pub fn reset(&mut self, now: DateTime) {
        self.by_name.values_mut().for_each(|histogram| histogram.reset(now));
    }

    /// The lines that show all histograms, by name.
    pub fn lines(&self, form: Form) -> Vec<String> {
        self.by_name.iter().flat_map(|(name, histogram)| histogram.lines(name, form)).collect()
    }

    /// One histogram.
    pub fn get(&self, name: &str) -> Option<&Histogram> {
        self.by_name.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i8) -> DateTime {
        DateTime::new(2019, 1, 23, 15, 4, second, 250_000_000).unwrap()
    }

    #[test]
    fn samples_fall_into_powers_of_two_and_the_last_bucket_takes_the_rest() {
        for (sample, expected) in [
            (0, 0),
            (1, 0),
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 3),
            (8, 3),
            (9, 4),
            (16384, 14),
            (16385, 15),
            (32768, 15),
            (32769, 15),
            (65536, 15),
            (65537, 15),
            (u64::MAX, 15),
        ] {
            assert_eq!(bucket(sample), expected, "{sample}");
        }
    }

    #[test]
    fn the_pretty_form_is_exact() {
        let mut histograms = Histograms::default();
        let name = || names::timer_callback("audit");
        histograms.add(name(), 3, at(1));
        histograms.add(name(), 4, at(2));
        histograms.add(name(), 0, at(3));
        histograms.add(name(), 40_000, at(4));
        let rule = "-".repeat(120);
        let stars = "*".repeat(60);
        assert_eq!(
            histograms.lines(Form::Pretty),
            [
                rule.clone(),
                "Histogram: timer callback: audit".to_owned(),
                "  created-date: 2019-01-23 15:04:01.250000  reset-date: 2019-01-23 15:04:01.250000"
                    .to_owned(),
                "    total: 4  avg: 10001  max: 40000 (2019-01-23 15:04:04.250000)".to_owned(),
                format!("    000 [up to 001 decisecond]: 0000001 {stars}"),
                format!("    002 [up to 004 decisecond]: 0000002 {stars}"),
                format!("    015 [up to 32768 decisecond]: 0000001 {stars}"),
                rule,
            ]
        );
    }

    #[test]
    fn the_plain_form_has_neither_dates_nor_stars() {
        let mut histograms = Histograms::default();
        histograms.add(names::database_commits(names::Commit::Inline), 2, at(1));
        histograms.add(names::execution_time("get_hosts"), 1, at(1));
        assert_eq!(
            histograms.lines(Form::Plain),
            [
                "Histogram: database-commits (inline)",
                "    001 [up to 002 decisecond]: 0000001",
                "Histogram: get_hosts [execution-time]",
                "    000 [up to 001 secs]: 0000001",
            ]
        );
    }

    #[test]
    fn a_reset_histogram_keeps_its_name_and_creation_date() {
        let mut histograms = Histograms::default();
        let (name, unit) = names::timer_dispatch();
        histograms.add((name.clone(), unit), 7, at(1));
        histograms.reset(at(9));
        let lines = histograms.get(&name).unwrap().lines(&name, Form::Pretty);
        assert_eq!(
            lines[1..4],
            [
                "Histogram: timer overall time per dispatch: ".to_owned(),
                "  created-date: 2019-01-23 15:04:01.250000  reset-date: 2019-01-23 15:04:09.250000"
                    .to_owned(),
                "    total: 0".to_owned(),
            ]
        );
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn stars_follow_the_scale_of_the_contract() {
        let mut h = Histogram::new("secs", at(0));
        (0..5).for_each(|_| h.add(0, at(0)));
        assert_eq!(h.stars(5), 5, "without a maximum the count itself");
        h.add(30, at(0));
        assert_eq!(h.stars(5), 40);
        assert_eq!(h.stars(u64::MAX), 60);
    }
}
