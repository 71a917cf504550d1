//! What a pass does with each instance of a host: asked by the passes when it is done, and by previews beforehand.
//! Contract: vim-behaviour 5.3.4.

use super::host_down::Method;
use super::operation::OperationKind;
use super::passes::in_recovery_order;
use crate::core::Vim;
use crate::core::instance::Instance;
use nfv_nfvi::object::ActionType;

/// What becomes of an instance that is to leave a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::core) enum Fate {
    /// Something speaks against it: the operation ends, for this reason.
    Refuse(String),
    /// It cannot be taken along: it is set to error.
    Fail {
        /// Why, as Nova and operators are told.
        reason: String,
        /// Why, as the log puts it.
        said: Option<String>,
    },
    /// It is moved.
    Move {
        /// How.
        action: ActionType,
        /// A move of it that is under way counts.
        joins: bool,
    },
}

/// What becomes of an instance that is to be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::core) enum StopFate {
    /// Something speaks against it: the operation ends, for this reason.
    Refuse(String),
    /// It cannot be stopped as it is: it is set to error, for this reason.
    Fail(String),
    /// It is stopped.
    Stop,
}

/// What becomes of an instance whose host does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::core) struct EvacuationFate {
    /// It is set to error first.
    pub fails: bool,
    /// It may be rebuilt elsewhere.
    pub evacuable: bool,
}

