//! The steps' own keys in the database. Contract: strategies 1.10, 2.

use super::step::{Hosts, Instances, Patched, Task, UpdateStep};
use super::world::World;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Entries = Map<String, Value>;

impl Task {
    /// Its keys, entity keys included.
    pub(super) fn entries(&self) -> Entries {
        if let Self::Other { entries, .. } = self {
            return entries.clone();
        }
        let (kind, names, uuids) = match (self.hosts(), self.instances()) {
            (Some(hosts), _) => ("hosts", json!(hosts.names), json!(hosts.uuids)),
            (None, Some(instances)) => ("instances", json!(instances.names), json!(instances.uuids)),
            (None, None) => ("", json!([]), json!([])),
        };
        let mut entries = Entries::new();
        entries.insert("entity_type".into(), kind.into());
        entries.insert("entity_names".into(), names);
        entries.insert("entity_uuids".into(), uuids);
        match self {
            Self::QueryAlarms { fail_on_alarms, ignore_alarms } => {
                entries.insert("fail_on_alarms".into(), (*fail_on_alarms).into());
                entries.insert("ignore_alarms".into(), json!(ignore_alarms));
            }
            Self::WaitDataSync { ignore_alarms, .. } => {
                entries.insert("ignore_alarms".into(), json!(ignore_alarms));
            }
            Self::LockHosts { wait_until_disabled, .. } => {
                entries.insert("wait_until_disabled".into(), (*wait_until_disabled).into());
            }
            Self::SwPatchHosts { completed, .. } => {
                let hosts = completed
                    .iter()
                    .map(|(host, at)| (host.clone(), json!([at.completed, at.success, at.reason])));
                entries.insert("hosts_completed".into(), Value::Object(hosts.collect()));
            }
            Self::MigrateInstances(instances) | Self::StopInstances(instances) => {
                entries.insert("instance_host_names".into(), json!(instances.host_names));
            }
            Self::DisableHostServices { service, .. } | Self::EnableHostServices { service, .. } => {
                entries.insert("entity_service".into(), service.as_str().into());
            }
            Self::QuerySwPatches
            | Self::QuerySwPatchHosts
            | Self::QueryUpgrade
            | Self::SwactHosts(_)
            | Self::UnlockHosts(_)
            | Self::RebootHosts(_)
            | Self::UpgradeHosts(_)
            | Self::StartUpgrade
            | Self::ActivateUpgrade
            | Self::CompleteUpgrade
            | Self::StartInstances(_)
            | Self::SystemStabilize { .. }
            | Self::Other { .. } => {}
        }
        entries
    }

    /// A task from its name and keys. Keys that later releases added have defaults.
    pub(super) fn from_entries(name: &str, mut entries: Entries) -> Result<Self, String> {
        let entries = &mut entries;
        Ok(match name {
            "query-alarms" => Self::QueryAlarms {
                fail_on_alarms: take(entries, "fail_on_alarms")?.unwrap_or(false),
                ignore_alarms: take(entries, "ignore_alarms")?.unwrap_or_default(),
            },
            "query-sw-patches" => Self::QuerySwPatches,
            "query-sw-patch-hosts" => Self::QuerySwPatchHosts,
            "query-upgrade" => Self::QueryUpgrade,
            "swact-hosts" => Self::SwactHosts(hosts(entries)?),
            "lock-hosts" => Self::LockHosts {
                hosts: hosts(entries)?,
                wait_until_disabled: take(entries, "wait_until_disabled")?.unwrap_or(true),
            },
            "unlock-hosts" => Self::UnlockHosts(hosts(entries)?),
            "reboot-hosts" => Self::RebootHosts(hosts(entries)?),
            "sw-patch-hosts" => {
                let at: BTreeMap<String, (bool, bool, String)> =
                    take(entries, "hosts_completed")?.unwrap_or_default();
                let completed = at.into_iter().map(|(host, (completed, success, reason))| {
                    (host, Patched { completed, success, reason })
                });
                Self::SwPatchHosts { completed: completed.collect(), hosts: hosts(entries)? }
            }
            "upgrade-hosts" => Self::UpgradeHosts(hosts(entries)?),
            "start-upgrade" => Self::StartUpgrade,
            "activate-upgrade" => Self::ActivateUpgrade,
            "complete-upgrade" => Self::CompleteUpgrade,
            "migrate-instances" => Self::MigrateInstances(instances(entries)?),
            "stop-instances" => Self::StopInstances(instances(entries)?),
            "start-instances" => Self::StartInstances(instances(entries)?),
            // the seconds are the step's time limit, which is a generic key
            "system-stabilize" => Self::SystemStabilize { secs: 0 },
            "wait-data-sync" => Self::WaitDataSync {
                secs: 0,
                ignore_alarms: take(entries, "ignore_alarms")?.unwrap_or_default(),
            },
            "disable-host-services" => {
                Self::DisableHostServices { hosts: hosts(entries)?, service: service(entries)? }
            }
            "enable-host-services" => {
                Self::EnableHostServices { hosts: hosts(entries)?, service: service(entries)? }
            }
            _ => Self::Other { name: name.to_owned(), entries: std::mem::take(entries) },
        })
    }
}

