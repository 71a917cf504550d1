//! Alarms that are raised, and what of them fmManager is still to be told. Contract: southbound 12.5,
//! vim-behaviour 8.4.
//!
//! fmManager knows an alarm by id and entity and keeps one for each pair; two alarms of the VIM may share a pair
//! (a failed instance and one that cannot be scheduled). The one raised last is the one that counts.

use super::courier::{Desk, Verdict};
use super::wire::{Answer, Key, Record, Request};
use nfv_common::alarm::{AlarmData, AlarmType, AlarmUuid};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Requests kept while fmManager is away; the oldest goes first, and the audit makes good for it.
const KEPT: usize = 8192;

#[derive(Debug)]
pub(super) enum Command {
    Raise(Box<AlarmData>),
    Clear(AlarmUuid),
}

#[derive(Debug, Default)]
pub(super) struct AlarmDesk {
    raised: BTreeMap<AlarmUuid, Record>,
    /// The alarms of each pair, the one raised last at the end.
    pairs: BTreeMap<Key, Vec<AlarmUuid>>,
    queue: VecDeque<Operation>,
}

#[derive(Debug)]
enum Operation {
    Raise(Box<Record>),
    Clear(Key),
    Audit(&'static str),
}

impl AlarmDesk {
    fn raise(&mut self, alarm: &AlarmData) {
        let uuid = &alarm.alarm_uuid;
        let record = match Record::alarm(alarm) {
            Ok(record) => record,
            Err(why) => {
                tracing::error!("Alarm {uuid} is not sent to Fault Management: {why}.");
                return;
            }
        };
        if self.raised.get(uuid).is_some_and(|known| known.key != record.key) {
            self.clear(uuid);
        }
        let pair = self.pairs.entry(record.key.clone()).or_default();
        pair.retain(|known| known != uuid);
        pair.push(uuid.clone());
        self.raised.insert(uuid.clone(), record.clone());
        self.push(Operation::Raise(Box::new(record)));
    }

    fn clear(&mut self, uuid: &AlarmUuid) {
        let Some(Record { key, .. }) = self.raised.remove(uuid) else { return };
        let mut pair = self.pairs.remove(&key).unwrap_or_default();
        let was_shown = pair.last() == Some(uuid);
        pair.retain(|known| known != uuid);
        let Some(shown) = pair.last().and_then(|uuid| self.raised.get(uuid)) else {
            self.push(Operation::Clear(key));
            return;
        };
        let again = was_shown.then(|| Box::new(shown.clone()));
        self.pairs.insert(key, pair);
        if let Some(record) = again {
            self.push(Operation::Raise(record));
        }
    }

    fn push(&mut self, operation: Operation) {
        self.queue.push_back(operation);
        if self.queue.len() > KEPT {
            // the first may be on its way
            self.queue.remove(1);
            tracing::error!("More than {KEPT} alarm requests wait for Fault Management, the oldest is lost.");
        }
    }

    /// Compares what fmManager has of an id with what is raised.
    fn compare(&mut self, alarm_id: &str, found: &[Record]) {
        // what is on its way will change what was just found
        let on_its_way: BTreeSet<&Key> = self
            .queue
            .iter()
            .filter_map(|operation| match operation {
                Operation::Raise(record) => Some(&record.key),
                Operation::Clear(key) => Some(key),
                Operation::Audit(_) => None,
            })
            .collect();
        let wanted: BTreeMap<&Key, &Record> = self
            .pairs
            .iter()
            .filter(|(key, _)| key.alarm_id == alarm_id)
            .filter_map(|(key, pair)| Some((key, self.raised.get(pair.last()?)?)))
            .collect();
        let found: BTreeMap<&Key, &Record> = found.iter().map(|record| (&record.key, record)).collect();
        let mut repairs = Vec::new();
        for (key, record) in &wanted {
            let same = |shown: &&Record| shown.severity == record.severity && shown.reason == record.reason;
            if !on_its_way.contains(key) && !found.get(key).is_some_and(same) {
                tracing::info!("Fault Management lacks the alarm {key}, it is raised again.");
                repairs.push(Operation::Raise(Box::new((*record).clone())));
            }
        }
        for key in found.keys().filter(|key| !wanted.contains_key(*key) && !on_its_way.contains(*key)) {
            tracing::info!("Fault Management has an alarm {key} that is not raised here, it is cleared.");
            repairs.push(Operation::Clear((*key).clone()));
        }
        for repair in repairs {
            self.push(repair);
        }
    }
}

impl Desk for AlarmDesk {
    type Command = Command;

    fn take(&mut self, command: Command) {
        match command {
            Command::Raise(alarm) => self.raise(&alarm),
            Command::Clear(uuid) => self.clear(&uuid),
        }
    }

