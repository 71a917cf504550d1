//! The works that speak with the guest agent. Contract: vim-behaviour 3.7.

use super::guest_services::{GuestServiceState, LONGEST_GUEST_WAIT};
use super::state::InstanceEvent;
use super::task::{WORK_FILE, WORK_LOGGER};
use super::work::{InstanceWork, Phase, WorkKind, guest_action};
use super::{Instance, log_text, reaction};
use crate::core::nfvi_call::Then;
use crate::core::{Level, TimerKey, Vim};
use nfv_common::fsm::{Step, Task};
use nfv_nfvi::call::GuestCall;
use nfv_nfvi::object::{ActionState, GuestService, OperState};
use nfv_nfvi::{Answer, Call, CallId, CallResult, ErrorKind};
use std::time::Duration;

impl Vim {
    /// The guest plugin works and the instance has guest services.
    pub(in crate::core) fn has_guest_services(&self, instance: &Instance) -> bool {
        !self.config.disabled.contains(&nfv_nfvi::Pool::Guest) && instance.guest_services.are_provisioned()
    }

    pub(super) fn run_guest_work(&mut self, uuid: &str, work: &InstanceWork) -> Step {
        let Some(instance) = self.instances.get(uuid) else { return Step::Failed(String::new()) };
        if self.is_guest_left_out(instance, work.kind) {
            return Step::Done;
        }
        if matches!(work.kind, WorkKind::Vote | WorkKind::PreNotify) && instance.resuming.is_some() {
            // the request to Nova may be out since before a restart: then it is too late to ask the guest
            if !instance.confirmed {
                self.set_phase(uuid, Phase::Confirming);
                self.ask_for_instance(uuid);
                return Step::Wait("Nova to show the instance".to_owned());
            }
            if instance.does_already(work.state) {
                return Step::Done;
            }
        }
        match work.kind {
            WorkKind::PostNotify => self.run_post_notify(uuid, work),
            WorkKind::GuestEnable => self.set_guest_services(uuid, GuestServiceState::Enabling),
            WorkKind::GuestDisable => self.set_guest_services(uuid, GuestServiceState::Disabling),
            _ => {}
        }
        match work.kind {
            WorkKind::PostNotify => Step::Wait(self.post_notify_waits_for(uuid)),
            kind => {
                self.send_guest_work(uuid, work);
                Step::Wait(waits_for(kind).to_owned())
            }
        }
    }

    /// A work that is skipped counts as done.
    fn is_guest_left_out(&self, instance: &Instance, kind: WorkKind) -> bool {
        if !self.has_guest_services(instance) {
            return true;
        }
        let data = instance.action_data.nfvi.as_ref();
        let untold = data.is_none_or(|data| data.skip_guest_notify);
        match kind {
            WorkKind::Vote => {
                let host = instance.host().and_then(|host| self.hosts.get(host));
                instance.is_locked()
                    || instance.is_disabled()
                    || data.is_none_or(|data| data.skip_guest_vote)
                    || host.is_some_and(crate::core::host::Host::is_force_lock)
            }
            WorkKind::PreNotify => instance.is_locked() || instance.is_disabled() || untold,
            WorkKind::PostNotify => instance.is_locked() || untold,
            WorkKind::GuestCreate
            | WorkKind::GuestEnable
            | WorkKind::GuestDisable
            | WorkKind::GuestSet
            | WorkKind::GuestDelete
            | WorkKind::Nova
            | WorkKind::Forget => false,
        }
    }

    pub(super) fn set_guest_services(&mut self, uuid: &str, state: GuestServiceState) {
        if let Some(instance) = self.instances.get_mut(uuid) {
            instance.guest_services.set(state);
            self.dirty_instances.insert(uuid.to_owned());
        }
    }

