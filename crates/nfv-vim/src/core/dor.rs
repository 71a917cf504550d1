//! Dead office recovery: caution after a site-wide power loss. Contract: vim-behaviour 6.4.

use super::nfvi_call::Then;
use super::{Effect, Flag, Level, TimerKey, Vim};
use nfv_common::TextParams;
use nfv_common::alarm::AlarmType;
use nfv_common::event_log::EventId;
use nfv_nfvi::call::InfrastructureCall;
use nfv_nfvi::object::HostUptime;
use nfv_nfvi::{Answer, Call, CallResult};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(20);
const ENTITY: &str = "subsystem=vim";

/// How far the recovery is; both only ever become true.
#[derive(Debug, Clone, Default)]
pub struct Dor {
    /// Failed instances may be touched.
    pub stabilized: bool,
    /// Hosts that are down are taken for down.
    pub completed: bool,
}

impl Vim {
    pub(super) fn dor_tick(&mut self) {
        if self.dor.completed {
            return;
        }
        let up = self.now.mono.since(self.started);
        if self.facts.dor_complete {
            self.dor_complete(false);
            return;
        }
        if self.facts.uptime + up > self.config.dor.complete_uptime {
            self.dor_complete(true);
            return;
        }
        if up > self.config.dor.stabilize_uptime {
            self.dor.stabilized = true;
        }
        self.timers.arm(TimerKey::Dor, self.now.mono + INTERVAL);
        if !self.is_outstanding(&Then::Dor) {
            self.call(Call::Infrastructure(InfrastructureCall::GetSystemState), Then::Dor);
        }
    }

    /// Uptimes of all hosts have come, or not; then the next tick asks again.
    pub(super) fn dor_answered(&mut self, result: CallResult) {
        let Ok(Answer::SystemState(Some(uptimes))) = result else { return };
        if self.dor.completed {
            return;
        }
        let config = &self.config.dor;
        let long_up = |host: &HostUptime| Duration::from_secs(host.uptime.0) >= config.complete_uptime;
        let workers: Vec<_> = uptimes
            .iter()
            .filter(|host| self.hosts.get(&host.hostname).is_some_and(|known| known.is_worker()))
            .collect();
        let total = workers.len();
        let back = workers.into_iter().filter(|host| long_up(host)).count();
        let percentage = if total == 0 { 0 } else { 100 * back as u64 / total as u64 };
        let up = self.now.mono.since(self.started);
        let small = total < config.minimum_hosts;
        if percentage >= config.completion_percentage || (small && up >= config.process_uptime) {
            self.dor_complete(true);
            return;
        }
        self.dor.stabilized |= small;
        if self.alarms_of(ENTITY).is_empty() {
            let params = TextParams::default();
            self.raise_alarm(AlarmType::MultiNodeRecoveryMode, "subsystem", ENTITY, &params, None);
            self.issue_log(EventId::MultiNodeRecoveryEnter, "subsystem", ENTITY, &params);
        }
    }

    fn dor_complete(&mut self, touch: bool) {
        self.dor.stabilized = true;
        self.dor.completed = true;
        self.timers.cancel(&TimerKey::Dor);
        self.log(Level::Info, "nfv_vim.dor", "_dor_module.py", "DOR complete.".to_owned());
        if touch {
            self.out.effects.push(Effect::Touch(Flag::DorComplete));
        }
        let raised = self.alarms_of(ENTITY);
        for uuid in &raised {
            self.clear_alarm(uuid);
        }
        if !raised.is_empty() {
            self.issue_log(EventId::MultiNodeRecoveryExit, "subsystem", ENTITY, &TextParams::default());
        }
    }
}
