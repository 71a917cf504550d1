//! How long the upstreams took, in the log on SIGUSR1.
//!
//! Contract: nova-api-proxy 9.4.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Zoned;
use jiff::civil::DateTime;
use nfv_common::utc_text::shortest_civil;

const BUCKETS: usize = 8;
const RULE_WIDTH: usize = 120;
const MAX_STARS: u64 = 60;

#[derive(Clone, Debug)]
struct Histogram {
    created: DateTime,
    reset: DateTime,
    total: u64,
    samples: u64,
    max: Option<(u64, DateTime)>,
    buckets: [u64; BUCKETS],
}

impl Histogram {
    fn new(now: DateTime) -> Self {
        Self { created: now, reset: now, total: 0, samples: 0, max: None, buckets: [0; BUCKETS] }
    }

    fn add(&mut self, seconds: u64, now: impl FnOnce() -> DateTime) {
        self.buckets[bucket(seconds)] += 1;
        self.samples += 1;
        self.total = self.total.saturating_add(seconds);
        if self.max.is_none_or(|(max, _)| seconds > max) {
            self.max = Some((seconds, now()));
        }
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let rule = "-".repeat(RULE_WIDTH);
        let (created, reset) = (shortest_civil(self.created), shortest_civil(self.reset));
        let mut summary = format!("    total: {}", self.samples);
        if let Some(average) = self.total.checked_div(self.samples) {
            summary.push_str(&format!("  avg: {average}"));
        }
        if let Some((max, at)) = self.max {
            summary.push_str(&format!("  max: {max} ({})", shortest_civil(at)));
        }
        let mut lines = vec![
            rule.clone(),
            format!("Histogram: {name}"),
            format!("  created-date: {created}  reset-date: {reset}"),
            summary,
        ];
        for (index, count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let stars = "*".repeat((*count).min(MAX_STARS) as usize);
            lines.push(format!("    {index:03} [up to {:03} secs]: {count:07} {stars}", 1u64 << index));
        }
        lines.push(rule);
        lines
    }
}

/// Bucket `i` holds samples up to 2^i seconds, the last one all above. (The original fails on 129 to 256 s.)
fn bucket(seconds: u64) -> usize {
    let bits = u64::BITS - seconds.saturating_sub(1).leading_zeros();
    (bits as usize).min(BUCKETS - 1)
}

/// The histograms of the process, by `HOST:PORT`.
#[derive(Debug, Default)]
pub struct Histograms(Mutex<BTreeMap<String, Histogram>>);

impl Histograms {
    /// Counts the time that an upstream took to begin its answer.
    pub fn add(&self, name: &str, elapsed: Duration) {
        let mut histograms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = || Zoned::now().datetime();
        match histograms.get_mut(name) {
            Some(histogram) => histogram.add(elapsed.as_secs(), now),
            None => {
                let mut histogram = Histogram::new(now());
                histogram.add(elapsed.as_secs(), now);
                histograms.insert(name.to_owned(), histogram);
            }
        }
    }

    /// Forgets all samples (SIGUSR2).
    pub fn reset(&self) {
        let now = Zoned::now().datetime();
        for histogram in self.0.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            *histogram = Histogram { created: histogram.created, ..Histogram::new(now) };
        }
    }

    /// The lines that show them (SIGUSR1).
    pub fn lines(&self) -> Vec<String> {
        let histograms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        histograms.iter().flat_map(|(name, histogram)| histogram.lines(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i8) -> DateTime {
        DateTime::new(2026, 11, 22, 19, 54, second, 586_246_000).unwrap()
    }

    #[test]
    fn the_lines_are_those_of_the_contract() {
        let mut histogram = Histogram::new(at(44));
        (0..28).for_each(|_| histogram.add(0, || at(44)));
        for (seconds, second) in [(3, 50), (2, 51), (3, 52), (3, 53)] {
            histogram.add(seconds, || at(second));
        }
        let rule = "-".repeat(120);
        assert_eq!(
            histogram.lines("127.0.0.1:18774"),
            [
                rule.clone(),
                "Histogram: 127.0.0.1:18774".to_owned(),
                "  created-date: 2026-11-22 19:54:44.586246  reset-date: 2026-11-22 19:54:44.586246"
                    .to_owned(),
                "    total: 32  avg: 0  max: 3 (2026-11-22 19:54:50.586246)".to_owned(),
                "    000 [up to 001 secs]: 0000028 ****************************".to_owned(),
                "    001 [up to 002 secs]: 0000001 *".to_owned(),
                "    002 [up to 004 secs]: 0000003 ***".to_owned(),
                rule,
            ]
        );
        assert_eq!(Histogram::new(at(1)).lines("x")[3], "    total: 0");
    }

    #[test]
    fn slow_answers_fall_into_the_last_bucket() {
        for (seconds, expected) in
            [(0, 0), (1, 0), (2, 1), (4, 2), (5, 3), (128, 7), (129, 7), (256, 7), (9999, 7)]
        {
            assert_eq!(bucket(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn a_reset_keeps_the_name() {
        let histograms = Histograms::default();
        histograms.add("h:1", Duration::from_millis(2900));
        assert!(histograms.lines()[3].starts_with("    total: 1  avg: 2  max: 2 ("));
        histograms.reset();
        assert_eq!(histograms.lines()[1], "Histogram: h:1");
        assert_eq!(histograms.lines()[3], "    total: 0");
    }
}
