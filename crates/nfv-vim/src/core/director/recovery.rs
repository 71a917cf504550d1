//! Healing failed instances. Contract: vim-behaviour 5.3.6.

use super::host_down::Method;
use super::passes::in_recovery_order;
use super::{FILE, LOGGER};
use crate::core::host::HostState;
use crate::core::instance::action::ActionKind;
use crate::core::instance::{Instance, VM_ERROR};
use crate::core::{Effect, Flag, Level, TimerKey, Vim};
use nfv_common::event_log::InitiatedBy;
use nfv_common::time::Mono;
use nfv_nfvi::object::{ActionType, AdminState, HostAvailStatus};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The recovery audit's memory.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// Instances of the present audit still to be looked at.
    list: VecDeque<String>,
    /// When the next audit is due after the present one.
    next_interval: Duration,
    /// The timer runs at the long interval.
    at_long_interval: bool,
    /// When the timer was armed.
    armed: Mono,
    /// Reboots since an instance was last well.
    reboots: BTreeMap<String, u32>,
    /// Instances stopped by a lock of the only hypervisor have been started again.
    unlock_complete: bool,
}

impl Recovery {
    /// Nothing to do yet; `unlock_complete` as an earlier process left it.
    pub fn new(next_interval: Duration, unlock_complete: bool, now: Mono) -> Self {
        Self {
            list: VecDeque::new(),
            next_interval,
            at_long_interval: false,
            armed: now,
            reboots: BTreeMap::new(),
            unlock_complete,
        }
    }

    /// Reboots since the instance was last well.
    pub(in crate::core) fn reboots_of(&self, uuid: &str) -> u32 {
        self.reboots.get(uuid).copied().unwrap_or(0)
    }

    /// The instance is well: its reboots do not count any more.
    pub(in crate::core) fn forget_reboots(&mut self, uuid: &str) {
        self.reboots.remove(uuid);
    }
}

/// What Nova showed of an instance longer ago does not count.
const FRESH: Duration = Duration::from_secs(120);

/// How an instance is healed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cure {
    Reboot,
    Rebuild,
    Evacuate,
}

impl Vim {
    /// Something changed that may let failed instances be healed: the audit comes soon.
    pub(in crate::core) fn recover_instances(&mut self) {
        let cooldown = self.config.instance.recovery_audit_cooldown;
        if self.recovery_closed().is_some() {
            self.reschedule_recovery(cooldown);
            return;
        }
        if self.recovery.list.is_empty() && self.recovery.at_long_interval {
            self.reschedule_recovery(cooldown);
        }
        self.recovery.next_interval = cooldown;
    }

