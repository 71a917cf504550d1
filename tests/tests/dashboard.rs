//! The dashboard beside the real nfv-vim and a simulated cloud: an instance crashes and is healed; an open page is
//! told of both as they happen, and afterwards the instance's history says why and what was done. Contract: vim-api 3;
//! docs/extensions.md.

#![allow(clippy::unwrap_used)]

use nfv_site::{EventStream, Options, Settings, Site, Web, configuration};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// There is no broker: the VIM finds the crash in a round of its audits.
const PATIENCE: Duration = Duration::from_secs(120);
/// Place of the condition in an instance's list of values.
const CONDITION: usize = 3;

/// Audits without the pauses that spare a real cloud.
fn settings() -> Settings {
    let mut settings = configuration::quick();
    settings.extend(configuration::eager_audits());
    settings
}

/// An open page: what it has been told.
struct Page {
    stream: EventStream,
    told: Vec<(String, Value)>,
}

impl Page {
    /// Waits until this was told, from the place `from` on; gives the place after it.
    async fn hears(
        &mut self,
        site: &Site,
        what: &str,
        from: usize,
        fit: impl Fn(&str, &Value) -> bool,
    ) -> usize {
        let heard = timeout(PATIENCE, async {
            let mut place = from;
            loop {
                if place == self.told.len() {
                    self.told.push(self.stream.event().await.unwrap());
                }
                let (name, data) = &self.told[place];
                place += 1;
                if fit(name, data) {
                    return place;
                }
            }
        });
        let Ok(place) = heard.await else {
            panic!("the page is not told: {what}; only {:#?}\n{}", self.told, site.tail("vim.out"));
        };
        place
    }

    /// What was told at the place before this one.
    fn last(&self, place: usize) -> &Value {
        &self.told[place - 1].1
    }
}

/// The row of an instance in a state or a change.
fn row<'a>(of: &'a Value, uuid: &str) -> Option<&'a Value> {
    of["instances"].as_array()?.iter().find(|row| row[0] == uuid)
}

