//! Running phases, stages and steps. Contract: strategies 1.4 to 1.7.

use super::policy::RetryOn;
use super::{
    Driver, Outcome, Phase, PhaseName, Place, Progress, Stage, Step, StepKind, Strategy, StrategyState,
    Watch, WatchKind,
};
use std::time::Duration;

/// How a phase or stage stands after it was run as far as it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Waits,
    Over,
}

impl<K: StepKind> Strategy<K> {
    /// Begins the build phase with these stages.
    pub fn start_build(&mut self, stages: Vec<Stage<K>>, d: &mut impl Driver<K>) {
        if self.state != StrategyState::Initial {
            return;
        }
        self.build.stages = stages;
        self.state = StrategyState::Building;
        self.current_phase = PhaseName::Build;
        self.start_phase(PhaseName::Build, None, d);
    }

    /// Runs a phase up to a stage (not included), all of it if none is given.
    pub(super) fn start_phase(&mut self, name: PhaseName, stop: Option<usize>, d: &mut impl Driver<K>) {
        let Some(phase) = self.phase_mut(name) else { return };
        let all = phase.stages.len();
        match stop {
            None => phase.stop_at_stage = all,
            Some(stop) if stop <= all => phase.stop_at_stage = stop,
            Some(_) => {}
        }
        if !phase.inprogress {
            if phase.current_stage != 0 {
                return;
            }
            phase.forget_watches();
            phase.inprogress = true;
            phase.result = Outcome::InProgress;
            phase.reason.clear();
            phase.start_date_time = d.date_time();
        }
        self.run_phase(name, d);
    }

    pub(super) fn run_phase(&mut self, name: PhaseName, d: &mut impl Driver<K>) {
        let Some(phase) = self.phase_mut(name) else { return };
        phase.start_watch(d);
        let (first, stop) = (phase.current_stage, phase.stop_at_stage);
        for index in first..stop {
            phase.stage_watch = None;
            phase.current_stage = index;
            let Some(stage) = phase.stages.get_mut(index) else { break };
            if stage.start(name, index, d) == Run::Waits {
                phase.stage_watch = Watch::start(stage.timeout(), d.now());
                return;
            }
            let (result, reason) = (stage.result, stage.reason.clone());
            phase.result.fold(&mut phase.reason, result, &reason);
            if phase.result.is_bad() {
                return self.end_phase(name, d);
            }
        }
        if stop < phase.stages.len() {
            // a single stage was asked for; the phase stays in progress until the next apply
            phase.forget_watches();
            return;
        }
        if phase.current_stage == 0 {
            phase.result = Outcome::Success;
            phase.reason.clear();
        }
        self.end_phase(name, d);
    }

    /// A stage that had waited is over.
    pub(super) fn stage_over(&mut self, name: PhaseName, d: &mut impl Driver<K>) {
        let Some(phase) = self.phase_mut(name) else { return };
        let Some(stage) = phase.stages.get(phase.current_stage) else { return };
        let (result, reason) = (stage.result, stage.reason.clone());
        phase.result.fold(&mut phase.reason, result, &reason);
        if phase.result == Outcome::Aborted {
            phase.reason.clear();
        }
        if phase.result.is_bad() {
            self.end_phase(name, d);
        } else {
            phase.current_stage += 1;
            self.run_phase(name, d);
        }
    }

