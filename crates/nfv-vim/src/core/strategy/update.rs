//! The life cycle object: one software update with its strategy, alarms and logs. Contract: strategies 6.

use super::audit::Audit;
use super::carry_out::StepDriver;
use super::data::{UpdateData, UpdateKind};
use super::step::{Task, UpdateStep};
use super::world::{Asker, Question, Reply, World};
use crate::core::director::SwMgmtEvent;
use nfv_common::alarm::AlarmType;
use nfv_common::event_log::EventId;
use nfv_common::strategy::stored::StoredStrategy;
use nfv_common::strategy::{
    Outcome, PhaseName, Place, Progress, Stage, Strategy, StrategyState, Watch, WatchKind,
};
use nfv_common::time::Mono;
use std::collections::BTreeSet;

/// A software update.
#[derive(Debug)]
pub struct SwUpdate {
    /// Key of its row; not the strategy's uuid.
    pub uuid: String,
    /// Patch or upgrade.
    pub kind: UpdateKind,
    pub(super) strategy: Option<(Strategy<UpdateStep>, UpdateData)>,
    /// The alarm raised last; it stays here when it is cleared (vim-behaviour 5.4, quirk).
    pub(super) alarms: Vec<AlarmType>,
    pub(super) audit: Audit,
    /// Something that is stored has changed since [`SwUpdate::take_changed`].
    changed: bool,
    /// The step that waited when it was loaded; what began since then needs no resuming.
    loaded_at: Option<Place>,
}

/// The three alarms of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UpdateAlarm {
    InProgress,
    Aborting,
    Failed,
}

/// The logs of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    Started,
    InProgress,
    Rejected,
    Cancelled,
    Failed,
    Completed,
    Abort,
    Aborting,
    AbortRejected,
    AbortFailed,
    Aborted,
}

/// How a phase ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Note {
    Applied(Result<(), String>),
    Aborted(Result<(), String>),
}

/// A timer of a software update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateTimer {
    /// Of its strategy.
    Strategy(PhaseName, WatchKind),
    /// The audit's.
    Audit,
}

impl UpdateAlarm {
    /// Contract: strategies 6.2.
    pub(super) const fn alarm_type(self, kind: UpdateKind) -> AlarmType {
        match (kind, self) {
            (UpdateKind::Patch, Self::InProgress) => AlarmType::SwPatchAutoApplyInprogress,
            (UpdateKind::Patch, Self::Aborting) => AlarmType::SwPatchAutoApplyAborting,
            (UpdateKind::Patch, Self::Failed) => AlarmType::SwPatchAutoApplyFailed,
            (UpdateKind::Upgrade, Self::InProgress) => AlarmType::SwUpgradeAutoApplyInprogress,
            (UpdateKind::Upgrade, Self::Aborting) => AlarmType::SwUpgradeAutoApplyAborting,
            (UpdateKind::Upgrade, Self::Failed) => AlarmType::SwUpgradeAutoApplyFailed,
        }
    }
}

impl EventKind {
    /// Contract: strategies 6.3.
    pub(super) const fn id(self, kind: UpdateKind) -> EventId {
        use EventId as E;
        let (patch, upgrade) = match self {
            Self::Started => (E::SwPatchAutoApplyStarted, E::SwUpgradeAutoApplyStarted),
            Self::InProgress => (E::SwPatchAutoApplyInprogress, E::SwUpgradeAutoApplyInprogress),
            Self::Rejected => (E::SwPatchAutoApplyRejected, E::SwUpgradeAutoApplyRejected),
            Self::Cancelled => (E::SwPatchAutoApplyCancelled, E::SwUpgradeAutoApplyCancelled),
            Self::Failed => (E::SwPatchAutoApplyFailed, E::SwUpgradeAutoApplyFailed),
            Self::Completed => (E::SwPatchAutoApplyCompleted, E::SwUpgradeAutoApplyCompleted),
            Self::Abort => (E::SwPatchAutoApplyAbort, E::SwUpgradeAutoApplyAbort),
            Self::Aborting => (E::SwPatchAutoApplyAborting, E::SwUpgradeAutoApplyAborting),
            Self::AbortRejected => (E::SwPatchAutoApplyAbortRejected, E::SwUpgradeAutoApplyAbortRejected),
            Self::AbortFailed => (E::SwPatchAutoApplyAbortFailed, E::SwUpgradeAutoApplyAbortFailed),
            Self::Aborted => (E::SwPatchAutoApplyAborted, E::SwUpgradeAutoApplyAborted),
        };
        match kind {
            UpdateKind::Patch => patch,
            UpdateKind::Upgrade => upgrade,
        }
    }
}

