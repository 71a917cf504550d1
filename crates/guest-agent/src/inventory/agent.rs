//! Hosts, instances, and what the shell has to do.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use guest_daemon::log::Level;
use guest_protocol::heartbeat::datagram::{InstanceInfo, ServerCommand};
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::words::{CorrectiveAction, Switch, Word};

/// First audit after the start.
const AUDIT_FIRST: Duration = Duration::from_secs(2);

/// Why the VIM is called, for the use of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// The state of this host is asked for.
    HostState(String),
    /// The instances of this host are asked for.
    HostInstances(String),
    /// Something is told; the answer does not matter.
    Event,
    /// A lost heartbeat is told; the answer may change whether failures are reported.
    Loss,
}

/// A request to the VIM. Those with the same key are made one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VimCall {
    /// What it is about: an instance or a host.
    pub key: String,
    /// Why.
    pub kind: CallKind,
    /// `GET` or `PATCH`.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// Body.
    pub body: Option<String>,
}

/// Something to be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send to the guestServer at this address.
    Command(IpAddr, ServerCommand),
    /// Ask mtcAgent for all hosts.
    AskInventory,
    /// Make a request to the VIM.
    Call(VimCall),
    /// A line for the log.
    Log(Level, String),
}

/// A worker.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) uuid: String,
    pub(super) address: Option<IpAddr>,
    /// Whether failures on it are reported.
    pub(super) reporting: Switch,
    /// The VIM has told its state, and its instances.
    pub(super) got_state: bool,
    pub(super) got_instances: bool,
    /// The VIM is asked for them.
    pub(super) asking_state: bool,
    pub(super) asking_instances: bool,
    /// A query is not answered yet; how many were not.
    pub(super) queried: bool,
    pub(super) query_misses: u32,
}

/// A VM with a heartbeat.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) hostname: String,
    pub(super) reporting: Switch,
    pub(super) heartbeating: Switch,
    pub(super) restart: Duration,
    pub(super) shutdown: Duration,
    pub(super) suspend: Duration,
    pub(super) resume: Duration,
    pub(super) vote: Duration,
    pub(super) corrective_action: Word<CorrectiveAction>,
}

impl Instance {
    pub(super) fn new(hostname: &str, reporting: Switch) -> Self {
        Self {
            hostname: hostname.to_owned(),
            reporting,
            heartbeating: Switch::Disabled,
            restart: Duration::ZERO,
            shutdown: Duration::ZERO,
            suspend: Duration::ZERO,
            resume: Duration::ZERO,
            vote: Duration::ZERO,
            corrective_action: CorrectiveAction::Log.into(),
        }
    }

    /// Takes over what the guest wants.
    pub(super) fn take(&mut self, info: &InstanceInfo) {
        self.restart = info.restart;
        self.shutdown = info.shutdown;
        self.suspend = info.suspend;
        self.resume = info.resume;
        self.vote = info.vote;
    }
}

/// guestAgent's knowledge and decisions.
#[derive(Debug)]
pub struct Agent {
    pub(super) hosts: BTreeMap<String, Host>,
    pub(super) instances: BTreeMap<InstanceUuid, Instance>,
    pub(super) audit_due: Duration,
    pub(super) actions: Vec<Action>,
}

impl Agent {
    /// An agent that knows nothing. The first thing it does is to ask mtcAgent for the hosts.
    pub fn new(now: Duration) -> Self {
        let mut agent = Self {
            hosts: BTreeMap::new(),
            instances: BTreeMap::new(),
            audit_due: now + AUDIT_FIRST,
            actions: Vec::new(),
        };
        agent.ask_inventory("start");
        agent
    }

    /// What has to be done since the last time this was asked.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    pub(super) fn log(&mut self, level: Level, line: String) {
        self.actions.push(Action::Log(level, line));
    }

    pub(super) fn ask_inventory(&mut self, why: &str) {
        self.log(Level::Info, format!("{why} requesting inventory from mtcAgent"));
        self.actions.push(Action::AskInventory);
    }

    /// Sends to the guestServer of a host, if the host is known.
    pub(super) fn command(&mut self, hostname: &str, command: ServerCommand) {
        match self.hosts.get(hostname).and_then(|host| host.address) {
            Some(address) => self.actions.push(Action::Command(address, command)),
            None => self.log(Level::Error, format!("{hostname} failed to send command: no address")),
        }
    }

    pub(super) fn call(
        &mut self,
        key: &str,
        kind: CallKind,
        method: &'static str,
        path: String,
        body: Option<String>,
    ) {
        self.actions.push(Action::Call(VimCall { key: key.to_owned(), kind, method, path, body }));
    }

    /// Tells the VIM something about an instance.
    pub(super) fn tell(&mut self, uuid: &InstanceUuid, kind: CallKind, body: String) {
        let path = format!("/nfvi-plugins/v1/instances/{uuid}");
        self.call(uuid.as_str(), kind, "PATCH", path, Some(body));
    }

    /// Hosts and instances, for a dump.
    pub fn describe(&self) -> Vec<String> {
        let hosts = self.hosts.iter().map(|(hostname, host)| {
            format!(
                "{hostname} {} {:?} reporting:{} state:{} instances:{} query misses:{}",
                host.uuid,
                host.address,
                host.reporting,
                host.got_state,
                host.got_instances,
                host.query_misses
            )
        });
        let instances = self.instances.iter().map(|(uuid, instance)| {
            format!(
                "{} {uuid} reporting:{} heartbeating:{}",
                instance.hostname, instance.reporting, instance.heartbeating
            )
        });
        hosts.chain(instances).collect()
    }
}
