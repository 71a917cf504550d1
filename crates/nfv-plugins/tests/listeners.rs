//! The listeners over real sockets: what they pass on, what they answer, and what they withstand.
//! Contract: southbound 6, 7, 9, 10.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Cloud, Doing};
use hmac::{Hmac, Mac};
use nfv_nfvi::call::{ComputeCall, NovaAction};
use nfv_nfvi::notification::{
    BootingStatus, GuestFailure, GuestInstance, GuestRepair, GuestResponse, HostOrder,
};
use nfv_nfvi::object::{ActionType, AdminState, HostAvailStatus, OperState, RequestContext};
use nfv_nfvi::{Call, Notification, Reply};
use nfv_plugins::{Inbound, Plugins, PluginsConfig, Turn};
use serde_json::{Value, json};
use sha2::Sha512;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;

/// Sends bytes and reads until the other side closes.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn http(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    let answer = exchange(address, request.as_bytes()).await;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, answer)
}

fn body_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

async fn plugins(change: impl FnOnce(&mut PluginsConfig)) -> (Cloud, Plugins, Receiver<Inbound>) {
    let cloud = Cloud::start().await;
    let mut config = cloud.config(cloud::ONE_SECOND);
    change(&mut config);
    let (plugins, inbound) = cloud::start(&config).await;
    (cloud, plugins, inbound)
}

/// Replies to each notification with `reply` and hands the notifications out.
fn core(
    mut inbound: Receiver<Inbound>,
    reply: impl Fn(&Notification) -> Option<Reply> + Send + 'static,
) -> Receiver<Notification> {
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    tokio::spawn(async move {
        while let Some(message) = inbound.recv().await {
            if let (Some(reply), Some(to)) = (reply(&message.notification), message.reply) {
                let _ = to.send(reply);
            }
            let _ = sender.send(message.notification).await;
        }
    });
    receiver
}

const HOSTS: &str = "/nfvi-plugins/v1/hosts/u0";

