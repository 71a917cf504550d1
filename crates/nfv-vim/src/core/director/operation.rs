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
    /// A user wants an instance.
    InstanceCreate,
    /// A strategy locks hosts.
    LockHosts,
    /// A strategy unlocks hosts.
    UnlockHosts,
    /// A strategy reboots hosts.
    RebootHosts,
    /// A strategy upgrades hosts.
    UpgradeHosts,
    /// A strategy moves the controller role away from hosts.
    SwactHosts,
    /// Instances are started all at once.
    StartInstances,
    /// Instances are started one after another.
    StartInstancesSerial,
    /// Instances are stopped.
    StopInstances,
    /// Instances are moved off hosts that work.
    MigrateInstances,
    /// A strategy takes a service of hosts down.
    DisableHostServices,
    /// A strategy takes a service of hosts up again.
    EnableHostServices,
}

impl OperationKind {
    /// The name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HostLock => "host-lock",
            Self::HostLockForce => "host-lock-force",
            Self::HostDisable => "host-disable",
            Self::HostFailed => "host-failed",
            Self::InstanceCreate => "instance-create",
            Self::LockHosts => "lock-hosts",
            Self::UnlockHosts => "unlock-hosts",
            Self::RebootHosts => "reboot-hosts",
            Self::UpgradeHosts => "upgrade-hosts",
            Self::SwactHosts => "swact-hosts",
            Self::StartInstances => "start-instances",
            Self::StartInstancesSerial => "start-instances-serial",
            Self::StopInstances => "stop-instances",
            Self::MigrateInstances => "migrate-instances",
            Self::DisableHostServices => "disable-host-services",
            Self::EnableHostServices => "enable-host-services",
        }
    }

    /// The first instance that does not do as it should ends the operation; nothing is done to it by force.
    pub const fn gives_up_at_first(self) -> bool {
        matches!(self, Self::HostLock | Self::MigrateInstances | Self::StopInstances)
    }

    /// Instances are started.
    pub const fn is_start(self) -> bool {
        matches!(self, Self::StartInstances | Self::StartInstancesSerial)
    }

    /// How the reasons of this operation begin. Contract: 5.3.3.
    pub fn preamble(self, host: &str) -> String {
        match self {
            Self::MigrateInstances => format!("Migrate instances from host {host} failed because "),
            Self::StopInstances => format!("Stop instances on host {host} failed because "),
            Self::StartInstances | Self::StartInstancesSerial => {
                format!("Start instances on host {host} failed because ")
            }
            Self::HostLock
            | Self::HostLockForce
            | Self::HostDisable
            | Self::HostFailed
            | Self::InstanceCreate
            | Self::LockHosts
            | Self::UnlockHosts
            | Self::RebootHosts
            | Self::UpgradeHosts
            | Self::SwactHosts
            | Self::DisableHostServices
            | Self::EnableHostServices => format!("Lock of host {host} failed because "),
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

/// A host operation. Its items are instances by uuid, or hosts by name.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Why.
    pub kind: OperationKind,
    items: BTreeMap<String, ItemState>,
    failed: bool,
    reason: String,
}

impl Operation {
    /// An operation without items.
    pub const fn new(kind: OperationKind) -> Self {
        Self { kind, items: BTreeMap::new(), failed: false, reason: String::new() }
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

    /// It failed as a whole; this reason counts.
    pub fn set_failed(&mut self, reason: &str) {
        self.failed = true;
        self.reason = reason.to_owned();
    }

    /// How far an item is.
    pub fn item(&self, key: &str) -> Option<ItemState> {
        self.items.get(key).copied()
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
            failed: self.failed || any(ItemState::Ended(ItemEnd::Failed)),
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

    /// Contract: vim-behaviour 5.1.
    #[test]
    fn the_failure_flag_and_the_reasons_follow_their_rules() {
        let mut operation = Operation::new(OperationKind::LockHosts);
        operation.set("compute-0", ItemState::InProgress);
        operation.give_reason("first");
        operation.set_failed("second");
        operation.give_reason("third");
        let status = operation.status();
        assert!(status.failed && status.in_progress && !status.timed_out);
        assert_eq!(status.reason, "second");
        for (end, failed, timed_out) in [
            (ItemEnd::Completed, false, false),
            (ItemEnd::Failed, true, false),
            (ItemEnd::TimedOut, false, true),
            (ItemEnd::Cancelled, false, false),
        ] {
            let mut operation = Operation::new(OperationKind::StopInstances);
            operation.set("a", ItemState::Ended(end));
            let status = operation.status();
            assert_eq!((status.in_progress, status.failed, status.timed_out), (false, failed, timed_out));
        }
    }

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
