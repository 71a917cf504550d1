//! The steps and what each declares. Contract: strategies 2.

use super::world::HostFacts;
use nfv_common::strategy::policy::RetryOn;
use nfv_common::strategy::{AbortClass, AlarmRule, Completion, ResumeRule, Retry, StepKind, StepPolicy};
use nfv_common::time::Mono;
use nfv_nfvi::object::Upgrade;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Seconds after a reboot patch in which maintenance finds out that the host is patched.
pub const MAINTENANCE_DELAY: u64 = 15;
/// Seconds in which the system calms down after a patch without reboot.
pub const NO_REBOOT_DELAY: u64 = 30;
/// Seconds in which the system calms down after a reboot.
pub const STABILIZE: u64 = 60;

/// The compute service of hosts.
pub const COMPUTE: &str = "compute";

/// The hosts of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hosts {
    /// Names.
    pub names: Vec<String>,
    /// Uuids of those that exist.
    pub uuids: Vec<String>,
    /// Names of those that exist.
    pub known: Vec<String>,
}

impl Hosts {
    /// These hosts.
    pub fn of<'a>(hosts: impl IntoIterator<Item = &'a HostFacts>) -> Self {
        let (names, uuids): (Vec<_>, _) =
            hosts.into_iter().map(|host| (host.name.clone(), host.uuid.clone())).unzip();
        Self { known: names.clone(), names, uuids }
    }

    /// Those that exist: nothing can be undone for a host that is gone.
    fn existing(&self) -> Self {
        Self { names: self.known.clone(), uuids: self.uuids.clone(), known: self.known.clone() }
    }
}

/// The instances of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instances {
    /// Names of those that exist.
    pub names: Vec<String>,
    /// Uuids.
    pub uuids: Vec<String>,
    /// The host each was on when the plan was made, by uuid.
    pub host_names: BTreeMap<String, String>,
}

/// How a host of a patch step stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patched {
    /// It is over.
    pub completed: bool,
    /// As wanted.
    pub success: bool,
    /// Why not.
    pub reason: String,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Asks for alarms and keeps those that count.
    QueryAlarms {
        /// Any that counts fails it.
        fail_on_alarms: bool,
        /// Ids left out.
        ignore_alarms: Vec<String>,
    },
    /// Asks for patches.
    QuerySwPatches,
    /// Asks for patch states of hosts.
    QuerySwPatchHosts,
    /// Asks for the upgrade under way.
    QueryUpgrade,
    /// Moves the controller role away.
    SwactHosts(Hosts),
    /// Locks.
    LockHosts {
        /// Hosts.
        hosts: Hosts,
        /// False: the host this process runs on; it will not see itself disabled.
        wait_until_disabled: bool,
    },
    /// Unlocks.
    UnlockHosts(Hosts),
    /// Reboots locked hosts.
    RebootHosts(Hosts),
    /// Installs patches.
    SwPatchHosts {
        /// Hosts.
        hosts: Hosts,
        /// How each stands, by name.
        completed: BTreeMap<String, Patched>,
    },
    /// Installs a release.
    UpgradeHosts(Hosts),
    /// Starts an upgrade.
    StartUpgrade,
    /// Activates it.
    ActivateUpgrade,
    /// Completes it.
    CompleteUpgrade,
    /// Moves instances away.
    MigrateInstances(Instances),
    /// Stops instances.
    StopInstances(Instances),
    /// Starts instances.
    StartInstances(Instances),
    /// Waits; any change of state fails it.
    SystemStabilize {
        /// Seconds.
        secs: u64,
    },
    /// Waits until no alarm counts any more.
    WaitDataSync {
        /// Longest wait, seconds.
        secs: u64,
        /// Ids left out.
        ignore_alarms: Vec<String>,
    },
    /// Takes a service of hosts down.
    DisableHostServices {
        /// Hosts.
        hosts: Hosts,
        /// Service.
        service: String,
    },
    /// Takes a service of hosts up.
    EnableHostServices {
        /// Hosts.
        hosts: Hosts,
        /// Service.
        service: String,
    },
    /// A step of another release; it succeeds at once.
    Other {
        /// Its name.
        name: String,
        /// Its keys, kept.
        entries: Map<String, Value>,
    },
}