/// The apply phase ended: alarm and log. Contract: strategies 6.1 (apply complete).
pub(super) fn apply_ended(driver: &mut StepDriver<'_>, result: &Result<(), String>) {
    let kind = driver.kind;
    for alarm in driver.alarms.clone() {
        driver.world.clear_alarm(alarm);
    }
    match result {
        Ok(()) => driver.world.issue_log(EventKind::Completed.id(kind), ""),
        Err(reason) => {
            let alarm = UpdateAlarm::Failed.alarm_type(kind);
            driver.world.raise_alarm(alarm);
            *driver.alarms = vec![alarm];
            driver.world.issue_log(EventKind::Failed.id(kind), reason);
        }
    }
}

impl SwUpdate {
    /// Makes a strategy and begins to build it.
    ///
    /// # Errors
    /// What it was asked for is not supported; nothing is left behind.
    pub fn create(
        uuid: String,
        strategy_uuid: String,
        kind: UpdateKind,
        data: UpdateData,
        world: &mut dyn World,
    ) -> Result<Self, String> {
        if matches!(&data.of, super::data::OfKind::Upgrade(upgrade) if upgrade.start_upgrade) {
            return Err("No support for start_upgrade".to_owned());
        }
        let ignore_alarms = data.ignore_alarms.clone();
        let queries = match kind {
            UpdateKind::Patch => vec![Task::QuerySwPatches, Task::QuerySwPatchHosts],
            UpdateKind::Upgrade => vec![Task::QueryUpgrade],
        };
        let first = Task::QueryAlarms { fail_on_alarms: false, ignore_alarms };
        let steps = std::iter::once(first).chain(queries).map(UpdateStep::from);
        let stage = Stage::new(format!("{}-query", kind.as_str()), steps);
        let strategy = Strategy::new(strategy_uuid, kind.as_str().to_owned());
        let mut update = Self {
            uuid,
            kind,
            strategy: Some((strategy, data)),
            alarms: Vec::new(),
            audit: Audit::started(world.now()),
            changed: true,
            loaded_at: None,
        };
        update.drive(world, |strategy, driver| strategy.start_build(vec![stage], driver));
        Ok(update)
    }

    /// Loads a software update from its row. `alarms`: those that an earlier process is known to have raised.
    ///
    /// # Errors
    /// Why the row cannot be used.
    pub fn load(
        uuid: String,
        kind: UpdateKind,
        strategy_data: &str,
        alarms: Vec<AlarmType>,
        world: &mut dyn World,
    ) -> Result<Self, String> {
        let value: serde_json::Value =
            serde_json::from_str(strategy_data).map_err(|error| error.to_string())?;
        let audit = Audit::started(world.now());
        let mut update = Self { uuid, kind, strategy: None, alarms, audit, changed: false, loaded_at: None };
        if value.as_object().is_some_and(serde_json::Map::is_empty) || value.is_null() {
            return Ok(update);
        }
        let stored: StoredStrategy = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let named = UpdateKind::parse(&stored.name)
            .ok_or_else(|| format!("strategy of kind {} is not known", stored.name))?;
        if named != kind {
            return Err(format!("strategy of kind {} in a row of kind {}", stored.name, kind.as_str()));
        }
        let (mut strategy, keys) = Strategy::<UpdateStep>::from_stored(stored)?;
        let data = UpdateData::from_keys(kind, keys).map_err(|error| error.to_string())?;
        strategy.for_each_step(|step| step.kind.look_up(step.timeout, world));
        update.strategy = Some((strategy, data));
        update.drive(world, |strategy, driver| strategy.restored(driver));
        update.loaded_at = update.waiting_place();
        Ok(update)
    }

    /// The strategy, if there is one.
    pub fn strategy(&self) -> Option<&Strategy<UpdateStep>> {
        self.strategy.as_ref().map(|(strategy, _)| strategy)
    }

