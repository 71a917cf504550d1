//! The VIM's configuration file, typed. Contract: deployment 3.2, vim-behaviour 12.

use crate::core::config::{
    AuditConfig, CoreConfig, DorConfig, HistoryConfig, HostConfig, InstanceConfig, StormGuardConfig,
    SwMgmtConfig,
};
use crate::core::strategy::StepWaits;
use nfv_common::config::{ConfigError, Settings};
use nfv_nfvi::Pool;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Kubernetes runs on this controller when this file exists. Contract: vim-behaviour 2.5.
const KUBERNETES: &str = "/etc/kubernetes/admin.conf";

/// The kernel's name of this host.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// Kubernetes is configured on this controller now.
pub(super) fn kubernetes_configured() -> bool {
    Path::new(KUBERNETES).exists()
}

/// Where flag files go when the configuration does not say otherwise. Contract: deployment 8.1.
const RUN_DIRECTORY: &str = "/var/run";

/// More decisions of one object are not kept, whatever the configuration says.
const MOST_DECISIONS: u32 = 1000;

/// Plugins that can be switched off, and by which key of `[nfvi]`.
const SWITCHES: [(Pool, &str); 5] = [
    (Pool::Image, "image_plugin_disabled"),
    (Pool::BlockStorage, "block_storage_plugin_disabled"),
    (Pool::Compute, "compute_plugin_disabled"),
    (Pool::Network, "network_plugin_disabled"),
    (Pool::Guest, "guest_plugin_disabled"),
];

/// Steps that can be tried more than once: `[sw-mgmt-configuration] lock_hosts_attempts` and so on.
const RETRIED_STEPS: [&str; 13] = [
    "query-alarms",
    "query-sw-patches",
    "query-sw-patch-hosts",
    "query-upgrade",
    "swact-hosts",
    "lock-hosts",
    "unlock-hosts",
    "reboot-hosts",
    "sw-patch-hosts",
    "upgrade-hosts",
    "migrate-instances",
    "disable-host-services",
    "enable-host-services",
];

/// Steps that are not tried again, but whose deadline can be set like that of the others:
/// `[sw-mgmt-configuration] wait_data_sync_timeout_in_secs` and so on.
const DEADLINE_STEPS: [&str; 6] = [
    "stop-instances",
    "start-instances",
    "start-upgrade",
    "activate-upgrade",
    "complete-upgrade",
    "wait-data-sync",
];

/// What the process needs to know to run.
#[derive(Debug)]
pub struct RuntimeConfig {
    /// For the core.
    pub core: CoreConfig,
    /// Directory of the database file.
    pub database_dir: PathBuf,
    /// Directory of the flag files: `[vim] run_dir`, else `/var/run`.
    pub run_dir: PathBuf,
    /// Where nfv-vim-api asks: `[vim] rpc_host` and `rpc_port`.
    pub rpc: SocketAddr,
    /// Where observers may look: `[vim] monitor_host` and `monitor_port`; without a port nowhere.
    pub monitor: Option<SocketAddr>,
    /// Configuration of the plugins.
    pub nfvi_config_file: PathBuf,
}

impl RuntimeConfig {
    /// Reads the settings.
    ///
    /// # Errors
    /// A required key is missing, or a value is not what it must be; the error names file, section and key.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        for section in ["alarm", "event-log"] {
            settings.require(section, "namespace")?;
        }
        settings.require("nfvi", "namespace")?;
        Ok(Self {
            core: core_config(settings)?,
            database_dir: settings.require("database", "database_dir")?.into(),
            run_dir: settings.get("vim", "run_dir").unwrap_or(RUN_DIRECTORY).into(),
            rpc: rpc_address(settings)?,
            monitor: nfv_monitor::address(settings, "vim")?,
            nfvi_config_file: settings.require("nfvi", "config_file")?.into(),
        })
    }

    /// Path of a flag file.
    pub fn flag(&self, name: &str) -> PathBuf {
        self.run_dir.join(name)
    }
}

/// Where nfv-vim-api finds the VIM. Contract: deployment 3.2.
fn rpc_address(settings: &Settings) -> Result<SocketAddr, ConfigError> {
    const SECTION: &str = "vim";
    let host = settings.require(SECTION, "rpc_host")?;
    let address = match host {
        "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
        literal => literal.parse(),
    };
    let address =
        address.map_err(|_| settings.wrong(SECTION, "rpc_host", host, "an IPv4 or IPv6 address"))?;
    Ok(SocketAddr::new(address, settings.require_int(SECTION, "rpc_port")?))
}

