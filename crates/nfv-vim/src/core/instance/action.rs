//! Actions on instances and the data kept about them. Contract: vim-behaviour 3.1, 3.3.

use super::state::InstanceState;
use nfv_common::event_log::EventId;
use nfv_nfvi::object::{ActionParameters, ActionState, ActionType, RequestContext};
use serde::{Deserialize, Serialize};

/// The state machine of one kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionKind {
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
    /// Cold migration, with automatic confirmation when the system asked for it.
    ColdMigrate,
    /// Confirmation of a cold migration.
    ColdMigrateConfirm,
    /// Taking a cold migration back.
    ColdMigrateRevert,
    /// Evacuation.
    Evacuate,
    /// Resize.
    Resize,
    /// Confirmation of a resize.
    ResizeConfirm,
    /// Taking a resize back.
    ResizeRevert,
    /// Setting it to error.
    Fail,
    /// Forgetting it.
    Delete,
    /// Making its guest services known to the guest agent.
    GuestServicesCreate,
    /// Switching its guest services on.
    GuestServicesEnable,
    /// Switching its guest services off.
    GuestServicesDisable,
    /// Telling the guest agent which states are wanted.
    GuestServicesSet,
    /// Having the guest agent forget it.
    GuestServicesDelete,
}

/// Action, its name, the state in which it begins, and the type under which it is reported. Contract: 3.1.
///
/// Two actions go on into a second state: a live migration into live-migrate-finish, a cold migration of the system's
/// into cold-migrate-confirm (both stand in the tables of [`super::state::react`]).
static ACTIONS: [(ActionKind, &str, InstanceState, ActionType); 23] = {
    use ActionKind as K;
    use ActionType as T;
    use InstanceState as S;
    [
        (K::Start, "start-action", S::Start, T::Start),
        (K::Stop, "stop-action", S::Stop, T::Stop),
        (K::Pause, "pause-action", S::Pause, T::Pause),
        (K::Unpause, "unpause-action", S::Unpause, T::Unpause),
        (K::Suspend, "suspend-action", S::Suspend, T::Suspend),
        (K::Resume, "resume-action", S::Resume, T::Resume),
        (K::Reboot, "reboot-action", S::Reboot, T::Reboot),
        (K::Rebuild, "rebuild-action", S::Rebuild, T::Rebuild),
        (K::LiveMigrate, "live-migrate-action", S::LiveMigrate, T::LiveMigrate),
        (K::ColdMigrate, "cold-migrate-action", S::ColdMigrate, T::ColdMigrate),
        (K::ColdMigrateConfirm, "cold-migrate-confirm-action", S::ColdMigrateConfirm, T::ConfirmResize),
        (K::ColdMigrateRevert, "cold-migrate-revert-action", S::ColdMigrateRevert, T::RevertResize),
        (K::Evacuate, "evacuate-action", S::Evacuate, T::Evacuate),
        (K::Resize, "resize-action", S::Resize, T::Resize),
        (K::ResizeConfirm, "resize-confirm-action", S::ResizeConfirm, T::ConfirmResize),
        (K::ResizeRevert, "resize-revert-action", S::ResizeRevert, T::RevertResize),
        (K::Fail, "fail-action", S::Fail, T::Unknown),
        (K::Delete, "delete-action", S::Delete, T::Delete),
        (K::GuestServicesCreate, "guest-services-create-action", S::GuestServicesCreate, T::Unknown),
        (K::GuestServicesEnable, "guest-services-enable-action", S::GuestServicesEnable, T::Unknown),
        (K::GuestServicesDisable, "guest-services-disable-action", S::GuestServicesDisable, T::Unknown),
        (K::GuestServicesSet, "guest-services-set-action", S::GuestServicesSet, T::Unknown),
        (K::GuestServicesDelete, "guest-services-delete-action", S::GuestServicesDelete, T::Unknown),
    ]
};

/// The event logs of an action, where it has them.
#[derive(Debug, Clone, Copy)]
pub struct ActionLogs {
    /// Issued when it starts.
    pub begin: Option<EventId>,
    /// Issued when it fails.
    pub failed: Option<EventId>,
    /// Issued when it is refused; then the failure is not logged again.
    pub rejected: Option<EventId>,
    /// Issued when it is given up.
    pub cancelled: Option<EventId>,
}

impl ActionKind {
    /// Every action.
    pub fn all() -> impl Iterator<Item = Self> {
        ACTIONS.iter().map(|row| row.0)
    }

