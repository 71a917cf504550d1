//! Payloads about volumes. Contract: vim-api 2.3, set V.

use crate::lenient;
use serde::{Deserialize, Serialize};

/// `create-volume-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateVolume {
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Description.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// GB.
    #[serde(deserialize_with = "lenient::whole")]
    pub size_gb: Option<u64>,
    /// Image to fill it from.
    #[serde(deserialize_with = "lenient::text")]
    pub image_uuid: Option<String>,
}

/// `update-volume-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateVolume {
    /// The volume.
    #[serde(deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
    /// Description.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
}

/// `get-volume-request`; its keys have hyphens, unlike all others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetVolume {
    /// All of them; missing means true.
    #[serde(rename = "get-all", default = "lenient::yes", deserialize_with = "lenient::plain_flag")]
    pub get_all: bool,
    /// Only this one.
    #[serde(rename = "filter-by-uuid", default, deserialize_with = "lenient::text")]
    pub filter_by_uuid: Option<String>,
}

/// Set V: a volume as the API shows it. Its size is not told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// Cinder's id.
    #[serde(deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Description.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// `yes` or `no`.
    #[serde(deserialize_with = "lenient::text")]
    pub bootable: Option<String>,
    /// `yes` or `no`.
    #[serde(deserialize_with = "lenient::text")]
    pub encrypted: Option<String>,
    /// Availability words.
    pub avail_status: Option<Vec<String>>,
    /// What Cinder does with it.
    #[serde(deserialize_with = "lenient::text")]
    pub action: Option<String>,
}