fn core_config(settings: &Settings) -> Result<CoreConfig, ConfigError> {
    let disabled = SWITCHES
        .iter()
        .filter(|(_, key)| settings.listed_flag("nfvi", key).unwrap_or(false))
        .map(|(pool, _)| *pool);
    let default = CoreConfig::default();
    Ok(CoreConfig {
        disabled: disabled.collect(),
        kubernetes: kubernetes_configured(),
        host: HostConfig {
            deleting_wait: settings.seconds_or(
                "host-configuration",
                "max_host_deleting_wait_in_secs",
                default.host.deleting_wait,
            )?,
        },
        instance: instance_config(settings, default.instance)?,
        audit: audit_config(settings, default.audit)?,
        dor: dor_config(settings, default.dor)?,
        sw_mgmt: sw_mgmt_config(settings)?,
        history: HistoryConfig {
            decisions_per_object: settings
                .int_or(
                    "history-configuration",
                    "decisions_per_object",
                    default.history.decisions_per_object,
                )?
                .clamp(1, MOST_DECISIONS),
        },
        local_host: std::fs::read_to_string(HOST_NAME).unwrap_or_default().trim().to_owned(),
        time_zone: jiff::tz::TimeZone::system(),
        turn_limit: default.turn_limit,
        watch_interval: settings.seconds_or(
            "instance-configuration",
            "action_watch_interval_in_secs",
            default.watch_interval,
        )?,
    })
}

fn instance_config(settings: &Settings, default: InstanceConfig) -> Result<InstanceConfig, ConfigError> {
    const SECTION: &str = "instance-configuration";
    let seconds = |key, default| settings.seconds_or(SECTION, key, default);
    // the clamp is skipped when the whole section is absent (deployment 3.2, quirk)
    let bounds = if settings.has_section(SECTION) {
        Some((
            seconds("max_live_migrate_wait_in_secs_min", Duration::from_secs(120))?,
            seconds("max_live_migrate_wait_in_secs_max", Duration::from_secs(800))?,
        ))
    } else {
        None
    };
    Ok(InstanceConfig {
        single_hypervisor: settings
            .lower_flag(SECTION, "single_hypervisor")
            .unwrap_or(default.single_hypervisor),
        max_concurrent_recovering: settings.int_or(
            SECTION,
            "max_concurrent_recovering_instances",
            default.max_concurrent_recovering,
        )?,
        max_concurrent_migrates_per_host: settings.int_or(
            SECTION,
            "max_concurrent_migrates_per_host",
            default.max_concurrent_migrates_per_host,
        )?,
        max_concurrent_evacuates_per_host: settings.int_or(
            SECTION,
            "max_concurrent_evacuates_per_host",
            default.max_concurrent_evacuates_per_host,
        )?,
        recovery_audit_interval: seconds("recovery_audit_interval", default.recovery_audit_interval)?,
        recovery_audit_cooldown: seconds("recovery_audit_cooldown", default.recovery_audit_cooldown)?,
        recovery_audit_batch_interval: seconds(
            "recovery_audit_batch_interval",
            default.recovery_audit_batch_interval,
        )?,
        recovery_cooldown: seconds("recovery_cooldown", default.recovery_cooldown)?,
        rebuild_timeout: seconds("rebuild_timeout", default.rebuild_timeout)?,
        reboot_timeout: seconds("reboot_timeout", default.reboot_timeout)?,
        migrate_timeout: seconds("migrate_timeout", default.migrate_timeout)?,
        recovery_threshold: settings.int_or(SECTION, "recovery_threshold", default.recovery_threshold)?,
        max_throttled_recovering: settings.int_or(
            SECTION,
            "max_throttled_recovering_instances",
            default.max_throttled_recovering,
        )?,
        max_live_migrate_wait: seconds("max_live_migrate_wait_in_secs", default.max_live_migrate_wait)?,
        live_migrate_wait_bounds: bounds,
        max_cold_migrate_wait: seconds("max_cold_migrate_wait_in_secs", default.max_cold_migrate_wait)?,
        max_resize_wait: seconds("max_resize_wait_in_secs", default.max_resize_wait)?,
        max_evacuate_wait: seconds("max_evacuate_wait_in_secs", default.max_evacuate_wait)?,
        max_cold_migrate_local_image_disk_gb: settings.int_or(
            SECTION,
            "max_cold_migrate_local_image_disk_gb",
            default.max_cold_migrate_local_image_disk_gb,
        )?,
        max_evacuate_local_image_disk_gb: settings.int_or(
            SECTION,
            "max_evacuate_local_image_disk_gb",
            default.max_evacuate_local_image_disk_gb,
        )?,
        storm_guard: StormGuardConfig {
            host_percentage: settings.int_or(
                SECTION,
                "storm_guard_host_percentage",
                default.storm_guard.host_percentage,
            )?,
            window: seconds("storm_guard_window_in_secs", default.storm_guard.window)?,
        },
    })
}

