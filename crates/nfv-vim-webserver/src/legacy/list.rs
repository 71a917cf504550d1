//! The lists of the data URLs: rows as the original's objects show themselves. Contract: vim-api 3.3.
//!
//! Most keys come from the JSON column of the row, not from the columns beside it, as in the original. What the JSON
//! lacks is `null`; there the original gives no answer at all.

use super::route::ListUrl;
use nfv_common::pyjson;
use nfv_vim_db::row::{
    HostAggregateRow, HostGroupRow, HostRow, HypervisorRow, ImageRow, InstanceGroupRow, InstanceRow,
    InstanceTypeRow, NetworkRow, SubnetRow, SystemRow, VolumeRow, VolumeSnapshotRow,
};
use nfv_vim_db::{ReadError, Tables};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Extra spec of a flavor that asks for the guest heartbeat.
const GUEST_HEARTBEAT: &str = "sw:wrs:guest:heartbeat";

/// Action types that the original knows; others are `unknown`.
const ACTION_TYPES: [&str; 18] = [
    "unknown",
    "",
    "pause",
    "unpause",
    "suspend",
    "resume",
    "live-migrate",
    "live-migrate-rollback",
    "cold-migrate",
    "evacuate",
    "start",
    "stop",
    "reboot",
    "rebuild",
    "resize",
    "confirm-resize",
    "revert-resize",
    "delete",
];

/// The answer `{"key": [...]}` of a list, in Python's JSON.
///
/// # Errors
/// The table cannot be read.
pub fn read(tables: &mut Tables<'_>, list: ListUrl) -> Result<String, ReadError> {
    let mut answer = format!("{{\"{}\": [", list.key());
    let mut first = true;
    let mut add = |object: Option<Value>| {
        let Some(object) = object else { return };
        if !std::mem::take(&mut first) {
            answer.push_str(", ");
        }
        answer.push_str(&pyjson::to_string(&object));
    };
    match list {
        ListUrl::Systems => tables.systems(|row| add(Some(system(row))))?,
        ListUrl::Hosts => tables.hosts(|row| add(host(row)))?,
        ListUrl::HostGroups => tables.host_groups(|row| add(host_group(&row)))?,
        ListUrl::HostAggregates => tables.host_aggregates(|row| add(host_aggregate(&row)))?,
        ListUrl::Hypervisors => {
            let mut availability = BTreeMap::new();
            tables.hosts(|row| {
                if let Some(nfvi) = parsed(&row.nfvi_host_data) {
                    availability.insert(row.name, nfvi["avail_status"].clone());
                }
            })?;
            tables.hypervisors(|row| add(hypervisor(&row, &availability)))?;
        }
        ListUrl::Instances => tables.instances(|row| add(instance(&row)))?,
        ListUrl::InstanceTypes => tables.instance_types(|row| add(instance_type(row)))?,
        ListUrl::InstanceGroups => tables.instance_groups(|row| add(instance_group(&row)))?,
        ListUrl::Images => tables.images(|row| add(image(&row)))?,
        ListUrl::Volumes => tables.volumes(|row| add(volume(&row)))?,
        ListUrl::VolumeSnapshots => tables.volume_snapshots(|row| add(volume_snapshot(&row)))?,
        ListUrl::Subnets => tables.subnets(|row| add(Some(subnet(row))))?,
        ListUrl::Networks => tables.networks(|row| add(network(row)))?,
    }
    answer.push_str("]}");
    Ok(answer)
}

/// A JSON column; none when it is no JSON object.
pub(crate) fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}

fn pick(object: &Value, keys: &[&str]) -> Map<String, Value> {
    keys.iter().map(|key| ((*key).to_owned(), object[*key].clone())).collect()
}

fn with(mut map: Map<String, Value>, more: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    map.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
    Value::Object(map)
}

/// Whole seconds kept as text.
fn seconds(text: &str) -> Value {
    text.trim().parse::<i64>().map_or(json!(0), Value::from)
}

fn system(row: SystemRow) -> Value {
    json!({"name": row.name, "description": row.description})
}

