//! Calls from the core's side: who asked, who continues, and what if no answer comes.

use super::audit::AuditAnswer;
use super::strategy::{Asker, Question};
use super::{Effect, Event, Level, TimerKey, Vim};
use nfv_nfvi::call::HostServicesNotice;
use nfv_nfvi::object::{GuestServices, GuestVote, guest_event};
use nfv_nfvi::{Answer, Call, CallError, CallId, CallResult, ErrorKind, RequestId};
use nfv_vim_rpc::instance::CreateInstance;
use nfv_vim_rpc::subnet::DeleteSubnet;

/// Who continues when a call ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    /// The work of a host's task.
    HostWork { host: String, task: u64 },
    /// A host's wait was extended at sysinv.
    DisableExtended { host: String },
    /// sysinv was told again what it did not take.
    ToldAgain { host: String, notice: HostServicesNotice },
    /// The work of an instance's task.
    InstanceWork { uuid: String, task: u64 },
    /// A work of an instance's task that speaks with the guest agent.
    GuestWork { uuid: String, task: u64 },
    /// The guest agent was asked for an instance's guest services.
    GuestQuery { uuid: String },
    /// Nobody.
    Nobody,
    /// The instance was asked after; `version` is its state version when the question was put.
    InstanceDetail { uuid: String, version: u64 },
    /// A strategy's operation on hosts; only refusals count.
    HostsOperation { host: String, operation: u64 },
    /// A request of the API is answered when the call ends.
    Api { id: RequestId, call: ApiCall },
    /// A host that a neighbour spoke of was read.
    HostRead { name: String, version: Option<u64> },
    /// An audit step.
    Audit(AuditAnswer),
    /// Uptimes for dead office recovery.
    Dor,
    /// A question of a strategy, and that strategy's number in this process.
    SwMgmt { question: Question, asker: Asker, strategy: u64 },
}

/// Why a request is not sent any more.
const GIVEN_UP: &str = "the action was given up before its turn came";

/// The call behind a request of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ApiCall {
    /// The flavor of a new instance.
    CreateFlavor {
        asked: Box<CreateInstance>,
    },
    /// The instance, with a flavor of its own.
    CreateInstance {
        flavor: String,
    },
    CreateImage,
    UpdateImage,
    DeleteImage {
        uuid: String,
    },
    CreateVolume,
    UpdateVolume,
    DeleteVolume {
        uuid: String,
    },
    CreateNetwork,
    UpdateNetwork,
    DeleteNetwork {
        uuid: String,
    },
    CreateSubnet,
    UpdateSubnet,
    DeleteSubnet {
        uuid: String,
        asked: DeleteSubnet,
    },
}

/// A call that has been asked for and not ended.
#[derive(Debug, Clone)]
pub(super) struct Outstanding {
    then: Then,
    /// What was asked, for logs.
    call: Call,
}

impl Vim {
    /// Makes a call as soon as a worker is free; its end comes to `then`. A disabled plugin answers at once:
    /// host services as done, everything else as unsupported.
    pub(super) fn call(&mut self, call: Call, then: Then) -> CallId {
        let id = CallId(self.next_id());
        if self.config.disabled.contains(&call.pool()) {
            let result = answer_of_disabled(&call);
            self.outstanding.insert(id, Outstanding { then, call });
            self.queue.push_back(Event::Answer { id, result: Box::new(result) });
            return id;
        }
        self.outstanding.insert(id, Outstanding { then, call: call.clone() });
        self.calls.submit(id, call);
        id
    }

    /// True while such a call is outstanding.
    pub(super) fn is_outstanding(&self, then: &Then) -> bool {
        self.outstanding.values().any(|outstanding| outstanding.then == *then)
    }

    /// Who waits for the calls that have not ended.
    pub(super) fn open_questions(&self) -> impl Iterator<Item = &Then> {
        self.outstanding.values().map(|outstanding| &outstanding.then)
    }

