//! Scripted scenarios without chance, played with a crash of the VIM at a chosen commit.

use super::cloud::Cloud;
use super::invariant::{self, Failure};
use super::nova::OpKind;
use super::scenario;
use super::secs;
use super::store::Store;
use super::world::{CrashPoint, World};
use nfv_nfvi::notification::{GuestFailure, GuestRepair, HostOrder};
use nfv_vim_db::Snapshot;
use std::collections::BTreeMap;

/// What happens, at how many seconds after the start of the scenario.
type Step = (u64, fn(&mut Cloud));

/// A scenario.
pub struct Script {
    /// Name.
    pub name: &'static str,
    /// Changes the servers of the cluster at the beginning.
    pub prepare: fn(&mut Cloud),
    /// What happens.
    pub steps: &'static [Step],
}

/// The VIM runs this long before anything happens.
const WARM_UP: u64 = 120;

fn server(number: u64) -> String {
    format!("22222222-0000-0000-0000-{number:012}")
}

/// The scenarios of the crash matrix.
pub const SCRIPTS: [Script; 8] = [
    Script {
        name: "a server fails and is rebooted",
        prepare: |_| {},
        steps: &[(0, |cloud| cloud.break_server(&server(1)))],
    },
    Script {
        name: "a host fails and its servers are evacuated by priority",
        prepare: |cloud| {
            for (number, priority) in [(0, 5), (3, 1), (6, 9)] {
                cloud.servers.get_mut(&server(number)).unwrap().priority = Some(priority);
            }
        },
        steps: &[(0, |cloud| cloud.crash_host("compute-0", None))],
    },
    Script {
        name: "a host is locked, its servers live-migrate, and it is unlocked",
        prepare: |_| {},
        steps: &[
            (0, |cloud| cloud.order("compute-0", HostOrder::Lock)),
            (300, |cloud| {
                if cloud.hosts["compute-0"].locked {
                    cloud.order("compute-0", HostOrder::Unlock);
                }
            }),
        ],
    },
    Script {
        name: "a host is locked and its servers cold-migrate",
        prepare: |cloud| {
            for server in cloud.servers.values_mut() {
                server.live = false;
            }
        },
        steps: &[(0, |cloud| cloud.order("compute-0", HostOrder::Lock))],
    },
    Script {
        name: "a server crashes and is rebooted",
        prepare: |_| {},
        steps: &[(0, |cloud| cloud.crash_server(&server(1)))],
    },
    Script {
        name: "a host with guests is locked, which are asked and told",
        prepare: |cloud| {
            for number in [0, 3] {
                cloud.give_heartbeat(&server(number));
            }
        },
        steps: &[(0, |cloud| cloud.order("compute-0", HostOrder::Lock))],
    },
    Script {
        name: "the guests of a host that fails are switched off and on",
        prepare: |cloud| {
            for (number, priority) in [(0, 5), (3, 1), (6, 9)] {
                cloud.servers.get_mut(&server(number)).unwrap().priority = Some(priority);
                cloud.give_heartbeat(&server(number));
            }
        },
        steps: &[(0, |cloud| cloud.crash_host("compute-0", None))],
    },
    Script {
        name: "a guest is deleted and another one fails",
        prepare: |cloud| {
            for number in [1, 4] {
                cloud.give_heartbeat(&server(number));
            }
        },
        steps: &[
            (0, |cloud| cloud.fail_guest(&server(1), GuestFailure::Failed, GuestRepair::Reboot)),
            (0, |cloud| cloud.user_deletes(&server(4))),
        ],
    },
];

/// Where a run ended.
#[derive(Debug, PartialEq)]
pub struct End {
    /// Hosts: platform and VIM.
    pub hosts: BTreeMap<String, String>,
    /// Servers: Nova and VIM.
    pub servers: BTreeMap<String, String>,
    /// What the guest agent knows.
    pub guests: BTreeMap<String, String>,
    /// Alarms raised.
    pub alarms: Vec<String>,
    /// The VIM's tables, without times and chance ids.
    pub rows: Vec<String>,
    /// Requests that Nova took: how often of each kind for each server.
    pub done: BTreeMap<(String, OpKind), usize>,
    /// Requests that Nova refused.
    pub refused: BTreeMap<(String, OpKind), usize>,
}

/// A run.
pub struct Run {
    /// Where it ended.
    pub end: End,
    /// Commits before the scenario began.
    pub first_commit: u64,
    /// Commits by the time all was well.
    pub last_commit: u64,
    /// Crashes.
    pub crashes: u32,
}

