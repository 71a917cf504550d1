//! nfv-vim-api and nfv-vim as processes, with a simulated cloud: a user's whole way. Contract: vim-api 1.

#![allow(clippy::unwrap_used)]

use nfv_site::{Api, Options, Site, configuration};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(90);
const RESOURCES: &str = "/api/virtualised-resources";
const STRATEGY: &str = "/api/orchestration/sw-patch/strategy";

/// Asks until the answer fits.
async fn until(site: &Site, api: &Api, path: &str, fit: impl Fn(u16, &Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let (status, body) = api.ask("GET", path, None).await.unwrap();
        if fit(status, &body) {
            return body;
        }
        assert!(begun.elapsed() < PATIENCE, "{path}: {status} {body} in: {}", site.tail("vim.out"));
        sleep(Duration::from_millis(200)).await;
    }
}

async fn page(port: u16, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_user_of_the_api_sees_and_changes_the_cloud() {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
    let options =
        Options { cluster, settings: configuration::quick(), directory: None, lab_arguments: Vec::new() };
    let mut site = Site::start(&options).await.unwrap();
    site.start_vim().unwrap();
    site.wait_until_known(PATIENCE).await.unwrap();
    let api = site.start_api().await.unwrap();

    let servers = site.cloud().vms().await.unwrap();
    let all = until(&site, &api, &format!("{RESOURCES}/computes"), |status, body| {
        status == 200 && body.as_array().is_some_and(|all| all.len() == servers.len())
    })
    .await;
    let uuid = all[0]["query_result"]["compute_id"].as_str().unwrap().to_owned();
    let one = format!("{RESOURCES}/computes/{uuid}");
    assert_eq!(api.ask("GET", &one, None).await.unwrap(), (200, all[0].clone()));

    // an action reaches Nova
    let stop = json!({"compute_operation": "stop"});
    assert_eq!(api.ask("POST", &format!("{one}/operate"), Some(&stop)).await.unwrap(), (202, Value::Null));
    let begun = Instant::now();
    while site.cloud().vms().await.unwrap().iter().any(|vm| vm.uuid == uuid && vm.vm_state != "stopped") {
        assert!(begun.elapsed() < PATIENCE, "{}", site.tail("vim.out"));
        sleep(Duration::from_millis(200)).await;
    }

    // what is made is shown, changed and deleted
    let volume = json!({"name": "v", "disk_size": 1});
    let (status, made) = api.ask("POST", &format!("{RESOURCES}/volumes"), Some(&volume)).await.unwrap();
    assert_eq!((status, made["name"].as_str()), (201, Some("v")), "{made}");
    let path = format!("{RESOURCES}/volumes/{}", made["uuid"].as_str().unwrap());
    let (status, changed) = api.ask("PUT", &path, Some(&json!({"description": "d"}))).await.unwrap();
    assert_eq!(status, 200, "{changed}");
    assert_eq!(api.ask("DELETE", &path, None).await.unwrap().0, 204);
    let subnet = json!({"ip_version": "4", "wrs_subnet_ip": "10.77.0.0", "wrs_subnet_prefix": 24,
                        "gateway_ip": "10.77.0.1"});
    let network = json!({
        "network_resource_id": "by-api", "network_resource_type": "network",
        "type_network_data": {"type_of_network": "vlan", "type_of_segment": "77", "is_shared": false,
                              "wrs_physical_network": "physnet0", "layer3_attributes": [subnet]},
    });
    let networks = format!("{RESOURCES}/networks");
    let (status, made) = api.ask("POST", &networks, Some(&network)).await.unwrap();
    assert_eq!((status, made["network_data"]["resource_id"].as_str()), (201, Some("by-api")), "{made}");
    assert_eq!(api.ask("POST", &networks, Some(&network)).await.unwrap().0, 409);
    let shown = api.ask("GET", &format!("{networks}/by-api"), None).await.unwrap().1;
    let on_it = &shown["query_result"][0]["network_attributes"]["layer3_attributes"][0];
    assert_eq!(on_it["wrs_subnet_ip"], "10.77.0.0", "{shown}");
    assert_eq!(on_it["wrs_subnet_prefix"], 24);
    let gone =
        api.ask("DELETE", &networks, Some(&json!({"network_resource_ids": ["by-api"]}))).await.unwrap();
    assert_eq!((gone.0, &gone.1["network_resource_ids"]), (200, &json!(["by-api"])));

    strategies(&site, &api).await;

    // supervisors
    let health = page(site.vim_ports().monitor, "/healthz").await;
    assert!(health.starts_with("HTTP/1.1 200 ") && health.contains("\"database\""), "{health}");
    let count = format!("nfv_vim_instances{{state=\"enabled\"}} {}\n", servers.len() - 1);
    let begun = Instant::now();
    loop {
        let metrics = page(site.vim_ports().monitor, "/metrics").await;
        if metrics.contains(&count) && metrics.contains("nfv_vim_hosts{state=\"enabled\"}") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{metrics}");
        sleep(Duration::from_millis(500)).await;
    }
    assert!(page(api.port(), "/healthz").await.contains("\"vim\":{\"status\":\"ok\"}"));

    site.kill_vim().await.unwrap();
    let (status, fault) = api.ask("GET", &one, None).await.unwrap();
    assert_eq!((status, fault["faultstring"].as_str()), (500, Some("[Errno 111] Connection refused")));
    site.start_vim().unwrap();
    until(&site, &api, &one, |status, _| status == 200).await;
    assert_eq!(api.stop().await.unwrap().code(), Some(0));
    assert!(site.directory().join("run/.nfv-vim-api.not_running").exists());
    site.stop_vim().await.unwrap();
}

/// A patch strategy is built, refused for a reason, and deleted.
async fn strategies(site: &Site, api: &Api) {
    assert_eq!(api.ask("GET", STRATEGY, None).await.unwrap(), (200, json!({"strategy": null})));
    let wanted = json!({"controller-apply-type": "ignore", "storage-apply-type": "ignore",
                        "worker-apply-type": "serial", "default-instance-action": "migrate"});
    let (status, made) = api.ask("POST", STRATEGY, Some(&wanted)).await.unwrap();
    assert_eq!((status, made["strategy"]["state"].as_str()), (200, Some("building")), "{made}");
    let (status, fault) = api.ask("POST", STRATEGY, Some(&wanted)).await.unwrap();
    assert_eq!((status, fault["reason"].as_str()), (409, Some("strategy already exists")), "{fault}");
    let built = until(site, api, STRATEGY, |_, body| body["strategy"]["state"] != "building").await;
    assert_eq!(built["strategy"]["current-phase"], "build", "{built}");
    let (status, fault) =
        api.ask("POST", &format!("{STRATEGY}/actions"), Some(&json!({"action": "abort"}))).await.unwrap();
    assert_eq!(status, 500, "{fault}");
    assert_eq!(fault["reason"], "apply not inprogress", "{fault}");
    assert_eq!(api.ask("DELETE", STRATEGY, Some(&json!({}))).await.unwrap(), (204, Value::Null));
    assert_eq!(api.ask("DELETE", STRATEGY, Some(&json!({}))).await.unwrap().0, 404);
}