/// Asks until the answer fits.
async fn until(site: &Site, web: &Web, path: &str, fit: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let shown = web.json(path).await.unwrap();
        if fit(&shown) {
            return shown;
        }
        assert!(begun.elapsed() < PATIENCE, "{path}: {shown:#} in: {}", site.tail("vim.out"));
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_page_is_told_of_a_crash_and_its_healing_and_the_history_says_why() {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
    let options = Options { cluster, settings: settings(), directory: None, lab_arguments: Vec::new() };
    let mut site = Site::start(&options).await.unwrap();
    site.start_vim().unwrap();
    site.wait_until_known(PATIENCE).await.unwrap();
    let web = site.start_web().await.unwrap();
    let servers = site.cloud().vms().await.unwrap();
    let uuid = servers.iter().find(|vm| vm.name == "second").unwrap().uuid.clone();
    let state = until(&site, &web, "/console/api/state", |state| {
        let rows = state["instances"].as_array().unwrap();
        rows.len() == servers.len() && rows.iter().all(|row| row[CONDITION] == "running")
    })
    .await;
    assert_eq!(state["hosts"].as_array().unwrap().len(), 4, "{state:#}");

    let mut page = Page { stream: web.stream().await.unwrap(), told: Vec::new() };
    page.hears(&site, "the state of things", 0, |name, _| name == "hello").await;
    site.cloud().act(&json!({"do": "vm-crash", "vm": "second"})).await.unwrap();

    // the failure, in the table and in the feed
    let failed = page
        .hears(&site, "it has failed", 0, |_, data| {
            row(data, &uuid).is_some_and(|row| row[CONDITION] == "failed")
        })
        .await;
    let revision = page.last(failed)["revision"].as_u64().unwrap();
    let state = web.json("/console/api/state").await.unwrap();
    assert!(state["revision"].as_u64().unwrap() >= revision, "the state is behind what was told");
    let entry = |source: &'static str, text: &'static str| {
        let uuid = uuid.clone();
        move |name: &str, data: &Value| {
            name == "entry"
                && data["subject"]["instance"] == uuid.as_str()
                && data["source"] == source
                && data["text"].as_str().unwrap().contains(text)
        }
    };
    page.hears(&site, "so say the words", 0, entry("state", "second: running → failed")).await;
    page.hears(&site, "the alarm is raised", 0, entry("raise", "has failed on host compute-0")).await;
    page.hears(&site, "the log has the reason", 0, entry("log", "reason = instance crashed")).await;
    page.hears(&site, "something is done", 0, entry("log", "Reboot (hard-reboot) issued by the system"))
        .await;

    // the recovery
    let running = page
        .hears(&site, "it runs again", failed, |_, data| {
            row(data, &uuid).is_some_and(|row| row[CONDITION] == "running")
        })
        .await;
    let cleared = page.hears(&site, "the alarm is cleared", 0, entry("clear", "has failed")).await;
    assert_ne!(page.last(cleared)["time"], "", "it was seen to be cleared");
    page.hears(&site, "the end is logged", 0, entry("log", "Reboot complete for instance second")).await;
    let gone = page
        .hears(&site, "no alarm is held", failed, |name, data| {
            name == "change"
                && data["held_alarms"].as_array().is_some_and(|held| {
                    held.iter().all(|alarm| !alarm["entity"].as_str().unwrap().contains(uuid.as_str()))
                })
        })
        .await;
    let revision = [running, gone].map(|place| page.last(place)["revision"].as_u64().unwrap());
    let state = web.json("/console/api/state").await.unwrap();
    assert!(revision.iter().all(|revision| state["revision"].as_u64().unwrap() >= *revision));
    assert_eq!(row(&state, &uuid).unwrap()[CONDITION], "running", "{state:#}");
    assert_eq!(state["held_alarms"], json!([]));

    // its history: what happened, why, what was done, in this order
    let shown = web.json(&format!("/console/api/instance/{uuid}")).await.unwrap();
    assert_eq!(shown["detail"]["oper_state"], "enabled");
    let action = &shown["detail"]["action_data"]["nfvi_action_data"];
    assert_eq!((&action["action_type"], &action["action_state"]), (&json!("reboot"), &json!("completed")));
    let entries = shown["entries"].as_array().unwrap();
    let logs: Vec<_> = entries
        .iter()
        .filter(|entry| entry["source"] == "log")
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    let expected = [
        "instance-created",
        "instance-failed",
        "instance-reboot-begin",
        "instance-rebooting",
        "instance-rebooted",
    ];
    assert_eq!(logs, expected, "{entries:#?}");
    let why = entries.iter().find(|entry| entry["kind"] == "instance-failed").unwrap();
    let text = "Instance second owned by admin has failed on host compute-0, reason = instance crashed";
    assert_eq!(why["text"], text);
    let of_host = web.json("/console/api/host/compute-0").await.unwrap();
    assert!(of_host["entries"].as_array().unwrap().contains(why), "it is in its host's history, too");
    decisions(&mut site, &web, &uuid, &shown).await;
    site.stop_vim().await.unwrap();
}

/// What was decided, and why, is on the page and told by the API, after a restart as well.
async fn decisions(site: &mut Site, web: &Web, uuid: &str, shown: &Value) {
    let decisions = shown["decisions"].as_array().unwrap();
    let reboot = decisions.iter().find(|one| one["decision"] == "reboot").unwrap();
    assert_eq!(reboot["outcome"], "accepted", "{decisions:#?}");
    assert_eq!(reboot["initiated_by"], "instance-director");
    assert_eq!(reboot["cause"], "it failed, its host works: a reboot is tried first");
    let evidence = &reboot["evidence"];
    assert_eq!((&evidence["host"], &evidence["power_state"]), (&json!("compute-0"), &json!("crashed")));
    assert!(reboot["duration_ms"].as_u64().is_some() && reboot["ended"].is_string(), "{reboot:#}");

    let api = site.start_api().await.unwrap();
    let path = format!("/api/extensions/instances/{uuid}/history");
    let whole = json!({"object_type": "instance", "object": uuid, "decisions": decisions});
    assert_eq!(api.ask("GET", &path, None).await.unwrap(), (200, whole.clone()));
    let (status, last) = api.ask("GET", &format!("{path}?limit=1"), None).await.unwrap();
    assert_eq!((status, last["decisions"].as_array().unwrap()), (200, &decisions[..1].to_vec()));
    let unknown = "/api/extensions/hosts/compute-77/history";
    assert_eq!(api.ask("GET", unknown, None).await.unwrap().0, 404);
    let (status, of_host) = api.ask("GET", "/api/extensions/hosts/compute-0/history", None).await.unwrap();
    let page = web.json("/console/api/host/compute-0").await.unwrap();
    assert_eq!((status, &of_host["decisions"]), (200, &page["decisions"]));

    // what would happen is asked of the same VIM by both
    for (action, of_instance) in [("lock", "live-migrate"), ("fail", "evacuate")] {
        let path = format!("/api/extensions/hosts/compute-0/preview?action={action}");
        let (status, foreseen) = api.ask("GET", &path, None).await.unwrap();
        assert_eq!((status, &foreseen["action"]), (200, &json!(action)), "{foreseen:#}");
        let moves = foreseen["stages"][0]["moves"].as_array().unwrap();
        let own = moves.iter().find(|one| one["uuid"] == uuid).unwrap();
        assert_eq!(own["action"], of_instance, "{foreseen:#}");
        let shown = web.json(&format!("/console/api/preview/host/compute-0?action={action}")).await.unwrap();
        assert_eq!(shown, foreseen);
    }
    let strategy = "/api/extensions/orchestration/sw-patch/strategy/preview";
    assert_eq!(api.ask("GET", strategy, None).await.unwrap().0, 404);

    site.kill_vim().await.unwrap();
    let gone = web.json("/console/api/preview/host/compute-0").await;
    assert!(gone.is_err(), "nobody is there to be asked: {gone:?}");
    let page = web.json(&format!("/console/api/instance/{uuid}")).await.unwrap();
    assert_eq!(page["decisions"], shown["decisions"], "they are read from the database");
    site.start_vim().unwrap();
    let begun = Instant::now();
    let again = loop {
        match api.ask("GET", &path, None).await.unwrap() {
            (200, again) => break again,
            (status, body) => {
                assert!(begun.elapsed() < PATIENCE, "{status} {body}: {}", site.tail("vim.out"));
                sleep(Duration::from_millis(200)).await;
            }
        }
    };
    assert!(again["decisions"].as_array().unwrap().contains(reboot), "{again:#}");
}
