//! Messages between guest_client in the VM and guestServer on its host, version 3 revision 1.
//!
//! Contract: guest 3.2.

use std::time::Duration;

use super::fields::{MissingField, cut, quoted, scalar_int, scalar_text, strict_int, strict_text};
use super::words::{CorrectiveAction, Event, Health, Notification, Vote, Word};
use crate::framing::Object;

/// The version sent, and the lowest taken.
pub const VERSION: i32 = 3;
/// The revision sent; received ones are not looked at.
pub const REVISION: i32 = 1;
/// Longest message that is read, bytes. (The peers of old compose at most 1056.)
pub const MAX_LENGTH: usize = 4096;
/// Longest log message, bytes.
pub const MAX_LOG: usize = 191;
/// Longest name of an instance, bytes.
pub const MAX_NAME: usize = 63;

/// By which guest and host know to which registration a message belongs.
pub type InvocationId = i32;

/// What a guest tells of itself when it wants its heart to be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    /// Random; comes back in the acknowledgement and in each action.
    pub invocation_id: InvocationId,
    /// Name of the instance.
    pub name: String,
    /// Time between two challenges.
    pub heartbeat_interval: Duration,
    /// Time to vote.
    pub vote: Duration,
    /// Time to prepare for a stop or reboot.
    pub shutdown_notice: Duration,
    /// Time to prepare for a pause, suspend, migration or resize.
    pub suspend_notice: Duration,
    /// Time to come back afterwards.
    pub resume_notice: Duration,
    /// Time from power-on to the first heartbeat.
    pub restart: Duration,
    /// What to do when the heartbeat is lost.
    pub corrective_action: Word<CorrectiveAction>,
}

/// The answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChallengeResponse {
    /// The number of the challenge.
    pub response: i32,
    /// How the guest feels.
    pub health: Word<Health>,
    /// What to do about it.
    pub corrective_action: Word<CorrectiveAction>,
    /// Why.
    pub log: String,
}

/// A vote or notification asked of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionNotify {
    /// That of the last init.
    pub invocation_id: InvocationId,
    /// What is about to happen.
    pub event: Word<Event>,
    /// Whether the guest may refuse.
    pub notification: Word<Notification>,
    /// Time to answer.
    pub timeout: Duration,
}

/// The guest's answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionResponse {
    /// That of the question.
    pub invocation_id: InvocationId,
    /// What was asked about.
    pub event: Word<Event>,
    /// What kind of question it was.
    pub notification: Word<Notification>,
    /// The answer.
    pub vote: Word<Vote>,
    /// Why.
    pub log: String,
}

/// From the guest to its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestMessage {
    /// Begin to watch me.
    Init(Init),
    /// I am here.
    ChallengeResponse(ChallengeResponse),
    /// My vote.
    ActionResponse(ActionResponse),
    /// I leave.
    Exit {
        /// Why.
        log: String,
    },
}

/// From the host to its guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostMessage {
    /// You are watched.
    InitAck {
        /// That of the init.
        invocation_id: InvocationId,
    },
    /// Are you there?
    Challenge {
        /// To be sent back.
        challenge: i32,
    },
    /// Vote, or prepare.
    ActionNotify(ActionNotify),
    /// I did not understand.
    Nack {
        /// That of the last init.
        invocation_id: InvocationId,
        /// Why.
        log: String,
    },
}

/// Why the host does not take a message; its text is sent to the guest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A key is missing or of the wrong type.
    #[error(transparent)]
    Field(#[from] MissingField),
    /// The guest speaks an older version.
    #[error("Bad version: {0}, expect version: {VERSION}")]
    Version(i32),
    /// The host knows no such message.
    #[error("unsupported message type: {0}")]
    Type(String),
}

/// Why the guest does not take a message. It only logs it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// A key is missing or not a scalar.
    #[error(transparent)]
    Field(#[from] MissingField),
    /// The host speaks an older version.
    #[error("version {0} is older than {VERSION}")]
    Version(i32),
    /// The guest knows no such message.
    #[error("unknown message type {0}")]
    Type(String),
}

