//! Where the VIM does better than the recording, by name. Each rule says how it is known from the recording and what is
//! checked instead, and has a row in docs/differences.md that names it.

use crate::data::{Op, Run, What};
use crate::runs::{Play, is_aborting_apply, no_data, reload, step_timer};
use crate::world::{Recorded, question_name};
use nfv_common::strategy::{ResumeRule, StepKind, StrategyState};
use nfv_vim::core::director::SwMgmtEvent;
use nfv_vim::core::strategy::{Question, SwUpdate};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A failure or time limit has a reason where the original has none.
const REASON_GIVEN: &str = "reason-given";
/// A second abort does not end the first.
const SECOND_ABORT: &str = "second-abort";
/// An instance that left its host does not fail the migration of the others.
const INSTANCE_MOVED: &str = "instance-moved";
/// Instances that came to a host after the plan was made are moved before it is locked.
const LATE_INSTANCE: &str = "late-instance";
/// Hosts that stay locked are named.
const LEFT_LOCKED: &str = "left-locked";
/// An answer that comes after its step was over changes nothing.
const LATE_ANSWER: &str = "late-answer";
/// What was deleted while it ran does nothing more.
const DELETED: &str = "deleted";
/// What runs needs no start.
const START_STOPPED: &str = "start-stopped";
/// A request lost by a restart is made again.
const RESUME: &str = "resume";

/// The rules, where they are named, and where they were used.
pub struct Rules {
    differences: String,
    used: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Rules {
    pub fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/differences.md");
        Self { differences: std::fs::read_to_string(path).unwrap_or_default(), used: BTreeMap::new() }
    }

    fn names(&self, rule: &str) -> bool {
        self.differences.contains(&format!("(`{rule}`"))
    }

    fn note(&mut self, rule: &'static str, id: &str) {
        self.used.entry(rule).or_default().insert(id.to_owned());
    }

    /// Rules used without a row of the table that names them.
    pub fn unnamed(&self) -> Vec<String> {
        let unnamed = self.used.keys().filter(|rule| !self.names(rule));
        unnamed.map(|rule| format!("docs/differences.md has no row (`{rule}`)")).collect()
    }

    pub fn report(&self) -> Vec<String> {
        let line = |(rule, ids): (&&str, &BTreeSet<String>)| {
            let ids: Vec<_> = ids.iter().map(String::as_str).collect();
            format!("better by rule {rule}: {} ({})", ids.len(), ids.join(", "))
        };
        self.used.iter().map(line).collect()
    }

    /// Our value with the reasons taken out that stand where the recording has an empty one for a failure.
    pub fn reason_given(&mut self, ours: &Value, recorded: &Value, id: &str) -> Value {
        let mut ours = ours.clone();
        if without_reasons(&mut ours, recorded) {
            self.note(REASON_GIVEN, id);
        }
        ours
    }

    /// The same for the answer to a request: the reason of a failed build.
    pub fn answer_reason(&mut self, ours: &Value, recorded: &Value, id: &str) -> Value {
        let (Some(a), Some(b)) = (ours[1].as_str(), recorded[1].as_str()) else { return ours.clone() };
        let refused = ours[0] == json!(false) && recorded[0] == json!(false);
        let given = (b.is_empty() && understandable(a))
            || (b.ends_with("failed:  ") && a.starts_with(&b[..b.len() - 1]) && understandable(a));
        if refused && given && a != b {
            self.note(REASON_GIVEN, id);
            return recorded.clone();
        }
        ours.clone()
    }

