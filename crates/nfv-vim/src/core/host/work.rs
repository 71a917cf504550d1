//! What each work of a host does, and how its answers, events and deadline count. Contract: vim-behaviour 2.6.

use super::service::{HostService, ServiceState};
use super::task::{HostWorkKind as Kind, ServicesNotice};
use super::{HostEvent, HostState, HostWork};
use crate::core::director::OperationStatus;
use crate::core::nfvi_call::Then;
use crate::core::{Level, Vim};
use nfv_common::fsm::Step;
use nfv_nfvi::call::{
    ComputeCall, GuestCall, HostServicesNotice, HostServicesOperation as Operation, InfrastructureCall,
    NetworkCall,
};
use nfv_nfvi::object::HostRef;
use nfv_nfvi::{Answer, Call, CallError, CallResult, ErrorKind};
use std::time::Duration;

/// sysinv is told to wait longer this often.
const DISABLE_EXTEND_EVERY: Duration = Duration::from_secs(120);

const LOGGER: &str = "nfv_vim.state_machine.host_task_work";
const FILE: &str = "_host_task_work.py";

impl Vim {
    pub(super) fn run_host_work(&mut self, name: &str, work: &HostWork) -> Step {
        let Some(host) = self.hosts.get(name) else { return Step::Failed(format!("host {name} is gone")) };
        let (target, reason) = (host.nfvi.to_ref(), host.reason.clone());
        match work.kind {
            Kind::Create(service) => self.host_service_call(&target, service, Operation::Create),
            Kind::Delete(service) => {
                if self.host_has_instances(name) {
                    let reason = format!("Delete of host {name} rejected because instances are provisioned");
                    self.add_host_reason(name, &reason);
                    return Step::Failed(reason);
                }
                self.host_service_call(&target, service, Operation::Delete)
            }
            Kind::WaitComputeCreated => {
                self.host_service_call(&target, HostService::Compute, Operation::Query)
            }
            Kind::Enable(service) => {
                if let Some(host) = self.hosts.get_mut(name)
                    && std::mem::take(&mut host.services_locked)
                {
                    self.dirty_hosts.insert(name.to_owned());
                }
                self.host_service_call(&target, service, Operation::Enable)
            }
            Kind::Disable(service) => self.host_service_call(&target, service, Operation::Disable),
            Kind::Audit(service) => self.host_service_call(&target, service, Operation::Query),
            Kind::NotifyComputeEnabled => {
                let call = Call::Compute(ComputeCall::NotifyHost { host: target, enabled: true });
                self.host_work_call(name, call, "Nova to take the host as up")
            }
            Kind::NotifyDisabled(HostService::Network) => {
                let call = Call::Network(NetworkCall::NotifyHostDisabled { host: target });
                self.host_work_call(name, call, "Neutron to take the host as down")
            }
            Kind::NotifyDisabled(_) => {
                let call = Call::Compute(ComputeCall::NotifyHost { host: target, enabled: false });
                self.host_work_call(name, call, "Nova to take the host as down")
            }
            Kind::NotifyServices(notice) => {
                let notice = notice.with(reason);
                if let Some(host) = self.hosts.get_mut(name) {
                    host.forget_word(&notice);
                }
                let call = InfrastructureCall::NotifyHostServices { host: target, notice };
                self.host_work_call(
                    name,
                    Call::Infrastructure(call),
                    "sysinv to take note of the host's services",
                )
            }
            Kind::QueryHypervisor => match self.hypervisor_on(name).map(|hypervisor| hypervisor.uuid.clone())
            {
                Some(uuid) => {
                    let call = Call::Compute(ComputeCall::GetHypervisor { uuid });
                    self.host_work_call(name, call, "Nova to show the hypervisor")
                }
                None => Step::Done,
            },
            Kind::InstancesDisabling => self.run_instances_disabling(name),
            Kind::InstancesDisabled => self.run_instances_disabled(name),
            Kind::AuditComplete => {
                self.director_host_audit(name);
                Step::Done
            }
        }
    }

