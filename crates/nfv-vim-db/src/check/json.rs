//! Whether the JSON in the columns can be read, and is what the column holds. Contract: deployment 1.6.

use super::{Finding, Severity};
use crate::snapshot::Snapshot;
use serde_json::Value;

/// What a column holds.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Object,
    ObjectOrNull,
    List,
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Object => value.is_object(),
            Self::ObjectOrNull => value.is_object() || value.is_null(),
            Self::List => value.is_array(),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::ObjectOrNull => "an object or null",
            Self::List => "a list",
        }
    }
}

struct Judge<'a> {
    findings: &'a mut Vec<Finding>,
    table: &'static str,
}

impl Judge<'_> {
    fn column(&mut self, key: &str, column: &str, text: &str, shape: Shape) {
        let what = match serde_json::from_str::<Value>(text) {
            Ok(value) if shape.fits(&value) => return,
            Ok(_) => format!("is not {}", shape.words()),
            Err(error) => format!("cannot be read as JSON: {error}"),
        };
        self.findings.push(Finding {
            severity: Severity::Error,
            what: format!("row {key} of table {}: column {column} {what}", self.table),
            advice: "nfv-vim takes what it can from the other columns, or leaves the row out; an audit brings the object \
                     anew",
        });
    }

    fn maybe(&mut self, key: &str, column: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.column(key, column, text, Shape::ObjectOrNull);
        }
    }
}

pub(super) fn judge(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    use Shape::{List, Object};
    macro_rules! of {
        ($table:literal) => {
            Judge { findings: &mut *findings, table: $table }
        };
    }
    for row in &snapshot.hosts {
        of!("hosts_v6").column(&row.name, "nfvi_host_data", &row.nfvi_host_data, Object);
    }
    for row in &snapshot.host_groups {
        let mut judge = of!("host_groups");
        judge.column(&row.name, "member_names", &row.member_names, List);
        judge.column(&row.name, "policies", &row.policies, List);
        judge.column(&row.name, "nfvi_host_group_data", &row.nfvi_host_group_data, Object);
    }
    for row in &snapshot.host_aggregates {
        let mut judge = of!("host_aggregates");
        judge.column(&row.name, "host_names", &row.host_names, List);
        judge.column(&row.name, "nfvi_host_aggregate_data", &row.nfvi_host_aggregate_data, Object);
    }
    for row in &snapshot.hypervisors {
        of!("hypervisors").column(&row.uuid, "nfvi_hypervisor_data", &row.nfvi_hypervisor_data, Object);
    }
    for row in &snapshot.instance_types {
        of!("instance_types_v5").column(&row.uuid, "guest_services", &row.guest_services, Object);
    }
    for row in &snapshot.instances {
        let mut judge = of!("instances_v5");
        judge.column(&row.uuid, "avail_status", &row.avail_status, List);
        judge.maybe(&row.uuid, "action_data", row.action_data.as_deref());
        judge.maybe(&row.uuid, "last_action_data", row.last_action_data.as_deref());
        judge.maybe(&row.uuid, "guest_services", row.guest_services.as_deref());
        judge.column(&row.uuid, "nfvi_instance_data", &row.nfvi_instance_data, Object);
    }
    for row in &snapshot.instance_groups {
        let mut judge = of!("instance_groups");
        judge.column(&row.uuid, "member_uuids", &row.member_uuids, List);
        judge.column(&row.uuid, "policies", &row.policies, List);
        judge.column(&row.uuid, "nfvi_instance_group_data", &row.nfvi_instance_group_data, Object);
    }
    for row in &snapshot.images {
        let mut judge = of!("images");
        judge.column(&row.uuid, "avail_status", &row.avail_status, List);
        judge.column(&row.uuid, "properties", &row.properties, Object);
        judge.column(&row.uuid, "nfvi_image_data", &row.nfvi_image_data, Object);
    }
    for row in &snapshot.volumes {
        let mut judge = of!("volumes_v1");
        judge.column(&row.uuid, "avail_status", &row.avail_status, List);
        judge.column(&row.uuid, "nfvi_volume_data", &row.nfvi_volume_data, Object);
    }
    for row in &snapshot.volume_snapshots {
        of!("volume_snapshots").column(
            &row.uuid,
            "nfvi_volume_snapshot_data",
            &row.nfvi_volume_snapshot_data,
            Object,
        );
    }
    for row in &snapshot.networks {
        of!("networks").column(&row.uuid, "avail_status", &row.avail_status, List);
    }
    for row in &snapshot.sw_updates {
        of!("sw_updates").column(&row.uuid, "strategy_data", &row.strategy_data, Object);
    }
    for row in &snapshot.state {
        let key = format!("{}/{}", row.kind, row.key);
        of!("nfv_state").column(&key, "data", &row.data, Object);
    }
    for row in &snapshot.decisions {
        of!("nfv_history").column(&row.seq.to_string(), "data", &row.data, Object);
    }
}
