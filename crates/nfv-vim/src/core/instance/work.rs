//! The works of each state in order. Contract: vim-behaviour 3.5, 3.7.

use super::state::InstanceState;
use nfv_common::fsm::Work;
use nfv_nfvi::CallId;
use nfv_nfvi::object::ActionType;
use std::time::Duration;

/// What a work does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// The guest is asked whether the action may happen.
    Vote,
    /// The guest is told that it will happen.
    PreNotify,
    /// Guest services are switched off.
    GuestDisable,
    /// The request to Nova.
    Nova,
    /// Guest services are switched on.
    GuestEnable,
    /// The guest is told that it has happened.
    PostNotify,
    /// The guest agent learns of the instance.
    GuestCreate,
    /// The guest agent is told which states are wanted.
    GuestSet,
    /// The guest agent forgets the instance.
    GuestDelete,
    /// Nothing: Nova has deleted the instance already.
    Forget,
}

impl WorkKind {
    /// When it fails or takes too long it counts as done ("FP"): the guest does not hold up the action.
    pub const fn passes_when_failed(self) -> bool {
        matches!(
            self,
            Self::Vote | Self::PreNotify | Self::PostNotify | Self::GuestDisable | Self::GuestEnable
        )
    }

    /// The longest it may wait.
    fn limit(self, state: InstanceState) -> Duration {
        Duration::from_secs(match self {
            Self::Vote | Self::PreNotify | Self::PostNotify => 120,
            Self::Nova if matches!(state, InstanceState::Evacuate) => 120,
            Self::Nova
            | Self::GuestDisable
            | Self::GuestEnable
            | Self::GuestCreate
            | Self::GuestSet
            | Self::GuestDelete
            | Self::Forget => 60,
        })
    }

    /// Its name in the logs.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Vote => "Guest-Services-Vote",
            Self::PreNotify => "Guest-Services-Pre-Notify",
            Self::PostNotify => "Guest-Services-Post-Notify",
            Self::GuestDisable => "Guest-Services-Disable",
            Self::GuestEnable => "Guest-Services-Enable",
            Self::GuestCreate => "Guest-Services-Create",
            Self::GuestSet => "Guest-Services-Set",
            Self::GuestDelete => "Guest-Services-Delete",
            Self::Nova => "Nova",
            Self::Forget => "Delete-Instance",
        }
    }
}

/// The works of a state's task, in order. Contract: 3.5.
pub const fn works(state: InstanceState) -> &'static [WorkKind] {
    use InstanceState as S;
    use WorkKind as W;
    match state {
        S::LiveMigrate | S::ColdMigrate | S::Resize | S::Stop | S::Pause | S::Suspend | S::Reboot => {
            &[W::Vote, W::PreNotify, W::GuestDisable, W::Nova]
        }
        S::LiveMigrateFinish => &[W::GuestEnable, W::PostNotify],
        S::ColdMigrateConfirm
        | S::ColdMigrateRevert
        | S::ResizeConfirm
        | S::ResizeRevert
        | S::Unpause
        | S::Resume => &[W::Nova, W::GuestEnable, W::PostNotify],
        S::Evacuate | S::Fail => &[W::GuestDisable, W::Nova],
        S::Start | S::Rebuild => &[W::Nova],
        S::Delete => &[W::Forget, W::GuestDelete],
        S::GuestServicesCreate => &[W::GuestCreate, W::GuestEnable],
        S::GuestServicesEnable => &[W::GuestEnable],
        S::GuestServicesDisable => &[W::GuestDisable],
        S::GuestServicesSet => &[W::GuestSet],
        S::GuestServicesDelete => &[W::GuestDelete],
    }
}

/// The name of a state's task for an instance.
pub(super) fn task_name(state: InstanceState, instance: &str) -> String {
    use InstanceState as S;
    let name = state.as_str();
    match state {
        S::GuestServicesCreate => format!("{name}-_{instance}"),
        S::GuestServicesEnable | S::GuestServicesDisable | S::GuestServicesSet | S::GuestServicesDelete => {
            format!("{name}_{instance}")
        }
        _ => format!("{name}-instance_{instance}"),
    }
}

/// The action of which the guest hears in a state. Contract: 3.5, 7.5.
pub fn guest_action(state: InstanceState) -> ActionType {
    use InstanceState as S;
    match state {
        S::LiveMigrate | S::LiveMigrateFinish => ActionType::LiveMigrate,
        S::ColdMigrate | S::ColdMigrateConfirm | S::ColdMigrateRevert => ActionType::ColdMigrate,
        S::Resize => ActionType::Resize,
        S::ResizeConfirm => ActionType::ConfirmResize,
        S::ResizeRevert => ActionType::RevertResize,
        S::Stop => ActionType::Stop,
        S::Pause => ActionType::Pause,
        S::Unpause => ActionType::Unpause,
        S::Suspend => ActionType::Suspend,
        S::Resume => ActionType::Resume,
        S::Reboot => ActionType::Reboot,
        S::Start
        | S::Rebuild
        | S::Evacuate
        | S::Fail
        | S::Delete
        | S::GuestServicesCreate
        | S::GuestServicesEnable
        | S::GuestServicesDisable
        | S::GuestServicesSet
        | S::GuestServicesDelete => ActionType::Unknown,
    }
}

/// How long the guest may keep a state waiting, as far as it is known beforehand.
pub(super) fn guest_time(state: InstanceState) -> Duration {
    let guest = works(state).iter().filter(|kind| !matches!(kind, WorkKind::Nova | WorkKind::Forget));
    guest.map(|kind| kind.limit(state)).sum()
}

/// One work of an instance's task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceWork {
    pub(super) kind: WorkKind,
    pub(super) state: InstanceState,
    pub(super) phase: Phase,
    /// Its request to the guest agent.
    pub(super) call: Option<CallId>,
    limit: Duration,
}

/// How far a work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not begun.
    Fresh,
    /// Nova is asked what the instance does.
    Confirming,
    /// The host must be offline first.
    AwaitingOffline,
    /// The request is out.
    Sent,
    /// Nova took a revert; the instance must come back.
    AwaitingMove,
    /// The guest agent took the request; the guest must say something, or come back first.
    AwaitingGuest,
}

impl Work for InstanceWork {
    fn limit(&self) -> Duration {
        self.limit
    }
}

impl InstanceWork {
    /// The works of a state, none begun.
    pub(super) fn of(state: InstanceState) -> Vec<Self> {
        let work = |kind: &WorkKind| Self {
            kind: *kind,
            state,
            phase: Phase::Fresh,
            call: None,
            limit: kind.limit(state),
        };
        works(state).iter().map(work).collect()
    }
}