fn take<T: DeserializeOwned>(entries: &mut Entries, key: &str) -> Result<Option<T>, String> {
    let Some(value) = entries.remove(key) else { return Ok(None) };
    serde_json::from_value(value).map(Some).map_err(|error| format!("{key}: {error}"))
}

fn need<T: DeserializeOwned>(entries: &mut Entries, key: &str) -> Result<T, String> {
    take(entries, key)?.ok_or_else(|| format!("{key} is missing"))
}

fn hosts(entries: &mut Entries) -> Result<Hosts, String> {
    Ok(Hosts {
        names: need(entries, "entity_names")?,
        uuids: take(entries, "entity_uuids")?.unwrap_or_default(),
        known: Vec::new(),
    })
}

fn instances(entries: &mut Entries) -> Result<Instances, String> {
    Ok(Instances {
        names: take(entries, "entity_names")?.unwrap_or_default(),
        uuids: need(entries, "entity_uuids")?,
        host_names: take(entries, "instance_host_names")?.unwrap_or_default(),
    })
}

fn service(entries: &mut Entries) -> Result<String, String> {
    Ok(take(entries, "entity_service")?.unwrap_or_else(|| super::step::COMPUTE.to_owned()))
}

impl UpdateStep {
    /// Looks hosts and instances up again after a restart. Contract: strategies 1.11.
    pub(super) fn look_up(&mut self, timeout: u64, world: &dyn World) {
        match &mut self.task {
            Task::SwactHosts(hosts)
            | Task::LockHosts { hosts, .. }
            | Task::UnlockHosts(hosts)
            | Task::RebootHosts(hosts)
            | Task::UpgradeHosts(hosts)
            | Task::DisableHostServices { hosts, .. }
            | Task::EnableHostServices { hosts, .. } => hosts.look_up(world),
            Task::SwPatchHosts { hosts, completed } => {
                hosts.look_up(world);
                let mut stored = std::mem::take(completed);
                for name in hosts.names.iter().filter(|name| world.host(name).is_some()) {
                    completed.insert(name.clone(), stored.remove(name).unwrap_or_default());
                }
            }
            Task::MigrateInstances(instances)
            | Task::StopInstances(instances)
            | Task::StartInstances(instances) => instances.look_up(world),
            Task::SystemStabilize { secs } | Task::WaitDataSync { secs, .. } => *secs = timeout,
            Task::QueryAlarms { .. }
            | Task::QuerySwPatches
            | Task::QuerySwPatchHosts
            | Task::QueryUpgrade
            | Task::StartUpgrade
            | Task::ActivateUpgrade
            | Task::CompleteUpgrade
            | Task::Other { .. } => {}
        }
    }
}

impl Hosts {
    fn look_up(&mut self, world: &dyn World) {
        let known: Vec<_> = self.names.iter().filter_map(|name| world.host(name)).collect();
        *self = Self { names: std::mem::take(&mut self.names), ..Self::of(&known) };
    }
}

impl Instances {
    fn look_up(&mut self, world: &dyn World) {
        let known: Vec<_> = self.uuids.iter().filter_map(|uuid| world.instance(uuid)).collect();
        self.host_names.retain(|uuid, _| known.iter().any(|instance| instance.uuid == *uuid));
        self.names = known.into_iter().map(|instance| instance.name).collect();
    }
}
