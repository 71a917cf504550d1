//! The settings that steer decisions. Contract: vim-behaviour 12, deployment 3.2.

use super::strategy::StepWaits;
use nfv_nfvi::Pool;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// All settings of the core, already typed.
#[derive(Debug, Clone)]
pub struct CoreConfig {
    /// Plugins switched off.
    pub disabled: BTreeSet<Pool>,
    /// Kubernetes runs here (`/etc/kubernetes/admin.conf` exists).
    pub kubernetes: bool,
    /// `[host-configuration]`
    pub host: HostConfig,
    /// `[instance-configuration]`
    pub instance: InstanceConfig,
    /// `[audit-configuration]`
    pub audit: AuditConfig,
    /// `[dor-configuration]`
    pub dor: DorConfig,
    /// `[sw-mgmt-configuration]`
    pub sw_mgmt: SwMgmtConfig,
    /// `[history-configuration]`
    pub history: HistoryConfig,
    /// Name of the host this process runs on.
    pub local_host: String,
    /// Time zone of the times that strategies show.
    pub time_zone: jiff::tz::TimeZone,
    /// Longest wait for one turn of a call; longer than any limit of the plugins.
    pub turn_limit: Duration,
    /// How often Nova is asked for an instance whose action is under way. See docs/differences.md.
    pub watch_interval: Duration,
}

/// `[host-configuration]`
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// `max_host_deleting_wait_in_secs`
    pub deleting_wait: Duration,
}

/// `[instance-configuration]`
#[derive(Debug, Clone)]
pub struct InstanceConfig {
    /// One hypervisor in the system: instances are stopped, not moved.
    pub single_hypervisor: bool,
    /// Recoveries started in one batch.
    pub max_concurrent_recovering: usize,
    /// Migrations off one host at a time.
    pub max_concurrent_migrates_per_host: usize,
    /// Evacuations off one host at a time.
    pub max_concurrent_evacuates_per_host: usize,
    /// Long interval of the recovery audit.
    pub recovery_audit_interval: Duration,
    /// Short interval of the recovery audit.
    pub recovery_audit_cooldown: Duration,
    /// Between two batches of one recovery audit.
    pub recovery_audit_batch_interval: Duration,
    /// Time in state before a failed instance is recovered.
    pub recovery_cooldown: Duration,
    /// Time in state before a rebuild counts as stuck.
    pub rebuild_timeout: Duration,
    /// Time in state before a reboot counts as stuck.
    pub reboot_timeout: Duration,
    /// Time in state before a migration counts as stuck.
    pub migrate_timeout: Duration,
    /// More failed instances than this are recovered slowly.
    pub recovery_threshold: usize,
    /// Recoveries started in one slow batch.
    pub max_throttled_recovering: usize,
    /// Longest live migration when nothing else says so.
    pub max_live_migrate_wait: Duration,
    /// Bounds on what flavors, images and metadata may say; none when the section is absent.
    pub live_migrate_wait_bounds: Option<(Duration, Duration)>,
    /// Longest cold migration.
    pub max_cold_migrate_wait: Duration,
    /// Longest resize.
    pub max_resize_wait: Duration,
    /// Longest evacuation.
    pub max_evacuate_wait: Duration,
    /// Largest local disk the system cold-migrates, GB.
    pub max_cold_migrate_local_image_disk_gb: u64,
    /// Largest local disk the system evacuates, GB.
    pub max_evacuate_local_image_disk_gb: u64,
    /// What is done when many hosts fail at once.
    pub storm_guard: StormGuardConfig,
}

/// The storm guard's part of `[instance-configuration]`. docs/extensions.md.
#[derive(Debug, Clone, Copy)]
pub struct StormGuardConfig {
    /// Share of the workers, percent, whose failure at once is a storm; 0: the guard is off.
    pub host_percentage: u64,
    /// Failures within this time are at once.
    pub window: Duration,
}

impl InstanceConfig {
    /// Longest time one instance may take to leave a host that goes down: the work's limit. Contract: 2.6.
    pub fn disabling_wait(&self) -> Duration {
        let live = self.live_migrate_wait_bounds.map_or(Duration::from_secs(800), |(_, max)| max);
        live.max(self.max_cold_migrate_wait).max(self.max_resize_wait) + Duration::from_secs(60)
    }

