//! What a strategy sees of the cloud, and what it can ask of it. No I/O here: the core or a test stands behind it.

use super::waits::StepWaits;
use crate::core::host::service::ServiceState;
use nfv_common::alarm::AlarmType;
use nfv_common::event_log::EventId;
use nfv_common::strategy::Place;
use nfv_common::time::Mono;
use nfv_nfvi::object::{
    AdminState, HostAggregate, HostAvailStatus, HostGroup, HostSwPatch, InstanceGroup, SwPatch, Upgrade,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A host as far as strategies look at it.
#[derive(Debug, Clone, PartialEq)]
pub struct HostFacts {
    /// Name.
    pub name: String,
    /// sysinv uuid.
    pub uuid: String,
    /// Sub-functions text such as `controller,worker`.
    pub personality: String,
    /// Administrative state.
    pub admin_state: AdminState,
    /// Availability.
    pub avail_status: HostAvailStatus,
    /// A lock of it is under way, or was asked for and has not shown itself yet.
    pub locking: bool,
    /// The VIM's own state of it is enabled.
    pub enabled: bool,
    /// The VIM's own state of it is disabled.
    pub disabled: bool,
    /// Release running.
    pub software_load: Option<String>,
    /// Release wanted.
    pub target_load: Option<String>,
    /// It has compute services. Contract: strategies 4.5.
    pub compute_configured: bool,
    /// State of its services that strategies switch.
    pub compute_service: Option<ServiceState>,
}

impl HostFacts {
    /// A part of the personality text. Contract: strategies 3 (substring).
    pub fn is(&self, personality: &str) -> bool {
        self.personality.contains(personality)
    }

    /// Locked.
    pub fn is_locked(&self) -> bool {
        self.admin_state == AdminState::Locked
    }

    /// Unlocked, enabled, available.
    pub fn is_in_service(&self) -> bool {
        self.admin_state == AdminState::Unlocked
            && self.enabled
            && self.avail_status == HostAvailStatus::Available
    }

    /// Maintenance cannot reach it.
    pub fn is_offline(&self) -> bool {
        self.avail_status == HostAvailStatus::Offline
    }

    /// Maintenance reaches it, it is not in service.
    pub fn is_online(&self) -> bool {
        self.avail_status == HostAvailStatus::Online
    }
}

/// An instance as far as strategies look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceFacts {
    /// Uuid.
    pub uuid: String,
    /// Name.
    pub name: String,
    /// Host it is on.
    pub host: Option<String>,
    /// Stopped by a user.
    pub locked: bool,
    /// Running.
    pub enabled: bool,
    /// Not running.
    pub disabled: bool,
}

/// The tables a plan is made from, each in table order.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Hosts.
    pub hosts: Vec<HostFacts>,
    /// Instances.
    pub instances: Vec<InstanceFacts>,
    /// Server groups.
    pub instance_groups: Vec<InstanceGroup>,
    /// Storage groups.
    pub host_groups: Vec<HostGroup>,
    /// Aggregates.
    pub host_aggregates: Vec<HostAggregate>,
    /// Places in `instances` by host name.
    by_host: BTreeMap<String, Vec<usize>>,
}

impl Inventory {
    /// Tables with the instances sorted by host.
    pub fn new(
        hosts: Vec<HostFacts>,
        instances: Vec<InstanceFacts>,
        instance_groups: Vec<InstanceGroup>,
        host_groups: Vec<HostGroup>,
        host_aggregates: Vec<HostAggregate>,
    ) -> Self {
        let mut by_host: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, instance) in instances.iter().enumerate() {
            if let Some(host) = &instance.host {
                by_host.entry(host.clone()).or_default().push(index);
            }
        }
        Self { hosts, instances, instance_groups, host_groups, host_aggregates, by_host }
    }

    /// A host by name.
    pub fn host(&self, name: &str) -> Option<&HostFacts> {
        self.hosts.iter().find(|host| host.name == name)
    }

    /// Hosts whose personality text contains this.
    pub fn total_by_personality(&self, personality: &str) -> usize {
        self.hosts.iter().filter(|host| host.is(personality)).count()
    }

    /// Instances on a host, in table order.
    pub fn on_host(&self, host: &str) -> impl Iterator<Item = &InstanceFacts> {
        self.by_host.get(host).into_iter().flatten().map(|index| &self.instances[*index])
    }
}

