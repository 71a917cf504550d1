//! Moving, stopping and starting instances for a strategy. Contract: vim-behaviour 5.3.5, the entry points.

use super::operation::{ItemEnd, ItemState, Operation, OperationKind, OperationStatus};
use super::sw_mgmt::SwMgmtEvent;
use super::{FILE, LOGGER};
use crate::core::{Level, Vim};
use std::collections::BTreeMap;

impl Vim {
    /// One operation for each host that has one of the instances; the answer is the overall operation, one item for
    /// each host. Nothing begins if one of the instances cannot be taken in hand at all. The first host that fails at
    /// once keeps those after it from beginning.
    pub(super) fn operate_instances(&mut self, kind: OperationKind, uuids: &[String]) -> OperationStatus {
        self.log(Level::Info, LOGGER, FILE, format!("{} uuids={}.", title(kind), uuids.join(", ")));
        let mut overall = Operation::new(kind);
        let mut hosts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for uuid in uuids {
            match self.host_of_wanted(uuid) {
                Ok(host) => hosts.entry(host).or_default().push(uuid.clone()),
                Err(reason) => {
                    self.log(Level::Info, LOGGER, FILE, reason.clone());
                    overall.set_failed(&reason);
                    return overall.status();
                }
            }
        }
        for (host, wanted) in hosts {
            self.operations.insert(host.clone(), Operation::new(kind));
            if kind.is_start() {
                self.start_pass(&host, &wanted);
                self.start_next(&host);
            } else if kind == OperationKind::StopInstances {
                self.stop_pass(&host, Some(&wanted));
            } else {
                self.migrate_pass(&host);
            }
            let status = self.finish_if_idle(&host);
            let state = if status.in_progress {
                ItemState::InProgress
            } else if status.failed {
                ItemState::Ended(ItemEnd::Failed)
            } else if status.timed_out {
                ItemState::Ended(ItemEnd::TimedOut)
            } else {
                ItemState::Ended(ItemEnd::Completed)
            };
            overall.set(&host, state);
            if matches!(state, ItemState::Ended(ItemEnd::Failed | ItemEnd::TimedOut)) {
                overall.give_reason(&status.reason);
                break;
            }
        }
        let status = overall.status();
        if kind == OperationKind::MigrateInstances && status.in_progress && status.failed {
            // one of the hosts will not be emptied while others still are (docs/differences.md)
            self.tell_sw_mgmt(SwMgmtEvent::MigrateInstancesFailed { reason: status.reason.clone() });
        }
        status
    }

    /// The host of an instance, if an operation may begin there.
    fn host_of_wanted(&self, uuid: &str) -> Result<String, String> {
        let Some(instance) = self.instances.get(uuid) else {
            return Err(format!("Instance {uuid} does not exist."));
        };
        let host = instance.host().unwrap_or("None");
        self.may_operate_on(host)?;
        Ok(host.to_owned())
    }

    /// Whether an operation may begin on a host, or why not.
    pub(in crate::core) fn may_operate_on(&self, host: &str) -> Result<(), String> {
        if !self.hosts.contains_key(host) {
            return Err(format!("Host {host} does not exist."));
        }
        match self.operations.get(host) {
            Some(operation) if operation.status().in_progress => Err(format!(
                "Another host operation {} is already inprogress for host {host}.",
                operation.kind.as_str()
            )),
            _ => Ok(()),
        }
    }
}

/// How the log line of an operation begins.
fn title(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::MigrateInstances => "Migrate instances",
        OperationKind::StopInstances => "Stop instances",
        OperationKind::StartInstances => "Start instances",
        OperationKind::StartInstancesSerial => "Start instances serial",
        other => other.as_str(),
    }
}
