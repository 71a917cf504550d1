//! Strategies of many shapes, as the VIM's API gives them.

use serde_json::{Value as Json, json};

/// A step on these entities.
pub fn step(
    id: u64,
    name: &str,
    kind: &str,
    names: &[&str],
    result: &str,
    reason: &str,
    times: [&str; 2],
) -> Json {
    let uuids: Vec<_> =
        names.iter().enumerate().map(|(at, _)| format!("523cbd2d-f7f8-4707-8617-{at:012}")).collect();
    json!({
        "step-id": id, "step-name": name, "timeout": 60 * (id + 1), "entity-type": kind, "entity-names": names,
        "entity-uuids": uuids, "result": result, "reason": reason,
        "start-date-time": times[0], "end-date-time": times[1],
    })
}

/// A stage of these steps.
pub fn stage(id: u64, name: &str, steps: Vec<Json>, at: usize, result: &str, reason: &str) -> Json {
    json!({
        "stage-id": id, "stage-name": name, "timeout": 181, "total-steps": steps.len(), "current-step": at,
        "inprogress": result == "inprogress", "result": result, "reason": reason,
        "start-date-time": "2017-01-10 15:23:12",
        "end-date-time": if result == "inprogress" { "" } else { "2017-01-10 15:24:00" }, "steps": steps,
    })
}

/// A phase of these stages.
pub fn phase(name: &str, stages: Vec<Json>, at: usize, percent: u64, result: &str, reason: &str) -> Json {
    let started = result != "initial";
    let in_progress = result == "inprogress";
    json!({
        "phase-name": name, "timeout": 182, "total-stages": stages.len(), "current-stage": at,
        "stop-at-stage": stages.len(), "inprogress": in_progress, "completion-percentage": percent,
        "result": result, "reason": reason,
        "start-date-time": if started { "2017-01-10 15:23:12" } else { "" },
        "end-date-time": if started && !in_progress { "2017-01-10 15:30:00" } else { "" }, "stages": stages,
    })
}

/// A phase that has not been.
pub fn no_phase(name: &str) -> Json {
    phase(name, Vec::new(), 0, 100, "initial", "")
}

pub fn query_stage(result: &str) -> Json {
    let times = ["2017-01-10 15:23:12", if result == "inprogress" { "" } else { "2017-01-10 15:23:13" }];
    let steps = vec![
        step(0, "query-alarms", "", &[], "success", "", ["2017-01-10 15:23:12", "2017-01-10 15:23:12"]),
        step(1, "query-sw-patches", "", &[], result, "", times),
    ];
    stage(0, "sw-patch-query", steps, 1, result, "")
}

fn worker_stages(result: &str, reason: &str) -> Vec<Json> {
    let steps = |first: &str, second: &str| {
        vec![
            step(0, "query-alarms", "", &[], first, "", ["2017-01-10 15:25:12", "2017-01-10 15:25:12"]),
            step(
                1,
                "lock-hosts",
                "hosts",
                &["compute-0", "compute-1"],
                second,
                reason,
                ["2017-01-10 15:25:13", ""],
            ),
            step(2, "migrate-instances", "instances", &["vm-0"], "initial", "", ["", ""]),
        ]
    };
    vec![
        stage(0, "sw-patch-controllers", steps("success", "success"), 3, "success", ""),
        stage(1, "sw-patch-worker-hosts", steps("success", result), 1, result, reason),
        stage(2, "sw-patch-worker-hosts", steps("initial", "initial"), 0, "initial", ""),
    ]
}

/// A strategy of these phases.
pub fn strategy(name: &str, state: &str, current: &str, percent: u64, phases: [Json; 3]) -> Json {
    let [build, apply, abort] = phases;
    json!({
        "uuid": "c1971c42-b494-4ff0-8abf-dbde17929972", "name": name, "controller-apply-type": "serial",
        "storage-apply-type": "serial", "swift-apply-type": "ignore", "worker-apply-type": "parallel",
        "max-parallel-worker-hosts": 2, "default-instance-action": "stop-start", "alarm-restrictions": "strict",
        "state": state, "current-phase": current, "current-phase-completion-percentage": percent,
        "build-phase": build, "apply-phase": apply, "abort-phase": abort,
    })
}

