//! Strategies: what an operator starts at night, built, applied and undone stage by stage. Contract: strategies 1.
//!
//! ```text
//!   Strategy ── build, apply, abort: Phase ── Stage ── Stage ── ...
//!                                               └─ Step ── Step ── ...
//! ```
//!
//! The engine knows nothing of hosts: what a step is, is a [`StepKind`]; what it does and when it is done, a [`Driver`]
//! tells. It has no clock and does no I/O. What every step has by construction stands in its [`StepPolicy`]: deadline,
//! retry rule, abort class, resume rule, the alarms it looks at, and by what observation it is done.
//!
//! - [`outcome`]: results and how they fold upwards; states and names.
//! - [`policy`]: what every step declares. [`plan`]: phases, stages, steps as data.
//! - `engine`: running them; `request`: apply and abort as asked for, with the answers' texts; `resume`: going on after
//!   a restart.
//! - [`stored`]: the form in the database.

mod engine;
pub mod outcome;
pub mod plan;
pub mod policy;
mod request;
mod resume;
pub mod stored;
#[cfg(test)]
mod tests;
mod watch;

pub use outcome::{AlarmRestriction, ApplyType, InstanceAction, Outcome, PhaseName, Progress, StrategyState};
pub use plan::{Phase, Place, Plan, Stage, Step, Strategy};
pub use policy::{AbortClass, AlarmRule, Completion, ResumeRule, Retry, StepPolicy};
pub use watch::{Watch, WatchKind};

use crate::time::Mono;
use std::time::Duration;

/// What a step is. The engine only asks for what it needs to run it.
pub trait StepKind: Sized + Clone {
    /// Its name in the API and the database. Contract: strategies 2.
    fn name(&self) -> &str;
    /// What it declares about itself.
    fn policy(&self) -> StepPolicy;
    /// The step that takes it back, if any. Contract: strategies 1.7.
    fn undo(&self) -> Option<Self>;
    /// Its own keys in the database, entity keys included. Contract: strategies 1.10.
    fn entries(&self) -> serde_json::Map<String, serde_json::Value>;
    /// A step from its name and keys; unknown names give a step that succeeds at once.
    ///
    /// # Errors
    /// If a key that the step cannot do without is missing or malformed.
    fn from_entries(name: &str, entries: serde_json::Map<String, serde_json::Value>) -> Result<Self, String>;
    /// What is said when it takes too long.
    fn overdue(&self, secs: u64) -> String {
        format!("{} timed out after {secs} seconds", self.name())
    }
    /// Ends at its own deadline as done, not as timed out.
    fn deadline_is_success(&self) -> bool {
        false
    }
}

/// Who carries the steps out and hears how it goes.
pub trait Driver<K> {
    /// Monotonic time.
    fn now(&self) -> Mono;
    /// Local time as strategies show it: `YYYY-MM-DD HH:MM:SS`.
    fn date_time(&self) -> String;
    /// Begins a step.
    fn begin(&mut self, step: &mut K, place: Place) -> Progress;
    /// A waiting step after a restart, with [`ResumeRule::Requery`]: finds out how it stands, then goes on.
    fn requery(&mut self, step: &mut K, place: Place) -> Progress;
    /// A step is about to be put into the apply or abort phase: the configuration may change its limits.
    fn prepare(&mut self, _step: &mut Step<K>) {}
    /// A step went well after it had waited so long.
    fn took(&mut self, _step: &K, _time: Duration) {}
    /// The build phase is over; what the apply phase shall be, or why there is none.
    fn plan(&mut self) -> Plan<K>;
    /// The apply phase is over: the reason if it did not go well.
    fn applied(&mut self, result: Result<(), String>);
    /// The abort is over: the reason if it did not go well.
    fn aborted(&mut self, result: Result<(), String>);
}
