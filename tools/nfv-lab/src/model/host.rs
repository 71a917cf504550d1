//! A platform host as sysinv and mtc see it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

/// Administrative state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admin {
    /// In service.
    Unlocked,
    /// Taken out of service.
    Locked,
}

impl Admin {
    /// The wire form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unlocked => "unlocked",
            Self::Locked => "locked",
        }
    }
}

/// Operational state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oper {
    /// Works.
    Enabled,
    /// Does not.
    Disabled,
}

impl Oper {
    /// The wire form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

/// Availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Avail {
    /// In full service.
    Available,
    /// In service with a fault.
    Degraded,
    /// Being tested on the way to service.
    InTest,
    /// Failed, still reachable or not yet known to be gone.
    Failed,
    /// Not reachable.
    Offline,
    /// Reachable, locked.
    Online,
}

impl Avail {
    /// The wire form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Degraded => "degraded",
            Self::InTest => "intest",
            Self::Failed => "failed",
            Self::Offline => "offline",
            Self::Online => "online",
        }
    }
}

/// What comes next in a host's sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostStep {
    /// sysinv gives up waiting for the VIM's answer to a lock.
    LockTimeout {
        /// Which wait: an extension makes a new one.
        wait: u64,
    },
    /// mtc locks the host.
    Locked,
    /// mtc unlocks and resets the host.
    Unlocked,
    /// The host is up again and says so.
    Booted,
    /// mtc puts the host into service (or online, when locked).
    Enabled,
    /// mtc has noticed that the host is dead.
    Detected {
        /// From `failed` to `offline`, seconds.
        offline_after_ms: u64,
    },
    /// mtc has lost the host.
    Offline,
    /// Power comes back.
    PowerOn,
    /// Nova finds the servers that did not survive the restart.
    PowerSync,
}

/// Nova's compute service on a host.
#[derive(Debug, Clone)]
pub struct ComputeService {
    /// Number, ids below microversion 2.53.
    pub number: u32,
    /// Id from 2.53.
    pub uuid: String,
    /// Number of the hypervisor.
    pub hypervisor_number: u32,
    /// Id of the hypervisor from 2.53.
    pub hypervisor_uuid: String,
    /// `enabled` or `disabled`.
    pub enabled: bool,
    /// Why disabled.
    pub disabled_reason: Option<String>,
    /// Declared down.
    pub forced_down: bool,
    /// The process runs and reports.
    pub running: bool,
    /// When it last reported, for one that does not run.
    pub last_seen: Duration,
}

/// A platform host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Id.
    pub uuid: String,
    /// Number in sysinv.
    pub number: u32,
    /// Name.
    pub name: String,
    /// `controller`, `worker` or `storage`.
    pub personality: String,
    /// Comma text.
    pub subfunctions: String,
    /// Kubernetes labels.
    pub labels: BTreeMap<String, String>,
    /// Storage replication group.
    pub peers: Option<String>,
    /// Administrative state.
    pub admin: Admin,
    /// Operational state.
    pub oper: Oper,
    /// Availability.
    pub avail: Avail,
    /// mtc watches the data ports.
    pub data_ports: bool,
    /// They have failed.
    pub data_ports_failed: bool,
    /// sysinv's `ihost_action`.
    pub action: String,
    /// sysinv's `task`.
    pub task: String,
    /// sysinv's `vim_progress_status`.
    pub vim_progress: String,
    /// Runs: power is on and the system is up.
    pub alive: bool,
    /// When it came up, in seconds since the lab's start (negative: before).
    pub booted_at: f64,
    /// Goes up when older plans for the host become void.
    pub generation: u64,
    /// Number of the wait for the VIM's answer to a lock.
    pub lock_wait: u64,
    /// Virtual CPUs for servers.
    pub vcpus: u32,
    /// Memory for servers.
    pub memory_mb: u64,
    /// Disk for servers.
    pub disk_gb: u64,
    /// Nova's compute service, if one is registered.
    pub compute: Option<ComputeService>,
    /// Release that it runs.
    pub software_load: String,
    /// Release that it shall run.
    pub target_load: String,
}

impl Host {
    /// Whether servers can run on it.
    #[must_use]
    pub fn is_worker(&self) -> bool {
        self.has_subfunction("worker")
    }

    /// Whether the comma text holds the word.
    #[must_use]
    pub fn has_subfunction(&self, word: &str) -> bool {
        self.subfunctions.split(',').any(|part| part.trim() == word)
    }

    /// States of the worker part of a combined host. Contract: southbound 5.1.2.
    #[must_use]
    pub fn subfunction_states(&self) -> Option<(Oper, Avail)> {
        (self.personality != "worker" && self.is_worker()).then_some((self.oper, self.avail))
    }

    /// Seconds that it has been up, 0 when it is not.
    #[must_use]
    pub fn uptime(&self, now: Duration) -> u64 {
        let up = Duration::try_from_secs_f64(now.as_secs_f64() - self.booted_at).unwrap_or_default();
        if self.alive { up.as_secs() } else { 0 }
    }

    /// States as mtc gives them in answers and notices. Contract: southbound 3.9, 7.3.
    #[must_use]
    pub fn state_json(&self) -> Value {
        let mut state = json!({
            "administrative": self.admin.as_str(),
            "operational": self.oper.as_str(),
            "availability": self.avail.as_str(),
        });
        if let Some((oper, avail)) = self.subfunction_states() {
            state["subfunction_oper"] = json!(oper.as_str());
            state["subfunction_avail"] = json!(avail.as_str());
        }
        // Data ports of a host that is not in service are off duty, and left out.
        if self.data_ports && self.is_worker() && self.oper == Oper::Enabled {
            let (oper, avail) = if self.data_ports_failed {
                (Oper::Disabled, Avail::Failed)
            } else {
                (Oper::Enabled, Avail::Available)
            };
            state["data_ports_oper"] = json!(oper.as_str());
            state["data_ports_avail"] = json!(avail.as_str());
        }
        state
    }
}
