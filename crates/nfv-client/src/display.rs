//! The strategy as the original prints it.
//!
//! Contract: vim-api 4.4.

use crate::python_value::{is_positive, is_true, shown, size};
use crate::strategy::{Phase, PhaseName, Stage, Step, Strategy};
use crate::strategy_name::StrategyName;
use serde_json::Value as Json;

/// Values start after so many letters.
const VALUE_COLUMN: usize = 42;
const OF_STRATEGY: usize = 2;
const OF_PHASE: usize = 4;
const OF_STAGE: usize = 8;
const OF_STEP: usize = 12;

/// The whole display, with all stages and steps or without.
pub fn display(strategy: &Strategy, details: bool) -> String {
    let mut page = Page::default();
    page.strategy(strategy, details);
    page.text()
}

/// Lines of text.
#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    /// All of it.
    pub(crate) fn text(self) -> String {
        self.0
    }

    /// Name and value of what the original does not have: without a blank at the end.
    pub(crate) fn named(&mut self, indent: usize, name: &str, value: &str) {
        let gap = VALUE_COLUMN.saturating_sub(indent + name.chars().count() + 1).max(1);
        self.plain(format!("{:indent$}{name}:{:gap$}{value}", "", "").trim_end());
    }

    /// A line that is nothing but this.
    pub(crate) fn plain(&mut self, line: &str) {
        self.0 = std::mem::take(&mut self.0) + line + "\n";
    }

    /// Name and value; a line without unit ends with a blank.
    fn line(&mut self, indent: usize, name: &str, value: &str, unit: &str) {
        let gap = VALUE_COLUMN.saturating_sub(indent + name.len() + 1);
        self.plain(&format!("{:indent$}{name}:{:gap$}{value} {unit}", "", ""));
    }

    fn value(&mut self, indent: usize, name: &str, value: &Json) {
        self.line(indent, name, &shown(value), "");
    }

    fn seconds(&mut self, indent: usize, name: &str, value: &Json) {
        self.line(indent, name, &shown(value), "seconds");
    }

    fn strategy(&mut self, strategy: &Strategy, details: bool) {
        let title = match strategy.text("name") {
            name if name == StrategyName::Patch.as_str() => "Patch",
            name if name == StrategyName::Upgrade.as_str() => "Upgrade",
            _ => "Unknown",
        };
        self.plain(&format!("Strategy {title} Strategy:"));
        self.value(OF_STRATEGY, "strategy-uuid", strategy.get("uuid"));
        for key in ["controller-apply-type", "storage-apply-type", "worker-apply-type"] {
            self.value(OF_STRATEGY, key, strategy.get(key));
        }
        if strategy.text("worker-apply-type") == "parallel" {
            let key = "max-parallel-worker-hosts";
            self.value(OF_STRATEGY, key, strategy.get(key));
        }
        for key in ["default-instance-action", "alarm-restrictions", "current-phase"] {
            self.value(OF_STRATEGY, key, strategy.get(key));
        }
        let completion = format!("{}%", shown(strategy.get("current-phase-completion-percentage")));
        self.line(OF_STRATEGY, "current-phase-completion", &completion, "");
        self.value(OF_STRATEGY, "state", strategy.get("state"));
        if details {
            for name in PhaseName::ALL {
                let phase = strategy.phase(name);
                if is_positive(phase.get("total-stages")) {
                    self.phase(phase);
                }
            }
        } else {
            self.outcome(strategy);
        }
    }

    /// Where the current phase stands, in short.
    fn outcome(&mut self, strategy: &Strategy) {
        let current = strategy.get("current-phase");
        let is_current = |name: &PhaseName| strategy.phase(*name).get("phase-name") == current;
        let Some(name) = PhaseName::ALL.into_iter().find(is_current) else { return };
        let in_progress = is_true(strategy.phase(name).get("inprogress"));
        if in_progress {
            self.line(OF_STRATEGY, "inprogress", "true", "");
        }
        let mut result = |name: PhaseName, prefix: &str| {
            for key in ["result", "reason"] {
                self.value(OF_STRATEGY, &format!("{prefix}-{key}"), strategy.phase(name).get(key));
            }
        };
        match (name, in_progress) {
            (PhaseName::Build | PhaseName::Apply, true) => {}
            (PhaseName::Build, false) => result(PhaseName::Build, "build"),
            (PhaseName::Apply, false) => result(PhaseName::Apply, "apply"),
            (PhaseName::Abort, true) => {
                result(PhaseName::Apply, "apply");
                self.line(OF_STRATEGY, "abort-result", "", "");
                self.line(OF_STRATEGY, "abort-reason", "", "");
            }
            (PhaseName::Abort, false) => {
                result(PhaseName::Apply, "apply");
                result(PhaseName::Abort, "abort");
            }
        }
    }

    fn phase(&mut self, phase: Phase<'_>) {
        self.plain(&format!("  {}-phase:", shown(phase.get("phase-name"))));
        for key in ["total-stages", "current-stage", "stop-at-stage"] {
            self.value(OF_PHASE, key, phase.get(key));
        }
        self.seconds(OF_PHASE, "timeout", phase.get("timeout"));
        let completion = format!("{}%", shown(phase.get("completion-percentage")));
        self.line(OF_PHASE, "completion-percentage", &completion, "");
        self.times(OF_PHASE, |key| phase.get(key));
        self.plain("    stages:");
        for stage in phase.stages() {
            self.stage(stage);
            self.plain("");
        }
    }

    fn stage(&mut self, stage: Stage<'_>) {
        for key in ["stage-id", "stage-name", "total-steps", "current-step"] {
            self.value(OF_STAGE, key, stage.get(key));
        }
        self.seconds(OF_STAGE, "timeout", stage.get("timeout"));
        self.times(OF_STAGE, |key| stage.get(key));
        self.plain("        steps:");
        for step in stage.steps() {
            self.step(step);
            self.plain("");
        }
    }

    /// Start and end of a phase or stage, and how it ended.
    fn times<'a>(&mut self, indent: usize, get: impl Fn(&str) -> &'a Json) {
        self.value(indent, "start-date-time", get("start-date-time"));
        if is_true(get("inprogress")) {
            self.line(indent, "inprogress", "true", "");
        } else {
            for key in ["end-date-time", "result", "reason"] {
                self.value(indent, key, get(key));
            }
        }
    }

    fn step(&mut self, step: Step<'_>) {
        for key in ["step-id", "step-name"] {
            self.value(OF_STEP, key, step.get(key));
        }
        for key in ["entity-type", "entity-names", "entity-uuids"] {
            if size(step.get(key)) > 0 {
                self.value(OF_STEP, key, step.get(key));
            }
        }
        self.seconds(OF_STEP, "timeout", step.get("timeout"));
        for key in ["start-date-time", "end-date-time"] {
            if size(step.get(key)) > 0 {
                self.value(OF_STEP, key, step.get(key));
            }
        }
        for key in ["result", "reason"] {
            self.value(OF_STEP, key, step.get(key));
        }
    }
}
