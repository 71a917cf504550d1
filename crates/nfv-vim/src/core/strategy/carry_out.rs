//! What the steps do, what they make of events and answers, and when they are done. Contract: strategies 2.

use super::audit::Audit;
use super::data::{UpdateData, UpdateKind};
use super::instances;
use super::plan::Planner;
use super::step::{Hosts, Instances, Patched, Task, UpdateStep, not_taken};
use super::update::{self, Note};
use super::world::{Asker, HostFacts, InstanceFacts, Order, OrderStatus, Question, Reply, World};
use crate::core::director::SwMgmtEvent;
use crate::core::host::service::ServiceState;
use nfv_common::alarm::AlarmType;
use nfv_common::strategy::{Driver, InstanceAction, Outcome, Place, Plan, Progress, Step};
use nfv_common::time::Mono;
use std::collections::BTreeSet;
use std::time::Duration;

/// Whole seconds in which a lock that was asked for shows itself, or else came to nothing.
const LATE_LOCK_SECS: u64 = 60;
/// Whole seconds after which an instance that an audit finds as it was is stopped or started again.
const AGAIN_SECS: u64 = 60;

/// Carries the steps of one strategy out.
pub(super) struct StepDriver<'a> {
    pub(super) world: &'a mut dyn World,
    pub(super) kind: UpdateKind,
    pub(super) data: &'a mut UpdateData,
    pub(super) alarms: &'a mut Vec<AlarmType>,
    pub(super) audit: &'a mut Audit,
    /// How the apply and abort phases ended, for what must be said afterwards.
    pub(super) ends: Vec<Note>,
}

impl Driver<UpdateStep> for StepDriver<'_> {
    fn now(&self) -> Mono {
        self.world.now()
    }

    fn date_time(&self) -> String {
        self.world.date_time()
    }

    fn begin(&mut self, step: &mut UpdateStep, place: Place) -> Progress {
        step.clock = None;
        step.asking = false;
        step.unsure = false;
        step.emptying = false;
        step.late.clear();
        let asker = Asker::Step(place);
        match &step.task {
            Task::QueryAlarms { .. } => self.ask(Question::GetAlarms, asker),
            Task::QuerySwPatches => self.ask(Question::QueryUpdates, asker),
            Task::QuerySwPatchHosts => self.ask(Question::QueryHosts, asker),
            Task::QueryUpgrade => self.ask(Question::GetUpgrade, asker),
            Task::StartUpgrade => self.ask(Question::UpgradeStart, asker),
            Task::ActivateUpgrade => self.ask(Question::UpgradeActivate, asker),
            Task::CompleteUpgrade => self.ask(Question::UpgradeComplete, asker),
            Task::SwPatchHosts { hosts, .. } => self.ask(Question::UpdateHosts(hosts.names.clone()), asker),
            Task::SwactHosts(hosts) => self.order(Order::SwactHosts(hosts.names.clone())),
            Task::RebootHosts(hosts) => self.order(Order::RebootHosts(hosts.names.clone())),
            Task::UpgradeHosts(hosts) => self.order(Order::UpgradeHosts(hosts.names.clone())),
            Task::DisableHostServices { hosts, service } => {
                self.order(Order::DisableHostServices(hosts.names.clone(), service.clone()))
            }
            Task::EnableHostServices { hosts, service } => {
                self.order(Order::EnableHostServices(hosts.names.clone(), service.clone()))
            }
            Task::UnlockHosts(hosts) => {
                if self.all(hosts, unlocked) == Some(true) {
                    return Progress::success();
                }
                let locking = |name: &&String| self.world.host(name).is_some_and(|host| host.locking);
                step.late = hosts.names.iter().filter(locking).cloned().collect();
                self.order(Order::UnlockHosts(hosts.names.clone()))
            }
            Task::LockHosts { hosts, wait_until_disabled } => {
                let (hosts, until_disabled) = (hosts.clone(), *wait_until_disabled);
                if self.all(&hosts, |host| locked(host, until_disabled)) == Some(true) {
                    return Progress::success();
                }
                self.lock(&hosts, &mut step.emptying)
            }
            Task::MigrateInstances(instances) => self.migrate(instances),
            Task::StopInstances(instances) => self.stop(instances),
            Task::StartInstances(instances) => {
                if self.all_instances(instances, |instance| instance.enabled) == Some(true) {
                    return Progress::success();
                }
                // the undoing of a stop that did not stop all: what runs needs no start (docs/differences.md)
                let stopped = |uuid: &&String| self.world.instance(uuid).is_none_or(|one| !one.enabled);
                let uuids = instances.uuids.iter().filter(stopped).cloned().collect();
                self.order(Order::StartInstances(uuids))
            }
            Task::SystemStabilize { .. } | Task::WaitDataSync { .. } => Progress::Wait,
            Task::Other { .. } => Progress::success(),
        }
    }

    fn requery(&mut self, step: &mut UpdateStep, place: Place) -> Progress {
        step.asking = false;
        match &step.task {
            Task::SwPatchHosts { .. } => {
                step.unsure = true;
                step.asking = true;
                self.ask(Question::QueryHosts, Asker::Step(place))
            }
            Task::StartUpgrade | Task::ActivateUpgrade | Task::CompleteUpgrade => {
                step.unsure = true;
                step.asking = true;
                self.ask(Question::GetUpgrade, Asker::Step(place))
            }
            Task::UpgradeHosts(hosts) => {
                let Some(release) = self.data.upgrade().map(|upgrade| upgrade.to_release.clone()) else {
                    return Progress::Wait;
                };
                let wants = |name: &&String| {
                    self.world.host(name).is_some_and(|host| host.target_load.as_deref() != Some(&*release))
                };
                let names: Vec<_> = hosts.names.iter().filter(wants).cloned().collect();
                if names.is_empty() { Progress::Wait } else { self.order(Order::UpgradeHosts(names)) }
            }
            _ => Progress::Wait,
        }
    }

    fn prepare(&mut self, step: &mut Step<UpdateStep>) {
        step.max_retries = self.world.attempts(step.kind.task.name());
        self.world.waits().adjust(&mut step.kind.task);
        step.timeout = match &step.kind.task {
            Task::SystemStabilize { secs } => *secs,
            task => self.world.deadline(task.name()).map_or(step.timeout, |limit| limit.as_secs()),
        };
    }

    fn took(&mut self, step: &UpdateStep, time: Duration) {
        self.world.took(step.task.name(), time);
    }

    fn plan(&mut self) -> Plan<UpdateStep> {
        let inventory = self.world.inventory();
        let local_host = self.world.local_host();
        let plan = Planner::new(self.kind, self.data, &inventory, &local_host).plan();
        if let Some(reason) = &plan.refused {
            let mut text = format!("The {} strategy cannot be built: {reason}.", self.kind.as_str());
            if !self.data.nfvi_alarms.is_empty() {
                text.push_str(&format!(" Alarms that count: {}.", self.alarm_list()));
            }
            self.world.note(text);
        }
        plan
    }

    fn applied(&mut self, result: Result<(), String>) {
        update::apply_ended(self, &result);
        self.ends.push(Note::Applied(result));
    }

    fn aborted(&mut self, result: Result<(), String>) {
        self.audit.hurry();
        self.ends.push(Note::Aborted(result));
    }
}

