//! Messages between guest_client and applications in the same VM, version 2 revision 1: 228 bytes each.
//!
//! Contract: guest 3.3.

use std::time::Duration;

use super::fields::cut;
use super::words::{CorrectiveAction, Event, Notification, Vocabulary, Vote};

/// Length of each message, bytes.
pub const LENGTH: usize = HEADER + 208;
/// Length of an application's name in a message, its NUL included.
pub const NAME_SIZE: usize = 40;
/// Length of a log message in a message, its NUL included.
pub const LOG_SIZE: usize = 192;

const HEADER: usize = 20;
const MAGIC: &[u8; 8] = b"FDFDA5A5";
const VERSION: u8 = 2;
const REVISION: u8 = 1;

/// What an application tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its name.
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
    /// What to do with the VM when it does not answer.
    pub corrective_action: CorrectiveAction,
}

/// A message, in either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationMessage {
    /// Application: watch me.
    Init(Registration),
    /// guest_client: you are watched, or not.
    InitAck {
        /// Whether it is.
        accepted: bool,
    },
    /// Application: watch me no more.
    Final {
        /// Why.
        log: String,
    },
    /// guest_client: are you there?
    Challenge {
        /// To be sent back.
        challenge: u32,
    },
    /// Application: I am.
    ChallengeResponse {
        /// The number of the challenge.
        response: u32,
        /// Whether it feels well.
        healthy: bool,
        /// What to do with the VM otherwise.
        corrective_action: CorrectiveAction,
        /// Why.
        log: String,
    },
    /// guest_client: vote, or prepare.
    ActionNotify {
        /// Comes back in the answer.
        invocation_id: u32,
        /// What is about to happen.
        event: Event,
        /// Whether it may be refused.
        notification: Notification,
    },
    /// Application: my answer.
    ActionResponse {
        /// That of the question.
        invocation_id: u32,
        /// What was asked about.
        event: Event,
        /// What kind of question it was.
        notification: Notification,
        /// The answer.
        vote: Vote,
        /// Why.
        log: String,
    },
}

/// A message whose type has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown message type {0}")]
pub struct UnknownType(pub u16);

impl ApplicationMessage {
    const fn kind(&self) -> u16 {
        match self {
            Self::Init(_) => 0,
            Self::InitAck { .. } => 1,
            Self::Final { .. } => 2,
            Self::Challenge { .. } => 3,
            Self::ChallengeResponse { .. } => 4,
            Self::ActionNotify { .. } => 5,
            Self::ActionResponse { .. } => 6,
        }
    }

    /// The bytes on the socket.
    pub fn encode(&self, sequence: u32) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let mut writer = Writer { bytes: &mut bytes, at: 0 };
        writer.put(MAGIC);
        writer.put(&[VERSION, REVISION]);
        writer.put(&self.kind().to_le_bytes());
        writer.number(sequence);
        writer.number(u32::try_from(LENGTH).unwrap_or_default());
        match self {
            Self::Init(init) => {
                writer.text(&init.name, NAME_SIZE);
                writer.number(u32::try_from(init.heartbeat_interval.as_millis()).unwrap_or(u32::MAX));
                for time in [init.vote, init.shutdown_notice, init.suspend_notice, init.resume_notice] {
                    writer.number(u32::try_from(time.as_secs()).unwrap_or(u32::MAX));
                }
                writer.number(init.corrective_action.number());
            }
            Self::InitAck { accepted } => writer.number(u32::from(*accepted)),
            Self::Final { log } => writer.text(log, LOG_SIZE),
            Self::Challenge { challenge } => writer.number(*challenge),
            Self::ChallengeResponse { response, healthy, corrective_action, log } => {
                writer.number(*response);
                writer.number(u32::from(*healthy));
                writer.number(corrective_action.number());
                writer.text(log, LOG_SIZE);
            }
            Self::ActionNotify { invocation_id, event, notification } => {
                writer.number(*invocation_id);
                writer.number(event.number());
                writer.number(notification.number());
            }
            Self::ActionResponse { invocation_id, event, notification, vote, log } => {
                writer.number(*invocation_id);
                writer.number(event.number());
                writer.number(notification.number());
                writer.number(vote.number());
                writer.text(log, LOG_SIZE);
            }
        }
        bytes
    }

    /// Reads a message whose magic and version are known to be right.
    fn decode(bytes: &[u8; LENGTH]) -> Result<(u32, Self), UnknownType> {
        let mut reader = Reader { bytes, at: 10 };
        let kind = reader.short();
        let sequence = reader.number();
        reader.at = HEADER;
        let message = match kind {
            0 => {
                let name = reader.text(NAME_SIZE);
                let heartbeat_interval = Duration::from_millis(reader.number().into());
                let mut seconds = || Duration::from_secs(reader.number().into());
                Self::Init(Registration {
                    name,
                    heartbeat_interval,
                    vote: seconds(),
                    shutdown_notice: seconds(),
                    suspend_notice: seconds(),
                    resume_notice: seconds(),
                    corrective_action: action(reader.number()),
                })
            }
            1 => Self::InitAck { accepted: reader.number() != 0 },
            2 => Self::Final { log: reader.text(LOG_SIZE) },
            3 => Self::Challenge { challenge: reader.number() },
            4 => Self::ChallengeResponse {
                response: reader.number(),
                healthy: reader.number() != 0,
                corrective_action: action(reader.number()),
                log: reader.text(LOG_SIZE),
            },
            5 => Self::ActionNotify {
                invocation_id: reader.number(),
                event: event(reader.number()),
                notification: notification(reader.number()),
            },
            6 => Self::ActionResponse {
                invocation_id: reader.number(),
                event: event(reader.number()),
                notification: notification(reader.number()),
                vote: vote(reader.number()),
                log: reader.text(LOG_SIZE),
            },
            other => return Err(UnknownType(other)),
        };
        Ok((sequence, message))
    }
}