/// A step: what it does, and what it remembers while it waits. The latter starts anew with a new process.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateStep {
    /// What it does.
    pub task: Task,
    /// When it first heard something; waits count from then.
    pub(super) clock: Option<Mono>,
    /// A question is open.
    pub(super) asking: bool,
    /// It went on after a restart and has not yet made sure that its request was taken.
    pub(super) unsure: bool,
    /// A lock waits for instances that came after the plan was made.
    pub(super) emptying: bool,
    /// Hosts to be unlocked whose lock was still under way when the step began.
    pub(super) late: Vec<String>,
}

impl From<Task> for UpdateStep {
    fn from(task: Task) -> Self {
        Self { task, clock: None, asking: false, unsure: false, emptying: false, late: Vec::new() }
    }
}

impl Task {
    /// The name. Contract: strategies 2.
    pub fn name(&self) -> &str {
        match self {
            Self::QueryAlarms { .. } => "query-alarms",
            Self::QuerySwPatches => "query-sw-patches",
            Self::QuerySwPatchHosts => "query-sw-patch-hosts",
            Self::QueryUpgrade => "query-upgrade",
            Self::SwactHosts(_) => "swact-hosts",
            Self::LockHosts { .. } => "lock-hosts",
            Self::UnlockHosts(_) => "unlock-hosts",
            Self::RebootHosts(_) => "reboot-hosts",
            Self::SwPatchHosts { .. } => "sw-patch-hosts",
            Self::UpgradeHosts(_) => "upgrade-hosts",
            Self::StartUpgrade => "start-upgrade",
            Self::ActivateUpgrade => "activate-upgrade",
            Self::CompleteUpgrade => "complete-upgrade",
            Self::MigrateInstances(_) => "migrate-instances",
            Self::StopInstances(_) => "stop-instances",
            Self::StartInstances(_) => "start-instances",
            Self::SystemStabilize { .. } => "system-stabilize",
            Self::WaitDataSync { .. } => "wait-data-sync",
            Self::DisableHostServices { .. } => "disable-host-services",
            Self::EnableHostServices { .. } => "enable-host-services",
            Self::Other { name, .. } => name,
        }
    }

    /// The table of what each step declares: deadline in seconds, how it resumes, by what it is done.
    fn declared(&self) -> (u64, ResumeRule, Completion) {
        use Completion::{Answer, Elapsed, HostStates, InstanceStates, RepeatedQuery};
        use ResumeRule::{Observe, Reissue, Requery};
        match self {
            Self::QueryAlarms { .. }
            | Self::QuerySwPatches
            | Self::QuerySwPatchHosts
            | Self::QueryUpgrade => (60, Reissue, Answer),
            // sent twice, the controller role would come back
            Self::SwactHosts(_) => (900, Observe, Elapsed),
            Self::LockHosts { .. } => (900, Reissue, HostStates),
            Self::UnlockHosts(_) => (1800, Reissue, HostStates),
            Self::RebootHosts(_) => (900, Observe, Elapsed),
            Self::SwPatchHosts { .. } => (1800, Requery, RepeatedQuery),
            Self::UpgradeHosts(_) => (3600, Requery, HostStates),
            Self::StartUpgrade => (600, Requery, RepeatedQuery),
            Self::ActivateUpgrade => (900, Requery, RepeatedQuery),
            Self::CompleteUpgrade => (300, Requery, RepeatedQuery),
            Self::MigrateInstances(_) => (1800, Reissue, InstanceStates),
            Self::StopInstances(_) | Self::StartInstances(_) => (900, Reissue, InstanceStates),
            Self::SystemStabilize { secs } => (*secs, Observe, Elapsed),
            Self::WaitDataSync { secs, .. } => (*secs, Observe, RepeatedQuery),
            Self::DisableHostServices { .. } | Self::EnableHostServices { .. } => (180, Reissue, HostStates),
            Self::Other { .. } => (0, Observe, Answer),
        }
    }

    /// The hosts it is about.
    pub fn hosts(&self) -> Option<&Hosts> {
        match self {
            Self::SwactHosts(hosts)
            | Self::LockHosts { hosts, .. }
            | Self::UnlockHosts(hosts)
            | Self::RebootHosts(hosts)
            | Self::SwPatchHosts { hosts, .. }
            | Self::UpgradeHosts(hosts)
            | Self::DisableHostServices { hosts, .. }
            | Self::EnableHostServices { hosts, .. } => Some(hosts),
            _ => None,
        }
    }

    /// The instances it is about.
    pub fn instances(&self) -> Option<&Instances> {
        match self {
            Self::MigrateInstances(instances)
            | Self::StopInstances(instances)
            | Self::StartInstances(instances) => Some(instances),
            _ => None,
        }
    }

