//! Locking, unlocking, rebooting, upgrading and switching hosts for a strategy. Contract: vim-behaviour 5.2.
//!
//! At most one such operation is known; a new one takes the place of the one before, whose late answers then count
//! for nothing. That a host did as it was told is seen by its states, that it will not is told to software management.

use super::operation::{ItemEnd, ItemState, Operation, OperationKind, OperationStatus};
use super::sw_mgmt::SwMgmtEvent;
use crate::core::host::Host;
use crate::core::host::service::{HostService, ServiceState};
use crate::core::nfvi_call::Then;
use crate::core::{Level, Vim};
use nfv_nfvi::call::{
    ComputeCall, GuestCall, HostRequest, HostServicesOperation, InfrastructureCall, NetworkCall,
};
use nfv_nfvi::object::AdminState;
use nfv_nfvi::{Call, CallResult};

const LOGGER: &str = "nfv_vim.host_director";
const FILE: &str = "_host_director.py";

/// The operation on hosts that a strategy has under way.
#[derive(Debug, Clone)]
pub(in crate::core) struct HostsOperation {
    id: u64,
    operation: Operation,
}

impl Vim {
    /// Begins an operation on hosts. Nothing is asked of any of them if one of them cannot take part.
    pub(super) fn operate_hosts(&mut self, kind: OperationKind, names: &[String]) -> OperationStatus {
        let needs_lock = match kind {
            OperationKind::RebootHosts => Some("reboot"),
            OperationKind::UpgradeHosts => Some("upgrade"),
            _ => None,
        };
        let Some(mut operation) = self.begin_hosts(kind, names, needs_lock) else {
            return OperationStatus::default();
        };
        if operation.status().failed {
            return operation.status();
        }
        let id = self.next_id();
        for name in names {
            let Some(host) = self.hosts.get(name) else { continue };
            let locked = host.nfvi.admin_state == AdminState::Locked;
            let (state, request) = match kind {
                OperationKind::LockHosts if host.is_locking() => (ItemState::InProgress, None),
                OperationKind::LockHosts if locked => (ItemState::Ended(ItemEnd::Completed), None),
                OperationKind::LockHosts => (ItemState::InProgress, Some(HostRequest::Lock)),
                OperationKind::UnlockHosts if !locked => (ItemState::InProgress, None),
                OperationKind::UnlockHosts => (ItemState::InProgress, Some(HostRequest::Unlock)),
                OperationKind::RebootHosts => (ItemState::InProgress, Some(HostRequest::Reboot)),
                OperationKind::UpgradeHosts => (ItemState::InProgress, Some(HostRequest::Upgrade)),
                _ => (ItemState::InProgress, Some(HostRequest::Swact)),
            };
            operation.set(name, state);
            if let Some(request) = request {
                let call = InfrastructureCall::RequestHost { host: host.nfvi.to_ref(), request };
                self.call(
                    Call::Infrastructure(call),
                    Then::HostsOperation { host: name.clone(), operation: id },
                );
            }
        }
        self.keep_hosts_operation(id, operation)
    }

    /// Takes a service of hosts down or up. While it is down on purpose, no audit brings it up again.
    pub(super) fn switch_host_services(
        &mut self,
        names: &[String],
        service: HostService,
        enable: bool,
    ) -> OperationStatus {
        let kind =
            if enable { OperationKind::EnableHostServices } else { OperationKind::DisableHostServices };
        let Some(mut operation) = self.begin_hosts(kind, names, None) else {
            return OperationStatus::default();
        };
        if operation.status().failed {
            return operation.status();
        }
        let wanted = if enable { ServiceState::Enabled } else { ServiceState::Disabled };
        let id = self.next_id();
        for name in names {
            let Some(host) = self.hosts.get_mut(name) else { continue };
            if host.services_locked == enable {
                host.services_locked = !enable;
                self.dirty_hosts.insert(name.clone());
            }
            // a service that the host does not have is as good as there already
            if host.services.get(&service).is_none_or(|state| *state == wanted) {
                operation.set(name, ItemState::Ended(ItemEnd::Completed));
                continue;
            }
            operation.set(name, ItemState::InProgress);
            let target = host.nfvi.to_ref();
            let order = if enable { HostServicesOperation::Enable } else { HostServicesOperation::Disable };
            let call = match service {
                HostService::Compute => {
                    Call::Compute(ComputeCall::HostServices { host: target, operation: order })
                }
                HostService::Guest => Call::Guest(GuestCall::HostServices { host: target, operation: order }),
                HostService::Container => {
                    let call = InfrastructureCall::ContainerHostServices { host: target, operation: order };
                    Call::Infrastructure(call)
                }
                HostService::Network if enable => {
                    Call::Network(NetworkCall::HostServices { host: target, operation: order })
                }
                HostService::Network => {
                    let text = "Trying to disable unknown service: network".to_owned();
                    self.log(Level::Error, LOGGER, FILE, text);
                    continue;
                }
            };
            self.call(call, Then::HostsOperation { host: name.clone(), operation: id });
        }
        self.keep_hosts_operation(id, operation)
    }

