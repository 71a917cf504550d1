//! The worked scenarios of the contract (vim-behaviour 10) with the real nfv-vim against the simulated cloud.
//!
//! Everything that is seen from outside is one story: what the cloud did, what it was asked for, the VIM's event logs and
//! alarms. Each step of the contract must be found in it, not before the step in front of it.

#![allow(clippy::unwrap_used)]

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use nfv_site::{Options, Site, configuration, record};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Clocks and files of several processes agree within this.
const TOLERANCE: SignedDuration = SignedDuration::from_millis(1500);

/// What somebody does, once the last step named so far was seen.
enum Deed {
    /// To the cloud.
    Cloud(fn() -> Value),
    /// A user asks for an action on a server through the compute API.
    User(&'static str, fn() -> Value),
}

/// A part of a scenario: a deed and the steps that follow from it.
struct Part {
    deed: Deed,
    /// Step of the contract and what its line contains; `*` stands for anything.
    steps: &'static [(&'static str, &'static str)],
}

/// A scenario of the contract.
struct Worked {
    section: &'static str,
    cluster: &'static str,
    settings: fn() -> configuration::Settings,
    parts: &'static [Part],
    /// What must not be found.
    never: &'static [&'static str],
}

fn after_a_power_loss() -> configuration::Settings {
    // the controller's uptime is this machine's: the recovery is over so many seconds from now
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let uptime: f64 = uptime.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default();
    let dor = [
        ("minimum_hosts", "1".to_owned()),
        ("dor_stabilize_uptime", "10".to_owned()),
        ("dor_complete_uptime", format!("{}", uptime as u64 + 55)),
    ];
    let dor = dor.map(|(key, value)| ("dor-configuration", key, value));
    configuration::quick().into_iter().chain(dor).collect()
}

