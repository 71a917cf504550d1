//! Images of Glance. Contract: southbound 5.6.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An image. Its serde form is the column `nfvi_image_data`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Glance's id.
    pub uuid: String,
    /// Name, or the id when it has none.
    pub name: String,
    /// Description.
    pub description: String,
    /// `available`, `deleted`.
    pub avail_status: Vec<String>,
    /// `deleting`, `saving` or empty.
    pub action: String,
    /// For instance `bare`.
    pub container_format: Option<String>,
    /// For instance `qcow2`.
    pub disk_format: Option<String>,
    /// GB.
    pub min_disk_size_gb: u64,
    /// MiB.
    pub min_memory_size_mb: u64,
    /// `public`, `private`, ...
    pub visibility: Option<String>,
    /// `yes` or `no`.
    pub protected: String,
    /// The extra properties the VIM knows, with whatever value they have.
    pub properties: BTreeMap<String, serde_json::Value>,
}