pub(crate) fn host(row: HostRow) -> Option<Value> {
    let nfvi = parsed(&row.nfvi_host_data)?;
    let shown = pick(
        &nfvi,
        &[
            "uuid",
            "name",
            "personality",
            "admin_state",
            "oper_state",
            "avail_status",
            "action",
            "uptime",
            "software_load",
            "target_load",
            "openstack_compute",
            "openstack_control",
            "nfvi_data",
        ],
    );
    Some(with(
        pick(&nfvi, &["uuid", "name", "personality"]),
        [
            ("state", json!(row.state)),
            ("action", json!(row.action)),
            ("reason", json!("")),
            ("elapsed_time_in_state", seconds(&row.elapsed_time_in_state)),
            ("nfvi_host", Value::Object(shown)),
        ],
    ))
}

fn host_group(row: &HostGroupRow) -> Option<Value> {
    let nfvi = parsed(&row.nfvi_host_group_data)?;
    Some(json!({
        "name": nfvi["name"],
        "members": nfvi["member_names"],
        "policies": nfvi["policies"],
        "nfvi_host_group": pick(&nfvi, &["name", "member_names", "policies"]),
    }))
}

fn host_aggregate(row: &HostAggregateRow) -> Option<Value> {
    let nfvi = parsed(&row.nfvi_host_aggregate_data)?;
    let shown = pick(&nfvi, &["name", "host_names", "availability_zone"]);
    Some(with(shown.clone(), [("nfvi_host_aggregate", Value::Object(shown))]))
}

fn hypervisor(row: &HypervisorRow, availability: &BTreeMap<String, Value>) -> Option<Value> {
    let nfvi = parsed(&row.nfvi_hypervisor_data)?;
    let mut shown = pick(&nfvi, &["uuid", "admin_state", "oper_state", "host_name"]);
    if !nfvi["vcpus_used"].is_null() {
        shown.extend(pick(
            &nfvi,
            &[
                "vcpus_used",
                "vcpus_max",
                "mem_used_mb",
                "mem_free_mb",
                "mem_max_mb",
                "disk_used_gb",
                "disk_max_gb",
                "running_vms",
            ],
        ));
    }
    let host = nfvi["host_name"].as_str().and_then(|name| availability.get(name));
    let down = host.is_some_and(|status| status == "failed" || status == "offline");
    Some(json!({
        "uuid": nfvi["uuid"],
        "admin_state": nfvi["admin_state"],
        "oper_state": if down { json!("disabled") } else { nfvi["oper_state"].clone() },
        "host_name": nfvi["host_name"],
        "vcpus_used": with_fraction(row.vcpus_used, &nfvi["vcpus_used"]),
        "vcpus_max": row.vcpus_max,
        "mem_used_mb": row.mem_used_mb,
        "mem_free_mb": row.mem_free_mb,
        "mem_max_mb": row.mem_max_mb,
        "disk_used_gb": row.disk_used_gb,
        "disk_max_gb": row.disk_max_gb,
        "running_instances": row.running_instances,
        "nfvi_hypervisor": shown,
    }))
}

/// Files of old releases hold fractions of a vCPU, which the row does not have but the JSON beside it does.
fn with_fraction(column: i64, told: &Value) -> Value {
    match told.as_f64() {
        Some(exact) if told.is_f64() && exact.trunc() as i64 == column => told.clone(),
        _ => json!(column),
    }
}

