//! What the VMs of a server group say to each other and hear of each other.
//!
//! An application in a VM sends [`GuestRequest`]s and gets [`HostMessage`]s; the answers to a status query come one
//! server at a time and are put together by [`StatusQuery`]. The `version` inside of what the host says is not looked
//! at: in a broadcast nova writes the word `version` there.
//!
//! Contract: guest 3.5.

use serde_json::value::RawValue;

use super::VERSION;
use super::envelope::{Data, Fields};
use super::json_text;

/// Longest broadcast that is promised to pass, bytes.
pub const BROADCAST_LIMIT: usize = 3050;
/// Longest status that an application can be told of, bytes: its length goes through 16 bits.
pub const STATUS_LIMIT: usize = u16::MAX as usize;

/// From an application in a VM to the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestRequest {
    /// To all other members of the group.
    Broadcast {
        /// What is said.
        data: String,
    },
    /// How all members are.
    StatusQuery {
        /// Number of the query; the answers bear it.
        seq: i32,
    },
}

/// Why nova refuses a request, in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedRequest {
    /// No object.
    #[error("no valid data found in the message")]
    NoData,
    /// Another version than 2.
    #[error("invalid server group message version {0}, expecting {VERSION}")]
    Version(i32),
    /// Neither a broadcast nor a query, or one that lacks what it needs.
    #[error("got server group message with invalid type {0}")]
    Type(String),
}

/// A message with `data`, as the library writes it: `seq` stands only in a status query.
pub fn compose_request(msg_type: &str, seq: i32, data: Option<&str>) -> String {
    let mut out = format!("{{\"version\":{VERSION},\"msg_type\":");
    json_text::push_string(&mut out, msg_type);
    if msg_type == "status_query" {
        out.push_str(&format!(",\"seq\":{seq}"));
    }
    if let Some(data) = data {
        out.push_str(",\"data\":");
        json_text::push_string(&mut out, data);
    }
    out.push('}');
    out
}

impl GuestRequest {
    /// The value of `data`.
    pub fn compose(&self) -> String {
        match self {
            Self::Broadcast { data } => compose_request("broadcast", 0, Some(data)),
            Self::StatusQuery { seq } => compose_request("status_query", *seq, None),
        }
    }

    /// Reads it on the host's side, as nova does.
    pub fn parse(data: &Data) -> Result<Self, RefusedRequest> {
        let fields = Fields::first_in(data.as_str()).map_err(|_| RefusedRequest::NoData)?;
        let version = fields.raw("version").and_then(json_text::integer_of).unwrap_or(0);
        if i64::from(version) != VERSION {
            return Err(RefusedRequest::Version(version));
        }
        let msg_type = fields.string("msg_type").unwrap_or_default();
        let request = match msg_type.as_str() {
            "broadcast" => fields.string("data").ok().map(|data| Self::Broadcast { data }),
            "status_query" => {
                fields.raw("seq").and_then(json_text::integer_of).map(|seq| Self::StatusQuery { seq })
            }
            _ => None,
        };
        request.ok_or(RefusedRequest::Type(msg_type))
    }
}

/// From the host to an application in a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostMessage {
    /// From another member.
    Broadcast {
        /// Its instance, `instance-00000001`.
        source_instance: String,
        /// What it says.
        data: String,
    },
    /// Something happened to a member.
    Notification {
        /// JSON text.
        data: String,
    },
    /// How one member is.
    StatusResponse {
        /// Number of the query.
        seq: i32,
        /// JSON text.
        data: String,
    },
    /// There are no more answers to a query.
    StatusResponseDone {
        /// Number of the query.
        seq: i32,
    },
    /// A request was refused.
    Nack {
        /// Why.
        log_msg: String,
    },
}

/// Why a message of the host cannot be used, in the library's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostMessageError {
    /// No object, or one without a type.
    #[error("failed to parse msg_type")]
    NoType,
    /// A key that its type needs is missing.
    #[error("failed to parse {key} for type {msg_type}")]
    Missing {
        /// The key.
        key: &'static str,
        /// The type.
        msg_type: String,
    },
    /// A refusal that does not say why.
    #[error("Nack: failed to parse log_msg")]
    NackWithoutText,
    /// A type of a later time.
    #[error("unknown server group message type {0}")]
    UnknownType(String),
}

