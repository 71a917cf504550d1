//! Snapshots of volumes. Contract: vim-behaviour 4.3, 6.1 step 11; deployment 1.5.

use crate::core::Vim;
use crate::core::audit::{Heard, Step, reconcile};
use crate::core::stored::read_object;
use nfv_common::pyjson::to_string as json;
use nfv_nfvi::object::VolumeSnapshot;
use nfv_vim_db::Write;
use nfv_vim_db::row::VolumeSnapshotRow;

fn put(snapshot: &VolumeSnapshot) -> Write {
    Write::PutVolumeSnapshot(VolumeSnapshotRow {
        uuid: snapshot.uuid.clone(),
        name: snapshot.name.clone(),
        description: snapshot.description.clone(),
        size_gb: snapshot.size_gb as i64,
        volume_uuid: snapshot.volume_uuid.clone(),
        nfvi_volume_snapshot_data: json(snapshot),
    })
}

pub(in crate::core) fn from_row(row: VolumeSnapshotRow) -> Result<VolumeSnapshot, String> {
    let beside = serde_json::json!({
        "uuid": row.uuid,
        "name": row.name,
        "description": row.description,
        "size_gb": row.size_gb.max(0),
        "volume_uuid": row.volume_uuid,
    });
    read_object(&row.nfvi_volume_snapshot_data, "nfvi_volume_snapshot_data", beside)
}

impl Vim {
    /// All snapshots.
    pub(in crate::core) fn audit_volume_snapshots(&mut self, listed: Vec<VolumeSnapshot>) -> Heard {
        if self.doubts(Step::VolumeSnapshots, listed.is_empty() && !self.volume_snapshots.is_empty()) {
            return Heard::AskAgain;
        }
        let delete = |uuid| Write::DeleteVolumeSnapshot { uuid };
        reconcile(&mut self.volume_snapshots, listed, |s| &s.uuid, put, delete, &mut self.out.writes);
        Heard::Taken
    }
}
