//! A host operation: instances to be moved, stopped or started, and how far each is. Contract: vim-behaviour 5.1.

use std::collections::BTreeMap;

/// Why the instances of a host are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// An operator locks the host.
    HostLock,
    /// An operator locks it whatever happens.
    HostLockForce,
    /// It was disabled.
    HostDisable,
    /// It failed.
    HostFailed,
    /// Instances are started one after another.
    StartInstancesSerial,
}

impl OperationKind {
    /// The name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HostLock => "host-lock",
            Self::HostLockForce => "host-lock-force",
            Self::HostDisable => "host-disable",
            Self::HostFailed => "host-failed",
            Self::StartInstancesSerial => "start-instances-serial",
        }
    }

    /// A lock of either kind.
    pub const fn is_lock(self) -> bool {
        matches!(self, Self::HostLock | Self::HostLockForce)
    }
}

/// How far an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    /// Not begun.
    Ready,
    /// Under way.
    InProgress,
    /// Over.
    Ended(ItemEnd),
}

/// How an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemEnd {
    /// As wanted.
    Completed,
    /// Not.
    Failed,
    /// It took too long.
    TimedOut,
    /// Something else took its place.
    Cancelled,
}

impl ItemEnd {
    /// The words that follow an action's name in reasons. Contract: 5.3.5.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Completed => "succeeded.",
            Self::Failed => "failed.",
            Self::TimedOut => "timed out.",
            Self::Cancelled => "cancelled.",
        }
    }
}

/// The end of an operation, as the host hears of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationEnd {
    /// Something failed.
    pub failed: bool,
    /// Something took too long.
    pub timed_out: bool,
    /// Why.
    pub reason: String,
}

/// Where an operation is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationStatus {
    /// Items are ready or under way.
    pub in_progress: bool,
    /// Something failed.
    pub failed: bool,
    /// Something took too long.
    pub timed_out: bool,
    /// Why.
    pub reason: String,
}

impl OperationStatus {
    /// The status of an operation that is over.
    pub fn ended(end: &OperationEnd) -> Self {
        Self { in_progress: false, failed: end.failed, timed_out: end.timed_out, reason: end.reason.clone() }
    }
}

/// A host operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Why.
    pub kind: OperationKind,
    items: BTreeMap<String, ItemState>,
    reason: String,
}

impl Operation {
    /// An operation without items.
    pub const fn new(kind: OperationKind) -> Self {
        Self { kind, items: BTreeMap::new(), reason: String::new() }
    }

    /// Adds an item or changes it.
    pub fn set(&mut self, uuid: &str, state: ItemState) {
        self.items.insert(uuid.to_owned(), state);
    }

    /// The item is part of the operation.
    pub fn contains(&self, uuid: &str) -> bool {
        self.items.contains_key(uuid)
    }

    /// The item is not over.
    pub fn waits_for(&self, uuid: &str) -> bool {
        matches!(self.items.get(uuid), Some(ItemState::Ready | ItemState::InProgress))
    }

    /// Keeps the first reason given.
    pub fn give_reason(&mut self, reason: &str) {
        if self.reason.is_empty() {
            self.reason = reason.to_owned();
        }
    }

    /// How many items are under way.
    pub fn in_progress(&self) -> usize {
        self.items.values().filter(|state| **state == ItemState::InProgress).count()
    }

    /// The first item not begun.
    pub fn next_ready(&self) -> Option<String> {
        self.items.iter().find(|(_, state)| **state == ItemState::Ready).map(|(uuid, _)| uuid.clone())
    }

    /// Where it is.
    pub fn status(&self) -> OperationStatus {
        let any = |wanted: ItemState| self.items.values().any(|state| *state == wanted);
        OperationStatus {
            in_progress: any(ItemState::Ready) || any(ItemState::InProgress),
            failed: any(ItemState::Ended(ItemEnd::Failed)),
            timed_out: any(ItemState::Ended(ItemEnd::TimedOut)),
            reason: self.reason.clone(),
        }
    }

    /// Its end.
    pub fn end(&self) -> OperationEnd {
        let OperationStatus { failed, timed_out, reason, .. } = self.status();
        OperationEnd { failed, timed_out, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_follows_the_items() {
        let mut operation = Operation::new(OperationKind::HostLock);
        assert_eq!(operation.status(), OperationStatus::default());
        operation.set("a", ItemState::InProgress);
        operation.set("b", ItemState::Ready);
        assert!(operation.waits_for("a") && operation.waits_for("b") && !operation.waits_for("c"));
        assert_eq!((operation.in_progress(), operation.status().in_progress), (1, true));
        assert_eq!(operation.next_ready().as_deref(), Some("b"));
        operation.set("a", ItemState::Ended(ItemEnd::TimedOut));
        assert!(!operation.waits_for("a"));
        operation.set("b", ItemState::Ended(ItemEnd::Failed));
        operation.give_reason("first");
        operation.give_reason("second");
        let end = operation.end();
        assert_eq!((end.failed, end.timed_out, end.reason.as_str()), (true, true, "first"));
        assert!(!operation.status().in_progress);
    }
}
