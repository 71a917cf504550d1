//! The counters of `/vim/overview` and `/vim/alarms`. Contract: vim-api 3.3.

use super::list::parsed;
use nfv_vim_db::row::{HostRow, InstanceRow};
use nfv_vim_db::{ReadError, Tables};
use serde::Serialize;
use serde_json::Value;

/// `/vim/overview`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the keys of the contract
pub struct Overview {
    pub locked_hosts: u64,
    pub unlocked_hosts: u64,
    pub locking_hosts: u64,
    pub unlocking_hosts: u64,
    pub enabled_hosts: u64,
    pub disabled_hosts: u64,
    pub offline_hosts: u64,
    pub failed_hosts: u64,
    pub nfvi_enabled_hosts: u64,
    pub total_hosts: u64,
    pub locked_instances: u64,
    pub unlocked_instances: u64,
    pub enabled_instances: u64,
    pub disabled_instances: u64,
    pub failed_instances: u64,
    pub powering_off_instances: u64,
    pub pausing_instances: u64,
    pub paused_instances: u64,
    pub suspended_instances: u64,
    pub suspending_instances: u64,
    pub resizing_instances: u64,
    pub rebooting_instances: u64,
    pub rebuilding_instances: u64,
    pub migrating_instances: u64,
    pub deleting_instances: u64,
    /// Always 0: an instance read from the database is not deleted.
    pub deleted_instances: u64,
    pub total_instances: u64,
    pub datetime: String,
}

/// `/vim/alarms`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the keys of the contract
pub struct AlarmCounts {
    pub critical_alarms: u64,
    pub major_alarms: u64,
    pub minor_alarms: u64,
    pub warning_alarms: u64,
    pub indeterminate_alarms: u64,
    pub datetime: String,
}

impl Overview {
    /// Counts what is in the tables.
    ///
    /// # Errors
    /// A table cannot be read.
    pub fn read(tables: &mut Tables<'_>, datetime: String) -> Result<Self, ReadError> {
        let mut counts = Self { datetime, ..Self::default() };
        tables.hosts(|row| counts.host(&row))?;
        tables.instances(|row| counts.instance(&row))?;
        Ok(counts)
    }

    fn host(&mut self, row: &HostRow) {
        let Some(nfvi) = parsed(&row.nfvi_host_data) else { return };
        let is = |key: &str, value: &str| nfvi[key] == value;
        let locking = is("action", "lock")
            || is("action", "lock-force")
            || matches!(row.action.as_str(), "locking" | "locking (force)");
        self.total_hosts += 1;
        self.enabled_hosts += u64::from(row.state == "enabled");
        self.disabled_hosts += u64::from(row.state == "disabled");
        self.nfvi_enabled_hosts += u64::from(!locking && is("oper_state", "enabled"));
        let locked = is("admin_state", "locked");
        self.locked_hosts += u64::from(locked);
        self.unlocked_hosts += u64::from(!locked);
        self.locking_hosts += u64::from(locking);
        self.unlocking_hosts += u64::from(!locking && row.action == "unlocking");
        self.offline_hosts += u64::from(is("avail_status", "offline"));
        self.failed_hosts +=
            u64::from(is("avail_status", "failed") || is("avail_status", "failed (component)"));
    }

    fn instance(&mut self, row: &InstanceRow) {
        let Some(nfvi) = parsed(&row.nfvi_instance_data) else { return };
        let is = |key: &str, value: &str| nfvi[key] == value;
        let has = |status: &str| contains(&nfvi["avail_status"], status);
        let action = |action: &str| u64::from(is("action", action));
        self.total_instances += 1;
        let locked = is("admin_state", "locked");
        self.locked_instances += u64::from(locked);
        self.unlocked_instances += u64::from(!locked);
        self.enabled_instances += u64::from(is("oper_state", "enabled"));
        self.disabled_instances += u64::from(is("oper_state", "disabled"));
        self.failed_instances += u64::from(has("failed"));
        self.paused_instances += u64::from(has("paused"));
        self.suspended_instances += u64::from(has("suspended"));
        self.powering_off_instances += action("powering-off");
        self.pausing_instances += action("pausing");
        self.suspending_instances += action("suspending");
        self.resizing_instances += action("resizing");
        self.rebooting_instances += action("rebooting");
        self.rebuilding_instances += action("rebuilding");
        self.migrating_instances += action("migrating");
        self.deleting_instances += action("deleting");
    }
}

/// Python's `in`, for a list or a text.
fn contains(value: &Value, status: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| item == status),
        Value::String(text) => text.contains(status),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

impl AlarmCounts {
    /// Counts alarms by severity; what is none of the four is indeterminate.
    pub fn count<'a>(severities: impl Iterator<Item = &'a str>, datetime: String) -> Self {
        let mut counts = Self { datetime, ..Self::default() };
        for severity in severities {
            *match severity {
                "critical" => &mut counts.critical_alarms,
                "major" => &mut counts.major_alarms,
                "minor" => &mut counts.minor_alarms,
                "warning" => &mut counts.warning_alarms,
                _ => &mut counts.indeterminate_alarms,
            } += 1;
        }
        counts
    }
}

/// Local time as the original writes it, `2019-01-23 19:41:01.166`.
pub fn datetime(now: &jiff::Zoned) -> String {
    now.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_severity_has_its_counter() {
        let counts = AlarmCounts::count(
            ["critical", "major", "minor", "warning", "", "other", "critical"].into_iter(),
            "t".to_owned(),
        );
        let expected = AlarmCounts {
            critical_alarms: 2,
            major_alarms: 1,
            minor_alarms: 1,
            warning_alarms: 1,
            indeterminate_alarms: 2,
            datetime: "t".to_owned(),
        };
        assert_eq!(counts, expected);
    }

    #[test]
    fn the_time_has_milliseconds_always() {
        for (time, text) in [
            ("2019-01-23T19:41:01.166789[UTC]", "2019-01-23 19:41:01.166"),
            ("2019-01-23T09:41:01[UTC]", "2019-01-23 09:41:01.000"),
        ] {
            assert_eq!(datetime(&time.parse().unwrap()), text);
        }
    }
}