    fn end_phase(&mut self, name: PhaseName, d: &mut impl Driver<K>) {
        let Some(phase) = self.phase_mut(name) else { return };
        phase.inprogress = false;
        phase.forget_watches();
        phase.end_date_time = d.date_time();
        let (result, reason) = (phase.result, phase.reason.clone());
        let told = || if result.is_good() { Ok(()) } else { Err(reason.clone()) };
        match (self.state, name) {
            (StrategyState::Building, PhaseName::Build) => self.built(result, d),
            (StrategyState::Applying, PhaseName::Apply) => match result {
                Outcome::Success | Outcome::Degraded => {
                    self.state = StrategyState::Applied;
                    d.applied(told());
                }
                Outcome::Failed | Outcome::TimedOut => {
                    self.state = if result == Outcome::Failed {
                        StrategyState::ApplyFailed
                    } else {
                        StrategyState::ApplyTimeout
                    };
                    d.applied(told());
                    self.make_abort_phase(d);
                    self.start_abort(d);
                }
                Outcome::Initial | Outcome::InProgress | Outcome::Wait | Outcome::Aborted => {}
            },
            (StrategyState::Aborting, PhaseName::Apply) => self.start_abort(d),
            (StrategyState::Aborting, PhaseName::Abort) => {
                self.state = match result {
                    Outcome::Failed => StrategyState::AbortFailed,
                    Outcome::TimedOut => StrategyState::AbortTimeout,
                    _ => StrategyState::Aborted,
                };
                d.aborted(told());
            }
            _ => {}
        }
    }

    fn built(&mut self, result: Outcome, d: &mut impl Driver<K>) {
        match result {
            Outcome::Success | Outcome::Degraded => {
                self.state = StrategyState::ReadyToApply;
                let mut plan = d.plan();
                plan.stages.iter_mut().flat_map(|stage| &mut stage.steps).for_each(|step| d.prepare(step));
                self.apply.stages = plan.stages;
                if let Some(reason) = plan.refused {
                    self.state = StrategyState::BuildFailed;
                    self.build.result = Outcome::Failed;
                    self.build.reason = reason;
                }
            }
            Outcome::Failed | Outcome::Aborted => self.state = StrategyState::BuildFailed,
            Outcome::TimedOut => self.state = StrategyState::BuildTimeout,
            Outcome::Initial | Outcome::InProgress | Outcome::Wait => {}
        }
    }

    /// Makes the abort phase from what the apply phase has reached, and marks that as aborted. Contract: 1.7.
    pub(super) fn make_abort_phase(&mut self, d: &mut impl Driver<K>) {
        self.state = StrategyState::Aborting;
        let apply = &mut self.apply;
        mark_aborted(&mut apply.result, &mut apply.reason, apply.inprogress);
        let mut abort = Phase::new(PhaseName::Abort);
        if apply.current_stage < apply.stages.len() {
            for stage in apply.stages[..=apply.current_stage].iter_mut().rev() {
                mark_aborted(&mut stage.result, &mut stage.reason, stage.inprogress);
                if stage.current_step < stage.steps.len() {
                    let reached = &stage.steps[..=stage.current_step];
                    let undone: Vec<_> = reached.iter().rev().filter_map(|step| step.kind.undo()).collect();
                    if !undone.is_empty() {
                        abort.stages.push(Stage::new(stage.name.clone(), undone));
                    }
                }
            }
        }
        abort.stages.iter_mut().flat_map(|stage| &mut stage.steps).for_each(|step| d.prepare(step));
        self.abort = abort;
    }

    pub(super) fn start_abort(&mut self, d: &mut impl Driver<K>) {
        self.current_phase = PhaseName::Abort;
        self.start_phase(PhaseName::Abort, None, d);
    }

    /// The step at `place`, if it still waits there.
    pub fn waiting_kind(&mut self, place: Place) -> Option<&mut K> {
        let (now, _) = self.waiting_step()?;
        if now != place {
            return None;
        }
        let phase = self.phase_mut(place.phase)?;
        Some(&mut phase.stages.get_mut(place.stage)?.steps.get_mut(place.step)?.kind)
    }

    /// What a waiting step made of something it heard.
    pub fn progressed(&mut self, place: Place, progress: Progress, d: &mut impl Driver<K>) {
        if let Progress::Done(result, reason) = progress
            && self.waiting_step().is_some_and(|(now, _)| now == place)
        {
            self.step_over(place.phase, result, reason, d);
        }
    }

