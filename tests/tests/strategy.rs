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

/// Nights on sites of their own, all at once: they mostly wait.
async fn together(nights: Vec<Night>) {
    let mut playing = tokio::task::JoinSet::new();
    for night in nights {
        playing.spawn(night.play());
    }
    // a night that fails tells which it is and panics; the others are dropped with their processes
    while let Some(played) = playing.join_next().await {
        played.unwrap();
    }
}

#[tokio::test]
async fn sites_are_patched_host_by_host_and_in_parallel_with_moves_and_with_stops() {
    together(vec![
        Night::patch(standard(false), "serial", Action::Migrate),
        Night::patch(standard(false), "serial", Action::StopStart),
        Night::patch(standard(false), "parallel", Action::StopStart),
    ])
    .await;
}

#[tokio::test]
async fn sites_are_upgraded_host_by_host_and_in_parallel_and_no_server_notices() {
    together(vec![Night::upgrade(standard(false), "serial"), Night::upgrade(standard(false), "parallel")])
        .await;
}

#[tokio::test]
async fn a_simplex_is_patched_with_stops_and_a_duplex_with_moves() {
    let simplex = Topology { controllers: 1, all_in_one: true, storage: 0, workers: 0, servers: 3 };
    let duplex = Topology { controllers: 2, ..simplex };
    together(vec![
        Night::patch(simplex, "serial", Action::StopStart),
        Night::patch(duplex, "serial", Action::Migrate),
    ])
    .await;
}
