//! Each route of the listeners: good, bad, too long, and about something the VIM does not know.

use crate::cloud::{self, Cloud};
use crate::rows;
use hmac::{Hmac, Mac};
use nfv_nfvi::notification::{BootingStatus, GuestInstance};
use nfv_nfvi::object::AdminState;
use nfv_nfvi::{Notification, Reply};
use nfv_plugins::{Addresses, Inbound};
use serde_json::{Value, json};
use sha2::Sha512;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;

/// Longer than any request may be.
const TOO_LONG: usize = 2 << 20;

/// A route and what is sent there.
struct Route {
    /// As the contract names it, with its port.
    name: &'static str,
    method: &'static str,
    /// Path and body about something known.
    good: (&'static str, Value),
    /// A body that cannot be understood.
    bad: (&'static str, Value),
    /// The same as the good one about something unknown.
    unknown: (&'static str, Value),
    /// Status for good, bad and unknown.
    wanted: [u16; 3],
}

const HOSTS: &str = "/nfvi-plugins/v1/hosts/u0";
const INSTANCES: &str = "/nfvi-plugins/v1/instances/";

fn infrastructure() -> Vec<Route> {
    let named = |uuid: &str, more: Value| {
        let mut body = json!({"uuid": uuid, "hostname": "compute-0"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (HOSTS, body)
    };
    let route = |name, method, good: Value, bad: (&'static str, Value), wanted| Route {
        name,
        method,
        good: named("known", good.clone()),
        bad,
        unknown: named("unknown", good),
        wanted,
    };
    let state = json!({"administrative": "unlocked", "operational": "enabled", "availability": "available"});
    vec![
        route("30001 7.1 GET", "GET", json!({}), (HOSTS, json!({"uuid": "known"})), [200, 400, 404]),
        route(
            "30001 7.2.1 Host action",
            "PATCH",
            json!({"action": "lock"}),
            named("known", json!({"action": "dance"})),
            [200, 400, 200],
        ),
        route(
            "30001 7.3 State change",
            "PATCH",
            json!({"state-change": state, "personality": "worker", "subfunctions": "worker"}),
            named("known", json!({"state-change": {"administrative": "unlocked"}})),
            [200, 400, 200],
        ),
        route(
            "30001 7.4 Upgrade state",
            "PATCH",
            json!({"upgrade": {"inprogress": true, "recover-instances": false}}),
            named("known", json!({"upgrade": {}})),
            [200, 400, 200],
        ),
        route(
            "30001 7.5 Host update",
            "PATCH",
            json!({}),
            (HOSTS, json!({"uuid": "known"})),
            [200, 400, 200],
        ),
        route(
            "30001 7.6 POST",
            "POST",
            json!({"subfunctions": "worker"}),
            (HOSTS, json!({"hostname": "compute-0", "subfunctions": "worker"})),
            [200, 400, 200],
        ),
        route(
            "30001 7.7 DELETE",
            "DELETE",
            json!({"action": "delete"}),
            named("known", json!({})),
            [200, 400, 200],
        ),
    ]
}

fn guest() -> Vec<Route> {
    let event = |uuid: &str, kind: &str, data: Value| {
        (INSTANCES, json!({"uuid": uuid, "hostname": "h", "event-type": kind, "event-data": data}))
    };
    let patch = |name, kind: &str, data: Value, wanted| Route {
        name,
        method: "PATCH",
        good: event("known", kind, data.clone()),
        bad: event("known", kind, json!({"services": [7]})),
        unknown: event("unknown", kind, data),
        wanted,
    };
    let heartbeat = |more: Value| {
        let mut service = json!({"service": "heartbeat", "state": "failed"});
        service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"services": [service]})
    };
    let host = |uuid: &str| json!({"uuid": uuid, "hostname": "compute-0"});
    vec![
        Route {
            name: "30002 GET /nfvi-plugins/v1/hosts*",
            method: "GET",
            good: (HOSTS, host("known")),
            bad: (HOSTS, json!({"uuid": "known"})),
            unknown: (HOSTS, host("unknown")),
            wanted: [200, 400, 400],
        },
        Route {
            name: "30002 GET /nfvi-plugins/v1/instances/?host_uuid={u}",
            method: "GET",
            good: ("/nfvi-plugins/v1/instances/?host_uuid=known", Value::Null),
            bad: ("/elsewhere/?host_uuid=known", Value::Null),
            unknown: ("/nfvi-plugins/v1/instances/?host_uuid=unknown", Value::Null),
            wanted: [200, 404, 400],
        },
        Route {
            name: "30002 GET /nfvi-plugins/v1/instances/{uuid}",
            method: "GET",
            good: ("/nfvi-plugins/v1/instances/known", Value::Null),
            bad: ("/elsewhere/known", Value::Null),
            unknown: ("/nfvi-plugins/v1/instances/unknown", Value::Null),
            wanted: [200, 404, 400],
        },
        patch("30002 service", "service", heartbeat(json!({"status": "enabled"})), [200, 400, 200]),
        Route {
            bad: event("known", "alarm", heartbeat(json!({"repair-action": {}}))),
            ..patch("30002 alarm", "alarm", heartbeat(json!({"repair-action": "stop"})), [200, 400, 400])
        },
        patch(
            "30002 action",
            "action",
            json!({"action": "stop", "guest-response": "allow"}),
            [200, 400, 400],
        ),
    ]
}

fn compute() -> Vec<Route> {
    const KNOWN: &str = "/v2.1/theirs/servers/known/action";
    const UNKNOWN: &str = "/v2.1/theirs/servers/unknown/action";
    let names = [
        "pause",
        "unpause",
        "suspend",
        "resume",
        "os-migrateLive",
        "migrate",
        "resize",
        "confirmResize",
        "revertResize",
        "reboot",
        "rebuild",
        "os-start",
        "os-stop",
    ];
    names
        .into_iter()
        .map(|action| Route {
            name: format!("30003 {action}").leak(),
            method: "POST",
            good: (KNOWN, json!({action: {"flavorRef": "f", "imageRef": "i", "host": null}})),
            bad: (KNOWN, json!([action])),
            unknown: (UNKNOWN, json!({action: null})),
            // the core of this test refuses what it knows
            wanted: [409, 400, 404],
        })
        .collect()
}

/// A core that knows what is called `known`.
fn reply(notification: &Notification) -> Reply {
    let heartbeat = || {
        let services = vec![("heartbeat".to_owned(), AdminState::Unlocked)];
        let (uuid, hostname) = ("known".to_owned(), Some("compute-0".to_owned()));
        Reply::GuestInstances(vec![GuestInstance { uuid, hostname, services }])
    };
    match notification {
        Notification::HostInstanceCounts { uuid, .. } if uuid == "known" => {
            Reply::InstanceCounts { instances: 1, failed: 0, stopped: 0 }
        }
        Notification::HostAdd { uuid, .. }
        | Notification::HostOrder { uuid, .. }
        | Notification::HostStateChange { uuid, .. }
        | Notification::HostUpgrade { uuid, .. }
        | Notification::HostUpdate { uuid, .. }
        | Notification::HostDelete { uuid, .. }
        | Notification::GuestActionResponse { uuid, .. }
            if uuid == "known" =>
        {
            Reply::Ok
        }
        Notification::GuestHostQuery { uuid, .. } if uuid == "known" => {
            Reply::GuestHostState { enabled: true }
        }
        Notification::GuestInstancesQuery { host_uuid: uuid }
        | Notification::GuestInstanceQuery { uuid }
        | Notification::GuestAlarm { uuid, .. }
            if uuid == "known" =>
        {
            heartbeat()
        }
        Notification::InstanceActionRequest { uuid, .. } if uuid == "known" => {
            Reply::InstanceActionRejected { message: "not now".into() }
        }
        Notification::HostBooting { name } if name == "known" => Reply::HostBooting(BootingStatus::Accepted),
        Notification::HostBooting { .. } => Reply::HostBooting(BootingStatus::Okay),
        _ => Reply::NotFound,
    }
}

fn answer_all(mut inbound: Receiver<Inbound>) {
    tokio::spawn(async move {
        while let Some(message) = inbound.recv().await {
            let answer = reply(&message.notification);
            if let Some(to) = message.reply {
                let _ = to.send(answer);
            }
        }
    });
}

async fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the listener answers and closes");
    answer
}

async fn status(address: SocketAddr, method: &str, path: &str, body: &str) -> u16 {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: user\r\n");
    let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
    let answer = exchange(address, request.as_bytes()).await;
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn port(addresses: &Addresses, route: &str) -> SocketAddr {
    match &route[..5] {
        "30001" => addresses.infrastructure,
        "30002" => addresses.guest.unwrap(),
        "30003" => addresses.compute.unwrap(),
        other => panic!("{other}"),
    }
}

#[test]
fn each_route_of_the_contract_is_tried() {
    let contract: BTreeSet<String> = rows::routes().into_iter().collect();
    let mut here: BTreeSet<String> = [infrastructure(), guest(), compute()]
        .into_iter()
        .flatten()
        .map(|route| route.name.to_owned())
        .collect();
    here.insert("30004 booting".to_owned());
    let without: Vec<_> = contract.difference(&here).collect();
    let strange: Vec<_> = here.difference(&contract).collect();
    assert!(without.is_empty(), "routes of the contract without a test: {without:?}");
    assert!(strange.is_empty(), "tests for no route of the contract: {strange:?}");
    println!("{} routes", contract.len());
}

#[tokio::test]
async fn each_route_answers_what_is_good_bad_too_long_and_unknown() {
    let cloud = Cloud::start().await;
    let (plugins, inbound) = cloud::start(&cloud.config("")).await;
    answer_all(inbound);
    let addresses = plugins.addresses();
    for route in [infrastructure(), guest(), compute()].into_iter().flatten() {
        let at = port(&addresses, route.name);
        let text = |body: &Value| if body.is_null() { String::new() } else { body.to_string() };
        for (what, (path, body), wanted) in [
            ("good", &route.good, route.wanted[0]),
            ("bad", &route.bad, route.wanted[1]),
            ("unknown", &route.unknown, route.wanted[2]),
        ] {
            let got = status(at, route.method, path, &text(body)).await;
            assert_eq!(got, wanted, "{} {what}: {body}", route.name);
        }
        let got = status(at, route.method, route.good.0, &"x".repeat(TOO_LONG)).await;
        assert_eq!(got, 413, "{}, too long", route.name);
        let got = status(at, route.method, route.good.0, "{\"uuid\": ").await;
        // a body that is not looked at may be anything
        let wanted = if route.good.1.is_null() { route.wanted[0] } else { 400 };
        assert_eq!(got, wanted, "{}, no JSON", route.name);
    }
    plugins.stop().await;
}

#[tokio::test]
async fn each_listener_is_reached_over_ipv4_ipv6_and_by_name() {
    for (host, ipv6) in [("127.0.0.1", Some(false)), ("::1", Some(true)), ("localhost", None)] {
        let cloud = Cloud::start().await;
        let mut config = cloud.config("");
        for listen in
            [&mut config.infrastructure, &mut config.guest, &mut config.compute, &mut config.host_listener]
        {
            listen.host = host.to_owned();
        }
        let (plugins, inbound) = cloud::start(&config).await;
        answer_all(inbound);
        let addresses = plugins.addresses();
        let http = [addresses.infrastructure, addresses.guest.unwrap(), addresses.compute.unwrap()];
        for at in http {
            assert_eq!(at.is_ipv6(), ipv6.unwrap_or(at.is_ipv6()), "{host}");
            assert!([400, 404].contains(&status(at, "POST", "/v2/x/action", "{}").await), "{host} {at}");
        }
        assert!(TcpStream::connect(addresses.host).await.is_ok(), "{host}");
        plugins.stop().await;
    }
}

#[tokio::test]
async fn the_host_listener_answers_what_is_good_bad_too_long_and_unknown() {
    let cloud = Cloud::start().await;
    let (plugins, inbound) = cloud::start(&cloud.config("")).await;
    answer_all(inbound);
    let at = plugins.addresses().host;
    let frame = |payload: &str| {
        let mut mac = Hmac::<Sha512>::new_from_slice(b"NFV Infrastructure Notification").unwrap();
        mac.update(payload.as_bytes());
        let length = u32::try_from(64 + payload.len()).unwrap();
        [&length.to_le_bytes()[..], &mac.finalize().into_bytes(), payload.as_bytes()].concat()
    };
    let booting = |host: &str, more: &str| {
        let data = json!({"hostname": host}).to_string();
        json!({"version": 1, "notify-type": "booting", "notify-data": data, "more": more}).to_string()
    };
    for (what, payload, wanted) in [
        ("good", booting("known", ""), Some("accepted")),
        ("unknown", booting("unknown", ""), Some("okay")),
        ("bad", "{".to_owned(), None),
        ("too long", booting("known", &"x".repeat(TOO_LONG)), None),
    ] {
        let answer = exchange(at, &frame(&payload)).await;
        let got = answer.get(68..).map(|payload| serde_json::from_slice::<Value>(payload).unwrap());
        let status = got.as_ref().and_then(|answer| answer["status"].as_str());
        assert_eq!(status, wanted, "{what}");
    }
    plugins.stop().await;
}