    /// Calls as the recording has them, where ours are fewer or more for a reason: a start leaves out the instances that
    /// run, and instances that came late are moved even if that fails at once (then the lock fails as recorded).
    pub fn calls(&mut self, mut ours: Vec<Value>, expect: &Value, world: &Recorded, id: &str) -> Value {
        let recorded = expect["calls"].as_array().cloned().unwrap_or_default();
        let late = expect["strategy"]["apply"]["reason"].as_str().is_some_and(came_late);
        if late && ours.len() == recorded.len() + 1 {
            let more = ours.iter().zip(recorded.iter().chain([&Value::Null])).position(|(a, b)| a != b);
            if let Some(at) = more.filter(|at| ours[*at][0] == "migrate-instances") {
                ours.remove(at);
                self.note(LATE_INSTANCE, id);
            }
        }
        for (ours, recorded) in ours.iter_mut().zip(&recorded) {
            if ours == recorded || ours[0] != "start-instances" || recorded[0] != "start-instances" {
                continue;
            }
            let stopped: Vec<_> = recorded[1]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|uuid| !world.instances.iter().any(|one| *uuid == one.uuid.as_str() && one.enabled))
                .collect();
            if ours[1].as_array().is_some_and(|uuids| uuids.iter().eq(stopped)) {
                ours.clone_from(recorded);
                self.note(START_STOPPED, id);
            }
        }
        Value::Array(ours)
    }

    /// Logs with the reasons taken out that the recording does not have.
    pub fn logs(&mut self, ours: &Value, recorded: &Value, by_force: bool, id: &str) -> Value {
        let mut ours = ours.as_array().cloned().unwrap_or_default();
        if by_force {
            let before = ours.len();
            ours.retain(|log| {
                let cancelled = log[0].as_str().is_some_and(|name| name.ends_with("-cancelled"));
                !(cancelled && log[1].as_str().is_some_and(|reason| left_behind(reason).is_some()))
            });
            if ours.len() < before {
                self.note(LEFT_LOCKED, id);
            }
        }
        for (index, log) in ours.iter_mut().enumerate() {
            let recorded = &recorded[index];
            let name = log[0].as_str().unwrap_or_default().to_owned();
            let Some(mut reason) = log[1].as_str().map(str::to_owned) else { continue };
            if name.ends_with("-abort-failed")
                && let Some(at) = left_behind(&reason)
                && left_behind(recorded[1].as_str().unwrap_or_default()).is_none()
            {
                reason.truncate(at);
                reason.truncate(reason.trim_end_matches(", ").len());
                self.note(LEFT_LOCKED, id);
                *log = if reason.is_empty() { json!([name]) } else { json!([name, reason]) };
            }
            let failed = name.ends_with("-failed") || name.ends_with("-rejected");
            let recorded_reason = recorded[1].as_str().unwrap_or_default();
            let none = recorded_reason.is_empty() || recorded_reason.ends_with("failed:  ");
            if failed && recorded[0] == log[0] && none && log[1].as_str().is_some_and(understandable) {
                self.note(REASON_GIVEN, id);
                *log = recorded.clone();
            }
        }
        Value::Array(ours)
    }

    /// A second abort is asked for while the first waits for the step that runs. The original ends the strategy there
    /// and then, with hosts left locked; here the first goes on, and its undoing runs. True when the rest of the run
    /// was checked in this way.
    pub fn second_abort(&mut self, play: &mut Play, op: &Op, id: &str) -> Result<bool, String> {
        let Play { world, update: Some(update), .. } = play else { return Ok(false) };
        if !matches!(op.what, What::Abort { .. }) || !is_aborting_apply(update) {
            return Ok(false);
        }
        if op.expect["result"][0] != json!(true) {
            return Ok(false);
        }
        let uuid = update.strategy().map(|strategy| strategy.uuid.clone()).unwrap_or_default();
        let What::Abort { stage_id } = op.what else { return Ok(false) };
        update.abort(&uuid, stage_id, world)?;
        if !is_aborting_apply(update) {
            return Err("the second abort ended the first".to_owned());
        }
        let lock_begun = update.strategy().is_some_and(|strategy| {
            let stage = &strategy.apply.stages[strategy.apply.current_stage];
            stage.steps[..=stage.current_step].iter().any(|step| step.kind.name() == "lock-hosts")
        });
        world.calls.clear();
        if let Some(timer) = step_timer(update) {
            update.expire(timer, world);
        }
        let Some(strategy) = update.strategy() else { return Err("the strategy is gone".to_owned()) };
        let unlocked = strategy.abort.stages.iter().flat_map(|stage| &stage.steps);
        if lock_begun && !unlocked.clone().any(|step| step.kind.name() == "unlock-hosts") {
            return Err("hosts that were locked are not unlocked".to_owned());
        }
        if is_aborting_apply(update) {
            return Err("the abort phase was not begun".to_owned());
        }
        self.note(SECOND_ABORT, id);
        Ok(true)
    }

    /// The recording lets an answer change a strategy whose step was over. Ours must be as it was before.
    pub fn late_answer(&mut self, recorded_change: bool, unchanged: bool, id: &str) -> Result<bool, String> {
        if !recorded_change {
            return Ok(false);
        }
        if !unchanged {
            return Err("a late answer changed the strategy".to_owned());
        }
        self.note(LATE_ANSWER, id);
        Ok(true)
    }

    /// The recording goes on with a strategy that was deleted: what it asks has no answer here. Ours does nothing.
    pub fn deleted(&mut self, world: &mut Recorded, op: &Op, id: &str) -> Result<(), String> {
        if !(world.calls.is_empty() && world.alarms.is_empty() && world.logs.is_empty()) {
            return Err(format!(
                "a deleted strategy does {:?}, {:?}, {:?}",
                world.calls, world.alarms, world.logs
            ));
        }
        let asked = op.expect["calls"].as_array().into_iter().flatten();
        world.open.extend(asked.filter_map(|call| Some((call[0].as_str()?.to_owned(), None))));
        self.note(DELETED, id);
        Ok(())
    }

    /// The recording fails because instances moved: ours goes on with what there is. True when the run was checked so.
    pub fn instance_moved(&mut self, play: &mut Play, op: &Op, id: &str) -> Result<bool, String> {
        let Some(reason) = op.expect["strategy"]["apply"]["reason"].as_str() else { return Ok(false) };
        let moved = reason.contains(" has moved from ") && reason.ends_with("after strategy created");
        let late = came_late(reason);
        let Play { world, update: Some(update), .. } = play else { return Ok(false) };
        if !moved && !late {
            return Ok(false);
        }
        let Some(strategy) = update.strategy() else { return Ok(false) };
        // a migration that is refused at once fails the step it belongs to
        let refused = moved && world.calls.iter().any(|call| call[0] == "migrate-instances");
        let stage = strategy.apply.stages.get(strategy.apply.current_stage);
        let failed = stage.and_then(|stage| stage.steps.get(stage.current_step)).filter(|_| refused);
        let Some(step) = strategy.waiting_step().map(|(_, step)| step).filter(|_| !refused).or(failed) else {
            return Ok(false);
        };
        let rule = match step.kind.name() {
            "migrate-instances" if moved => INSTANCE_MOVED,
            "lock-hosts" if late => LATE_INSTANCE,
            _ => return Ok(false),
        };
        let hosts = step.kind.task.waits_for();
        let migrations: Vec<_> = world.calls.iter().filter(|call| call[0] == "migrate-instances").collect();
        let [migration] = migrations[..] else { return Err(format!("no one migration: {migrations:?}")) };
        for uuid in migration[1].as_array().into_iter().flatten() {
            let instance = world.instances.iter().find(|instance| uuid == instance.uuid.as_str());
            let host = instance.and_then(|instance| instance.host.clone()).unwrap_or_default();
            if !hosts.contains(&host) {
                return Err(format!("{uuid} on {host} is moved, though it waits for {hosts}"));
            }
        }
        self.note(rule, id);
        Ok(true)
    }

    /// After a restart: the same strategy in a second world that goes on. Its waiting step does what its rule says,
    /// and a question asked again brings it on when it is answered.
    pub fn resume(&mut self, run: &Run, play: &Play, id: &str) -> Result<(), String> {
        let Some(old) = &play.update else { return Ok(()) };
        let mut world = play.world.clone();
        let mut update: SwUpdate = reload(old, &mut world)?;
        let Some((place, step)) = update.strategy().and_then(|strategy| strategy.waiting_step()) else {
            return Ok(());
        };
        let (name, rule) = (step.kind.name().to_owned(), step.kind.policy().resume);
        world.calls.clear();
        world.open.clear();
        update.resume(&mut world);
        let over = update.strategy().and_then(|s| s.waiting_step()).is_none_or(|(now, _)| now != place);
        match rule {
            ResumeRule::Observe if over || !world.calls.is_empty() => {
                return Err(format!("{name} should only watch, it asked for {:?}", world.calls));
            }
            // hosts whose release is on its way already need no second request
            ResumeRule::Reissue | ResumeRule::Requery
                if !over && world.calls.is_empty() && name != "upgrade-hosts" =>
            {
                return Err(format!("{name} did not ask anew"));
            }
            _ => {}
        }
        if rule == ResumeRule::Reissue && !over && name.starts_with("query-") {
            let (_, Some((question, asker))) = world.open.remove(0) else {
                return Err("nobody asked".to_owned());
            };
            if !name
                .ends_with(question_name(&question).trim_start_matches("get-").trim_start_matches("query-"))
                && question != Question::QueryUpdates
                && question != Question::QueryHosts
            {
                return Err(format!("{name} asked {question:?}"));
            }
            let answer = world.reply(&question, &no_data());
            update.answer(asker, &question, Ok(answer), &mut world);
            let waits = update.strategy().and_then(|s| s.waiting_step()).map(|(now, _)| now);
            if waits == Some(place) {
                return Err(format!("{name} did not go on with its answer"));
            }
        }
        let state = update.strategy().map(|strategy| strategy.state);
        if state == Some(StrategyState::AbortFailed) {
            return Err("going on after the restart failed the abort".to_owned());
        }
        // hearing of any host must do no harm
        if let Some(host) = world.hosts.first().map(|host| host.name.clone()) {
            update.handle(&SwMgmtEvent::HostAudit { host }, &mut world);
        }
        let _ = run;
        self.note(RESUME, id);
        Ok(())
    }
}

