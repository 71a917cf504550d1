//! Instances. Contract: southbound 5.2.4; vim-behaviour 3.3, 4.2.

use super::{AdminState, OperState};
use crate::text::text_enum;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

text_enum! {
    /// One word of an instance's availability list.
    InstanceAvailStatus {
        Unknown = "unknown",
        None = "",
        Degraded = "degraded",
        Failed = "failed",
        Intest = "intest",
        Offduty = "offduty",
        Offline = "offline",
        Online = "online",
        Paused = "paused",
        Suspended = "suspended",
        Resized = "resized",
        Deleted = "deleted",
        PowerOff = "power-off",
        Crashed = "crashed",
        Unhealthy = "unhealthy",
    }
}

text_enum! {
    /// What Nova is doing with an instance.
    InstanceAction {
        Unknown = "unknown",
        None = "",
        Building = "building",
        Deleting = "deleting",
        Disabling = "disabling",
        Migrating = "migrating",
        MigratingRollback = "migrating-rollback",
        Pausing = "pausing",
        PoweringOff = "powering-off",
        PoweringOn = "powering-on",
        Rebooting = "rebooting",
        Rebuilding = "rebuilding",
        Resizing = "resizing",
        Resuming = "resuming",
        Suspending = "suspending",
        Unpausing = "unpausing",
    }
}

text_enum! {
    /// A kind of action on an instance, as users and directors ask for it.
    ActionType {
        Unknown = "unknown",
        None = "",
        Pause = "pause",
        Unpause = "unpause",
        Suspend = "suspend",
        Resume = "resume",
        LiveMigrate = "live-migrate",
        LiveMigrateRollback = "live-migrate-rollback",
        ColdMigrate = "cold-migrate",
        Evacuate = "evacuate",
        Start = "start",
        Stop = "stop",
        Reboot = "reboot",
        Rebuild = "rebuild",
        Resize = "resize",
        ConfirmResize = "confirm-resize",
        RevertResize = "revert-resize",
        Delete = "delete",
    }
}

text_enum! {
    /// How far an action is.
    ActionState {
        Unknown = "unknown",
        None = "none",
        Initial = "initial",
        Initiated = "initiated",
        Voting = "voting",
        Allowed = "allowed",
        Rejected = "rejected",
        PreNotify = "pre-notify",
        PostNotify = "post-notify",
        Proceed = "proceed",
        Started = "started",
        Completed = "completed",
        Cancelled = "cancelled",
    }
}

/// The flavor as Nova embeds it in a server from version 2.47 on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EmbeddedFlavor {
    /// Virtual CPUs.
    #[serde(default)]
    pub vcpus: u64,
    /// Memory, MiB.
    #[serde(default)]
    pub ram: u64,
    /// Root disk, GB.
    #[serde(default)]
    pub disk: u64,
    /// Ephemeral disk, GB.
    #[serde(default)]
    pub ephemeral: u64,
    /// Swap, MB.
    #[serde(default)]
    pub swap: u64,
    /// Name of the flavor the server was made from.
    #[serde(default)]
    pub original_name: String,
    /// Extra specs, text to text.
    #[serde(default)]
    pub extra_specs: BTreeMap<String, String>,
}

/// The raw states of Nova.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NovaStates {
    /// `OS-EXT-STS:vm_state`.
    #[serde(default)]
    pub vm_state: String,
    /// `OS-EXT-STS:task_state`, `none` for null.
    #[serde(default)]
    pub task_state: String,
    /// Power state as text.
    #[serde(default)]
    pub power_state: String,
    /// `updated` of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_timestamp: Option<String>,
}

/// An instance as Nova shows it. Its serde form is the column `nfvi_instance_data`.
///
/// The optional parts are absent in notifications; the core then keeps what it knew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Nova's id.
    pub uuid: String,
    /// Display name.
    pub name: String,
    /// Project id as a dashed uuid.
    pub tenant_id: Option<String>,
    /// `locked` when stopped, else `unlocked`.
    pub admin_state: AdminState,
    /// Computed from vm and power state.
    pub oper_state: OperState,
    /// Sorted list of availability words.
    pub avail_status: Vec<InstanceAvailStatus>,
    /// Computed from vm and task state.
    pub action: InstanceAction,
    /// Host it runs on.
    pub host_name: Option<String>,
    /// Flavor.
    #[serde(default)]
    pub instance_type: Option<EmbeddedFlavor>,
    /// Image it was booted from; none when booted from a volume.
    pub image_uuid: Option<String>,
    /// False when passed-through devices forbid a live migration.
    #[serde(default)]
    pub live_migration_support: Option<bool>,
    /// Ids of volumes attached.
    #[serde(default)]
    pub attached_volumes: Option<Vec<String>>,
    /// 1 (first) to 10, from metadata `sw:wrs:recovery_priority`.
    #[serde(default)]
    pub recovery_priority: Option<u8>,
    /// Seconds, from metadata `hw:wrs:live_migration_timeout`.
    #[serde(default)]
    pub live_migration_timeout: Option<u64>,
    /// Raw states.
    #[serde(default)]
    pub nfvi_data: NovaStates,
}

