//! Instances, hypervisors and flavors one by one; alarms of instances. Contract: vim-behaviour 6.2.

use super::AuditAnswer;
use crate::core::nfvi_call::Then;
use crate::core::{TimerKey, Vim};
use nfv_nfvi::Call;
use nfv_nfvi::call::ComputeCall;
use std::time::Duration;

/// Questions of one kind that may be open at once.
const OUTSTANDING: usize = 4;
const INSTANCES_EVERY: Duration = Duration::from_secs(10);
const HYPERVISORS_EVERY: Duration = Duration::from_secs(4);
const INSTANCE_TYPES_EVERY: Duration = Duration::from_secs(2);
const ALARMS_EVERY: Duration = Duration::from_secs(10);

impl Vim {
    /// Asks for the next instances, as many as may be open at once.
    pub(in crate::core) fn audit_instance_details(&mut self) {
        self.timers.arm(TimerKey::AuditInstances, self.now.mono + INSTANCES_EVERY);
        while self.audits.asked.len() < OUTSTANDING && self.ask_next_instance() {}
    }

    fn ask_next_instance(&mut self) -> bool {
        let Some(uuid) = self.audits.instances.pop_front() else { return false };
        self.audits.queued.remove(&uuid);
        if !self.instances.get(&uuid).is_some_and(|instance| instance.nfvi_is_deleted() || instance.deleted) {
            self.ask_for_instance(&uuid);
        }
        true
    }

    /// An answer came: instances never seen since the start are asked for without a pause.
    pub(in crate::core) fn continue_instance_audit(&mut self) {
        while self.audits.asked.len() < OUTSTANDING {
            let unseen = self
                .audits
                .instances
                .front()
                .is_some_and(|uuid| self.instances.get(uuid).is_none_or(|instance| !instance.confirmed));
            if !unseen || !self.ask_next_instance() {
                return;
            }
        }
    }

    /// Asks for the next hypervisor.
    pub(in crate::core) fn audit_hypervisor_details(&mut self) {
        self.timers.arm(TimerKey::AuditHypervisors, self.now.mono + HYPERVISORS_EVERY);
        let then = Then::Audit(AuditAnswer::Hypervisor);
        if self.is_outstanding(&then) {
            return;
        }
        if let Some(uuid) = self.audits.hypervisors.pop_front() {
            self.call(Call::Compute(ComputeCall::GetHypervisor { uuid }), then);
        }
    }

    /// Asks for the next flavors.
    pub(in crate::core) fn audit_instance_type_details(&mut self) {
        self.timers.arm(TimerKey::AuditInstanceTypes, self.now.mono + INSTANCE_TYPES_EVERY);
        let then = Then::Audit(AuditAnswer::InstanceType);
        if self.is_outstanding(&then) {
            return;
        }
        for _ in 0..OUTSTANDING {
            let Some(uuid) = self.audits.instance_types.pop_front() else { return };
            self.call(Call::Compute(ComputeCall::GetInstanceType { uuid }), then.clone());
        }
    }

    /// Brings the alarms of all instances in line: a pause becomes one after a while.
    pub(in crate::core) fn audit_alarms(&mut self) {
        self.timers.arm(TimerKey::AuditAlarms, self.now.mono + ALARMS_EVERY);
        let now = self.now.mono;
        for uuid in self.instances_where(|instance| !instance.deleted && !instance.has_the_right_alarm(now)) {
            self.manage_alarms(&uuid);
        }
    }
}
