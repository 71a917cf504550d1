//! Values with several sources. Contract: vim-behaviour 3.8.

use super::Instance;
use crate::core::{Vim, image};
use serde_json::Value;
use std::time::Duration;

const AUTO_RECOVERY: &str = "sw:wrs:auto_recovery";
const GUEST_HEARTBEAT: &str = "sw:wrs:guest:heartbeat";
/// Larger limits count as this many seconds (136 years).
const LONGEST_SECS: u64 = u32::MAX as u64;
const LIVE_MIGRATION_MAX_DOWNTIME: &str = "hw:wrs:live_migration_max_downtime";
/// Longest standstill when nothing else says so.
const DEFAULT_DOWNTIME_MS: u64 = 500;
const LIVE_MIGRATION_TIMEOUT: &str = "hw:wrs:live_migration_timeout";

impl Instance {
    pub(in crate::core) fn extra_spec(&self, key: &str) -> Option<&str> {
        self.nfvi.instance_type.as_ref()?.extra_specs.get(key).map(String::as_str)
    }

    /// The flavor asks for a guest heartbeat; none while the flavor is not known.
    pub fn wants_heartbeat(&self) -> Option<bool> {
        let flavor = self.nfvi.instance_type.as_ref()?;
        Some(flavor.extra_specs.get(GUEST_HEARTBEAT).is_some_and(|text| text.eq_ignore_ascii_case("true")))
    }

    /// 1 comes first, 10 last.
    pub fn recovery_priority(&self) -> u8 {
        self.nfvi.recovery_priority.filter(|priority| (1..=10).contains(priority)).unwrap_or(10)
    }

    /// Larger comes first: priority, then size. Contract: 5.3.1.
    pub fn recovery_key(&self) -> (u8, u64, u64, u64, u64) {
        let flavor = self.nfvi.instance_type.clone().unwrap_or_default();
        (10 - self.recovery_priority(), flavor.vcpus, flavor.ram, flavor.disk, flavor.swap)
    }

    /// No passed-through device forbids a live migration.
    pub fn supports_live_migration(&self) -> bool {
        self.nfvi.live_migration_support.unwrap_or(true)
    }

    fn local_disk_gb(&self) -> Option<u64> {
        self.nfvi.image_uuid.as_ref()?;
        Some(self.nfvi.instance_type.as_ref().map_or(0, |flavor| flavor.disk))
    }

    /// The system may cold-migrate it: its disk is remote, or small enough.
    pub fn can_cold_migrate(&self, max_local_disk_gb: u64) -> bool {
        self.local_disk_gb().is_none_or(|disk| disk <= max_local_disk_gb)
    }

    /// The system may evacuate it: its disk is remote, or small enough.
    pub fn can_evacuate(&self, max_local_disk_gb: u64) -> bool {
        self.local_disk_gb().is_none_or(|disk| disk <= max_local_disk_gb)
    }
}

impl Vim {
    /// The system may heal an instance: by its flavor, else by its image. In a flavor, text other than true and false
    /// counts as true; the value of an image counts as stored, so that its text `false` is true as well (3.8).
    pub(in crate::core) fn auto_recovery(&self, instance: &Instance) -> bool {
        if let Some(text) = instance.extra_spec(AUTO_RECOVERY) {
            return !text.eq_ignore_ascii_case("false");
        }
        match self.image_of(instance).and_then(image::auto_recovery) {
            None | Some(Value::Null) => true,
            Some(Value::Bool(value)) => *value,
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(list)) => !list.is_empty(),
            Some(Value::Object(object)) => !object.is_empty(),
        }
    }

    /// The longest standstill of a live migration, ms, by its flavor, else by its image. It is only told to the API.
    pub(in crate::core) fn max_live_migration_downtime_ms(&self, instance: &Instance) -> u64 {
        let number = |value: &Value| match value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_u64(),
        };
        let given = match instance.extra_spec(LIVE_MIGRATION_MAX_DOWNTIME) {
            Some(text) => text.trim().parse().ok(),
            None => self.image_of(instance).and_then(image::live_migration_max_downtime).and_then(number),
        };
        given.unwrap_or(DEFAULT_DOWNTIME_MS)
    }

    /// The longest a live migration of this instance may take; none for no limit. The smallest value given
    /// counts; a value that is no number does not.
    pub(in crate::core) fn live_migrate_wait(&self, instance: &Instance) -> Option<Duration> {
        let config = &self.config.instance;
        let flavor =
            instance.extra_spec(LIVE_MIGRATION_TIMEOUT).and_then(|text| text.trim().parse::<u64>().ok());
        let image =
            self.image_of(instance).and_then(image::live_migration_timeout).and_then(|value| match value {
                Value::String(text) => text.trim().parse::<u64>().ok(),
                other => other.as_u64(),
            });
        let given: Vec<u64> =
            [image, flavor, instance.nfvi.live_migration_timeout].into_iter().flatten().collect();
        if given.is_empty() {
            return Some(config.max_live_migrate_wait);
        }
        let smallest = given.into_iter().filter(|seconds| *seconds > 0).min()?;
        // a flavor can say anything; no deadline counted from now may overflow
        let wait = Duration::from_secs(smallest.min(LONGEST_SECS));
        Some(config.live_migrate_wait_bounds.map_or(wait, |(min, max)| wait.clamp(min, max.max(min))))
    }
}