    pub(super) fn grant_turns(&mut self) {
        while let Some(grant) = self.calls.grant() {
            let (id, effect) = match grant {
                super::nfvi_queue::Grant::Start(id, call) => (id, Effect::Call { id, call }),
                super::nfvi_queue::Grant::Resume(id) => (id, Effect::Resume(id)),
            };
            if let Some(why) = self.forbidden_by_now(id) {
                if matches!(effect, Effect::Resume(_)) {
                    self.out.effects.push(Effect::Abandon(id));
                }
                self.answered(id, Err(CallError::new(ErrorKind::Refused, why.clone()).with_reason(why)));
                continue;
            }
            self.timers.arm(TimerKey::Call(id), self.now.mono + self.config.turn_limit);
            self.out.effects.push(effect);
        }
    }

    /// What was right when a call was queued may be wrong when its turn comes: the action may have been given up
    /// meanwhile (a request that leaves then would act on an instance or host that nobody means to act on); and an
    /// evacuation must not leave once its host is back, or the instance would run twice.
    fn forbidden_by_now(&self, id: CallId) -> Option<String> {
        let (uuid, task) = match &self.outstanding.get(&id)?.then {
            Then::InstanceWork { uuid, task } => (uuid, task),
            Then::ToldAgain { host, notice } => {
                let right = self.hosts.get(host).is_some_and(|host| host.is_true(notice));
                return (!right).then(|| format!("host {host} has changed before the turn came"));
            }
            Then::GuestWork { uuid, .. } => {
                let awaited = self.instances.get(uuid).is_some_and(|instance| instance.awaits_guest(id));
                return (!awaited).then(|| GIVEN_UP.to_owned());
            }
            Then::HostWork { host, task } => {
                let wanted = self.hosts.get(host).is_some_and(|host| host.awaits(*task));
                return (!wanted)
                    .then(|| format!("the task of host {host} was given up before its turn came"));
            }
            Then::HostsOperation { host, operation } => {
                return (!self.is_hosts_operation(*operation))
                    .then(|| format!("the operation on host {host} was replaced before its turn came"));
            }
            Then::SwMgmt { asker: Asker::Step(place), strategy, .. } => {
                return (!self.sw_mgmt_waits_at(*strategy, *place))
                    .then(|| "the step of the strategy was over before its turn came".to_owned());
            }
            Then::SwMgmt { asker: Asker::Audit(_), .. }
            | Then::DisableExtended { .. }
            | Then::GuestQuery { .. }
            | Then::Api { .. }
            | Then::Nobody
            | Then::InstanceDetail { .. }
            | Then::HostRead { .. }
            | Then::Audit(_)
            | Then::Dor => return None,
        };
        let Some(instance) = self.instances.get(uuid).filter(|instance| instance.awaits_nova(*task)) else {
            return Some(GIVEN_UP.to_owned());
        };
        if !instance.is_evacuation(*task) || self.is_host_away(instance.host()) {
            return None;
        }
        Some(format!("host {} is not offline any more", instance.host().unwrap_or_default()))
    }

    pub(super) fn turn_wanted(&mut self, id: CallId) {
        if self.outstanding.contains_key(&id) {
            self.timers.cancel(&TimerKey::Call(id));
            self.calls.turn_wanted(id);
        }
    }

    pub(super) fn call_overdue(&mut self, id: CallId) {
        let Some(outstanding) = self.outstanding.get(&id) else { return };
        let detail =
            format!("{}: no answer in {} s", describe(&outstanding.call), self.config.turn_limit.as_secs());
        self.out.effects.push(Effect::Abandon(id));
        self.answered(id, Err(CallError::new(ErrorKind::TimedOut, detail)));
    }

