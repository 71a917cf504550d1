//! Event logs that wait for fmManager. Contract: southbound 12.4, 12.5.

use super::courier::{Desk, Verdict};
use super::wire::{Answer, Record, Request};
use nfv_common::event_log::EventLogData;
use std::collections::VecDeque;

/// Logs kept while fmManager is away; the oldest goes first.
const KEPT: usize = 8192;

#[derive(Debug, Default)]
pub(super) struct LogDesk {
    queue: VecDeque<Record>,
    lost: u64,
}

impl Desk for LogDesk {
    type Command = Box<EventLogData>;

    fn take(&mut self, log: Box<EventLogData>) {
        match Record::log(&log) {
            Ok(record) => self.queue.push_back(record),
            Err(why) => tracing::error!("Event log {} is not sent to Fault Management: {why}.", log.event_id),
        }
        if self.queue.len() > KEPT {
            // the first may be on its way
            self.queue.remove(1);
            if self.lost == 0 {
                tracing::error!(
                    "More than {KEPT} event logs wait for Fault Management, the oldest are lost."
                );
            }
            self.lost += 1;
        }
    }

    fn audit(&mut self) {}

    fn next(&self) -> Option<Request> {
        self.queue.front().map(|record| Request::Create(Box::new(record.clone())))
    }

    fn answered(&mut self, answer: &Answer) -> Verdict {
        if answer.code != Answer::OK {
            let (code, meaning) = (answer.code, answer.meaning());
            return Verdict::Again(format!("a log is not taken: {meaning} ({code})"));
        }
        self.queue.pop_front();
        if self.lost > 0 {
            tracing::error!("{} event logs have not reached Fault Management.", self.lost);
            self.lost = 0;
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
    use nfv_common::event_log::{EventId, EventType, LogId};

    fn log(text: &str) -> Box<EventLogData> {
        let now = "2019-01-23T15:04:05Z".parse().unwrap();
        Box::new(EventLogData::new(LogId(1), EventId::InstanceStopped, "t", "e", text, now))
    }

    fn next_reason(desk: &LogDesk) -> Option<String> {
        desk.next().map(|request| match request {
            Request::Create(record) => record.reason,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn logs_go_in_order_and_one_that_is_not_taken_stays() {
        let mut desk = LogDesk::default();
        desk.take(log("one"));
        desk.take(log("two"));
        let refused = desk.answered(&Answer::new(11, vec![0; 255]));
        assert_eq!(refused, Verdict::Again("a log is not taken: database operation failure (11)".into()));
        assert_eq!(next_reason(&desk).as_deref(), Some("one"));
        assert_eq!(desk.answered(&Answer::new(0, vec![])), Verdict::Over);
        assert_eq!(next_reason(&desk).as_deref(), Some("two"));
        desk.give_up();
        assert_eq!(next_reason(&desk), None);
    }

    #[test]
    fn the_oldest_go_when_too_many_wait() {
        let mut desk = LogDesk::default();
        for number in 0..KEPT + 3 {
            desk.take(log(&number.to_string()));
        }
        assert_eq!((desk.waiting(), desk.lost), (KEPT, 3));
        // the first one may be on its way already
        assert_eq!(next_reason(&desk).as_deref(), Some("0"));
        desk.answered(&Answer::new(0, vec![]));
        assert_eq!(next_reason(&desk).as_deref(), Some("4"));
    }

    #[test]
    fn a_log_without_a_word_of_fault_managements_is_left_out() {
        let mut desk = LogDesk::default();
        let mut odd = log("odd");
        odd.event_type = EventType::GuestHeartbeatEvent;
        desk.take(odd);
        assert_eq!(desk.waiting(), 0);
    }
}
