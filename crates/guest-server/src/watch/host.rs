//! All instances of a host.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_protocol::heartbeat::datagram::{AgentEvent, ServerCommand};
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::words::Notification;

use super::action::{Action, Level};
use super::instance::{Context, Instance};
use super::lateness::Lateness;
use super::limits::{Limits, READY_AGAIN, READY_FIRST, SEARCH};

/// What the shell has to tell.
#[derive(Debug)]
pub enum Input<'a> {
    /// The socket of a channel is there: found in a search, or made just now.
    ChannelFound(InstanceUuid),
    /// The socket of a channel was removed.
    ChannelGone(InstanceUuid),
    /// The connection asked for stands.
    Connected(InstanceUuid),
    /// It cannot be had now.
    ConnectFailed(InstanceUuid, String),
    /// Bytes of a guest.
    Bytes(InstanceUuid, &'a [u8]),
    /// A connection broke.
    Closed(InstanceUuid),
    /// guestAgent wants something. Also proves that it can be reached.
    Command(ServerCommand),
    /// Time has passed. To be given after all that was readable, so that an answer that came is read before anyone
    /// is blamed for not having answered.
    Time,
}

/// The watch over all instances of a host.
#[derive(Debug)]
pub struct Host {
    hostname: String,
    limits: Limits,
    instances: BTreeMap<InstanceUuid, Instance>,
    /// When which instance has something to do.
    agenda: BTreeSet<(Duration, InstanceUuid)>,
    /// Whether failures of any instance are reported.
    reporting: bool,
    agent_known: bool,
    ready: Option<Duration>,
    search: Duration,
    lateness: Lateness,
    random: fastrand::Rng,
}

impl Host {
    /// A host without instances. Challenges come from `random`.
    pub fn new(hostname: impl Into<String>, limits: Limits, random: fastrand::Rng, now: Duration) -> Self {
        Self {
            hostname: hostname.into(),
            limits,
            instances: BTreeMap::new(),
            agenda: BTreeSet::new(),
            reporting: true,
            agent_known: false,
            ready: Some(now + READY_FIRST),
            search: now,
            lateness: Lateness::default(),
            random,
        }
    }

    /// Uses other limits from now on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// When [`Input::Time`] is wanted.
    pub fn next_deadline(&self) -> Duration {
        let first = self.agenda.first().map(|(due, _)| *due);
        [first, self.ready].into_iter().flatten().fold(self.search, Duration::min)
    }

