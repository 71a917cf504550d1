//! From what the queries told to the stages of the apply phase. Contract: strategies 4.3, 4.4, 5.3.

use super::data::{OfKind, PatchData, UpdateData, UpdateKind, UpgradeData};
use super::step::{Task, UpdateStep};
use super::world::{HostFacts, InstanceFacts, Inventory};
use nfv_common::strategy::{Plan, Stage};
use nfv_nfvi::object::HostSwPatch;

/// Makes the plan of one strategy.
#[derive(Debug)]
pub struct Planner<'a> {
    pub(super) kind: UpdateKind,
    pub(super) data: &'a UpdateData,
    pub(super) inventory: &'a Inventory,
    pub(super) local_host: &'a str,
    /// Stages made so far.
    pub stages: Vec<Stage<UpdateStep>>,
}

/// Kinds of hosts that have builders of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKind {
    /// Controllers.
    Controller,
    /// Storage hosts.
    Storage,
    /// Swift hosts; patches only.
    Swift,
    /// Workers.
    Worker,
}

/// Hosts of a kind, whether they reboot, and which.
type ToBuild<'a> = (HostKind, bool, Vec<&'a HostFacts>);

/// Done, or why not.
pub(super) type Checked = Result<(), String>;

impl<'a> Planner<'a> {
    /// A planner without stages.
    pub fn new(
        kind: UpdateKind,
        data: &'a UpdateData,
        inventory: &'a Inventory,
        local_host: &'a str,
    ) -> Self {
        Self { kind, data, inventory, local_host, stages: Vec::new() }
    }

    /// The whole plan.
    pub fn plan(mut self) -> Plan<UpdateStep> {
        let refused = self.run().err();
        Plan { stages: self.stages, refused }
    }

    /// Checks and builders in their order.
    ///
    /// # Errors
    /// Why there is nothing to apply; stages made before stay.
    pub fn run(&mut self) -> Result<(), String> {
        match &self.data.of {
            OfKind::Patch(data) => self.plan_patch(data),
            OfKind::Upgrade(data) => self.plan_upgrade(data),
        }
    }

    /// One builder for hosts by name; those that do not exist are left out.
    ///
    /// # Errors
    /// As [`Planner::add`].
    pub fn add_named(&mut self, kind: HostKind, names: &[String], reboot: bool) -> Result<(), String> {
        let inventory = self.inventory;
        let hosts: Vec<_> = names.iter().filter_map(|name| inventory.host(name)).collect();
        self.add(kind, &hosts, reboot)
    }