    /// Name of its machine.
    pub fn as_str(self) -> &'static str {
        ACTIONS[self as usize].1
    }

    /// The state in which it begins.
    pub fn first_state(self) -> InstanceState {
        ACTIONS[self as usize].2
    }

    /// The type under which it is reported.
    pub fn action_type(self) -> ActionType {
        ACTIONS[self as usize].3.clone()
    }

    /// It only speaks with the guest agent.
    pub const fn is_guest_services(self) -> bool {
        matches!(
            self,
            Self::GuestServicesCreate
                | Self::GuestServicesEnable
                | Self::GuestServicesDisable
                | Self::GuestServicesSet
                | Self::GuestServicesDelete
        )
    }

    /// The machine for an action type; `last` is the action before, which decides what a confirmation confirms.
    pub fn of(action: &ActionType, last: &ActionType) -> Option<Self> {
        let after_cold_migration = *last == ActionType::ColdMigrate;
        Some(match action {
            ActionType::Start => Self::Start,
            ActionType::Stop => Self::Stop,
            ActionType::Pause => Self::Pause,
            ActionType::Unpause => Self::Unpause,
            ActionType::Suspend => Self::Suspend,
            ActionType::Resume => Self::Resume,
            ActionType::Reboot => Self::Reboot,
            ActionType::Rebuild => Self::Rebuild,
            ActionType::LiveMigrate => Self::LiveMigrate,
            ActionType::ColdMigrate => Self::ColdMigrate,
            ActionType::Evacuate => Self::Evacuate,
            ActionType::Resize => Self::Resize,
            ActionType::ConfirmResize if after_cold_migration => Self::ColdMigrateConfirm,
            ActionType::ConfirmResize => Self::ResizeConfirm,
            ActionType::RevertResize if after_cold_migration => Self::ColdMigrateRevert,
            ActionType::RevertResize => Self::ResizeRevert,
            ActionType::Delete => Self::Delete,
            ActionType::Unknown
            | ActionType::None
            | ActionType::LiveMigrateRollback
            | ActionType::Other(_) => {
                return None;
            }
        })
    }

    /// The logs of the action. Contract: vim-behaviour 8.5, 8.6.
    pub fn logs(self) -> ActionLogs {
        use EventId as E;
        let all = |begin, failed, rejected, cancelled| ActionLogs {
            begin: Some(begin),
            failed: Some(failed),
            rejected: Some(rejected),
            cancelled: Some(cancelled),
        };
        match self {
            Self::Start => all(
                E::InstanceStartBegin,
                E::InstanceStartFailed,
                E::InstanceStartRejected,
                E::InstanceStartCancelled,
            ),
            Self::Stop => all(
                E::InstanceStopBegin,
                E::InstanceStopFailed,
                E::InstanceStopRejected,
                E::InstanceStopCancelled,
            ),
            Self::Pause => all(
                E::InstancePauseBegin,
                E::InstancePauseFailed,
                E::InstancePauseRejected,
                E::InstancePauseCancelled,
            ),
            Self::Unpause => all(
                E::InstanceUnpauseBegin,
                E::InstanceUnpauseFailed,
                E::InstanceUnpauseRejected,
                E::InstanceUnpauseCancelled,
            ),
            Self::Suspend => all(
                E::InstanceSuspendBegin,
                E::InstanceSuspendFailed,
                E::InstanceSuspendRejected,
                E::InstanceSuspendCancelled,
            ),
            Self::Resume => all(
                E::InstanceResumeBegin,
                E::InstanceResumeFailed,
                E::InstanceResumeRejected,
                E::InstanceResumeCancelled,
            ),
            Self::Reboot => all(
                E::InstanceRebootBegin,
                E::InstanceRebootFailed,
                E::InstanceRebootRejected,
                E::InstanceRebootCancelled,
            ),
            Self::Rebuild => all(
                E::InstanceRebuildBegin,
                E::InstanceRebuildFailed,
                E::InstanceRebuildRejected,
                E::InstanceRebuildCancelled,
            ),
            Self::LiveMigrate => all(
                E::InstanceLiveMigrateBegin,
                E::InstanceLiveMigrateFailed,
                E::InstanceLiveMigrateRejected,
                E::InstanceLiveMigrateCancelled,
            ),
            Self::ColdMigrate => all(
                E::InstanceColdMigrateBegin,
                E::InstanceColdMigrateFailed,
                E::InstanceColdMigrateRejected,
                E::InstanceColdMigrateCancelled,
            ),
            Self::ColdMigrateConfirm => all(
                E::InstanceColdMigrateConfirmBegin,
                E::InstanceColdMigrateConfirmFailed,
                E::InstanceColdMigrateConfirmRejected,
                E::InstanceColdMigrateConfirmCancelled,
            ),
            Self::ColdMigrateRevert => all(
                E::InstanceColdMigrateRevertBegin,
                E::InstanceColdMigrateRevertFailed,
                E::InstanceColdMigrateRevertRejected,
                E::InstanceColdMigrateRevertCancelled,
            ),
            Self::Evacuate => all(
                E::InstanceEvacuateBegin,
                E::InstanceEvacuateFailed,
                E::InstanceEvacuateRejected,
                E::InstanceEvacuateCancelled,
            ),
            Self::Resize => all(
                E::InstanceResizeBegin,
                E::InstanceResizeFailed,
                E::InstanceResizeRejected,
                E::InstanceResizeCancelled,
            ),
            Self::ResizeConfirm => all(
                E::InstanceResizeConfirmBegin,
                E::InstanceResizeConfirmFailed,
                E::InstanceResizeConfirmRejected,
                E::InstanceResizeConfirmCancelled,
            ),
            Self::ResizeRevert => all(
                E::InstanceResizeRevertBegin,
                E::InstanceResizeRevertFailed,
                E::InstanceResizeRevertRejected,
                E::InstanceResizeRevertCancelled,
            ),
            Self::Delete => ActionLogs {
                begin: None,
                failed: Some(E::InstanceDeleteFailed),
                rejected: Some(E::InstanceDeleteRejected),
                cancelled: Some(E::InstanceDeleteCancelled),
            },
            Self::Fail
            | Self::GuestServicesCreate
            | Self::GuestServicesEnable
            | Self::GuestServicesDisable
            | Self::GuestServicesSet
            | Self::GuestServicesDelete => {
                ActionLogs { begin: None, failed: None, rejected: None, cancelled: None }
            }
        }
    }
}

