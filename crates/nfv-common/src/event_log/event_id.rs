//! The table of event ids.
//!
//! Contract: vim-behaviour 8.5, southbound 12.4.

use super::{EventImportance, EventType};
use crate::text_enum::text_enum;

/// Rows `Variant = text, FM id;`.
macro_rules! event_ids {
    ($($variant:ident = $text:literal, $fm:literal;)+) => {
        text_enum! {
            /// What has happened.
            EventId ("event id") {
                $($variant = $text,)+
            }
        }

        impl EventId {
            /// The log id of fault management. Two events share `700.102`.
            pub const fn fm_id(self) -> &'static str {
                match self {
                    $(EventId::$variant => $fm,)+
                }
            }
        }
    };
}

event_ids! {
    HostServicesFailed = "host-services-failed", "270.101";
    HostServicesEnabled = "host-services-enabled", "270.102";
    HostServicesDisabled = "host-services-disabled", "270.103";
    HypervisorStateChange = "hypervisor-state-change", "275.001";
    InstanceEnabled = "instance-enabled", "700.101";
    InstanceFailed = "instance-failed", "700.102";
    InstanceSchedulingFailed = "instance-scheduling-failed", "700.102";
    InstanceCreateBegin = "instance-create-begin", "700.103";
    InstanceCreating = "instance-creating", "700.104";
    InstanceCreateRejected = "instance-create-rejected", "700.105";
    InstanceCreateCancelled = "instance-create-cancelled", "700.106";
    InstanceCreateFailed = "instance-create-failed", "700.107";
    InstanceCreated = "instance-created", "700.108";
    InstanceDeleteBegin = "instance-delete-begin", "700.109";
    InstanceDeleting = "instance-deleting", "700.110";
    InstanceDeleteRejected = "instance-delete-rejected", "700.111";
    InstanceDeleteCancelled = "instance-delete-cancelled", "700.112";
    InstanceDeleteFailed = "instance-delete-failed", "700.113";
    InstanceDeleted = "instance-deleted", "700.114";
    InstancePauseBegin = "instance-pause-begin", "700.115";
    InstancePausing = "instance-pausing", "700.116";
    InstancePauseRejected = "instance-pause-rejected", "700.117";
    InstancePauseCancelled = "instance-pause-cancelled", "700.118";
    InstancePauseFailed = "instance-pause-failed", "700.119";
    InstancePaused = "instance-paused", "700.120";
    InstanceUnpauseBegin = "instance-unpause-begin", "700.121";
    InstanceUnpausing = "instance-unpausing", "700.122";
    InstanceUnpauseRejected = "instance-unpause-rejected", "700.123";
    InstanceUnpauseCancelled = "instance-unpause-cancelled", "700.124";
    InstanceUnpauseFailed = "instance-unpause-failed", "700.125";
    InstanceUnpaused = "instance-unpaused", "700.126";
    InstanceSuspendBegin = "instance-suspend-begin", "700.127";
    InstanceSuspending = "instance-suspending", "700.128";
    InstanceSuspendRejected = "instance-suspend-rejected", "700.129";
    InstanceSuspendCancelled = "instance-suspend-cancelled", "700.130";
    InstanceSuspendFailed = "instance-suspend-failed", "700.131";
    InstanceSuspended = "instance-suspended", "700.132";
    InstanceResumeBegin = "instance-resume-begin", "700.133";
    InstanceResuming = "instance-resuming", "700.134";
    InstanceResumeRejected = "instance-resume-rejected", "700.135";
    InstanceResumeCancelled = "instance-resume-cancelled", "700.136";
    InstanceResumeFailed = "instance-resume-failed", "700.137";
    InstanceResumed = "instance-resumed", "700.138";
    InstanceStartBegin = "instance-start-begin", "700.139";
    InstanceStarting = "instance-starting", "700.140";
    InstanceStartRejected = "instance-start-rejected", "700.141";
    InstanceStartCancelled = "instance-start-cancelled", "700.142";
    InstanceStartFailed = "instance-start-failed", "700.143";
    InstanceStarted = "instance-started", "700.144";
    InstanceStopBegin = "instance-stop-begin", "700.145";
    InstanceStopping = "instance-stopping", "700.146";
    InstanceStopRejected = "instance-stop-rejected", "700.147";
    InstanceStopCancelled = "instance-stop-cancelled", "700.148";
    InstanceStopFailed = "instance-stop-failed", "700.149";
    InstanceStopped = "instance-stopped", "700.150";
    InstanceLiveMigrateBegin = "instance-live-migrate-begin", "700.151";
    InstanceLiveMigrating = "instance-live-migrating", "700.152";
    InstanceLiveMigrateRejected = "instance-live-migrate-rejected", "700.153";
    InstanceLiveMigrateCancelled = "instance-live-migrate-cancelled", "700.154";
    InstanceLiveMigrateFailed = "instance-live-migrate-failed", "700.155";
    InstanceLiveMigrated = "instance-live-migrated", "700.156";
    InstanceColdMigrateBegin = "instance-cold-migrate-begin", "700.157";
    InstanceColdMigrating = "instance-cold-migrating", "700.158";
    InstanceColdMigrateRejected = "instance-cold-migrate-rejected", "700.159";
    InstanceColdMigrateCancelled = "instance-cold-migrate-cancelled", "700.160";
    InstanceColdMigrateFailed = "instance-cold-migrate-failed", "700.161";
    InstanceColdMigrated = "instance-cold-migrated", "700.162";
    InstanceColdMigrateConfirmBegin = "instance-cold-migrate-confirm-begin", "700.163";
    InstanceColdMigrateConfirming = "instance-cold-migrate-confirming", "700.164";
    InstanceColdMigrateConfirmRejected = "instance-cold-migrate-confirm-rejected", "700.165";
    InstanceColdMigrateConfirmCancelled = "instance-cold-migrate-confirm-cancelled", "700.166";
    InstanceColdMigrateConfirmFailed = "instance-cold-migrate-confirm-failed", "700.167";
    InstanceColdMigrateConfirmed = "instance-cold-migrate-confirmed", "700.168";
    InstanceColdMigrateRevertBegin = "instance-cold-migrate-revert-begin", "700.169";
    InstanceColdMigrateReverting = "instance-cold-migrate-reverting", "700.170";
    InstanceColdMigrateRevertRejected = "instance-cold-migrate-revert-rejected", "700.171";
    InstanceColdMigrateRevertCancelled = "instance-cold-migrate-revert-cancelled", "700.172";
    InstanceColdMigrateRevertFailed = "instance-cold-migrate-revert-failed", "700.173";
    InstanceColdMigrateReverted = "instance-cold-migrate-reverted", "700.174";
    InstanceEvacuateBegin = "instance-evacuate-begin", "700.175";
    InstanceEvacuating = "instance-evacuating", "700.176";
    InstanceEvacuateRejected = "instance-evacuate-rejected", "700.177";
    InstanceEvacuateCancelled = "instance-evacuate-cancelled", "700.178";
    InstanceEvacuateFailed = "instance-evacuate-failed", "700.179";
    InstanceEvacuated = "instance-evacuated", "700.180";
    InstanceRebootBegin = "instance-reboot-begin", "700.181";
    InstanceRebooting = "instance-rebooting", "700.182";
    InstanceRebootRejected = "instance-reboot-rejected", "700.183";
    InstanceRebootCancelled = "instance-reboot-cancelled", "700.184";
    InstanceRebootFailed = "instance-reboot-failed", "700.185";
    InstanceRebooted = "instance-rebooted", "700.186";
    InstanceRebuildBegin = "instance-rebuild-begin", "700.187";
    InstanceRebuilding = "instance-rebuilding", "700.188";
    InstanceRebuildRejected = "instance-rebuild-rejected", "700.189";
    InstanceRebuildCancelled = "instance-rebuild-cancelled", "700.190";
    InstanceRebuildFailed = "instance-rebuild-failed", "700.191";
    InstanceRebuilt = "instance-rebuilt", "700.192";
    InstanceResizeBegin = "instance-resize-begin", "700.193";
    InstanceResizing = "instance-resizing", "700.194";
    InstanceResizeRejected = "instance-resize-rejected", "700.195";
    InstanceResizeCancelled = "instance-resize-cancelled", "700.196";
    InstanceResizeFailed = "instance-resize-failed", "700.197";
    InstanceResized = "instance-resized", "700.198";
    InstanceResizeConfirmBegin = "instance-resize-confirm-begin", "700.199";
    InstanceResizeConfirming = "instance-resize-confirming", "700.200";
    InstanceResizeConfirmRejected = "instance-resize-confirm-rejected", "700.201";
    InstanceResizeConfirmCancelled = "instance-resize-confirm-cancelled", "700.202";
    InstanceResizeConfirmFailed = "instance-resize-confirm-failed", "700.203";
    InstanceResizeConfirmed = "instance-resize-confirmed", "700.204";
    InstanceResizeRevertBegin = "instance-resize-revert-begin", "700.205";
    InstanceResizeReverting = "instance-resize-reverting", "700.206";
    InstanceResizeRevertRejected = "instance-resize-revert-rejected", "700.207";
    InstanceResizeRevertCancelled = "instance-resize-revert-cancelled", "700.208";
    InstanceResizeRevertFailed = "instance-resize-revert-failed", "700.209";
    InstanceResizeReverted = "instance-resize-reverted", "700.210";
    InstanceGuestHeartbeatEstablished = "instance-guest-heartbeat-established", "700.211";
    InstanceGuestHeartbeatDisconnected = "instance-guest-heartbeat-disconnected", "700.212";
    InstanceGuestHeartbeatFailed = "instance-guest-heartbeat-failed", "700.213";
    InstanceRenamed = "instance-renamed", "700.214";
    InstanceGuestHealthCheckFailed = "instance-guest-health_check-failed", "700.215";
    MultiNodeRecoveryEnter = "multi-node-recovery-enter", "700.216";
    MultiNodeRecoveryExit = "multi-node-recovery-exit", "700.217";
    SwPatchAutoApplyStarted = "sw-patch-auto-apply-started", "900.111";
    SwPatchAutoApplyInprogress = "sw-patch-auto-apply-inprogress", "900.112";
    SwPatchAutoApplyRejected = "sw-patch-auto-apply-rejected", "900.113";
    SwPatchAutoApplyCancelled = "sw-patch-auto-apply-cancelled", "900.114";
    SwPatchAutoApplyFailed = "sw-patch-auto-apply-failed", "900.115";
    SwPatchAutoApplyCompleted = "sw-patch-auto-apply-completed", "900.116";
    SwPatchAutoApplyAbort = "sw-patch-auto-apply-abort", "900.117";
    SwPatchAutoApplyAborting = "sw-patch-auto-apply-aborting", "900.118";
    SwPatchAutoApplyAbortRejected = "sw-patch-auto-apply-abort-rejected", "900.119";
    SwPatchAutoApplyAbortFailed = "sw-patch-auto-apply-abort-failed", "900.120";
    SwPatchAutoApplyAborted = "sw-patch-auto-apply-aborted", "900.121";
    SwUpgradeAutoApplyStarted = "sw-upgrade-auto-apply-started", "900.211";
    SwUpgradeAutoApplyInprogress = "sw-upgrade-auto-apply-inprogress", "900.212";
    SwUpgradeAutoApplyRejected = "sw-upgrade-auto-apply-rejected", "900.213";
    SwUpgradeAutoApplyCancelled = "sw-upgrade-auto-apply-cancelled", "900.214";
    SwUpgradeAutoApplyFailed = "sw-upgrade-auto-apply-failed", "900.215";
    SwUpgradeAutoApplyCompleted = "sw-upgrade-auto-apply-completed", "900.216";
    SwUpgradeAutoApplyAbort = "sw-upgrade-auto-apply-abort", "900.217";
    SwUpgradeAutoApplyAborting = "sw-upgrade-auto-apply-aborting", "900.218";
    SwUpgradeAutoApplyAbortRejected = "sw-upgrade-auto-apply-abort-rejected", "900.219";
    SwUpgradeAutoApplyAbortFailed = "sw-upgrade-auto-apply-abort-failed", "900.220";
    SwUpgradeAutoApplyAborted = "sw-upgrade-auto-apply-aborted", "900.221";
}

impl EventId {
    /// The event type logs of this id are issued with.
    pub const fn event_type(self) -> EventType {
        match self {
            EventId::HypervisorStateChange => EventType::StateEvent,
            _ => EventType::ActionEvent,
        }
    }

    /// The importance logs of this id are issued with.
    pub const fn importance(self) -> EventImportance {
        match self {
            EventId::InstanceGuestHeartbeatEstablished | EventId::InstanceGuestHeartbeatDisconnected => {
                EventImportance::Medium
            }
            _ => EventImportance::High,
        }
    }
}
