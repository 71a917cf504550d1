//! The works of each state in order, and what they do. Contract: vim-behaviour 3.5, 3.6.
//!
//! Before the first request of an action leaves for an instance that Nova has not shown since the process
//! started, Nova is asked: an earlier process may have sent it already. Then it is not sent again.

use super::action::{ActionKind, NfviActionData};
use super::state::{InstanceEvent, InstanceState, Next, Reaction, Running, TIMEOUT, longest, react};
use super::{Instance, VM_ERROR, state::InstanceFacts};
use crate::core::nfvi_call::Then;
use crate::core::{Event, Level, TimerKey, Vim};
use nfv_common::event_log::InitiatedBy;
use nfv_common::fsm::{Progress, Step, Task, TaskResult, Work};
use nfv_nfvi::call::{ComputeCall, NovaAction};
use nfv_nfvi::object::{ActionState, ActionType, InstanceAction};
use nfv_nfvi::{Call, CallResult};
use std::time::Duration;

const LOGGER: &str = "nfv_vim.state_machine.instance";
const WORK_LOGGER: &str = "nfv_vim.state_machine.instance_task_work";
const WORK_FILE: &str = "_instance_task_work.py";

/// One work of an instance's task: a request to Nova.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceWork {
    state: InstanceState,
    phase: Phase,
    limit: Duration,
}

/// How far a work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not begun.
    Fresh,
    /// Nova is asked what the instance does.
    Confirming,
    /// The host must be offline first.
    AwaitingOffline,
    /// The request is out.
    Sent,
    /// Nova took a revert; the instance must come back.
    AwaitingMove,
}

impl Work for InstanceWork {
    fn limit(&self) -> Duration {
        self.limit
    }
}

