//! What was decided about hosts and instances, and why: kept for operators, in a table of our own. docs/extensions.md,
//! "History".
//!
//! - this file: the books: decisions under way, their ends, what repeats itself.
//! - `evidence`: what was known at the moment of a decision.
//! - `instance`, `host`: where the decisions come from.
//! - [`duration`]: how long decisions took, for estimates.
//!
//! The rows of ended decisions are in the database only; what is kept here is what is under way, and the last one that
//! did not go well of each object, so that what is tried again and again is counted and not listed.

pub mod duration;
mod evidence;
mod host;
mod instance;

use super::{Effect, Vim};
use duration::Durations;
use nfv_common::pyjson;
use nfv_common::time::Mono;
use nfv_nfvi::RequestId;
use nfv_vim_db::Write;
use nfv_vim_db::row::DecisionRow;
use nfv_vim_rpc::history::{Decision, GetHistory, ObjectType, Wait};
use nfv_vim_rpc::{ResponseBody as Body, ResultCode};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a decision is called that something is not done.
const NOTHING: &str = "none";
/// How such a decision ends.
const HELD_BACK: &str = "held-back";

/// Whom a decision is about.
type Object = (ObjectType, String);

/// The books.
#[derive(Debug, Default)]
pub(super) struct Histories {
    /// Number of the last decision.
    last: u64,
    open: BTreeMap<Object, Open>,
    /// Of each object the last decision, if it did not go well.
    unwell: BTreeMap<Object, Decision>,
    /// Objects whose waits may have changed.
    moved: BTreeSet<Object>,
    pub(super) durations: Durations,
}

/// A decision that is being carried out.
#[derive(Debug)]
struct Open {
    decision: Decision,
    began: Mono,
    /// Wait and deadline as written.
    shown: (Option<(String, Mono)>, Option<Mono>),
}

/// How a decision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Completed,
    /// Nova took the request; its end is seen in the states of the instance only.
    Accepted,
    Failed,
    TimedOut,
    Rejected,
    Cancelled,
    /// Another decision took its place.
    Replaced,
    /// The process ended meanwhile.
    Interrupted,
}

impl Outcome {
    /// As stored and shown.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Replaced => "replaced",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A decision when it is made.
#[derive(Debug)]
struct Made {
    decision: String,
    cause: String,
    by: String,
    evidence: BTreeMap<String, String>,
}

impl Histories {
    /// Goes on behind the rows of an earlier process. What it had under way is told to have been interrupted.
    pub(super) fn load(
        last: i64,
        rows: Vec<DecisionRow>,
        durations: Durations,
        keep: u32,
        now: jiff::Timestamp,
    ) -> (Self, Vec<Write>) {
        let last = u64::try_from(last).unwrap_or(0);
        let histories = Self { last, durations, ..Self::default() };
        let mut writes = Vec::new();
        for mut row in rows {
            row.open = false;
            // one that cannot be read is shown by nobody, and is not under way any more
            if let Ok(mut decision) = serde_json::from_str::<Decision>(&row.data) {
                decision.outcome = Some(Outcome::Interrupted.as_str().to_owned());
                decision.outcome_reason =
                    Some("nfv-vim was started anew; it goes on with what is to be done".to_owned());
                decision.ended = Some(rfc3339(now));
                decision.wait = None;
                row.data = pyjson::to_string(&decision);
            }
            let (kind, key) = (row.kind.clone(), row.key.clone());
            writes.push(Write::PutDecision(row));
            writes.push(Write::PruneDecisions { kind, key, keep: i64::from(keep) });
        }
        (histories, writes)
    }
}

impl Vim {
    /// A decision was made and is carried out from now on. One about the same object that is under way gives way.
    fn decision_made(&mut self, object: Object, made: Made) {
        self.decision_ended(&object, Outcome::Replaced, &format!("{} took its place", made.decision));
        let decision = self.decision_of(&object, made);
        let open = Open { decision, began: self.now.mono, shown: (None, None) };
        self.histories.moved.insert(object.clone());
        self.histories.open.insert(object, open);
    }

    /// Something is not done, and this is why. Said again for the same reason it is counted, and written only now and
    /// then: audits say it every half minute.
    fn decision_against(&mut self, object: Object, made: impl FnOnce(&Self) -> Made, cause: &str) {
        let time = rfc3339(self.now.wall);
        if let Some(last) = self.histories.unwell.get_mut(&object)
            && last.outcome.as_deref() == Some(HELD_BACK)
            && last.cause == cause
        {
            (last.count, last.time, last.ended) = (last.count + 1, time.clone(), Some(time));
            if last.count.is_power_of_two() {
                let last = last.clone();
                self.write_decision(&object, &last, false);
            }
            return;
        }
        let made = made(self);
        let mut decision = self.decision_of(&object, made);
        decision.outcome = Some(HELD_BACK.to_owned());
        decision.ended = Some(decision.time.clone());
        self.write_decision(&object, &decision, false);
        self.histories.unwell.insert(object, decision);
    }

