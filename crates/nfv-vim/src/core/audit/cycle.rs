//! The main audit cycle: the listings of the cloud, one after another, and what they change. Contract: 6.1.

use crate::core::host::{Host, HostState};
use crate::core::nfvi_call::Then;
use crate::core::persistence;
use crate::core::{TimerKey, Vim};
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::{ComputeCall, IdentityCall, InfrastructureCall, Page};
use nfv_nfvi::object::{self, Hypervisor, InstanceType, OperState};
use nfv_nfvi::{Answer, Call, CallResult, Pool};
use nfv_vim_db::Write;
use std::collections::BTreeSet;
use std::time::Duration;

/// After a step answered.
const STEP_PAUSE: Duration = Duration::from_secs(2);
/// After the last step.
const CYCLE_PAUSE: Duration = Duration::from_secs(20);
/// Entries of a page.
const PAGE: u32 = 32;

/// Which audit an answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::core) enum AuditAnswer {
    /// A step of the main cycle.
    Step(usize),
    /// A hypervisor's details.
    Hypervisor,
    /// A flavor's details.
    InstanceType,
}

/// A step of the cycle: what is asked, and the plugin that must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StepKind {
    System,
    Hosts,
    HostAggregates,
    Hypervisors,
    Tenants,
    InstanceTypes,
    Instances,
    InstanceGroups,
}

/// The cycle, in order. Images, volumes, snapshots, subnets and networks have their place behind these.
const STEPS: [(StepKind, Option<Pool>); 8] = [
    (StepKind::System, None),
    (StepKind::Hosts, None),
    (StepKind::HostAggregates, Some(Pool::Compute)),
    (StepKind::Hypervisors, Some(Pool::Compute)),
    (StepKind::Tenants, None),
    (StepKind::InstanceTypes, Some(Pool::Compute)),
    (StepKind::Instances, Some(Pool::Compute)),
    (StepKind::InstanceGroups, Some(Pool::Compute)),
];

impl Vim {
    /// Asks for the next listing. The next timer is armed when the answer is there.
    pub(in crate::core) fn audit_cycle_step(&mut self) {
        let step = self.audits.step;
        let Some((kind, pool)) = STEPS.get(step) else {
            self.audits.step = 0;
            return self.audit_cycle_step();
        };
        if pool.is_some_and(|pool| self.config.disabled.contains(&pool)) {
            return self.audit_next_step();
        }
        match kind {
            StepKind::Hosts => self.audits.hosts_known = self.hosts.keys().cloned().collect(),
            StepKind::InstanceTypes => self.audits.instance_type_listing.ask(self.instance_types.keys()),
            StepKind::Instances => self.audits.instance_listing.ask(self.instances.keys()),
            _ => {}
        }
        let page = |next: &Option<String>| Page { limit: PAGE, next: next.clone() };
        let call = match kind {
            StepKind::System => Call::Infrastructure(InfrastructureCall::GetSystemInfo),
            StepKind::Hosts => Call::Infrastructure(InfrastructureCall::GetHosts),
            StepKind::HostAggregates => Call::Compute(ComputeCall::GetHostAggregates),
            StepKind::Hypervisors => Call::Compute(ComputeCall::GetHypervisors),
            StepKind::Tenants => Call::Identity(IdentityCall::GetTenants),
            StepKind::InstanceTypes => Call::Compute(ComputeCall::GetInstanceTypes {
                page: page(&self.audits.instance_type_listing.next),
            }),
            StepKind::Instances => {
                Call::Compute(ComputeCall::GetInstances { page: page(&self.audits.instance_listing.next) })
            }
            StepKind::InstanceGroups => Call::Compute(ComputeCall::GetInstanceGroups),
        };
        self.call(call, Then::Audit(AuditAnswer::Step(step)));
    }

    fn audit_next_step(&mut self) {
        self.audits.step += 1;
        let pause = if self.audits.step >= STEPS.len() { CYCLE_PAUSE } else { STEP_PAUSE };
        if self.audits.step >= STEPS.len() {
            self.audits.step = 0;
        }
        self.timers.arm(TimerKey::AuditCycle, self.now.mono + pause);
    }

    /// A listing or a detail has come, or not.
    pub(in crate::core) fn audit_answered(&mut self, audit: AuditAnswer, result: CallResult) {
        match audit {
            AuditAnswer::Step(step) => {
                let listing = match STEPS.get(step) {
                    Some((StepKind::InstanceTypes, _)) => Some(&mut self.audits.instance_type_listing),
                    Some((StepKind::Instances, _)) => Some(&mut self.audits.instance_listing),
                    _ => None,
                };
                match (result, listing) {
                    (Ok(answer), _) => self.audit_apply(answer),
                    (Err(_), Some(listing)) => listing.restart(),
                    (Err(_), None) => {}
                }
                let goes_on = match STEPS.get(step) {
                    Some((StepKind::InstanceTypes, _)) => self.audits.instance_type_listing.goes_on_at_once(),
                    Some((StepKind::Instances, _)) => self.audits.instance_listing.goes_on_at_once(),
                    _ => false,
                };
                if goes_on {
                    self.audit_cycle_step();
                } else {
                    self.audit_next_step();
                }
            }
            AuditAnswer::Hypervisor => {
                if let Ok(Answer::Hypervisor(hypervisor)) = result {
                    self.hypervisor_update(hypervisor);
                }
            }
            AuditAnswer::InstanceType => {
                if let Ok(Answer::InstanceType(instance_type)) = result {
                    self.instance_type_update(instance_type);
                }
            }
        }
    }