impl InstanceWork {
    fn new(state: InstanceState) -> Self {
        let seconds = if state == InstanceState::Evacuate { 120 } else { 60 };
        Self { state, phase: Phase::Fresh, limit: Duration::from_secs(seconds) }
    }
}

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
        if let Some(reason) = failed {
            let how = if reason == TIMEOUT { "timed out" } else { "failed" };
            self.log(Level::Info, LOGGER, state.log_file(), format!("{} {how} for {name}.", state.title()));
            self.fail_action(uuid, kind, &reason);
        } else if next == Some(Next::Initial) && matches!(event, InstanceEvent::TaskCompleted { .. }) {
            self.log(
                Level::Info,
                LOGGER,
                state.log_file(),
                format!("{} completed for {name}.", state.title()),
            );
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

    fn instance_facts(&self, instance: &Instance) -> InstanceFacts {
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
            migrating: instance.is_migrating(),
            resizing: instance.is_resizing(),
            rebuilding: instance.is_rebuilding(),
            moved: instance.host() != from,
            from_cli: instance.action_data.from_cli(),
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
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let name = instance.name().to_owned();
        let task_name = format!("{}-instance_{name}", state.as_str());
        instance.task = Some(Task::start(task_name, id, vec![InstanceWork::new(state)], now));
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
        let reason = if task.is_task_overdue(now) { "timeout" } else { "" };
        let sent = task.current().is_some_and(|work| work.phase == Phase::Sent);
        let progress = task.time_out(reason.to_owned());
        if sent {
            self.see_anew(uuid);
        }
        let text = format!("Instance {name} waited too long for {}.", waiting.what);
        self.log(Level::Error, WORK_LOGGER, WORK_FILE, text);
        self.instance_task_progress(uuid, progress);
    }

    fn run_instance_work(&mut self, uuid: &str, work: &InstanceWork) -> Step {
        if work.state == InstanceState::Delete {
            return Step::Done;
        }
        let Some(instance) = self.instances.get(uuid) else { return Step::Failed(String::new()) };
        if self.has_older_request(instance) {
            self.set_phase(uuid, Phase::Confirming);
            return Step::Wait("an earlier request about the instance to end".to_owned());
        }
        if !instance.confirmed {
            self.set_phase(uuid, Phase::Confirming);
            self.ask_for_instance(uuid);
            return Step::Wait("Nova to show the instance".to_owned());
        }
        self.send_instance_work(uuid, work.state)
    }

    /// The instance is known as it is now: sends the request, unless it is out already.
    fn send_instance_work(&mut self, uuid: &str, state: InstanceState) -> Step {
        let Some(instance) = self.instances.get(uuid) else { return Step::Failed(String::new()) };
        if self.has_older_request(instance) {
            // its end asks for the instance again, and that goes on here
            return Step::Wait("an earlier request about the instance to end".to_owned());
        }
        if instance.does_already(state) {
            let text = format!("Instance {} does {} already.", instance.name(), state.as_str());
            self.log(Level::Info, WORK_LOGGER, WORK_FILE, text);
            // a failing that is not needed any more ends here: nothing will be seen of it
            return if state == InstanceState::Fail { Step::Failed(String::new()) } else { Step::Done };
        }
        if state == InstanceState::Evacuate && !self.is_host_away(instance.host()) {
            let host = instance.host().unwrap_or("its host").to_owned();
            self.set_phase(uuid, Phase::AwaitingOffline);
            return Step::Wait(format!("host {host} to be offline"));
        }
        if self.is_not_to_be_emptied(instance, state) {
            return Step::Failed(format!("host {} is back in service", instance.host().unwrap_or("None")));
        }
        let Some(action) = nova_action(instance, state) else { return Step::Failed(String::new()) };
        let context = instance.action_data.context();
        let Some(task) = instance.task.as_ref().map(Task::id) else { return Step::Failed(String::new()) };
        self.set_phase(uuid, Phase::Sent);
        if state == InstanceState::ColdMigrateConfirm
            && let Some(instance) = self.instances.get_mut(uuid)
        {
            instance.confirm_sent = Some(self.now.mono);
        }
        if state != InstanceState::Fail {
            self.set_action_state(uuid, ActionState::Initiated);
        }
        let call = ComputeCall::InstanceAction { uuid: uuid.to_owned(), action, context };
        self.call(Call::Compute(call), Then::InstanceWork { uuid: uuid.to_owned(), task });
        Step::Wait(format!("Nova to take the {}", state.as_str()))
    }

    /// A request of an action that was replaced has not ended: another one now could overtake it.
    fn has_older_request(&self, instance: &Instance) -> bool {
        let current = instance.task.as_ref().map(Task::id);
        self.open_questions().any(|then| match then {
            Then::InstanceWork { uuid, task } => uuid == instance.uuid() && Some(*task) != current,
            _ => false,
        })
    }

    /// The director wanted the instance off a host that came back before the request could leave: while Nova was
    /// asked about the instance (docs/differences.md).
    fn is_not_to_be_emptied(&self, instance: &Instance, state: InstanceState) -> bool {
        matches!(state, InstanceState::LiveMigrate | InstanceState::ColdMigrate)
            && instance.running.as_ref().is_some_and(|running| running.by == InitiatedBy::InstanceDirector)
            && instance.host().is_some_and(|host| !self.operations.contains_key(host))
    }

    fn set_phase(&mut self, uuid: &str, phase: Phase) {
        let task = self.instances.get_mut(uuid).and_then(|instance| instance.task.as_mut());
        if let Some(work) = task.and_then(Task::current_mut) {
            work.phase = phase;
        }
    }

    fn set_action_state(&mut self, uuid: &str, state: ActionState) {
        if let Some(instance) = self.instances.get_mut(uuid) {
            instance.action_data.state = Some(state);
            self.dirty_instances.insert(uuid.to_owned());
        }
    }

    /// Maintenance says that the host cannot be reached or has no power. A host that it does not have is away, but
    /// only once it has listed its hosts.
    pub(in crate::core) fn is_host_away(&self, host: Option<&str>) -> bool {
        match host.and_then(|host| self.hosts.get(host)) {
            Some(host) => host.is_offline() || host.is_power_off(),
            None => self.audits.hosts_listed,
        }
    }

    /// Nova answered an action.
    pub(in crate::core) fn instance_work_answered(&mut self, uuid: &str, task: u64, result: CallResult) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let Some(current) = instance.task.as_ref().filter(|current| current.id() == task) else {
            // the action was replaced, but Nova may have taken its request
            return self.see_anew(uuid);
        };
        let Some(work) = current.current().cloned() else { return };
        if work.phase != Phase::Sent {
            return;
        }
        let completed = if result.is_ok() { "True" } else { "False" };
        let reason = result.as_ref().err().map(|error| error.reason.clone()).unwrap_or_default();
        let text = format!(
            "{}-Instance callback for {}, response={{'completed': {completed}, 'reason': '{reason}'}}.",
            work.state.title(),
            instance.name()
        );
        self.log(Level::Debug, WORK_LOGGER, WORK_FILE, text);
        let step = match result {
            Err(error) => Step::Failed(error.reason),
            Ok(_) => match self.revert_wait(work.state) {
                Some(limit) if !limit.is_zero() => {
                    self.set_phase(uuid, Phase::AwaitingMove);
                    let now = self.now.mono;
                    if let Some(task) = self.instances.get_mut(uuid).and_then(|i| i.task.as_mut()) {
                        task.extend(limit, now);
                    }
                    Step::Wait("the instance to come back".to_owned())
                }
                _ => Step::Done,
            },
        };
        self.see_anew(uuid);
        self.record_instance_step(uuid, step);
    }

    /// An action may have reached Nova: what was known of the instance does not count any more, and nothing else is
    /// done with it before Nova has shown it again.
    fn see_anew(&mut self, uuid: &str) {
        if let Some(instance) = self.instances.get_mut(uuid) {
            instance.confirmed = false;
            instance.version += 1;
            self.ask_for_instance(uuid);
        }
    }

    /// A revert is over when the instance is back, not when Nova took it.
    fn revert_wait(&self, state: InstanceState) -> Option<Duration> {
        match state {
            InstanceState::ColdMigrateRevert => Some(self.config.instance.max_cold_migrate_wait),
            InstanceState::ResizeRevert => Some(self.config.instance.max_resize_wait),
            _ => None,
        }
    }

    /// The current work looks at an event first; true when it took it.
    fn instance_work_event(&mut self, uuid: &str, event: &InstanceEvent) -> bool {
        let Some(instance) = self.instances.get(uuid) else { return false };
        let Some(task) = instance.task.as_ref().filter(|task| task.waiting().is_some()) else { return false };
        let Some(work) = task.current().cloned() else { return false };
        let offline = instance
            .host()
            .and_then(|host| self.hosts.get(host))
            .is_some_and(crate::core::host::Host::is_offline);
        let step = match (work.phase, event) {
            (Phase::Confirming, InstanceEvent::Confirmed) => self.send_instance_work(uuid, work.state),
            (Phase::AwaitingOffline, InstanceEvent::NfviHostOffline) => {
                self.send_instance_work(uuid, work.state)
            }
            (Phase::AwaitingOffline, InstanceEvent::Audit) if offline => {
                self.send_instance_work(uuid, work.state)
            }
            (Phase::AwaitingMove, InstanceEvent::NfviHostChanged) => Step::Done,
            (Phase::AwaitingMove, InstanceEvent::ResizeRevertCompleted)
                if work.state == InstanceState::ResizeRevert =>
            {
                Step::Done
            }
            _ => return false,
        };
        if self.record_instance_step(uuid, step) {
            self.drive_instance_task(uuid);
        }
        true
    }
}

