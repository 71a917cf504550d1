//! States, events and the transition table of hosts. Contract: vim-behaviour 2.1, 2.4.

use super::task::HostTask;
use crate::core::director::OperationEnd;
use std::time::Duration;

/// State of a host; stored as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostState {
    /// Just met.
    Initial,
    /// Its services are being made known.
    Configure,
    /// Its services are being taken up.
    Enabling,
    /// It hosts instances.
    Enabled,
    /// Its instances and services are being taken down.
    Disabling,
    /// A lock did not go; sysinv is told.
    DisablingFailed,
    /// It hosts nothing.
    Disabled,
    /// Its services are being removed.
    Deleting,
    /// They could not be removed; sysinv is told.
    DeletingFailed,
    /// It is gone.
    Deleted,
}

/// State, stored text, file name in the logs.
const STATES: [(HostState, &str, &str); 10] = [
    (HostState::Initial, "initial", "_host_state_initial.py"),
    (HostState::Configure, "configure", "_host_state_configure.py"),
    (HostState::Enabling, "enabling", "_host_state_enabling.py"),
    (HostState::Enabled, "enabled", "_host_state_enabled.py"),
    (HostState::Disabling, "disabling", "_host_state_disabling.py"),
    (HostState::DisablingFailed, "disabling-failed", "_host_state_disabling_failed.py"),
    (HostState::Disabled, "disabled", "_host_state_disabled.py"),
    (HostState::Deleting, "deleting", "_host_state_deleting.py"),
    (HostState::DeletingFailed, "deleting-failed", "_host_state_deleting_failed.py"),
    (HostState::Deleted, "deleted", "_host_state_deleted.py"),
];

impl HostState {
    /// As stored and logged.
    pub fn as_str(self) -> &'static str {
        STATES[self as usize].1
    }

    /// From the stored text.
    pub fn parse(text: &str) -> Option<Self> {
        STATES.iter().find(|row| row.1 == text).map(|row| row.0)
    }

    /// The source file name that log readers expect.
    pub(super) fn log_file(self) -> &'static str {
        STATES[self as usize].2
    }

    /// The task that entering the state starts.
    pub(in crate::core) fn task(self) -> Option<HostTask> {
        match self {
            Self::Configure => Some(HostTask::Add),
            Self::Enabling => Some(HostTask::Enable),
            Self::Disabling => Some(HostTask::Disable),
            Self::DisablingFailed => Some(HostTask::NotifyDisableFailed),
            Self::Deleting => Some(HostTask::Delete),
            Self::DeletingFailed => Some(HostTask::NotifyDeleteFailed),
            Self::Initial | Self::Enabled | Self::Disabled | Self::Deleted => None,
        }
    }

    /// The current work sees an event before the state does.
    pub(super) fn task_first(self) -> bool {
        match self {
            Self::Enabling | Self::Disabling | Self::DisablingFailed | Self::DeletingFailed => true,
            Self::Initial
            | Self::Configure
            | Self::Enabled
            | Self::Disabled
            | Self::Deleting
            | Self::Deleted => false,
        }
    }
}

/// What can happen to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostEvent {
    /// The platform shows it, and nothing more is known.
    Add,
    /// It is to go.
    Delete,
    /// A lock is wanted.
    Lock,
    /// An unlock is wanted.
    Unlock,
    /// The platform enabled it.
    Enable,
    /// The platform disabled it.
    Disable,
    /// Nothing changed for a while.
    Audit,
    /// Every 10 seconds.
    PeriodicTimer,
    /// The task with this id went well.
    TaskCompleted {
        /// Task id.
        task: u64,
    },
    /// The task with this id did not go well.
    TaskFailed {
        /// Task id.
        task: u64,
        /// Why.
        reason: String,
    },
    /// An instance left the host, others are still to go.
    InstanceMoved,
    /// The last one left, or it will not go on.
    InstancesMoved(OperationEnd),
    /// An instance was stopped, others are still to be.
    InstanceStopped,
    /// The last one was stopped, or it will not go on.
    InstancesStopped(OperationEnd),
}

/// What the table looks at beside state and event.
#[derive(Debug, Clone, Copy)]
pub struct HostFacts {
    /// The platform shows it enabled and nobody locks it.
    pub nfvi_enabled: bool,
    /// A lock is being carried out.
    pub locking: bool,
    /// Its services are enabled, or locked by a strategy.
    pub services_as_wanted: bool,
    /// No task is in progress.
    pub idle: bool,
    /// It may still wait in state deleting.
    pub may_wait_deleting: bool,
}

/// What an event does to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostMove {
    /// Nothing.
    Stay,
    /// Go there.
    Go(HostState),
    /// Forget the lock, then go there.
    CancelLockAndGo(HostState),
    /// Run the state's task again.
    Restart,
    /// Give up the present task and start this one.
    Replace(HostTask),
    /// Start this task.
    Start(HostTask),
}

