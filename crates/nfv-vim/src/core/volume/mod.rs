//! Volumes of Cinder. Contract: vim-behaviour 4.3, 6.1 step 10, 6.2; deployment 1.5.
//!
//! - `snapshot`: their snapshots.

pub(super) mod snapshot;

use super::Vim;
use super::audit::{Heard, Step};
use super::stored::{lenient, read_object};
use nfv_common::pyjson::to_string as json;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::object::Volume;
use nfv_nfvi::{Answer, CallResult};
use nfv_vim_db::Write;
use nfv_vim_db::row::VolumeRow;

fn put(volume: &Volume) -> Write {
    Write::PutVolume(VolumeRow {
        uuid: volume.uuid.clone(),
        name: volume.name.clone(),
        description: volume.description.clone(),
        avail_status: json(&volume.avail_status),
        action: volume.action.clone(),
        size_gb: volume.size_gb as i64,
        bootable: volume.bootable.clone(),
        encrypted: volume.encrypted.clone(),
        image_uuid: volume.image_uuid.clone(),
        nfvi_volume_data: json(volume),
    })
}

pub(super) fn from_row(row: VolumeRow) -> Result<Volume, String> {
    let beside = serde_json::json!({
        "uuid": row.uuid,
        "name": row.name,
        "description": row.description,
        "avail_status": lenient::<Vec<String>>(&row.avail_status),
        "action": row.action,
        "size_gb": row.size_gb.max(0),
        "bootable": row.bootable,
        "encrypted": row.encrypted,
        "image_uuid": row.image_uuid,
    });
    read_object(&row.nfvi_volume_data, "nfvi_volume_data", beside)
}

impl Vim {
    /// A volume as Cinder shows it.
    pub(super) fn volume_update(&mut self, volume: Volume) {
        if self.volumes.get(&volume.uuid) != Some(&volume) {
            self.out.writes.push(put(&volume));
            self.volumes.insert(volume.uuid.clone(), volume);
        }
    }

    /// The volume is not there any more; an answer about it that is still on its way does not bring it back.
    pub(super) fn volume_removed(&mut self, uuid: &str) {
        self.audits.volumes.forget(uuid);
        if self.volumes.remove(uuid).is_some() {
            self.out.writes.push(Write::DeleteVolume { uuid: uuid.to_owned() });
        }
    }

    /// A page of volume names: each volume is asked for.
    pub(super) fn audit_volumes(&mut self, page: Paged<(String, String)>) -> Heard {
        let there: Vec<_> = page.entries.into_iter().map(|(uuid, _)| uuid).collect();
        for uuid in &there {
            self.audits.volumes.queue(uuid);
        }
        let Some(missing) = self.audit_page(Step::Volumes, there, page.next) else { return Heard::Taken };
        self.each_missing(Step::Volumes, missing, Self::volume_removed)
    }

    /// Cinder showed a volume, or not.
    pub(super) fn volume_answered(&mut self, uuid: &str, result: CallResult) {
        if self.audits.volumes.answered(uuid)
            && let Ok(Answer::Volume(volume)) = result
        {
            self.volume_update(volume);
        }
    }
}
