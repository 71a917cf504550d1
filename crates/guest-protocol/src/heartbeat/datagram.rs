//! Datagrams between mtcAgent, guestAgent and guestServer.
//!
//! Contract: guest 9.

use std::time::Duration;

use serde_json::Value;

use super::fields::{MissingField, leading_int, loose_text, quoted, scalar_text};
use super::instance::InstanceUuid;
use super::words::{CorrectiveAction, Event, Notification, Switch, Vocabulary, Vote, Word};
use crate::framing::Object;

/// Length of a whole datagram, bytes.
pub const LENGTH: usize = BUFFER + 960;
const SIGNATURE: usize = 18;
const COMMAND: usize = 72;
const BUFFER: usize = 100;

const FROM_AGENT: &[u8] = b"guest msg header:\0";
const FROM_MAINTENANCE: &[u8] = b"cgts mtc cmd req:\0";

/// Codes of commands and events.
mod code {
    pub(super) const ADD_HOST: u32 = 0x1111_0010;
    pub(super) const DEL_HOST: u32 = 0x1111_0011;
    pub(super) const MOD_HOST: u32 = 0x1111_0012;
    pub(super) const ADD_INSTANCE: u32 = 0x1111_0020;
    pub(super) const DEL_INSTANCE: u32 = 0x1111_0021;
    pub(super) const MOD_INSTANCE: u32 = 0x1111_0022;
    pub(super) const QUERY_INSTANCES: u32 = 0x1111_0023;
    pub(super) const VOTE: u32 = 0x1111_0024;
    pub(super) const NOTIFY: u32 = 0x1111_0025;
    pub(super) const LOOPBACK: u32 = 0x0101_0101;
    pub(super) const MONITOR_READY: u32 = 0xf0f0_f0f0;
    pub(super) const RUNNING: u32 = 0x0110_fead;
    pub(super) const STOPPED: u32 = 0x0100_fead;
    pub(super) const ILL_HEALTH: u32 = 0x0001_fead;
    pub(super) const LOSS: u32 = 0x0000_fead;
    pub(super) const VOTE_NOTIFY: u32 = 0xfeed_feed;
}

/// Why a datagram is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatagramError {
    /// It ends before its text begins.
    #[error("a datagram of {0} bytes is too short")]
    Short(usize),
    /// It is not from mtcAgent.
    #[error("Invalid message header")]
    Header,
    /// Its text is not a JSON object.
    #[error("the text of command {code:#010x} is not a JSON object")]
    Text {
        /// The code.
        code: u32,
    },
    /// A key is missing.
    #[error("command {code:#010x}: {field}")]
    Field {
        /// The code.
        code: u32,
        /// The key.
        #[source]
        field: MissingField,
    },
    /// An identity that cannot be one.
    #[error("command {code:#010x}: '{uuid}' is not the uuid of an instance")]
    Uuid {
        /// The code.
        code: u32,
        /// What stood there.
        uuid: String,
    },
    /// The code has no meaning here.
    #[error("unsupported command {0:#010x}")]
    Code(u32),
}

/// From guestAgent to the guestServer of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerCommand {
    /// Watch an instance.
    AddInstance(InstanceUuid, Switch),
    /// Watch it no more.
    DelInstance(InstanceUuid),
    /// Report its failures, or don't.
    ModInstance(InstanceUuid, Switch),
    /// Tell about all instances.
    QueryInstances,
    /// Report failures of any instance, or don't.
    ModHost {
        /// uuid of the host.
        host: String,
        /// Whether failures are reported; anything but `enabled` is off.
        reporting: Switch,
    },
    /// Ask the guest whether it agrees.
    Vote(InstanceUuid, Word<Event>),
    /// Tell the guest.
    Notify(InstanceUuid, Word<Event>),
    /// Nothing.
    Loopback,
}

/// What a guestServer knows of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceInfo {
    /// Name of the host.
    pub hostname: String,
    /// The instance.
    pub uuid: InstanceUuid,
    /// Whether its failures are reported.
    pub reporting: Switch,
    /// Whether its heart beats.
    pub heartbeating: Switch,
    /// What to do when it fails.
    pub repair_action: Word<CorrectiveAction>,
    /// Time from power-on to the first heartbeat.
    pub restart: Duration,
    /// Time to prepare for a stop or reboot.
    pub shutdown: Duration,
    /// Time to prepare for a pause, suspend, migration or resize.
    pub suspend: Duration,
    /// Time to come back afterwards.
    pub resume: Duration,
    /// Time to vote.
    pub vote: Duration,
}

