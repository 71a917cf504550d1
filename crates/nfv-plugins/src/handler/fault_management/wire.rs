//! Frames, headers and records of fmManager's protocol. Contract: southbound 12.6.
//!
//! ```text
//!   length of what follows (4, big endian) | header (16, little endian) | data
//!   header: version | action | length of the data | result code
//! ```
//!
//! A record is the image of a C structure on x86-64: texts of 255 bytes with their NUL, numbers at their natural
//! alignment.

use nfv_common::alarm::{AlarmData, LOG_PROBABLE_CAUSE};
use nfv_common::event_log::EventLogData;
use std::fmt;

pub(super) const HEADER: usize = 16;
/// Bytes of a text, its NUL included.
const TEXT: usize = 255;
const RECORD: usize = 1568;
const VERSION: u32 = 1;

// where the fields of a record begin
const UUID: usize = 0;
const ALARM_ID: usize = 255;
const STATE: usize = 512;
const ENTITY_TYPE: usize = 516;
const ENTITY: usize = 771;
const TIMESTAMP: usize = 1032;
const SEVERITY: usize = 1040;
const REASON: usize = 1044;
const ALARM_TYPE: usize = 1300;
const CAUSE: usize = 1304;
const REPAIR: usize = 1308;
const SERVICE_AFFECTING: usize = 1563;
const SUPPRESSION: usize = 1564;

/// `set`: an alarm.
const STATE_SET: u32 = 1;
/// `msg`: a log.
const STATE_MESSAGE: u32 = 2;

/// What names an alarm for fmManager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// For instance `700.001`.
    pub alarm_id: String,
    /// Entity instance, as it stands in a record.
    pub entity: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.alarm_id, self.entity)
    }
}

/// An alarm or a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// fmManager's own name of it; empty in requests.
    pub uuid: String,
    pub key: Key,
    state: u32,
    entity_type: String,
    /// Microseconds since 1970, UTC; 0: fmManager's present moment.
    timestamp: u64,
    pub severity: u32,
    pub reason: String,
    alarm_type: u32,
    probable_cause: u32,
    repair_action: String,
    service_affecting: bool,
    suppression: bool,
}

impl Record {
    /// The record of a raised alarm; the error says what fmManager has no word for.
    pub(super) fn alarm(alarm: &AlarmData) -> Result<Self, String> {
        let kind = alarm.alarm_type;
        let alarm_id = kind.fm_id().ok_or_else(|| format!("alarm type {kind} has no alarm id"))?;
        let severity = alarm.perceived_severity;
        let (event_type, cause) = (alarm.event_type, alarm.probable_cause);
        let unknown = |what: &str, value: &dyn fmt::Display| format!("{what} {value} is not known there");
        // an alarm that is sent late still says when it was raised
        let since = alarm.raised_timestamp.as_deref().or(alarm.created_timestamp.as_deref());
        Ok(Self {
            uuid: String::new(),
            key: Key { alarm_id: alarm_id.to_owned(), entity: fitted(&alarm.entity) },
            state: STATE_SET,
            entity_type: fitted(&alarm.entity_type),
            timestamp: since.map_or(0, micros),
            severity: severity.fm().ok_or_else(|| unknown("severity", &severity))?.wire.into(),
            reason: fitted(&alarm.specific_problem_text),
            alarm_type: event_type.fm().ok_or_else(|| unknown("event type", &event_type))?.wire.into(),
            probable_cause: cause.fm().ok_or_else(|| unknown("probable cause", &cause))?.wire.into(),
            repair_action: fitted(&alarm.proposed_repair_action),
            service_affecting: alarm.service_affecting,
            suppression: alarm.suppression_allowed,
        })
    }

