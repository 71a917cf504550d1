//! History and previews (docs/extensions.md, docs/sw-manager.md).

use crate::additions::{FAULT, play};
use crate::cases::{Case, logged_in};
use crate::fake::{Reply, Script};
use crate::recorded::{ours, run};
use serde_json::{Value as Json, json};

const HISTORY: &str = "/api/extensions/instances/u-1/history";
const LOCK: &str = "/api/extensions/hosts/compute-0/preview?action=lock";
const PATCH: &str = "/api/extensions/orchestration/sw-patch/strategy/preview";

fn history() -> Json {
    json!({"object_type": "instance", "object": "u-1", "decisions": [
        {"id": 9, "time": "2026-07-01T08:00:00.500Z", "decision": "reboot", "cause": "it has failed",
         "initiated_by": "instance-director",
         "evidence": {"host": "compute-0", "nova": "no\u{1b}[31m\nroom"},
         "wait": {"what": "Nova's answer", "since": "2026-07-01T08:00:00.500Z", "until": "2026-07-01T08:01:00.500Z"},
         "deadline": "2026-07-01T08:10:00.500Z", "outcome": null, "outcome_reason": null, "ended": null,
         "duration_ms": null, "count": 1},
        {"id": 7, "time": "2026-07-01T07:00:00.000Z", "decision": "none", "cause": "recovery is held back",
         "initiated_by": "vim", "evidence": {}, "wait": null, "deadline": null, "outcome": "held-back",
         "outcome_reason": "twice within a minute", "ended": "2026-07-01T07:00:01.250Z", "duration_ms": 1250,
         "count": 12},
    ]})
}

const HISTORY_TEXT: &str = "\
History of instance u-1:
  reboot:
    time:                                 2026-07-01 08:00:00Z
    cause:                                it has failed
    initiated-by:                         instance-director
    outcome:                              under way
    waits-for:                            Nova's answer, until 2026-07-01 08:01:00Z
    deadline:                             2026-07-01 08:10:00Z
    evidence:
      host:                               compute-0
      nova:                               no [31m room

  none:
    time:                                 2026-07-01 07:00:00Z
    cause:                                recovery is held back
    initiated-by:                         vim
    decided-so:                           12 times in a row
    outcome:                              held-back after 1.2 s
    reason:                               twice within a minute

";

fn lock() -> Json {
    json!({"subject": "host compute-0", "action": "lock", "refused": "no room for big", "notes": ["A note."],
        "stages": [{"stage_id": 0, "name": "", "hosts": ["compute-0"], "steps": [], "moves": [
            {"uuid": "u-1", "name": "vm", "host": "compute-0", "action": "live-migrate", "reason": null, "then": null,
             "destinations": {"count": 12, "hosts": ["compute-1", "compute-2"], "excluded": {"without room": 3}},
             "estimate": {"seconds": 12, "measured": true}},
            {"uuid": "u-2", "name": "big", "host": "compute-0", "action": "stay", "reason": "it is too big", "then": null,
             "destinations": {"count": 0, "hosts": [], "excluded": {}},
             "estimate": {"seconds": 0, "measured": false}},
            {"uuid": "u-3", "name": "", "host": "compute-0", "action": "stop", "reason": "as configured", "then": "start",
             "destinations": null, "estimate": {"seconds": 125, "measured": false}},
        ], "refused": null, "estimate": {"seconds": 40, "measured": false}}],
        "estimate": {"seconds": 40, "measured": false}})
}

const LOCK_TEXT: &str = "\
Preview of lock of host compute-0:
  would-succeed:                          no: no room for big
  takes:                                  about 40 s, as is assumed
  note:                                   A note.
  what would happen:
    hosts:                                compute-0
    instances:
      INSTANCE  ACTION            ABOUT      WHERE AND WHY
      vm        live-migrate      12 s       to compute-1, compute-2 and 10 more (not: 3 without room)
      big       stay              0 s        no host could take it; it is too big
      u-3       stop, then start  2 min 5 s  as configured

";

fn strategy() -> Json {
    let estimate = json!({"seconds": 7300, "measured": true});
    let step = json!({"name": "lock-hosts", "entities": ["compute-0", "compute-1"],
        "estimate": {"seconds": 30, "measured": true}, "deadline_secs": 900});
    json!({"subject": "strategy s-1", "action": "apply", "refused": null, "notes": [],
        "stages": [{"stage_id": 2, "name": "sw-patch-worker-hosts", "hosts": ["compute-0", "compute-1"],
            "steps": [step], "moves": [], "refused": "hosts are not idle", "estimate": estimate}],
        "estimate": estimate})
}

const STRATEGY_TEXT: &str = "\
Preview of apply of strategy s-1:
  would-succeed:                          yes
  takes:                                  about 2 h 1 min, as measured here
  stage 2 sw-patch-worker-hosts:
    takes:                                about 2 h 1 min, as measured here
    hosts:                                compute-0, compute-1
    would-fail:                           hosts are not idle
    steps:
      STEP        ABOUT  AT MOST     OF
      lock-hosts  30 s   15 min 0 s  compute-0, compute-1

";

/// Command line, path that is asked for, what is answered, what is shown, and the key of it in JSON.
fn rows() -> Vec<(&'static str, &'static str, Json, &'static str, &'static str)> {
    vec![
        ("history instance u-1", HISTORY, history(), HISTORY_TEXT, "history"),
        ("host-lock compute-0 --preview", LOCK, lock(), LOCK_TEXT, "preview"),
        ("patch-strategy apply --preview", PATCH, strategy(), STRATEGY_TEXT, "preview"),
    ]
}

fn asked(script: Script, line: &str) -> Vec<String> {
    let ended = play(line, script);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{line}: {}", ended.stdout);
    ended.asked.iter().skip(1).map(|asked| format!("{} {}", asked.method, asked.path)).collect()
}

#[test]
fn answers_are_shown_to_people_and_to_programs() {
    for (line, path, answer, text, key) in rows() {
        let script = || logged_in().on("GET", path, Reply::json("200 OK", answer.clone()));
        let ended = play(line, script());
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str(), ended.code), (text, "", 0), "{line}");
        let asked: Vec<_> = ended.asked.iter().skip(1).map(|asked| (&*asked.method, &*asked.path)).collect();
        // nothing is applied
        assert_eq!(asked, [("GET", path)], "{line}");
        let ended = play(&format!("{line} --format json"), script());
        let told: Json = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!((ended.stderr.as_str(), ended.code), ("", 0));
        assert_eq!((&told[key], &told["outcome"], &told["error"]), (&answer, &json!("success"), &Json::Null));
    }
}

