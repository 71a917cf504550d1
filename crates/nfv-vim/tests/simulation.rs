//! The seeded simulation of the VIM core.
//!
//! `cargo test -p nfv-vim --test simulation` plays seeds 0 to 199; another range by hand:
//! `NFV_SIM_SEEDS=1000..2000 cargo test -p nfv-vim --release --test simulation`. A seed that fails is printed with the
//! end of its journal; `NFV_SIM_SEEDS=n..n+1 NFV_SIM_VERBOSE=1` plays it again with the whole journal.
#![allow(clippy::unwrap_used)] // in helpers of tests

mod sim;

use sim::scenario;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Threads that play seeds.
const THREADS: usize = 2;

/// Failing seeds that are told in full.
const TOLD: usize = 5;

fn range() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("NFV_SIM_SEEDS") else { return 0..200 };
    let parsed =
        text.split_once("..").and_then(|(from, to)| Some(from.trim().parse().ok()?..to.trim().parse().ok()?));
    parsed.unwrap_or_else(|| panic!("NFV_SIM_SEEDS={text}: a range such as 1000..2000 is wanted"))
}

/// One seed; a panic of the core is a failure like any other.
fn fails(seed: u64) -> Option<String> {
    let played = std::panic::catch_unwind(|| scenario::play(seed));
    match played {
        Ok(Ok(_)) => None,
        Ok(Err((failure, tail))) => Some(format!(
            "seed {seed} failed at {:.3} s: {}\n{tail}play it again: NFV_SIM_SEEDS={seed}..{} NFV_SIM_VERBOSE=1 \
             cargo test -p nfv-vim --test simulation seeds -- --nocapture\n",
            failure.at.since_origin().as_secs_f64(),
            failure.what,
            seed + 1,
        )),
        Err(_) => Some(format!("seed {seed} failed: the core panicked, see above\n")),
    }
}

fn play_all(seeds: &[u64]) {
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    if let Some(story) = fails(*seed) {
                        failed.lock().unwrap().push((*seed, story));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    if !failed.is_empty() {
        for (_, story) in failed.iter().take(TOLD) {
            eprintln!("{story}");
        }
        let numbers: Vec<_> = failed.iter().map(|(seed, _)| *seed).collect();
        panic!("{} of {} seeds failed: {numbers:?}", failed.len(), seeds.len());
    }
}

#[test]
fn seeds_hold_every_invariant_and_settle() {
    play_all(&range().collect::<Vec<_>>());
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    for seed in [3, 14] {
        let hashes: Vec<_> = (0..2).map(|_| scenario::play(seed).map(|report| report.hash).ok()).collect();
        assert_eq!(hashes[0], hashes[1], "seed {seed}");
    }
    let other = |seed| scenario::play(seed).map(|report| report.hash).ok();
    assert_ne!(other(3), other(14), "different seeds differ");
}
