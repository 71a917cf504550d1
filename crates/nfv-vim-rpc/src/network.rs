//! Payloads about networks. Contract: vim-api 2.3, set N.

use crate::lenient;
use serde::{Deserialize, Serialize};

/// `create-network-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateNetwork {
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// For instance `vlan`.
    #[serde(deserialize_with = "lenient::text")]
    pub network_type: Option<String>,
    /// A number as text.
    #[serde(deserialize_with = "lenient::text")]
    pub segmentation_id: Option<String>,
    /// Physical network.
    #[serde(deserialize_with = "lenient::text")]
    pub physical_network: Option<String>,
    /// Shared among projects.
    #[serde(deserialize_with = "lenient::flag")]
    pub is_shared: Option<bool>,
}

/// `update-network-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateNetwork {
    /// The network.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Shared among projects.
    #[serde(deserialize_with = "lenient::flag")]
    pub is_shared: Option<bool>,
}

/// `delete-network-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeleteNetwork {
    /// The network, if its id is known.
    #[serde(deserialize_with = "lenient::text")]
    pub by_uuid: Option<String>,
    /// The network otherwise.
    #[serde(deserialize_with = "lenient::text")]
    pub by_name: Option<String>,
}

/// `get-network-request`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetNetwork {
    /// All of them; missing means true.
    #[serde(default = "lenient::yes", deserialize_with = "lenient::plain_flag")]
    pub get_all: bool,
    /// The network, if its id is known.
    #[serde(default, deserialize_with = "lenient::text")]
    pub filter_by_uuid: Option<String>,
    /// The network otherwise.
    #[serde(default, deserialize_with = "lenient::text")]
    pub filter_by_name: Option<String>,
}

/// Set N: a network as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Neutron's id.
    #[serde(deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Administrative state.
    #[serde(deserialize_with = "lenient::text")]
    pub admin_state: Option<String>,
    /// Operational state.
    #[serde(deserialize_with = "lenient::text")]
    pub oper_state: Option<String>,
    /// Availability words.
    pub avail_status: Option<Vec<String>>,
    /// For instance `vlan`.
    #[serde(deserialize_with = "lenient::text")]
    pub network_type: Option<String>,
    /// A number as text.
    #[serde(deserialize_with = "lenient::text")]
    pub segmentation_id: Option<String>,
    /// Bytes.
    #[serde(deserialize_with = "lenient::whole")]
    pub mtu: Option<u64>,
    /// Physical network.
    #[serde(deserialize_with = "lenient::text")]
    pub physical_network: Option<String>,
    /// Shared among projects.
    #[serde(deserialize_with = "lenient::flag")]
    pub is_shared: Option<bool>,
}
