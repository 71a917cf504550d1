//! Instances, hypervisors, flavors and volumes one by one; alarms of instances. Contract: vim-behaviour 6.2, 6.3.

use super::AuditAnswer;
use crate::core::nfvi_call::Then;
use crate::core::{Effect, TimerKey, Vim};
use nfv_common::time::Mono;
use nfv_nfvi::Call;
use nfv_nfvi::call::{BlockStorageCall, ComputeCall};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Questions of one kind that may be open at once.
const OUTSTANDING: usize = 4;
/// Hypervisors are asked for one at a time.
const OUTSTANDING_HYPERVISORS: usize = 1;
const INSTANCES_EVERY: Duration = Duration::from_secs(10);
const HYPERVISORS_EVERY: Duration = Duration::from_secs(4);
const INSTANCE_TYPES_EVERY: Duration = Duration::from_secs(2);
const VOLUMES_EVERY: Duration = Duration::from_secs(10);
const ALARMS_EVERY: Duration = Duration::from_secs(10);

/// Things to be asked for, oldest first, and those asked for and not answered.
#[derive(Debug, Default)]
pub(in crate::core) struct Questions {
    waiting: VecDeque<String>,
    /// Those of `waiting` that are still wanted.
    wanted: BTreeSet<String>,
    open: BTreeSet<String>,
}

impl Questions {
    /// It is to be asked for, once.
    pub(in crate::core) fn queue(&mut self, uuid: &str) {
        if !self.open.contains(uuid) && self.wanted.insert(uuid.to_owned()) {
            self.waiting.push_back(uuid.to_owned());
        }
    }

    /// It is not there any more: neither a question nor an answer about it means anything.
    pub(in crate::core) fn forget(&mut self, uuid: &str) {
        self.wanted.remove(uuid);
        self.open.remove(uuid);
    }

    /// The next one, unless `limit` are open; it counts as open now.
    fn ask(&mut self, limit: usize) -> Option<String> {
        while self.open.len() < limit {
            let uuid = self.waiting.pop_front()?;
            if self.wanted.remove(&uuid) {
                self.open.insert(uuid.clone());
                return Some(uuid);
            }
        }
        None
    }

    /// The question ended; false when nobody wants to know any more.
    pub(in crate::core) fn answered(&mut self, uuid: &str) -> bool {
        self.open.remove(uuid)
    }
}

/// When histograms are logged because answers about instances are slow. Contract: 6.3.
#[derive(Debug, Default)]
pub(super) struct SlowReport {
    back_off: Duration,
    last: Option<Mono>,
}

impl SlowReport {
    const EVERY: Duration = Duration::from_secs(30);
    const BACK_OFF_STEP: Duration = Duration::from_secs(20);
    const LONGEST_BACK_OFF: Duration = Duration::from_secs(600);

    /// A tick of the instance audit; true when histograms are to be logged.
    fn tick(&mut self, slow: bool, now: Mono) -> bool {
        if !slow {
            self.back_off = self.back_off.saturating_sub(Self::BACK_OFF_STEP);
            return false;
        }
        if self.last.is_some_and(|last| now.since(last) < Self::EVERY + self.back_off) {
            return false;
        }
        self.last = Some(now);
        self.back_off = (self.back_off + Self::BACK_OFF_STEP).min(Self::LONGEST_BACK_OFF);
        true
    }
}

impl Vim {
    /// Asks for the next instances, as many as may be open at once.
    pub(in crate::core) fn audit_instance_details(&mut self) {
        self.timers.arm(TimerKey::AuditInstances, self.now.mono + INSTANCES_EVERY);
        if self.audits.slow.tick(!self.audits.asked.is_empty(), self.now.mono) {
            self.out.effects.push(Effect::LogHistograms);
        }
        while self.audits.asked.len() < OUTSTANDING && self.ask_next_instance() {}
    }

    fn ask_next_instance(&mut self) -> bool {
        let Some(uuid) = self.audits.instances.pop_front() else { return false };
        let wanted = self.audits.queued.remove(&uuid);
        let over = |instance: &crate::core::Instance| instance.nfvi_is_deleted() || instance.deleted;
        if wanted && !self.instances.get(&uuid).is_some_and(over) {
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
        if let Some(uuid) = self.audits.hypervisors.ask(OUTSTANDING_HYPERVISORS) {
            let then = Then::Audit(AuditAnswer::Hypervisor(uuid.clone()));
            self.call(Call::Compute(ComputeCall::GetHypervisor { uuid }), then);
        }
    }

    /// Asks for the next flavors.
    pub(in crate::core) fn audit_instance_type_details(&mut self) {
        self.timers.arm(TimerKey::AuditInstanceTypes, self.now.mono + INSTANCE_TYPES_EVERY);
        while let Some(uuid) = self.audits.instance_types.ask(OUTSTANDING) {
            let then = Then::Audit(AuditAnswer::InstanceType(uuid.clone()));
            self.call(Call::Compute(ComputeCall::GetInstanceType { uuid }), then);
        }
    }

    /// Asks for the next volumes.
    pub(in crate::core) fn audit_volume_details(&mut self) {
        self.timers.arm(TimerKey::AuditVolumes, self.now.mono + VOLUMES_EVERY);
        while let Some(uuid) = self.audits.volumes.ask(OUTSTANDING) {
            let then = Then::Audit(AuditAnswer::Volume(uuid.clone()));
            self.call(Call::BlockStorage(BlockStorageCall::GetVolume { uuid }), then);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_asked_once_in_order_and_within_the_limit() {
        let mut questions = Questions::default();
        for uuid in ["a", "b", "a", "c"] {
            questions.queue(uuid);
        }
        assert_eq!(questions.ask(2).as_deref(), Some("a"));
        questions.queue("a");
        assert_eq!(questions.ask(2).as_deref(), Some("b"));
        assert_eq!(questions.ask(2), None, "two are open");
        assert!(questions.answered("a"));
        assert!(!questions.answered("a"));
        assert_eq!(questions.ask(2).as_deref(), Some("c"));
        questions.answered("c");
        assert_eq!(questions.ask(2), None, "a was open when it was queued again");
    }

    #[test]
    fn what_is_gone_is_neither_asked_for_nor_heard_of() {
        let mut questions = Questions::default();
        questions.queue("a");
        questions.queue("b");
        questions.ask(1);
        questions.forget("a");
        questions.forget("b");
        assert!(!questions.answered("a"));
        assert_eq!(questions.ask(1), None);
        questions.queue("b");
        assert_eq!(questions.ask(1).as_deref(), Some("b"));
    }

    /// vim-behaviour 6.3.
    #[test]
    fn slow_answers_are_told_more_and_more_rarely() {
        let mut report = SlowReport::default();
        let at = |seconds| Mono::at(Duration::from_secs(seconds));
        let told: Vec<_> = (0..400).map(|n| n * 10).filter(|n| report.tick(true, at(*n))).collect();
        assert_eq!(told[..6], [0, 50, 120, 210, 320, 450]);
        assert_eq!(report.back_off, Duration::from_secs(20 * told.len() as u64));
        for n in 400..1000 {
            report.tick(true, at(n * 10));
        }
        assert!(report.back_off <= Duration::from_secs(600));
        for n in 0..40 {
            assert!(!report.tick(false, at(20_000 + n)));
        }
        assert_eq!(report.back_off, Duration::ZERO);
        assert!(report.tick(true, at(30_000)));
        assert!(!report.tick(true, at(30_040)));
        assert!(report.tick(true, at(30_050)));
    }
}
