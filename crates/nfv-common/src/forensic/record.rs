//! What a log line tells, if it tells something of interest.

use std::fmt;
use std::ops::Range;

use super::Stamp;

/// A host's state that is told on entering it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // they are the states of vim-behaviour 2
pub enum HostState {
    Configure,
    Enabling,
    Enabled,
    Disabling,
    Disabled,
    DisablingFailed,
    Deleting,
    Deleted,
}

impl HostState {
    /// In the order of the contract.
    pub const ALL: [HostState; 8] = [
        Self::Configure,
        Self::Enabling,
        Self::Enabled,
        Self::Disabling,
        Self::Disabled,
        Self::DisablingFailed,
        Self::Deleting,
        Self::Deleted,
    ];

    /// As it stands in the message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configure => "configure",
            Self::Enabling => "enabling",
            Self::Enabled => "enabled",
            Self::Disabling => "disabling",
            Self::Disabled => "disabled",
            Self::DisablingFailed => "disabling-failed",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

/// What the instance director moves instances for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Director {
    Evacuate,
    Migrate,
}

/// How something ended, or that it is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum End {
    Inprogress,
    Completed,
    Failed,
    TimedOut,
}

/// An instance's state other than the initial one: the action that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // they are the states of vim-behaviour 3
pub enum Action {
    LiveMigrate,
    LiveMigrateFinish,
    ColdMigrate,
    ColdMigrateConfirm,
    ColdMigrateRevert,
    Evacuate,
    Start,
    Stop,
    Pause,
    Unpause,
    Suspend,
    Resume,
    Reboot,
    Rebuild,
    Fail,
    Delete,
    Resize,
    ResizeConfirm,
    ResizeRevert,
    GuestServicesCreate,
    GuestServicesDelete,
    GuestServicesEnable,
    GuestServicesDisable,
    GuestServicesSet,
}

use End::{Completed, Failed, Inprogress, TimedOut};

/// Each action with its name, the ends that are told of it, and whether Nova's answer is told.
const ACTIONS: [(Action, &str, &[End], bool); 24] = [
    (Action::LiveMigrate, "live-migrate", &[Failed, TimedOut], true),
    (Action::LiveMigrateFinish, "live-migrate-finish", &[Failed, TimedOut], false),
    (Action::ColdMigrate, "cold-migrate", &[Failed, TimedOut], true),
    (Action::ColdMigrateConfirm, "cold-migrate-confirm", &[Failed, TimedOut], true),
    (Action::ColdMigrateRevert, "cold-migrate-revert", &[Failed, TimedOut], true),
    (Action::Evacuate, "evacuate", &[], false),
    (Action::Start, "start", &[Inprogress, Failed, TimedOut], true),
    (Action::Stop, "stop", &[Completed, Failed, TimedOut], true),
    (Action::Pause, "pause", &[Completed, Failed, TimedOut], true),
    (Action::Unpause, "unpause", &[Completed, Failed, TimedOut], true),
    (Action::Suspend, "suspend", &[Completed, Failed, TimedOut], true),
    (Action::Resume, "resume", &[Completed, Failed, TimedOut], true),
    (Action::Reboot, "reboot", &[Completed, Failed, TimedOut], true),
    (Action::Rebuild, "rebuild", &[Completed, Failed, TimedOut], true),
    (Action::Fail, "fail", &[], false),
    (Action::Delete, "delete", &[], false),
    (Action::Resize, "resize", &[Failed, TimedOut], true),
    (Action::ResizeConfirm, "resize-confirm", &[Failed, TimedOut], true),
    (Action::ResizeRevert, "resize-revert", &[Failed, TimedOut], true),
    (Action::GuestServicesCreate, "guest-services-create", &[], false),
    (Action::GuestServicesDelete, "guest-services-delete", &[], false),
    (Action::GuestServicesEnable, "guest-services-enable", &[], false),
    (Action::GuestServicesDisable, "guest-services-disable", &[], false),
    (Action::GuestServicesSet, "guest-services-set", &[], false),
];

impl Action {
    /// All, in the order of the contract.
    pub fn all() -> impl Iterator<Item = Action> {
        ACTIONS.iter().map(|row| row.0)
    }

    /// As it stands in the message on entering the state.
    pub const fn as_str(self) -> &'static str {
        ACTIONS[self as usize].1
    }

    /// The ends that are told in lines of their own.
    pub const fn ends(self) -> &'static [End] {
        ACTIONS[self as usize].2
    }

    /// Whether Nova's answer is told.
    pub const fn has_callback(self) -> bool {
        ACTIONS[self as usize].3
    }

    /// As it stands at the start of other messages: `Live-Migrate`.
    pub fn title(self) -> String {
        let words = self.as_str().split('-').map(|word| {
            let (first, rest) = word.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        });
        words.collect::<Vec<_>>().join("-")
    }
}