    /// Its own keys.
    pub fn data(&self) -> Option<&UpdateData> {
        self.strategy.as_ref().map(|(_, data)| data)
    }

    /// `strategy_data` as the database keeps it and the API gets it. Contract: strategies 1.10.
    pub fn to_stored(&self) -> Option<StoredStrategy> {
        self.strategy.as_ref().map(|(strategy, data)| strategy.to_stored(data.to_keys()))
    }

    /// Applies the strategy, or one stage of it.
    ///
    /// # Errors
    /// Why not.
    pub fn apply(
        &mut self,
        strategy_uuid: &str,
        stage: Option<usize>,
        world: &mut dyn World,
    ) -> Result<(), String> {
        let result = self.check(strategy_uuid).and_then(|()| {
            world.issue_log(EventKind::Started.id(self.kind), "");
            let applied = self.drive(world, |strategy, driver| strategy.request_apply(stage, driver));
            applied.unwrap_or(Ok(()))
        });
        match &result {
            Ok(()) => {
                self.clear_alarms(world);
                self.raise_alarm(UpdateAlarm::InProgress, world);
                world.issue_log(EventKind::InProgress.id(self.kind), "");
                self.audit.restart(world.now());
            }
            Err(reason) => world.issue_log(EventKind::Rejected.id(self.kind), reason),
        }
        result
    }

    /// Aborts the strategy.
    ///
    /// # Errors
    /// Why not.
    pub fn abort(
        &mut self,
        strategy_uuid: &str,
        stage: Option<usize>,
        world: &mut dyn World,
    ) -> Result<(), String> {
        let result = self.check(strategy_uuid).and_then(|()| {
            world.issue_log(EventKind::Abort.id(self.kind), "");
            let aborted = self.drive(world, |strategy, driver| strategy.request_abort(stage, driver));
            aborted.unwrap_or(Ok(()))
        });
        match &result {
            Ok(()) => {
                self.clear_alarms(world);
                self.raise_alarm(UpdateAlarm::Aborting, world);
                world.issue_log(EventKind::Aborting.id(self.kind), "");
            }
            Err(reason) => world.issue_log(EventKind::AbortRejected.id(self.kind), reason),
        }
        result
    }

    /// Drops the strategy; the caller then removes the row.
    ///
    /// # Errors
    /// Why not.
    pub fn delete(&mut self, strategy_uuid: &str, force: bool, world: &mut dyn World) -> Result<(), String> {
        self.check(strategy_uuid)?;
        let doing = match self.strategy().map(|strategy| strategy.state) {
            Some(StrategyState::Building) => Some("built"),
            Some(StrategyState::Applying) => Some("applied"),
            Some(StrategyState::Aborting) => Some("aborted"),
            _ => None,
        };
        if let Some(doing) = doing {
            if !force {
                return Err(format!("strategy is being {doing}, can't delete"));
            }
            // nobody will unlock or start them now: say so (docs/differences.md, `left-locked`)
            if let Some(left) = self.left_behind(world) {
                let reason = format!("strategy deleted while it was being {doing}, {left}");
                world.issue_log(EventKind::Cancelled.id(self.kind), &reason);
                world.note(format!("The {} {reason}.", self.kind.as_str()));
            }
        }
        self.clear_alarms(world);
        self.audit.stop();
        self.strategy = None;
        Ok(())
    }

    fn check(&self, strategy_uuid: &str) -> Result<(), String> {
        match self.strategy() {
            None => Err("strategy not created".to_owned()),
            Some(strategy) if strategy.uuid != strategy_uuid => Err("strategy does not exist".to_owned()),
            Some(_) => Ok(()),
        }
    }

    /// Lets the step that waits hear an event.
    pub fn handle(&mut self, event: &SwMgmtEvent, world: &mut dyn World) {
        self.step_progress(None, world, |driver, step, place| driver.hear(step, place, event));
    }

    /// An answer came.
    pub fn answer(
        &mut self,
        asker: Asker,
        question: &Question,
        result: Result<Reply, String>,
        world: &mut dyn World,
    ) {
        match asker {
            Asker::Audit(serial) => self.audit_answered(serial, result),
            Asker::Step(place) => self.step_progress(Some(place), world, |driver, step, place| {
                driver.answered(step, place, question, result)
            }),
        }
    }

