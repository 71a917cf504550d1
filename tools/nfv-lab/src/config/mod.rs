//! The cluster file: what the simulated cloud consists of, where it listens and how long things take.
//!
//! Every table has defaults, so that the smallest useful file is a list of hosts, one flavor and some servers.
//! Durations are seconds (fractions allowed) before the `speed` factor is applied.

mod inventory;

use std::path::Path;

use serde::Deserialize;

use crate::ports::Ports;
use crate::{Error, Result};
pub use inventory::UpgradeSpec;
pub use inventory::{
    AggregateSpec, FlavorSpec, GroupSpec, HostSpec, ImageSpec, NetworkSpec, PatchSpec, SnapshotSpec,
    SubnetSpec, TenantSpec, VmSpec, VolumeSpec,
};

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
    /// `[upgrade]`: an upgrade of the platform that is under way; none when absent.
    pub upgrade: Option<UpgradeSpec>,
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
            journal_kept: 50_000,
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
    /// Port of the VIM's own API in the catalog; the lab does not serve it.
    pub vim_api_port: u16,
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
            vim_api_port: 4545,
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

impl Amqp {
    /// A broker with Nova's usual exchange and envelope.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), exchange: nova_exchange(), envelope: yes() }
    }
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
    /// mtc watches the data ports of workers and gives their states; a VIM that handles data-port faults takes a worker
    /// without them as unknown. Contract: southbound 5.1.2.
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
