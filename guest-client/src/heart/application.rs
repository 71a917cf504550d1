//! One application. Contract: guest 3.3.

use std::time::Duration;

use guest_protocol::heartbeat::application::{ApplicationStream, Registration};
use guest_protocol::heartbeat::words::{CorrectiveAction, Event, Notice, Notification, Vote};

/// Challenges of which an answer still counts.
pub(super) const CHALLENGES: usize = 4;

/// How an application feels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AppHealth {
    pub(super) healthy: bool,
    pub(super) corrective_action: CorrectiveAction,
    pub(super) log: String,
}

/// What an application makes of the action under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AppVote {
    /// It has not answered.
    Running { invocation_id: u32, deadline: Duration },
    /// It has.
    Voted { vote: Vote, log: String },
    /// It did not answer in time.
    Late,
}

/// What is known of an application that asked to be watched.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) registration: Registration,
    pub(super) health: AppHealth,
    /// Challenges whose answers count.
    pub(super) challenges: Vec<u32>,
    /// The last challenge is not answered.
    pub(super) waiting: bool,
    pub(super) next_challenge: Duration,
    pub(super) timeout: Duration,
    pub(super) vote: Option<AppVote>,
}

impl Watched {
    pub(super) fn new(registration: Registration, now: Duration) -> Self {
        let interval = registration.heartbeat_interval;
        Self {
            registration,
            health: AppHealth {
                healthy: true,
                corrective_action: CorrectiveAction::None,
                log: String::new(),
            },
            challenges: Vec::new(),
            waiting: false,
            next_challenge: now + interval,
            timeout: now + interval * 2,
            vote: None,
        }
    }

    /// The time that the application has asked for to answer.
    pub(super) fn time_to_answer(&self, event: Event, notification: Notification) -> Duration {
        match (notification, event.notice()) {
            (Notification::Revocable | Notification::Unknown, _) => self.registration.vote,
            (Notification::Irrevocable, Some(Notice::Suspend)) => self.registration.suspend_notice,
            (Notification::Irrevocable, Some(Notice::Resume)) => self.registration.resume_notice,
            (Notification::Irrevocable, Some(Notice::Shutdown) | None) => self.registration.shutdown_notice,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.vote, Some(AppVote::Running { .. }))
    }
}

/// A connection; watched once it has registered.
#[derive(Debug, Default)]
pub(super) struct Application {
    pub(super) stream: ApplicationStream,
    pub(super) watched: Option<Watched>,
}
