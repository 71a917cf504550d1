//! What goes beyond the original (docs/sw-manager.md, docs/differences.md).

use crate::cases::{AREAS, Case, PASSWORD, TOKEN, logged_in, request, token_with};
use crate::fake::{Reply, Script};
use crate::recorded::{Ended, ours, run};
use crate::strategies::in_state;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

pub const PATCH: &str = "/api/orchestration/sw-patch/strategy";
pub const ACTIONS: &str = "/api/orchestration/sw-patch/strategy/actions";
pub const UPGRADE: &str = "/api/orchestration/sw-upgrade/strategy";
pub const FAULT: &str = r#"{"debuginfo": null, "faultcode": "Server", "faultstring": "The server has either erred or is incapable of performing the requested operation."}"#;

pub fn play(line: &str, script: Script) -> Ended {
    run(Case::new("", line, script), ours())
}

pub fn answer(strategy: impl Into<Json>) -> Reply {
    Reply::json("200 OK", json!({"strategy": strategy.into()}))
}

pub fn patch(state: &str) -> Reply {
    answer(in_state("sw-patch", state))
}

pub fn none() -> Reply {
    answer(Json::Null)
}

pub fn fault() -> Reply {
    Reply::json("500 Internal Server Error", FAULT)
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
    for option in [
        "--os-cacert",
        "--timeout",
        "--format",
        "--watch",
        "--watch-interval",
        "--watch-patience",
        "--preview",
        "history",
        "host-lock",
    ] {
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

#[test]
fn a_missing_setting_is_a_failure_in_json() {
    let case =
        Case::new("", "patch-strategy show --format json", Script::default()).variable("OS_PASSWORD", None);
    let ended = run(case, ours());
    let told: Json = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &told["error"]["reason"]), (1, &json!("User password not given")));
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
