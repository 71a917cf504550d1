//! Which call is made when: pools with few workers, two priorities, first in first out.
//!
//! A call of several requests gives its worker back between them, so that a long listing does not hold up a
//! host lock. Every turn has a deadline. Contract: vim-behaviour 1.3, southbound 13.3, 13.4.

use nfv_nfvi::{Call, CallId, Pool, Priority};
use std::collections::{BTreeMap, VecDeque};

/// A call that is to have its next turn.
#[derive(Debug, Clone, PartialEq)]
pub enum Grant {
    /// The first one: start it.
    Start(CallId, Box<Call>),
    /// A later one: let it go on.
    Resume(CallId),
}

#[derive(Debug)]
struct Entry {
    pool: Pool,
    priority: Priority,
    /// Kept until the call has started.
    call: Option<Box<Call>>,
    /// It has a worker.
    running: bool,
}

/// The calls that wait or run, by pool.
#[derive(Debug, Default)]
pub struct NfviQueue {
    entries: BTreeMap<CallId, Entry>,
    waiting: BTreeMap<(Pool, Priority), VecDeque<CallId>>,
    busy: BTreeMap<Pool, usize>,
}

impl NfviQueue {
    /// A new call.
    pub fn submit(&mut self, id: CallId, call: Call) {
        let (pool, priority) = (call.pool(), call.priority());
        self.entries.insert(id, Entry { pool, priority, call: Some(Box::new(call)), running: false });
        self.waiting.entry((pool, priority)).or_default().push_back(id);
    }

    /// The call gives its worker back and wants another turn.
    pub fn turn_wanted(&mut self, id: CallId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if std::mem::take(&mut entry.running) {
            let (pool, priority) = (entry.pool, entry.priority);
            self.waiting.entry((pool, priority)).or_default().push_back(id);
            self.free(pool);
        }
    }

    /// The call is over, answered or given up. False if it is not known.
    pub fn remove(&mut self, id: CallId) -> bool {
        let Some(entry) = self.entries.remove(&id) else { return false };
        if entry.running {
            self.free(entry.pool);
        } else if let Some(queue) = self.waiting.get_mut(&(entry.pool, entry.priority)) {
            queue.retain(|waiting| *waiting != id);
        }
        true
    }

    /// The next call that can have a turn, if any worker is free.
    pub fn grant(&mut self) -> Option<Grant> {
        for pool in Pool::ALL {
            if self.busy.get(&pool).copied().unwrap_or(0) >= pool.workers() {
                continue;
            }
            for priority in [Priority::Medium, Priority::Low] {
                let Some(id) = self.waiting.get_mut(&(pool, priority)).and_then(VecDeque::pop_front) else {
                    continue;
                };
                *self.busy.entry(pool).or_default() += 1;
                let Some(entry) = self.entries.get_mut(&id) else { continue };
                entry.running = true;
                return Some(match entry.call.take() {
                    Some(call) => Grant::Start(id, call),
                    None => Grant::Resume(id),
                });
            }
        }
        None
    }

    /// How many calls run and wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when nothing runs or waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn free(&mut self, pool: Pool) {
        if let Some(busy) = self.busy.get_mut(&pool) {
            *busy = busy.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nfv_nfvi::call::{ComputeCall, IdentityCall, InfrastructureCall, NovaAction};

    fn evacuate() -> Call {
        Call::Compute(ComputeCall::InstanceAction {
            uuid: "u".into(),
            action: NovaAction::Evacuate,
            context: None,
        })
    }

    fn drain(queue: &mut NfviQueue) -> Vec<u64> {
        std::iter::from_fn(|| queue.grant())
            .map(|grant| match grant {
                Grant::Start(id, _) | Grant::Resume(id) => id.0,
            })
            .collect()
    }

    #[test]
    fn healing_calls_go_first_and_two_run_at_once() {
        let mut queue = NfviQueue::default();
        for id in 1..=3 {
            queue.submit(CallId(id), Call::Compute(ComputeCall::GetHypervisors));
        }
        queue.submit(CallId(4), evacuate());
        assert_eq!(drain(&mut queue), [4, 1]);
        assert!(queue.remove(CallId(4)));
        assert!(!queue.remove(CallId(4)));
        assert_eq!(drain(&mut queue), [2]);
    }

    #[test]
    fn a_call_of_several_requests_lets_others_in_between() {
        let mut queue = NfviQueue::default();
        queue.submit(CallId(1), Call::Infrastructure(InfrastructureCall::GetHosts));
        queue.submit(CallId(2), Call::Infrastructure(InfrastructureCall::GetSystemInfo));
        assert_eq!(drain(&mut queue), [1]);
        queue.turn_wanted(CallId(1));
        assert_eq!(
            queue.grant(),
            Some(Grant::Start(CallId(2), Box::new(Call::Infrastructure(InfrastructureCall::GetSystemInfo))))
        );
        queue.remove(CallId(2));
        assert_eq!(queue.grant(), Some(Grant::Resume(CallId(1))));
    }

    #[test]
    fn pools_do_not_hold_each_other_up_and_waiting_calls_can_be_given_up() {
        let mut queue = NfviQueue::default();
        queue.submit(CallId(1), Call::Infrastructure(InfrastructureCall::GetHosts));
        queue.submit(CallId(2), Call::Infrastructure(InfrastructureCall::GetHosts));
        queue.submit(CallId(3), Call::Identity(IdentityCall::GetTenants));
        assert_eq!(drain(&mut queue), [3, 1]);
        assert!(queue.remove(CallId(2)));
        queue.remove(CallId(1));
        assert_eq!(drain(&mut queue), Vec::<u64>::new());
        assert_eq!(queue.len(), 1);
    }
}
