//! Decisions about hosts: taking their services and instances up and down, and requests of the strategy.

use super::evidence::platform_states;
use super::{Made, Outcome};
use crate::core::Vim;
use crate::core::host::task::HostTask;
use crate::core::host::{Host, HostEvent, VimHostAction};
use nfv_common::fsm::{Task, TaskResult, Waiting};
use nfv_common::time::Mono;
use nfv_vim_rpc::history::ObjectType;

/// What a task of a host decides; none for those that only look or tell.
const fn decision(task: HostTask) -> Option<&'static str> {
    match task {
        HostTask::Add => Some("add"),
        HostTask::Delete => Some("delete"),
        HostTask::Enable => Some("enable"),
        HostTask::Disable => Some("disable"),
        HostTask::NotifyDeleteFailed => Some("refuse-delete"),
        HostTask::NotifyDisableFailed => Some("refuse-lock"),
        HostTask::NotifyDisabled | HostTask::AuditEnabled | HostTask::AuditDisabled => None,
    }
}

/// Why the event led to a decision.
fn cause(host: &Host, event: &HostEvent) -> String {
    let shown = || platform_states(host);
    match event {
        HostEvent::Add => "the platform lists it".to_owned(),
        HostEvent::Delete => "the platform deletes it or lists it no more".to_owned(),
        HostEvent::Lock if host.is_force_lock() => "a forced lock was asked for".to_owned(),
        HostEvent::Lock => "a lock was asked for".to_owned(),
        HostEvent::Unlock => "an unlock was asked for".to_owned(),
        HostEvent::Enable => format!("the platform shows it enabled ({})", shown()),
        HostEvent::Disable => format!("the platform shows it disabled ({})", shown()),
        HostEvent::Audit | HostEvent::PeriodicTimer => "tried again: it is not where it should be".to_owned(),
        HostEvent::TaskFailed { reason, .. } if !reason.is_empty() => reason.clone(),
        HostEvent::TaskFailed { .. } => "what was begun before failed".to_owned(),
        HostEvent::TaskCompleted { .. } if host.nfvi_is_enabled() => {
            format!("the platform shows it enabled ({}), a service is not", shown())
        }
        HostEvent::TaskCompleted { .. } => format!("the platform shows it disabled ({})", shown()),
        HostEvent::InstanceMoved
        | HostEvent::InstancesMoved(_)
        | HostEvent::InstanceStopped
        | HostEvent::InstancesStopped(_) => "its instances have left".to_owned(),
    }
}

/// Who wanted it.
fn initiator(host: &Host) -> &'static str {
    match host.action {
        VimHostAction::None => "platform",
        VimHostAction::Locking | VimHostAction::LockingForce | VimHostAction::Unlocking => "operator",
    }
}

impl Vim {
    /// An event leads to a task of a host.
    pub(in crate::core) fn host_decision_made(&mut self, name: &str, task: HostTask, event: &HostEvent) {
        let (Some(decision), Some(host)) = (decision(task), self.hosts.get(name)) else { return };
        // what is done because something else could not be done has that one's reason
        let cause = match (task, event) {
            (HostTask::NotifyDisableFailed, HostEvent::TaskFailed { .. }) if !host.reason.is_empty() => {
                host.reason.clone()
            }
            (HostTask::Enable, HostEvent::TaskCompleted { .. } | HostEvent::TaskFailed { .. })
                if host.state() == crate::core::host::HostState::DisablingFailed =>
            {
                "the lock was refused: its services are taken up again".to_owned()
            }
            (HostTask::Enable, HostEvent::TaskCompleted { .. }) => cause(host, &HostEvent::Enable),
            _ => cause(host, event),
        };
        let made = Made {
            decision: decision.to_owned(),
            cause,
            by: initiator(host).to_owned(),
            evidence: self.host_evidence(host),
        };
        self.decision_made((ObjectType::Host, name.to_owned()), made);
    }

    /// The task of a host is over.
    pub(in crate::core) fn host_decision_ended(&mut self, name: &str, result: TaskResult, reason: &str) {
        let outcome = match result {
            TaskResult::Success | TaskResult::Degraded => Outcome::Completed,
            TaskResult::Failed => Outcome::Failed,
            TaskResult::TimedOut => Outcome::TimedOut,
            TaskResult::Aborted => Outcome::Cancelled,
        };
        let own = self.hosts.get(name).map(|host| host.reason.clone()).unwrap_or_default();
        let reason = if reason.is_empty() { own } else { reason.to_owned() };
        self.decision_ended(&(ObjectType::Host, name.to_owned()), outcome, &reason);
    }

    /// What the task waits for, and when it must be over.
    pub(super) fn host_decision_waits(&self, host: &Host) -> (Option<Waiting>, Option<Mono>) {
        let task = host.task.as_ref().filter(|task| task.in_progress());
        (task.and_then(Task::waiting).cloned(), task.map(Task::deadline))
    }
}
