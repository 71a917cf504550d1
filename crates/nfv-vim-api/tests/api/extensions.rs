//! What the original does not have (docs/extensions.md).

use crate::client::{ask, exchange, request};
use crate::lab::{Lab, Reaction, message};
use nfv_vim_api::route::Resource;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const UUID: &str = "523cbd2d-f7f8-4707-8617-d085386f8711";
const HOST_HISTORY: &str = "/api/extensions/hosts/compute-0/history";
const INSTANCE_HISTORY: &str = "/api/extensions/instances/523cbd2d-f7f8-4707-8617-d085386f8711/history";
const HOST_PREVIEW: &str = "/api/extensions/hosts/compute-0/preview";
const PATCH_PREVIEW: &str = "/api/extensions/orchestration/sw-patch/strategy/preview";
const UPGRADE_PREVIEW: &str = "/api/extensions/orchestration/sw-upgrade/strategy/preview";

fn history(kind: &str, object: &str) -> Value {
    json!({"object_type": kind, "object": object, "decisions": [
        {"id": 7, "time": "2026-07-01T08:00:00.000Z", "decision": "reboot", "cause": "it crashed \u{e4}",
         "initiated_by": "instance-director", "evidence": {"oper_state": "disabled", "host": "compute-0"},
         "wait": {"what": "Nova", "since": "2026-07-01T08:00:00.000Z", "until": "2026-07-01T08:01:00.000Z"},
         "deadline": "2026-07-01T08:10:00.000Z", "outcome": null, "outcome_reason": null, "ended": null,
         "duration_ms": null, "count": 1},
        {"id": 3, "time": "2026-07-01T07:00:00.000Z", "decision": "none", "cause": "held back",
         "initiated_by": "vim", "evidence": {}, "wait": null, "deadline": null, "outcome": "held-back",
         "outcome_reason": "twice", "ended": "2026-07-01T07:00:00.000Z", "duration_ms": 0, "count": 12},
    ]})
}

fn moved(uuid: &str) -> Value {
    json!({"uuid": uuid, "name": "vm", "host": "compute-0", "action": "live-migrate", "reason": null, "then": null,
        "destinations": {"count": 2, "hosts": ["compute-1", "compute-2"], "excluded": {"no room": 3}},
        "estimate": {"seconds": 12, "measured": true}})
}

fn preview(subject: &str, action: &str, moves: Value) -> Value {
    json!({"subject": subject, "action": action, "refused": null, "notes": ["One instance stays."],
        "stages": [{"stage_id": 0, "name": "", "hosts": ["compute-0"],
            "steps": [{"name": "lock-hosts", "entities": ["compute-0"],
                "estimate": {"seconds": 30, "measured": false}, "deadline_secs": 900}],
            "moves": moves, "refused": "no", "estimate": {"seconds": 42, "measured": false}}],
        "estimate": {"seconds": 42, "measured": false}})
}

