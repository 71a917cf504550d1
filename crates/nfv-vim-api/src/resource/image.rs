//! Images. Contract: vim-api 1.8.

use super::{Answer, listed, payload, require_uuid, single};
use crate::vim::{IMAGE, SHORT, VimClient};
use crate::wire::schema::{Kind, Need, Record, may, must};
use crate::wire::{Fault, Node, Values};
use nfv_vim_rpc::image::{CreateImage, Image, Properties, UpdateImage};
use nfv_vim_rpc::instance::Get;
use nfv_vim_rpc::{ByUuid, Request};

/// In the order of the original's texts.
const CONTAINER_FORMATS: Kind = Kind::Choice(&["ami", "ovf", "aki", "ova", "bare", "ari"]);
const DISK_FORMATS: Kind = Kind::Choice(&["ami", "qcow2", "raw", "aki", "vmdk", "iso", "vhd", "vdi", "ari"]);
const VISIBILITIES: Kind = Kind::Choice(&["shared", "public", "private"]);

/// Body of a new image.
pub static CREATE: Record = Record {
    name: "ImageCreateData",
    fields: &[
        must("name", Kind::Text),
        may("description", Kind::Text, Need::OrText("")),
        must("container_format", CONTAINER_FORMATS),
        must("disk_format", DISK_FORMATS),
        may("minimum_disk_size", Kind::Count, Need::OrInt(0)),
        may("minimum_memory_size", Kind::Count, Need::OrInt(0)),
        may("visibility", VISIBILITIES, Need::OrText("public")),
        may("protected", Kind::Flag, Need::OrFlag(false)),
        may("properties", Kind::Text, Need::OrNull),
        must("image_data_ref", Kind::Text),
    ],
};

/// Body of a change.
pub static UPDATE: Record = Record {
    name: "ImageUpdateData",
    fields: &[
        may("description", Kind::Text, Need::OrNull),
        may("minimum_disk_size", Kind::Count, Need::OrNull),
        may("minimum_memory_size", Kind::Count, Need::OrNull),
        may("visibility", VISIBILITIES, Need::OrNull),
        may("protected", Kind::Flag, Need::OrNull),
        may("properties", Kind::Text, Need::OrNull),
    ],
};

/// An image as it is shown; formats and visibility may be others than those of new images.
pub static SHOWN: Record = Record {
    name: "ImageQueryData",
    fields: &[
        must("uuid", Kind::Text),
        must("name", Kind::Text),
        must("description", Kind::Text),
        must("container_format", Kind::Text),
        must("disk_format", Kind::Text),
        must("minimum_disk_size", Kind::Int),
        must("minimum_memory_size", Kind::Int),
        must("visibility", Kind::Text),
        must("protected", Kind::Text),
        must("availability_status", Kind::List(&Kind::Text)),
        must("action", Kind::Text),
        must("properties", Kind::Text),
    ],
};

fn show(image: Image) -> Node {
    Node::Object(vec![
        ("uuid", Node::optional(image.uuid)),
        ("name", Node::optional(image.name)),
        ("description", Node::optional(image.description)),
        ("container_format", Node::optional(image.container_format)),
        ("disk_format", Node::optional(image.disk_format)),
        ("minimum_disk_size", Node::number(image.min_disk_size_gb)),
        ("minimum_memory_size", Node::number(image.min_memory_size_mb)),
        ("visibility", Node::optional(image.visibility)),
        ("protected", Node::optional(image.protected)),
        ("availability_status", Node::texts(image.avail_status)),
        ("action", Node::optional(image.action)),
        ("properties", Node::optional(image.properties)),
    ])
}

/// GET of all.
pub async fn list(vim: &VimClient) -> Result<Answer, Fault> {
    let show = |response| listed(response, payload!(GetImage)).map(show);
    Ok(Answer::ok(Node::List(vim.ask_all(Request::GetImage(Get::all()), show).await?)))
}

async fn find(vim: &VimClient, uuid: &str) -> Result<Image, Fault> {
    require_uuid(uuid)?;
    single(vim.ask_one(Request::GetImage(Get::one(uuid)), SHORT).await?, payload!(GetImage))
}

/// GET of one.
pub async fn get(vim: &VimClient, uuid: &str) -> Result<Answer, Fault> {
    Ok(Answer::ok(show(find(vim, uuid).await?)))
}

/// The object in the text.
fn properties(text: &str) -> Result<Properties, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::BadRequest)
}

/// POST
pub async fn create(vim: &VimClient, body: &Values) -> Result<Answer, Fault> {
    let request = CreateImage {
        name: body.text("name"),
        description: body.text("description"),
        container_format: body.text("container_format"),
        disk_format: body.text("disk_format"),
        min_disk_size_gb: body.count("minimum_disk_size"),
        min_memory_size_mb: body.count("minimum_memory_size"),
        visibility: body.text("visibility"),
        protected: body.flag("protected"),
        properties: body.text("properties").as_deref().map(properties).transpose()?,
        image_data_ref: body.text("image_data_ref"),
    };
    let response = vim.ask_one(Request::CreateImage(request), IMAGE).await?;
    Ok(Answer::created(show(listed(response, payload!(CreateImage))?)))
}

/// PUT; what is not given stays as it is.
pub async fn update(vim: &VimClient, uuid: &str, body: &Values) -> Result<Answer, Fault> {
    let now = find(vim, uuid).await?;
    let wanted = body.text("properties").as_deref().map(properties).transpose()?;
    let kept = || now.properties.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let request = UpdateImage {
        uuid: Some(uuid.to_owned()),
        description: body.text("description").or(now.description.clone()),
        min_disk_size_gb: body.count("minimum_disk_size").or(now.min_disk_size_gb),
        min_memory_size_mb: body.count("minimum_memory_size").or(now.min_memory_size_mb),
        visibility: body.text("visibility").or(now.visibility.clone()),
        // the original sends the words `yes` and `no` back
        protected: body.flag("protected").or(now.protected.as_deref().map(|word| word == "yes")),
        properties: wanted.or_else(kept),
    };
    let response = vim.ask_one(Request::UpdateImage(request), SHORT).await?;
    Ok(Answer::ok(show(listed(response, payload!(UpdateImage))?)))
}

/// DELETE
pub async fn delete(vim: &VimClient, uuid: &str) -> Result<Answer, Fault> {
    require_uuid(uuid)?;
    let response = vim.ask_one(Request::DeleteImage(ByUuid::new(uuid)), SHORT).await?;
    single(response, payload!(DeleteImage))?;
    Ok(Answer::bare(204))
}
