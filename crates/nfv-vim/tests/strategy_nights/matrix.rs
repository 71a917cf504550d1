//! Strategies without chance: what happens when the VIM crashes at each commit, an operator aborts at each step, and each
//! neighbour fails in each way at each step.

use crate::case::{
    CASES, Case, ask, converges, fail, is_busy, named, reason, silently_locked, state, until_idle,
};
use crate::sim::fault::Outage;
use crate::sim::invariant::Failure;
use crate::sim::world::{CrashPoint, World};
use crate::sim::{millis, secs};
use nfv_common::strategy::{Outcome, StepKind, StrategyState};
use nfv_common::time::Mono;
use nfv_nfvi::Pool;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How finely a strategy is watched.
const TICK: Duration = millis(200);
/// How long a neighbour is in trouble, if the strategy does not end before.
const TROUBLE: Duration = secs(2 * 3600);
/// Threads that play.
const THREADS: usize = 2;

type Story = (Failure, String);

/// Every n-th point with `NFV_SIM_EVERY=n`; else a few, evenly spread and others for each case, to be quick.
fn some<T>(points: Vec<T>, few: usize, case: usize) -> Vec<T> {
    let every = std::env::var("NFV_SIM_EVERY").ok().and_then(|every| every.parse().ok());
    let step = every.unwrap_or_else(|| points.len().div_ceil(few).max(1));
    let first = if every.is_some() { 0 } else { case * 7 % step };
    points.into_iter().skip(first).step_by(step).collect()
}

/// All cases, or with `NFV_SIM_CASE=text` those whose name has the text in it.
fn chosen() -> impl Iterator<Item = (usize, Case)> {
    let wanted = std::env::var("NFV_SIM_CASE").unwrap_or_default();
    CASES.into_iter().enumerate().filter(move |(_, case)| case.name().contains(&wanted))
}

fn calm_world(case: Case) -> World {
    let mut cloud = case.cloud(7, 5, true);
    cloud.steady = true;
    case.world(7, cloud)
}

fn with_tail<T>(world: &World, result: Result<T, Failure>) -> Result<T, Story> {
    result.map_err(|failure| (failure, world.journal.tail()))
}

/// Makes the strategy and begins to apply it; a request that a crash swallowed is made again.
fn begin(world: &mut World, case: Case) -> Result<(), Failure> {
    ask(world, case.create())?;
    while world.vim.is_none() {
        world.run_for(secs(1))?;
    }
    if state(world).is_none() {
        ask(world, case.create())?;
    }
    let built = until_idle(world, |_| {})?;
    if built != StrategyState::ReadyToApply {
        return fail(world, format!("the strategy is {built}: {}", reason(world)));
    }
    ask(world, case.apply(None))?;
    while world.vim.is_none() {
        world.run_for(secs(1))?;
    }
    if state(world) == Some(StrategyState::ReadyToApply) {
        ask(world, case.apply(None))?;
    }
    Ok(())
}

/// The site as it is left, in words.
fn end_of(world: &World, end: StrategyState) -> String {
    let hosts: Vec<_> = world
        .cloud
        .hosts
        .values()
        .map(|host| {
            let patch = world.cloud.patching.hosts.get(&host.name);
            let patch = patch.map(|patch| (patch.current, patch.installed));
            format!("{} locked {} {patch:?} {} {}", host.name, host.locked, host.release, host.upgraded)
        })
        .collect();
    let servers: Vec<_> =
        world.cloud.servers.values().map(|s| format!("{} {} {}", s.name, s.vm, s.power)).collect();
    let raised: Vec<_> = world.raised.values().collect();
    format!("{end} {} {:?} {hosts:?} {servers:?} {raised:?}", reason(world), world.cloud.upgrade)
}

/// A strategy that was played to its end.
struct Played {
    /// The first commit of the strategy.
    first: u64,
    /// Its last one.
    last: u64,
    /// The site as it was left.
    end: String,
    /// The end of the journal.
    tail: String,
}

fn play(case: Case, crash: Option<CrashPoint>) -> Result<Played, Story> {
    let mut world = calm_world(case);
    world.crash_at = crash;
    let run = |world: &mut World| {
        world.run_for(secs(60))?;
        let first = world.commits;
        begin(world, case)?;
        let end = until_idle(world, |_| {})?;
        let last = world.commits;
        world.run_for(secs(300))?;
        Ok(Played { first, last, end: end_of(world, end), tail: world.journal.tail() })
    };
    let result = run(&mut world);
    with_tail(&world, result)
}