    /// Goes on after a restart, once the cloud was heard of.
    pub fn resume(&mut self, world: &mut dyn World) {
        if self.loaded_at.take() != self.waiting_place() {
            return;
        }
        self.drive(world, |strategy, driver| strategy.resume(driver));
    }

    fn waiting_place(&self) -> Option<Place> {
        self.strategy().and_then(Strategy::waiting_step).map(|(place, _)| place)
    }

    /// Something is under way: a step waits, or will when [`SwUpdate::resume`] is called.
    pub fn is_under_way(&self) -> bool {
        self.strategy().is_some_and(|strategy| {
            matches!(
                strategy.state,
                StrategyState::Building | StrategyState::Applying | StrategyState::Aborting
            )
        })
    }

    /// All running timers: which, name, interval and start.
    pub fn timers(&self) -> Vec<(UpdateTimer, String, Watch)> {
        let mut timers = Vec::new();
        if let Some(watch) = self.audit.watch() {
            timers.push((UpdateTimer::Audit, format!("{} nfvi audit", self.kind.as_str()), watch));
        }
        if let Some(strategy) = self.strategy() {
            let watches = strategy.watches().into_iter();
            timers.extend(watches.map(|(phase, kind, name, watch)| {
                (UpdateTimer::Strategy(phase, kind), name.to_owned(), watch)
            }));
        }
        timers
    }

    /// The timer of the step that waits.
    pub fn step_watch(&self) -> Option<Watch> {
        let is_step = |timer: &UpdateTimer| matches!(timer, UpdateTimer::Strategy(_, WatchKind::Step));
        self.timers().into_iter().find(|(timer, ..)| is_step(timer)).map(|(_, _, watch)| watch)
    }

    /// When [`SwUpdate::tick`] is wanted at the latest.
    pub fn next_deadline(&self) -> Option<Mono> {
        let strategy = self.strategy().and_then(Strategy::next_deadline);
        self.audit.watch().map(|watch| watch.due()).into_iter().chain(strategy).min()
    }

    /// Fires what is due.
    pub fn tick(&mut self, world: &mut dyn World) {
        while let Some((phase, kind)) = self.strategy().and_then(|strategy| strategy.due(world.now())) {
            self.expire(UpdateTimer::Strategy(phase, kind), world);
        }
        if self.audit.watch().is_some_and(|watch| watch.due() <= world.now()) {
            self.audit_due(world);
        }
    }

    /// A timer fires.
    pub fn expire(&mut self, timer: UpdateTimer, world: &mut dyn World) {
        match timer {
            UpdateTimer::Audit => self.audit_due(world),
            UpdateTimer::Strategy(phase, kind) => {
                self.drive(world, |strategy, driver| strategy.fire(phase, kind, driver));
            }
        }
    }

    /// What is stored has changed since the last time.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    fn step_progress(
        &mut self,
        wanted: Option<Place>,
        world: &mut dyn World,
        make: impl FnOnce(&mut StepDriver<'_>, &mut UpdateStep, Place) -> Progress,
    ) {
        let changed = self.changed;
        let progressed = self.drive(world, |strategy, driver| {
            let Some((place, _)) = strategy.waiting_step() else { return false };
            if wanted.is_some_and(|wanted| wanted != place) {
                return false;
            }
            let Some(step) = strategy.waiting_kind(place) else { return false };
            let progress = make(driver, step, place);
            let over = progress != Progress::Wait;
            strategy.progressed(place, progress, driver);
            // an answer may have brought news also when it does not end the step
            over || wanted.is_some()
        });
        self.changed = changed || progressed == Some(true);
    }

