//! The main audit cycle: the listings of the cloud, one after another, and what they change. Contract: 6.1.

use super::listing::Listed;
use crate::core::host::{Host, HostState};
use crate::core::nfvi_call::Then;
use crate::core::persistence;
use crate::core::{Effect, Flag, Level, TimerKey, Vim};
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::{
    BlockStorageCall, ComputeCall, IdentityCall, ImageCall, InfrastructureCall, NetworkCall, Page,
};
use nfv_nfvi::object;
use nfv_nfvi::{Answer, Call, CallResult, Pool};
use nfv_vim_db::Write;
use nfv_vim_rpc::history::ObjectType;
use std::collections::BTreeSet;
use std::time::Duration;

/// A step that takes longer does not hold up the others; its answer counts whenever it comes (docs/differences.md).
const STEP_PATIENCE: Duration = Duration::from_secs(20);
/// Entries of a page.
const PAGE: u32 = 32;

/// Which audit an answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::core) enum AuditAnswer {
    /// A step of the main cycle.
    Step(Step),
    /// The details of the hypervisor with this id.
    Hypervisor(String),
    /// The details of the flavor with this id.
    InstanceType(String),
    /// The details of the volume with this id.
    Volume(String),
}

/// A listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::core) enum Step {
    System,
    Hosts,
    /// Comes with the hosts, is no step of its own.
    HostGroups,
    HostAggregates,
    Hypervisors,
    Tenants,
    InstanceTypes,
    Instances,
    InstanceGroups,
    Images,
    Volumes,
    VolumeSnapshots,
    Subnets,
    Networks,
}

/// What became of a listing that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(in crate::core) enum Heard {
    /// It was taken in, as far as it goes.
    Taken,
    /// It is hard to believe: it is asked for again before anything is removed.
    AskAgain,
}

/// The cycle, in order, and the plugin that must be there for a step.
const STEPS: [(Step, Option<Pool>); 13] = [
    (Step::System, None),
    (Step::Hosts, None),
    (Step::HostAggregates, Some(Pool::Compute)),
    (Step::Hypervisors, Some(Pool::Compute)),
    (Step::Tenants, None),
    (Step::InstanceTypes, Some(Pool::Compute)),
    (Step::Instances, Some(Pool::Compute)),
    (Step::InstanceGroups, Some(Pool::Compute)),
    (Step::Images, Some(Pool::Image)),
    (Step::Volumes, Some(Pool::BlockStorage)),
    (Step::VolumeSnapshots, Some(Pool::BlockStorage)),
    (Step::Subnets, Some(Pool::Network)),
    (Step::Networks, Some(Pool::Network)),
];

impl Vim {
    /// The cycle's timer: the next listing is asked for, also when the last one was not answered so far.
    pub(in crate::core) fn audit_cycle_step(&mut self) {
        if self.audits.waiting {
            let (step, _) = STEPS[self.audits.step];
            let text = format!("No answer yet from the audit step {step:?}, the others go on.");
            self.log(Level::Warn, LOGGER, FILE, text);
            return self.audit_go_on(Duration::ZERO);
        }
        let (step, _) = STEPS[self.audits.step];
        if self.is_outstanding(&Then::Audit(AuditAnswer::Step(step))) {
            // still not answered since the last round
            return self.audit_go_on(self.config.audit.step_pause);
        }
        self.audits.waiting = true;
        self.timers.arm(TimerKey::AuditCycle, self.now.mono + STEP_PATIENCE);
        let call = self.audit_call(step);
        self.call(call, Then::Audit(AuditAnswer::Step(step)));
    }

    /// Goes to the next step whose plugin is there.
    fn audit_go_on(&mut self, pause: Duration) {
        self.audits.waiting = false;
        let disabled = &self.config.disabled;
        let there = |pool: &Option<Pool>| pool.is_none_or(|pool| !disabled.contains(&pool));
        let next = (self.audits.step + 1..STEPS.len()).find(|step| there(&STEPS[*step].1));
        let pause = if next.is_some() { pause } else { self.config.audit.cycle_pause };
        if next.is_none() {
            self.out.effects.push(Effect::Touch(Flag::AuditRound));
        }
        self.audits.step = next.unwrap_or(0);
        self.timers.arm(TimerKey::AuditCycle, self.now.mono + pause);
    }