impl Vim {
    /// Why a pass moves nothing now. Contract: 5.3.4 "gate".
    pub(in crate::core) fn gate_closed(&self, kind: OperationKind) -> Option<&'static str> {
        if !kind.is_lock() && !self.dor.completed {
            Some("DOR is not complete")
        } else if self.upgrade_blocks_instances() {
            Some("Upgrade inprogress")
        } else if !self.has_other_hypervisor(None) {
            Some("No hypervisors available")
        } else if kind == OperationKind::HostLockForce {
            Some("Force-Lock issued")
        } else {
            None
        }
    }

    /// The instances that a host whose hypervisor works loses, in the order in which they go.
    pub(in crate::core) fn to_migrate<'a>(on_host: impl Iterator<Item = &'a Instance>) -> Vec<String> {
        let goes =
            |i: &&Instance| !i.is_going() && !i.is_locked() && (!i.is_failed() || i.resuming.is_some());
        on_host.filter(goes).map(|instance| instance.uuid().to_owned()).collect()
    }

    /// How an instance leaves a host whose hypervisor works.
    pub(in crate::core) fn migration_fate(
        &self,
        instance: &Instance,
        host: &str,
        kind: OperationKind,
    ) -> Fate {
        let method = self.move_method(instance, host);
        let patient = kind.gives_up_at_first();
        let joins = !patient && !kind.is_lock() && (instance.is_migrating() || instance.is_cold_migrating());
        if patient {
            if let Some(objection) = self.objection(instance, host, method) {
                return Fate::Refuse(format!("{}{objection}", kind.preamble(host)));
            }
        } else if !joins {
            let reason = self.operation_reason(host, kind, false);
            if let Some(why) = unmovable(instance, method) {
                let name = instance.name();
                let said = format!("Instance {name} set as failed on host {host} because it {why}.");
                return Fate::Fail { reason: format!("{reason} and instance {why}"), said: Some(said) };
            }
            if !self.is_allowed(instance, method) {
                let how = if method == Method::ColdMigrate { "cold-migrate" } else { "live-migrate" };
                return Fate::Fail {
                    reason: format!("{reason} and the system can't {how} instance"),
                    said: None,
                };
            }
        }
        let action = match (&instance.resuming, method) {
            // what an earlier process began goes on the way it began
            (Some(ActionType::ColdMigrate), _) => ActionType::ColdMigrate,
            (Some(ActionType::LiveMigrate), _) => ActionType::LiveMigrate,
            (_, Method::ColdMigrate) => ActionType::ColdMigrate,
            (_, Method::Stop | Method::LiveMigrate | Method::Evacuate) => ActionType::LiveMigrate,
        };
        Fate::Move { action, joins }
    }

    /// The instances that a host which does not work loses, most important first.
    pub(in crate::core) fn to_evacuate<'a>(on_host: impl Iterator<Item = &'a Instance>) -> Vec<String> {
        in_recovery_order(on_host.filter(|i| !i.is_going() && !i.is_locked()))
    }

    /// Whether an instance of a host that does not work is set to error, and may be rebuilt elsewhere; or what speaks
    /// against going on at all.
    pub(in crate::core) fn evacuation_fate(
        &self,
        instance: &Instance,
        host: &str,
        kind: OperationKind,
    ) -> Result<EvacuationFate, String> {
        let resumed = instance.resuming == Some(ActionType::Evacuate);
        let evacuable = self.is_allowed(instance, Method::Evacuate)
            && self.auto_recovery(instance)
            && (instance.recoverable || resumed);
        let mut fails = false;
        if kind == OperationKind::HostLock {
            if let Some(objection) = self.objection(instance, host, Method::Evacuate) {
                return Err(format!("{}{objection}", kind.preamble(host)));
            }
        } else {
            fails = !instance.is_failed() && !self.is_failing(instance);
        }
        Ok(EvacuationFate { fails, evacuable })
    }

    /// Its fail action is under way already.
    fn is_failing(&self, instance: &Instance) -> bool {
        instance.running.as_ref().is_some_and(|r| r.kind == crate::core::instance::action::ActionKind::Fail)
    }

    /// The instances of a host that a stop is about.
    pub(in crate::core) fn to_stop<'a>(on_host: impl Iterator<Item = &'a Instance>) -> Vec<String> {
        on_host.filter(|i| !i.is_going() && !i.is_locked()).map(|i| i.uuid().to_owned()).collect()
    }

    /// What a stop does with an instance of a host.
    pub(in crate::core) fn stop_fate(
        &self,
        instance: &Instance,
        host: &str,
        kind: OperationKind,
    ) -> StopFate {
        if kind.gives_up_at_first() {
            if let Some(objection) = self.objection(instance, host, Method::Stop) {
                return StopFate::Refuse(format!("{}{objection}", kind.preamble(host)));
            }
        } else if kind == OperationKind::HostLockForce
            && let Some(why) = unmovable(instance, Method::Stop)
        {
            let reason = self.operation_reason(host, kind, false);
            return StopFate::Fail(format!("{reason} and instance {why}"));
        }
        StopFate::Stop
    }

    pub(in crate::core) fn operation_reason(
        &self,
        host: &str,
        kind: OperationKind,
        evacuating: bool,
    ) -> &'static str {
        match kind {
            OperationKind::HostLockForce => "host force lock command issued",
            OperationKind::HostLock => "host lock command issued",
            OperationKind::HostDisable if evacuating => "host disable action",
            OperationKind::HostDisable => "host disabled",
            OperationKind::HostFailed if self.hosts.get(host).is_some_and(|h| h.is_component_failure()) => {
                "host component failure"
            }
            OperationKind::HostFailed => "host failed",
            OperationKind::MigrateInstances => "migrate instances requested",
            OperationKind::StopInstances => "stop instances issued",
            OperationKind::StartInstances => "start instances issued",
            OperationKind::StartInstancesSerial => "start instances serial issued",
            OperationKind::InstanceCreate
            | OperationKind::LockHosts
            | OperationKind::UnlockHosts
            | OperationKind::RebootHosts
            | OperationKind::UpgradeHosts
            | OperationKind::SwactHosts
            | OperationKind::DisableHostServices
            | OperationKind::EnableHostServices => "",
        }
    }
}

/// A condition in which an instance cannot be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unmovable {
    Paused,
    Suspended,
    Rebuilding,
    ActionRunning,
    Resized,
}

impl std::fmt::Display for Unmovable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Paused => "is paused",
            Self::Suspended => "is suspended",
            Self::Rebuilding => "is rebuilding",
            Self::ActionRunning => "has action in progress",
            Self::Resized => "is resized",
        })
    }
}

/// Why an instance cannot be moved off a host that goes down without being asked.
fn unmovable(instance: &Instance, method: Method) -> Option<Unmovable> {
    let own = instance.resuming.is_some();
    if instance.is_paused() && method != Method::LiveMigrate {
        Some(Unmovable::Paused)
    } else if instance.is_suspended() {
        Some(Unmovable::Suspended)
    } else if instance.is_rebuilding() && !own {
        Some(Unmovable::Rebuilding)
    } else if instance.is_action_running() && !own {
        Some(Unmovable::ActionRunning)
    } else if instance.is_resized() && !own {
        Some(Unmovable::Resized)
    } else {
        None
    }
}
