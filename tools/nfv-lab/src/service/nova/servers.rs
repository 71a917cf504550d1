//! `/servers`, `/os-server-groups`.

use serde_json::{Value, json};

use super::{Call, bad_request, not_found, nova_fault};
use crate::model::Cloud;
use crate::model::server::{Power, Server, VmState};
use crate::service::Reply;
use crate::service::page::{next_link, page};

pub(super) fn list(cloud: &Cloud, call: &Call<'_>, detail: bool) -> Reply {
    let request = call.request;
    let all = request.query("all_tenants").is_some_and(|value| value != "0" && value != "False");
    let (host, name, status) = (request.query("host"), request.query("name"), request.query("status"));
    let wanted = |server: &Server| {
        server.state != VmState::Deleted
            && (all || server.tenant == call.tenant)
            && host.is_none_or(|host| server.host.as_deref() == Some(host))
            && name.is_none_or(|name| server.name.contains(name))
            && status.is_none_or(|status| server.status().eq_ignore_ascii_case(status))
    };
    let page = match page(&cloud.servers, request, cloud.features.page_limit, wanted) {
        Ok(page) => page,
        Err(text) => return bad_request(&text),
    };
    let servers: Vec<_> = page
        .items
        .iter()
        .map(|server| {
            if detail {
                server_json(cloud, server, call)
            } else {
                json!({"id": server.id, "name": server.name, "links": links(call, &server.id)})
            }
        })
        .collect();
    let mut body = json!({"servers": servers});
    if let Some(marker) = page.next {
        body["servers_links"] = next_link(request, &marker);
    }
    Reply::ok(&body)
}

fn links(call: &Call<'_>, id: &str) -> Value {
    let base = call.request.base();
    json!([
        {"rel": "self", "href": format!("{base}/v2.1/{}/servers/{id}", call.tenant)},
        {"rel": "bookmark", "href": format!("{base}/{}/servers/{id}", call.tenant)},
    ])
}

pub(super) fn show(cloud: &Cloud, call: &Call<'_>, id: &str) -> Reply {
    match cloud.servers.get(id) {
        Some(server) if server.state != VmState::Deleted => {
            Reply::ok(&json!({"server": server_json(cloud, server, call)}))
        }
        _ => unknown(id),
    }
}

fn unknown(id: &str) -> Reply {
    not_found(&format!("Instance {id} could not be found."))
}

fn server_json(cloud: &Cloud, server: &Server, call: &Call<'_>) -> Value {
    let flavor = &server.flavor;
    let image = match &server.image {
        Some(id) => json!({"id": id, "links": []}),
        None => json!(""),
    };
    let volumes: Vec<_> = server
        .volumes
        .iter()
        .map(|id| {
            if call.minor >= 3 {
                json!({"id": id, "delete_on_termination": false})
            } else {
                json!({"id": id})
            }
        })
        .collect();
    let mut body = json!({
        "id": server.id,
        "name": server.name,
        "status": server.status(),
        "tenant_id": server.tenant,
        "user_id": cloud.stable_id("user", &cloud.keystone.settings.username).replace('-', ""),
        "metadata": server.metadata,
        "hostId": server.host.as_deref().map(|host| cloud.stable_id("host-id", host).replace('-', "")),
        "image": image,
        "created": server.created,
        "updated": server.updated,
        "addresses": {},
        "accessIPv4": "",
        "accessIPv6": "",
        "config_drive": "",
        "key_name": null,
        "links": links(call, &server.id),
        "OS-DCF:diskConfig": "MANUAL",
        "OS-EXT-AZ:availability_zone": server.zone.as_deref().unwrap_or("nova"),
        "OS-EXT-SRV-ATTR:host": server.host,
        "OS-EXT-SRV-ATTR:hypervisor_hostname": server.host,
        "OS-EXT-SRV-ATTR:instance_name": format!("instance-{}", &server.id[..server.id.len().min(8)]),
        "OS-EXT-STS:vm_state": server.state.as_str(),
        "OS-EXT-STS:task_state": server.task,
        "OS-EXT-STS:power_state": server.power.number(),
        "os-extended-volumes:volumes_attached": volumes,
    });
    body["flavor"] = if call.minor >= 47 {
        json!({
            "vcpus": flavor.vcpus, "ram": flavor.ram_mb, "disk": flavor.disk_gb,
            "ephemeral": flavor.ephemeral_gb, "swap": flavor.swap_mb,
            "original_name": flavor.name, "extra_specs": flavor.extra_specs,
        })
    } else {
        json!({"id": flavor.id, "links": []})
    };
    if let Some(failure) = &server.failure {
        body["fault"] = json!({"code": failure.code, "message": failure.message, "created": failure.created});
    }
    if call.wrs {
        let model = server.vif_model.as_deref().unwrap_or("virtio");
        let nics: Vec<_> = server
            .networks
            .iter()
            .enumerate()
            .map(|(index, network)| {
                let mut nic = serde_json::Map::new();
                nic.insert(format!("nic{}", index + 1), json!({"vif_model": model, "network": network}));
                Value::Object(nic)
            })
            .collect();
        body["wrs-if:nics"] = Value::Array(nics);
        body["wrs-sg:server_group"] = json!(server.group.as_deref().unwrap_or_default());
    }
    body
}

