//! Hosts: what the VIM knows of each, its state machine and its tasks. Contract: vim-behaviour 2.
//!
//! - [`state`]: states, events and the transition table.
//! - `change`: how outside facts become events (2.2).
//! - `machine`: running the table: leaving, entering, starting tasks.
//! - [`task`]: the works of each task in order (2.6); `work`: what each work does.
//! - `untold`: what sysinv did not take is said again.
//! - [`service`]: which services a host has and how they are (2.5).
//! - `group`: groups and aggregates of hosts (4.3).

mod change;
pub(in crate::core) mod group;
mod machine;
pub mod service;
pub mod state;
pub mod task;
mod untold;
mod work;

use nfv_common::fsm::{Machine, Task};
use nfv_common::time::Mono;
use nfv_nfvi::Call;
use nfv_nfvi::call::HostServicesNotice;
use nfv_nfvi::object::{self, AdminState, HostAction, HostAvailStatus, OperState};
use service::{HostService, ServiceState};
pub use state::{HostEvent, HostState};
use std::collections::BTreeMap;
use std::time::Duration;
pub use task::HostWork;

/// A lock comes within this time once sysinv knows that the VIM has let the host go, or does not come
/// (docs/differences.md).
const LOCK_FOLLOWS: Duration = Duration::from_secs(60);
/// While sysinv does not know it, the host waits for its lock no longer than this.
const LOCK_UNHEARD: Duration = Duration::from_secs(600);

/// What the VIM itself is doing with a host. Contract: vim-behaviour 2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VimHostAction {
    /// Nothing.
    #[default]
    None,
    /// A lock was asked for.
    Locking,
    /// A forced lock was asked for.
    LockingForce,
    /// An unlock was asked for.
    Unlocking,
}

impl VimHostAction {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Locking => "locking",
            Self::LockingForce => "locking (force)",
            Self::Unlocking => "unlocking",
        }
    }

    /// From the stored text; unknown text is none.
    pub fn parse(text: &str) -> Self {
        match text {
            "locking" => Self::Locking,
            "locking (force)" => Self::LockingForce,
            "unlocking" => Self::Unlocking,
            _ => Self::None,
        }
    }
}

/// A host.
#[derive(Debug, Clone)]
pub struct Host {
    /// As the platform shows it.
    pub nfvi: object::Host,
    /// State machine.
    pub machine: Machine<HostState>,
    /// What the VIM does with it.
    pub action: VimHostAction,
    /// Failure reasons, one after the other; memory only.
    pub reason: String,
    /// Seconds in state at `stamp`.
    pub elapsed_at_stamp: u64,
    /// When the elapsed time was last written down.
    pub stamp: Mono,
    /// A software upgrade is under way.
    pub upgrade_inprogress: bool,
    /// Instances may be recovered during the upgrade.
    pub recover_instances: bool,
    /// Service states; memory only.
    pub services: BTreeMap<HostService, ServiceState>,
    /// A strategy took the services down on purpose.
    pub services_locked: bool,
    /// The running task, or the last one.
    pub task: Option<Task<HostWork>>,
    /// The request of the current work, while one of an earlier task is still on its way.
    pub held: Option<Box<Call>>,
    /// When sysinv was last told to wait longer.
    pub disable_extended: Mono,
    /// What sysinv did not take, oldest first; memory only.
    pub untold: Vec<HostServicesNotice>,
    /// Since when sysinv and maintenance carry out a lock that the VIM is done with; memory only.
    pub given_to_lock: Option<Mono>,
    /// Grows with everything a neighbour says of the host; answers to older questions are dropped.
    pub version: u64,
}

impl Host {
    /// A host the VIM meets for the first time.
    pub fn new(nfvi: object::Host, now: Mono) -> Self {
        Self {
            nfvi,
            machine: Machine::new(HostState::Initial, now),
            action: VimHostAction::None,
            reason: String::new(),
            elapsed_at_stamp: 0,
            stamp: now,
            upgrade_inprogress: false,
            recover_instances: true,
            services: BTreeMap::new(),
            services_locked: false,
            task: None,
            held: None,
            disable_extended: now,
            untold: Vec::new(),
            given_to_lock: None,
            version: 0,
        }
    }

