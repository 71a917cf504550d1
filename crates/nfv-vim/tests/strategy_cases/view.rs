//! A strategy in the forms in which cases and runs state it. Contract: strategies 9.1, 9.2.

use nfv_common::strategy::stored::StoredStrategy;
use nfv_common::strategy::{Phase, Stage, StepKind, Strategy};
use nfv_vim::core::strategy::UpdateStep;
use serde_json::{Map, Value, json};

/// A run's view: everything that `expect` can name.
pub fn of_run(strategy: &Strategy<UpdateStep>) -> Value {
    json!({
        "state": strategy.state,
        "current_phase": strategy.current_phase,
        "current_phase_completion_percentage": strategy.completion_percentage(),
        "build": run_phase(&strategy.build),
        "apply": run_phase(&strategy.apply),
        "abort": run_phase(&strategy.abort),
    })
}

fn run_phase(phase: &Phase<UpdateStep>) -> Value {
    json!({
        "result": phase.result,
        "reason": phase.reason,
        "inprogress": phase.inprogress,
        "current_stage": phase.current_stage,
        "stop_at_stage": phase.stop_at_stage,
        "timeout": phase.timeout,
        "completion_percentage": phase.completion_percentage(),
        "stages": phase.stages.iter().map(run_stage).collect::<Vec<_>>(),
    })
}

fn run_stage(stage: &Stage<UpdateStep>) -> Value {
    let steps = stage.steps.iter().map(|step| {
        if step.reason.is_empty() {
            json!([step.kind.name(), step.result])
        } else {
            json!([step.kind.name(), step.result, step.reason])
        }
    });
    json!({
        "name": stage.name,
        "result": stage.result,
        "reason": stage.reason,
        "inprogress": stage.inprogress,
        "current_step": stage.current_step,
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// Brings what a run has told so far up to date.
pub fn apply_change(model: &mut Value, change: &Value) {
    for (key, value) in change.as_object().into_iter().flatten() {
        let Some(phase) = value.as_object() else {
            model[key] = value.clone();
            continue;
        };
        for (name, value) in phase {
            if name == "stages_replaced" {
                continue;
            }
            match value.as_object().filter(|_| name == "stages") {
                None => model[key][name] = value.clone(),
                Some(stages) => {
                    let replaced = phase.get("stages_replaced") == Some(&Value::Bool(true));
                    let mut list = if replaced {
                        vec![Value::Null; stages.len()]
                    } else {
                        model[key]["stages"].as_array().cloned().unwrap_or_default()
                    };
                    for (index, stage) in stages {
                        let index: usize = index.parse().unwrap_or(usize::MAX);
                        if index >= list.len() {
                            list.resize(index + 1, Value::Null);
                        }
                        list[index] = stage.clone();
                    }
                    model[key]["stages"] = Value::Array(list);
                }
            }
        }
    }
}

/// A case's view: the stored dictionaries without what has its usual value.
pub fn of_case(stored: StoredStrategy) -> Value {
    let stored = serde_json::to_value(stored).expect("a strategy is JSON");
    let ignored = stored["ignore_alarms"].clone();
    let mut view = Map::new();
    for key in ["state", "current_phase", "current_phase_completion_percentage", "ignore_alarms"] {
        view.insert(key.to_owned(), stored[key].clone());
    }
    let alarms = stored["nfvi_alarms_data"].as_array().cloned().unwrap_or_default();
    let uuids: Vec<_> = alarms.iter().map(|alarm| alarm["alarm_uuid"].clone()).collect();
    view.insert("nfvi_alarms".to_owned(), Value::Array(uuids));
    for key in ["build_phase", "apply_phase", "abort_phase"] {
        view.insert(key.to_owned(), case_phase(&stored[key], &ignored));
    }
    Value::Object(view)
}

fn case_phase(phase: &Value, ignored: &Value) -> Value {
    let mut view = without(
        phase,
        &[
            ("timeout", json!(0)),
            ("inprogress", json!(false)),
            ("completion_percentage", json!(100)),
            ("current_stage", json!(0)),
            ("stop_at_stage", json!(0)),
            ("result", json!("initial")),
            ("result_reason", json!("")),
        ],
        &["name", "total_stages", "start_date_time", "end_date_time"],
    );
    let stages = phase["stages"].as_array().into_iter().flatten();
    let stages = stages.map(|stage| {
        let mut view = without(
            stage,
            &[
                ("inprogress", json!(false)),
                ("current_step", json!(0)),
                ("result", json!("initial")),
                ("result_reason", json!("")),
            ],
            &["id", "total_steps", "start_date_time", "end_date_time"],
        );
        let steps = stage["steps"].as_array().into_iter().flatten();
        view["steps"] = steps.map(|step| case_step(step, ignored)).collect();
        view
    });
    view["stages"] = stages.collect();
    view
}

fn case_step(step: &Value, ignored: &Value) -> Value {
    let mut view = without(
        step,
        &[
            ("force_pass", json!(false)),
            ("max_retries", json!(1)),
            ("result", json!("initial")),
            ("result_reason", json!("")),
            ("entity_type", json!("")),
            ("entity_names", json!([])),
            ("entity_uuids", json!([])),
            ("ignore_alarms", ignored.clone()),
        ],
        &["id", "start_date_time", "end_date_time"],
    );
    let none = json!([false, false, ""]);
    if let Some(hosts) = view.get("hosts_completed").and_then(Value::as_object)
        && hosts.values().all(|at| *at == none)
        && let Some(view) = view.as_object_mut()
    {
        view.remove("hosts_completed");
    }
    view
}

fn without(value: &Value, usual: &[(&str, Value)], always: &[&str]) -> Value {
    let mut map = value.as_object().cloned().unwrap_or_default();
    map.retain(|key, value| {
        !always.contains(&key.as_str()) && !usual.iter().any(|(usual, is)| usual == key && is == value)
    });
    Value::Object(map)
}

/// The first place where two values differ.
pub fn difference(ours: &Value, recorded: &Value) -> Option<String> {
    if ours == recorded {
        return None;
    }
    match (ours, recorded) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()) {
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                if let Some(deeper) = difference(a, b) {
                    return Some(format!("{key}/{deeper}"));
                }
            }
            Some(": a key is missing".to_owned())
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| difference(a, b).map(|deeper| format!("{index}/{deeper}")))
        }
        _ => Some(format!(": ours {ours}, recorded {recorded}")),
    }
}
