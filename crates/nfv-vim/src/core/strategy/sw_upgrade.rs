//! The stages of a software upgrade. Contract: strategies 5.4.

use super::plan::{Checked, Planner, refuse};
use super::step::{Hosts, STABILIZE, Task};
use super::sw_patch::with_hosts;
use super::world::HostFacts;

/// Longest wait for the data to be in sync again, seconds.
const CONTROLLER_SYNC: u64 = 4 * 60 * 60;
const STORAGE_SYNC: u64 = 2 * 60 * 60;

impl<'a> Planner<'a> {
    pub(super) fn upgrade_controllers(&mut self, hosts: &[&'a HostFacts]) -> Checked {
        if self.inventory.total_by_personality("controller") < 2 {
            return refuse("not enough controllers to apply software upgrades");
        }
        if hosts.iter().any(|host| host.is("worker")) {
            return refuse("cannot apply software upgrades to CPE configuration");
        }
        let named = |name: &str| hosts.iter().rev().find(|host| host.name == name);
        let (first, second) = (named("controller-1"), named("controller-0"));
        let both = first.is_some();
        for (host, swact) in [(first, false), (second, both)] {
            if let Some(host) = host {
                let last = self.wait_data_sync(CONTROLLER_SYNC);
                self.upgrade_stage("sw-upgrade-controllers", &[host], swact, Vec::new(), last);
            }
        }
        Ok(())
    }

    pub(super) fn upgrade_storage(&mut self, hosts: &[&'a HostFacts]) -> Checked {
        let (first, others): (Vec<_>, Vec<_>) = hosts.iter().partition(|host| host.name == "storage-0");
        let mut lists = if first.len() == 1 { self.storage_lists(&first)? } else { Vec::new() };
        lists.extend(self.storage_lists(&others)?);
        for list in lists {
            let last = self.wait_data_sync(STORAGE_SYNC);
            self.upgrade_stage("sw-upgrade-storage-hosts", &list, false, Vec::new(), last);
        }
        Ok(())
    }

    pub(super) fn upgrade_workers(&mut self, hosts: &[&'a HostFacts], reboot: bool) -> Checked {
        for list in self.worker_lists(hosts, reboot)? {
            let instances = self.instances_on(&list);
            if let Some(stopped) = instances.iter().find(|instance| instance.locked) {
                return Err(format!("instance {} must not be shut down", stopped.name));
            }
            let mut first = Vec::new();
            if !instances.is_empty() {
                first.extend(self.services_down(&list));
                first.push(Task::MigrateInstances(with_hosts(&instances)));
            }
            let last = Task::SystemStabilize { secs: STABILIZE };
            self.upgrade_stage("sw-upgrade-worker-hosts", &list, false, first, last);
        }
        Ok(())
    }

    fn upgrade_stage(&mut self, name: &str, hosts: &[&HostFacts], swact: bool, first: Vec<Task>, last: Task) {
        let all = Hosts::of(hosts.iter().copied());
        let mut tasks = vec![self.no_alarms_step()];
        if swact {
            tasks.push(Task::SwactHosts(all.clone()));
        }
        tasks.extend(first);
        tasks.extend([
            Task::LockHosts { hosts: all.clone(), wait_until_disabled: true },
            Task::UpgradeHosts(all.clone()),
            Task::UnlockHosts(all),
            last,
        ]);
        self.stage(name, tasks);
    }

    pub(super) fn add_upgrade_start(&mut self) -> Checked {
        let swact = self.swact_controller_1()?;
        let tasks = vec![
            Task::QueryAlarms { fail_on_alarms: true, ignore_alarms: Vec::new() },
            swact,
            Task::StartUpgrade,
            Task::SystemStabilize { secs: STABILIZE },
        ];
        self.stage("sw-upgrade-start", tasks);
        Ok(())
    }

    pub(super) fn add_upgrade_complete(&mut self) -> Checked {
        let swact = self.swact_controller_1()?;
        let tasks = vec![
            self.no_alarms_step(),
            swact,
            Task::ActivateUpgrade,
            Task::CompleteUpgrade,
            Task::SystemStabilize { secs: STABILIZE },
        ];
        self.stage("sw-upgrade-complete", tasks);
        Ok(())
    }

    /// The end of an upgrade can only be done from controller-0.
    fn swact_controller_1(&self) -> Result<Task, String> {
        let host = self.inventory.host("controller-1").filter(|host| host.is("controller"));
        match host {
            Some(host) => Ok(Task::SwactHosts(Hosts::of([host]))),
            None => Err("controller-1 is not in the host inventory".to_owned()),
        }
    }
}
