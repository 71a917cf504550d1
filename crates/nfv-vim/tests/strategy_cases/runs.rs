//! One life cycle. Contract: strategies 9.2.

use crate::better::Rules;
use crate::cases::create;
use crate::data::{Op, Query, Run, What};
use crate::view;
use crate::world::Recorded;
use nfv_common::strategy::{PhaseName, StrategyState};
use nfv_vim::core::director::SwMgmtEvent;
use nfv_vim::core::strategy::update::UpdateTimer;
use nfv_vim::core::strategy::{Asker, OrderStatus, SwUpdate};
use serde_json::{Value, json};
use std::time::Duration;

/// A run under way.
pub struct Play {
    pub world: Recorded,
    pub update: Option<SwUpdate>,
    /// A strategy was deleted.
    dropped: bool,
    /// What is heard now was meant for a strategy that was deleted.
    for_deleted: bool,
}

/// What the recording has said of the strategy so far.
struct Model {
    strategy: Value,
    timers: Value,
}

pub fn check(run: &Run, rules: &mut Rules) -> Result<(), String> {
    let mut play = Play { world: Recorded::of(&run.case), update: None, dropped: false, for_deleted: false };
    let mut model = Model { strategy: Value::Null, timers: json!([]) };
    for (index, op) in run.ops.iter().enumerate() {
        let at = |why| at_op(index, op, why);
        if rules.second_abort(&mut play, op, &run.case.id).map_err(at)? {
            return Ok(());
        }
        play.for_deleted = is_for_deleted(&play, op, &model);
        let at = |why| at_op(index, op, why);
        let late = is_late_answer(&play, op);
        let before = play.update.as_ref().and_then(SwUpdate::strategy).map(view::of_run);
        let (result, refused_by_force) = step(run, &mut play, op).map_err(at)?;
        let at = |why| at_op(index, op, why);
        let after = play.update.as_ref().and_then(SwUpdate::strategy).map(view::of_run);
        if late
            && rules
                .late_answer(op.expect.get("strategy").is_some(), before == after, &run.case.id)
                .map_err(at)?
        {
            return Ok(());
        }
        let at = |why| at_op(index, op, why);
        if rules.instance_moved(&mut play, op, &run.case.id).map_err(at)? {
            return Ok(());
        }
        let at = |why| at_op(index, op, why);
        compare(&mut play, op, result, refused_by_force, &mut model, rules, &run.case.id).map_err(at)?;
        if matches!(op.what, What::Restart) {
            let at = |why: String| format!("op {index}, going on after it: {why}");
            rules.resume(run, &play, &run.case.id).map_err(at)?;
        }
    }
    Ok(())
}

fn at_op(index: usize, op: &Op, why: String) -> String {
    format!("op {index} ({:?}): {why}", op.what)
}

/// The operation answers a question of a step that is over.
fn is_late_answer(play: &Play, op: &Op) -> bool {
    let What::Reply { call, .. } = &op.what else { return false };
    let open = play.world.open.iter().find(|(name, _)| name == call);
    let asker = open.and_then(|(_, asked)| asked.as_ref()).map(|(_, asker)| *asker);
    let waiting = play.update.as_ref().and_then(SwUpdate::strategy).and_then(|s| s.waiting_step());
    match asker {
        Some(Asker::Step(place)) => waiting.is_none_or(|(now, _)| now != place),
        Some(Asker::Audit(_)) | None => false,
    }
}

/// The operation is for a strategy that was deleted: the original lets it run on.
fn is_for_deleted(play: &Play, op: &Op, model: &Model) -> bool {
    match &op.what {
        What::Reply { call, .. } => {
            let open = play.world.open.iter().find(|(name, _)| name == call);
            open.is_some_and(|(_, asked)| asked.is_none())
        }
        What::Expire { timer } => {
            let recorded =
                model.timers.as_array().into_iter().flatten().filter(|one| one[0] == timer.as_str());
            let ours = play.update.as_ref().map(SwUpdate::timers).unwrap_or_default();
            play.dropped && recorded.count() > ours.iter().filter(|(_, name, _)| name == timer).count()
        }
        _ => false,
    }
}

type Answered = Option<Result<(), String>>;

