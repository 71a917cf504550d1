//! Volumes for users of the API. Contract: vim-behaviour 5.5.

use crate::core::Vim;
use crate::core::nfvi_call::{ApiCall, Then};
use nfv_nfvi::call::BlockStorageCall;
use nfv_nfvi::{Answer, Call, CallResult, RequestId};
use nfv_vim_rpc::volume::{CreateVolume, UpdateVolume};
use nfv_vim_rpc::{ByUuid, Response, ResponseBody as Body, ResultCode};

impl Vim {
    /// Asks Cinder for a new volume.
    pub(in crate::core) fn volume_create(&mut self, id: RequestId, asked: CreateVolume) {
        let (Some(name), Some(size_gb)) = (asked.name, asked.size_gb) else {
            return self.refuse(id, ResultCode::Failed, Body::CreateVolume);
        };
        let description = asked.description.unwrap_or_default();
        let image_uuid = asked.image_uuid;
        let call = BlockStorageCall::CreateVolume { name, description, size_gb, image_uuid, bootable: None };
        self.call(Call::BlockStorage(call), Then::Api { id, call: ApiCall::CreateVolume });
    }

    /// Asks Cinder to change a volume.
    pub(in crate::core) fn volume_change(&mut self, id: RequestId, asked: UpdateVolume) {
        let Some(uuid) = asked.uuid else { return self.refuse(id, ResultCode::Failed, Body::UpdateVolume) };
        let description = asked.description.unwrap_or_default();
        let call = BlockStorageCall::UpdateVolume { uuid, description };
        self.call(Call::BlockStorage(call), Then::Api { id, call: ApiCall::UpdateVolume });
    }

    /// Asks Cinder to delete a volume.
    pub(in crate::core) fn volume_delete(&mut self, id: RequestId, asked: ByUuid) {
        let Some(uuid) = asked.uuid else { return self.refuse(id, ResultCode::Failed, Body::DeleteVolume) };
        let call = BlockStorageCall::DeleteVolume { uuid: uuid.clone() };
        self.call(Call::BlockStorage(call), Then::Api { id, call: ApiCall::DeleteVolume { uuid } });
    }

    /// Cinder made or changed a volume, or did not. One that is not known yet is known from now on.
    pub(in crate::core) fn volume_made(
        &mut self,
        id: RequestId,
        result: CallResult,
        body: fn(nfv_vim_rpc::volume::Volume) -> Body,
    ) {
        let Ok(Answer::Volume(made)) = result else { return self.refuse(id, ResultCode::Failed, body) };
        let shown = Self::volume_shown(&made);
        self.volume_update(made);
        self.respond(id, Response::success(body(shown)));
    }

    /// Cinder deleted a volume, or did not. It is forgotten at once.
    pub(in crate::core) fn volume_delete_answered(
        &mut self,
        id: RequestId,
        uuid: String,
        result: &CallResult,
    ) {
        if result.is_err() {
            return self.refuse(id, ResultCode::Failed, Body::DeleteVolume);
        }
        self.volume_removed(&uuid);
        self.respond(id, Response::success(Body::DeleteVolume(ByUuid::new(uuid))));
    }
}
