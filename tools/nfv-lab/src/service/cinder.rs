//! Cinder v2 and v3. Contract: southbound 3.5.

use serde_json::{Value, json};

use super::page::{next_link, page};
use super::{Reply, Request};
use crate::model::Cloud;
use crate::model::storage::Volume;

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request) -> Reply {
    let segments = request.segments();
    let rest = match segments.as_slice() {
        ["v1" | "v2" | "v3", _tenant, rest @ ..] => rest,
        _ => return fault(404, "itemNotFound", "The resource could not be found."),
    };
    match rest {
        ["volumes", rest @ ..] => volumes(cloud, request, rest),
        ["snapshots"] | ["snapshots", "detail"] if request.method == "GET" => snapshots(cloud, request),
        _ => fault(404, "itemNotFound", "The resource could not be found."),
    }
}

fn fault(status: u16, kind: &str, message: &str) -> Reply {
    let mut body = serde_json::Map::new();
    body.insert(kind.into(), json!({"code": status, "message": message}));
    Reply::json(status, &body.into())
}

fn volume_json(cloud: &Cloud, volume: &Volume) -> Value {
    let mut body = json!({
        "id": volume.id, "name": volume.name, "description": volume.description,
        "status": volume.status, "size": volume.size_gb,
        "bootable": if volume.bootable { "true" } else { "false" },
        "encrypted": volume.encrypted, "metadata": {}, "attachments": [],
    });
    if let Some(image) = &volume.image {
        let name = cloud.images.get(image).map_or("", |image| image.name.as_str());
        body["volume_image_metadata"] = json!({"image_id": image, "image_name": name});
    }
    body
}

fn volumes(cloud: &mut Cloud, request: &Request, rest: &[&str]) -> Reply {
    let body = request.json();
    let wanted = &body["volume"];
    match (request.method.as_str(), rest) {
        ("GET", [] | ["detail"]) => {
            let page = match page(&cloud.volumes, request, cloud.features.page_limit, |_| true) {
                Ok(page) => page,
                Err(text) => return fault(400, "badRequest", &text),
            };
            let list: Vec<_> = page
                .items
                .iter()
                .map(|volume| {
                    if rest.is_empty() {
                        json!({"id": volume.id, "name": volume.name, "links": []})
                    } else {
                        volume_json(cloud, volume)
                    }
                })
                .collect();
            let mut body = json!({"volumes": list});
            if let Some(marker) = page.next {
                body["volumes_links"] = next_link(request, &marker);
            }
            Reply::ok(&body)
        }
        ("POST", []) => {
            let Some(size_gb) = wanted["size"].as_u64() else {
                return fault(400, "badRequest", "Invalid volume size provided for create request.");
            };
            let image = wanted["imageRef"].as_str().map(str::to_owned);
            if let Some(image) = image.as_ref().filter(|image| !cloud.images.contains_key(*image)) {
                return fault(400, "badRequest", &format!("Invalid image identifier {image}."));
            }
            let name = wanted["name"].as_str().unwrap_or_default().to_owned();
            let volume = Volume {
                id: cloud.stable_id("created-volume", &format!("{name}/{:?}", cloud.now())),
                name,
                description: wanted["description"].as_str().map(str::to_owned),
                status: "available".into(),
                size_gb,
                bootable: image.is_some(),
                encrypted: false,
                image,
            };
            let reply = Reply::json(202, &json!({"volume": volume_json(cloud, &volume)}));
            cloud.volumes.insert(volume.id.clone(), volume);
            reply
        }
        (method, [id]) => {
            let Some(volume) = cloud.volumes.get_mut(*id) else {
                return fault(404, "itemNotFound", &format!("Volume {id} could not be found."));
            };
            match method {
                "GET" => {}
                "PUT" => {
                    if let Some(text) = wanted["description"].as_str() {
                        volume.description = Some(text.to_owned());
                    }
                }
                "DELETE" => {
                    if volume.status == "in-use" {
                        let text = "Invalid volume: Volume status must be available or error.";
                        return fault(400, "badRequest", text);
                    }
                    cloud.volumes.remove(*id);
                    return Reply::empty(202);
                }
                _ => return fault(405, "badMethod", "Method not allowed"),
            }
            Reply::ok(&json!({"volume": volume_json(cloud, &cloud.volumes[*id])}))
        }
        _ => fault(404, "itemNotFound", "The resource could not be found."),
    }
}

fn snapshots(cloud: &Cloud, request: &Request) -> Reply {
    let page = match page(&cloud.snapshots, request, cloud.features.page_limit, |_| true) {
        Ok(page) => page,
        Err(text) => return fault(400, "badRequest", &text),
    };
    let list: Vec<_> = page
        .items
        .iter()
        .map(|snapshot| {
            json!({
                "id": snapshot.id, "name": snapshot.name, "description": snapshot.description,
                "size": snapshot.size_gb, "volume_id": snapshot.volume, "status": "available",
            })
        })
        .collect();
    let mut body = json!({"snapshots": list});
    if let Some(marker) = page.next {
        body["snapshots_links"] = next_link(request, &marker);
    }
    Reply::ok(&body)
}
