//! Every request to sysinv and maintenance, and the hosts made of their answers. Contract: southbound 3.8, 3.9,
//! 5.1.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Case, Cloud, Doing, run};
use nfv_nfvi::call::{HostRequest, HostServicesNotice, HostServicesOperation, InfrastructureCall};
use nfv_nfvi::object::{HostAvailStatus, HostRef, OperState, Seconds, System};
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use nfv_plugins::Turn;
use serde_json::{Value, json};

const CU: &str = "C U";

fn case(
    name: &'static str,
    call: InfrastructureCall,
    exchanges: Vec<(&'static str, &'static str, &'static str, Doing)>,
    check: impl Fn(CallResult) + 'static,
) -> Case {
    Case { name, call: Call::Infrastructure(call), exchanges, check: Box::new(check) }
}

fn ok(body: Value) -> Doing {
    Doing::json(200, body)
}

fn host_ref() -> HostRef {
    HostRef { uuid: "u0".into(), name: "compute-0".into(), personality: "worker".into() }
}

fn inventory(uuid: &str, name: &str) -> Value {
    json!({"uuid": uuid, "hostname": name, "personality": "worker", "subfunctions": "worker",
           "ihost_action": "lock-", "software_load": "19.01", "target_load": "19.01", "uptime": 7,
           "peers": null, "unknown": [1]})
}

fn states() -> Value {
    json!({"state": {"administrative": "unlocked", "operational": "enabled", "availability": "available",
                     "data_ports_oper": "enabled", "data_ports_avail": "available"}})
}

fn labels() -> Value {
    json!({"labels": [{"label_key": "openstack-compute-node", "label_value": "enabled"},
                      {"label_key": "openstack-control-plane", "label_value": "no"}]})
}

fn done(result: CallResult) {
    assert_eq!(result, Ok(Answer::Done));
}

fn mtc_query() -> (&'static str, &'static str, &'static str, Doing) {
    ("GET /mtc/v1/hosts/u0", CU, r#"{"uuid":"u0","hostname":"compute-0"}"#, ok(states()))
}

fn get_labels() -> (&'static str, &'static str, &'static str, Doing) {
    ("GET /sysinv/v1/ihosts/u0/labels", "", "", ok(labels()))
}

#[tokio::test]
async fn queries() {
    run(vec![
        case(
            "system",
            InfrastructureCall::GetSystemInfo,
            vec![("GET /sysinv/v1/isystems", "", "", ok(json!({"isystems": [{"name": "s", "description": null}]})))],
            |result| {
                let system = System { name: "s".into(), description: String::new() };
                assert_eq!(result, Ok(Answer::System(Some(system))));
            },
        ),
        case(
            "no system",
            InfrastructureCall::GetSystemInfo,
            vec![("GET /sysinv/v1/isystems", "", "", ok(json!({"isystems": []})))],
            |result| assert_eq!(result, Ok(Answer::System(None))),
        ),
        case(
            "uptimes",
            InfrastructureCall::GetSystemState,
            vec![(
                "GET /mtc/v1/systems",
                CU,
                "",
                ok(json!({"hosts": [{"uuid": "u0", "hostname": "compute-0", "uptime": "12"}]})),
            )],
            |result| {
                let Ok(Answer::SystemState(Some(hosts))) = result else { panic!("{result:?}") };
                assert_eq!(hosts[0].uptime, Seconds(12));
            },
        ),
        case(
            "maintenance is not ready",
            InfrastructureCall::GetSystemState,
            vec![("GET /mtc/v1/systems", CU, "", Doing::json(202, json!({"status": "not ready"})))],
            |result| assert_eq!(result, Ok(Answer::SystemState(None))),
        ),
        case(
            "host",
            InfrastructureCall::GetHost { uuid: "u0".into(), name: "compute-0".into() },
            vec![
                ("GET /sysinv/v1/ihosts/u0", "", "", ok(inventory("u0", "compute-0"))),
                mtc_query(),
                get_labels(),
            ],
            |result| {
                let Ok(Answer::Host(host)) = result else { panic!("{result:?}") };
                assert_eq!(host.oper_state, OperState::Enabled);
                assert_eq!(host.avail_status, HostAvailStatus::Available);
                assert_eq!((host.action.as_str(), host.uptime), ("lock", Seconds(7)));
                assert_eq!((host.openstack_compute, host.openstack_control), (true, false));
                assert_eq!(host.nfvi_data["data_ports_name"], "data-ports");
            },
        ),
        case(
            "upgrade",
            InfrastructureCall::GetUpgrade,
            vec![(
                "GET /sysinv/v1/upgrade",
                "",
                "",
                ok(json!({"upgrades": [{"state": "started", "from_release": "18.03", "to_release": "19.01"}]})),
            )],
            |result| assert!(matches!(result, Ok(Answer::Upgrade(Some(_)))), "{result:?}"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn notices_requests_and_upgrades() {
    let notify = |notice| InfrastructureCall::NotifyHostServices { host: host_ref(), notice };
    let patch = |body: &'static str, doing: Doing| ("PATCH /sysinv/v1/ihosts/u0", CU, body, doing);
    let host = || ok(inventory("u0", "compute-0"));
    let with_host = |body| vec![patch(body, host()), mtc_query(), get_labels()];
    let is_host = |result: CallResult| assert!(matches!(result, Ok(Answer::Host(_))), "{result:?}");
    let request = |request| InfrastructureCall::RequestHost { host: host_ref(), request };
    let empty = || Doing::Answer(204, vec![], String::new());
    let upgrade = || ok(json!({"state": "started", "from_release": "18.03", "to_release": "19.01"}));
    let is_upgrade =
        |result: CallResult| assert!(matches!(result, Ok(Answer::Upgrade(Some(_)))), "{result:?}");
    let reason = || "No room".to_owned();
    run(vec![
        case(
            "enabled",
            notify(HostServicesNotice::Enabled),
            with_host(r#"[{"path":"/action","value":"services-enabled","op":"replace"}]"#),
            is_host,
        ),
        case(
            "disabled",
            notify(HostServicesNotice::Disabled),
            with_host(r#"[{"path":"/action","value":"services-disabled","op":"replace"}]"#),
            is_host,
        ),
        case(
            "disable extend",
            notify(HostServicesNotice::DisableExtend),
            with_host(r#"[{"path":"/action","value":"services-disable-extend","op":"replace"}]"#),
            is_host,
        ),
        case(
            "disable failed",
            notify(HostServicesNotice::DisableFailed { reason: reason() }),
            with_host(
                r#"[{"path":"/action","value":"services-disable-failed","op":"replace"},
                    {"path":"/vim_progress_status","value":"No room","op":"replace"}]"#,
            ),
            is_host,
        ),
        case(
            "delete failed",
            notify(HostServicesNotice::DeleteFailed { reason: reason() }),
            with_host(
                r#"[{"path":"/action","value":"services-delete-failed","op":"replace"},
                    {"path":"/vim_progress_status","value":"No room","op":"replace"}]"#,
            ),
            is_host,
        ),
        case(
            "deleted",
            notify(HostServicesNotice::Deleted),
            vec![("DELETE /sysinv/v1/ihosts/u0", CU, "", empty())],
            done,
        ),
        case(
            "lock",
            request(HostRequest::Lock),
            vec![patch(r#"[{"path":"/action","value":"lock","op":"replace"}]"#, host())],
            done,
        ),
        case(
            "unlock is refused with a reason",
            request(HostRequest::Unlock),
            vec![patch(
                r#"[{"path":"/action","value":"unlock","op":"replace"}]"#,
                Doing::json(400, json!({"error_message": "{\"faultstring\": \"Not Now.\"}"})),
            )],
            |result| {
                let error = result.unwrap_err();
                assert_eq!(
                    (error.kind, error.status, error.reason.as_str()),
                    (ErrorKind::Refused, Some(400), "not now")
                );
            },
        ),
        case(
            "reboot",
            request(HostRequest::Reboot),
            vec![patch(r#"[{"path":"/action","value":"reboot","op":"replace"}]"#, empty())],
            done,
        ),
        case(
            "swact",
            request(HostRequest::Swact),
            vec![patch(r#"[{"path":"/action","value":"swact","op":"replace"}]"#, empty())],
            done,
        ),
        case(
            "upgrade a host",
            request(HostRequest::Upgrade),
            vec![("POST /sysinv/v1/ihosts/u0/upgrade", CU, r#"{"force":"false"}"#, empty())],
            done,
        ),
        case(
            "start an upgrade",
            InfrastructureCall::UpgradeStart,
            vec![("POST /sysinv/v1/upgrade", CU, r#"{"force":"false"}"#, upgrade())],
            is_upgrade,
        ),
        case(
            "activate it",
            InfrastructureCall::UpgradeActivate,
            vec![(
                "PATCH /sysinv/v1/upgrade",
                CU,
                r#"[{"path":"/state","value":"activation-requested","op":"replace"}]"#,
                upgrade(),
            )],
            is_upgrade,
        ),
        case(
            "complete it",
            InfrastructureCall::UpgradeComplete,
            vec![("DELETE /sysinv/v1/upgrade", CU, "", upgrade())],
            is_upgrade,
        ),
        case(
            "host failed",
            InfrastructureCall::NotifyHostFailed { host: host_ref() },
            vec![(
                "PATCH /mtc/v1/hosts/u0",
                CU,
                r#"{"uuid":"u0","hostname":"compute-0","severity":"failed"}"#,
                ok(json!({"status": "pass"})),
            )],
            done,
        ),
        case(
            "no kubernetes",
            InfrastructureCall::ContainerHostServices {
                host: host_ref(),
                operation: HostServicesOperation::Enable,
            },
            vec![],
            done,
        ),
    ])
    .await;
}

/// A cloud of four hosts: h0 and h1 worker, s0 and s1 storage of one group.
async fn four_hosts() -> Cloud {
    let cloud = Cloud::start().await;
    let storage = |uuid: &str, name: &str, group: &str| {
        let mut host = inventory(uuid, name);
        host["personality"] = "storage".into();
        host["subfunctions"] = "storage".into();
        host["peers"] = json!({"name": group});
        host
    };
    let mut unnamed = inventory("u9", "x");
    unnamed["hostname"] = Value::Null;
    cloud.on(
        "GET /sysinv/v1/ihosts",
        ok(json!({"ihosts": [
            inventory("h0", "compute-0"), unnamed, inventory("h1", "compute-1"),
            storage("s0", "storage-0", "group-1"), storage("s1", "storage-1", "group-1"),
            storage("s2", "storage-2", "group-11"),
        ]})),
    );
    for uuid in ["h0", "h1", "s0", "s1", "s2"] {
        cloud.on(&format!("GET /mtc/v1/hosts/{uuid}"), ok(states()));
        cloud.on(&format!("GET /sysinv/v1/ihosts/{uuid}/labels"), ok(labels()));
    }
    cloud
}

async fn get_hosts(cloud: &Cloud) -> CallResult {
    let (plugins, _inbound) = cloud.plugins().await;
    plugins.perform(Call::Infrastructure(InfrastructureCall::GetHosts), Turn::free()).await
}

fn names(result: CallResult) -> (Vec<String>, Vec<String>) {
    let Ok(Answer::Hosts { hosts, incomplete, .. }) = result else { panic!("{result:?}") };
    (hosts.into_iter().map(|host| host.name).collect(), incomplete)
}

#[tokio::test]
async fn all_hosts_in_order_with_their_groups() {
    let cloud = four_hosts().await;
    let Ok(Answer::Hosts { hosts, incomplete, groups }) = get_hosts(&cloud).await else { panic!() };
    assert_eq!((hosts.len(), incomplete.len()), (5, 0));
    let groups: Vec<(String, usize)> =
        groups.into_iter().map(|group| (group.name, group.member_names.len())).collect();
    assert_eq!(groups, [("group-1".to_owned(), 2), ("group-11".to_owned(), 1)]);
    let lines: Vec<String> = cloud.take().into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines[1..3], ["GET /mtc/v1/hosts/h0", "GET /sysinv/v1/ihosts/h0/labels"]);
}

#[tokio::test]
async fn a_host_that_cannot_be_read_is_incomplete_and_the_others_are_not() {
    for (request, doing) in [
        ("GET /mtc/v1/hosts/h1", Doing::json(404, "{}")),
        ("GET /mtc/v1/hosts/h1", Doing::json(500, "{}")),
        ("GET /mtc/v1/hosts/h1", Doing::Hang),
        ("GET /mtc/v1/hosts/h1", ok(json!({"state": {"administrative": "locked"}}))),
        ("GET /sysinv/v1/ihosts/h1/labels", Doing::json(503, "<html>")),
    ] {
        let cloud = four_hosts().await;
        cloud.on(request, doing);
        let (hosts, incomplete) = names(get_hosts(&cloud).await);
        assert_eq!(hosts, ["compute-0", "storage-0", "storage-1", "storage-2"]);
        assert_eq!(incomplete, ["compute-1"]);
    }
}

#[tokio::test]
async fn the_listing_fails_when_no_host_can_be_read() {
    let refused = four_hosts().await;
    let mut config = refused.config(cloud::ONE_SECOND);
    let mtc = config.services.get_mut(&nfv_plugins::catalog::Service::Mtc).unwrap();
    mtc.endpoint_override = Some("http://127.0.0.1:1".into());
    let (plugins, _inbound) = cloud::start(&config).await;
    let call = Call::Infrastructure(InfrastructureCall::GetHosts);
    let error = plugins.perform(call, Turn::free()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);

    let silent = four_hosts().await;
    for uuid in ["h0", "h1", "s0", "s1", "s2"] {
        silent.on(&format!("GET /mtc/v1/hosts/{uuid}"), Doing::Hang);
    }
    assert_eq!(get_hosts(&silent).await.unwrap_err().kind, ErrorKind::TimedOut);
    let asked = silent.take().iter().filter(|seen| seen.line.contains("/mtc/")).count();
    assert_eq!(asked, 3);

    let expired = four_hosts().await;
    expired.on("GET /sysinv/v1/ihosts/h1/labels", Doing::json(401, "{}"));
    assert_eq!(get_hosts(&expired).await.unwrap_err().kind, ErrorKind::TokenExpired);
}

#[tokio::test]
async fn each_request_but_the_first_waits_for_its_turn() {
    let cloud = four_hosts().await;
    let (plugins, _inbound) = cloud.plugins().await;
    let (turn, mut control) = Turn::new();
    let call = Call::Infrastructure(InfrastructureCall::GetHosts);
    let turns = async {
        let mut turns = 0;
        while let Some(grant) = control.wanted().await {
            turns += 1;
            grant.grant();
        }
        turns
    };
    let (result, turns) = tokio::join!(plugins.perform(call, turn), turns);
    assert!(result.is_ok());
    assert_eq!(turns, cloud.seen().len() - 1);
}
