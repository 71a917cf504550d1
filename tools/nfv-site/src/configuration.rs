//! The VIM's configuration files for a site. Contract: deployment 3.

use anyhow::{Context, bail};
use serde::Deserialize;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};

/// Settings of the VIM that differ from the defaults: section, key, value.
pub type Settings = Vec<(&'static str, &'static str, String)>;

/// Ports of the lab's services, as it writes them to its ports file.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct LabPorts {
    /// Keystone, platform and OpenStack alike.
    pub keystone: u16,
    /// Nova.
    pub nova: u16,
    /// mtcAgent.
    pub mtc: u16,
    /// guestAgent.
    pub guest: u16,
    /// The lab's own API.
    pub control: u16,
    /// The broker of Nova's notifications, which the lab does not serve; nobody listens at 1.
    #[serde(default = "nobody")]
    pub broker: u16,
}

const fn nobody() -> u16 {
    1
}

/// Ports of the VIM's listeners.
#[derive(Debug, Clone, Copy)]
pub struct VimPorts {
    /// 30001 in production.
    pub infrastructure: u16,
    /// 30002.
    pub guest: u16,
    /// 30003.
    pub compute: u16,
    /// 30004.
    pub host: u16,
    /// 4343, for nfv-vim-api.
    pub rpc: u16,
    /// 4545 of nfv-vim-api.
    pub api: u16,
    /// Health and metrics of nfv-vim.
    pub monitor: u16,
    /// 32323 of nfv-vim-webserver.
    pub web: u16,
}

impl VimPorts {
    /// Ports that are free now.
    ///
    /// # Errors
    /// No port can be had.
    pub fn free() -> anyhow::Result<Self> {
        let first = free_block(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())?;
        Ok(Self {
            infrastructure: first,
            guest: first + 1,
            compute: first + 2,
            host: first + 3,
            rpc: first + 4,
            api: first + 5,
            monitor: first + 6,
            web: first + 7,
        })
    }
}

/// The first of eight ports that are free now, below those that the system gives to outgoing connections: those could
/// be taken again before they are opened. Sites of one process do not meet; those of different processes have 64 ports
/// each before they could.
pub(crate) fn free_block(is_free: impl Fn(u16) -> bool) -> anyhow::Result<u16> {
    static BLOCKS: AtomicU16 = AtomicU16::new(0);
    let own = (std::process::id() % 125) as u16 * 64;
    for _ in 0..1000 {
        let first = LOWEST_PORT + (own + BLOCKS.fetch_add(8, Ordering::Relaxed)) % PORTS;
        if (first..first + 8).all(&is_free) {
            return Ok(first);
        }
    }
    bail!("no free ports from {LOWEST_PORT} on")
}

/// Where the site's stand-in for the system's log listens.
pub(crate) const SYSLOG_SOCKET: &str = "syslog";

/// Where free ports are looked for.
const LOWEST_PORT: u16 = 20_000;
/// In how many; a multiple of eight.
const PORTS: u16 = 8_000;

/// Settings with which a site reacts in seconds where production takes minutes.
pub fn quick() -> Settings {
    [
        ("recovery_audit_interval", "30"),
        ("recovery_audit_cooldown", "3"),
        ("recovery_cooldown", "2"),
        ("max_concurrent_migrates_per_host", "1"),
        ("max_concurrent_evacuates_per_host", "1"),
        ("max_cold_migrate_local_image_disk_gb", "60"),
        ("max_evacuate_local_image_disk_gb", "60"),
        ("action_watch_interval_in_secs", "1"),
    ]
    .map(|(key, value)| ("instance-configuration", key, value.to_owned()))
    .into()
}

/// Settings with which audits make none of the pauses that spare a real cloud.
pub fn eager_audits() -> Settings {
    [("step_pause_in_ms", "50"), ("cycle_pause_in_secs", "1"), ("host_audit_after_in_secs", "1")]
        .map(|(key, value)| ("audit-configuration", key, value.to_owned()))
        .into()
}

/// Settings with which a strategy waits for seconds where production waits for minutes.
pub fn quick_strategies() -> Settings {
    [
        ("own_lock_wait_in_secs", "1"),
        ("swact_wait_in_secs", "1"),
        ("reboot_wait_in_secs", "1"),
        ("no_reboot_wait_in_secs", "1"),
        ("upgrade_hosts_wait_in_secs", "1"),
        ("upgrade_state_wait_in_secs", "1"),
        ("data_sync_wait_in_secs", "1"),
        ("maintenance_wait_in_secs", "1"),
        ("stabilize_wait_in_secs", "2"),
    ]
    .map(|(key, value)| ("sw-mgmt-configuration", key, value.to_owned()))
    .into()
}