    /// The current step of a phase is over.
    pub(super) fn step_over(
        &mut self,
        name: PhaseName,
        result: Outcome,
        reason: String,
        d: &mut impl Driver<K>,
    ) {
        let Some(phase) = self.phase_mut(name) else { return };
        let index = phase.current_stage;
        let Some(stage) = phase.stages.get_mut(index) else { return };
        let aborting = stage.result == Outcome::Aborted;
        let Some(step) = stage.steps.get_mut(stage.current_step) else { return };
        if !aborting && step.is_tried_again(result) {
            step.reason = reason;
            return phase.pause_step(d);
        }
        if result == Outcome::Success
            && let Some(watch) = stage.step_watch
        {
            d.took(&step.kind, d.now().since(watch.since));
        }
        step.end(result, reason, d.date_time());
        let reason = step.reason.clone();
        stage.result.fold(&mut stage.reason, result, &reason);
        if stage.result == Outcome::Aborted {
            stage.reason.clear();
        }
        if stage.result.is_bad() {
            stage.end(d.date_time());
        } else {
            stage.current_step += 1;
            if stage.run(name, index, d) == Run::Waits {
                return;
            }
        }
        self.stage_over(name, d);
    }

    /// A timer fires.
    pub fn fire(&mut self, name: PhaseName, kind: WatchKind, d: &mut impl Driver<K>) {
        let Some(phase) = self.phase_mut(name) else { return };
        let index = phase.current_stage;
        if kind == WatchKind::Phase {
            phase.watch = None;
            if phase.inprogress {
                phase.result = Outcome::TimedOut;
                "timeout".clone_into(&mut phase.reason);
                self.end_phase(name, d);
            }
            return;
        }
        let inprogress = phase.inprogress;
        let Some(stage) = phase.stages.get_mut(index) else { return };
        match kind {
            WatchKind::Phase => {}
            WatchKind::Stage => {
                stage.watch = None;
                if stage.inprogress {
                    stage.result = Outcome::TimedOut;
                    "timeout".clone_into(&mut stage.reason);
                    stage.end(d.date_time());
                    self.stage_over(name, d);
                }
            }
            WatchKind::PhaseStage => {
                phase.stage_watch = None;
                if inprogress {
                    if phase.result != Outcome::Aborted {
                        phase.result = Outcome::TimedOut;
                    }
                    phase.reason.clear();
                    self.end_phase(name, d);
                }
            }
            WatchKind::Step => {
                stage.step_watch = None;
                if stage.inprogress {
                    self.step_due(name, index, d);
                }
            }
        }
    }

    fn step_due(&mut self, name: PhaseName, index: usize, d: &mut impl Driver<K>) {
        let Some(stage) = self.phase_mut(name).and_then(|phase| phase.stages.get_mut(index)) else { return };
        let aborting = stage.result == Outcome::Aborted;
        let at = stage.current_step;
        let Some(step) = stage.steps.get_mut(at) else { return };
        if step.result == Outcome::InProgress {
            // the pause before the next attempt is over
            if aborting {
                let reason = std::mem::take(&mut step.reason);
                return self.step_over(name, Outcome::Failed, reason, d);
            }
            if stage.run(name, index, d) == Run::Over {
                self.stage_over(name, d);
            }
            return;
        }
        if step.kind.deadline_is_success() {
            return self.step_over(name, Outcome::Success, String::new(), d);
        }
        if !aborting && step.is_tried_again(Outcome::TimedOut) {
            if let Some(phase) = self.phase_mut(name) {
                phase.pause_step(d);
            }
            return;
        }
        let reason = step.kind.overdue(step.timeout);
        step.end(Outcome::TimedOut, reason.clone(), d.date_time());
        (stage.result, stage.reason) =
            if aborting { (Outcome::Aborted, String::new()) } else { (Outcome::TimedOut, reason) };
        stage.end(d.date_time());
        self.stage_over(name, d);
    }
}

/// What was not begun or not ended when the abort was asked for counts as aborted.
fn mark_aborted(result: &mut Outcome, reason: &mut String, inprogress: bool) {
    if *result == Outcome::Initial || inprogress {
        *result = Outcome::Aborted;
        reason.clear();
    }
}

impl<K: StepKind> Phase<K> {
    /// Seconds of the stages about to run.
    fn seconds_ahead(&self) -> u64 {
        let ahead = self.stages.get(self.current_stage..self.stop_at_stage).unwrap_or_default();
        ahead.iter().map(Stage::timeout).sum()
    }