/// What is told of an instance's guest services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Guest {
    Notify,
    Enable,
    EnableCallback,
    Disable,
    DisableCallback,
    Vote,
    VoteResult,
    VoteCallback,
    PreNotify,
    PreNotifyCallback,
    PostNotify,
    PostNotifyCallback,
    PostNotifyHeartbeat,
}

impl Guest {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Enable => "enable",
            Self::EnableCallback => "enable_callback",
            Self::Disable => "disable",
            Self::DisableCallback => "disable_callback",
            Self::Vote => "vote",
            Self::VoteResult => "vote_result",
            Self::VoteCallback => "vote_callback",
            Self::PreNotify => "pre_notify",
            Self::PreNotifyCallback => "pre_notify_callback",
            Self::PostNotify => "post_notify",
            Self::PostNotifyCallback => "post_notify_callback",
            Self::PostNotifyHeartbeat => "post_notify_heartbeat",
        }
    }
}

/// What a record tells. `Display` gives the name of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordType {
    /// The platform's view of a host changed.
    HostNfviStateChange,
    /// A host entered a state.
    HostState(HostState),
    /// A move that the instance director wanted has ended.
    Director(Director, End),
    /// An instance is back in its initial state: nothing is done with it.
    InstanceInitial,
    /// An instance entered a state.
    InstanceState(Action),
    /// An instance's state told how it goes.
    InstanceEnd(Action, End),
    /// A user asked for an action.
    NfviAction,
    /// The cloud's view of an instance changed.
    InstanceNfviStateChange,
    /// Nova answered a request.
    Callback(Action),
    /// Guest services.
    Guest(Guest),
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snake = |text: &str| text.replace('-', "_");
        match self {
            Self::HostNfviStateChange => f.write_str("nfv_vim_host_nfvi_state_change"),
            Self::HostState(state) => write!(f, "nfv_vim_host_{}_state", snake(state.as_str())),
            Self::Director(what, end) => {
                let what = match what {
                    Director::Evacuate => "evacuate",
                    Director::Migrate => "migrate",
                };
                let end = match end {
                    Failed => "failed",
                    TimedOut => "timeout",
                    Completed => "success",
                    Inprogress => "inprogress",
                };
                write!(f, "nfv_vim_director_{what}_{end}")
            }
            Self::InstanceInitial => f.write_str("nfv_vim_instance_initial_state"),
            Self::InstanceState(action) => write!(f, "nfv_vim_instance_{}_state", snake(action.as_str())),
            Self::InstanceEnd(action, end) => {
                let end = match end {
                    Inprogress => "inprogress",
                    Completed => "completed",
                    Failed => "failed",
                    TimedOut => "timed_out",
                };
                write!(f, "nfv_vim_instance_{}_state_{end}", snake(action.as_str()))
            }
            Self::NfviAction => f.write_str("nfv_vim_instance_nfvi_action_initial"),
            Self::InstanceNfviStateChange => f.write_str("nfv_vim_instance_nfvi_state_change"),
            Self::Callback(action) => write!(f, "nfv_vim_instance_{}_callback", snake(action.as_str())),
            Self::Guest(guest) => write!(f, "nfv_vim_instance_guest_services_{}", guest.as_str()),
        }
    }
}

/// A line that tells something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub time: Stamp,
    /// What.
    pub kind: RecordType,
    /// The message as it stands in the log.
    pub log: Vec<u8>,
    pub(super) fields: Vec<(&'static str, Range<usize>)>,
}

impl Record {
    /// A value out of the message; empty when this type of record has no such field.
    pub fn field(&self, name: &str) -> &[u8] {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        found.map_or(&[], |(_, range)| &self.log[range.clone()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_actions_is_in_the_order_of_the_actions() {
        for (index, row) in ACTIONS.iter().enumerate() {
            assert_eq!(row.0 as usize, index);
        }
    }

    #[test]
    fn names_are_those_of_the_contract() {
        let cases = [
            (RecordType::HostState(HostState::DisablingFailed), "nfv_vim_host_disabling_failed_state"),
            (RecordType::Director(Director::Migrate, TimedOut), "nfv_vim_director_migrate_timeout"),
            (RecordType::InstanceEnd(Action::Start, Inprogress), "nfv_vim_instance_start_state_inprogress"),
            (
                RecordType::InstanceEnd(Action::ColdMigrate, TimedOut),
                "nfv_vim_instance_cold_migrate_state_timed_out",
            ),
            (RecordType::Callback(Action::ResizeConfirm), "nfv_vim_instance_resize_confirm_callback"),
            (
                RecordType::Guest(Guest::PostNotifyHeartbeat),
                "nfv_vim_instance_guest_services_post_notify_heartbeat",
            ),
            (
                RecordType::InstanceState(Action::GuestServicesSet),
                "nfv_vim_instance_guest_services_set_state",
            ),
        ];
        for (kind, name) in cases {
            assert_eq!(kind.to_string(), name);
        }
        assert_eq!(Action::ColdMigrateConfirm.title(), "Cold-Migrate-Confirm");
    }
}
