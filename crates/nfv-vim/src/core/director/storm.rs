//! The storm guard: when many hosts fail at once, something else is likely to be wrong, and hundreds of evacuations at the
//! same time would make it worse. Then nothing is evacuated host by host; the recovery audit heals what has failed over
//! the whole site, most important first, at the contract's throttled rate (vim-behaviour 5.3.6), and an alarm says so.
//! Off unless it is configured. docs/extensions.md, "Storm guard".

use super::operation::OperationKind;
use super::{FILE, LOGGER};
use crate::core::host::Host;
use crate::core::{Level, TimerKey, Vim};
use nfv_common::TextParams;
use nfv_common::alarm::AlarmType;
use nfv_common::event_log::EventId;
use nfv_common::time::Mono;
use nfv_nfvi::object::{AdminState, OperState};
use std::collections::BTreeMap;
use std::time::Duration;

const ENTITY_TYPE: &str = "subsystem";
/// Differs from that of dead office recovery, which has the same alarm.
const ENTITY: &str = "subsystem=vim.storm-guard";
/// It is looked this often whether the storm is over.
const LOOK: Duration = Duration::from_secs(10);
/// One host is never a storm.
const FEWEST: usize = 2;

/// What the storm guard remembers.
#[derive(Debug, Default)]
pub(in crate::core) struct StormGuard {
    /// When each host went down, as long as that counts.
    failures: BTreeMap<String, Mono>,
    /// A storm, and when the last host failed in it.
    last_failure: Option<Mono>,
}

/// The host is out of service though nobody wants it to be.
fn is_down(host: &Host) -> bool {
    host.nfvi.admin_state != AdminState::Locked
        && !host.is_locking()
        && (host.nfvi.oper_state == OperState::Disabled || host.is_failed() || host.is_offline())
}

impl Vim {
    /// Many hosts have failed at once, and it is not over.
    pub(in crate::core) fn is_storm(&self) -> bool {
        self.storm.last_failure.is_some()
    }

    /// An operation whose evacuations are left to the recovery audit; what a host can still migrate, it migrates.
    pub(in crate::core) fn storm_holds(&self, kind: OperationKind) -> bool {
        self.is_storm() && matches!(kind, OperationKind::HostFailed | OperationKind::HostDisable)
    }

    /// A host is about to be disabled; if it failed, it counts.
    pub(in crate::core) fn storm_host_disabling(&mut self, name: &str) {
        let config = self.config.instance.storm_guard;
        let failed = self.hosts.get(name).is_some_and(|host| host.is_worker() && is_down(host));
        if config.host_percentage == 0 || !failed {
            return;
        }
        let now = self.now.mono;
        self.storm.failures.insert(name.to_owned(), now);
        if self.is_storm() {
            self.storm.last_failure = Some(now);
            return;
        }
        let hosts = &self.hosts;
        self.storm
            .failures
            .retain(|name, at| now.since(*at) <= config.window && hosts.get(name).is_some_and(is_down));
        let workers = self.hosts.values().filter(|host| host.is_worker()).count();
        let down = self.storm.failures.len();
        if !self.are_many(down, workers) {
            return;
        }
        self.storm.last_failure = Some(now);
        let text = format!(
            "{down} of {workers} worker hosts failed within {} s; recovery of instances is throttled",
            config.window.as_secs()
        );
        self.log(Level::Warn, LOGGER, FILE, format!("Storm guard: {text}."));
        let params = TextParams { additional_text: &text, ..TextParams::default() };
        self.raise_alarm(AlarmType::MultiNodeRecoveryMode, ENTITY_TYPE, ENTITY, &params, None);
        self.issue_log(EventId::MultiNodeRecoveryEnter, ENTITY_TYPE, ENTITY, &params);
        self.timers.arm(TimerKey::Storm, now + LOOK);
    }

    /// So many of the workers down at once are a storm.
    fn are_many(&self, down: usize, workers: usize) -> bool {
        let share = self.config.instance.storm_guard.host_percentage;
        down >= FEWEST && down as u64 * 100 >= share * workers as u64
    }

    /// An earlier process was in a storm: it is not over before that is seen, which is soon if the guard is off now.
    pub(in crate::core) fn storm_resume(&mut self) {
        if self.alarms_of(ENTITY).is_empty() {
            return;
        }
        self.storm.last_failure = Some(self.now.mono);
        self.timers.arm(TimerKey::Storm, self.now.mono + LOOK);
    }

    /// The storm is over when no host has failed for a while, and what failed is healed or the hosts are back.
    pub(in crate::core) fn storm_look(&mut self) {
        let Some(last) = self.storm.last_failure else { return };
        let config = self.config.instance.storm_guard;
        let quiet = self.now.mono.since(last) >= config.window;
        let workers = self.hosts.values().filter(|host| host.is_worker());
        let (mut all, mut down) = (0, 0);
        for host in workers {
            all += 1;
            down += usize::from(is_down(host));
        }
        let hosts_back = !self.are_many(down, all);
        let waiting = self.instances.values().any(|one| one.needs_healing() && self.can_be_healed(one));
        let off = config.host_percentage == 0;
        if !off && (!quiet || (waiting && !hosts_back)) {
            self.timers.arm(TimerKey::Storm, self.now.mono + LOOK);
            return;
        }
        self.storm = StormGuard::default();
        self.log(Level::Info, LOGGER, FILE, "Storm guard: the storm is over.".to_owned());
        self.clear_alarms_of(ENTITY);
        self.issue_log(EventId::MultiNodeRecoveryExit, ENTITY_TYPE, ENTITY, &TextParams::default());
        self.recover_instances();
    }
}
