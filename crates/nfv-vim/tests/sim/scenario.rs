//! Clusters and time lines.

use super::cloud::Cloud;
use super::fault::{Fault, Plan, Profile};
use super::guest::Mood;
use super::history;
use super::invariant::{self, Failure};
use super::nova::Server;
use super::platform::SimHost;
use super::secs;
use super::stock::{self, KINDS};
use super::store::Store;
use super::world::{BEGIN, World};
use nfv_nfvi::Pool;

/// A cluster of `hosts` hosts with `servers` servers spread over them.
pub fn cluster(seed: u64, hosts: u64, servers: u64, vcpus: u64) -> Cloud {
    let mut cloud = Cloud::new(seed);
    for number in 0..hosts {
        let name = format!("compute-{number}");
        cloud.hosts.insert(name.clone(), SimHost::new(&name, number, vcpus));
    }
    for number in 0..servers {
        let server = Server::new(number, &format!("compute-{}", number % hosts));
        cloud.servers.insert(server.uuid.clone(), server);
    }
    cloud
}

/// A random cluster.
fn random_cluster(seed: u64, rng: &mut fastrand::Rng) -> Cloud {
    let hosts = if rng.u32(0..10) == 0 { 1 } else { rng.u64(2..=5) };
    let servers = rng.u64(2..=12);
    let mut cloud = cluster(seed, hosts, servers, servers.max(4));
    for server in cloud.servers.values_mut() {
        if rng.bool() {
            server.image = Some("image-1".to_owned());
            server.flavor.disk = [10, 20, 40][rng.usize(0..3)];
        }
        server.live = rng.u32(0..4) > 0;
        if rng.u32(0..10) == 0 {
            server.auto_recovery = false;
            server.flavor.extra_specs.insert("sw:wrs:auto_recovery".to_owned(), "false".to_owned());
        }
        server.priority = rng.bool().then(|| rng.u8(1..=10));
        server.flavor.vcpus = rng.u64(1..=2);
        server.flavor.original_name = format!("flavor-{}-{}", server.flavor.vcpus, server.flavor.disk);
    }
    let need: u64 = cloud.servers.values().map(|server| server.flavor.vcpus).sum();
    for host in cloud.hosts.values_mut() {
        host.vcpus = need;
    }
    let servers: Vec<_> = cloud.servers.keys().cloned().collect();
    for kind in KINDS {
        // some seeds have listings of several pages
        let number = if rng.u32(0..10) == 0 { rng.u64(33..80) } else { rng.u64(0..6) };
        for _ in 0..number {
            cloud.stock.add(kind, &servers, rng);
        }
    }
    cloud.amqp = rng.u32(0..4) > 0;
    cloud.op_failures = if rng.bool() { rng.u32(0..15) } else { 0 };
    // chance of its own, so that the rest of a seed stays as it is
    cloud.powerless = fastrand::Rng::with_seed(seed ^ 0x70e5).u32(0..4) == 0;
    cloud
}

/// Some servers of half the seeds have a heartbeat; chance of its own, so that the rest of a seed stays as it is.
fn give_heartbeats(seed: u64, cloud: &mut Cloud) {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x6e57);
    if rng.bool() {
        return;
    }
    let all: Vec<_> = cloud.servers.keys().cloned().collect();
    for uuid in all {
        if rng.bool() {
            cloud.give_heartbeat(&uuid);
        }
    }
    cloud.mood = [Mood::Moody, Mood::Moody, Mood::Agreeable, Mood::Stubborn, Mood::Silent][rng.usize(0..5)];
}

/// What is left of a run.
pub struct Report {
    /// Hash of the journal.
    pub hash: u64,
    /// Inputs handled.
    pub inputs: u64,
    /// Commits made.
    pub commits: u64,
    /// Crashes of the VIM.
    pub crashes: u32,
}

/// Plays one seed to its end.
pub fn play(seed: u64) -> Result<Report, (Failure, String)> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let cloud = random_cluster(seed, &mut rng);
    let hosts = cloud.hosts.len();
    let store = if seed.is_multiple_of(25) { Store::real() } else { Store::memory() };
    let mut world = World::new(seed, cloud, store);
    world.profile = Profile::random(&mut rng);
    world.plan = Some(Plan::random(&mut rng));
    if rng.u32(0..8) == 0 {
        // the whole site had no power
        world.uptime = secs(rng.u64(60..300));
        for host in world.cloud.hosts.values_mut() {
            host.alive_since = BEGIN - secs(rng.u64(10..200));
        }
    }
    world.simplex = hosts == 1;
    world.config.instance.single_hypervisor = hosts == 1;
    world.config.kubernetes = rng.u32(0..4) == 0;
    for pool in [Pool::Network, Pool::Guest, Pool::Image, Pool::BlockStorage] {
        if rng.u32(0..5) == 0 {
            world.config.disabled.insert(pool);
        }
    }
    // some keep few decisions, so that there are always some to go
    world.config.history.decisions_per_object = if seed.is_multiple_of(3) { 2 } else { 20 };
    world.cloud.guest_plugin = !world.config.disabled.contains(&Pool::Guest);
    give_heartbeats(seed, &mut world.cloud);
    let by_users = [Fault::UserAsks, Fault::ApiAsks, Fault::StrategyStep];
    world.cloud.users =
        world.plan.as_ref().is_some_and(|plan| plan.kinds.iter().any(|kind| by_users.contains(kind)));
    let (busy, leave) = (secs(rng.u64(300..1800)), usize::from(hosts > 2 && rng.u32(0..3) == 0));
    world.start_plan(secs(60));
    let ended = world.run_for(busy).and_then(|()| {
        world.calm(leave);
        settle(&mut world)
    });
    match ended {
        Ok(()) => Ok(Report {
            hash: world.journal.hash(),
            inputs: world.inputs(),
            commits: world.commits,
            crashes: world.crashes,
        }),
        Err(failure) => Err((failure, world.journal.tail())),
    }
}

/// Runs until all is well and has been for a while.
pub fn settle(world: &mut World) -> Result<(), Failure> {
    let end = world.now + invariant::PATIENCE;
    let mut well = 0;
    loop {
        world.run_for(secs(30))?;
        world.unlock_rest();
        let mut wrong = match &world.vim {
            Some(vim) => {
                let mut wrong = invariant::unsettled(vim, &world.cloud);
                wrong.append(&mut stock::unsettled(vim, &world.cloud, &world.config.disabled));
                wrong
            }
            None => vec!["the VIM is not there".to_owned()],
        };
        wrong.extend(world.api_open.values().map(|(_, what)| format!("{what} is not answered")));
        well = if wrong.is_empty() { well + 1 } else { 0 };
        if well == 3 {
            return history::at_the_end(&world.store, world.config.history.decisions_per_object)
                .map_err(|what| Failure { at: world.now, what });
        }
        if world.now >= end {
            let what = format!(
                "not settled {} s after the last fault: {}",
                invariant::PATIENCE.as_secs(),
                wrong.join("; ")
            );
            return Err(Failure { at: world.now, what });
        }
    }
}
