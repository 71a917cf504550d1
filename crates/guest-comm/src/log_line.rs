//! A line for the system log.

use std::panic::Location;

/// How serious a line is, with syslog's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something failed.
    Error = 3,
    /// Something will perhaps fail.
    Warning = 4,
    /// Something happened.
    Info = 6,
    /// How something happened.
    Debug = 7,
}

/// A line for the system log: `<file>(<line>): <text>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How serious it is.
    pub severity: Severity,
    /// What is said.
    pub text: String,
}

impl LogLine {
    /// A line that names the place it is made at.
    #[track_caller]
    pub fn new(severity: Severity, text: impl AsRef<str>) -> Self {
        let place = Location::caller();
        let file = place.file().rsplit('/').next().unwrap_or_default();
        Self { severity, text: format!("{file}({}): {}", place.line(), text.as_ref()) }
    }
}
