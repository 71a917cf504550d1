//! The timers of a strategy, as data. Contract: strategies 1.2, 1.8.

use super::{PhaseName, StepKind, Strategy};
use crate::time::Mono;
use std::time::Duration;

/// A timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Its interval, whole seconds.
    pub secs: u64,
    /// When it was started.
    pub since: Mono,
}

impl Watch {
    pub(super) fn start(secs: u64, now: Mono) -> Option<Self> {
        (secs > 0).then_some(Self { secs, since: now })
    }

    /// One more attempt of a step, with its pause, fits into the time of its stage and phase.
    pub(super) fn extend(watch: &mut Option<Self>, secs: u64) {
        if let Some(watch) = watch {
            watch.secs += secs;
        }
    }

    /// When it fires: more than `secs` whole seconds must have passed.
    pub fn due(&self) -> Mono {
        self.since + Duration::from_secs(self.secs + 1)
    }
}

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchKind {
    /// The whole phase.
    Phase,
    /// The stage, from its beginning.
    Stage,
    /// The stage, from when its phase began to wait for it.
    PhaseStage,
    /// The step, or the pause before its next attempt.
    Step,
}

impl<K: StepKind> Strategy<K> {
    /// All running timers with phase, purpose and name, in the order in which they fire at equal times.
    pub fn watches(&self) -> Vec<(PhaseName, WatchKind, &str, Watch)> {
        let mut all = Vec::new();
        for phase in [&self.build, &self.apply, &self.abort] {
            let mut add = |kind, name, watch: Option<Watch>| {
                all.extend(watch.map(|watch| (phase.name, kind, name, watch)));
            };
            add(WatchKind::Phase, phase.name.as_str(), phase.watch);
            let Some(stage) = phase.stages.get(phase.current_stage) else { continue };
            add(WatchKind::Stage, &stage.name, stage.watch);
            add(WatchKind::PhaseStage, &stage.name, phase.stage_watch);
            let Some(step) = stage.steps.get(stage.current_step) else { continue };
            add(WatchKind::Step, step.kind.name(), stage.step_watch);
        }
        all
    }

    /// When the next timer fires.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.watches().iter().map(|(_, _, _, watch)| watch.due()).min()
    }

    /// The timer that is due at `now`, the earliest first.
    pub fn due(&self, now: Mono) -> Option<(PhaseName, WatchKind)> {
        let watches = self.watches();
        let due = watches.iter().filter(|(_, _, _, watch)| watch.due() <= now);
        due.min_by_key(|(_, kind, _, watch)| (watch.due(), *kind)).map(|(phase, kind, ..)| (*phase, *kind))
    }
}
