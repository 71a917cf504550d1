//! A strategy, its phases, stages and steps as data. Contract: strategies 1.2, 1.9.

use super::watch::Watch;
use super::{Outcome, PhaseName, StepKind, StrategyState};

/// A strategy.
#[derive(Debug, Clone)]
pub struct Strategy<K> {
    /// Its id.
    pub uuid: String,
    /// `sw-patch`, `sw-upgrade`.
    pub name: String,
    /// Where it is.
    pub state: StrategyState,
    /// The phase it is in.
    pub current_phase: PhaseName,
    /// Asking how things are.
    pub build: Phase<K>,
    /// Doing it.
    pub apply: Phase<K>,
    /// Undoing what is half done.
    pub abort: Phase<K>,
}

/// A phase.
#[derive(Debug, Clone)]
pub struct Phase<K> {
    /// Which.
    pub name: PhaseName,
    /// In order.
    pub stages: Vec<Stage<K>>,
    /// Seconds; 0 until it first runs.
    pub timeout: u64,
    /// It was begun and is not over; also between single stages.
    pub inprogress: bool,
    /// The stage that runs or is next.
    pub current_stage: usize,
    /// Stages from here on are not run by the present apply.
    pub stop_at_stage: usize,
    /// Result so far.
    pub result: Outcome,
    /// Its reason.
    pub reason: String,
    /// Begin.
    pub start_date_time: String,
    /// End.
    pub end_date_time: String,
    pub(super) watch: Option<Watch>,
    pub(super) stage_watch: Option<Watch>,
}

/// A stage.
#[derive(Debug, Clone)]
pub struct Stage<K> {
    /// For instance `sw-patch-controllers`.
    pub name: String,
    /// In order.
    pub steps: Vec<Step<K>>,
    /// It runs.
    pub inprogress: bool,
    /// The step that runs or is next.
    pub current_step: usize,
    /// Result so far.
    pub result: Outcome,
    /// Its reason.
    pub reason: String,
    /// Begin.
    pub start_date_time: String,
    /// End.
    pub end_date_time: String,
    pub(super) watch: Option<Watch>,
    pub(super) step_watch: Option<Watch>,
}

/// A step.
#[derive(Debug, Clone)]
pub struct Step<K> {
    /// What it does.
    pub kind: K,
    /// Never set by anything.
    pub force_pass: bool,
    /// Seconds.
    pub timeout: u64,
    /// Attempts in all.
    pub max_retries: u32,
    /// Result.
    pub result: Outcome,
    /// Its reason.
    pub reason: String,
    /// Begin.
    pub start_date_time: String,
    /// End.
    pub end_date_time: String,
    /// Attempts begun by this process.
    pub(super) attempts: u32,
}

/// Names one step of a strategy for as long as it runs. Answers to a question carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Phase.
    pub phase: PhaseName,
    /// Stage index.
    pub stage: usize,
    /// Step index.
    pub step: usize,
    /// Attempt, from 1.
    pub attempt: u32,
}

/// What the build phase led to.
#[derive(Debug, Clone)]
pub struct Plan<K> {
    /// Stages of the apply phase; they stay visible also when the plan is refused.
    pub stages: Vec<Stage<K>>,
    /// Why it cannot be applied.
    pub refused: Option<String>,
}

impl<K: StepKind> Step<K> {
    /// A step with the deadline and attempts of its policy.
    pub fn new(kind: K) -> Self {
        let policy = kind.policy();
        Self {
            force_pass: false,
            timeout: policy.deadline.as_secs(),
            max_retries: policy.retry.attempts,
            result: Outcome::Initial,
            reason: String::new(),
            start_date_time: String::new(),
            end_date_time: String::new(),
            attempts: 0,
            kind,
        }
    }
}

impl<K: StepKind> Stage<K> {
    /// A stage of these steps.
    pub fn new(name: impl Into<String>, kinds: impl IntoIterator<Item = K>) -> Self {
        Self {
            name: name.into(),
            steps: kinds.into_iter().map(Step::new).collect(),
            inprogress: false,
            current_step: 0,
            result: Outcome::Initial,
            reason: String::new(),
            start_date_time: String::new(),
            end_date_time: String::new(),
            watch: None,
            step_watch: None,
        }
    }

