//! The stages of a software patch. Contract: strategies 4.5.

use super::plan::{Checked, Planner, refuse};
use super::step::{COMPUTE, Hosts, Instances, MAINTENANCE_DELAY, NO_REBOOT_DELAY, Patched, STABILIZE, Task};
use super::world::{HostFacts, InstanceFacts};
use nfv_common::strategy::{ApplyType, InstanceAction};

/// Longest wait for the storage to be in sync again, seconds.
const STORAGE_SYNC: u64 = 30 * 60;

impl<'a> Planner<'a> {
    pub(super) fn patch_controllers(&mut self, hosts: &[&'a HostFacts], reboot: bool) -> Checked {
        let apply_type = self.data.controller_apply_type;
        if apply_type != ApplyType::Ignore {
            if hosts.iter().any(|host| !host.is("controller")) {
                return refuse("host inventory personality controller mismatch detected");
            }
            if !self.data.single_controller() && self.inventory.total_by_personality("controller") < 2 {
                return refuse("not enough controllers to apply software patches");
            }
        }
        match apply_type {
            ApplyType::Serial => {
                // those that are workers too have their turn with the workers; the own host is last
                let plain = hosts.iter().copied().filter(|host| !host.is("worker"));
                let (own, mut order): (Vec<&HostFacts>, Vec<&HostFacts>) =
                    plain.partition(|host| host.name == self.local_host);
                order.extend(own.last());
                for host in order {
                    let last = Task::SystemStabilize { secs: STABILIZE };
                    self.patch_stage("sw-patch-controllers", &[host], reboot, true, last);
                }
                Ok(())
            }
            ApplyType::Parallel => refuse("parallel apply type not allowed for controllers"),
            ApplyType::Ignore => Ok(()),
        }
    }

    pub(super) fn patch_storage(&mut self, hosts: &[&'a HostFacts], reboot: bool) -> Checked {
        for list in self.storage_lists(hosts)? {
            let last = self.wait_data_sync(STORAGE_SYNC);
            self.patch_stage("sw-patch-storage-hosts", &list, reboot, false, last);
        }
        Ok(())
    }

    pub(super) fn patch_swift(&mut self, hosts: &[&'a HostFacts], reboot: bool) -> Checked {
        if self.data.swift_apply_type == ApplyType::Ignore {
            return Ok(());
        }
        if hosts.iter().any(|host| !host.is("swift")) {
            return refuse("host inventory personality swift mismatch detected");
        }
        if self.inventory.total_by_personality("swift") < 2 {
            return refuse("not enough swift hosts to apply software patches");
        }
        for host in hosts {
            let last = Task::SystemStabilize { secs: STABILIZE };
            self.patch_stage("sw-patch-swift-hosts", &[host], reboot, false, last);
        }
        Ok(())
    }

    /// Hosts without instances: alarms, swact, lock, patch, wait, unlock, `last`; or without reboot only the patch.
    fn patch_stage(&mut self, name: &str, hosts: &[&HostFacts], reboot: bool, swact: bool, last: Task) {
        let all = Hosts::of(hosts.iter().copied());
        let mut tasks = vec![self.no_alarms_step()];
        if reboot {
            if swact {
                tasks.push(Task::SwactHosts(all.clone()));
            }
            tasks.push(Task::LockHosts { hosts: all.clone(), wait_until_disabled: true });
        }
        tasks.push(patch(&all));
        if reboot {
            tasks.push(Task::SystemStabilize { secs: MAINTENANCE_DELAY });
            tasks.push(Task::UnlockHosts(all));
            tasks.push(last);
        } else {
            tasks.push(Task::SystemStabilize { secs: NO_REBOOT_DELAY });
        }
        self.stage(name, tasks);
    }

    pub(super) fn patch_workers(&mut self, hosts: &[&'a HostFacts], reboot: bool) -> Checked {
        let data = self.data;
        let single = data.single_controller();
        let migrate = data.default_instance_action == InstanceAction::Migrate;
        if data.worker_apply_type != ApplyType::Ignore
            && single
            && migrate
            && hosts.iter().any(|host| host.is("controller"))
        {
            return refuse("cannot migrate instances in a single controller configuration");
        }
        for list in self.worker_lists(hosts, reboot)? {
            let all = Hosts::of(list.iter().copied());
            let mut tasks = vec![self.no_alarms_step()];
            if !reboot {
                tasks.extend([patch(&all), Task::SystemStabilize { secs: NO_REBOOT_DELAY }]);
                self.stage("sw-patch-worker-hosts", tasks);
                continue;
            }
            let instances: Vec<_> =
                self.instances_on(&list).into_iter().filter(|instance| !instance.locked).collect();
            let (to_reboot, to_lock): (Vec<_>, Vec<_>) = list.iter().partition(|host| host.is_locked());
            if let [host] = list[..]
                && host.is("controller")
                && !single
            {
                tasks.push(Task::SwactHosts(all.clone()));
            }
            if !instances.is_empty() && migrate {
                tasks.extend(self.services_down(&list));
                tasks.push(Task::MigrateInstances(with_hosts(&instances)));
            } else if !instances.is_empty() {
                tasks.push(Task::StopInstances(with_hosts(&instances)));
            }
            let lock = Hosts::of(to_lock.iter().map(|host: &&&HostFacts| **host));
            if !to_lock.is_empty() {
                let own = single && to_lock.len() == 1 && to_lock[0].is("controller");
                tasks.push(Task::LockHosts { hosts: lock.clone(), wait_until_disabled: !own });
            }
            tasks.extend([patch(&all), Task::SystemStabilize { secs: MAINTENANCE_DELAY }]);
            if !to_lock.is_empty() {
                tasks.push(Task::UnlockHosts(lock));
            }
            if !to_reboot.is_empty() {
                let reboot = Hosts::of(to_reboot.iter().map(|host: &&&HostFacts| **host));
                tasks.push(Task::RebootHosts(reboot));
            }
            if !instances.is_empty() && !migrate {
                let start = Instances { host_names: Default::default(), ..with_hosts(&instances) };
                tasks.push(Task::StartInstances(start));
            }
            tasks.push(Task::SystemStabilize { secs: STABILIZE });
            self.stage("sw-patch-worker-hosts", tasks);
        }
        Ok(())
    }

    /// Hosts updated together do not take each other's instances.
    pub(super) fn services_down(&self, hosts: &[&HostFacts]) -> Option<Task> {
        let parallel = self.data.worker_apply_type == ApplyType::Parallel;
        let configured = hosts.first().is_some_and(|host| host.compute_configured);
        (parallel && configured).then(|| Task::DisableHostServices {
            hosts: Hosts::of(hosts.iter().copied()),
            service: COMPUTE.to_owned(),
        })
    }
}

fn patch(hosts: &Hosts) -> Task {
    let completed = hosts.names.iter().map(|name| (name.clone(), Patched::default())).collect();
    Task::SwPatchHosts { hosts: hosts.clone(), completed }
}

/// Instances with the hosts they are on now.
pub(super) fn with_hosts(instances: &[&InstanceFacts]) -> Instances {
    Instances {
        names: instances.iter().map(|instance| instance.name.clone()).collect(),
        uuids: instances.iter().map(|instance| instance.uuid.clone()).collect(),
        host_names: instances
            .iter()
            .filter_map(|instance| Some((instance.uuid.clone(), instance.host.clone()?)))
            .collect(),
    }
}
