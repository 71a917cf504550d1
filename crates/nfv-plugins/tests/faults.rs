//! What goes wrong between the VIM and its neighbours, and what must never get into a log.
//! Contract: southbound 1.3, 1.4, 2.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Cloud, Doing, PASSWORD, TOKEN};
use nfv_nfvi::call::{ComputeCall, HostRequest, IdentityCall, ImageCall, InfrastructureCall, Page};
use nfv_nfvi::object::HostRef;
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use nfv_plugins::{Plugins, Turn};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const AGGREGATES: &str = "GET /nova/v2.1/p1/os-aggregates";
const TOKENS: &str = "POST /keystone/v3/auth/tokens";

async fn aggregates(plugins: &Plugins) -> CallResult {
    plugins.perform(Call::Compute(ComputeCall::GetHostAggregates), Turn::free()).await
}

fn good() -> Doing {
    Doing::json(200, json!({"aggregates": []}))
}

#[tokio::test]
async fn each_fault_of_a_service_has_its_kind_and_ends_in_time() {
    let fault = |code: u16| Doing::json(code, json!({"computeFault": {"message": "It Broke."}}));
    for (doing, kind, status, reason) in [
        (fault(500), ErrorKind::Refused, Some(500), "it broke"),
        (fault(503), ErrorKind::Refused, Some(503), "it broke"),
        (fault(409), ErrorKind::Refused, Some(409), "it broke"),
        (fault(404), ErrorKind::NotFound, Some(404), "it broke"),
        (fault(401), ErrorKind::TokenExpired, Some(401), "it broke"),
        (Doing::json(200, "{\"aggregates\": ["), ErrorKind::BadAnswer, Some(200), ""),
        (Doing::json(200, "[1]"), ErrorKind::BadAnswer, None, ""),
        (Doing::Answer(200, vec![], String::new()), ErrorKind::BadAnswer, None, ""),
        (Doing::Hang, ErrorKind::TimedOut, None, ""),
        (Doing::Close, ErrorKind::Unreachable, None, ""),
    ] {
        let cloud = Cloud::start().await;
        cloud.on(AGGREGATES, doing);
        let (plugins, _inbound) = cloud.plugins().await;
        let began = Instant::now();
        let error = aggregates(&plugins).await.unwrap_err();
        assert_eq!((error.kind, error.status, error.reason.as_str()), (kind, status, reason), "{error}");
        assert!(error.detail.contains("os-aggregates"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(5), "{error}");
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let cloud = Cloud::start().await;
    cloud.on(AGGREGATES, Doing::Endless);
    let (plugins, _inbound) = cloud::start(&cloud.config("nova=30")).await;
    let error = aggregates(&plugins).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadAnswer);
    assert!(error.detail.contains("longer than"), "{error}");
}

#[tokio::test]
async fn requests_look_on_the_wire_as_neighbours_know_them() {
    let cloud = Cloud::start().await;
    cloud.on(AGGREGATES, good());
    let (plugins, _inbound) = cloud.plugins().await;
    aggregates(&plugins).await.unwrap();
    let seen = cloud.take().remove(0);
    for (name, value) in [
        ("X-Auth-Token", TOKEN),
        ("Wrs-Header", "true"),
        ("X-Openstack-Nova-Api-Version", "2.53"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        ("User-Agent", "Python-urllib/2.7"),
    ] {
        let found = seen.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str());
        assert_eq!(found, Some(value), "{name} in {:?}", seen.headers);
    }
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_the_contract_says() {
    let to = |status: u16, path: &str| {
        Doing::Answer(status, vec![("Location".into(), path.into())], "text".into())
    };
    let host = HostRef { uuid: "u0".into(), name: "h".into(), personality: "worker".into() };
    let lock = InfrastructureCall::RequestHost { host: host.clone(), request: HostRequest::Lock };
    let upgrade = InfrastructureCall::RequestHost { host, request: HostRequest::Upgrade };
    let (get, patch, post) = (AGGREGATES, "PATCH /sysinv/v1/ihosts/u0", "POST /sysinv/v1/ihosts/u0/upgrade");
    let get_call = || Call::Compute(ComputeCall::GetHostAggregates);
    for (name, request, status, call, followed, success) in [
        ("GET 301", get, 301, get_call(), true, true),
        ("GET 302", get, 302, get_call(), true, true),
        ("GET 303", get, 303, get_call(), true, true),
        ("GET 307", get, 307, get_call(), true, true),
        ("GET 308", get, 308, get_call(), false, false),
        ("POST 302", post, 302, Call::Infrastructure(upgrade.clone()), true, true),
        ("POST 307", post, 307, Call::Infrastructure(upgrade), false, false),
        ("PATCH 301", patch, 301, Call::Infrastructure(lock.clone()), false, false),
        ("PATCH 302", patch, 302, Call::Infrastructure(lock.clone()), false, true),
        ("PATCH 303", patch, 303, Call::Infrastructure(lock), false, false),
    ] {
        let cloud = Cloud::start().await;
        cloud.on(request, to(status, "/moved"));
        cloud.on("GET /moved", good());
        let (plugins, _inbound) = cloud.plugins().await;
        let result = plugins.perform(call, Turn::free()).await;
        assert_eq!(result.is_ok(), success, "{name}: {result:?}");
        let seen = cloud.take();
        assert_eq!(
            seen.iter().any(|seen| seen.line == "GET /moved" && seen.body.is_empty()),
            followed,
            "{name}"
        );
    }
    let cloud = Cloud::start().await;
    cloud.on(AGGREGATES, to(302, "/nova/v2.1/p1/os-aggregates"));
    let (plugins, _inbound) = cloud.plugins().await;
    assert_eq!(aggregates(&plugins).await.unwrap_err().kind, ErrorKind::BadAnswer);
}

#[tokio::test]
async fn a_token_does_not_follow_a_redirect_to_another_host() {
    let cloud = Cloud::start().await;
    let away = format!("http://localhost:{}/moved", cloud.address.port());
    cloud.on(AGGREGATES, Doing::Answer(302, vec![("Location".into(), away)], String::new()));
    cloud.on("GET /moved", good());
    let (plugins, _inbound) = cloud.plugins().await;
    assert!(aggregates(&plugins).await.is_ok());
    assert_eq!(cloud.take().last().unwrap().header("x-auth-token"), None);
}

#[tokio::test]
async fn calls_of_plugins_that_are_switched_off_say_so() {
    let cloud = Cloud::start().await;
    let mut config = cloud.config("");
    config.disabled.compute = true;
    config.disabled.image = true;
    let (plugins, _inbound) = cloud::start(&config).await;
    assert_eq!(plugins.addresses().compute, None);
    let images = Call::Image(ImageCall::GetImages { page: Page { limit: 1, next: None } });
    for call in [Call::Compute(ComputeCall::GetHostAggregates), images] {
        let error = plugins.perform(call, Turn::free()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.detail.contains("switched off"), "{error}");
    }
    assert!(cloud.seen().is_empty());
}

/// Keeps every event and span as text.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

impl tracing::field::Visit for Everything {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.lock().unwrap().push_str(&format!("{field}={value:?} "));
    }
}

impl tracing::Subscriber for Everything {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn neither_passwords_nor_tokens_get_into_logs_errors_or_debug_texts() {
    let log = Everything::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let mut texts = String::new();
    // an answer may echo what it was sent
    for (tokens, answer) in [
        (None, Doing::json(500, json!({"oops": TOKEN}))),
        (None, Doing::Hang),
        (Some(Doing::json(400, json!({"oops": PASSWORD}))), good()),
        (None, good()),
    ] {
        let cloud = Cloud::start().await;
        cloud.on(AGGREGATES, answer);
        if let Some(tokens) = tokens {
            cloud.on(TOKENS, tokens);
        }
        let config = cloud.config(cloud::ONE_SECOND);
        let (plugins, _inbound) = cloud::start(&config).await;
        let result = aggregates(&plugins).await;
        texts.push_str(&format!("{result:?} {plugins:?} {config:?}"));
    }
    tracing::info!("canary");
    let all = texts + &log.0.lock().unwrap();
    assert!(all.contains("canary") && all.contains("oops"), "{all}");
    assert!(!all.contains(TOKEN) && !all.contains(PASSWORD), "{all}");
}

#[tokio::test]
async fn tenants_are_listed() {
    let cloud = Cloud::start().await;
    let projects = json!({"projects": [
        {"id": "0123456789abcdef0123456789abcdef", "name": "a", "description": null, "enabled": true},
        {"id": "default", "name": "b", "description": "x", "enabled": false}]});
    cloud.on("GET /keystone/v3/projects", Doing::json(200, projects));
    let (plugins, _inbound) = cloud.plugins().await;
    let result = plugins.perform(Call::Identity(IdentityCall::GetTenants), Turn::free()).await;
    let Ok(Answer::Tenants(tenants)) = result else { panic!("{result:?}") };
    assert_eq!(tenants[0].uuid, "01234567-89ab-cdef-0123-456789abcdef");
    assert_eq!((tenants[1].uuid.as_str(), tenants[1].enabled), ("default", false));
    assert_eq!(cloud.take()[0].marks(), "");
}
