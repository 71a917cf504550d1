//! The form of the data files. Contract: strategies 9.

use nfv_common::strategy::{AlarmRestriction, ApplyType, InstanceAction};
use nfv_nfvi::object::{HostAggregate, HostGroup, HostSwPatch, InstanceGroup, SwPatch, Upgrade};
use nfv_vim::core::strategy::{Alarm, StrategyInputs, UpdateData, UpdateKind};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

#[derive(Debug, Deserialize)]
pub struct File {
    pub format: u32,
    #[serde(default)]
    pub cases: Vec<Case>,
    #[serde(default)]
    pub runs: Vec<Run>,
    #[serde(default)]
    pub full_dicts: Vec<FullDict>,
}

impl File {
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let file: Self = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if file.format != 1 {
            return Err(format!("format {} is not known", file.format));
        }
        Ok(file)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    pub id: String,
    pub strategy_type: UpdateKind,
    /// Runs have none: they are full builds.
    #[serde(default)]
    pub call: Call,
    #[serde(default)]
    pub local_host: String,
    #[serde(default)]
    pub kubernetes: bool,
    #[serde(default)]
    pub compute_plugin_disabled: bool,
    #[serde(default)]
    pub config_ignore_alarms: Vec<String>,
    pub options: Options,
    #[serde(default)]
    pub inventory: Tables,
    #[serde(default)]
    pub arguments: Option<Arguments>,
    #[serde(default)]
    pub query: Query,
    #[serde(default)]
    pub expect: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    AddControllerStages,
    AddStorageStages,
    AddSwiftStages,
    AddWorkerStages,
    BuildComplete,
    #[default]
    FullBuild,
    Construct,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Options {
    pub controller_apply_type: Option<ApplyType>,
    pub storage_apply_type: Option<ApplyType>,
    pub swift_apply_type: Option<ApplyType>,
    pub worker_apply_type: Option<ApplyType>,
    pub max_parallel_worker_hosts: Option<usize>,
    pub default_instance_action: Option<InstanceAction>,
    pub alarm_restrictions: Option<AlarmRestriction>,
    #[serde(default)]
    pub single_controller: bool,
    #[serde(default)]
    pub start_upgrade: bool,
    #[serde(default)]
    pub complete_upgrade: bool,
}

impl Case {
    pub fn update_data(&self) -> UpdateData {
        let options = &self.options;
        let inputs = StrategyInputs {
            controller_apply_type: options.controller_apply_type.unwrap_or(ApplyType::Ignore),
            storage_apply_type: options.storage_apply_type.unwrap_or(ApplyType::Ignore),
            swift_apply_type: options.swift_apply_type.unwrap_or(ApplyType::Ignore),
            worker_apply_type: options.worker_apply_type.unwrap_or(ApplyType::Ignore),
            max_parallel_worker_hosts: options.max_parallel_worker_hosts.unwrap_or(2),
            default_instance_action: options.default_instance_action.unwrap_or(InstanceAction::Migrate),
            alarm_restrictions: options.alarm_restrictions.unwrap_or(AlarmRestriction::Strict),
            start_upgrade: options.start_upgrade,
            complete_upgrade: options.complete_upgrade,
        };
        UpdateData::new(self.strategy_type, &inputs, &self.config_ignore_alarms, options.single_controller)
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Tables {
    pub hosts: Vec<Host>,
    pub instances: Vec<Instance>,
    pub instance_groups: Vec<InstanceGroup>,
    #[serde(deserialize_with = "host_groups")]
    pub host_groups: Vec<HostGroup>,
    #[serde(deserialize_with = "aggregates")]
    pub host_aggregates: Vec<HostAggregate>,
}

fn host_groups<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<HostGroup>, D::Error> {
    Vec::deserialize(d)
}

fn aggregates<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<HostAggregate>, D::Error> {
    #[derive(Deserialize)]
    struct Aggregate {
        name: String,
        host_names: Vec<String>,
    }
    let all: Vec<Aggregate> = Vec::deserialize(d)?;
    let aggregate =
        |a: Aggregate| HostAggregate { name: a.name, host_names: a.host_names, availability_zone: None };
    Ok(all.into_iter().map(aggregate).collect())
}

#[derive(Debug, Clone, Deserialize)]
pub struct Host {
    pub name: String,
    pub uuid: String,
    pub personality: String,
    pub admin_state: String,
    pub avail_status: String,
    pub fsm_state: String,
    pub software_load: Option<String>,
    pub target_load: Option<String>,
    pub openstack_compute: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Instance {
    pub name: String,
    pub uuid: String,
    pub host: Option<String>,
    pub admin_state: String,
    pub oper_state: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Arguments {
    pub hosts: Vec<String>,
    pub reboot: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Query {
    pub alarms: Option<Vec<Alarm>>,
    pub sw_patches: Option<Vec<SwPatch>>,
    pub sw_patch_hosts: Option<Vec<HostSwPatch>>,
    /// Null is none; in a reply's own data a missing key is the case's.
    #[serde(default, deserialize_with = "given")]
    pub upgrade: Option<Option<Upgrade>>,
    #[serde(default)]
    pub not_completed: Vec<String>,
}

fn given<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Option<Upgrade>>, D::Error> {
    Option::deserialize(d).map(Some)
}

#[derive(Debug, Clone, Deserialize)]
pub struct Run {
    #[serde(flatten)]
    pub case: Case,
    pub ops: Vec<Op>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Op {
    #[serde(flatten)]
    pub what: What,
    #[serde(default)]
    pub expect: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum What {
    Create,
    Reply {
        call: String,
        #[serde(default = "yes")]
        completed: bool,
        #[serde(default)]
        data: Query,
    },
    Event {
        event: String,
        host: Option<String>,
        instance: Option<String>,
        reason: Option<String>,
    },
    SetHost {
        host: String,
        fields: Value,
    },
    SetInstance {
        instance: String,
        fields: Value,
    },
    DeleteHost {
        host: String,
    },
    Advance {
        secs: u64,
    },
    Expire {
        timer: String,
    },
    DirectorReply {
        call: String,
        result: Value,
    },
    Apply {
        stage_id: Option<usize>,
    },
    Abort {
        stage_id: Option<usize>,
    },
    Delete {
        force: bool,
    },
    Restart,
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Deserialize)]
pub struct FullDict {
    pub id: String,
    pub sw_update_type: UpdateKind,
    pub inventory: Tables,
    pub persisted: Value,
}