    /// The same for evacuations.
    pub fn disabled_wait(&self) -> Duration {
        self.max_evacuate_wait + Duration::from_secs(60)
    }
}

/// `[sw-mgmt-configuration]`. Contract: strategies 6.5.
#[derive(Debug, Clone, Default)]
pub struct SwMgmtConfig {
    /// Alarms that no strategy looks at.
    pub ignore_alarms: Vec<String>,
    /// A system of one controller.
    pub single_controller: bool,
    /// How often a step is tried in all, by its name; 1 where nothing is said.
    pub attempts: BTreeMap<String, u32>,
    /// Deadlines of steps that differ from the contract's, by the step's name.
    pub deadlines: BTreeMap<String, Duration>,
    /// How long steps let the system settle.
    pub waits: StepWaits,
}

/// `[history-configuration]`: what is remembered of decisions. docs/extensions.md.
#[derive(Debug, Clone, Copy)]
pub struct HistoryConfig {
    /// Decisions kept about each host and instance: `decisions_per_object`.
    pub decisions_per_object: u32,
}

/// `[audit-configuration]`: how often the cloud is looked at. Contract: vim-behaviour 6.1.
#[derive(Debug, Clone, Copy)]
pub struct AuditConfig {
    /// Between two listings of a cycle: `step_pause_in_ms`.
    pub step_pause: Duration,
    /// Between two cycles: `cycle_pause_in_secs`.
    pub cycle_pause: Duration,
    /// A host that did not change for so long is audited: `host_audit_after_in_secs`.
    pub host_after: Duration,
}

/// `[dor-configuration]`
#[derive(Debug, Clone)]
pub struct DorConfig {
    /// Fewer workers than this are a small system.
    pub minimum_hosts: usize,
    /// Age of the process at which a small system is complete.
    pub process_uptime: Duration,
    /// Age of the process at which it counts as stabilized.
    pub stabilize_uptime: Duration,
    /// Uptime of a host at which it counts as back.
    pub complete_uptime: Duration,
    /// Share of workers that must be back, percent.
    pub completion_percentage: u64,
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Default for CoreConfig {
    fn default() -> Self {
        Self {
            disabled: BTreeSet::new(),
            kubernetes: false,
            host: HostConfig { deleting_wait: secs(60) },
            instance: InstanceConfig::default(),
            audit: AuditConfig { step_pause: secs(2), cycle_pause: secs(20), host_after: secs(30) },
            dor: DorConfig {
                minimum_hosts: 4,
                process_uptime: secs(60),
                stabilize_uptime: secs(240),
                complete_uptime: secs(1200),
                completion_percentage: 50,
            },
            sw_mgmt: SwMgmtConfig::default(),
            history: HistoryConfig { decisions_per_object: 20 },
            local_host: "controller-0".to_owned(),
            time_zone: jiff::tz::TimeZone::UTC,
            turn_limit: secs(60),
            watch_interval: secs(5),
        }
    }
}

impl Default for InstanceConfig {
    fn default() -> Self {
        Self {
            single_hypervisor: false,
            max_concurrent_recovering: 4,
            max_concurrent_migrates_per_host: 1,
            max_concurrent_evacuates_per_host: 1,
            recovery_audit_interval: secs(330),
            recovery_audit_cooldown: secs(30),
            recovery_audit_batch_interval: secs(2),
            recovery_cooldown: secs(30),
            rebuild_timeout: secs(900),
            reboot_timeout: secs(300),
            migrate_timeout: secs(960),
            recovery_threshold: 250,
            max_throttled_recovering: 2,
            max_live_migrate_wait: secs(800),
            live_migrate_wait_bounds: Some((secs(120), secs(800))),
            max_cold_migrate_wait: secs(900),
            max_resize_wait: secs(900),
            max_evacuate_wait: secs(900),
            max_cold_migrate_local_image_disk_gb: 20,
            max_evacuate_local_image_disk_gb: 20,
            storm_guard: StormGuardConfig { host_percentage: 0, window: secs(120) },
        }
    }
}
