//! Strategies over simulated sites: neighbours that fail, a VIM that crashes, operators that abort.
//!
//! `cargo test -p nfv-vim --test strategy_simulation` plays 40 nights and a part of the matrices. By hand: other nights
//! with `NFV_SIM_SEEDS=1000..2000`, every n-th point of the matrices with `NFV_SIM_EVERY=n` (of some cases with
//! `NFV_SIM_CASE=Simplex`). With `NFV_SIM_VERBOSE=1` the whole journal is printed.
#![allow(clippy::unwrap_used)] // in helpers of tests

#[path = "strategy_nights/case.rs"]
mod case;
#[path = "strategy_nights/foresight.rs"]
mod foresight;
#[path = "strategy_nights/lessons.rs"]
mod lessons;
#[path = "strategy_nights/matrix.rs"]
mod matrix;
mod sim;

use case::{
    Case, Kind, LONGEST, Site, ask, converges, fail, is_busy, silently_locked, state, until_idle, verbose,
};
use nfv_common::strategy::{Outcome, StrategyState};
use sim::fault::Profile;
use sim::invariant::Failure;
use sim::secs;
use sim::world::World;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Somebody sees to an alarm within this time; an upgrade waits for four hours, and anew after each crash.
const ALARM_LASTS: std::time::Duration = secs(2 * 3600);

/// The case of a night: mostly workers, since most of what can go wrong is there.
fn chosen(rng: &mut fastrand::Rng) -> Case {
    let site = match rng.u32(0..8) {
        0 => Site::Simplex,
        1 => Site::Duplex,
        2 | 3 => Site::Standard,
        _ => Site::Workers(rng.u64(3..=4)),
    };
    let upgrade = site == Site::Standard && rng.bool();
    let action = ["migrate", "stop-start"][rng.usize(0..2)];
    Case {
        site,
        kind: if upgrade { Kind::Upgrade } else { Kind::Patch },
        apply: ["serial", "parallel"][rng.usize(0..2)],
        action: if site == Site::Simplex { "stop-start" } else { action },
    }
}

/// One night: a strategy while things go wrong, then, in calm, a new one that must bring everything to its end.
fn night(seed: u64) -> Result<StrategyState, (Failure, String)> {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x9a7c);
    let case = chosen(&mut rng);
    let mut cloud = case.cloud(seed, rng.u64(2..=7), rng.u32(0..5) > 0);
    for server in cloud.servers.values_mut() {
        server.live = rng.u32(0..4) > 0;
    }
    let mut world = case.world(seed, cloud);
    let result = troubled(&mut world, case, &mut rng).and_then(|state| {
        converges(&mut world, case)?;
        Ok(state)
    });
    verbose(&world);
    result.map_err(|failure| (failure, world.journal.tail()))
}

fn troubled(world: &mut World, case: Case, rng: &mut fastrand::Rng) -> Result<StrategyState, Failure> {
    world.run_for(secs(60))?;
    if rng.bool() {
        world.profile = Profile::random(rng);
        // a call that nobody answers costs a minute; too many make a night of failed builds
        world.profile.lost_request = world.profile.lost_request.min(3);
    } else if rng.bool() {
        world.profile.crash = rng.u32(1..40);
    }
    world.cloud.patching.failures = if rng.u32(0..4) == 0 { 40 } else { 0 };
    world.cloud.op_failures = if rng.u32(0..4) == 0 { 20 } else { 0 };
    ask(world, case.create())?;
    let mut built = until_idle(world, |_| {})?;
    for _ in 0..3 {
        if built == StrategyState::ReadyToApply {
            break;
        }
        // refused or lost: the operator tries again
        ask(world, case.delete(false))?;
        world.run_for(secs(5))?;
        ask(world, case.create())?;
        built = until_idle(world, |_| {})?;
    }
    if built != StrategyState::ReadyToApply {
        return Ok(built);
    }
    let stage = rng.bool().then_some(0).filter(|_| rng.u32(0..3) == 0);
    ask(world, case.apply(stage))?;
    let begun = world.now;
    let abort_at = rng.bool().then(|| begun + secs(rng.u64(1..4000)));
    let alarm_at = (rng.u32(0..4) == 0).then(|| begun + secs(rng.u64(1..3000)));
    let force_at = (rng.u32(0..10) == 0).then(|| begun + secs(rng.u64(1..3000)));
    let (mut aborts, mut alarmed, mut forced) = (0, false, false);
    let again = rng.bool();
    let end = until_idle_or_between(world, |world| {
        if !alarmed && alarm_at.is_some_and(|at| world.now >= at) {
            alarmed = true;
            world.cloud.raise_fm_alarm();
        }
        if alarm_at.is_some_and(|at| world.now >= at + ALARM_LASTS) {
            world.cloud.fm_alarms.clear();
        }
        if aborts < 1 + u32::from(again) && abort_at.is_some_and(|at| world.now >= at + secs(20) * aborts) {
            aborts += 1;
            world.ask_api(case.abort());
        }
        if !forced && force_at.is_some_and(|at| world.now >= at) && is_busy(state(world)) {
            forced = true;
            let silent = silently_locked(world);
            world.ask_api(case.delete(true));
            if let Some(name) = silent.iter().find(|name| {
                !world
                    .logs
                    .iter()
                    .any(|(_, log)| log.contains("left locked: ") && log.contains(name.as_str()))
            }) && state(world).is_none()
                && world.vim.is_some()
            {
                world
                    .cloud
                    .violations
                    .push(format!("{name} is left locked by a forced deletion without a word"));
            }
        }
        forced && world.vim.is_some() && state(world).is_none()
    })?;
    let Some(end) = end else { return Ok(StrategyState::Aborted) };
    // what was under way when the strategy ended comes to its end
    world.profile = Profile::default();
    world.run_for(secs(400))?;
    let silent = silently_locked(world);
    if !silent.is_empty() {
        return fail(world, format!("the strategy is {end}, {silent:?} are left locked without a word"));
    }
    if end != StrategyState::Applied {
        let strategy =
            world.vim.as_ref().and_then(|vim| vim.sw_update()).and_then(|update| update.strategy());
        let reason = strategy.map(|strategy| (strategy.apply.result, strategy.apply.reason.clone()));
        if let Some((Outcome::Failed | Outcome::TimedOut, reason)) = reason
            && reason.is_empty()
        {
            return fail(world, format!("the strategy is {end} and does not say why"));
        }
    }
    Ok(end)
}

