//! Every request to Nova, to the byte where the contract says so, and what is made of good and bad answers.
//! Contract: southbound 3.1 to 3.3, 5.2.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Case, Cloud, Doing, run};
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::{ComputeCall, HostServicesOperation, NovaAction, Page};
use nfv_nfvi::object::{AdminState, HostRef, OperState, RequestContext};
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use nfv_plugins::Turn;
use serde_json::{Value, json};

const V: &str = "W 2.53";
const CV: &str = "W C 2.53";

fn ok(body: Value) -> Doing {
    Doing::json(200, body)
}

fn case(
    name: &'static str,
    call: ComputeCall,
    exchanges: Vec<(&'static str, &'static str, &'static str, Doing)>,
    check: impl Fn(CallResult) + 'static,
) -> Case {
    Case { name, call: Call::Compute(call), exchanges, check: Box::new(check) }
}

fn page(next: Option<String>) -> Page {
    Page { limit: 32, next }
}

fn bad_answer(result: CallResult) {
    assert_eq!(result.unwrap_err().kind, ErrorKind::BadAnswer);
}

#[tokio::test]
async fn listings() {
    let hypervisor = |id: Value| json!({"id": id, "status": "enabled", "state": "down", "hypervisor_hostname": "compute-0"});
    let mut details = hypervisor(json!("h1"));
    for (key, value) in [
        ("vcpus_used", 1),
        ("vcpus", 8),
        ("memory_mb_used", 10),
        ("free_ram_mb", 20),
        ("memory_mb", 30),
        ("local_gb_used", 1),
        ("local_gb", 2),
        ("running_vms", 3),
    ] {
        details[key] = value.into();
    }
    let mut incomplete = details.clone();
    incomplete["local_gb"] = Value::Null;
    run(vec![
        case(
            "aggregates",
            ComputeCall::GetHostAggregates,
            vec![("GET /nova/v2.1/p1/os-aggregates", V, "", ok(json!({"aggregates": [
                {"name": "a", "hosts": ["compute-0", 7], "availability_zone": null, "unknown": {}}]})))],
            |result| {
                let Ok(Answer::HostAggregates(list)) = result else { panic!("{result:?}") };
                assert_eq!((list[0].name.as_str(), list[0].host_names.len()), ("a", 1));
            },
        ),
        case(
            "aggregates of a wrong shape",
            ComputeCall::GetHostAggregates,
            vec![("GET /nova/v2.1/p1/os-aggregates", V, "", ok(json!({"aggregates": {}})))],
            |result| {
                let error = result.unwrap_err();
                assert_eq!(error.kind, ErrorKind::BadAnswer);
                assert!(error.detail.contains("aggregates: wanted a list"), "{error}");
            },
        ),
        case(
            "hypervisors",
            ComputeCall::GetHypervisors,
            vec![(
                "GET /nova/v2.1/p1/os-hypervisors",
                V,
                "",
                ok(json!({"hypervisors": [hypervisor(json!("h1")), hypervisor(json!(2))]})),
            )],
            |result| {
                let Ok(Answer::Hypervisors(list)) = result else { panic!("{result:?}") };
                assert_eq!((list[0].uuid.as_str(), list[1].uuid.as_str()), ("h1", "2"));
                assert_eq!((&list[0].admin_state, &list[0].oper_state), (&AdminState::Unlocked, &OperState::Disabled));
            },
        ),
        case(
            "hypervisor",
            ComputeCall::GetHypervisor { uuid: "h1".into() },
            vec![("GET /nova/v2.1/p1/os-hypervisors/h1", V, "", ok(json!({"hypervisor": details})))],
            |result| {
                let Ok(Answer::Hypervisor(one)) = result else { panic!("{result:?}") };
                assert_eq!(one.statistics.unwrap().vcpus_max, 8.0);
            },
        ),
        case(
            "hypervisor with a null",
            ComputeCall::GetHypervisor { uuid: "h1".into() },
            vec![("GET /nova/v2.1/p1/os-hypervisors/h1", V, "", ok(json!({"hypervisor": incomplete})))],
            |result| {
                let Ok(Answer::Hypervisor(one)) = result else { panic!("{result:?}") };
                assert_eq!(one.statistics, None);
            },
        ),
        case(
            "hypervisor not there",
            ComputeCall::GetHypervisor { uuid: "h1".into() },
            vec![("GET /nova/v2.1/p1/os-hypervisors/h1", V, "", Doing::json(404, json!({})))],
            |result| assert_eq!(result.unwrap_err().kind, ErrorKind::NotFound),
        ),
        case(
            "server groups",
            ComputeCall::GetInstanceGroups,
            vec![(
                "GET /nova/v2.1/p1/os-server-groups?all_projects=True",
                V,
                "",
                ok(json!({"server_groups": [
                    {"id": "1", "name": "g", "members": ["i"], "policies": ["affinity", "other"], "metadata": {}},
                    {"id": "2", "name": null, "members": [], "policies": ["anti-affinity"],
                     "metadata": {"wrs-sg:best_effort": "false"}},
                ]})),
            )],
            |result| {
                let Ok(Answer::InstanceGroups(list)) = result else { panic!("{result:?}") };
                assert_eq!(list[0].policies, ["affinity"]);
                assert_eq!(list[1].policies, ["anti-affinity-best-effort"]);
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn pages_follow_the_link_as_it_is_given() {
    let cloud = Cloud::start().await;
    let link = format!("http://{}/elsewhere/servers?marker=x", cloud.address);
    let first = json!({"servers": [{"id": "i1", "name": "a"}],
                       "servers_links": [{"rel": "self", "href": "no"}, {"rel": "next", "href": link}]});
    cloud.on("GET /nova/v2.1/p1/servers?limit=32&all_tenants=1", ok(first));
    cloud.on("GET /elsewhere/servers?marker=x", ok(json!({"servers": [{"id": "i2", "name": "b"}]})));
    cloud.on(
        "GET /nova/v2.1/p1/flavors?is_public=None&limit=32",
        ok(json!({"flavors": [{"id": "f", "name": "small"}], "flavors_links": null})),
    );
    let (plugins, _inbound) = cloud.plugins().await;
    let ask = |call| plugins.perform(Call::Compute(call), Turn::free());
    let Ok(Answer::InstanceIds(one)) = ask(ComputeCall::GetInstances { page: page(None) }).await else {
        panic!()
    };
    assert_eq!(one, Paged { entries: vec![("i1".into(), "a".into())], next: Some(link) });
    let two = ask(ComputeCall::GetInstances { page: page(one.next) }).await.unwrap();
    assert_eq!(two, Answer::InstanceIds(Paged { entries: vec![("i2".into(), "b".into())], next: None }));
    assert!(ask(ComputeCall::GetInstanceTypes { page: page(None) }).await.is_ok());
    let marks: Vec<String> = cloud.take().iter().map(cloud::Seen::marks).collect();
    assert_eq!(marks, ["W", "W", V]);
}

#[tokio::test]
async fn flavors() {
    let flavor = json!({"flavor": {"id": "f1", "name": "small", "vcpus": 2, "ram": 512, "disk": 1,
                                   "OS-FLV-EXT-DATA:ephemeral": 0, "swap": ""}});
    let get = ("GET /nova/v2.1/p1/flavors/f1", V, "", ok(flavor.clone()));
    let specs = |specs: Value| {
        ("GET /nova/v2.1/p1/flavors/f1/os-extra_specs", V, "", ok(json!({"extra_specs": specs})))
    };
    let call = || ComputeCall::GetInstanceType { uuid: "f1".into() };
    run(vec![
        case(
            "flavor",
            call(),
            vec![
                get.clone(),
                specs(json!({"sw:wrs:guest:heartbeat": "True", "sw:wrs:auto_recovery": "false",
                             "hw:wrs:live_migration_timeout": "180", "hw:other": "x"})),
            ],
            |result| {
                let Ok(Answer::InstanceType(one)) = result else { panic!("{result:?}") };
                let details = one.details.unwrap();
                assert_eq!((details.vcpus, details.swap_gb, details.auto_recovery), (2, 0, Some(false)));
                assert_eq!(details.live_migration_timeout, Some(180));
                assert!(details.guest_services["heartbeat"]);
            },
        ),
        case(
            "auto recovery that is neither",
            call(),
            vec![get.clone(), specs(json!({"sw:wrs:auto_recovery": "maybe"}))],
            bad_answer,
        ),
        case(
            "make a flavor",
            ComputeCall::CreateInstanceType {
                uuid: "f1".into(),
                name: "small".into(),
                vcpus: 2,
                mem_mb: 512,
                disk_gb: 1,
                ephemeral_gb: None,
                swap_gb: Some(4),
                extra_specs: [("a".to_owned(), "b".to_owned())].into(),
            },
            vec![
                (
                    "POST /nova/v2.1/p1/flavors",
                    CV,
                    r#"{"flavor":{"id":"f1","name":"small","vcpus":2,"ram":512,"disk":1,"swap":4}}"#,
                    ok(flavor),
                ),
                (
                    "POST /nova/v2.1/p1/flavors/f1/os-extra_specs",
                    CV,
                    r#"{"extra_specs":{"a":"b"}}"#,
                    ok(json!({"extra_specs": {"a": "b"}})),
                ),
            ],
            |result| assert!(matches!(result, Ok(Answer::InstanceType(_))), "{result:?}"),
        ),
        case(
            "remove a flavor",
            ComputeCall::DeleteInstanceType { uuid: "f1".into() },
            vec![("DELETE /nova/v2.1/p1/flavors/f1", V, "", Doing::Answer(202, vec![], String::new()))],
            |result| assert_eq!(result, Ok(Answer::Done)),
        ),
    ])
    .await;
}

#[tokio::test]
async fn servers() {
    let server =
        ok(json!({"server": {"id": "i1", "name": "vm", "tenant_id": "0123456789abcdef0123456789abcdef",
        "OS-EXT-STS:vm_state": "error", "OS-EXT-STS:task_state": null, "OS-EXT-STS:power_state": 1}}));
    let get = ("GET /nova/v2.1/p1/servers/i1", V, "", server);
    run(vec![
        case("server", ComputeCall::GetInstance { uuid: "i1".into() }, vec![get.clone()], |result| {
            let Ok(Answer::Instance(one)) = result else { panic!("{result:?}") };
            assert_eq!(one.oper_state, OperState::Disabled);
        }),
        case(
            "make a server",
            ComputeCall::CreateInstance {
                name: "vm".into(),
                instance_type_uuid: "f1".into(),
                image_uuid: Some("img".into()),
                block_devices: None,
                networks: Some(json!([{"uuid": null}, {"uuid": "n1"}])),
            },
            vec![
                (
                    "POST /nova/v2.1/p1/servers",
                    CV,
                    r#"{"server":{"name":"vm","flavorRef":"f1","imageRef":"img","networks":[{"uuid":"n1"}]}}"#,
                    Doing::json(202, json!({"server": {"id": "i1", "adminPass": "x"}})),
                ),
                get,
            ],
            |result| assert!(matches!(result, Ok(Answer::Instance(_))), "{result:?}"),
        ),
        case(
            "remove a server that is gone",
            ComputeCall::DeleteInstance { uuid: "i1".into() },
            vec![("DELETE /nova/v2.1/p1/servers/i1", V, "", Doing::json(404, json!({})))],
            |result| assert_eq!(result, Ok(Answer::Done)),
        ),
    ])
    .await;
}

#[tokio::test]
async fn each_action_has_its_body() {
    let live = |host: Option<&str>| NovaAction::LiveMigrate {
        block_migration: json!("auto"),
        host: host.map(str::to_owned),
    };
    let rows = [
        (live(None), r#"{"os-migrateLive":{"block_migration":"auto","host":null}}"#),
        (live(Some("compute-1")), r#"{"os-migrateLive":{"block_migration":"auto","host":"compute-1"}}"#),
        (NovaAction::ColdMigrate, r#"{"migrate":null}"#),
        (NovaAction::ConfirmResize, r#"{"confirmResize":null}"#),
        (NovaAction::RevertResize, r#"{"revertResize":null}"#),
        (NovaAction::Resize { flavor: "5".into() }, r#"{"resize":{"flavorRef":"5"}}"#),
        (NovaAction::Evacuate, r#"{"evacuate":{}}"#),
        (NovaAction::Reboot { graceful: true }, r#"{"reboot":{"type":"SOFT"}}"#),
        (NovaAction::Reboot { graceful: false }, r#"{"reboot":{"type":"HARD"}}"#),
        (
            NovaAction::Rebuild { name: "vm".into(), image: "img".into() },
            r#"{"rebuild":{"name":"vm","imageRef":"img"}}"#,
        ),
        (NovaAction::Pause, r#"{"pause":null}"#),
        (NovaAction::Unpause, r#"{"unpause":null}"#),
        (NovaAction::Suspend, r#"{"suspend":null}"#),
        (NovaAction::Resume, r#"{"resume":null}"#),
        (NovaAction::Start, r#"{"os-start":null}"#),
        (NovaAction::Stop, r#"{"os-stop":null}"#),
        (NovaAction::ResetStateToError, r#"{"os-resetState":{"state":"error"}}"#),
    ];
    run(rows
        .into_iter()
        .map(|(action, body)| {
            let call = ComputeCall::InstanceAction { uuid: "i1".into(), action, context: None };
            let exchange =
                ("POST /nova/v2.1/p1/servers/i1/action", CV, body, Doing::Answer(202, vec![], String::new()));
            case(body, call, vec![exchange], |result| assert_eq!(result, Ok(Answer::Done)))
        })
        .collect())
    .await;
}

#[tokio::test]
async fn a_users_action_is_the_users_own_request() {
    let cloud = Cloud::start().await;
    cloud.on("POST /nova/v2.1/servers/i1/action", Doing::json(202, ""));
    cloud.on("POST /nova/v2.1/theirs/servers/i1/action", Doing::json(202, ""));
    cloud.on("POST /nova/v2.1/p1/servers/i1/action", Doing::json(202, ""));
    let (plugins, _inbound) = cloud.plugins().await;
    let context = |version: Option<&str>, token: Option<&str>| RequestContext {
        token_id: token.map(str::to_owned),
        tenant_id: Some("theirs".into()),
        request_uuid: None,
        version: version.map(str::to_owned),
        content: Some("{\"os-stop\" :null, \"x\": 1}".into()),
    };
    let nowhere = || RequestContext { tenant_id: None, ..context(None, Some("user")) };
    for (action, context, token, marks, own_body) in [
        (NovaAction::Stop, nowhere(), Some("user"), "W C", true),
        (NovaAction::Stop, context(Some("2.1"), Some("user")), Some("user"), "W C 2.1", true),
        (NovaAction::Stop, context(None, Some("user")), Some("user"), "W C", true),
        (NovaAction::Stop, context(None, None), Some(""), "W C", true),
        // the reset is the VIM's own, whoever is behind the action
        (NovaAction::ResetStateToError, context(None, Some("user")), Some(cloud::TOKEN), CV, false),
    ] {
        let content = context.content.clone().unwrap();
        let project = match (&action, &context.tenant_id) {
            (NovaAction::ResetStateToError, _) => "/p1",
            (_, Some(_)) => "/theirs",
            (_, None) => "",
        };
        let call = ComputeCall::InstanceAction { uuid: "i1".into(), action, context: Some(context) };
        plugins.perform(Call::Compute(call), Turn::free()).await.unwrap();
        let seen = cloud.take().remove(0);
        assert_eq!(seen.line, format!("POST /nova/v2.1{project}/servers/i1/action"));
        assert_eq!(
            (seen.header("X-Auth-Token"), seen.marks().as_str()),
            (token.filter(|t| !t.is_empty()).or(Some("")), marks)
        );
        assert_eq!(seen.body == content, own_body);
    }
}

#[tokio::test]
async fn services_of_a_host() {
    let host = |personality: &str| HostRef {
        uuid: "u".into(),
        name: "compute-0".into(),
        personality: personality.into(),
    };
    let services = |operation| ComputeCall::HostServices { host: host("worker"), operation };
    let look = |services: Value| {
        (
            "GET /nova/v2.1/p1/os-services?host=compute-0&binary=nova-compute",
            CV,
            "",
            ok(json!({"services": services})),
        )
    };
    let put = |body: &'static str, doing: Doing| ("PUT /nova/v2.1/p1/os-services/s1", CV, body, doing);
    let service = |status: &str| {
        ok(json!({"service": {"status": status, "host": "compute-0", "binary": "nova-compute"}}))
    };
    let enable = r#"{"status":"enabled"}"#;
    let disable = r#"{"status":"disabled","disabled_reason":"disabled by VIM"}"#;
    let known = || look(json!([{"id": "s1"}]));
    let done = |result: CallResult| assert_eq!(result, Ok(Answer::Done));
    let fails = |kind: ErrorKind, reason: &'static str| {
        move |result: CallResult| {
            let error = result.unwrap_err();
            assert_eq!((error.kind, error.reason.as_str()), (kind, reason), "{error}");
        }
    };
    let create = |doing: Doing| {
        (
            "PUT /nova/v2.1/p1/os-services/create",
            "W C 2.38",
            r#"{"binary":"nova-compute","host":"compute-0"}"#,
            doing,
        )
    };
    use HostServicesOperation::*;
    run(vec![
        case(
            "create",
            services(Create),
            vec![create(service("created")), known(), put(disable, service("disabled"))],
            done,
        ),
        case(
            "create, a Nova without the call, record there",
            services(Create),
            vec![create(Doing::json(404, "{}")), known(), known(), put(disable, service("disabled"))],
            done,
        ),
        case(
            "create, a Nova without the call, no record yet",
            services(Create),
            vec![create(Doing::json(404, "{}")), look(json!([]))],
            fails(ErrorKind::NotFound, "failed to create nova services"),
        ),
        case(
            "create refused",
            services(Create),
            vec![create(Doing::json(409, "{}"))],
            fails(ErrorKind::Refused, "failed to create nova services"),
        ),
        case("enable", services(Enable), vec![known(), put(enable, service("enabled"))], done),
        case(
            "enable, another state",
            services(Enable),
            vec![known(), put(enable, service("disabled"))],
            fails(ErrorKind::BadAnswer, "failed to enable nova services"),
        ),
        case(
            "enable without a record",
            services(Enable),
            vec![look(json!([]))],
            fails(ErrorKind::NotFound, "failed to enable nova services"),
        ),
        case("disable", services(Disable), vec![known(), put(disable, service("disabled"))], done),
        case(
            "disable, no answer, but stored",
            services(Disable),
            vec![
                look(json!([{"id": "s1", "status": "disabled"}])),
                put(disable, Doing::Hang),
                look(json!([{"id": "s1", "status": "disabled"}])),
            ],
            done,
        ),
        case(
            "disable, no answer, not stored",
            services(Disable),
            vec![
                look(json!([{"id": "s1", "status": "enabled"}])),
                put(disable, Doing::Hang),
                look(json!([{"id": "s1", "status": "enabled"}])),
            ],
            fails(ErrorKind::TimedOut, "failed to disable nova services"),
        ),
        case(
            "enable, no answer",
            services(Enable),
            vec![known(), put(enable, Doing::Hang)],
            fails(ErrorKind::TimedOut, "failed to enable nova services"),
        ),
        case("disable, 404", services(Disable), vec![known(), put(disable, Doing::json(404, "{}"))], done),
        case(
            "disable without a record",
            services(Disable),
            vec![look(json!([]))],
            fails(ErrorKind::NotFound, "failed to disable nova services"),
        ),
        case(
            "disable, 500",
            services(Disable),
            vec![known(), put(disable, Doing::json(500, json!({"computeFault": {"message": "Broken."}})))],
            fails(ErrorKind::Refused, "failed to disable nova services"),
        ),
        case(
            "delete",
            services(Delete),
            vec![
                known(),
                ("DELETE /nova/v2.1/p1/os-services/s1", CV, "", Doing::Answer(204, vec![], String::new())),
            ],
            done,
        ),
        case("delete without a record", services(Delete), vec![look(json!([]))], done),
        case(
            "query",
            services(Query),
            vec![(
                "GET /nova/v2.1/p1/os-services?host=compute-0",
                "",
                "",
                ok(json!({"services": [{"binary": "other", "status": "disabled"},
                                       {"binary": "nova-compute", "status": "enabled"}]})),
            )],
            |result| assert_eq!(result, Ok(Answer::HostServicesEnabled(true))),
        ),
        case(
            "query, not there",
            services(Query),
            vec![("GET /nova/v2.1/p1/os-services?host=compute-0", "", "", ok(json!({"services": []})))],
            |result| assert_eq!(result, Ok(Answer::HostServicesEnabled(false))),
        ),
        case(
            "forced down",
            ComputeCall::NotifyHost { host: host("controller,worker"), enabled: false },
            vec![known(), put(r#"{"forced_down":true}"#, ok(json!({})))],
            done,
        ),
        case(
            "no longer forced down",
            ComputeCall::NotifyHost { host: host("worker"), enabled: true },
            vec![known(), put(r#"{"forced_down":false}"#, Doing::json(404, "{}"))],
            fails(ErrorKind::NotFound, "failed to notify nova that host is enabled"),
        ),
        case(
            "a controller has none",
            ComputeCall::HostServices { host: host("controller"), operation: Disable },
            vec![],
            done,
        ),
    ])
    .await;
}
