//! The states of the actions, and what they look at. What each event does in them: [`react`]. Contract: vim-behaviour 3.4.

use super::action::ActionKind;
pub use super::reaction::{longest, react};
use crate::core::director::ItemEnd;
use nfv_common::event_log::InitiatedBy;
use nfv_common::time::Mono;
use std::time::Duration;

/// State of a running action; `initial` is the absence of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceState {
    /// Start.
    Start,
    /// Stop.
    Stop,
    /// Pause.
    Pause,
    /// Unpause.
    Unpause,
    /// Suspend.
    Suspend,
    /// Resume.
    Resume,
    /// Reboot.
    Reboot,
    /// Rebuild.
    Rebuild,
    /// Live migration.
    LiveMigrate,
    /// The guest is told that it is over.
    LiveMigrateFinish,
    /// Cold migration.
    ColdMigrate,
    /// Its confirmation.
    ColdMigrateConfirm,
    /// Its taking back.
    ColdMigrateRevert,
    /// Evacuation.
    Evacuate,
    /// Resize.
    Resize,
    /// Its confirmation.
    ResizeConfirm,
    /// Its taking back.
    ResizeRevert,
    /// Setting to error.
    Fail,
    /// Forgetting.
    Delete,
    /// The guest agent learns of the instance.
    GuestServicesCreate,
    /// Guest services are switched on.
    GuestServicesEnable,
    /// Guest services are switched off.
    GuestServicesDisable,
    /// The guest agent is told the states that are wanted.
    GuestServicesSet,
    /// The guest agent forgets the instance.
    GuestServicesDelete,
}

/// State, text, log file, words of the log, and whether the current work sees events first.
const STATES: [(InstanceState, &str, &str, &str, bool); 24] = [
    (InstanceState::Start, "start", "_instance_state_start.py", "Start", true),
    (InstanceState::Stop, "stop", "_instance_state_stop.py", "Stop", true),
    (InstanceState::Pause, "pause", "_instance_state_pause.py", "Pause", true),
    (InstanceState::Unpause, "unpause", "_instance_state_unpause.py", "Unpause", true),
    (InstanceState::Suspend, "suspend", "_instance_state_suspend.py", "Suspend", true),
    (InstanceState::Resume, "resume", "_instance_state_resume.py", "Resume", true),
    (InstanceState::Reboot, "reboot", "_instance_state_reboot.py", "Reboot", true),
    (InstanceState::Rebuild, "rebuild", "_instance_state_rebuild.py", "Rebuild", false),
    (InstanceState::LiveMigrate, "live-migrate", "_instance_state_live_migrate.py", "Live-Migrate", true),
    (
        InstanceState::LiveMigrateFinish,
        "live-migrate-finish",
        "_instance_state_live_migrate_finish.py",
        "Live-Migrate-Finish",
        true,
    ),
    (InstanceState::ColdMigrate, "cold-migrate", "_instance_state_cold_migrate.py", "Cold-Migrate", true),
    (
        InstanceState::ColdMigrateConfirm,
        "cold-migrate-confirm",
        "_instance_state_cold_migrate_confirm.py",
        "Cold-Migrate-Confirm",
        true,
    ),
    (
        InstanceState::ColdMigrateRevert,
        "cold-migrate-revert",
        "_instance_state_cold_migrate_revert.py",
        "Cold-Migrate-Revert",
        true,
    ),
    (InstanceState::Evacuate, "evacuate", "_instance_state_evacuate.py", "Evacuate", true),
    (InstanceState::Resize, "resize", "_instance_state_resize.py", "Resize", true),
    (
        InstanceState::ResizeConfirm,
        "resize-confirm",
        "_instance_state_resize_confirm.py",
        "Resize-Confirm",
        true,
    ),
    (InstanceState::ResizeRevert, "resize-revert", "_instance_state_resize_revert.py", "Resize-Revert", true),
    (InstanceState::Fail, "fail", "_instance_state_fail.py", "Fail", false),
    (InstanceState::Delete, "delete", "_instance_state_delete.py", "Delete", false),
    (
        InstanceState::GuestServicesCreate,
        "guest-services-create",
        "_instance_state_guest_services_create.py",
        "GuestServicesCreate",
        false,
    ),
    (
        InstanceState::GuestServicesEnable,
        "guest-services-enable",
        "_instance_state_guest_services_enable.py",
        "GuestServicesEnable",
        false,
    ),
    (
        InstanceState::GuestServicesDisable,
        "guest-services-disable",
        "_instance_state_guest_services_disable.py",
        "GuestServicesDisable",
        false,
    ),
    (
        InstanceState::GuestServicesSet,
        "guest-services-set",
        "_instance_state_guest_services_set.py",
        "GuestServicesSet",
        false,
    ),
    (
        InstanceState::GuestServicesDelete,
        "guest-services-delete",
        "_instance_state_guest_services_delete.py",
        "GuestServicesDelete",
        false,
    ),
];

