//! How much of one core a day of a site costs: 100 hosts, 2,000 VMs, a fault a minute, in simulated time.
//!
//! `tools/bench simulated-day`. The same simulator as in the tests, with all invariants checked every so often.
#![allow(clippy::unwrap_used)]

#[path = "../tests/sim/mod.rs"]
mod sim;

use nix::sys::resource::{UsageWho, getrusage};
use sim::fault::{Fault, Plan};
use sim::scenario;
use sim::secs;
use sim::store::Store;
use sim::world::World;
use std::time::{Duration, Instant};

const HOSTS: u64 = 100;
const SERVERS: u64 = 2_000;
const SEED: u64 = 20_190_123;
/// Inputs between two checks of the invariants, which look at the whole cluster.
const CHECK_EVERY: u64 = 20_000;

/// What goes wrong on this day; the process of the VIM itself is left alone.
const FAULTS: [Fault; 9] = [
    Fault::HostsDie,
    Fault::ServerCrashes,
    Fault::ServerInError,
    Fault::Lock,
    Fault::Unlock,
    Fault::Unlock,
    Fault::UserAction,
    Fault::UserAsks,
    Fault::PortsFail,
];

fn processor_time() -> Duration {
    let used = getrusage(UsageWho::RUSAGE_SELF).unwrap().user_time();
    secs(used.tv_sec() as u64) + Duration::from_micros(used.tv_usec() as u64)
}

fn main() {
    let mut world = World::new(SEED, scenario::cluster(SEED, HOSTS, SERVERS, 60), Store::memory());
    world.check_every = CHECK_EVERY;
    world.journal.silent = true;
    world.plan = Some(Plan { kinds: FAULTS.to_vec(), pause: 119 });
    world.cloud.users = true;
    world.start_plan(secs(300));
    let begun = Instant::now();
    let day = world.run_for(secs(24 * 3600));
    let (wall, used) = (begun.elapsed(), processor_time());
    if let Err(failure) = day {
        eprintln!("at {:?}: {}\n{}", failure.at, failure.what, world.journal.tail());
        std::process::exit(1);
    }
    println!("one day of {HOSTS} hosts and {SERVERS} VMs, a fault a minute (mean)");
    println!("  inputs handled        {:>12}", world.inputs());
    println!("  commits               {:>12}", world.commits);
    println!("  event logs            {:>12}", world.logs.len());
    println!("  requests to Nova      {:>12}", world.cloud.requests.len());
    println!("  time of the core      {:>12.2} s", world.core_time.as_secs_f64());
    println!(
        "  with the simulation   {:>12.2} s ({:.2} s of user time)",
        wall.as_secs_f64(),
        used.as_secs_f64()
    );
}
