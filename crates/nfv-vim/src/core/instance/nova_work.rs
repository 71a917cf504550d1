//! The requests to Nova. Contract: vim-behaviour 3.6.
//!
//! Before the first request of an action leaves for an instance that Nova has not shown since the process
//! started, Nova is asked: an earlier process may have sent it already. Then it is not sent again.

use super::action::{ActionKind, NfviActionData};
use super::state::{InstanceEvent, InstanceState};
use super::task::{WORK_FILE, WORK_LOGGER};
use super::work::{InstanceWork, Phase, WorkKind};
use super::{Instance, VM_ERROR};
use crate::core::nfvi_call::Then;
use crate::core::{Level, Vim};
use nfv_common::event_log::InitiatedBy;
use nfv_common::fsm::{Step, Task};
use nfv_nfvi::call::{ComputeCall, NovaAction};
use nfv_nfvi::object::{ActionState, ActionType, InstanceAction};
use nfv_nfvi::{Call, CallResult};
use std::time::Duration;

impl Vim {
    pub(super) fn run_nova_work(&mut self, uuid: &str, state: InstanceState) -> Step {
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
        self.send_instance_work(uuid, state)
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
        if work.kind != WorkKind::Nova || work.phase != Phase::Sent {
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
        if work.state == InstanceState::ColdMigrateConfirm
            && let Some(instance) = self.instances.get_mut(uuid)
        {
            // it may have waited for its turn
            instance.confirm_sent = Some(self.now.mono);
        }
        self.see_anew(uuid);
        self.continue_instance_task(uuid, step);
    }

    /// An action may have reached Nova: what was known of the instance does not count any more, and nothing else is
    /// done with it before Nova has shown it again.
    pub(super) fn see_anew(&mut self, uuid: &str) {
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

    /// What an event means to a request to Nova; none when nothing.
    pub(super) fn nova_work_event(
        &mut self,
        uuid: &str,
        work: &InstanceWork,
        event: &InstanceEvent,
    ) -> Option<Step> {
        let offline = self
            .instances
            .get(uuid)
            .and_then(Instance::host)
            .and_then(|host| self.hosts.get(host))
            .is_some_and(crate::core::host::Host::is_offline);
        match (work.phase, event) {
            (Phase::Confirming, InstanceEvent::Confirmed)
            | (Phase::AwaitingOffline, InstanceEvent::NfviHostOffline) => {
                Some(self.send_instance_work(uuid, work.state))
            }
            (Phase::AwaitingOffline, InstanceEvent::Audit) if offline => {
                Some(self.send_instance_work(uuid, work.state))
            }
            (Phase::AwaitingMove, InstanceEvent::NfviHostChanged) => Some(Step::Done),
            (Phase::AwaitingMove, InstanceEvent::ResizeRevertCompleted)
                if work.state == InstanceState::ResizeRevert =>
            {
                Some(Step::Done)
            }
            _ => None,
        }
    }
}

impl Instance {
    /// The task waits for Nova to answer its request.
    pub(in crate::core) fn awaits_nova(&self, task: u64) -> bool {
        self.task.as_ref().is_some_and(|current| {
            current.id() == task
                && current
                    .current()
                    .is_some_and(|work| work.kind == WorkKind::Nova && work.phase == Phase::Sent)
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
    pub(super) fn does_already(&self, state: InstanceState) -> bool {
        let marked = self.nfvi.nfvi_data.vm_state == VM_ERROR && !self.is_action_running();
        if state == InstanceState::Fail && marked {
            return true;
        }
        // it came back while the request waited
        let heals = matches!(state, InstanceState::Reboot | InstanceState::Rebuild)
            && self.running.as_ref().is_some_and(|running| running.by == InitiatedBy::InstanceDirector);
        if heals && self.is_recovered() {
            return true;
        }
        // late news made the VIM give up an evacuation that Nova performs
        if state == InstanceState::Evacuate && self.is_rebuilding() {
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
        InstanceState::LiveMigrateFinish
        | InstanceState::Delete
        | InstanceState::GuestServicesCreate
        | InstanceState::GuestServicesEnable
        | InstanceState::GuestServicesDisable
        | InstanceState::GuestServicesSet
        | InstanceState::GuestServicesDelete => return None,
    })
}
