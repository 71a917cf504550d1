//! The patching controller. Contract: southbound 3.11.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::host::Admin;
use super::{Cloud, Due};

/// A patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Release.
    pub sw_version: String,
    /// `Applied`, ...
    pub repo_state: String,
    /// `Partial-Apply`, ...
    pub patch_state: String,
    /// Hosts must be locked for it.
    pub reboot_required: bool,
}

/// What the controller knows.
#[derive(Debug, Clone, Default)]
pub struct Patching {
    /// Patches by name.
    pub patches: BTreeMap<String, Patch>,
    /// Hosts that have all applied patches.
    pub current: BTreeSet<String>,
    /// Hosts that are installing.
    pub installing: BTreeSet<String>,
    /// Hosts whose next installation fails.
    pub will_fail: BTreeSet<String>,
    /// Hosts whose last installation failed.
    pub failed: BTreeSet<String>,
}

impl Patching {
    fn reboot_required(&self) -> bool {
        self.patches.values().any(|patch| patch.repo_state == "Applied" && patch.reboot_required)
    }
}

impl Cloud {
    /// An operator uploads and applies a patch: no host has it installed so far.
    ///
    /// # Errors
    /// There is one of that name.
    pub fn apply_patch(&mut self, name: &str, reboot_required: bool) -> Result<(), String> {
        if self.patching.patches.contains_key(name) {
            return Err(format!("there is a patch {name}"));
        }
        let patch = Patch {
            sw_version: self.features.software_load.clone(),
            repo_state: "Applied".into(),
            patch_state: "Partial-Apply".into(),
            reboot_required,
        };
        self.patching.patches.insert(name.to_owned(), patch);
        self.patching.current.clear();
        self.happened("patch", name, "applied, to be installed");
        Ok(())
    }

    /// Starts an installation.
    ///
    /// # Errors
    /// The text that the controller puts into its (successful) answer.
    pub fn install_patches(&mut self, name: &str) -> Result<(), String> {
        let Some(host) = self.hosts.get(name) else {
            return Err(format!("Unknown host {name}"));
        };
        if self.patching.reboot_required() && host.admin != Admin::Locked {
            return Err(format!("Host must be locked for installation: {name}"));
        }
        if !self.patching.installing.insert(name.to_owned()) {
            return Err(format!("Installation is in progress on {name}"));
        }
        self.patching.failed.remove(name);
        self.happened("host", name, "patch installation requested");
        self.plan(self.timings.patch_install, Due::Patched { host: name.to_owned() });
        Ok(())
    }

    pub(super) fn patch_installed(&mut self, name: &str) {
        self.patching.installing.remove(name);
        if self.patching.will_fail.remove(name) || !self.hosts.get(name).is_some_and(|host| host.alive) {
            self.patching.failed.insert(name.to_owned());
            self.happened("host", name, "patch installation failed");
            return;
        }
        self.patching.current.insert(name.to_owned());
        self.happened("host", name, "patches installed");
        if self.hosts.keys().all(|host| self.patching.current.contains(host)) {
            for patch in self.patching.patches.values_mut() {
                if patch.repo_state == "Applied" {
                    patch.patch_state = "Applied".into();
                }
            }
        }
    }

    /// The answer to `query_hosts`.
    #[must_use]
    pub fn patch_hosts_json(&self) -> Value {
        let reboot = self.patching.reboot_required();
        let none = self.patching.patches.values().all(|patch| patch.repo_state != "Applied");
        let data: Vec<_> = self
            .hosts
            .values()
            .map(|host| {
                let current = none || self.patching.current.contains(&host.name);
                let state = if self.patching.installing.contains(&host.name) {
                    "installing"
                } else if self.patching.failed.contains(&host.name) {
                    "install-failed"
                } else {
                    "idle"
                };
                json!({
                    "hostname": host.name,
                    "ip": "127.0.0.1",
                    "subfunctions": host.subfunctions.split(',').map(str::trim).collect::<Vec<_>>(),
                    "nodetype": host.personality,
                    "sw_version": host.software_load,
                    "requires_reboot": reboot && !current,
                    "patch_current": current,
                    "patch_failed": self.patching.failed.contains(&host.name),
                    "stale_details": false,
                    "state": state,
                    "interim_state": false,
                })
            })
            .collect();
        json!({"data": data})
    }
}