    /// The guest is told when its heartbeat is there; until then the work waits for that.
    fn run_post_notify(&mut self, uuid: &str, work: &InstanceWork) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let limit = instance.guest_services.establish_timeout();
        let established = instance.guest_services.communication_established();
        if let Some(task) = instance.task.as_mut() {
            task.record(Step::Wait(String::new()), self.now.mono);
        }
        self.extend_guest_wait(uuid, limit);
        if established {
            self.send_guest_work(uuid, work);
        } else {
            self.set_phase(uuid, Phase::AwaitingGuest);
        }
    }

    fn post_notify_waits_for(&self, uuid: &str) -> String {
        let task = self.instances.get(uuid).and_then(|instance| instance.task.as_ref());
        let sent = task.and_then(Task::current).is_some_and(|work| work.phase == Phase::Sent);
        let what = if sent { waits_for(WorkKind::PostNotify) } else { "the guest's heartbeat" };
        what.to_owned()
    }

    /// The guest gets this long from now, and the action accordingly.
    fn extend_guest_wait(&mut self, uuid: &str, limit: Duration) {
        let limit = limit.min(LONGEST_GUEST_WAIT);
        let now = self.now.mono;
        let Some(instance) = self.instances.get(uuid) else { return };
        let facts = self.instance_facts(instance);
        let Some(state) = instance.running.as_ref().map(|running| running.state) else { return };
        let deadline = now + limit + reaction::longest(state, &facts);
        if let Some(task) = self.instances.get_mut(uuid).and_then(|instance| instance.task.as_mut()) {
            task.extend(limit, now);
        }
        self.timers.arm(TimerKey::Action(uuid.to_owned()), deadline);
    }

    /// Makes the work's request.
    fn send_guest_work(&mut self, uuid: &str, work: &InstanceWork) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let Some(task) = instance.task.as_ref().map(Task::id) else { return };
        let host_name = instance.nfvi.host_name.clone().unwrap_or_default();
        let services = &instance.guest_services;
        let (uuid_, action) = (uuid.to_owned(), guest_action(work.state));
        let (call, state) = match work.kind {
            WorkKind::Vote => (GuestCall::Vote { uuid: uuid_, host_name, action }, ActionState::Voting),
            WorkKind::PreNotify => {
                (GuestCall::Notify { uuid: uuid_, host_name, action, pre: true }, ActionState::PreNotify)
            }
            WorkKind::PostNotify => {
                (GuestCall::Notify { uuid: uuid_, host_name, action, pre: false }, ActionState::PostNotify)
            }
            WorkKind::GuestCreate => {
                let services = services.wanted().into_iter().map(|(name, _)| name).collect();
                (GuestCall::CreateServices { uuid: uuid_, host_name, services }, ActionState::Initiated)
            }
            WorkKind::GuestEnable | WorkKind::GuestDisable | WorkKind::GuestSet => {
                let wanted = services.wanted().into_iter().map(|(name, admin_state)| GuestService {
                    name,
                    admin_state,
                    oper_state: OperState::Unknown,
                    restart_timeout: None,
                });
                let services = wanted.collect();
                (GuestCall::SetServices { uuid: uuid_, host_name, services }, ActionState::Initiated)
            }
            WorkKind::GuestDelete => (GuestCall::DeleteServices { uuid: uuid_ }, ActionState::Initiated),
            WorkKind::Nova | WorkKind::Forget => return,
        };
        let texts = sending_texts(work, instance.name(), &call);
        if instance.owns_action_data() {
            self.set_action_state(uuid, state);
        }
        for text in texts {
            self.log(Level::Debug, WORK_LOGGER, WORK_FILE, text);
        }
        let id = self.call(Call::Guest(call), Then::GuestWork { uuid: uuid.to_owned(), task });
        let task = self.instances.get_mut(uuid).and_then(|instance| instance.task.as_mut());
        if let Some(work) = task.and_then(Task::current_mut) {
            (work.phase, work.call) = (Phase::Sent, Some(id));
        }
    }

    /// The guest agent answered a work's request. An answer that comes when the work is over is dropped: the next
    /// query shows how things are.
    pub(in crate::core) fn guest_work_answered(&mut self, uuid: &str, id: CallId, result: CallResult) {
        let Some(instance) = self.instances.get(uuid).filter(|instance| instance.awaits_guest(id)) else {
            return;
        };
        let Some(work) = instance.task.as_ref().and_then(Task::current).cloned() else { return };
        let (name, deleted) = (instance.name().to_owned(), instance.nfvi_is_deleted());
        if let Err(error) = &result
            && error.kind == ErrorKind::NotFound
            && !deleted
            && !instance.guest_services.are(GuestServiceState::Deleting)
        {
            // the guest agent has lost it: it is told of it again (docs/differences.md)
            self.set_guest_services(uuid, GuestServiceState::NotConfigured);
        }
        let text = log_text::guest_answer(work.kind.title(), &name, &result);
        self.log(Level::Debug, WORK_LOGGER, WORK_FILE, text);
        let step = match (work.kind, result) {
            (WorkKind::Vote | WorkKind::PreNotify | WorkKind::PostNotify, Ok(Answer::GuestVote(vote)))
                if vote.timeout > 0 =>
            {
                self.set_phase(uuid, Phase::AwaitingGuest);
                self.extend_guest_wait(uuid, Duration::from_secs(vote.timeout));
                Step::Wait(format!("the guest's answer to {}", vote.action))
            }
            (WorkKind::GuestCreate, Ok(_)) => {
                self.set_guest_services(uuid, GuestServiceState::Configured);
                Step::Done
            }
            (WorkKind::GuestDelete, Ok(_)) => {
                if let Some(instance) = self.instances.get_mut(uuid) {
                    instance.guest_services.clear();
                    self.dirty_instances.insert(uuid.to_owned());
                }
                Step::Done
            }
            (_, Ok(Answer::GuestServices(report))) => {
                self.guest_services_update(uuid, report);
                Step::Done
            }
            (_, Ok(_)) => Step::Done,
            (kind, Err(_)) if kind.passes_when_failed() => {
                let text = format!("{} callback for {name}, failed, force-passing.", kind.title());
                self.log(Level::Info, WORK_LOGGER, WORK_FILE, text);
                Step::Done
            }
            (_, Err(error)) => Step::Failed(error.reason),
        };
        self.continue_instance_task(uuid, step);
    }

    /// What an event means to a work that speaks with the guest; none when nothing.
    pub(super) fn guest_work_event(
        &mut self,
        uuid: &str,
        work: &InstanceWork,
        event: &InstanceEvent,
    ) -> Option<Step> {
        use InstanceEvent as E;
        match (work.kind, event) {
            (WorkKind::Vote | WorkKind::PreNotify, E::Confirmed) if work.phase == Phase::Confirming => {
                self.set_phase(uuid, Phase::Fresh);
                Some(self.run_guest_work(uuid, work))
            }
            (WorkKind::Vote, E::GuestActionAllow | E::GuestActionReject) => {
                let allowed = *event == E::GuestActionAllow;
                let vote = if allowed { "allow" } else { "reject" };
                let name = self.instances.get(uuid)?.name();
                let text = format!("{} for {name}, vote={vote}.", work.kind.title());
                self.log(Level::Debug, WORK_LOGGER, WORK_FILE, text);
                Some(if allowed { Step::Done } else { Step::Failed(String::new()) })
            }
            (WorkKind::PreNotify | WorkKind::PostNotify, E::GuestActionProceed) => Some(Step::Done),
            (WorkKind::PostNotify, E::GuestCommunicationEstablished) => {
                let instance = self.instances.get(uuid)?;
                if !self.has_guest_services(instance) || instance.action_data.nfvi.is_none() {
                    return Some(Step::Done);
                }
                self.send_guest_work(uuid, work);
                Some(Step::Wait(waits_for(WorkKind::PostNotify).to_owned()))
            }
            (WorkKind::PostNotify, E::Audit) => {
                let locked = self.instances.get(uuid).is_some_and(Instance::is_locked);
                locked.then_some(Step::Done)
            }
            _ => None,
        }
    }
}

