//! Images for users of the API. Contract: vim-behaviour 5.5.

use crate::core::nfvi_call::{ApiCall, Then};
use crate::core::{Vim, image};
use nfv_nfvi::call::{ImageAttributes, ImageCall};
use nfv_nfvi::{Answer, Call, CallResult, RequestId};
use nfv_vim_rpc::image::{CreateImage, UpdateImage};
use nfv_vim_rpc::{ByUuid, Response, ResponseBody as Body, ResultCode};

impl Vim {
    /// Asks Glance for a new image.
    pub(in crate::core) fn image_create(&mut self, id: RequestId, asked: CreateImage) {
        let Some(name) = asked.name else { return self.refuse(id, ResultCode::Failed, Body::CreateImage) };
        let attributes = ImageAttributes {
            description: asked.description,
            container_format: asked.container_format,
            disk_format: asked.disk_format,
            min_disk_size_gb: asked.min_disk_size_gb,
            min_memory_size_mb: asked.min_memory_size_mb,
            visibility: asked.visibility,
            protected: asked.protected,
            properties: asked.properties.unwrap_or_default(),
        };
        let call = ImageCall::CreateImage { name, attributes, image_data_url: asked.image_data_ref };
        self.call(Call::Image(call), Then::Api { id, call: ApiCall::CreateImage });
    }

    /// Asks Glance to change an image.
    pub(in crate::core) fn image_change(&mut self, id: RequestId, asked: UpdateImage) {
        let Some(uuid) = asked.uuid else { return self.refuse(id, ResultCode::Failed, Body::UpdateImage) };
        let attributes = ImageAttributes {
            description: asked.description,
            min_disk_size_gb: asked.min_disk_size_gb,
            min_memory_size_mb: asked.min_memory_size_mb,
            visibility: asked.visibility,
            protected: asked.protected,
            properties: asked.properties.unwrap_or_default(),
            ..ImageAttributes::default()
        };
        let call = ImageCall::UpdateImage { uuid, attributes };
        self.call(Call::Image(call), Then::Api { id, call: ApiCall::UpdateImage });
    }

    /// Asks Glance to delete an image.
    pub(in crate::core) fn image_delete(&mut self, id: RequestId, asked: ByUuid) {
        let Some(uuid) = asked.uuid else { return self.refuse(id, ResultCode::Failed, Body::DeleteImage) };
        let call = ImageCall::DeleteImage { uuid: uuid.clone() };
        self.call(Call::Image(call), Then::Api { id, call: ApiCall::DeleteImage { uuid } });
    }

    /// Glance made or changed an image, or did not. One that is not known yet is known from now on.
    pub(in crate::core) fn image_made(
        &mut self,
        id: RequestId,
        result: CallResult,
        body: fn(nfv_vim_rpc::image::Image) -> Body,
    ) {
        let Ok(Answer::Image(made)) = result else { return self.refuse(id, ResultCode::Failed, body) };
        let shown = Self::image_shown(&made);
        self.image_update(made);
        self.respond(id, Response::success(body(shown)));
    }

    /// Glance deleted an image, or did not. The table keeps it until a listing lacks it, but for one that Glance has
    /// shown as deleted.
    pub(in crate::core) fn image_delete_answered(
        &mut self,
        id: RequestId,
        uuid: String,
        result: &CallResult,
    ) {
        if result.is_err() {
            return self.refuse(id, ResultCode::Failed, Body::DeleteImage);
        }
        if self.images.get(&uuid).is_some_and(image::is_deleted) {
            self.image_removed(&uuid);
        }
        self.respond(id, Response::success(Body::DeleteImage(ByUuid::new(uuid))));
    }
}