    /// Asks for each id that can be raised, unless the last audit still waits.
    fn audit(&mut self) {
        if self.queue.iter().any(|operation| matches!(operation, Operation::Audit(_))) {
            return;
        }
        let ids: BTreeSet<&'static str> = AlarmType::ALL.iter().filter_map(|kind| kind.fm_id()).collect();
        for id in ids {
            self.push(Operation::Audit(id));
        }
    }

    fn next(&self) -> Option<Request> {
        Some(match self.queue.front()? {
            Operation::Raise(record) => Request::Create(record.clone()),
            Operation::Clear(key) => Request::Delete(key.clone()),
            Operation::Audit(id) => Request::GetById(id),
        })
    }

    fn answered(&mut self, answer: &Answer) -> Verdict {
        let (code, meaning) = (answer.code, answer.meaning());
        let Some(operation) = self.queue.pop_front() else { return Verdict::Over };
        let failed = match &operation {
            // what is not taken is found missing by the next audit
            Operation::Raise(record) if code != Answer::OK || answer.uuid().is_none() => {
                Some(format!("does not take alarm {}", record.key))
            }
            Operation::Clear(key) if code != Answer::OK && code != Answer::NOT_FOUND => {
                Some(format!("does not clear alarm {key}"))
            }
            Operation::Raise(_) | Operation::Clear(_) => None,
            Operation::Audit(id) => match code {
                Answer::OK => match answer.records() {
                    Ok(found) => {
                        self.compare(id, &found);
                        None
                    }
                    Err(why) => {
                        Some(format!("lists its alarms {id} in a form that is not understood ({why})"))
                    }
                },
                Answer::NOT_FOUND => {
                    self.compare(id, &[]);
                    None
                }
                _ => Some(format!("does not tell its alarms {id}")),
            },
        };
        if let Some(what) = failed {
            tracing::error!("Fault Management {what}: {meaning} ({code}).");
        }
        Verdict::Over
    }

    fn give_up(&mut self) {
        self.queue.pop_front();
    }

    fn waiting(&self) -> usize {
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raise(desk: &mut AlarmDesk, uuid: &str, kind: AlarmType, entity: &str, reason: &str) {
        let now = "2019-01-23T15:04:05Z".parse().unwrap();
        desk.take(Command::Raise(Box::new(AlarmData::new(uuid, kind, "t", entity, reason, "wait", now))));
    }

    fn clear(desk: &mut AlarmDesk, uuid: &str) {
        desk.take(Command::Clear(uuid.into()));
    }

    fn created() -> Answer {
        let mut uuid = vec![b'f'; 36];
        uuid.resize(255, 0);
        Answer::new(0, uuid)
    }

    fn listed(records: &[&Record]) -> Answer {
        let mut data = (records.len() as u32).to_le_bytes().to_vec();
        for record in records {
            data.extend_from_slice(&Request::Create(Box::new((*record).clone())).encode()[20..]);
        }
        Answer::new(0, data)
    }

    /// What is sent, in short, each request answered well.
    fn sent(desk: &mut AlarmDesk) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(request) = desk.next() {
            let answer = match &request {
                Request::Create(_) => created(),
                Request::Delete(_) => Answer::new(0, vec![]),
                Request::GetById(id) => panic!("audit of {id}"),
            };
            all.push(match request {
                Request::Create(record) => format!("+{} {}", record.key, record.reason),
                Request::Delete(key) => format!("-{key}"),
                Request::GetById(id) => format!("?{id}"),
            });
            assert_eq!(desk.answered(&answer), Verdict::Over);
        }
        all
    }

    #[test]
    fn requests_keep_their_order_and_an_alarm_unknown_here_is_not_cleared() {
        let mut desk = AlarmDesk::default();
        clear(&mut desk, "stranger");
        raise(&mut desk, "a", AlarmType::InstancePaused, "i=1", "paused");
        clear(&mut desk, "a");
        clear(&mut desk, "a");
        raise(&mut desk, "b", AlarmType::InstanceStopped, "i=1", "stopped");
        let wanted = ["+700.002 of i=1 paused", "-700.002 of i=1", "+700.004 of i=1 stopped"];
        assert_eq!(sent(&mut desk), wanted);
    }

