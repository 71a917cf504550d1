//! A guest with a heartbeat at a small site: the real nfv-vim, and the guest agent of the lab. Contract: vim-behaviour
//! 10.1 steps 6 and 9, 10.5.

#![allow(clippy::unwrap_used)]

use nfv_site::{Options, Site, configuration};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);

async fn site() -> Site {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/guests.toml");
    let options =
        Options { cluster, settings: configuration::quick(), directory: None, lab_arguments: Vec::new() };
    let mut site = Site::start(&options).await.unwrap();
    site.start_vim().unwrap();
    site.wait_until_known(Duration::from_secs(60)).await.unwrap();
    site
}

/// Waits until the file of event logs holds this text so many times.
async fn wait_for_log(site: &mut Site, text: &str, times: usize) {
    let begun = Instant::now();
    loop {
        site.check_vim().unwrap();
        let file = std::fs::read_to_string(site.directory().join("log/events.log")).unwrap_or_default();
        if file.matches(text).count() >= times {
            return;
        }
        assert!(begun.elapsed() < LIMIT, "no {text:?} ({times}) in {file}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The requests about the guest since this entry of the journal, in order.
async fn requests(site: &Site, since: u64) -> Vec<String> {
    let about = |entry: &Value| -> Option<String> {
        let (method, path) = (entry["method"].as_str()?, entry["path"].as_str()?);
        let body = &entry["body"];
        let inbound = entry["direction"] == "in";
        match (entry["service"].as_str()?, method) {
            ("guest", "POST") if inbound && path.ends_with("/vote") => {
                Some(format!("vote {}", body["action"]))
            }
            ("guest", "POST") if inbound && path.ends_with("/notify") => {
                Some(format!("notify {}", body["action"]))
            }
            ("guest", "PATCH") if inbound && path.contains("/instances/") => {
                Some(format!("heartbeat {}", body["services"][0]["state"]))
            }
            ("nova", "POST") if inbound && path.ends_with("/action") => {
                Some(format!("nova {}", body.as_object()?.keys().next()?))
            }
            _ => None,
        }
    };
    let journal = site.cloud().journal(since).await.unwrap();
    journal.iter().filter_map(about).map(|text| text.replace('"', "")).collect()
}

async fn last_entry(site: &Site) -> u64 {
    let journal = site.cloud().journal(0).await.unwrap();
    journal.last().and_then(|entry| entry["seq"].as_u64()).unwrap()
}

/// The wanted requests come in this order; others may be between them.
fn in_order(requests: &[String], wanted: &[&str]) {
    let mut rest = requests.iter();
    for step in wanted {
        assert!(rest.any(|request| request == step), "no {step:?} in its place: {requests:?}");
    }
}

async fn play() {
    let mut site = site().await;
    let established = "Guest Heartbeat established for instance guest";
    wait_for_log(&mut site, established, 1).await;

    // 10.5: it fails and wants a reboot
    let since = last_entry(&site).await;
    site.cloud().act(&json!({"do": "guest-heartbeat-fail", "vm": "guest"})).await.unwrap();
    wait_for_log(&mut site, "Reboot complete for instance guest", 1).await;
    wait_for_log(&mut site, established, 2).await;
    wait_for_log(&mut site, "soft-reboot repair action requested", 1).await;
    let seen = requests(&site, since).await;
    in_order(&seen, &["heartbeat disabled", "nova reboot", "heartbeat enabled"]);
    assert_eq!(seen.iter().filter(|request| *request == "nova reboot").count(), 1, "{seen:?}");

    // 10.1 step 6: the guest does not want to go
    let since = last_entry(&site).await;
    site.cloud().act(&json!({"do": "guest-vote", "vm": "guest", "reject": true})).await.unwrap();
    site.cloud().act(&json!({"do": "host-lock", "host": "compute-0"})).await.unwrap();
    let rejected = "Live-Migrate rejected for instance guest now on host compute-0, reason = Action rejected by \
                    instance: the guest is busy";
    wait_for_log(&mut site, rejected, 1).await;
    let begun = Instant::now();
    while site
        .cloud()
        .hosts()
        .await
        .unwrap()
        .iter()
        .any(|host| host.name == "compute-0" && host.vim_progress != "services-enabled")
    {
        assert!(begun.elapsed() < LIMIT, "the host is not taken up again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(
        site.cloud()
            .vms()
            .await
            .unwrap()
            .iter()
            .any(|vm| { vm.name == "guest" && vm.host.as_deref() == Some("compute-0") })
    );
    assert!(requests(&site, since).await.contains(&"vote live_migrate_begin".to_owned()));

    // 10.1 steps 6 to 9: now it does
    let since = last_entry(&site).await;
    site.cloud().act(&json!({"do": "guest-vote", "vm": "guest", "reject": false})).await.unwrap();
    site.cloud().act(&json!({"do": "host-lock", "host": "compute-0"})).await.unwrap();
    wait_for_log(&mut site, "Live-Migrate complete for instance guest", 1).await;
    wait_for_log(&mut site, established, 3).await;
    let wanted = [
        "vote live_migrate_begin",
        "notify live_migrate_begin",
        "heartbeat disabled",
        "nova os-migrateLive",
        "heartbeat enabled",
        "notify live_migrate_end",
    ];
    let begun = Instant::now();
    while !requests(&site, since).await.iter().any(|request| request == "notify live_migrate_end")
        && begun.elapsed() < LIMIT
    {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    in_order(&requests(&site, since).await, &wanted);
    site.stop_vim().await.unwrap();
}

#[test]
fn a_guest_is_asked_told_and_repaired() {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
        .block_on(play());
}
