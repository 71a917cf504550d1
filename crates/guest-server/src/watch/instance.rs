//! One instance: what is known of it.

use std::collections::VecDeque;
use std::time::Duration;

use guest_protocol::framing::JsonLines;
use guest_protocol::heartbeat::datagram::{AgentEvent, InstanceInfo};
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::message::{HostMessage, InvocationId, MAX_LENGTH};
use guest_protocol::heartbeat::words::{CorrectiveAction, Event, Notification, Switch, Word};

use super::action::{Action, Level};
use super::limits::{CONNECT_FIRST, Limits};

/// What an instance may use of its host while it handles something.
pub(super) struct Context<'a> {
    pub(super) now: Duration,
    pub(super) limits: &'a Limits,
    pub(super) hostname: &'a str,
    /// Whether failures of any instance of this host are reported.
    pub(super) reporting: bool,
    /// Whether this process was late since the given time.
    pub(super) late_since: &'a dyn Fn(Duration) -> bool,
    pub(super) challenge: &'a mut dyn FnMut() -> i32,
    pub(super) actions: &'a mut Vec<Action>,
}

impl Context<'_> {
    pub(super) fn log(&mut self, level: Level, line: String) {
        self.actions.push(Action::Log(level, line));
    }
}

/// The way to the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    /// An attempt is planned: the connect timer runs.
    Waiting,
    /// The shell has been asked to connect.
    Connecting,
    /// It stands.
    Up,
}

/// The heart of the guest. Contract: guest 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heart {
    /// The guest has to begin: `server_waiting_init`.
    Uninitialised,
    /// The last challenge is answered, the next one is not due: `server_waiting_challenge`.
    Answered,
    /// A challenge is out: `server_waiting_response`.
    Challenged,
}

/// A vote or notification under way. Contract: guest 5, `client_waiting_shutdown_response`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) event: Word<Event>,
    pub(super) notification: Notification,
}

/// When what is due; none: not at all.
#[derive(Debug, Default)]
pub(super) struct Timers {
    pub(super) connect: Option<Duration>,
    pub(super) reconnect: Option<Duration>,
    pub(super) monitor: Option<Duration>,
    pub(super) init: Option<Duration>,
    pub(super) vote: Option<Duration>,
}

impl Timers {
    pub(super) fn next(&self) -> Option<Duration> {
        [self.connect, self.reconnect, self.monitor, self.init, self.vote].into_iter().flatten().min()
    }
}

/// Takes a timer that is due.
pub(super) fn rings(timer: &mut Option<Duration>, now: Duration) -> Option<Duration> {
    timer.take_if(|due| *due <= now)
}

/// What the guest has told of itself, or the defaults until it does.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    pub(super) interval: Duration,
    pub(super) vote: Duration,
    pub(super) shutdown: Duration,
    pub(super) suspend: Duration,
    pub(super) resume: Duration,
    pub(super) restart: Duration,
    pub(super) corrective_action: Word<CorrectiveAction>,
}

impl Default for Wishes {
    fn default() -> Self {
        let usual = Duration::from_secs(10);
        Self {
            interval: Duration::from_secs(1),
            vote: usual,
            shutdown: usual,
            suspend: usual,
            resume: usual,
            restart: Duration::from_secs(120),
            corrective_action: CorrectiveAction::Log.into(),
        }
    }
}

/// An instance and its guest.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) uuid: InstanceUuid,
    /// How the log names it.
    pub(super) log_id: String,
    pub(super) connection: Connection,
    /// Wait before the next attempt to connect.
    pub(super) connect_wait: Duration,
    pub(super) heart: Heart,
    pub(super) heartbeating: bool,
    /// A loss was declared and the guest has not come back.
    pub(super) failed: bool,
    pub(super) reporting: bool,
    pub(super) misses: u32,
    /// Times in a row that a miss was laid at this process' own door.
    pub(super) graces: u32,
    /// Challenges whose answers count, the newest last, and when the oldest unanswered one was sent.
    pub(super) challenges: VecDeque<i32>,
    pub(super) challenged_at: Duration,
    pub(super) wishes: Wishes,
    pub(super) invocation_id: InvocationId,
    pub(super) question: Option<Question>,
    pub(super) sequence: u32,
    pub(super) timers: Timers,
    pub(super) framer: JsonLines,
    /// Healthy answers since the beginning or the last change, for the log.
    pub(super) beats: u32,
    /// Unhealthy answers since the last healthy one, for the log.
    pub(super) ills: u32,
}