#[test]
fn nothing_to_tell_is_told() {
    let none = json!({"object_type": "host", "object": "c", "decisions": []});
    let script = logged_in().on("GET", "/api/extensions/hosts/c/history", Reply::json("200 OK", none));
    assert_eq!(play("history host c", script).stdout, "History of host c:\n  nothing was decided yet\n");
    let done = json!({"subject": "strategy s", "action": "apply", "refused": null, "notes": [], "stages": [],
        "estimate": null});
    let script = logged_in().on("GET", PATCH, Reply::json("200 OK", done));
    assert_eq!(
        play("patch-strategy apply --preview", script).stdout,
        "Preview of apply of strategy s:\n  would-succeed:                          yes\n  nothing would be done\n"
    );
}

#[test]
fn each_question_has_its_address() {
    let empty = || Reply::json("200 OK", "{}");
    for (line, path) in [
        ("history host compute-0", "/api/extensions/hosts/compute-0/history"),
        ("history host compute-0 --limit 3", "/api/extensions/hosts/compute-0/history?limit=3"),
        ("history host a/b?\u{e4}", "/api/extensions/hosts/a%2Fb%3F%C3%A4/history"),
        ("history instance u-1 --limit 1", "/api/extensions/instances/u-1/history?limit=1"),
        (
            "host-lock compute-0 --preview --force",
            "/api/extensions/hosts/compute-0/preview?action=lock-force",
        ),
        ("host-lock --preview compute-0", LOCK),
        ("upgrade-strategy apply --preview", "/api/extensions/orchestration/sw-upgrade/strategy/preview"),
    ] {
        assert_eq!(asked(logged_in().on("GET", path, empty()), line), [format!("GET {path}")], "{line}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is() {
    for (line, error) in [
        (
            "host-lock compute-0",
            "sw-manager: error: a host is locked with: system host-lock compute-0\n\
             With --preview this command shows what that would do.\n",
        ),
        ("host-lock compute-0 --force", "a host is locked with: system host-lock --force compute-0\n"),
        ("host-lock --preview", "usage: sw-manager host-lock"),
        ("history", "usage: sw-manager history [-h]"),
        ("history image x", "invalid choice: 'image' (choose from 'host', 'instance')\n"),
        ("history host ..", "sw-manager: error: '..' is no name\n"),
        (
            "history host x --limit 0",
            "argument --limit: invalid value: '0' (a whole number from 1 to 1000)\n",
        ),
        (
            "patch-strategy apply --preview --watch",
            "--preview goes neither with --watch nor with --stage-id\n",
        ),
        (
            "patch-strategy apply --stage-id 1 --preview",
            "--preview goes neither with --watch nor with --stage-id\n",
        ),
        ("patch-strategy abort --preview", "sw-manager: error: unrecognized arguments: --preview\n"),
        ("patch-strategy apply --prev", "sw-manager: error: unrecognized arguments: --prev\n"),
        ("hist host x", "invalid choice: 'hist' (choose from 'patch-strategy', 'upgrade-strategy')\n"),
    ] {
        let ended = play(line, Script::default());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{line}");
        assert!(ended.stderr.contains(error), "{line}: {}", ended.stderr);
        assert!(ended.asked.is_empty(), "{line}");
    }
    let help = play("history host --help", Script::default());
    assert_eq!(help.code, 0);
    assert!(help.stdout.starts_with("usage: sw-manager history host [-h]"), "{}", help.stdout);
}

#[test]
fn failures_have_a_reason_and_a_hint() {
    let not_found =
        r#"{"debuginfo": null, "faultcode": "Client", "faultstring": "The resource could not be found."}"#;
    let absent = || Reply::json("404 Not Found", not_found);
    // as the original answers an address that it does not have
    let unknown =
        || Reply::json("404 Not Found", r#"{"code": 404, "description": "", "title": "Not Found"}"#);
    let page = || Reply::of("404 Not Found", "text/html", "<html>404</html>");
    let old = (
        "not-served",
        json!(404),
        "the VIM's API does not know this request",
        "it is the original's or an earlier release of this one",
    );
    let reason = FAULT.replace('}', r#", "reason": "the host is being deleted"}"#);
    for (line, path, reply, (kind, status, reason, hint)) in [
        (
            "history instance u-1",
            HISTORY,
            absent(),
            ("not-found", json!(404), "the VIM knows no instance u-1", "openstack server list --all"),
        ),
        (
            "host-lock compute-0 --preview",
            LOCK,
            absent(),
            ("not-found", json!(404), "the VIM knows no host compute-0", "system host-list"),
        ),
        (
            "patch-strategy apply --preview",
            PATCH,
            absent(),
            ("not-found", json!(404), "there is no patch strategy", "sw-manager patch-strategy create"),
        ),
        ("history instance u-1", HISTORY, unknown(), old.clone()),
        ("host-lock compute-0 --preview", LOCK, page(), old.clone()),
        ("patch-strategy apply --preview", PATCH, unknown(), old),
        (
            "host-lock compute-0 --preview",
            LOCK,
            Reply::json("500 Internal Server Error", reason),
            (
                "refused",
                json!(500),
                "the host is being deleted",
                "look at /var/log/nfv-vim.log on the active controller",
            ),
        ),
        (
            "history instance u-1",
            HISTORY,
            Reply::empty("403 Forbidden"),
            (
                "forbidden",
                json!(403),
                "the VIM does not accept the user",
                "role admin is needed, and the token must be good for the VIM's own project",
            ),
        ),
        (
            "history instance u-1",
            HISTORY,
            Reply::Truncated,
            (
                "unreachable",
                Json::Null,
                "the VIM's API: end of file before message length reached",
                "check the endpoint of the VIM in the catalog and the network; during a switch of controllers try again in a minute",
            ),
        ),
        (
            "history instance u-1",
            HISTORY,
            Reply::json("200 OK", r#"{"decisions": 5}"#),
            (
                "bad-answer",
                Json::Null,
                "the answer is none of the VIM's: invalid type: integer `5`, expected a sequence",
                "check the endpoint of the VIM in the catalog",
            ),
        ),
    ] {
        let script = || logged_in().on("GET", path, reply.clone());
        let ended = play(&format!("{line} --format json"), script());
        let told: Json = serde_json::from_str(&ended.stdout).unwrap();
        let wanted = json!({"kind": kind, "status": status, "reason": reason, "hint": hint});
        assert_eq!((ended.code, &told["error"], &told["outcome"]), (1, &wanted, &json!("failure")), "{line}");
        assert_eq!((&told["history"], &told["preview"]), (&Json::Null, &Json::Null));
        let ended = play(line, script());
        let code = status.as_u64().map_or_else(String::new, |status| format!("HTTP {status}: "));
        assert_eq!(ended.stderr, format!("Reason: {code}{reason}\nHint: {hint}\n"), "{line}");
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{line}");
    }
    let missing = Case::new("", "history host c", Script::default()).variable("OS_PASSWORD", None);
    let ended = run(missing, ours());
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            1,
            "Reason: User password not given\nHint: load the credentials, for example: source /etc/platform/openrc\n"
        )
    );
}