    fn host_work_call(&mut self, name: &str, call: Call, waits_for: &str) -> Step {
        let Some(task) = self.hosts.get(name).and_then(|host| host.task.as_ref()).map(|task| task.id())
        else {
            return Step::Failed(String::new());
        };
        let then = Then::HostWork { host: name.to_owned(), task };
        if self.must_wait(name, task, &call)
            && let Some(host) = self.hosts.get_mut(name)
        {
            // a request of the task before this one may still be on its way, and must not arrive behind this one
            host.held = Some(Box::new(call));
            return Step::Wait(format!("an earlier request about the host to end, then {waits_for}"));
        }
        self.call(call, then);
        Step::Wait(waits_for.to_owned())
    }

    /// The call must not arrive before others about the host: a word to sysinv not before one that is said again either.
    fn must_wait(&self, name: &str, task: u64, call: &Call) -> bool {
        let tells = matches!(call, Call::Infrastructure(InfrastructureCall::NotifyHostServices { .. }));
        self.has_older_host_call(name, task) || (tells && self.is_told_again(name))
    }

    /// A request of an earlier task of the host has not ended.
    fn has_older_host_call(&self, name: &str, task: u64) -> bool {
        self.open_questions().any(|then| match then {
            Then::HostWork { host, task: other } => host == name && *other != task,
            _ => false,
        })
    }

