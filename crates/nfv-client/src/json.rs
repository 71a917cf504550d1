//! `--format json`: what a command did, in a shape that stays (docs/sw-manager.md).

use crate::command::Invocation;
use crate::progress::Progress;
use crate::refusal::Reason;
use crate::strategy::{Phase, PhaseName, Stage, Step, Strategy};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

const STRATEGY_KEYS: &[&str] = &[
    "uuid",
    "name",
    "controller-apply-type",
    "storage-apply-type",
    "swift-apply-type",
    "worker-apply-type",
    "max-parallel-worker-hosts",
    "default-instance-action",
    "alarm-restrictions",
    "state",
    "current-phase",
    "current-phase-completion-percentage",
];

const PHASE_KEYS: &[&str] = &[
    "phase-name",
    "timeout",
    "total-stages",
    "current-stage",
    "stop-at-stage",
    "inprogress",
    "completion-percentage",
    "result",
    "reason",
    "start-date-time",
    "end-date-time",
];

const STAGE_KEYS: &[&str] = &[
    "stage-id",
    "stage-name",
    "timeout",
    "total-steps",
    "current-step",
    "inprogress",
    "result",
    "reason",
    "start-date-time",
    "end-date-time",
];

const STEP_KEYS: &[&str] = &[
    "step-id",
    "step-name",
    "timeout",
    "entity-type",
    "entity-uuids",
    "entity-names",
    "result",
    "reason",
    "start-date-time",
    "end-date-time",
];

/// The end of a command.
#[derive(serde::Serialize)]
#[serde(rename_all = "kebab-case")]
struct Ended<'a> {
    command: &'static str,
    strategy_type: &'static str,
    outcome: &'static str,
    strategy: Option<Shaped<'a>>,
    error: Option<&'a Reason>,
}

/// A look in between.
#[derive(serde::Serialize)]
#[serde(rename_all = "kebab-case")]
struct Between<'a> {
    command: &'static str,
    strategy_type: &'static str,
    time: &'a str,
    progress: &'a Progress,
}

/// How a command ended, in one line.
pub fn ended(invocation: &Invocation, strategy: Option<&Strategy>, error: Option<&Reason>) -> String {
    line(&Ended {
        command: invocation.command.name(),
        strategy_type: invocation.strategy.as_str(),
        outcome: if error.is_none() { "success" } else { "failure" },
        strategy: strategy.map(Shaped),
        error,
    })
}

/// How far a strategy is, in one line.
pub fn between(invocation: &Invocation, time: &str, progress: &Progress) -> String {
    let (command, strategy_type) = (invocation.command.name(), invocation.strategy.as_str());
    line(&Between { command, strategy_type, time, progress })
}

/// One line.
pub(crate) fn line(value: &impl Serialize) -> String {
    // nothing in it can fail: keys are texts, values are JSON already
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// Entries of these keys; `null` for what is not there.
fn entries<'a, M: SerializeMap>(
    map: &mut M,
    keys: &[&str],
    get: impl Fn(&str) -> &'a Json,
) -> Result<(), M::Error> {
    keys.iter().try_for_each(|key| map.serialize_entry(key, get(key)))
}

struct Shaped<'a>(&'a Strategy);
struct ShapedPhase<'a>(Phase<'a>);
struct ShapedStage<'a>(Stage<'a>);
struct ShapedStep<'a>(Step<'a>);

impl Serialize for Shaped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entries(&mut map, STRATEGY_KEYS, |key| self.0.get(key))?;
        for name in PhaseName::ALL {
            map.serialize_entry(name.key(), &ShapedPhase(self.0.phase(name)))?;
        }
        map.end()
    }
}

impl Serialize for ShapedPhase<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entries(&mut map, PHASE_KEYS, |key| self.0.get(key))?;
        map.serialize_entry("stages", &self.0.stages().map(ShapedStage).collect::<Vec<_>>())?;
        map.end()
    }
}

impl Serialize for ShapedStage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entries(&mut map, STAGE_KEYS, |key| self.0.get(key))?;
        map.serialize_entry("steps", &self.0.steps().map(ShapedStep).collect::<Vec<_>>())?;
        map.end()
    }
}

impl Serialize for ShapedStep<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entries(&mut map, STEP_KEYS, |key| self.0.get(key))?;
        map.end()
    }
}
