//! What software management hears of hosts and instances. Contract: vim-behaviour 5.4.

use crate::core::{Event, Vim};
use nfv_nfvi::RequestId;
use nfv_vim_rpc::{Request, ResponseBody as Body, ResultCode};

/// News for the strategy that is being carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwMgmtEvent {
    /// sysinv did not take a lock.
    HostLockFailed {
        /// The host.
        host: String,
    },
    /// sysinv did not take an unlock.
    HostUnlockFailed {
        /// The host.
        host: String,
    },
    /// sysinv did not take a reboot.
    HostRebootFailed {
        /// The host.
        host: String,
    },
    /// sysinv did not take an upgrade.
    HostUpgradeFailed {
        /// The host.
        host: String,
    },
    /// sysinv did not take a swact.
    HostSwactFailed {
        /// The host.
        host: String,
    },
    /// A service of a host could not be taken down.
    DisableHostServicesFailed {
        /// The host.
        host: String,
    },
    /// A service of a host could not be taken up.
    EnableHostServicesFailed {
        /// The host.
        host: String,
    },
    /// A host was looked at and is as it was.
    HostAudit {
        /// The host.
        host: String,
    },
    /// A host's state machine is in another state.
    HostStateChanged {
        /// The host.
        host: String,
    },
    /// Nova shows an instance in another state, or elsewhere.
    InstanceStateChanged {
        /// The instance.
        uuid: String,
    },
    /// An instance was looked at and is as it was. The original sends its `host-audit` instead (docs/differences.md).
    InstanceAudit {
        /// The instance.
        uuid: String,
    },
    /// Instances that were to be moved off a host will not all go.
    MigrateInstancesFailed {
        /// Why.
        reason: String,
    },
}

impl SwMgmtEvent {
    /// The name in logs, as the original has it, mistake included.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::HostLockFailed { .. } => "host-lock-failed",
            Self::HostUnlockFailed { .. } => "host-unlock-failed",
            Self::HostRebootFailed { .. } => "host-reboot-failed",
            Self::HostUpgradeFailed { .. } => "host-upgrade-failed",
            Self::HostSwactFailed { .. } => "host-swact-failed",
            Self::DisableHostServicesFailed { .. } => "disable-host-services-failed",
            Self::EnableHostServicesFailed { .. } => "enable-host-services-failed",
            Self::HostAudit { .. } => "host-audit",
            Self::HostStateChanged { .. } => "host-state-changed",
            Self::InstanceStateChanged { .. } => "instance-state-chagned",
            Self::InstanceAudit { .. } => "instance-audit",
            Self::MigrateInstancesFailed { .. } => "migrate-instances-failed",
        }
    }
}

impl Vim {
    /// Software management hears this after what is being handled.
    pub(in crate::core) fn tell_sw_mgmt(&mut self, event: SwMgmtEvent) {
        self.queue.push_back(Event::SwMgmt(event));
    }

    /// Software management hears this.
    pub(in crate::core) fn sw_mgmt_event(&mut self, event: SwMgmtEvent) {
        self.sw_mgmt_heard.push(event);
    }

    /// A request about a strategy. No strategy can be built yet, so there is none.
    pub(in crate::core) fn strategy_requested(&mut self, id: RequestId, request: &Request) {
        match request {
            Request::ApplyStrategy(_) => self.refuse(id, ResultCode::NotFound, Body::ApplyStrategy),
            Request::AbortStrategy(_) => self.refuse(id, ResultCode::NotFound, Body::AbortStrategy),
            Request::DeleteStrategy(_) => self.refuse(id, ResultCode::NotFound, Body::DeleteStrategy),
            Request::GetStrategy(_) => self.refuse(id, ResultCode::NotFound, Body::GetStrategy),
            _ => self.refuse(id, ResultCode::Failed, Body::CreateStrategy),
        }
    }

    /// What software management heard while the last input was handled.
    pub fn sw_mgmt_heard(&self) -> &[SwMgmtEvent] {
        &self.sw_mgmt_heard
    }
}