    /// What it waits for, for operators.
    pub fn waits_for(&self) -> String {
        let names = |list: &[String]| list.join(", ");
        match self {
            Self::QueryAlarms { .. } => "the alarms of fault management".to_owned(),
            Self::QuerySwPatches => "the patches of the patch controller".to_owned(),
            Self::QuerySwPatchHosts => "the patch states of the hosts".to_owned(),
            Self::QueryUpgrade => "the state of the upgrade".to_owned(),
            Self::SwactHosts(hosts) => format!("the swact of {}", names(&hosts.names)),
            Self::LockHosts { hosts, .. } => format!("{} to be locked", names(&hosts.names)),
            Self::UnlockHosts(hosts) => format!("{} to be unlocked and enabled", names(&hosts.names)),
            Self::RebootHosts(hosts) => format!("the reboot of {}", names(&hosts.names)),
            Self::SwPatchHosts { hosts, .. } => format!("{} to be patched", names(&hosts.names)),
            Self::UpgradeHosts(hosts) => format!("{} to be upgraded", names(&hosts.names)),
            Self::StartUpgrade => "the upgrade to start".to_owned(),
            Self::ActivateUpgrade => "the upgrade to be activated".to_owned(),
            Self::CompleteUpgrade => "the upgrade to be completed".to_owned(),
            Self::MigrateInstances(instances) => {
                let mut hosts: Vec<_> = instances.host_names.values().cloned().collect();
                hosts.sort();
                hosts.dedup();
                format!("the instances to leave {}", names(&hosts))
            }
            Self::StopInstances(instances) => format!("{} to stop", names(&instances.names)),
            Self::StartInstances(instances) => format!("{} to start", names(&instances.names)),
            Self::SystemStabilize { secs } => format!("the system to stay calm for {secs} seconds"),
            Self::WaitDataSync { .. } => "alarms to clear".to_owned(),
            Self::DisableHostServices { hosts, service } => {
                format!("{service} services to be disabled on {}", names(&hosts.names))
            }
            Self::EnableHostServices { hosts, service } => {
                format!("{service} services to be enabled on {}", names(&hosts.names))
            }
            Self::Other { name, .. } => name.clone(),
        }
    }
}

impl StepKind for UpdateStep {
    fn name(&self) -> &str {
        self.task.name()
    }

    fn policy(&self) -> StepPolicy {
        let (secs, resume, completion) = self.task.declared();
        StepPolicy {
            deadline: Duration::from_secs(secs),
            // one attempt, as the contract has it; a stored step keeps the attempts it was made with
            retry: Retry { pause: Duration::from_secs(30), on: RetryOn::Failure, ..Retry::ONCE },
            abort: AbortClass::AfterStep,
            resume,
            alarms: match &self.task {
                Task::QueryAlarms { ignore_alarms, .. } | Task::WaitDataSync { ignore_alarms, .. } => {
                    AlarmRule::AllBut(ignore_alarms.clone())
                }
                _ => AlarmRule::NotLooked,
            },
            completion,
        }
    }

    fn undo(&self) -> Option<Self> {
        let undo = match &self.task {
            Task::LockHosts { hosts, .. } => Task::UnlockHosts(hosts.existing()),
            Task::StopInstances(instances) => Task::StartInstances(instances.clone()),
            Task::DisableHostServices { hosts, service } => {
                Task::EnableHostServices { hosts: hosts.existing(), service: service.clone() }
            }
            _ => return None,
        };
        Some(undo.into())
    }

    fn entries(&self) -> Map<String, Value> {
        self.task.entries()
    }

    fn from_entries(name: &str, entries: Map<String, Value>) -> Result<Self, String> {
        Task::from_entries(name, entries).map(Self::from)
    }

    fn overdue(&self, secs: u64) -> String {
        format!("{} timed out after {secs} seconds waiting for {}", self.task.name(), self.task.waits_for())
    }

    fn deadline_is_success(&self) -> bool {
        matches!(self.task, Task::SystemStabilize { .. })
    }
}

/// States of an upgrade in which the step's request was not taken yet.
pub(super) fn not_taken(task: &Task, upgrade: Option<&Upgrade>) -> bool {
    let state = upgrade.map(|upgrade| upgrade.state.as_str());
    match task {
        Task::StartUpgrade => state.is_none(),
        Task::ActivateUpgrade => state == Some("upgrading-hosts"),
        Task::CompleteUpgrade => state == Some("activation-complete"),
        _ => false,
    }
}
