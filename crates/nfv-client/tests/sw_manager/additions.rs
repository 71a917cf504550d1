//! What goes beyond the original (docs/sw-manager.md, docs/differences.md).

use crate::cases::{AREAS, Case, NOBODY, PASSWORD, TOKEN, logged_in, request, token, token_with};
use crate::fake::{Reply, Script};
use crate::recorded::{Ended, ours, run};
use crate::strategies::in_state;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

const PATCH: &str = "/api/orchestration/sw-patch/strategy";
const ACTIONS: &str = "/api/orchestration/sw-patch/strategy/actions";
const UPGRADE: &str = "/api/orchestration/sw-upgrade/strategy";
const FAULT: &str = r#"{"debuginfo": null, "faultcode": "Server", "faultstring": "The server has either erred or is incapable of performing the requested operation."}"#;

fn play(line: &str, script: Script) -> Ended {
    run(Case::new("", line, script), ours())
}

fn answer(strategy: impl Into<Json>) -> Reply {
    Reply::json("200 OK", json!({"strategy": strategy.into()}))
}

fn patch(state: &str) -> Reply {
    answer(in_state("sw-patch", state))
}

fn none() -> Reply {
    answer(Json::Null)
}

fn fault() -> Reply {
    Reply::json("500 Internal Server Error", FAULT)
}

/// Lines without the time before them.
fn untimed(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| match line.split_once("Z ") {
            Some((time, rest)) if time.len() == 19 && time.as_bytes()[10] == b' ' => rest,
            _ => line,
        })
        .collect()
}

#[test]
fn the_project_domain_may_be_left_out_or_be_an_id() {
    let show = || Case::new("", "patch-strategy show", logged_in().on("GET", PATCH, none()));
    let domain = |case| {
        let ended = run(case, ours());
        assert_eq!((ended.stdout.as_str(), ended.code), ("No strategy available\n", 0));
        let body: Json = serde_json::from_str(&ended.asked[0].body).unwrap();
        body["auth"]["scope"]["project"]["domain"].clone()
    };
    let without = || show().variable("OS_PROJECT_DOMAIN_NAME", None);
    assert_eq!(domain(without()), json!({"name": "Default"}));
    assert_eq!(domain(without().variable("OS_PROJECT_DOMAIN_ID", Some("default"))), json!({"id": "default"}));
    assert_eq!(domain(show().variable("OS_PROJECT_DOMAIN_ID", Some("x"))), json!({"name": "Default"}));
}

