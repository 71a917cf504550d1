//! The life cycle object's own look at alarms and hosts, and what it makes of them. Contract: strategies 6.4.

use super::data::UpdateKind;
use super::update::{EventKind, SwUpdate, UpdateAlarm};
use super::world::{Asker, Question, Reply, World};
use nfv_common::strategy::{StrategyState, Watch};
use nfv_common::time::Mono;
use nfv_nfvi::object::HostSwPatch;

/// Seconds between two rounds.
const ROUND: u64 = 30;
/// Seconds until the next part of a round.
const NEXT: u64 = 2;

/// Where a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Start,
    AlarmsAsked,
    AlarmsKnown,
    HostsAsked,
    HostsKnown,
}

/// The audit.
#[derive(Debug, Clone)]
pub(super) struct Audit {
    watch: Option<Watch>,
    part: Part,
    /// Which start of the audit the open question belongs to.
    serial: u64,
    hosts: Vec<HostSwPatch>,
}

impl Audit {
    pub(super) fn started(now: Mono) -> Self {
        let watch = Some(Watch { secs: ROUND, since: now });
        Self { watch, part: Part::Start, serial: 0, hosts: Vec::new() }
    }

    /// Begins anew; what was asked before is not waited for.
    pub(super) fn restart(&mut self, now: Mono) {
        self.watch = Some(Watch { secs: ROUND, since: now });
        self.part = Part::Start;
        self.serial += 1;
    }

    /// Looks soon, if it runs.
    pub(super) fn hurry(&mut self) {
        self.set_interval(NEXT);
    }

    pub(super) fn stop(&mut self) {
        self.watch = None;
    }

    pub(super) const fn watch(&self) -> Option<Watch> {
        self.watch
    }

    /// A new interval; it counts from when the present one began.
    fn set_interval(&mut self, secs: u64) {
        if let Some(watch) = &mut self.watch {
            watch.secs = secs;
        }
    }
}

impl SwUpdate {
    /// The audit's timer fired.
    pub(super) fn audit_due(&mut self, world: &mut dyn World) {
        let Some(watch) = &mut self.audit.watch else { return };
        watch.since = world.now();
        let asker = Asker::Audit(self.audit.serial);
        match (self.audit.part, self.kind) {
            (Part::Start, _) => {
                self.audit.part = Part::AlarmsAsked;
                world.ask(Question::GetAlarms, asker);
            }
            (Part::AlarmsKnown, UpdateKind::Patch) => {
                self.audit.part = Part::HostsAsked;
                world.ask(Question::QueryHosts, asker);
            }
            (Part::AlarmsKnown, UpdateKind::Upgrade) | (Part::HostsKnown, _) => {
                self.audit.part = Part::Start;
                if !self.audit_update(world) {
                    self.audit.stop();
                }
            }
            (Part::AlarmsAsked | Part::HostsAsked, _) => {}
        }
    }

    /// A question of the audit was answered; a failed one leaves what was known.
    pub(super) fn audit_answered(&mut self, serial: u64, result: Result<Reply, String>) {
        if serial != self.audit.serial {
            return;
        }
        match self.audit.part {
            Part::AlarmsAsked => {
                self.audit.part = Part::AlarmsKnown;
                self.audit.set_interval(NEXT);
            }
            Part::HostsAsked => {
                if let Ok(Reply::HostSwPatches(hosts)) = result {
                    self.audit.hosts = hosts;
                }
                self.audit.part = Part::HostsKnown;
                self.audit.set_interval(ROUND);
            }
            Part::Start | Part::AlarmsKnown | Part::HostsKnown => {}
        }
    }

    /// Brings the alarm in line with the strategy; false when there is nothing left to look after.
    fn audit_update(&mut self, world: &mut dyn World) -> bool {
        let Some((strategy, _)) = &self.strategy else {
            self.clear_alarms(world);
            return false;
        };
        let failed = strategy.is_apply_failed() || strategy.is_apply_timed_out();
        let (alarm, event) = match strategy.state {
            StrategyState::Applying => (UpdateAlarm::InProgress, EventKind::InProgress),
            _ if failed => {
                let unpatched = |host: &HostSwPatch| !host.patch_current && host.requires_reboot;
                if self.kind == UpdateKind::Patch && !self.audit.hosts.iter().any(unpatched) {
                    self.clear_alarms(world);
                    return false;
                }
                (UpdateAlarm::Failed, EventKind::Failed)
            }
            StrategyState::Aborting => (UpdateAlarm::Aborting, EventKind::Aborting),
            _ => {
                self.clear_alarms(world);
                return false;
            }
        };
        if self.alarms.is_empty() {
            self.raise_alarm(alarm, world);
            world.issue_log(event.id(self.kind), "");
        }
        true
    }
}