    /// The record of an event log; the error says what fmManager has no word for.
    pub(super) fn log(log: &EventLogData) -> Result<Self, String> {
        let (importance, kind) = (log.importance, log.event_type);
        let severity =
            importance.fm().ok_or_else(|| format!("importance {importance} is not known there"))?;
        let alarm_type = kind.fm().ok_or_else(|| format!("event-log type {kind} is not known there"))?;
        Ok(Self {
            uuid: String::new(),
            key: Key { alarm_id: log.event_id.fm_id().to_owned(), entity: fitted(&log.entity) },
            state: STATE_MESSAGE,
            entity_type: fitted(&log.entity_type),
            timestamp: log.timestamp.as_deref().map_or(0, micros),
            severity: severity.wire.into(),
            reason: fitted(&log.reason_text),
            alarm_type: alarm_type.wire.into(),
            probable_cause: LOG_PROBABLE_CAUSE.wire.into(),
            repair_action: String::new(),
            service_affecting: false,
            suppression: true,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; RECORD];
        for (at, text) in [
            (UUID, &self.uuid),
            (ALARM_ID, &self.key.alarm_id),
            (ENTITY_TYPE, &self.entity_type),
            (ENTITY, &self.key.entity),
            (REASON, &self.reason),
            (REPAIR, &self.repair_action),
        ] {
            put(&mut bytes, at, text);
        }
        for (at, number) in [
            (STATE, self.state),
            (SEVERITY, self.severity),
            (ALARM_TYPE, self.alarm_type),
            (CAUSE, self.probable_cause),
        ] {
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        bytes[TIMESTAMP..TIMESTAMP + 8].copy_from_slice(&self.timestamp.to_le_bytes());
        bytes[SERVICE_AFFECTING] = self.service_affecting.into();
        bytes[SUPPRESSION] = self.suppression.into();
        bytes
    }

    fn decode(bytes: &[u8; RECORD]) -> Self {
        Self {
            uuid: text(bytes, UUID),
            key: Key { alarm_id: text(bytes, ALARM_ID), entity: text(bytes, ENTITY) },
            state: number(bytes, STATE),
            entity_type: text(bytes, ENTITY_TYPE),
            timestamp: u64::from(number(bytes, TIMESTAMP)) | u64::from(number(bytes, TIMESTAMP + 4)) << 32,
            severity: number(bytes, SEVERITY),
            reason: text(bytes, REASON),
            alarm_type: number(bytes, ALARM_TYPE),
            probable_cause: number(bytes, CAUSE),
            repair_action: text(bytes, REPAIR),
            service_affecting: bytes[SERVICE_AFFECTING] != 0,
            suppression: bytes[SUPPRESSION] != 0,
        }
    }
}

/// A text as far as it fits: 254 bytes, cut between characters, without a NUL inside.
fn fitted(text: &str) -> String {
    let mut end = text.len().min(TEXT - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].replace('\0', " ")
}

fn put(bytes: &mut [u8], at: usize, text: &str) {
    // every text was fitted, or is an id of ours
    let text = &text.as_bytes()[..text.len().min(TEXT - 1)];
    bytes[at..at + text.len()].copy_from_slice(text);
}

fn text(bytes: &[u8], at: usize) -> String {
    let field = &bytes[at..at + TEXT];
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(TEXT);
    String::from_utf8_lossy(&field[..end]).into_owned()
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Microseconds since 1970 of a UTC text; 0 when it is none, which lets fmManager take its own time.
fn micros(text: &str) -> u64 {
    let time = text.parse::<jiff::civil::DateTime>().ok().and_then(|time| {
        let zoned = jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?;
        u64::try_from(zoned.as_microsecond()).ok()
    });
    time.unwrap_or(0)
}

/// A request to fmManager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// Raise an alarm, or issue a log.
    Create(Box<Record>),
    /// Clear an alarm.
    Delete(Key),
    /// All alarms of an id.
    GetById(&'static str),
}

impl Request {
    pub(super) const fn action(&self) -> u32 {
        match self {
            Request::Create(_) => 0,
            Request::Delete(_) => 2,
            Request::GetById(_) => 7,
        }
    }

    /// The whole frame.
    pub(super) fn encode(&self) -> Vec<u8> {
        let data = match self {
            Request::Create(record) => record.encode(),
            Request::Delete(key) => {
                let mut filter = vec![0; 2 * TEXT];
                put(&mut filter, 0, &key.alarm_id);
                put(&mut filter, TEXT, &key.entity);
                filter
            }
            Request::GetById(alarm_id) => {
                let mut filter = vec![0; TEXT];
                put(&mut filter, 0, alarm_id);
                filter
            }
        };
        // no request is longer than a record
        let (size, rest) = (data.len() as u32, (HEADER + data.len()) as u32);
        let mut frame = rest.to_be_bytes().to_vec();
        for field in [VERSION, self.action(), size, 0] {
            frame.extend(field.to_le_bytes());
        }
        frame.extend(data);
        frame
    }
}

/// fmManager's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub code: u32,
    data: Vec<u8>,
}

impl Answer {
    pub(super) const OK: u32 = 0;
    pub(super) const NOT_FOUND: u32 = 10;

    /// What a frame holds behind its length; the error says why it is no answer to `action`.
    pub(super) fn decode(action: u32, mut frame: Vec<u8>) -> Result<Self, String> {
        if frame.len() < HEADER {
            return Err(format!("an answer of {} bytes is too short", frame.len()));
        }
        let (version, answered) = (number(&frame, 0), number(&frame, 4));
        let (size, code) = (number(&frame, 8) as usize, number(&frame, 12));
        if version != VERSION || answered != action {
            return Err(format!("an answer of version {version} to action {answered} was not asked for"));
        }
        let data = frame.split_off(HEADER);
        if data.len() != size {
            return Err(format!("an answer of {} bytes says that it has {size}", data.len()));
        }
        Ok(Self { code, data })
    }

    #[cfg(test)]
    pub(super) fn new(code: u32, data: Vec<u8>) -> Self {
        Self { code, data }
    }

    /// The uuid that the answer to a creation gives.
    pub(super) fn uuid(&self) -> Option<String> {
        let uuid = (self.data.len() == TEXT).then(|| text(&self.data, 0))?;
        (!uuid.is_empty()).then_some(uuid)
    }

    /// The records that the answer to a query gives.
    pub(super) fn records(&self) -> Result<Vec<Record>, String> {
        let Some((count, records)) = self.data.split_first_chunk::<4>() else {
            return Err("a list without its length".to_owned());
        };
        let count = u32::from_le_bytes(*count) as usize;
        let (records, rest) = records.as_chunks::<RECORD>();
        if records.len() != count || !rest.is_empty() {
            let length = self.data.len();
            return Err(format!("a list of {count} alarms cannot have {length} bytes"));
        }
        Ok(records.iter().map(Record::decode).collect())
    }

    /// What the result code means.
    pub(super) fn meaning(&self) -> &'static str {
        match self.code {
            0 => "ok",
            1 => "alarm exists",
            2 => "invalid attribute",
            3 => "no connection",
            4 => "no memory",
            5 => "communications",
            6 => "not enough space",
            7 => "invalid request",
            8 => "server out of memory",
            9 => "script failure",
            10 => "entity not found",
            11 => "database operation failure",
            12 => "database connect failure",
            13 => "invalid parameter",
            14 => "resource unavailable",
            15 => "request pending",
            _ => "unknown result",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nfv_common::alarm::{AlarmProbableCause, AlarmType};

    fn alarm() -> AlarmData {
        let now = "2019-01-23T15:04:05.678901Z".parse().unwrap();
        AlarmData::new(
            "u1",
            AlarmType::InstanceFailed,
            "tenant.instance",
            "instance=1",
            "failed",
            "wait",
            now,
        )
    }

    #[test]
    fn the_contracts_example_to_the_byte() {
        let key = Key { alarm_id: "700.001".into(), entity: "instance=1".into() };
        let frame = Request::Delete(key).encode();
        assert_eq!(frame[..20], [0, 0, 2, 0x0e, 1, 0, 0, 0, 2, 0, 0, 0, 0xfe, 1, 0, 0, 0, 0, 0, 0]);
        let mut data = vec![0; 510];
        data[..7].copy_from_slice(b"700.001");
        data[255..265].copy_from_slice(b"instance=1");
        assert_eq!(frame[20..], data);
        let answer = Answer::decode(2, [1u32, 2, 0, 10].iter().flat_map(|n| n.to_le_bytes()).collect());
        assert_eq!(answer.unwrap().meaning(), "entity not found");
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let mut record = Record::alarm(&alarm()).unwrap();
        assert_eq!(record.timestamp, 1_548_255_845_678_901);
        record.uuid = "0".repeat(36);
        let bytes: [u8; RECORD] = record.encode().try_into().unwrap();
        assert_eq!(Record::decode(&bytes), record);
    }

    #[test]
    fn texts_are_cut_between_characters_and_have_no_nul_inside() {
        assert_eq!(fitted("a\0b"), "a b");
        assert_eq!(fitted(&"é".repeat(200)), "é".repeat(127));
        assert_eq!(fitted(&"x".repeat(300)).len(), 254);
        assert_eq!(fitted(""), "");
    }

    #[test]
    fn what_fault_management_has_no_word_for_is_refused() {
        let mut unknown = alarm();
        unknown.alarm_type = AlarmType::Unknown;
        assert!(Record::alarm(&unknown).unwrap_err().contains("no alarm id"));
        let mut unknown = alarm();
        unknown.probable_cause = AlarmProbableCause::Indeterminate;
        assert!(Record::alarm(&unknown).unwrap_err().contains("indeterminate"));
    }

    #[test]
    fn answers_of_a_wrong_shape_are_refused() {
        let answer = |action: u32, size: u32, data: usize| {
            let mut frame: Vec<u8> = [1, action, size, 0].iter().flat_map(|n| n.to_le_bytes()).collect();
            frame.extend(vec![0; data]);
            Answer::decode(7, frame)
        };
        assert!(Answer::decode(7, vec![0; 15]).unwrap_err().contains("too short"));
        assert!(answer(2, 0, 0).unwrap_err().contains("not asked for"));
        assert!(answer(7, 4, 8).unwrap_err().contains("says that it has 4"));
        assert!(answer(7, 4, 4).unwrap().records().unwrap().is_empty());
        assert!(answer(7, 3, 3).unwrap().records().is_err());
        assert!(answer(7, 100, 100).unwrap().records().is_err());
        let count = Answer::new(0, 7u32.to_le_bytes().to_vec());
        assert!(count.records().unwrap_err().contains("7 alarms"));
        assert_eq!(Answer::new(0, vec![0; 255]).uuid(), None);
        assert_eq!(Answer::new(0, vec![b'x'; 3]).uuid(), None);
    }

    #[test]
    fn a_time_that_is_none_leaves_it_to_fault_management() {
        assert_eq!(micros("2019-01-23 15:04:05"), 1_548_255_845_000_000);
        assert_eq!(micros("soon"), 0);
        assert_eq!(micros("1960-01-01 00:00:00"), 0);
    }
}
