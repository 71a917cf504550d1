//! What host_agent does with what comes.
//!
//! An instance is known from the moment its socket's file appears:
//!
//! | State | Event | Action, next state |
//! |---|---|---|
//! | unknown | file created, found at the start | connect → connecting |
//! | connecting | connected | → up |
//! | connecting | refused, busy | wait for a second → waiting |
//! | connecting | any other failure, no file | forget → unknown |
//! | waiting | time is over | connect → connecting |
//! | up | hung up | close, wait for a second → waiting |
//! | any | file deleted | close, forget → unknown |
//!
//! So a connection that breaks while the file stays is opened again; the original waits for a new file.
//!
//! Contract: guest 1.2, 3.4.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use guest_protocol::framing::JsonLines;
use guest_protocol::messaging::CHANNEL_MESSAGE;
use guest_protocol::messaging::envelope::{
    Address, ChannelMessage, HostAppDelivery, HostAppRequest, InstanceName, datagram_text,
};

use crate::app_socket::Sender;
use crate::guest_relay::app_error;
use crate::log_line::{LogLine, Severity};

/// Time between two attempts to connect.
pub const CONNECT_RETRY: Duration = Duration::from_secs(1);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostAction {
    /// Connect to the instance's socket and tell the result.
    Connect(InstanceName),
    /// Close the connection.
    Close(InstanceName),
    /// Write it to the instance's channel.
    ToGuest {
        /// The instance.
        instance: InstanceName,
        /// The application on the host it comes from.
        source: Address,
        /// A whole message.
        message: Vec<u8>,
    },
    /// Send it as a datagram.
    ToApp {
        /// The instance it comes from.
        instance: InstanceName,
        /// To whom.
        dest: Address,
        /// The datagram.
        datagram: String,
    },
    /// Write it to the log.
    Log {
        /// The instance whose message gave cause for it.
        cause: Option<InstanceName>,
        /// What to write.
        line: LogLine,
    },
}

/// How an attempt to connect ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectResult {
    /// There is a connection.
    Connected,
    /// Nobody listens yet, or too many wait.
    TryLater,
    /// There is no file any more.
    Gone,
    /// It cannot be; why.
    Failed(String),
}

#[derive(Debug)]
enum Link {
    Connecting,
    Waiting { until: Instant },
    Up { frames: JsonLines },
}

/// host_agent without its sockets.
#[derive(Debug)]
pub struct HostRelay {
    limit: usize,
    links: BTreeMap<InstanceName, Link>,
}

impl HostRelay {
    /// For at most `limit` instances at a time.
    pub fn new(limit: usize) -> Self {
        Self { limit, links: BTreeMap::new() }
    }

    /// A file is in the watched directory.
    pub fn on_file_created(&mut self, file: &str) -> Vec<HostAction> {
        let Some(instance) = InstanceName::of_socket(file) else {
            return Vec::new();
        };
        if self.links.contains_key(&instance) {
            return vec![log(None, Severity::Debug, format!("'{instance}' is already known"))];
        }
        if self.links.len() >= self.limit {
            let text = format!("hit max number of instances, {instance} is not served");
            return vec![log(None, Severity::Error, text)];
        }
        self.links.insert(instance.clone(), Link::Connecting);
        vec![HostAction::Connect(instance)]
    }

    /// A file has left the watched directory.
    pub fn on_file_deleted(&mut self, file: &str) -> Vec<HostAction> {
        let Some(instance) = InstanceName::of_socket(file) else {
            return Vec::new();
        };
        match self.links.remove(&instance) {
            Some(link) => {
                let mut actions =
                    vec![log(None, Severity::Info, format!("Detected deletion of vio file '{file}'"))];
                if matches!(link, Link::Up { .. }) {
                    actions.push(HostAction::Close(instance));
                }
                actions
            }
            None => {
                vec![log(None, Severity::Info, format!("Couldn't find record for instance {instance}"))]
            }
        }
    }

    /// These files are in the watched directory, and no others: after changes were missed.
    pub fn on_listing(&mut self, files: &[String]) -> Vec<HostAction> {
        let gone = self.links.keys().map(InstanceName::socket).filter(|file| !files.contains(file));
        let mut actions = Vec::new();
        for file in gone.collect::<Vec<_>>() {
            actions.extend(self.on_file_deleted(&file));
        }
        for file in files {
            actions.extend(self.on_file_created(file));
        }
        actions
    }