    /// Host name, the key of the table.
    pub fn name(&self) -> &str {
        &self.nfvi.name
    }

    /// State of the machine.
    pub fn state(&self) -> HostState {
        self.machine.state()
    }

    /// Seconds in the present state.
    pub fn elapsed_in_state(&self, now: Mono) -> u64 {
        self.elapsed_at_stamp + now.since(self.stamp).as_secs()
    }

    /// A lock is being carried out.
    pub fn is_locking(&self) -> bool {
        matches!(self.nfvi.action, HostAction::Lock | HostAction::LockForce)
            || matches!(self.action, VimHostAction::Locking | VimHostAction::LockingForce)
    }

    /// The lock is a forced one.
    pub fn is_force_lock(&self) -> bool {
        self.action == VimHostAction::LockingForce || self.nfvi.action == HostAction::LockForce
    }

    /// The VIM is done with a lock, and the platform has not locked the host yet though it may still do so.
    pub fn is_lock_to_come(&self, now: Mono) -> bool {
        let unheard = self.untold.contains(&HostServicesNotice::Disabled);
        let limit = if unheard { LOCK_UNHEARD } else { LOCK_FOLLOWS };
        self.nfvi.admin_state == AdminState::Unlocked
            && self.given_to_lock.is_some_and(|given| now.since(given) < limit)
    }

    /// An unlock is being carried out.
    pub fn is_unlocking(&self) -> bool {
        self.action == VimHostAction::Unlocking
    }

    /// The platform shows it enabled and nobody is locking it.
    pub fn nfvi_is_enabled(&self) -> bool {
        !self.is_locking() && self.nfvi.oper_state == OperState::Enabled
    }

    /// Failed, wholly or in a component.
    pub fn is_failed(&self) -> bool {
        matches!(self.nfvi.avail_status, HostAvailStatus::Failed | HostAvailStatus::FailedComponent)
    }

    /// Only a component failed; the host runs.
    pub fn is_component_failure(&self) -> bool {
        self.nfvi.avail_status == HostAvailStatus::FailedComponent
    }

    /// The host itself failed.
    pub fn is_wholly_failed(&self) -> bool {
        self.nfvi.avail_status == HostAvailStatus::Failed
    }

    /// Maintenance cannot reach it.
    pub fn is_offline(&self) -> bool {
        self.nfvi.avail_status == HostAvailStatus::Offline
    }

    /// It has no power.
    pub fn is_power_off(&self) -> bool {
        self.nfvi.avail_status == HostAvailStatus::PowerOff
    }

    /// It runs instances.
    pub fn is_worker(&self) -> bool {
        self.nfvi.personality.contains("worker")
    }

    /// The task with this id still waits for an answer.
    pub(in crate::core) fn awaits(&self, task: u64) -> bool {
        self.task.as_ref().is_some_and(|current| current.id() == task && current.waiting().is_some())
    }

    /// The task is not in progress.
    pub fn is_idle(&self) -> bool {
        self.task.as_ref().is_none_or(|task| !task.in_progress())
    }

    /// Services as one: enabled when all are, failed when any is. The container service does not count.
    pub fn services_state(&self) -> ServiceState {
        let mut states =
            self.services.iter().filter(|(s, _)| **s != HostService::Container).map(|(_, st)| *st);
        if states.clone().all(|state| state == ServiceState::Enabled) {
            ServiceState::Enabled
        } else if states.any(|state| state == ServiceState::Failed) {
            ServiceState::Failed
        } else {
            ServiceState::Disabled
        }
    }

    /// Writes the elapsed time down; it starts anew when the state changed.
    fn stamp_elapsed(&mut self, state_changed: bool, now: Mono) {
        self.elapsed_at_stamp = if state_changed { 0 } else { self.elapsed_in_state(now) };
        self.stamp = now;
    }

    /// Time since the last stamp.
    fn since_stamp(&self, now: Mono) -> Duration {
        now.since(self.stamp)
    }
}
