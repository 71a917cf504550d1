//! Networks and subnets of Neutron. Contract: southbound 5.4.

use super::{AdminState, OperState};
use serde::{Deserialize, Serialize};

/// Where a network lives physically.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NetworkProviderData {
    /// `provider:physical_network`.
    pub physical_network: Option<String>,
    /// `provider:network_type`, for instance `vlan`.
    pub network_type: Option<String>,
    /// `provider:segmentation_id` as text.
    pub segmentation_id: Option<String>,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Neutron's id.
    pub uuid: String,
    /// Name.
    pub name: String,
    /// Administrative state.
    pub admin_state: AdminState,
    /// Enabled exactly when the status is ACTIVE.
    pub oper_state: OperState,
    /// `building` or `failed`, else empty.
    pub avail_status: Vec<String>,
    /// Shared among projects.
    pub is_shared: bool,
    /// Bytes.
    pub mtu: u64,
    /// Physical side.
    pub provider_data: NetworkProviderData,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// Neutron's id.
    pub uuid: String,
    /// Name.
    pub name: String,
    /// 4 or 6.
    pub ip_version: u8,
    /// Address part of the CIDR.
    pub subnet_ip: String,
    /// Prefix length, as text.
    pub subnet_prefix: String,
    /// Gateway, if any.
    pub gateway_ip: Option<String>,
    /// Network it belongs to.
    pub network_uuid: String,
    /// DHCP serves it.
    pub is_dhcp_enabled: bool,
}