    #[test]
    fn of_two_alarms_with_one_id_the_later_one_is_shown() {
        let (failed, scheduling) = (AlarmType::InstanceFailed, AlarmType::InstanceSchedulingFailed);
        let mut desk = AlarmDesk::default();
        raise(&mut desk, "a", failed, "i=1", "failed");
        raise(&mut desk, "b", scheduling, "i=1", "no host");
        sent(&mut desk);
        clear(&mut desk, "a");
        assert_eq!(sent(&mut desk), Vec::<String>::new(), "the later one is shown already");
        raise(&mut desk, "a", failed, "i=1", "failed");
        sent(&mut desk);
        clear(&mut desk, "a");
        assert_eq!(sent(&mut desk), ["+700.001 of i=1 no host"], "the earlier one is shown again");
        clear(&mut desk, "b");
        assert_eq!(sent(&mut desk), ["-700.001 of i=1"]);
        assert!(desk.pairs.is_empty() && desk.raised.is_empty());
    }

    #[test]
    fn an_alarm_raised_anew_for_another_entity_leaves_nothing_behind() {
        let mut desk = AlarmDesk::default();
        raise(&mut desk, "a", AlarmType::InstancePaused, "i=1", "paused");
        raise(&mut desk, "a", AlarmType::InstancePaused, "i=2", "paused");
        assert_eq!(sent(&mut desk), ["+700.002 of i=1 paused", "-700.002 of i=1", "+700.002 of i=2 paused"]);
    }

    /// Sends audits until the one of `id`, and gives this one `answer`; the others find nothing.
    fn audit(desk: &mut AlarmDesk, id: &str, answer: &Answer) {
        desk.audit();
        let mut asked = BTreeSet::new();
        while let Some(Request::GetById(now)) = desk.next() {
            assert!(asked.insert(now), "{now} twice");
            let nothing = Answer::new(10, vec![]);
            desk.answered(if now == id { answer } else { &nothing });
        }
        assert_eq!(asked.len(), 24);
    }

    #[test]
    fn the_audit_raises_what_is_missing_and_clears_what_is_not_raised() {
        let mut desk = AlarmDesk::default();
        raise(&mut desk, "a", AlarmType::InstancePaused, "i=1", "paused");
        raise(&mut desk, "b", AlarmType::InstancePaused, "i=2", "paused");
        raise(&mut desk, "c", AlarmType::InstancePaused, "i=3", "paused");
        sent(&mut desk);
        let (a, mut c) = (desk.raised[&"a".into()].clone(), desk.raised[&"c".into()].clone());
        let mut foreign = a.clone();
        foreign.key.entity = "i=9".into();
        c.severity = 1;
        audit(&mut desk, "700.002", &listed(&[&a, &c, &foreign]));
        let repairs = ["+700.002 of i=2 paused", "+700.002 of i=3 paused", "-700.002 of i=9"];
        assert_eq!(sent(&mut desk), repairs);
        // nothing of this id at all: fmManager lost them
        audit(&mut desk, "700.002", &Answer::new(10, vec![]));
        assert_eq!(sent(&mut desk).len(), 3);
        // an error or an unreadable list says nothing
        for useless in [Answer::new(11, vec![]), Answer::new(0, vec![1])] {
            audit(&mut desk, "700.002", &useless);
            assert_eq!(sent(&mut desk), Vec::<String>::new());
        }
    }

    #[test]
    fn the_audit_leaves_alone_what_is_on_its_way() {
        let mut desk = AlarmDesk::default();
        raise(&mut desk, "a", AlarmType::InstancePaused, "i=1", "paused");
        sent(&mut desk);
        let shown = desk.raised[&"a".into()].clone();
        desk.audit();
        desk.audit();
        assert_eq!(desk.waiting(), 24, "one audit at a time");
        clear(&mut desk, "a");
        raise(&mut desk, "b", AlarmType::InstancePaused, "i=2", "paused");
        while let Some(Request::GetById(id)) = desk.next() {
            let answer = if id == "700.002" { listed(&[&shown]) } else { Answer::new(10, vec![]) };
            desk.answered(&answer);
        }
        assert_eq!(sent(&mut desk), ["-700.002 of i=1", "+700.002 of i=2 paused"]);
    }

    #[test]
    fn a_refused_alarm_is_left_to_the_audit() {
        let mut desk = AlarmDesk::default();
        raise(&mut desk, "a", AlarmType::InstancePaused, "i=1", "paused");
        assert_eq!(desk.answered(&Answer::new(11, vec![0; 255])), Verdict::Over);
        assert_eq!(desk.waiting(), 0);
        audit(&mut desk, "", &Answer::new(10, vec![]));
        assert_eq!(sent(&mut desk), ["+700.002 of i=1 paused"]);
    }

    #[test]
    fn too_many_requests_push_the_oldest_out_and_the_audit_makes_good_for_it() {
        let mut desk = AlarmDesk::default();
        for number in 0..=KEPT {
            raise(&mut desk, &number.to_string(), AlarmType::InstancePaused, &number.to_string(), "paused");
        }
        assert_eq!((desk.waiting(), desk.raised.len()), (KEPT, KEPT + 1));
    }
}
