//! The messages that the original does not have (docs/extensions.md): their rows, and what is read leniently in them.

use super::t;
use nfv_vim_rpc::history::{Decision, GetHistory, History, ObjectType, Wait};
use nfv_vim_rpc::preview::{
    Destinations, Estimate, HostPreviewAction, InstanceMove, Preview, PreviewHost, PreviewStage, PreviewStep,
};
use nfv_vim_rpc::strategy::GetStrategy;
use nfv_vim_rpc::{Request, Response, ResponseBody, ResultCode, RpcError};
use std::collections::BTreeSet;

/// Requests with the keys behind `version`, `type` and `result`.
pub fn requests() -> Vec<(Request, &'static str)> {
    let history = |object_type, object: &str, limit| {
        Request::GetHistory(GetHistory { object_type: Some(object_type), object: t(object), limit })
    };
    let preview = |action| Request::PreviewHost(PreviewHost { host_name: t("compute-0"), action });
    vec![
        (
            history(ObjectType::Host, "compute-0", None),
            r#""object_type": "host", "object": "compute-0", "limit": null"#,
        ),
        (
            history(ObjectType::Instance, "u-1", Some(5)),
            r#""object_type": "instance", "object": "u-1", "limit": 5"#,
        ),
        (preview(HostPreviewAction::Lock), r#""host_name": "compute-0", "action": "lock""#),
        (preview(HostPreviewAction::LockForce), r#""host_name": "compute-0", "action": "lock-force""#),
        (preview(HostPreviewAction::Fail), r#""host_name": "compute-0", "action": "fail""#),
        (
            Request::PreviewStrategy(GetStrategy { sw_update_type: t("sw-patch"), uuid: None }),
            r#""sw_update_type": "sw-patch", "uuid": null"#,
        ),
    ]
}

const HISTORY_KEYS: &str = r#""object_type": "instance", "object": "u-1", "decisions": [{"id": 7, "time": "2026-07-01T08:00:00Z", "decision": "reboot", "cause": "it crashed \u00e4", "initiated_by": "instance-director", "evidence": {"host": "compute-0", "oper_state": "disabled"}, "wait": {"what": "Nova's answer", "since": "2026-07-01T08:00:00Z", "until": "2026-07-01T08:01:00Z"}, "deadline": "2026-07-01T08:10:00Z", "outcome": null, "outcome_reason": null, "ended": null, "duration_ms": null, "count": 1}, {"id": 3, "time": "2026-07-01T07:00:00Z", "decision": "none", "cause": "recovery is held back", "initiated_by": "vim", "evidence": {}, "wait": null, "deadline": null, "outcome": "held-back", "outcome_reason": "twice within a minute", "ended": "2026-07-01T07:00:00Z", "duration_ms": 0, "count": 12}]"#;

const HOST_KEYS: &str = r#""subject": "host compute-0", "action": "lock", "refused": "no room", "notes": ["One instance stays."], "stages": [{"stage_id": 0, "name": "", "hosts": ["compute-0"], "steps": [], "moves": [{"uuid": "u-1", "name": "vm", "host": "compute-0", "action": "live-migrate", "reason": null, "then": null, "destinations": {"count": 2, "hosts": ["compute-1", "compute-2"], "excluded": {"no room": 3}}, "estimate": {"seconds": 12, "measured": true}}, {"uuid": "u-2", "name": "big", "host": "compute-0", "action": "stop", "reason": "no host could take it", "then": "start", "destinations": null, "estimate": {"seconds": 0, "measured": false}}], "refused": null, "estimate": {"seconds": 40, "measured": false}}], "estimate": {"seconds": 40, "measured": false}"#;

const STRATEGY_KEYS: &str = r#""subject": "strategy s-1", "action": "apply", "refused": null, "notes": [], "stages": [{"stage_id": 2, "name": "sw-patch-worker-hosts", "hosts": ["compute-0", "compute-1"], "steps": [{"name": "lock-hosts", "entities": ["compute-0", "compute-1"], "estimate": {"seconds": 30, "measured": true}, "deadline_secs": 900}], "moves": [], "refused": "hosts are not idle", "estimate": {"seconds": 30, "measured": true}}], "estimate": {"seconds": 30, "measured": true}"#;

fn history() -> History {
    let reboot = Decision {
        id: 7,
        time: "2026-07-01T08:00:00Z".to_owned(),
        decision: "reboot".to_owned(),
        cause: "it crashed \u{e4}".to_owned(),
        initiated_by: "instance-director".to_owned(),
        evidence: [("oper_state", "disabled"), ("host", "compute-0")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        wait: Some(Wait {
            what: "Nova's answer".to_owned(),
            since: "2026-07-01T08:00:00Z".to_owned(),
            until: "2026-07-01T08:01:00Z".to_owned(),
        }),
        deadline: t("2026-07-01T08:10:00Z"),
        count: 1,
        ..Decision::default()
    };
    let none = Decision {
        id: 3,
        time: "2026-07-01T07:00:00Z".to_owned(),
        decision: "none".to_owned(),
        cause: "recovery is held back".to_owned(),
        initiated_by: "vim".to_owned(),
        outcome: t("held-back"),
        outcome_reason: t("twice within a minute"),
        ended: t("2026-07-01T07:00:00Z"),
        duration_ms: Some(0),
        count: 12,
        ..Decision::default()
    };
    History { object_type: Some(ObjectType::Instance), object: t("u-1"), decisions: vec![reboot, none] }
}

fn of_host() -> Preview {
    let moves = vec![
        InstanceMove {
            uuid: "u-1".to_owned(),
            name: "vm".to_owned(),
            host: "compute-0".to_owned(),
            action: "live-migrate".to_owned(),
            reason: None,
            then: None,
            destinations: Some(Destinations {
                count: 2,
                hosts: vec!["compute-1".to_owned(), "compute-2".to_owned()],
                excluded: [("no room".to_owned(), 3)].into(),
            }),
            estimate: Estimate { seconds: 12, measured: true },
        },
        InstanceMove {
            uuid: "u-2".to_owned(),
            name: "big".to_owned(),
            host: "compute-0".to_owned(),
            action: "stop".to_owned(),
            reason: t("no host could take it"),
            then: t("start"),
            ..InstanceMove::default()
        },
    ];
    let estimate = Estimate { seconds: 40, measured: false };
    Preview {
        subject: t("host compute-0"),
        action: t("lock"),
        refused: t("no room"),
        notes: vec!["One instance stays.".to_owned()],
        stages: vec![PreviewStage {
            hosts: vec!["compute-0".to_owned()],
            moves,
            estimate: estimate.clone(),
            ..PreviewStage::default()
        }],
        estimate: Some(estimate),
    }
}

fn of_strategy() -> Preview {
    let estimate = Estimate { seconds: 30, measured: true };
    let hosts = vec!["compute-0".to_owned(), "compute-1".to_owned()];
    let step = PreviewStep {
        name: "lock-hosts".to_owned(),
        entities: hosts.clone(),
        estimate: estimate.clone(),
        deadline_secs: 900,
    };
    Preview {
        subject: t("strategy s-1"),
        action: t("apply"),
        stages: vec![PreviewStage {
            stage_id: 2,
            name: "sw-patch-worker-hosts".to_owned(),
            hosts,
            steps: vec![step],
            refused: t("hosts are not idle"),
            estimate: estimate.clone(),
            ..PreviewStage::default()
        }],
        estimate: Some(estimate),
        ..Preview::default()
    }
}

/// Answers with the keys behind `version`, `type` and `result`.
pub fn answers() -> Vec<(ResponseBody, &'static str)> {
    vec![
        (ResponseBody::GetHistory(history()), HISTORY_KEYS),
        (ResponseBody::PreviewHost(of_host()), HOST_KEYS),
        (ResponseBody::PreviewStrategy(of_strategy()), STRATEGY_KEYS),
    ]
}

/// Answers that are no success.
pub fn failures() -> Vec<(Response, &'static str, &'static str, &'static str)> {
    use ResponseBody as R;
    const NO_HISTORY: &str = r#""object_type": null, "object": null, "decisions": []"#;
    const NO_PREVIEW: &str =
        r#""subject": null, "action": null, "refused": null, "notes": [], "stages": [], "estimate": null"#;
    vec![
        (
            Response::without(ResultCode::NotFound, R::GetHistory),
            "get-history-response",
            "not-found",
            NO_HISTORY,
        ),
        (
            Response::without(ResultCode::Failed, R::PreviewHost),
            "preview-host-response",
            "failed",
            NO_PREVIEW,
        ),
        (
            Response::without(ResultCode::NotFound, R::PreviewStrategy),
            "preview-sw-update-strategy-response",
            "not-found",
            NO_PREVIEW,
        ),
    ]
}

/// Requests that docs/extensions.md names.
pub fn documented() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/extensions.md");
    let text = std::fs::read_to_string(path).unwrap();
    let words = text.split('`').skip(1).step_by(2);
    words.filter(|word| word.ends_with("-request")).map(str::to_owned).collect()
}

fn request(kind: &str, keys: &str) -> Result<Request, RpcError> {
    let comma = if keys.is_empty() { "" } else { "," };
    Request::decode(format!(r#"{{"version":"1.0","type":"{kind}"{comma}{keys}}}"#).as_bytes())
}

#[test]
fn what_is_left_out_has_its_meaning() {
    assert_eq!(request("get-history-request", ""), Ok(Request::GetHistory(GetHistory::default())));
    assert_eq!(
        request("get-history-request", r#""object_type":"host","object":5,"limit":"3","more":{}"#),
        Ok(Request::GetHistory(GetHistory {
            object_type: Some(ObjectType::Host),
            object: t("5"),
            limit: Some(3)
        }))
    );
    assert_eq!(
        request("preview-host-request", r#""host_name":"compute-0""#),
        Ok(Request::PreviewHost(PreviewHost { host_name: t("compute-0"), action: HostPreviewAction::Lock }))
    );
    // an answer of a later release may have more, one of an earlier release less
    let answer = br#"{"version":"1.0","type":"get-history-response","result":"success","object_type":"host",
        "decisions":[{"id":1,"mood":"good"}],"more":[]}"#;
    assert_eq!(
        Response::decode(answer),
        Ok(Response::success(ResponseBody::GetHistory(History {
            object_type: Some(ObjectType::Host),
            object: None,
            decisions: vec![Decision { id: 1, ..Decision::default() }],
        })))
    );
}

#[test]
fn words_that_mean_nothing_are_refused_with_those_that_do() {
    let rows = [
        ("get-history-request", r#""object_type":"image""#, "`image`, expected `host` or `instance`"),
        ("get-history-request", r#""object_type":"Host""#, "`Host`, expected `host` or `instance`"),
        ("get-history-request", r#""object_type":7"#, "message get-history-request: "),
        ("get-history-request", r#""object":["x"]"#, "text is wanted, a list came"),
        ("get-history-request", r#""limit":-1"#, "a whole number is wanted, a number came"),
        (
            "preview-host-request",
            r#""action":"unlock""#,
            "`unlock`, expected one of `lock`, `lock-force`, `fail`",
        ),
        ("preview-host-request", r#""action":{}"#, "message preview-host-request: "),
        ("preview-sw-update-strategy-request", r#""sw_update_type":[]"#, "text is wanted, a list came"),
    ];
    for (kind, keys, reason) in rows {
        let error = request(kind, keys).unwrap_err();
        assert!(matches!(error, RpcError::BadPayload { .. }), "{keys}");
        assert!(error.to_string().contains(reason), "{keys}: {error}");
    }
}