    /// Why nothing may be done about a failed instance now, not even set it to error.
    fn healing_forbidden(&self) -> Option<&'static str> {
        if !self.dor.stabilized {
            Some("the site has just come up: it must be stable first (dead office recovery)")
        } else {
            self.upgrade_blocks_instances()
                .then_some("an upgrade is under way during which instances are not recovered")
        }
    }

    /// Why no instance may be healed now.
    fn recovery_closed(&self) -> Option<&'static str> {
        let nowhere = || (!self.has_other_hypervisor(None)).then_some("there is no hypervisor in service");
        self.healing_forbidden().or_else(nowhere)
    }

    /// Moves the audit's timer, counted from when it was armed. Contract: 1.1 "Reschedule".
    pub(in crate::core) fn reschedule_recovery(&mut self, interval: Duration) {
        self.recovery.at_long_interval = interval >= self.config.instance.recovery_audit_interval;
        self.timers.arm(TimerKey::Recovery, self.recovery.armed + interval);
    }

    fn arm_recovery(&mut self, interval: Duration) {
        self.recovery.armed = self.now.mono;
        self.reschedule_recovery(interval);
    }

    /// One batch of the recovery audit.
    pub(in crate::core) fn recovery_audit(&mut self) {
        let config = self.config.instance.clone();
        self.recovery.armed = self.now.mono;
        if let Some(why) = self.recovery_closed() {
            for uuid in self.instances_where(|instance| self.is_candidate(instance)) {
                self.instance_held_back(&uuid, why);
            }
            self.arm_recovery(config.recovery_audit_cooldown);
            return;
        }
        if self.recovery.list.is_empty() {
            self.find_candidates();
        }
        let batch = if self.recovery.list.len() > config.recovery_threshold || self.is_storm() {
            config.max_throttled_recovering
        } else {
            config.max_concurrent_recovering
        };
        let mut started = 0;
        while started < batch {
            let Some(uuid) = self.recovery.list.pop_front() else { break };
            let Some(instance) = self.instances.get(&uuid) else { continue };
            if !self.is_candidate(instance) || !self.may_recover_now(instance) {
                continue;
            }
            if !instance.confirmed || self.now.mono.since(instance.seen) > FRESH {
                // nothing is done to an instance that Nova has not shown lately: it may be well by now
                self.ask_for_instance(&uuid);
                self.recovery.next_interval = config.recovery_audit_cooldown;
                continue;
            }
            if self.recover_instance(&uuid, None, false, None) {
                started += 1;
            }
        }
        if self.recovery.list.is_empty() {
            self.unlock_pass();
            let next = std::mem::replace(&mut self.recovery.next_interval, config.recovery_audit_interval);
            self.arm_recovery(next);
        } else {
            self.arm_recovery(config.recovery_audit_batch_interval);
        }
    }

    fn is_candidate(&self, instance: &Instance) -> bool {
        instance.needs_healing() && instance.host().is_some_and(|host| !self.operations.contains_key(host))
    }

    fn find_candidates(&mut self) {
        let cooldown = self.config.instance.recovery_audit_cooldown;
        let failed = self.instances.values().filter(|i| i.needs_healing() && i.host().is_some());
        let all = in_recovery_order(failed);
        self.recovery.reboots.retain(|uuid, _| all.contains(uuid));
        if all.is_empty() {
            return;
        }
        self.recovery.next_interval = cooldown;
        let list = all
            .into_iter()
            .filter(|uuid| {
                self.instances.get(uuid).is_some_and(|i| self.is_candidate(i) && self.may_recover_now(i))
            })
            .collect();
        self.recovery.list = list;
    }

    /// It has been in its state long enough to be touched.
    fn may_recover_now(&self, instance: &Instance) -> bool {
        let config = &self.config.instance;
        let needed = if instance.is_rebuilding() {
            config.rebuild_timeout
        } else if instance.is_migrating() {
            config.migrate_timeout
        } else if instance.is_rebooting() {
            config.reboot_timeout
        } else {
            config.recovery_cooldown
        };
        Duration::from_secs(instance.elapsed_in_state(self.now.mono)) >= needed
    }

    /// Heals one instance. True when an action was found and started.
    pub(in crate::core) fn recover_instance(
        &mut self,
        uuid: &str,
        wanted: Option<ActionType>,
        force_fail: bool,
        fail_reason: Option<&str>,
    ) -> bool {
        // the hypervisors are no matter here: a crashed instance is at least set to error
        if let Some(why) = self.healing_forbidden() {
            self.instance_held_back(uuid, why);
            self.reschedule_recovery(self.config.instance.recovery_audit_cooldown);
            return false;
        }
        let Some(instance) = self.instances.get(uuid) else { return false };
        let (name, failed) = (instance.name().to_owned(), instance.is_failed());
        let (cure, cancelled, force_fail) = match wanted {
            Some(ActionType::Evacuate) => (Ok(Cure::Evacuate), None, force_fail),
            Some(ActionType::Rebuild) => (Ok(Cure::Rebuild), None, force_fail),
            Some(_) => (Ok(Cure::Reboot), None, force_fail),
            None => {
                let (cure, cancelled) = match self.cure_for(instance) {
                    Ok((cure, cancelled)) => (Ok(cure), cancelled),
                    Err(why) => (Err(why), None),
                };
                // Nova refuses an evacuation while it takes something else for under way, which a dead host never
                // ends: setting the instance to error ends it (docs/differences.md)
                let stuck = cure == Ok(Cure::Evacuate) && instance.is_action_running();
                // an earlier process may have ended before it set a crashed instance to error
                let unmarked = instance.has_crashed() && instance.nfvi.nfvi_data.vm_state != VM_ERROR;
                (cure, cancelled, force_fail || cancelled.is_some() || stuck || unmarked)
            }
        };
        if cure == Ok(Cure::Evacuate) && instance.is_evacuating() {
            return false;
        }
        if force_fail && let Some(instance) = self.instances.get_mut(uuid) {
            // what an earlier process had under way is given up with the rest
            instance.resuming = None;
            self.dirty_instances.insert(uuid.to_owned());
        }
        if let Some(kind) = cancelled {
            self.cancel_action(uuid, kind, "");
            self.settle();
        }
        if !failed || force_fail {
            let why =
                fail_reason.is_none().then(|| "it is set to error in Nova before it is healed".to_owned());
            self.fail_instance_because(uuid, fail_reason, why);
        }
        let Some(instance) = self.instances.get(uuid) else { return false };
        let cure = match cure {
            Ok(cure) => cure,
            Err(why) => {
                self.instance_held_back(uuid, why);
                return false;
            }
        };
        if cure == Cure::Evacuate && self.waits_for_operator(instance) {
            self.instance_held_back(
                uuid,
                "its host is locked and still runs: an operator must switch it off",
            );
            return false;
        }
        if !self.auto_recovery(instance) || !instance.recoverable {
            let text = format!("Auto-Recovery is turned off for instance {name}.");
            self.log(Level::Info, LOGGER, FILE, text);
            self.instance_held_back(uuid, "auto-recovery is turned off for it");
            return false;
        }
        let why = self.why_this_cure(uuid, cure, wanted.is_some());
        let action = match cure {
            Cure::Reboot => {
                if self.dor.completed {
                    *self.recovery.reboots.entry(uuid.to_owned()).or_default() += 1;
                }
                ActionType::Reboot
            }
            Cure::Rebuild => {
                self.recovery.forget_reboots(uuid);
                ActionType::Rebuild
            }
            Cure::Evacuate => {
                self.recovery.forget_reboots(uuid);
                ActionType::Evacuate
            }
        };
        let text = format!("Recover instance {name}, method={action}.");
        self.log(Level::Info, LOGGER, FILE, text);
        self.do_action_because(uuid, action, None, (InitiatedBy::InstanceDirector, "", Some(why)))
    }

    /// The cure in words: what the history shows.
    fn why_this_cure(&self, uuid: &str, cure: Cure, wanted: bool) -> String {
        if wanted {
            return "its guest wants it so".to_owned();
        }
        let reboots = self.recovery.reboots_of(uuid);
        match cure {
            Cure::Reboot if reboots == 0 => "it failed, its host works: a reboot is tried first".to_owned(),
            Cure::Reboot => {
                format!("it failed, {reboots} reboots did not help, and it has no image to be rebuilt from")
            }
            Cure::Rebuild => "it failed, its host works, and a reboot did not help".to_owned(),
            Cure::Evacuate => "it failed, and its host does not work".to_owned(),
        }
    }

    /// Its host is locked and runs: an evacuation waits for the host to be offline, and that one will not be before
    /// somebody switches it off (docs/differences.md).
    fn waits_for_operator(&self, instance: &Instance) -> bool {
        instance.host().and_then(|host| self.hosts.get(host)).is_some_and(|host| {
            host.nfvi.admin_state == AdminState::Locked && host.nfvi.avail_status == HostAvailStatus::Online
        })
    }

    /// The method, and the action that is stuck and given up for it; or why there is no cure. Contract: 5.3.6
    /// "recover_instance".
    fn cure_for(&self, instance: &Instance) -> Result<(Cure, Option<ActionKind>), &'static str> {
        let by_source = if instance.nfvi.image_uuid.is_some() { Cure::Rebuild } else { Cure::Reboot };
        let rebooting = instance.is_rebooting().then_some(ActionKind::Reboot);
        let host = instance.host().and_then(|host| self.hosts.get(host));
        if host.is_none() && !self.audits.hosts_listed {
            // its host may well run: the platform has not been heard yet
            return Err("the platform has not told of its hosts yet");
        }
        let works =
            host.is_some_and(|host| host.nfvi_is_enabled() && self.is_hypervisor_enabled(host.name()));
        if works {
            if instance.is_rebuilding() {
                return Ok((by_source, Some(ActionKind::Rebuild)));
            }
            if instance.is_migrating() {
                return Ok((by_source, Some(ActionKind::LiveMigrate)));
            }
            let rebooted = self.recovery.reboots_of(instance.uuid()) > 0;
            return Ok((if rebooted { by_source } else { Cure::Reboot }, rebooting));
        }
        if !self.is_allowed(instance, Method::Evacuate) {
            return Err(
                "its host is down, and its local disk is too large for the system to rebuild it elsewhere",
            );
        }
        if self.dor.completed {
            Ok((Cure::Evacuate, rebooting))
        } else if host.is_none() {
            Ok((Cure::Evacuate, None))
        } else {
            Err("hosts that are down are not taken for down before dead office recovery is over")
        }
    }

    /// Something can be done about it, once it is its turn.
    pub(in crate::core) fn can_be_healed(&self, instance: &Instance) -> bool {
        self.cure_for(instance).is_ok_and(|(cure, _)| {
            !(cure == Cure::Evacuate && self.waits_for_operator(instance))
                && self.auto_recovery(instance)
                && instance.recoverable
        })
    }

    /// What a lock of the only hypervisor stopped is started again: after each boot of the controller, and when the
    /// lock came to nothing (docs/differences.md).
    fn unlock_pass(&mut self) {
        if self.config.instance.single_hypervisor {
            self.start_stopped_by_lock();
        }
        if !self.recovery.unlock_complete {
            self.recovery.unlock_complete = true;
            self.out.effects.push(Effect::Touch(Flag::UnlockComplete));
        }
    }

    fn start_stopped_by_lock(&mut self) {
        let mut by_host: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for instance in self.instances.values() {
            let enabled = |host: &&str| {
                self.hosts.get(*host).is_some_and(|host| host.state() == HostState::Enabled)
                    && !self.operations.contains_key(*host)
            };
            if instance.is_locked()
                && instance.unlock_to_recover
                && !instance.is_going()
                && let Some(host) = instance.host().filter(enabled)
            {
                by_host.entry(host.to_owned()).or_default().push(instance.uuid().to_owned());
            }
        }
        // each one's mark goes when it is seen started: what a crash or a refusal keeps from starting comes next time
        for (host, uuids) in by_host {
            self.start_instances_serially(&host, uuids);
        }
    }
}
