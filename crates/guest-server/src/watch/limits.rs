//! Times and bounds. Contract: guest 5.

use std::time::Duration;

/// Times and bounds of the watch. Those of the contract are constants; the rest is configurable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Challenges in a row that may stay unanswered.
    pub failure_threshold: u32,
    /// Shortest interval between two challenges.
    pub shortest_interval: Duration,
    /// Instances that are watched; further ones are refused.
    pub instances: usize,
    /// When this process comes so much too late, guests are not blamed for it.
    pub lateness: Duration,
    /// How often in a row an instance is not blamed.
    pub graces: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            failure_threshold: 0,
            shortest_interval: Duration::ZERO,
            instances: 2000,
            lateness: Duration::from_millis(200),
            graces: 5,
        }
    }
}

/// The ready event, first.
pub(super) const READY_FIRST: Duration = Duration::from_secs(2);
/// The ready event, again, while the agent is not known.
pub(super) const READY_AGAIN: Duration = Duration::from_secs(5);
/// Wait before the first attempt to connect; doubled by each failure.
pub(super) const CONNECT_FIRST: Duration = Duration::from_secs(1);
/// Longest wait before an attempt.
pub(super) const CONNECT_LONGEST: Duration = Duration::from_secs(60);
/// A connection without heartbeat is made anew.
pub(super) const HEARTBEAT_START: Duration = Duration::from_secs(120);
/// Channels are looked for.
pub(super) const SEARCH: Duration = Duration::from_secs(180);
/// After an event that ends the heartbeat the guest is expected to begin anew.
pub(super) const WAIT_FOR_INIT: Duration = Duration::from_secs(60);
/// Challenges of which an answer still counts.
pub(super) const CHALLENGES: usize = 4;
/// Every so many answers are logged.
pub(super) const BEATS_PER_LINE: u32 = 1000;
