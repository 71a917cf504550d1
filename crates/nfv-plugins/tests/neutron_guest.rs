//! Every request to Neutron's host extension and to the guest agent. Contract: southbound 3.4, 3.10, 5.3, 5.4.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Case, Cloud, Doing, run};
use nfv_nfvi::call::{GuestCall, HostServicesOperation, NetworkCall};
use nfv_nfvi::object::{ActionType, AdminState, GuestService, HostRef, OperState};
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use nfv_plugins::Turn;
use serde_json::{Value, json};

const UUID: &str = "f0f0c8f3-9f0d-4d6a-9f6f-0a51a8a4d8f7";
const EXTENSIONS: &str = "GET /neutron/v2.0/extensions.json";
const HOST: &str = "/neutron/v2.0/hosts/f0f0c8f3-9f0d-4d6a-9f6f-0a51a8a4d8f7";

type Exchange = (&'static str, &'static str, &'static str, Doing);

fn host(personality: &str) -> HostRef {
    HostRef { uuid: UUID.into(), name: "compute-0".into(), personality: personality.into() }
}

fn ok(body: Value) -> Doing {
    Doing::json(200, body)
}

fn empty() -> Doing {
    Doing::Answer(204, vec![], String::new())
}

fn line(method: &str, path: &str) -> &'static str {
    format!("{method} {path}").leak()
}

fn done(result: CallResult) {
    assert_eq!(result, Ok(Answer::Done));
}