/// A guest's answer to a vote or notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteNotify {
    /// Name of the host.
    pub hostname: String,
    /// The instance.
    pub uuid: InstanceUuid,
    /// What kind of question it was.
    pub notification: Word<Notification>,
    /// What was asked about.
    pub event: Word<Event>,
    /// The answer.
    pub vote: Word<Vote>,
    /// Why.
    pub reason: String,
}

/// From a guestServer to guestAgent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentEvent {
    /// guestServer has started.
    MonitorReady {
        /// Name of the host.
        hostname: String,
    },
    /// The answer to a query, one for each instance.
    Instance(InstanceInfo),
    /// The heart beats.
    Running(InstanceInfo),
    /// The heart beats no more.
    Stopped(InstanceInfo),
    /// The guest feels ill.
    IllHealth(InstanceInfo),
    /// The heart stopped without a word.
    Loss {
        /// Name of the host.
        hostname: String,
        /// The instance.
        uuid: InstanceUuid,
    },
    /// The guest has answered.
    VoteNotify(VoteNotify),
}

/// A host as mtcAgent tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRecord {
    /// Name.
    pub hostname: String,
    /// uuid.
    pub uuid: String,
    /// Management address.
    pub address: String,
    /// What it is, for example `worker`.
    pub personality: String,
}

/// From mtcAgent to guestAgent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostCommand {
    /// A host is there.
    Add(HostRecord),
    /// Its address has changed.
    Mod(HostRecord),
    /// It is gone.
    Del {
        /// Name.
        hostname: String,
        /// uuid.
        uuid: String,
    },
}