fn audit_config(settings: &Settings, default: AuditConfig) -> Result<AuditConfig, ConfigError> {
    const SECTION: &str = "audit-configuration";
    let pause = settings.int_or(SECTION, "step_pause_in_ms", default.step_pause.as_millis() as u64)?;
    Ok(AuditConfig {
        step_pause: Duration::from_millis(pause),
        cycle_pause: settings.seconds_or(SECTION, "cycle_pause_in_secs", default.cycle_pause)?,
        host_after: settings.seconds_or(SECTION, "host_audit_after_in_secs", default.host_after)?,
    })
}

fn step_waits(settings: &Settings, section: &str) -> Result<StepWaits, ConfigError> {
    let default = StepWaits::default();
    let wait = |key: &str, default| settings.seconds_or(section, &format!("{key}_wait_in_secs"), default);
    Ok(StepWaits {
        own_lock: wait("own_lock", default.own_lock)?,
        swact: wait("swact", default.swact)?,
        reboot: wait("reboot", default.reboot)?,
        upgrade_hosts: wait("upgrade_hosts", default.upgrade_hosts)?,
        upgrade_state: wait("upgrade_state", default.upgrade_state)?,
        data_sync: wait("data_sync", default.data_sync)?,
        maintenance: wait("maintenance", default.maintenance)?,
        no_reboot: wait("no_reboot", default.no_reboot)?,
        stabilize: wait("stabilize", default.stabilize)?,
    })
}

fn sw_mgmt_config(settings: &Settings) -> Result<SwMgmtConfig, ConfigError> {
    const SECTION: &str = "sw-mgmt-configuration";
    let mut attempts = BTreeMap::new();
    for step in RETRIED_STEPS {
        let key = format!("{}_attempts", step.replace('-', "_"));
        let times: u32 = settings.int_or(SECTION, &key, 1)?;
        if times > 1 {
            attempts.insert(step.to_owned(), times);
        }
    }
    let mut deadlines = BTreeMap::new();
    for step in RETRIED_STEPS.iter().chain(&DEADLINE_STEPS) {
        let key = format!("{}_timeout_in_secs", step.replace('-', "_"));
        if let Some(secs) = settings.int::<u64>(SECTION, &key)? {
            // a step without a limit could wait for ever
            deadlines.insert((*step).to_owned(), Duration::from_secs(secs.max(1)));
        }
    }
    let ids = settings.get(SECTION, "ignore_alarms").unwrap_or_default();
    Ok(SwMgmtConfig {
        ignore_alarms: ids.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect(),
        single_controller: settings.lower_flag(SECTION, "single_controller").unwrap_or(false),
        attempts,
        deadlines,
        waits: step_waits(settings, SECTION)?,
    })
}

