//! Running a state's task: its works one after another, their deadlines, and what the state makes of events.
//! Contract: vim-behaviour 3.4, 3.5.

use super::Instance;
use super::reaction::TIMEOUT;
use super::state::{InstanceEvent, InstanceFacts, Next, Reaction, Running, longest, react};
use super::work::{InstanceWork, Phase, WorkKind, task_name};
use crate::core::{Event, Level, TimerKey, Vim};
use nfv_common::fsm::{Progress, Step, Task, TaskResult};
use nfv_nfvi::object::{ActionState, InstanceAction};
use nfv_vim_rpc::history::ObjectType;

const LOGGER: &str = "nfv_vim.state_machine.instance";
pub(super) const WORK_LOGGER: &str = "nfv_vim.state_machine.instance_task_work";
pub(super) const WORK_FILE: &str = "_instance_task_work.py";

impl Vim {
    /// Gives an event to the running action of an instance; dropped if there is none.
    pub(in crate::core) fn instance_event(&mut self, uuid: &str, event: InstanceEvent) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let Some(running) = &instance.running else { return };
        if let InstanceEvent::TaskCompleted { task } | InstanceEvent::TaskFailed { task, .. } = &event
            && instance.task.as_ref().is_none_or(|current| current.id() != *task)
        {
            return;
        }
        if (running.state.task_first() || event == InstanceEvent::Confirmed)
            && self.instance_work_event(uuid, &event)
        {
            return;
        }
        self.instance_react(uuid, &event);
    }

    /// Lets the state react, and carries the reaction out.
    pub(super) fn instance_react(&mut self, uuid: &str, event: &InstanceEvent) {
        let now = self.now.mono;
        let Some(instance) = self.instances.get(uuid) else { return };
        let facts = self.instance_facts(instance);
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let name = instance.name().to_owned();
        let Some(running) = &mut instance.running else { return };
        let (kind, state, from) = (running.kind, running.state, running.from.clone());
        let (by, record) = (running.by, running.record);
        let Reaction { failed, report, next, restart, deleted } = react(running, event, &facts, now);
        if restart {
            self.enter_instance_state(uuid);
            return;
        }
        if let Some(reason) = &failed {
            let how = if reason == TIMEOUT { "timed out" } else { "failed" };
            self.log(Level::Info, LOGGER, state.log_file(), format!("{} {how} for {name}.", state.title()));
            self.fail_action(uuid, kind, reason);
        } else if next == Some(Next::Initial) && *event != InstanceEvent::TaskStop {
            self.log(
                Level::Info,
                LOGGER,
                state.log_file(),
                format!("{} completed for {name}.", state.title()),
            );
        } else if next.is_none() && matches!(event, InstanceEvent::TaskCompleted { .. }) {
            let text = format!("{} inprogress for {name}.", state.title());
            self.log(Level::Debug, LOGGER, state.log_file(), text);
        }
        if next == Some(Next::Initial) && *event != InstanceEvent::TaskStop {
            self.instance_decision_ended(uuid, failed.as_deref(), report);
        }
        if let Some(report) = report {
            self.queue.push_back(Event::Report { uuid: uuid.to_owned(), report, from });
        }
        if deleted {
            self.instance_deleted(uuid);
        }
        // a stop leaves the rest to whoever takes the slot
        if *event == InstanceEvent::TaskStop {
            return;
        }
        match next {
            None => {}
            Some(Next::Initial) => self.action_finished(uuid),
            Some(Next::State(next)) => {
                self.abort_instance_task(uuid);
                if let Some(instance) = self.instances.get_mut(uuid) {
                    let from = instance.nfvi.host_name.clone();
                    instance.running = Some(Running { by, record, ..Running::new(kind, next, from, now) });
                }
                self.enter_instance_state(uuid);
            }
        }
    }

    pub(super) fn instance_facts(&self, instance: &Instance) -> InstanceFacts {
        let config = &self.config.instance;
        let from = instance.running.as_ref().and_then(|running| running.from.as_deref());
        InstanceFacts {
            idle: instance.task.as_ref().is_none_or(|task| !task.in_progress()),
            task_timed_out: instance
                .task
                .as_ref()
                .is_some_and(|task| task.result() == Some(TaskResult::TimedOut)),
            locked: instance.is_locked(),
            enabled: instance.is_enabled(),
            disabled: instance.is_disabled(),
            failed: instance.is_failed(),
            stopping: instance.nfvi.action == InstanceAction::PoweringOff,
            migrating: instance.is_migrating(),
            resizing: instance.is_resizing(),
            rebuilding: instance.is_rebuilding(),
            moved: instance.host() != from,
            from_cli: instance.action_data.from_cli(),
            guest: self.has_guest_services(instance),
            live_limit: self.live_migrate_wait(instance),
            cold_limit: config.max_cold_migrate_wait,
            evacuate_limit: config.max_evacuate_wait,
            revert_limit: config.max_cold_migrate_wait.max(config.max_resize_wait),
        }
    }

    /// Starts the task of the state that was entered.
    pub(super) fn enter_instance_state(&mut self, uuid: &str) {
        let id = self.next_id();
        let now = self.now.mono;
        let Some(instance) = self.instances.get(uuid) else { return };
        let Some(state) = instance.running.as_ref().map(|running| running.state) else { return };
        let deadline = now + longest(state, &self.instance_facts(instance));
        self.timers.arm(TimerKey::Action(uuid.to_owned()), deadline);
        self.history_moved(ObjectType::Instance, uuid);
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let name = instance.name().to_owned();
        instance.task = Some(Task::start(task_name(state, &name), id, InstanceWork::of(state), now));
        self.log(
            Level::Info,
            LOGGER,
            state.log_file(),
            format!("Entering state ({}) for {name}.", state.as_str()),
        );
        self.drive_instance_task(uuid);
    }

    /// Runs the current work, if it has not begun to wait.
    fn drive_instance_task(&mut self, uuid: &str) {
        while let Some(work) = self.instance_work(uuid) {
            let step = self.run_instance_work(uuid, &work);
            if !self.record_instance_step(uuid, step) {
                break;
            }
        }
    }

    fn instance_work(&self, uuid: &str) -> Option<InstanceWork> {
        let task = self.instances.get(uuid)?.task.as_ref()?;
        if task.waiting().is_some() { None } else { task.current().cloned() }
    }

    fn record_instance_step(&mut self, uuid: &str, step: Step) -> bool {
        let now = self.now.mono;
        let Some(task) = self.instances.get_mut(uuid).and_then(|instance| instance.task.as_mut()) else {
            return false;
        };
        let progress = task.record(step, now);
        self.instance_task_progress(uuid, progress)
    }

    fn instance_task_progress(&mut self, uuid: &str, progress: Progress) -> bool {
        self.arm_instance_task(uuid);
        match progress {
            Progress::Next => true,
            Progress::Waiting => false,
            Progress::Finished { result, reason } => {
                let id = self.instances.get(uuid).and_then(|i| i.task.as_ref()).map(Task::id);
                if let Some(task) = id {
                    let event = match result {
                        TaskResult::Success => InstanceEvent::TaskCompleted { task },
                        TaskResult::Degraded
                        | TaskResult::Failed
                        | TaskResult::TimedOut
                        | TaskResult::Aborted => InstanceEvent::TaskFailed { task, reason },
                    };
                    self.post_instance(uuid, event);
                }
                false
            }
        }
    }

    fn arm_instance_task(&mut self, uuid: &str) {
        self.history_moved(ObjectType::Instance, uuid);
        let key = TimerKey::InstanceTask(uuid.to_owned());
        match self.instances.get(uuid).and_then(|instance| instance.task.as_ref()).and_then(Task::due) {
            Some(due) => self.timers.arm(key, due),
            None => {
                self.timers.cancel(&key);
            }
        }
    }

    pub(super) fn abort_instance_task(&mut self, uuid: &str) {
        if let Some(task) = self.instances.get_mut(uuid).and_then(|instance| instance.task.as_mut()) {
            task.abort();
        }
        self.timers.cancel(&TimerKey::InstanceTask(uuid.to_owned()));
    }

    /// The deadline of an instance's work has come.
    pub(in crate::core) fn instance_task_due(&mut self, uuid: &str) {
        let now = self.now.mono;
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let name = instance.name().to_owned();
        let Some(task) = instance.task.as_mut() else { return };
        let Some(waiting) = task.waiting().cloned() else { return };
        let overdue = task.is_task_overdue(now);
        let Some(work) = task.current().cloned() else { return };
        if work.kind.passes_when_failed() && !overdue {
            let text = format!("{} timeout for {name}, force-passing.", work.kind.title());
            self.log(Level::Info, WORK_LOGGER, WORK_FILE, text);
            return self.continue_instance_task(uuid, Step::Done);
        }
        let reason = if overdue { "timeout" } else { "" };
        let sent = work.kind == WorkKind::Nova && work.phase == Phase::Sent;
        let progress = task.time_out(reason.to_owned());
        if sent {
            self.see_anew(uuid);
        }
        let text = format!("Instance {name} waited too long for {}.", waiting.what);
        self.log(Level::Error, WORK_LOGGER, WORK_FILE, text);
        self.instance_task_progress(uuid, progress);
    }

    fn run_instance_work(&mut self, uuid: &str, work: &InstanceWork) -> Step {
        match work.kind {
            WorkKind::Forget => Step::Done,
            WorkKind::Nova => self.run_nova_work(uuid, work.state),
            WorkKind::Vote
            | WorkKind::PreNotify
            | WorkKind::PostNotify
            | WorkKind::GuestDisable
            | WorkKind::GuestEnable
            | WorkKind::GuestCreate
            | WorkKind::GuestSet
            | WorkKind::GuestDelete => self.run_guest_work(uuid, work),
        }
    }

    /// The current work came to this; the next one runs if there is one.
    pub(super) fn continue_instance_task(&mut self, uuid: &str, step: Step) {
        if self.record_instance_step(uuid, step) {
            self.drive_instance_task(uuid);
        }
    }

    pub(super) fn set_phase(&mut self, uuid: &str, phase: Phase) {
        let task = self.instances.get_mut(uuid).and_then(|instance| instance.task.as_mut());
        if let Some(work) = task.and_then(Task::current_mut) {
            work.phase = phase;
        }
    }

    pub(super) fn set_action_state(&mut self, uuid: &str, state: ActionState) {
        if let Some(instance) = self.instances.get_mut(uuid) {
            instance.action_data.state = Some(state);
            self.dirty_instances.insert(uuid.to_owned());
        }
    }

    /// The current work looks at an event first; true when it took it.
    fn instance_work_event(&mut self, uuid: &str, event: &InstanceEvent) -> bool {
        let Some(instance) = self.instances.get(uuid) else { return false };
        let Some(task) = instance.task.as_ref().filter(|task| task.waiting().is_some()) else { return false };
        let Some(work) = task.current().cloned() else { return false };
        let step = match work.kind {
            WorkKind::Nova => self.nova_work_event(uuid, &work, event),
            WorkKind::Vote
            | WorkKind::PreNotify
            | WorkKind::PostNotify
            | WorkKind::GuestDisable
            | WorkKind::GuestEnable
            | WorkKind::GuestCreate
            | WorkKind::GuestSet
            | WorkKind::GuestDelete => self.guest_work_event(uuid, &work, event),
            WorkKind::Forget => None,
        };
        let Some(step) = step else { return false };
        self.continue_instance_task(uuid, step);
        true
    }
}