    /// An earlier request ended: what waited for that leaves now.
    pub(super) fn release_held_call(&mut self, name: &str) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        let Some(current) = host.task.as_ref().filter(|task| task.waiting().is_some()).map(|task| task.id())
        else {
            host.held = None;
            return;
        };
        let held = self.hosts.get(name).and_then(|host| host.held.as_deref());
        if held.is_none_or(|call| self.must_wait(name, current, call)) {
            return;
        }
        if let Some(call) = self.hosts.get_mut(name).and_then(|host| host.held.take()) {
            self.call(*call, Then::HostWork { host: name.to_owned(), task: current });
        }
    }

    fn host_service_call(&mut self, host: &HostRef, service: HostService, operation: Operation) -> Step {
        let target = host.clone();
        let call = match service {
            HostService::Compute => Call::Compute(ComputeCall::HostServices { host: target, operation }),
            HostService::Network => Call::Network(NetworkCall::HostServices { host: target, operation }),
            HostService::Guest => Call::Guest(GuestCall::HostServices { host: target, operation }),
            HostService::Container => {
                if operation == Operation::Create {
                    return Step::Failed("Trying to create unknown host service container".to_owned());
                }
                Call::Infrastructure(InfrastructureCall::ContainerHostServices { host: target, operation })
            }
        };
        let what = match operation {
            Operation::Create => "made known",
            Operation::Enable => "enabled",
            Operation::Disable => "disabled",
            Operation::Delete => "removed",
            Operation::Query => "shown",
        };
        self.host_work_call(&host.name, call, &format!("the {} services to be {what}", service.as_str()))
    }

    /// The answer to a host's work.
    pub(in crate::core) fn host_work_answered(&mut self, name: &str, task: u64, result: CallResult) {
        let Some(host) = self.hosts.get(name) else { return };
        let Some(current) = host.task.as_ref().filter(|current| current.id() == task) else {
            return self.release_held_call(name);
        };
        let Some(work) = current.current().cloned() else { return };
        if current.waiting().is_none() {
            return;
        }
        let state = host.state();
        let step = match result {
            Ok(answer) => self.host_work_ok(name, state, &work, answer),
            Err(error) => {
                if let Kind::NotifyServices(notice) = work.kind {
                    self.sysinv_not_told(name, notice, &error);
                }
                self.host_work_refused(name, state, &work, error.reason)
            }
        };
        if self.record_host_step(name, step) {
            self.drive_host_task(name);
        }
    }

    fn host_work_ok(&mut self, name: &str, state: HostState, work: &HostWork, answer: Answer) -> Step {
        match (work.kind, answer) {
            (Kind::Audit(service), Answer::HostServicesEnabled(enabled)) => {
                let service_state = if enabled { ServiceState::Enabled } else { ServiceState::Disabled };
                self.host_service_update(name, service, service_state, "");
            }
            (Kind::Audit(service), _) => self.host_audit_passed(name, state, service),
            (Kind::QueryHypervisor, Answer::Hypervisor(hypervisor)) => self.hypervisor_update(hypervisor),
            _ => {}
        }
        Step::Done
    }

    fn host_work_refused(&mut self, name: &str, state: HostState, work: &HostWork, reason: String) -> Step {
        match work.kind {
            Kind::Create(service) | Kind::Enable(service) | Kind::Disable(service) => {
                self.host_service_update(name, service, ServiceState::Failed, &reason);
            }
            Kind::Delete(service) => {
                self.add_host_reason(name, &reason);
                self.host_service_update(name, service, ServiceState::Failed, &reason);
            }
            Kind::WaitComputeCreated => return Step::Wait("nova-compute to register".to_owned()),
            Kind::Audit(service) => self.host_audit_passed(name, state, service),
            Kind::NotifyServices(ServicesNotice::Enabled | ServicesNotice::Disabled) if !work.force_pass => {
                self.host_services_failed(name, &reason);
            }
            Kind::NotifyServices(_)
            | Kind::NotifyComputeEnabled
            | Kind::NotifyDisabled(_)
            | Kind::QueryHypervisor
            | Kind::InstancesDisabling
            | Kind::InstancesDisabled
            | Kind::AuditComplete => {}
        }
        if work.force_pass { Step::Done } else { Step::Failed(reason) }
    }

    /// The service could not be asked: it counts as what the state says.
    fn host_audit_passed(&mut self, name: &str, state: HostState, service: HostService) {
        let assumed =
            if state == HostState::Enabled { ServiceState::Enabled } else { ServiceState::Disabled };
        self.host_service_update(name, service, assumed, "");
    }

    fn run_instances_disabling(&mut self, name: &str) -> Step {
        self.stamp_disable_extended(name);
        let Some(host) = self.hosts.get(name) else { return Step::Done };
        if host.is_wholly_failed() || host.is_offline() {
            return Step::Done;
        }
        let component_failure = host.is_component_failure();
        let status = self.host_services_disabling(name);
        if status.in_progress {
            return Step::Wait("instances to leave the host".to_owned());
        }
        self.add_host_reason(name, &status.reason);
        if (status.failed && !component_failure) || status.timed_out {
            Step::Failed(String::new())
        } else {
            Step::Done
        }
    }

    fn run_instances_disabled(&mut self, name: &str) -> Step {
        self.stamp_disable_extended(name);
        let status = self.host_services_disabled(name);
        if status.in_progress {
            return Step::Wait("instances to be evacuated".to_owned());
        }
        if status.failed || status.timed_out {
            self.add_host_reason(name, &status.reason);
            return Step::Failed(String::new());
        }
        Step::Done
    }

    fn stamp_disable_extended(&mut self, name: &str) {
        if let Some(host) = self.hosts.get_mut(name) {
            host.disable_extended = self.now.mono;
        }
    }

    fn add_host_reason(&mut self, name: &str, reason: &str) {
        if !reason.is_empty()
            && let Some(host) = self.hosts.get_mut(name)
        {
            host.reason.push_str(reason);
            self.dirty_hosts.insert(name.to_owned());
        }
    }

    /// The current work looks at an event first; true when it took it.
    pub(super) fn host_work_event(&mut self, name: &str, event: &HostEvent) -> bool {
        let Some(host) = self.hosts.get(name) else { return false };
        let Some(task) = host.task.as_ref().filter(|task| task.waiting().is_some()) else { return false };
        let Some(work) = task.current().cloned() else { return false };
        let id = task.id();
        match (work.kind, event) {
            (Kind::WaitComputeCreated, HostEvent::PeriodicTimer) => {
                let then = Then::HostWork { host: name.to_owned(), task: id };
                if host.held.is_none() && !self.is_outstanding(&then) {
                    let target = host.nfvi.to_ref();
                    let call = ComputeCall::HostServices { host: target, operation: Operation::Query };
                    self.call(Call::Compute(call), then);
                }
                true
            }
            (Kind::InstancesDisabling | Kind::InstancesDisabled, HostEvent::InstanceMoved)
            | (Kind::InstancesDisabling, HostEvent::InstanceStopped) => {
                let limit = nfv_common::fsm::Work::limit(&work);
                if let Some(task) = self.hosts.get_mut(name).and_then(|host| host.task.as_mut()) {
                    task.extend(limit, self.now.mono);
                }
                self.arm_host_task(name);
                true
            }
            (Kind::InstancesDisabling, HostEvent::InstancesMoved(end) | HostEvent::InstancesStopped(end))
            | (Kind::InstancesDisabled, HostEvent::InstancesMoved(end)) => {
                let status = OperationStatus::ended(end);
                let step = self.instances_gone(name, work.kind, &status);
                if self.record_host_step(name, step) {
                    self.drive_host_task(name);
                }
                true
            }
            (Kind::InstancesDisabling | Kind::InstancesDisabled, HostEvent::Audit) => {
                self.waiting_for_instances_audit(name, work.kind)
            }
            _ => false,
        }
    }

    /// All instances left, or some will not. Only a lock can fail by that, and only an ordinary one while the
    /// host still works.
    fn instances_gone(&mut self, name: &str, kind: Kind, status: &OperationStatus) -> Step {
        if !status.failed && !status.timed_out {
            return Step::Done;
        }
        let Some(host) = self.hosts.get(name) else { return Step::Done };
        let locking = host.is_locking();
        let forced = host.is_force_lock();
        match kind {
            Kind::InstancesDisabling if locking && !forced => {
                self.add_host_reason(name, &status.reason);
                Step::Failed(String::new())
            }
            Kind::InstancesDisabled => {
                self.add_host_reason(name, &status.reason);
                if locking { Step::Failed(String::new()) } else { Step::Done }
            }
            _ => Step::Done,
        }
    }

    /// The host waits for its instances and nothing changed: it may have failed meanwhile, or sysinv must be
    /// told to go on waiting. The state ignores the event either way, it is not idle.
    fn waiting_for_instances_audit(&mut self, name: &str, kind: Kind) -> bool {
        let Some(host) = self.hosts.get(name) else { return false };
        if kind == Kind::InstancesDisabling && host.is_wholly_failed() {
            self.log(
                Level::Info,
                LOGGER,
                FILE,
                format!("Host {name} failed, no instance can be moved off it."),
            );
            if self.record_host_step(name, Step::Done) {
                self.drive_host_task(name);
            }
            return true;
        }
        let then = Then::DisableExtended { host: name.to_owned() };
        if self.now.mono.since(host.disable_extended) >= DISABLE_EXTEND_EVERY && !self.is_outstanding(&then) {
            let call = InfrastructureCall::NotifyHostServices {
                host: host.nfvi.to_ref(),
                notice: HostServicesNotice::DisableExtend,
            };
            self.call(Call::Infrastructure(call), then);
        }
        false
    }

    /// sysinv was told to wait longer; if not, the next audit tries again.
    pub(in crate::core) fn disable_extended(&mut self, name: &str, result: CallResult) {
        if result.is_ok() {
            self.stamp_disable_extended(name);
        }
    }

    /// A work waited too long: what it comes to, or none when it timed out for good.
    pub(super) fn host_work_timed_out(&mut self, name: &str, work: &HostWork) -> Option<Step> {
        let host = self.hosts.get(name)?;
        let (locking, forced, no_reason) = (host.is_locking(), host.is_force_lock(), host.reason.is_empty());
        match work.kind {
            Kind::InstancesDisabling if work.force_pass || forced || !locking => Some(Step::Done),
            Kind::InstancesDisabled if !locking => Some(Step::Done),
            Kind::InstancesDisabling | Kind::InstancesDisabled => {
                if no_reason {
                    let word = if work.kind == Kind::InstancesDisabling { "disabling" } else { "disabled" };
                    self.add_host_reason(
                        name,
                        &format!("Moving instances from {word} host {name} timed out."),
                    );
                }
                None
            }
            Kind::NotifyServices(notice) => {
                let error = CallError::new(ErrorKind::TimedOut, "its turn did not come");
                self.sysinv_not_told(name, notice, &error);
                None
            }
            _ => None,
        }
    }

    /// A work that began is undone when its task fails or is given up.
    pub(super) fn abort_host_work(&mut self, name: &str, work: &HostWork) {
        match work.kind {
            Kind::InstancesDisabling | Kind::InstancesDisabled => self.director_host_abort(name),
            _ => {}
        }
    }
}