/// The transition table. Contract: vim-behaviour 2.4; every row there is an arm here.
pub fn transition(state: HostState, event: &HostEvent, facts: HostFacts) -> HostMove {
    use HostEvent as E;
    use HostMove::{CancelLockAndGo, Go, Replace, Restart, Start, Stay};
    use HostState as S;
    let restart_if_idle = if facts.idle { Restart } else { Stay };
    match (state, event) {
        (S::Initial, E::Add) => Go(S::Configure),
        (S::Initial, E::Delete) => Go(S::Deleting),

        (S::Configure, E::Add | E::Audit) => restart_if_idle,
        (S::Configure, E::Delete) => Go(S::Deleting),
        (S::Configure, E::TaskCompleted { .. }) if facts.nfvi_enabled => Go(S::Enabling),
        (S::Configure, E::TaskCompleted { .. }) => Go(S::Disabling),

        (S::Enabling, E::Enable | E::Audit) => restart_if_idle,
        (S::Enabling, E::Lock | E::Unlock | E::Disable) => Go(S::Disabling),
        (S::Enabling, E::Delete) => Go(S::Deleting),
        (S::Enabling, E::TaskCompleted { .. }) => Go(S::Enabled),

        (S::Enabled, E::Lock | E::Unlock | E::Disable) => Go(S::Disabling),
        (S::Enabled, E::Delete) => Go(S::Deleting),
        (S::Enabled, E::Audit) if facts.idle => Start(HostTask::AuditEnabled),
        (S::Enabled, E::TaskCompleted { .. }) if !facts.services_as_wanted => Go(S::Disabling),

        (S::Disabling, E::Lock | E::Unlock | E::Disable | E::Audit) => restart_if_idle,
        (S::Disabling, E::Enable) => CancelLockAndGo(S::Enabling),
        (S::Disabling, E::Delete) => CancelLockAndGo(S::Deleting),
        (S::Disabling, E::TaskCompleted { .. }) => CancelLockAndGo(S::Disabled),
        (S::Disabling, E::TaskFailed { .. }) if facts.locking => Go(S::DisablingFailed),

        (S::DisablingFailed, E::Lock | E::Unlock | E::Disable | E::Audit) => restart_if_idle,
        (S::DisablingFailed, E::Enable) => CancelLockAndGo(S::Enabling),
        (S::DisablingFailed, E::Delete) => CancelLockAndGo(S::Deleting),
        // the lock is forgotten before anyone asks whether it was a forced one: always enabling (quirk of 2.4)
        (S::DisablingFailed, E::TaskCompleted { .. } | E::TaskFailed { .. }) => CancelLockAndGo(S::Enabling),

        (S::Disabled, E::Enable) => Go(S::Enabling),
        (S::Disabled, E::Delete) => Go(S::Deleting),
        (S::Disabled, E::Lock) => Replace(HostTask::NotifyDisabled),
        (S::Disabled, E::Audit) if facts.idle => Start(HostTask::AuditDisabled),

        (S::Deleting, E::Delete) => restart_if_idle,
        (S::Deleting, E::TaskCompleted { .. }) => Go(S::Deleted),
        (S::Deleting, E::TaskFailed { .. }) => Go(S::DeletingFailed),
        (S::Deleting, E::Audit) if facts.may_wait_deleting => restart_if_idle,
        (S::Deleting, E::Audit) => Go(S::Configure),

        (S::DeletingFailed, E::Delete | E::Audit) => restart_if_idle,
        (S::DeletingFailed, E::TaskCompleted { .. } | E::TaskFailed { .. }) => Go(S::Configure),

        (
            S::Initial
            | S::Configure
            | S::Enabling
            | S::Enabled
            | S::Disabling
            | S::DisablingFailed
            | S::Disabled
            | S::Deleting
            | S::DeletingFailed
            | S::Deleted,
            _,
        ) => Stay,
    }
}