    /// Lets the strategy do something, then says what must be said about how its phases ended.
    fn drive<R>(
        &mut self,
        world: &mut dyn World,
        act: impl FnOnce(&mut Strategy<UpdateStep>, &mut StepDriver<'_>) -> R,
    ) -> Option<R> {
        let (strategy, data) = self.strategy.as_mut()?;
        let mut driver = StepDriver {
            world,
            kind: self.kind,
            data,
            alarms: &mut self.alarms,
            audit: &mut self.audit,
            ends: Vec::new(),
        };
        self.changed = true;
        let result = act(strategy, &mut driver);
        for end in std::mem::take(&mut driver.ends) {
            self.say_end(end, world);
        }
        Some(result)
    }

    fn say_end(&self, end: Note, world: &mut dyn World) {
        let kind = self.kind.as_str();
        match end {
            Note::Applied(Ok(())) => world.note(format!("The {kind} strategy is applied.")),
            Note::Applied(Err(reason)) => {
                let what = self.failure().unwrap_or_else(|| format!(": {reason}"));
                world.note(format!("The {kind} strategy failed{what}."));
            }
            Note::Aborted(Ok(())) => world.issue_log(EventKind::Aborted.id(self.kind), ""),
            Note::Aborted(Err(mut reason)) => {
                if let Some(left) = self.left_behind(world) {
                    let comma = if reason.is_empty() { "" } else { ", " };
                    reason = format!("{reason}{comma}{left}");
                }
                world.issue_log(EventKind::AbortFailed.id(self.kind), &reason);
            }
        }
    }

    /// Where the apply phase failed and what the step there waited for, for the log: the reasons that the contract
    /// prescribes do not name the host.
    pub fn failure(&self) -> Option<String> {
        let apply = &self.strategy()?.apply;
        let failed = |outcome| matches!(outcome, Outcome::Failed | Outcome::TimedOut);
        let (at, stage) = apply.stages.iter().enumerate().find(|(_, stage)| failed(stage.result))?;
        let step = stage.steps.get(stage.current_step)?;
        Some(format!(
            " in stage {} of {}, {}, at {} ({}): {}",
            at + 1,
            apply.stages.len(),
            stage.name,
            step.kind.task.name(),
            step.kind.task.waits_for(),
            apply.reason,
        ))
    }

    /// Steps of the apply phase that were begun.
    fn begun(&self) -> impl Iterator<Item = &Task> {
        let stages = self.strategy().map(|strategy| strategy.apply.stages.as_slice()).unwrap_or_default();
        let steps = stages.iter().flat_map(|stage| &stage.steps);
        steps.filter(|step| step.result != Outcome::Initial).map(|step| &step.kind.task)
    }

    /// The hosts that the strategy locked and that are locked still, by name.
    pub fn hosts_left_locked(&self, world: &dyn World) -> Vec<String> {
        let locks = self.begun().filter_map(|task| match task {
            Task::LockHosts { hosts, .. } => Some(&hosts.names),
            _ => None,
        });
        let names: BTreeSet<_> = locks.flatten().cloned().collect();
        let is_locked = |name: &String| world.host(name).is_some_and(|host| host.is_locked());
        names.into_iter().filter(is_locked).collect()
    }

    /// The instances that the strategy stopped and that are stopped still, by name.
    pub fn instances_left_stopped(&self, world: &dyn World) -> Vec<String> {
        let stops = self.begun().filter_map(|task| match task {
            Task::StopInstances(instances) => Some(&instances.uuids),
            _ => None,
        });
        let uuids: BTreeSet<_> = stops.flatten().collect();
        let known = uuids.into_iter().filter_map(|uuid| world.instance(uuid));
        known.filter(|instance| instance.locked && instance.disabled).map(|instance| instance.name).collect()
    }

    /// What the strategy leaves behind, for the log that must say so.
    fn left_behind(&self, world: &dyn World) -> Option<String> {
        let told = |words: &str, names: Vec<String>| {
            (!names.is_empty()).then(|| format!("left {words}: {}", names.join(", ")))
        };
        let hosts = told("locked", self.hosts_left_locked(world));
        let instances = told("stopped", self.instances_left_stopped(world));
        let all: Vec<_> = hosts.into_iter().chain(instances).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    pub(super) fn raise_alarm(&mut self, alarm: UpdateAlarm, world: &mut dyn World) {
        let alarm = alarm.alarm_type(self.kind);
        world.raise_alarm(alarm);
        self.alarms = vec![alarm];
    }

    pub(super) fn clear_alarms(&mut self, world: &mut dyn World) {
        for alarm in &self.alarms {
            world.clear_alarm(*alarm);
        }
    }
}
