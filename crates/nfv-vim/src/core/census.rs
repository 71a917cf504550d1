//! How much of what there is, for metrics: states and numbers, never names.

use super::Vim;
use super::host::HostState;
use nfv_nfvi::object::OperState;
use std::collections::BTreeMap;

/// The numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Census {
    /// Hosts by state.
    pub hosts: BTreeMap<&'static str, u64>,
    /// Instances by operational state, and those that are being deleted.
    pub instances: BTreeMap<&'static str, u64>,
    /// Alarms raised.
    pub alarms: u64,
    /// Calls to the cloud that have not ended, waiting for their turn included.
    pub calls: u64,
    /// Tasks, actions and steps that wait for something.
    pub waits: u64,
}

/// States of hosts that are told; a host that is gone is none.
const HOST_STATES: [HostState; 9] = [
    HostState::Initial,
    HostState::Configure,
    HostState::Enabling,
    HostState::Enabled,
    HostState::Disabling,
    HostState::DisablingFailed,
    HostState::Disabled,
    HostState::Deleting,
    HostState::DeletingFailed,
];

impl Vim {
    /// Counts.
    pub fn census(&self) -> Census {
        // also those that are zero: a series that comes and goes is hard to watch
        let mut hosts: BTreeMap<_, u64> = HOST_STATES.iter().map(|state| (state.as_str(), 0)).collect();
        for host in self.hosts.values() {
            *hosts.entry(host.machine.state().as_str()).or_default() += 1;
        }
        let mut instances: BTreeMap<_, u64> =
            ["enabled", "disabled", "other", "deleted"].into_iter().map(|state| (state, 0)).collect();
        for instance in self.instances.values() {
            let state = match &instance.nfvi.oper_state {
                _ if instance.deleted => "deleted",
                OperState::Enabled => "enabled",
                OperState::Disabled => "disabled",
                _ => "other",
            };
            *instances.entry(state).or_default() += 1;
        }
        Census {
            hosts,
            instances,
            alarms: self.alarms.len() as u64,
            calls: self.outstanding.len() as u64,
            waits: self.waits().len() as u64,
        }
    }
}