/// What the host and instance directors are told to do. Contract: strategies 7.4; vim-behaviour 5.2, 5.3.5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Host names.
    LockHosts(Vec<String>),
    /// Host names.
    UnlockHosts(Vec<String>),
    /// Host names.
    RebootHosts(Vec<String>),
    /// Host names.
    UpgradeHosts(Vec<String>),
    /// Host names.
    SwactHosts(Vec<String>),
    /// Host names and service.
    DisableHostServices(Vec<String>, String),
    /// Host names and service.
    EnableHostServices(Vec<String>, String),
    /// Instance uuids; all instances of their hosts are moved.
    MigrateInstances(Vec<String>),
    /// Instance uuids.
    StopInstances(Vec<String>),
    /// Instance uuids.
    StartInstances(Vec<String>),
}

/// How a director took an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderStatus {
    /// It works on it.
    InProgress,
    /// There was nothing left to do.
    Done,
    /// It cannot, and why.
    Failed(String),
}

/// What the cloud is asked. Contract: strategies 7.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Alarms of Fault Management.
    GetAlarms,
    /// Patches.
    QueryUpdates,
    /// Patch states of hosts.
    QueryHosts,
    /// Install patches on these hosts.
    UpdateHosts(Vec<String>),
    /// The upgrade under way.
    GetUpgrade,
    /// Start an upgrade.
    UpgradeStart,
    /// Activate it.
    UpgradeActivate,
    /// Complete it.
    UpgradeComplete,
}

/// Who asked: the answer goes to it, if it still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// The audit; the number tells which start of it.
    Audit(u64),
    /// A step.
    Step(Place),
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Nothing but success.
    Done,
    /// Alarms.
    Alarms(Vec<Alarm>),
    /// Patches.
    SwPatches(Vec<SwPatch>),
    /// Patch states of hosts.
    HostSwPatches(Vec<HostSwPatch>),
    /// The upgrade under way, if any.
    Upgrade(Option<Upgrade>),
}

/// An alarm as strategies keep it. Contract: strategies 1.10 (`nfvi_alarms_data`), 2.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// FM's uuid.
    pub alarm_uuid: String,
    /// For instance `700.001`.
    pub alarm_id: String,
    /// Entity.
    pub entity_instance_id: String,
    /// Severity word.
    pub severity: String,
    /// Reason text.
    pub reason_text: String,
    /// When it was raised.
    pub timestamp: String,
    /// As FM says it; only the text `False` means that it does not count against management actions.
    #[serde(default)]
    pub mgmt_affecting: serde_json::Value,
}

/// The surroundings of a strategy.
pub trait World {
    /// Monotonic time.
    fn now(&self) -> Mono;
    /// Local time, `YYYY-MM-DD HH:MM:SS`.
    fn date_time(&self) -> String;
    /// Name of the host this process runs on.
    fn local_host(&self) -> String;
    /// How often a step is tried in all; the contract's default is once.
    fn attempts(&self, _step: &str) -> u32 {
        1
    }
    /// How long steps let the system settle.
    fn waits(&self) -> StepWaits {
        StepWaits::default()
    }
    /// A step's own deadline, where the configuration gives it one.
    fn deadline(&self, _step: &str) -> Option<Duration> {
        None
    }
    /// A host by name.
    fn host(&self, name: &str) -> Option<HostFacts>;
    /// An instance by uuid.
    fn instance(&self, uuid: &str) -> Option<InstanceFacts>;
    /// Instances on these hosts, host by host, in table order.
    fn instances_on(&self, hosts: &[String]) -> Vec<InstanceFacts>;
    /// All tables.
    fn inventory(&self) -> Inventory;
    /// Tells a director to do something.
    fn order(&mut self, order: Order) -> OrderStatus;
    /// Asks the cloud; the answer comes to `asker`.
    fn ask(&mut self, question: Question, asker: Asker);
    /// Raises an alarm of the strategy.
    fn raise_alarm(&mut self, alarm: AlarmType);
    /// Clears it; without effect if it is not raised.
    fn clear_alarm(&mut self, alarm: AlarmType);
    /// Issues an event log; an empty reason is none.
    fn issue_log(&mut self, id: EventId, reason: &str);
    /// A step of this name went well after so long: what estimates rest on.
    fn took(&mut self, _step: &str, _time: Duration) {}
    /// Writes a line to the VIM's log.
    fn note(&mut self, text: String);
}
