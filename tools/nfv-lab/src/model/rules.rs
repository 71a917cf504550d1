//! Which action Nova takes in which state, through which task states it goes, how long it takes.

use crate::config::Timings;

use super::server::{VmState, task};

/// An action on a server. Contract: southbound 3.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAction {
    /// `pause`
    Pause,
    /// `unpause`
    Unpause,
    /// `suspend`
    Suspend,
    /// `resume`
    Resume,
    /// `os-start`
    Start,
    /// `os-stop`
    Stop,
    /// `reboot` of type `SOFT`
    SoftReboot,
    /// `reboot` of type `HARD`
    HardReboot,
    /// `rebuild`
    Rebuild {
        /// New name.
        name: Option<String>,
        /// Image id.
        image: String,
    },
    /// `os-migrateLive`
    LiveMigrate {
        /// Where to; the scheduler chooses when absent.
        host: Option<String>,
    },
    /// `migrate`
    ColdMigrate {
        /// Where to.
        host: Option<String>,
    },
    /// `resize`
    Resize {
        /// Flavor id.
        flavor: String,
    },
    /// `confirmResize`
    ConfirmResize,
    /// `revertResize`
    RevertResize,
    /// `evacuate`
    Evacuate {
        /// Where to.
        host: Option<String>,
    },
    /// `os-resetState`
    ResetState {
        /// To `active`, else to `error`.
        active: bool,
    },
    /// Creation.
    Build,
    /// Deletion.
    Delete,
}

/// Task states in which a hard reboot is taken, beside none.
const ALLOW_REBOOT: [&str; 8] = [
    task::REBOOTING,
    "reboot_pending",
    task::REBOOT_STARTED,
    task::RESUMING,
    task::REBOOTING_HARD,
    task::UNPAUSING,
    task::PAUSING,
    task::SUSPENDING,
];

