//! Hypervisors, flavors and server groups of Nova. Contract: southbound 5.2.1.

use super::{AdminState, OperState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A hypervisor. Its serde form is the column `nfvi_hypervisor_data`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hypervisor {
    /// Nova's id (a number in old releases, kept as text).
    #[serde(deserialize_with = "text_or_number")]
    pub uuid: String,
    /// Status `enabled` is unlocked, else locked.
    pub admin_state: AdminState,
    /// State `up` is enabled, else disabled.
    pub oper_state: OperState,
    /// Host it is on.
    pub host_name: String,
    /// Present once the details were read.
    #[serde(flatten)]
    pub statistics: Option<HypervisorStatistics>,
}

/// What a hypervisor uses and has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HypervisorStatistics {
    /// Virtual CPUs in use.
    pub vcpus_used: f64,
    /// Virtual CPUs.
    pub vcpus_max: f64,
    /// MiB used.
    pub mem_used_mb: f64,
    /// MiB free.
    pub mem_free_mb: f64,
    /// MiB in all.
    pub mem_max_mb: f64,
    /// GB used.
    pub disk_used_gb: f64,
    /// GB in all.
    pub disk_max_gb: f64,
    /// Servers running.
    pub running_vms: f64,
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    Ok(match serde_json::Value::deserialize(d)? {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    })
}

/// A flavor (VIM: instance type).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceType {
    /// Flavor id.
    pub uuid: String,
    /// Flavor name.
    pub name: String,
    /// Present once the details were read.
    pub details: Option<InstanceTypeDetails>,
}

/// The sizes and extra specs of a flavor.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct InstanceTypeDetails {
    /// Virtual CPUs.
    pub vcpus: u64,
    /// Memory, MiB.
    pub mem_mb: u64,
    /// Root disk, GB.
    pub disk_gb: u64,
    /// Ephemeral disk, GB.
    pub ephemeral_gb: u64,
    /// Swap, GB.
    pub swap_gb: u64,
    /// Guest services wanted, for instance `heartbeat`.
    pub guest_services: BTreeMap<String, bool>,
    /// `sw:wrs:auto_recovery`.
    pub auto_recovery: Option<bool>,
    /// `hw:wrs:live_migration_timeout`, seconds.
    pub live_migration_timeout: Option<u64>,
    /// `hw:wrs:live_migration_max_downtime`, milliseconds.
    pub live_migration_max_downtime: Option<u64>,
}

/// A server group. Its serde form is the column `nfvi_instance_group_data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceGroup {
    /// Nova's id.
    pub uuid: String,
    /// Name.
    pub name: Option<String>,
    /// Instances in it.
    pub member_uuids: Vec<String>,
    /// `affinity`, `anti-affinity`, and the two with `-best-effort`.
    pub policies: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hypervisor_of_an_old_database_reads_with_and_without_statistics() {
        let with = r#"{"mem_max_mb": 1, "uuid": 1, "vcpus_used": 13.5, "vcpus_max": 32, "disk_max_gb": 4, "admin_state": "unlocked",
            "host_name": "compute-0", "mem_free_mb": 1, "mem_used_mb": 1, "disk_used_gb": 0, "oper_state": "enabled", "running_vms": 13}"#;
        let hypervisor: Hypervisor = serde_json::from_str(with).unwrap();
        assert_eq!(hypervisor.uuid, "1");
        assert_eq!(hypervisor.statistics.unwrap().vcpus_used, 13.5);
        let without =
            r#"{"uuid": "x", "admin_state": "locked", "host_name": "compute-0", "oper_state": "disabled"}"#;
        assert_eq!(serde_json::from_str::<Hypervisor>(without).unwrap().statistics, None);
    }
}
