//! The cluster file: what the simulated cloud consists of, where it listens and how long things take.
//!
//! Every table has defaults, so that the smallest useful file is a list of hosts, one flavor and some servers.
//! Durations are seconds (fractions allowed) before the `speed` factor is applied.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::ports::Ports;
use crate::{Error, Result};

/// A whole cluster file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterFile {
    /// How the lab itself runs.
    pub lab: LabSettings,
    /// Fixed ports of the services.
    pub ports: Ports,
    /// Where the listeners of the VIM are.
    pub vim: VimAddresses,
    /// Tokens, users, catalog.
    pub identity: Identity,
    /// The broker for Nova's notifications; no notifications without it.
    pub amqp: Option<Amqp>,
    /// Durations.
    pub timings: Timings,
    /// Switches of Nova and Neutron.
    pub features: Features,
    /// Platform hosts.
    #[serde(rename = "host")]
    pub hosts: Vec<HostSpec>,
    /// Projects.
    #[serde(rename = "tenant")]
    pub tenants: Vec<TenantSpec>,
    /// Nova flavors.
    #[serde(rename = "flavor")]
    pub flavors: Vec<FlavorSpec>,
    /// Glance images.
    #[serde(rename = "image")]
    pub images: Vec<ImageSpec>,
    /// Cinder volumes (the root volumes of volume-booted servers are made by themselves).
    #[serde(rename = "volume")]
    pub volumes: Vec<VolumeSpec>,
    /// Cinder volume snapshots.
    #[serde(rename = "snapshot")]
    pub snapshots: Vec<SnapshotSpec>,
    /// Neutron networks.
    #[serde(rename = "network")]
    pub networks: Vec<NetworkSpec>,
    /// Neutron subnets.
    #[serde(rename = "subnet")]
    pub subnets: Vec<SubnetSpec>,
    /// Nova host aggregates.
    #[serde(rename = "aggregate")]
    pub aggregates: Vec<AggregateSpec>,
    /// Nova server groups.
    #[serde(rename = "group")]
    pub groups: Vec<GroupSpec>,
    /// Servers that run when the lab starts.
    #[serde(rename = "vm")]
    pub vms: Vec<VmSpec>,
    /// Software patches.
    #[serde(rename = "patch")]
    pub patches: Vec<PatchSpec>,
}

impl ClusterFile {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or has an unknown key or a wrong type.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Read { path: path.to_path_buf(), source })?;
        Self::parse(&text)
            .map_err(|error| Error::File { path: path.to_path_buf(), reason: error.to_string() })
    }

    /// Reads a text in the format of the file.
    ///
    /// # Errors
    /// The text is not TOML, or has an unknown key or a wrong type.
    pub fn parse(text: &str) -> std::result::Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// How the lab itself runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabSettings {
    /// Source of all randomness (jitter, made-up ids).
    pub seed: u64,
    /// Durations of [`Timings`] are divided by it. Times in scenarios are not.
    pub speed: f64,
    /// Address that all services listen on.
    pub bind: String,
    /// Absent: the ports of [`Ports`]. 0: any free ports. Else: this port and the ten after it.
    pub port_base: Option<u16>,
    /// How many journal entries are kept in memory for the control API and for expectations.
    pub journal_kept: usize,
    /// How many further times mtc and the guest agent repeat a notification that was not delivered.
    pub notify_retries: u32,
    /// Seconds between these tries (not divided by `speed`).
    pub notify_retry_delay: f64,
}

impl Default for LabSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            bind: "127.0.0.1".into(),
            port_base: None,
            journal_kept: 200_000,
            notify_retries: 3,
            notify_retry_delay: 1.0,
        }
    }
}

/// Where the VIM listens. Contract: southbound 7, 8, 10.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct VimAddresses {
    /// `host:port` for sysinv and mtc.
    pub infrastructure: String,
    /// `host:port` for the guest agent.
    pub guest: String,
    /// `host:port` for the `booting` message of hosts.
    pub listener: String,
    /// HMAC key of that message.
    #[serde(skip_serializing)]
    pub listener_key: String,
}

impl Default for VimAddresses {
    fn default() -> Self {
        Self {
            infrastructure: "127.0.0.1:30001".into(),
            guest: "127.0.0.1:30002".into(),
            listener: "127.0.0.1:30004".into(),
            listener_key: "NFV Infrastructure Notification".into(),
        }
    }
}

/// Keystone.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// Region of every catalog entry.
    pub region: String,
    /// User that may ask for tokens.
    pub username: String,
    /// Its password; any is taken when absent.
    pub password: Option<String>,
    /// Project of that user.
    pub project: String,
    /// Seconds that a token lives (not divided by `speed`).
    pub token_lifetime: f64,
    /// Host name or address in catalog URLs.
    pub catalog_host: Option<String>,
    /// Services (names as in [`Ports`]) that do not look at `X-Auth-Token`.
    pub open: Vec<String>,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            region: "RegionOne".into(),
            username: "admin".into(),
            password: None,
            project: "admin".into(),
            token_lifetime: 3600.0,
            catalog_host: None,
            open: Vec::new(),
        }
    }
}

