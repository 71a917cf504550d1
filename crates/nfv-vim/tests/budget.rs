//! How often an idle cloud is asked: requests per hour, by service. Polling costs the neighbours, so it has a budget.
//!
//! `cargo test -p nfv-vim --test budget -- --nocapture` prints the table. Calls are counted; a call of several requests
//! (hosts with their labels, pages of Nova) counts once.
#![allow(clippy::unwrap_used)] // in helpers of tests

mod sim;

use nfv_nfvi::Pool;
use sim::scenario;
use sim::secs;
use sim::stock::KINDS;
use sim::store::Store;
use sim::world::World;
use std::collections::BTreeMap;

const HOSTS: u64 = 100;
const SERVERS: u64 = 100;

/// The part of an hour that is played.
const PART: u64 = 3;

/// What an hour may cost. The cycle of listings takes 13 steps of 2 s and 20 s: 80 rounds an hour; in each, every
/// enabled host is asked for its services once. Details: 4 instances and 4 volumes each 10 s, a hypervisor each 4 s and
/// the flavors of a page once a round.
const BUDGET: [(Pool, u64); 7] = [
    (Pool::Identity, 85),
    (Pool::Image, 85),
    (Pool::BlockStorage, 1700),
    (Pool::Compute, 11_500),
    (Pool::Network, 8_500),
    (Pool::Infrastructure, 260),
    (Pool::Guest, 8_500),
];

#[test]
fn an_idle_cloud_of_100_hosts_is_asked_within_the_budget() {
    let mut cloud = scenario::cluster(1, HOSTS, SERVERS, 20);
    cloud.steady = true;
    let mut rng = fastrand::Rng::with_seed(1);
    for kind in KINDS {
        for _ in 0..20 {
            cloud.stock.add(kind, &[], &mut rng);
        }
    }
    let mut world = World::new(1, cloud, Store::memory());
    let run =
        |world: &mut World, seconds| world.run_for(secs(seconds)).map_err(|failure| failure.what).unwrap();
    run(&mut world, 300);
    world.sent.clear();
    run(&mut world, 3600 / PART);
    for count in world.sent.values_mut() {
        *count *= PART;
    }
    let mut by_pool: BTreeMap<Pool, u64> = BTreeMap::new();
    println!("Calls per hour, {HOSTS} hosts, {SERVERS} servers, nothing happens:");
    for ((pool, call), count) in &world.sent {
        println!("{:<16}{call:<32}{count:>8}", pool.as_str());
        *by_pool.entry(*pool).or_default() += count;
    }
    for (pool, count) in &by_pool {
        println!("{:<16}{:<32}{count:>8}", pool.as_str(), "in all");
    }
    for (pool, budget) in BUDGET {
        let count = by_pool.get(&pool).copied().unwrap_or_default();
        assert!(count > 0, "{} was not asked at all", pool.as_str());
        assert!(count <= budget, "{}: {count} calls, the budget is {budget}", pool.as_str());
    }
    let changes = world.sent.keys().filter(|(_, call)| {
        ["InstanceAction", "NotifyHost", "Enable", "Disable", "Create", "Delete", "SetServices"]
            .iter()
            .any(|word| call.contains(word))
    });
    assert_eq!(changes.collect::<Vec<_>>(), Vec::<&(Pool, String)>::new(), "nothing is to be done");
}
