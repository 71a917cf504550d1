//! The seeded simulation of the VIM core.
//!
//! `cargo test -p nfv-vim --test simulation` plays seeds 0 to 1999; another range by hand:
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
    let Ok(text) = std::env::var("NFV_SIM_SEEDS") else { return 0..2000 };
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
             cargo test -p nfv-vim --test simulation seeds_hold -- --nocapture\n",
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

/// Seeds that found a mistake of the core once, and what it was. What a seed does changes when the simulation changes:
/// they are played because such seeds were good at finding, `contract/mistake.rs` holds the mistakes themselves.
const REGRESSIONS: [(u64, &str); 31] = [
    (6, "270.001 stayed raised when the VIM was restarted before the services were well again"),
    (27, "a host being locked counted as down, its healthy instances were set to error"),
    (42, "an evacuation that waited behind hanging calls left although its host had come back"),
    (
        101,
        "the recovery audit issued an evacuation anew every 30 s while it waited for the host to be offline",
    ),
    (130, "a late notification of a crash had a healthy instance rebooted"),
    (163, "a cold migration whose confirmation got lost stayed unconfirmed"),
    (212, "an unanswered question after a reboot led to a rebuild and to a second reboot"),
    (461, "what an earlier process had under way was never forgotten and made a failing count as done"),
    (469, "a failed lock of the only hypervisor left its instances stopped"),
    (541, "a crash while instances were started one after another left the rest stopped"),
    (753, "a second crash made the VIM forget an evacuation under way, which was asked for twice"),
    (966, "an evacuation whose target had died was never asked for again"),
    (2140, "an evacuation stuck since an earlier process counted as under way for ever"),
    (2291, "a user's stop right after a start by the VIM was taken for the lock's"),
    (2452, "a rebuild stuck since an earlier process was never given up"),
    (2773, "the same on a host that had come back"),
    (3536, "a request to force a host down arrived behind the one that took it up again, and stayed"),
    (4099, "recovery acted on what Nova had shown five minutes ago"),
    (11239, "a crash right after a deletion brought the instance back and told its deletion twice"),
    (3024, "an evacuation that timed out under a lock left the instance rebuilding for ever"),
    (79021, "the same after its host had come back"),
    (17502, "a migration that gave way to a reboot left a strategy's operation waiting for ever"),
    (40983, "a migration asked for while the one before was being confirmed was never begun"),
    (20249, "a user's start made the VIM forget that a cold migration was still to be confirmed"),
    (39463, "a start was taken for complete by late news of the stop before it"),
    (53134, "a reboot that had waited left although its instance had been seen well"),
    (80520, "two empty listings with a filled page between them were believed"),
    (20913, "an instance that moved while it was stopped left its operation waiting for ever"),
    (22270, "a user's refused start made a serial start go on with two at once"),
    (22492, "an evacuation given up on late news was asked for while Nova performed it"),
    (2855, "a late notification made the VIM forget which instances a lock had stopped"),
];

#[test]
fn seeds_that_found_mistakes_pass() {
    play_all(&REGRESSIONS.map(|(seed, _)| seed));
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

/// docs/extensions.md, "Preview": what is foretold is what is then done.
#[test]
fn what_a_preview_says_is_what_happens() {
    let seeds = std::env::var("NFV_SIM_SEEDS").map_or(0..200, |_| range());
    let failed: Vec<_> =
        seeds.filter_map(|seed| sim::foresight::play(seed).err().map(|why| (seed, why.what))).collect();
    for (seed, what) in failed.iter().take(TOLD) {
        println!("seed {seed}: {what}");
    }
    assert!(
        failed.is_empty(),
        "{} seeds: {:?}",
        failed.len(),
        failed.iter().map(|(seed, _)| seed).collect::<Vec<_>>()
    );
}
