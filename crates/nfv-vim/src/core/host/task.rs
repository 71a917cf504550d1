//! The works of each host task, in order. Contract: vim-behaviour 2.6.

use super::service::HostService;
use super::{Host, service};
use crate::core::config::CoreConfig;
use nfv_common::fsm::Work;
use nfv_nfvi::call::HostServicesNotice;
use std::time::Duration;

/// What a host can be busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostTask {
    /// Make its services known.
    Add,
    /// Remove its services.
    Delete,
    /// Take its services up.
    Enable,
    /// Take its instances and services down.
    Disable,
    /// Tell sysinv that a delete failed.
    NotifyDeleteFailed,
    /// Tell sysinv that a lock failed.
    NotifyDisableFailed,
    /// Tell sysinv that the services are down.
    NotifyDisabled,
    /// Look whether the services are still up.
    AuditEnabled,
    /// Look for instances that should not be there.
    AuditDisabled,
}

impl HostTask {
    /// Name of the task for a host.
    pub(super) fn name(self, host: &str) -> String {
        let kind = match self {
            Self::Add => "add-host",
            Self::Delete => "delete-host",
            Self::Enable => "enable-host",
            Self::Disable => "disable-host",
            Self::NotifyDeleteFailed => "notify-delete-failed-host",
            Self::NotifyDisableFailed => "notify-disable-failed-host",
            Self::NotifyDisabled => "notify-disabled-host",
            Self::AuditEnabled => "audit-enabled-host",
            Self::AuditDisabled => "audit-disabled-host",
        };
        format!("{kind}_{host}")
    }
}

/// What is told to sysinv about all services of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServicesNotice {
    /// `services-enabled`
    Enabled,
    /// `services-disabled`
    Disabled,
    /// `services-disable-failed` with the host's reason.
    DisableFailed,
    /// The host may be deleted.
    Deleted,
    /// `services-delete-failed` with the host's reason.
    DeleteFailed,
}

impl ServicesNotice {
    /// The notice, with the host's reason where it tells one.
    pub(super) fn with(self, reason: String) -> HostServicesNotice {
        match self {
            Self::Enabled => HostServicesNotice::Enabled,
            Self::Disabled => HostServicesNotice::Disabled,
            Self::DisableFailed => HostServicesNotice::DisableFailed { reason },
            Self::Deleted => HostServicesNotice::Deleted,
            Self::DeleteFailed => HostServicesNotice::DeleteFailed { reason },
        }
    }
}

/// One work of a host task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostWorkKind {
    /// Make a service known.
    Create(HostService),
    /// Remove a service.
    Delete(HostService),
    /// Wait until nova-compute has registered.
    WaitComputeCreated,
    /// Take a service up.
    Enable(HostService),
    /// Take a service down.
    Disable(HostService),
    /// Tell Nova that the host is there again (`forced_down` false).
    NotifyComputeEnabled,
    /// Tell Nova (`forced_down` true) or Neutron (host down).
    NotifyDisabled(HostService),
    /// Tell sysinv.
    NotifyServices(ServicesNotice),
    /// Read the hypervisor.
    QueryHypervisor,
    /// Move or stop the instances while the host still works.
    InstancesDisabling,
    /// Evacuate what is left once it does not.
    InstancesDisabled,
    /// Read a service's state.
    Audit(HostService),
    /// Let the directors look at the host.
    AuditComplete,
}

/// A work with what the engine must know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostWork {
    /// What to do.
    pub kind: HostWorkKind,
    /// A refusal counts as success.
    pub force_pass: bool,
    limit: Duration,
}

impl HostWork {
    fn new(kind: HostWorkKind) -> Self {
        Self { kind, force_pass: false, limit: WORK_LIMIT }
    }

    fn passing(kind: HostWorkKind) -> Self {
        Self { force_pass: true, ..Self::new(kind) }
    }

    fn within(kind: HostWorkKind, limit: Duration) -> Self {
        Self { limit, ..Self::new(kind) }
    }
}

impl Work for HostWork {
    fn limit(&self) -> Duration {
        self.limit
    }
}

/// Limit of every work that has no other.
const WORK_LIMIT: Duration = Duration::from_secs(120);

/// The works of `task` for `host` as things stand now.
pub(super) fn works(task: HostTask, host: &Host, config: &CoreConfig) -> Vec<HostWork> {
    use HostService::{Compute, Container, Guest, Network};
    use HostWorkKind as K;
    let has = |which| service::is_configured(which, host, config);
    let only = |which, work: HostWork| has(which).then_some(work);
    match task {
        HostTask::Add => [
            only(Compute, HostWork::new(K::Create(Compute))).filter(|_| !config.kubernetes),
            only(Network, HostWork::new(K::Create(Network))),
            only(Guest, HostWork::new(K::Create(Guest))),
        ]
        .into_iter()
        .flatten()
        .collect(),
        HostTask::Delete => [
            only(Compute, HostWork::new(K::Delete(Compute))),
            only(Network, HostWork::new(K::Delete(Network))),
            only(Guest, HostWork::new(K::Delete(Guest))),
            only(Container, HostWork::new(K::Delete(Container))),
            Some(HostWork::passing(K::NotifyServices(ServicesNotice::Deleted))),
        ]
        .into_iter()
        .flatten()
        .collect(),
        HostTask::Enable => [
            only(Container, HostWork::new(K::Enable(Container))),
            only(Compute, HostWork::new(K::WaitComputeCreated)).filter(|_| config.kubernetes),
            only(Compute, HostWork::new(K::NotifyComputeEnabled)),
            only(Compute, HostWork::new(K::Enable(Compute))),
            only(Network, HostWork::new(K::Enable(Network))),
            only(Guest, HostWork::new(K::Enable(Guest))),
            Some(HostWork::passing(K::NotifyServices(ServicesNotice::Enabled))),
            Some(HostWork::passing(K::QueryHypervisor)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        HostTask::Disable => {
            let notice = if host.is_worker() && host.is_force_lock() {
                ServicesNotice::DisableFailed
            } else {
                ServicesNotice::Disabled
            };
            [
                only(Compute, HostWork::new(K::Disable(Compute))),
                only(Guest, HostWork::new(K::Disable(Guest))),
                only(Container, HostWork::new(K::Disable(Container))),
                Some(HostWork::passing(K::QueryHypervisor)),
                Some(HostWork::within(K::InstancesDisabling, config.instance.disabling_wait())),
                only(Compute, HostWork::new(K::NotifyDisabled(Compute))),
                only(Network, HostWork::new(K::NotifyDisabled(Network))),
                Some(HostWork::within(K::InstancesDisabled, config.instance.disabled_wait())),
                Some(HostWork::passing(K::NotifyServices(notice))),
                Some(HostWork::passing(K::QueryHypervisor)),
            ]
            .into_iter()
            .flatten()
            .collect()
        }
        HostTask::NotifyDeleteFailed => {
            vec![HostWork::passing(K::NotifyServices(ServicesNotice::DeleteFailed))]
        }
        HostTask::NotifyDisableFailed => {
            vec![HostWork::passing(K::NotifyServices(ServicesNotice::DisableFailed))]
        }
        HostTask::NotifyDisabled => vec![HostWork::passing(K::NotifyServices(ServicesNotice::Disabled))],
        HostTask::AuditEnabled => [
            only(Compute, HostWork::passing(K::Audit(Compute))),
            only(Network, HostWork::passing(K::Audit(Network))),
            only(Guest, HostWork::passing(K::Audit(Guest))),
            Some(HostWork::new(K::AuditComplete)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        HostTask::AuditDisabled => vec![HostWork::passing(K::AuditComplete)],
    }
}
