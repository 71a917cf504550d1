//! What the steps of a strategy ask of the directors. Contract: vim-behaviour 5.2, 5.3.5.

use super::{OperationKind, OperationStatus};
use crate::core::host::service::HostService;
use crate::core::{Outcome, Vim};
use nfv_common::time::Now;

/// One thing that a step of a strategy wants done. Its answer says whether it began; how it goes on, software
/// management hears by [`super::SwMgmtEvent`] and sees by the states of hosts and instances.
///
/// After a restart nothing of it is under way any more: a step that is resumed looks at the states first, then asks
/// again for what is missing. What an earlier process had sent to Nova is joined, not sent again; a host that is being
/// locked counts as under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectorCommand {
    /// Lock hosts.
    LockHosts(Vec<String>),
    /// Unlock hosts.
    UnlockHosts(Vec<String>),
    /// Reboot locked hosts.
    RebootHosts(Vec<String>),
    /// Upgrade the software of locked hosts.
    UpgradeHosts(Vec<String>),
    /// Move the controller role away from hosts.
    SwactHosts(Vec<String>),
    /// Take a service of hosts down, and leave it there.
    DisableHostServices {
        /// Host names.
        hosts: Vec<String>,
        /// The service.
        service: HostService,
    },
    /// Take it up again.
    EnableHostServices {
        /// Host names.
        hosts: Vec<String>,
        /// The service.
        service: HostService,
    },
    /// Move these instances off the hosts they are on, and with them every other that can be moved off those hosts.
    MigrateInstances(Vec<String>),
    /// Stop these instances.
    StopInstances(Vec<String>),
    /// Start these instances, which are stopped.
    StartInstances {
        /// Instances.
        uuids: Vec<String>,
        /// One at a time on each host.
        serial: bool,
    },
}

impl Vim {
    /// Gives the directors a command from outside the core, as a step of a strategy does from inside.
    pub fn command(&mut self, now: Now, command: DirectorCommand) -> (OperationStatus, Outcome) {
        self.begin_handling(now);
        let status = self.direct(command);
        self.end_handling();
        (status, self.collect())
    }

    /// Carries a command out as far as that is possible at once.
    pub(in crate::core) fn direct(&mut self, command: DirectorCommand) -> OperationStatus {
        use DirectorCommand as C;
        use OperationKind as K;
        match command {
            C::LockHosts(hosts) => self.operate_hosts(K::LockHosts, &hosts),
            C::UnlockHosts(hosts) => self.operate_hosts(K::UnlockHosts, &hosts),
            C::RebootHosts(hosts) => self.operate_hosts(K::RebootHosts, &hosts),
            C::UpgradeHosts(hosts) => self.operate_hosts(K::UpgradeHosts, &hosts),
            C::SwactHosts(hosts) => self.operate_hosts(K::SwactHosts, &hosts),
            C::DisableHostServices { hosts, service } => self.switch_host_services(&hosts, service, false),
            C::EnableHostServices { hosts, service } => self.switch_host_services(&hosts, service, true),
            C::MigrateInstances(uuids) => self.operate_instances(K::MigrateInstances, &uuids),
            C::StopInstances(uuids) => self.operate_instances(K::StopInstances, &uuids),
            C::StartInstances { uuids, serial: false } => self.operate_instances(K::StartInstances, &uuids),
            C::StartInstances { uuids, serial: true } => {
                self.operate_instances(K::StartInstancesSerial, &uuids)
            }
        }
    }
}
