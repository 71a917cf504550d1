//! Votes and notifications. Contract: guest 5, 10.

use std::time::Duration;

use guest_protocol::heartbeat::datagram::{AgentEvent, VoteNotify};
use guest_protocol::heartbeat::message::{ActionNotify, ActionResponse, HostMessage};
use guest_protocol::heartbeat::words::{Event, Notice, Notification, Vote, Word};

use super::action::{Action, Level};
use super::instance::{Connection, Context, Instance, Question};
use super::limits::WAIT_FOR_INIT;

impl Instance {
    /// guestAgent asks (revocable) or tells (irrevocable) the guest.
    pub(super) fn ask(&mut self, context: &mut Context<'_>, event: Word<Event>, notification: Notification) {
        if event.is(Event::Resume) && (self.connection != Connection::Up || !self.heartbeating) {
            self.reconnect(context);
        }
        let kind = if notification == Notification::Revocable { "vote" } else { "notify" };
        self.log(context, Level::Info, &format!("sending {notification} '{event}' {kind}"));
        let timeout = self.time_to_answer(context, &event, notification);
        self.question = Some(Question { event: event.clone(), notification });
        self.timers.vote = Some(context.now + self.wishes.vote);
        if self.connection == Connection::Up {
            let invocation_id = self.invocation_id;
            let notify = ActionNotify { invocation_id, event, notification: notification.into(), timeout };
            self.send(context, &HostMessage::ActionNotify(notify));
        }
    }

    fn time_to_answer(
        &self,
        context: &mut Context<'_>,
        event: &Word<Event>,
        notification: Notification,
    ) -> Duration {
        if notification == Notification::Revocable {
            return self.wishes.vote;
        }
        match event.known().and_then(Event::notice) {
            Some(Notice::Shutdown) => self.wishes.shutdown,
            Some(Notice::Suspend) => self.wishes.suspend,
            Some(Notice::Resume) => self.wishes.resume,
            None => {
                let secs = self.wishes.vote.as_secs();
                let text =
                    format!("unsupported event type ({event}) defaulting to 'vote' timeout of {secs} secs");
                self.log(context, Level::Warn, &text);
                // As of old: the seconds, taken for milliseconds.
                Duration::from_millis(secs)
            }
        }
    }

    /// The guest has answered.
    pub(super) fn on_action_response(&mut self, context: &mut Context<'_>, answer: ActionResponse) {
        if answer.invocation_id != self.invocation_id {
            let why = format!(
                "Invocation id mismatch. Received: {} expect: {}",
                answer.invocation_id, self.invocation_id
            );
            self.refuse(context, why);
            return;
        }
        let ActionResponse { event, notification, vote, log, .. } = answer;
        let reason = if vote.is(Vote::Reject) { format!(" reason: {log}") } else { String::new() };
        let level = match vote.known() {
            Some(Vote::Accept | Vote::Complete | Vote::Reject | Vote::Timeout) => Level::Info,
            Some(Vote::Error | Vote::Unknown) | None => Level::Error,
        };
        self.log(context, level, &format!("'{notification}' '{event}' '{vote}'{reason}"));
        self.tell_vote(context, &notification, &event, &vote, log);
        self.question = None;
        self.timers.vote = None;
        let agreed = matches!(vote.known(), Some(Vote::Accept | Vote::Complete));
        if event.is(Event::Pause) && agreed {
            self.wait_for_init(context);
        }
        if !vote.is(Vote::Reject) {
            self.expect_new_beginning(context, &event);
        }
        if event.is(Event::Suspend) && vote.is(Vote::Complete) {
            self.reconnect(context);
        }
    }

    /// The guest has not answered; the action goes on.
    pub(super) fn on_vote_timeout(&mut self, context: &mut Context<'_>) {
        let Some(Question { event, notification }) = self.question.take() else { return };
        let text = "response time out on 'action_notify' message ; proceeding with action";
        self.log(context, Level::Info, text);
        let vote = if notification == Notification::Revocable { Vote::Accept } else { Vote::Complete };
        self.tell_vote(context, &notification.into(), &event, &vote.into(), String::new());
        self.expect_new_beginning(context, &event);
    }

    fn tell_vote(
        &self,
        context: &mut Context<'_>,
        notification: &Word<Notification>,
        event: &Word<Event>,
        vote: &Word<Vote>,
        reason: String,
    ) {
        let answer = VoteNotify {
            hostname: context.hostname.to_owned(),
            uuid: self.uuid.clone(),
            notification: notification.clone(),
            event: event.clone(),
            vote: vote.clone(),
            reason,
        };
        context.actions.push(Action::Tell(AgentEvent::VoteNotify(answer)));
    }

    /// After these events the guest leaves without a word, and comes back with an init.
    fn expect_new_beginning(&mut self, context: &mut Context<'_>, event: &Word<Event>) {
        let leaves = match event.known() {
            Some(Event::Suspend | Event::LiveMigrateBegin | Event::ColdMigrateBegin | Event::Reboot) => true,
            Some(
                Event::Unknown
                | Event::Stop
                | Event::Pause
                | Event::Unpause
                | Event::Resume
                | Event::ResizeBegin
                | Event::ResizeEnd
                | Event::LiveMigrateEnd
                | Event::ColdMigrateEnd,
            )
            | None => false,
        };
        if leaves {
            self.timers.init = Some(context.now + WAIT_FOR_INIT);
            let text = format!("scheduling waiting_init transition in {} seconds", WAIT_FOR_INIT.as_secs());
            context.log(Level::Info, text);
        }
    }
}
