//! `/os-aggregates`, `/os-hypervisors`, `/os-services`.

use serde_json::{Value, json};

use super::{Call, bad_request, not_found};
use crate::model::Cloud;
use crate::model::compute::Resources;
use crate::model::host::{ComputeService, Host};
use crate::service::Reply;

/// From this minor version services and hypervisors are addressed by UUID.
const UUIDS: u32 = 53;

pub(super) fn aggregates(cloud: &Cloud) -> Reply {
    let list: Vec<_> = cloud
        .aggregates
        .iter()
        .map(|aggregate| {
            json!({
                "id": aggregate.id, "name": aggregate.name, "hosts": aggregate.hosts,
                "availability_zone": aggregate.availability_zone, "metadata": aggregate.metadata,
                "deleted": false,
            })
        })
        .collect();
    Reply::ok(&json!({"aggregates": list}))
}

fn short(cloud: &Cloud, host: &Host, compute: &ComputeService, minor: u32) -> Value {
    let id = if minor >= UUIDS { json!(compute.hypervisor_uuid) } else { json!(compute.hypervisor_number) };
    json!({
        "id": id,
        "hypervisor_hostname": host.name,
        "state": if cloud.compute_is_up(compute) { "up" } else { "down" },
        "status": if compute.enabled { "enabled" } else { "disabled" },
    })
}

fn full(cloud: &Cloud, host: &Host, compute: &ComputeService, used: Resources, minor: u32) -> Value {
    let mut body = short(cloud, host, compute, minor);
    let facts = json!({
        "vcpus": host.vcpus,
        "vcpus_used": used.vcpus,
        "memory_mb": host.memory_mb,
        "memory_mb_used": used.memory_mb,
        "free_ram_mb": host.memory_mb.saturating_sub(used.memory_mb),
        "local_gb": host.disk_gb,
        "local_gb_used": used.disk_gb,
        "free_disk_gb": host.disk_gb.saturating_sub(used.disk_gb),
        "disk_available_least": host.disk_gb.saturating_sub(used.disk_gb),
        "running_vms": used.servers,
        "current_workload": 0,
        "hypervisor_type": "QEMU",
        "hypervisor_version": 2_009_000,
        "host_ip": "127.0.0.1",
        "cpu_info": {},
        "service": {
            "host": host.name,
            "id": if minor >= UUIDS { json!(compute.uuid) } else { json!(compute.number) },
            "disabled_reason": compute.disabled_reason,
        },
    });
    if let (Some(body), Some(facts)) = (body.as_object_mut(), facts.as_object()) {
        body.extend(facts.clone());
    }
    body
}

pub(super) fn hypervisors(cloud: &Cloud, call: &Call<'_>, detail: bool) -> Reply {
    let usage = if detail { cloud.usage() } else { std::collections::BTreeMap::new() };
    let list: Vec<_> = cloud
        .hosts
        .values()
        .filter_map(|host| Some((host, host.compute.as_ref()?)))
        .map(|(host, compute)| {
            if detail {
                let used = usage.get(host.name.as_str()).copied().unwrap_or_default();
                full(cloud, host, compute, used, call.minor)
            } else {
                short(cloud, host, compute, call.minor)
            }
        })
        .collect();
    Reply::ok(&json!({"hypervisors": list}))
}

pub(super) fn hypervisor(cloud: &Cloud, call: &Call<'_>, id: &str) -> Reply {
    let number = id.bytes().all(|byte| byte.is_ascii_digit());
    let found = cloud.host_of_hypervisor(id).filter(|_| number != (call.minor >= UUIDS));
    match found.and_then(|host| Some((host, host.compute.as_ref()?))) {
        Some((host, compute)) => {
            let used = cloud.usage_of(&host.name);
            Reply::ok(&json!({"hypervisor": full(cloud, host, compute, used, call.minor)}))
        }
        None if call.minor >= UUIDS && number => bad_request(&format!("Invalid uuid {id}")),
        None => not_found(&format!("Hypervisor with ID '{id}' could not be found.")),
    }
}

fn service_json(cloud: &Cloud, host: &Host, compute: &ComputeService, minor: u32) -> Value {
    let mut body = json!({
        "id": if minor >= UUIDS { json!(compute.uuid) } else { json!(compute.number) },
        "binary": "nova-compute",
        "host": host.name,
        "zone": "nova",
        "status": if compute.enabled { "enabled" } else { "disabled" },
        "state": if cloud.compute_is_up(compute) { "up" } else { "down" },
        "disabled_reason": compute.disabled_reason,
        "updated_at": cloud.wall_text(),
    });
    if minor >= 11 {
        body["forced_down"] = json!(compute.forced_down);
    }
    body
}

