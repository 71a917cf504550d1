//! What a process tells systemd: that it is ready, that it still turns, that it ends. Without systemd all of it does
//! nothing.

use sd_notify::NotifyState;
use std::time::{Duration, Instant};

/// The period of a process that nobody watches.
const UNWATCHED: Duration = Duration::from_secs(24 * 3600);

/// The service manager that started this process, if one did.
#[derive(Debug)]
pub struct Supervisor {
    /// Between two signs of life; none when the unit has no watchdog.
    period: Option<Duration>,
    last: Option<Instant>,
}

impl Supervisor {
    /// As the variables of the environment tell it (`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`).
    pub fn from_environment() -> Self {
        // a third: one sign may be late, and the next one still comes in time
        Self { period: sd_notify::watchdog_enabled().map(|limit| limit / 3), last: None }
    }

    /// The process does its work from now on.
    pub fn ready(&self) {
        send(NotifyState::Ready);
    }

    /// The part that all else depends on has turned. To be called at least once in [`Self::period`]; calls in between
    /// cost nothing.
    pub fn turned(&mut self) {
        let Some(period) = self.period else { return };
        if self.last.is_none_or(|last| last.elapsed() >= period / 2) {
            self.last = Some(Instant::now());
            send(NotifyState::Watchdog);
        }
    }

    /// How often to call [`Self::turned`].
    pub fn period(&self) -> Duration {
        self.period.unwrap_or(UNWATCHED).max(Duration::from_millis(1))
    }

    /// The process begins to end.
    pub fn stopping(&self) {
        send(NotifyState::Stopping);
    }
}

/// A service manager that does not listen is no reason to stop.
fn send(state: NotifyState<'_>) {
    let _ = sd_notify::notify(&[state]);
}
