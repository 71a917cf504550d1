//! What happened in the cloud, as a list that a person can read.

use std::time::Duration;

use serde::Serialize;

use super::Cloud;

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Happening {
    /// Seconds since the lab's start.
    pub at: f64,
    /// `host` or `vm`.
    pub kind: &'static str,
    /// Name of the host or server.
    pub name: String,
    /// What happened.
    pub what: String,
}

/// The list is cut at its old end beyond this length.
const KEPT: usize = 100_000;

impl Cloud {
    pub(super) fn happened(&mut self, kind: &'static str, name: &str, what: impl Into<String>) {
        if self.happenings.len() >= KEPT {
            self.happenings.drain(..KEPT / 2);
        }
        let at = self.now.as_secs_f64();
        self.happenings.push(Happening { at, kind, name: name.to_owned(), what: what.into() });
    }

    /// What happened after the given time.
    #[must_use]
    pub fn happenings_since(&self, since: Duration) -> &[Happening] {
        let since = since.as_secs_f64();
        let first = self.happenings.partition_point(|happening| happening.at <= since);
        &self.happenings[first..]
    }

    /// All that happened.
    #[must_use]
    pub fn happenings(&self) -> &[Happening] {
        &self.happenings
    }
}
