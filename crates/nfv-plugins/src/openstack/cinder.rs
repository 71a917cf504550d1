//! Cinder, and the calls of the block storage plugin. Contract: southbound 3.5, 5.5.

use super::caller::{Caller, InAnswer};
use super::catalog::Service;
use super::fields::{self, FieldError, encoded};
use super::rest::Request;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::{BlockStorageCall, Page};
use nfv_nfvi::object::{Volume, VolumeSnapshot};
use nfv_nfvi::{Answer, CallError, CallResult};
use reqwest::Method;
use serde_json::{Value, json};

/// Makes a call of the block storage plugin.
pub(crate) async fn perform(caller: &mut Caller<'_>, call: BlockStorageCall) -> CallResult {
    match call {
        BlockStorageCall::GetVolumes { page } => volumes(caller, &page).await.map(Answer::VolumeIds),
        BlockStorageCall::GetVolume { uuid } => volume(caller, &uuid).await.map(Answer::Volume),
        BlockStorageCall::GetVolumeSnapshots => snapshots(caller).await.map(Answer::VolumeSnapshots),
        BlockStorageCall::CreateVolume { name, description, size_gb, image_uuid, bootable } => {
            let mut wanted = json!({"name": name, "description": description, "size": size_gb});
            if let Some(image) = image_uuid {
                wanted["imageRef"] = image.into();
            }
            if let Some(bootable) = bootable {
                wanted["bootable"] = bootable.into();
            }
            let post = request(caller, "create_volume", Method::POST, "/volumes").await?;
            let body = caller.read(post.json(&json!({"volume": wanted}))).await?;
            let id = fields::object(&body, "volume").and_then(|volume| fields::text(volume, "id"));
            volume(caller, &id.in_answer("cinder volumes")?).await.map(Answer::Volume)
        }
        BlockStorageCall::UpdateVolume { uuid, description } => {
            let path = format!("/volumes/{}", encoded(&uuid));
            let put = request(caller, "update_volume", Method::PUT, &path).await?;
            caller.send(put.json(&json!({"volume": {"description": description}}))).await?;
            volume(caller, &uuid).await.map(Answer::Volume)
        }
        BlockStorageCall::DeleteVolume { uuid } => {
            let path = format!("/volumes/{}", encoded(&uuid));
            let delete = request(caller, "delete_volume", Method::DELETE, &path).await?;
            caller.send(delete).await.map(|_| Answer::Done)
        }
    }
}

async fn request(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    path: &str,
) -> Result<Request, CallError> {
    let base = caller.base(Service::Cinder).await?;
    Ok(Request::new("cinder", function, method, format!("{base}{path}")).wrs())
}

/// One page of ids and names; no Cinder has none.
async fn volumes(caller: &mut Caller<'_>, page: &Page) -> Result<Paged<(String, String)>, CallError> {
    if !caller.neighbours.is_registered(Service::Cinder) {
        return Ok(Paged { entries: Vec::new(), next: None });
    }
    let get = match &page.next {
        Some(next) => Request::new("cinder", "get_volumes", Method::GET, next.clone()).wrs(),
        None => {
            let path = format!("/volumes?limit={}&all_tenants=1", page.limit);
            request(caller, "get_volumes", Method::GET, &path).await?
        }
    };
    let body = caller.read(get).await?;
    let read = |entry: &Value| {
        let id = fields::text(entry, "id")?;
        Ok((id.clone(), name_or(entry, id)))
    };
    let entries = fields::list(&body, "volumes").in_answer("cinder volumes")?;
    Ok(Paged {
        entries: entries.iter().map(read).collect::<Result<_, _>>().in_answer("cinder volumes")?,
        next: fields::next_link(&body, "volumes_links"),
    })
}

fn name_or(entry: &Value, id: String) -> String {
    fields::optional_text(entry, "name").filter(|name| !name.is_empty()).unwrap_or(id)
}

async fn volume(caller: &mut Caller<'_>, uuid: &str) -> Result<Volume, CallError> {
    let path = format!("/volumes/{}", encoded(uuid));
    let get = request(caller, "get_volume", Method::GET, &path).await?;
    let body = caller.read(get).await?;
    fields::object(&body, "volume").and_then(volume_from).in_answer("cinder volumes")
}

fn volume_from(entry: &Value) -> Result<Volume, FieldError> {
    let id = fields::text(entry, "id")?;
    let status = fields::text(entry, "status")?;
    // the texts are those of the contract, odd as they are (quirk 13)
    let text_in = |key: &str, yes: [&str; 3]| {
        let is = entry[key].as_str().is_some_and(|text| yes.contains(&text));
        if is { "yes" } else { "no" }.to_owned()
    };
    Ok(Volume {
        name: name_or(entry, id.clone()),
        uuid: id,
        description: fields::optional_text(entry, "description").unwrap_or_default(),
        avail_status: match status.as_str() {
            "available" | "in-use" => vec![status.clone()],
            "error" | "error_deleting" | "error_restoring" | "error_extending" => vec!["failed".to_owned()],
            _ => Vec::new(),
        },
        action: match status.as_str() {
            "creating" => "building",
            "attaching" | "deleting" | "backing-up" | "restoring-backup" | "downloading" => &status,
            _ => "",
        }
        .to_owned(),
        size_gb: fields::count(entry, "size")?,
        bootable: text_in("bootable", ["true", "False", "1"]),
        encrypted: text_in("encrypted", ["true", "True", "1"]),
        image_uuid: fields::optional_text(&entry["volume_image_metadata"], "image_id"),
    })
}

async fn snapshots(caller: &mut Caller<'_>) -> Result<Vec<VolumeSnapshot>, CallError> {
    if !caller.neighbours.is_registered(Service::Cinder) {
        return Ok(Vec::new());
    }
    let get = request(caller, "get_volume_snapshots", Method::GET, "/snapshots?all_tenants=1").await?;
    let body = caller.read(get).await?;
    let read = |entry: &Value| {
        Ok(VolumeSnapshot {
            uuid: fields::text(entry, "id")?,
            name: fields::optional_text(entry, "name").unwrap_or_default(),
            description: fields::optional_text(entry, "description").unwrap_or_default(),
            size_gb: fields::count(entry, "size")?,
            volume_uuid: fields::text(entry, "volume_id")?,
        })
    };
    let entries = fields::list(&body, "snapshots").in_answer("cinder snapshots")?;
    entries.iter().map(read).collect::<Result<_, _>>().in_answer("cinder snapshots")
}