/// A message with its place among those of its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered<M> {
    /// Number of the message; never checked.
    pub sequence: u32,
    /// Revision of the sender.
    pub revision: i32,
    /// The message.
    pub message: M,
}

impl GuestMessage {
    /// Reads what the host received.
    pub fn decode(object: &Object) -> Result<Numbered<Self>, Refusal> {
        let version = strict_int(object, "version")?;
        if version < VERSION {
            return Err(Refusal::Version(version));
        }
        let kind = strict_text(object, "msg_type")?;
        let revision = strict_int(object, "revision")?;
        let sequence = strict_int(object, "sequence")?.cast_unsigned();
        let int = |key| strict_int(object, key);
        let text = |key| strict_text(object, key);
        let seconds = |key| Ok::<_, MissingField>(Duration::from_secs(unsigned(int(key)?)));
        let message = match kind {
            "init" => Self::Init(Init {
                invocation_id: int("invocation_id")?,
                name: text("name")?.to_owned(),
                corrective_action: Word::new(text("corrective_action")?),
                heartbeat_interval: Duration::from_millis(unsigned(int("heartbeat_interval_ms")?)),
                vote: seconds("vote_secs")?,
                shutdown_notice: seconds("shutdown_notice_secs")?,
                suspend_notice: seconds("suspend_notice_secs")?,
                resume_notice: seconds("resume_notice_secs")?,
                restart: seconds("restart_secs")?,
            }),
            "challenge_response" => Self::ChallengeResponse(ChallengeResponse {
                response: int("heartbeat_response")?,
                health: Word::new(text("heartbeat_health")?),
                corrective_action: Word::new(text("corrective_action")?),
                log: text("log_msg")?.to_owned(),
            }),
            "action_response" => Self::ActionResponse(ActionResponse {
                invocation_id: int("invocation_id")?,
                event: Word::new(text("event_type")?),
                notification: Word::new(text("notification_type")?),
                vote: Word::new(text("vote_result")?),
                log: text("log_msg")?.to_owned(),
            }),
            // What a guest says when it leaves is only logged.
            "exit" => Self::Exit { log: text("log_msg").unwrap_or_default().to_owned() },
            other => return Err(Refusal::Type(other.to_owned())),
        };
        Ok(Numbered { sequence, revision, message })
    }

    /// The bytes on the port.
    pub fn encode(&self, sequence: u32) -> Vec<u8> {
        match self {
            Self::Init(init) => Composer::new("init", sequence)
                .int("invocation_id", init.invocation_id)
                .text("name", cut(&init.name, MAX_NAME))
                .number("heartbeat_interval_ms", init.heartbeat_interval.as_millis())
                .number("vote_secs", init.vote.as_secs().into())
                .number("shutdown_notice_secs", init.shutdown_notice.as_secs().into())
                .number("suspend_notice_secs", init.suspend_notice.as_secs().into())
                .number("resume_notice_secs", init.resume_notice.as_secs().into())
                .number("restart_secs", init.restart.as_secs().into())
                .text("corrective_action", init.corrective_action.as_str()),
            Self::ChallengeResponse(answer) => Composer::new("challenge_response", sequence)
                .int("heartbeat_response", answer.response)
                .text("heartbeat_health", answer.health.as_str())
                .text("corrective_action", answer.corrective_action.as_str())
                .log(&answer.log),
            Self::ActionResponse(answer) => Composer::new("action_response", sequence)
                .int("invocation_id", answer.invocation_id)
                .text("event_type", answer.event.as_str())
                .text("notification_type", answer.notification.as_str())
                .text("vote_result", answer.vote.as_str())
                .log(&answer.log),
            Self::Exit { log } => Composer::new("exit", sequence).log(log),
        }
        .end()
    }
}