/// A lock failed because of instances that came after the plan was made.
fn came_late(reason: &str) -> bool {
    reason.starts_with("Lock of host(s) ") && reason.ends_with("were not migrated or stopped.")
}

/// Where a reason begins to tell what is left behind.
fn left_behind(reason: &str) -> Option<usize> {
    ["left locked: ", "left stopped: "].iter().filter_map(|words| reason.find(words)).min()
}

/// Names what was done and what went wrong.
fn understandable(reason: &str) -> bool {
    reason.contains(" failed: ") || reason.contains(" timed out after ")
}

/// Takes out of `ours` each reason of a failure that the recording leaves empty. True if there was one.
fn without_reasons(ours: &mut Value, recorded: &Value) -> bool {
    let bad = |result: &Value| result == "failed" || result == "timed-out";
    let mut any = false;
    match (ours, recorded) {
        (Value::Object(ours), Value::Object(recorded)) => {
            for key in ["reason", "result_reason"] {
                let empty = recorded.get(key).is_none_or(|reason| reason == "");
                let given = ours.get(key).and_then(Value::as_str).is_some_and(understandable);
                if empty && given && recorded.get("result").is_some_and(bad) {
                    any = true;
                    match recorded.get(key) {
                        Some(reason) => ours.insert(key.to_owned(), reason.clone()),
                        None => ours.remove(key),
                    };
                }
            }
            for (key, value) in ours.iter_mut() {
                if let Some(recorded) = recorded.get(key) {
                    any |= without_reasons(value, recorded);
                }
            }
        }
        (Value::Array(ours), Value::Array(recorded)) => {
            // a step of a run: name, result, reason
            if ours.len() == 3
                && recorded.len() == 2
                && bad(&recorded[1])
                && ours[2].as_str().is_some_and(understandable)
            {
                ours.pop();
                any = true;
            }
            for (value, recorded) in ours.iter_mut().zip(recorded) {
                any |= without_reasons(value, recorded);
            }
        }
        _ => {}
    }
    any
}