    /// A new decision; or, if the last one was the same and did not go well, that one again.
    fn decision_of(&mut self, object: &Object, made: Made) -> Decision {
        let Made { decision, cause, by, evidence } = made;
        let same =
            |last: &Decision| last.decision == decision && last.cause == cause && last.initiated_by == by;
        let (id, count) = match self.histories.unwell.remove(object).filter(same) {
            Some(last) => (last.id, last.count + 1),
            None => {
                self.histories.last += 1;
                (self.histories.last, 1)
            }
        };
        let time = rfc3339(self.now.wall);
        Decision { id, count, time, decision, cause, initiated_by: by, evidence, ..Decision::default() }
    }

    /// The decision about this object that is under way, if there is one, is over.
    fn decision_ended(&mut self, object: &Object, outcome: Outcome, reason: &str) {
        let Some(Open { mut decision, began, .. }) = self.histories.open.remove(object) else { return };
        self.histories.moved.remove(object);
        let took = self.now.mono.since(began);
        decision.outcome = Some(outcome.as_str().to_owned());
        decision.outcome_reason = (!reason.is_empty()).then(|| reason.to_owned());
        decision.ended = Some(rfc3339(self.now.wall));
        decision.duration_ms = u64::try_from(took.as_millis()).ok();
        self.write_decision(object, &decision, false);
        if outcome == Outcome::Completed {
            if let Some(write) = self.histories.durations.took(&decision.decision, took) {
                self.out.history.push(write);
            }
        } else if !matches!(outcome, Outcome::Replaced | Outcome::Accepted) {
            self.histories.unwell.insert(object.clone(), decision);
        }
    }

    /// The object is forgotten, and all that was decided about it.
    pub(super) fn forget_history(&mut self, kind: ObjectType, key: &str) {
        let object = (kind, key.to_owned());
        self.histories.open.remove(&object);
        self.histories.unwell.remove(&object);
        self.histories.moved.remove(&object);
        self.out.history.push(Write::PruneDecisions {
            kind: kind.as_str().to_owned(),
            key: object.1,
            keep: 0,
        });
    }

    /// What is under way waits for something else now.
    pub(super) fn history_moved(&mut self, kind: ObjectType, key: &str) {
        let object = (kind, key.to_owned());
        if self.histories.open.contains_key(&object) {
            self.histories.moved.insert(object);
        }
    }

    /// Writes what waits for something else than when it was written last.
    pub(super) fn collect_history(&mut self) {
        for object in std::mem::take(&mut self.histories.moved) {
            let (wait, deadline) = match object.0 {
                ObjectType::Host => self.hosts.get(&object.1).map(|host| self.host_decision_waits(host)),
                ObjectType::Instance => {
                    self.instances.get(&object.1).map(|instance| self.instance_decision_waits(instance))
                }
            }
            .unwrap_or_default();
            let shown = (wait.as_ref().map(|wait| (wait.what.clone(), wait.until)), deadline);
            let now = self.now;
            let Some(open) = self.histories.open.get_mut(&object) else { continue };
            if open.shown == shown {
                continue;
            }
            let at = |mono: Mono| rfc3339(wall(now, mono));
            open.decision.wait =
                wait.map(|wait| Wait { what: wait.what, since: at(wait.since), until: at(wait.until) });
            open.decision.deadline = deadline.map(at);
            open.shown = shown;
            let decision = open.decision.clone();
            self.write_decision(&object, &decision, true);
        }
    }

    fn write_decision(&mut self, object: &Object, decision: &Decision, open: bool) {
        let (kind, key) = (object.0.as_str().to_owned(), object.1.clone());
        let row = DecisionRow {
            seq: i64::try_from(decision.id).unwrap_or(i64::MAX),
            kind: kind.clone(),
            key: key.clone(),
            open,
            data: pyjson::to_string(decision),
        };
        self.out.history.push(Write::PutDecision(row));
        if !open {
            let keep = i64::from(self.config.history.decisions_per_object);
            self.out.history.push(Write::PruneDecisions { kind, key, keep });
        }
    }

    /// A request for the decisions about an object: the shell reads them, once all that this input led to is written.
    pub(super) fn show_history(&mut self, id: RequestId, asked: GetHistory) {
        let known = match (asked.object_type, &asked.object) {
            (Some(ObjectType::Host), Some(name)) => self.hosts.contains_key(name),
            (Some(ObjectType::Instance), Some(uuid)) => self.instances.contains_key(uuid),
            _ => false,
        };
        if known {
            self.out.effects.push(Effect::ShowHistory { request: id, asked });
        } else {
            self.refuse(id, ResultCode::NotFound, Body::GetHistory);
        }
    }

    /// How many decisions are under way.
    pub fn open_decisions(&self) -> usize {
        self.histories.open.len()
    }
}

/// A moment of the monotonic clock on the wall clock.
fn wall(now: nfv_common::time::Now, mono: Mono) -> jiff::Timestamp {
    let (ahead, behind) = (mono.since(now.mono), now.mono.since(mono));
    let moved =
        if ahead > Duration::ZERO { now.wall.checked_add(ahead) } else { now.wall.checked_sub(behind) };
    moved.unwrap_or(now.wall)
}

/// As shown: to the millisecond, in UTC.
fn rfc3339(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