/// Writes all configuration files of the VIM into `dir`; the main one is `config.ini`.
///
/// # Errors
/// A file cannot be written.
pub fn write(dir: &Path, lab: LabPorts, vim: VimPorts, settings: &Settings) -> anyhow::Result<()> {
    for sub in ["db", "run", "log"] {
        std::fs::create_dir_all(dir.join(sub))
            .with_context(|| format!("cannot make {sub} in {}", dir.display()))?;
    }
    let at = |name: &str| dir.join(name).display().to_string();
    let mut main = format!(
        "[debug]\nconfig_file={}\nhandlers=stdout,syslog\nsyslog_address={}\n[database]\ndatabase_dir={}\n\
         [alarm]\nnamespace=nfv_vim.alarm.handlers.v1\nhandlers=File-Storage\naudit_interval=30\nconfig_file={}\n\
         [event-log]\nnamespace=nfv_vim.event_log.handlers.v1\nhandlers=File-Storage\nconfig_file={}\n\
         [nfvi]\nnamespace=nfv_vim.nfvi.plugins.v1\nconfig_file={}\n\
         [vim]\nrpc_host=127.0.0.1\nrpc_port={}\nrun_dir={}\nmonitor_port={}\n\
         [vim-api]\nhost=127.0.0.1\nport={}\nrpc_host=127.0.0.1\nrpc_port=0\n\
         [vim-webserver]\nhost=127.0.0.1\nport={}\nsource_dir={}\nalarm_interval_in_secs=1\n",
        at("debug.ini"),
        at(SYSLOG_SOCKET),
        at("db"),
        at("alarm_handlers.ini"),
        at("event_log_handlers.ini"),
        at("nfvi_plugins.ini"),
        vim.rpc,
        at("run"),
        vim.monitor,
        vim.api,
        vim.web,
        at("web"),
    );
    for (section, key, value) in settings {
        // sections may be repeated; they are merged
        let _ = write!(main, "[{section}]\n{key}={value}\n");
    }
    let file = |name: &str, text: &str| {
        std::fs::write(dir.join(name), text).with_context(|| format!("cannot write {}", at(name)))
    };
    file("config.ini", &main)?;
    file(
        "debug.ini",
        "[debug-overall]\ndebug_level: debug.level.debug\ntrace_level: debug.level.notice\n[debug-loggers]\n",
    )?;
    file("alarm_handlers.ini", &format!("[File-Storage]\nfile={}\n", at("log/alarms.log")))?;
    file("event_log_handlers.ini", &format!("[File-Storage]\nfile={}\n", at("log/events.log")))?;
    file("nfvi_plugins.ini", &plugins(lab, vim))
}

fn plugins(lab: LabPorts, vim: VimPorts) -> String {
    let account = format!(
        "username=admin\ntenant=admin\nauthorization_protocol=http\nauthorization_ip=127.0.0.1\n\
         authorization_port={}\nuser_domain_name=Default\nproject_domain_name=Default\nkeyring_service=CGCS\n\
         password=admin\n",
        lab.keystone
    );
    let mut text = format!("[platform]\n{account}[openstack]\n{account}");
    let services = [
        ("keystone", "keystone", "identity", "internal"),
        ("cinder", "cinderv2", "volumev2", "admin"),
        ("glance", "glance", "image", "admin"),
        ("neutron", "neutron", "network", "admin"),
        ("nova", "nova", "compute", "admin"),
        ("sysinv", "sysinv", "platform", "admin"),
        ("patching", "patching", "patching", "admin"),
        ("fm", "fm", "faultmanagement", "admin"),
    ];
    for (section, name, kind, endpoint) in services {
        let _ = write!(
            text,
            "[{section}]\nregion_name=RegionOne\nservice_name={name}\nservice_type={kind}\nendpoint_type={endpoint}\n"
        );
    }
    let _ = write!(
        text,
        "[mtc]\nendpoint_override=http://127.0.0.1:{}\n[guest]\nendpoint_override=http://127.0.0.1:{}\n\
         [amqp]\nhost=127.0.0.1\nport={}\nuser_id=guest\npassword=guest\nvirt_host=/\n\
         [infrastructure-rest-api]\nhost=127.0.0.1\nport={}\n[guest-rest-api]\nhost=127.0.0.1\nport={}\n\
         [compute-rest-api]\nhost=127.0.0.1\nport={}\n[host-listener]\nhost=127.0.0.1\nport={}\n\
         [nfvi-timeouts]\nopenstack.get_token=10\nsysinv=45\n",
        lab.mtc, lab.guest, lab.broker, vim.infrastructure, vim.guest, vim.compute, vim.host
    );
    text
}
