//! Running the transition table: leaving and entering states, starting tasks. Contract: vim-behaviour 2.4, 2.6.

use super::service::ServiceState;
use super::state::{HostEvent, HostFacts, HostMove, HostState, may_wait_deleting, transition};
use super::task::{self, HostTask};
use super::{Host, HostWork, VimHostAction};
use crate::core::director::SwMgmtEvent;
use crate::core::{Level, TimerKey, Vim};
use nfv_common::fsm::{Progress, Step, Task, TaskResult};
use nfv_vim_rpc::history::ObjectType;

/// Logger of the host state machine.
pub(super) const LOGGER: &str = "nfv_vim.state_machine.host";

impl Vim {
    /// Gives an event to a host's state machine.
    pub(in crate::core) fn host_event(&mut self, name: &str, event: HostEvent) {
        let Some(host) = self.hosts.get(name) else { return };
        if let HostEvent::TaskCompleted { task } | HostEvent::TaskFailed { task, .. } = &event
            && host.task.as_ref().is_none_or(|current| current.id() != *task)
        {
            return;
        }
        if host.state().task_first() && self.host_work_event(name, &event) {
            return;
        }
        let Some(host) = self.hosts.get(name) else { return };
        let state = host.state();
        if let HostEvent::TaskFailed { reason, .. } = &event {
            let text = format!("Task of host {name} in state {} failed: {reason}.", state.as_str());
            self.log(Level::Error, LOGGER, state.log_file(), text);
        }
        let Some(host) = self.hosts.get(name) else { return };
        let facts = self.host_facts(host);
        match transition(state, &event, facts) {
            HostMove::Stay => {}
            HostMove::Go(next) => {
                self.host_goes_because(name, next, &event);
                self.host_go(name, next);
            }
            HostMove::CancelLockAndGo(next) => {
                // the decision is about the host as it was, its lock included
                self.host_goes_because(name, next, &event);
                let locking = self.hosts.get(name).is_some_and(Host::is_locking);
                self.host_cancel_lock(name);
                self.host_go(name, next);
                if locking && next == HostState::Disabled {
                    self.host_given_to_lock(name);
                }
            }
            HostMove::Restart => {
                if let Some(task) = state.task() {
                    self.host_decision_made(name, task, &event);
                    self.host_start_task(name, task);
                }
            }
            HostMove::Start(task) => self.host_start_task(name, task),
            HostMove::Replace(task) => {
                self.host_abort_task(name);
                self.host_start_task(name, task);
                if task == HostTask::NotifyDisabled {
                    self.host_given_to_lock(name);
                }
            }
        }
    }

    /// sysinv and maintenance go on with a lock from here.
    fn host_given_to_lock(&mut self, name: &str) {
        let now = self.now.mono;
        if let Some(host) = self.hosts.get_mut(name) {
            host.given_to_lock = Some(now);
        }
    }

    fn host_facts(&self, host: &Host) -> HostFacts {
        // of this process: what an earlier one spent in the state does not count, as its task is gone as well
        let in_state = self.now.mono.since(host.machine.since());
        HostFacts {
            nfvi_enabled: host.nfvi_is_enabled(),
            locking: host.is_locking(),
            services_as_wanted: host.services_state() == ServiceState::Enabled || host.services_locked,
            idle: host.is_idle(),
            may_wait_deleting: may_wait_deleting(in_state, self.config.host.deleting_wait),
        }
    }

    fn host_goes_because(&mut self, name: &str, next: HostState, event: &HostEvent) {
        if let Some(task) = next.task() {
            self.host_decision_made(name, task, event);
        }
    }

    fn host_cancel_lock(&mut self, name: &str) {
        if let Some(host) = self.hosts.get_mut(name)
            && host.is_locking()
        {
            host.action = VimHostAction::None;
            self.dirty_hosts.insert(name.to_owned());
        }
    }

    fn host_go(&mut self, name: &str, next: HostState) {
        let now = self.now.mono;
        let Some(host) = self.hosts.get_mut(name) else { return };
        let Some(old) = host.machine.go(next, now) else { return };
        match old {
            HostState::DisablingFailed | HostState::DeletingFailed => host.reason.clear(),
            HostState::Deleting if next != HostState::DeletingFailed => host.reason.clear(),
            _ => {}
        }
        match next {
            HostState::Disabling | HostState::Disabled | HostState::Deleting => host.reason.clear(),
            _ => {}
        }
        host.given_to_lock = None;
        host.keep_true_words();
        host.stamp_elapsed(true, now);
        host.clear_action_when_reached();
        self.dirty_hosts.insert(name.to_owned());
        self.host_abort_task(name);
        let leaving = format!("Exiting state ({}) for {name}.", old.as_str());
        self.log(Level::Info, LOGGER, old.log_file(), leaving);
        let entering = format!("Entering state ({}) for {name}.", next.as_str());
        self.log(Level::Info, LOGGER, next.log_file(), entering);
        self.tell_sw_mgmt(SwMgmtEvent::HostStateChanged { host: name.to_owned() });
        if next == HostState::Disabling {
            self.storm_host_disabling(name);
        }
        if let Some(task) = next.task() {
            self.host_start_task(name, task);
        }
    }