fn fails(kind: ErrorKind, reason: &'static str) -> impl Fn(CallResult) + 'static {
    move |result| {
        let error = result.unwrap_err();
        assert_eq!((error.kind, error.reason.as_str()), (kind, reason), "{error}");
    }
}

fn network(
    name: &'static str,
    operation: HostServicesOperation,
    exchanges: Vec<Exchange>,
    check: impl Fn(CallResult) + 'static,
) -> Case {
    let call = Call::Network(NetworkCall::HostServices { host: host("worker"), operation });
    Case { name, call, exchanges, check: Box::new(check) }
}

#[tokio::test]
async fn neutron_services_of_a_host() {
    let extensions = || (EXTENSIONS, "", "", ok(json!({"extensions": [{"alias": "x"}, {"alias": "host"}]})));
    let state = |availability: &str| {
        ok(json!({"host": {"availability": availability, "name": "compute-0", "id": UUID}}))
    };
    let list = |hosts: Value| {
        ("GET /neutron/v2.0/hosts.json?fields=id&fields=name", "", "", ok(json!({"hosts": hosts})))
    };
    let put = |availability: &str, doing: Doing| {
        let body = json!({"host": {"availability": availability}}).to_string().leak();
        (line("PUT", HOST), "W C", &*body, doing)
    };
    let create = || {
        let body =
            json!({"host": {"availability": "down", "id": UUID, "name": "compute-0"}}).to_string().leak();
        ("POST /neutron/v2.0/hosts.json", "W C", &*body, state("down"))
    };
    let down = || Call::Network(NetworkCall::NotifyHostDisabled { host: host("controller") });
    use HostServicesOperation::*;
    run(vec![
        network(
            "create",
            Create,
            vec![
                extensions(),
                list(json!([{"id": UUID, "name": "compute-0"}])),
                create(),
                put("down", state("down")),
            ],
            done,
        ),
        network(
            "create, the host was installed anew",
            Create,
            vec![
                extensions(),
                list(json!([{"id": "old", "name": "compute-0"}, {"id": "other", "name": "compute-1"}])),
                ("DELETE /neutron/v2.0/hosts/old", "", "", empty()),
                create(),
                put("down", state("down")),
            ],
            done,
        ),
        network(
            "create, the list fails",
            Create,
            vec![
                extensions(),
                ("GET /neutron/v2.0/hosts.json?fields=id&fields=name", "", "", Doing::json(500, "{}")),
            ],
            fails(ErrorKind::Refused, "failed to delete existing neutron services"),
        ),
        network("enable", Enable, vec![extensions(), put("up", state("up"))], done),
        network(
            "enable, another state",
            Enable,
            vec![extensions(), put("up", state("down"))],
            fails(ErrorKind::BadAnswer, "failed to enable neutron services"),
        ),
        network("delete", Delete, vec![extensions(), (line("DELETE", HOST), "W", "", empty())], done),
        network(
            "delete, gone",
            Delete,
            vec![extensions(), (line("DELETE", HOST), "W", "", Doing::json(404, "{}"))],
            done,
        ),
        network(
            "delete, refused",
            Delete,
            vec![extensions(), (line("DELETE", HOST), "W", "", Doing::json(409, "{}"))],
            fails(ErrorKind::Refused, "failed to delete neutron services"),
        ),
        network("no extension", Enable, vec![(EXTENSIONS, "", "", ok(json!({"extensions": []})))], done),
        network(
            "extensions fail",
            Enable,
            vec![(EXTENSIONS, "", "", Doing::json(500, "{}"))],
            fails(ErrorKind::Refused, "failed to get neutron extensions"),
        ),
        network(
            "query",
            Query,
            vec![
                extensions(),
                (
                    "GET /neutron/v2.0/hosts.json?fields=id&name=compute-0",
                    "",
                    "",
                    ok(json!({"hosts": [{"id": UUID}]})),
                ),
                (line("GET", HOST), "", "", state("up")),
            ],
            |result| assert_eq!(result, Ok(Answer::HostServicesEnabled(true))),
        ),
        network(
            "query, not known",
            Query,
            vec![
                extensions(),
                ("GET /neutron/v2.0/hosts.json?fields=id&name=compute-0", "", "", ok(json!({"hosts": []}))),
            ],
            |result| assert_eq!(result, Ok(Answer::HostServicesEnabled(false))),
        ),
        network("disable is no method", Disable, vec![], fails(ErrorKind::Unsupported, "")),
        Case {
            name: "host disabled",
            call: down(),
            exchanges: vec![extensions(), put("down", state("down"))],
            check: Box::new(done),
        },
        Case {
            name: "host disabled, refused",
            call: down(),
            exchanges: vec![extensions(), put("down", Doing::json(404, "{}"))],
            check: Box::new(fails(ErrorKind::NotFound, "failed to disable neutron services")),
        },
    ])
    .await;
}

#[tokio::test]
async fn the_extensions_are_asked_for_until_they_are_known() {
    let cloud = Cloud::start().await;
    let (plugins, _inbound) = cloud.plugins().await;
    let enable = || {
        let operation = HostServicesOperation::Enable;
        Call::Network(NetworkCall::HostServices { host: host("worker"), operation })
    };
    cloud.on(EXTENSIONS, Doing::json(500, "{}"));
    assert!(plugins.perform(enable(), Turn::free()).await.is_err());
    cloud.on(EXTENSIONS, ok(json!({"extensions": []})));
    for _ in 0..3 {
        assert_eq!(plugins.perform(enable(), Turn::free()).await, Ok(Answer::Done));
    }
    assert_eq!(cloud.take().len(), 2);
}

fn guest(
    name: &'static str,
    call: GuestCall,
    exchanges: Vec<Exchange>,
    check: impl Fn(CallResult) + 'static,
) -> Case {
    Case { name, call: Call::Guest(call), exchanges, check: Box::new(check) }
}

#[tokio::test]
async fn guest_services_of_a_host() {
    const NAMES: &str = r#"{"uuid":"f0f0c8f3-9f0d-4d6a-9f6f-0a51a8a4d8f7","hostname":"compute-0"}"#;
    let path = |end: &str| format!("/guest/v1/hosts/{UUID}{end}");
    let tell = |method: &str, end: &str, doing: Doing| (line(method, &path(end)), "C U", NAMES, doing);
    let delete = |doing: Doing| (line("DELETE", &path("")), "C U", "", doing);
    let services = |operation| GuestCall::HostServices { host: host("worker"), operation };
    let gone = || Doing::json(404, "{}");
    let refused = || Doing::json(500, "{}");
    use HostServicesOperation::*;
    run(vec![
        guest(
            "create",
            services(Create),
            vec![tell("POST", "", ok(json!({}))), tell("PUT", "/disable", ok(json!({})))],
            done,
        ),
        guest(
            "create, 404",
            services(Create),
            vec![tell("POST", "", gone()), tell("PUT", "/disable", gone())],
            done,
        ),
        guest(
            "create, disable is late",
            services(Create),
            vec![tell("POST", "", ok(json!({}))), tell("PUT", "/disable", Doing::Hang)],
            done,
        ),
        guest(
            "create, refused",
            services(Create),
            vec![tell("POST", "", refused())],
            fails(ErrorKind::Refused, "failed to create guest services"),
        ),
        guest("enable", services(Enable), vec![tell("PUT", "/enable", ok(json!({})))], done),
        guest(
            "enable, 404",
            services(Enable),
            vec![tell("PUT", "/enable", gone())],
            fails(ErrorKind::NotFound, "failed to enable guest services"),
        ),
        guest("disable, 404", services(Disable), vec![tell("PUT", "/disable", gone())], done),
        guest("disable, late", services(Disable), vec![tell("PUT", "/disable", Doing::Hang)], done),
        guest(
            "disable, refused",
            services(Disable),
            vec![tell("PUT", "/disable", refused())],
            fails(ErrorKind::Refused, "failed to disable guest services"),
        ),
        guest("delete", services(Delete), vec![delete(empty())], done),
        guest("delete, 404", services(Delete), vec![delete(gone())], done),
        guest(
            "delete, refused",
            services(Delete),
            vec![delete(refused())],
            fails(ErrorKind::Refused, "failed to delete guest services"),
        ),
        guest(
            "query",
            services(Query),
            vec![tell("GET", "/disable", ok(json!({"state": "disabled"})))],
            |result| {
                assert_eq!(result, Ok(Answer::HostServicesEnabled(false)));
            },
        ),
        guest("query, late", services(Query), vec![tell("GET", "/disable", Doing::Hang)], |result| {
            assert_eq!(result, Ok(Answer::HostServicesEnabled(true)));
        }),
        guest(
            "no worker",
            GuestCall::HostServices { host: host("controller"), operation: Enable },
            vec![],
            done,
        ),
    ])
    .await;
}

#[tokio::test]
async fn guest_services_of_an_instance() {
    let service = |admin_state| GuestService {
        name: "heartbeat".into(),
        admin_state,
        oper_state: OperState::Unknown,
        restart_timeout: None,
    };
    let shown = || {
        ok(json!({"uuid": "i1", "hostname": "compute-0", "services": [
            {"service": "heartbeat", "state": "enabled", "status": "disabled", "restart-timeout": "120"},
            {"service": "x", "state": "disabled", "status": "enabled"}]}))
    };
    let is_shown = |result: CallResult| {
        let Ok(Answer::GuestServices(got)) = result else { panic!("{result:?}") };
        assert_eq!(got.services[0].admin_state, AdminState::Unlocked);
        assert_eq!(
            (&got.services[0].oper_state, got.services[0].restart_timeout),
            (&OperState::Disabled, Some(120))
        );
        assert_eq!((got.services[1].name.as_str(), got.services[1].restart_timeout), ("unknown", None));
    };
    let (uuid, host_name) = (|| "i1".to_owned(), || "compute-0".to_owned());
    run(vec![
        guest(
            "create",
            GuestCall::CreateServices { uuid: uuid(), host_name: host_name(), services: vec!["heartbeat".into()] },
            vec![("POST /guest/v1/instances/i1", "C U", r#"{"uuid":"i1","hostname":"compute-0","services":["heartbeat"]}"#, ok(json!({})))],
            done,
        ),
        guest(
            "set",
            GuestCall::SetServices { uuid: uuid(), host_name: host_name(), services: vec![service(AdminState::Unlocked)] },
            vec![("PATCH /guest/v1/instances/i1", "C U",
                  r#"{"uuid":"i1","hostname":"compute-0","services":[{"service":"heartbeat","state":"enabled"}]}"#, shown())],
            is_shown,
        ),
        guest("query", GuestCall::QueryServices { uuid: uuid() }, vec![("GET /guest/v1/instances/i1", "C U", "", shown())], is_shown),
        guest("delete, gone", GuestCall::DeleteServices { uuid: uuid() }, vec![("DELETE /guest/v1/instances/i1", "C U", "", Doing::json(404, "{}"))], done),
        guest(
            "vote",
            GuestCall::Vote { uuid: uuid(), host_name: host_name(), action: ActionType::LiveMigrate },
            vec![("POST /guest/v1/instances/i1/vote", "C U", r#"{"uuid":"i1","hostname":"compute-0","action":"live_migrate_begin"}"#,
                  ok(json!({"uuid": "i1", "hostname": "compute-0", "action": "live_migrate_begin", "timeout": "30"})))],
            |result| {
                let Ok(Answer::GuestVote(vote)) = result else { panic!("{result:?}") };
                assert_eq!(vote.timeout, 30);
            },
        ),
        guest(
            "notify",
            GuestCall::Notify { uuid: uuid(), host_name: host_name(), action: ActionType::LiveMigrate, pre: false },
            vec![("POST /guest/v1/instances/i1/notify", "C U", r#"{"uuid":"i1","hostname":"compute-0","action":"live_migrate_end"}"#, ok(json!({})))],
            |result| {
                let Ok(Answer::GuestVote(vote)) = result else { panic!("{result:?}") };
                assert_eq!((vote.timeout, vote.action.as_str()), (15, "live_migrate_end"));
            },
        ),
    ])
    .await;
}
