//! What each hop puts around the `data` of an application.
//!
//! A message that lacks a key, or whose version is not 2, is dropped; its reader says why in the words of the original.
//! When a key stands twice the last one counts.
//!
//! Contract: guest 3.4.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::VERSION;
use super::json_text::{self, Style};

/// Longest name of an abstract address, bytes.
const ADDRESS_LIMIT: usize = 107;
/// Longest name of an instance, bytes.
const INSTANCE_LIMIT: usize = 19;

/// Why a message is dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not a JSON object.
    #[error("failed to parse msg")]
    NotJson,
    /// A key is missing, or its value cannot be used.
    #[error("failed to parse {0}")]
    Missing(&'static str),
    /// Another version than 2.
    #[error("received version {0}, expected {VERSION}")]
    Version(i32),
}

/// The abstract address of a UNIX datagram socket, without its leading NUL: 1 to 107 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// `None` if no socket can be bound to `name`.
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        (1..=ADDRESS_LIMIT).contains(&name.len()).then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of an instance in libvirt, `instance-0000000a`: 1 to 19 bytes without a dot or a slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstanceName(String);

impl InstanceName {
    /// `None` if no instance can be named so.
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        ((1..=INSTANCE_LIMIT).contains(&name.len()) && !name.contains(['.', '/', '\0'])).then_some(Self(name))
    }

    /// The instance whose messaging socket has this file name: `cgcs.messaging.<name>.sock`.
    pub fn of_socket(file_name: &str) -> Option<Self> {
        Self::new(file_name.strip_prefix("cgcs.messaging.")?.strip_suffix(".sock")?)
    }

    /// The file name of its messaging socket.
    pub fn socket(&self) -> String {
        format!("cgcs.messaging.{}.sock", self.0)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What an application says, as JSON text without blanks and newlines. The agents don't look into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data(String);

impl Data {
    /// From any JSON value.
    pub fn new(raw: &RawValue) -> Self {
        Self(json_text::render(raw, Style::Plain))
    }

    /// From text; `None` if it is not JSON.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str::<&RawValue>(text).ok().map(Self::new)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A JSON object whose values were not looked at yet.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Fields<'a>(#[serde(borrow)] BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// The object that `text` begins with; what follows is not looked at.
    pub fn first_in(text: &'a str) -> Result<Self, EnvelopeError> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter();
        values.next().and_then(Result::ok).ok_or(EnvelopeError::NotJson)
    }

    /// The value of `key`.
    pub fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.0.get(key).copied()
    }

    /// The value of `key` as a string.
    pub fn string(&self, key: &'static str) -> Result<String, EnvelopeError> {
        self.raw(key).and_then(json_text::string_of).ok_or(EnvelopeError::Missing(key))
    }

    fn checked(text: &'a str) -> Result<Self, EnvelopeError> {
        let fields = Self::first_in(text)?;
        let version = fields.raw("version").ok_or(EnvelopeError::Missing("version"))?;
        match json_text::integer_of(version).unwrap_or(0) {
            version if i64::from(version) == VERSION => Ok(fields),
            other => Err(EnvelopeError::Version(other)),
        }
    }

    fn address(&self, key: &'static str) -> Result<Address, EnvelopeError> {
        Address::new(self.string(key)?).ok_or(EnvelopeError::Missing(key))
    }

    fn data(&self) -> Result<Data, EnvelopeError> {
        self.raw("data").map(Data::new).ok_or(EnvelopeError::Missing("data"))
    }
}

/// The text of a datagram: up to its first NUL, if there is one. Bytes that are not UTF-8 and control characters in
/// strings are taken for what they are, as on the channel.
pub fn datagram_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let mut text = String::with_capacity(end);
    let (mut quoted, mut escaped) = (false, false);
    for letter in String::from_utf8_lossy(&bytes[..end]).chars() {
        if quoted && letter < ' ' {
            text.push_str(&format!("\\u{:04x}", u32::from(letter)));
            continue;
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
        text.push(letter);
    }
    text
}

fn compose(data: &Data, texts: &[(&str, &str)]) -> String {
    let mut out = format!("{{\"data\":{},\"version\":{VERSION}", data.as_str());
    for (key, value) in texts {
        out.push_str(",\"");
        out.push_str(key);
        out.push_str("\":");
        json_text::push_string(&mut out, value);
    }
    out.push('}');
    out
}

/// From an application in the VM to guest_agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestAppRequest {
    /// What it says.
    pub data: Data,
    /// The application on the host that is to hear it.
    pub dest: Address,
}

impl GuestAppRequest {
    /// Reads the text of a datagram.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let fields = Fields::checked(text)?;
        Ok(Self { dest: fields.address("dest_addr")?, data: fields.data()? })
    }

    /// The datagram.
    pub fn compose(&self) -> String {
        compose(&self.data, &[("dest_addr", self.dest.as_str())])
    }
}

