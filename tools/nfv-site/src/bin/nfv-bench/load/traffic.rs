//! The traffic: whoever asks nfv-vim-api, Nova by way of nova-api-proxy, and the dashboard all the time.

use super::caller::{Caller, Context, Question};
use super::weather::Part;
use nfv_site::{Client, Vm};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;

const COMPUTES: &str = "/api/virtualised-resources/computes";
/// What answers of nfv-vim-api depend on.
const API: &[Part] = &[Part::Api, Part::Keystone];
/// What answers of nova-api-proxy depend on.
const PROXY: &[Part] = &[Part::Keystone, Part::Nova];
/// Listings that are asked for in turn.
const LISTINGS: [&str; 4] = [
    "/api",
    "/api/virtualised-resources/images",
    "/api/virtualised-resources/volumes",
    "/api/virtualised-resources/networks",
];

/// Starts everybody; they end when the load is over.
pub fn start(api: &Client, proxy: &Client, web: &Client, servers: &[Vm], context: &Context) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let uuids: Vec<String> = servers.iter().map(|server| server.uuid.clone()).collect();
    let to_api = || Caller::new(api, context);
    let to_nova = || Caller::new(proxy, context);
    tasks.spawn(one_instance(to_api(), uuids.clone()));
    tasks.spawn(all_instances(to_api(), servers.len()));
    tasks.spawn(strategy(to_api()));
    tasks.spawn(listings(to_api()));
    tasks.spawn(one_server(to_nova(), uuids.clone()));
    tasks.spawn(strangers(to_nova(), uuids));
    tasks.spawn(viewer(Caller::new(web, context), servers.len()));
    tasks
}

/// Instances in turn.
async fn one_instance(mut caller: Caller, uuids: Vec<String>) {
    for uuid in uuids.iter().cycle() {
        let path = format!("{COMPUTES}/{uuid}");
        let question =
            Question { kind: "api: one instance", parts: API, method: "GET", path: &path, body: None };
        caller
            .ask(&question, |status, body| {
                status == 200 && body["query_result"]["compute_id"] == uuid.as_str()
            })
            .await;
        if !caller.context().pause(Duration::from_millis(100)).await {
            return;
        }
    }
}

/// All instances: whoever is missing is lost.
async fn all_instances(mut caller: Caller, count: usize) {
    let question =
        Question { kind: "api: all instances", parts: API, method: "GET", path: COMPUTES, body: None };
    loop {
        let right = |status: u16, body: &Value| {
            status == 200 && body.as_array().is_some_and(|all| all.len() == count)
        };
        caller.ask(&question, right).await;
        if !caller.context().pause(Duration::from_secs(15)).await {
            return;
        }
    }
}

async fn strategy(mut caller: Caller) {
    let path = "/api/orchestration/sw-patch/strategy";
    let question = Question { kind: "api: strategy", parts: API, method: "GET", path, body: None };
    loop {
        caller.ask(&question, |status, body| status == 200 && body.get("strategy").is_some()).await;
        if !caller.context().pause(Duration::from_millis(500)).await {
            return;
        }
    }
}

async fn listings(mut caller: Caller) {
    for path in LISTINGS.iter().cycle() {
        let question = Question { kind: "api: listings", parts: API, method: "GET", path, body: None };
        caller.ask(&question, |status, _| status == 200).await;
        if !caller.context().pause(Duration::from_secs(1)).await {
            return;
        }
    }
}

/// Servers in turn, as Nova shows them.
async fn one_server(mut caller: Caller, uuids: Vec<String>) {
    for uuid in uuids.iter().rev().cycle() {
        let path = format!("/v2.1/{}/servers/{uuid}", caller.client().project());
        let question =
            Question { kind: "proxy: one server", parts: PROXY, method: "GET", path: &path, body: None };
        caller.ask(&question, |status, body| status == 200 && body["server"]["id"] == uuid.as_str()).await;
        if !caller.context().pause(Duration::from_millis(100)).await {
            return;
        }
    }
}

/// Somebody with a made-up token, who must never get through.
async fn strangers(mut caller: Caller, uuids: Vec<String>) {
    let stop = json!({"os-stop": null});
    for (number, uuid) in (0_u64..).zip(uuids.iter().cycle()) {
        let path = format!("/v2.1/{}/servers/{uuid}/action", caller.client().project());
        let mut stranger =
            Caller::new(&caller.client().with_token(&format!("made-up-{number}")), caller.context());
        let question = Question {
            kind: "proxy: stranger",
            parts: PROXY,
            method: "POST",
            path: &path,
            body: Some(&stop),
        };
        stranger.ask(&question, |status, _| status == 401).await;
        if !caller.context().pause(Duration::from_secs(1)).await {
            return;
        }
    }
}

/// Somebody who looks at the dashboard: its state must have every instance.
async fn viewer(mut caller: Caller, count: usize) {
    let question = Question {
        kind: "dashboard: state",
        parts: &[],
        method: "GET",
        path: "/console/api/state",
        body: None,
    };
    loop {
        let right = |status: u16, body: &Value| {
            status == 200 && body["instances"].as_array().is_some_and(|all| all.len() == count)
        };
        caller.ask(&question, right).await;
        if !caller.context().pause(Duration::from_secs(10)).await {
            return;
        }
    }
}
