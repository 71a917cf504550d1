//! The lists of the cluster file: hosts, servers and what they need.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::yes;

/// A platform host, or `count` of them when the name holds `{n}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    /// Host name; `{n}` is replaced by the number.
    pub name: String,
    /// How many; numbers run from `first`.
    #[serde(default = "one")]
    pub count: u32,
    /// First number.
    #[serde(default)]
    pub first: u32,
    /// `controller`, `worker` or `storage`.
    pub personality: String,
    /// Comma text; the personality when absent.
    pub subfunctions: Option<String>,
    /// Fixed id.
    pub uuid: Option<String>,
    /// Virtual CPUs for servers.
    #[serde(default = "eight")]
    pub vcpus: u32,
    /// Memory for servers.
    #[serde(default = "memory")]
    pub memory_mb: u64,
    /// Disk for servers.
    #[serde(default = "disk")]
    pub disk_gb: u64,
    /// Kubernetes labels; both OpenStack labels by personality when absent.
    pub labels: Option<BTreeMap<String, String>>,
    /// `locked` hosts start locked, disabled, online.
    #[serde(default)]
    pub locked: bool,
    /// Seconds that the host has been up when the lab starts.
    #[serde(default = "old")]
    pub uptime: u64,
    /// Name of the storage replication group.
    pub peers: Option<String>,
}

fn one() -> u32 {
    1
}
fn eight() -> u32 {
    8
}
fn memory() -> u64 {
    32_768
}
fn disk() -> u64 {
    500
}
fn old() -> u64 {
    100_000
}

/// A project.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantSpec {
    /// Name.
    pub name: String,
    /// 32 hex digits; made from the name when absent.
    pub id: Option<String>,
    /// Description.
    #[serde(default)]
    pub description: String,
}

/// A flavor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlavorSpec {
    /// Name.
    pub name: String,
    /// Id; made from the name when absent.
    pub id: Option<String>,
    /// Virtual CPUs.
    pub vcpus: u32,
    /// Memory in MiB.
    pub ram_mb: u64,
    /// Root disk in GiB.
    #[serde(default)]
    pub disk_gb: u64,
    /// Ephemeral disk in GiB.
    #[serde(default)]
    pub ephemeral_gb: u64,
    /// Swap in MiB.
    #[serde(default)]
    pub swap_mb: u64,
    /// Extra specs.
    #[serde(default)]
    pub extra_specs: BTreeMap<String, String>,
}

/// An image.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSpec {
    /// Name.
    pub name: String,
    /// Id; made from the name when absent.
    pub id: Option<String>,
    /// `qcow2`, ...
    #[serde(default = "qcow2")]
    pub disk_format: String,
    /// `bare`, ...
    #[serde(default = "bare")]
    pub container_format: String,
    /// Smallest disk in GiB.
    #[serde(default)]
    pub min_disk: u64,
    /// Least memory in MiB.
    #[serde(default)]
    pub min_ram: u64,
    /// Extra properties, top-level keys of the image.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

fn qcow2() -> String {
    "qcow2".into()
}
fn bare() -> String {
    "bare".into()
}

/// A volume.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeSpec {
    /// Name.
    pub name: String,
    /// Id; made from the name when absent.
    pub id: Option<String>,
    /// Size in GiB.
    #[serde(default = "one_gb")]
    pub size_gb: u64,
    /// Name of the image it was made from.
    pub image: Option<String>,
}

fn one_gb() -> u64 {
    1
}

/// A volume snapshot.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSpec {
    /// Name.
    pub name: String,
    /// Name of the volume.
    pub volume: String,
}

/// A network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// Name.
    pub name: String,
    /// Id; made from the name when absent.
    pub id: Option<String>,
    /// `vlan`, `flat`, ...
    #[serde(default = "vlan")]
    pub network_type: String,
    /// Physical network.
    #[serde(default = "physnet")]
    pub physical_network: String,
    /// Segmentation id.
    pub segmentation_id: Option<u32>,
    /// Shared between tenants.
    #[serde(default)]
    pub shared: bool,
}

fn vlan() -> String {
    "vlan".into()
}
fn physnet() -> String {
    "physnet0".into()
}

/// A subnet.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubnetSpec {
    /// Name.
    pub name: String,
    /// Name of the network.
    pub network: String,
    /// Address range.
    pub cidr: String,
    /// Gateway.
    pub gateway: Option<String>,
    /// DHCP on.
    #[serde(default = "yes")]
    pub dhcp: bool,
}

/// A host aggregate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AggregateSpec {
    /// Name.
    pub name: String,
    /// Availability zone.
    pub availability_zone: Option<String>,
    /// Host names.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Matched against `aggregate_instance_extra_specs:` of flavors.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// A server group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// Name.
    pub name: String,
    /// `affinity` or `anti-affinity`.
    pub policy: String,
    /// StarlingX `wrs-sg:best_effort`.
    #[serde(default)]
    pub best_effort: bool,
}

/// A server, or `count` of them when the name holds `{n}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VmSpec {
    /// Name; `{n}` is replaced by the number.
    pub name: String,
    /// How many; numbers run from `first`.
    #[serde(default = "one")]
    pub count: u32,
    /// First number.
    #[serde(default)]
    pub first: u32,
    /// Fixed id (only with `count = 1`).
    pub uuid: Option<String>,
    /// Flavor name.
    pub flavor: String,
    /// Host name; the scheduler chooses when absent.
    pub host: Option<String>,
    /// Boot image name; without image and volume the first image.
    pub image: Option<String>,
    /// Boot from a volume of its own.
    #[serde(default)]
    pub boot_volume: bool,
    /// Names of further volumes, attached.
    #[serde(default)]
    pub volumes: Vec<String>,
    /// Server metadata.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Server group name.
    pub group: Option<String>,
    /// Project name; the first when absent.
    pub tenant: Option<String>,
    /// Availability zone asked for.
    pub availability_zone: Option<String>,
    /// Network names.
    #[serde(default)]
    pub networks: Vec<String>,
    /// `vif_model` of its cards.
    pub vif_model: Option<String>,
    /// `active` (default), `stopped`, `paused`, `suspended` or `error`.
    pub state: Option<String>,
    /// What the guest answers to votes: `allow` (default) or `reject`.
    pub guest_vote: Option<String>,
}

/// An upgrade under way.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpgradeSpec {
    /// `started`, `upgrading-controllers`, `upgrading-hosts` or `activation-complete`.
    pub state: String,
    /// The new release; the old one is `[features] software_load`.
    pub to: String,
    /// Hosts that have it.
    #[serde(default)]
    pub upgraded: Vec<String>,
}

/// A patch. Contract: southbound 3.11.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchSpec {
    /// Name.
    pub name: String,
    /// Release it belongs to.
    pub sw_version: Option<String>,
    /// `Applied` or `Available`.
    #[serde(default = "applied")]
    pub repo_state: String,
    /// `Partial-Apply`, `Applied`, ...
    #[serde(default = "partial")]
    pub patch_state: String,
    /// Hosts must be locked for it.
    #[serde(default)]
    pub reboot_required: bool,
}

fn applied() -> String {
    "Applied".into()
}
fn partial() -> String {
    "Partial-Apply".into()
}