/// Plays all points on all threads; each gives a story when it failed.
fn each<T: Sync>(what: &str, points: &[T], play: impl Fn(&T) -> Option<String> + Sync) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(point) = points.get(at) else { break };
                    if let Some(story) = play(point) {
                        failed.lock().unwrap().push((at, story));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    for (_, story) in failed.iter().take(2) {
        eprintln!("{story}");
    }
    for (_, story) in failed.iter().skip(2) {
        eprintln!("{}", story.lines().next().unwrap_or_default());
    }
    println!("{what}: {} points", points.len());
    assert!(failed.is_empty(), "{what}: {} of {} points failed", failed.len(), points.len());
}

#[test]
fn a_crash_at_any_commit_changes_nothing() {
    for (number, case) in chosen() {
        let Played { first, last, end: calm, .. } = play(case, None).unwrap_or_else(|(failure, tail)| {
            panic!("{}: without a crash: {}\n{tail}", case.name(), failure.what);
        });
        assert!(calm.starts_with("applied"), "{}: {calm}", case.name());
        let points = (first + 1..=last)
            .flat_map(|commit| [false, true].map(|effects_left| CrashPoint { commit, effects_left }));
        let points = some(points.collect(), 3, number);
        each(&format!("crashes, {}", case.name()), &points, |point| match play(case, Some(*point)) {
            Ok(Played { end, .. }) if end == calm => None,
            Ok(Played { end, tail, .. }) => {
                Some(format!("{point:?}: ends\n  {end}\n  without the crash\n  {calm}\n{tail}"))
            }
            Err((failure, tail)) => Some(format!("{point:?}: {}\n{tail}", failure.what)),
        });
    }
}

/// A step that waits, and the moment before it began.
#[derive(Debug, Clone)]
struct Moment {
    /// Stage and name.
    step: String,
    before: Mono,
}

/// The steps that a calm strategy waits in.
fn moments(case: Case) -> Vec<Moment> {
    let mut world = calm_world(case);
    let run = |world: &mut World| {
        world.run_for(secs(60))?;
        begin(world, case)?;
        let (mut moments, mut last, mut before) = (Vec::new(), None, world.now);
        while is_busy(state(world)) || world.vim.is_none() {
            let update = world.vim.as_ref().and_then(|vim| vim.sw_update());
            let waiting = update.and_then(|update| update.strategy()).and_then(|s| s.waiting_step());
            if let Some((place, step)) = waiting
                && last != Some((place.stage, place.step))
            {
                last = Some((place.stage, place.step));
                let step = format!("{} of stage {}", step.kind.name(), place.stage);
                moments.push(Moment { step, before });
            }
            before = world.now;
            world.run_for(TICK)?;
        }
        Ok(moments)
    };
    let result = run(&mut world);
    with_tail(&world, result)
        .unwrap_or_else(|(failure, tail)| panic!("{}: {}\n{tail}", case.name(), failure.what))
}

/// Runs a calm strategy up to a moment.
fn up_to(case: Case, moment: &Moment) -> Result<World, Story> {
    let mut world = calm_world(case);
    let run = |world: &mut World| {
        world.run_for(secs(60))?;
        begin(world, case)?;
        while world.now < moment.before {
            world.run_for(TICK.min(moment.before.since(world.now)))?;
        }
        Ok(())
    };
    let result = run(&mut world);
    with_tail(&world, result).map(|()| world)
}

/// Servers that are stopped and that no log names.
fn silently_stopped(world: &World) -> Vec<String> {
    let said = |name: &str| {
        world.logs.iter().any(|(_, log)| {
            named(log, "left stopped: ").is_some_and(|names| names.split(", ").any(|one| one == name))
        })
    };
    let stopped = world.cloud.servers.values().filter(|s| s.vm == "stopped" && !s.user_stopped);
    stopped.filter(|server| !said(&server.name)).map(|server| server.name.clone()).collect()
}

/// Nothing is left behind without a word, and a new strategy brings all to its end.
fn leaves_nothing(world: &mut World, case: Case) -> Result<(), Failure> {
    world.run_for(secs(600))?;
    let (locked, stopped) = (silently_locked(world), silently_stopped(world));
    if !locked.is_empty() || !stopped.is_empty() {
        return fail(world, format!("{locked:?} are left locked, {stopped:?} stopped, without a word"));
    }
    converges(world, case)
}

