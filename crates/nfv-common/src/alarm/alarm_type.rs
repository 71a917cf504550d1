//! The table of alarm types.
//!
//! Contract: vim-behaviour 8.2, southbound 12.2.

use super::{AlarmEventType, AlarmProbableCause, AlarmSeverity};
use crate::text_enum::text_enum;

/// Rows `Variant = text, FM id, severity, event type, probable cause;`.
macro_rules! alarm_types {
    ($($variant:ident = $text:literal, $fm:literal, $severity:ident, $event:ident, $cause:ident;)+) => {
        text_enum! {
            /// What is wrong. `Unknown` exists as a text only; it is never raised and has no FM id.
            AlarmType ("alarm type") {
                Unknown = "unknown",
                $($variant = $text,)+
            }
        }

        impl AlarmType {
            /// The alarm id of fault management; none for `Unknown`. Two types share `700.001`.
            pub const fn fm_id(self) -> Option<&'static str> {
                match self {
                    AlarmType::Unknown => None,
                    $(AlarmType::$variant => Some($fm),)+
                }
            }

            /// The severity every alarm of this type is raised with.
            pub const fn severity(self) -> AlarmSeverity {
                match self {
                    AlarmType::Unknown => AlarmSeverity::Unknown,
                    $(AlarmType::$variant => AlarmSeverity::$severity,)+
                }
            }

            /// The event type every alarm of this type is raised with.
            pub const fn event_type(self) -> AlarmEventType {
                match self {
                    AlarmType::Unknown => AlarmEventType::Unknown,
                    $(AlarmType::$variant => AlarmEventType::$event,)+
                }
            }

            /// The probable cause every alarm of this type is raised with.
            pub const fn probable_cause(self) -> AlarmProbableCause {
                match self {
                    AlarmType::Unknown => AlarmProbableCause::Unknown,
                    $(AlarmType::$variant => AlarmProbableCause::$cause,)+
                }
            }
        }
    };
}

alarm_types! {
    HostServicesFailed = "host-services-failed", "270.001", Critical, ProcessingErrorAlarm, Unknown;
    InstanceFailed = "instance-failed", "700.001", Critical, ProcessingErrorAlarm, SoftwareError;
    InstanceSchedulingFailed = "instance-scheduling-failed", "700.001", Critical, ProcessingErrorAlarm, UnderlyingResourceUnavailable;
    InstancePaused = "instance-paused", "700.002", Critical, ProcessingErrorAlarm, ProceduralError;
    InstanceSuspended = "instance-suspended", "700.003", Critical, ProcessingErrorAlarm, ProceduralError;
    InstanceStopped = "instance-stopped", "700.004", Critical, ProcessingErrorAlarm, ProceduralError;
    InstanceRebooting = "instance-rebooting", "700.005", Critical, ProcessingErrorAlarm, Unknown;
    InstanceRebuilding = "instance-rebuilding", "700.006", Critical, ProcessingErrorAlarm, UnderlyingResourceUnavailable;
    InstanceEvacuating = "instance-evacuating", "700.007", Critical, ProcessingErrorAlarm, UnderlyingResourceUnavailable;
    InstanceLiveMigrating = "instance-live-migrating", "700.008", Warning, ProcessingErrorAlarm, Unknown;
    InstanceColdMigrating = "instance-cold-migrating", "700.009", Critical, ProcessingErrorAlarm, Unknown;
    InstanceColdMigrated = "instance-cold-migrated", "700.010", Critical, ProcessingErrorAlarm, Unknown;
    InstanceColdMigrateReverting = "instance-cold-migrate-reverting", "700.011", Critical, ProcessingErrorAlarm, Unknown;
    InstanceResizing = "instance-resizing", "700.012", Critical, ProcessingErrorAlarm, Unknown;
    InstanceResized = "instance-resized", "700.013", Critical, ProcessingErrorAlarm, Unknown;
    InstanceResizeReverting = "instance-resize-reverting", "700.014", Critical, ProcessingErrorAlarm, Unknown;
    InstanceGuestHeartbeat = "instance-guest-heartbeat", "700.015", Major, CommunicationsAlarm, ProceduralError;
    MultiNodeRecoveryMode = "multi-node-recovery-mode", "700.016", Major, EquipmentAlarm, Unknown;
    InstanceGroupPolicyConflict = "instance-group-policy-conflict", "700.017", Minor, ProcessingErrorAlarm, ProceduralError;
    SwPatchAutoApplyInprogress = "sw-patch-auto-apply-inprogress", "900.101", Major, EquipmentAlarm, Unknown;
    SwPatchAutoApplyAborting = "sw-patch-auto-apply-aborting", "900.102", Major, EquipmentAlarm, Unknown;
    SwPatchAutoApplyFailed = "sw-patch-auto-apply-failed", "900.103", Critical, EquipmentAlarm, Unknown;
    SwUpgradeAutoApplyInprogress = "sw-upgrade-auto-apply-inprogress", "900.201", Major, EquipmentAlarm, Unknown;
    SwUpgradeAutoApplyAborting = "sw-upgrade-auto-apply-aborting", "900.202", Major, EquipmentAlarm, Unknown;
    SwUpgradeAutoApplyFailed = "sw-upgrade-auto-apply-failed", "900.203", Critical, EquipmentAlarm, Unknown;
}

impl AlarmType {
    /// The types with this FM id; more than one for `700.001`, none for an id that is not ours.
    pub fn with_fm_id(id: &str) -> impl Iterator<Item = AlarmType> {
        Self::ALL.iter().copied().filter(move |t| t.fm_id() == Some(id))
    }
}
