//! A vote or notification under way: applications and the script are asked side by side. Contract: guest 4.

use std::time::Duration;

use guest_protocol::heartbeat::message::{ActionNotify, ActionResponse, GuestMessage};
use guest_protocol::heartbeat::words::{Event, Notification, Vote, Word};

use super::applications::merge;
use super::client::{Action, Client, ScriptEnd};
use crate::log::{Level, Line};

/// The host allows so much for the way there and back.
const PROPAGATION: Duration = Duration::from_secs(1);

/// The action under way.
#[derive(Debug)]
pub(super) struct Pending {
    notify: ActionNotify,
    timeout: Duration,
    pub(super) deadline: Duration,
    wait_apps: bool,
    wait_script: bool,
    verdict: Option<(Vote, String)>,
}

impl Client {
    /// The host asks or tells. `enabled` says whether the client is watched; else it just agrees.
    pub(super) fn on_action(&mut self, notify: ActionNotify, enabled: bool) {
        if !enabled {
            self.answer_action(&notify, Vote::Complete.into(), String::new());
            return;
        }
        self.abort_action();
        let event = notify.event.known().unwrap_or(Event::Unknown);
        let notification = notify.notification.known().unwrap_or(Notification::Unknown);
        let mut random = || self.random.u32(0..=i32::MAX.cast_unsigned());
        let wait_apps = self.apps.notify(event, notification, self.now, &mut random, &mut self.actions);
        let wait_script = self.config.event_script.is_some()
            && event != Event::Unknown
            && notification != Notification::Unknown;
        if wait_script {
            self.log(
                Level::Info,
                format!("Invoke event script for event {event}, notification={notification}."),
            );
            self.actions.push(Action::StartEventScript(notification, event));
        }
        if !wait_apps && !wait_script {
            self.answer_action(&notify, Vote::Complete.into(), String::new());
            return;
        }
        let timeout = notify.timeout;
        let timeout = if timeout > PROPAGATION { timeout - PROPAGATION } else { timeout };
        let deadline = self.now + timeout;
        self.pending = Some(Pending { notify, timeout, deadline, wait_apps, wait_script, verdict: None });
    }

    /// The event script ended, or could not be run.
    pub(super) fn on_event_script(&mut self, end: ScriptEnd) {
        let Some(pending) = &mut self.pending else { return };
        if !pending.wait_script {
            return;
        }
        pending.wait_script = false;
        match end {
            ScriptEnd::Ended { code, output } => {
                let vote = match code {
                    Some(0) => Vote::Accept,
                    Some(1) => Vote::Reject,
                    Some(_) | None => Vote::Error,
                };
                pending.verdict = merge(pending.verdict.take(), vote, &output);
                self.log(
                    Level::Info,
                    format!("Received event script response, vote-result={vote}, msg={output}."),
                );
            }
            ScriptEnd::NotRun(why) => {
                self.log(Level::Error, format!("Failed to invoke event script: {why}"));
                if let Some(pending) = &mut self.pending
                    && !pending.wait_apps
                {
                    // Nobody is there to be asked.
                    pending.verdict = Some((Vote::Complete, String::new()));
                }
            }
        }
        self.check_action();
    }

    /// Answers when all have spoken.
    pub(super) fn check_action(&mut self) {
        let Some(pending) = &mut self.pending else { return };
        if pending.wait_apps
            && let Some(verdict) = self.apps.verdict()
        {
            pending.wait_apps = false;
            if let Some((vote, log)) = verdict {
                pending.verdict = merge(pending.verdict.take(), vote, &log);
            }
        }
        if pending.wait_apps || pending.wait_script {
            return;
        }
        if let Some(pending) = self.pending.take() {
            let (vote, log) = pending.verdict.unwrap_or((Vote::Unknown, String::new()));
            self.answer_action(&pending.notify, vote.into(), log);
            self.apps.abort();
        }
    }

    /// The host waits no longer.
    pub(super) fn on_action_timeout(&mut self) {
        let Some(pending) = &mut self.pending else { return };
        let start = pending.deadline.saturating_sub(pending.timeout);
        if self.lateness.since(start) {
            pending.deadline = self.now + pending.timeout.max(Duration::from_millis(1));
            let millis = pending.timeout.as_millis();
            self.log(
                Level::Error,
                format!(
                    "Failed to receive action responses in {millis} ms, but we are not scheduling on time."
                ),
            );
            return;
        }
        let Some(pending) = self.pending.take() else { return };
        let millis = pending.timeout.as_millis();
        self.log(Level::Error, format!("Failed to receive action responses in {millis} ms."));
        self.apps.abort();
        if pending.wait_script {
            self.actions.push(Action::KillEventScript);
        }
        let (vote, log) = match pending.verdict {
            Some((Vote::Reject, log)) => (Vote::Reject, log),
            Some(_) | None => {
                (Vote::Timeout, "Timeout on application and/or script action responses.".to_owned())
            }
        };
        self.answer_action(&pending.notify, vote.into(), log);
    }

    /// Gives up the action under way without an answer.
    pub(super) fn abort_action(&mut self) {
        self.apps.abort();
        if let Some(pending) = self.pending.take()
            && pending.wait_script
        {
            self.actions.push(Action::KillEventScript);
        }
    }

    fn answer_action(&mut self, notify: &ActionNotify, vote: Word<Vote>, log: String) {
        self.send(&GuestMessage::ActionResponse(ActionResponse {
            invocation_id: notify.invocation_id,
            event: notify.event.clone(),
            notification: notify.notification.clone(),
            vote,
            log,
        }));
    }

    #[track_caller]
    pub(super) fn log(&mut self, level: Level, text: String) {
        self.actions.push(Action::Log(Line::new(level, text)));
    }
}