/// Plays a script, with a crash or without.
pub fn play(script: &Script, crash: Option<CrashPoint>) -> Result<Run, (Failure, String)> {
    let mut cloud = scenario::cluster(7, 3, 9, 20);
    cloud.steady = true;
    (script.prepare)(&mut cloud);
    let mut world = World::new(7, cloud, Store::real());
    world.crash_at = crash;
    let played = run(script, &mut world);
    match played {
        Ok((first_commit, last_commit)) => {
            Ok(Run { end: end(&world), first_commit, last_commit, crashes: world.crashes })
        }
        Err(failure) => Err((failure, world.journal.tail())),
    }
}

fn run(script: &Script, world: &mut World) -> Result<(u64, u64), Failure> {
    world.run_for(secs(WARM_UP))?;
    let (first_commit, begin) = (world.commits, world.now);
    for (at, step) in script.steps {
        world.run_until(begin + secs(*at))?;
        step(&mut world.cloud);
        world.settle_cloud();
    }
    // the operator asks again if the VIM was not there to hear the order
    let limit = world.now + invariant::PATIENCE;
    let mut last_commit = world.commits;
    let mut well = 0;
    while well < 4 {
        world.run_for(secs(15))?;
        let wrong = match &world.vim {
            Some(_) if world.cloud_is_busy() => vec!["the cloud is busy".to_owned()],
            Some(vim) => invariant::unsettled(vim, &world.cloud),
            None => vec!["the VIM is not there".to_owned()],
        };
        if well == 0 {
            last_commit = world.commits;
        }
        well = if wrong.is_empty() { well + 1 } else { 0 };
        if world.now > limit {
            return Err(Failure { at: world.now, what: format!("not settled: {}", wrong.join("; ")) });
        }
    }
    Ok((first_commit, last_commit))
}

fn end(world: &World) -> End {
    let vim = world.vim.as_ref().expect("a settled world has a running VIM");
    let hosts = world.cloud.hosts.values().map(|host| {
        let known = vim.hosts().find(|known| known.name() == host.name).map(|known| known.state());
        let text = format!(
            "locked {} enabled {} {} up {} {} known as {known:?}",
            host.locked, host.enabled, host.avail, host.compute_enabled, !host.forced_down
        );
        (host.name.clone(), text)
    });
    let servers = world.cloud.servers.values().map(|server| {
        let text = format!("{}/{}/{} on {:?}", server.vm, server.task, server.power, server.host);
        (server.name.clone(), text)
    });
    let guests = world.cloud.guests.iter().map(|(uuid, guest)| {
        (uuid.clone(), format!("{} wanted {} beats {}", guest.host, guest.wanted, world.cloud.beats(uuid)))
    });
    let mut alarms: Vec<_> = world.raised.values().cloned().collect();
    alarms.sort();
    let count = |taken: bool| {
        let mut counts = BTreeMap::new();
        for (uuid, kind, _) in world.cloud.requests.iter().filter(|request| request.2 == taken) {
            *counts.entry((uuid.clone(), *kind)).or_default() += 1;
        }
        counts
    };
    End {
        hosts: hosts.collect(),
        servers: servers.collect(),
        guests: guests.collect(),
        alarms,
        rows: rows(world.store.rows()),
        done: count(true),
        refused: count(false),
    }
}

/// The rows without what time and chance put into them.
fn rows(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    for row in &snapshot.hosts {
        let mut row = row.clone();
        row.uptime.clear();
        row.elapsed_time_in_state.clear();
        let mut data: serde_json::Value = serde_json::from_str(&row.nfvi_host_data).unwrap();
        data["uptime"] = serde_json::Value::Null;
        row.nfvi_host_data = data.to_string();
        lines.push(format!("{row:?}"));
    }
    for row in &snapshot.instances {
        let mut row = row.clone();
        row.elapsed_time_in_state.clear();
        row.elapsed_time_on_host.clear();
        row.action_data = row.action_data.map(|text| action(&text));
        row.last_action_data = None;
        lines.push(format!("{row:?}"));
    }
    for row in &snapshot.hypervisors {
        lines.push(format!("{row:?}"));
    }
    lines.extend(snapshot.instance_types.iter().map(|row| format!("{row:?}")));
    lines.extend(snapshot.tenants.iter().map(|row| format!("{row:?}")));
    lines.extend(snapshot.systems.iter().map(|row| format!("{row:?}")));
    lines.sort();
    lines
}

/// What was done last and whether it is over.
fn action(text: &str) -> String {
    let data: serde_json::Value = serde_json::from_str(text).unwrap();
    format!("{} {}", data["action_type"], data["action_state"])
}