/// Path, message to the VIM, type of its answer, what it answers.
fn rows() -> Vec<(String, Value, &'static str, Value)> {
    let asks = |kind: &str, keys: Value| message(kind, "success", keys);
    let of_host = |limit: Value| {
        asks("get-history-request", json!({"object_type": "host", "object": "compute-0", "limit": limit}))
    };
    let of_instance = json!({"object_type": "instance", "object": UUID, "limit": null});
    let host =
        |action: &str| asks("preview-host-request", json!({"host_name": "compute-0", "action": action}));
    let strategy = |kind: &str| {
        asks("preview-sw-update-strategy-request", json!({"sw_update_type": kind, "uuid": null}))
    };
    let (told, foreseen) = ("get-history-response", "preview-host-response");
    let of_strategy = "preview-sw-update-strategy-response";
    let moves = json!([moved(UUID)]);
    let locked = |action| preview("host compute-0", action, moves.clone());
    vec![
        (HOST_HISTORY.to_owned(), of_host(Value::Null), told, history("host", "compute-0")),
        (format!("{HOST_HISTORY}?limit=5"), of_host(json!(5)), told, history("host", "compute-0")),
        (format!("{HOST_HISTORY}.json?limit=%30"), of_host(json!(0)), told, history("host", "compute-0")),
        (
            INSTANCE_HISTORY.to_owned(),
            asks("get-history-request", of_instance),
            told,
            history("instance", UUID),
        ),
        (HOST_PREVIEW.to_owned(), host("lock"), foreseen, locked("lock")),
        (format!("{HOST_PREVIEW}?action=lock"), host("lock"), foreseen, locked("lock")),
        (format!("{HOST_PREVIEW}?action=lock-force"), host("lock-force"), foreseen, locked("lock-force")),
        (format!("{HOST_PREVIEW}?action=fail"), host("fail"), foreseen, locked("fail")),
        (
            PATCH_PREVIEW.to_owned(),
            strategy("sw-patch"),
            of_strategy,
            preview("strategy s", "apply", json!([])),
        ),
        (
            format!("{UPGRADE_PREVIEW}/"),
            strategy("sw-upgrade"),
            of_strategy,
            preview("strategy s", "apply", json!([])),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vim_tells_is_passed_on_as_it_is() {
    let lab = Lab::start().await;
    let mut asked = BTreeSet::new();
    for (path, question, kind, told) in rows() {
        let mut answer = message(kind, "success", told.clone());
        // a later release may say more
        answer["unheard-of"] = json!({"a": 1});
        lab.vim.play([Reaction::Answers(vec![answer])]);
        let answer = ask(lab.address, "GET", &path, None).await;
        assert_eq!((answer.status, answer.json()), (200, told), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(lab.vim.seen(), [question], "{path}");
        let plain = path.split('?').next().unwrap().replace(".json", "");
        asked.insert(plain.trim_end_matches('/').replace("compute-0", "{}").replace(UUID, "{}"));
    }
    let all = Resource::ALL.iter().map(|resource| resource.path());
    assert_eq!(asked, all.filter(|path| path.contains("extensions")).map(str::to_owned).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn xml_has_names_that_are_no_elements_as_text() {
    let lab = Lab::start().await;
    lab.vim.play([Reaction::Answers(vec![message(
        "get-history-response",
        "success",
        history("host", "compute-0"),
    )])]);
    let answer = ask(lab.address, "GET", &format!("{HOST_HISTORY}.xml"), None).await;
    assert_eq!(answer.status, 200);
    let evidence = "<evidence><item><name>host</name><value>compute-0</value></item><item>\
                    <name>oper_state</name><value>disabled</value></item></evidence>";
    assert!(answer.body.contains(evidence), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_those_of_the_other_routes() {
    let lab = Lab::start().await;
    let not_found = json!({"debuginfo": null, "faultcode": "Client",
        "faultstring": "The resource could not be found."});
    for (path, _, kind, _) in rows() {
        let play = |result: &str, keys: Value| {
            lab.vim.play([Reaction::Answers(vec![message(kind, result, keys)])]);
        };
        play("not-found", json!({}));
        let answer = ask(lab.address, "GET", &path, None).await;
        assert_eq!((answer.status, answer.json()), (404, not_found.clone()), "{path}");
        for result in ["failed", "conflict", "zork"] {
            play(result, json!({}));
            let answer = ask(lab.address, "GET", &path, None).await;
            assert_eq!((answer.status, answer.json()["faultcode"].as_str()), (500, Some("Server")), "{path}");
        }
        lab.vim.play([Reaction::Answers(vec![message("get-image-response", "success", json!({}))])]);
        assert_eq!(ask(lab.address, "GET", &path, None).await.status, 500, "another type of answer");
        lab.vim.play([Reaction::Answers(Vec::new())]);
        let answer = ask(lab.address, "GET", &path, None).await;
        assert_eq!(answer.json()["reason"], "the VIM closed the connection without an answer", "{path}");
        lab.vim.play([]);
        for token in [vec![], vec![("X-Auth-Token".to_owned(), "member".to_owned())]] {
            let answer = exchange(lab.address, &request("GET", &path, &token, None)).await.unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (403, ""), "{path}");
        }
        for method in ["POST", "PUT", "DELETE", "HEAD"] {
            let answer = ask(lab.address, method, &path, None).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")), "{method} {path}");
        }
        assert_eq!(lab.vim.seen(), [] as [Value; 0]);
    }
    // with the VIM's own words where it has some
    let refused = message("preview-host-response", "failed", json!({"refused": "the host is being deleted"}));
    lab.vim.play([Reaction::Answers(vec![refused])]);
    assert_eq!(
        ask(lab.address, "GET", HOST_PREVIEW, None).await.json()["reason"],
        "the host is being deleted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_parameters_do_not_reach_the_vim() {
    let lab = Lab::start().await;
    lab.vim.play([]);
    for (path, status, fault) in [
        (format!("{HOST_HISTORY}?limit=x"), 400, "invalid literal for int() with base 10: 'x'"),
        (format!("{HOST_HISTORY}?limit="), 400, "invalid literal for int() with base 10: ''"),
        (
            format!("{HOST_HISTORY}?limit=-1"),
            400,
            "field/attribute limit. Value: '-1'. Value should not be negative.",
        ),
        (format!("{HOST_HISTORY}?limit=99999999999999999999"), 400, "Value out of range"),
        (format!("{HOST_HISTORY}?action=lock"), 400, "Unknown argument: \"action\""),
        (format!("{HOST_PREVIEW}?action=unlock"), 400, "Value should be one of: lock, lock-force, fail"),
        (format!("{HOST_PREVIEW}?action=&zork"), 400, "Unknown argument: \"zork\""),
        (format!("{PATCH_PREVIEW}?action=lock"), 400, "Unknown argument: \"action\""),
        ("/api/extensions/instances/x/history".to_owned(), 400, "malformed or otherwise incorrect"),
    ] {
        let answer = ask(lab.address, "GET", &path, None).await;
        assert_eq!(answer.status, status, "{path}");
        let told = answer.json()["faultstring"].as_str().unwrap_or_default().to_owned();
        assert!(told.contains(fault), "{path}: {told}");
    }
    // what only looks like ours is nothing
    for path in [
        "/api/extensions",
        "/api/extensions/hosts",
        "/api/extensions/hosts/compute-0",
        "/api/extensions/hosts/compute-0/history/1",
        "/api/extensions/instances/523cbd2d-f7f8-4707-8617-d085386f8711/preview",
        "/api/extensions/orchestration/sw-zork/strategy/preview",
        "/extensions/hosts/compute-0/history",
    ] {
        assert_eq!(ask(lab.address, "GET", path, None).await.status, 404, "{path}");
    }
    assert_eq!(lab.vim.seen(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_very_many_instances_comes_whole() {
    let lab = Lab::start().await;
    let moves: Vec<Value> = (0..40_000).map(|n| moved(&format!("uuid-{n}"))).collect();
    let big = preview("strategy s", "apply", json!(moves));
    lab.vim.play([Reaction::Answers(vec![message(
        "preview-sw-update-strategy-response",
        "success",
        big.clone(),
    )])]);
    let answer = ask(lab.address, "GET", PATCH_PREVIEW, None).await;
    assert!(answer.body.len() > 8 << 20, "{}", answer.body.len());
    assert!(answer.json() == big, "it differs");
    // what no reader takes is a failure with its reason, not a part of it
    lab.vim.play([Reaction::Bytes(vec![0xff, 0xff, 0xff, 0x7f])]);
    let answer = ask(lab.address, "GET", PATCH_PREVIEW, None).await;
    assert_eq!(answer.status, 500);
    assert!(answer.json()["reason"].as_str().unwrap().contains("67108864 are allowed"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_counted_by_what_they_are_about() {
    let lab = Lab::start().await;
    lab.vim.react(|request| {
        let kind = request["type"].as_str().unwrap_or_default().replace("-request", "-response");
        Reaction::Answers(vec![message(&kind, "success", json!({}))])
    });
    for n in 0..20 {
        ask(lab.address, "GET", &format!("/api/extensions/hosts/compute-{n}/history"), None).await;
        ask(lab.address, "GET", &format!("/api/extensions/hosts/compute-{n}/preview"), None).await;
    }
    ask(lab.address, "GET", INSTANCE_HISTORY, None).await;
    ask(lab.address, "GET", UPGRADE_PREVIEW, None).await;
    let text = ask(lab.address, "GET", "/metrics", None).await.body;
    for line in [
        "nfv_vim_api_requests_total{method=\"GET\",resource=\"hosts\",status=\"2xx\"} 40",
        "nfv_vim_api_requests_total{method=\"GET\",resource=\"instances\",status=\"2xx\"} 1",
        "nfv_vim_api_requests_total{method=\"GET\",resource=\"sw-upgrade\",status=\"2xx\"} 1",
        "nfv_vim_api_vim_requests_total{type=\"get-history-request\",result=\"answered\"} 21",
        "nfv_vim_api_vim_requests_total{type=\"preview-host-request\",result=\"answered\"} 20",
        "nfv_vim_api_vim_requests_total{type=\"preview-sw-update-strategy-request\",result=\"answered\"} 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("compute-"), "{text}");
}