/// From an application on the host to host_agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAppRequest {
    /// What it says.
    pub data: Data,
    /// The application in the VM that is to hear it.
    pub dest: Address,
    /// The VM's instance, which may be one that cannot exist.
    pub instance: String,
}

impl HostAppRequest {
    /// Reads the text of a datagram.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let fields = Fields::checked(text)?;
        let dest = fields.address("dest_addr")?;
        Ok(Self { dest, instance: fields.string("dest_instance")?, data: fields.data()? })
    }

    /// The datagram.
    pub fn compose(&self) -> String {
        compose(&self.data, &[("dest_addr", self.dest.as_str()), ("dest_instance", &self.instance)])
    }
}

/// Between the two agents, either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelMessage {
    /// What the application says.
    pub data: Data,
    /// The application on the other side that is to hear it.
    pub dest: Address,
    /// The application on this side that says it.
    pub source: Address,
}

impl ChannelMessage {
    /// Reads the text of an object from the channel.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let fields = Fields::checked(text)?;
        let source = fields.address("source_addr")?;
        Ok(Self { source, dest: fields.address("dest_addr")?, data: fields.data()? })
    }

    /// The object, without a newline.
    pub fn compose(&self) -> String {
        compose(&self.data, &[("dest_addr", self.dest.as_str()), ("source_addr", self.source.as_str())])
    }

    /// As guest_agent writes it: a newline before and after.
    pub fn from_guest(&self) -> Vec<u8> {
        format!("\n{}\n", self.compose()).into_bytes()
    }

    /// As host_agent writes it: a newline after.
    pub fn from_host(&self) -> Vec<u8> {
        format!("{}\n", self.compose()).into_bytes()
    }
}

/// From guest_agent to an application in the VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestAppDelivery {
    /// What the application on the host says.
    pub data: Data,
    /// The application on the host.
    pub source: String,
}

impl GuestAppDelivery {
    /// Reads the text of a datagram.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let fields = Fields::checked(text)?;
        Ok(Self { source: fields.string("source_addr")?, data: fields.data()? })
    }

    /// The datagram.
    pub fn compose(&self) -> String {
        compose(&self.data, &[("source_addr", &self.source)])
    }
}

/// From host_agent to an application on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAppDelivery {
    /// What the application in the VM says.
    pub data: Data,
    /// The application in the VM.
    pub source: String,
    /// The VM's instance.
    pub instance: String,
}

