//! Requests to the VIM that wait: those about one instance in order, those about different ones side by side.

use std::collections::{BTreeMap, VecDeque};

use crate::inventory::VimCall;

/// Waiting and running requests.
#[derive(Debug)]
pub(super) struct CallQueue {
    at_once: usize,
    bound: usize,
    waiting: usize,
    running: usize,
    /// Keys with a request under way, and what waits behind it.
    keys: BTreeMap<String, VecDeque<VimCall>>,
    /// Keys that could run but for the number of those that do.
    ready: VecDeque<VimCall>,
}

impl CallQueue {
    pub(super) fn new(at_once: usize, bound: usize) -> Self {
        Self { at_once, bound, waiting: 0, running: 0, keys: BTreeMap::new(), ready: VecDeque::new() }
    }

    /// Takes a request; false when too many wait, and it is dropped.
    pub(super) fn push(&mut self, call: VimCall) -> bool {
        if self.waiting >= self.bound {
            return false;
        }
        self.waiting += 1;
        match self.keys.get_mut(&call.key) {
            Some(behind) => behind.push_back(call),
            None => {
                self.keys.insert(call.key.clone(), VecDeque::new());
                self.ready.push_back(call);
            }
        }
        true
    }

    /// The next request to be made now.
    pub(super) fn next(&mut self) -> Option<VimCall> {
        if self.running >= self.at_once {
            return None;
        }
        let call = self.ready.pop_front()?;
        self.waiting -= 1;
        self.running += 1;
        Some(call)
    }

    /// A request has ended.
    pub(super) fn done(&mut self, key: &str) {
        self.running = self.running.saturating_sub(1);
        match self.keys.get_mut(key).and_then(VecDeque::pop_front) {
            Some(call) => self.ready.push_back(call),
            None => {
                self.keys.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::CallKind;

    fn call(key: &str, path: &str) -> VimCall {
        VimCall {
            key: key.to_owned(),
            kind: CallKind::Event,
            method: "PATCH",
            path: path.to_owned(),
            body: None,
        }
    }

    #[test]
    fn requests_about_one_instance_are_made_in_order_and_others_side_by_side() {
        let mut queue = CallQueue::new(2, 10);
        for (key, path) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("c", "c1")] {
            assert!(queue.push(call(key, path)));
        }
        let next = |queue: &mut CallQueue| queue.next().map(|call| call.path);
        assert_eq!(next(&mut queue).as_deref(), Some("a1"));
        assert_eq!(next(&mut queue).as_deref(), Some("b1"));
        assert_eq!(next(&mut queue), None, "two at once");
        queue.done("b");
        assert_eq!(next(&mut queue).as_deref(), Some("c1"));
        queue.done("a");
        assert_eq!(next(&mut queue).as_deref(), Some("a2"));
        queue.done("a");
        queue.done("c");
        assert_eq!(next(&mut queue), None);
        assert!(queue.keys.is_empty());
    }

    #[test]
    fn there_is_a_bound() {
        let mut queue = CallQueue::new(1, 2);
        assert!(queue.push(call("a", "1")) && queue.push(call("a", "2")));
        assert!(!queue.push(call("b", "3")));
        queue.next();
        assert!(queue.push(call("b", "3")));
    }
}