    /// The request of a step; paged ones go on where they were.
    fn audit_call(&mut self, step: Step) -> Call {
        let known: Vec<String> = match step {
            Step::InstanceTypes => self.instance_types.keys().cloned().collect(),
            Step::Instances => self.instances.keys().cloned().collect(),
            Step::Images => self.images.keys().cloned().collect(),
            Step::Volumes => self.volumes.keys().cloned().collect(),
            Step::Subnets => self.subnets.keys().cloned().collect(),
            Step::Networks => self.networks.keys().cloned().collect(),
            Step::System
            | Step::Hosts
            | Step::HostGroups
            | Step::HostAggregates
            | Step::Hypervisors
            | Step::Tenants
            | Step::InstanceGroups
            | Step::VolumeSnapshots => Vec::new(),
        };
        let page = || {
            let listing = self.audits.listings.entry(step).or_default();
            listing.ask(known.into_iter());
            Page { limit: PAGE, next: listing.next.clone() }
        };
        match step {
            Step::System => Call::Infrastructure(InfrastructureCall::GetSystemInfo),
            Step::Hosts | Step::HostGroups => {
                let known = self.hosts.iter().map(|(name, host)| (name.clone(), host.version));
                self.audits.hosts_known = known.collect();
                Call::Infrastructure(InfrastructureCall::GetHosts)
            }
            Step::HostAggregates => Call::Compute(ComputeCall::GetHostAggregates),
            Step::Hypervisors => Call::Compute(ComputeCall::GetHypervisors),
            Step::Tenants => Call::Identity(IdentityCall::GetTenants),
            Step::InstanceTypes => Call::Compute(ComputeCall::GetInstanceTypes { page: page() }),
            Step::Instances => Call::Compute(ComputeCall::GetInstances { page: page() }),
            Step::InstanceGroups => Call::Compute(ComputeCall::GetInstanceGroups),
            Step::Images => Call::Image(ImageCall::GetImages { page: page() }),
            Step::Volumes => Call::BlockStorage(BlockStorageCall::GetVolumes { page: page() }),
            Step::VolumeSnapshots => Call::BlockStorage(BlockStorageCall::GetVolumeSnapshots),
            Step::Subnets => Call::Network(NetworkCall::GetSubnets { page: page() }),
            Step::Networks => Call::Network(NetworkCall::GetNetworks { page: page() }),
        }
    }

    /// A listing or a detail has come, or not.
    pub(in crate::core) fn audit_answered(&mut self, audit: AuditAnswer, result: CallResult) {
        match audit {
            AuditAnswer::Step(step) => self.audit_step_answered(step, result),
            AuditAnswer::Hypervisor(uuid) => {
                if self.audits.hypervisors.answered(&uuid)
                    && let Ok(Answer::Hypervisor(hypervisor)) = result
                {
                    self.hypervisor_update(hypervisor);
                }
            }
            AuditAnswer::InstanceType(uuid) => self.instance_type_answered(&uuid, result),
            AuditAnswer::Volume(uuid) => self.volume_answered(&uuid, result),
        }
    }

    fn audit_step_answered(&mut self, step: Step, result: CallResult) {
        let heard = match result {
            Ok(answer) => self.audit_apply(answer),
            Err(_) => {
                if let Some(listing) = self.audits.listings.get_mut(&step) {
                    listing.restart();
                }
                Heard::Taken
            }
        };
        if !self.audits.waiting || STEPS[self.audits.step].0 != step {
            return;
        }
        // after a start a large cloud is to be known soon: its first listings of flavors and instances go on at once,
        // later ones take one page a cycle (docs/differences.md)
        let goes_on = matches!(step, Step::InstanceTypes | Step::Instances)
            && self.audits.listings.get(&step).is_some_and(super::Listing::is_first_and_goes_on);
        if heard == Heard::AskAgain || goes_on {
            self.audits.waiting = false;
            let pause = if goes_on { Duration::ZERO } else { self.config.audit.step_pause };
            self.timers.arm(TimerKey::AuditCycle, self.now.mono + pause);
        } else {
            self.audit_go_on(self.config.audit.step_pause);
        }
    }

    fn audit_apply(&mut self, answer: Answer) -> Heard {
        match answer {
            Answer::System(system) => self.audit_system(system),
            Answer::Hosts { hosts, incomplete, groups } => {
                let heard = self.audit_hosts(hosts, &incomplete, groups);
                self.sw_mgmt_cloud_heard();
                heard
            }
            Answer::HostAggregates(listed) => self.audit_host_aggregates(listed),
            Answer::Hypervisors(listed) => self.audit_hypervisors(listed),
            Answer::Tenants(listed) => self.audit_tenants(listed),
            Answer::InstanceTypes(page) => self.audit_instance_types(page),
            Answer::InstanceIds(page) => self.audit_instances(page),
            Answer::InstanceGroups(listed) => self.audit_instance_groups(listed),
            Answer::Images(page) => self.audit_images(page),
            Answer::VolumeIds(page) => self.audit_volumes(page),
            Answer::VolumeSnapshots(listed) => self.audit_volume_snapshots(listed),
            Answer::Subnets(page) => self.audit_subnets(page),
            Answer::Networks(page) => self.audit_networks(page),
            _ => Heard::Taken,
        }
    }