impl ServerAction {
    /// The name in refusals and in the history.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::SoftReboot => "soft-reboot",
            Self::HardReboot => "hard-reboot",
            Self::Rebuild { .. } => "rebuild",
            Self::LiveMigrate { .. } => "live-migrate",
            Self::ColdMigrate { .. } => "cold-migrate",
            Self::Resize { .. } => "resize",
            Self::ConfirmResize => "confirm-resize",
            Self::RevertResize => "revert-resize",
            Self::Evacuate { .. } => "evacuate",
            Self::ResetState { .. } => "reset-state",
            Self::Build => "build",
            Self::Delete => "delete",
        }
    }

    /// Whether the guest's system starts anew with it.
    #[must_use]
    pub fn starts_guest(&self) -> bool {
        match self {
            Self::Start
            | Self::SoftReboot
            | Self::HardReboot
            | Self::Rebuild { .. }
            | Self::ColdMigrate { .. }
            | Self::Resize { .. }
            | Self::RevertResize
            | Self::Evacuate { .. }
            | Self::Build => true,
            Self::Pause
            | Self::Unpause
            | Self::Suspend
            | Self::Resume
            | Self::Stop
            | Self::LiveMigrate { .. }
            | Self::ConfirmResize
            | Self::ResetState { .. }
            | Self::Delete => false,
        }
    }

    /// The word Nova uses in "Cannot '...' instance".
    #[must_use]
    pub fn refusal_word(&self) -> &'static str {
        match self {
            Self::SoftReboot | Self::HardReboot => "reboot",
            Self::LiveMigrate { .. } => "os-migrateLive",
            Self::ColdMigrate { .. } => "migrate",
            Self::ConfirmResize => "confirmResize",
            Self::RevertResize => "revertResize",
            other => other.name(),
        }
    }

    /// Nova's rule: the `vm_state`s in which the action is taken; none = all.
    #[must_use]
    pub fn states(&self) -> Option<&'static [VmState]> {
        use VmState::{Active, Error, Paused, Resized, Stopped, Suspended};
        match self {
            Self::Pause | Self::Suspend | Self::SoftReboot => Some(&[Active]),
            Self::Unpause => Some(&[Paused]),
            Self::Resume => Some(&[Suspended]),
            Self::Start => Some(&[Stopped]),
            Self::Stop => Some(&[Active, Error]),
            Self::HardReboot => Some(&[Active, Stopped, Paused, Suspended, Error]),
            Self::Rebuild { .. } | Self::Evacuate { .. } => Some(&[Active, Stopped, Error]),
            Self::LiveMigrate { .. } => Some(&[Active, Paused]),
            Self::ColdMigrate { .. } | Self::Resize { .. } => Some(&[Active, Stopped]),
            Self::ConfirmResize | Self::RevertResize => Some(&[Resized]),
            Self::ResetState { .. } | Self::Build | Self::Delete => None,
        }
    }

    /// Whether Nova takes the action with this `task_state`.
    #[must_use]
    pub fn allows_task(&self, task: Option<&str>) -> bool {
        match (self, task) {
            (Self::ResetState { .. } | Self::Delete, _) | (_, None) => true,
            (Self::HardReboot, Some(task)) => ALLOW_REBOOT.contains(&task),
            (_, Some(_)) => false,
        }
    }

    /// The task states that it goes through, in equal parts of its time.
    #[must_use]
    pub fn phases(&self) -> &'static [&'static str] {
        match self {
            Self::Pause => &[task::PAUSING],
            Self::Unpause => &[task::UNPAUSING],
            Self::Suspend => &[task::SUSPENDING],
            Self::Resume => &[task::RESUMING],
            Self::Start => &[task::POWERING_ON],
            Self::Stop => &[task::POWERING_OFF],
            Self::SoftReboot => &[task::REBOOTING, task::REBOOT_STARTED],
            Self::HardReboot => &[task::REBOOTING_HARD, task::REBOOT_STARTED_HARD],
            Self::Rebuild { .. } | Self::Evacuate { .. } => {
                &[task::REBUILDING, task::REBUILD_BLOCK_DEVICE_MAPPING, task::REBUILD_SPAWNING]
            }
            Self::LiveMigrate { .. } => &[task::MIGRATING],
            Self::ColdMigrate { .. } | Self::Resize { .. } => {
                &[task::RESIZE_PREP, task::RESIZE_MIGRATING, task::RESIZE_MIGRATED, task::RESIZE_FINISH]
            }
            Self::ConfirmResize => &[task::RESIZE_CONFIRMING],
            Self::RevertResize => &[task::RESIZE_REVERTING],
            Self::Build => &[task::SCHEDULING, task::SPAWNING],
            Self::Delete => &[task::DELETING],
            Self::ResetState { .. } => &[],
        }
    }

    /// Seconds that it takes.
    #[must_use]
    pub fn seconds(&self, timings: &Timings) -> f64 {
        match self {
            Self::Pause | Self::Unpause => timings.pause,
            Self::Suspend | Self::Resume => timings.suspend,
            Self::Start | Self::Stop => timings.start_stop,
            Self::SoftReboot => timings.reboot_soft,
            Self::HardReboot => timings.reboot_hard,
            Self::Rebuild { .. } => timings.rebuild,
            Self::LiveMigrate { .. } => timings.live_migrate,
            Self::ColdMigrate { .. } | Self::Resize { .. } => timings.cold_migrate,
            Self::ConfirmResize => timings.confirm,
            Self::RevertResize => timings.revert,
            Self::Evacuate { .. } => timings.evacuate,
            Self::Build => timings.build,
            Self::Delete => timings.delete,
            Self::ResetState { .. } => 0.0,
        }
    }

    /// The pair of notifications around it, where Nova sends one. Contract: southbound 11.
    #[must_use]
    pub fn notices(&self) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Pause => (Some("compute.instance.pause.start"), Some("compute.instance.pause.end")),
            Self::Unpause => (Some("compute.instance.unpause.start"), Some("compute.instance.unpause.end")),
            Self::Suspend => (None, Some("compute.instance.suspend")),
            Self::Resume => (Some("compute.instance.resume.start"), Some("compute.instance.resume.end")),
            Self::Start => (Some("compute.instance.power_on.start"), Some("compute.instance.power_on.end")),
            Self::Stop => (Some("compute.instance.power_off.start"), Some("compute.instance.power_off.end")),
            Self::SoftReboot | Self::HardReboot => {
                (Some("compute.instance.reboot.start"), Some("compute.instance.reboot.end"))
            }
            Self::LiveMigrate { .. } => (
                Some("compute.instance.live_migration.pre.start"),
                Some("compute.instance.live_migration.post.dest.end"),
            ),
            Self::ColdMigrate { .. } | Self::Resize { .. } => {
                (Some("compute.instance.resize.prep.start"), Some("compute.instance.finish_resize.end"))
            }
            Self::ConfirmResize => {
                (Some("compute.instance.resize.confirm.start"), Some("compute.instance.resize.confirm.end"))
            }
            Self::RevertResize => {
                (Some("compute.instance.resize.revert.start"), Some("compute.instance.resize.revert.end"))
            }
            Self::Rebuild { .. } | Self::Evacuate { .. } => {
                (Some("compute.instance.rebuild.start"), Some("compute.instance.rebuild.end"))
            }
            Self::Build => (Some("compute.instance.create.start"), Some("compute.instance.create.end")),
            Self::Delete => (Some("compute.instance.delete.start"), Some("compute.instance.delete.end")),
            Self::ResetState { .. } => (None, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row: action, states that take it.
    #[test]
    fn each_action_is_taken_in_nova_s_states_only() {
        use VmState::{Active, Building, Deleted, Error, Paused, Resized, Stopped, Suspended};
        const ALL: [VmState; 8] = [Building, Active, Stopped, Paused, Suspended, Resized, Error, Deleted];
        let rows: [(ServerAction, &[VmState]); 12] = [
            (ServerAction::Pause, &[Active]),
            (ServerAction::Unpause, &[Paused]),
            (ServerAction::Suspend, &[Active]),
            (ServerAction::Resume, &[Suspended]),
            (ServerAction::Start, &[Stopped]),
            (ServerAction::Stop, &[Active, Error]),
            (ServerAction::SoftReboot, &[Active]),
            (ServerAction::HardReboot, &[Active, Stopped, Paused, Suspended, Error]),
            (ServerAction::Evacuate { host: None }, &[Active, Stopped, Error]),
            (ServerAction::LiveMigrate { host: None }, &[Active, Paused]),
            (ServerAction::ColdMigrate { host: None }, &[Active, Stopped]),
            (ServerAction::ConfirmResize, &[Resized]),
        ];
        for (action, states) in rows {
            let allowed = action.states().expect("has a list");
            for state in ALL {
                assert_eq!(allowed.contains(&state), states.contains(&state), "{action:?} in {state:?}");
            }
        }
        assert_eq!(ServerAction::ResetState { active: false }.states(), None);
        assert_eq!(ServerAction::Delete.states(), None);
    }

    #[test]
    fn only_hard_reboot_reset_and_delete_are_taken_during_a_task() {
        assert!(ServerAction::HardReboot.allows_task(Some(task::REBOOTING)));
        assert!(!ServerAction::HardReboot.allows_task(Some(task::MIGRATING)));
        assert!(!ServerAction::SoftReboot.allows_task(Some(task::REBOOTING)));
        assert!(ServerAction::ResetState { active: true }.allows_task(Some(task::MIGRATING)));
        assert!(ServerAction::Delete.allows_task(Some(task::MIGRATING)));
        assert!(!ServerAction::Evacuate { host: None }.allows_task(Some(task::REBUILDING)));
    }
}
