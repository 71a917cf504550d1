//! Patch strategies over a simulated cluster: neighbours that fail, a VIM that crashes, operators that abort.
//!
//! `cargo test -p nfv-vim --test strategy_simulation` plays 60 seeds; another range by hand:
//! `NFV_SIM_SEEDS=1000..2000`. With `NFV_SIM_VERBOSE=1` the whole journal is printed.
#![allow(clippy::unwrap_used)] // in helpers of tests

mod sim;

use nfv_common::strategy::{Outcome, StepKind, StrategyState};
use nfv_vim_rpc::Request;
use nfv_vim_rpc::strategy::{CreateStrategy, DeleteStrategy, StrategyAction};
use sim::cloud::Cloud;
use sim::fault::Profile;
use sim::invariant::Failure;
use sim::scenario::cluster;
use sim::secs;
use sim::store::Store;
use sim::world::{CrashPoint, World};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A strategy may take this long in all: each of its steps has a limit.
const LONGEST: u64 = 24 * 3600;

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn kind() -> Option<String> {
    text("sw-patch")
}

fn create(worker: &str, action: &str, restrictions: &str) -> Request {
    Request::CreateStrategy(CreateStrategy {
        sw_update_type: kind(),
        controller_apply_type: text("ignore"),
        storage_apply_type: text("ignore"),
        swift_apply_type: text("ignore"),
        worker_apply_type: text(worker),
        max_parallel_worker_hosts: Some(2),
        default_instance_action: text(action),
        alarm_restrictions: text(restrictions),
    })
}

fn apply(stage_id: Option<u64>) -> Request {
    Request::ApplyStrategy(StrategyAction { sw_update_type: kind(), stage_id })
}

fn abort() -> Request {
    Request::AbortStrategy(StrategyAction { sw_update_type: kind(), stage_id: None })
}

fn delete(force: bool) -> Request {
    Request::DeleteStrategy(DeleteStrategy { sw_update_type: kind(), force })
}

fn state(world: &World) -> Option<StrategyState> {
    world.vim.as_ref()?.sw_update()?.strategy().map(|strategy| strategy.state)
}

fn is_busy(state: Option<StrategyState>) -> bool {
    matches!(state, Some(StrategyState::Building | StrategyState::Applying | StrategyState::Aborting))
}

fn fail<T>(world: &World, what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { at: world.now, what: what.into() })
}

/// Runs until the strategy is not busy any more.
fn until_idle(world: &mut World, mut meanwhile: impl FnMut(&mut World)) -> Result<StrategyState, Failure> {
    let end = world.now + secs(LONGEST);
    loop {
        world.run_for(secs(10))?;
        meanwhile(world);
        match state(world) {
            Some(state) if !is_busy(Some(state)) => return Ok(state),
            _ if world.now > end => {
                let waits = world.vim.as_ref().map(|vim| vim.waits()).unwrap_or_default();
                return fail(world, format!("the strategy is still {:?}, waits {waits:?}", state(world)));
            }
            _ => {}
        }
    }
}

/// Asks until there is a VIM that answers.
fn ask(world: &mut World, request: Request) -> Result<(), Failure> {
    while world.vim.is_none() {
        world.run_for(secs(1))?;
    }
    world.ask_api(request);
    Ok(())
}

/// The names that a log tells behind these words.
fn named<'a>(log: &'a str, words: &str) -> Option<&'a str> {
    log.split_once(words).map(|(_, names)| names.split(';').next().unwrap_or(names))
}

/// The hosts that the strategy locked and left locked, that no log names.
fn silently_locked(world: &World) -> Vec<String> {
    let Some(vim) = &world.vim else { return Vec::new() };
    let Some(strategy) = vim.sw_update().and_then(|update| update.strategy()) else { return Vec::new() };
    let begun = strategy.apply.stages.iter().flat_map(|stage| &stage.steps);
    let locked: BTreeSet<_> = begun
        .filter(|step| step.kind.name() == "lock-hosts" && step.result != Outcome::Initial)
        .filter_map(|step| step.kind.task.hosts())
        .flat_map(|hosts| hosts.names.iter().cloned())
        .filter(|name| world.cloud.hosts[name].locked)
        .collect();
    let said = |name: &String| {
        world.logs.iter().any(|(_, log)| {
            named(log, "left locked: ").is_some_and(|names| names.split(", ").any(|one| one == name))
        })
    };
    locked.into_iter().filter(|name| !said(name)).collect()
}

fn verbose(world: &World) {
    if std::env::var_os("NFV_SIM_VERBOSE").is_some() {
        eprintln!("{}", world.journal.tail());
    }
}

