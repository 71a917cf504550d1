//! Moving, evacuating, stopping and starting instances, a few at a time. Contract: vim-behaviour 5.3.4.

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
    /// Why a pass moves nothing now; the recovery audit then looks again soon. Contract: 5.3.4 "gate".
    fn gate(&mut self, host: &str, kind: OperationKind, verb: &str) -> bool {
        let closed = if !kind.is_lock() && !self.dor.completed {
            Some("DOR is not complete")
        } else if self.upgrade_blocks_instances() {
            Some("Upgrade inprogress")
        } else if !self.has_other_hypervisor(None) {
            Some("No hypervisors available")
        } else if kind == OperationKind::HostLockForce {
            Some("Force-Lock issued")
        } else {
            None
        };
        if let Some(why) = closed {
            let text = format!("{why}, can't {verb} instances off of host {host}.");
            self.log(Level::Info, LOGGER, FILE, text);
            self.reschedule_recovery(self.config.instance.recovery_audit_cooldown);
            return false;
        }
        true
    }

    fn operation_reason(&self, host: &str, kind: OperationKind, evacuating: bool) -> &'static str {
        match kind {
            OperationKind::HostLockForce => "host force lock command issued",
            OperationKind::HostLock => "host lock command issued",
            OperationKind::HostDisable if evacuating => "host disable action",
            OperationKind::HostDisable => "host disabled",
            OperationKind::HostFailed if self.hosts.get(host).is_some_and(|h| h.is_component_failure()) => {
                "host component failure"
            }
            OperationKind::HostFailed => "host failed",
            OperationKind::MigrateInstances => "migrate instances requested",
            OperationKind::StopInstances => "stop instances issued",
            OperationKind::StartInstances => "start instances issued",
            OperationKind::StartInstancesSerial => "start instances serial issued",
            OperationKind::InstanceCreate
            | OperationKind::LockHosts
            | OperationKind::UnlockHosts
            | OperationKind::RebootHosts
            | OperationKind::UpgradeHosts
            | OperationKind::SwactHosts
            | OperationKind::DisableHostServices
            | OperationKind::EnableHostServices => "",
        }
    }

    /// Moves instances off a host whose hypervisor works.
    pub(super) fn migrate_pass(&mut self, host: &str) {
        let Some(kind) = self.operations.get(host).map(|operation| operation.kind) else { return };
        if !self.gate(host, kind, "migrate") {
            return;
        }
        let reason = self.operation_reason(host, kind, false);
        let candidates = self
            .uuids_on(host, |i| !i.is_going() && !i.is_locked() && (!i.is_failed() || i.resuming.is_some()));
        for uuid in candidates {
            let Some(operation) = self.operations.get(host) else { return };
            if operation.in_progress() >= self.config.instance.max_concurrent_migrates_per_host {
                return;
            }
            if operation.contains(&uuid) {
                continue;
            }
            let Some(instance) = self.instances.get(&uuid) else { continue };
            let name = instance.name().to_owned();
            let method = self.move_method(instance, host);
            let patient = kind.gives_up_at_first();
            let joins =
                !patient && !kind.is_lock() && (instance.is_migrating() || instance.is_cold_migrating());
            let action = match (&instance.resuming, method) {
                // what an earlier process began goes on the way it began
                (Some(ActionType::ColdMigrate), _) => ActionType::ColdMigrate,
                (Some(ActionType::LiveMigrate), _) => ActionType::LiveMigrate,
                (_, Method::ColdMigrate) => ActionType::ColdMigrate,
                (_, Method::Stop | Method::LiveMigrate | Method::Evacuate) => ActionType::LiveMigrate,
            };
            if patient {
                if let Some(objection) = self.objection(instance, host, method) {
                    self.item_failed(host, &uuid, &format!("{}{objection}", kind.preamble(host)));
                    return;
                }
            } else if !joins {
                if let Some(why) = unmovable(instance, method) {
                    self.log(
                        Level::Info,
                        LOGGER,
                        FILE,
                        format!("Instance {name} set as failed on host {host} because it {why}."),
                    );
                    self.fail_instance(&uuid, Some(&format!("{reason} and {}", subject(why))));
                    continue;
                }
                if !self.is_allowed(instance, method) {
                    let how = if method == Method::ColdMigrate { "cold-migrate" } else { "live-migrate" };
                    self.fail_instance(&uuid, Some(&format!("{reason} and the system can't {how} instance")));
                    continue;
                }
            }
            self.item(host, &uuid, ItemState::InProgress);
            let moved = self.instances.get(&uuid).is_some_and(Instance::is_being_moved);
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
        let open = self.gate(host, kind, "evacuate");
        let reason = self.operation_reason(host, kind, true);
        for uuid in in_recovery_order(self.instances_on(host).filter(|i| !i.is_going() && !i.is_locked())) {
            let Some(operation) = self.operations.get(host) else { return };
            if operation.contains(&uuid) {
                continue;
            }
            let in_progress = operation.in_progress();
            let Some(instance) = self.instances.get(&uuid) else { continue };
            let resumed = instance.resuming == Some(ActionType::Evacuate);
            let evacuable = self.is_allowed(instance, Method::Evacuate)
                && self.auto_recovery(instance)
                && (instance.recoverable || resumed);
            if kind == OperationKind::HostLock {
                if let Some(objection) = self.objection(instance, host, Method::Evacuate) {
                    self.item_failed(host, &uuid, &format!("{}{objection}", kind.preamble(host)));
                    return;
                }
            } else if !instance.is_failed() && !self.is_failing(instance) {
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

    /// Its fail action is under way already.
    fn is_failing(&self, instance: &Instance) -> bool {
        instance.running.as_ref().is_some_and(|r| r.kind == crate::core::instance::action::ActionKind::Fail)
    }

    /// Stops instances of a host at once: all of them, or those that are wanted.
    pub(super) fn stop_pass(&mut self, host: &str, wanted: Option<&[String]>) {
        let Some(kind) = self.operations.get(host).map(|operation| operation.kind) else { return };
        let reason = self.operation_reason(host, kind, false);
        for uuid in self.uuids_on(host, |i| !i.is_going() && !i.is_locked()) {
            let Some(instance) = self.instances.get(&uuid) else { continue };
            if wanted.is_some_and(|wanted| !wanted.contains(&uuid))
                || self.operations.get(host).is_some_and(|operation| operation.contains(&uuid))
            {
                continue;
            }
            if kind.gives_up_at_first() {
                if let Some(objection) = self.objection(instance, host, Method::Stop) {
                    self.item_failed(host, &uuid, &format!("{}{objection}", kind.preamble(host)));
                    return;
                }
            } else if kind == OperationKind::HostLockForce
                && let Some(why) = unmovable(instance, Method::Stop)
            {
                self.fail_instance(&uuid, Some(&format!("{reason} and {}", subject(why))));
                continue;
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

/// A condition in which an instance cannot be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unmovable {
    Paused,
    Suspended,
    Rebuilding,
    ActionRunning,
    Resized,
}

impl std::fmt::Display for Unmovable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Paused => "is paused",
            Self::Suspended => "is suspended",
            Self::Rebuilding => "is rebuilding",
            Self::ActionRunning => "has action in progress",
            Self::Resized => "is resized",
        })
    }
}

fn subject(why: Unmovable) -> String {
    format!("instance {why}")
}

/// Why an instance cannot be moved off a host that goes down without being asked.
fn unmovable(instance: &Instance, method: Method) -> Option<Unmovable> {
    let own = instance.resuming.is_some();
    if instance.is_paused() && method != Method::LiveMigrate {
        Some(Unmovable::Paused)
    } else if instance.is_suspended() {
        Some(Unmovable::Suspended)
    } else if instance.is_rebuilding() && !own {
        Some(Unmovable::Rebuilding)
    } else if instance.is_action_running() && !own {
        Some(Unmovable::ActionRunning)
    } else if instance.is_resized() && !own {
        Some(Unmovable::Resized)
    } else {
        None
    }
}
