//! Glance v2. Contract: southbound 3.6.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::page::{next_query, page};
use super::{Reply, Request};
use crate::model::Cloud;
use crate::model::storage::Image;

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request) -> Reply {
    let segments = request.segments();
    let rest = match segments.as_slice() {
        ["v2", "images", rest @ ..] => rest,
        _ => return fault(404, "The resource could not be found."),
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => list(cloud, request),
        ("POST", []) => create(cloud, request),
        (_, [id, ..]) if !cloud.images.contains_key(*id) => {
            fault(404, &format!("No image found with ID {id}"))
        }
        ("GET", [id]) => Reply::ok(&image_json(&cloud.images[*id])),
        ("PATCH", [id]) => update(cloud, request, id),
        ("PUT", [id, "file"]) => {
            if let Some(image) = cloud.images.get_mut(*id) {
                image.size = Some(request.body.len() as u64);
                image.status = "active".into();
            }
            Reply::empty(204)
        }
        ("DELETE", [id]) => {
            if cloud.images[*id].protected {
                return fault(403, &format!("Image {id} is protected and cannot be deleted."));
            }
            cloud.images.remove(*id);
            Reply::empty(204)
        }
        _ => fault(404, "The resource could not be found."),
    }
}

/// Glance answers errors in HTML.
fn fault(status: u16, text: &str) -> Reply {
    let body =
        format!("<html><head><title>{status}</title></head><body><h1>{status}</h1>{text}</body></html>");
    Reply { status, headers: Vec::new(), content_type: "text/html; charset=UTF-8", body: body.into_bytes() }
}

fn image_json(image: &Image) -> Value {
    let mut body = json!({
        "id": image.id, "name": image.name, "status": image.status, "visibility": image.visibility,
        "container_format": image.container_format, "disk_format": image.disk_format,
        "min_disk": image.min_disk, "min_ram": image.min_ram, "protected": image.protected,
        "size": image.size, "tags": [], "created_at": image.created, "updated_at": image.updated,
        "file": format!("/v2/images/{}/file", image.id), "self": format!("/v2/images/{}", image.id),
        "schema": "/v2/schemas/image",
    });
    if let Some(description) = &image.description {
        body["description"] = json!(description);
    }
    for (key, value) in &image.properties {
        body[key.as_str()] = json!(value);
    }
    body
}

fn list(cloud: &Cloud, request: &Request) -> Reply {
    let page = match page(&cloud.images, request, cloud.features.page_limit, |_| true) {
        Ok(page) => page,
        Err(text) => return fault(400, &text),
    };
    let images: Vec<_> = page.items.iter().map(|image| image_json(image)).collect();
    let mut body = json!({"images": images, "first": "/v2/images", "schema": "/v2/schemas/images"});
    if let Some(marker) = page.next {
        body["next"] = json!(format!("/v2/images?{}", next_query(request, &marker)));
    }
    Reply::ok(&body)
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn create(cloud: &mut Cloud, request: &Request) -> Reply {
    let body = request.json();
    let Some(fields) = body.as_object() else { return fault(400, "Body expected in request.") };
    let name = fields.get("name").map(as_text).unwrap_or_default();
    let id = match fields.get("id").and_then(Value::as_str) {
        Some(id) => id.to_owned(),
        None => cloud.stable_id("created-image", &format!("{name}/{:?}", cloud.now())),
    };
    if cloud.images.contains_key(&id) {
        return fault(409, &format!("Image ID {id} already exists!"));
    }
    let now = cloud.wall_text();
    let mut image = Image {
        id: id.clone(),
        name: String::new(),
        status: "queued".into(),
        disk_format: String::new(),
        container_format: String::new(),
        min_disk: 0,
        min_ram: 0,
        visibility: "private".into(),
        protected: false,
        description: None,
        size: None,
        properties: BTreeMap::new(),
        created: now.clone(),
        updated: now,
    };
    for (key, value) in fields {
        set(&mut image, key, value);
    }
    let reply = Reply::json(201, &image_json(&image)).with("Location", format!("/v2/images/{id}"));
    cloud.images.insert(id, image);
    reply
}

fn set(image: &mut Image, key: &str, value: &Value) {
    match key {
        "id" => {}
        "name" => image.name = as_text(value),
        "description" => image.description = value.as_str().map(str::to_owned),
        "disk_format" => image.disk_format = as_text(value),
        "container_format" => image.container_format = as_text(value),
        "visibility" => image.visibility = as_text(value),
        "min_disk" => image.min_disk = value.as_u64().unwrap_or(image.min_disk),
        "min_ram" => image.min_ram = value.as_u64().unwrap_or(image.min_ram),
        "protected" => image.protected = value.as_bool().unwrap_or(image.protected),
        "locations" => image.status = "active".into(),
        _ => {
            image.properties.insert(key.to_owned(), as_text(value));
        }
    }
}

fn update(cloud: &mut Cloud, request: &Request, id: &str) -> Reply {
    let kind = request.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/openstack-images-v2") {
        return fault(415, "Unsupported Media Type");
    }
    let body = request.json();
    let Some(operations) = body.as_array() else { return fault(400, "Request body must be a JSON array") };
    let now = cloud.wall_text();
    let Some(image) = cloud.images.get_mut(id) else { return fault(404, "No image found") };
    let mut changed = image.clone();
    for operation in operations {
        let path = operation["path"].as_str().unwrap_or_default().trim_start_matches('/');
        let key = path.split('/').next().unwrap_or_default();
        match operation["op"].as_str() {
            Some("replace" | "add") => set(&mut changed, key, &operation["value"]),
            Some("remove") => {
                changed.properties.remove(key);
            }
            _ => return fault(400, "Operation must be add, replace or remove"),
        }
    }
    changed.updated = now;
    *image = changed;
    Reply::ok(&image_json(image))
}
