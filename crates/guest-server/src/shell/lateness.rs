//! How late timers come: counted by the millisecond, shown in a dump.

use std::fmt;
use std::time::Duration;

/// Longer ones count as this.
const MAX_MILLIS: usize = 1000;

#[derive(Debug)]
pub(super) struct LatenessCounts {
    by_millis: Box<[u64; MAX_MILLIS + 1]>,
    worst: Duration,
}

impl Default for LatenessCounts {
    fn default() -> Self {
        Self { by_millis: Box::new([0; MAX_MILLIS + 1]), worst: Duration::ZERO }
    }
}

impl LatenessCounts {
    pub(super) fn count(&mut self, late: Duration) {
        let millis = usize::try_from(late.as_millis()).unwrap_or(MAX_MILLIS).min(MAX_MILLIS);
        self.by_millis[millis] += 1;
        self.worst = self.worst.max(late);
    }

    /// The number of milliseconds below which so many percent lie.
    fn percentile(&self, percent: u64) -> usize {
        let total: u64 = self.by_millis.iter().sum();
        let wanted = (total * percent).div_ceil(100);
        let mut seen = 0;
        let found = self.by_millis.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        found.map_or(MAX_MILLIS, |millis| millis + usize::from(total > 0))
    }
}

impl fmt::Display for LatenessCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.by_millis.iter().sum();
        let (p50, p99) = (self.percentile(50), self.percentile(99));
        let worst = self.worst.as_millis();
        write!(f, "timers:{total} late p50<{p50} p99<{p99} worst {worst} msec")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_upper_bounds() {
        let mut counts = LatenessCounts::default();
        for millis in 0..100 {
            counts.count(Duration::from_millis(millis));
        }
        counts.count(Duration::from_secs(5));
        assert_eq!(counts.to_string(), "timers:101 late p50<51 p99<100 worst 5000 msec");
        assert_eq!(LatenessCounts::default().to_string(), "timers:0 late p50<0 p99<0 worst 0 msec");
    }
}