    /// True when a listing says that everything is gone: a service that lost its database says so as well. The
    /// second such answer in a row is believed (docs/differences.md).
    pub(in crate::core) fn doubts(&mut self, step: Step, all_gone: bool) -> bool {
        if !all_gone || self.audits.doubted.remove(&step) {
            self.audits.doubted.remove(&step);
            return false;
        }
        self.audits.doubted.insert(step);
        let text = format!("The listing {step:?} came empty, it is asked for again before it is believed.");
        self.log(Level::Warn, LOGGER, FILE, text);
        true
    }

    /// A page of a listing; the whole of it, once the last page is there.
    pub(in crate::core) fn audit_page(
        &mut self,
        step: Step,
        keys: Vec<String>,
        next: Option<String>,
    ) -> Option<Listed> {
        if !keys.is_empty() {
            // an empty one after this is the first again, also if the rest of this one cannot be had
            self.audits.doubted.remove(&step);
        }
        self.audits.listings.entry(step).or_default().page(keys, next)
    }

    /// Removes what a whole listing does not have any more.
    pub(in crate::core) fn each_missing(
        &mut self,
        step: Step,
        listed: Listed,
        remove: impl Fn(&mut Self, &str),
    ) -> Heard {
        if self.doubts(step, listed.is_empty && !listed.missing.is_empty()) {
            return Heard::AskAgain;
        }
        for key in listed.missing {
            remove(self, &key);
        }
        Heard::Taken
    }

    fn audit_hosts(
        &mut self,
        hosts: Vec<object::Host>,
        incomplete: &[String],
        groups: Vec<object::HostGroup>,
    ) -> Heard {
        let known = std::mem::take(&mut self.audits.hosts_known);
        if self.doubts(Step::Hosts, hosts.is_empty() && incomplete.is_empty() && !known.is_empty()) {
            return Heard::AskAgain;
        }
        self.audits.hosts_listed = true;
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
            self.forget_history(ObjectType::Host, name);
        }
        for host in hosts.into_iter().filter(|host| !deleted.contains(&host.name)) {
            // what a neighbour said since the question was put is newer than the answer
            let asked = known.get(&host.name).copied();
            if self.hosts.get(&host.name).is_none_or(|now| Some(now.version) == asked) {
                self.host_update(host);
                self.settle();
            }
        }
        for (name, asked) in known {
            let unchanged = self.hosts.get(&name).is_some_and(|host| host.version == asked);
            if unchanged && !keep.contains(&name) {
                self.host_delete(&name);
            }
        }
        self.audit_host_groups(groups, incomplete);
        Heard::Taken
    }

    fn audit_instances(&mut self, page: Paged<(String, String)>) -> Heard {
        let there: Vec<_> = page.entries.into_iter().map(|(uuid, _)| uuid).collect();
        for uuid in &there {
            if !self.audits.asked.contains(uuid) && self.audits.queued.insert(uuid.clone()) {
                self.audits.instances.push_back(uuid.clone());
            }
        }
        let heard = match self.audit_page(Step::Instances, there, page.next) {
            Some(listed) => self.each_missing(Step::Instances, listed, |vim, uuid| {
                if vim.instances.get(uuid).is_some_and(|instance| !instance.deleted) {
                    vim.audits.queued.remove(uuid);
                    vim.instance_gone(uuid);
                }
            }),
            None => Heard::Taken,
        };
        self.continue_instance_audit();
        heard
    }

    /// Deleted instances leave the table; room may have become free for failed ones.
    pub(in crate::core) fn cleanup_instances(&mut self) {
        let gone = self.instances_where(|instance| instance.deleted && instance.running.is_none());
        for uuid in &gone {
            if let Some(instance) = self.instances.remove(uuid) {
                self.residents.moved(uuid, instance.host(), None);
            }
            self.dirty_instances.remove(uuid);
            self.audits.queued.remove(uuid);
            self.recovery.forget_reboots(uuid);
            self.timers.cancel(&TimerKey::Watch(uuid.clone()));
            self.timers.cancel(&TimerKey::Action(uuid.clone()));
            self.out.writes.push(Write::DeleteInstance { uuid: uuid.clone() });
            self.forget_history(ObjectType::Instance, uuid);
            self.out.writes.push(persistence::forget_instance_memory(uuid));
        }
        if !gone.is_empty() {
            self.recover_instances();
        }
    }
}

const LOGGER: &str = "nfv_vim.vim_nfvi_audits";
const FILE: &str = "_vim_nfvi_audits.py";
