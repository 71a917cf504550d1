//! Tokens: how many are asked for, when, and what happens when there is none. Contract: southbound 1.3 to 1.5.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Cloud, Doing, PASSWORD, TOKEN};
use futures_util::future::join_all;
use nfv_nfvi::call::{BlockStorageCall, ComputeCall, IdentityCall, InfrastructureCall, SwMgmtCall};
use nfv_nfvi::{Call, CallResult, ErrorKind};
use nfv_plugins::{Plugins, Turn};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const TOKENS: &str = "POST /keystone/v3/auth/tokens";
const AGGREGATES: &str = "GET /nova/v2.1/p1/os-aggregates";

async fn perform(plugins: &Plugins, call: Call) -> CallResult {
    plugins.perform(call, Turn::free()).await
}

fn aggregates() -> Call {
    Call::Compute(ComputeCall::GetHostAggregates)
}

/// Calls of plugins with the OpenStack account, then of plugins with the platform's.
fn calls() -> Vec<Call> {
    vec![
        aggregates(),
        Call::Identity(IdentityCall::GetTenants),
        Call::BlockStorage(BlockStorageCall::GetVolumeSnapshots),
        Call::Infrastructure(InfrastructureCall::GetSystemInfo),
        Call::SwMgmt(SwMgmtCall::QueryUpdates),
    ]
}

/// A cloud in which all of these calls go well.
async fn good_cloud() -> Cloud {
    let cloud = Cloud::start().await;
    for (line, body) in [
        (AGGREGATES, json!({"aggregates": []})),
        ("GET /keystone/v3/projects", json!({"projects": []})),
        ("GET /cinder/v2/p1/snapshots?all_tenants=1", json!({"snapshots": []})),
        ("GET /sysinv/v1/isystems", json!({"isystems": []})),
        ("GET /patching/v1/query", json!({"pd": {}})),
    ] {
        cloud.on(line, Doing::json(200, body));
    }
    cloud
}

fn token_requests(cloud: &Cloud) -> usize {
    cloud.seen().iter().filter(|seen| seen.line == TOKENS).count()
}

#[tokio::test]
async fn the_request_has_the_contracts_form() {
    let cloud = good_cloud().await;
    let (plugins, _inbound) = cloud.plugins().await;
    perform(&plugins, aggregates()).await.unwrap();
    let request = cloud.seen().into_iter().find(|seen| seen.line == TOKENS).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&request.body).unwrap(),
        json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "admin", "password": PASSWORD, "domain": {"name": "Default"}}}},
            "scope": {"project": {"name": "admin", "domain": {"name": "Default"}}}}})
    );
    assert_eq!((request.marks().as_str(), request.header("accept")), ("C", Some("application/json")));
    assert_eq!(request.header("x-auth-token"), None);
}

#[tokio::test]
async fn one_account_has_one_token_however_many_ask_at_once() {
    let cloud = good_cloud().await;
    let (plugins, _inbound) = cloud.plugins().await;
    for round in 0..3 {
        let all = (0..4).flat_map(|_| calls()).map(|call| perform(&plugins, call));
        for result in join_all(all).await {
            assert!(result.is_ok(), "{result:?}");
        }
        assert_eq!(token_requests(&cloud), 1, "round {round}");
    }
}