    fn audit_apply(&mut self, answer: Answer) {
        match answer {
            Answer::System(system) => self.audit_system(system),
            Answer::Hosts { hosts, incomplete, groups } => {
                self.audits.hosts_listed = true;
                self.audit_hosts(hosts, &incomplete, groups);
            }
            Answer::HostAggregates(listed) => {
                let keep: BTreeSet<_> = listed.iter().map(|aggregate| aggregate.name.clone()).collect();
                for aggregate in listed {
                    if self.host_aggregates.get(&aggregate.name) != Some(&aggregate) {
                        self.out.writes.push(persistence::host_aggregate(&aggregate));
                        self.host_aggregates.insert(aggregate.name.clone(), aggregate);
                    }
                }
                for name in missing(self.host_aggregates.keys(), &keep) {
                    self.host_aggregates.remove(&name);
                    self.out.writes.push(Write::DeleteHostAggregate { name });
                }
            }
            Answer::Hypervisors(listed) => self.audit_hypervisors(listed),
            Answer::Tenants(listed) => {
                let keep: BTreeSet<_> = listed.iter().map(|tenant| tenant.uuid.clone()).collect();
                for tenant in listed {
                    if self.tenants.get(&tenant.uuid) != Some(&tenant) {
                        self.out.writes.push(persistence::tenant(&tenant));
                        self.tenants.insert(tenant.uuid.clone(), tenant);
                    }
                }
                for uuid in missing(self.tenants.keys(), &keep) {
                    self.tenants.remove(&uuid);
                    self.out.writes.push(Write::DeleteTenant { uuid });
                }
            }
            Answer::InstanceTypes(page) => self.audit_instance_types(page),
            Answer::InstanceIds(page) => self.audit_instances(page),
            Answer::InstanceGroups(listed) => {
                let keep: BTreeSet<_> = listed.iter().map(|group| group.uuid.clone()).collect();
                for group in listed {
                    if self.instance_groups.get(&group.uuid) != Some(&group) {
                        self.out.writes.push(persistence::instance_group(&group));
                        self.instance_groups.insert(group.uuid.clone(), group);
                    }
                }
                for uuid in missing(self.instance_groups.keys(), &keep) {
                    self.instance_groups.remove(&uuid);
                    self.out.writes.push(Write::DeleteInstanceGroup { uuid });
                }
            }
            _ => {}
        }
    }

    fn audit_system(&mut self, system: Option<object::System>) {
        let Some(system) = system else { return };
        if self.system.as_ref().map(|known| &known.name) == Some(&system.name) {
            return;
        }
        if let Some(old) = self.system.take() {
            self.out.writes.push(Write::DeleteSystem { name: old.name });
        }
        self.out.writes.push(persistence::system(&system));
        self.system = Some(system);
    }

    fn audit_hosts(
        &mut self,
        hosts: Vec<object::Host>,
        incomplete: &[String],
        groups: Vec<object::HostGroup>,
    ) {
        let mut keep: BTreeSet<_> = hosts.iter().map(|host| host.name.clone()).collect();
        keep.extend(incomplete.iter().cloned());
        // what is deleted leaves the table also when the platform lists it: it was added again under its old name, and
        // the next cycle meets it as a new host
        let over = |host: &Host| host.state() == HostState::Deleted;
        let deleted: BTreeSet<_> =
            self.hosts.values().filter(|host| over(host)).map(|host| host.name().to_owned()).collect();
        for name in &deleted {
            self.clear_host_alarms(name);
            self.operations.remove(name);
            self.hosts.remove(name);
            self.dirty_hosts.remove(name);
            self.out.writes.push(Write::DeleteHost { name: name.clone() });
        }
        for host in hosts.into_iter().filter(|host| !deleted.contains(&host.name)) {
            self.host_update(host);
            self.settle();
        }
        let known = std::mem::take(&mut self.audits.hosts_known);
        for name in missing(known.iter(), &keep) {
            self.host_delete(&name);
        }
        let keep: BTreeSet<_> = groups.iter().map(|group| group.name.clone()).collect();
        for group in groups {
            if self.host_groups.get(&group.name) != Some(&group) {
                self.out.writes.push(persistence::host_group(&group));
                self.host_groups.insert(group.name.clone(), group);
            }
        }
        for name in missing(self.host_groups.keys(), &keep) {
            self.host_groups.remove(&name);
            self.out.writes.push(Write::DeleteHostGroup { name });
        }
    }