/// The action with this number.
pub fn action(number: u32) -> CorrectiveAction {
    by_number(number, CorrectiveAction::number, CorrectiveAction::Unknown)
}

/// The event with this number.
pub fn event(number: u32) -> Event {
    by_number(number, Event::number, Event::Unknown)
}

/// The kind of notification with this number.
pub fn notification(number: u32) -> Notification {
    by_number(number, Notification::number, Notification::Unknown)
}

/// The vote with this number.
pub fn vote(number: u32) -> Vote {
    by_number(number, Vote::number, Vote::Unknown)
}

fn by_number<V: Vocabulary>(number: u32, number_of: impl Fn(V) -> u32, unknown: V) -> V {
    V::ALL.iter().copied().find(|value| number_of(*value) == number).unwrap_or(unknown)
}

struct Writer<'a> {
    bytes: &'a mut [u8; LENGTH],
    at: usize,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    fn number(&mut self, number: u32) {
        self.put(&number.to_le_bytes());
    }

    /// A text in a field of `size` bytes, with at least one NUL behind it.
    fn text(&mut self, text: &str, size: usize) {
        let start = self.at;
        self.put(cut(text, size - 1).as_bytes());
        self.at = start + size;
    }
}

struct Reader<'a> {
    bytes: &'a [u8; LENGTH],
    at: usize,
}

impl Reader<'_> {
    fn short(&mut self) -> u16 {
        let number = u16::from_le_bytes([self.bytes[self.at], self.bytes[self.at + 1]]);
        self.at += 2;
        number
    }

    fn number(&mut self) -> u32 {
        let (low, high) = (u32::from(self.short()), u32::from(self.short()));
        high << 16 | low
    }

    /// The text up to the first NUL; the last byte of the field always counts as one.
    fn text(&mut self, size: usize) -> String {
        let field = &self.bytes[self.at..self.at + size - 1];
        self.at += size;
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        String::from_utf8_lossy(&field[..end]).into_owned()
    }
}

/// Finds messages in a stream of bytes; whatever stands between them is skipped.
#[derive(Debug, Default)]
pub struct ApplicationStream {
    pending: Vec<u8>,
}

impl ApplicationStream {
    /// Takes the next bytes; gives the messages they complete, with their numbers.
    pub fn on_bytes(&mut self, bytes: &[u8]) -> Vec<Result<(u32, ApplicationMessage), UnknownType>> {
        self.pending.extend_from_slice(bytes);
        let mut messages = Vec::new();
        let mut start = 0;
        loop {
            let rest = &self.pending[start..];
            let Some(found) = find_magic(rest) else {
                // The last bytes may be the beginning of a magic.
                start += rest.len().saturating_sub(MAGIC.len() - 1);
                break;
            };
            start += found;
            let rest = &self.pending[start..];
            if rest.get(MAGIC.len()).is_some_and(|version| *version != VERSION) {
                start += MAGIC.len();
                continue;
            }
            let Some(message) = rest.first_chunk::<LENGTH>() else { break };
            messages.push(ApplicationMessage::decode(message));
            start += LENGTH;
        }
        self.pending.drain(..start);
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
        messages
    }
}