#[test]
fn an_abort_at_any_step_leaves_no_host_locked_and_a_new_strategy_converges() {
    for (number, case) in chosen() {
        let moments = some(moments(case), 2, number);
        each(&format!("aborts, {}", case.name()), &moments, |moment| {
            let mut world = match up_to(case, moment) {
                Ok(world) => world,
                Err((failure, tail)) => return Some(format!("{}: {}\n{tail}", moment.step, failure.what)),
            };
            let run = |world: &mut World| {
                world.run_for(TICK)?;
                ask(world, case.abort())?;
                let end = until_idle(world, |_| {})?;
                if end != StrategyState::Aborted {
                    return fail(world, format!("the strategy is {end}: {}", reason(world)));
                }
                leaves_nothing(world, case)
            };
            let result = run(&mut world);
            let story = with_tail(&world, result).err();
            story.map(|(failure, tail)| format!("{}: {}\n{tail}", moment.step, failure.what))
        });
    }
}

/// What a neighbour does.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// It refuses all, or says nothing.
    Outage(Pool, Outage),
    /// Its answers are lost.
    LostAnswers,
    /// Installations fail.
    PatchesFail,
    /// What Nova does fails.
    NovaFails,
    /// An alarm appears.
    Alarm,
}

const TROUBLES: [Trouble; 12] = [
    Trouble::Outage(Pool::Infrastructure, Outage::Unavailable),
    Trouble::Outage(Pool::Infrastructure, Outage::Hangs),
    Trouble::Outage(Pool::SwMgmt, Outage::Unavailable),
    Trouble::Outage(Pool::SwMgmt, Outage::Hangs),
    Trouble::Outage(Pool::Compute, Outage::Unavailable),
    Trouble::Outage(Pool::Compute, Outage::Hangs),
    Trouble::Outage(Pool::Guest, Outage::Unavailable),
    Trouble::Outage(Pool::Guest, Outage::Hangs),
    Trouble::LostAnswers,
    Trouble::PatchesFail,
    Trouble::NovaFails,
    Trouble::Alarm,
];

fn begin_trouble(world: &mut World, trouble: Trouble) {
    match trouble {
        Trouble::Outage(pool, outage) => world.break_service(pool, outage, TROUBLE),
        Trouble::LostAnswers => {
            world.cloud.steady = false;
            world.profile.lost_answer = 300;
        }
        Trouble::PatchesFail => world.cloud.patching.failures = 100,
        Trouble::NovaFails => world.cloud.op_failures = 100,
        Trouble::Alarm => world.cloud.raise_fm_alarm(),
    }
}

/// What the operator reads must name a host, a server, or what was asked.
fn understandable(world: &World, text: &str) -> bool {
    let hosts = world.cloud.hosts.keys().map(String::as_str);
    let servers = world.cloud.servers.values().map(|server| server.name.as_str());
    let services = ["alarm", "patch controller", "patch states", "upgrade", "the system to stay calm"];
    hosts.chain(servers).chain(services).any(|name| text.contains(name))
}

#[test]
fn a_neighbour_in_trouble_at_any_step_ends_the_strategy_with_a_reason() {
    for (number, case) in chosen() {
        let moments = moments(case);
        let points = moments.iter().flat_map(|moment| TROUBLES.map(|trouble| (moment, trouble)));
        let points = some(points.collect(), 4, number);
        each(&format!("troubles, {}", case.name()), &points, |(moment, trouble)| {
            let mut world = match up_to(case, moment) {
                Ok(world) => world,
                Err((failure, tail)) => return Some(format!("{}: {}\n{tail}", moment.step, failure.what)),
            };
            let run = |world: &mut World| {
                begin_trouble(world, *trouble);
                let end = until_idle(world, |_| {})?;
                let update = world.vim.as_ref().and_then(|vim| vim.sw_update());
                let apply =
                    update.and_then(|u| u.strategy()).map(|s| (s.apply.result, s.apply.reason.clone()));
                if let Some((Outcome::Failed | Outcome::TimedOut, reason)) = apply {
                    let told = update.and_then(|update| update.failure()).unwrap_or_default();
                    if reason.is_empty() || !understandable(world, &told) {
                        return fail(world, format!("{end}, for {reason:?}: {told:?} names nothing"));
                    }
                } else if end != StrategyState::Applied {
                    return fail(world, format!("the strategy is {end} and did not fail"));
                }
                world.cloud.steady = false;
                world.cloud.op_failures = 0;
                world.calm(0);
                leaves_nothing(world, case)
            };
            let result = run(&mut world);
            let story = with_tail(&world, result).err();
            story.map(|(failure, tail)| format!("{trouble:?} at {}: {}\n{tail}", moment.step, failure.what))
        });
    }
}
