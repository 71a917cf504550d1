//! What a strategy was asked for and has learnt from its queries. Contract: strategies 1.10, 4.1, 5.1.

use super::world::Alarm;
use nfv_common::strategy::{AlarmRestriction, ApplyType, InstanceAction};
use nfv_nfvi::object::{HostSwPatch, SwPatch, Upgrade};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Kind of a software update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateKind {
    /// Software patch.
    #[serde(rename = "sw-patch")]
    Patch,
    /// Software upgrade.
    #[serde(rename = "sw-upgrade")]
    Upgrade,
}

impl UpdateKind {
    /// The name in the API, the database and the entity of alarms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "sw-patch",
            Self::Upgrade => "sw-upgrade",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Patch, Self::Upgrade].into_iter().find(|kind| kind.as_str() == name)
    }

    /// Alarms that do not prevent it. Contract: strategies 4.1, 5.1.
    pub const fn own_ignored_alarms(self) -> &'static [&'static str] {
        match self {
            Self::Patch => &["900.001", "900.005", "900.101", "200.001", "700.004", "280.002"],
            Self::Upgrade => &["900.005", "900.201"],
        }
    }
}

/// What is asked for when a strategy is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyInputs {
    /// Controllers.
    pub controller_apply_type: ApplyType,
    /// Storage hosts.
    pub storage_apply_type: ApplyType,
    /// Swift hosts.
    pub swift_apply_type: ApplyType,
    /// Workers.
    pub worker_apply_type: ApplyType,
    /// Workers at once.
    pub max_parallel_worker_hosts: usize,
    /// What happens to instances.
    pub default_instance_action: InstanceAction,
    /// Which alarms count.
    pub alarm_restrictions: AlarmRestriction,
    /// Upgrades: start the upgrade too. Not supported.
    pub start_upgrade: bool,
    /// Upgrades: activate and complete it too.
    pub complete_upgrade: bool,
}

/// The keys of a strategy beside the generic ones, and what patch and upgrade have each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdateData {
    /// Controllers.
    #[serde(default = "ignore")]
    pub controller_apply_type: ApplyType,
    /// Storage hosts.
    #[serde(default = "ignore")]
    pub storage_apply_type: ApplyType,
    /// Swift hosts; releases before 18 do not know them.
    #[serde(default = "ignore")]
    pub swift_apply_type: ApplyType,
    /// Workers; called compute hosts before 18.10.
    #[serde(alias = "compute_apply_type", default = "ignore")]
    pub worker_apply_type: ApplyType,
    /// Workers at once.
    #[serde(alias = "max_parallel_compute_hosts", default = "two")]
    pub max_parallel_worker_hosts: usize,
    /// What happens to instances.
    #[serde(default = "migrate")]
    pub default_instance_action: InstanceAction,
    /// Which alarms count.
    #[serde(default = "strict")]
    pub alarm_restrictions: AlarmRestriction,
    /// Alarms left out: the configured ones, then the kind's own.
    #[serde(default)]
    pub ignore_alarms: Vec<String>,
    /// Alarms left after filtering at the last query.
    #[serde(default, rename = "nfvi_alarms_data")]
    pub nfvi_alarms: Vec<Alarm>,
    /// Keys of one kind only; read and written apart, so that none is taken for an unknown one.
    #[serde(skip)]
    pub of: OfKind,
    /// Keys that are not known.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What only patches or only upgrades have.
#[derive(Debug, Clone, PartialEq)]
pub enum OfKind {
    /// Patch.
    Patch(PatchData),
    /// Upgrade.
    Upgrade(UpgradeData),
}

impl Default for OfKind {
    fn default() -> Self {
        Self::Patch(PatchData::default())
    }
}

/// Keys of patch strategies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PatchData {
    /// A system of one controller.
    #[serde(default)]
    pub single_controller: bool,
    /// Patches.
    #[serde(rename = "nfvi_sw_patches_data", default)]
    pub sw_patches: Vec<SwPatch>,
    /// Patch states of hosts.
    #[serde(rename = "nfvi_sw_patch_hosts_data", default)]
    pub sw_patch_hosts: Vec<HostSwPatch>,
}

/// Keys of upgrade strategies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UpgradeData {
    /// Start the upgrade too.
    #[serde(default)]
    pub start_upgrade: bool,
    /// Activate and complete it too.
    #[serde(default)]
    pub complete_upgrade: bool,
    /// The upgrade under way.
    #[serde(rename = "nfvi_upgrade_data", default)]
    pub upgrade: Option<Upgrade>,
}

const fn ignore() -> ApplyType {
    ApplyType::Ignore
}

const fn two() -> usize {
    2
}

const fn migrate() -> InstanceAction {
    InstanceAction::Migrate
}

const fn strict() -> AlarmRestriction {
    AlarmRestriction::Strict
}