const SCENARIOS: [Worked; 8] = [
    Worked {
        section: "10.1 Host lock with live migration",
        cluster: "worked.toml",
        settings: configuration::quick,
        parts: &[
            Part {
                deed: Deed::Cloud(|| json!({"do": "clear-faults"})),
                steps: &[("0", "log Guest Heartbeat established for instance vm2 on host compute-0")],
            },
            Part {
                deed: Deed::Cloud(|| json!({"do": "host-lock", "host": "compute-0"})),
                steps: &[
                    ("1", "host compute-0: lock"),
                    ("3", "in nova PUT */os-services/*\"status\":\"disabled\""),
                    ("3", "in guest PUT */disable {\"hostname\":\"compute-0\""),
                    (
                        "5",
                        "log Live-Migrate issued by the system against instance vm1 owned by admin from host compute-0, reason = host lock command issued",
                    ),
                    ("7", "in nova POST */servers/vm1/action {\"os-migrateLive\""),
                    ("8", "log Live-Migrate complete for instance vm1 now enabled on host"),
                    ("6", "in guest POST /v1/instances/vm2/vote"),
                    ("6", "out guest PATCH /nfvi-plugins/v1/instances/vm2 *\"event-type\":\"action\""),
                    ("6", "in guest POST /v1/instances/vm2/notify"),
                    ("6", "in guest PATCH /v1/instances/vm2"),
                    ("7", "in nova POST */servers/vm2/action {\"os-migrateLive\""),
                    ("8", "log Live-Migrate complete for instance vm2 now enabled on host"),
                    ("9", "in guest PATCH /v1/instances/vm2"),
                    ("10", "in nova PUT */os-services/*\"forced_down\":true"),
                    ("11", "services-disabled"),
                    ("12", "host compute-0: locked"),
                ],
            },
        ],
        never: &["\"evacuate\"", "os-resetState"],
    },
    Worked {
        section: "10.2 Host unlock",
        cluster: "worked.toml",
        settings: configuration::quick,
        parts: &[
            Part {
                deed: Deed::Cloud(|| json!({"do": "host-lock", "host": "compute-0"})),
                steps: &[("0", "host compute-0: locked")],
            },
            Part {
                deed: Deed::Cloud(|| json!({"do": "host-unlock", "host": "compute-0"})),
                steps: &[
                    ("1", "host compute-0: unlock"),
                    ("5", "in nova PUT */os-services/*\"forced_down\":false"),
                    ("5", "in nova PUT */os-services/*\"status\":\"enabled\""),
                    ("5", "in guest PUT */enable {\"hostname\":\"compute-0\""),
                    ("5", "services-enabled"),
                ],
            },
        ],
        never: &["\"evacuate\""],
    },
    Worked {
        section: "10.3 Host failure with evacuation",
        cluster: "worked.toml",
        settings: configuration::quick,
        parts: &[Part {
            deed: Deed::Cloud(|| json!({"do": "host-fail", "host": "compute-0", "offline_after": 4.0})),
            steps: &[
                ("2", "in nova PUT */os-services/*\"status\":\"disabled\""),
                ("2", "in guest PUT */disable {\"hostname\":\"compute-0\""),
                ("4", "in nova PUT */os-services/*\"forced_down\":true"),
                ("6", "in nova POST */servers/vm1/action {\"os-resetState\""),
                ("7", "raise instance-failed Instance vm1 owned by admin has failed on host compute-0"),
                ("7", "log Instance vm1 owned by admin has failed on host compute-0, reason = host failed"),
                (
                    "7",
                    "log Evacuate issued by the system against instance vm1 owned by admin on host compute-0, reason = host failed",
                ),
                ("8", "in nova POST */servers/vm1/action {\"evacuate\""),
                ("9", "log Evacuate complete for instance vm1 now enabled on host"),
                ("10", "in nova POST */servers/vm2/action {\"evacuate\""),
                ("10", "log Evacuate complete for instance vm2 now enabled on host"),
                ("11", "services-disabled"),
            ],
        }],
        never: &["os-migrateLive"],
    },
    Worked {
        section: "10.4 Instance failed and auto-healed",
        cluster: "worked.toml",
        settings: configuration::quick,
        parts: &[Part {
            deed: Deed::Cloud(|| json!({"do": "vm-error", "vm": "vm3"})),
            steps: &[
                ("1", "raise instance-failed Instance vm3 owned by admin has failed on host compute-1"),
                ("1", "log Instance vm3 owned by admin has failed on host compute-1"),
                (
                    "3",
                    "log Reboot (hard-reboot) issued by the system against instance vm3 owned by admin on host compute-1",
                ),
                ("3", "in nova POST */servers/vm3/action {\"reboot\":{\"type\":\"HARD\"}}"),
                ("4", "log Reboot complete for instance vm3 now enabled on host compute-1"),
            ],
        }],
        never: &["\"evacuate\"", "\"rebuild\""],
    },
    Worked {
        section: "10.5 Guest heartbeat failure with reboot",
        cluster: "worked.toml",
        settings: configuration::quick,
        parts: &[
            Part {
                deed: Deed::Cloud(|| json!({"do": "clear-faults"})),
                steps: &[
                    ("0", "in guest POST /v1/instances/vm2"),
                    ("0", "in guest PATCH /v1/instances/vm2"),
                    ("0", "log Guest Heartbeat established for instance vm2 on host compute-0"),
                ],
            },
            Part {
                deed: Deed::Cloud(|| json!({"do": "guest-heartbeat-fail", "vm": "vm2", "repair": "reboot"})),
                steps: &[
                    ("1", "out guest PATCH /nfvi-plugins/v1/instances/vm2 *\"event-type\":\"alarm\""),
                    (
                        "2",
                        "log Guest Heartbeat failed for instance vm2 on host compute-0, soft-reboot repair action requested",
                    ),
                    (
                        "3",
                        "log Reboot (soft-reboot) issued by the instance against instance vm2 owned by admin on host compute-0",
                    ),
                    ("4", "in guest PATCH /v1/instances/vm2"),
                    ("4", "in nova POST */servers/vm2/action {\"reboot\":{\"type\":\"SOFT\"}}"),
                    ("5", "log Reboot complete for instance vm2 now enabled on host compute-0"),
                    ("5", "in guest PATCH /v1/instances/vm2"),
                    ("6", "log Guest Heartbeat established for instance vm2 on host compute-0"),
                ],
            },
        ],
        never: &["os-resetState", "vote"],
    },
    Worked {
        section: "10.6 Cold migrate + confirm (user)",
        cluster: "worked.toml",
        settings: configuration::quick,
        parts: &[
            Part {
                deed: Deed::User("vm3", || json!({"migrate": null})),
                steps: &[
                    (
                        "2",
                        "log Cold-Migrate issued by admin against instance vm3 owned by admin from host compute-1",
                    ),
                    ("2", "in nova POST */servers/vm3/action {\"migrate\":null}"),
                    ("2", "user 202"),
                    ("4", "log Cold-Migrate inprogress for instance vm3 from host compute-1"),
                    ("4", "log Cold-Migrate complete for instance vm3 now enabled on host"),
                ],
            },
            Part {
                deed: Deed::User("vm3", || json!({"confirmResize": null})),
                steps: &[
                    (
                        "5",
                        "log Cold-Migrate-Confirm issued by admin against instance vm3 owned by admin on host",
                    ),
                    ("6", "in nova POST */servers/vm3/action {\"confirmResize\":null}"),
                    ("6", "user 204"),
                    ("7", "log Cold-Migrate-Confirm complete for instance vm3 enabled on host"),
                ],
            },
        ],
        never: &["\"evacuate\"", "os-resetState"],
    },
    Worked {
        section: "10.7 Delete of an instance (user, through nova)",
        cluster: "worked.toml",
        settings: configuration::quick,
        parts: &[
            Part {
                deed: Deed::Cloud(|| json!({"do": "clear-faults"})),
                steps: &[("0", "log Guest Heartbeat established for instance vm2 on host compute-0")],
            },
            Part {
                deed: Deed::Cloud(|| json!({"do": "vm-delete", "vm": "vm2"})),
                steps: &[
                    ("4", "in guest DELETE /v1/instances/vm2"),
                    ("5", "log Deleted instance vm2 owned by admin"),
                ],
            },
        ],
        never: &["os-resetState", "\"evacuate\"", "\"reboot\""],
    },
    Worked {
        section: "10.8 DOR",
        cluster: "power_loss.toml",
        settings: after_a_power_loss,
        parts: &[Part {
            deed: Deed::Cloud(|| json!({"do": "host-fail", "host": "compute-0", "offline_after": 4.0})),
            steps: &[
                ("2", "raise multi-node-recovery-mode"),
                ("2", "log Entered Multi-Node Recovery Mode"),
                ("3", "log Instance vm1 owned by admin has failed on host compute-0, reason = host failed"),
                ("5", "log Exited Multi-Node Recovery Mode"),
                ("5", "in nova POST */servers/vm1/action {\"evacuate\""),
                ("5", "log Evacuate complete for instance vm1 now enabled on host"),
            ],
        }],
        never: &["os-migrateLive"],
    },
];

