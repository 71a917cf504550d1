//! The texts of the event logs, one table.
//!
//! Contract: vim-behaviour 8.5.

use nfv_common::TextParams;
use nfv_common::event_log::EventId;

/// The text template (placeholders: [`TextParams`]).
const fn template(id: EventId) -> &'static str {
    match id {
        EventId::HostServicesFailed => "Host {H} compute services failure{X}",
        EventId::HostServicesEnabled => "Host {H} compute services enabled",
        EventId::HostServicesDisabled => "Host {H} compute services disabled",
        EventId::HypervisorStateChange => "Host {H} hypervisor is now {admin}-{oper}",
        EventId::InstanceEnabled => "Instance {I} is enabled on host {H}",
        EventId::InstanceFailed => "Instance {I} owned by {T} has failed on host {H}{R}",
        EventId::InstanceSchedulingFailed => "Instance {I} owned by {T} has failed to schedule{R}",
        EventId::InstanceCreateBegin => "Create issued {B} against instance {I} owned by {T}",
        EventId::InstanceCreating => "Creating instance {I} owned by {T}",
        EventId::InstanceCreateRejected => "Create rejected for instance {I}{R}",
        EventId::InstanceCreateCancelled => "Create cancelled for instance {I}{R}",
        EventId::InstanceCreateFailed => "Create failed for instance {I}{R}",
        EventId::InstanceCreated => "Instance {I} owned by {T} has been created",
        EventId::InstanceDeleteBegin => "Delete issued {B} against instance {I} owned by {T} on host {H}{R}",
        EventId::InstanceDeleting => "Deleting instance {I} owned by {T}",
        EventId::InstanceDeleteRejected => "Delete rejected for instance {I} on host {H}{R}",
        EventId::InstanceDeleteCancelled => "Delete cancelled for instance {I} on host {H}{R}",
        EventId::InstanceDeleteFailed => "Delete failed for instance {I} on host {H}{R}",
        EventId::InstanceDeleted => "Deleted instance {I} owned by {T}",
        EventId::InstancePauseBegin => "Pause issued {B} against instance {I} owned by {T} on host {H}{R}",
        EventId::InstancePausing => "Pause inprogress for instance {I} on host {H}",
        EventId::InstancePauseRejected => "Pause rejected for instance {I} enabled on host {H}{R}",
        EventId::InstancePauseCancelled => "Pause cancelled for instance {I} on host {H}{R}",
        EventId::InstancePauseFailed => "Pause failed for instance {I} on host {H}{R}",
        EventId::InstancePaused => "Pause complete for instance {I} now paused on host {H}",
        EventId::InstanceUnpauseBegin => {
            "Unpause issued {B} against instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceUnpausing => "Unpause inprogress for instance {I} on host {H}",
        EventId::InstanceUnpauseRejected => "Unpause rejected for instance {I} paused on host {H}{R}",
        EventId::InstanceUnpauseCancelled => "Unpause cancelled for instance {I} on host {H}{R}",
        EventId::InstanceUnpauseFailed => "Unpause failed for instance {I} on host {H}{R}",
        EventId::InstanceUnpaused => "Unpause complete for instance {I} now enabled on host {H}",
        EventId::InstanceSuspendBegin => {
            "Suspend issued {B} against instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceSuspending => "Suspend inprogress for instance {I} on host {H}",
        EventId::InstanceSuspendRejected => "Suspend rejected for instance {I} enabled on host {H}{R}",
        EventId::InstanceSuspendCancelled => "Suspend cancelled for instance {I} on host {H}{R}",
        EventId::InstanceSuspendFailed => "Suspend failed for instance {I} on host {H}{R}",
        EventId::InstanceSuspended => "Suspend complete for instance {I} now suspended on host {H}",
        EventId::InstanceResumeBegin => "Resume issued {B} against instance {I} owned by {T} on host {H}{R}",
        EventId::InstanceResuming => "Resume inprogress for instance {I} on host {H}",
        EventId::InstanceResumeRejected => "Resume rejected for instance {I} suspended on host {H}{R}",
        EventId::InstanceResumeCancelled => "Resume cancelled for instance {I} on host {H}{R}",
        EventId::InstanceResumeFailed => "Resume failed for instance {I} on host {H}{R}",
        EventId::InstanceResumed => "Resume complete for instance {I} now enabled on host {H}",
        EventId::InstanceStartBegin => "Start issued {B} against instance {I} owned by {T} on host {H}{R}",
        EventId::InstanceStarting => "Start inprogress for instance {I} on host {H}",
        EventId::InstanceStartRejected => "Start rejected for instance {I} on host {H}{R}",
        EventId::InstanceStartCancelled => "Start cancelled for instance {I} on host {H}{R}",
        EventId::InstanceStartFailed => "Start failed for instance {I} on host {H}{R}",
        EventId::InstanceStarted => "Start complete for instance {I} now enabled on host {H}",
        EventId::InstanceStopBegin => "Stop issued {B} against instance {I} owned by {T} on host {H}{R}",
        EventId::InstanceStopping => "Stop inprogress for instance {I} on host {H}",
        EventId::InstanceStopRejected => "Stop rejected for instance {I} enabled on host {H}{R}",
        EventId::InstanceStopCancelled => "Stop cancelled for instance {I} on host {H}{R}",
        EventId::InstanceStopFailed => "Stop failed for instance {I} on host {H}{R}",
        EventId::InstanceStopped => "Stop complete for instance {I} now disabled on host {H}",
        EventId::InstanceLiveMigrateBegin => {
            "Live-Migrate issued {B} against instance {I} owned by {T} from host {H}{R}"
        }
        EventId::InstanceLiveMigrating => "Live-Migrate inprogress for instance {I} from host {F}",
        EventId::InstanceLiveMigrateRejected => "Live-Migrate rejected for instance {I} now on host {H}{R}",
        EventId::InstanceLiveMigrateCancelled => "Live-Migrate cancelled for instance {I} now on host {H}{R}",
        EventId::InstanceLiveMigrateFailed => "Live-Migrate failed for instance {I} now on host {H}{R}",
        EventId::InstanceLiveMigrated => "Live-Migrate complete for instance {I} now enabled on host {H}",
        EventId::InstanceColdMigrateBegin => {
            "Cold-Migrate issued {B} against instance {I} owned by {T} from host {H}{R}"
        }
        EventId::InstanceColdMigrating => "Cold-Migrate inprogress for instance {I} from host {F}",
        EventId::InstanceColdMigrateRejected => "Cold-Migrate rejected for instance {I} now on host {H}{R}",
        EventId::InstanceColdMigrateCancelled => "Cold-Migrate cancelled for instance {I} on host {H}{R}",
        EventId::InstanceColdMigrateFailed => "Cold-Migrate failed for instance {I} now on host {H}{R}",
        EventId::InstanceColdMigrated => "Cold-Migrate complete for instance {I} now enabled on host {H} {X}",
        EventId::InstanceColdMigrateConfirmBegin => {
            "Cold-Migrate-Confirm issued {B} against instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceColdMigrateConfirming => {
            "Cold-Migrate-Confirm inprogress for instance {I} on host {H}"
        }
        EventId::InstanceColdMigrateConfirmRejected => {
            "Cold-Migrate-Confirm rejected for instance {I} now enabled on host {H}{R}"
        }
        EventId::InstanceColdMigrateConfirmCancelled => {
            "Cold-Migrate-Confirm cancelled for instance {I} on host {H}{R}"
        }
        EventId::InstanceColdMigrateConfirmFailed => {
            "Cold-Migrate-Confirm failed for instance {I} on host {H}{R}"
        }
        EventId::InstanceColdMigrateConfirmed => {
            "Cold-Migrate-Confirm complete for instance {I} enabled on host {H}"
        }
        EventId::InstanceColdMigrateRevertBegin => {
            "Cold-Migrate-Revert issued {B} against instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceColdMigrateReverting => {
            "Cold-Migrate-Revert inprogress for instance {I} from host {F}"
        }
        EventId::InstanceColdMigrateRevertRejected => {
            "Cold-Migrate-Revert rejected for instance {I} now on host {H}{R}"
        }
        EventId::InstanceColdMigrateRevertCancelled => {
            "Cold-Migrate-Revert cancelled for instance {I} on host {H}{R}"
        }
        EventId::InstanceColdMigrateRevertFailed => {
            "Cold-Migrate-Revert failed for instance {I} on host {H}{R}"
        }
        EventId::InstanceColdMigrateReverted => {
            "Cold-Migrate-Revert complete for instance {I} now enabled on host {H}"
        }
        EventId::InstanceEvacuateBegin => {
            "Evacuate issued {B} against instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceEvacuating => "Evacuating instance {I} owned by {T} from host {F}",
        EventId::InstanceEvacuateRejected => "Evacuate rejected for instance {I} owned by {T} on host {H}{R}",
        EventId::InstanceEvacuateCancelled => "Evacuate cancelled for instance {I} on host {H}{R}",
        EventId::InstanceEvacuateFailed => "Evacuate failed for instance {I} on host {H}{R}",
        EventId::InstanceEvacuated => "Evacuate complete for instance {I} now enabled on host {H}",
        EventId::InstanceRebootBegin => {
            "Reboot {X} issued {B} against instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceRebooting => "Reboot inprogress for instance {I} on host {H}",
        EventId::InstanceRebootRejected => "Reboot rejected for instance {I} on host {H}{R}",
        EventId::InstanceRebootCancelled => "Reboot cancelled for instance {I} on host {H}{R}",
        EventId::InstanceRebootFailed => "Reboot failed for instance {I} on host {H}{R}",
        EventId::InstanceRebooted => "Reboot complete for instance {I} now enabled on host {H}",
        EventId::InstanceRebuildBegin => {
            "Rebuild issued {B} against instance {I} owned by {T} using image {X} on host {H}{R}"
        }
        EventId::InstanceRebuilding => "Rebuild inprogress for instance {I} on host {H}",
        EventId::InstanceRebuildRejected => "Rebuild rejected for instance {I} on host {H}{R}",
        EventId::InstanceRebuildCancelled => "Rebuild cancelled for instance {I} on host {H}{R}",
        EventId::InstanceRebuildFailed => "Rebuild failed for instance {I} on host {H}{R}",
        EventId::InstanceRebuilt => "Rebuild complete for instance {I} now enabled on host {H}",
        EventId::InstanceResizeBegin => {
            "Resize issued {B} against instance {I} owned by {T} to instance-type {X} on host {H}{R}"
        }
        EventId::InstanceResizing => "Resize inprogress for instance {I} on host {H}",
        EventId::InstanceResizeRejected => "Resize rejected for instance {I} on host {H}{R}",
        EventId::InstanceResizeCancelled => "Resize cancelled for instance {I} on host {H}{R}",
        EventId::InstanceResizeFailed => "Resize failed for instance {I} on host {H}{R}",
        EventId::InstanceResized => {
            "Resize complete for instance {I} enabled on host {H} waiting for confirmation"
        }
        EventId::InstanceResizeConfirmBegin => {
            "Resize-Confirm issued {B} against instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceResizeConfirming => "Resize-Confirm inprogress for instance {I} on host {F}",
        EventId::InstanceResizeConfirmRejected => {
            "Resize-Confirm rejected for instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceResizeConfirmCancelled => "Resize-Confirm cancelled for instance {I} on host {H}{R}",
        EventId::InstanceResizeConfirmFailed => "Resize-Confirm failed for instance {I} on host {H}{R}",
        EventId::InstanceResizeConfirmed => "Resize-Confirm complete for instance {I} enabled on host {H}",
        EventId::InstanceResizeRevertBegin => {
            "Resize-Revert issued {B} against instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceResizeReverting => "Resize-Revert inprogress for instance {I} on host {F}",
        EventId::InstanceResizeRevertRejected => {
            "Resize-Revert rejected for instance {I} owned by {T} on host {H}{R}"
        }
        EventId::InstanceResizeRevertCancelled => "Resize-Revert cancelled for instance {I} on host {H}{R}",
        EventId::InstanceResizeRevertFailed => "Resize-Revert failed for instance {I} on host {H}{R}",
        EventId::InstanceResizeReverted => "Resize-Revert complete for instance {I} enabled on host {H}",
        EventId::InstanceGuestHeartbeatEstablished => {
            "Guest Heartbeat established for instance {I} on host {H}"
        }
        EventId::InstanceGuestHeartbeatDisconnected => {
            "Guest Heartbeat disconnected for instance {I} on host {H}"
        }
        EventId::InstanceGuestHeartbeatFailed => "Guest Heartbeat failed for instance {I} on host {H}{P}",
        EventId::InstanceRenamed => "Instance {I} has been renamed to {X} owned by {T} on host {H}",
        EventId::InstanceGuestHealthCheckFailed => {
            "Guest Health Check failed for instance {I} on host {H}{P}"
        }
        EventId::MultiNodeRecoveryEnter => "Entered Multi-Node Recovery Mode",
        EventId::MultiNodeRecoveryExit => "Exited Multi-Node Recovery Mode",
        EventId::SwPatchAutoApplyStarted => "Software patch auto-apply start",
        EventId::SwPatchAutoApplyInprogress => "Software patch auto-apply inprogress",
        EventId::SwPatchAutoApplyRejected => "Software patch auto-apply rejected{R}",
        EventId::SwPatchAutoApplyCancelled => "Software patch auto-apply cancelled{R}",
        EventId::SwPatchAutoApplyFailed => "Software patch auto-apply failed{R}",
        EventId::SwPatchAutoApplyCompleted => "Software patch auto-apply completed",
        EventId::SwPatchAutoApplyAbort => "Software patch auto-apply abort",
        EventId::SwPatchAutoApplyAborting => "Software patch auto-apply aborting",
        EventId::SwPatchAutoApplyAbortRejected => "Software patch auto-apply abort rejected{R}",
        EventId::SwPatchAutoApplyAbortFailed => "Software patch auto-apply abort failed{R}",
        EventId::SwPatchAutoApplyAborted => "Software patch auto-apply aborted",
        EventId::SwUpgradeAutoApplyStarted => "Software upgrade auto-apply start",
        EventId::SwUpgradeAutoApplyInprogress => "Software upgrade auto-apply inprogress",
        EventId::SwUpgradeAutoApplyRejected => "Software upgrade auto-apply rejected{R}",
        EventId::SwUpgradeAutoApplyCancelled => "Software upgrade auto-apply cancelled{R}",
        EventId::SwUpgradeAutoApplyFailed => "Software upgrade auto-apply failed{R}",
        EventId::SwUpgradeAutoApplyCompleted => "Software upgrade auto-apply completed",
        EventId::SwUpgradeAutoApplyAbort => "Software upgrade auto-apply abort",
        EventId::SwUpgradeAutoApplyAborting => "Software upgrade auto-apply aborting",
        EventId::SwUpgradeAutoApplyAbortRejected => "Software upgrade auto-apply abort rejected{R}",
        EventId::SwUpgradeAutoApplyAbortFailed => "Software upgrade auto-apply abort failed{R}",
        EventId::SwUpgradeAutoApplyAborted => "Software upgrade auto-apply aborted",
    }
}

/// The text of an event log. Fault management's length limit is the sender's matter.
pub fn event_text(id: EventId, p: &TextParams<'_>) -> String {
    p.fill(template(id))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract/vim-behaviour.md");

    /// `(event id, text)` as the contract prints them.
    fn contract_rows() -> Vec<(String, String)> {
        let text = std::fs::read_to_string(CONTRACT).unwrap();
        let table = text.split_once("| Event id | FM id | Text |").unwrap().1;
        table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
                let [name, _fm, text] = cells[..] else { panic!("{line}") };
                (name.trim_end_matches([' ', '†']).to_owned(), text.trim_matches('`').to_owned())
            })
            .collect()
    }

    fn params() -> TextParams<'static> {
        TextParams {
            instance: "vm-1",
            tenant: "admin",
            host: Some("compute-0"),
            from_host: Some("compute-1"),
            initiated_by: "by the system",
            reason: "No valid host.\n",
            additional_text: "(more)",
            repair: "reboot.",
            hypervisor_admin: "locked",
            hypervisor_oper: "disabled",
            ..Default::default()
        }
    }

    #[test]
    fn every_row_of_the_contract_reads_as_written() {
        let rows = contract_rows();
        assert_eq!(rows.len(), EventId::ALL.len());
        for (name, text) in rows {
            let id = EventId::parse(&name).unwrap();
            let expected = text
                .replace("{I}", "vm-1")
                .replace("{T}", "admin")
                .replace("{H}", "compute-0")
                .replace("{F}", "compute-1")
                .replace("{B}", "by the system")
                .replace("{R}", ", reason = No valid host")
                .replace("{X}", "(more)")
                .replace("{P}", ", reboot")
                .replace("<admin>", "locked")
                .replace("<oper>", "disabled");
            assert!(!expected.contains(['{', '<']), "{name}: unknown placeholder in {text}");
            assert_eq!(event_text(id, &params()), expected, "{name}");
        }
    }

    #[test]
    fn an_empty_initiator_leaves_two_spaces() {
        let p =
            TextParams { instance: "vm-1", tenant: "admin", host: Some("compute-0"), ..Default::default() };
        assert_eq!(
            event_text(EventId::InstancePauseBegin, &p),
            "Pause issued  against instance vm-1 owned by admin on host compute-0"
        );
    }
}