impl HostAppDelivery {
    /// Reads the text of a datagram.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let fields = Fields::checked(text)?;
        let source = fields.string("source_addr")?;
        Ok(Self { source, instance: fields.string("source_instance")?, data: fields.data()? })
    }

    /// The datagram.
    pub fn compose(&self) -> String {
        compose(&self.data, &[("source_addr", &self.source), ("source_instance", &self.instance)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"{"version":2,"msg_type":"status_query","seq":1}"#;

    fn data() -> Data {
        Data::from_text(DATA).unwrap()
    }

    fn address(name: &str) -> Address {
        Address::new(name).unwrap()
    }

    /// Contract 3.4, the table of hops: exact bytes, and back.
    #[test]
    fn every_hop_has_its_keys_in_order() {
        let request = GuestAppRequest { data: data(), dest: address("cgcs.server_grp") };
        let text = format!(r#"{{"data":{DATA},"version":2,"dest_addr":"cgcs.server_grp"}}"#);
        assert_eq!(request.compose(), text);
        assert_eq!(GuestAppRequest::parse(&text), Ok(request));

        let message =
            ChannelMessage { data: data(), dest: address("cgcs.server_grp"), source: address("my.app") };
        let text =
            format!(r#"{{"data":{DATA},"version":2,"dest_addr":"cgcs.server_grp","source_addr":"my.app"}}"#);
        assert_eq!(message.compose(), text);
        assert_eq!(message.from_guest(), format!("\n{text}\n").into_bytes());
        assert_eq!(message.from_host(), format!("{text}\n").into_bytes());
        assert_eq!(ChannelMessage::parse(&text), Ok(message));

        let delivery =
            HostAppDelivery { data: data(), source: "my.app".into(), instance: "instance-0000000a".into() };
        let text = format!(
            r#"{{"data":{DATA},"version":2,"source_addr":"my.app","source_instance":"instance-0000000a"}}"#
        );
        assert_eq!(delivery.compose(), text);
        assert_eq!(HostAppDelivery::parse(&text), Ok(delivery));

        let request = HostAppRequest {
            data: data(),
            dest: address("cgcs.scale"),
            instance: "instance-0000000a".into(),
        };
        let text = format!(
            r#"{{"data":{DATA},"version":2,"dest_addr":"cgcs.scale","dest_instance":"instance-0000000a"}}"#
        );
        assert_eq!(request.compose(), text);
        assert_eq!(HostAppRequest::parse(&text), Ok(request));

        let delivery = GuestAppDelivery { data: data(), source: "scale-0000000a".into() };
        let text = format!(r#"{{"data":{DATA},"version":2,"source_addr":"scale-0000000a"}}"#);
        assert_eq!(delivery.compose(), text);
        assert_eq!(GuestAppDelivery::parse(&text), Ok(delivery));
    }

    #[test]
    fn a_message_without_a_key_is_dropped_for_it() {
        use EnvelopeError::{Missing, NotJson, Version};
        let channel: [(&str, EnvelopeError); 16] = [
            ("", NotJson),
            ("nonsense", NotJson),
            ("[1]", NotJson),
            ("\"text\"", NotJson),
            ("{\"version\":2", NotJson),
            ("{}", Missing("version")),
            (r#"{"version":1}"#, Version(1)),
            (r#"{"version":3}"#, Version(3)),
            (r#"{"version":"word"}"#, Version(0)),
            (r#"{"version":[2]}"#, Version(0)),
            (r#"{"version":2}"#, Missing("source_addr")),
            (r#"{"version":2,"source_addr":null}"#, Missing("source_addr")),
            (r#"{"version":2,"source_addr":""}"#, Missing("source_addr")),
            (r#"{"version":2,"source_addr":"a"}"#, Missing("dest_addr")),
            (r#"{"version":2,"source_addr":"a","dest_addr":null,"data":1}"#, Missing("dest_addr")),
            (r#"{"version":2,"source_addr":"a","dest_addr":"b"}"#, Missing("data")),
        ];
        for (text, error) in channel {
            assert_eq!(ChannelMessage::parse(text), Err(error), "{text}");
        }
        let guest = r#"{"version":2,"source_addr":"a"}"#;
        assert_eq!(GuestAppDelivery::parse(guest), Err(Missing("data")));
        assert_eq!(GuestAppRequest::parse(guest), Err(Missing("dest_addr")));
        assert_eq!(HostAppRequest::parse(guest), Err(Missing("dest_addr")));
        assert_eq!(HostAppRequest::parse(r#"{"version":2,"dest_addr":"a"}"#), Err(Missing("dest_instance")));
        assert_eq!(HostAppDelivery::parse(guest), Err(Missing("source_instance")));
        assert_eq!(Version(1).to_string(), "received version 1, expected 2");
        assert_eq!(Missing("data").to_string(), "failed to parse data");
    }

    #[test]
    fn what_old_peers_take_is_taken() {
        let taken = [
            // a version that reads as 2, keys in any order, blanks, something behind the object, a key twice
            r#"{"version":"2","source_addr":"a","data":{"x":1},"dest_addr":"b"}"#,
            r#"{"version":2.5,"dest_addr":"b","source_addr":"a","data":{"x":1}}"#,
            "\n{ \"data\" : {\"x\" :\n1 }, \"version\":2 , \"dest_addr\":\"b\",\"source_addr\":\"a\" } }}garbage",
            r#"{"version":1,"version":2,"dest_addr":"b","source_addr":"a","data":{"x":1}}"#,
        ];
        for text in taken {
            let message = ChannelMessage::parse(text).unwrap();
            assert_eq!(
                message.compose(),
                r#"{"data":{"x":1},"version":2,"dest_addr":"b","source_addr":"a"}"#
            );
        }
        let null = r#"{"version":2,"dest_addr":7,"data":null}"#;
        let request = GuestAppRequest::parse(null).unwrap();
        assert_eq!(request.compose(), r#"{"data":null,"version":2,"dest_addr":"7"}"#);
    }

    #[test]
    fn a_datagram_ends_at_its_nul_and_keeps_what_was_not_escaped() {
        assert_eq!(datagram_text(b"{\"a\":1}\0{\"b\""), "{\"a\":1}");
        assert_eq!(datagram_text(b"{\n\"a\":\"x\ny\\\"\tz\"\n}"), "{\n\"a\":\"x\\u000ay\\\"\\u0009z\"\n}");
        assert_eq!(datagram_text(b"\"\xff\""), "\"\u{fffd}\"");
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        assert_eq!(Address::new(""), None);
        assert!(Address::new("x".repeat(107)).is_some());
        assert_eq!(Address::new("x".repeat(108)), None);
        let instance = InstanceName::of_socket("cgcs.messaging.instance-0000000a.sock").unwrap();
        assert_eq!(instance.as_str(), "instance-0000000a");
        assert_eq!(instance.socket(), "cgcs.messaging.instance-0000000a.sock");
        assert!(InstanceName::of_socket(&format!("cgcs.messaging.{}.sock", "i".repeat(19))).is_some());
        for name in [
            "cgcs.messaging..sock",
            "cgcs.messaging.a.b.sock",
            "cgcs.messaging.a",
            "cgcs.heartbeat.a.sock",
            "cgcs.messaging.iiiiiiiiiiiiiiiiiiii.sock",
            "xcgcs.messaging.a.sock",
        ] {
            assert_eq!(InstanceName::of_socket(name), None, "{name}");
        }
    }
}