/// An action as the original shows it. Nothing is under way to one who reads the database, so the state of the
/// present action is always `completed` there.
fn action(text: Option<&str>, present: bool) -> Value {
    let stored = text.and_then(parsed).unwrap_or(Value::Null);
    let nfvi = &stored["nfvi_action_data"];
    let mut shown = Value::Null;
    if nfvi.is_object() {
        shown = Value::Object(pick(
            nfvi,
            &[
                "action_uuid",
                "action_type",
                "action_parameters",
                "action_state",
                "reason",
                "created_timestamp",
                "last_update_timestamp",
                "skip_guest_vote",
                "skip_guest_notify",
                "from_cli",
                "context",
            ],
        ));
        if shown["action_uuid"].is_null() {
            shown["action_uuid"] = json!("None");
        }
        if shown["action_parameters"].is_null() {
            shown["action_parameters"] = json!("");
        }
        if shown["context"].is_null() {
            shown["context"] = json!({});
        }
    }
    let kind = match nfvi {
        Value::Object(_) => {
            let kind = nfvi["action_type"].as_str().unwrap_or("unknown");
            if ACTION_TYPES.contains(&kind) { kind } else { "unknown" }
        }
        _ => "",
    };
    json!({
        "action_seqnum": stored["action_seqnum"].as_i64().unwrap_or(0),
        "action_uuid": nfvi["action_uuid"],
        "action_type": kind,
        "action_state": if present { json!("completed") } else { stored["action_state"].clone() },
        "reason": if nfvi.is_object() { nfvi["reason"].clone() } else { json!("") },
        "nfvi_action_data": shown,
    })
}

/// Guest services, only if any is provisioned. Contract: 3.3; the flavor decides whether there is one.
fn guest_services(text: Option<&str>, nfvi: &Value) -> Option<Value> {
    let stored = text.and_then(parsed).unwrap_or(Value::Null);
    let mut services = stored["services"].as_object().cloned().unwrap_or_default();
    let asked = nfvi["instance_type"]["extra_specs"][GUEST_HEARTBEAT].as_str();
    if asked.is_some_and(|asked| asked.eq_ignore_ascii_case("true")) {
        services.entry("heartbeat").or_insert(json!("not-configured"));
    } else {
        services.values_mut().for_each(|state| *state = json!("deleting"));
    }
    if services.is_empty() {
        return None;
    }
    let mut overall = None;
    for state in services.values() {
        overall = Some(overall.map_or(state, |overall| lesser(overall, state)));
    }
    let list = stored["nfvi_guest_services"].as_array().into_iter().flatten().map(|service| {
        let mut shown = pick(service, &["name", "admin_state", "oper_state"]);
        if !service["restart_timeout"].is_null() {
            shown.insert("restart_timeout".to_owned(), service["restart_timeout"].clone());
        }
        Value::Object(shown)
    });
    Some(json!({
        "state": overall,
        "nfvi_guest_services": list.collect::<Vec<_>>(),
        "services": services,
    }))
}

/// The state of two services together: the one that is further from being enabled.
fn lesser<'a>(overall: &'a Value, state: &'a Value) -> &'a Value {
    const ORDER: [&str; 6] = ["not-configured", "configured", "disabling", "disabled", "enabling", "enabled"];
    let rank = |state: &Value| ORDER.iter().position(|name| state == name);
    match (rank(overall), rank(state)) {
        (Some(overall_rank), Some(rank)) if rank < overall_rank => state,
        _ => overall,
    }
}

pub(crate) fn instance(row: &InstanceRow) -> Option<Value> {
    let nfvi = parsed(&row.nfvi_instance_data)?;
    let mut shown = pick(
        &nfvi,
        &[
            "uuid",
            "name",
            "tenant_id",
            "admin_state",
            "oper_state",
            "avail_status",
            "action",
            "host_name",
            "instance_type",
            "image_uuid",
            "live_migration_support",
            "attached_volumes",
            "recovery_priority",
            "live_migration_timeout",
            "nfvi_data",
        ],
    );
    if shown["attached_volumes"].is_null() {
        shown.insert("attached_volumes".to_owned(), json!([]));
    }
    let services = guest_services(row.guest_services.as_deref(), &nfvi);
    Some(with(
        pick(
            &nfvi,
            &[
                "uuid",
                "name",
                "admin_state",
                "oper_state",
                "avail_status",
                "action",
                "host_name",
                "image_uuid",
            ],
        ),
        [
            ("action_data", action(row.action_data.as_deref(), true)),
            ("last_action_data", action(row.last_action_data.as_deref(), false)),
            ("elapsed_time_in_state", seconds(&row.elapsed_time_in_state)),
            ("elapsed_time_on_host", seconds(&row.elapsed_time_on_host)),
            ("recoverable", json!(row.recoverable)),
            ("unlock_to_recover", json!(row.unlock_to_recover)),
            ("nfvi_instance", Value::Object(shown)),
        ]
        .into_iter()
        .chain(services.map(|services| ("guest_services", services))),
    ))
}