/// Admin state, operational state, availability and action from Nova's three states.
/// Contract: southbound 5.2.4.
pub fn states_from_nova(
    vm_state: &str,
    task_state: &str,
    power_state: &str,
) -> (AdminState, OperState, Vec<InstanceAvailStatus>, InstanceAction) {
    use InstanceAvailStatus as Avail;
    let admin = if vm_state == "stopped" { AdminState::Locked } else { AdminState::Unlocked };
    let vm_down = matches!(vm_state, "error" | "building" | "paused" | "suspended" | "stopped" | "deleted");
    let power_down = matches!(power_state, "pending" | "paused" | "shutdown" | "crashed");
    let oper = if vm_down || power_down { OperState::Disabled } else { OperState::Enabled };
    let mut avail = Vec::new();
    match vm_state {
        "resized" => avail.push(Avail::Resized),
        "error" => avail.push(Avail::Failed),
        "paused" => avail.push(Avail::Paused),
        "suspended" => avail.push(Avail::Suspended),
        "deleted" => avail.push(Avail::Deleted),
        _ => {}
    }
    match power_state {
        "pending" => avail.push(Avail::PowerOff),
        "paused" => avail.push(Avail::Paused),
        "crashed" => avail.extend([Avail::Crashed, Avail::Failed]),
        _ => {}
    }
    avail.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    avail.dedup();
    let action =
        if vm_state == "building" { InstanceAction::Building } else { action_from_task_state(task_state) };
    (admin, oper, avail, action)
}

/// The action that a task state of Nova stands for. Contract: southbound 5.2.4, vim-behaviour 4.2.
pub fn action_from_task_state(task_state: &str) -> InstanceAction {
    match task_state {
        "migrating" => InstanceAction::Migrating,
        "migrating-rollback" => InstanceAction::MigratingRollback,
        "powering-off" => InstanceAction::PoweringOff,
        "powering-on" => InstanceAction::PoweringOn,
        "pausing" => InstanceAction::Pausing,
        "unpausing" => InstanceAction::Unpausing,
        "suspending" => InstanceAction::Suspending,
        "resuming" => InstanceAction::Resuming,
        "deleting" | "soft-deleting" => InstanceAction::Deleting,
        "rebooting"
        | "reboot_pending"
        | "reboot_started"
        | "rebooting_hard"
        | "reboot_pending_hard"
        | "reboot_started_hard" => InstanceAction::Rebooting,
        "rebuilding" | "rebuild_block_device_mapping" | "rebuild_spawning" => InstanceAction::Rebuilding,
        "resize_prep" | "resize_migrating" | "resize_migrated" | "resize_finish" | "resize_reverting"
        | "resize_confirming" => InstanceAction::Resizing,
        _ => InstanceAction::None,
    }
}

/// The text of Nova's power number. Contract: southbound 5.2.4.
pub fn power_state_text(number: i64) -> &'static str {
    match number {
        0 => "no-state",
        1 => "running",
        3 => "paused",
        4 => "shutdown",
        6 => "crashed",
        7 => "suspended",
        9 => "building",
        _ => "unknown",
    }
}

/// Who asked for an action, when it was a user through the compute API: what is needed to repeat the user's
/// own request to Nova. Contract: southbound 3.2, 9.2; deployment 1.6.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestContext {
    /// The user's token. Secret: never logged.
    pub token_id: Option<String>,
    /// The user's project; none when the user's request names none.
    pub tenant_id: Option<String>,
    /// Id of the waiting request.
    pub request_uuid: Option<String>,
    /// `X-OpenStack-Nova-API-Version`, if the user sent one.
    pub version: Option<String>,
    /// The request body as it came.
    pub content: Option<String>,
}

impl std::fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestContext")
            .field("tenant_id", &self.tenant_id)
            .field("request_uuid", &self.request_uuid)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The parameters that some actions have. Contract: vim-behaviour 3.3.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionParameters {
    /// Reboot: let the guest shut down first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graceful_shutdown: Option<bool>,
    /// Live migration: copy the disks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_migration: Option<serde_json::Value>,
    /// Live migration: where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Resize: flavor id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type_uuid: Option<String>,
    /// Rebuild: image id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_image_uuid: Option<String>,
    /// Rebuild: new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_the_table() {
        let rows = [
            ("active", "none", "running", "unlocked", "enabled", "", ""),
            ("error", "none", "running", "unlocked", "disabled", "failed", ""),
            ("stopped", "none", "shutdown", "locked", "disabled", "", ""),
            ("paused", "none", "paused", "unlocked", "disabled", "paused", ""),
            ("active", "none", "crashed", "unlocked", "disabled", "crashed failed", ""),
            ("active", "none", "pending", "unlocked", "disabled", "power-off", ""),
            // the polled word is not the one the rules know (southbound quirk 16)
            ("active", "none", "no-state", "unlocked", "enabled", "", ""),
            ("resized", "none", "running", "unlocked", "enabled", "resized", ""),
            ("active", "rebuild_spawning", "running", "unlocked", "enabled", "", "rebuilding"),
            ("active", "reboot_started_hard", "running", "unlocked", "enabled", "", "rebooting"),
            ("building", "spawning", "pending", "unlocked", "disabled", "power-off", "building"),
            ("deleted", "none", "shutdown", "unlocked", "disabled", "deleted", ""),
        ];
        for (vm, task, power, admin, oper, avail, action) in rows {
            let got = states_from_nova(vm, task, power);
            let words: Vec<_> = got.2.iter().map(InstanceAvailStatus::as_str).collect();
            assert_eq!(
                (got.0.as_str(), got.1.as_str(), words.join(" ").as_str(), got.3.as_str()),
                (admin, oper, avail, action),
                "{vm}/{task}/{power}"
            );
        }
    }

    #[test]
    fn a_users_token_is_not_printed() {
        let context = RequestContext {
            token_id: Some("sesame".into()),
            content: Some("pw".into()),
            ..Default::default()
        };
        let text = format!("{context:?}");
        assert!(!text.contains("sesame") && !text.contains("pw"), "{text}");
    }
}
