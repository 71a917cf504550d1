//! Guest services of an instance. Contract: southbound 5.3, vim-behaviour 7.

use super::{ActionType, AdminState, OperState};
use serde::{Deserialize, Serialize};

/// The only guest service there is.
pub const HEARTBEAT: &str = "heartbeat";

/// A service inside a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestService {
    /// `heartbeat` or `unknown`.
    pub name: String,
    /// Unlocked: wanted.
    pub admin_state: AdminState,
    /// Enabled: the guest answers.
    pub oper_state: OperState,
    /// Seconds the guest may take to come back; absent or null when unknown.
    #[serde(default)]
    pub restart_timeout: Option<u64>,
}

/// Guest services of one instance as the guest agent shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestServices {
    /// Instance.
    pub instance_uuid: String,
    /// Host it is on, as far as the guest agent knows.
    pub host_name: Option<String>,
    /// Its services.
    pub services: Vec<GuestService>,
}

/// What the guest agent said to a vote or notify request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestVote {
    /// Instance.
    pub uuid: String,
    /// Host.
    pub host_name: Option<String>,
    /// Event name of the request.
    pub action: String,
    /// Seconds the guest has for its answer; 0: no answer will come.
    pub timeout: u64,
}

/// The event name sent to a guest before (`pre`) or after an action. Contract: vim-behaviour 7.5.
pub fn guest_event(action: &ActionType, pre: bool) -> &str {
    match (action, pre) {
        (
            ActionType::Pause
            | ActionType::Unpause
            | ActionType::Suspend
            | ActionType::Resume
            | ActionType::Reboot
            | ActionType::Stop,
            _,
        ) => action.as_str(),
        (ActionType::LiveMigrate, true) => "live_migrate_begin",
        (ActionType::LiveMigrate, false) => "live_migrate_end",
        (ActionType::ColdMigrate, true) => "cold_migrate_begin",
        (ActionType::ColdMigrate, false) => "cold_migrate_end",
        (ActionType::Resize, true) => "resize_begin",
        (ActionType::Resize | ActionType::ConfirmResize | ActionType::RevertResize, _) => "resize_end",
        (
            ActionType::Unknown
            | ActionType::None
            | ActionType::LiveMigrateRollback
            | ActionType::Evacuate
            | ActionType::Start
            | ActionType::Rebuild
            | ActionType::Delete
            | ActionType::Other(_),
            _,
        ) => "unknown",
    }
}
