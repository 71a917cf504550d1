//! What the original did, request by request: its answers and its messages to the VIM were recorded, and the same
//! requests are played here. Where this API is to do otherwise, `ours` says what, and docs/differences.md why.
//!
//! In a recording, `@sw-patch` and `@sw-upgrade` stand for the strategies of `strategy`, in messages and in answers.

use crate::client::{Answer, exchange, request};
use crate::lab::{Lab, Reaction};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const RECORDED: &str = include_str!("recorded.jsonl");
/// Differences by design; each is a row or part of a row of docs/differences.md.
const DIFFERENT: usize = 31;

#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    #[serde(default)]
    rpc: Vec<Vec<Value>>,
    #[serde(default)]
    requests: Vec<Value>,
    answer: Expected,
    #[serde(default)]
    ours: Ours,
}

#[derive(Debug, Deserialize)]
struct Expected {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
}

#[derive(Debug, Deserialize, Default)]
struct Ours {
    answer: Option<Expected>,
    requests: Option<Vec<Value>>,
}

fn step(id: u64, name: &str, kind: &str, names: Value, uuids: Value, reason: &str) -> Value {
    json!({
        "id": id, "name": name, "force_pass": false, "timeout": 60, "max_retries": 1, "result": "success",
        "result_reason": reason, "start_date_time": "2017-01-10 15:23:12", "end_date_time": "2017-01-10 15:23:12",
        "entity_type": kind, "entity_names": names, "entity_uuids": uuids,
    })
}

fn empty_phase(name: &str) -> Value {
    json!({
        "name": name, "timeout": 0, "inprogress": false, "completion_percentage": 100, "current_stage": 0,
        "stop_at_stage": 0, "total_stages": 0, "stages": [], "result": "initial", "result_reason": "",
        "start_date_time": "", "end_date_time": "",
    })
}

/// The strategy of the recordings, as the VIM tells it.
fn strategy(name: &str) -> Value {
    let steps = json!([
        step(0, "query-alarms", "", json!([]), json!([]), ""),
        step(
            1,
            "lock-hosts",
            "hosts",
            json!(["compute-0"]),
            json!(["523cbd2d-f7f8-4707-8617-d085386f8711"]),
            "no ä"
        ),
    ]);
    let stage = json!({
        "id": 0, "name": "sw-patch-query", "timeout": 181, "inprogress": true, "current_step": 1, "total_steps": 2,
        "steps": steps, "result": "success", "result_reason": "r", "start_date_time": "2017-01-10 15:23:12",
        "end_date_time": "",
    });
    let build = json!({
        "name": "build", "timeout": 182, "inprogress": false, "completion_percentage": 100, "current_stage": 1,
        "stop_at_stage": 1, "total_stages": 1, "stages": [stage], "result": "success", "result_reason": "",
        "start_date_time": "2017-01-10 15:23:12", "end_date_time": "",
    });
    json!({
        "uuid": "c1971c42-b494-4ff0-8abf-dbde17929972", "name": name, "state": "ready-to-apply",
        "current_phase": "build", "current_phase_completion_percentage": 100, "build_phase": build,
        "apply_phase": empty_phase("apply"), "abort_phase": empty_phase("abort"),
        "controller_apply_type": "serial", "storage_apply_type": "serial", "swift_apply_type": "ignore",
        "worker_apply_type": "parallel", "max_parallel_worker_hosts": 2, "default_instance_action": "stop-start",
        "alarm_restrictions": "strict", "ignore_alarms": [], "nfvi_alarms_data": [],
    })
}

/// The same as it is shown: names of parts first, hyphens, nothing that the API does not have.
fn shown(name: &str) -> Value {
    fn convert(value: &Value, part: &str) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| convert(item, part)).collect(),
            Value::Object(keys) => {
                let dropped =
                    ["force_pass", "max_retries", "ignore_alarms", "nfvi_alarms_data"].map(str::to_owned);
                let keys = keys.iter().filter(|(key, _)| !dropped.contains(key));
                let converted = keys.map(|(key, value)| {
                    let below = match key.as_str() {
                        "stages" => "stage",
                        "steps" => "step",
                        key if key.ends_with("_phase") => "phase",
                        _ => part,
                    };
                    let name = match key.as_str() {
                        "id" | "name" if !part.is_empty() => format!("{part}-{key}"),
                        "result_reason" => "reason".to_owned(),
                        other => other.replace('_', "-"),
                    };
                    (name, convert(value, below))
                });
                Value::Object(converted.collect())
            }
            other => other.clone(),
        }
    }
    json!({"strategy": convert(&strategy(name), "")})
}

