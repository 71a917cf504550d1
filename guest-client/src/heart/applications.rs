//! All applications: registration, challenges, health, votes. Contract: guest 3.3.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_protocol::heartbeat::application::{ApplicationMessage, Registration};
use guest_protocol::heartbeat::words::{CorrectiveAction, Event, Notification, Vote};

use super::AppId;
use super::application::{AppHealth, AppVote, Application, CHALLENGES, Watched};
use super::client::Action;
use crate::config::SHORTEST_INTERVAL;
use crate::log::{Level, Line};

/// Connections that are held.
const MAX_APPLICATIONS: usize = 16;

/// The applications of the VM.
#[derive(Debug, Default)]
pub(super) struct Applications {
    by_id: BTreeMap<AppId, Application>,
    sequence: u32,
}

/// The stronger of two corrective actions: stop, reboot, log.
pub(super) fn stronger(current: CorrectiveAction, new: CorrectiveAction) -> CorrectiveAction {
    use CorrectiveAction::{Log, None, Reboot, Stop, Unknown};
    match (current, new) {
        (_, Stop) => Stop,
        (Stop, _) => Stop,
        (_, Reboot) => Reboot,
        (Reboot, _) => Reboot,
        (_, Log) => Log,
        (current, None | Unknown) => current,
    }
}

impl Applications {
    fn watched(&mut self) -> impl Iterator<Item = (&AppId, &mut Watched)> {
        self.by_id.iter_mut().filter_map(|(id, application)| Some((id, application.watched.as_mut()?)))
    }

    /// A connection came. When there are too many, one that has not registered makes room; else the new one goes.
    pub(super) fn connect(&mut self, id: AppId, actions: &mut Vec<Action>) {
        if self.by_id.len() >= MAX_APPLICATIONS {
            let idle = self.by_id.iter().find(|(_, application)| application.watched.is_none());
            let Some(idle) = idle.map(|(idle, _)| *idle) else {
                actions.push(Action::CloseApp(id));
                return;
            };
            self.by_id.remove(&idle);
            actions.push(Action::CloseApp(idle));
        }
        self.by_id.insert(id, Application::default());
    }

    /// A connection ended: the application is forgotten, which is no failure.
    pub(super) fn disconnect(&mut self, id: AppId, actions: &mut Vec<Action>) {
        if let Some(Application { watched: Some(watched), .. }) = self.by_id.remove(&id) {
            let text = format!("Application {} disconnected.", watched.registration.name);
            actions.push(Action::Log(Line::new(Level::Info, text)));
        }
    }

    /// Bytes of an application.
    pub(super) fn on_bytes(&mut self, id: AppId, bytes: &[u8], now: Duration, actions: &mut Vec<Action>) {
        let Some(application) = self.by_id.get_mut(&id) else { return };
        for message in application.stream.on_bytes(bytes) {
            match message {
                Ok((_, message)) => self.on_message(id, message, now, actions),
                Err(error) => actions.push(Action::Log(Line::new(Level::Info, error.to_string()))),
            }
        }
    }

    fn on_message(
        &mut self,
        id: AppId,
        message: ApplicationMessage,
        now: Duration,
        actions: &mut Vec<Action>,
    ) {
        match message {
            ApplicationMessage::Init(registration) => self.register(id, registration, now, actions),
            ApplicationMessage::Final { log } => {
                let Some(application) = self.by_id.get_mut(&id) else { return };
                if let Some(watched) = application.watched.take() {
                    let text = format!("Application {} deregistered, msg={log}.", watched.registration.name);
                    actions.push(Action::Log(Line::new(Level::Info, text)));
                }
            }
            ApplicationMessage::ChallengeResponse { response, healthy, corrective_action, log } => {
                let Some(watched) = self.by_id.get_mut(&id).and_then(|found| found.watched.as_mut()) else {
                    return;
                };
                if !watched.challenges.contains(&response) {
                    let name = &watched.registration.name;
                    let text = format!("Application {name} answers another challenge.");
                    actions.push(Action::Log(Line::new(Level::Info, text)));
                    return;
                }
                watched.waiting = false;
                if healthy != watched.health.healthy {
                    let text = format!(
                        "Application {} health changed to {healthy}, corrective_action={corrective_action}, log_msg={log}.",
                        watched.registration.name
                    );
                    actions.push(Action::Log(Line::new(Level::Info, text)));
                }
                watched.health = AppHealth { healthy, corrective_action, log };
                watched.timeout = now + watched.registration.heartbeat_interval * 2;
            }
            ApplicationMessage::ActionResponse { invocation_id, vote, log, .. } => {
                let Some(watched) = self.by_id.get_mut(&id).and_then(|found| found.watched.as_mut()) else {
                    return;
                };
                if let Some(AppVote::Running { invocation_id: expected, .. }) = watched.vote
                    && expected == invocation_id
                {
                    let text = format!("Application {} vote {vote}.", watched.registration.name);
                    actions.push(Action::Log(Line::new(Level::Info, text)));
                    watched.vote = Some(AppVote::Voted { vote, log });
                }
            }
            // Those are ours to send.
            ApplicationMessage::InitAck { .. }
            | ApplicationMessage::Challenge { .. }
            | ApplicationMessage::ActionNotify { .. } => {}
        }
    }