    /// Seconds: 0 when its steps have no limits, else their sum and one.
    pub fn timeout(&self) -> u64 {
        match self.steps.iter().map(|step| step.timeout).sum() {
            0 => 0,
            sum => sum + 1,
        }
    }
}

impl<K: StepKind> Phase<K> {
    /// A phase without stages.
    pub const fn new(name: PhaseName) -> Self {
        Self {
            name,
            stages: Vec::new(),
            timeout: 0,
            inprogress: false,
            current_stage: 0,
            stop_at_stage: 0,
            result: Outcome::Initial,
            reason: String::new(),
            start_date_time: String::new(),
            end_date_time: String::new(),
            watch: None,
            stage_watch: None,
        }
    }

    /// A stage of it runs now.
    pub fn stage_inprogress(&self) -> bool {
        self.inprogress && self.stages.get(self.current_stage).is_some_and(|stage| stage.inprogress)
    }

    /// Percent of its steps that are over; 100 for a phase that is not in progress.
    pub fn completion_percentage(&self) -> u64 {
        let steps = || self.stages.iter().flat_map(|stage| &stage.steps);
        let total = steps().count();
        if !self.inprogress || total == 0 {
            return 100;
        }
        (steps().filter(|step| step.result.is_over()).count() * 100 / total) as u64
    }
}

impl<K: StepKind> Strategy<K> {
    /// A strategy that has not been built.
    pub const fn new(uuid: String, name: String) -> Self {
        Self {
            uuid,
            name,
            state: StrategyState::Initial,
            current_phase: PhaseName::Initial,
            build: Phase::new(PhaseName::Build),
            apply: Phase::new(PhaseName::Apply),
            abort: Phase::new(PhaseName::Abort),
        }
    }

    /// A phase by its name; none is named `initial`.
    pub const fn phase(&self, name: PhaseName) -> Option<&Phase<K>> {
        match name {
            PhaseName::Initial => None,
            PhaseName::Build => Some(&self.build),
            PhaseName::Apply => Some(&self.apply),
            PhaseName::Abort => Some(&self.abort),
        }
    }

    pub(super) const fn phase_mut(&mut self, name: PhaseName) -> Option<&mut Phase<K>> {
        match name {
            PhaseName::Initial => None,
            PhaseName::Build => Some(&mut self.build),
            PhaseName::Apply => Some(&mut self.apply),
            PhaseName::Abort => Some(&mut self.abort),
        }
    }

    /// Goes through all steps, for instance to look up anew what they name.
    pub fn for_each_step(&mut self, mut change: impl FnMut(&mut Step<K>)) {
        for phase in [&mut self.build, &mut self.apply, &mut self.abort] {
            phase.stages.iter_mut().flat_map(|stage| &mut stage.steps).for_each(&mut change);
        }
    }

    /// Percent of the phase it is in.
    pub fn completion_percentage(&self) -> u64 {
        self.phase(self.current_phase).map_or(0, Phase::completion_percentage)
    }

    /// The state says so, or the apply phase does: true also after the abort that follows a failure.
    pub fn is_apply_failed(&self) -> bool {
        self.state == StrategyState::ApplyFailed || self.apply.result == Outcome::Failed
    }

    /// The same for a time limit.
    pub fn is_apply_timed_out(&self) -> bool {
        self.state == StrategyState::ApplyTimeout || self.apply.result == Outcome::TimedOut
    }

    /// The phase whose steps are under way, by the state.
    pub(super) fn running_phase(&self) -> Option<PhaseName> {
        let phase = match (self.state, self.current_phase) {
            (StrategyState::Building, PhaseName::Build)
            | (StrategyState::Applying, PhaseName::Apply)
            | (StrategyState::Aborting, PhaseName::Apply | PhaseName::Abort) => self.current_phase,
            _ => return None,
        };
        self.phase(phase).is_some_and(Phase::stage_inprogress).then_some(phase)
    }

    /// The step that waits, and where it is.
    pub fn waiting_step(&self) -> Option<(Place, &Step<K>)> {
        let name = self.running_phase()?;
        let phase = self.phase(name)?;
        let stage = phase.stages.get(phase.current_stage)?;
        let step = stage.steps.get(stage.current_step)?;
        let place = Place {
            phase: name,
            stage: phase.current_stage,
            step: stage.current_step,
            attempt: step.attempts,
        };
        (step.result == Outcome::Wait).then_some((place, step))
    }
}