#[test]
fn the_address_of_keystone_may_lack_its_version() {
    for (address, first, refusal) in [
        ("{server}", "/auth/tokens", Reply::of("404 Not Found", "text/html", "")),
        ("{server}", "/auth/tokens", Reply::json("300 Multiple Choices", r#"{"versions": {}}"#)),
        ("{server}/", "//auth/tokens", Reply::empty("405 Method Not Allowed")),
        ("{server}/v3/", "/v3//auth/tokens", Reply::empty("404 Not Found")),
    ] {
        let script = logged_in().on("POST", first, refusal).on("GET", PATCH, none());
        let ended =
            run(Case::new("", "patch-strategy show", script).variable("OS_AUTH_URL", Some(address)), ours());
        assert_eq!((ended.stdout.as_str(), ended.code), ("No strategy available\n", 0), "{address}");
        let paths: Vec<_> = ended.asked.iter().map(|asked| asked.path.as_str()).collect();
        assert_eq!(paths, [first, "/v3/auth/tokens", PATCH]);
    }
    // when that does not help, the first refusal is told
    let script = Script::default().on("POST", "/v3/auth/tokens", Reply::empty("401 Unauthorized"));
    let ended =
        run(Case::new("", "patch-strategy show", script).variable("OS_AUTH_URL", Some("{server}/x")), ours());
    assert!(ended.stdout.starts_with("HTTP Error 404: Not Found\n"), "{}", ended.stdout);
}

#[test]
fn an_endpoint_may_end_with_a_slash() {
    let catalog = json!([{"type": "nfv", "name": "vim", "endpoints": [
        {"region": "RegionOne", "interface": "internal", "url": "{server}/"}]}]);
    let script =
        Script::default().on("POST", "/v3/auth/tokens", token_with(catalog)).on("GET", PATCH, none());
    assert_eq!(play("patch-strategy show", script).stdout, "No strategy available\n");
}

#[test]
fn a_delete_that_is_answered_with_a_redirect_is_no_success() {
    let script = logged_in().on("DELETE", PATCH, Reply::empty("302 Found").with("Location", "{server}/x"));
    let ended = play("patch-strategy delete", script);
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.ends_with("HTTP Error 302: Found\n"), "{}", ended.stdout);
}

#[test]
fn a_token_stays_with_the_host_it_is_for() {
    let elsewhere = crate::fake::Fake::start(Script::default().on("GET", "/x", none()));
    let target = format!("http://{}/x", elsewhere.address);
    let script = logged_in().on("GET", PATCH, Reply::empty("302 Found").with("Location", &target));
    assert_eq!(play("patch-strategy show", script).stdout, "No strategy available\n");
    assert_eq!(elsewhere.asked()[0].header("X-Auth-Token"), None);
}

#[test]
fn what_an_answer_lacks_is_shown_as_none() {
    let ended = play(
        "patch-strategy show",
        logged_in().on("GET", PATCH, answer(json!({"name": "sw-patch", "state": "applied"}))),
    );
    assert_eq!(ended.code, 0);
    assert!(
        ended.stdout.contains("  state:                                  applied \n"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("  strategy-uuid:                          None \n"), "{}", ended.stdout);
    // steps of later releases have no entities at all
    let mut strategy = in_state("sw-patch", "applied");
    for key in ["entity-type", "entity-names", "entity-uuids", "start-date-time"] {
        strategy["apply-phase"]["stages"][0]["steps"][0][key] = Json::Null;
    }
    let ended = play("patch-strategy show --details", logged_in().on("GET", PATCH, answer(strategy)));
    assert_eq!(ended.code, 0);
    assert!(
        ended
            .stdout
            .contains("            step-name:                    query-alarms \n            timeout:"),
        "{}",
        ended.stdout
    );
}

#[test]
fn an_answer_that_breaks_off_or_is_no_strategy_is_an_error() {
    for (reply, expected) in [
        (Reply::Truncated, "end of file before message length reached\n"),
        (Reply::json("200 OK", "{\"strategy\": "), "No JSON object could be decoded\n"),
        (Reply::json("200 OK", "[1]"), "No JSON object could be decoded\n"),
        (Reply::json("200 OK", r#"{"strategy": "x"}"#), "No JSON object could be decoded\n"),
        (Reply::json("500 Oops", "{"), "HTTP Error 500: Oops\n"),
        (
            Reply::json("400 Bad Request", r#"{"faultstring": "H\u00f6st."}"#),
            "Operation failed: h\u{f6}st\nNo strategy available\n",
        ),
    ] {
        let ended = play("patch-strategy show", logged_in().on("GET", PATCH, reply));
        assert!(ended.stdout.ends_with(expected), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn new_options_are_told_of_and_are_not_abbreviated() {
    let told = play("--help-additions", Script::default());
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    for option in ["--os-cacert", "--timeout", "--format", "--watch", "--watch-interval", "--watch-patience"]
    {
        assert!(told.stdout.contains(option), "{option}");
    }
    assert!(told.stdout.lines().all(|line| line.len() <= 80));
    assert_eq!(play("--debug --help-additions patch-strategy show", Script::default()).stdout, told.stdout);
    for (line, error) in [
        ("patch-strategy show --wat", "sw-manager: error: unrecognized arguments: --wat\n"),
        ("patch-strategy delete --watch", "sw-manager: error: unrecognized arguments: --watch\n"),
        ("patch-strategy show --format xml", "invalid choice: 'xml' (choose from 'text', 'json')\n"),
        (
            "--timeout 0 patch-strategy show",
            "argument --timeout: invalid value: '0' (a whole number from 1 to 3600)\n",
        ),
        ("patch-strategy show --watch-interval x", "invalid value: 'x' (a whole number from 1 to 3600)\n"),
    ] {
        let ended = play(line, Script::default());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{line}");
        assert!(ended.stderr.ends_with(error), "{}", ended.stderr);
    }
}

#[test]
fn an_answer_is_waited_for_so_long_and_no_longer() {
    let late = || Reply::Late(Duration::from_secs(120));
    let started = Instant::now();
    let vim = play("--timeout 1 patch-strategy show", logged_in().on("GET", PATCH, late()));
    assert_eq!((vim.stdout.as_str(), vim.code), ("timed out\n", 1));
    let script = || Script::default().on("POST", "/v3/auth/tokens", late());
    let keystone = play("--timeout 1 patch-strategy show", script());
    assert_eq!((keystone.stdout.as_str(), keystone.code), ("timed out\n", 1));
    let by_variable =
        Case::new("", "patch-strategy show", script()).variable("SW_MANAGER_TIMEOUT", Some("1"));
    assert_eq!(run(by_variable, ours()).stdout, "timed out\n");
    assert!(started.elapsed() < Duration::from_secs(60));
    let bad = Case::new("", "patch-strategy show", script()).variable("SW_MANAGER_TIMEOUT", Some("soon"));
    let bad = run(bad, ours());
    assert_eq!(
        (bad.code, bad.stderr.as_str()),
        (2, "sw-manager: error: SW_MANAGER_TIMEOUT is no whole number from 1 to 3600\n")
    );
}

#[test]
fn secrets_are_not_shown() {
    let script = logged_in().on("GET", PATCH, Reply::of("503 Service Unavailable", "text/html", "x"));
    let ended = play("--debug patch-strategy show", script);
    let all = ended.stdout + &ended.stderr;
    assert!(all.contains("send: ") && !all.contains(TOKEN) && !all.contains(PASSWORD), "{all}");
}

#[test]
fn json_tells_of_each_command() {
    for (area, name) in AREAS {
        for command in ["create", "apply", "abort", "show"] {
            let (method, path) = request(command, name);
            let strategy = in_state(name, "applied");
            let ended = play(
                &format!("{area} {command} --format json"),
                logged_in().on(method, &path, answer(strategy.clone())),
            );
            assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
            assert_eq!(ended.stdout.lines().count(), 1);
            let told: Json = serde_json::from_str(&ended.stdout).unwrap();
            let expected = json!({
                "command": command, "strategy-type": name, "outcome": "success", "strategy": strategy, "error": null,
            });
            assert_eq!(told, expected);
        }
    }
    let deleted = play(
        "patch-strategy delete --format json",
        logged_in().on("DELETE", PATCH, Reply::empty("204 No Content")),
    );
    let line =
        r#"{"command":"delete","strategy-type":"sw-patch","outcome":"success","strategy":null,"error":null}"#;
    assert_eq!(deleted.stdout, format!("{line}\n"));
    let nothing = play("patch-strategy show --format=json", logged_in().on("GET", PATCH, none()));
    assert_eq!((nothing.stdout, nothing.code), (format!("{}\n", line.replace("delete", "show")), 0));
}

#[test]
fn json_has_all_keys_in_their_order_whatever_the_answer_lacks() {
    let strategy = json!({"later": 1, "apply-phase": {"stages": [{"steps": [{"step-id": 0}]}]}});
    let ended = play("patch-strategy show --format json", logged_in().on("GET", PATCH, answer(strategy)));
    let keys: Vec<_> = ended.stdout.split('"').skip(1).step_by(2).collect();
    let start = keys.iter().position(|key| *key == "uuid").unwrap();
    assert_eq!(
        keys[..start],
        ["command", "show", "strategy-type", "sw-patch", "outcome", "success", "strategy"]
    );
    let head = [
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
        "build-phase",
    ];
    let phase = [
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
        "stages",
    ];
    let stage = [
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
        "steps",
    ];
    let step = [
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
    let expected: Vec<&str> = head
        .into_iter()
        .chain(phase)
        .chain(["apply-phase"])
        .chain(phase)
        .chain(stage)
        .chain(step)
        .chain(["abort-phase"])
        .chain(phase)
        .chain(["error"])
        .collect();
    assert_eq!(keys[start..], expected);
}

/// What refuses what, and what is said of it: status, kind, reason, hint (beginnings).
fn refusals() -> Vec<(&'static str, Script, Json)> {
    let said = |kind: &str, status: Json, reason: &str, hint: &str| json!({"kind": kind, "status": status, "reason": reason, "hint": hint});
    let patch_is = |state: &str| logged_in().on("GET", PATCH, patch(state));
    let upgrade_is = |state: &str| {
        logged_in().on("GET", PATCH, none()).on("GET", UPGRADE, answer(in_state("sw-upgrade", state)))
    };
    let nothing_is = || logged_in().on("GET", PATCH, none()).on("GET", UPGRADE, none());
    let conflict = || Reply::empty("409 Conflict");
    let log = "look at /var/log/nfv-vim.log on the active controller";
    vec![
        (
            "create",
            patch_is("applied").on("POST", PATCH, conflict()),
            said("conflict", json!(409), "a patch strategy in state applied exists already", "delete it first: sw-manager patch-strategy delete"),
        ),
        (
            "create",
            upgrade_is("building").on("POST", PATCH, conflict()),
            said("conflict", json!(409), "an upgrade strategy in state building exists already", "delete it first: sw-manager upgrade-strategy delete"),
        ),
        ("create", nothing_is().on("POST", PATCH, fault()), said("refused", json!(500), "The server has either erred or is incapable of performing the requested operation.", log)),
        (
            "create",
            nothing_is().on("POST", PATCH, Reply::json("400 Bad Request", r#"{"faultstring": "Invalid value for max-parallel-worker-hosts", "debuginfo": null}"#)),
            said("refused", json!(400), "Invalid value for max-parallel-worker-hosts", ""),
        ),
        (
            "create",
            nothing_is().on("POST", PATCH, Reply::json("500 Internal Server Error", FAULT.replace("null", "\"told by the VIM\""))),
            said("refused", json!(500), "told by the VIM", log),
        ),
        (
            "apply",
            patch_is("ready-to-apply").on(
                "POST",
                ACTIONS,
                Reply::json("500 Internal Server Error", FAULT.replace('}', r#", "reason": "apply already inprogress"}"#)),
            ),
            said("refused", json!(500), "apply already inprogress", "sw-manager patch-strategy show"),
        ),
        ("create", nothing_is().on("POST", PATCH, Reply::empty("403 Forbidden")), said("forbidden", json!(403), "the VIM does not accept the user", "role admin is needed, and the token must be good for the VIM's own project")),
        (
            "delete",
            patch_is("applying").on("DELETE", PATCH, conflict()),
            said("conflict", json!(409), "the strategy is applying and cannot be deleted now", "sw-manager patch-strategy abort"),
        ),
        ("delete", patch_is("building").on("DELETE", PATCH, conflict()), said("conflict", json!(409), "the strategy is building and cannot be deleted now", "wait until it is done")),
        ("delete", nothing_is().on("DELETE", PATCH, Reply::empty("404 Not Found")), said("not-found", json!(404), "there is no patch strategy", "")),
        (
            "apply",
            upgrade_is("applied").on("POST", ACTIONS, Reply::empty("404 Not Found")),
            said("not-found", json!(404), "there is no patch strategy, but one of kind upgrade in state applied", "sw-manager upgrade-strategy show"),
        ),
        ("apply", nothing_is().on("POST", ACTIONS, Reply::empty("404 Not Found")), said("not-found", json!(404), "there is no patch strategy", "sw-manager patch-strategy create")),
        ("apply", patch_is("building").on("POST", ACTIONS, fault()), said("refused", json!(500), "the strategy is still being built", "wait until it is ready-to-apply")),
        (
            "apply",
            patch_is("build-failed").on("POST", ACTIONS, fault()),
            said("refused", json!(500), "the strategy is in state build-failed: active alarms present", "delete it and create a new one: sw-manager patch-strategy delete"),
        ),
        ("apply", patch_is("applying").on("POST", ACTIONS, fault()), said("refused", json!(500), "the strategy is being applied already", "sw-manager patch-strategy show")),
        ("apply", patch_is("aborting").on("POST", ACTIONS, fault()), said("refused", json!(500), "the strategy is being aborted", "wait until it is done")),
        ("apply", patch_is("applied").on("POST", ACTIONS, fault()), said("refused", json!(500), "the strategy is in state applied", "delete it and create a new one: sw-manager patch-strategy delete")),
        (
            "apply --stage-id 2",
            patch_is("ready-to-apply").on("POST", ACTIONS, fault()),
            said("refused", json!(500), "stage 2 is not the next one: next is 0, there are 3, counted from 0", "sw-manager patch-strategy show"),
        ),
        ("abort", patch_is("applied").on("POST", ACTIONS, fault()), said("refused", json!(500), "the strategy is in state applied; only one that is being applied can be aborted", "sw-manager patch-strategy show")),
        ("abort", patch_is("applying").on("POST", ACTIONS, fault()), said("refused", json!(500), "The server has either erred or is incapable of performing the requested operation.", log)),
        ("show", logged_in().on("GET", PATCH, Reply::of("503 Service Unavailable", "text/html", "x")), said("refused", json!(503), "Service Unavailable", log)),
        ("show", logged_in().on("GET", PATCH, Reply::json("200 OK", "x")), said("bad-answer", json!(null), "the answer is none of the VIM's: expected value at line 1 column 1", "check the endpoint of the VIM in the catalog")),
        ("show", logged_in().on("GET", PATCH, Reply::Close), said("unreachable", json!(null), "the VIM's API: No status line received - the server has closed the connection", "check the endpoint of the VIM in the catalog and the network; during a switch of controllers try again in a minute")),
        (
            "show",
            Script::default().on("POST", "/v3/auth/tokens", Reply::json("401 Unauthorized", r#"{"error": {"message": "who?"}}"#)),
            said("login", json!(401), "keystone at {server}/v3: who?", "check OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and the names of their domains"),
        ),
        (
            "show",
            Script::default().on("POST", "/v3/auth/tokens", token_with(json!([{"type": "nfv", "name": "vim", "endpoints": [
                {"region": "RegionTwo", "interface": "internal", "url": NOBODY}, {"region": null, "interface": "public", "url": NOBODY}]}]))),
            said("no-endpoint", json!(null), "the catalog has no endpoint of the VIM (type nfv, name vim) for this region and interface",
                "asked for region RegionOne, interface internal; known: RegionTwo internal, none public; check OS_REGION_NAME and OS_INTERFACE"),
        ),
    ]
}

#[test]
fn a_refusal_comes_with_status_reason_and_hint() {
    for (command, script, expected) in refusals() {
        let ended = play(&format!("patch-strategy {command} --format json"), script);
        let told: Json = serde_json::from_str(&ended.stdout).unwrap();
        let error = told["error"].to_string().replace(&format!("http://{}", ended.address), "{server}");
        assert_eq!(serde_json::from_str::<Json>(&error).unwrap(), expected, "{command}");
        assert_eq!(
            (ended.code, &told["outcome"], &told["strategy"]),
            (1, &json!("failure"), &Json::Null),
            "{command}"
        );
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn a_missing_setting_is_a_failure_in_json() {
    let case =
        Case::new("", "patch-strategy show --format json", Script::default()).variable("OS_PASSWORD", None);
    let ended = run(case, ours());
    let told: Json = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &told["error"]["reason"]), (1, &json!("User password not given")));
}

#[test]
fn a_watched_refusal_has_its_reason_on_standard_error() {
    let script = || logged_in().on("GET", PATCH, patch("building")).on("POST", ACTIONS, fault());
    let plain = play("patch-strategy apply", script());
    assert_eq!(plain.stderr, "");
    let watched = play("patch-strategy apply --watch", script());
    assert_eq!((watched.stdout, watched.code), (plain.stdout, plain.code));
    assert_eq!(
        watched.stderr,
        "Reason: HTTP 500: the strategy is still being built\nHint: wait until it is ready-to-apply\n"
    );
}

/// A patch strategy that is applied: two looks, then that state.
fn applied_until(state: &str) -> Script {
    let mut second = in_state("sw-patch", "applying");
    second["current-phase-completion-percentage"] = json!(70);
    second["apply-phase"]["current-stage"] = json!(2);
    logged_in()
        .on("POST", ACTIONS, patch("applying"))
        .on("GET", PATCH, patch("applying"))
        .on("GET", PATCH, answer(second))
        .on("GET", PATCH, patch(state))
}

const WATCH: &str = "patch-strategy apply --watch --watch-interval 1";

#[test]
fn watching_tells_each_change_and_then_the_end() {
    for (state, code, last) in [
        (
            "applied",
            0,
            "apply 100%, applied, stage 2/3 sw-patch-worker-hosts, step 2/3 lock-hosts (compute-0, compute-1)",
        ),
        (
            "apply-failed",
            1,
            "apply 60%, apply-failed, stage 2/3 sw-patch-worker-hosts, step 2/3 lock-hosts (compute-0, compute-1): host lock failed",
        ),
        (
            "aborted",
            1,
            "abort 100%, aborted, stage 1/1 sw-patch-worker-hosts, step 1/1 unlock-hosts (compute-0)",
        ),
    ] {
        let ended = play(WATCH, applied_until(state));
        let shown = play("patch-strategy show", logged_in().on("GET", PATCH, patch(state))).stdout;
        let lines = untimed(&ended.stdout);
        let expected = [
            "apply 40%, applying, stage 2/3 sw-patch-worker-hosts, step 2/3 lock-hosts (compute-0, compute-1)",
            "apply 70%, applying, stage 3/3 sw-patch-worker-hosts, step 1/3 query-alarms",
            last,
        ];
        assert_eq!(lines[..3], expected);
        assert_eq!(lines[3..], shown.lines().collect::<Vec<_>>());
        assert_eq!(ended.code, code, "{state}");
        let reason = if code == 0 { "" } else { "Reason: the strategy is in state" };
        assert!(
            ended.stderr.starts_with(reason) && (code == 1 || ended.stderr.is_empty()),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn watching_in_json_tells_each_change_in_a_line() {
    let ended = play(&format!("{WATCH} --format json"), applied_until("applied"));
    let lines: Vec<Json> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    let stage = json!({"number": 2, "total": 3, "name": "sw-patch-worker-hosts"});
    let step = json!({"number": 2, "total": 3, "name": "lock-hosts"});
    assert_eq!(
        lines[0]["progress"],
        json!({
            "state": "applying", "phase": "apply", "percent": 40, "stage": stage, "step": step,
            "entities": ["compute-0", "compute-1"], "reason": "",
        })
    );
    assert_eq!((&lines[0]["command"], &lines[0]["strategy-type"]), (&json!("apply"), &json!("sw-patch")));
    assert_eq!(lines[0]["time"].as_str().unwrap().len(), 20);
    assert_eq!(
        (&lines[3]["outcome"], &lines[3]["strategy"]["state"]),
        (&json!("success"), &json!("applied"))
    );
}

#[test]
fn watching_outlives_a_switch_of_controllers_and_the_end_of_a_token() {
    let script = logged_in()
        .on("POST", ACTIONS, patch("applying"))
        .on("GET", PATCH, Reply::Close)
        .on("GET", PATCH, fault())
        .on("GET", PATCH, Reply::empty("403 Forbidden"))
        .on("GET", PATCH, patch("applied"))
        .on("POST", "/v3/auth/tokens", Reply::Close)
        .on("POST", "/v3/auth/tokens", token());
    let ended = play(WATCH, script);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let lines = untimed(&ended.stdout);
    assert_eq!(
        lines[1],
        "no answer, trying on: No status line received - the server has closed the connection"
    );
    assert!(
        lines[2].starts_with("no answer, trying on: Operation failed: the server has either erred"),
        "{lines:?}"
    );
    assert_eq!(lines[3], "no answer, trying on: Authorization failed");
    let logins = ended.asked.iter().filter(|asked| asked.path == "/v3/auth/tokens").count();
    assert_eq!(logins, 4);
}

#[test]
fn watching_gives_up_at_last() {
    let gone = logged_in().on("POST", ACTIONS, patch("applying")).on("GET", PATCH, fault());
    let ended = play(&format!("{WATCH} --watch-patience 1"), gone);
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.ends_with("Strategy apply failed\n"), "{}", ended.stdout);
    // a user who may not any more is not tried again
    let locked_out = logged_in()
        .on("POST", "/v3/auth/tokens", Reply::empty("401 Unauthorized"))
        .on("POST", ACTIONS, patch("applying"))
        .on("GET", PATCH, Reply::empty("403 Forbidden"));
    let ended = play(WATCH, locked_out);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("HTTP 401"), "{}", ended.stderr);
}

#[test]
fn watching_ends_when_the_strategy_goes() {
    let mut another = in_state("sw-patch", "applying");
    another["uuid"] = json!("another");
    for end in [none(), Reply::empty("404 Not Found"), answer(another)] {
        let script = logged_in().on("POST", ACTIONS, patch("applying")).on("GET", PATCH, end);
        let ended = play(WATCH, script);
        assert_eq!(ended.code, 1);
        assert!(ended.stdout.ends_with("No strategy available\n"), "{}", ended.stdout);
        assert_eq!(ended.stderr, "Reason: the strategy was deleted or replaced while it was watched\n");
    }
}

#[test]
fn showing_with_watch_ends_at_once_when_nothing_is_under_way() {
    for (state, code) in [("ready-to-apply", 0), ("applied", 0), ("aborted", 0), ("build-failed", 1)] {
        let script = logged_in().on("GET", PATCH, patch(state));
        assert_eq!(play("patch-strategy show --watch", script).code, code, "{state}");
    }
    let ended = play("patch-strategy show --watch", logged_in().on("GET", PATCH, none()));
    assert_eq!((ended.stdout.as_str(), ended.code), ("No strategy available\n", 0));
}

mod terminal {
    //! What a person at a terminal sees.

    use super::*;
    use nix::pty::{Winsize, openpty};
    use std::io::Read;
    use std::process::{Command, Stdio};

    /// Runs on a terminal of its own; all that it shows, and the exit code.
    fn on_terminal(line: &str, script: Script) -> (String, i32) {
        let case = Case::new("", line, script);
        let fake = crate::fake::Fake::start(case.script);
        let size = Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        let mut command = Command::new(ours());
        command
            .args(&case.arguments)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .env_clear()
            .env("TERM", "xterm");
        for (name, value) in case.environment {
            command.env(name, value.replace("{server}", &format!("http://{}", fake.address)));
        }
        let mut child = command.spawn().unwrap();
        drop(command);
        drop(pty.slave);
        let mut shown = Vec::new();
        // ends with an error when the last one has closed the terminal
        let _ = std::fs::File::from(pty.master).read_to_end(&mut shown);
        (String::from_utf8(shown).unwrap(), child.wait().unwrap().code().unwrap())
    }

    #[test]
    fn bars_show_phase_stage_and_step_and_leave_the_end_alone() {
        let (shown, code) = on_terminal(WATCH, applied_until("applied"));
        assert_eq!(code, 0);
        for part in [
            "40% apply (applying)",
            "stage 2/3 sw-patch-worker-hosts",
            "step 2/3 lock-hosts compute-0, compute-1",
            "70%",
            "\u{1b}[",
        ] {
            assert!(shown.contains(part), "{part} is not in {shown:?}");
        }
        let end = play("patch-strategy show", logged_in().on("GET", PATCH, patch("applied"))).stdout;
        assert!(shown.ends_with(&end.replace('\n', "\r\n")), "{shown:?}");
    }

    #[test]
    fn a_person_gets_reasons_without_asking() {
        let script = logged_in().on("GET", PATCH, patch("building")).on("POST", ACTIONS, fault());
        let (shown, code) = on_terminal("patch-strategy apply", script);
        assert_eq!(code, 1);
        assert!(
            shown.ends_with("Strategy apply failed\r\nReason: HTTP 500: the strategy is still being built\r\nHint: wait until it is ready-to-apply\r\n"),
            "{shown:?}"
        );
    }
}

#[test]
fn an_operator_can_break_off() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    use std::process::{Command, Stdio};
    let fake = crate::fake::Fake::start(Script::default().on(
        "POST",
        "/v3/auth/tokens",
        Reply::Late(Duration::from_secs(600)),
    ));
    let case = Case::new("", "patch-strategy show", Script::default());
    let mut command = Command::new(ours());
    command.args(&case.arguments).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, value) in case.environment {
        command.env(name, value.replace("{server}", &format!("http://{}", fake.address)));
    }
    let child = command.spawn().unwrap();
    let limit = Instant::now() + Duration::from_secs(60);
    while fake.asked().is_empty() {
        assert!(Instant::now() < limit, "nothing was asked");
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Keyboard Interrupt received.\n");
    assert_eq!((output.stderr.as_slice(), output.status.code()), (&b""[..], Some(0)));
}