impl Instance {
    /// The task waits for Nova to answer its request.
    pub(in crate::core) fn awaits_nova(&self, task: u64) -> bool {
        self.task.as_ref().is_some_and(|current| {
            current.id() == task && current.current().is_some_and(|work| work.phase == Phase::Sent)
        })
    }

    /// The task is the one that evacuates it.
    pub(in crate::core) fn is_evacuation(&self, task: u64) -> bool {
        self.task.as_ref().is_some_and(|current| {
            current.id() == task
                && current.current().is_some_and(|work| work.state == InstanceState::Evacuate)
        })
    }

    /// The machine of what an earlier process had under way.
    pub(super) fn resumed_kind(&self) -> Option<ActionKind> {
        ActionKind::of(self.resuming.as_ref()?, &self.last_action_data.action_type())
    }

    /// Nova shows that nothing is to be asked: it is in error already; or an earlier process asked for the same, and it
    /// is under way or done.
    fn does_already(&self, state: InstanceState) -> bool {
        let marked = self.nfvi.nfvi_data.vm_state == VM_ERROR && !self.is_action_running();
        if state == InstanceState::Fail && marked {
            return true;
        }
        let Some(resuming) = &self.resuming else { return false };
        let moved = self.running.as_ref().is_some_and(|running| running.from.as_deref() != self.host());
        match (state, resuming) {
            (InstanceState::LiveMigrate, ActionType::LiveMigrate) => self.is_migrating() || moved,
            (InstanceState::ColdMigrate, ActionType::ColdMigrate) => {
                self.is_resizing() || self.is_resized() || moved
            }
            (InstanceState::ColdMigrateConfirm, ActionType::ColdMigrate | ActionType::ConfirmResize)
            | (InstanceState::ResizeConfirm, ActionType::ConfirmResize) => !self.is_resized(),
            (InstanceState::Evacuate, ActionType::Evacuate) => self.is_rebuilding() || moved,
            (InstanceState::Reboot, ActionType::Reboot) => self.is_rebooting() || self.is_recovered(),
            (InstanceState::Rebuild, ActionType::Rebuild) => self.is_rebuilding() || self.is_recovered(),
            (InstanceState::Start, ActionType::Start) => {
                self.nfvi.action == InstanceAction::PoweringOn || !self.is_locked()
            }
            (InstanceState::Stop, ActionType::Stop) => {
                self.nfvi.action == InstanceAction::PoweringOff || self.is_locked()
            }
            // a failing precedes the healing and must not break into it
            (InstanceState::Fail, ActionType::Evacuate) => self.does_already(InstanceState::Evacuate),
            (InstanceState::Fail, ActionType::Reboot) => self.does_already(InstanceState::Reboot),
            (InstanceState::Fail, ActionType::Rebuild) => self.does_already(InstanceState::Rebuild),
            _ => false,
        }
    }
}

