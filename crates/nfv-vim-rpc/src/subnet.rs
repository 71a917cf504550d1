//! Payloads about subnets. Contract: vim-api 2.3, set S.

use crate::lenient;
use serde::{Deserialize, Serialize};

/// `create-subnet-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateSubnet {
    /// Not used: the network is found by its name.
    #[serde(deserialize_with = "lenient::text")]
    pub network_uuid: Option<String>,
    /// The network.
    #[serde(deserialize_with = "lenient::text")]
    pub network_name: Option<String>,
    /// `4` or `6`.
    #[serde(deserialize_with = "lenient::text")]
    pub ip_version: Option<String>,
    /// Address part of the CIDR.
    #[serde(deserialize_with = "lenient::text")]
    pub subnet_ip: Option<String>,
    /// Prefix length as text.
    #[serde(deserialize_with = "lenient::text")]
    pub subnet_prefix: Option<String>,
    /// Gateway.
    #[serde(deserialize_with = "lenient::text")]
    pub gateway_ip: Option<String>,
    /// DHCP serves it.
    #[serde(deserialize_with = "lenient::flag")]
    pub is_dhcp_enabled: Option<bool>,
}

/// `update-subnet-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateSubnet {
    /// The network.
    #[serde(deserialize_with = "lenient::text")]
    pub network_name: Option<String>,
    /// Address part of the CIDR.
    #[serde(deserialize_with = "lenient::text")]
    pub subnet_ip: Option<String>,
    /// Prefix length as text.
    #[serde(deserialize_with = "lenient::text")]
    pub subnet_prefix: Option<String>,
    /// New gateway.
    #[serde(deserialize_with = "lenient::text")]
    pub gateway_ip: Option<String>,
    /// Remove the gateway.
    #[serde(deserialize_with = "lenient::flag")]
    pub delete_gateway: Option<bool>,
    /// DHCP serves it.
    #[serde(deserialize_with = "lenient::flag")]
    pub is_dhcp_enabled: Option<bool>,
}

/// `delete-subnet-request` and its answer
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeleteSubnet {
    /// The network.
    #[serde(deserialize_with = "lenient::text")]
    pub network_name: Option<String>,
    /// Address part of the CIDR.
    #[serde(deserialize_with = "lenient::text")]
    pub subnet_ip: Option<String>,
    /// Prefix length, here as a number.
    #[serde(deserialize_with = "lenient::whole")]
    pub subnet_prefix: Option<u64>,
}

/// `get-subnet-request`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetSubnet {
    /// All of a network; missing means true.
    #[serde(default = "lenient::yes", deserialize_with = "lenient::plain_flag")]
    pub get_all: bool,
    /// Only this one.
    #[serde(default, deserialize_with = "lenient::text")]
    pub filter_by_uuid: Option<String>,
    /// The network, if its id is known.
    #[serde(default, deserialize_with = "lenient::text")]
    pub filter_by_network_uuid: Option<String>,
    /// The network otherwise.
    #[serde(default, deserialize_with = "lenient::text")]
    pub filter_by_network_name: Option<String>,
}

/// Set S: a subnet as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Subnet {
    /// Neutron's id.
    #[serde(deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// 4 or 6.
    #[serde(deserialize_with = "lenient::whole")]
    pub ip_version: Option<u64>,
    /// Address part of the CIDR.
    #[serde(deserialize_with = "lenient::text")]
    pub subnet_ip: Option<String>,
    /// Prefix length as text.
    #[serde(deserialize_with = "lenient::text")]
    pub subnet_prefix: Option<String>,
    /// Gateway.
    #[serde(deserialize_with = "lenient::text")]
    pub gateway_ip: Option<String>,
    /// The network.
    #[serde(deserialize_with = "lenient::text")]
    pub network_uuid: Option<String>,
    /// DHCP serves it.
    #[serde(deserialize_with = "lenient::flag")]
    pub is_dhcp_enabled: Option<bool>,
}

/// Set S with the name of the network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubnetOfNetwork {
    /// The subnet.
    #[serde(flatten)]
    pub subnet: Subnet,
    /// The network.
    #[serde(default, deserialize_with = "lenient::text")]
    pub network_name: Option<String>,
}