    /// How late each timer of an instance is that is due by now.
    pub fn overdue(&self, now: Duration) -> impl Iterator<Item = Duration> + '_ {
        self.agenda.iter().map_while(move |(due, _)| now.checked_sub(*due))
    }

    /// The names by which the log knows the instances, and what they do, for a dump.
    pub fn describe(&self) -> Vec<String> {
        let word = |on: bool| if on { 'Y' } else { 'n' };
        let line = |instance: &Instance| {
            format!(
                "{} {:?} {:?} Reporting-{} Heartbeating-{} Failed-{} Misses:{}",
                instance.log_id,
                instance.connection,
                instance.heart,
                word(instance.reporting),
                word(instance.heartbeating),
                word(instance.failed),
                instance.misses
            )
        };
        let head = format!("host reporting-{} instances:{}", word(self.reporting), self.instances.len());
        std::iter::once(head).chain(self.instances.values().map(line)).collect()
    }

    /// Takes an input at a time since some fixed moment; what has to be done is appended to `actions`.
    pub fn handle(&mut self, now: Duration, input: Input<'_>, actions: &mut Vec<Action>) {
        match input {
            Input::ChannelFound(uuid) => {
                self.add(now, &uuid, actions);
            }
            Input::ChannelGone(uuid) => self.remove(&uuid, "channel gone", actions),
            Input::Connected(uuid) => {
                self.with(now, &uuid, actions, |instance, context| instance.on_connected(context));
            }
            Input::ConnectFailed(uuid, why) => {
                self.with(now, &uuid, actions, |instance, context| instance.on_connect_failed(context, &why));
            }
            Input::Bytes(uuid, bytes) => {
                self.with(now, &uuid, actions, |instance, context| instance.on_bytes(context, bytes));
            }
            Input::Closed(uuid) => {
                self.with(now, &uuid, actions, |instance, context| instance.on_closed(context));
            }
            Input::Command(command) => {
                self.agent_known = true;
                self.command(now, command, actions);
            }
            Input::Time => self.on_time(now, actions),
        }
    }

    fn command(&mut self, now: Duration, command: ServerCommand, actions: &mut Vec<Action>) {
        match command {
            ServerCommand::Loopback => {}
            ServerCommand::QueryInstances => {
                let infos = self.instances.values().map(|instance| instance.info(&self.hostname));
                actions.extend(infos.map(|info| Action::Tell(AgentEvent::Instance(info))));
            }
            ServerCommand::AddInstance(uuid, reporting) | ServerCommand::ModInstance(uuid, reporting) => {
                self.add(now, &uuid, actions);
                self.with(now, &uuid, actions, |instance, context| {
                    instance.set_reporting(context, reporting)
                });
            }
            ServerCommand::DelInstance(uuid) => self.remove(&uuid, "delete", actions),
            ServerCommand::ModHost { reporting, .. } => {
                self.reporting = reporting.is_on();
                let verb = if self.reporting { "Enabling" } else { "Disabling" };
                let text = format!("{verb} host level 'heartbeat' fault reporting");
                actions.push(Action::Log(Level::Info, text));
            }
            ServerCommand::Vote(uuid, event) => {
                self.with(now, &uuid, actions, |instance, context| {
                    instance.ask(context, event, Notification::Revocable);
                });
            }
            ServerCommand::Notify(uuid, event) => {
                self.with(now, &uuid, actions, |instance, context| {
                    instance.ask(context, event, Notification::Irrevocable);
                });
            }
        }
    }

    fn on_time(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let due = self.next_deadline();
        self.lateness.note(due, now, self.limits.lateness);
        if self.ready.take_if(|due| *due <= now).is_some() {
            if self.agent_known {
                let hostname = self.hostname.clone();
                actions.push(Action::Tell(AgentEvent::MonitorReady { hostname }));
            } else {
                self.ready = Some(now + READY_AGAIN);
            }
        }
        if self.search <= now {
            self.search = now + SEARCH;
            actions.push(Action::Search);
        }
        while let Some((due, uuid)) = self.agenda.first().cloned()
            && due <= now
        {
            self.agenda.pop_first();
            self.with(now, &uuid, actions, |instance, context| instance.on_time(context));
        }
    }

    /// Makes sure that an instance is known.
    fn add(&mut self, now: Duration, uuid: &InstanceUuid, actions: &mut Vec<Action>) {
        if self.instances.contains_key(uuid) {
            return;
        }
        let count = self.instances.len();
        if count >= self.limits.instances {
            let text = format!("{uuid} not added ; {count} instances are watched already");
            actions.push(Action::Log(Level::Error, text));
            return;
        }
        actions.push(Action::Log(Level::Info, format!("{uuid} added as instance {count}")));
        let mut challenge = || self.random.i32(0..);
        let instance = Instance::new(
            uuid.clone(),
            &mut Context {
                now,
                limits: &self.limits,
                hostname: &self.hostname,
                reporting: self.reporting,
                late_since: &|start| self.lateness.since(start),
                challenge: &mut challenge,
                actions,
            },
        );
        self.agenda.extend(instance.timers.next().map(|due| (due, uuid.clone())));
        self.instances.insert(uuid.clone(), instance);
    }

    fn remove(&mut self, uuid: &InstanceUuid, why: &str, actions: &mut Vec<Action>) {
        let Some(instance) = self.instances.remove(uuid) else { return };
        if let Some(due) = instance.timers.next() {
            self.agenda.remove(&(due, uuid.clone()));
        }
        actions.push(Action::Log(Level::Info, format!("{} {why}", instance.log_id)));
        actions.push(Action::Close(uuid.clone()));
    }

    fn with(
        &mut self,
        now: Duration,
        uuid: &InstanceUuid,
        actions: &mut Vec<Action>,
        work: impl FnOnce(&mut Instance, &mut Context<'_>),
    ) {
        let Some(instance) = self.instances.get_mut(uuid) else {
            actions.push(Action::Log(Level::Warn, format!("{uuid} is unknown")));
            return;
        };
        let before = instance.timers.next();
        let mut challenge = || self.random.i32(0..);
        let mut context = Context {
            now,
            limits: &self.limits,
            hostname: &self.hostname,
            reporting: self.reporting,
            late_since: &|start| self.lateness.since(start),
            challenge: &mut challenge,
            actions,
        };
        work(instance, &mut context);
        let after = instance.timers.next();
        if let Some(due) = before {
            self.agenda.remove(&(due, uuid.clone()));
        }
        self.agenda.extend(after.map(|due| (due, uuid.clone())));
    }
}
