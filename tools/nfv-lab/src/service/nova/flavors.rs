//! `/flavors`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, bad_request, conflict, not_found};
use crate::model::Cloud;
use crate::model::compute::Flavor;
use crate::service::Reply;
use crate::service::page::{next_link, page};

pub(super) fn list(cloud: &Cloud, call: &Call<'_>, detail: bool) -> Reply {
    let page = match page(&cloud.flavors, call.request, cloud.features.page_limit, |_| true) {
        Ok(page) => page,
        Err(text) => return bad_request(&text),
    };
    let flavors: Vec<_> = page
        .items
        .iter()
        .map(|flavor| {
            if detail {
                flavor_json(flavor)
            } else {
                json!({"id": flavor.id, "name": flavor.name, "links": []})
            }
        })
        .collect();
    let mut body = json!({"flavors": flavors});
    if let Some(marker) = page.next {
        body["flavors_links"] = next_link(call.request, &marker);
    }
    Reply::ok(&body)
}

fn flavor_json(flavor: &Flavor) -> Value {
    json!({
        "id": flavor.id, "name": flavor.name, "vcpus": flavor.vcpus, "ram": flavor.ram_mb,
        "disk": flavor.disk_gb, "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral_gb,
        "swap": if flavor.swap_mb == 0 { json!("") } else { json!(flavor.swap_mb) },
        "rxtx_factor": 1.0, "os-flavor-access:is_public": true, "OS-FLV-DISABLED:disabled": false,
        "links": [],
    })
}

fn unknown(id: &str) -> Reply {
    not_found(&format!("Flavor {id} could not be found."))
}

pub(super) fn show(cloud: &Cloud, _: &Call<'_>, id: &str) -> Reply {
    match cloud.flavors.get(id) {
        Some(flavor) => Reply::ok(&json!({"flavor": flavor_json(flavor)})),
        None => unknown(id),
    }
}

pub(super) fn create(cloud: &mut Cloud, call: &Call<'_>) -> Reply {
    let body = call.request.json();
    let wanted = &body["flavor"];
    let number = |key: &str| wanted[key].as_u64().or_else(|| wanted[key].as_str()?.parse().ok());
    let (Some(name), Some(vcpus), Some(ram_mb), Some(disk_gb)) =
        (wanted["name"].as_str(), number("vcpus"), number("ram"), number("disk"))
    else {
        return bad_request(
            "Invalid input for field/attribute flavor: name, vcpus, ram and disk are required.",
        );
    };
    let id = match &wanted["id"] {
        Value::String(id) if id != "auto" => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => cloud.stable_id("flavor", name),
    };
    if cloud.flavors.values().any(|flavor| flavor.id == id || flavor.name == name) {
        return conflict(&format!("Flavor with name {name} or ID {id} already exists."));
    }
    let flavor = Flavor {
        id: id.clone(),
        name: name.to_owned(),
        vcpus: u32::try_from(vcpus).unwrap_or(u32::MAX),
        ram_mb,
        disk_gb,
        ephemeral_gb: number("OS-FLV-EXT-DATA:ephemeral").unwrap_or(0),
        swap_mb: number("swap").unwrap_or(0),
        extra_specs: std::collections::BTreeMap::new(),
    };
    let reply = Reply::ok(&json!({"flavor": flavor_json(&flavor)}));
    cloud.flavors.insert(id, Arc::new(flavor));
    reply
}

pub(super) fn delete(cloud: &mut Cloud, id: &str) -> Reply {
    match cloud.flavors.remove(id) {
        Some(_) => Reply::empty(202),
        None => unknown(id),
    }
}

pub(super) fn extra_specs(cloud: &Cloud, id: &str) -> Reply {
    match cloud.flavors.get(id) {
        Some(flavor) => Reply::ok(&json!({"extra_specs": flavor.extra_specs})),
        None => unknown(id),
    }
}

pub(super) fn set_extra_specs(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Reply {
    let Some(flavor) = cloud.flavors.get_mut(id) else { return unknown(id) };
    let body = call.request.json();
    let Some(specs) = body["extra_specs"].as_object() else {
        return bad_request("Invalid input for field/attribute extra_specs.");
    };
    let flavor = Arc::make_mut(flavor);
    for (key, value) in specs {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        flavor.extra_specs.insert(key.clone(), text);
    }
    Reply::ok(&json!({"extra_specs": specs}))
}