#[tokio::test]
async fn infrastructure_requests_become_notifications() {
    let (_cloud, plugins, inbound) = plugins(|_| ()).await;
    let mut told = core(inbound, |_| Some(Reply::Ok));
    let (uuid, name) = (|| "u0".to_owned(), || "compute-0".to_owned());
    let order = |order| Notification::HostOrder { uuid: uuid(), name: name(), order };
    let named = |more: Value| {
        let mut body = json!({"uuid": "u0", "hostname": "compute-0", "unknown": 1});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (plain, success) = ("", r#"{"status":"success"}"#);
    for (method, body, wanted, answer) in [
        ("PATCH", named(json!({"action": "lock"})), order(HostOrder::Lock), plain),
        ("PATCH", named(json!({"action": "unlock"})), order(HostOrder::Unlock), plain),
        ("PATCH", named(json!({"action": "force-lock"})), order(HostOrder::ForceLock), plain),
        (
            "PATCH",
            named(json!({"upgrade": {"inprogress": true, "recover-instances": false}})),
            Notification::HostUpgrade {
                uuid: uuid(),
                name: name(),
                inprogress: true,
                recover_instances: false,
            },
            success,
        ),
        ("PATCH", named(json!({})), Notification::HostUpdate { uuid: uuid(), name: name() }, success),
        (
            "POST",
            named(json!({"subfunctions": "worker"})),
            Notification::HostAdd { uuid: uuid(), name: name() },
            plain,
        ),
        (
            "DELETE",
            named(json!({"action": "delete"})),
            Notification::HostDelete { uuid: uuid(), name: name() },
            plain,
        ),
    ] {
        let (status, text) =
            http(plugins.addresses().infrastructure, method, HOSTS, "", &body.to_string()).await;
        assert_eq!((status, body_of(&text)), (200, answer), "{body}");
        assert_eq!(told.recv().await.unwrap(), wanted);
    }
}

#[tokio::test]
async fn a_state_change_arrives_computed() {
    let (_cloud, plugins, inbound) = plugins(|_| ()).await;
    let mut told = core(inbound, |_| Some(Reply::NotFound));
    let body = json!({"state-change": {"administrative": "unlocked", "operational": "enabled",
                      "availability": "available", "data_ports_oper": "disabled", "data_ports_avail": "failed"},
                      "hostname": "compute-0", "uuid": "u0", "subfunctions": "worker", "personality": "worker"});
    let (status, text) =
        http(plugins.addresses().infrastructure, "PATCH", HOSTS, "", &body.to_string()).await;
    // an unknown host is no error
    assert_eq!((status, body_of(&text)), (200, r#"{"status":"success"}"#));
    let Some(Notification::HostStateChange { oper_state, avail_status, nfvi_data, .. }) = told.recv().await
    else {
        panic!()
    };
    assert_eq!((oper_state, avail_status), (OperState::Disabled, HostAvailStatus::FailedComponent));
    assert_eq!(nfvi_data["data_ports_avail"], "failed");
}

#[tokio::test]
async fn instance_counts_are_answered() {
    let (_cloud, plugins, inbound) = plugins(|_| ()).await;
    let _told = core(inbound, |notification| match notification {
        Notification::HostInstanceCounts { name, .. } if name == "compute-0" => {
            Some(Reply::InstanceCounts { instances: 4, failed: 0, stopped: 1 })
        }
        _ => Some(Reply::NotFound),
    });
    let at = plugins.addresses().infrastructure;
    let (status, text) = http(at, "GET", HOSTS, "", r#"{"uuid":"u0","hostname":"compute-0"}"#).await;
    let wanted = json!({"status": "success", "instances": 4, "instances-failed": 0, "instances-stopped": 1});
    assert_eq!((status, serde_json::from_str::<Value>(body_of(&text)).unwrap()), (200, wanted));
    let (status, _) = http(at, "GET", HOSTS, "", r#"{"uuid":"u1","hostname":"compute-1"}"#).await;
    assert_eq!(status, 404);
}

/// vim-behaviour 9.1 any without body, among others.
#[tokio::test]
async fn bad_infrastructure_requests_are_refused_and_nothing_is_passed_on() {
    let (_cloud, plugins, mut inbound) = plugins(|_| ()).await;
    let names = r#""uuid":"u0","hostname":"c""#;
    let with = |more: &str| format!("{{{names}{more}}}");
    for (method, path, body, wanted) in [
        ("PATCH", HOSTS, String::new(), 204),
        ("GET", HOSTS, String::new(), 204),
        ("PATCH", HOSTS, "{".to_owned(), 400),
        ("PATCH", HOSTS, "[1]".to_owned(), 400),
        ("PATCH", HOSTS, "{}".to_owned(), 400),
        ("PATCH", HOSTS, with(r#","action":"reboot""#), 400),
        ("PATCH", HOSTS, with(r#","action":null"#), 400),
        ("PATCH", HOSTS, r#"{"uuid":"u0","action":"lock"}"#.to_owned(), 400),
        ("PATCH", HOSTS, with(r#","state-change":{"administrative":"locked"}"#), 400),
        ("PATCH", HOSTS, with(r#","state-change":7"#), 400),
        (
            "PATCH",
            HOSTS,
            with(r#","state-change":{"administrative":"a","operational":"b","availability":"c"}"#),
            400,
        ),
        ("PATCH", HOSTS, with(r#","upgrade":{"inprogress":true}"#), 400),
        ("GET", HOSTS, r#"{"uuid":"u0"}"#.to_owned(), 400),
        ("POST", HOSTS, r#"{"hostname":"c","subfunctions":"worker"}"#.to_owned(), 400),
        ("POST", HOSTS, r#"{"uuid":"u0","subfunctions":"worker"}"#.to_owned(), 400),
        ("POST", HOSTS, r#"{"uuid":"u0","hostname":null,"subfunctions":"worker"}"#.to_owned(), 200),
        ("POST", HOSTS, with(r#","subfunctions":null"#), 200),
        ("POST", HOSTS, with(""), 200),
        ("DELETE", HOSTS, with(""), 400),
        ("DELETE", HOSTS, with(r#","action":"remove""#), 400),
        ("PUT", HOSTS, with(""), 405),
        ("OPTIONS", HOSTS, with(""), 501),
        ("PATCH", "/elsewhere", with(""), 404),
        ("PATCH", HOSTS, format!("{{{names},\"x\":\"{}\"}}", "y".repeat(2 << 20)), 413),
    ] {
        let (status, text) = http(plugins.addresses().infrastructure, method, path, "", &body).await;
        let short: String = body.chars().take(80).collect();
        assert_eq!(status, wanted, "{method} {path} {short}: {text}");
    }
    assert!(inbound.try_recv().is_err());
}

#[tokio::test]
async fn a_silent_client_and_a_half_request_disturb_nobody() {
    let (_cloud, plugins, inbound) = plugins(|_| ()).await;
    let _told = core(inbound, |_| Some(Reply::Ok));
    let at = plugins.addresses().infrastructure;
    let mut half = TcpStream::connect(at).await.unwrap();
    half.write_all(b"PATCH /nfvi-plugins/v1/hosts HTTP/1.1\r\nContent-Length: 10\r\n\r\n{").await.unwrap();
    let _silent = TcpStream::connect(at).await.unwrap();
    let (status, _) = http(at, "PATCH", HOSTS, "", r#"{"uuid":"u0","hostname":"c"}"#).await;
    assert_eq!(status, 200);
    assert!(exchange(at, b"\x00\xffgarbage\r\n\r\n").await.contains("400"));
}

#[tokio::test]
async fn a_core_that_has_gone_is_answered_for() {
    let (_cloud, plugins, inbound) = plugins(|_| ()).await;
    drop(inbound);
    let body = r#"{"uuid":"u0","hostname":"c"}"#;
    assert_eq!(http(plugins.addresses().infrastructure, "PATCH", HOSTS, "", body).await.0, 503);
}

#[tokio::test]
async fn listeners_close_and_a_port_in_use_is_an_error_with_its_name() {
    let (cloud, plugins, _inbound) = plugins(|_| ()).await;
    let addresses = plugins.addresses();
    let mut config = cloud.config("");
    config.host_listener.port = addresses.host.port();
    let (sender, _receiver) = tokio::sync::mpsc::channel(1);
    let error = Plugins::start(&config, sender).await.unwrap_err().to_string();
    assert!(error.contains(&addresses.host.port().to_string()), "{error}");
    plugins.stop().await;
    for address in
        [addresses.infrastructure, addresses.guest.unwrap(), addresses.compute.unwrap(), addresses.host]
    {
        let mut gone = false;
        for _ in 0..100 {
            gone = gone || TcpStream::connect(address).await.is_err();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(gone, "{address}");
    }
}

#[tokio::test]
async fn the_guest_agents_requests_are_answered() {
    let (_cloud, plugins, inbound) = plugins(|_| ()).await;
    let guest = |uuid: &str| GuestInstance {
        uuid: uuid.to_owned(),
        hostname: Some("compute-0".to_owned()),
        services: vec![("heartbeat".to_owned(), AdminState::Unlocked)],
    };
    let mut told = core(inbound, move |notification| {
        Some(match notification {
            Notification::GuestHostQuery { name, .. } if name == "compute-0" => {
                Reply::GuestHostState { enabled: true }
            }
            Notification::GuestInstancesQuery { host_uuid } if host_uuid == "u0" => {
                Reply::GuestInstances(vec![guest("i1"), guest("i2")])
            }
            Notification::GuestInstanceQuery { uuid } | Notification::GuestAlarm { uuid, .. }
                if uuid == "i1" =>
            {
                Reply::GuestInstances(vec![guest("i1")])
            }
            Notification::GuestActionResponse { uuid, .. } if uuid == "i1" => Reply::Ok,
            _ => Reply::NotFound,
        })
    });
    let at = plugins.addresses().guest.unwrap();
    let shown = json!({"uuid": "i1", "hostname": "compute-0", "services": [{"service": "heartbeat", "state": "enabled"}]});
    let mut other = shown.clone();
    other["uuid"] = "i2".into();
    let mut alarmed = shown.clone();
    alarmed["services"][0]["admin_state"] = "unlocked".into();
    let event = |uuid: &str, kind: &str, data: Value| {
        json!({"uuid": uuid, "hostname": "compute-0", "event-type": kind, "event-data": data}).to_string()
    };
    let alarm = |state: &str, service: &str| json!({"services": [{"service": service, "state": state, "repair-action": "reboot"}]});
    let state = json!({"services": [{"service": "heartbeat", "state": "enabled", "status": "enabled"}]});
    let vote = json!({"action": "live_migrate_begin", "guest-response": "reject", "reason": "busy"});
    let (hosts, instances) = ("/nfvi-plugins/v1/hosts/u0", "/nfvi-plugins/v1/instances/");
    let (one, unknown) = ("/nfvi-plugins/v1/instances/i1", "/nfvi-plugins/v1/instances/i9");
    let of_host = "/nfvi-plugins/v1/instances/?host_uuid=u0";
    let none = Value::Null;
    for (method, path, body, status, answer) in [
        (
            "GET",
            hosts,
            r#"{"uuid":"u0","hostname":"compute-0"}"#.to_owned(),
            200,
            json!({"uuid": "u0", "hostname": "compute-0", "state": "enabled"}),
        ),
        ("GET", hosts, r#"{"uuid":"u0","hostname":"compute-9"}"#.to_owned(), 400, none.clone()),
        ("GET", hosts, r#"{"uuid":"u0","hostname":null}"#.to_owned(), 400, none.clone()),
        ("GET", hosts, "{".to_owned(), 400, none.clone()),
        ("GET", hosts, String::new(), 204, none.clone()),
        ("GET", of_host, String::new(), 200, json!({"instances": [shown, other]})),
        ("GET", "/nfvi-plugins/v1/instances/?host_uuid=u9", String::new(), 400, none.clone()),
        ("GET", one, String::new(), 200, shown.clone()),
        ("GET", unknown, String::new(), 400, none.clone()),
        ("PATCH", instances, event("i9", "service", state), 200, none.clone()),
        ("PATCH", instances, event("i1", "service", json!({})), 400, none.clone()),
        ("PATCH", instances, event("i1", "alarm", alarm("failed", "heartbeat")), 200, alarmed),
        ("PATCH", instances, event("i9", "alarm", alarm("failed", "heartbeat")), 400, none.clone()),
        ("PATCH", instances, event("i1", "alarm", alarm("failed", "other")), 200, none.clone()),
        ("PATCH", instances, event("i1", "action", vote.clone()), 200, none.clone()),
        ("PATCH", instances, event("i9", "action", vote), 400, none.clone()),
        // vim-behaviour 9.3 PATCH other
        ("PATCH", instances, event("i1", "other", json!({})), 400, none.clone()),
        ("PATCH", instances, r#"{"uuid":"i1"}"#.to_owned(), 400, none.clone()),
        ("PATCH", instances, String::new(), 204, none.clone()),
        ("POST", instances, "{}".to_owned(), 405, none.clone()),
        ("GET", "/elsewhere", "{}".to_owned(), 404, none.clone()),
    ] {
        let (got, text) = http(at, method, path, "", &body).await;
        assert_eq!(got, status, "{method} {path} {body}: {text}");
        assert_eq!(
            serde_json::from_str::<Value>(body_of(&text)).unwrap_or_default(),
            answer,
            "{method} {path} {body}"
        );
    }
    let mut all = Vec::new();
    while let Ok(notification) = told.try_recv() {
        all.push(notification);
    }
    let (uuid, failure, repair) = ("i1".to_owned(), GuestFailure::Failed, GuestRepair::Reboot);
    assert!(all.contains(&Notification::GuestAlarm { uuid: uuid.clone(), failure, repair }));
    let (action, response) = (ActionType::LiveMigrate, GuestResponse::Reject);
    assert!(all.contains(&Notification::GuestActionResponse {
        uuid,
        action,
        response,
        reason: "busy".into()
    }));
}

const ACTION: &str = "/v2.1/theirs/servers/i1/action";
const USER: &str = "X-Auth-Token: user\r\nX-OpenStack-Nova-API-Version: 2.1\r\n";

async fn act(plugins: &Plugins, body: &str) -> (u16, String) {
    http(plugins.addresses().compute.unwrap(), "POST", ACTION, USER, body).await
}

/// vim-behaviour 9.5 Verb → type.
#[tokio::test]
async fn a_users_action_arrives_with_all_that_is_needed_to_repeat_it() {
    let (_cloud, plugins, inbound) = plugins(|config| config.auto_accept_requests = true).await;
    let mut told = core(inbound, |_| None);
    for (body, wanted, parameters) in [
        (r#"{"pause":null}"#, ActionType::Pause, json!({})),
        (r#"{"unpause":null}"#, ActionType::Unpause, json!({})),
        (r#"{"suspend":null}"#, ActionType::Suspend, json!({})),
        (r#"{"resume":null}"#, ActionType::Resume, json!({})),
        (
            r#"{"os-migrateLive":{"block_migration":"auto","host":""}}"#,
            ActionType::LiveMigrate,
            json!({"block-migration": "auto"}),
        ),
        (
            r#"{"os-migrateLive":{"block_migration":false,"host":"compute-1"}}"#,
            ActionType::LiveMigrate,
            json!({"block-migration": false, "host": "compute-1"}),
        ),
        (r#"{"migrate":null}"#, ActionType::ColdMigrate, json!({})),
        (r#"{"resize":{"flavorRef":5}}"#, ActionType::Resize, json!({"instance-type-uuid": "5"})),
        (r#"{"confirmResize":null}"#, ActionType::ConfirmResize, json!({})),
        (r#"{"revertResize":null}"#, ActionType::RevertResize, json!({})),
        (r#"{"reboot":{"type":"SOFT"}}"#, ActionType::Reboot, json!({"graceful-shutdown": true})),
        (r#"{"reboot":{}}"#, ActionType::Reboot, json!({"graceful-shutdown": false})),
        (
            r#"{"rebuild":{"imageRef":"img","name":"vm"}}"#,
            ActionType::Rebuild,
            json!({"instance-image-uuid": "img", "instance-name": "vm"}),
        ),
        // only the first key counts, whatever the alphabet says
        (r#"{"os-start":null,"os-stop":null}"#, ActionType::Start, json!({})),
        (r#"{"os-stop":null,"os-start":null}"#, ActionType::Stop, json!({})),
    ] {
        assert_eq!(act(&plugins, body).await.0, 202, "{body}");
        let Some(Notification::InstanceActionRequest { uuid, action, parameters: got, context }) =
            told.recv().await
        else {
            panic!()
        };
        assert_eq!((uuid.as_str(), action), ("i1", wanted));
        assert_eq!(serde_json::to_value(got).unwrap(), parameters, "{body}");
        assert_eq!(context.token_id.as_deref(), Some("user"));
        assert_eq!(context.tenant_id.as_deref(), Some("theirs"));
        assert_eq!(context.version.as_deref(), Some("2.1"));
        assert_eq!(context.content.as_deref(), Some(body));
    }
}

#[tokio::test]
async fn an_action_without_a_project_is_passed_on_without_one() {
    let (_cloud, plugins, inbound) = plugins(|config| config.auto_accept_requests = true).await;
    let mut told = core(inbound, |_| None);
    let compute = plugins.addresses().compute.unwrap();
    for (path, wanted) in [
        ("/v2.1/servers/i1/action", None),
        ("/v2/servers/i1/action", None),
        ("/v2.1/servers/servers/i1/action", Some("servers")),
    ] {
        assert_eq!(http(compute, "POST", path, USER, r#"{"pause":null}"#).await.0, 202, "{path}");
        let Some(Notification::InstanceActionRequest { uuid, context, .. }) = told.recv().await else {
            panic!()
        };
        assert_eq!((uuid.as_str(), context.tenant_id.as_deref()), ("i1", wanted), "{path}");
    }
}

#[tokio::test]
async fn bad_actions_are_refused() {
    let (_cloud, plugins, mut inbound) = plugins(|_| ()).await;
    for (method, path, body, wanted) in [
        ("POST", "/v2.1/t/servers/i1", r#"{"pause":null}"#, 400),
        ("POST", "/elsewhere/action", r#"{"pause":null}"#, 404),
        ("POST", ACTION, "", 204),
        ("POST", ACTION, "{}", 400),
        ("POST", ACTION, "{", 400),
        ("POST", ACTION, "[]", 400),
        ("POST", ACTION, r#"{"pause":null"#, 400),
        ("POST", ACTION, r#"{"createImage":{}}"#, 400),
        ("GET", ACTION, r#"{"pause":null}"#, 405),
        ("HEAD", ACTION, "", 501),
    ] {
        let (status, text) = http(plugins.addresses().compute.unwrap(), method, path, USER, body).await;
        assert_eq!(status, wanted, "{method} {path} {body}: {text}");
    }
    assert!(inbound.try_recv().is_err());
}

#[tokio::test]
async fn the_core_can_refuse_an_action() {
    let (_cloud, plugins, inbound) = plugins(|_| ()).await;
    let _told = core(inbound, |notification| match notification {
        Notification::InstanceActionRequest { action: ActionType::Pause, .. } => {
            Some(Reply::InstanceActionRejected { message: "Cannot 'pause' \"it\"".into() })
        }
        _ => Some(Reply::NotFound),
    });
    let (status, text) = act(&plugins, r#"{"pause":null}"#).await;
    let body: Value = serde_json::from_str(body_of(&text)).unwrap();
    assert_eq!(status, 409);
    assert_eq!(
        body,
        json!({"conflictingRequest": {"message": "action-rejected", "details": "Cannot 'pause' \"it\"", "code": 409}})
    );
    let (status, text) = act(&plugins, r#"{"unpause":null}"#).await;
    assert!(status == 404 && text.contains("Instance i1 could not be found"), "{text}");
}

/// Performs the next action that arrives as Nova would be asked to.
async fn perform(plugins: &Plugins, inbound: &mut Receiver<Inbound>, action: NovaAction) {
    let context = next_context(inbound).await;
    let call = ComputeCall::InstanceAction { uuid: "i1".into(), action, context: Some(context) };
    let _ = plugins.perform(Call::Compute(call), Turn::free()).await;
}

async fn next_context(inbound: &mut Receiver<Inbound>) -> RequestContext {
    let message = inbound.recv().await.unwrap();
    let Notification::InstanceActionRequest { context, .. } = message.notification else { panic!() };
    context
}

/// vim-behaviour 9.5 Answers.
#[tokio::test]
async fn the_user_gets_novas_answer() {
    const NOVA: &str = "POST /nova/v2.1/theirs/servers/i1/action";
    let headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("X-Compute-Request-Id".to_owned(), "req-1".to_owned()),
        ("Server".to_owned(), "nova".to_owned()),
    ];
    for (doing, status, contained) in [
        (Doing::Answer(202, headers.clone(), String::new()), 202, "x-compute-request-id: req-1"),
        (Doing::Answer(409, headers.clone(), "{\"a\":1}".into()), 409, "{\"a\":1}"),
        (Doing::Answer(401, headers, "no".into()), 401, "no"),
        (Doing::Close, 500, ""),
        (Doing::Hang, 500, ""),
    ] {
        let (cloud, plugins, mut inbound) = plugins(|_| ()).await;
        cloud.on(NOVA, doing);
        let (answer, ()) = tokio::join!(
            act(&plugins, r#"{"os-stop":null}"#),
            perform(&plugins, &mut inbound, NovaAction::Stop)
        );
        assert_eq!(answer.0, status);
        assert!(answer.1.contains(contained) && !answer.1.contains("nova"), "{}", answer.1);
    }
}

#[tokio::test]
async fn no_token_is_500_and_a_late_refusal_is_409() {
    let (cloud, plugins, mut inbound) = plugins(|_| ()).await;
    cloud.on("POST /keystone/v3/auth/tokens", Doing::json(500, "{}"));
    let (answer, ()) =
        tokio::join!(act(&plugins, r#"{"os-stop":null}"#), perform(&plugins, &mut inbound, NovaAction::Stop));
    assert_eq!(answer.0, 500);
    let reject = async {
        let context = next_context(&mut inbound).await;
        let message = "Action rejected by instance: busy ".to_owned();
        let call = ComputeCall::RejectInstanceAction { uuid: "i1".into(), message, context };
        plugins.perform(Call::Compute(call), Turn::free()).await.unwrap();
    };
    let (answer, ()) = tokio::join!(act(&plugins, r#"{"os-stop":null}"#), reject);
    assert!(answer.0 == 409 && answer.1.contains("busy"), "{}", answer.1);
}

/// vim-behaviour 9.5 Aging.
#[tokio::test]
async fn users_do_not_wait_for_ever_and_not_too_many_wait() {
    let (_cloud, plugins, _inbound) = plugins(|config| {
        config.max_request_wait = Duration::from_millis(300);
        config.max_concurrent_requests = 1;
    })
    .await;
    let second = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        act(&plugins, r#"{"os-stop":null}"#).await.0
    };
    let (first, second) = tokio::join!(act(&plugins, r#"{"os-start":null}"#), second);
    assert_eq!((first.0, second), (503, 202));
}

#[tokio::test]
async fn a_rush_of_users_keeps_the_limits_and_each_gets_one_answer() {
    const MOST: usize = 128;
    let (_cloud, plugins, mut inbound) = plugins(|config| {
        config.max_request_wait = Duration::from_secs(4);
        config.max_concurrent_requests = MOST;
    })
    .await;
    let at = plugins.addresses().compute.unwrap();
    let users = (0..200).map(|number| async move {
        let path = format!("/v2.1/theirs/servers/i{number}/action");
        http(at, "POST", &path, USER, r#"{"os-stop":null}"#).await.0
    });
    let began = std::time::Instant::now();
    let arrivals = async {
        let mut arrived = 0;
        while arrived < 200 {
            inbound.recv().await.unwrap();
            arrived += 1;
        }
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(users), arrivals);
    let count = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((count(503), count(202)), (200 - MOST, MOST), "every action reached the core all the same");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

const KEY: &[u8] = b"NFV Infrastructure Notification";

fn frame(key: &[u8], payload: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
    mac.update(payload.as_bytes());
    let code = mac.finalize().into_bytes();
    let length = u32::try_from(64 + payload.len()).unwrap();
    [&length.to_le_bytes()[..], &code, payload.as_bytes()].concat()
}

/// Sends bytes to 30004 and reads one answer; none when it closes without.
async fn notify(address: SocketAddr, bytes: &[u8]) -> Option<Value> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.unwrap();
    let payload = std::str::from_utf8(answer.get(68..)?).unwrap();
    assert_eq!(answer, frame(KEY, payload));
    serde_json::from_str(payload).ok()
}

#[tokio::test]
async fn a_booting_host_is_told_about_and_answered() {
    let (_cloud, plugins, inbound) = plugins(|_| ()).await;
    let mut told = core(inbound, |notification| match notification {
        Notification::HostBooting { name } if name == "compute-0" => {
            Some(Reply::HostBooting(BootingStatus::Accepted))
        }
        _ => Some(Reply::HostBooting(BootingStatus::Okay)),
    });
    let booting = |data: &str| json!({"version": 1, "notify-type": "booting", "notify-data": data});
    for (message, status, name) in [
        (booting(r#"{"hostname": "compute-0"}"#), "accepted", Some("compute-0")),
        (booting(r#"{"hostname": "compute-1"}"#), "okay", Some("compute-1")),
        (booting("{}"), "okay", None),
        (booting("no json"), "okay", None),
        (json!({"version": 1, "notify-type": "booting"}), "okay", None),
        (json!({"version": 1, "notify-type": "other", "notify-data": "{}"}), "error", None),
        (json!({"version": 1}), "error", None),
    ] {
        let mut wanted = message.clone();
        wanted["status"] = status.into();
        let answer = notify(plugins.addresses().host, &frame(KEY, &message.to_string())).await;
        assert_eq!(answer, Some(wanted));
        let got = told.try_recv().ok();
        assert_eq!(got, name.map(|name| Notification::HostBooting { name: name.to_owned() }));
    }
}

#[tokio::test]
async fn what_is_not_authentic_or_not_understood_is_dropped_and_ends_nothing() {
    let (_cloud, plugins, mut inbound) = plugins(|_| ()).await;
    let at = plugins.addresses().host;
    let good = r#"{"version":1,"notify-type":"booting","notify-data":"{\"hostname\":\"c\"}"}"#;
    for bytes in [
        frame(b"wrong key", good),
        frame(KEY, "no json"),
        frame(KEY, "[1]"),
        frame(KEY, "\"text\""),
        frame(KEY, r#"{"version":2,"notify-type":"booting"}"#),
        frame(KEY, r#"{"notify-type":"booting"}"#),
        frame(KEY, ""),
        vec![1, 0],
        3u32.to_le_bytes().to_vec(),
        u32::MAX.to_le_bytes().to_vec(),
        [&(70_000u32).to_le_bytes()[..], &[0; 1000]].concat(),
        [&(100u32).to_le_bytes()[..], &[0; 10]].concat(),
    ] {
        assert_eq!(notify(at, &bytes).await, None);
    }
    assert!(inbound.try_recv().is_err());
    // a message with a wrong code leaves the connection open for a right one
    let _told = core(inbound, |_| Some(Reply::HostBooting(BootingStatus::Okay)));
    let both = [frame(b"wrong key", good), frame(KEY, good)].concat();
    assert_eq!(notify(at, &both).await.unwrap()["status"], "okay");
}
