//! Whether this process runs in time.
//!
//! A host under full load lets this process wait, too. Then a challenge leaves late, and an answer that lies in the
//! socket is read late; neither says anything about the guest.

use std::time::Duration;

/// When this process last came too late.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    last: Option<Duration>,
}

impl Lateness {
    /// Takes note that work due at `due` is done at `now`.
    pub(super) fn note(&mut self, due: Duration, now: Duration, allowed: Duration) {
        if now.saturating_sub(due) >= allowed {
            self.last = Some(now);
        }
    }

    /// Whether it came too late at or after `start`.
    pub(super) fn since(&self, start: Duration) -> bool {
        self.last.is_some_and(|last| last >= start)
    }
}
