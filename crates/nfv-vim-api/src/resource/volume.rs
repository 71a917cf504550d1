//! Volumes. Contract: vim-api 1.9.

use super::{Answer, listed, payload, require_uuid, single};
use crate::vim::{SHORT, VimClient};
use crate::wire::schema::{Kind, Need, Record, may, must};
use crate::wire::{Fault, Node, Values};
use nfv_vim_rpc::volume::{CreateVolume, GetVolume, UpdateVolume, Volume};
use nfv_vim_rpc::{ByUuid, Request};

/// Body of a new volume.
pub static CREATE: Record = Record {
    name: "VolumeCreateData",
    fields: &[
        must("name", Kind::Text),
        may("description", Kind::Text, Need::OrText("")),
        must("disk_size", Kind::Count),
        may("image_uuid", Kind::Text, Need::OrNull),
    ],
};

/// Body of a change.
pub static UPDATE: Record =
    Record { name: "VolumeUpdateData", fields: &[may("description", Kind::Text, Need::OrNull)] };

/// A volume as it is shown; its size never is.
pub static SHOWN: Record = Record {
    name: "VolumeQueryData",
    fields: &[
        must("uuid", Kind::Text),
        must("name", Kind::Text),
        must("description", Kind::Text),
        must("disk_size", Kind::Text),
        must("bootable", Kind::Text),
        must("encrypted", Kind::Text),
        must("availability_status", Kind::List(&Kind::Text)),
        must("action", Kind::Text),
    ],
};

fn show(volume: Volume) -> Node {
    Node::Object(vec![
        ("uuid", Node::optional(volume.uuid)),
        ("name", Node::optional(volume.name)),
        ("description", Node::optional(volume.description)),
        ("disk_size", Node::Null),
        ("bootable", Node::optional(volume.bootable)),
        ("encrypted", Node::optional(volume.encrypted)),
        ("availability_status", Node::texts(volume.avail_status)),
        ("action", Node::optional(volume.action)),
    ])
}

/// GET of all.
pub async fn list(vim: &VimClient) -> Result<Answer, Fault> {
    let get = GetVolume { get_all: true, filter_by_uuid: None };
    let show = |response| listed(response, payload!(GetVolume)).map(show);
    Ok(Answer::ok(Node::List(vim.ask_all(Request::GetVolume(get), show).await?)))
}

async fn find(vim: &VimClient, uuid: &str) -> Result<Volume, Fault> {
    require_uuid(uuid)?;
    let get = GetVolume { get_all: false, filter_by_uuid: Some(uuid.to_owned()) };
    single(vim.ask_one(Request::GetVolume(get), SHORT).await?, payload!(GetVolume))
}

/// GET of one.
pub async fn get(vim: &VimClient, uuid: &str) -> Result<Answer, Fault> {
    Ok(Answer::ok(show(find(vim, uuid).await?)))
}

/// POST
pub async fn create(vim: &VimClient, body: &Values) -> Result<Answer, Fault> {
    let image_uuid = body.text("image_uuid");
    if let Some(uuid) = &image_uuid {
        require_uuid(uuid)?;
    }
    let request = CreateVolume {
        name: body.text("name"),
        description: body.text("description"),
        size_gb: body.count("disk_size"),
        image_uuid,
    };
    let response = vim.ask_one(Request::CreateVolume(request), SHORT).await?;
    Ok(Answer::created(show(listed(response, payload!(CreateVolume))?)))
}

/// PUT
pub async fn update(vim: &VimClient, uuid: &str, body: &Values) -> Result<Answer, Fault> {
    let now = find(vim, uuid).await?;
    let description = body.text("description").or(now.description);
    let request = UpdateVolume { uuid: Some(uuid.to_owned()), description };
    let response = vim.ask_one(Request::UpdateVolume(request), SHORT).await?;
    Ok(Answer::ok(show(listed(response, payload!(UpdateVolume))?)))
}

/// DELETE
pub async fn delete(vim: &VimClient, uuid: &str) -> Result<Answer, Fault> {
    require_uuid(uuid)?;
    let response = vim.ask_one(Request::DeleteVolume(ByUuid::new(uuid)), SHORT).await?;
    single(response, payload!(DeleteVolume))?;
    Ok(Answer::bare(204))
}
