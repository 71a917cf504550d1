//! Payloads about instances. Contract: vim-api 2.3, set I.

use crate::lenient;
use serde::{Deserialize, Serialize};

/// `create-instance-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateInstance {
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Id of the flavor to make.
    #[serde(deserialize_with = "lenient::text")]
    pub instance_type_uuid: Option<String>,
    /// Image.
    #[serde(deserialize_with = "lenient::text")]
    pub image_uuid: Option<String>,
    /// Virtual CPUs.
    #[serde(deserialize_with = "lenient::whole")]
    pub vcpus: Option<u64>,
    /// MiB.
    #[serde(deserialize_with = "lenient::whole")]
    pub memory_mb: Option<u64>,
    /// GB.
    #[serde(deserialize_with = "lenient::whole")]
    pub disk_gb: Option<u64>,
    /// GB.
    #[serde(deserialize_with = "lenient::whole")]
    pub ephemeral_gb: Option<u64>,
    /// GB.
    #[serde(deserialize_with = "lenient::whole")]
    pub swap_gb: Option<u64>,
    /// Network.
    #[serde(deserialize_with = "lenient::text")]
    pub network_uuid: Option<String>,
    /// Extra spec of the flavor, as text.
    #[serde(rename = "sw:wrs:auto_recovery", deserialize_with = "lenient::spec")]
    pub auto_recovery: Option<String>,
    /// Extra spec of the flavor: seconds as text.
    #[serde(rename = "hw:wrs:live_migration_timeout", deserialize_with = "lenient::spec")]
    pub live_migration_timeout: Option<String>,
    /// Extra spec of the flavor: ms as text.
    #[serde(rename = "hw:wrs:live_migration_max_downtime", deserialize_with = "lenient::spec")]
    pub live_migration_max_downtime: Option<String>,
}

/// `get-instance-request`, `get-image-request`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Get {
    /// All of them; missing means true.
    #[serde(default = "lenient::yes", deserialize_with = "lenient::plain_flag")]
    pub get_all: bool,
    /// Only this one.
    #[serde(default, deserialize_with = "lenient::text")]
    pub filter_by_uuid: Option<String>,
}

impl Get {
    /// All.
    pub const fn all() -> Self {
        Self { get_all: true, filter_by_uuid: None }
    }

    /// One.
    pub fn one(uuid: impl Into<String>) -> Self {
        Self { get_all: false, filter_by_uuid: Some(uuid.into()) }
    }
}

/// Set I: an instance as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    /// Nova's id.
    #[serde(deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Administrative state.
    #[serde(deserialize_with = "lenient::text")]
    pub admin_state: Option<String>,
    /// Operational state.
    #[serde(deserialize_with = "lenient::text")]
    pub oper_state: Option<String>,
    /// Availability words.
    pub avail_status: Option<Vec<String>>,
    /// What Nova does with it.
    #[serde(deserialize_with = "lenient::text")]
    pub action: Option<String>,
    /// sysinv's id of its host.
    #[serde(deserialize_with = "lenient::text")]
    pub host_uuid: Option<String>,
    /// Its host.
    #[serde(deserialize_with = "lenient::text")]
    pub host_name: Option<String>,
    /// Name of the flavor it was made from.
    #[serde(deserialize_with = "lenient::text")]
    pub instance_type_original_name: Option<String>,
    /// Image it was made from.
    #[serde(deserialize_with = "lenient::text")]
    pub image_uuid: Option<String>,
    /// Virtual CPUs.
    #[serde(deserialize_with = "lenient::whole")]
    pub vcpus: Option<u64>,
    /// MiB.
    #[serde(deserialize_with = "lenient::whole")]
    pub memory_mb: Option<u64>,
    /// GB.
    #[serde(deserialize_with = "lenient::whole")]
    pub disk_gb: Option<u64>,
    /// GB.
    #[serde(deserialize_with = "lenient::whole")]
    pub ephemeral_gb: Option<u64>,
    /// As Nova has it.
    #[serde(deserialize_with = "lenient::whole")]
    pub swap_gb: Option<u64>,
    /// The system may heal it.
    #[serde(rename = "sw:wrs:auto_recovery", deserialize_with = "lenient::flag")]
    pub auto_recovery: Option<bool>,
    /// Longest live migration, seconds; 0 for no limit.
    #[serde(rename = "hw:wrs:live_migration_timeout", deserialize_with = "lenient::whole")]
    pub live_migration_timeout: Option<u64>,
    /// Longest standstill of a live migration, ms.
    #[serde(rename = "hw:wrs:live_migration_max_downtime", deserialize_with = "lenient::whole")]
    pub live_migration_max_downtime: Option<u64>,
}

/// `create-instance-response`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CreatedInstance {
    /// The instance.
    #[serde(flatten)]
    pub instance: Instance,
    /// Always null.
    #[serde(default, deserialize_with = "lenient::text")]
    pub network_uuid: Option<String>,
}
