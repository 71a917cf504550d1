//! What the preview of a strategy says of its next stage is what the stage then does. docs/extensions.md, "Preview".

use crate::case::{CASES, Case, ask, fail, is_busy, reason, state, until_idle};
use crate::sim::foresight::{decided_since, last_decision};
use crate::sim::invariant::Failure;
use crate::sim::secs;
use crate::until_idle_or_between;
use nfv_common::strategy::StrategyState;
use nfv_nfvi::object::ActionType;
use nfv_vim_rpc::preview::{Preview, PreviewStage};
use std::collections::BTreeMap;

/// What happens to instances, host by host in its order.
type Moves = BTreeMap<String, Vec<(String, String)>>;

fn foretold(stage: &PreviewStage) -> Moves {
    let mut moves = Moves::new();
    for one in stage.moves.iter().filter(|one| one.action != "stay") {
        moves.entry(one.host.clone()).or_default().push((one.name.clone(), one.action.clone()));
    }
    moves
}

/// One stage after the other, each previewed before it is applied. How many stages there were, and how many of them
/// were refused as foretold.
fn play(case: Case, seed: u64) -> Result<(usize, usize), Failure> {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0xf05);
    let mut cloud = case.cloud(seed, rng.u64(2..=7), rng.u32(0..4) > 0);
    for server in cloud.servers.values_mut() {
        server.live = rng.u32(0..4) > 0;
        if rng.u32(0..4) == 0 {
            (server.image, server.flavor.disk) = (Some("image-1".to_owned()), 40);
        }
    }
    let mut world = case.world(seed, cloud);
    world.run_for(secs(120))?;
    if rng.u32(0..3) == 0 {
        let servers: Vec<_> = world.cloud.servers.keys().cloned().collect();
        let action = [ActionType::Pause, ActionType::Suspend, ActionType::Stop][rng.usize(0..3)].clone();
        world.user_asks(&servers[rng.usize(0..servers.len())], action);
        world.run_for(secs(120))?;
    }
    ask(&mut world, case.create())?;
    let built = until_idle(&mut world, |_| {})?;
    let kind = if case.name().contains("Upgrade") { "sw-upgrade" } else { "sw-patch" };
    let preview = |world: &crate::sim::world::World| -> Preview {
        world.vim.as_ref().and_then(|vim| vim.preview_strategy(Some(kind))).expect("there is a strategy")
    };
    if built != StrategyState::ReadyToApply {
        let preview = preview(&world);
        let told = preview.refused.unwrap_or_default();
        return if reason(&world).starts_with(&told) && !told.is_empty() {
            Ok((0, 1))
        } else {
            fail(&world, format!("{told:?} was foretold, it is {built}: {}", reason(&world)))
        };
    }
    let foretold_end = preview(&world).refused;
    let mut stages = 0;
    while !is_busy(state(&world)) || state(&world) == Some(StrategyState::Applying) {
        let shown = preview(&world);
        let Some(next) = shown.stages.first() else { break };
        let hosts: BTreeMap<_, _> = (world.cloud.servers.values())
            .map(|server| {
                (server.uuid.clone(), (server.name.clone(), server.host.clone().unwrap_or_default()))
            })
            .collect();
        let last = last_decision(&world);
        ask(&mut world, case.apply(Some(next.stage_id)))?;
        let end = until_idle_or_between(&mut world, |_| false)?;
        let mut done = Moves::new();
        for one in decided_since(&world, last, "instance") {
            if ["live-migrate", "cold-migrate", "stop", "start", "fail"].contains(&one.decision.as_str()) {
                let (name, host) = &hosts[&one.key];
                done.entry(host.clone()).or_default().push((name.clone(), one.decision));
            }
        }
        stages += 1;
        if let Some(told) = &next.refused {
            let why = reason(&world);
            let before = foretold_end.as_ref() == Some(told);
            return if before
                && end.is_some_and(|end| end != StrategyState::Applying)
                && why.contains(told.as_str())
            {
                Ok((stages, 1))
            } else {
                fail(&world, format!("{told:?} was foretold of {next:#?}, it is {end:?}: {why}"))
            };
        }
        if done != foretold(next) || end.is_none_or(|end| end == StrategyState::ApplyFailed) {
            let told = foretold(next);
            let why = reason(&world);
            return fail(
                &world,
                format!("{told:?} was foretold, {done:?} was done, it is {end:?} {why}: {next:#?}"),
            );
        }
    }
    // what was foretold of all stages before the first holds in the end
    if foretold_end.is_none() && state(&world) == Some(StrategyState::Applied) && case.is_done(&world) {
        Ok((stages, 0))
    } else {
        fail(
            &world,
            format!(
                "{foretold_end:?} was foretold, after {stages} stages it is {:?}: {}",
                state(&world),
                reason(&world)
            ),
        )
    }
}

/// All cases, several seeds of each.
pub fn stages_do_what_was_foretold(seeds: std::ops::Range<u64>) {
    let mut failed = Vec::new();
    let (mut stages, mut refused) = (0, 0);
    for case in CASES {
        for seed in seeds.clone() {
            match play(case, seed) {
                Ok((more, as_foretold)) => {
                    stages += more;
                    refused += as_foretold;
                }
                Err(failure) => failed.push(format!("{} seed {seed}: {}", case.name(), failure.what)),
            }
        }
    }
    for what in failed.iter().take(3) {
        eprintln!("{what}");
    }
    println!("{stages} stages, {refused} refusals as foretold");
    assert!(failed.is_empty(), "{} failed", failed.len());
    assert!(stages > 0 && refused > 0, "the seeds must bring both");
}