/// The broker that gets Nova's notifications. Contract: southbound 11.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amqp {
    /// `amqp://user:password@host:port/vhost`
    pub url: String,
    /// Topic exchange, declared not durable.
    #[serde(default = "nova_exchange")]
    pub exchange: String,
    /// Wrap each message in an oslo envelope.
    #[serde(default = "yes")]
    pub envelope: bool,
}

fn nova_exchange() -> String {
    "nova".into()
}

fn yes() -> bool {
    true
}

/// Durations, in seconds before the `speed` factor.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timings {
    /// Each duration is multiplied by a random factor between 1 - jitter and 1 + jitter.
    pub jitter: f64,
    /// Nova: creation of a server.
    pub build: f64,
    /// Nova: deletion.
    pub delete: f64,
    /// Nova: live migration.
    pub live_migrate: f64,
    /// Nova: cold migration and resize, until the server waits for confirmation.
    pub cold_migrate: f64,
    /// Nova: confirmation of a resize or cold migration.
    pub confirm: f64,
    /// Nova: the way back from a resize or cold migration.
    pub revert: f64,
    /// Nova: evacuation.
    pub evacuate: f64,
    /// Nova: rebuild in place.
    pub rebuild: f64,
    /// Nova: soft reboot.
    pub reboot_soft: f64,
    /// Nova: hard reboot.
    pub reboot_hard: f64,
    /// Nova: start and stop.
    pub start_stop: f64,
    /// Nova: pause and unpause.
    pub pause: f64,
    /// Nova: suspend and resume.
    pub suspend: f64,
    /// Nova: a compute service whose host is dead is reported down after this.
    pub service_down: f64,
    /// Nova: after the start of a compute service its dead servers become `stopped` after this.
    pub power_sync: f64,
    /// mtc: from the VIM's `services-disabled` to the host being locked.
    pub host_lock: f64,
    /// sysinv: how long it waits for the VIM's answer to a lock.
    pub host_lock_timeout: f64,
    /// mtc: from the unlock to the reset of the host.
    pub host_unlock: f64,
    /// A host's start from power-on to the `booting` message.
    pub host_boot: f64,
    /// mtc: from `booting` to enabled (or online, when locked).
    pub host_enable: f64,
    /// mtc: from the death of a host to `failed`.
    pub host_detect: f64,
    /// mtc: from `failed` to `offline`.
    pub host_offline: f64,
    /// Guest agent: from the enabling of a heartbeat to the guest's first beat.
    pub guest_start: f64,
    /// Guest agent: a guest's answer to a vote or notification.
    pub guest_answer: f64,
    /// Patching: installation on one host.
    pub patch_install: f64,
    /// sysinv: each step of an upgrade.
    pub upgrade_step: f64,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            jitter: 0.1,
            build: 3.0,
            delete: 1.0,
            live_migrate: 4.0,
            cold_migrate: 5.0,
            confirm: 1.0,
            revert: 3.0,
            evacuate: 5.0,
            rebuild: 4.0,
            reboot_soft: 3.0,
            reboot_hard: 2.0,
            start_stop: 1.0,
            pause: 0.5,
            suspend: 1.0,
            service_down: 60.0,
            power_sync: 10.0,
            host_lock: 1.0,
            host_lock_timeout: 300.0,
            host_unlock: 1.0,
            host_boot: 20.0,
            host_enable: 5.0,
            host_detect: 2.0,
            host_offline: 20.0,
            guest_start: 2.0,
            guest_answer: 0.3,
            patch_install: 10.0,
            upgrade_step: 5.0,
        }
    }
}

/// Switches.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Features {
    /// Neutron has the StarlingX `host` extension. Contract: southbound 3.4.
    pub neutron_host_extension: bool,
    /// Nova has the StarlingX call `PUT /os-services/create`. Contract: southbound 3.3.
    pub nova_service_create: bool,
    /// Largest page of Nova, Cinder, Glance and Neutron lists.
    pub page_limit: usize,
    /// `GET /v1/systems` of mtc answers 202 for this many seconds after the start.
    pub mtc_ready_after: f64,
    /// Send `administrative`, ... of the data ports with mtc's states.
    pub data_ports: bool,
    /// Release that all hosts run.
    pub software_load: String,
    /// Name of the system.
    pub system_name: String,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            neutron_host_extension: true,
            nova_service_create: true,
            page_limit: 1000,
            mtc_ready_after: 0.0,
            data_ports: true,
            software_load: "19.01".into(),
            system_name: "lab".into(),
        }
    }
}

/// A platform host, or `count` of them when the name holds `{n}`.
#[derive(Debug, Clone, Deserialize)]
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