/// Does what the operation says.
pub fn step(run: &Run, play: &mut Play, op: &Op) -> Result<(Answered, bool), String> {
    let Play { world, update, dropped, for_deleted } = play;
    let mut result = None;
    let mut by_force = false;
    match &op.what {
        What::Create => match update {
            Some(_) => result = Some(Err("strategy already exists".to_owned())),
            None => {
                let made = create(&run.case, world);
                result = Some(made.as_ref().map(|_| ()).map_err(Clone::clone));
                *update = made.ok();
            }
        },
        What::Reply { call, completed, data } => {
            let at = world.open.iter().position(|(name, _)| name == call);
            let (_, asked) = world.open.remove(at.ok_or_else(|| format!("{call} is not open"))?);
            let Some((question, asker)) = asked else { return Ok((None, false)) };
            let answer =
                if *completed { Ok(world.reply(&question, data)) } else { Err("not completed".to_owned()) };
            if let Some(update) = update {
                update.answer(asker, &question, answer, world);
            }
        }
        What::Event { event, host, instance, reason } => {
            let event = event_of(world, event, host.as_deref(), instance.as_deref(), reason.as_deref())?;
            if let Some(update) = update {
                update.handle(&event, world);
            }
        }
        What::SetHost { host, fields } => world.set_host(host, fields)?,
        What::SetInstance { instance, fields } => world.set_instance(instance, fields)?,
        What::DeleteHost { host } => world.hosts.retain(|known| known.uuid != *host && known.name != *host),
        What::Advance { secs } => world.now = world.now + Duration::from_secs(*secs),
        What::Expire { .. } if *for_deleted => {}
        What::Expire { timer } => {
            let Some(update) = update else { return Err("no timer runs".to_owned()) };
            let timers = update.timers();
            let oldest = timers.iter().filter(|(_, name, _)| name == timer).min_by_key(|(.., w)| w.since);
            let which = oldest.map(|(which, ..)| *which);
            update.expire(which.ok_or_else(|| format!("timer {timer} does not run"))?, world);
        }
        What::DirectorReply { call, result } => {
            let status = match result.as_str().unwrap_or_default() {
                "completed" => OrderStatus::Done,
                text => OrderStatus::Failed(text.to_owned()),
            };
            world.directors.insert(call.clone(), status);
        }
        What::Apply { stage_id } => {
            result = Some(match update {
                Some(update) => {
                    let uuid = uuid_of(update);
                    update.apply(&uuid, *stage_id, world)
                }
                None => Err("strategy not created".to_owned()),
            });
        }
        What::Abort { stage_id } => {
            result = Some(match update {
                Some(update) => {
                    let uuid = uuid_of(update);
                    update.abort(&uuid, *stage_id, world)
                }
                None => Err("strategy not created".to_owned()),
            });
        }
        What::Delete { force } => {
            let answer = match update {
                Some(update) => {
                    let uuid = uuid_of(update);
                    let left =
                        update.hosts_left_locked(world).len() + update.instances_left_stopped(world).len();
                    by_force = *force && left > 0;
                    update.delete(&uuid, *force, world)
                }
                None => Err("strategy not created".to_owned()),
            };
            if answer.is_ok() {
                *dropped = true;
                for (_, asked) in &mut world.open {
                    *asked = None;
                }
                *update = None;
            }
            result = Some(answer);
        }
        What::Restart => {
            world.open.clear();
            *update = match update {
                Some(old) => Some(reload(old, world)?),
                None => None,
            };
        }
    }
    Ok((result, by_force))
}

fn uuid_of(update: &SwUpdate) -> String {
    update.strategy().map(|strategy| strategy.uuid.clone()).unwrap_or_default()
}

/// The object as a new process makes it from what was stored; alarms raised before are not known to it.
pub fn reload(old: &SwUpdate, world: &mut Recorded) -> Result<SwUpdate, String> {
    let stored = old.to_stored().map_or_else(|| "{}".to_owned(), |s| nfv_common::pyjson::to_string(&s));
    SwUpdate::load(old.uuid.clone(), old.kind, &stored, Vec::new(), world)
}

fn event_of(
    world: &Recorded,
    event: &str,
    host: Option<&str>,
    instance: Option<&str>,
    reason: Option<&str>,
) -> Result<SwMgmtEvent, String> {
    // hosts are given by name or uuid
    let host = host.map(|which| {
        let known = world.hosts.iter().find(|host| host.uuid == which || host.name == which);
        known.map_or_else(|| which.to_owned(), |host| host.name.clone())
    });
    let need = || host.clone().ok_or_else(|| format!("event {event} without a host"));
    Ok(match event {
        // instance audits are delivered as host audits (quirk 2): they count as the audit of some host
        "host-audit" => SwMgmtEvent::HostAudit { host: host.clone().unwrap_or_default() },
        "host-state-changed" => SwMgmtEvent::HostStateChanged { host: need()? },
        "host-lock-failed" => SwMgmtEvent::HostLockFailed { host: need()? },
        "host-unlock-failed" => SwMgmtEvent::HostUnlockFailed { host: need()? },
        "host-reboot-failed" => SwMgmtEvent::HostRebootFailed { host: need()? },
        "host-upgrade-failed" => SwMgmtEvent::HostUpgradeFailed { host: need()? },
        "host-swact-failed" => SwMgmtEvent::HostSwactFailed { host: need()? },
        "disable-host-services-failed" => SwMgmtEvent::DisableHostServicesFailed { host: need()? },
        "enable-host-services-failed" => SwMgmtEvent::EnableHostServicesFailed { host: need()? },
        "instance-state-changed" => {
            let uuid = instance.ok_or("an instance's event without instance")?.to_owned();
            SwMgmtEvent::InstanceStateChanged { uuid }
        }
        "instance-audit" => {
            let uuid = instance.ok_or("an instance's event without instance")?.to_owned();
            SwMgmtEvent::InstanceAudit { uuid }
        }
        "migrate-instances-failed" => {
            SwMgmtEvent::MigrateInstancesFailed { reason: reason.unwrap_or_default().to_owned() }
        }
        other => return Err(format!("event {other} is not known")),
    })
}

