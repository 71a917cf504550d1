//! Payloads about strategies of software management. Contract: vim-api 2.3, 2.4.

use crate::lenient;
use serde::{Deserialize, Serialize};

/// `create-sw-update-strategy-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateStrategy {
    /// `sw-patch` or `sw-upgrade`.
    #[serde(deserialize_with = "lenient::text")]
    pub sw_update_type: Option<String>,
    /// How controllers are done.
    #[serde(deserialize_with = "lenient::text")]
    pub controller_apply_type: Option<String>,
    /// How storage hosts are done.
    #[serde(deserialize_with = "lenient::text")]
    pub storage_apply_type: Option<String>,
    /// How swift hosts are done.
    #[serde(deserialize_with = "lenient::text")]
    pub swift_apply_type: Option<String>,
    /// How workers are done.
    #[serde(deserialize_with = "lenient::text")]
    pub worker_apply_type: Option<String>,
    /// Workers at a time.
    #[serde(deserialize_with = "lenient::whole")]
    pub max_parallel_worker_hosts: Option<u64>,
    /// What is done with instances.
    #[serde(deserialize_with = "lenient::text")]
    pub default_instance_action: Option<String>,
    /// Which alarms stand in the way.
    #[serde(deserialize_with = "lenient::text")]
    pub alarm_restrictions: Option<String>,
}

/// `create-sw-upgrade-strategy-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CreateUpgradeStrategy {
    /// What every strategy has.
    #[serde(flatten)]
    pub strategy: CreateStrategy,
    /// Start the upgrade.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub start_upgrade: Option<bool>,
    /// Complete the upgrade.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub complete_upgrade: Option<bool>,
}

/// `apply-sw-update-strategy-request`, `abort-sw-update-strategy-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StrategyAction {
    /// `sw-patch` or `sw-upgrade`.
    #[serde(deserialize_with = "lenient::text")]
    pub sw_update_type: Option<String>,
    /// Only this stage; a number as text, left out for all.
    #[serde(with = "lenient::number_text", skip_serializing_if = "Option::is_none")]
    pub stage_id: Option<u64>,
}

/// `delete-sw-update-strategy-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeleteStrategy {
    /// `sw-patch` or `sw-upgrade`.
    #[serde(deserialize_with = "lenient::text")]
    pub sw_update_type: Option<String>,
    /// Also while it is being applied.
    #[serde(with = "lenient::python_flag")]
    pub force: bool,
}

/// `get-sw-update-strategy-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GetStrategy {
    /// `sw-patch` or `sw-upgrade`; null when it is asked for by id.
    #[serde(deserialize_with = "lenient::text")]
    pub sw_update_type: Option<String>,
    /// The strategy.
    #[serde(deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
}

/// The answer to all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Strategy {
    /// The strategy as a text that holds JSON (2.4).
    #[serde(deserialize_with = "lenient::text")]
    pub strategy: Option<String>,
    /// Why it was refused. The original has no such key and ignores it; its successors have it.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub error_string: Option<String>,
}