/// A line of the story.
type Line = (Timestamp, String);

/// All that was seen from outside, in order.
async fn story(site: &Site, names: &[(String, String)], users: &[Line]) -> anyhow::Result<Vec<Line>> {
    let named = |text: &str| {
        names.iter().fold(text.to_owned(), |text, (uuid, name)| text.replace(uuid.as_str(), name))
    };
    let journal = site.cloud().journal(0).await?;
    let time = |value: &Value| -> anyhow::Result<Timestamp> {
        value.as_str().context("the journal has no time")?.parse().context("not a time")
    };
    let first = journal.first().context("the lab's journal is empty")?;
    let lab_start =
        time(&first["time"])? - SignedDuration::from_secs_f64(first["at"].as_f64().unwrap_or(0.0));
    let mut lines = users.to_vec();
    for entry in &journal {
        let word = |key: &str| entry[key].as_str().unwrap_or_default();
        if entry["method"] != "GET" {
            let line = format!(
                "{} {} {} {} {}",
                word("direction"),
                word("service"),
                word("method"),
                word("path"),
                if entry["body"].is_null() { String::new() } else { entry["body"].to_string() }
            );
            lines.push((time(&entry["time"])?, named(&line)));
        }
    }
    for happening in site.cloud().happenings(0.0).await? {
        let at = lab_start + SignedDuration::from_secs_f64(happening.at);
        lines.push((at, format!("{} {}: {}", happening.kind, happening.name, happening.what)));
    }
    let stamp = |text: &str| -> anyhow::Result<Timestamp> {
        format!("{}Z", text.replace(' ', "T")).parse().with_context(|| format!("{text} is no time"))
    };
    for event in site.events() {
        lines.push((stamp(event.get("timestamp"))?, format!("log {}", event.get("reason_text"))));
    }
    for alarm in record::read(&site.alarm_file()) {
        if alarm.raised == Some(true) {
            let line = format!("raise {} {}", alarm.get("alarm-type"), alarm.get("specific-problem-text"));
            lines.push((stamp(alarm.get("created-timestamp"))?, line));
        }
    }
    lines.sort();
    Ok(lines)
}