    fn host_start_task(&mut self, name: &str, kind: HostTask) {
        let id = self.next_id();
        let now = self.now.mono;
        let config = &self.config;
        let Some(host) = self.hosts.get_mut(name) else { return };
        host.held = None;
        host.begin_task(kind);
        let works = task::works(kind, host, config);
        if works.is_empty() {
            // nothing to do is done at once, and the state hears of it as of any other task
            host.task = Some(finished_task(kind, name, id, now));
            self.host_decision_ended(name, TaskResult::Success, "");
            self.post_host(name, HostEvent::TaskCompleted { task: id });
            return;
        }
        host.task = Some(Task::start(kind.name(name), id, works, now));
        self.drive_host_task(name);
    }

    /// Runs works until one waits or the task is over.
    pub(super) fn drive_host_task(&mut self, name: &str) {
        while let Some(work) = self.host_work(name) {
            let step = self.run_host_work(name, &work);
            if !self.record_host_step(name, step) {
                break;
            }
        }
    }

    /// The current work that has not begun to wait.
    fn host_work(&self, name: &str) -> Option<HostWork> {
        let task = self.hosts.get(name)?.task.as_ref()?;
        if task.waiting().is_some() { None } else { task.current().cloned() }
    }

    /// Takes in what a work came to; true when the next work is to run.
    pub(super) fn record_host_step(&mut self, name: &str, step: Step) -> bool {
        let now = self.now.mono;
        let Some(task) = self.hosts.get_mut(name).and_then(|host| host.task.as_mut()) else { return false };
        let progress = task.record(step, now);
        self.host_task_progress(name, progress)
    }

    pub(super) fn host_task_progress(&mut self, name: &str, progress: Progress) -> bool {
        self.arm_host_task(name);
        match progress {
            Progress::Next => true,
            Progress::Waiting => false,
            Progress::Finished { result, reason } => {
                self.host_task_finished(name, result, reason);
                false
            }
        }
    }

    pub(super) fn arm_host_task(&mut self, name: &str) {
        self.history_moved(ObjectType::Host, name);
        let key = TimerKey::HostTask(name.to_owned());
        match self.hosts.get(name).and_then(|host| host.task.as_ref()).and_then(Task::due) {
            Some(due) => self.timers.arm(key, due),
            None => {
                self.timers.cancel(&key);
            }
        }
    }

    fn host_task_finished(&mut self, name: &str, result: TaskResult, reason: String) {
        let Some(host) = self.hosts.get(name) else { return };
        let Some(task) = host.task.as_ref() else { return };
        let (id, state) = (task.id(), host.state());
        self.host_decision_ended(name, result, &reason);
        let Some(task) = self.hosts.get(name).and_then(|host| host.task.as_ref()) else { return };
        if result != TaskResult::Success {
            for work in task.begun() {
                self.abort_host_work(name, &work);
            }
        }
        // Contract 2.6: the directors hear before the state machine does
        match state {
            HostState::Enabling if result == TaskResult::Success => self.director_host_enabled(),
            HostState::Disabling => self.director_host_disabled(name),
            _ => {}
        }
        let event = match result {
            TaskResult::Success => HostEvent::TaskCompleted { task: id },
            TaskResult::Degraded | TaskResult::Failed | TaskResult::TimedOut => {
                HostEvent::TaskFailed { task: id, reason }
            }
            TaskResult::Aborted => return,
        };
        self.post_host(name, event);
    }

    fn host_abort_task(&mut self, name: &str) {
        let works =
            self.hosts.get_mut(name).and_then(|host| host.task.as_mut()).map(Task::abort).unwrap_or_default();
        self.timers.cancel(&TimerKey::HostTask(name.to_owned()));
        for work in works {
            self.abort_host_work(name, &work);
        }
    }

    /// The deadline of a work, or of the whole task, has come.
    pub(in crate::core) fn host_task_due(&mut self, name: &str) {
        let now = self.now.mono;
        let Some(task) = self.hosts.get_mut(name).and_then(|host| host.task.as_mut()) else { return };
        if task.is_task_overdue(now) {
            let progress = task.time_out("timeout".to_owned());
            self.host_task_progress(name, progress);
            return;
        }
        let Some(work) = task.current().cloned() else { return };
        if let Some(waiting) = task.waiting() {
            let text = format!("Host {name} waited too long for {}.", waiting.what);
            self.log(Level::Error, LOGGER, "_host_task_work.py", text);
        }
        match self.host_work_timed_out(name, &work) {
            Some(step) => {
                if self.record_host_step(name, step) {
                    self.drive_host_task(name);
                }
            }
            None => {
                let Some(task) = self.hosts.get_mut(name).and_then(|host| host.task.as_mut()) else { return };
                let progress = task.time_out(String::new());
                self.host_task_progress(name, progress);
            }
        }
    }
}

/// A task without works: over before it began.
fn finished_task(kind: HostTask, name: &str, id: u64, now: nfv_common::time::Mono) -> Task<HostWork> {
    let mut task = Task::start(kind.name(name), id, Vec::new(), now);
    task.record(Step::Done, now);
    task
}