    /// The result of [`HostAction::Connect`]. A connection that is not wanted any more is to be closed.
    pub fn on_connect(
        &mut self,
        instance: &InstanceName,
        result: ConnectResult,
        now: Instant,
    ) -> Vec<HostAction> {
        let Some(link) = self.links.get_mut(instance).filter(|link| matches!(link, Link::Connecting)) else {
            return vec![HostAction::Close(instance.clone())];
        };
        let text = match result {
            ConnectResult::Connected => {
                *link = Link::Up { frames: JsonLines::new(CHANNEL_MESSAGE) };
                return vec![log(
                    None,
                    Severity::Info,
                    format!("Connection accepted to '{}'", instance.socket()),
                )];
            }
            ConnectResult::TryLater => {
                *link = Link::Waiting { until: now + CONNECT_RETRY };
                let text = format!("connection for '{}' refused, trying again", instance.socket());
                return vec![log(None, Severity::Debug, text)];
            }
            ConnectResult::Gone => {
                self.links.remove(instance);
                return vec![log(None, Severity::Info, format!("'{}' has gone", instance.socket()))];
            }
            ConnectResult::Failed(why) => format!("connect to '{}' failed: {why}", instance.socket()),
        };
        self.links.remove(instance);
        vec![log(None, Severity::Error, text)]
    }

    /// Bytes came from an instance.
    pub fn on_bytes(&mut self, instance: &InstanceName, bytes: &[u8]) -> Vec<HostAction> {
        let Some(Link::Up { frames }) = self.links.get_mut(instance) else {
            return Vec::new();
        };
        let frames = frames.texts(bytes);
        frames
            .into_iter()
            .map(|frame| match frame {
                Ok(object) => from_guest(instance, object.get()),
                Err(error) => log(Some(instance), Severity::Debug, error.to_string()),
            })
            .collect()
    }

    /// An instance has hung up. Its connection is to be closed.
    pub fn on_hang_up(&mut self, instance: &InstanceName, now: Instant) -> Vec<HostAction> {
        match self.links.get_mut(instance) {
            Some(link @ Link::Up { .. }) => {
                *link = Link::Waiting { until: now + CONNECT_RETRY };
                vec![
                    log(None, Severity::Info, format!("Detected disconnect of instance '{instance}'")),
                    HostAction::Close(instance.clone()),
                ]
            }
            Some(Link::Connecting | Link::Waiting { .. }) | None => Vec::new(),
        }
    }

    /// A datagram came from an application.
    pub fn on_datagram(&mut self, bytes: &[u8], sender: &Sender) -> HostAction {
        let request = match HostAppRequest::parse(&datagram_text(bytes)) {
            Ok(request) => request,
            Err(error) => return log(None, Severity::Error, app_error(&error)),
        };
        let Sender::Abstract(source) = sender else {
            return log(None, Severity::Info, "client address not in abstract namespace, dropping");
        };
        let instance = InstanceName::new(request.instance.as_str())
            .filter(|instance| matches!(self.links.get(instance), Some(Link::Up { .. })));
        let Some(instance) = instance else {
            let name = request.instance.chars().take(20).collect::<String>();
            let text = format!("unable to find instance connection socket for {name}");
            return log(None, Severity::Info, text);
        };
        let message = ChannelMessage { data: request.data, dest: request.dest, source: source.clone() };
        HostAction::ToGuest { instance, source: source.clone(), message: message.from_host() }
    }

    /// When [`on_timer`](Self::on_timer) is to be called next.
    pub fn next_deadline(&self) -> Option<Instant> {
        let waiting = self.links.values().filter_map(|link| match link {
            Link::Waiting { until } => Some(*until),
            Link::Connecting | Link::Up { .. } => None,
        });
        waiting.min()
    }

    /// Time has passed.
    pub fn on_timer(&mut self, now: Instant) -> Vec<HostAction> {
        let mut actions = Vec::new();
        for (instance, link) in &mut self.links {
            if matches!(link, Link::Waiting { until } if *until <= now) {
                *link = Link::Connecting;
                actions.push(HostAction::Connect(instance.clone()));
            }
        }
        actions
    }
}

fn from_guest(instance: &InstanceName, object: &str) -> HostAction {
    match ChannelMessage::parse(object) {
        Ok(ChannelMessage { data, dest, source }) => {
            let delivery = HostAppDelivery {
                data,
                source: source.as_str().to_owned(),
                instance: instance.as_str().to_owned(),
            };
            HostAction::ToApp { instance: instance.clone(), dest, datagram: delivery.compose() }
        }
        Err(error) => log(Some(instance), Severity::Error, format!("{instance}: {error}")),
    }
}

#[track_caller]
fn log(cause: Option<&InstanceName>, severity: Severity, text: impl AsRef<str>) -> HostAction {
    HostAction::Log { cause: cause.cloned(), line: LogLine::new(severity, text) }
}

#[cfg(test)]
#[path = "host_relay_tests.rs"]
mod tests;