    fn audit_hypervisors(&mut self, listed: Vec<Hypervisor>) {
        let keep: BTreeSet<_> = listed.iter().map(|hypervisor| hypervisor.uuid.clone()).collect();
        self.audits.hypervisors.retain(|uuid| keep.contains(uuid));
        for hypervisor in listed {
            if !self.audits.hypervisors.contains(&hypervisor.uuid) {
                self.audits.hypervisors.push_back(hypervisor.uuid.clone());
            }
            self.hypervisor_update(hypervisor);
        }
        for uuid in missing(self.hypervisors.keys(), &keep) {
            self.hypervisors.remove(&uuid);
            self.out.writes.push(Write::DeleteHypervisor { uuid });
        }
    }

    /// Nova showed a hypervisor, with statistics or without.
    pub(in crate::core) fn hypervisor_update(&mut self, mut hypervisor: Hypervisor) {
        let known = self.hypervisors.get(&hypervisor.uuid);
        let was_enabled = known.is_some_and(|known| known.oper_state == OperState::Enabled);
        let changed = known.is_some_and(|known| {
            known.oper_state != hypervisor.oper_state || known.admin_state != hypervisor.admin_state
        });
        hypervisor.statistics = hypervisor.statistics.or_else(|| known.and_then(|known| known.statistics));
        if known == Some(&hypervisor) {
            return;
        }
        let enabled = hypervisor.oper_state == OperState::Enabled;
        self.out.writes.push(persistence::hypervisor(&hypervisor));
        if changed {
            self.log_hypervisor(&hypervisor);
        }
        self.hypervisors.insert(hypervisor.uuid.clone(), hypervisor);
        if enabled && !was_enabled {
            self.recover_instances();
        }
    }

    fn log_hypervisor(&mut self, hypervisor: &Hypervisor) {
        let params = nfv_common::TextParams {
            host: Some(&hypervisor.host_name),
            hypervisor_admin: hypervisor.admin_state.as_str(),
            hypervisor_oper: hypervisor.oper_state.as_str(),
            ..nfv_common::TextParams::default()
        };
        let entity = format!("host={}.hypervisor={}", hypervisor.host_name, hypervisor.uuid);
        let id = nfv_common::event_log::EventId::HypervisorStateChange;
        self.issue_log(id, "host.hypervisor", &entity, &params);
    }

    fn audit_instance_types(&mut self, page: Paged<InstanceType>) {
        let keys: Vec<_> = page.entries.iter().map(|entry| entry.uuid.clone()).collect();
        for instance_type in page.entries {
            if !self.audits.instance_types.contains(&instance_type.uuid) {
                self.audits.instance_types.push_back(instance_type.uuid.clone());
            }
            if !self.instance_types.contains_key(&instance_type.uuid) {
                self.instance_type_update(instance_type);
            }
        }
        if let Some(missing) = self.audits.instance_type_listing.page(keys.into_iter(), page.next) {
            for uuid in missing {
                if self.instance_types.remove(&uuid).is_some() {
                    self.out.writes.push(Write::DeleteInstanceType { uuid });
                }
            }
        }
    }

    pub(super) fn instance_type_update(&mut self, instance_type: InstanceType) {
        if self.instance_types.get(&instance_type.uuid) != Some(&instance_type) {
            self.out.writes.push(persistence::instance_type(&instance_type));
            self.instance_types.insert(instance_type.uuid.clone(), instance_type);
        }
    }

    fn audit_instances(&mut self, page: Paged<(String, String)>) {
        for (uuid, _) in &page.entries {
            if !self.audits.asked.contains(uuid) && self.audits.queued.insert(uuid.clone()) {
                self.audits.instances.push_back(uuid.clone());
            }
        }
        let keys = page.entries.into_iter().map(|(uuid, _)| uuid);
        if let Some(missing) = self.audits.instance_listing.page(keys, page.next) {
            for uuid in missing {
                if self.instances.get(&uuid).is_some_and(|instance| !instance.deleted) {
                    self.instance_gone(&uuid);
                }
            }
        }
        self.continue_instance_audit();
    }

    /// Deleted instances leave the table; room may have become free for failed ones.
    pub(in crate::core) fn cleanup_instances(&mut self) {
        let gone = self.instances_where(|instance| instance.deleted && instance.running.is_none());
        for uuid in &gone {
            self.instances.remove(uuid);
            self.dirty_instances.remove(uuid);
            self.recovery.forget_reboots(uuid);
            self.timers.cancel(&TimerKey::Watch(uuid.clone()));
            self.timers.cancel(&TimerKey::Action(uuid.clone()));
            self.out.writes.push(Write::DeleteInstance { uuid: uuid.clone() });
            self.out.writes.push(persistence::forget_instance_memory(uuid));
        }
        if !gone.is_empty() {
            self.recover_instances();
        }
    }
}

/// Keys that a listing does not have any more.
fn missing<'a>(keys: impl Iterator<Item = &'a String>, listed: &BTreeSet<String>) -> Vec<String> {
    keys.filter(|key| !listed.contains(*key)).cloned().collect()
}