/// The parts of the pattern stand in the line, in order.
fn holds(line: &str, pattern: &str) -> bool {
    let mut rest = line;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Where each step stands, as far as they are there.
fn find(story: &[Line], steps: &[(&str, &str)], from: Timestamp) -> Result<Timestamp, String> {
    let mut last = from;
    for (step, wanted) in steps {
        let found = story.iter().find(|(at, line)| *at >= last - TOLERANCE && holds(line, wanted));
        match found {
            Some((at, _)) => last = last.max(*at),
            None => return Err(format!("step {step}: {wanted:?}")),
        }
    }
    Ok(last)
}

/// A request of a user reaches the VIM as the proxy in front of Nova forwards it; the status of the answer.
async fn user(site: &Site, uuid: &str, body: &Value) -> anyhow::Result<u16> {
    let ports = std::fs::read_to_string(site.directory().join("lab-ports.json"))?;
    let ports: Value = serde_json::from_str(&ports)?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let login = json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": "admin", "domain": {"name": "Default"}, "password": "admin"}}},
        "scope": {"project": {"name": "admin", "domain": {"name": "Default"}}}}});
    let keystone = format!("http://127.0.0.1:{}/v3/auth/tokens", ports["keystone"]);
    let answer = http.post(keystone).body(login.to_string()).send().await?;
    let token = answer.headers().get("x-subject-token").context("no token")?.clone();
    let url = format!("http://127.0.0.1:{}/v2.1/servers/{uuid}/action", site.vim_ports().compute);
    let tenant: Value = answer.json().await?;
    let answer = http
        .post(url)
        .header("X-Auth-Token", token)
        .header("X-Tenant-Id", tenant["token"]["project"]["id"].as_str().unwrap_or_default())
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .send()
        .await?;
    Ok(answer.status().as_u16())
}

/// Plays a scenario.
async fn play(worked: &Worked) -> anyhow::Result<()> {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters").join(worked.cluster);
    let options =
        Options { cluster, settings: (worked.settings)(), directory: None, lab_arguments: Vec::new() };
    let mut site = Site::start(&options).await?;
    let names: Vec<_> = site.cloud().vms().await?.into_iter().map(|vm| (vm.uuid, vm.name)).collect();
    site.start_vim()?;
    site.wait_until_known(Duration::from_secs(90)).await?;
    let mut users = Vec::new();
    // what the first part looks for may have begun while the VIM learned the cloud
    let mut last = Timestamp::UNIX_EPOCH;
    for (number, part) in worked.parts.iter().enumerate() {
        if number > 0 {
            last = Timestamp::now();
        }
        match &part.deed {
            Deed::Cloud(deed) => site.cloud().act(&deed()).await?,
            Deed::User(vm, body) => {
                let (uuid, _) = names.iter().find(|(_, name)| name == vm).context("no such server")?;
                let status = user(&site, uuid, &body()).await?;
                users.push((Timestamp::now(), format!("user {status}")));
            }
        }
        let begun = Instant::now();
        loop {
            site.check_vim()?;
            let lines = story(&site, &names, &users).await?;
            match find(&lines, part.steps, last) {
                Ok(at) => {
                    last = at;
                    break;
                }
                Err(missing) if begun.elapsed() > Duration::from_secs(150) => {
                    let told: String = lines.iter().map(|(at, line)| format!("{at} {line:.200}\n")).collect();
                    bail!("{missing} is missing\n{told}");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }
    let lines = story(&site, &names, &users).await?;
    for unwanted in worked.never {
        if let Some((at, line)) = lines.iter().find(|(_, line)| holds(line, unwanted)) {
            bail!("must not happen: {at} {line}");
        }
    }
    site.stop_vim().await?;
    Ok(())
}

#[test]
fn each_scenario_goes_as_the_contract_tells() {
    let only = std::env::var("NFV_SCENARIO").unwrap_or_default();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let played = tokio.block_on(async {
        let mut playing = Vec::new();
        for worked in SCENARIOS.iter().filter(|worked| worked.section.contains(&only)) {
            playing.push(tokio::spawn(async move {
                let begun = Instant::now();
                let result = play(worked).await;
                println!(
                    "{}: {} after {:.0} s",
                    worked.section,
                    if result.is_ok() { "ok" } else { "NOT ok" },
                    begun.elapsed().as_secs_f64()
                );
                result.err().map(|why| format!("{}: {why:#}", worked.section))
            }));
        }
        let mut failed = Vec::new();
        for one in playing {
            failed.extend(one.await.unwrap());
        }
        failed
    });
    assert!(played.is_empty(), "{}", played.join("\n"));
}