impl Instance {
    /// A new instance; its first attempt to connect is one second away.
    pub(super) fn new(uuid: InstanceUuid, context: &mut Context<'_>) -> Self {
        let mut instance = Self {
            log_id: uuid.to_string(),
            uuid,
            connection: Connection::Waiting,
            connect_wait: CONNECT_FIRST,
            heart: Heart::Uninitialised,
            heartbeating: false,
            failed: false,
            reporting: false,
            misses: 0,
            graces: 0,
            challenges: VecDeque::new(),
            challenged_at: Duration::ZERO,
            wishes: Wishes::default(),
            invocation_id: 0,
            question: None,
            sequence: 0,
            timers: Timers::default(),
            framer: JsonLines::new(MAX_LENGTH),
            beats: 0,
            ills: 0,
        };
        instance.plan_connect(context);
        instance
    }

    pub(super) fn log(&self, context: &mut Context<'_>, level: Level, text: &str) {
        context.log(level, format!("{} {text}", self.log_id));
    }

    /// Sends a message with the next number.
    pub(super) fn send(&mut self, context: &mut Context<'_>, message: &HostMessage) {
        self.sequence = self.sequence.wrapping_add(1);
        context.actions.push(Action::Send(self.uuid.clone(), message.encode(self.sequence)));
    }

    /// Refuses a message of the guest.
    pub(super) fn refuse(&mut self, context: &mut Context<'_>, why: String) {
        self.log(context, Level::Error, &why);
        let invocation_id = self.invocation_id;
        self.send(context, &HostMessage::Nack { invocation_id, log: why });
    }

    /// What guestAgent is told of it.
    pub(super) fn info(&self, hostname: &str) -> InstanceInfo {
        let wishes = &self.wishes;
        InstanceInfo {
            hostname: hostname.to_owned(),
            uuid: self.uuid.clone(),
            reporting: Switch::of(self.reporting),
            heartbeating: Switch::of(self.heartbeating),
            repair_action: wishes.corrective_action.clone(),
            restart: wishes.restart,
            shutdown: wishes.shutdown,
            suspend: wishes.suspend,
            resume: wishes.resume,
            vote: wishes.vote,
        }
    }

    /// The heart beats, or no more; told when it is a change.
    pub(super) fn set_heartbeating(&mut self, context: &mut Context<'_>, beating: bool) {
        if self.heartbeating == beating {
            return;
        }
        self.heartbeating = beating;
        let info = self.info(context.hostname);
        let event = if beating {
            self.log(context, Level::Info, "is now heartbeating");
            AgentEvent::Running(info)
        } else {
            self.log(context, Level::Info, "is not heartbeating");
            AgentEvent::Stopped(info)
        };
        context.actions.push(Action::Tell(event));
    }

    /// The guest has to begin anew.
    pub(super) fn wait_for_init(&mut self, context: &mut Context<'_>) {
        if self.heart != Heart::Uninitialised {
            self.log(context, Level::Info, "waiting for init ... ");
            self.heart = Heart::Uninitialised;
        }
        self.challenges.clear();
        self.misses = 0;
        self.graces = 0;
        self.beats = 0;
    }

    /// guestAgent wants failures reported, or not.
    pub(super) fn set_reporting(&mut self, context: &mut Context<'_>, reporting: Switch) {
        if self.reporting == reporting.is_on() {
            return;
        }
        self.reporting = reporting.is_on();
        let text = format!("heartbeat reporting '{reporting}' by guestAgent");
        self.log(context, Level::Info, &text);
        self.beats = 0;
        if !self.reporting {
            self.set_heartbeating(context, false);
            self.wait_for_init(context);
        }
    }

    /// Everything that is due.
    pub(super) fn on_time(&mut self, context: &mut Context<'_>) {
        let now = context.now;
        if rings(&mut self.timers.init, now).is_some() {
            self.wait_for_init(context);
        }
        if rings(&mut self.timers.connect, now).is_some() {
            self.attempt(context);
        }
        if rings(&mut self.timers.reconnect, now).is_some() {
            self.check_heartbeat_began(context);
        }
        if rings(&mut self.timers.monitor, now).is_some() {
            self.on_monitor(context);
        }
        if rings(&mut self.timers.vote, now).is_some() {
            self.on_vote_timeout(context);
        }
    }
}
