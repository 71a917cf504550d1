//! What happened, newest last: event logs, alarms, and changes seen in the database.

use crate::records::Record;
use serde::Serialize;
use std::collections::VecDeque;

/// So many entries are kept.
const CAPACITY: usize = 10_000;

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// An event log of the VIM.
    Log,
    /// An alarm was raised.
    Raise,
    /// An alarm was cleared.
    Clear,
    /// A change that was seen in the database.
    State,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A host, by name.
    Host(String),
    /// An instance, by uuid.
    Instance(String),
    /// Anything else, as the VIM names it.
    Other(String),
}

impl Subject {
    /// From an entity such as `tenant=t.instance=i` or `host=compute-0`.
    pub fn of_entity(entity: &str) -> Self {
        if let Some((_, uuid)) = entity.split_once("instance=") {
            Self::Instance(uuid.to_owned())
        } else if let Some((_, name)) = entity.split_once("host=") {
            Self::Host(name.split('.').next().unwrap_or_default().to_owned())
        } else {
            Self::Other(entity.to_owned())
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Counts up from 1.
    pub id: u64,
    /// UTC, `2019-01-23T15:04:05Z`, with fractions as they came; empty when unknown.
    pub time: String,
    /// Where it comes from.
    pub source: Source,
    /// For instance `instance-stopped`.
    pub kind: String,
    /// Importance of a log or severity of an alarm: `critical`, `high`, `major`, `medium`, `minor`, `low`, ...
    pub weight: String,
    /// What it is about.
    pub subject: Subject,
    /// What happened.
    pub text: String,
    /// More to it: additional text of a log, proposed repair of an alarm.
    pub more: String,
}

/// The entries.
#[derive(Debug, Default)]
pub struct Feed {
    last: u64,
    entries: VecDeque<Entry>,
}

impl Feed {
    /// Adds an entry and gives it with its number.
    pub fn add(&mut self, mut entry: Entry) -> Entry {
        self.last += 1;
        entry.id = self.last;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry.clone());
        entry
    }

    /// The newest entries that are wanted, oldest first.
    pub fn newest(&self, limit: usize, wanted: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
        let mut found: Vec<&Entry> =
            self.entries.iter().rev().filter(|entry| wanted(entry)).take(limit).collect();
        found.reverse();
        found
    }

    /// The entry of a raised alarm.
    fn raised(&self, uuid: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.source == Source::Raise && entry.kind_of(uuid))
    }

    /// An entry for a record of the alarm file. Raising an alarm anew, as the VIM does at its start, makes none.
    pub fn alarm_entry(&self, record: &Record, now: &str) -> Option<Entry> {
        let uuid = record.get("alarm-uuid")?;
        let text = |name: &str| record.get(name).unwrap_or_default().to_owned();
        let known = self.raised(uuid);
        match record.get("")? {
            "Raise-Alarm" if known.is_none() => Some(Entry {
                id: 0,
                time: utc(record.get("raised-timestamp").or(record.get("created-timestamp")).unwrap_or(now)),
                source: Source::Raise,
                kind: format!("{}#{uuid}", text("alarm-type")),
                weight: text("perceived-severity"),
                subject: Subject::of_entity(&text("alarm-entity")),
                text: text("specific-problem-text"),
                more: text("proposed-repair-action"),
            }),
            // the record of a clearing names nothing but the alarm, and no time: it is when it was seen
            "Clear-Alarm" => known.map(|raised| Entry {
                id: 0,
                time: now.to_owned(),
                source: Source::Clear,
                more: String::new(),
                ..raised.clone()
            }),
            _ => None,
        }
    }
}

impl Entry {
    fn kind_of(&self, uuid: &str) -> bool {
        self.kind.rsplit_once('#').is_some_and(|(_, own)| own == uuid)
    }

    /// An entry for a record of the event-log file.
    pub fn of_log(record: &Record) -> Option<Self> {
        let text = |name: &str| record.get(name).unwrap_or_default().to_owned();
        Some(Self {
            id: 0,
            time: utc(record.get("timestamp").unwrap_or_default()),
            source: Source::Log,
            kind: record.get("event-id")?.to_owned(),
            weight: text("importance"),
            subject: Subject::of_entity(&text("entity")),
            text: text("reason_text"),
            more: text("additional_text"),
        })
    }
}

/// `2019-01-23 15:04:05.678901`, which is UTC in these files, as `2019-01-23T15:04:05.678901Z`.
fn utc(text: &str) -> String {
    match text.split_once(' ') {
        Some((day, time)) => format!("{day}T{time}Z"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::RecordParser;

    fn entry(text: &str) -> Entry {
        Entry {
            id: 0,
            time: String::new(),
            source: Source::State,
            kind: "state".to_owned(),
            weight: String::new(),
            subject: Subject::Host("compute-0".to_owned()),
            text: text.to_owned(),
            more: String::new(),
        }
    }

    fn record(lines: &str) -> Record {
        let rule = "=".repeat(84);
        let mut found = None;
        RecordParser::default()
            .feed(format!("{rule}\n{lines}{rule}\n").as_bytes(), |record| found = Some(record));
        found.unwrap()
    }

    #[test]
    fn the_oldest_entries_go_first() {
        let mut feed = Feed::default();
        for number in 0..CAPACITY + 5 {
            feed.add(entry(&number.to_string()));
        }
        assert_eq!(feed.entries.len(), CAPACITY);
        assert_eq!(feed.entries[0].id, 6);
        let newest = feed.newest(2, |entry| entry.id % 2 == 0);
        assert_eq!(newest.iter().map(|entry| entry.id).collect::<Vec<_>>(), [10_002, 10_004]);
    }

    #[test]
    fn entities_become_subjects() {
        for (entity, subject) in [
            ("instance=i-1", Subject::Instance("i-1".into())),
            ("tenant=t.instance=i-1", Subject::Instance("i-1".into())),
            ("host=compute-0", Subject::Host("compute-0".into())),
            ("host=compute-0.services=compute", Subject::Host("compute-0".into())),
            ("orchestration=sw-patch", Subject::Other("orchestration=sw-patch".into())),
        ] {
            assert_eq!(Subject::of_entity(entity), subject);
        }
    }

    #[test]
    fn an_alarm_is_told_when_raised_and_when_cleared_and_not_when_raised_anew() {
        let mut feed = Feed::default();
        let raise = record(
            "Raise-Alarm\nalarm-uuid = u-1\nalarm-type = instance-failed\nalarm-entity = tenant=t.instance=i-1\n\
             specific-problem-text = Instance vm-1 has failed\nperceived-severity = critical\n\
             proposed-repair-action = Wait\nraised-timestamp = 2019-01-23 15:03:00.000000\n",
        );
        let clear = record("Clear-Alarm\nalarm-uuid = u-1\n");
        assert_eq!(feed.alarm_entry(&clear, "now"), None);
        let raised = feed.add(feed.alarm_entry(&raise, "now").unwrap());
        assert_eq!(raised.time, "2019-01-23T15:03:00.000000Z");
        assert_eq!((raised.text.as_str(), raised.more.as_str()), ("Instance vm-1 has failed", "Wait"));
        assert_eq!(feed.alarm_entry(&raise, "now"), None);
        let cleared = feed.alarm_entry(&clear, "now").unwrap();
        assert_eq!((cleared.source, cleared.subject), (Source::Clear, Subject::Instance("i-1".into())));
        assert_eq!(cleared.time, "now", "its record has none");
    }
}