    /// A new operation, failed already if one of the hosts cannot take part; the one before is forgotten.
    fn begin_hosts(
        &mut self,
        kind: OperationKind,
        names: &[String],
        needs_lock: Option<&str>,
    ) -> Option<Operation> {
        self.log(
            Level::Info,
            LOGGER,
            FILE,
            format!("Operation {} of hosts {}.", kind.as_str(), names.join(", ")),
        );
        let mut operation = Operation::new(kind);
        if let Some(old) = self.hosts_operation.take() {
            let text = format!(
                "Canceling previous host operation {}, before continuing with host operation {}.",
                old.operation.kind.as_str(),
                kind.as_str()
            );
            self.log(Level::Debug, LOGGER, FILE, text);
        }
        let objection = names.iter().find_map(|name| {
            let Some(host) = self.hosts.get(name) else { return Some(format!("Unknown host {name} given.")) };
            let unlocked = host.nfvi.admin_state != AdminState::Locked;
            needs_lock.filter(|_| unlocked).map(|verb| format!("Cannot {verb} unlocked host {name}."))
        });
        if let Some(reason) = objection {
            self.log(Level::Info, LOGGER, FILE, reason.clone());
            operation.set_failed(&reason);
        }
        Some(operation)
    }

    fn keep_hosts_operation(&mut self, id: u64, operation: Operation) -> OperationStatus {
        let status = operation.status();
        if status.in_progress {
            self.hosts_operation = Some(HostsOperation { id, operation });
        }
        status
    }

    /// This operation is the present one.
    pub(in crate::core) fn is_hosts_operation(&self, id: u64) -> bool {
        self.hosts_operation.as_ref().is_some_and(|current| current.id == id)
    }

    /// A request about a host ended; only a refusal means something, and only while its operation is the present one.
    pub(in crate::core) fn hosts_operation_answered(&mut self, name: &str, id: u64, result: CallResult) {
        let Err(error) = result else { return };
        let Some(current) = self.hosts_operation.as_mut().filter(|current| current.id == id) else { return };
        let Some(host) = self.hosts.get(name) else { return };
        let kind = current.operation.kind;
        let text = format!("{} of host {name} failed, reason={}.", kind.as_str(), error.reason);
        if is_under_way(kind, host) {
            // the request took effect though its answer did not say so (docs/differences.md)
            self.log(Level::Info, LOGGER, FILE, format!("{text} It is under way nevertheless."));
            return;
        }
        current.operation.set(name, ItemState::Ended(ItemEnd::Failed));
        current.operation.give_reason(&error.reason);
        self.log(Level::Info, LOGGER, FILE, text);
        let host = name.to_owned();
        let event = match kind {
            OperationKind::LockHosts => SwMgmtEvent::HostLockFailed { host },
            OperationKind::UnlockHosts => SwMgmtEvent::HostUnlockFailed { host },
            OperationKind::RebootHosts => SwMgmtEvent::HostRebootFailed { host },
            OperationKind::UpgradeHosts => SwMgmtEvent::HostUpgradeFailed { host },
            OperationKind::SwactHosts => SwMgmtEvent::HostSwactFailed { host },
            OperationKind::DisableHostServices => SwMgmtEvent::DisableHostServicesFailed { host },
            _ => SwMgmtEvent::EnableHostServicesFailed { host },
        };
        self.tell_sw_mgmt(event);
    }

    /// The operation on hosts that is under way.
    pub fn hosts_operation(&self) -> Option<&Operation> {
        self.hosts_operation.as_ref().map(|current| &current.operation)
    }
}

/// The host's states show that it does what was asked of it.
fn is_under_way(kind: OperationKind, host: &Host) -> bool {
    let locked = host.nfvi.admin_state == AdminState::Locked;
    match kind {
        OperationKind::LockHosts => host.is_locking() || locked,
        OperationKind::UnlockHosts => host.is_unlocking() || !locked,
        _ => false,
    }
}
