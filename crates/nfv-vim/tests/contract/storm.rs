//! The storm guard. docs/extensions.md, "Storm guard".

use crate::sim::store::Store;
use crate::sim::world::World;
use crate::sim::{scenario, secs};
use nfv_common::time::Mono;
use nfv_vim::core::Vim;

const HOSTS: u64 = 6;
const SERVERS: u64 = 24;
/// The alarm's entity as the simulator notes it.
const GUARD: &str = "MultiNodeRecoveryMode subsystem=vim.storm-guard";

/// Six hosts with four servers each, in order of importance against the order of their names.
fn world(percentage: u64) -> World {
    let mut cloud = scenario::cluster(7, HOSTS, SERVERS, 60);
    cloud.steady = true;
    for (number, server) in cloud.servers.values_mut().enumerate() {
        server.priority = Some(10 - (number as u8 % 10));
    }
    let mut world = World::new(7, cloud, Store::memory());
    world.config.instance.storm_guard.host_percentage = percentage;
    run(&mut world, 120);
    world
}

fn run(world: &mut World, seconds: u64) {
    let ran = world.run_for(secs(seconds));
    ran.map_err(|failure| format!("{}\n{}", failure.what, world.journal.tail())).unwrap();
}

fn kill(world: &mut World, hosts: &[&str]) {
    for host in hosts {
        world.cloud.crash_host(host, None);
    }
}

/// The alarm stands.
fn is_told(world: &World) -> bool {
    world.raised.values().any(|what| what == GUARD)
}

fn logged(world: &World, text: &str) -> Vec<Mono> {
    world.logs.iter().filter(|(_, log)| log.contains(text)).map(|(at, _)| *at).collect()
}

fn on_dead_hosts(world: &World) -> usize {
    let dead = |host: &String| !world.cloud.hosts[host].alive;
    world.cloud.servers.values().filter(|server| server.host.as_ref().is_some_and(dead)).count()
}

/// Evacuations begun, and the most within two seconds.
fn evacuations(world: &World) -> (usize, usize) {
    let begun = logged(world, "Evacuate issued");
    let within = |at: &Mono| begun.iter().filter(|other| *other >= at && other.since(*at) < secs(2)).count();
    (begun.len(), begun.iter().map(within).max().unwrap_or(0))
}

#[test]
fn without_it_each_host_is_evacuated_for_itself() {
    let mut world = world(0);
    kill(&mut world, &["compute-0", "compute-1", "compute-2", "compute-3"]);
    run(&mut world, 60);
    assert!(!is_told(&world) && !world.vim.as_ref().is_some_and(Vim::storm));
    assert_eq!(evacuations(&world).1, 4, "one of each host at once");
    run(&mut world, 900);
    assert_eq!(on_dead_hosts(&world), 0);
}

#[test]
fn many_hosts_that_fail_at_once_are_healed_slowly_and_by_importance() {
    let mut world = world(50);
    kill(&mut world, &["compute-0", "compute-1", "compute-2", "compute-3"]);
    run(&mut world, 60);
    assert!(is_told(&world), "{:?}", world.raised);
    assert_eq!(logged(&world, "Entered Multi-Node Recovery Mode").len(), 1);
    run(&mut world, 900);
    let (begun, at_once) = evacuations(&world);
    assert!(begun >= 13 && at_once <= 2, "{begun} evacuations, {at_once} at once");
    assert_eq!(on_dead_hosts(&world), 0, "all are healed");
    // 3 is the third host on which a failure makes a storm: the first two had each begun one evacuation at most
    let issued: Vec<_> = (world.logs.iter())
        .filter_map(|(_, log)| log.split_once("Evacuate issued by the system against instance "))
        .map(|(_, rest)| rest.split(' ').next().unwrap().to_owned())
        .collect();
    let important = |name: &String| {
        let found = world.cloud.servers.values().find(|server| server.name == *name);
        found.and_then(|server| server.priority).unwrap()
    };
    let by_audit: Vec<_> = issued.iter().skip(3).map(important).collect();
    assert!(by_audit.is_sorted(), "{issued:?} have {by_audit:?}");
    assert!(!is_told(&world), "it is over");
    assert_eq!(logged(&world, "Exited Multi-Node Recovery Mode").len(), 1);
}

#[test]
fn fewer_hosts_or_hosts_one_after_the_other_are_no_storm() {
    let mut few = world(50);
    kill(&mut few, &["compute-0", "compute-1"]);
    run(&mut few, 300);
    assert!(logged(&few, "Multi-Node Recovery Mode").is_empty());

    let mut slow = world(50);
    for host in ["compute-0", "compute-1", "compute-2"] {
        kill(&mut slow, &[host]);
        run(&mut slow, 400);
    }
    assert!(logged(&slow, "Multi-Node Recovery Mode").is_empty());

    let mut locked = world(50);
    for host in ["compute-0", "compute-1", "compute-2"] {
        locked.cloud.order(host, nfv_nfvi::notification::HostOrder::Lock);
    }
    run(&mut locked, 900);
    assert!(logged(&locked, "Multi-Node Recovery Mode").is_empty(), "an operator is no storm");
}

#[test]
fn a_storm_outlives_the_process() {
    let mut world = world(50);
    kill(&mut world, &["compute-0", "compute-1", "compute-2", "compute-3"]);
    run(&mut world, 60);
    assert!(is_told(&world));
    world.crash_vim();
    run(&mut world, 30);
    assert!(is_told(&world) && world.vim.as_ref().is_some_and(Vim::storm));
    run(&mut world, 1200);
    assert!(!is_told(&world));
    assert_eq!(on_dead_hosts(&world), 0);
}

/// What nothing can heal keeps no storm up, and a host whose hypervisor works still moves what runs on it.
#[test]
fn a_storm_ends_though_something_cannot_be_healed() {
    let mut world = world(50);
    let large =
        world.cloud.servers.values_mut().find(|server| server.host.as_deref() == Some("compute-0")).unwrap();
    (large.image, large.flavor.disk) = (Some("image-1".to_owned()), 400);
    let large = large.uuid.clone();
    run(&mut world, 120);
    kill(&mut world, &["compute-0", "compute-1", "compute-2", "compute-3"]);
    run(&mut world, 60);
    assert!(is_told(&world));
    world.cloud.fail_ports("compute-4");
    run(&mut world, 1200);
    assert!(!is_told(&world));
    assert_eq!(on_dead_hosts(&world), 1, "only the one whose disk is too large");
    assert_eq!(world.cloud.servers[&large].host.as_deref(), Some("compute-0"));
}

#[test]
fn a_guard_that_is_switched_off_takes_its_alarm_back() {
    let mut world = world(50);
    kill(&mut world, &["compute-0", "compute-1", "compute-2", "compute-3"]);
    run(&mut world, 60);
    assert!(is_told(&world));
    world.config.instance.storm_guard.host_percentage = 0;
    world.crash_vim();
    run(&mut world, 30);
    assert!(!is_told(&world));
}

/// Data ports that fail leave a hypervisor that works: its instances are migrated, storm or not.
#[test]
fn a_component_failure_in_a_storm_still_migrates() {
    let mut world = world(50);
    kill(&mut world, &["compute-0", "compute-1", "compute-2"]);
    run(&mut world, 60);
    assert!(is_told(&world));
    let before = logged(&world, "Live-Migrate issued").len();
    world.cloud.fail_ports("compute-4");
    run(&mut world, 300);
    assert!(logged(&world, "Live-Migrate issued").len() > before, "{:#?}", world.logs);
}