/// What the log says before the request leaves.
fn sending_texts(work: &InstanceWork, name: &str, call: &GuestCall) -> Vec<String> {
    let title = work.kind.title();
    let about = || format!("{title} for {name}, action_type={}.", guest_action(work.state));
    match (work.kind, call) {
        (WorkKind::PostNotify, _) => {
            vec![format!("{title} for {name}, guest communication re-established."), about()]
        }
        (WorkKind::Vote | WorkKind::PreNotify, _) => vec![about()],
        (WorkKind::GuestEnable | WorkKind::GuestDisable, GuestCall::SetServices { services, .. }) => {
            vec![log_text::services_wanted(title, name, services)]
        }
        _ => Vec::new(),
    }
}

/// For what a work waits that has sent its request.
const fn waits_for(kind: WorkKind) -> &'static str {
    match kind {
        WorkKind::Vote => "the guest agent to ask the guest",
        WorkKind::PreNotify | WorkKind::PostNotify => "the guest agent to tell the guest",
        WorkKind::GuestCreate => "the guest agent to take the instance",
        WorkKind::GuestEnable => "the guest agent to switch guest services on",
        WorkKind::GuestDisable => "the guest agent to switch guest services off",
        WorkKind::GuestSet => "the guest agent to set guest services",
        WorkKind::GuestDelete => "the guest agent to forget the instance",
        WorkKind::Nova | WorkKind::Forget => "",
    }
}

impl Instance {
    /// The current work waits for the guest agent to answer this call.
    pub(in crate::core) fn awaits_guest(&self, id: CallId) -> bool {
        self.task.as_ref().is_some_and(|task| {
            task.current().is_some_and(|work| work.call == Some(id) && work.phase == Phase::Sent)
        })
    }

    /// The guest has been asked or told about the action, and its word counts.
    pub(in crate::core) fn awaits_guest_word(&self, vote: bool) -> bool {
        self.task.as_ref().and_then(Task::current).is_some_and(|work| {
            matches!(work.phase, Phase::Sent | Phase::AwaitingGuest)
                && (work.kind == WorkKind::Vote) == vote
                && matches!(work.kind, WorkKind::Vote | WorkKind::PreNotify | WorkKind::PostNotify)
        })
    }
}