/// A host that could not be deleted gives up after this. Contract: 2.4 `deleting`.
pub(super) fn may_wait_deleting(in_state: Duration, limit: Duration) -> bool {
    in_state < limit
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: HostFacts = HostFacts {
        nfvi_enabled: false,
        locking: false,
        services_as_wanted: true,
        idle: true,
        may_wait_deleting: true,
    };

    fn done() -> HostEvent {
        HostEvent::TaskCompleted { task: 1 }
    }

    fn failed() -> HostEvent {
        HostEvent::TaskFailed { task: 1, reason: String::new() }
    }

    #[test]
    fn texts_are_the_stored_ones_and_read_back() {
        for (state, text, _) in STATES {
            assert_eq!(state.as_str(), text);
            assert_eq!(HostState::parse(text), Some(state));
        }
        assert_eq!(HostState::parse("nowhere"), None);
    }

    /// Rows of the contract's table: state, event, facts, result.
    #[test]
    fn each_row_of_the_transition_table() {
        use HostEvent as E;
        use HostMove::*;
        use HostState as S;
        let up = HostFacts { nfvi_enabled: true, ..QUIET };
        let busy = HostFacts { idle: false, ..QUIET };
        let locking = HostFacts { locking: true, ..QUIET };
        let bad = HostFacts { services_as_wanted: false, ..QUIET };
        let late = HostFacts { may_wait_deleting: false, ..QUIET };
        let rows: Vec<(S, E, HostFacts, HostMove)> = vec![
            (S::Initial, E::Add, QUIET, Go(S::Configure)),
            (S::Initial, E::Delete, QUIET, Go(S::Deleting)),
            (S::Initial, E::Enable, QUIET, Stay),
            (S::Configure, E::Add, QUIET, Restart),
            (S::Configure, E::Audit, QUIET, Restart),
            (S::Configure, E::Audit, busy, Stay),
            (S::Configure, E::Delete, QUIET, Go(S::Deleting)),
            (S::Configure, done(), up, Go(S::Enabling)),
            (S::Configure, done(), QUIET, Go(S::Disabling)),
            (S::Configure, failed(), QUIET, Stay),
            (S::Enabling, E::Enable, QUIET, Restart),
            (S::Enabling, E::Audit, QUIET, Restart),
            (S::Enabling, E::Enable, busy, Stay),
            (S::Enabling, E::Lock, busy, Go(S::Disabling)),
            (S::Enabling, E::Unlock, busy, Go(S::Disabling)),
            (S::Enabling, E::Disable, busy, Go(S::Disabling)),
            (S::Enabling, E::Delete, busy, Go(S::Deleting)),
            (S::Enabling, done(), QUIET, Go(S::Enabled)),
            (S::Enabling, failed(), QUIET, Stay),
            (S::Enabled, E::Lock, QUIET, Go(S::Disabling)),
            (S::Enabled, E::Unlock, QUIET, Go(S::Disabling)),
            (S::Enabled, E::Disable, QUIET, Go(S::Disabling)),
            (S::Enabled, E::Delete, QUIET, Go(S::Deleting)),
            (S::Enabled, E::Audit, QUIET, Start(HostTask::AuditEnabled)),
            (S::Enabled, E::Audit, busy, Stay),
            (S::Enabled, done(), QUIET, Stay),
            (S::Enabled, done(), bad, Go(S::Disabling)),
            (S::Disabling, E::Lock, QUIET, Restart),
            (S::Disabling, E::Unlock, QUIET, Restart),
            (S::Disabling, E::Disable, QUIET, Restart),
            (S::Disabling, E::Audit, QUIET, Restart),
            (S::Disabling, E::Audit, busy, Stay),
            (S::Disabling, E::Enable, busy, CancelLockAndGo(S::Enabling)),
            (S::Disabling, E::Delete, busy, CancelLockAndGo(S::Deleting)),
            (S::Disabling, done(), QUIET, CancelLockAndGo(S::Disabled)),
            (S::Disabling, failed(), locking, Go(S::DisablingFailed)),
            (S::Disabling, failed(), QUIET, Stay),
            (S::DisablingFailed, E::Audit, QUIET, Restart),
            (S::DisablingFailed, E::Enable, QUIET, CancelLockAndGo(S::Enabling)),
            (S::DisablingFailed, E::Delete, QUIET, CancelLockAndGo(S::Deleting)),
            (S::DisablingFailed, done(), locking, CancelLockAndGo(S::Enabling)),
            (S::DisablingFailed, failed(), locking, CancelLockAndGo(S::Enabling)),
            (S::Disabled, E::Enable, QUIET, Go(S::Enabling)),
            (S::Disabled, E::Delete, QUIET, Go(S::Deleting)),
            (S::Disabled, E::Lock, busy, Replace(HostTask::NotifyDisabled)),
            (S::Disabled, E::Audit, QUIET, Start(HostTask::AuditDisabled)),
            (S::Disabled, E::Disable, QUIET, Stay),
            (S::Disabled, E::Unlock, QUIET, Stay),
            (S::Disabled, done(), QUIET, Stay),
            (S::Deleting, E::Delete, QUIET, Restart),
            (S::Deleting, done(), QUIET, Go(S::Deleted)),
            (S::Deleting, failed(), QUIET, Go(S::DeletingFailed)),
            (S::Deleting, E::Audit, QUIET, Restart),
            (S::Deleting, E::Audit, late, Go(S::Configure)),
            (S::DeletingFailed, E::Delete, QUIET, Restart),
            (S::DeletingFailed, E::Audit, QUIET, Restart),
            (S::DeletingFailed, done(), QUIET, Go(S::Configure)),
            (S::DeletingFailed, failed(), QUIET, Go(S::Configure)),
            (S::Deleted, E::Delete, QUIET, Stay),
            (S::Deleted, E::Enable, QUIET, Stay),
        ];
        for (state, event, facts, want) in rows {
            assert_eq!(transition(state, &event, facts), want, "{state:?} {event:?} {facts:?}");
        }
    }
}
