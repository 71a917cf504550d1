//! The patch controller and fault management, as far as strategies ask them.

use super::cloud::Cloud;
use nfv_common::time::Mono;
use nfv_nfvi::call::SwMgmtCall;
use nfv_nfvi::object::{FmAlarm, HostSwPatch, SwPatch};
use nfv_nfvi::{Answer, CallError, CallResult, ErrorKind};
use std::collections::BTreeMap;

/// A host to be patched.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// The patch needs a reboot.
    pub reboot: bool,
    /// It is in.
    pub current: bool,
    /// It could not be installed.
    pub failed: bool,
    /// The installation under way ends then.
    pub until: Option<Mono>,
    /// How often it was installed.
    pub installed: u32,
}

/// The patch controller.
#[derive(Debug, Clone, Default)]
pub struct Patching {
    /// Hosts by name; none: there is no patch.
    pub hosts: BTreeMap<String, Patch>,
    /// Of a hundred installations so many fail.
    pub failures: u32,
}

impl Cloud {
    /// Every host needs the patch.
    pub fn release_patch(&mut self, reboot: bool) {
        let new = |name: &String| (name.clone(), Patch { reboot, ..Patch::default() });
        self.patching.hosts = self.hosts.keys().map(new).collect();
    }

    /// Every host has it.
    pub fn all_patched(&self) -> bool {
        self.patching.hosts.values().all(|host| host.current)
    }

    fn finish_installations(&mut self) {
        let now = self.now;
        let failures = self.patching.failures;
        for (name, host) in &mut self.patching.hosts {
            if host.until.is_some_and(|until| until <= now) {
                host.until = None;
                host.installed += 1;
                let failed = failures > 0 && self.rng.u32(0..100) < failures;
                (host.current, host.failed) = (!failed, failed);
                self.notes.push(format!("patching: {name} {}", if failed { "failed" } else { "is current" }));
            }
        }
    }

    /// The patch controller answers.
    pub fn serve_patching(&mut self, call: &SwMgmtCall) -> CallResult {
        self.finish_installations();
        match call {
            SwMgmtCall::QueryUpdates => {
                let patch = |_| SwPatch {
                    name: "PATCH_0001".to_owned(),
                    sw_version: "19.01".to_owned(),
                    repo_state: "Applied".to_owned(),
                    patch_state: "Partial-Apply".to_owned(),
                };
                Ok(Answer::SwPatches(self.patching.hosts.iter().take(1).map(patch).collect()))
            }
            SwMgmtCall::QueryHosts => {
                let host = |(name, host): (&String, &Patch)| HostSwPatch {
                    name: name.clone(),
                    personality: self.hosts[name].personality.clone(),
                    sw_version: "19.01".to_owned(),
                    requires_reboot: host.reboot,
                    patch_current: host.current,
                    state: if host.until.is_some() { "installing" } else { "idle" }.to_owned(),
                    patch_failed: host.failed,
                    interim_state: false,
                };
                Ok(Answer::HostSwPatches(self.patching.hosts.iter().map(host).collect()))
            }
            SwMgmtCall::UpdateHosts { host_names } => {
                for name in host_names {
                    let took = self.between(20, 90);
                    let until = self.now + took;
                    let alive = self.hosts.get(name).is_some_and(|host| host.alive);
                    let locked = self.hosts.get(name).is_some_and(|host| host.locked);
                    let Some(host) = self.patching.hosts.get_mut(name).filter(|_| alive) else {
                        return Err(CallError::new(ErrorKind::Refused, format!("{name} does not answer")));
                    };
                    if host.reboot && !locked {
                        self.violations.push(format!("{name} is patched though it is not locked"));
                    }
                    if host.until.is_some() {
                        return Err(CallError::new(ErrorKind::Refused, format!("{name} is being patched")));
                    }
                    host.failed = false;
                    host.until = Some(until);
                    self.notes.push(format!("patching: installs on {name}"));
                }
                Ok(Answer::Done)
            }
        }
    }

    /// An alarm that no strategy leaves out.
    pub fn raise_fm_alarm(&mut self) {
        self.fm_alarms.push(FmAlarm {
            alarm_uuid: format!("fm-{}", self.fm_alarms.len()),
            alarm_id: "100.101".to_owned(),
            entity_instance_id: "host=compute-0".to_owned(),
            severity: "major".to_owned(),
            reason_text: "Platform CPU threshold exceeded".to_owned(),
            timestamp: "2019-01-23T15:00:00".to_owned(),
            mgmt_affecting: true,
        });
    }
}