impl HostMessage {
    /// Reads the value of `data`.
    pub fn parse(data: &str) -> Result<Self, HostMessageError> {
        let fields = Fields::first_in(data).map_err(|_| HostMessageError::NoType)?;
        let msg_type = fields.string("msg_type").map_err(|_| HostMessageError::NoType)?;
        let missing = |key| HostMessageError::Missing { key, msg_type: msg_type.clone() };
        let data = || fields.string("data").map_err(|_| missing("data"));
        let seq = || {
            let raw = fields.raw("seq").ok_or_else(|| missing("seq"))?;
            Ok(json_text::integer_of(raw).unwrap_or(0))
        };
        Ok(match msg_type.as_str() {
            "broadcast" => {
                let data = data()?;
                let source = fields.string("source_instance").map_err(|_| missing("source_instance"))?;
                Self::Broadcast { source_instance: source, data }
            }
            "notification" => Self::Notification { data: data()? },
            "status_response" => Self::StatusResponse { data: data()?, seq: seq()? },
            "status_response_done" => Self::StatusResponseDone { seq: seq()? },
            "nack" => Self::Nack {
                log_msg: fields.string("log_msg").map_err(|_| HostMessageError::NackWithoutText)?,
            },
            _ => return Err(HostMessageError::UnknownType(msg_type)),
        })
    }
}

/// The value of `data` of a broadcast, as nova writes it.
pub fn compose_broadcast(source_instance: &str, data: &str) -> String {
    format!(
        "{{\"version\":\"version\",\"msg_type\":\"broadcast\",\"source_instance\":{},\"data\":{}}}",
        json_text::quoted(source_instance),
        json_text::quoted(data)
    )
}

/// The value of `data` of a notification.
pub fn compose_notification(event: &RawValue) -> String {
    format!("{{\"version\":{VERSION},\"msg_type\":\"notification\",\"data\":{}}}", event.get())
}

/// The value of `data` of one answer to a status query.
pub fn compose_status_response(seq: i32, server: &RawValue) -> String {
    format!(
        "{{\"version\":{VERSION},\"msg_type\":\"status_response\",\"seq\":{seq},\"data\":{}}}",
        server.get()
    )
}

/// The value of `data` of the end of the answers to a status query.
pub fn compose_status_response_done(seq: i32) -> String {
    format!("{{\"version\":{VERSION},\"msg_type\":\"status_response_done\",\"seq\":{seq}}}")
}

/// The value of `data` of a refusal.
pub fn compose_nack(orig_msg_type: &str, log_msg: &str) -> String {
    format!(
        "{{\"version\":{VERSION},\"msg_type\":\"nack\",\"orig_msg_type\":{},\"log_msg\":{}}}",
        json_text::quoted(orig_msg_type),
        json_text::quoted(log_msg)
    )
}

/// Why an answer to a status query is of no use, in the library's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// An answer to a query that was given up, or to none.
    #[error("status resp seqnum {found} doesn't match expected {expected}")]
    Answer {
        /// Number in the answer.
        found: u32,
        /// Number of the query.
        expected: u32,
    },
    /// The end of the answers to a query that was given up, or to none.
    #[error("status resp done seqnum {found} doesn't match expected {expected}")]
    Done {
        /// Number in the answer.
        found: u32,
        /// Number of the query.
        expected: u32,
    },
    /// The query is given up: the application could not be told the length of its answer.
    #[error("status is longer than {STATUS_LIMIT} bytes")]
    TooLong,
}

/// The one status query that may be under way.
#[derive(Debug, Default)]
pub struct StatusQuery {
    seq: u32,
    /// `[` and the answers so far, while a query is under way.
    text: Option<Vec<u8>>,
}

impl StatusQuery {
    /// Begins a query; one that is under way is given up. Gives its number.
    pub fn begin(&mut self) -> u32 {
        self.seq = self.seq.wrapping_add(1);
        self.text = Some(vec![b'[']);
        self.seq
    }

