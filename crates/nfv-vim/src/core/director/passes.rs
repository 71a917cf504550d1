//! Moving, evacuating, stopping and starting instances, a few at a time. Contract: vim-behaviour 5.3.4.

use super::decide::{EvacuationFate, Fate, StopFate};
use super::host_down::Method;
use super::operation::{ItemEnd, ItemState, Operation, OperationKind};
use super::{FILE, LOGGER};
use crate::core::instance::Instance;
use crate::core::{Level, Vim};
use nfv_common::event_log::InitiatedBy;
use nfv_nfvi::object::ActionType;

/// By whom directors act.
const BY: InitiatedBy = InitiatedBy::InstanceDirector;

impl Vim {
    /// Whether a pass may move anything now; if not, the recovery audit looks again soon. Contract: 5.3.4 "gate".
    fn gate(&mut self, host: &str, kind: OperationKind, verb: &str) -> bool {
        let Some(why) = self.gate_closed(kind) else { return true };
        let text = format!("{why}, can't {verb} instances off of host {host}.");
        self.log(Level::Info, LOGGER, FILE, text);
        self.reschedule_recovery(self.config.instance.recovery_audit_cooldown);
        false
    }

    /// Moves instances off a host whose hypervisor works.
    pub(super) fn migrate_pass(&mut self, host: &str) {
        let Some(kind) = self.operations.get(host).map(|operation| operation.kind) else { return };
        if !self.gate(host, kind, "migrate") {
            return;
        }
        let reason = self.operation_reason(host, kind, false);
        for uuid in Self::to_migrate(self.instances_on(host)) {
            let Some(operation) = self.operations.get(host) else { return };
            if operation.in_progress() >= self.config.instance.max_concurrent_migrates_per_host {
                return;
            }
            if operation.contains(&uuid) {
                continue;
            }
            let Some(instance) = self.instances.get(&uuid) else { continue };
            let (action, joins) = match self.migration_fate(instance, host, kind) {
                Fate::Refuse(reason) => return self.item_failed(host, &uuid, &reason),
                Fate::Fail { reason, said } => {
                    if let Some(text) = said {
                        self.log(Level::Info, LOGGER, FILE, text);
                    }
                    self.fail_instance(&uuid, Some(&reason));
                    continue;
                }
                Fate::Move { action, joins } => (action, joins),
            };
            let (name, moved) = (instance.name().to_owned(), instance.is_being_moved());
            self.item(host, &uuid, ItemState::InProgress);
            if joins && moved {
                self.log(
                    Level::Info,
                    LOGGER,
                    FILE,
                    format!("Instance {name} on host {host} is already migrating."),
                );
            } else if !self.do_action(&uuid, action, None, BY, reason) {
                self.item_refused(host, &uuid);
            }
        }
    }

    /// Rebuilds instances of a host that does not work elsewhere, most important first.
    pub(super) fn evacuate_pass(&mut self, host: &str) {
        let Some(kind) = self.operations.get(host).map(|operation| operation.kind) else { return };
        let open = self.gate(host, kind, "evacuate") && !self.storm_holds(kind);
        let reason = self.operation_reason(host, kind, true);
        for uuid in Self::to_evacuate(self.instances_on(host)) {
            let Some(operation) = self.operations.get(host) else { return };
            if operation.contains(&uuid) {
                continue;
            }
            let in_progress = operation.in_progress();
            let Some(instance) = self.instances.get(&uuid) else { continue };
            let EvacuationFate { fails, evacuable } = match self.evacuation_fate(instance, host, kind) {
                Err(reason) => return self.item_failed(host, &uuid, &reason),
                Ok(fate) => fate,
            };
            if fails {
                let text = format!("Instance {} set as failed on host {host}.", instance.name());
                self.log(Level::Info, LOGGER, FILE, text);
                self.fail_instance(&uuid, Some(reason));
            }
            if open && evacuable && in_progress < self.config.instance.max_concurrent_evacuates_per_host {
                self.item(host, &uuid, ItemState::InProgress);
                if !self.do_action(&uuid, ActionType::Evacuate, None, BY, reason) {
                    self.item_refused(host, &uuid);
                }
            }
        }
    }

