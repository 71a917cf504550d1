//! A host as the console shows it.

use crate::legacy::list::parsed;
use nfv_vim_db::row::{HostRow, HypervisorRow};
use serde::Serialize;
use serde_json::Value;

/// How a host is, in one word; the worst that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostCondition {
    /// Failed, or unlocked and disabled.
    Failed,
    /// Not reachable.
    Offline,
    /// Between two states.
    Changing,
    /// Works with something wrong.
    Degraded,
    /// Locked by an operator.
    Locked,
    /// In service.
    InService,
}

impl HostCondition {
    /// All of them, worst first.
    pub const ALL: [Self; 6] =
        [Self::Failed, Self::Offline, Self::Changing, Self::Degraded, Self::Locked, Self::InService];

    /// The word that stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Offline => "offline",
            Self::Changing => "changing",
            Self::Degraded => "degraded",
            Self::Locked => "locked",
            Self::InService => "in-service",
        }
    }
}

/// A host with what its hypervisor offers. Words are the VIM's and the platform's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // named as in the contract
pub struct HostView {
    pub name: String,
    pub uuid: String,
    pub personality: String,
    pub condition: HostCondition,
    pub state: String,
    pub action: String,
    pub admin: String,
    pub oper: String,
    pub avail: String,
    pub compute: bool,
    pub control: bool,
    pub load: String,
    pub target_load: String,
    /// Of the hypervisor, when it has told.
    pub capacity: Option<Capacity>,
}

/// Use and size of a hypervisor: virtual CPUs, MiB, GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // named as in the contract
pub struct Capacity {
    pub vcpus_used: i64,
    pub vcpus_max: i64,
    pub mem_used_mb: i64,
    pub mem_max_mb: i64,
    pub disk_used_gb: i64,
    pub disk_max_gb: i64,
}

impl Capacity {
    /// From the row; none before the hypervisor has told its size.
    pub fn of(row: &HypervisorRow) -> Option<Self> {
        (row.vcpus_max > 0 || row.mem_max_mb > 0).then_some(Self {
            vcpus_used: row.vcpus_used,
            vcpus_max: row.vcpus_max,
            mem_used_mb: row.mem_used_mb,
            mem_max_mb: row.mem_max_mb,
            disk_used_gb: row.disk_used_gb,
            disk_max_gb: row.disk_max_gb,
        })
    }
}

fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}

impl HostView {
    /// From the row. What its JSON lacks is empty.
    pub fn of(row: HostRow, capacity: Option<Capacity>) -> Self {
        let nfvi = parsed(&row.nfvi_host_data).unwrap_or_default();
        let (admin, oper, avail) =
            (text(&nfvi, "admin_state"), text(&nfvi, "oper_state"), text(&nfvi, "avail_status"));
        Self {
            condition: condition(&row.state, &row.action, &admin, &oper, &avail),
            name: row.name,
            uuid: row.uuid,
            personality: row.personality,
            state: row.state,
            action: row.action,
            admin,
            oper,
            avail,
            compute: nfvi["openstack_compute"].as_bool().unwrap_or(false),
            control: nfvi["openstack_control"].as_bool().unwrap_or(false),
            load: text(&nfvi, "software_load"),
            target_load: text(&nfvi, "target_load"),
            capacity,
        }
    }

    /// State and reason in the words that a person reads, for instance `disabled (unlocked, failed)`.
    pub fn states(&self) -> String {
        format!("{} ({}, {})", self.state, self.admin, self.avail)
    }
}

fn condition(state: &str, action: &str, admin: &str, oper: &str, avail: &str) -> HostCondition {
    let locked = admin == "locked";
    match (state, avail) {
        ("failed" | "deleting-failed", _) | (_, "failed" | "failed (component)") if !locked => {
            HostCondition::Failed
        }
        (_, "offline" | "power-off") => HostCondition::Offline,
        _ if !action.is_empty() && action != " none" => HostCondition::Changing,
        ("enabling" | "disabling" | "deleting" | "initial" | "configure", _) => HostCondition::Changing,
        _ if locked => HostCondition::Locked,
        ("disabled", _) => HostCondition::Failed,
        _ if oper == "disabled" => HostCondition::Failed,
        (_, "degraded") => HostCondition::Degraded,
        _ => HostCondition::InService,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_condition_is_the_worst_that_is_true() {
        use HostCondition::*;
        for (state, action, admin, oper, avail, expected) in [
            ("enabled", "", "unlocked", "enabled", "available", InService),
            ("enabled", "", "unlocked", "enabled", "degraded", Degraded),
            ("disabled", "", "locked", "disabled", "online", Locked),
            ("disabled", "", "locked", "disabled", "offline", Offline),
            ("disabled", "", "unlocked", "disabled", "offline", Offline),
            ("disabled", "", "unlocked", "disabled", "failed", Failed),
            ("enabled", "", "unlocked", "enabled", "failed (component)", Failed),
            ("disabled", "", "unlocked", "disabled", "intest", Failed),
            ("disabling", "locking", "unlocked", "enabled", "available", Changing),
            ("enabled", "locking", "unlocked", "enabled", "available", Changing),
            ("enabling", "", "unlocked", "enabled", "available", Changing),
            ("disabled", "", "locked", "disabled", "failed", Locked),
        ] {
            assert_eq!(
                condition(state, action, admin, oper, avail),
                expected,
                "{state} {action} {admin} {avail}"
            );
        }
        for condition in HostCondition::ALL {
            assert_eq!(serde_json::to_value(condition).unwrap(), condition.as_str());
        }
    }
}
