//! Apply and abort as they are asked for: who may, and what the answer says. Contract: strategies 1.6.1.

use super::{AbortClass, Driver, Outcome, PhaseName, StepKind, Strategy, StrategyState};

impl<K: StepKind> Strategy<K> {
    /// Applies all that is left, or one stage.
    ///
    /// # Errors
    /// Why not, in the contract's words.
    pub fn request_apply(&mut self, stage: Option<usize>, d: &mut impl Driver<K>) -> Result<(), String> {
        let stop = self.may_apply(stage)?;
        if self.current_phase == PhaseName::Build {
            self.state = StrategyState::Applying;
            self.current_phase = PhaseName::Apply;
        }
        self.start_phase(PhaseName::Apply, stop, d);
        Ok(())
    }

    /// Whether all that is left, or one stage, may be applied now; if so, at which stage it stops again.
    ///
    /// # Errors
    /// Why not, in the contract's words.
    pub fn may_apply(&self, stage: Option<usize>) -> Result<Option<usize>, String> {
        match self.current_phase {
            PhaseName::Build => self.may_apply_first(stage),
            PhaseName::Apply => self.may_apply_next(stage),
            PhaseName::Initial | PhaseName::Abort => Err(match stage {
                None => "apply not supported during an abort".to_owned(),
                Some(id) => format!("apply of stage id {id} not supported during an abort"),
            }),
        }
    }

    fn may_apply_first(&self, stage: Option<usize>) -> Result<Option<usize>, String> {
        let total = self.apply.stages.len();
        if self.state != StrategyState::ReadyToApply {
            let reason = &self.build.reason;
            return Err(match stage {
                None => reason.clone(),
                Some(id) => format!("apply of stage id {id} failed: {reason} "),
            });
        }
        match stage {
            None => Ok(None),
            Some(0) if total > 0 => Ok(Some(1)),
            Some(id) => Err(invalid_stage(id, total)),
        }
    }

    fn may_apply_next(&self, stage: Option<usize>) -> Result<Option<usize>, String> {
        match self.state {
            StrategyState::Applied
            | StrategyState::ApplyFailed
            | StrategyState::ApplyTimeout
            | StrategyState::Aborted
            | StrategyState::AbortFailed
            | StrategyState::AbortTimeout => return Err("apply already completed".to_owned()),
            StrategyState::Initial
            | StrategyState::Building
            | StrategyState::BuildFailed
            | StrategyState::BuildTimeout
            | StrategyState::ReadyToApply
            | StrategyState::Applying
            | StrategyState::Aborting => {}
        }
        let (current, total) = (self.apply.current_stage, self.apply.stages.len());
        match stage {
            None if current == self.apply.stop_at_stage => Ok(None),
            Some(_) | None if stage.is_none() || self.apply.stage_inprogress() => {
                Err("apply already inprogress".to_owned())
            }
            Some(id) if id < current => Err(format!("apply already complete for stage id {id}")),
            Some(id) if id >= total => Err(invalid_stage(id, total)),
            Some(id) if id != current => {
                Err(format!("stage id {id} is not the next stage to be applied, next-stage = {current}"))
            }
            Some(_) | None => Ok(Some(current + 1)),
        }
    }

    /// Aborts: what runs goes on to its end (or ends at once, if the step says so), then what is half done is undone.
    ///
    /// # Errors
    /// Why not, in the contract's words.
    pub fn request_abort(&mut self, stage: Option<usize>, d: &mut impl Driver<K>) -> Result<(), String> {
        if self.current_phase != PhaseName::Apply {
            return Err("apply not inprogress".to_owned());
        }
        if let Some(id) = stage
            && (!self.apply.stage_inprogress() || id != self.apply.current_stage)
        {
            return Err(format!("apply not inprogress for stage id {id}"));
        }
        match self.state {
            StrategyState::Applying | StrategyState::ApplyFailed | StrategyState::ApplyTimeout => {
                self.abort_apply(d)
            }
            StrategyState::Applied => Err("apply not inprogress".to_owned()),
            // asked for again: the abort goes on (docs/differences.md, `second-abort`)
            StrategyState::Aborting => Ok(()),
            StrategyState::Initial
            | StrategyState::Building
            | StrategyState::BuildFailed
            | StrategyState::BuildTimeout
            | StrategyState::ReadyToApply
            | StrategyState::AbortFailed
            | StrategyState::AbortTimeout
            | StrategyState::Aborted => {
                self.state = StrategyState::Aborted;
                Ok(())
            }
        }
    }

    fn abort_apply(&mut self, d: &mut impl Driver<K>) -> Result<(), String> {
        let class = self.current_abort_class();
        if let Some((AbortClass::Refused, name)) = &class {
            return Err(format!("abort is refused while step {name} runs"));
        }
        self.make_abort_phase(d);
        if self.apply.current_stage == self.apply.stop_at_stage {
            // between single stages: nothing runs that could end
            self.state = StrategyState::Aborted;
            d.aborted(Err(self.abort.reason.clone()));
        } else if let Some((AbortClass::AtOnce, _)) = class {
            self.step_over(PhaseName::Apply, Outcome::Aborted, String::new(), d);
        }
        Ok(())
    }

    /// What an abort does to the step that is under way in the apply phase.
    pub fn current_abort_class(&self) -> Option<(AbortClass, String)> {
        let stage = self.apply.stages.get(self.apply.current_stage).filter(|stage| stage.inprogress)?;
        let step = stage.steps.get(stage.current_step)?;
        Some((step.kind.policy().abort, step.kind.name().to_owned()))
    }
}

fn invalid_stage(id: usize, total: usize) -> String {
    format!("invalid stage id {id} for the apply, total-stages are {total}")
}
