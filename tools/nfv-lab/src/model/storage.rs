//! What Glance, Cinder and Neutron keep.

use std::collections::BTreeMap;

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Image {
    pub id: String,
    pub name: String,
    pub status: String,
    pub disk_format: String,
    pub container_format: String,
    pub min_disk: u64,
    pub min_ram: u64,
    pub visibility: String,
    pub protected: bool,
    pub description: Option<String>,
    pub size: Option<u64>,
    /// Extra properties, top-level keys of the image.
    pub properties: BTreeMap<String, String>,
    pub created: String,
    pub updated: String,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Volume {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub status: String,
    pub size_gb: u64,
    pub bootable: bool,
    pub encrypted: bool,
    /// Id of the image it was made from.
    pub image: Option<String>,
}

/// A volume snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Snapshot {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub size_gb: u64,
    pub volume: String,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Network {
    pub id: String,
    pub name: String,
    pub up: bool,
    pub shared: bool,
    pub network_type: String,
    pub physical_network: String,
    pub segmentation_id: Option<u32>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Subnet {
    pub id: String,
    pub name: String,
    pub network: String,
    pub ip_version: u8,
    pub cidr: String,
    pub gateway: Option<String>,
    pub dhcp: bool,
}

/// An entry of Neutron's StarlingX `host` extension. Contract: southbound 3.4.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NetworkHost {
    pub id: String,
    pub name: String,
    pub up: bool,
}
