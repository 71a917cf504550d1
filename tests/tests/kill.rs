//! `kill -9` of nfv-vim at random moments of each incident: after a restart the end state is the same, and no
//! action is done twice. The moments come from a seed that is printed; `NFV_KILL_SEED=n` repeats them.

#![allow(clippy::unwrap_used)]

use nfv_site::{Host, Vm};
use nfv_tests::{Actions, Incident, play};
use serde_json::json;
use std::time::Duration;

/// Kills of one incident.
const KILLS: usize = 2;

fn active(vms: &[Vm]) -> bool {
    vms.iter().all(|vm| vm.vm_state == "active" && vm.task_state.is_none())
}

fn host<'a>(hosts: &'a [Host], name: &str) -> &'a Host {
    hosts.iter().find(|host| host.name == name).unwrap()
}

fn on(vms: &[Vm], host: &str) -> usize {
    vms.iter().filter(|vm| vm.host.as_deref() == Some(host)).count()
}

fn expected(action: &str, servers: &[&str]) -> Actions {
    servers.iter().map(|server| (((*server).to_owned(), action.to_owned()), 1)).collect()
}

/// Plays an incident without and with kills.
fn check(name: &str, incident: &Incident, within: u64, wanted: &Actions) {
    let seed = std::env::var("NFV_KILL_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| fastrand::u64(..1_000_000));
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut kills: Vec<_> = (0..KILLS).map(|_| Duration::from_millis(rng.u64(0..within * 1000))).collect();
    kills.sort();
    println!("{name}: NFV_KILL_SEED={seed}, killed after {kills:?}");
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (calm, killed) = tokio.block_on(async { tokio::join!(play(incident, &[]), play(incident, &kills)) });
    let (calm, killed) = (calm.unwrap(), killed.unwrap());
    assert_eq!(calm.actions, *wanted, "{name} without a kill");
    assert_eq!(calm, killed, "{name}, NFV_KILL_SEED={seed}");
}

#[test]
fn a_failed_server_is_rebooted_once() {
    let incident =
        Incident { deeds: vec![json!({"do": "vm-crash", "vm": "other-0"})], healed: |_, vms| active(vms) };
    check("failed server", &incident, 45, &expected("reboot", &["other-0"]));
}

#[test]
fn the_servers_of_a_dead_host_are_evacuated_once() {
    let incident = Incident {
        deeds: vec![json!({"do": "host-fail", "host": "compute-0", "offline_after": 3.0})],
        healed: |hosts, vms| {
            active(vms)
                && on(vms, "compute-0") == 0
                && host(hosts, "compute-0").vim_progress == "services-disabled"
        },
    };
    check("dead host", &incident, 25, &expected("evacuate", &["first", "second", "third"]));
}

#[test]
fn a_locked_host_is_emptied_once() {
    let incident = Incident {
        deeds: vec![json!({"do": "host-lock", "host": "compute-0"})],
        healed: |hosts, vms| {
            let locked = host(hosts, "compute-0");
            active(vms) && on(vms, "compute-0") == 0 && locked.administrative == "locked"
        },
    };
    check("locked host", &incident, 15, &expected("os-migrateLive", &["first", "second", "third"]));
}