fn instance_type(row: InstanceTypeRow) -> Option<Value> {
    Some(json!({
        "uuid": row.uuid,
        "name": row.name,
        "vcpus": row.vcpus,
        "mem_mb": row.mem_mb,
        "disk_gb": row.disk_gb,
        "ephemeral_gb": row.ephemeral_gb,
        "swap_gb": row.swap_gb,
        "guest_services": serde_json::from_str::<Value>(&row.guest_services).ok()?,
        "auto_recovery": row.auto_recovery,
        "live_migration_timeout": row.live_migration_timeout,
        "live_migration_max_downtime": row.live_migration_max_downtime,
    }))
}

fn instance_group(row: &InstanceGroupRow) -> Option<Value> {
    let nfvi = parsed(&row.nfvi_instance_group_data)?;
    Some(json!({
        "uuid": nfvi["uuid"],
        "name": nfvi["name"],
        "members": nfvi["member_uuids"],
        "policies": nfvi["policies"],
        "nfvi_instance_group": pick(&nfvi, &["uuid", "name", "member_uuids", "policies"]),
    }))
}

fn image(row: &ImageRow) -> Option<Value> {
    const KEYS: [&str; 11] = [
        "uuid",
        "name",
        "description",
        "avail_status",
        "action",
        "container_format",
        "disk_format",
        "min_disk_size_gb",
        "min_memory_size_mb",
        "visibility",
        "protected",
    ];
    let nfvi = parsed(&row.nfvi_image_data)?;
    let properties = &nfvi["properties"];
    Some(with(
        pick(&nfvi, &KEYS),
        [
            ("auto_recovery", properties["sw_wrs_auto_recovery"].clone()),
            ("live_migration_timeout", properties["hw_wrs_live_migration_timeout"].clone()),
            ("live_migration_max_downtime", properties["hw_wrs_live_migration_max_downtime"].clone()),
            ("nfvi_image", with(pick(&nfvi, &KEYS), [("properties", properties.clone())])),
        ],
    ))
}

fn volume(row: &VolumeRow) -> Option<Value> {
    let nfvi = parsed(&row.nfvi_volume_data)?;
    let shown = pick(
        &nfvi,
        &[
            "uuid",
            "name",
            "description",
            "avail_status",
            "action",
            "size_gb",
            "bootable",
            "encrypted",
            "image_uuid",
        ],
    );
    Some(with(shown.clone(), [("nfvi_volume", Value::Object(shown))]))
}

fn volume_snapshot(row: &VolumeSnapshotRow) -> Option<Value> {
    let nfvi = parsed(&row.nfvi_volume_snapshot_data)?;
    let shown = pick(&nfvi, &["uuid", "name", "description", "size_gb", "volume_uuid"]);
    Some(with(shown.clone(), [("nfvi_volume_snapshot", Value::Object(shown))]))
}

fn network(row: NetworkRow) -> Option<Value> {
    Some(json!({
        "uuid": row.uuid,
        "name": row.name,
        "admin_state": row.admin_state,
        "oper_state": row.oper_state,
        "avail_status": serde_json::from_str::<Value>(&row.avail_status).ok()?,
        "is_shared": row.is_shared,
        "mtu": row.mtu,
        "provider_data": {
            "physical_network": row.physical_network,
            "network_type": row.network_type,
            "segmentation_id": row.segmentation_id,
        },
    }))
}

fn subnet(row: SubnetRow) -> Value {
    json!({
        "uuid": row.uuid,
        "name": row.name,
        "ip_version": row.ip_version,
        "subnet_ip": row.subnet_ip,
        "subnet_prefix": row.subnet_prefix,
        "gateway_ip": row.gateway_ip,
        "network_uuid": row.network_uuid,
        "is_dhcp_enabled": row.is_dhcp_enabled,
    })
}