#[tokio::test]
async fn two_accounts_have_two_tokens() {
    let cloud = good_cloud().await;
    let mut config = cloud.config("");
    config.platform.username = "sysadmin".into();
    let (plugins, _inbound) = cloud::start(&config).await;
    for _ in 0..2 {
        for result in join_all(calls().into_iter().map(|call| perform(&plugins, call))).await {
            assert!(result.is_ok(), "{result:?}");
        }
    }
    assert_eq!(token_requests(&cloud), 2);
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed() {
    let cloud = good_cloud().await;
    cloud.on(TOKENS, cloud.token(TOKEN, "2019-01-23T12:00:00Z"));
    let (plugins, _inbound) = cloud.plugins().await;
    for wanted in 1..=3 {
        perform(&plugins, aggregates()).await.unwrap();
        assert_eq!(token_requests(&cloud), wanted);
    }
}

#[tokio::test]
async fn a_refused_token_fails_one_call_and_is_renewed_by_the_next() {
    let cloud = good_cloud().await;
    let (plugins, _inbound) = cloud.plugins().await;
    cloud.on(AGGREGATES, Doing::json(401, "{}"));
    assert_eq!(perform(&plugins, aggregates()).await.unwrap_err().kind, ErrorKind::TokenExpired);
    assert_eq!(cloud.seen().len(), 2, "the call is not repeated");
    cloud.on(AGGREGATES, Doing::json(200, json!({"aggregates": []})));
    cloud.on(TOKENS, cloud.token("second", "2099-01-01T00:00:00Z"));
    for result in join_all(calls().into_iter().map(|call| perform(&plugins, call))).await {
        assert!(result.is_ok(), "{result:?}");
    }
    assert_eq!(token_requests(&cloud), 2, "all others take the new one");
    assert_eq!(cloud.seen().last().unwrap().header("x-auth-token"), Some("second"));
}

#[tokio::test]
async fn those_who_waited_share_a_failure_and_the_next_asks_anew() {
    let cloud = good_cloud().await;
    cloud.on(TOKENS, Doing::Hang);
    let (plugins, _inbound) = cloud.plugins().await;
    let began = Instant::now();
    for result in join_all((0..10).flat_map(|_| calls()).map(|call| perform(&plugins, call))).await {
        assert_eq!(result.unwrap_err().kind, ErrorKind::NoToken);
    }
    assert_eq!(token_requests(&cloud), 1);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    cloud.on(TOKENS, cloud.token(TOKEN, "2099-01-01T00:00:00Z"));
    perform(&plugins, aggregates()).await.unwrap();
    assert_eq!(token_requests(&cloud), 2);
}

#[tokio::test]
async fn no_token_no_request() {
    for (doing, words) in [
        (Doing::json(401, json!({"error": {"message": PASSWORD}})), "status 401"),
        (Doing::json(500, ""), "status 500"),
        (Doing::Hang, "no answer within 1 s"),
        (Doing::Slow, "no answer within 1 s"),
        (Doing::Close, "not reached"),
        (Doing::Reset, "not reached"),
        (Doing::json(201, "{}"), "X-Subject-Token"),
        (Doing::Endless, "longer than"),
    ] {
        let cloud = Cloud::start().await;
        let limit = if matches!(doing, Doing::Endless) { "openstack=60" } else { cloud::ONE_SECOND };
        cloud.on(TOKENS, doing);
        let (plugins, _inbound) = cloud::start(&cloud.config(limit)).await;
        let error = perform(&plugins, aggregates()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NoToken);
        assert!(error.detail.contains(words) && !error.detail.contains(PASSWORD), "{error}");
        assert_eq!(cloud.seen().len(), 1, "nobody else is asked");
    }
}

#[tokio::test]
async fn a_keystone_that_is_away_is_no_token() {
    let cloud = Cloud::start().await;
    for (address, words) in [
        ("http://127.0.0.1:1", "refused"),
        ("http://[::1]:1", "refused"),
        ("http://no-such-host.invalid:5000", ""),
        ("nonsense", "bad address"),
    ] {
        let mut config = cloud.config(cloud::ONE_SECOND);
        config.openstack.authorization_url = address.into();
        let (plugins, _inbound) = cloud::start(&config).await;
        let error = perform(&plugins, aggregates()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NoToken);
        assert!(error.detail.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_service_is_found_by_region_type_name_and_interface_or_is_overridden() {
    let cloud = good_cloud().await;
    let try_it = async |change: &dyn Fn(&mut nfv_plugins::catalog::ServiceConfig)| {
        let mut config = cloud.config("");
        change(config.services.get_mut(&nfv_plugins::catalog::Service::Nova).unwrap());
        let (plugins, _inbound) = cloud::start(&config).await;
        cloud.take();
        let result = perform(&plugins, aggregates()).await;
        (result, cloud.take())
    };
    assert!(try_it(&|_| ()).await.0.is_ok());
    let entry = |change: fn(&mut nfv_plugins::catalog::CatalogEntry)| {
        move |service: &mut nfv_plugins::catalog::ServiceConfig| {
            change(service.catalog_entry.as_mut().unwrap())
        }
    };
    for change in [
        entry(|entry| entry.region_name = "RegionTwo".into()),
        entry(|entry| entry.service_name = "nova2".into()),
        entry(|entry| entry.service_type = "computer".into()),
        entry(|entry| entry.endpoint_type = "public".into()),
    ] {
        let (result, asked) = try_it(&change).await;
        let error = result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable);
        assert!(error.detail.contains("nova has no address") && asked.is_empty(), "{error}");
    }
    // the path of the catalog stays, so that only the place changes
    let other = good_cloud().await;
    let place = format!("http://{}", other.address);
    let (result, _) = try_it(&|service| service.endpoint_override = Some(place.clone())).await;
    assert!(result.is_ok() && other.seen().iter().any(|seen| seen.line == AGGREGATES), "{result:?}");
}