fn filled(mut message: Value) -> Value {
    if let Some(name) = message["strategy"].as_str().and_then(|text| text.strip_prefix('@')) {
        message["strategy"] = strategy(name).to_string().into();
    }
    message
}

/// Texts that quote a whole body have its keys in any order: their letters are compared.
fn comparable(mut body: Value) -> Value {
    if let Some(text) = body["faultstring"].as_str()
        && let (Some(from), Some(to)) = (text.find("{u'"), text.rfind('}'))
    {
        let mut letters: Vec<char> = text[from..=to].chars().collect();
        letters.sort_unstable();
        body["faultstring"] = format!("{}{letters:?}{}", &text[..from], &text[to..]).into();
    }
    body
}

fn check(case: &Case, expected: &Expected, answer: &Answer) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut differ = |what: &str, want: &dyn std::fmt::Debug, got: &dyn std::fmt::Debug| {
        wrong.push(format!("{}: {what}\n  wanted {want:?}\n     got {got:?}", case.name));
    };
    if answer.status != expected.status {
        differ("status", &expected.status, &answer.status);
    }
    for name in ["content-type", "allow"] {
        let want = expected.headers.get(name).map(String::as_str);
        if answer.header(name) != want {
            differ(name, &want, &answer.header(name));
        }
    }
    match (&expected.json, &expected.text) {
        (Some(want), _) => {
            let want = match want.as_str().and_then(|text| text.strip_prefix('@')) {
                Some(name) => shown(name),
                None => want.clone(),
            };
            let mut got: Value = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
            if want.get("reason").is_none()
                && let Some(keys) = got.as_object_mut()
            {
                // that it is there is a difference by design
                keys.remove("reason");
            }
            if comparable(want.clone()) != comparable(got.clone()) {
                differ("body", &want, &answer.body);
            }
        }
        (None, Some(want)) => {
            if *want != answer.body {
                differ("body", want, &answer.body);
            }
        }
        (None, None) if answer.body.is_empty() => {}
        (None, None) => differ("body", &"none", &answer.body),
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_and_every_message_is_the_originals_or_a_named_difference() {
    let lab = Lab::start().await;
    let cases: Vec<Case> =
        RECORDED.lines().map(|line| serde_json::from_str(line).expect("a recording")).collect();
    let different = cases.iter().filter(|case| case.ours.answer.is_some() || case.ours.requests.is_some());
    assert_eq!(different.count(), DIFFERENT);
    let mut wrong = Vec::new();
    for case in &cases {
        let script = case.rpc.iter().cloned();
        lab.vim.play(script.map(|messages| Reaction::Answers(messages.into_iter().map(filled).collect())));
        let headers: Vec<_> = case.headers.clone().into_iter().collect();
        let bytes = request(&case.method, &case.path, &headers, case.body.as_deref().map(str::as_bytes));
        let answer = exchange(lab.address, &bytes).await.unwrap_or_else(|| panic!("{}", case.name));
        wrong.extend(check(case, case.ours.answer.as_ref().unwrap_or(&case.answer), &answer));
        let wanted = case.ours.requests.as_ref().unwrap_or(&case.requests);
        let seen = lab.vim.seen();
        if seen != *wanted {
            wrong.push(format!("{}: messages\n  wanted {wanted:?}\n     got {seen:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_operation_is_recorded_with_success_and_with_failure() {
    use nfv_vim_api::route::{Action, find};
    let mut good = BTreeSet::new();
    let mut bad = BTreeSet::new();
    let mut all = Vec::new();
    for line in RECORDED.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let path = case.path.split('?').next().unwrap();
        let segments: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        if let Ok(route) = find(&case.method, &segments) {
            let name = format!("{:?} {:?}", route.resource, route.operation.action);
            let status = case.ours.answer.as_ref().unwrap_or(&case.answer).status;
            if status < 300 {
                good.insert(name)
            } else {
                bad.insert(name)
            };
        }
    }
    // what the original does not have is in extensions.rs
    let ours = |resource: &nfv_vim_api::route::Resource| resource.path().starts_with("/api/extensions/");
    for resource in nfv_vim_api::route::Resource::ALL.into_iter().filter(|resource| !ours(resource)) {
        for operation in resource.operations() {
            let name = format!("{resource:?} {:?}", operation.action);
            let elsewhere = [Action::PassOn, Action::ShowMetrics, Action::ShowOpenApi];
            // the VIM never finds one by uuid; the recording has what would come
            if !elsewhere.contains(&operation.action) {
                all.push((name, operation.action));
            }
        }
    }
    for (name, action) in all {
        assert!(good.contains(&name) || name.contains("Upgrade"), "no success is recorded of {name}");
        assert!(
            bad.contains(&name) || action == Action::Describe || name.contains("Upgrade"),
            "no failure of {name}"
        );
    }
}