fn site(seed: u64, rng: &mut fastrand::Rng) -> Cloud {
    let hosts = rng.u64(3..=4);
    let mut cloud = cluster(seed, hosts, rng.u64(2..=7), 20);
    for server in cloud.servers.values_mut() {
        server.live = rng.u32(0..4) > 0;
    }
    (cloud.users, cloud.strategies) = (true, true);
    cloud.release_patch(rng.u32(0..5) > 0);
    cloud
}

/// One night: a strategy while things go wrong, then, in calm, a new one that must bring everything to its end.
fn night(seed: u64) -> Result<StrategyState, (Failure, String)> {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x9a7c);
    let cloud = site(seed, &mut rng);
    let mut world = World::new(seed, cloud, Store::memory());
    let result = troubled(&mut world, &mut rng).and_then(|state| {
        converges(&mut world, &mut rng)?;
        Ok(state)
    });
    verbose(&world);
    result.map_err(|failure| (failure, world.journal.tail()))
}

fn troubled(world: &mut World, rng: &mut fastrand::Rng) -> Result<StrategyState, Failure> {
    world.run_for(secs(60))?;
    let worker = ["serial", "parallel"][rng.usize(0..2)];
    let action = ["migrate", "stop-start"][rng.usize(0..2)];
    if rng.bool() {
        world.profile = Profile::random(rng);
        // a call that nobody answers costs a minute; too many make a night of failed builds
        world.profile.lost_request = world.profile.lost_request.min(3);
    } else if rng.bool() {
        world.profile.crash = rng.u32(1..40);
    }
    world.cloud.patching.failures = if rng.u32(0..4) == 0 { 40 } else { 0 };
    world.cloud.op_failures = if rng.u32(0..4) == 0 { 20 } else { 0 };
    ask(world, create(worker, action, "strict"))?;
    let mut built = until_idle(world, |_| {})?;
    for _ in 0..3 {
        if built == StrategyState::ReadyToApply {
            break;
        }
        // refused or lost: the operator tries again
        ask(world, delete(false))?;
        world.run_for(secs(5))?;
        ask(world, create(worker, action, "strict"))?;
        built = until_idle(world, |_| {})?;
    }
    if built != StrategyState::ReadyToApply {
        return Ok(built);
    }
    let stage = rng.bool().then_some(0).filter(|_| rng.u32(0..3) == 0);
    ask(world, apply(stage))?;
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
        if aborts < 1 + u32::from(again) && abort_at.is_some_and(|at| world.now >= at + secs(20) * aborts) {
            aborts += 1;
            world.ask_api(abort());
        }
        if !forced && force_at.is_some_and(|at| world.now >= at) && is_busy(state(world)) {
            forced = true;
            let silent = silently_locked(world);
            world.ask_api(delete(true));
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

/// Nothing goes wrong any more: the strategy is deleted, the operator unlocks what is locked, and a new one is applied.
fn converges(world: &mut World, rng: &mut fastrand::Rng) -> Result<(), Failure> {
    world.calm(0);
    world.cloud.patching.failures = 0;
    world.cloud.fm_alarms.clear();
    ask(world, delete(true))?;
    // what a strategy said it left stopped is the operator's to start
    let left: String = world.logs.iter().filter_map(|(_, log)| named(log, "left stopped: ")).collect();
    for server in world.cloud.servers.values_mut() {
        server.user_stopped |= server.vm == "stopped" && left.contains(&server.name);
    }
    sim::scenario::settle(world)?;
    // a host that was being unlocked when its strategy was deleted comes back
    for _ in 0..80 {
        if world.cloud.hosts.values().all(|host| !host.locked && host.enabled) {
            break;
        }
        world.run_for(secs(30))?;
        world.unlock_rest();
    }
    world.run_for(secs(60))?;
    if state(world).is_some() {
        return fail(world, "the strategy is not deleted");
    }
    let raised: Vec<_> =
        world.raised.values().filter(|what| what.contains("orchestration")).cloned().collect();
    if !raised.is_empty() {
        return fail(world, format!("{raised:?} raised without a strategy"));
    }
    if world.cloud.all_patched() {
        return Ok(());
    }
    let action = ["migrate", "stop-start"][rng.usize(0..2)];
    ask(world, create("serial", action, "strict"))?;
    let built = until_idle(world, |_| {})?;
    if built != StrategyState::ReadyToApply {
        return fail(world, format!("a new strategy is {built}: {}", reason(world)));
    }
    ask(world, apply(None))?;
    let end = until_idle(world, |_| {})?;
    if end != StrategyState::Applied || !world.cloud.all_patched() {
        return fail(world, format!("the new strategy is {end}: {}", reason(world)));
    }
    world.run_for(secs(120))?;
    let locked: Vec<_> =
        world.cloud.hosts.values().filter(|host| host.locked).map(|host| &host.name).collect();
    if !locked.is_empty() {
        return fail(world, format!("{locked:?} are locked though the strategy is applied"));
    }
    sim::scenario::settle(world)
}

fn reason(world: &World) -> String {
    let strategy = world.vim.as_ref().and_then(|vim| vim.sw_update()).and_then(|update| update.strategy());
    strategy.map(|s| format!("{} / {}", s.build.reason, s.apply.reason)).unwrap_or_default()
}

fn seeds() -> Vec<u64> {
    let Ok(text) = std::env::var("NFV_SIM_SEEDS") else { return (0..60).collect() };
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

/// A strategy without chance, with a crash at a commit or without: how often each host was patched, and its end.
fn calm_strategy(
    worker: &str,
    action: &str,
    crash: Option<CrashPoint>,
) -> Result<(u64, u64, String), (Failure, String)> {
    let mut cloud = cluster(7, 3, 5, 20);
    cloud.steady = true;
    (cloud.users, cloud.strategies) = (true, true);
    cloud.release_patch(true);
    let mut world = World::new(7, cloud, Store::memory());
    world.crash_at = crash;
    let run = |world: &mut World| -> Result<(u64, u64, String), Failure> {
        world.run_for(secs(60))?;
        let first = world.commits;
        ask(world, create(worker, action, "strict"))?;
        // the request may have been lost with the process
        if state(world).is_none() {
            while world.vim.is_none() {
                world.run_for(secs(1))?;
            }
            if state(world).is_none() {
                ask(world, create(worker, action, "strict"))?;
            }
        }
        let built = until_idle(world, |_| {})?;
        if built != StrategyState::ReadyToApply {
            return fail(world, format!("the strategy is {built}: {}", reason(world)));
        }
        ask(world, apply(None))?;
        while world.vim.is_none() {
            world.run_for(secs(1))?;
        }
        if state(world) == Some(StrategyState::ReadyToApply) {
            ask(world, apply(None))?;
        }
        let end = until_idle(world, |_| {})?;
        let last = world.commits;
        world.run_for(secs(300))?;
        let hosts: Vec<_> = world
            .cloud
            .hosts
            .values()
            .map(|host| {
                let patch = &world.cloud.patching.hosts[&host.name];
                format!(
                    "{} locked {} current {} installed {}",
                    host.name, host.locked, patch.current, patch.installed
                )
            })
            .collect();
        let servers: Vec<_> =
            world.cloud.servers.values().map(|s| format!("{} {} {}", s.name, s.vm, s.power)).collect();
        let raised: Vec<_> = world.raised.values().collect();
        Ok((first, last, format!("{end} {} {hosts:?} {servers:?} {raised:?}", reason(world))))
    };
    run(&mut world).map_err(|failure| (failure, world.journal.tail()))
}

fn crash_matrix(worker: &str, action: &str, every: u64) {
    let (first, last, calm) = calm_strategy(worker, action, None).unwrap_or_else(|(failure, tail)| {
        panic!("without a crash: {}\n{tail}", failure.what);
    });
    assert!(calm.starts_with("applied"), "{calm}");
    let points: Vec<_> = (first + 1..=last)
        .step_by(every as usize)
        .flat_map(|commit| [false, true].map(|effects_left| CrashPoint { commit, effects_left }))
        .collect();
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    let story = match calm_strategy(worker, action, Some(*point)) {
                        Ok((_, _, end)) if end == calm => continue,
                        Ok((_, _, end)) => format!("{point:?}: ends\n  {end}\n  without the crash\n  {calm}"),
                        Err((failure, tail)) => format!("{point:?}: {}\n{tail}", failure.what),
                    };
                    failed.lock().unwrap().push((point.commit, story));
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    for (_, story) in failed.iter().take(2) {
        eprintln!("{story}");
    }
    println!("{worker} {action}: {} crashes", points.len());
    assert!(failed.is_empty(), "{} of {} crashes end otherwise", failed.len(), points.len());
}

/// Every commit is tried with `NFV_SIM_EVERY=1`; without it every fifth, to be quick.
fn every() -> u64 {
    std::env::var("NFV_SIM_EVERY").ok().and_then(|every| every.parse().ok()).unwrap_or(5)
}

#[test]
fn a_crash_at_any_commit_of_a_serial_migrate_strategy_changes_nothing() {
    crash_matrix("serial", "migrate", every());
}

#[test]
fn a_crash_at_any_commit_of_a_parallel_stop_start_strategy_changes_nothing() {
    crash_matrix("parallel", "stop-start", every());
}
