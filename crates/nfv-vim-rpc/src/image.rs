//! Payloads about images. Contract: vim-api 2.3, set M.

use crate::lenient;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Extra properties of an image.
pub type Properties = BTreeMap<String, serde_json::Value>;

/// `create-image-request`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateImage {
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Description.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// For instance `bare`.
    #[serde(deserialize_with = "lenient::text")]
    pub container_format: Option<String>,
    /// For instance `qcow2`.
    #[serde(deserialize_with = "lenient::text")]
    pub disk_format: Option<String>,
    /// GB.
    #[serde(deserialize_with = "lenient::whole")]
    pub min_disk_size_gb: Option<u64>,
    /// MiB.
    #[serde(deserialize_with = "lenient::whole")]
    pub min_memory_size_mb: Option<u64>,
    /// `public`, `private`.
    #[serde(deserialize_with = "lenient::text")]
    pub visibility: Option<String>,
    /// Protected.
    #[serde(deserialize_with = "lenient::flag")]
    pub protected: Option<bool>,
    /// Extra properties.
    pub properties: Option<Properties>,
    /// Where the data is.
    #[serde(deserialize_with = "lenient::text")]
    pub image_data_ref: Option<String>,
}

/// `update-image-request`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateImage {
    /// The image.
    #[serde(deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
    /// Description.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// GB.
    #[serde(deserialize_with = "lenient::whole")]
    pub min_disk_size_gb: Option<u64>,
    /// MiB.
    #[serde(deserialize_with = "lenient::whole")]
    pub min_memory_size_mb: Option<u64>,
    /// `public`, `private`.
    #[serde(deserialize_with = "lenient::text")]
    pub visibility: Option<String>,
    /// Protected.
    #[serde(deserialize_with = "lenient::flag")]
    pub protected: Option<bool>,
    /// Extra properties.
    pub properties: Option<Properties>,
}

/// Set M: an image as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// Glance's id.
    #[serde(deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Description.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// For instance `bare`.
    #[serde(deserialize_with = "lenient::text")]
    pub container_format: Option<String>,
    /// For instance `qcow2`.
    #[serde(deserialize_with = "lenient::text")]
    pub disk_format: Option<String>,
    /// GB.
    #[serde(deserialize_with = "lenient::whole")]
    pub min_disk_size_gb: Option<u64>,
    /// MiB.
    #[serde(deserialize_with = "lenient::whole")]
    pub min_memory_size_mb: Option<u64>,
    /// `public`, `private`.
    #[serde(deserialize_with = "lenient::text")]
    pub visibility: Option<String>,
    /// `yes` or `no`.
    #[serde(deserialize_with = "lenient::text")]
    pub protected: Option<String>,
    /// Availability words.
    pub avail_status: Option<Vec<String>>,
    /// What Glance does with it.
    #[serde(deserialize_with = "lenient::text")]
    pub action: Option<String>,
    /// Extra properties as a text that holds JSON.
    #[serde(deserialize_with = "lenient::text")]
    pub properties: Option<String>,
}