    fn register(&mut self, id: AppId, registration: Registration, now: Duration, actions: &mut Vec<Action>) {
        let accepted = registration.heartbeat_interval >= SHORTEST_INTERVAL;
        let verb = if accepted { "Accepting" } else { "Not accepting" };
        let text = format!(
            "{verb} application {} registration, interval={} ms, corrective_action={}.",
            registration.name,
            registration.heartbeat_interval.as_millis(),
            registration.corrective_action
        );
        actions.push(Action::Log(Line::new(Level::Info, text)));
        self.send(id, &ApplicationMessage::InitAck { accepted }, actions);
        if accepted && let Some(application) = self.by_id.get_mut(&id) {
            application.watched = Some(Watched::new(registration, now));
        }
    }

    fn send(&mut self, id: AppId, message: &ApplicationMessage, actions: &mut Vec<Action>) {
        self.sequence = self.sequence.wrapping_add(1);
        actions.push(Action::SendApp(id, message.encode(self.sequence).to_vec()));
    }

    /// When something is due.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let watched = self.by_id.values().filter_map(|application| application.watched.as_ref());
        let deadlines = watched.flat_map(|watched| {
            let vote = match watched.vote {
                Some(AppVote::Running { deadline, .. }) => Some(deadline),
                Some(AppVote::Voted { .. } | AppVote::Late) | None => None,
            };
            [Some(watched.next_challenge), Some(watched.timeout), vote]
        });
        deadlines.flatten().min()
    }

    /// Everything that is due. `late_since` says whether this process was late itself since a time.
    pub(super) fn on_time(
        &mut self,
        now: Duration,
        late_since: impl Fn(Duration) -> bool,
        challenge: &mut impl FnMut() -> u32,
        actions: &mut Vec<Action>,
    ) {
        let mut challenged = Vec::new();
        for (id, watched) in self.watched() {
            let interval = watched.registration.heartbeat_interval;
            if watched.timeout <= now {
                let allowed = interval * 2;
                let start = watched.timeout.saturating_sub(allowed);
                watched.timeout = now + allowed;
                if !late_since(start) {
                    let log = format!(
                        "Application {} heartbeat timeout {} ms.",
                        watched.registration.name,
                        allowed.as_millis()
                    );
                    if watched.health.healthy {
                        actions.push(Action::Log(Line::new(Level::Info, log.clone())));
                    }
                    let corrective_action = watched.registration.corrective_action;
                    watched.health = AppHealth { healthy: false, corrective_action, log };
                }
            }
            if watched.next_challenge <= now {
                watched.next_challenge = now + interval;
                if !watched.waiting {
                    let number = challenge();
                    if watched.challenges.len() == CHALLENGES {
                        watched.challenges.remove(0);
                    }
                    watched.challenges.push(number);
                    watched.waiting = true;
                    challenged.push((*id, number));
                }
            }
            if let Some(AppVote::Running { deadline, .. }) = watched.vote
                && deadline <= now
            {
                watched.vote = Some(AppVote::Late);
            }
        }
        for (id, challenge) in challenged {
            self.send(id, &ApplicationMessage::Challenge { challenge }, actions);
        }
    }

    /// The strongest corrective action of those that feel ill, and why; none when all are well.
    pub(super) fn illness(&self) -> Option<(CorrectiveAction, &str)> {
        let watched = self.by_id.values().filter_map(|application| application.watched.as_ref());
        watched.filter(|watched| !watched.health.healthy).fold(None, |worst, watched| {
            let current = worst.map_or(CorrectiveAction::None, |(action, _)| action);
            let wanted = watched.health.corrective_action;
            let merged = stronger(current, wanted);
            if merged == wanted { Some((merged, watched.health.log.as_str())) } else { worst }
        })
    }

    /// Tells all applications of an action; whether there was one to tell.
    pub(super) fn notify(
        &mut self,
        event: Event,
        notification: Notification,
        now: Duration,
        number: &mut impl FnMut() -> u32,
        actions: &mut Vec<Action>,
    ) -> bool {
        let mut told = Vec::new();
        for (id, watched) in self.watched() {
            let invocation_id = number();
            let deadline = now + watched.time_to_answer(event, notification);
            watched.vote = Some(AppVote::Running { invocation_id, deadline });
            told.push((*id, invocation_id));
        }
        for (id, invocation_id) in &told {
            let message =
                ApplicationMessage::ActionNotify { invocation_id: *invocation_id, event, notification };
            self.send(*id, &message, actions);
        }
        !told.is_empty()
    }

    /// Gives up the action under way.
    pub(super) fn abort(&mut self) {
        for (_, watched) in self.watched() {
            watched.vote = None;
        }
    }

    /// What the applications make of an action once all have answered or are late: reject if one rejects, else the
    /// last that accepts; none when nobody gave a usable answer. The outer none: some have time left.
    pub(super) fn verdict(&mut self) -> Option<Option<(Vote, String)>> {
        if self.watched().any(|(_, watched)| watched.is_running()) {
            return None;
        }
        let mut verdict: Option<(Vote, String)> = None;
        for (_, watched) in self.watched() {
            if let Some(AppVote::Voted { vote, log }) = &watched.vote {
                verdict = merge(verdict, *vote, log);
            }
        }
        Some(verdict)
    }
}

/// Adds a vote to those before.
pub(super) fn merge(before: Option<(Vote, String)>, vote: Vote, log: &str) -> Option<(Vote, String)> {
    let rejected = matches!(before, Some((Vote::Reject, _)));
    match vote {
        Vote::Reject => Some((vote, log.to_owned())),
        Vote::Accept | Vote::Complete if !rejected => Some((vote, log.to_owned())),
        Vote::Accept | Vote::Complete | Vote::Timeout | Vote::Error | Vote::Unknown => before,
    }
}
