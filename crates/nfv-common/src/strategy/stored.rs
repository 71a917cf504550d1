//! A strategy as the database and the API have it. Contract: strategies 1.10, 1.11; deployment 1.6.
//!
//! Forms of other releases: a key that is missing has its default where one makes sense, keys that are not known are
//! kept. What cannot be understood (an unknown state or result) is an error that names the place.

use super::{Outcome, Phase, PhaseName, Stage, Step, StepKind, Strategy, StrategyState};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Generic part of a strategy; the other keys are in `rest`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredStrategy {
    /// Id.
    pub uuid: String,
    /// For instance `sw-patch`.
    pub name: String,
    /// For instance `applying`.
    pub state: StrategyState,
    /// For instance `apply`.
    pub current_phase: PhaseName,
    /// Of the phase it is in.
    #[serde(default)]
    pub current_phase_completion_percentage: u64,
    /// Build phase.
    pub build_phase: StoredPhase,
    /// Apply phase.
    pub apply_phase: StoredPhase,
    /// Abort phase.
    pub abort_phase: StoredPhase,
    /// All other keys.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredPhase {
    /// `build`, `apply`, `abort`.
    pub name: PhaseName,
    /// Seconds.
    #[serde(default)]
    pub timeout: u64,
    /// It runs.
    #[serde(default)]
    pub inprogress: bool,
    /// Percent.
    #[serde(default)]
    pub completion_percentage: u64,
    /// Index.
    #[serde(default)]
    pub current_stage: usize,
    /// Index.
    #[serde(default)]
    pub stop_at_stage: usize,
    /// Count.
    #[serde(default)]
    pub total_stages: usize,
    /// In order.
    #[serde(default)]
    pub stages: Vec<StoredStage>,
    /// Result.
    pub result: Outcome,
    /// Its reason.
    #[serde(default)]
    pub result_reason: String,
    /// Begin.
    #[serde(default)]
    pub start_date_time: String,
    /// End.
    #[serde(default)]
    pub end_date_time: String,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredStage {
    /// Index.
    #[serde(default)]
    pub id: usize,
    /// Name.
    pub name: String,
    /// Seconds.
    #[serde(default)]
    pub timeout: u64,
    /// It runs.
    #[serde(default)]
    pub inprogress: bool,
    /// Index.
    #[serde(default)]
    pub current_step: usize,
    /// Count.
    #[serde(default)]
    pub total_steps: usize,
    /// In order.
    #[serde(default)]
    pub steps: Vec<StoredStep>,
    /// Result.
    pub result: Outcome,
    /// Its reason.
    #[serde(default)]
    pub result_reason: String,
    /// Begin.
    #[serde(default)]
    pub start_date_time: String,
    /// End.
    #[serde(default)]
    pub end_date_time: String,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredStep {
    /// Index.
    #[serde(default)]
    pub id: usize,
    /// Name.
    pub name: String,
    /// Always false.
    #[serde(default)]
    pub force_pass: bool,
    /// Seconds.
    #[serde(default)]
    pub timeout: u64,
    /// Attempts.
    #[serde(default = "once")]
    pub max_retries: u32,
    /// Result.
    pub result: Outcome,
    /// Its reason.
    #[serde(default)]
    pub result_reason: String,
    /// Begin.
    #[serde(default)]
    pub start_date_time: String,
    /// End.
    #[serde(default)]
    pub end_date_time: String,
    /// The step's own keys.
    #[serde(flatten)]
    pub entries: Map<String, Value>,
}

const fn once() -> u32 {
    1
}

impl<K: StepKind> Strategy<K> {
    /// As stored, with these keys beside the generic ones.
    pub fn to_stored(&self, rest: Map<String, Value>) -> StoredStrategy {
        StoredStrategy {
            uuid: self.uuid.clone(),
            name: self.name.clone(),
            state: self.state,
            current_phase: self.current_phase,
            current_phase_completion_percentage: self.completion_percentage(),
            build_phase: self.build.to_stored(),
            apply_phase: self.apply.to_stored(),
            abort_phase: self.abort.to_stored(),
            rest,
        }
    }

    /// From the stored form; timers do not run yet ([`Strategy::restored`]).
    ///
    /// # Errors
    /// If a step's own keys cannot be read.
    pub fn from_stored(stored: StoredStrategy) -> Result<(Self, Map<String, Value>), String> {
        let strategy = Self {
            uuid: stored.uuid,
            name: stored.name,
            state: stored.state,
            current_phase: stored.current_phase,
            build: Phase::from_stored(stored.build_phase)?,
            apply: Phase::from_stored(stored.apply_phase)?,
            abort: Phase::from_stored(stored.abort_phase)?,
        };
        Ok((strategy, stored.rest))
    }
}

impl<K: StepKind> Phase<K> {
    fn to_stored(&self) -> StoredPhase {
        StoredPhase {
            name: self.name,
            timeout: self.timeout,
            inprogress: self.inprogress,
            completion_percentage: self.completion_percentage(),
            current_stage: self.current_stage,
            stop_at_stage: self.stop_at_stage,
            total_stages: self.stages.len(),
            stages: self.stages.iter().enumerate().map(|(id, stage)| stage.to_stored(id)).collect(),
            result: self.result,
            result_reason: self.reason.clone(),
            start_date_time: self.start_date_time.clone(),
            end_date_time: self.end_date_time.clone(),
        }
    }

    fn from_stored(stored: StoredPhase) -> Result<Self, String> {
        let name = stored.name;
        let stages = stored.stages.into_iter().enumerate().map(|(id, stage)| {
            Stage::from_stored(stage).map_err(|why| format!("{name} phase, stage {id}, {why}"))
        });
        let stages: Vec<_> = stages.collect::<Result<_, _>>()?;
        // an index beyond the stages would name a stage that is not there
        let total = stages.len();
        if stored.current_stage > total || stored.stop_at_stage > total {
            return Err(format!("{name} phase: stage {} of {total}", stored.current_stage));
        }
        Ok(Self {
            stages,
            timeout: stored.timeout,
            inprogress: stored.inprogress,
            current_stage: stored.current_stage,
            stop_at_stage: stored.stop_at_stage,
            result: stored.result,
            reason: stored.result_reason,
            start_date_time: stored.start_date_time,
            end_date_time: stored.end_date_time,
            ..Self::new(name)
        })
    }
}

impl<K: StepKind> Stage<K> {
    fn to_stored(&self, id: usize) -> StoredStage {
        StoredStage {
            id,
            name: self.name.clone(),
            timeout: self.timeout(),
            inprogress: self.inprogress,
            current_step: self.current_step,
            total_steps: self.steps.len(),
            steps: self.steps.iter().enumerate().map(|(id, step)| step.to_stored(id)).collect(),
            result: self.result,
            result_reason: self.reason.clone(),
            start_date_time: self.start_date_time.clone(),
            end_date_time: self.end_date_time.clone(),
        }
    }

    fn from_stored(stored: StoredStage) -> Result<Self, String> {
        let steps = stored
            .steps
            .into_iter()
            .enumerate()
            .map(|(id, step)| Step::from_stored(step).map_err(|why| format!("step {id}: {why}")));
        let steps: Vec<_> = steps.collect::<Result<_, _>>()?;
        if stored.current_step > steps.len() {
            return Err(format!("step {} of {}", stored.current_step, steps.len()));
        }
        Ok(Self {
            steps,
            inprogress: stored.inprogress,
            current_step: stored.current_step,
            result: stored.result,
            reason: stored.result_reason,
            start_date_time: stored.start_date_time,
            end_date_time: stored.end_date_time,
            ..Self::new(stored.name, [])
        })
    }
}

impl<K: StepKind> Step<K> {
    fn to_stored(&self, id: usize) -> StoredStep {
        StoredStep {
            id,
            name: self.kind.name().to_owned(),
            force_pass: self.force_pass,
            timeout: self.timeout,
            max_retries: self.max_retries,
            result: self.result,
            result_reason: self.reason.clone(),
            start_date_time: self.start_date_time.clone(),
            end_date_time: self.end_date_time.clone(),
            entries: self.kind.entries(),
        }
    }

    fn from_stored(stored: StoredStep) -> Result<Self, String> {
        let kind = K::from_entries(&stored.name, stored.entries)?;
        Ok(Self {
            attempts: u32::from(stored.result != Outcome::Initial),
            force_pass: stored.force_pass,
            timeout: stored.timeout,
            max_retries: stored.max_retries,
            result: stored.result,
            reason: stored.result_reason,
            start_date_time: stored.start_date_time,
            end_date_time: stored.end_date_time,
            kind,
        })
    }
}
