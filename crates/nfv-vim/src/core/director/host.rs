//! What hosts report to the directors. Contract: vim-behaviour 5.2 (upcalls), 5.3.6 (`host_audit`).

use super::SwMgmtEvent;
use crate::core::Vim;
use crate::core::instance::{Instance, InstanceEvent};
use nfv_nfvi::object::OperState;

impl Vim {
    /// A host took its services up: failed instances may be healed now.
    pub(in crate::core) fn director_host_enabled(&mut self) {
        self.recover_instances();
    }

    /// A host's disable task is over, however it ended.
    pub(in crate::core) fn director_host_disabled(&mut self, host: &str) {
        self.operations.remove(host);
    }

    /// A host's work on its instances is given up.
    pub(in crate::core) fn director_host_abort(&mut self, host: &str) {
        self.operations.remove(host);
    }

    /// Maintenance cannot reach a host any more: evacuations that waited for that may go.
    pub(in crate::core) fn director_host_offline(&mut self, host: &str) {
        if self.hosts.get(host).is_some_and(|host| host.is_offline()) {
            for uuid in self.uuids_on(host, |instance| !instance.deleted) {
                self.post_instance(&uuid, InstanceEvent::NfviHostOffline);
            }
        }
        self.recover_instances();
    }

    /// A host's audit is over: nothing runs on a host that is down, what still counts as running there is failed; and
    /// software management hears of it.
    pub(in crate::core) fn director_host_audit(&mut self, name: &str) {
        self.fail_instances_of_dead_host(name);
        self.tell_sw_mgmt(SwMgmtEvent::HostAudit { host: name.to_owned() });
    }

    fn fail_instances_of_dead_host(&mut self, name: &str) {
        if !self.dor.stabilized || self.upgrade_blocks_instances() || self.operations.contains_key(name) {
            return;
        }
        let Some(host) = self.hosts.get(name) else { return };
        // a host that is merely being locked still runs its instances: only what the platform shows as down counts
        // (docs/differences.md)
        if host.nfvi.oper_state != OperState::Disabled && !host.is_failed() && !host.is_offline() {
            return;
        }
        let victims = self.uuids_on(name, |instance| {
            !instance.is_going() && !instance.is_locked() && !instance.is_failed()
        });
        for uuid in victims {
            self.fail_instance(&uuid, None);
        }
    }

    /// The host has instances that are not going away.
    pub(in crate::core) fn host_has_instances(&self, host: &str) -> bool {
        self.instances_on(host).any(|instance| !instance.is_going())
    }

    /// Uuids of the instances that fit, in table order.
    pub(in crate::core) fn instances_where(&self, fits: impl Fn(&Instance) -> bool) -> Vec<String> {
        self.instances
            .values()
            .filter(|instance| fits(instance))
            .map(|instance| instance.uuid().to_owned())
            .collect()
    }
}