impl ServerCommand {
    /// The datagram; `source` is the controller's floating address.
    pub fn encode(&self, source: &str) -> Vec<u8> {
        let source = quoted(source);
        let instance = |uuid: &InstanceUuid, state: Switch| {
            format!(r#"{{"source":{source},"uuid":"{uuid}","service":"heartbeat","state":"{state}"}}"#)
        };
        let event = |uuid: &InstanceUuid, event: &Word<Event>| {
            format!(r#"{{"source":{source},"uuid":"{uuid}","event":{}}}"#, quoted(event.as_str()))
        };
        let (code, text) = match self {
            Self::AddInstance(uuid, reporting) => (code::ADD_INSTANCE, instance(uuid, *reporting)),
            Self::DelInstance(uuid) => (code::DEL_INSTANCE, instance(uuid, Switch::Disabled)),
            Self::ModInstance(uuid, reporting) => (code::MOD_INSTANCE, instance(uuid, *reporting)),
            Self::QueryInstances => (code::QUERY_INSTANCES, format!(r#"{{"source":{source}}}"#)),
            Self::ModHost { host, reporting } => (
                code::MOD_HOST,
                format!(r#"{{"source":{source},"uuid":{},"heartbeat":"{reporting}"}}"#, quoted(host)),
            ),
            Self::Vote(uuid, word) => (code::VOTE, event(uuid, word)),
            Self::Notify(uuid, word) => (code::NOTIFY, event(uuid, word)),
            Self::Loopback => (code::LOOPBACK, format!(r#"{{"source":{source}}}"#)),
        };
        datagram(FROM_AGENT, code, &text, Size::AsNeeded)
    }

    /// Reads what a guestServer received.
    pub fn decode(bytes: &[u8]) -> Result<Self, DatagramError> {
        let datagram = Datagram::read(bytes)?;
        let switch = |word: &str| Switch::parse(word).unwrap_or(Switch::Disabled);
        let state = |fields: &Fields| switch(&fields.loose("state"));
        Ok(match datagram.code {
            code::LOOPBACK => Self::Loopback,
            code::QUERY_INSTANCES => Self::QueryInstances,
            code::VOTE | code::NOTIFY => {
                let fields = datagram.fields()?;
                let (uuid, event) = (fields.instance()?, Word::new(&fields.text("event")?));
                if datagram.code == code::VOTE { Self::Vote(uuid, event) } else { Self::Notify(uuid, event) }
            }
            code::ADD_INSTANCE => {
                let fields = datagram.fields()?;
                Self::AddInstance(fields.instance()?, state(&fields))
            }
            code::MOD_INSTANCE => {
                let fields = datagram.fields()?;
                Self::ModInstance(fields.instance()?, state(&fields))
            }
            code::DEL_INSTANCE => Self::DelInstance(datagram.fields()?.instance()?),
            code::MOD_HOST => {
                let fields = datagram.fields()?;
                let reporting = switch(&fields.loose("heartbeat"));
                Self::ModHost { host: fields.loose("uuid"), reporting }
            }
            other => return Err(DatagramError::Code(other)),
        })
    }
}

impl InstanceInfo {
    fn text(&self) -> String {
        format!(
            r#"{{"hostname":{},"uuid":"{}","reporting":"{}","heartbeating":"{}","repair-action":{},"restart-to":"{}","shutdown-to":"{}","suspend-to":"{}","resume-to":"{}","vote-to":"{}"}}"#,
            quoted(&self.hostname),
            self.uuid,
            self.reporting,
            self.heartbeating,
            quoted(self.repair_action.as_str()),
            self.restart.as_secs(),
            self.shutdown.as_secs(),
            self.suspend.as_secs(),
            self.resume.as_secs(),
            self.vote.as_secs(),
        )
    }

    fn read(fields: &Fields) -> Result<Self, DatagramError> {
        let seconds = |key| {
            let seconds = leading_int(&fields.loose(key));
            Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
        };
        let switch = |key| Switch::of(fields.loose(key) == Switch::Enabled.as_str());
        Ok(Self {
            hostname: fields.text("hostname")?,
            uuid: fields.instance()?,
            reporting: switch("reporting"),
            heartbeating: switch("heartbeating"),
            repair_action: Word::new(&fields.loose("repair-action")),
            restart: seconds("restart-to"),
            shutdown: seconds("shutdown-to"),
            suspend: seconds("suspend-to"),
            resume: seconds("resume-to"),
            vote: seconds("vote-to"),
        })
    }
}

impl AgentEvent {
    /// The datagram.
    pub fn encode(&self) -> Vec<u8> {
        let (code, text) = match self {
            Self::MonitorReady { hostname } => {
                (code::MONITOR_READY, format!(r#"{{"hostname":{}}}"#, quoted(hostname)))
            }
            Self::Instance(info) => (code::QUERY_INSTANCES, info.text()),
            Self::Running(info) => (code::RUNNING, info.text()),
            Self::Stopped(info) => (code::STOPPED, info.text()),
            Self::IllHealth(info) => (code::ILL_HEALTH, info.text()),
            Self::Loss { hostname, uuid } => {
                (code::LOSS, format!(r#"{{"hostname":{},"uuid":"{uuid}"}}"#, quoted(hostname)))
            }
            Self::VoteNotify(answer) => (
                code::VOTE_NOTIFY,
                format!(
                    r#"{{"hostname":{}, "uuid": "{}", "notification_type": {}, "event-type": {}, "vote": {}, "reason": {}}}"#,
                    quoted(&answer.hostname),
                    answer.uuid,
                    quoted(answer.notification.as_str()),
                    quoted(answer.event.as_str()),
                    quoted(answer.vote.as_str()),
                    quoted(&answer.reason),
                ),
            ),
        };
        datagram(b"", code, &text, Size::Whole)
    }

    /// Reads what guestAgent received from a guestServer.
    pub fn decode(bytes: &[u8]) -> Result<Self, DatagramError> {
        let datagram = Datagram::read(bytes)?;
        let fields = || datagram.fields();
        let info = || InstanceInfo::read(&fields()?);
        Ok(match datagram.code {
            code::MONITOR_READY => Self::MonitorReady { hostname: fields()?.text("hostname")? },
            code::QUERY_INSTANCES => Self::Instance(info()?),
            code::RUNNING => Self::Running(info()?),
            code::STOPPED => Self::Stopped(info()?),
            code::ILL_HEALTH => Self::IllHealth(info()?),
            code::LOSS => Self::Loss { hostname: fields()?.text("hostname")?, uuid: fields()?.instance()? },
            code::VOTE_NOTIFY => {
                let fields = fields()?;
                Self::VoteNotify(VoteNotify {
                    hostname: fields.text("hostname")?,
                    uuid: fields.instance()?,
                    notification: Word::new(&fields.text("notification_type")?),
                    event: Word::new(&fields.text("event-type")?),
                    vote: Word::new(&fields.text("vote")?),
                    reason: fields.text("reason").unwrap_or_default(),
                })
            }
            other => return Err(DatagramError::Code(other)),
        })
    }
}

impl HostCommand {
    /// The datagram.
    pub fn encode(&self) -> Vec<u8> {
        let record = |host: &HostRecord| {
            format!(
                r#"{{"hostname":{},"uuid":{},"ip":{},"personality":{}}}"#,
                quoted(&host.hostname),
                quoted(&host.uuid),
                quoted(&host.address),
                quoted(&host.personality)
            )
        };
        let (code, text) = match self {
            Self::Add(host) => (code::ADD_HOST, record(host)),
            Self::Mod(host) => (code::MOD_HOST, record(host)),
            Self::Del { hostname, uuid } => {
                (code::DEL_HOST, format!(r#"{{"hostname":{},"uuid":{}}}"#, quoted(hostname), quoted(uuid)))
            }
        };
        datagram(FROM_MAINTENANCE, code, &text, Size::AsNeeded)
    }

    /// Reads what guestAgent received from mtcAgent.
    pub fn decode(bytes: &[u8]) -> Result<Self, DatagramError> {
        let datagram = Datagram::read(bytes)?;
        if !bytes.starts_with(FROM_MAINTENANCE) {
            return Err(DatagramError::Header);
        }
        let fields = datagram.fields()?;
        let record = || {
            Ok(HostRecord {
                hostname: fields.text("hostname")?,
                uuid: fields.text("uuid")?,
                address: fields.text("ip")?,
                personality: fields.text("personality")?,
            })
        };
        Ok(match datagram.code {
            code::ADD_HOST => Self::Add(record()?),
            code::MOD_HOST => Self::Mod(record()?),
            code::DEL_HOST => Self::Del { hostname: fields.text("hostname")?, uuid: fields.text("uuid")? },
            other => return Err(DatagramError::Code(other)),
        })
    }
}

/// The datagram by which guestAgent asks mtcAgent for all hosts.
pub fn inventory_request() -> Vec<u8> {
    let mut bytes = datagram(FROM_AGENT, code::MONITOR_READY, "", Size::AsNeeded);
    let name = b"guestAgent";
    bytes[SIGNATURE..SIGNATURE + name.len()].copy_from_slice(name);
    bytes
}

/// Whether a datagram is such a request.
pub fn is_inventory_request(bytes: &[u8]) -> bool {
    bytes.starts_with(FROM_AGENT) && Datagram::read(bytes).is_ok_and(|read| read.code == code::MONITOR_READY)
}

#[derive(Clone, Copy)]
enum Size {
    AsNeeded,
    Whole,
}

fn datagram(signature: &[u8], code: u32, text: &str, size: Size) -> Vec<u8> {
    let mut bytes = vec![0; BUFFER];
    bytes[..signature.len()].copy_from_slice(signature);
    bytes[COMMAND..COMMAND + 4].copy_from_slice(&code.to_le_bytes());
    bytes.extend_from_slice(&text.as_bytes()[..text.len().min(LENGTH - BUFFER)]);
    if matches!(size, Size::Whole) {
        bytes.resize(LENGTH, 0);
    }
    bytes
}

struct Datagram<'a> {
    code: u32,
    text: &'a [u8],
}

impl<'a> Datagram<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DatagramError> {
        let (Some(text), Some(code)) = (bytes.get(BUFFER..), bytes.get(COMMAND..COMMAND + 4)) else {
            return Err(DatagramError::Short(bytes.len()));
        };
        let code = code.iter().rev().fold(0, |code, byte| code << 8 | u32::from(*byte));
        let text = &text[..text.len().min(LENGTH - BUFFER)];
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        Ok(Self { code, text: &text[..end] })
    }

    fn fields(&self) -> Result<Fields, DatagramError> {
        let code = self.code;
        match serde_json::from_str(&String::from_utf8_lossy(self.text)) {
            Ok(Value::Object(object)) => Ok(Fields { code, object }),
            _ => Err(DatagramError::Text { code }),
        }
    }
}

struct Fields {
    code: u32,
    object: Object,
}

impl Fields {
    fn text(&self, key: &'static str) -> Result<String, DatagramError> {
        scalar_text(&self.object, key).map_err(|field| DatagramError::Field { code: self.code, field })
    }

    fn loose(&self, key: &str) -> String {
        loose_text(&self.object, key)
    }

    fn instance(&self) -> Result<InstanceUuid, DatagramError> {
        let uuid = self.text("uuid")?;
        InstanceUuid::parse(&uuid).ok_or(DatagramError::Uuid { code: self.code, uuid })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "1f0bc3e3-efbe-48b8-9688-4821fc0ff83c";

    fn uuid() -> InstanceUuid {
        InstanceUuid::parse(UUID).unwrap()
    }

    fn check(bytes: &[u8], signature: &[u8], code: u32, text: &str, length: usize) {
        let mut expected = vec![0; length];
        expected[..signature.len()].copy_from_slice(signature);
        expected[72..76].copy_from_slice(&code.to_le_bytes());
        expected[100..100 + text.len()].copy_from_slice(text.as_bytes());
        assert_eq!(bytes, expected, "{text}");
    }

    #[test]
    fn commands_to_guest_server_have_the_bytes_of_the_contract() {
        let instance = |state| {
            format!(r#"{{"source":"192.168.204.2","uuid":"{UUID}","service":"heartbeat","state":"{state}"}}"#)
        };
        let event = format!(r#"{{"source":"192.168.204.2","uuid":"{UUID}","event":"stop"}}"#);
        let source = r#"{"source":"192.168.204.2"}"#.to_owned();
        let stop = Word::Known(Event::Stop);
        let host = r#"{"source":"192.168.204.2","uuid":"h1","heartbeat":"enabled"}"#.to_owned();
        let cases = [
            (ServerCommand::AddInstance(uuid(), Switch::Enabled), 0x1111_0020, instance("enabled")),
            (ServerCommand::DelInstance(uuid()), 0x1111_0021, instance("disabled")),
            (ServerCommand::ModInstance(uuid(), Switch::Disabled), 0x1111_0022, instance("disabled")),
            (ServerCommand::QueryInstances, 0x1111_0023, source.clone()),
            (ServerCommand::ModHost { host: "h1".to_owned(), reporting: Switch::Enabled }, 0x1111_0012, host),
            (ServerCommand::Vote(uuid(), stop.clone()), 0x1111_0024, event.clone()),
            (ServerCommand::Notify(uuid(), stop), 0x1111_0025, event),
            (ServerCommand::Loopback, 0x0101_0101, source),
        ];
        for (command, code, text) in cases {
            let bytes = command.encode("192.168.204.2");
            check(&bytes, b"guest msg header:\0", code, &text, 100 + text.len());
            assert_eq!(ServerCommand::decode(&bytes), Ok(command));
        }
    }

    #[test]
    fn events_to_guest_agent_have_the_bytes_of_the_contract() {
        let info = InstanceInfo {
            hostname: "compute-0".to_owned(),
            uuid: uuid(),
            reporting: Switch::Enabled,
            heartbeating: Switch::Disabled,
            repair_action: CorrectiveAction::Reboot.into(),
            restart: Duration::from_secs(601),
            shutdown: Duration::from_secs(9),
            suspend: Duration::from_secs(8),
            resume: Duration::from_secs(14),
            vote: Duration::from_secs(7),
        };
        let told = format!(
            r#"{{"hostname":"compute-0","uuid":"{UUID}","reporting":"enabled","heartbeating":"disabled","repair-action":"reboot","restart-to":"601","shutdown-to":"9","suspend-to":"8","resume-to":"14","vote-to":"7"}}"#
        );
        let hostname = || "compute-0".to_owned();
        let cases = [
            (
                AgentEvent::MonitorReady { hostname: hostname() },
                0xf0f0_f0f0,
                r#"{"hostname":"compute-0"}"#.to_owned(),
            ),
            (AgentEvent::Instance(info.clone()), 0x1111_0023, told.clone()),
            (AgentEvent::Running(info.clone()), 0x0110_fead, told.clone()),
            (AgentEvent::Stopped(info.clone()), 0x0100_fead, told.clone()),
            (AgentEvent::IllHealth(info), 0x0001_fead, told),
            (
                AgentEvent::Loss { hostname: hostname(), uuid: uuid() },
                0x0000_fead,
                format!(r#"{{"hostname":"compute-0","uuid":"{UUID}"}}"#),
            ),
            (
                AgentEvent::VoteNotify(VoteNotify {
                    hostname: hostname(),
                    uuid: uuid(),
                    notification: Notification::Revocable.into(),
                    event: Event::Stop.into(),
                    vote: Vote::Accept.into(),
                    reason: "say \"no\"".to_owned(),
                }),
                0xfeed_feed,
                format!(
                    r#"{{"hostname":"compute-0", "uuid": "{UUID}", "notification_type": "revocable", "event-type": "stop", "vote": "accept", "reason": "say \"no\""}}"#
                ),
            ),
        ];
        for (event, code, text) in cases {
            let bytes = event.encode();
            check(&bytes, b"", code, &text, 1060);
            assert_eq!(AgentEvent::decode(&bytes), Ok(event));
        }
    }

    #[test]
    fn commands_of_mtc_agent_have_the_bytes_of_the_contract() {
        let host = HostRecord {
            hostname: "compute-0".to_owned(),
            uuid: "h1".to_owned(),
            address: "192.168.204.10".to_owned(),
            personality: "worker".to_owned(),
        };
        let whole = r#"{"hostname":"compute-0","uuid":"h1","ip":"192.168.204.10","personality":"worker"}"#;
        let cases = [
            (HostCommand::Add(host.clone()), 0x1111_0010, whole),
            (HostCommand::Mod(host), 0x1111_0012, whole),
            (
                HostCommand::Del { hostname: "compute-0".to_owned(), uuid: "h1".to_owned() },
                0x1111_0011,
                r#"{"hostname":"compute-0","uuid":"h1"}"#,
            ),
        ];
        for (command, code, text) in cases {
            let mut bytes = command.encode();
            check(&bytes, b"cgts mtc cmd req:\0", code, text, 100 + text.len());
            assert_eq!(HostCommand::decode(&bytes), Ok(command));
            bytes[0] = b'x';
            assert_eq!(HostCommand::decode(&bytes), Err(DatagramError::Header));
        }
    }

    #[test]
    fn the_request_for_the_inventory_names_the_asker() {
        let bytes = inventory_request();
        let mut expected = vec![0; 100];
        expected[..18].copy_from_slice(b"guest msg header:\0");
        expected[18..28].copy_from_slice(b"guestAgent");
        expected[72..76].copy_from_slice(&[0xf0; 4]);
        assert_eq!(bytes, expected);
        assert!(is_inventory_request(&bytes));
    }

    #[test]
    fn whole_datagrams_padded_with_nul_are_taken() {
        let mut bytes = ServerCommand::DelInstance(uuid()).encode("::1");
        bytes.resize(1060, 0);
        assert_eq!(ServerCommand::decode(&bytes), Ok(ServerCommand::DelInstance(uuid())));
    }

    #[test]
    fn what_is_missing_is_told() {
        let bad = |code, text: &str| datagram(FROM_AGENT, code, text, Size::AsNeeded);
        assert_eq!(ServerCommand::decode(b"short"), Err(DatagramError::Short(5)));
        assert_eq!(ServerCommand::decode(&bad(7, "{}")), Err(DatagramError::Code(7)));
        assert_eq!(
            ServerCommand::decode(&bad(0x1111_0020, "x")),
            Err(DatagramError::Text { code: 0x1111_0020 })
        );
        assert_eq!(
            ServerCommand::decode(&bad(0x1111_0024, r#"{"uuid":"a-b"}"#)),
            Err(DatagramError::Field { code: 0x1111_0024, field: MissingField("event") })
        );
        assert_eq!(
            ServerCommand::decode(&bad(0x1111_0020, r#"{"uuid":"../etc","state":"enabled"}"#)),
            Err(DatagramError::Uuid { code: 0x1111_0020, uuid: "../etc".to_owned() })
        );
        // Keys of states read as `none`, which is not `enabled`.
        assert_eq!(
            ServerCommand::decode(&bad(0x1111_0012, r#"{"uuid":"h1"}"#)),
            Ok(ServerCommand::ModHost { host: "h1".to_owned(), reporting: Switch::Disabled })
        );
    }
}