    /// One builder.
    ///
    /// # Errors
    /// Why these hosts cannot be planned; stages made before stay.
    pub fn add(&mut self, kind: HostKind, hosts: &[&'a HostFacts], reboot: bool) -> Result<(), String> {
        match (self.kind, kind) {
            (UpdateKind::Patch, HostKind::Controller) => self.patch_controllers(hosts, reboot),
            (UpdateKind::Patch, HostKind::Storage) => self.patch_storage(hosts, reboot),
            (UpdateKind::Patch, HostKind::Swift) => self.patch_swift(hosts, reboot),
            (UpdateKind::Patch, HostKind::Worker) => self.patch_workers(hosts, reboot),
            (UpdateKind::Upgrade, HostKind::Controller) => self.upgrade_controllers(hosts),
            (UpdateKind::Upgrade, HostKind::Storage) => self.upgrade_storage(hosts),
            (UpdateKind::Upgrade, HostKind::Worker) => self.upgrade_workers(hosts, reboot),
            (UpdateKind::Upgrade, HostKind::Swift) => Ok(()),
        }
    }

    fn plan_patch(&mut self, data: &'a PatchData) -> Checked {
        if data.sw_patches.is_empty() {
            return refuse("no software patches found");
        }
        self.no_alarms()?;
        for host in &self.inventory.hosts {
            if host.is("worker") && !host.is("controller") {
                let parked = host.is_locked() && host.disabled && (host.is_offline() || host.is_online());
                if !host.is_in_service() && !parked {
                    return refuse(
                        "all worker hosts must be unlocked-enabled-available, locked-disabled-online or \
                         locked-disabled-offline",
                    );
                }
            } else {
                in_service(host)?;
            }
        }
        let lists = self.sort_patch_hosts(data.sw_patch_hosts.iter())?;
        for (kind, reboot, hosts) in lists {
            if !hosts.is_empty() {
                self.add(kind, &hosts, reboot)?;
            }
        }
        if self.stages.is_empty() { refuse("no software patches need to be applied") } else { Ok(()) }
    }

    /// The hosts to be patched in the order of their builders.
    fn sort_patch_hosts(
        &self,
        hosts: impl Iterator<Item = &'a HostSwPatch>,
    ) -> Result<[ToBuild<'a>; 8], String> {
        use HostKind::{Controller, Storage, Swift, Worker};
        let mut lists = [Controller, Storage, Swift, Worker]
            .map(|kind| [(kind, false, Vec::new()), (kind, true, Vec::new())]);
        let index: std::collections::BTreeMap<_, _> =
            self.inventory.hosts.iter().map(|host| (host.name.as_str(), host)).collect();
        for patched in hosts {
            let host = *index
                .get(patched.name.as_str())
                .ok_or_else(|| "host inventory mismatch detected".to_owned())?;
            if patched.interim_state {
                return Err("at least one host is in pending patch current state".to_owned());
            }
            if patched.patch_current {
                continue;
            }
            let reboot = usize::from(patched.requires_reboot);
            let is = |personality| patched.personality.contains(personality);
            let main = ["controller", "storage", "swift"].into_iter().position(is);
            if let Some(main) = main {
                lists[main][reboot].2.push(host);
            }
            if is("worker") && !host.is_offline() {
                lists[3][reboot].2.push(host);
            }
        }
        let [[a, b], [c, d], [e, f], [g, h]] = lists;
        Ok([a, b, c, d, e, f, g, h])
    }

    fn plan_upgrade(&mut self, data: &'a UpgradeData) -> Checked {
        let upgrade = data.upgrade.as_ref();
        match upgrade {
            None if !data.start_upgrade => return refuse("no upgrade in progress"),
            None => {}
            Some(upgrade) => {
                let state = upgrade.state.as_str();
                let valid = matches!(state, "upgrading-controllers" | "upgrading-hosts")
                    || (data.start_upgrade && matches!(state, "started" | "data-migration-complete"));
                if !valid {
                    return Err(format!("invalid upgrade state for orchestration: {state}"));
                }
                if state == "upgrading-controllers" && self.local_host != "controller-1" {
                    return refuse("controller-1 must be active for orchestration to upgrade controller-0");
                }
            }
        }
        self.no_alarms()?;
        self.inventory.hosts.iter().try_for_each(in_service)?;
        if upgrade.is_none() {
            self.add_upgrade_start()?;
        }
        let to_release = upgrade.map(|upgrade| upgrade.to_release.as_str());
        let mut lists = [const { Vec::new() }; 3];
        for host in &self.inventory.hosts {
            if to_release.is_some() && host.software_load.as_deref() == to_release {
                continue;
            }
            let kind = ["controller", "storage", "worker"].into_iter().position(|kind| host.is(kind));
            if let Some(kind) = kind {
                lists[kind].push(host);
            }
        }
        let kinds = [HostKind::Controller, HostKind::Storage, HostKind::Worker];
        for (kind, hosts) in kinds.into_iter().zip(&lists) {
            if !hosts.is_empty() {
                self.add(kind, hosts, true)?;
            }
        }
        if data.complete_upgrade {
            self.add_upgrade_complete()?;
        }
        if self.stages.is_empty() { refuse("no software upgrades need to be applied") } else { Ok(()) }
    }

    fn no_alarms(&self) -> Checked {
        if self.data.nfvi_alarms.is_empty() { Ok(()) } else { refuse("active alarms present") }
    }

    pub(super) fn stage(&mut self, name: &str, tasks: Vec<Task>) {
        self.stages.push(Stage::new(name, tasks.into_iter().map(UpdateStep::from)));
    }

    /// The first step of every stage of hosts.
    pub(super) fn no_alarms_step(&self) -> Task {
        Task::QueryAlarms { fail_on_alarms: true, ignore_alarms: self.data.ignore_alarms.clone() }
    }

    pub(super) fn wait_data_sync(&self, secs: u64) -> Task {
        Task::WaitDataSync { secs, ignore_alarms: self.data.ignore_alarms.clone() }
    }

    /// Instances on these hosts, host by host.
    pub(super) fn instances_on(&self, hosts: &[&HostFacts]) -> Vec<&'a InstanceFacts> {
        let inventory = self.inventory;
        hosts.iter().flat_map(|host| inventory.on_host(&host.name)).collect()
    }
}

pub(super) fn refuse(reason: &str) -> Checked {
    Err(reason.to_owned())
}

fn in_service(host: &HostFacts) -> Checked {
    if host.is_in_service() {
        return Ok(());
    }
    Err(format!("all {} hosts must be unlocked-enabled-available", host.personality))
}
