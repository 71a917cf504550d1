//! An instance as the console shows it.

use crate::legacy::list::parsed;
use nfv_vim_db::row::InstanceRow;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// How an instance is, in one word; the first that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceCondition {
    /// It has failed.
    Failed,
    /// Something is being done with it.
    Changing,
    /// Paused.
    Paused,
    /// Suspended.
    Suspended,
    /// Stopped by its owner.
    Stopped,
    /// Out of service without having failed.
    Disabled,
    /// Running.
    Running,
}

impl InstanceCondition {
    /// All of them, worst first.
    pub const ALL: [Self; 7] = [
        Self::Failed,
        Self::Changing,
        Self::Paused,
        Self::Suspended,
        Self::Stopped,
        Self::Disabled,
        Self::Running,
    ];

    /// The word that stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Changing => "changing",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Stopped => "stopped",
            Self::Disabled => "disabled",
            Self::Running => "running",
        }
    }
}

/// An instance. On the wire it is a list of these values in this order, without names: there may be 10,000.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named as in the contract
pub struct InstanceView {
    pub uuid: String,
    pub name: String,
    pub host: String,
    pub condition: InstanceCondition,
    /// The action under way, else the availability in words.
    pub detail: String,
    /// Name of the tenant, else its id.
    pub tenant: String,
    /// Name of the flavor.
    pub flavor: String,
    pub vcpus: u64,
    pub mem_mb: u64,
    /// 1 comes first; 10 is the default.
    pub recovery_priority: u64,
}

/// The names of the values of an [`InstanceView`] on the wire.
pub const COLUMNS: [&str; 10] = [
    "uuid",
    "name",
    "host",
    "condition",
    "detail",
    "tenant",
    "flavor",
    "vcpus",
    "mem_mb",
    "recovery_priority",
];

impl Serialize for InstanceView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (
            &self.uuid,
            &self.name,
            &self.host,
            self.condition,
            &self.detail,
            &self.tenant,
            &self.flavor,
            self.vcpus,
            self.mem_mb,
            self.recovery_priority,
        )
            .serialize(serializer)
    }
}

impl InstanceView {
    /// From the row; `tenants` gives names to ids. What the JSON lacks comes from the columns, else it is empty.
    pub fn of(row: InstanceRow, tenants: &BTreeMap<String, String>) -> Self {
        let nfvi = parsed(&row.nfvi_instance_data).unwrap_or_default();
        let avail: Vec<String> = serde_json::from_str(&row.avail_status).unwrap_or_default();
        let words: Vec<&str> = avail.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        let tenant = nfvi["tenant_id"].as_str().unwrap_or_default();
        let flavor = &nfvi["instance_type"];
        let size = |key: &str| number(&flavor[key]);
        Self {
            condition: condition(&words, &row.action, &row.admin_state, &row.oper_state),
            detail: if row.action.is_empty() { words.join(", ") } else { row.action },
            uuid: row.uuid,
            name: row.name,
            host: row.host_name.unwrap_or_default(),
            tenant: tenants.get(tenant).map_or(tenant, String::as_str).to_owned(),
            flavor: flavor["original_name"].as_str().unwrap_or_default().to_owned(),
            vcpus: size("vcpus"),
            mem_mb: size("ram"),
            recovery_priority: nfvi["recovery_priority"].as_u64().unwrap_or(10),
        }
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok())).unwrap_or(0)
}

fn condition(avail: &[&str], action: &str, admin: &str, oper: &str) -> InstanceCondition {
    let is = |word: &str| avail.contains(&word);
    if is("failed") || is("crashed") {
        InstanceCondition::Failed
    } else if !action.is_empty() {
        InstanceCondition::Changing
    } else if is("paused") {
        InstanceCondition::Paused
    } else if is("suspended") {
        InstanceCondition::Suspended
    } else if admin == "locked" {
        InstanceCondition::Stopped
    } else if oper == "enabled" {
        InstanceCondition::Running
    } else {
        InstanceCondition::Disabled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_condition_is_the_first_that_is_true() {
        use InstanceCondition::*;
        for (avail, action, admin, oper, expected) in [
            (&[][..], "", "unlocked", "enabled", Running),
            (&["unhealthy"], "", "unlocked", "enabled", Running),
            (&["failed"], "rebooting", "unlocked", "disabled", Failed),
            (&["crashed"], "", "unlocked", "disabled", Failed),
            (&[], "migrating", "unlocked", "enabled", Changing),
            (&["paused"], "", "unlocked", "disabled", Paused),
            (&["suspended"], "", "unlocked", "disabled", Suspended),
            (&["power-off"], "", "locked", "disabled", Stopped),
            (&["offline"], "", "unlocked", "disabled", Disabled),
        ] {
            assert_eq!(condition(avail, action, admin, oper), expected, "{avail:?} {action}");
        }
        for condition in InstanceCondition::ALL {
            assert_eq!(serde_json::to_value(condition).unwrap(), condition.as_str());
        }
    }

    #[test]
    fn on_the_wire_it_has_a_value_for_each_column() {
        let row = InstanceRow {
            uuid: "u".into(),
            name: "vm".into(),
            admin_state: "unlocked".into(),
            oper_state: "enabled".into(),
            avail_status: "[\"\"]".into(),
            action: String::new(),
            host_name: Some("compute-0".into()),
            image_uuid: None,
            live_migration_support: true,
            elapsed_time_in_state: "0".into(),
            elapsed_time_on_host: "0".into(),
            action_data: None,
            last_action_data: None,
            guest_services: None,
            nfvi_instance_data: r#"{"tenant_id": "t", "instance_type": {"vcpus": 2, "ram": "512",
                "original_name": "small"}, "recovery_priority": null}"#
                .into(),
            recoverable: true,
            unlock_to_recover: false,
        };
        let tenants = BTreeMap::from([("t".to_owned(), "admin".to_owned())]);
        let value = serde_json::to_value(InstanceView::of(row, &tenants)).unwrap();
        let expected =
            serde_json::json!(["u", "vm", "compute-0", "running", "", "admin", "small", 2, 512, 10]);
        assert_eq!(value, expected);
        assert_eq!(expected.as_array().unwrap().len(), COLUMNS.len());
    }
}