/// The request to Nova for a state; none when something it needs is missing. Contract: vim-behaviour 3.6.
fn nova_action(instance: &Instance, state: InstanceState) -> Option<NovaAction> {
    let data = instance.action_data.nfvi.as_ref();
    let parameters = data.map(NfviActionData::parameters).unwrap_or_default();
    Some(match state {
        InstanceState::LiveMigrate => {
            let given = parameters.host.is_some() || parameters.block_migration.is_some();
            let auto = serde_json::Value::from("auto");
            let default = if given { serde_json::Value::from(false) } else { auto };
            NovaAction::LiveMigrate {
                block_migration: parameters.block_migration.unwrap_or(default),
                host: parameters.host,
            }
        }
        InstanceState::ColdMigrate => NovaAction::ColdMigrate,
        InstanceState::ColdMigrateConfirm | InstanceState::ResizeConfirm => NovaAction::ConfirmResize,
        InstanceState::ColdMigrateRevert | InstanceState::ResizeRevert => NovaAction::RevertResize,
        InstanceState::Resize => NovaAction::Resize { flavor: parameters.instance_type_uuid? },
        InstanceState::Evacuate => NovaAction::Evacuate,
        InstanceState::Start => NovaAction::Start,
        InstanceState::Stop => NovaAction::Stop,
        InstanceState::Pause => NovaAction::Pause,
        InstanceState::Unpause => NovaAction::Unpause,
        InstanceState::Suspend => NovaAction::Suspend,
        InstanceState::Resume => NovaAction::Resume,
        InstanceState::Reboot => NovaAction::Reboot { graceful: parameters.graceful_shutdown == Some(true) },
        InstanceState::Rebuild => NovaAction::Rebuild {
            name: parameters.instance_name.unwrap_or_else(|| instance.name().to_owned()),
            image: parameters.instance_image_uuid.or_else(|| instance.nfvi.image_uuid.clone())?,
        },
        InstanceState::Fail => NovaAction::ResetStateToError,
        InstanceState::Delete => return None,
    })
}