impl HostMessage {
    /// Reads what the guest received. Any scalar is taken for a number or text.
    pub fn decode(object: &Object) -> Result<Numbered<Self>, Ignored> {
        let version = scalar_int(object, "version")?;
        if version < VERSION {
            return Err(Ignored::Version(version));
        }
        let kind = scalar_text(object, "msg_type")?;
        let int = |key| scalar_int(object, key);
        let message = match kind.as_str() {
            "init_ack" => Self::InitAck { invocation_id: int("invocation_id")? },
            "challenge" => Self::Challenge { challenge: int("heartbeat_challenge")? },
            "action_notify" => Self::ActionNotify(ActionNotify {
                invocation_id: int("invocation_id")?,
                event: Word::new(&scalar_text(object, "event_type")?),
                notification: Word::new(&scalar_text(object, "notification_type")?),
                timeout: Duration::from_millis(unsigned(int("timeout_ms")?)),
            }),
            "nack" => Self::Nack {
                invocation_id: int("invocation_id").unwrap_or_default(),
                log: scalar_text(object, "log_msg").unwrap_or_default(),
            },
            _ => return Err(Ignored::Type(kind)),
        };
        let revision = int("revision").unwrap_or_default();
        let sequence = int("sequence").unwrap_or_default().cast_unsigned();
        Ok(Numbered { sequence, revision, message })
    }

    /// The bytes on the port.
    pub fn encode(&self, sequence: u32) -> Vec<u8> {
        match self {
            Self::InitAck { invocation_id } => {
                Composer::new("init_ack", sequence).int("invocation_id", *invocation_id)
            }
            Self::Challenge { challenge } => {
                Composer::new("challenge", sequence).int("heartbeat_challenge", *challenge)
            }
            Self::ActionNotify(action) => Composer::new("action_notify", sequence)
                .int("invocation_id", action.invocation_id)
                .text("event_type", action.event.as_str())
                .text("notification_type", action.notification.as_str())
                .number("timeout_ms", action.timeout.as_millis()),
            Self::Nack { invocation_id, log } => {
                Composer::new("nack", sequence).int("invocation_id", *invocation_id).log(log)
            }
        }
        .end()
    }
}

fn unsigned(value: i32) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// Writes the keys of a message in the order in which they are given.
struct Composer(String);

impl Composer {
    fn new(kind: &str, sequence: u32) -> Self {
        let sequence = sequence.cast_signed();
        Self(format!(
            "\n{{\"version\":{VERSION},\"revision\":{REVISION},\"msg_type\":\"{kind}\",\"sequence\":{sequence}"
        ))
    }

    fn raw(mut self, key: &str, value: &str) -> Self {
        self.0.push_str(",\"");
        self.0.push_str(key);
        self.0.push_str("\":");
        self.0.push_str(value);
        self
    }

    fn int(self, key: &str, value: i32) -> Self {
        self.raw(key, &value.to_string())
    }

    /// A number that the peer reads into 32 bits.
    fn number(self, key: &str, value: u128) -> Self {
        self.int(key, i32::try_from(value).unwrap_or(i32::MAX))
    }

    fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, &quoted(value))
    }

    /// A log message: control characters, newlines first of all, become blanks.
    fn log(self, value: &str) -> Self {
        let line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.text("log_msg", cut(&line, MAX_LOG))
    }

    fn end(mut self) -> Vec<u8> {
        self.0.push_str("}\n");
        self.0.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::JsonLines;

    fn object(bytes: &[u8]) -> Object {
        let mut frames = JsonLines::new(MAX_LENGTH).on_bytes(bytes);
        assert_eq!(frames.len(), 1);
        frames.remove(0).unwrap()
    }

    fn init() -> Init {
        Init {
            invocation_id: 846_930_886,
            name: "vm1".to_owned(),
            heartbeat_interval: Duration::from_secs(1),
            vote: Duration::from_secs(9),
            shutdown_notice: Duration::from_secs(9),
            suspend_notice: Duration::from_secs(9),
            resume_notice: Duration::from_secs(14),
            restart: Duration::from_secs(601),
            corrective_action: CorrectiveAction::Reboot.into(),
        }
    }

    #[test]
    fn messages_of_the_guest_have_the_bytes_of_the_contract() {
        let cases = [
            (
                1,
                GuestMessage::Init(init()),
                r#"{"version":3,"revision":1,"msg_type":"init","sequence":1,"invocation_id":846930886,"name":"vm1","heartbeat_interval_ms":1000,"vote_secs":9,"shutdown_notice_secs":9,"suspend_notice_secs":9,"resume_notice_secs":14,"restart_secs":601,"corrective_action":"reboot"}"#,
            ),
            (
                2,
                GuestMessage::ChallengeResponse(ChallengeResponse {
                    response: 278_722_862,
                    health: Health::Healthy.into(),
                    corrective_action: CorrectiveAction::Reboot.into(),
                    log: String::new(),
                }),
                r#"{"version":3,"revision":1,"msg_type":"challenge_response","sequence":2,"heartbeat_response":278722862,"heartbeat_health":"healthy","corrective_action":"reboot","log_msg":""}"#,
            ),
            (
                3,
                GuestMessage::ActionResponse(ActionResponse {
                    invocation_id: 846_930_886,
                    event: Event::Stop.into(),
                    notification: Notification::Revocable.into(),
                    vote: Vote::Accept.into(),
                    log: String::new(),
                }),
                r#"{"version":3,"revision":1,"msg_type":"action_response","sequence":3,"invocation_id":846930886,"event_type":"stop","notification_type":"revocable","vote_result":"accept","log_msg":""}"#,
            ),
            (
                4,
                GuestMessage::Exit { log: "Exiting...".to_owned() },
                r#"{"version":3,"revision":1,"msg_type":"exit","sequence":4,"log_msg":"Exiting..."}"#,
            ),
        ];
        for (sequence, message, text) in cases {
            let bytes = message.encode(sequence);
            assert_eq!(String::from_utf8(bytes.clone()).unwrap(), format!("\n{text}\n"));
            assert_eq!(
                GuestMessage::decode(&object(&bytes)),
                Ok(Numbered { sequence, revision: 1, message })
            );
        }
    }

    #[test]
    fn messages_of_the_host_have_the_bytes_of_the_contract() {
        let cases = [
            (
                2,
                HostMessage::InitAck { invocation_id: 846_930_886 },
                r#"{"version":3,"revision":1,"msg_type":"init_ack","sequence":2,"invocation_id":846930886}"#,
            ),
            (
                3,
                HostMessage::Challenge { challenge: 278_722_862 },
                r#"{"version":3,"revision":1,"msg_type":"challenge","sequence":3,"heartbeat_challenge":278722862}"#,
            ),
            (
                4,
                HostMessage::ActionNotify(ActionNotify {
                    invocation_id: 846_930_886,
                    event: Event::Stop.into(),
                    notification: Notification::Revocable.into(),
                    timeout: Duration::from_secs(9),
                }),
                r#"{"version":3,"revision":1,"msg_type":"action_notify","sequence":4,"invocation_id":846930886,"event_type":"stop","notification_type":"revocable","timeout_ms":9000}"#,
            ),
            (
                5,
                HostMessage::Nack { invocation_id: 846_930_886, log: MissingField("vote_secs").to_string() },
                r#"{"version":3,"revision":1,"msg_type":"nack","sequence":5,"invocation_id":846930886,"log_msg":"failed to parse vote_secs"}"#,
            ),
        ];
        for (sequence, message, text) in cases {
            let bytes = message.encode(sequence);
            assert_eq!(String::from_utf8(bytes.clone()).unwrap(), format!("\n{text}\n"));
            assert_eq!(HostMessage::decode(&object(&bytes)), Ok(Numbered { sequence, revision: 1, message }));
        }
    }

    #[test]
    fn the_host_refuses_each_key_that_is_missing_or_of_the_wrong_type() {
        let messages = [
            GuestMessage::Init(init()),
            GuestMessage::ChallengeResponse(ChallengeResponse {
                response: 1,
                health: Health::Healthy.into(),
                corrective_action: CorrectiveAction::Log.into(),
                log: String::new(),
            }),
            GuestMessage::ActionResponse(ActionResponse {
                invocation_id: 1,
                event: Event::Stop.into(),
                notification: Notification::Revocable.into(),
                vote: Vote::Accept.into(),
                log: String::new(),
            }),
        ];
        let mut seen = 0;
        for message in messages {
            let whole = object(&message.encode(1));
            for (key, value) in &whole {
                let expected = Err(format!("failed to parse {key}"));
                let mut without = whole.clone();
                without.remove(key);
                let answer =
                    |object: &Object| GuestMessage::decode(object).map_err(|refusal| refusal.to_string());
                assert_eq!(answer(&without), expected);
                let mut wrong = whole.clone();
                let other = if value.is_string() { serde_json::json!(1) } else { serde_json::json!("1") };
                wrong.insert(key.clone(), other);
                assert_eq!(answer(&wrong), expected);
                seen += 1;
            }
        }
        assert_eq!(seen, 13 + 8 + 9);
    }

    #[test]
    fn the_host_tells_why_it_refuses() {
        let refuse = |text: &str| GuestMessage::decode(&object(text.as_bytes())).unwrap_err().to_string();
        assert_eq!(refuse(r#"{"version":2,"msg_type":"init"}"#), "Bad version: 2, expect version: 3");
        assert_eq!(refuse(r#"{"version":"3"}"#), "failed to parse version");
        assert_eq!(
            refuse(r#"{"version":4,"revision":9,"msg_type":"dance","sequence":1}"#),
            "unsupported message type: dance"
        );
    }

    #[test]
    fn the_guest_takes_any_scalar_and_ignores_the_rest() {
        let read =
            |text: &str| HostMessage::decode(&object(text.as_bytes())).map(|numbered| numbered.message);
        assert_eq!(
            read(r#"{"version":"3","msg_type":"challenge","heartbeat_challenge":"17"}"#),
            Ok(HostMessage::Challenge { challenge: 17 })
        );
        assert_eq!(read(r#"{"version":2,"msg_type":"challenge"}"#), Err(Ignored::Version(2)));
        assert_eq!(
            read(r#"{"version":3,"msg_type":"challenge","heartbeat_challenge":[]}"#),
            Err(Ignored::Field(MissingField("heartbeat_challenge")))
        );
        assert_eq!(read(r#"{"version":3,"msg_type":"?"}"#), Err(Ignored::Type("?".to_owned())));
    }

    #[test]
    fn log_messages_are_one_line_escaped_and_bounded() {
        let log = format!("a\nb\t\"c\\{}", "é".repeat(200));
        let bytes = GuestMessage::Exit { log }.encode(1);
        assert!(bytes.len() < 1056);
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 2);
        let GuestMessage::Exit { log } = GuestMessage::decode(&object(&bytes)).unwrap().message else {
            panic!()
        };
        assert_eq!(log.chars().take(7).collect::<String>(), "a b \"c\\");
        assert!(log.len() <= MAX_LOG && log.len() > MAX_LOG - 2);
    }

    #[test]
    fn unknown_words_are_kept() {
        let text = r#"{"version":3,"revision":1,"msg_type":"action_response","sequence":1,"invocation_id":1,"event_type":"dance","notification_type":"maybe","vote_result":"abstain","log_msg":""}"#;
        let numbered = GuestMessage::decode(&object(text.as_bytes())).unwrap();
        assert_eq!(String::from_utf8(numbered.message.encode(1)).unwrap().trim(), text);
    }
}