fn dor_config(settings: &Settings, default: DorConfig) -> Result<DorConfig, ConfigError> {
    const SECTION: &str = "dor-configuration";
    let seconds = |key, default| settings.seconds_or(SECTION, key, default);
    Ok(DorConfig {
        minimum_hosts: settings.int_or(SECTION, "minimum_hosts", default.minimum_hosts)?,
        process_uptime: seconds("dor_process_uptime", default.process_uptime)?,
        stabilize_uptime: seconds("dor_stabilize_uptime", default.stabilize_uptime)?,
        complete_uptime: seconds("dor_complete_uptime", default.complete_uptime)?,
        // the original reads the percentage from the key of the uptime, so that setting one sets both (quirk);
        // here it stays what it is meant to be (docs/differences.md)
        completion_percentage: default.completion_percentage,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "[nfvi]\nnamespace=n\nconfig_file=/n\n[database]\ndatabase_dir=/d\n\
        [alarm]\nnamespace=n\nconfig_file=/a\n[event-log]\nnamespace=n\nconfig_file=/e\n\
        [vim]\nrpc_host=::1\nrpc_port=4343\n";

    fn read(text: &str) -> Result<RuntimeConfig, ConfigError> {
        RuntimeConfig::from_settings(&Settings::parse("config.ini", text.as_bytes())?)
    }

    #[test]
    fn absent_keys_have_the_contracts_defaults() {
        let config = read(MINIMAL).unwrap();
        assert_eq!(config.run_dir, Path::new("/var/run"));
        assert_eq!(config.rpc.to_string(), "[::1]:4343");
        assert_eq!(config.monitor, None);
        let instance = &config.core.instance;
        assert_eq!(instance.recovery_audit_interval, Duration::from_secs(330));
        assert_eq!(instance.max_evacuate_local_image_disk_gb, 20);
        assert_eq!(instance.live_migrate_wait_bounds, None);
        assert_eq!(config.core.dor.minimum_hosts, 4);
    }

    #[test]
    fn values_are_read_where_they_stand() {
        let text = format!(
            "{MINIMAL}[instance-configuration]\nsingle_hypervisor=True\nrecovery_cooldown = 5 \n[vim]\nrun_dir=/r\n\
             [dor-configuration]\ndor_complete_uptime=600\n"
        )
        .replace("[nfvi]\nnamespace=n", "[nfvi]\nnamespace=n\nguest_plugin_disabled=t\nimage_plugin_disabled=TRUE");
        let config = read(&text).unwrap();
        assert!(config.core.instance.single_hypervisor);
        assert_eq!(config.core.instance.recovery_cooldown, Duration::from_secs(5));
        assert!(config.core.instance.live_migrate_wait_bounds.is_some());
        assert_eq!(config.flag("x"), Path::new("/r/x"));
        assert_eq!(config.core.dor.complete_uptime, Duration::from_secs(600));
        assert_eq!(config.core.dor.completion_percentage, 50);
        // TRUE is not on the list of words that are true
        assert_eq!(config.core.disabled.into_iter().collect::<Vec<_>>(), [Pool::Guest]);
    }

    #[test]
    fn waits_and_deadlines_of_strategies_are_read() {
        let default = read(MINIMAL).unwrap().core;
        assert_eq!(default.sw_mgmt.waits, StepWaits::default());
        assert!(default.sw_mgmt.deadlines.is_empty());
        let text = format!(
            "{MINIMAL}[sw-mgmt-configuration]\nstabilize_wait_in_secs=90\nwait_data_sync_timeout_in_secs=3600\n\
             unlock_hosts_timeout_in_secs=0\n[audit-configuration]\nstep_pause_in_ms=50\n"
        );
        let core = read(&text).unwrap().core;
        assert_eq!(core.sw_mgmt.waits.stabilize, Duration::from_secs(90));
        assert_eq!(core.sw_mgmt.waits.swact, Duration::from_secs(120));
        assert_eq!(core.sw_mgmt.deadlines["wait-data-sync"], Duration::from_secs(3600));
        // no limit would be a wait for ever
        assert_eq!(core.sw_mgmt.deadlines["unlock-hosts"], Duration::from_secs(1));
        assert_eq!(core.audit.step_pause, Duration::from_millis(50));
        assert_eq!(core.audit.cycle_pause, Duration::from_secs(20));
    }

    #[test]
    fn an_error_names_the_key() {
        let error = read(&MINIMAL.replace("database_dir=/d", "")).unwrap_err().to_string();
        assert!(error.contains("database_dir"), "{error}");
        for (from, to, says) in [
            ("rpc_host=::1", "rpc_host=here", "'here' is not an IPv4 or IPv6 address"),
            ("rpc_port=4343", "", "rpc_port"),
            ("rpc_port=4343", "rpc_port=70000", "70000"),
        ] {
            let error = read(&MINIMAL.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let error = read(&format!("{MINIMAL}[instance-configuration]\nreboot_timeout=soon\n"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("reboot_timeout") && error.contains("soon"), "{error}");
    }
}