impl StepDriver<'_> {
    fn ask(&mut self, question: Question, asker: Asker) -> Progress {
        self.world.ask(question, asker);
        Progress::Wait
    }

    fn order(&mut self, order: Order) -> Progress {
        match self.world.order(order) {
            OrderStatus::InProgress => Progress::Wait,
            OrderStatus::Done => Progress::success(),
            OrderStatus::Failed(reason) => Progress::failed(reason),
        }
    }

    fn alarm_list(&self) -> String {
        let alarms = self.data.nfvi_alarms.iter();
        let texts = alarms.map(|alarm| format!("{} on {}", alarm.alarm_id, alarm.entity_instance_id));
        texts.collect::<Vec<_>>().join(", ")
    }

    /// True when all hosts are so; none when one does not exist any more.
    fn all(&self, hosts: &Hosts, is_so: impl Fn(&HostFacts) -> bool) -> Option<bool> {
        let mut all = true;
        for name in &hosts.names {
            all &= is_so(&self.world.host(name)?);
        }
        Some(all)
    }

    fn all_instances(&self, instances: &Instances, is_so: impl Fn(&InstanceFacts) -> bool) -> Option<bool> {
        let mut all = true;
        for uuid in &instances.uuids {
            all &= is_so(&self.world.instance(uuid)?);
        }
        Some(all)
    }

    /// Locks hosts. Instances that came to them after the plan was made are moved first, if the strategy moves
    /// instances (docs/differences.md, `late-instance`).
    fn lock(&mut self, hosts: &Hosts, emptying: &mut bool) -> Progress {
        let left = self.left_on(hosts);
        if left.is_empty() {
            *emptying = false;
            return self.order(Order::LockHosts(hosts.names.clone()));
        }
        if self.data.default_instance_action == InstanceAction::Migrate && !*emptying {
            *emptying = true;
            let uuids = left.iter().map(|instance| instance.uuid.clone()).collect();
            match self.world.order(Order::MigrateInstances(uuids)) {
                OrderStatus::InProgress => return Progress::Wait,
                OrderStatus::Done | OrderStatus::Failed(_) => {}
            }
        }
        Progress::failed(instances::not_emptied(hosts, &left))
    }

    /// Instances that keep hosts from being locked.
    fn left_on(&self, hosts: &Hosts) -> Vec<InstanceFacts> {
        instances::in_the_way(self.world.instances_on(&hosts.names))
    }

    fn migrate(&mut self, wanted: &Instances) -> Progress {
        let on_sources = self.world.instances_on(&instances::sources(wanted));
        let exists = |uuid: &str| self.world.instance(uuid).is_some();
        match instances::to_migrate(wanted, on_sources, exists) {
            Some(uuids) => self.order(Order::MigrateInstances(uuids)),
            None => Progress::success(),
        }
    }

    fn stop(&mut self, wanted: &Instances) -> Progress {
        if self.all_instances(wanted, |instance| instance.locked && instance.disabled) == Some(true) {
            return Progress::success();
        }
        match instances::moved_since_planned(wanted, |uuid| self.world.instance(uuid)) {
            Some(reason) => Progress::failed(reason),
            None => self.order(Order::StopInstances(wanted.uuids.clone())),
        }
    }

    /// What a waiting step makes of an event.
    pub(super) fn hear(&mut self, step: &mut UpdateStep, place: Place, event: &SwMgmtEvent) -> Progress {
        use SwMgmtEvent as E;
        let (now, waits) = (self.world.now(), self.world.waits());
        let UpdateStep { task, clock, asking, emptying, late, .. } = step;
        let mut waited = || {
            let since = *clock.get_or_insert(now);
            now.since(since).as_secs()
        };
        let audit = matches!(event, E::HostAudit { .. });
        let hosts_heard = audit || matches!(event, E::HostStateChanged { .. });
        let instances_heard = matches!(event, E::InstanceStateChanged { .. } | E::InstanceAudit { .. });
        let settled = |done: Option<bool>, gone: &str| match done {
            None => Progress::failed(gone),
            Some(true) => Progress::success(),
            Some(false) => Progress::Wait,
        };
        const GONE: &str = "host no longer exists";
        const INSTANCE_GONE: &str = "instance no longer exists";
        match (&*task, event) {
            (Task::LockHosts { hosts, .. }, E::HostLockFailed { host }) if hosts.names.contains(host) => {
                Progress::failed("host lock failed")
            }
            (Task::LockHosts { hosts, .. }, E::MigrateInstancesFailed { reason }) if *emptying => {
                Progress::failed(format!("Lock of host(s) {} failed: {reason}", hosts.names.join(",")))
            }
            (Task::LockHosts { hosts, wait_until_disabled }, _)
                if hosts_heard || (instances_heard && *emptying) =>
            {
                if *emptying && self.left_on(hosts).is_empty() {
                    return self.lock(hosts, emptying);
                }
                let done = self.all(hosts, |host| locked(host, *wait_until_disabled));
                if done.is_some() && !wait_until_disabled && waited() < waits.own_lock.as_secs() {
                    return Progress::Wait;
                }
                settled(done, GONE)
            }
            (Task::UnlockHosts(hosts), E::HostUnlockFailed { host }) if hosts.names.contains(host) => {
                Progress::failed("host unlock failed")
            }
            (Task::UnlockHosts(hosts), _) if hosts_heard => {
                let done = self.all(hosts, unlocked);
                let is_locked = |name: &String| self.world.host(name).is_some_and(|host| host.is_locked());
                let (locked, still): (Vec<_>, Vec<_>) = late.drain(..).partition(is_locked);
                *late = still;
                if !locked.is_empty() {
                    // the lock that was under way has come to its end; now it can be taken back
                    if let failed @ Progress::Done(Outcome::Failed, _) =
                        self.order(Order::UnlockHosts(locked))
                    {
                        return failed;
                    }
                }
                if !late.is_empty() && done.is_some() {
                    if waited() < LATE_LOCK_SECS {
                        return Progress::Wait;
                    }
                    late.retain(|name| self.world.host(name).is_some_and(|host| host.locking));
                }
                settled(done, GONE)
            }
            (Task::SwactHosts(hosts), E::HostSwactFailed { host }) if hosts.names.contains(host) => {
                Progress::failed("host swact failed")
            }
            (Task::SwactHosts(_), _) if audit => settled(Some(waited() >= waits.swact.as_secs()), GONE),
            (Task::RebootHosts(hosts), E::HostRebootFailed { host }) if hosts.names.contains(host) => {
                Progress::failed("host reboot failed")
            }
            (Task::RebootHosts(_), _) if audit => settled(Some(waited() >= waits.reboot.as_secs()), GONE),
            (Task::UpgradeHosts(hosts), E::HostUpgradeFailed { host }) if hosts.names.contains(host) => {
                Progress::failed("host upgrade failed")
            }
            (Task::UpgradeHosts(hosts), _) if audit => {
                if waited() < waits.upgrade_hosts.as_secs() {
                    return Progress::Wait;
                }
                let release = self.data.upgrade().map(|upgrade| upgrade.to_release.clone());
                settled(self.all(hosts, |host| upgraded(host, release.as_deref())), GONE)
            }
            (Task::DisableHostServices { hosts, .. }, E::DisableHostServicesFailed { host })
                if hosts.names.contains(host) =>
            {
                Progress::failed("disable host services failed")
            }
            (Task::DisableHostServices { hosts, .. }, _) if hosts_heard => {
                settled(self.all(hosts, |host| host.compute_service == Some(ServiceState::Disabled)), GONE)
            }
            (Task::EnableHostServices { hosts, .. }, E::EnableHostServicesFailed { host })
                if hosts.names.contains(host) =>
            {
                Progress::failed("enable host services failed")
            }
            (Task::EnableHostServices { hosts, .. }, _) if hosts_heard => {
                settled(self.all(hosts, |host| host.compute_service == Some(ServiceState::Enabled)), GONE)
            }
            (Task::SwPatchHosts { .. }, _) if audit && !*asking => {
                *asking = true;
                self.ask(Question::QueryHosts, Asker::Step(place))
            }
            (Task::StartUpgrade | Task::ActivateUpgrade | Task::CompleteUpgrade, _)
                if audit && waited() >= waits.upgrade_state.as_secs() && !*asking =>
            {
                *asking = true;
                self.ask(Question::GetUpgrade, Asker::Step(place))
            }
            (Task::WaitDataSync { .. }, _) if audit && waited() >= waits.data_sync.as_secs() && !*asking => {
                *asking = true;
                self.ask(Question::GetAlarms, Asker::Step(place))
            }
            (Task::MigrateInstances(_), E::MigrateInstancesFailed { reason }) => {
                Progress::failed(reason.clone())
            }
            (Task::MigrateInstances(instances), _) if instances_heard => settled(
                Some(self.world.instances_on(&instances::sources(instances)).is_empty()),
                INSTANCE_GONE,
            ),
            (Task::StopInstances(instances), _) if instances_heard => {
                let done = self.all_instances(instances, |instance| instance.locked && instance.disabled);
                if done == Some(false)
                    && let E::InstanceAudit { uuid } = event
                    && instances.uuids.contains(uuid)
                    && self.world.instance(uuid).is_some_and(|one| one.enabled)
                    && waited() >= AGAIN_SECS
                {
                    // its request was lost or refused; the answer of the director does not matter, it is a second try
                    *clock = Some(now);
                    self.world.order(Order::StopInstances(vec![uuid.clone()]));
                }
                settled(done, INSTANCE_GONE)
            }
            (Task::StartInstances(instances), _) if instances_heard => {
                let done = self.all_instances(instances, |instance| instance.enabled);
                if done == Some(false)
                    && let E::InstanceAudit { uuid } = event
                    && instances.uuids.contains(uuid)
                    && self.world.instance(uuid).is_some_and(|one| one.locked && one.disabled)
                    && waited() >= AGAIN_SECS
                {
                    *clock = Some(now);
                    self.world.order(Order::StartInstances(vec![uuid.clone()]));
                }
                settled(done, INSTANCE_GONE)
            }
            (Task::SystemStabilize { .. }, E::HostStateChanged { host }) => {
                Progress::failed(format!("host {host} changed state unexpectedly"))
            }
            (Task::SystemStabilize { .. }, E::InstanceStateChanged { uuid }) => {
                let name = self.world.instance(uuid).map_or_else(|| uuid.clone(), |instance| instance.name);
                Progress::failed(format!("instance {name} changed state unexpectedly"))
            }
            _ => Progress::Wait,
        }
    }

    /// What a waiting step makes of an answer; the error says what went wrong.
    pub(super) fn answered(
        &mut self,
        step: &mut UpdateStep,
        place: Place,
        question: &Question,
        result: Result<Reply, String>,
    ) -> Progress {
        let name = step.task.name().to_owned();
        let UpdateStep { task, asking, unsure, .. } = step;
        *asking = false;
        let reply = match result {
            Ok(reply) => reply,
            // a question that is asked again and again may fail; the patches are under way all the same
            Err(_) if matches!(task, Task::SwPatchHosts { .. }) && *question == Question::QueryHosts => {
                return Progress::Wait;
            }
            Err(why) => return Progress::failed(format!("{name} failed: {why}")),
        };
        match (task, reply) {
            (Task::QueryAlarms { fail_on_alarms, ignore_alarms }, Reply::Alarms(alarms)) => {
                self.data.filter_alarms(alarms, ignore_alarms);
                if *fail_on_alarms && !self.data.nfvi_alarms.is_empty() {
                    let text = format!("Alarms are present: {}.", self.alarm_list());
                    self.world.note(text);
                    return Progress::failed("alarms are present");
                }
                Progress::success()
            }
            (Task::WaitDataSync { ignore_alarms, .. }, Reply::Alarms(alarms)) => {
                self.data.filter_alarms(alarms, ignore_alarms);
                if self.data.nfvi_alarms.is_empty() { Progress::success() } else { Progress::Wait }
            }
            (Task::QuerySwPatches, Reply::SwPatches(patches)) => {
                self.data.set_patches(patches);
                Progress::success()
            }
            (Task::QuerySwPatchHosts, Reply::HostSwPatches(hosts)) => {
                self.data.set_patch_hosts(hosts);
                Progress::success()
            }
            (Task::QueryUpgrade, Reply::Upgrade(upgrade)) => {
                self.data.set_upgrade(upgrade);
                Progress::success()
            }
            (Task::SwPatchHosts { hosts, completed }, Reply::HostSwPatches(states)) => {
                let idle: BTreeSet<_> =
                    states.iter().filter(|s| s.state == "idle").map(|s| s.name.as_str()).collect();
                for state in &states {
                    let Some(at) = completed.get_mut(&state.name) else { continue };
                    if state.patch_current {
                        *at = Patched { completed: true, success: true, reason: String::new() };
                    } else if state.patch_failed {
                        let reason = format!("software update failed to apply on host {}", state.name);
                        *at = Patched { completed: true, success: false, reason };
                    }
                }
                let open = |name: &&String| completed.get(*name).is_some_and(|at| !at.completed);
                let open: Vec<_> = hosts.names.iter().filter(open).cloned().collect();
                if open.is_empty() {
                    let failed = hosts.names.iter().rev().filter_map(|name| completed.get(name));
                    return match failed.clone().find(|at| !at.success) {
                        Some(at) => Progress::failed(at.reason.clone()),
                        None => Progress::success(),
                    };
                }
                let lost: Vec<_> = open.into_iter().filter(|name| idle.contains(name.as_str())).collect();
                if std::mem::take(unsure) && !lost.is_empty() {
                    return self.ask(Question::UpdateHosts(lost), Asker::Step(place));
                }
                Progress::Wait
            }
            (
                task @ (Task::StartUpgrade | Task::ActivateUpgrade | Task::CompleteUpgrade),
                Reply::Upgrade(upgrade),
            ) => {
                self.data.set_upgrade(upgrade);
                if *question != Question::GetUpgrade {
                    return Progress::Wait;
                }
                if std::mem::take(unsure) && not_taken(task, self.data.upgrade()) {
                    return self.begin(step, place);
                }
                let state = self.data.upgrade().map(|upgrade| upgrade.state.as_str());
                let done = match task {
                    Task::StartUpgrade => state == Some("started"),
                    Task::ActivateUpgrade => state == Some("activation-complete"),
                    _ => state.is_none(),
                };
                if done { Progress::success() } else { Progress::Wait }
            }
            // the request was taken; the audits tell how it goes
            _ => Progress::Wait,
        }
    }
}

fn locked(host: &HostFacts, until_disabled: bool) -> bool {
    host.is_locked() && (!until_disabled || host.disabled)
}

fn unlocked(host: &HostFacts) -> bool {
    !host.is_locked() && !host.locking && host.enabled
}

fn upgraded(host: &HostFacts, release: Option<&str>) -> bool {
    release.is_some()
        && host.is_online()
        && host.target_load.as_deref() == release
        && host.software_load.as_deref() == release
}
