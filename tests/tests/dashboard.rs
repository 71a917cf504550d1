//! The dashboard beside a VIM that heals a cloud: what it shows is what the VIM and Fault Management say.
//! Contract: vim-api 3.

#![allow(clippy::unwrap_used)]

use nfv_site::{Options, Site, configuration};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(180);

/// Starts the webserver on the site's configuration; gives its address.
async fn webserver(site: &Site) -> (Child, String) {
    let directory = site.directory();
    let mut text = std::fs::read_to_string(directory.join("config.ini")).unwrap();
    text += "[vim-api]\nhost=127.0.0.1\n[vim-webserver]\nhost=127.0.0.1\nport=0\nsource_dir=/none\n\
             alarm_interval_in_secs=1\n";
    let config = directory.join("webserver.ini");
    std::fs::write(&config, text).unwrap();
    // beside the test's own directory
    let own = std::env::current_exe().unwrap();
    let mut child = Command::new(own.ancestors().nth(2).unwrap().join("nfv-vim-webserver"))
        .arg("-c")
        .arg(config)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = loop {
        let line = lines.next_line().await.unwrap().expect("it says where it listens");
        if let Some((_, address)) = line.split_once("listens on ") {
            break format!("http://{}", address.trim_end_matches('.'));
        }
    };
    // whoever writes must not wait for a reader
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, address)
}

async fn jsonp(address: &str, what: &str) -> Option<Value> {
    let answer = reqwest::get(format!("{address}/vim/{what}?callback=f&_=1")).await.unwrap();
    let text = answer.error_for_status().ok()?.text().await.unwrap();
    Some(serde_json::from_str(text.strip_prefix("f(").unwrap().strip_suffix(')').unwrap()).unwrap())
}

async fn until(site: &Site, what: &str, address: &str, list: &str, so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let found = jsonp(address, list).await.unwrap_or_default();
        if so(&found) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: {found} in: {}", site.tail("vim.out"));
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_host_failure_is_seen_as_it_happens() {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
    let options =
        Options { cluster, settings: configuration::quick(), directory: None, lab_arguments: Vec::new() };
    let mut site = Site::start(&options).await.unwrap();
    // before the VIM, as it may be on a controller that comes up: there is no database yet
    let (mut child, address) = webserver(&site).await;
    assert_eq!(reqwest::get(format!("{address}/healthz")).await.unwrap().status(), 503);
    site.start_vim().unwrap();
    site.wait_until_known(PATIENCE).await.unwrap();
    let hosts = site.cloud().hosts().await.unwrap().len();
    let servers = site.cloud().vms().await.unwrap().len();
    let well = |counts: &Value| {
        counts["total_hosts"] == hosts
            && counts["total_instances"] == servers
            && counts["enabled_instances"] == servers
    };
    until(&site, "all is known and well", &address, "overview", well).await;
    assert_eq!(reqwest::get(format!("{address}/healthz")).await.unwrap().status(), 200);

    site.cloud().act(&json!({"do": "host-fail", "host": "compute-0", "offline_after": 3.0})).await.unwrap();
    until(&site, "the host is down", &address, "overview", |counts| {
        counts["failed_hosts"] == 1 || counts["offline_hosts"] == 1
    })
    .await;
    until(&site, "all instances run elsewhere", &address, "instances", |list| {
        let list = list["instances"].as_array().cloned().unwrap_or_default();
        list.len() == servers
            && list.iter().all(|one| one["oper_state"] == "enabled" && one["host_name"] != "compute-0")
    })
    .await;
    until(&site, "Fault Management has an alarm", &address, "alarms", |counts| {
        counts["critical_alarms"] != 0
    })
    .await;

    // the history of the host says what happened and what was decided
    let begun = Instant::now();
    loop {
        let host: Value = reqwest::get(format!("{address}/console/api/host/compute-0"))
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let told: Vec<&str> =
            host["entries"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        if ["state-change", "instance-evacuate-begin"].iter().all(|kind| told.contains(kind)) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{told:?}");
        sleep(Duration::from_millis(200)).await;
    }
    // the VIM ends while it is read, and leaves nothing in the write-ahead log
    site.stop_vim().await.unwrap();
    let log = site.directory().join("db/vim_db_v1-wal");
    assert_eq!(std::fs::metadata(log).map_or(0, |found| found.len()), 0);
    child.kill().await.unwrap();
}
