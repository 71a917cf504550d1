//! What /proc tells of the processes.

use anyhow::Context;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Milliseconds of a tick in /proc: a hundredth of a second on every Linux that matters here.
const TICK: u64 = 10;

/// A process at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Process id.
    pub pid: u32,
    /// Resident memory, kB.
    pub memory: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// Processor time since its start, milliseconds.
    pub processor: u64,
}

impl Sample {
    /// Looks; none when it is gone.
    pub fn of(pid: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let number = |field: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<_> = stat.rsplit(')').next()?.split_whitespace().collect();
        let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
        Some(Self {
            pid,
            memory: number("VmRSS:")?,
            descriptors: std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64,
            threads: number("Threads:")?,
            processor: ticks * TICK,
        })
    }
}

/// The samples of a process: seconds since the load began, and what was seen.
pub type Series = Vec<(f64, Sample)>;

/// The samples of all processes.
#[derive(Debug, Default)]
pub struct Probe(BTreeMap<String, Series>);

impl Probe {
    /// Looks at these processes now.
    pub fn look(&mut self, at: f64, processes: &[(String, u32)]) {
        for (name, pid) in processes {
            if let Some(sample) = Sample::of(*pid) {
                self.0.entry(name.clone()).or_default().push((at, sample));
            }
        }
    }

    /// By process.
    pub fn series(&self) -> &BTreeMap<String, Series> {
        &self.0
    }

    /// Memory of a process when it was looked at last, MB.
    pub fn memory(&self, name: &str) -> f64 {
        let last = self.0.get(name).and_then(|series| series.last());
        last.map_or(0.0, |(_, sample)| sample.memory as f64 / 1024.0)
    }

    /// Writes all samples as CSV.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        let mut text = String::from("seconds,process,pid,memory_kb,descriptors,threads,processor_ms\n");
        let mut rows: Vec<_> =
            self.0.iter().flat_map(|(name, series)| series.iter().map(move |row| (name, row))).collect();
        rows.sort_by(|(_, (one, _)), (_, (other, _))| one.total_cmp(other));
        for (name, (at, sample)) in rows {
            let Sample { pid, memory, descriptors, threads, processor } = sample;
            let _ = writeln!(text, "{at:.1},{name},{pid},{memory},{descriptors},{threads},{processor}");
        }
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_seen_as_it_is() {
        let own = std::process::id();
        let before = Sample::of(own).expect("this process runs");
        let file = std::fs::File::open("/proc/self/status").expect("it can be opened");
        let after = Sample::of(own).expect("this process runs");
        assert!(before.memory > 1000 && before.threads >= 2);
        // other tests may open files, too, but not close what they have not opened
        assert!(after.descriptors >= 4 && after.processor >= before.processor);
        drop(file);
        assert_eq!(Sample::of(u32::MAX), None);
    }
}
