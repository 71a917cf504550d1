//! `--watch` (docs/sw-manager.md).

use crate::additions::{ACTIONS, PATCH, answer, fault, none, patch, play};
use crate::cases::{Case, logged_in, token};
use crate::fake::{Reply, Script};
use crate::recorded::ours;
use crate::strategies::in_state;
use serde_json::{Value as Json, json};

/// Lines without the time before them.
fn untimed(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| match line.split_once("Z ") {
            Some((time, rest)) if time.len() == 19 && time.as_bytes()[10] == b' ' => rest,
            _ => line,
        })
        .collect()
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