/// Compares what the operation caused with what was recorded.
fn compare(
    play: &mut Play,
    op: &Op,
    result: Answered,
    by_force: bool,
    model: &mut Model,
    rules: &mut Rules,
    id: &str,
) -> Result<(), String> {
    let expect = &op.expect;
    let none = json!([]);
    if let Some(result) = result {
        let accepted = result.is_ok();
        let ours = json!([accepted, result.err().unwrap_or_default()]);
        let recorded = expect.get("result").ok_or("no result was recorded")?;
        let ours = rules.answer_reason(&ours, recorded, id);
        same("result", &ours, recorded)?;
    }
    let world = &mut play.world;
    if play.for_deleted {
        rules.deleted(world, op, id)?;
        return timers(play, op, model);
    }
    let calls = world.take_calls();
    let calls = rules.calls(calls, expect, world, id);
    same("calls", &calls, expect.get("calls").unwrap_or(&none))?;
    let alarms = Value::Array(std::mem::take(&mut world.alarms));
    same("alarms", &alarms, expect.get("alarms").unwrap_or(&none))?;
    let recorded = expect.get("logs").unwrap_or(&none);
    let logs = Value::Array(std::mem::take(&mut world.logs));
    let logs = rules.logs(&logs, recorded, by_force, id);
    same("logs", &logs, recorded)?;
    let mut ours = Value::Null;
    match expect.get("strategy") {
        Some(Value::Null) => model.strategy = Value::Null,
        Some(change) => {
            if model.strategy.is_null() {
                model.strategy = json!({});
            }
            view::apply_change(&mut model.strategy, change);
        }
        None => {}
    }
    if let Some(strategy) = play.update.as_ref().and_then(SwUpdate::strategy) {
        ours = view::of_run(strategy);
    }
    let ours = rules.reason_given(&ours, &model.strategy, id);
    same("strategy", &ours, &model.strategy)?;
    timers(play, op, model)
}

/// Compares the timers that run.
fn timers(play: &Play, op: &Op, model: &mut Model) -> Result<(), String> {
    if let Some(timers) = op.expect.get("timers") {
        model.timers = timers.clone();
    }
    if play.update.is_none() {
        // the original's timers of a dropped strategy run on without effect
        return Ok(());
    }
    let timers = play.update.as_ref().map(SwUpdate::timers).unwrap_or_default();
    let mut timers: Vec<_> = timers.into_iter().map(|(_, name, watch)| (name, watch.secs)).collect();
    timers.sort();
    if play.dropped {
        // the original's timers of a strategy that is gone may run on without effect, and are in the recording then
        let mut recorded = model.timers.as_array().cloned().unwrap_or_default();
        for timer in timers {
            let at = recorded.iter().position(|known| *known == json!(timer));
            recorded.remove(at.ok_or_else(|| format!("timer {timer:?} was not recorded"))?);
        }
        return Ok(());
    }
    same("timers", &json!(timers), &model.timers)
}

fn same(what: &str, ours: &Value, recorded: &Value) -> Result<(), String> {
    match view::difference(ours, recorded) {
        None => Ok(()),
        Some(difference) => Err(format!("{what}: {difference}")),
    }
}

/// Something of the strategy waits in the apply phase although it is being aborted.
pub fn is_aborting_apply(update: &SwUpdate) -> bool {
    update.strategy().is_some_and(|strategy| {
        strategy.state == StrategyState::Aborting && strategy.current_phase == PhaseName::Apply
    })
}

/// The timer of the step that waits.
pub fn step_timer(update: &SwUpdate) -> Option<UpdateTimer> {
    let step = |timer: &UpdateTimer| {
        matches!(timer, UpdateTimer::Strategy(_, nfv_common::strategy::WatchKind::Step))
    };
    update.timers().into_iter().map(|(timer, ..)| timer).find(step)
}

/// No data of its own: the case's answers count.
pub fn no_data() -> Query {
    Query::default()
}