/// The request behind an action. Contract: vim-behaviour 3.3, deployment 1.6 (`nfvi_action_data`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NfviActionData {
    /// Id of the request.
    pub action_uuid: Option<String>,
    /// What is wanted.
    pub action_type: ActionType,
    /// With what, or `""`. Databases of the original hold printed text here, which is kept as it is.
    #[serde(default)]
    pub action_parameters: serde_json::Value,
    /// How far Nova's side is.
    pub action_state: ActionState,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// `YYYY-MM-DDTHH:MM:SSZ`
    #[serde(default)]
    pub created_timestamp: String,
    /// `YYYY-MM-DDTHH:MM:SSZ`
    #[serde(default)]
    pub last_update_timestamp: String,
    /// Do not ask the guest.
    #[serde(default)]
    pub skip_guest_vote: bool,
    /// Do not tell the guest.
    #[serde(default)]
    pub skip_guest_notify: bool,
    /// A user asked for it.
    #[serde(default)]
    pub from_cli: bool,
    /// The user's request, or `{}`.
    #[serde(default)]
    pub context: RequestContextOrNone,
}

/// A user's request, or `{}` for none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestContextOrNone(pub Option<RequestContext>);

impl Serialize for RequestContextOrNone {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(context) => context.serialize(s),
            None => serde_json::Map::new().serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for RequestContextOrNone {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let context = <Option<RequestContext>>::deserialize(d)?;
        Ok(Self(context.filter(|context| *context != RequestContext::default())))
    }
}

impl NfviActionData {
    /// The parameters, as far as they can be understood.
    pub fn parameters(&self) -> ActionParameters {
        serde_json::from_value(self.action_parameters.clone()).unwrap_or_default()
    }
}

/// An action of an instance. Contract: deployment 1.6 (`action_data`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActionData {
    /// Grows with each action of the process; 0 when there never was one.
    pub seqnum: u64,
    /// How far the VIM is.
    pub state: Option<ActionState>,
    /// The request.
    pub nfvi: Option<NfviActionData>,
}

impl ActionData {
    /// What is done; empty when nothing is.
    pub fn action_type(&self) -> ActionType {
        self.nfvi.as_ref().map_or(ActionType::None, |nfvi| nfvi.action_type.clone())
    }

    /// A user asked for it.
    pub fn from_cli(&self) -> bool {
        self.nfvi.as_ref().is_some_and(|nfvi| nfvi.from_cli)
    }

    /// It has ended.
    pub fn complete(&mut self) {
        if let Some(nfvi) = &mut self.nfvi {
            nfvi.action_state = ActionState::Completed;
            self.state = Some(ActionState::Completed);
        }
    }

    /// The guest is asked or told about it, and Nova does not know of it yet, or does not any more.
    pub fn is_with_guest(&self) -> bool {
        matches!(
            self.state,
            Some(
                ActionState::Voting
                    | ActionState::Allowed
                    | ActionState::Rejected
                    | ActionState::PreNotify
                    | ActionState::PostNotify
                    | ActionState::Proceed
            )
        )
    }

    /// It ended, or never began.
    pub fn is_over(&self) -> bool {
        matches!(self.state, None | Some(ActionState::Completed | ActionState::Cancelled | ActionState::None))
    }

    /// The user's request, if there is one.
    pub fn context(&self) -> Option<RequestContext> {
        self.nfvi.as_ref().and_then(|nfvi| nfvi.context.0.clone())
    }
}
