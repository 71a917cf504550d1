//! Names and units of the histograms.
//!
//! Contract: deployment 7.3.

use std::fmt::Display;
use std::time::Duration;

const DECISECOND: &str = "decisecond";
const SECONDS: &str = "secs";

/// A time as a sample in deciseconds, the unit of short times.
pub fn deciseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis() / 100).unwrap_or(u64::MAX)
}

/// How one timer's callback took.
pub fn timer_callback(timer: &str) -> (String, &'static str) {
    (format!("timer callback: {timer}"), DECISECOND)
}

/// How all timers of one turn took.
pub fn timer_dispatch() -> (String, &'static str) {
    ("timer overall time per dispatch: ".to_owned(), DECISECOND)
}

/// What a callback of the select loop was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Input is there.
    Read,
    /// Output is possible.
    Write,
    /// An error is pending.
    Error,
}

/// How a callback of the select loop took.
pub fn select_callback(readiness: Readiness, callback: &str) -> (String, &'static str) {
    let kind = match readiness {
        Readiness::Read => "read",
        Readiness::Write => "write",
        Readiness::Error => "error",
    };
    (format!("selobj {kind}: {callback}"), DECISECOND)
}

/// When the database is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// By the timer.
    Periodic,
    /// At once.
    Inline,
}

/// How a commit took.
pub fn database_commits(commit: Commit) -> (String, &'static str) {
    let kind = match commit {
        Commit::Periodic => "periodic",
        Commit::Inline => "inline",
    };
    (format!("database-commits ({kind})"), DECISECOND)
}

/// How many calls of a priority wait in the queue of their plugin; counted when one is queued.
pub fn queue_length(plugin: &str, priority: impl Display) -> (String, &'static str) {
    (format!("{plugin} [tasks-queue-p{priority}]"), "ready-tasks")
}

/// How long a call took, waiting included.
pub fn execution_time(function: &str) -> (String, &'static str) {
    (format!("{function} [execution-time]"), SECONDS)
}

/// How long a call took in its worker.
pub fn worker_execution_time(function: &str) -> (String, &'static str) {
    (format!("{function} [worker-execution-time]"), SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_are_those_of_the_contract() {
        for ((name, unit), expected) in [
            (timer_callback("t"), ("timer callback: t", "decisecond")),
            (timer_dispatch(), ("timer overall time per dispatch: ", "decisecond")),
            (select_callback(Readiness::Read, "c"), ("selobj read: c", "decisecond")),
            (select_callback(Readiness::Write, "c"), ("selobj write: c", "decisecond")),
            (select_callback(Readiness::Error, "c"), ("selobj error: c", "decisecond")),
            (database_commits(Commit::Periodic), ("database-commits (periodic)", "decisecond")),
            (database_commits(Commit::Inline), ("database-commits (inline)", "decisecond")),
            (queue_length("Compute", 1), ("Compute [tasks-queue-p1]", "ready-tasks")),
            (execution_time("f"), ("f [execution-time]", "secs")),
            (worker_execution_time("f"), ("f [worker-execution-time]", "secs")),
        ] {
            assert_eq!((name.as_str(), unit), expected);
        }
    }

    #[test]
    fn short_times_are_counted_in_whole_tenths() {
        assert_eq!(deciseconds(Duration::from_millis(99)), 0);
        assert_eq!(deciseconds(Duration::from_millis(1250)), 12);
    }
}
