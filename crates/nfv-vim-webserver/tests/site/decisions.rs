//! What was decided at the site, as the VIM writes it.

use super::uuid;
use nfv_vim_db::Write;
use nfv_vim_db::row::DecisionRow;
use serde_json::{Value, json};

/// A decision about a host or an instance; `more` has the keys that are not as usual.
pub fn decision(seq: i64, kind: &str, key: &str, what: &str, cause: &str, more: Value) -> Write {
    let mut data = json!({
        "id": seq, "time": "2019-01-23T15:04:05.678Z", "decision": what, "cause": cause,
        "initiated_by": "instance-director", "evidence": {}, "wait": null, "deadline": null,
        "outcome": "completed", "outcome_reason": null, "ended": "2019-01-23T15:04:18.078Z",
        "duration_ms": 12_400, "count": 1,
    });
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    let open = data["outcome"].is_null();
    Write::PutDecision(DecisionRow {
        seq,
        kind: kind.to_owned(),
        key: key.to_owned(),
        open,
        data: data.to_string(),
    })
}

/// One that is under way until this time.
pub fn under_way(seq: i64, number: usize, what: &str, until: &str) -> Write {
    let more = json!({
        "outcome": null, "ended": null, "duration_ms": null, "deadline": until,
        "wait": {"what": "Nova's answer", "since": "2019-01-23T15:04:05.678Z", "until": until},
        "evidence": {"host": "compute-17", "nova": "<b>No valid host</b> was found"},
    });
    decision(seq, "instance", &uuid(2, number), what, "it has failed", more)
}

/// Some of the first.
pub fn writes() -> Vec<Write> {
    let instance = |number| uuid(2, number);
    let held_back = json!({
        "initiated_by": "vim", "outcome": "held-back", "outcome_reason": "so many instances failed that it waits",
        "duration_ms": 0, "count": 12, "evidence": {"failed_instances": "230", "limit": "50"},
    });
    let rejected = json!({
        "outcome": "rejected", "outcome_reason": "host compute-3 is not available", "duration_ms": 600,
        "evidence": {"host": "compute-3", "host_state": "disabled (unlocked, failed)", "tried_before": "2"},
    });
    let by_platform = json!({
        "initiated_by": "platform", "outcome": "failed", "outcome_reason": "services could not be disabled",
        "duration_ms": 305_000,
        "evidence": {"admin_state": "unlocked", "oper_state": "disabled", "avail_status": "failed"},
    });
    vec![
        decision(1, "host", "compute-3", "enable", "it was unlocked", json!({"initiated_by": "operator"})),
        decision(2, "host", "compute-3", "disable", "it has failed", by_platform),
        decision(3, "instance", &instance(24), "evacuate", "its host has failed", rejected),
        decision(4, "instance", &instance(24), "none", "recovery is held back", held_back),
        under_way(5, 24, "rebuild", "2099-01-01T00:00:00.000Z"),
    ]
}