    pub(super) fn start_watch(&mut self, d: &impl Driver<K>) {
        let secs = self.seconds_ahead();
        if self.watch.is_none() && secs > 0 {
            self.timeout = secs + 1;
            self.watch = Watch::start(self.timeout, d.now());
        }
    }

    /// The current step is begun again after its pause; its stage and phase get the time for it.
    fn pause_step(&mut self, d: &impl Driver<K>) {
        let Some(stage) = self.stages.get_mut(self.current_stage) else { return };
        let Some(step) = stage.steps.get(stage.current_step) else { return };
        let pause = step.pause_secs();
        let more = pause + 2 + step.timeout;
        stage.step_watch = Watch::start(pause, d.now());
        for watch in [&mut stage.watch, &mut self.stage_watch, &mut self.watch] {
            Watch::extend(watch, more);
        }
    }

    pub(super) fn forget_watches(&mut self) {
        self.watch = None;
        self.stage_watch = None;
    }
}

impl<K: StepKind> Stage<K> {
    fn start(&mut self, phase: PhaseName, index: usize, d: &mut impl Driver<K>) -> Run {
        if !self.inprogress {
            if self.current_step != 0 {
                return Run::Over;
            }
            self.step_watch = None;
            self.inprogress = true;
            self.result = Outcome::InProgress;
            self.reason.clear();
            self.start_date_time = d.date_time();
            self.watch = Watch::start(self.timeout(), d.now());
        }
        self.run(phase, index, d)
    }

    /// Runs steps from the current one on.
    pub(super) fn run(&mut self, phase: PhaseName, index: usize, d: &mut impl Driver<K>) -> Run {
        for at in self.current_step..self.steps.len() {
            self.step_watch = None;
            self.current_step = at;
            let step = &mut self.steps[at];
            step.start_date_time = d.date_time();
            step.attempts += 1;
            let place = Place { phase, stage: index, step: at, attempt: step.attempts };
            match d.begin(&mut step.kind, place) {
                Progress::Wait => {
                    step.result = Outcome::Wait;
                    step.reason.clear();
                    self.step_watch = Watch::start(step.timeout, d.now());
                    return Run::Waits;
                }
                Progress::Done(result, reason) => {
                    if self.result != Outcome::Aborted && step.is_tried_again(result) {
                        step.reason = reason;
                        let pause = step.pause_secs();
                        self.step_watch = Watch::start(pause, d.now());
                        Watch::extend(&mut self.watch, pause + 2 + step.timeout);
                        return Run::Waits;
                    }
                    step.end(result, reason, d.date_time());
                    let reason = step.reason.clone();
                    self.result.fold(&mut self.reason, result, &reason);
                    if self.result.is_bad() {
                        self.end(d.date_time());
                        return Run::Over;
                    }
                }
            }
        }
        if self.current_step == 0 {
            self.result = Outcome::Success;
            self.reason.clear();
        }
        self.end(d.date_time());
        Run::Over
    }

    pub(super) fn end(&mut self, date_time: String) {
        self.inprogress = false;
        self.watch = None;
        self.step_watch = None;
        self.end_date_time = date_time;
    }
}

impl<K: StepKind> Step<K> {
    /// It failed and has attempts left: it then is `inprogress` until the pause is over.
    fn is_tried_again(&mut self, result: Outcome) -> bool {
        let tried = match self.kind.policy().retry.on {
            RetryOn::Failure => result == Outcome::Failed,
            RetryOn::FailureOrTimeout => matches!(result, Outcome::Failed | Outcome::TimedOut),
        };
        let again = tried && self.attempts < self.max_retries;
        if again {
            self.result = Outcome::InProgress;
        }
        again
    }

    fn pause_secs(&self) -> u64 {
        self.kind.policy().retry.pause.max(Duration::from_secs(1)).as_secs()
    }

    fn end(&mut self, result: Outcome, reason: String, date_time: String) {
        self.result = result;
        self.reason = reason;
        self.end_date_time = date_time;
    }
}