pub(super) fn create(cloud: &mut Cloud, call: &Call<'_>) -> Reply {
    let body = call.request.json();
    let wanted = &body["server"];
    let (Some(name), Some(flavor)) = (wanted["name"].as_str(), wanted["flavorRef"].as_str()) else {
        return bad_request("Invalid input for field/attribute server: name and flavorRef are required.");
    };
    let Some(flavor) = cloud.flavors.get(flavor).cloned() else {
        return bad_request(&format!("Flavor {flavor} could not be found."));
    };
    let image = wanted["imageRef"].as_str().filter(|image| !image.is_empty()).map(str::to_owned);
    if let Some(image) = image.as_ref().filter(|image| !cloud.images.contains_key(*image)) {
        return bad_request(&format!("Can not find requested image {image}"));
    }
    let devices = wanted["block_device_mapping_v2"].as_array().cloned().unwrap_or_default();
    let volumes: Vec<_> = devices
        .iter()
        .filter(|device| device["source_type"] == "volume")
        .filter_map(|device| device["uuid"].as_str().map(str::to_owned))
        .collect();
    if image.is_none() && devices.is_empty() {
        return bad_request("Block Device Mapping is Invalid: no image and no volume to boot from.");
    }
    if let Some(volume) = volumes.iter().find(|volume| !cloud.volumes.contains_key(*volume)) {
        return bad_request(&format!("Block Device Mapping is Invalid: failed to get volume {volume}."));
    }
    let hint = body["os:scheduler_hints"]["group"].as_str();
    if let Some(group) = hint.filter(|group| !cloud.groups.contains_key(*group)) {
        return bad_request(&format!("Instance group {group} could not be found."));
    }
    for volume in &volumes {
        if let Some(volume) = cloud.volumes.get_mut(volume) {
            volume.status = "in-use".into();
        }
    }
    let metadata = wanted["metadata"].as_object().map(|metadata| {
        metadata.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    });
    let id = cloud.stable_id("created-server", &format!("{name}/{:?}", cloud.now()));
    let now = cloud.wall_text();
    let server = Server {
        id: id.clone(),
        name: name.to_owned(),
        tenant: call.tenant.to_owned(),
        state: VmState::Building,
        task: None,
        power: Power::NoState,
        host: None,
        flavor,
        image,
        volumes,
        metadata: metadata.unwrap_or_default(),
        group: hint.map(str::to_owned),
        zone: wanted["availability_zone"].as_str().map(str::to_owned),
        networks: Vec::new(),
        vif_model: None,
        guest_rejects: false,
        created: now.clone(),
        updated: now,
        failure: None,
        progress: None,
        resized: None,
        running_since: cloud.now().as_secs_f64(),
        boots: 0,
        generation: 0,
    };
    match cloud.create_server(server) {
        Ok(()) => Reply::json(
            202,
            &json!({"server": {
                "id": id, "links": links(call, &id), "OS-DCF:diskConfig": "MANUAL",
                "security_groups": [{"name": "default"}], "adminPass": "lab",
            }}),
        ),
        Err(error) => nova_fault(&error),
    }
}

pub(super) fn attachments(cloud: &Cloud, id: &str) -> Reply {
    let Some(server) = cloud.servers.get(id) else { return unknown(id) };
    let list: Vec<_> = server.volumes.iter().map(|volume| attachment(id, volume, None)).collect();
    Reply::ok(&json!({"volumeAttachments": list}))
}

fn attachment(server: &str, volume: &str, device: Option<&str>) -> Value {
    json!({"id": volume, "volumeId": volume, "serverId": server, "device": device.unwrap_or("/dev/vdb")})
}

pub(super) fn attach(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Reply {
    let body = call.request.json();
    let wanted = &body["volumeAttachment"];
    let Some(volume) = wanted["volumeId"].as_str() else {
        return bad_request("Invalid input for field/attribute volumeAttachment: volumeId is required.");
    };
    let Some(server) = cloud.servers.get_mut(id) else { return unknown(id) };
    let Some(entry) = cloud.volumes.get_mut(volume) else {
        return not_found(&format!("Volume {volume} could not be found."));
    };
    if entry.status != "available" {
        return bad_request(&format!("Invalid volume: volume {volume} status must be available."));
    }
    entry.status = "in-use".into();
    server.volumes.push(volume.to_owned());
    Reply::ok(&json!({"volumeAttachment": attachment(id, volume, wanted["device"].as_str())}))
}

pub(super) fn groups(cloud: &Cloud, call: &Call<'_>) -> Reply {
    let groups: Vec<_> = cloud
        .groups
        .values()
        .map(|group| {
            let members: Vec<_> = cloud
                .servers
                .values()
                .filter(|server| server.group.as_deref() == Some(&group.id))
                .map(|server| server.id.as_str())
                .collect();
            let metadata = if group.best_effort { json!({"wrs-sg:best_effort": "true"}) } else { json!({}) };
            let mut body = json!({
                "id": group.id, "name": group.name, "policies": [group.policy],
                "members": members, "metadata": metadata,
            });
            if call.minor >= 13 {
                body["project_id"] = json!(call.tenant);
                body["user_id"] = json!("");
            }
            body
        })
        .collect();
    Reply::ok(&json!({"server_groups": groups}))
}
