//! Volumes and snapshots of Cinder. Contract: southbound 5.5.

use serde::{Deserialize, Serialize};

/// A volume. Its serde form is the column `nfvi_volume_data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Cinder's id.
    pub uuid: String,
    /// Name, or the id when it has none.
    pub name: String,
    /// Description.
    pub description: String,
    /// `available`, `in-use`, `failed`.
    pub avail_status: Vec<String>,
    /// `building`, `attaching`, `deleting`, ... or empty.
    pub action: String,
    /// GB.
    pub size_gb: u64,
    /// `yes` or `no`.
    pub bootable: String,
    /// `yes` or `no`.
    pub encrypted: String,
    /// Image it was made from.
    pub image_uuid: Option<String>,
}

/// A volume snapshot. Its serde form is the column `nfvi_volume_snapshot_data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeSnapshot {
    /// Cinder's id.
    pub uuid: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// GB.
    pub size_gb: u64,
    /// Volume it was taken of.
    pub volume_uuid: String,
}