fn find_magic(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MAGIC.len()).position(|window| window == MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration() -> ApplicationMessage {
        ApplicationMessage::Init(Registration {
            name: "app".to_owned(),
            heartbeat_interval: Duration::from_millis(1000),
            vote: Duration::from_secs(8),
            shutdown_notice: Duration::from_secs(5),
            suspend_notice: Duration::from_secs(6),
            resume_notice: Duration::from_secs(7),
            corrective_action: CorrectiveAction::Reboot,
        })
    }

    fn all() -> Vec<ApplicationMessage> {
        let (event, notification) = (Event::LiveMigrateEnd, Notification::Irrevocable);
        vec![
            registration(),
            ApplicationMessage::InitAck { accepted: true },
            ApplicationMessage::Final { log: "bye".to_owned() },
            ApplicationMessage::Challenge { challenge: 0x0102_0304 },
            ApplicationMessage::ChallengeResponse {
                response: 0x0102_0304,
                healthy: false,
                corrective_action: CorrectiveAction::Log,
                log: "ill".to_owned(),
            },
            ApplicationMessage::ActionNotify { invocation_id: 9, event, notification },
            ApplicationMessage::ActionResponse {
                invocation_id: 9,
                event,
                notification,
                vote: Vote::Complete,
                log: "done".to_owned(),
            },
        ]
    }

    /// Header and body as the contract's tables give them: offset from the start, bytes.
    #[test]
    fn messages_have_the_layout_of_the_contract() {
        let fields: [&[(usize, &[u8])]; 7] = [
            &[
                (20, b"app\0"),
                (60, &[0xe8, 3, 0, 0]),
                (64, &[8, 0, 0, 0]),
                (68, &[5, 0, 0, 0]),
                (72, &[6, 0, 0, 0]),
                (76, &[7, 0, 0, 0]),
                (80, &[2, 0, 0, 0]),
            ],
            &[(20, &[1, 0, 0, 0])],
            &[(20, b"bye\0")],
            &[(20, &[4, 3, 2, 1])],
            &[(20, &[4, 3, 2, 1]), (28, &[4, 0, 0, 0]), (32, b"ill\0")],
            &[(20, &[9, 0, 0, 0]), (24, &[10, 0, 0, 0]), (28, &[2, 0, 0, 0])],
            &[
                (20, &[9, 0, 0, 0]),
                (24, &[10, 0, 0, 0]),
                (28, &[2, 0, 0, 0]),
                (32, &[3, 0, 0, 0]),
                (36, b"done\0"),
            ],
        ];
        for (kind, (message, fields)) in all().into_iter().zip(fields).enumerate() {
            let mut expected = [0; 228];
            expected[..8].copy_from_slice(b"FDFDA5A5");
            expected[8] = 2;
            expected[9] = 1;
            expected[10] = u8::try_from(kind).unwrap();
            expected[12..16].copy_from_slice(&[0x78, 0x56, 0x34, 0x12]);
            expected[16] = 228;
            for (at, bytes) in fields {
                expected[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            let bytes = message.encode(0x1234_5678);
            assert_eq!(bytes, expected, "{message:?}");
            assert_eq!(ApplicationStream::default().on_bytes(&bytes), [Ok((0x1234_5678, message))]);
        }
    }

    #[test]
    fn messages_are_found_wherever_reads_cut_them_and_between_junk() {
        let mut bytes = b"junkFDFDA5".to_vec();
        let mut expected = Vec::new();
        for (sequence, message) in (1..).zip(all()) {
            bytes.extend(message.encode(sequence));
            bytes.extend(b"FDFDA5A5\x09 an other version, ");
            expected.push(Ok((sequence, message)));
        }
        for size in [1, 7, 100, 228, 4096] {
            let mut stream = ApplicationStream::default();
            let found: Vec<_> = bytes.chunks(size).flat_map(|chunk| stream.on_bytes(chunk)).collect();
            assert_eq!(found, expected, "reads of {size} bytes");
            assert!(stream.pending.len() < MAGIC.len());
        }
    }

    #[test]
    fn what_has_no_meaning_is_unknown() {
        let mut bytes = registration().encode(1);
        bytes[80] = 77;
        let Ok((_, ApplicationMessage::Init(init))) = ApplicationStream::default().on_bytes(&bytes).remove(0)
        else {
            panic!()
        };
        assert_eq!(init.corrective_action, CorrectiveAction::Unknown);
        bytes[10] = 7;
        assert_eq!(ApplicationStream::default().on_bytes(&bytes), [Err(UnknownType(7))]);
        assert_eq!(event(13), Event::Unknown);
        assert_eq!(vote(4), Vote::Unknown);
    }

    #[test]
    fn texts_always_end_with_a_nul() {
        let bytes = ApplicationMessage::Final { log: "x".repeat(500) }.encode(1);
        assert_eq!((bytes[20 + 190], bytes[20 + 191]), (b'x', 0));
        let mut full = bytes;
        full[20..20 + 192].fill(b'y');
        let found = ApplicationStream::default().on_bytes(&full);
        assert_eq!(found, [Ok((1, ApplicationMessage::Final { log: "y".repeat(191) }))]);
    }
}
