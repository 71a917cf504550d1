//! Glance, and the calls of the image plugin. Contract: southbound 3.6, 5.6.

use super::caller::{Caller, InAnswer, bad_answer, is_404};
use super::catalog::Service;
use super::fields::{self, FieldError, encoded};
use super::rest::Request;
use super::upload::File;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::{ImageAttributes, ImageCall, Page};
use nfv_nfvi::object::Image;
use nfv_nfvi::{Answer, CallError, CallResult};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

const PATCH_TYPE: &str = "application/openstack-images-v2.1-json-patch";
const AUTO_RECOVERY: &str = "sw_wrs_auto_recovery";
const OTHER_PROPERTIES: [&str; 2] = ["hw_wrs_live_migration_timeout", "hw_wrs_live_migration_max_downtime"];

/// Makes a call of the image plugin.
pub(crate) async fn perform(caller: &mut Caller<'_>, call: ImageCall) -> CallResult {
    match call {
        ImageCall::GetImages { page } => images(caller, &page).await.map(Answer::Images),
        ImageCall::GetImage { uuid } => image(caller, &uuid).await.map(Answer::Image),
        ImageCall::CreateImage { name, attributes, image_data_url } => {
            create(caller, &name, &attributes, image_data_url.as_deref()).await
        }
        ImageCall::UpdateImage { uuid, attributes } => {
            patch(caller, "update_image", &uuid, &changes(&attributes)).await?;
            image(caller, &uuid).await.map(Answer::Image)
        }
        ImageCall::DeleteImage { uuid } => {
            let path = format!("/v2/images/{}", encoded(&uuid));
            let delete = request(caller, "delete_image", Method::DELETE, &path).await?;
            match caller.send(delete).await {
                Err(error) if !is_404(&error) => Err(error),
                _ => Ok(Answer::Done),
            }
        }
    }
}

async fn request(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    path: &str,
) -> Result<Request, CallError> {
    let base = caller.base(Service::Glance).await?;
    Ok(Request::new("glance", function, method, format!("{base}{path}")))
}

/// One page; the next one is a path below Glance's address. No Glance has none.
async fn images(caller: &mut Caller<'_>, page: &Page) -> Result<Paged<Image>, CallError> {
    if !caller.neighbours.is_registered(Service::Glance) {
        return Ok(Paged { entries: Vec::new(), next: None });
    }
    let first = || format!("/v2/images?limit={}", page.limit);
    let path = page.next.clone().unwrap_or_else(first);
    let get = request(caller, "get_images", Method::GET, &path).await?;
    let body = caller.read(get).await?;
    let entries = fields::list(&body, "images").in_answer("glance images")?;
    Ok(Paged {
        entries: entries.iter().map(image_from).collect::<Result<_, _>>().in_answer("glance images")?,
        next: fields::optional_text(&body, "next"),
    })
}

async fn image(caller: &mut Caller<'_>, uuid: &str) -> Result<Image, CallError> {
    let path = format!("/v2/images/{}", encoded(uuid));
    let get = request(caller, "get_image", Method::GET, &path).await?;
    let body = caller.read(get).await?;
    image_from(&body).in_answer("glance images")
}

fn image_from(entry: &Value) -> Result<Image, FieldError> {
    let uuid = fields::text(entry, "id")?;
    let status = fields::text(entry, "status")?;
    let mut properties = BTreeMap::new();
    match entry[AUTO_RECOVERY].as_str().map(str::to_lowercase).as_deref() {
        None => {}
        Some(text @ ("true" | "false")) => {
            properties.insert(AUTO_RECOVERY.to_owned(), (text == "true").into());
        }
        Some(text) => {
            tracing::error!("Image {uuid}: {AUTO_RECOVERY} {text:?} is neither true nor false, ignored.");
        }
    }
    for key in OTHER_PROPERTIES {
        properties.insert(key.to_owned(), entry[key].clone());
    }
    Ok(Image {
        name: fields::optional_text(entry, "name").unwrap_or_else(|| uuid.clone()),
        uuid,
        description: fields::optional_text(entry, "description").unwrap_or_default(),
        avail_status: match status.as_str() {
            "active" => vec!["available".to_owned()],
            "deleted" => vec!["deleted".to_owned()],
            _ => Vec::new(),
        },
        action: match status.as_str() {
            "pending_delete" => "deleting",
            "saving" => "saving",
            _ => "",
        }
        .to_owned(),
        container_format: fields::optional_text(entry, "container_format"),
        disk_format: fields::optional_text(entry, "disk_format"),
        min_disk_size_gb: fields::optional_count(entry, "min_disk").unwrap_or(0),
        min_memory_size_mb: fields::optional_count(entry, "min_ram").unwrap_or(0),
        visibility: fields::optional_text(entry, "visibility"),
        protected: if entry["protected"] == true { "yes" } else { "no" }.to_owned(),
        properties,
    })
}

