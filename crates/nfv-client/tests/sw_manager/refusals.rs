//! Refusals with status, reason and hint (docs/sw-manager.md).

use crate::additions::{ACTIONS, FAULT, PATCH, UPGRADE, answer, fault, none, patch, play};
use crate::cases::{NOBODY, logged_in, token_with};
use crate::fake::{Reply, Script};
use crate::strategies::in_state;
use serde_json::{Value as Json, json};

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
