//! How far a strategy is, in one look.

use crate::command::Command;
use crate::strategy::{Stage, Step, Strategy};
use serde::Serialize;

/// How far a strategy is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// `applying` and so on.
    pub state: String,
    /// `build`, `apply`, `abort`.
    pub phase: String,
    /// Of the phase, as the VIM counts it: 0 to 100.
    pub percent: u64,
    /// What it is at; none when all are done.
    pub stage: Option<Part>,
    /// What it is at in the stage.
    pub step: Option<Part>,
    /// Hosts or instances of the step.
    pub entities: Vec<String>,
    /// Why the phase ended badly.
    pub reason: String,
}

/// A stage or step among others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// From 1.
    pub number: u64,
    /// How many there are.
    pub total: u64,
    /// Name.
    pub name: String,
}

/// Whether there is still something to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is.
    UnderWay,
    /// There is not, and it went as it was asked for.
    Well,
    /// There is not, and it went otherwise.
    Badly,
}

impl Progress {
    /// Of a strategy as it is now.
    pub fn of(strategy: &Strategy) -> Self {
        let phase = strategy.current_phase();
        let stage = phase.and_then(|phase| {
            let at = phase.number("current-stage");
            let stage = phase.stages().nth(usize::try_from(at).ok()?)?;
            let name = stage.text("stage-name").to_owned();
            Some((Part { number: at + 1, total: phase.number("total-stages"), name }, stage))
        });
        let step = stage.as_ref().and_then(|(_, stage)| current_step(*stage));
        let names = |step: Step<'_>| -> Vec<String> {
            let names = step.get("entity-names").as_array().map_or(&[][..], Vec::as_slice);
            names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
        };
        Self {
            state: strategy.state().to_owned(),
            phase: strategy.text("current-phase").to_owned(),
            percent: strategy.get("current-phase-completion-percentage").as_u64().unwrap_or(0),
            entities: step.as_ref().map_or_else(Vec::new, |(_, step)| names(*step)),
            step: step.map(|(part, _)| part),
            stage: stage.map(|(part, _)| part),
            reason: phase.map_or("", |phase| phase.text("reason")).to_owned(),
        }
    }

    /// In one line: `apply 40%, applying, stage 2/5 sw-patch-worker-hosts, step 1/6 lock-hosts (compute-0)`.
    pub fn line(&self) -> String {
        let mut line = format!("{} {}%, {}", self.phase, self.percent, self.state);
        for (kind, part) in [("stage", &self.stage), ("step", &self.step)] {
            if let Some(Part { number, total, name }) = part {
                line += &format!(", {kind} {number}/{total} {name}");
            }
        }
        if !self.entities.is_empty() {
            line += &format!(" ({})", self.entities.join(", "));
        }
        if !self.reason.is_empty() {
            line += &format!(": {}", self.reason);
        }
        line
    }
}

fn current_step(stage: Stage<'_>) -> Option<(Part, Step<'_>)> {
    let at = stage.number("current-step");
    let step = stage.steps().nth(usize::try_from(at).ok()?)?;
    let name = step.text("step-name").to_owned();
    Some((Part { number: at + 1, total: stage.number("total-steps"), name }, step))
}

/// Whether the command has what it asked for.
pub fn verdict(strategy: &Strategy, command: &Command) -> Verdict {
    match strategy.state() {
        "initial" | "building" | "applying" | "aborting" => Verdict::UnderWay,
        // also after one stage of several
        "ready-to-apply" | "applied" => Verdict::Well,
        "aborted" => match command {
            Command::Abort { .. } | Command::Show { .. } | Command::Delete { .. } => Verdict::Well,
            Command::Apply { .. } | Command::Create(_) => Verdict::Badly,
        },
        "build-failed" | "build-timeout" | "apply-failed" | "apply-timeout" | "abort-failed"
        | "abort-timeout" => Verdict::Badly,
        // a state of another release
        _ if strategy.current_phase().is_some_and(|phase| phase.in_progress()) => Verdict::UnderWay,
        _ => Verdict::Well,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn applying() -> Json {
        let step = |name: &str, hosts: Json| json!({"step-name": name, "entity-names": hosts});
        json!({
            "state": "applying", "current-phase": "apply", "current-phase-completion-percentage": 40,
            "apply-phase": {
                "phase-name": "apply", "inprogress": true, "current-stage": 1, "total-stages": 2, "reason": "",
                "stages": [
                    {"stage-name": "sw-patch-controllers", "current-step": 1, "total-steps": 1, "steps": []},
                    {
                        "stage-name": "sw-patch-worker-hosts", "current-step": 1, "total-steps": 2,
                        "steps": [step("query-alarms", json!([])), step("lock-hosts", json!(["compute-0", "compute-1"]))]
                    }
                ]
            }
        })
    }

    #[test]
    fn a_look_tells_stage_step_and_hosts() {
        let progress = Progress::of(&Strategy::new(applying()));
        assert_eq!(
            progress.line(),
            "apply 40%, applying, stage 2/2 sw-patch-worker-hosts, step 2/2 lock-hosts (compute-0, compute-1)"
        );
    }

    #[test]
    fn a_phase_that_is_done_has_neither_stage_nor_step() {
        let mut json = applying();
        json["state"] = json!("apply-failed");
        json["apply-phase"]["current-stage"] = json!(2);
        json["apply-phase"]["reason"] = json!("lock failed");
        assert_eq!(Progress::of(&Strategy::new(json)).line(), "apply 40%, apply-failed: lock failed");
        assert_eq!(Progress::of(&Strategy::new(json!({}))).line(), " 0%, ");
    }

    #[test]
    fn each_state_has_its_verdict() {
        use Verdict::{Badly, UnderWay, Well};
        let apply = Command::Apply { stage: None };
        let abort = Command::Abort { stage: None };
        let cases = [
            ("initial", UnderWay, UnderWay),
            ("building", UnderWay, UnderWay),
            ("build-failed", Badly, Badly),
            ("build-timeout", Badly, Badly),
            ("ready-to-apply", Well, Well),
            ("applying", UnderWay, UnderWay),
            ("apply-failed", Badly, Badly),
            ("apply-timeout", Badly, Badly),
            ("applied", Well, Well),
            ("aborting", UnderWay, UnderWay),
            ("abort-failed", Badly, Badly),
            ("abort-timeout", Badly, Badly),
            ("aborted", Badly, Well),
            ("of the future", Well, Well),
        ];
        for (state, of_apply, of_abort) in cases {
            let strategy = Strategy::new(json!({"state": state}));
            assert_eq!(
                (verdict(&strategy, &apply), verdict(&strategy, &abort)),
                (of_apply, of_abort),
                "{state}"
            );
        }
        let future = json!({"state": "later", "current-phase": "apply", "apply-phase": {"phase-name": "apply", "inprogress": true}});
        assert_eq!(verdict(&Strategy::new(future), &apply), UnderWay);
    }
}
