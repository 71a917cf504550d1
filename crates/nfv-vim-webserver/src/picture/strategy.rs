//! A software update strategy as the console shows it. Contract: strategies 1.10.
//!
//! It is read leniently: the file may be of another release, and what cannot be read is better shown in part.

use nfv_vim_db::row::SwUpdateRow;
use serde::Serialize;
use serde_json::Value;

/// A strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // named as in the contract
pub struct StrategyView {
    pub uuid: String,
    /// `sw-patch`, `sw-upgrade`.
    pub kind: String,
    pub state: String,
    pub current_phase: String,
    pub percent: u64,
    /// What was asked for: name and value.
    pub terms: Vec<(String, String)>,
    pub phases: Vec<PhaseView>,
}

/// A phase of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // named as in the contract
pub struct PhaseView {
    pub name: String,
    pub running: bool,
    pub percent: u64,
    pub result: String,
    pub reason: String,
    pub begin: String,
    pub end: String,
    pub stages: Vec<StageView>,
}

/// A stage of a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // named as in the contract
pub struct StageView {
    pub name: String,
    pub running: bool,
    pub result: String,
    pub reason: String,
    pub begin: String,
    pub end: String,
    pub steps: Vec<StepView>,
}

/// A step of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // named as in the contract
pub struct StepView {
    pub name: String,
    pub running: bool,
    pub result: String,
    pub reason: String,
    pub begin: String,
    pub end: String,
    /// Seconds.
    pub timeout: u64,
    /// Hosts or instances, by name.
    pub entities: Vec<String>,
}

/// Keys of what was asked for, and how they are called.
const TERMS: [(&str, &str); 7] = [
    ("controller_apply_type", "Controllers"),
    ("storage_apply_type", "Storage"),
    ("swift_apply_type", "Swift"),
    ("worker_apply_type", "Workers"),
    ("max_parallel_worker_hosts", "Workers at once"),
    ("default_instance_action", "Instances"),
    ("alarm_restrictions", "Alarm restrictions"),
];

impl StrategyView {
    /// From the row; none when it holds no strategy.
    pub fn of(row: &SwUpdateRow) -> Option<Self> {
        let stored: Value = serde_json::from_str(&row.strategy_data).ok()?;
        stored["state"].as_str()?;
        let terms = TERMS.iter().filter_map(|(key, name)| {
            let value = &stored[*key];
            let text = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|n| n.to_string()))?;
            Some(((*name).to_owned(), text))
        });
        Some(Self {
            uuid: row.uuid.clone(),
            kind: row.sw_update_type.clone(),
            state: text(&stored, "state"),
            current_phase: text(&stored, "current_phase"),
            percent: number(&stored, "current_phase_completion_percentage"),
            terms: terms.collect(),
            phases: ["build_phase", "apply_phase", "abort_phase"]
                .iter()
                .filter_map(|key| PhaseView::of(&stored[*key]))
                .collect(),
        })
    }
}

impl PhaseView {
    fn of(stored: &Value) -> Option<Self> {
        let running = flag(stored, "inprogress");
        let current = stored["current_stage"].as_u64().filter(|_| running);
        Some(Self {
            name: stored["name"].as_str()?.to_owned(),
            running,
            percent: number(stored, "completion_percentage"),
            result: text(stored, "result"),
            reason: text(stored, "result_reason"),
            begin: text(stored, "start_date_time"),
            end: text(stored, "end_date_time"),
            stages: (0..)
                .zip(list(stored, "stages"))
                .map(|(index, stage)| StageView::of(stage, current == Some(index)))
                .collect(),
        })
    }
}

impl StageView {
    fn of(stored: &Value, current: bool) -> Self {
        let running = flag(stored, "inprogress") || current;
        let step = stored["current_step"].as_u64().filter(|_| running);
        Self {
            name: text(stored, "name"),
            running,
            result: text(stored, "result"),
            reason: text(stored, "result_reason"),
            begin: text(stored, "start_date_time"),
            end: text(stored, "end_date_time"),
            steps: (0..)
                .zip(list(stored, "steps"))
                .map(|(index, found)| StepView::of(found, step == Some(index)))
                .collect(),
        }
    }
}

impl StepView {
    fn of(stored: &Value, current: bool) -> Self {
        let result = text(stored, "result");
        Self {
            name: text(stored, "name"),
            running: current && matches!(result.as_str(), "initial" | "wait" | ""),
            result,
            reason: text(stored, "result_reason"),
            begin: text(stored, "start_date_time"),
            end: text(stored, "end_date_time"),
            timeout: number(stored, "timeout"),
            entities: list(stored, "entity_names").filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}

fn number(object: &Value, key: &str) -> u64 {
    object[key].as_u64().unwrap_or(0)
}

fn flag(object: &Value, key: &str) -> bool {
    object[key].as_bool().unwrap_or(false)
}

fn list<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    object[key].as_array().into_iter().flatten()
}
