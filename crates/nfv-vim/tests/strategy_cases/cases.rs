//! One build. Contract: strategies 9.1.

use crate::better::Rules;
use crate::data::{Call, Case, Query};
use crate::view;
use crate::world::Recorded;
use nfv_common::strategy::{Outcome, Strategy, StrategyState};
use nfv_vim::core::strategy::plan::HostKind;
use nfv_vim::core::strategy::{Planner, SwUpdate, UpdateStep, World};
use serde_json::{Value, json};

pub fn create(case: &Case, world: &mut Recorded) -> Result<SwUpdate, String> {
    SwUpdate::create("object".into(), "strategy".into(), case.strategy_type, case.update_data(), world)
}

pub fn check(case: &Case, rules: &mut Rules) -> Result<(), String> {
    let ours = match case.call {
        Call::Construct => return construct(case),
        Call::FullBuild => full_build(case)?,
        Call::BuildComplete => build_complete(case)?,
        Call::AddControllerStages => builder(case, HostKind::Controller)?,
        Call::AddStorageStages => builder(case, HostKind::Storage)?,
        Call::AddSwiftStages => builder(case, HostKind::Swift)?,
        Call::AddWorkerStages => builder(case, HostKind::Worker)?,
    };
    let ours = rules.reason_given(&ours, &case.expect, &case.id);
    match view::difference(&ours, &case.expect) {
        None => Ok(()),
        Some(difference) => Err(difference),
    }
}

fn construct(case: &Case) -> Result<(), String> {
    let mut world = Recorded::of(case);
    match create(case, &mut world) {
        Err(why) if Some(why.as_str()) == case.expect["raises"].as_str() => Ok(()),
        other => Err(format!("recorded {}, ours {other:?}", case.expect)),
    }
}

fn full_build(case: &Case) -> Result<Value, String> {
    let mut world = Recorded::of(case);
    let mut update = create(case, &mut world)?;
    while !world.open.is_empty() {
        let (name, asked) = world.open.remove(0);
        let (question, asker) = asked.ok_or("nobody asked")?;
        let result = if case.query.not_completed.contains(&name) {
            Err("not completed".to_owned())
        } else {
            Ok(world.reply(&question, &Query::default()))
        };
        update.answer(asker, &question, result, &mut world);
    }
    let mut view = view::of_case(update.to_stored().ok_or("no strategy")?);
    let names = world.calls.iter().map(|call| call[0].clone());
    view["nfvi_calls"] = names.collect();
    Ok(view)
}

/// A fresh strategy with the answers preset, in the form in which cases state it.
fn preset(case: &Case, make: impl FnOnce(&mut Planner<'_>) -> Result<(), String>) -> Result<Value, String> {
    let world = Recorded::of(case);
    let inventory = world.inventory();
    let mut data = case.update_data();
    data.nfvi_alarms = case.query.alarms.clone().unwrap_or_default();
    data.set_patches(case.query.sw_patches.clone().unwrap_or_default());
    data.set_patch_hosts(case.query.sw_patch_hosts.clone().unwrap_or_default());
    data.set_upgrade(case.query.upgrade.clone().flatten());
    let mut planner = Planner::new(case.strategy_type, &data, &inventory, &world.local_host);
    let result = make(&mut planner);
    let kind = case.strategy_type.as_str().to_owned();
    let mut strategy = Strategy::<UpdateStep>::new("strategy".into(), kind);
    strategy.apply.stages = planner.stages;
    if case.call == Call::BuildComplete
        && let Err(reason) = &result
    {
        strategy.state = StrategyState::BuildFailed;
        strategy.build.result = Outcome::Failed;
        strategy.build.reason.clone_from(reason);
    }
    let mut view = view::of_case(strategy.to_stored(data.to_keys()));
    if case.call != Call::BuildComplete {
        view["success"] = json!(result.is_ok());
        view["reason"] = json!(result.err().unwrap_or_default());
    }
    Ok(view)
}

fn build_complete(case: &Case) -> Result<Value, String> {
    preset(case, |planner| planner.run())
}

fn builder(case: &Case, kind: HostKind) -> Result<Value, String> {
    let arguments = case.arguments.as_ref().ok_or("a builder without arguments")?;
    let world = Recorded::of(case);
    if let Some(unknown) = arguments.hosts.iter().find(|name| world.host(name).is_none()) {
        return Err(format!("host {unknown} of the arguments is not in the inventory"));
    }
    preset(case, |planner| planner.add_named(kind, &arguments.hosts, arguments.reboot))
}
