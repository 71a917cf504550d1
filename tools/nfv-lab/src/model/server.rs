//! A server as Nova keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::action::Progress;
use super::compute::Flavor;

/// Nova's `vm_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VmState {
    /// Being made.
    Building,
    /// Runs.
    Active,
    /// Shut down.
    Stopped,
    /// Paused.
    Paused,
    /// Suspended.
    Suspended,
    /// Waits for the confirmation of a resize or migration.
    Resized,
    /// Failed.
    Error,
    /// Gone.
    Deleted,
}

impl VmState {
    /// The wire form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Active => "active",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Resized => "resized",
            Self::Error => "error",
            Self::Deleted => "deleted",
        }
    }
}

/// libvirt's states, as Nova numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Unknown.
    NoState = 0,
    /// Runs.
    Running = 1,
    /// Paused.
    Paused = 3,
    /// Off.
    Shutdown = 4,
    /// Crashed.
    Crashed = 6,
    /// Suspended.
    Suspended = 7,
}

impl Power {
    /// Nova's number.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The word in notifications of Nova's list of states.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoState => "pending",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Shutdown => "shutdown",
            Self::Crashed => "crashed",
            Self::Suspended => "suspended",
        }
    }
}

/// Nova's `task_state` words that occur here.
pub mod task {
    #![allow(missing_docs)]
    pub const SCHEDULING: &str = "scheduling";
    pub const SPAWNING: &str = "spawning";
    pub const MIGRATING: &str = "migrating";
    pub const DELETING: &str = "deleting";
    pub const POWERING_OFF: &str = "powering-off";
    pub const POWERING_ON: &str = "powering-on";
    pub const PAUSING: &str = "pausing";
    pub const UNPAUSING: &str = "unpausing";
    pub const SUSPENDING: &str = "suspending";
    pub const RESUMING: &str = "resuming";
    pub const REBOOTING: &str = "rebooting";
    pub const REBOOT_STARTED: &str = "reboot_started";
    pub const REBOOTING_HARD: &str = "rebooting_hard";
    pub const REBOOT_STARTED_HARD: &str = "reboot_started_hard";
    pub const REBUILDING: &str = "rebuilding";
    pub const REBUILD_BLOCK_DEVICE_MAPPING: &str = "rebuild_block_device_mapping";
    pub const REBUILD_SPAWNING: &str = "rebuild_spawning";
    pub const RESIZE_PREP: &str = "resize_prep";
    pub const RESIZE_MIGRATING: &str = "resize_migrating";
    pub const RESIZE_MIGRATED: &str = "resize_migrated";
    pub const RESIZE_FINISH: &str = "resize_finish";
    pub const RESIZE_REVERTING: &str = "resize_reverting";
    /// No task state: Nova confirms without one that the API shows. Kept for the notices.
    pub const RESIZE_CONFIRMING: &str = "resize_confirming";
}

/// The last failure, as Nova shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// 400, 500, ...
    pub code: u16,
    /// Text.
    pub message: String,
    /// When.
    pub created: String,
}

/// What a confirmed or reverted resize goes back on.
#[derive(Debug, Clone)]
pub struct Resized {
    /// Where it was.
    pub host: String,
    /// Flavor it had.
    pub flavor: Arc<Flavor>,
    /// State it had.
    pub state: VmState,
    /// The flavor changed (else it was a cold migration).
    pub resize: bool,
}

/// A server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Project.
    pub tenant: String,
    /// `vm_state`.
    pub state: VmState,
    /// `task_state`.
    pub task: Option<&'static str>,
    /// `power_state`.
    pub power: Power,
    /// Where it runs.
    pub host: Option<String>,
    /// Flavor.
    pub flavor: Arc<Flavor>,
    /// Boot image; none when it boots from a volume.
    pub image: Option<String>,
    /// Attached volumes.
    pub volumes: Vec<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
    /// Server group.
    pub group: Option<String>,
    /// Availability zone asked for.
    pub zone: Option<String>,
    /// Network names.
    pub networks: Vec<String>,
    /// `vif_model` of its cards.
    pub vif_model: Option<String>,
    /// Guest answers `reject` to votes.
    pub guest_rejects: bool,
    /// When made.
    pub created: String,
    /// When last changed.
    pub updated: String,
    /// Last failure.
    pub failure: Option<Failure>,
    /// The action under way.
    pub progress: Option<Progress>,
    /// Waits for confirmation.
    pub resized: Option<Resized>,
    /// When it last came to run (seconds since the lab's start).
    pub running_since: f64,
    /// How often its guest was started anew; a live migration leaves it as it is.
    pub boots: u64,
    /// Goes up when older plans for the server become void.
    pub generation: u64,
}

impl Server {
    /// Where it is going.
    #[must_use]
    pub fn destination(&self) -> Option<&str> {
        self.progress.as_ref().and_then(|progress| progress.target.as_deref())
    }

    /// All hosts on which it holds resources.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        let host = self.host.as_deref();
        let target = self.destination().filter(|target| Some(*target) != host);
        let old = self.resized.as_ref().map(|resized| resized.host.as_str());
        let old = old.filter(|old| Some(*old) != host && Some(*old) != target);
        host.into_iter().chain(target).chain(old)
    }

    /// The API's `status`, made of the two states as Nova does.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match (self.state, self.task) {
            (VmState::Active | VmState::Stopped, Some(task::REBOOTING | task::REBOOT_STARTED)) => "REBOOT",
            (VmState::Active | VmState::Stopped | VmState::Paused, Some(task::MIGRATING)) => "MIGRATING",
            (
                VmState::Active | VmState::Stopped | VmState::Paused | VmState::Suspended | VmState::Error,
                Some(task::REBOOTING_HARD | task::REBOOT_STARTED_HARD),
            ) => "HARD_REBOOT",
            (
                VmState::Active | VmState::Stopped | VmState::Error,
                Some(task::REBUILDING | task::REBUILD_BLOCK_DEVICE_MAPPING | task::REBUILD_SPAWNING),
            ) => "REBUILD",
            (
                VmState::Active | VmState::Stopped,
                Some(
                    task::RESIZE_PREP | task::RESIZE_MIGRATING | task::RESIZE_MIGRATED | task::RESIZE_FINISH,
                ),
            ) => "RESIZE",
            (VmState::Resized, Some(task::RESIZE_REVERTING)) => "REVERT_RESIZE",
            (VmState::Active, _) => "ACTIVE",
            (VmState::Building, _) => "BUILD",
            (VmState::Stopped, _) => "SHUTOFF",
            (VmState::Paused, _) => "PAUSED",
            (VmState::Suspended, _) => "SUSPENDED",
            (VmState::Resized, _) => "VERIFY_RESIZE",
            (VmState::Error, _) => "ERROR",
            (VmState::Deleted, _) => "DELETED",
        }
    }

    /// The state and power that a working server with this `vm_state` has.
    #[must_use]
    pub fn power_for(state: VmState) -> Power {
        match state {
            VmState::Active | VmState::Resized => Power::Running,
            VmState::Paused => Power::Paused,
            VmState::Suspended => Power::Suspended,
            VmState::Stopped => Power::Shutdown,
            VmState::Building | VmState::Error | VmState::Deleted => Power::NoState,
        }
    }
}
