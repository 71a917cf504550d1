//! Strategies at night: nfv-vim as a process, the lab as its cloud, and an operator who asks by RPC. Contract: strategies.
//!
//! One test plays 2 controllers, 2 storage hosts, 20 workers and 200 servers; with `NFV_STRATEGY_FULL=1` all of a
//! standard site do. Waits are seconds where production takes minutes.

#![allow(clippy::unwrap_used)]

#[path = "strategy/night.rs"]
mod night;

use night::{Action, Night, Topology};

/// All that a standard site has, or a small part of it.
fn standard(always_full: bool) -> Topology {
    let full = always_full || std::env::var_os("NFV_STRATEGY_FULL").is_some();
    let (workers, servers) = if full { (20, 10) } else { (4, 3) };
    Topology { controllers: 2, all_in_one: false, storage: 2, workers, servers }
}

#[tokio::test]
async fn a_whole_site_is_patched_in_parallel_and_no_server_notices() {
    Night::patch(standard(true), "parallel", Action::Migrate).play().await;
}

#[tokio::test]
async fn a_site_is_patched_host_by_host_and_no_server_notices() {
    Night::patch(standard(false), "serial", Action::Migrate).play().await;
}

#[tokio::test]
async fn a_site_is_patched_in_parallel_with_stops_and_starts() {
    Night::patch(standard(false), "parallel", Action::StopStart).play().await;
}

#[tokio::test]
async fn a_site_is_patched_host_by_host_with_stops_and_starts() {
    Night::patch(standard(false), "serial", Action::StopStart).play().await;
}

#[tokio::test]
async fn a_site_is_upgraded_in_parallel_and_no_server_notices() {
    Night::upgrade(standard(false), "parallel").play().await;
}

#[tokio::test]
async fn a_site_is_upgraded_host_by_host_and_no_server_notices() {
    Night::upgrade(standard(false), "serial").play().await;
}

#[tokio::test]
async fn a_simplex_is_patched_with_stops_and_starts() {
    let simplex = Topology { controllers: 1, all_in_one: true, storage: 0, workers: 0, servers: 3 };
    Night::patch(simplex, "serial", Action::StopStart).play().await;
}

#[tokio::test]
async fn a_duplex_is_patched_and_no_server_notices() {
    let duplex = Topology { controllers: 2, all_in_one: true, storage: 0, workers: 0, servers: 3 };
    Night::patch(duplex, "serial", Action::Migrate).play().await;
}