    /// Stops instances of a host at once: all of them, or those that are wanted.
    pub(super) fn stop_pass(&mut self, host: &str, wanted: Option<&[String]>) {
        let Some(kind) = self.operations.get(host).map(|operation| operation.kind) else { return };
        let reason = self.operation_reason(host, kind, false);
        for uuid in Self::to_stop(self.instances_on(host)) {
            let Some(instance) = self.instances.get(&uuid) else { continue };
            if wanted.is_some_and(|wanted| !wanted.contains(&uuid))
                || self.operations.get(host).is_some_and(|operation| operation.contains(&uuid))
            {
                continue;
            }
            match self.stop_fate(instance, host, kind) {
                StopFate::Refuse(reason) => return self.item_failed(host, &uuid, &reason),
                StopFate::Fail(reason) => {
                    self.fail_instance(&uuid, Some(&reason));
                    continue;
                }
                StopFate::Stop => {}
            }
            self.item(host, &uuid, ItemState::InProgress);
            if !self.do_action(&uuid, ActionType::Stop, None, BY, reason) {
                self.item_refused(host, &uuid);
            }
        }
    }

    /// Starts those of the wanted instances of a host that are stopped: all at once, or the first while the others
    /// wait for their turn.
    pub(super) fn start_pass(&mut self, host: &str, wanted: &[String]) {
        let Some(kind) = self.operations.get(host).map(|operation| operation.kind) else { return };
        let reason = self.operation_reason(host, kind, false);
        let mut started = 0;
        for uuid in self.uuids_on(host, |i| !i.is_going() && !i.is_failed()) {
            let Some(instance) = self.instances.get(&uuid) else { continue };
            if !wanted.contains(&uuid)
                || self.operations.get(host).is_some_and(|operation| operation.contains(&uuid))
            {
                continue;
            }
            let not_locked =
                || (!instance.is_locked()).then(|| format!("instance {} is not locked.", instance.name()));
            if let Some(objection) = self.objection(instance, host, Method::Stop).or_else(not_locked) {
                self.item_failed(host, &uuid, &format!("{}{objection}", kind.preamble(host)));
                return;
            }
            if kind == OperationKind::StartInstancesSerial && started > 0 {
                self.item(host, &uuid, ItemState::Ready);
                continue;
            }
            self.item(host, &uuid, ItemState::InProgress);
            if self.do_action(&uuid, ActionType::Start, None, BY, reason) {
                started += 1;
            } else {
                self.item_refused(host, &uuid);
            }
        }
    }

    /// Starts stopped instances of a host one after another.
    pub(super) fn start_instances_serially(&mut self, host: &str, uuids: Vec<String>) {
        let mut operation = Operation::new(OperationKind::StartInstancesSerial);
        for uuid in &uuids {
            operation.set(uuid, ItemState::Ready);
        }
        self.operations.insert(host.to_owned(), operation);
        self.start_next(host);
    }

    /// Starts the next instance that waits for its turn, unless one is being started.
    pub(super) fn start_next(&mut self, host: &str) {
        if self.operations.get(host).is_some_and(|operation| operation.in_progress() > 0) {
            return;
        }
        while let Some(uuid) = self.operations.get(host).and_then(Operation::next_ready) {
            self.item(host, &uuid, ItemState::InProgress);
            let reason = self.operation_reason(host, OperationKind::StartInstancesSerial, false);
            if self.do_action(&uuid, ActionType::Start, None, BY, reason) {
                return;
            }
            self.item_refused(host, &uuid);
        }
    }

    pub(super) fn item(&mut self, host: &str, uuid: &str, state: ItemState) {
        if let Some(operation) = self.operations.get_mut(host) {
            operation.set(uuid, state);
        }
    }

    /// The action of an item was refused: instances must be left alone during an upgrade.
    fn item_refused(&mut self, host: &str, uuid: &str) {
        let Some(kind) = self.operations.get(host).map(|operation| operation.kind) else { return };
        let name = self.instances.get(uuid).map_or(uuid, Instance::name);
        let reason = format!("{}instance {name} must be left alone during the upgrade.", kind.preamble(host));
        self.item_failed(host, uuid, &reason);
    }

    fn item_failed(&mut self, host: &str, uuid: &str, reason: &str) {
        self.log(Level::Info, LOGGER, FILE, reason.to_owned());
        if let Some(operation) = self.operations.get_mut(host) {
            operation.set(uuid, ItemState::Ended(ItemEnd::Failed));
            operation.give_reason(reason);
        }
    }
}

/// The instances that fit, most important first; equal ones in table order.
pub(super) fn in_recovery_order<'a>(instances: impl Iterator<Item = &'a Instance>) -> Vec<String> {
    let mut chosen: Vec<_> = instances.collect();
    chosen.sort_by_key(|instance| std::cmp::Reverse(instance.recovery_key()));
    chosen.into_iter().map(|instance| instance.uuid().to_owned()).collect()
}