impl UpdateData {
    /// The data of a new strategy: configured alarms first, then the kind's own, in a list of its own.
    pub fn new(
        kind: UpdateKind,
        inputs: &StrategyInputs,
        config_ignore_alarms: &[String],
        single_controller: bool,
    ) -> Self {
        let own = kind.own_ignored_alarms().iter().map(|id| (*id).to_owned());
        let upgrade = kind == UpdateKind::Upgrade;
        Self {
            controller_apply_type: if upgrade { ApplyType::Serial } else { inputs.controller_apply_type },
            storage_apply_type: inputs.storage_apply_type,
            swift_apply_type: if upgrade { ApplyType::Ignore } else { inputs.swift_apply_type },
            worker_apply_type: inputs.worker_apply_type,
            max_parallel_worker_hosts: inputs.max_parallel_worker_hosts.max(1),
            default_instance_action: if upgrade {
                InstanceAction::Migrate
            } else {
                inputs.default_instance_action
            },
            alarm_restrictions: inputs.alarm_restrictions,
            ignore_alarms: config_ignore_alarms.iter().cloned().chain(own).collect(),
            nfvi_alarms: Vec::new(),
            of: match kind {
                UpdateKind::Patch => OfKind::Patch(PatchData { single_controller, ..PatchData::default() }),
                UpdateKind::Upgrade => OfKind::Upgrade(UpgradeData {
                    start_upgrade: inputs.start_upgrade,
                    complete_upgrade: inputs.complete_upgrade,
                    upgrade: None,
                }),
            },
            rest: Map::new(),
        }
    }

    /// Reads the keys that a stored strategy has beside the generic ones.
    ///
    /// # Errors
    /// If one cannot be understood.
    pub fn from_keys(kind: UpdateKind, keys: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let mut data: Self = serde_json::from_value(Value::Object(keys))?;
        let own: &[&str] = match kind {
            UpdateKind::Patch => &["single_controller", "nfvi_sw_patches_data", "nfvi_sw_patch_hosts_data"],
            UpdateKind::Upgrade => &["start_upgrade", "complete_upgrade", "nfvi_upgrade_data"],
        };
        let mut taken = Map::new();
        for key in own {
            taken.extend(data.rest.remove(*key).map(|value| ((*key).to_owned(), value)));
        }
        let taken = Value::Object(taken);
        data.of = match kind {
            UpdateKind::Patch => OfKind::Patch(serde_json::from_value(taken)?),
            UpdateKind::Upgrade => OfKind::Upgrade(serde_json::from_value(taken)?),
        };
        Ok(data)
    }

    /// The keys as stored.
    pub fn to_keys(&self) -> Map<String, Value> {
        let mut keys = object_of(self);
        keys.extend(match &self.of {
            OfKind::Patch(data) => object_of(data),
            OfKind::Upgrade(data) => object_of(data),
        });
        keys
    }

    /// A patch strategy on a system of one controller.
    pub fn single_controller(&self) -> bool {
        matches!(&self.of, OfKind::Patch(patch) if patch.single_controller)
    }

    /// The upgrade under way as last heard.
    pub fn upgrade(&self) -> Option<&Upgrade> {
        match &self.of {
            OfKind::Upgrade(data) => data.upgrade.as_ref(),
            OfKind::Patch(_) => None,
        }
    }

    /// The upgrade as answered.
    pub fn set_upgrade(&mut self, upgrade: Option<Upgrade>) {
        if let OfKind::Upgrade(data) = &mut self.of {
            data.upgrade = upgrade;
        }
    }

    /// The patches as answered.
    pub fn set_patches(&mut self, patches: Vec<SwPatch>) {
        if let OfKind::Patch(data) = &mut self.of {
            data.sw_patches = patches;
        }
    }

    /// The patch states of hosts as answered.
    pub fn set_patch_hosts(&mut self, hosts: Vec<HostSwPatch>) {
        if let OfKind::Patch(data) = &mut self.of {
            data.sw_patch_hosts = hosts;
        }
    }

    /// Keeps the alarms that count. Contract: strategies 2.1.
    pub(super) fn filter_alarms(&mut self, alarms: Vec<Alarm>, ignored: &[String]) {
        let relaxed = self.alarm_restrictions == AlarmRestriction::Relaxed;
        let harmless = |alarm: &Alarm| relaxed && alarm.mgmt_affecting == "False";
        let counts = |alarm: &Alarm| !harmless(alarm) && !ignored.contains(&alarm.alarm_id);
        self.nfvi_alarms = alarms.into_iter().filter(counts).collect();
    }
}

/// Plain data is always a JSON object.
fn object_of<T: Serialize>(data: &T) -> Map<String, Value> {
    match serde_json::to_value(data) {
        Ok(Value::Object(object)) => object,
        Ok(_) | Err(_) => Map::new(),
    }
}