/// A strategy in one of its states.
pub fn in_state(name: &str, state: &str) -> Json {
    let build = |result: &str, reason: &str, percent| {
        let stages = if result == "initial" { Vec::new() } else { vec![query_stage(result)] };
        phase("build", stages, usize::from(percent == 100), percent, result, reason)
    };
    let built = || build("success", "", 100);
    let apply = |result: &str, reason: &str, percent| {
        phase("apply", worker_stages(result, reason), 1, percent, result, reason)
    };
    let abort = |result: &str, reason: &str, percent| {
        let unlock =
            step(0, "unlock-hosts", "hosts", &["compute-0"], result, reason, ["2017-01-10 15:28:00", ""]);
        phase(
            "abort",
            vec![stage(0, "sw-patch-worker-hosts", vec![unlock], 0, result, reason)],
            0,
            percent,
            result,
            reason,
        )
    };
    let waiting = || phase("apply", worker_stages("initial", ""), 0, 0, "initial", "");
    let none = || no_phase("abort");
    let (current, percent, phases) = match state {
        "initial" => ("initial", 0, [build("initial", "", 0), no_phase("apply"), none()]),
        "building" => ("build", 33, [build("inprogress", "", 33), no_phase("apply"), none()]),
        "build-failed" => {
            ("build", 100, [build("failed", "active alarms present", 100), no_phase("apply"), none()])
        }
        "build-timeout" => {
            ("build", 50, [build("timed-out", "sw-patch-query timed out", 50), no_phase("apply"), none()])
        }
        "ready-to-apply" => ("build", 100, [built(), waiting(), none()]),
        "applying" => ("apply", 40, [built(), apply("inprogress", "", 40), none()]),
        "apply-failed" => ("apply", 60, [built(), apply("failed", "host lock failed", 60), none()]),
        "apply-timeout" => ("apply", 60, [built(), apply("timed-out", "lock-hosts timed out", 60), none()]),
        "applied" => ("apply", 100, [built(), apply("success", "", 100), none()]),
        "degraded" => ("apply", 100, [built(), apply("degraded", "one host was left", 100), none()]),
        "waiting" => ("apply", 45, [built(), apply("wait", "", 45), none()]),
        "aborting" => ("abort", 20, [built(), apply("aborted", "", 60), abort("inprogress", "", 20)]),
        "abort-failed" => {
            ("abort", 80, [built(), apply("aborted", "", 60), abort("failed", "unlock failed", 80)])
        }
        "abort-timeout" => ("abort", 80, [built(), apply("aborted", "", 60), abort("timed-out", "", 80)]),
        "aborted" => ("abort", 100, [built(), apply("aborted", "broken off", 60), abort("success", "", 100)]),
        other => panic!("no state {other}"),
    };
    strategy(name, state, current, percent, phases)
}

pub const STATES: [&str; 15] = [
    "initial",
    "building",
    "build-failed",
    "build-timeout",
    "ready-to-apply",
    "applying",
    "apply-failed",
    "apply-timeout",
    "applied",
    "degraded",
    "waiting",
    "aborting",
    "abort-failed",
    "abort-timeout",
    "aborted",
];

/// Strategies of odd shapes, each with a name; what the original shows of them is what is shown.
pub fn odd() -> Vec<(&'static str, Json)> {
    let changed = |change: &dyn Fn(&mut Json)| {
        let mut json = in_state("sw-patch", "applying");
        change(&mut json);
        json
    };
    let step = "/apply-phase/stages/1/steps/1";
    let set =
        |path: &str, value: Json| changed(&move |json| *json.pointer_mut(path).unwrap() = value.clone());
    vec![
        ("another name", set("/name", json!("sw-deploy"))),
        ("no name", set("/name", json!(null))),
        ("serial workers", set("/worker-apply-type", json!("serial"))),
        ("no uuid", set("/uuid", json!(null))),
        ("empty texts", set("/state", json!(""))),
        ("number for text", set("/state", json!(7))),
        ("fraction", set("/current-phase-completion-percentage", json!(33.5))),
        ("whole fraction", set("/current-phase-completion-percentage", json!(33.0))),
        ("long fraction", set("/current-phase-completion-percentage", json!(33.333333333333336))),
        ("percentage of null", set("/current-phase-completion-percentage", json!(null))),
        ("true for text", set("/alarm-restrictions", json!(true))),
        ("list for text", set("/alarm-restrictions", json!(["a", 1, null, false, 1.5]))),
        ("parallel hosts of null", set("/max-parallel-worker-hosts", json!(null))),
        ("unknown phase", set("/current-phase", json!("later"))),
        ("no stages", set("/apply-phase/total-stages", json!(0))),
        ("stages below zero", set("/apply-phase/total-stages", json!(-1))),
        ("stages of null", set("/apply-phase/total-stages", json!(null))),
        ("stages as text", set("/apply-phase/total-stages", json!("0"))),
        ("in progress as text", set("/apply-phase/inprogress", json!("false"))),
        ("in progress as number", set("/apply-phase/inprogress", json!(0))),
        ("in progress of null", set("/apply-phase/inprogress", json!(null))),
        ("empty stage list", set("/apply-phase/stages", json!([]))),
        ("empty step list", set("/apply-phase/stages/1/steps", json!([]))),
        ("reason of lines", set("/apply-phase/reason", json!("one\ntwo"))),
        ("reason in progress", set("/apply-phase/stages/1/inprogress", json!(false))),
        ("entity of one letter", set(&format!("{step}/entity-type"), json!("x"))),
        ("entities as text", set(&format!("{step}/entity-names"), json!("compute-0"))),
        (
            "entities of odd names",
            set(&format!("{step}/entity-names"), json!(["it's", "a \"b\"", "c\\d", "e\tf\ng", ""])),
        ),
        (
            "entities beyond ascii",
            set(&format!("{step}/entity-names"), json!(["caf\u{e9}", "\u{20ac}", "\u{1f600}"])),
        ),
        ("start of a step not known", set(&format!("{step}/start-date-time"), json!(""))),
        ("end of a step known", set(&format!("{step}/end-date-time"), json!("2017-01-10 16:00:00"))),
        ("text beyond ascii", set("/apply-phase/stages/1/reason", json!("H\u{f6}st nicht da \u{20ac}"))),
        ("more than is known", changed(&|json| json["release-id"] = json!("1.2"))),
        ("very large number", set("/apply-phase/timeout", json!(18_446_744_073_709_551_615_u64))),
    ]
}