impl InstanceState {
    /// The state in which an action begins.
    pub fn first(kind: ActionKind) -> Self {
        kind.first_state()
    }

    /// Text in logs.
    pub fn as_str(self) -> &'static str {
        STATES[self as usize].1
    }

    /// Source file name that log readers expect.
    pub(super) fn log_file(self) -> &'static str {
        STATES[self as usize].2
    }

    /// The action's name in log texts.
    pub(super) fn title(self) -> &'static str {
        STATES[self as usize].3
    }

    pub(super) fn task_first(self) -> bool {
        STATES[self as usize].4
    }

    /// Nova has no part in it: only the guest agent is spoken to.
    pub(super) const fn concerns_guest_only(self) -> bool {
        matches!(
            self,
            Self::LiveMigrateFinish
                | Self::GuestServicesCreate
                | Self::GuestServicesEnable
                | Self::GuestServicesDisable
                | Self::GuestServicesSet
                | Self::GuestServicesDelete
        )
    }
}

/// A running action.
#[derive(Debug, Clone)]
pub struct Running {
    /// Which.
    pub kind: ActionKind,
    /// Where it is.
    pub state: InstanceState,
    /// Host at the beginning.
    pub from: Option<String>,
    /// When the state was entered.
    pub began: Mono,
    /// Since when nothing is seen of it.
    pub waiting_since: Option<Mono>,
    /// Nova was seen to work on it.
    pub started: bool,
    /// Who asked for it.
    pub by: InitiatedBy,
    /// Sequence number of its action record; none for a fail action, which has no record.
    pub record: Option<u64>,
}

impl Running {
    /// An action that enters `state` now.
    pub fn new(kind: ActionKind, state: InstanceState, from: Option<String>, now: Mono) -> Self {
        Self {
            kind,
            state,
            from,
            began: now,
            waiting_since: None,
            started: false,
            by: InitiatedBy::Unknown,
            record: None,
        }
    }
}

/// What can happen to a running action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceEvent {
    /// Nova shows it running.
    NfviEnabled,
    /// Nova shows it not running.
    NfviDisabled,
    /// Nova shows it resized.
    NfviResized,
    /// It is on another host.
    NfviHostChanged,
    /// Its host is offline.
    NfviHostOffline,
    /// The guest lets an action happen.
    GuestActionAllow,
    /// The guest does not let an action happen.
    GuestActionReject,
    /// The guest has done what it wanted to do about an action.
    GuestActionProceed,
    /// The guest's heartbeat is there.
    GuestCommunicationEstablished,
    /// Nova rolls a live migration back.
    LiveMigrateRollback,
    /// Nova has taken a resize back.
    ResizeRevertCompleted,
    /// Nova has shown it for the first time since the process started.
    Confirmed,
    /// Nothing changed for a while.
    Audit,
    /// The action has had all the time there is for it.
    Overdue,
    /// The same action is asked for again.
    TaskStart,
    /// Another action takes its place.
    TaskStop,
    /// The task with this id went well.
    TaskCompleted {
        /// Task id.
        task: u64,
    },
    /// The task with this id did not go well.
    TaskFailed {
        /// Task id.
        task: u64,
        /// Why.
        reason: String,
    },
}

/// What the states look at beside the event.
#[derive(Debug, Clone)]
pub struct InstanceFacts {
    /// No task is in progress.
    pub idle: bool,
    /// The task timed out.
    pub task_timed_out: bool,
    /// Locked.
    pub locked: bool,
    /// Enabled.
    pub enabled: bool,
    /// Disabled.
    pub disabled: bool,
    /// Failed.
    pub failed: bool,
    /// Nova is stopping it.
    pub stopping: bool,
    /// Live migration seen.
    pub migrating: bool,
    /// Resize seen.
    pub resizing: bool,
    /// Rebuild seen.
    pub rebuilding: bool,
    /// It is on another host than at the beginning.
    pub moved: bool,
    /// A user asked for the action.
    pub from_cli: bool,
    /// It has guest services.
    pub guest: bool,
    /// Longest live migration; none for no limit.
    pub live_limit: Option<Duration>,
    /// Longest cold migration.
    pub cold_limit: Duration,
    /// Longest evacuation.
    pub evacuate_limit: Duration,
    /// Longest taking back of a resize or cold migration.
    pub revert_limit: Duration,
}

/// What is reported to the instance director.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// A start ended.
    Start(ItemEnd),
    /// A stop ended.
    Stop(ItemEnd),
    /// A migration ended.
    Migrate(ItemEnd),
    /// An evacuation ended.
    Evacuate(ItemEnd),
}

/// What an event does to a running action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaction {
    /// Logged as the action's failure.
    pub failed: Option<String>,
    /// Told to the director.
    pub report: Option<Report>,
    /// Where it goes.
    pub next: Option<Next>,
    /// The task starts again.
    pub restart: bool,
    /// The instance is forgotten.
    pub deleted: bool,
}

/// Where a running action goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is over.
    Initial,
    /// To this state.
    State(InstanceState),
}