pub(super) fn services(cloud: &Cloud, call: &Call<'_>) -> Reply {
    let (host, binary) = (call.request.query("host"), call.request.query("binary"));
    let wanted = |name: &str, kind: &str| {
        host.is_none_or(|host| host == name) && binary.is_none_or(|binary| binary == kind)
    };
    let mut list: Vec<Value> = Vec::new();
    for entry in cloud.hosts.values() {
        for kind in ["nova-conductor", "nova-scheduler"] {
            if entry.personality == "controller" && wanted(&entry.name, kind) {
                list.push(json!({
                    "id": cloud.stable_id(kind, &entry.name), "binary": kind, "host": entry.name,
                    "zone": "internal", "status": "enabled",
                    "state": if entry.alive { "up" } else { "down" },
                    "disabled_reason": null, "forced_down": false, "updated_at": cloud.wall_text(),
                }));
            }
        }
        if let Some(compute) = entry.compute.as_ref().filter(|_| wanted(&entry.name, "nova-compute")) {
            list.push(service_json(cloud, entry, compute, call.minor));
        }
    }
    Reply::ok(&json!({"services": list}))
}

/// StarlingX extension. Contract: southbound 3.3.
pub(super) fn create_service(cloud: &mut Cloud, call: &Call<'_>) -> Reply {
    if !cloud.features.nova_service_create {
        return not_found("The resource could not be found.");
    }
    let body = call.request.json();
    match (body["host"].as_str(), body["binary"].as_str()) {
        (Some(host), Some(binary @ "nova-compute")) => {
            if !cloud.register_compute(host) {
                return not_found(&format!("Host {host} could not be found."));
            }
            Reply::ok(&json!({"service": {"status": "created", "host": host, "binary": binary}}))
        }
        _ => bad_request("Invalid input for field/attribute: host and binary nova-compute are required."),
    }
}

pub(super) fn update_service(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Reply {
    let body = call.request.json();
    if call.minor < UUIDS {
        return update_service_by_name(cloud, call, id, &body);
    }
    let Some(name) = cloud.host_of_service(id).map(|host| host.name.clone()) else {
        return not_found(&format!("Service {id} could not be found."));
    };
    if body["status"].is_null() && body["forced_down"].is_null() {
        return bad_request("Missing required field(s): status or forced_down.");
    }
    match change(cloud, &name, &body) {
        Ok(()) => show_service(cloud, call, &name),
        Err(text) => bad_request(&text),
    }
}

fn show_service(cloud: &Cloud, call: &Call<'_>, name: &str) -> Reply {
    let found = cloud.hosts.get(name).and_then(|host| Some((host, host.compute.as_ref()?)));
    match found {
        Some((host, compute)) => {
            Reply::ok(&json!({"service": service_json(cloud, host, compute, call.minor)}))
        }
        None => not_found(&format!("Service nova-compute of {name} could not be found.")),
    }
}

fn change(cloud: &mut Cloud, name: &str, body: &Value) -> Result<(), String> {
    let compute = cloud.hosts.get_mut(name).and_then(|host| host.compute.as_mut());
    let Some(compute) = compute else { return Err(format!("Service of {name} could not be found.")) };
    match body["status"].as_str() {
        None => {}
        Some("enabled") => {
            compute.enabled = true;
            compute.disabled_reason = None;
        }
        Some("disabled") => {
            compute.enabled = false;
            compute.disabled_reason = body["disabled_reason"].as_str().map(str::to_owned);
        }
        Some(other) => return Err(format!("Invalid input for field/attribute status. Value: {other}.")),
    }
    if let Some(down) = body["forced_down"].as_bool() {
        compute.forced_down = down;
    }
    Ok(())
}

/// Before 2.53: `enable`, `disable`, `disable-log-reason`, `force-down` with the host in the body.
fn update_service_by_name(cloud: &mut Cloud, call: &Call<'_>, verb: &str, body: &Value) -> Reply {
    let name = body["host"].as_str().unwrap_or_default().to_owned();
    let update = match verb {
        "enable" => json!({"status": "enabled"}),
        "disable" => json!({"status": "disabled"}),
        "disable-log-reason" => json!({"status": "disabled", "disabled_reason": body["disabled_reason"]}),
        "force-down" if call.minor >= 11 => json!({"forced_down": body["forced_down"]}),
        _ => return not_found("Unknown action"),
    };
    match change(cloud, &name, &update) {
        Ok(()) => show_service(cloud, call, &name),
        Err(text) => not_found(&text),
    }
}

pub(super) fn delete_service(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Reply {
    let number = id.bytes().all(|byte| byte.is_ascii_digit());
    let name = cloud.host_of_service(id).filter(|_| number != (call.minor >= UUIDS));
    let Some(name) = name.map(|host| host.name.clone()) else {
        return not_found(&format!("Service {id} could not be found."));
    };
    if let Some(host) = cloud.hosts.get_mut(&name) {
        host.compute = None;
    }
    Reply::empty(204)
}