    /// A call ended; late answers to calls that were given up are dropped.
    pub(super) fn answered(&mut self, id: CallId, result: CallResult) {
        self.timers.cancel(&TimerKey::Call(id));
        self.calls.remove(id);
        let Some(Outstanding { then, call }) = self.outstanding.remove(&id) else { return };
        if let Err(error) = &result {
            let text = format!("{} failed: {error}, reason={}.", describe(&call), error.reason);
            self.log(Level::Error, "nfv_vim.nfvi.nfvi_module", "_nfvi_module.py", text);
        }
        match then {
            Then::HostWork { host, task } => self.host_work_answered(&host, task, result),
            Then::DisableExtended { host } => self.disable_extended(&host, result),
            Then::ToldAgain { host, notice } => self.told_again(&host, &notice, result),
            Then::InstanceWork { uuid, task } => self.instance_work_answered(&uuid, task, result),
            Then::GuestWork { uuid, .. } => self.guest_work_answered(&uuid, id, result),
            Then::GuestQuery { uuid } => self.guest_query_answered(&uuid, result),
            Then::Nobody => {}
            Then::InstanceDetail { uuid, version } => self.instance_detail_answered(&uuid, version, result),
            Then::Api { id, call } => self.api_answered(id, call, result),
            Then::HostsOperation { host, operation } => {
                self.hosts_operation_answered(&host, operation, result);
            }
            Then::HostRead { name, version } => self.host_read(&name, version, result),
            Then::Audit(audit) => self.audit_answered(audit, result),
            Then::Dor => self.dor_answered(result),
            Then::SwMgmt { question, asker, strategy } => {
                self.sw_mgmt_answered(strategy, &question, asker, result);
            }
        }
    }
}

/// A switched-off plugin must look like one that always succeeds where hosts and guests are concerned (lessons 19).
fn answer_of_disabled(call: &Call) -> CallResult {
    use nfv_nfvi::call::{ComputeCall, GuestCall, HostServicesOperation, NetworkCall};
    match call {
        Call::Compute(ComputeCall::HostServices { operation, .. })
        | Call::Network(NetworkCall::HostServices { operation, .. })
        | Call::Guest(GuestCall::HostServices { operation, .. }) => Ok(match operation {
            HostServicesOperation::Query => Answer::HostServicesEnabled(true),
            HostServicesOperation::Create
            | HostServicesOperation::Enable
            | HostServicesOperation::Disable
            | HostServicesOperation::Delete => Answer::Done,
        }),
        Call::Compute(ComputeCall::NotifyHost { .. })
        | Call::Network(NetworkCall::NotifyHostDisabled { .. })
        | Call::Guest(GuestCall::CreateServices { .. } | GuestCall::DeleteServices { .. }) => {
            Ok(Answer::Done)
        }
        Call::Guest(GuestCall::SetServices { uuid, host_name, services }) => {
            let services = services.clone();
            Ok(Answer::GuestServices(GuestServices {
                instance_uuid: uuid.clone(),
                host_name: Some(host_name.clone()),
                services,
            }))
        }
        Call::Guest(GuestCall::Vote { uuid, host_name, action }) => {
            Ok(no_word_expected(uuid, host_name, guest_event(action, true)))
        }
        Call::Guest(GuestCall::Notify { uuid, host_name, action, pre }) => {
            Ok(no_word_expected(uuid, host_name, guest_event(action, *pre)))
        }
        other => {
            let detail = format!("{}: the {} plugin is switched off", describe(other), other.pool().as_str());
            Err(CallError::new(ErrorKind::Unsupported, detail))
        }
    }
}

/// An answer to a vote or notification after which nobody waits for the guest.
fn no_word_expected(uuid: &str, host_name: &str, event: &str) -> Answer {
    Answer::GuestVote(GuestVote {
        uuid: uuid.to_owned(),
        host_name: Some(host_name.to_owned()),
        action: event.to_owned(),
        timeout: 0,
    })
}

/// The call for the log: its kind and what it is about, never its body.
fn describe(call: &Call) -> String {
    use nfv_nfvi::call::{ComputeCall, InfrastructureCall};
    match call {
        Call::Compute(ComputeCall::InstanceAction { uuid, action, .. }) => {
            let text = format!("{action:?}");
            let name = text.split([' ', '{']).next().unwrap_or_default();
            format!("{name} of instance {uuid}")
        }
        Call::Infrastructure(InfrastructureCall::NotifyHostServices { host, notice }) => {
            format!("notifying sysinv of {} services {notice:?}", host.name)
        }
        other => format!("{other:?}").chars().take(200).collect(),
    }
}
