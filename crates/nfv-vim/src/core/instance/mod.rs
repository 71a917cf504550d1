//! Instances: what the VIM knows of each, the machine of its current action, its tasks. Contract: vim-behaviour 3.
//!
//! - [`action`]: action types as state machines, action data (3.1, 3.3).
//! - `start`: starting, cancelling and queueing actions (3.2).
//! - [`state`], `reaction`: the states of the actions and what each event does (3.4).
//! - [`work`]: the works of each state in order (3.5); `task`: running them; `nova_work`, `guest_work`: what they
//!   ask of Nova (3.6) and of the guest agent (3.7).
//! - [`guest_services`], `guest`: guest services and what guests say (7).
//! - `update`: applying what Nova shows (3.9).
//! - `alarms`, `events`: what operators are told (8.3, 8.6); `log_text`: what tools read in the log.
//! - `attribute`: values with several sources (3.8).

pub mod action;
mod action_change;
mod alarms;
mod attribute;
mod events;
mod guest;
pub mod guest_services;
mod guest_work;
pub(in crate::core) mod log_text;
mod nova_work;
pub(in crate::core) mod reaction;
pub(super) mod residents;
pub(in crate::core) mod start;
pub mod state;
mod task;
pub(in crate::core) mod update;
pub mod work;

use action::{ActionData, ActionKind};
use guest_services::InstanceGuestServices;
use nfv_common::alarm::AlarmType;
use nfv_common::event_log::EventId;
use nfv_common::fsm::Task;
use nfv_common::time::Mono;
use nfv_nfvi::object::{
    self, ActionType, AdminState, InstanceAction, InstanceAvailStatus as Avail, OperState,
};
pub use state::InstanceEvent;
use state::Running;
use std::collections::VecDeque;
pub use work::InstanceWork;

/// Nova's `vm_state` of an instance that was set to error.
pub const VM_ERROR: &str = "error";

/// An action that waits for the present one to end.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Which.
    pub kind: ActionKind,
    /// By whom.
    pub by: nfv_common::event_log::InitiatedBy,
    /// Why.
    pub reason: String,
    /// See [`Running::record`].
    pub record: Option<u64>,
    /// Why, in words for the history, where the event log's reason does not say it.
    pub why: Option<String>,
}

/// An instance.
#[derive(Debug, Clone)]
pub struct Instance {
    /// As Nova shows it.
    pub nfvi: object::Instance,
    /// The action under way or last done.
    pub action_data: ActionData,
    /// The one before.
    pub last_action_data: ActionData,
    /// Its guest services; none for most.
    pub guest_services: InstanceGuestServices,
    /// Nova has not said that it is being deleted.
    pub recoverable: bool,
    /// Stopped by a lock of the only hypervisor, to be started again.
    pub unlock_to_recover: bool,
    /// The machine that runs.
    pub running: Option<Running>,
    /// Actions that wait.
    pub pending: VecDeque<Pending>,
    /// The task of the running state, or the last one.
    pub task: Option<Task<InstanceWork>>,
    /// Seconds in state at `stamp`.
    pub elapsed_at_stamp: u64,
    /// Seconds on the host at `stamp`.
    pub elapsed_on_host: u64,
    /// When the elapsed times were last written down.
    pub stamp: Mono,
    /// When the state changed, wall clock.
    pub state_changed_at: jiff::Timestamp,
    /// Grows with each state change; answers to older questions are dropped.
    pub version: u64,
    /// Nova has shown it in an answer since this process started, and no notification has said since that it failed.
    pub confirmed: bool,
    /// When Nova last showed it in an answer.
    pub seen: Mono,
    /// It crashed, and nothing was done about it yet.
    pub crashed: bool,
    /// Nova said that its machine crashed, and nothing with a power state has said otherwise since.
    pub crash_seen: bool,
    /// When Nova was last asked to confirm a cold migration.
    pub confirm_sent: Option<Mono>,
    /// When this process saw it come up, last.
    pub came_up: Option<Mono>,
    /// The action that an earlier process had under way when it ended.
    pub resuming: Option<ActionType>,
    /// What its guest wants done and Nova has not answered yet: it goes on after a restart.
    pub repair: Option<ActionType>,
    /// Where a migration, evacuation or resize began.
    pub from_host: Option<String>,
    /// Flavor name at the beginning of a resize.
    pub from_flavor: Option<String>,
    /// The most recent event logs.
    pub last_events: Vec<EventId>,
    /// Alarms raised for its condition: type and alarm uuid.
    pub alarms: Vec<(AlarmType, String)>,
    /// The alarm of its missing heartbeat.
    pub heartbeat_alarm: Option<String>,
    /// Why it was failed.
    pub fail_reason: Option<String>,
    /// It is over; the entry goes soon.
    pub deleted: bool,
}

impl Instance {
    /// An instance the VIM meets for the first time.
    pub fn new(nfvi: object::Instance, now: Mono, wall: jiff::Timestamp) -> Self {
        let crash_seen = nfvi.avail_status.contains(&Avail::Crashed);
        Self {
            nfvi,
            action_data: ActionData::default(),
            last_action_data: ActionData::default(),
            guest_services: InstanceGuestServices::default(),
            recoverable: true,
            unlock_to_recover: false,
            running: None,
            pending: VecDeque::new(),
            task: None,
            elapsed_at_stamp: 0,
            elapsed_on_host: 0,
            stamp: now,
            state_changed_at: wall,
            version: 0,
            confirmed: true,
            seen: now,
            crashed: false,
            crash_seen,
            confirm_sent: None,
            came_up: None,
            resuming: None,
            repair: None,
            from_host: None,
            from_flavor: None,
            last_events: Vec::new(),
            alarms: Vec::new(),
            heartbeat_alarm: None,
            fail_reason: None,
            deleted: false,
        }
    }

