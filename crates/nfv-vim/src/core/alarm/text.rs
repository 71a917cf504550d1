//! The texts of the alarms: reason and repair action of each type, one table.
//!
//! Contract: vim-behaviour 8.2.

use nfv_common::TextParams;
use nfv_common::alarm::AlarmType;

/// Reason template (placeholders: [`TextParams`]) and repair action.
const fn texts(alarm_type: AlarmType) -> (&'static str, &'static str) {
    match alarm_type {
        // Never raised: it has no FM id.
        AlarmType::Unknown => ("", ""),
        AlarmType::HostServicesFailed => (
            "Host {H} compute services failure{X}",
            "Wait for host services recovery to complete; if problem persists contact next level of support",
        ),
        AlarmType::InstanceFailed => (
            "Instance {I} owned by {T} has failed on host {H}",
            "The system will attempt recovery; no repair action required",
        ),
        AlarmType::InstanceSchedulingFailed => {
            ("Instance {I} owned by {T} has failed to schedule", "Manual intervention required")
        }
        AlarmType::InstancePaused => {
            ("Instance {I} owned by {T} is paused on host {H}", "Unpause the instance")
        }
        AlarmType::InstanceSuspended => {
            ("Instance {I} owned by {T} is suspended on host {H}", "Resume the instance")
        }
        AlarmType::InstanceStopped => {
            ("Instance {I} owned by {T} is stopped on host {H}", "Start the instance")
        }
        AlarmType::InstanceRebooting => (
            "Instance {I} owned by {T} is rebooting on host {H}",
            "Wait for reboot to complete; if problem persists contact next level of support",
        ),
        AlarmType::InstanceRebuilding => (
            "Instance {I} owned by {T} is rebuilding on host {H}",
            "Wait for rebuild to complete; if problem persists contact next level of support",
        ),
        AlarmType::InstanceEvacuating => (
            "Instance {I} owned by {T} is evacuating from host {F}",
            "Wait for evacuate to complete; if problem persists contact next level of support",
        ),
        AlarmType::InstanceLiveMigrating => (
            "Instance {I} owned by {T} is live migrating from host {F}",
            "Wait for live migration to complete; if problem persists contact next level of support",
        ),
        AlarmType::InstanceColdMigrating => (
            "Instance {I} owned by {T} is cold migrating from host {F}",
            "Wait for cold migration to complete; if problem persists contact next level of support",
        ),
        AlarmType::InstanceColdMigrated => (
            "Instance {I} owned by {T} has been cold-migrated to host {H} {X}",
            "Confirm or revert cold-migrate of instance",
        ),
        AlarmType::InstanceColdMigrateReverting => (
            "Instance {I} owned by {T} is reverting cold migrate to host {F}",
            "Wait for cold migration revert to complete; if problem persists contact next level of support",
        ),
        AlarmType::InstanceResizing => (
            "Instance {I} owned by {T} is resizing on host {H}",
            "Wait for resize to complete; if problem persists contact next level of support",
        ),
        AlarmType::InstanceResized => (
            "Instance {I} owned by {T} has been resized on host {H} waiting for confirmation",
            "Confirm or revert resize of instance",
        ),
        AlarmType::InstanceResizeReverting => (
            "Instance {I} owned by {T} is reverting resize on host {H}",
            "Wait for resize revert to complete; if problem persists contact next level of support",
        ),
        AlarmType::InstanceGuestHeartbeat => (
            "Guest Heartbeat not established for instance {I} owned by {T} on host {H}",
            "Verify that the instance is running the Guest-Client daemon, or disable Guest Heartbeat for the instance if no longer needed, otherwise contact next level of support",
        ),
        AlarmType::MultiNodeRecoveryMode => {
            ("Multi-Node Recovery Mode", "Wait for the system to exit out of this mode")
        }
        AlarmType::InstanceGroupPolicyConflict => (
            "Server group {group} {policy} policy was not satisfied{X}",
            "Migrate instances in an attempt to satisfy the policy; if problem persists contact next level of support",
        ),
        AlarmType::SwPatchAutoApplyInprogress => (
            "Software patch auto-apply inprogress",
            "Wait for software patch auto-apply to complete; if problem persists contact next level of support",
        ),
        AlarmType::SwPatchAutoApplyAborting => (
            "Software patch auto-apply aborting",
            "Wait for software patch auto-apply abort to complete; if problem persists contact next level of support",
        ),
        AlarmType::SwPatchAutoApplyFailed => (
            "Software patch auto-apply failed",
            "Attempt to apply software patches manually; if problem persists contact next level of support",
        ),
        AlarmType::SwUpgradeAutoApplyInprogress => (
            "Software upgrade auto-apply inprogress",
            "Wait for software upgrade auto-apply to complete; if problem persists contact next level of support",
        ),
        AlarmType::SwUpgradeAutoApplyAborting => (
            "Software upgrade auto-apply aborting",
            "Wait for software upgrade auto-apply abort to complete; if problem persists contact next level of support",
        ),
        AlarmType::SwUpgradeAutoApplyFailed => (
            "Software upgrade auto-apply failed",
            "Attempt to perform software upgrade manually; if problem persists contact next level of support",
        ),
    }
}

/// The reason text of an alarm. Fault management's length limit is the sender's matter.
pub fn alarm_reason(t: AlarmType, p: &TextParams<'_>) -> String {
    p.fill(texts(t).0)
}

/// What the operator is told to do about an alarm.
pub fn alarm_repair_action(t: AlarmType) -> &'static str {
    texts(t).1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract/vim-behaviour.md");

    /// `(alarm type, reason, repair action)` as the contract prints them.
    fn contract_rows() -> Vec<(String, String, String)> {
        let text = std::fs::read_to_string(CONTRACT).unwrap();
        let table = text.split_once("| Alarm type | Reason text | Repair action |").unwrap().1;
        table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
                let [name, reason, repair] = cells[..] else { panic!("{line}") };
                (name.to_owned(), reason.trim_matches('`').to_owned(), repair.trim_matches('`').to_owned())
            })
            .collect()
    }

    fn params() -> TextParams<'static> {
        TextParams {
            instance: "vm-1",
            tenant: "admin",
            host: Some("compute-0"),
            from_host: Some("compute-1"),
            additional_text: "(more)",
            group: "group-1",
            policy: "affinity",
            ..Default::default()
        }
    }

    #[test]
    fn every_row_of_the_contract_reads_as_written() {
        let rows = contract_rows();
        assert_eq!(rows.len(), AlarmType::ALL.len() - 1);
        for (name, reason, repair) in rows {
            let alarm_type = AlarmType::parse(&name).unwrap();
            let expected = reason
                .replace("{I}", "vm-1")
                .replace("{T}", "admin")
                .replace("{H}", "compute-0")
                .replace("{F}", "compute-1")
                .replace("{X}", "(more)")
                .replace("<group>", "group-1")
                .replace("<policy>", "affinity");
            assert!(!expected.contains(['{', '<']), "{name}: unknown placeholder in {reason}");
            assert_eq!(alarm_reason(alarm_type, &params()), expected, "{name}");
            assert_eq!(alarm_repair_action(alarm_type), repair, "{name}");
        }
    }

    #[test]
    fn an_unknown_host_reads_none() {
        let p = TextParams { instance: "vm-1", tenant: "admin", ..Default::default() };
        assert_eq!(
            alarm_reason(AlarmType::InstanceLiveMigrating, &p),
            "Instance vm-1 owned by admin is live migrating from host None"
        );
    }
}
