//! Whether a process grows: the median of the last fifth of the time against that of the second fifth. The first fifth
//! is for caches and histories that fill.

use super::probe::{Sample, Series};

/// Memory may be so much more, as a factor and in MB beside it: histories and caches still fill, allocators keep what
/// a burst took.
const MEMORY: (f64, f64) = (1.10, 2.0);
/// Descriptors may be so many more: what is under way at the moment of a look.
const DESCRIPTORS: (f64, f64) = (1.10, 4.0);
/// With fewer samples nothing can be said.
const FEWEST: usize = 15;

/// A quantity in the second and the last fifth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Median of the second fifth.
    pub early: f64,
    /// Median of the last fifth.
    pub late: f64,
    /// What the second may be at most.
    pub allowed: f64,
}

impl Change {
    /// It does not grow.
    pub fn is_flat(&self) -> bool {
        self.late <= self.allowed
    }
}

/// How a process did.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// MB.
    pub memory: Change,
    /// Most memory, MB.
    pub peak: f64,
    /// Open ones.
    pub descriptors: Change,
    /// Most threads.
    pub threads: u64,
    /// Of one processor, per cent.
    pub processor: f64,
    /// How often it was started anew.
    pub restarts: usize,
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn change(series: &Series, (factor, more): (f64, f64), value: impl Fn(&Sample) -> f64) -> Change {
    let end = series.last().map_or(0.0, |(at, _)| *at);
    let fifth = |from: f64, to: f64| {
        let within = series.iter().filter(|(at, _)| *at >= from * end && *at <= to * end);
        median(within.map(|(_, sample)| value(sample)).collect())
    };
    let (early, late) = (fifth(0.2, 0.4), fifth(0.8, 1.0));
    Change { early, late, allowed: early * factor + more }
}

/// Judges a process by its samples; none when there are too few.
pub fn of(series: &Series) -> Option<Growth> {
    if series.len() < FEWEST {
        return None;
    }
    let megabytes = |sample: &Sample| sample.memory as f64 / 1024.0;
    // a process that was started anew begins to count anew
    let spent: u64 = series
        .windows(2)
        .map(|pair| {
            let (before, after) = (&pair[0].1, &pair[1].1);
            let from = if before.pid == after.pid { before.processor } else { 0 };
            after.processor.saturating_sub(from)
        })
        .sum();
    let time = series.last()?.0 - series.first()?.0;
    Some(Growth {
        memory: change(series, MEMORY, megabytes),
        peak: series.iter().map(|(_, sample)| megabytes(sample)).fold(0.0, f64::max),
        descriptors: change(series, DESCRIPTORS, |sample| sample.descriptors as f64),
        threads: series.iter().map(|(_, sample)| sample.threads).max()?,
        processor: spent as f64 / 10.0 / time.max(0.001),
        restarts: series.windows(2).filter(|pair| pair[0].1.pid != pair[1].1.pid).count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(memory: impl Fn(u64) -> u64) -> Series {
        let sample = |step: u64| Sample {
            pid: 1,
            memory: memory(step) * 1024,
            descriptors: 20 + memory(step) / 10,
            threads: 3,
            processor: step * 500,
        };
        (0..100).map(|step| (step as f64 * 5.0, sample(step))).collect()
    }

    #[test]
    fn what_grows_is_found_and_what_fills_at_first_is_not_blamed() {
        let flat = of(&series(|_| 100)).expect("enough samples");
        assert!(flat.memory.is_flat() && flat.descriptors.is_flat());
        assert!((flat.processor - 10.0).abs() < 0.01, "{flat:?}");
        assert!(of(&series(|step| 50 + step.min(15) * 10)).expect("enough").memory.is_flat());
        let grows = of(&series(|step| 100 + step)).expect("enough samples");
        assert!(!grows.memory.is_flat() && grows.descriptors.is_flat(), "{grows:?}");
        assert!(!of(&series(|step| 100 + step * 10)).expect("enough").descriptors.is_flat());
        assert_eq!(of(&series(|_| 1)[..5].to_vec()), None);
    }

    #[test]
    fn a_process_that_was_started_anew_is_counted_on() {
        let mut samples = series(|_| 10);
        for (_, sample) in &mut samples[50..] {
            sample.pid = 2;
            sample.processor -= 25_000;
        }
        let growth = of(&samples).expect("enough samples");
        assert_eq!(growth.restarts, 1);
        assert!((growth.processor - 10.0).abs() < 0.2, "{growth:?}");
    }
}