    /// Nova's id, the key of the table.
    pub fn uuid(&self) -> &str {
        &self.nfvi.uuid
    }

    /// Display name.
    pub fn name(&self) -> &str {
        &self.nfvi.name
    }

    /// Host it is on.
    pub fn host(&self) -> Option<&str> {
        self.nfvi.host_name.as_deref()
    }

    /// Seconds in the present state.
    pub fn elapsed_in_state(&self, now: Mono) -> u64 {
        self.elapsed_at_stamp + now.since(self.stamp).as_secs()
    }

    fn has(&self, status: &Avail) -> bool {
        self.nfvi.avail_status.contains(status)
    }

    /// Stopped by a user.
    pub fn is_locked(&self) -> bool {
        self.nfvi.admin_state == AdminState::Locked
    }

    /// Running.
    pub fn is_enabled(&self) -> bool {
        self.nfvi.oper_state == OperState::Enabled
    }

    /// Not running.
    pub fn is_disabled(&self) -> bool {
        self.nfvi.oper_state == OperState::Disabled
    }

    /// In error.
    pub fn is_failed(&self) -> bool {
        self.has(&Avail::Failed)
    }

    /// In error, and meant to run.
    pub fn needs_healing(&self) -> bool {
        self.is_failed() && !self.is_going() && !self.is_locked()
    }

    /// Its machine crashed.
    pub fn has_crashed(&self) -> bool {
        self.has(&Avail::Crashed)
    }

    /// Paused.
    pub fn is_paused(&self) -> bool {
        self.has(&Avail::Paused)
    }

    /// Suspended.
    pub fn is_suspended(&self) -> bool {
        self.has(&Avail::Suspended)
    }

    /// Resized or cold-migrated, waiting for a word.
    pub fn is_resized(&self) -> bool {
        self.has(&Avail::Resized)
    }

    /// Nova shows it as deleted.
    pub fn nfvi_is_deleted(&self) -> bool {
        self.has(&Avail::Deleted)
    }

    /// Live migration under way.
    pub fn is_migrating(&self) -> bool {
        self.nfvi.action == InstanceAction::Migrating
    }

    /// Resize or cold migration under way.
    pub fn is_resizing(&self) -> bool {
        self.nfvi.action == InstanceAction::Resizing
    }

    /// Cold migration under way, asked for through the VIM.
    pub fn is_cold_migrating(&self) -> bool {
        self.is_resizing() && self.action_data.action_type() == ActionType::ColdMigrate
    }

    /// Rebuild or evacuation under way.
    pub fn is_rebuilding(&self) -> bool {
        self.nfvi.action == InstanceAction::Rebuilding
    }

    /// Reboot under way.
    pub fn is_rebooting(&self) -> bool {
        self.nfvi.action == InstanceAction::Rebooting
    }

    /// Its evacuation is under way or waits.
    pub fn is_evacuating(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.kind == ActionKind::Evacuate)
            || self.pending.iter().any(|pending| pending.kind == ActionKind::Evacuate)
    }

    /// The VIM moves it.
    pub fn is_being_moved(&self) -> bool {
        let moves = |kind| matches!(kind, ActionKind::LiveMigrate | ActionKind::ColdMigrate);
        self.running.as_ref().is_some_and(|running| moves(running.kind))
    }

    /// An action is under way in which Nova has a part.
    pub fn is_acted_upon(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.state.concerns_guest_only())
    }

    /// The action data is that of the running action.
    pub(in crate::core) fn owns_action_data(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.record == Some(self.action_data.seqnum))
    }

    /// Sequence number of the action data of an action that is about to run. Failing, forgetting and what concerns
    /// guest services only have none of their own.
    fn record_for(&self, kind: ActionKind) -> Option<u64> {
        let has_data = match kind {
            ActionKind::Fail => false,
            ActionKind::Delete => self.action_data.action_type() == ActionType::Delete,
            other => !other.is_guest_services(),
        };
        has_data.then_some(self.action_data.seqnum)
    }

    /// Delete under way.
    pub fn is_deleting(&self) -> bool {
        self.nfvi.action == InstanceAction::Deleting
    }

    /// Nova does something with it.
    pub fn is_action_running(&self) -> bool {
        self.nfvi.action != InstanceAction::None
    }

    /// Up again after a failure.
    pub fn is_recovered(&self) -> bool {
        !self.is_locked() && self.is_enabled() && !self.is_failed() && !self.is_rebooting()
    }

    /// It is going or gone.
    pub fn is_going(&self) -> bool {
        self.is_deleting() || self.deleted
    }

    /// It is on this host.
    pub fn on_host(&self, host: &str) -> bool {
        self.host() == Some(host)
    }

    /// The action with this record is over. A fail action, which goes before a healing, has none: the healing's stays.
    fn complete_record(&mut self, seqnum: Option<u64>) {
        for data in [&mut self.action_data, &mut self.last_action_data] {
            if Some(data.seqnum) == seqnum {
                data.complete();
            }
        }
    }

    /// Writes the elapsed times down.
    fn stamp_elapsed(&mut self, state_changed: bool, now: Mono) {
        let passed = now.since(self.stamp).as_secs();
        if state_changed {
            self.elapsed_at_stamp = 0;
        } else {
            self.elapsed_at_stamp += passed;
            self.elapsed_on_host += passed;
        }
        self.stamp = now;
    }
}