/// As `until_idle`; a strategy that stopped between single stages counts as well, and one that is gone.
fn until_idle_or_between(
    world: &mut World,
    mut meanwhile: impl FnMut(&mut World) -> bool,
) -> Result<Option<StrategyState>, Failure> {
    let end = world.now + secs(LONGEST);
    loop {
        world.run_for(secs(10))?;
        if meanwhile(world) {
            return Ok(None);
        }
        let strategy =
            world.vim.as_ref().and_then(|vim| vim.sw_update()).and_then(|update| update.strategy());
        if let Some(strategy) = strategy {
            let between = strategy.state == StrategyState::Applying
                && strategy.apply.current_stage == strategy.apply.stop_at_stage;
            if between || !is_busy(Some(strategy.state)) {
                return Ok(Some(strategy.state));
            }
        }
        if world.now > end {
            let waits = world.vim.as_ref().map(|vim| vim.waits()).unwrap_or_default();
            return fail(world, format!("the strategy is still {:?}, waits {waits:?}", state(world)));
        }
    }
}

fn seeds() -> Vec<u64> {
    let Ok(text) = std::env::var("NFV_SIM_SEEDS") else { return (0..40).collect() };
    let (from, to) = text.split_once("..").expect("a range such as 0..500");
    (from.parse().unwrap()..to.parse().unwrap()).collect()
}

#[test]
fn troubled_nights_end_well_and_a_new_strategy_converges() {
    let seeds = seeds();
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    let ends = Mutex::new(std::collections::BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    match std::panic::catch_unwind(|| night(*seed)) {
                        Ok(Ok(state)) => *ends.lock().unwrap().entry(state.as_str()).or_insert(0) += 1,
                        Ok(Err((failure, tail))) => {
                            let at = failure.at.since_origin().as_secs();
                            let story = format!("seed {seed} failed at {at} s: {}\n{tail}", failure.what);
                            failed.lock().unwrap().push((*seed, story));
                        }
                        Err(_) => failed.lock().unwrap().push((*seed, format!("seed {seed} panicked"))),
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    for (_, story) in failed.iter().take(3) {
        eprintln!("{story}");
    }
    println!("{} nights ended {:?}", seeds.len(), ends.into_inner().unwrap());
    let numbers: Vec<_> = failed.iter().map(|(seed, _)| *seed).collect();
    assert!(failed.is_empty(), "{} of {} seeds failed: {numbers:?}", failed.len(), seeds.len());
}

#[test]
fn a_stage_does_what_its_preview_said() {
    let seeds = std::env::var("NFV_SIM_SEEDS").map_or(0..8, |_| {
        let seeds = seeds();
        seeds[0]..seeds[seeds.len() - 1] + 1
    });
    foresight::stages_do_what_was_foretold(seeds);
}
