//! While the host watches: answers to challenges, the health script. Contract: guest 4.

use std::time::Duration;

use guest_protocol::heartbeat::message::{ChallengeResponse, GuestMessage};
use guest_protocol::heartbeat::words::{CorrectiveAction, Health};

use super::applications::stronger;
use super::client::{Action, Client, ScriptEnd};
use crate::log::Level;

/// The same illness is reported again after this time.
const REPORT_AGAIN: Duration = Duration::from_secs(60);
/// Exit status by which a health script says that the VM is ill.
const ILL: i32 = 1;

/// What the health script said last.
#[derive(Debug)]
pub(super) struct ScriptHealth {
    pub(super) healthy: bool,
    pub(super) log: String,
}

impl Default for ScriptHealth {
    fn default() -> Self {
        Self { healthy: true, log: String::new() }
    }
}

/// The illness that was reported last, and when.
#[derive(Debug)]
pub(super) struct Reported {
    action: CorrectiveAction,
    at: Duration,
}

impl Client {
    pub(super) fn answer_challenge(&mut self, challenge: i32) {
        self.challenge_due = Some(self.now + self.config.challenge_timeout());
        let configured = self.config.corrective_action;
        let (healthy, mut action, log) = match self.apps.illness() {
            None => (self.script.healthy, configured, self.script.log.clone()),
            Some((action, log)) if self.script.healthy => (false, action, log.to_owned()),
            Some((action, log)) => {
                let merged = stronger(action, configured);
                let log = if merged == configured { self.script.log.clone() } else { log.to_owned() };
                (false, merged, log)
            }
        };
        if healthy {
            self.reported = None;
        } else {
            let told = self.reported.as_ref().is_some_and(|reported| {
                reported.action == action && self.now.saturating_sub(reported.at) < REPORT_AGAIN
            });
            if told {
                action = CorrectiveAction::None;
            } else {
                self.log(Level::Info, format!("Unhealthy, reporting corrective action {action}."));
                self.reported = Some(Reported { action, at: self.now });
            }
        }
        let health = if healthy { Health::Healthy } else { Health::Unhealthy };
        self.send(&GuestMessage::ChallengeResponse(ChallengeResponse {
            response: challenge,
            health: health.into(),
            corrective_action: action.into(),
            log,
        }));
    }

    /// The next run of the health script is due; the one before is given up.
    pub(super) fn run_health_script(&mut self) {
        if self.health_running {
            self.actions.push(Action::KillHealthScript);
        }
        self.health_running = true;
        self.actions.push(Action::StartHealthScript);
        self.health_due = self.config.health_interval.map(|interval| self.now + interval);
    }

    /// The health script ended, or could not be run.
    pub(super) fn on_health_script(&mut self, end: ScriptEnd) {
        self.health_running = false;
        match end {
            ScriptEnd::Ended { code, output } => {
                let healthy = code != Some(ILL);
                if healthy != self.script.healthy {
                    let word = if healthy { "healthy" } else { "unhealthy" };
                    self.log(Level::Info, format!("Transition to {word}, msg={output}."));
                }
                self.script = ScriptHealth { healthy, log: output };
            }
            ScriptEnd::NotRun(why) => {
                self.log(Level::Error, format!("Failed to invoke health script: {why}"))
            }
        }
    }

    /// The host has not asked for too long.
    pub(super) fn is_host_lost(&mut self) -> bool {
        let timeout = self.config.challenge_timeout();
        let millis = timeout.as_millis();
        if self.lateness.since(self.now.saturating_sub(timeout)) {
            self.challenge_due = Some(self.now + timeout);
            let text =
                format!("Failed to receive a challenge in {millis} ms, but we are not scheduling on time.");
            self.log(Level::Error, text);
            return false;
        }
        self.log(Level::Error, format!("Failed to receive a challenge in {millis} ms."));
        true
    }
}
