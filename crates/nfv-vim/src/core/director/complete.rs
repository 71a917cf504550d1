//! An instance's action ended: what that means for the host operation it is part of. Contract: 5.3.5.

use super::operation::{ItemEnd, ItemState, OperationKind};
use super::sw_mgmt::SwMgmtEvent;
use super::{FILE, LOGGER};
use crate::core::host::HostEvent;
use crate::core::instance::action::ActionKind;
use crate::core::instance::state::Report;
use crate::core::{Event, Level, Vim};

impl Vim {
    /// A running action reports its end. `from` is the host on which it began.
    pub(in crate::core) fn instance_reported(&mut self, uuid: &str, report: Report, from: Option<String>) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let name = instance.name().to_owned();
        let failed = instance.is_failed();
        // Nova left it in the middle of its evacuation: only what failed is healed (docs/differences.md)
        let torn = matches!(report, Report::Evacuate(end) if end != ItemEnd::Completed)
            && instance.is_rebuilding()
            && !failed;
        let host = match report {
            Report::Migrate(_) | Report::Evacuate(_) => from,
            // its host may have moved it on meanwhile
            Report::Start(_) | Report::Stop(_) => from
                .filter(|host| self.operations.get(host).is_some_and(|operation| operation.waits_for(uuid)))
                .or_else(|| instance.nfvi.host_name.clone()),
        };
        let Some(host) = host else { return };
        let kind = self
            .operations
            .get(&host)
            .filter(|operation| concerns(report, operation.kind) && operation.contains(uuid))
            // what a user starts later is no part of it
            .filter(|operation| !matches!(report, Report::Start(_)) || operation.waits_for(uuid))
            .map(|operation| operation.kind);
        if torn && kind.is_none_or(OperationKind::gives_up_at_first) {
            self.fail_instance(uuid, None);
        }
        let Some(kind) = kind else { return };
        let (word, place, end) = match report {
            Report::Migrate(end) => ("Migrate", "from", end),
            Report::Evacuate(end) => ("Evacuate", "from", end),
            Report::Start(end) => ("Start", "on", end),
            Report::Stop(end) => ("Stop", "on", end),
        };
        let place = if end == ItemEnd::Cancelled { "on" } else { place };
        let sentence = format!("{word} of instance {name} {place} host {host} {}", end.words());
        self.log(Level::Info, LOGGER, FILE, sentence.clone());
        self.item(&host, uuid, ItemState::Ended(end));
        if end != ItemEnd::Completed && kind.gives_up_at_first() {
            self.gives_up(&host, report, &sentence);
            return;
        }
        match report {
            Report::Start(_) => {
                if end == ItemEnd::Completed
                    && let Some(instance) = self.instances.get_mut(uuid)
                {
                    instance.unlock_to_recover = false;
                    self.dirty_instances.insert(uuid.to_owned());
                } else if let Some(operation) = self.operations.get_mut(&host) {
                    operation.give_reason(&sentence);
                }
                self.start_next(&host);
                if self.operations.get(&host).is_some_and(|operation| !operation.status().in_progress) {
                    self.operations.remove(&host);
                }
                return;
            }
            Report::Stop(_) => {
                if end != ItemEnd::Completed && !failed && end != ItemEnd::Cancelled {
                    self.fail_instance(uuid, None);
                }
            }
            Report::Migrate(_) | Report::Evacuate(_) => {
                if end != ItemEnd::Completed && !failed {
                    self.fail_instance(uuid, None);
                }
                if matches!(report, Report::Migrate(_)) && self.is_hypervisor_enabled(&host) {
                    self.migrate_pass(&host);
                } else {
                    self.evacuate_pass(&host);
                }
            }
        }
        self.tell_host(&host, report);
    }

    /// An instance is gone for good: no operation waits for it any more, and the next one has its turn. A migration or
    /// evacuation that the deletion broke off reports nothing itself (docs/differences.md).
    pub(in crate::core) fn director_instance_deleted(&mut self, uuid: &str) {
        let waiting: Vec<_> = self
            .operations
            .iter()
            .filter(|(_, operation)| operation.waits_for(uuid))
            .map(|(host, operation)| (host.clone(), operation.kind))
            .collect();
        for (host, kind) in waiting {
            let stops = kind == OperationKind::StopInstances
                || (self.config.instance.single_hypervisor && kind != OperationKind::MigrateInstances);
            let report = if kind.is_start() {
                Report::Start(ItemEnd::Completed)
            } else if stops {
                Report::Stop(ItemEnd::Completed)
            } else {
                Report::Migrate(ItemEnd::Completed)
            };
            self.queue.push_back(Event::Report { uuid: uuid.to_owned(), report, from: Some(host) });
        }
    }

    /// An action took the place of others, which report nothing themselves. A strategy's operation has no deadline of
    /// its own: it hears that the instance will not move (docs/differences.md).
    pub(in crate::core) fn director_action_displaced(
        &mut self,
        uuid: &str,
        by: ActionKind,
        displaced: &[ActionKind],
    ) {
        let moves =
            |kind| matches!(kind, ActionKind::LiveMigrate | ActionKind::ColdMigrate | ActionKind::Evacuate);
        // a deletion tells in the end, a move of another kind reports its own end
        if by == ActionKind::Delete || moves(by) || !displaced.iter().copied().any(moves) {
            return;
        }
        let waiting = self.operations.iter().find(|(_, operation)| {
            operation.kind == OperationKind::MigrateInstances && operation.waits_for(uuid)
        });
        if let Some((host, _)) = waiting {
            let (report, from) = (Report::Migrate(ItemEnd::Cancelled), Some(host.clone()));
            self.queue.push_back(Event::Report { uuid: uuid.to_owned(), report, from });
        }
    }

    /// An operation that forces nothing ends with the first instance that does not do as it should.
    fn gives_up(&mut self, host: &str, report: Report, reason: &str) {
        let Some(mut operation) = self.operations.remove(host) else { return };
        operation.give_reason(reason);
        if operation.kind == OperationKind::MigrateInstances {
            self.tell_sw_mgmt(SwMgmtEvent::MigrateInstancesFailed { reason: reason.to_owned() });
        }
        let mut end = operation.end();
        // a cancelled stop leaves the instance where it is: the lock cannot go on
        end.failed |= !end.timed_out;
        self.post_host(host, gone(report, end));
    }

    /// The host hears that one instance is gone, or that all are.
    fn tell_host(&mut self, host: &str, report: Report) {
        let Some(operation) = self.operations.get(host) else { return };
        if operation.status().in_progress {
            let event = match report {
                Report::Stop(_) | Report::Start(_) => HostEvent::InstanceStopped,
                Report::Migrate(_) | Report::Evacuate(_) => HostEvent::InstanceMoved,
            };
            self.post_host(host, event);
        } else {
            let (kind, end) = (operation.kind, operation.end());
            self.operations.remove(host);
            if kind == OperationKind::MigrateInstances && (end.failed || end.timed_out) {
                // a later pass met an instance that cannot go; the strategy must not wait for it (docs/differences.md)
                self.tell_sw_mgmt(SwMgmtEvent::MigrateInstancesFailed { reason: end.reason.clone() });
            }
            self.post_host(host, gone(report, end));
        }
    }
}

fn gone(report: Report, end: super::OperationEnd) -> HostEvent {
    match report {
        Report::Stop(_) | Report::Start(_) => HostEvent::InstancesStopped(end),
        Report::Migrate(_) | Report::Evacuate(_) => HostEvent::InstancesMoved(end),
    }
}

/// The report matters to an operation of this kind. Contract: 5.3.5, first table.
fn concerns(report: Report, kind: OperationKind) -> bool {
    use OperationKind as K;
    match report {
        // the evacuations of a migration whose host went down meanwhile count as well (docs/differences.md)
        Report::Migrate(_) | Report::Evacuate(_) => matches!(
            kind,
            K::HostLock | K::HostLockForce | K::HostDisable | K::HostFailed | K::MigrateInstances
        ),
        Report::Stop(_) => matches!(kind, K::StopInstances | K::HostLock | K::HostLockForce),
        Report::Start(_) => kind.is_start(),
    }
}