/// The file that a URL names; none when the data is not on this machine. Of `file://` six characters are cut, so
/// that two slashes stand before a path with three. Contract: southbound 5.6.
fn local_path(url: &str) -> Option<PathBuf> {
    url.starts_with("file://").then(|| PathBuf::from(&url["file:/".len()..]))
}

async fn create(
    caller: &mut Caller<'_>,
    name: &str,
    attributes: &ImageAttributes,
    data_url: Option<&str>,
) -> CallResult {
    // looked at first: an image without its data is of no use
    let file = match data_url.and_then(local_path) {
        Some(path) => Some(File::look(path).await.map_err(|cause| bad_answer("image data", &cause))?),
        None => None,
    };
    let mut wanted = json!({
        "name": name,
        "description": attributes.description,
        "container_format": attributes.container_format,
        "disk_format": attributes.disk_format,
        "min_disk": attributes.min_disk_size_gb,
        "min_ram": attributes.min_memory_size_mb,
        "visibility": attributes.visibility,
        "protected": attributes.protected,
    });
    for (key, value) in &attributes.properties {
        wanted[key.as_str()] = value.clone();
    }
    let post = request(caller, "create_image", Method::POST, "/v2/images").await?;
    let body = caller.read(post.json(&wanted)).await?;
    let uuid = fields::text(&body, "id").in_answer("glance images")?;
    if let Some(file) = file {
        let path = format!("/v2/images/{}/file", encoded(&uuid));
        let put = request(caller, "upload_image_data_by_file", Method::PUT, &path).await?;
        caller.send(put.header("Content-Type", "application/octet-stream").file(file)).await?;
    } else if let Some(url) = data_url {
        let location = json!([{"op": "add", "path": "/locations/0", "value": {"url": url, "metadata": {}}}]);
        patch(caller, "upload_image_data_by_url", &uuid, &location).await?;
    }
    image(caller, &uuid).await.map(Answer::Image)
}

/// The changes in their order; what is not given is left out.
fn changes(attributes: &ImageAttributes) -> Value {
    let fixed = [
        ("description", attributes.description.as_ref().map(|text| json!(text))),
        ("min_disk", attributes.min_disk_size_gb.map(Value::from)),
        ("min_ram", attributes.min_memory_size_mb.map(Value::from)),
        ("visibility", attributes.visibility.as_ref().map(|text| json!(text))),
        ("protected", attributes.protected.map(Value::from)),
    ];
    let extra = attributes.properties.iter().map(|(key, value)| (key.as_str(), Some(value.clone())));
    fixed
        .into_iter()
        .chain(extra)
        .filter_map(|(key, value)| Some((key, value.filter(|value| !value.is_null())?)))
        .map(|(key, value)| json!({"op": "replace", "path": format!("/{key}"), "value": value}))
        .collect()
}

async fn patch(
    caller: &mut Caller<'_>,
    function: &'static str,
    uuid: &str,
    operations: &Value,
) -> Result<(), CallError> {
    let path = format!("/v2/images/{}", encoded(uuid));
    let patch = request(caller, function, Method::PATCH, &path).await?;
    caller.send(patch.header("Content-Type", PATCH_TYPE).body(operations.to_string())).await.map(drop)
}
