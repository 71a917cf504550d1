//! A host goes down: which operation, and the checks before a lock. Contract: vim-behaviour 5.3.1 to 5.3.3.

use super::operation::{ItemEnd, ItemState, Operation, OperationKind, OperationStatus};
use super::{FILE, LOGGER};
use crate::core::host::Host;
use crate::core::instance::Instance;
use crate::core::{Level, Vim};
use nfv_nfvi::object::{Hypervisor, OperState};

/// How an instance leaves a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stop,
    LiveMigrate,
    ColdMigrate,
    Evacuate,
}

impl Method {
    /// The word in reasons: `live-migrated`.
    pub(super) const fn participle(self) -> &'static str {
        match self {
            Self::Stop => "stopped",
            Self::LiveMigrate => "live-migrated",
            Self::ColdMigrate => "cold-migrated",
            Self::Evacuate => "evacuated",
        }
    }
}

impl Vim {
    /// The hypervisor on a host.
    pub(in crate::core) fn hypervisor_on(&self, host: &str) -> Option<&Hypervisor> {
        self.hypervisors.values().find(|hypervisor| hypervisor.host_name == host)
    }

    /// The host's hypervisor works: Nova says so and the host can be reached.
    pub(in crate::core) fn is_hypervisor_enabled(&self, name: &str) -> bool {
        let Some(host) = self.hosts.get(name) else { return false };
        self.hypervisor_on(name).is_some_and(|hypervisor| hypervisor.oper_state == OperState::Enabled)
            && !host.is_wholly_failed()
            && !host.is_offline()
    }

    /// At least one host but this one can take instances.
    pub(in crate::core) fn has_other_hypervisor(&self, excluded: Option<&str>) -> bool {
        self.hosts.values().any(|host| {
            Some(host.name()) != excluded && host.nfvi_is_enabled() && self.is_hypervisor_enabled(host.name())
        })
    }

    /// The method by which an instance would leave a host that goes down.
    pub(super) fn method_for(&self, instance: &Instance, host: &str) -> Method {
        if self.config.instance.single_hypervisor {
            Method::Stop
        } else if self.is_hypervisor_enabled(host) {
            if (instance.is_enabled() || instance.is_paused()) && instance.supports_live_migration() {
                Method::LiveMigrate
            } else {
                Method::ColdMigrate
            }
        } else {
            Method::Evacuate
        }
    }

    /// The method by which an instance is moved off a host that works.
    pub(super) fn move_method(&self, instance: &Instance, host: &str) -> Method {
        match self.method_for(instance, host) {
            Method::Stop
                if instance.supports_live_migration() && (instance.is_enabled() || instance.is_paused()) =>
            {
                Method::LiveMigrate
            }
            Method::Stop => Method::ColdMigrate,
            method @ (Method::LiveMigrate | Method::ColdMigrate | Method::Evacuate) => method,
        }
    }

    /// The system may use this method on this instance.
    pub(super) fn is_allowed(&self, instance: &Instance, method: Method) -> bool {
        let config = &self.config.instance;
        match method {
            Method::Stop | Method::LiveMigrate => true,
            Method::ColdMigrate => instance.can_cold_migrate(config.max_cold_migrate_local_image_disk_gb),
            Method::Evacuate => instance.can_evacuate(config.max_evacuate_local_image_disk_gb),
        }
    }

    /// What speaks against moving an instance off a host, as the text after the preamble. Contract: 5.3.3.
    ///
    /// What an earlier process of the VIM had under way for this very purpose does not speak against it.
    pub(super) fn objection(&self, instance: &Instance, host: &str, method: Method) -> Option<String> {
        let name = instance.name();
        let own = instance.resuming.is_some();
        let busy = instance.is_action_running() && !own;
        if instance.is_paused() && method != Method::LiveMigrate {
            Some(format!("instance {name} is paused."))
        } else if instance.is_suspended() {
            Some(format!("instance {name} is suspended."))
        } else if (instance.is_migrating() || instance.is_cold_migrating()) && !own {
            Some(format!("instance {name} is migrating."))
        } else if instance.is_rebuilding() && !own {
            Some(format!("instance {name} is rebuilding."))
        } else if busy {
            Some(format!("instance {name} action in progress."))
        } else if instance.is_resized() && !own {
            Some(format!("instance {name} is resizing."))
        } else if method != Method::Stop && !self.has_other_hypervisor(Some(host)) {
            Some("there are no other hypervisors available.".to_owned())
        } else if !self.is_allowed(instance, method) {
            let how = method.participle();
            Some(format!(
                "instance {name} can't be {how} by the system.  Manually move the instance off of host {host}."
            ))
        } else {
            None
        }
    }

    /// The host works and is to lose its instances. Contract: 5.3.2, first call.
    pub(in crate::core) fn host_services_disabling(&mut self, name: &str) -> OperationStatus {
        let Some(kind) = self.hosts.get(name).map(operation_kind) else { return OperationStatus::default() };
        self.operations.remove(name);
        if kind == OperationKind::HostLock
            && let Some((uuid, reason)) = self.lock_objection(name)
        {
            self.log(Level::Info, LOGGER, FILE, reason.clone());
            let mut refused = Operation::new(kind);
            refused.set(&uuid, ItemState::Ended(ItemEnd::Failed));
            refused.give_reason(&reason);
            return refused.status();
        }
        self.operations.insert(name.to_owned(), Operation::new(kind));
        if self.config.instance.single_hypervisor {
            for uuid in self.uuids_on(name, |i| !i.is_locked() && !i.is_going()) {
                if let Some(instance) = self.instances.get_mut(&uuid) {
                    instance.unlock_to_recover = true;
                    self.dirty_instances.insert(uuid);
                }
            }
            self.stop_pass(name, None);
        } else if self.is_hypervisor_enabled(name) {
            self.migrate_pass(name);
        } else {
            self.evacuate_pass(name);
        }
        self.finish_if_idle(name)
    }

    /// The host does not work any more. Contract: 5.3.2, second call.
    pub(in crate::core) fn host_services_disabled(&mut self, name: &str) -> OperationStatus {
        let Some(kind) = self.hosts.get(name).map(operation_kind) else { return OperationStatus::default() };
        self.operations.insert(name.to_owned(), Operation::new(kind));
        if !self.config.instance.single_hypervisor {
            self.evacuate_pass(name);
        }
        self.finish_if_idle(name)
    }

    /// The status of a host's operation, which is dropped when nothing of it is under way.
    pub(super) fn finish_if_idle(&mut self, name: &str) -> OperationStatus {
        let status = self.operations.get(name).map(Operation::status).unwrap_or_default();
        if !status.in_progress {
            self.operations.remove(name);
        }
        status
    }

    /// The first instance that speaks against a lock, and why.
    pub(in crate::core) fn lock_objection(&self, host: &str) -> Option<(String, String)> {
        self.instances_on(host).filter(|i| !i.is_going() && !i.is_locked() && !i.is_failed()).find_map(
            |instance| {
                let objection = self.objection(instance, host, self.method_for(instance, host))?;
                let reason = format!("Lock of host {host} rejected because {objection}");
                Some((instance.uuid().to_owned(), reason))
            },
        )
    }
}

/// Why a host's instances are handled. Contract: 5.3.2.
pub(in crate::core) fn operation_kind(host: &Host) -> OperationKind {
    if host.is_force_lock() {
        OperationKind::HostLockForce
    } else if host.is_locking() {
        OperationKind::HostLock
    } else if host.is_failed() {
        OperationKind::HostFailed
    } else {
        OperationKind::HostDisable
    }
}
