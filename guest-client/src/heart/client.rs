//! The client: what happens, and what is to be done.

use std::time::Duration;

use guest_protocol::framing::JsonLines;
use guest_protocol::heartbeat::message::{GuestMessage, HostMessage, Init, InvocationId, MAX_LENGTH};
use guest_protocol::heartbeat::words::{Event as VmEvent, Notification};

use super::AppId;
use super::action::Pending;
use super::applications::Applications;
use super::enabled::{Reported, ScriptHealth};
use super::state::{Event, State};
use crate::config::Config;
use crate::log::{Level, Line};

/// Wait after the start.
const RELEASE: Duration = Duration::from_secs(1);
/// A process that comes so much too late blames nobody.
const LATENESS: Duration = Duration::from_millis(800);
/// What the host allows for the way of a message; added to each time that it is told.
const PROPAGATION: Duration = Duration::from_secs(1);

/// How a script ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptEnd {
    /// By itself, or by a signal (no code).
    Ended {
        /// Exit status.
        code: Option<i32>,
        /// What it printed, in one line.
        output: String,
    },
    /// It could not be run.
    NotRun(String),
}

/// What the shell has to tell.
#[derive(Debug)]
pub enum Input<'a> {
    /// The host can be reached.
    ChannelUp,
    /// The host has gone.
    ChannelDown,
    /// Bytes of the host.
    Host(&'a [u8]),
    /// An application has connected.
    AppConnected(AppId),
    /// Bytes of an application.
    App(AppId, &'a [u8]),
    /// An application has gone.
    AppClosed(AppId),
    /// The health script has ended.
    HealthScript(ScriptEnd),
    /// The event script has ended.
    EventScript(ScriptEnd),
    /// The client shall end.
    Shutdown,
    /// Time has passed. To be given after all that was readable.
    Time,
}

/// What the shell has to do, in order.
#[derive(Clone, Debug)]
pub enum Action {
    /// Write to the port.
    SendHost(Vec<u8>),
    /// Write to an application.
    SendApp(AppId, Vec<u8>),
    /// Close an application's connection.
    CloseApp(AppId),
    /// Run the health script.
    StartHealthScript,
    /// End it; nothing is to be told of it any more.
    KillHealthScript,
    /// Run the event script.
    StartEventScript(Notification, VmEvent),
    /// End it; nothing is to be told of it any more.
    KillEventScript,
    /// A line for the log.
    Log(Line),
}

/// When this process last came too late.
#[derive(Debug, Default)]
pub(super) struct Lateness(Option<Duration>);

impl Lateness {
    pub(super) fn since(&self, start: Duration) -> bool {
        self.0.is_some_and(|last| last >= start)
    }
}

/// What the client knows.
#[derive(Debug)]
pub struct Client {
    pub(super) config: Config,
    name: String,
    state: State,
    pub(super) now: Duration,
    pub(super) random: fastrand::Rng,
    pub(super) actions: Vec<Action>,
    pub(super) apps: Applications,
    pub(super) pending: Option<Pending>,
    pub(super) script: ScriptHealth,
    pub(super) health_running: bool,
    pub(super) reported: Option<Reported>,
    pub(super) lateness: Lateness,
    framer: JsonLines,
    sequence: u32,
    invocation_id: Option<InvocationId>,
    previous_id: Option<InvocationId>,
    release_due: Option<Duration>,
    init_due: Option<Duration>,
    pub(super) challenge_due: Option<Duration>,
    pub(super) health_due: Option<Duration>,
}

impl Client {
    /// A client of the VM `name`, started at `now`.
    pub fn new(config: Config, name: impl Into<String>, random: fastrand::Rng, now: Duration) -> Self {
        Self {
            config,
            name: name.into(),
            state: State::Initial,
            now,
            random,
            actions: Vec::new(),
            apps: Applications::default(),
            pending: None,
            script: ScriptHealth::default(),
            health_running: false,
            reported: None,
            lateness: Lateness::default(),
            framer: JsonLines::new(MAX_LENGTH),
            sequence: 0,
            invocation_id: None,
            previous_id: None,
            release_due: Some(now + RELEASE),
            init_due: None,
            challenge_due: None,
            health_due: None,
        }
    }

    /// Where the client stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// When [`Input::Time`] is wanted; none: not by itself.
    pub fn next_deadline(&self) -> Option<Duration> {
        let action = self.pending.as_ref().map(|pending| pending.deadline);
        let own = [self.release_due, self.init_due, self.challenge_due, self.health_due, action];
        own.into_iter().flatten().chain(self.apps.next_deadline()).min()
    }

    /// Takes an input at a time since some fixed moment; gives what is to be done.
    pub fn handle(&mut self, now: Duration, input: Input<'_>) -> Vec<Action> {
        self.now = now;
        match input {
            Input::ChannelUp => {
                self.framer.reset();
                self.event(Event::ChannelUp);
            }
            Input::ChannelDown => self.event(Event::ChannelDown),
            Input::Host(bytes) => self.on_host(bytes),
            Input::AppConnected(id) => self.apps.connect(id, &mut self.actions),
            Input::App(id, bytes) => {
                self.apps.on_bytes(id, bytes, now, &mut self.actions);
                self.check_action();
            }
            Input::AppClosed(id) => {
                self.apps.disconnect(id, &mut self.actions);
                self.check_action();
            }
            Input::HealthScript(end) => self.on_health_script(end),
            Input::EventScript(end) => self.on_event_script(end),
            Input::Shutdown => {
                if self.state == State::Enabled {
                    self.send(&GuestMessage::Exit { log: "Exiting...".to_owned() });
                }
                self.event(Event::Shutdown);
            }
            Input::Time => self.on_time(),
        }
        std::mem::take(&mut self.actions)
    }

    fn on_host(&mut self, bytes: &[u8]) {
        for frame in self.framer.on_bytes(bytes) {
            let decoded = frame
                .map_err(|error| error.to_string())
                .and_then(|object| HostMessage::decode(&object).map_err(|ignored| ignored.to_string()));
            match decoded {
                Ok(numbered) => self.on_message(numbered.message),
                Err(why) => self.log(Level::Debug, format!("Message ignored: {why}.")),
            }
        }
    }

    fn on_message(&mut self, message: HostMessage) {
        match message {
            HostMessage::InitAck { invocation_id } => {
                let ours = [self.invocation_id, self.previous_id].contains(&Some(invocation_id));
                if self.state == State::Enabling && !ours {
                    self.log(Level::Info, format!("Invocation id mismatch, received={invocation_id}."));
                } else {
                    self.event(Event::InitAck);
                }
            }
            HostMessage::Challenge { challenge } => {
                if self.state == State::Enabled {
                    self.answer_challenge(challenge);
                }
            }
            HostMessage::ActionNotify(notify) => {
                let text = format!(
                    "Received action notify, event={}, notification={}, timeout={} ms.",
                    notify.event,
                    notify.notification,
                    notify.timeout.as_millis()
                );
                self.log(Level::Info, text);
                self.on_action(notify, self.state == State::Enabled);
            }
            HostMessage::Nack { log, .. } => self.log(Level::Info, format!("Received nack, msg={log}.")),
        }
    }

    fn event(&mut self, event: Event) {
        let Some(next) = self.state.after(event) else { return };
        let before = self.state;
        self.state = next;
        self.leave(before);
        self.log(
            Level::Info,
            format!("Guest-Client heartbeat state change from {before} to {next}, event={event}."),
        );
        self.enter(next);
    }

    fn leave(&mut self, state: State) {
        match state {
            State::Initial => self.release_due = None,
            State::Enabling => self.init_due = None,
            State::Enabled => {
                self.challenge_due = None;
                self.health_due = None;
                if std::mem::take(&mut self.health_running) {
                    self.actions.push(Action::KillHealthScript);
                }
                self.abort_action();
            }
            State::Disabled => {}
        }
    }

    fn enter(&mut self, state: State) {
        match state {
            State::Initial | State::Disabled => {}
            State::Enabling => self.send_init(),
            State::Enabled => {
                self.script = ScriptHealth::default();
                self.reported = None;
                self.challenge_due = Some(self.now + self.config.challenge_timeout());
                if self.config.health_script.is_some() {
                    self.health_due = self.config.health_interval.map(|interval| self.now + interval);
                }
            }
        }
    }

    fn send_init(&mut self) {
        self.previous_id = self.invocation_id;
        let invocation_id = self.random.i32(0..);
        self.invocation_id = Some(invocation_id);
        // No retry at all would be a host never reached; no pause between would be a flood.
        self.init_due = Some(self.now + self.config.init_retry.max(Duration::from_millis(100)));
        let config = &self.config;
        let init = Init {
            invocation_id,
            name: self.name.clone(),
            heartbeat_interval: config.interval,
            vote: config.vote + PROPAGATION,
            shutdown_notice: config.shutdown_notice + PROPAGATION,
            suspend_notice: config.suspend_notice + PROPAGATION,
            resume_notice: config.resume_notice + PROPAGATION,
            restart: config.restart + PROPAGATION,
            corrective_action: config.corrective_action.into(),
        };
        self.send(&GuestMessage::Init(init));
    }

    pub(super) fn send(&mut self, message: &GuestMessage) {
        self.sequence = self.sequence.wrapping_add(1);
        self.actions.push(Action::SendHost(message.encode(self.sequence)));
    }

    fn on_time(&mut self) {
        let now = self.now;
        if let Some(due) = self.next_deadline()
            && now.saturating_sub(due) >= LATENESS
        {
            self.lateness = Lateness(Some(now));
        }
        if self.release_due.take_if(|due| *due <= now).is_some() {
            self.event(Event::Release);
        }
        if self.init_due.is_some_and(|due| due <= now) {
            self.send_init();
        }
        if self.challenge_due.is_some_and(|due| due <= now) && self.is_host_lost() {
            self.event(Event::ChallengeTimeout);
        }
        if self.health_due.is_some_and(|due| due <= now) {
            self.run_health_script();
        }
        let lateness = &self.lateness;
        let mut random = || self.random.u32(0..=i32::MAX.cast_unsigned());
        self.apps.on_time(now, |start| lateness.since(start), &mut random, &mut self.actions);
        self.check_action();
        if self.pending.as_ref().is_some_and(|pending| pending.deadline <= now) {
            self.on_action_timeout();
        }
    }
}
