//! Going on after a restart. Contract: strategies 1.11.
//!
//! Two steps: [`Strategy::restored`] puts the loaded strategy into order and starts its timers anew; once the cloud has
//! been heard of, [`Strategy::resume`] does for the waiting step what its [`ResumeRule`] says, so that a request lost
//! with the old process costs nothing.

use super::{
    Driver, Outcome, Phase, PhaseName, Progress, ResumeRule, Stage, StepKind, Strategy, StrategyState, Watch,
};

impl<K: StepKind> Strategy<K> {
    /// Puts a loaded strategy into order and starts the timers of what is in progress with their full times.
    pub fn restored(&mut self, d: &impl Driver<K>) {
        for phase in [&mut self.build, &mut self.apply, &mut self.abort] {
            phase.stages.iter_mut().for_each(Stage::put_in_order);
            phase.timeout = 0;
            let begun = phase.stages.first().is_some_and(|stage| stage.inprogress);
            if phase.inprogress && phase.current_stage == 0 && !phase.stages.is_empty() && !begun {
                phase.inprogress = false;
                phase.result = Outcome::Initial;
                phase.reason.clear();
            }
            phase.restart_watches(d);
        }
        if self.state == StrategyState::Applying
            && self.current_phase == PhaseName::Apply
            && self.apply.result == Outcome::Initial
            && !self.apply.inprogress
        {
            // nothing of it was begun: it can be applied as if it never had been (docs/differences.md)
            self.state = StrategyState::ReadyToApply;
            self.current_phase = PhaseName::Build;
        }
    }

    /// Does for what waits as its resume rule says. To be called once, when the cloud has been heard of.
    pub fn resume(&mut self, d: &mut impl Driver<K>) {
        if let Some((place, step)) = self.waiting_step() {
            let rule = step.kind.policy().resume;
            let progress = match (rule, self.waiting_kind(place)) {
                (ResumeRule::Reissue, Some(kind)) => d.begin(kind, place),
                (ResumeRule::Requery, Some(kind)) => d.requery(kind, place),
                (ResumeRule::Fail(reason), Some(_)) => Progress::failed(reason),
                (ResumeRule::Observe, _) | (_, None) => return,
            };
            return self.progressed(place, progress, d);
        }
        let Some(name) = self.running_phase() else { return };
        let Some(phase) = self.phase_mut(name) else { return };
        let index = phase.current_stage;
        let Some(stage) = phase.stages.get_mut(index) else { return };
        if stage.result == Outcome::Aborted {
            stage.end(d.date_time());
            self.stage_over(name, d);
        } else {
            // the step that is next was not begun, or was about to be tried again
            self.run_phase(name, d);
        }
    }
}

impl<K: StepKind> Stage<K> {
    fn put_in_order(&mut self) {
        if !self.inprogress {
            return;
        }
        let Some(step) = self.steps.get(self.current_step) else { return };
        if self.current_step == 0 {
            if step.result == Outcome::Initial {
                self.inprogress = false;
                self.result = Outcome::Initial;
                self.reason.clear();
            }
        } else if step.result.is_over() {
            self.current_step += 1;
        }
    }

    fn restart_watches(&mut self, d: &impl Driver<K>) {
        if self.inprogress {
            self.watch = Watch::start(self.timeout(), d.now());
            let step = self.steps.get(self.current_step);
            self.step_watch = step.and_then(|step| Watch::start(step.timeout, d.now()));
        }
    }
}

impl<K: StepKind> Phase<K> {
    fn restart_watches(&mut self, d: &impl Driver<K>) {
        if !self.inprogress {
            return;
        }
        self.start_watch(d);
        if self.watch.is_none() {
            return;
        }
        if let Some(stage) = self.stages.get_mut(self.current_stage) {
            self.stage_watch = Watch::start(stage.timeout(), d.now());
            stage.restart_watches(d);
        }
    }
}