    /// The query could not be sent.
    pub fn cancel(&mut self) {
        self.text = None;
    }

    /// One server's status.
    pub fn on_response(&mut self, seq: u32, server: &[u8]) -> Result<(), StatusError> {
        let expected = self.seq;
        let text = match &mut self.text {
            Some(text) if seq == expected => text,
            _ => return Err(StatusError::Answer { found: seq, expected }),
        };
        // a comma before it and the bracket after the last one
        if text.len() + server.len() + 2 > STATUS_LIMIT {
            self.end();
            return Err(StatusError::TooLong);
        }
        if text.len() > 1 {
            text.push(b',');
        }
        text.extend_from_slice(server);
        Ok(())
    }

    /// All servers' status has come: gives it as the text of a JSON array.
    pub fn on_done(&mut self, seq: u32) -> Result<Vec<u8>, StatusError> {
        let expected = self.seq;
        match self.text.take_if(|_| seq == expected) {
            Some(mut text) => {
                text.push(b']');
                self.end();
                Ok(text)
            }
            None => Err(StatusError::Done { found: seq, expected }),
        }
    }

    /// What comes later with the same number is too late.
    fn end(&mut self) {
        self.text = None;
        self.seq = self.seq.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    /// Contract 3.5, the table of messages: exact bytes of what a VM sends, and back.
    #[test]
    fn requests_have_their_exact_bytes() {
        let cases = [
            (
                GuestRequest::Broadcast { data: "say \"a/b\"".into() },
                r#"{"version":2,"msg_type":"broadcast","data":"say \"a\/b\""}"#,
            ),
            (GuestRequest::StatusQuery { seq: 7 }, r#"{"version":2,"msg_type":"status_query","seq":7}"#),
        ];
        for (request, text) in cases {
            assert_eq!(request.compose(), text);
            assert_eq!(GuestRequest::parse(&Data::from_text(text).unwrap()), Ok(request));
        }
        assert_eq!(compose_request("other", 5, None), r#"{"version":2,"msg_type":"other"}"#);
    }

    #[test]
    fn nova_refuses_in_its_words() {
        let cases = [
            ("5", "no valid data found in the message"),
            ("{}", "invalid server group message version 0, expecting 2"),
            (r#"{"version":3}"#, "invalid server group message version 3, expecting 2"),
            (r#"{"version":2,"msg_type":"dance"}"#, "got server group message with invalid type dance"),
            (
                r#"{"version":2,"msg_type":"broadcast"}"#,
                "got server group message with invalid type broadcast",
            ),
            (r#"{"version":2}"#, "got server group message with invalid type "),
        ];
        for (text, refusal) in cases {
            let refused = GuestRequest::parse(&Data::from_text(text).unwrap()).unwrap_err();
            assert_eq!(refused.to_string(), refusal, "{text}");
        }
    }

    /// Contract 3.5, every message of the host.
    #[test]
    fn messages_of_the_host_are_read() {
        let broadcast =
            HostMessage::Broadcast { source_instance: "instance-00000001".into(), data: "x".into() };
        let cases = [
            (compose_broadcast("instance-00000001", "x"), broadcast.clone()),
            (
                r#"{"version":7,"msg_type":"broadcast","source_instance":"instance-00000001","data":"x"}"#
                    .into(),
                broadcast,
            ),
            (
                r#"{"msg_type":"broadcast","source_instance":"instance-00000001","data":{"a":[1]}}"#.into(),
                HostMessage::Broadcast {
                    source_instance: "instance-00000001".into(),
                    data: r#"{ "a": [ 1 ] }"#.into(),
                },
            ),
            (
                compose_notification(&raw(r#"{"payload":{"state":"active"},"priority":"INFO"}"#)),
                HostMessage::Notification {
                    data: r#"{ "payload": { "state": "active" }, "priority": "INFO" }"#.into(),
                },
            ),
            (
                compose_status_response(3, &raw(r#"{"vcpus":2}"#)),
                HostMessage::StatusResponse { seq: 3, data: r#"{ "vcpus": 2 }"#.into() },
            ),
            (compose_status_response_done(3), HostMessage::StatusResponseDone { seq: 3 }),
            (
                r#"{"version":2,"msg_type":"status_response_done","seq":4,"data":{"repeated":1}}"#.into(),
                HostMessage::StatusResponseDone { seq: 4 },
            ),
            (compose_nack("broadcast", "no"), HostMessage::Nack { log_msg: "no".into() }),
        ];
        for (text, message) in cases {
            assert_eq!(HostMessage::parse(&text), Ok(message), "{text}");
        }
        assert_eq!(
            compose_broadcast("instance-00000001", "x"),
            r#"{"version":"version","msg_type":"broadcast","source_instance":"instance-00000001","data":"x"}"#
        );
        assert_eq!(
            compose_nack("b", "c"),
            r#"{"version":2,"msg_type":"nack","orig_msg_type":"b","log_msg":"c"}"#
        );
    }

    #[test]
    fn what_cannot_be_used_is_said_in_the_librarys_words() {
        let cases = [
            ("5", "failed to parse msg_type"),
            ("{}", "failed to parse msg_type"),
            (r#"{"msg_type":"broadcast"}"#, "failed to parse data for type broadcast"),
            (r#"{"msg_type":"broadcast","data":null}"#, "failed to parse data for type broadcast"),
            (r#"{"msg_type":"broadcast","data":"x"}"#, "failed to parse source_instance for type broadcast"),
            (r#"{"msg_type":"notification"}"#, "failed to parse data for type notification"),
            (r#"{"msg_type":"status_response","seq":1}"#, "failed to parse data for type status_response"),
            (r#"{"msg_type":"status_response","data":"x"}"#, "failed to parse seq for type status_response"),
            (r#"{"msg_type":"status_response_done"}"#, "failed to parse seq for type status_response_done"),
            (r#"{"msg_type":"nack"}"#, "Nack: failed to parse log_msg"),
            (r#"{"msg_type":"dance"}"#, "unknown server group message type dance"),
        ];
        for (text, error) in cases {
            assert_eq!(HostMessage::parse(text).unwrap_err().to_string(), error, "{text}");
        }
    }

    #[test]
    fn answers_to_a_status_query_are_put_together() {
        let mut query = StatusQuery::default();
        assert_eq!(query.begin(), 1);
        assert_eq!(query.on_response(1, b"{\"a\":1}"), Ok(()));
        assert_eq!(query.on_response(1, b"{\"b\":2}"), Ok(()));
        assert_eq!(query.on_done(1), Ok(b"[{\"a\":1},{\"b\":2}]".to_vec()));
        // twice done
        assert_eq!(query.on_done(1), Err(StatusError::Done { found: 1, expected: 2 }));
        // no answer at all
        let seq = query.begin();
        assert_eq!(query.on_done(seq), Ok(b"[]".to_vec()));
    }

    #[test]
    fn answers_to_another_query_are_dropped() {
        let mut query = StatusQuery::default();
        assert_eq!(query.on_response(0, b"{}"), Err(StatusError::Answer { found: 0, expected: 0 }));
        let first = query.begin();
        query.on_response(first, b"{\"a\":1}").unwrap();
        let second = query.begin();
        let late = query.on_response(first, b"{\"a\":2}").unwrap_err();
        assert_eq!(late.to_string(), "status resp seqnum 1 doesn't match expected 2");
        let late = query.on_done(first).unwrap_err();
        assert_eq!(late.to_string(), "status resp done seqnum 1 doesn't match expected 2");
        query.on_response(second, b"{\"b\":1}").unwrap();
        assert_eq!(query.on_done(second), Ok(b"[{\"b\":1}]".to_vec()));
        let third = query.begin();
        query.cancel();
        assert!(query.on_done(third).is_err());
    }

    #[test]
    fn a_status_whose_length_cannot_be_told_is_given_up() {
        let mut query = StatusQuery::default();
        let seq = query.begin();
        let server = [b'x'; 4000];
        for _ in 0..16 {
            query.on_response(seq, &server).unwrap();
        }
        assert_eq!(query.on_response(seq, &server), Err(StatusError::TooLong));
        assert!(query.on_response(seq, b"{}").is_err());
        assert!(query.on_done(seq).is_err());
    }
}
