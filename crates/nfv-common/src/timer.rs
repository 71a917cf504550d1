//! Deadlines by key, kept by the core itself so that simulated and real time run the same code.
//! Contract: vim-behaviour 1.1 (a timer fires at the first pass after its time).

use crate::time::Mono;
use std::collections::{BTreeMap, BTreeSet};

/// A set of one-shot timers. A key has at most one deadline; whoever wants a period arms it again.
#[derive(Debug, Clone)]
pub struct Timers<K> {
    by_time: BTreeSet<(Mono, u64, K)>,
    by_key: BTreeMap<K, (Mono, u64)>,
    armed: u64,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { by_time: BTreeSet::new(), by_key: BTreeMap::new(), armed: 0 }
    }
}

impl<K: Ord + Clone> Timers<K> {
    /// Sets the deadline of `key`, replacing an earlier one.
    pub fn arm(&mut self, key: K, at: Mono) {
        self.cancel(&key);
        self.armed += 1;
        self.by_time.insert((at, self.armed, key.clone()));
        self.by_key.insert(key, (at, self.armed));
    }

    /// Forgets the deadline of `key`; false if it had none.
    pub fn cancel(&mut self, key: &K) -> bool {
        match self.by_key.remove(key) {
            Some((at, order)) => self.by_time.remove(&(at, order, key.clone())),
            None => false,
        }
    }

    /// The deadline of `key`.
    pub fn deadline(&self, key: &K) -> Option<Mono> {
        self.by_key.get(key).map(|(at, _)| *at)
    }

    /// The earliest deadline of all.
    pub fn next(&self) -> Option<Mono> {
        self.by_time.first().map(|(at, _, _)| *at)
    }

    /// Takes the earliest timer that is due at `now`; of equal times the one armed first.
    pub fn pop_due(&mut self, now: Mono) -> Option<K> {
        let (at, _, _) = self.by_time.first()?;
        if *at > now {
            return None;
        }
        let (_, _, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    /// How many are armed.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// True when none is armed.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Mono {
        Mono::at(Duration::from_secs(seconds))
    }

    #[test]
    fn fires_in_order_of_time_then_of_arming() {
        let mut timers = Timers::default();
        timers.arm("b", at(2));
        timers.arm("a", at(2));
        timers.arm("c", at(1));
        assert_eq!(timers.next(), Some(at(1)));
        assert_eq!(timers.pop_due(at(0)), None);
        let fired: Vec<_> = std::iter::from_fn(|| timers.pop_due(at(2))).collect();
        assert_eq!(fired, ["c", "b", "a"]);
        assert!(timers.is_empty());
    }

    #[test]
    fn arming_again_replaces_and_cancelling_forgets() {
        let mut timers = Timers::default();
        timers.arm("a", at(1));
        timers.arm("a", at(5));
        assert_eq!((timers.len(), timers.deadline(&"a")), (1, Some(at(5))));
        assert_eq!(timers.pop_due(at(4)), None);
        assert!(timers.cancel(&"a"));
        assert!(!timers.cancel(&"a"));
        assert_eq!(timers.pop_due(at(9)), None);
    }
}
