//! Deeds: what a scenario or the control API can do to the cloud.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::HostSpec;
use crate::faults::Rule;
use crate::lab::Shared;
use crate::model::Cloud;
use crate::model::action::{NovaFault, Taken};
use crate::model::platform::HostFault;
use crate::ports::Service;
use crate::service::nova::parse_action;

/// A deed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Command {
    /// The server is in error (`vm_state`).
    VmError {
        /// Name or id.
        vm: String,
    },
    /// The server is in error and its power state says crashed.
    VmCrash {
        /// Name or id.
        vm: String,
    },
    /// The guest's heartbeat stops.
    GuestHeartbeatFail {
        /// Name or id.
        vm: String,
        /// `reboot`, `stop` or `log`.
        #[serde(default = "reboot")]
        repair: String,
        /// Health check failure only.
        #[serde(default)]
        unhealthy: bool,
    },
    /// The guest's heartbeat comes back.
    GuestHeartbeatStart {
        /// Name or id.
        vm: String,
    },
    /// What the guest says to votes from now on.
    GuestVote {
        /// Name or id.
        vm: String,
        /// It refuses.
        reject: bool,
    },
    /// A user's action on a server, straight to Nova.
    VmAction {
        /// Name or id.
        vm: String,
        /// Body as in `POST /servers/{id}/action`.
        action: Value,
    },
    /// A user deletes a server.
    VmDelete {
        /// Name or id.
        vm: String,
    },
    /// The host dies.
    HostFail {
        /// Name.
        host: String,
        /// Seconds from `failed` to `offline`; the cluster's `host_offline` when absent.
        #[serde(default)]
        offline_after: Option<f64>,
        /// Seconds until its power comes back; never when absent.
        #[serde(default)]
        recover_after: Option<f64>,
    },
    /// mtc loses the host at once.
    HostOffline {
        /// Name.
        host: String,
    },
    /// Power comes back to a dead host.
    HostRecover {
        /// Name.
        host: String,
    },
    /// An operator locks the host.
    HostLock {
        /// Name.
        host: String,
        /// With force.
        #[serde(default)]
        force: bool,
    },
    /// An operator unlocks the host.
    HostUnlock {
        /// Name.
        host: String,
    },
    /// An operator restarts the (locked) host.
    HostReboot {
        /// Name.
        host: String,
    },
    /// An operator deletes the (locked) host.
    HostDelete {
        /// Name.
        host: String,
    },
    /// An operator adds a host.
    HostAdd {
        /// As in the cluster file; it comes locked.
        host: HostSpec,
    },
    /// An operator sets or removes a label of a host.
    HostLabel {
        /// Name.
        host: String,
        /// Key.
        label: String,
        /// Value; removed when absent.
        #[serde(default)]
        value: Option<String>,
    },
    /// The data ports of the host fail.
    DataPortsFail {
        /// Name.
        host: String,
    },
    /// They come back.
    DataPortsRecover {
        /// Name.
        host: String,
    },
    /// Nova's compute service dies, the host lives on.
    ComputeStop {
        /// Name.
        host: String,
    },
    /// It starts again.
    ComputeStart {
        /// Name.
        host: String,
    },
    /// An operator uploads and applies a patch, which no host has installed.
    PatchApply {
        /// Name.
        patch: String,
        /// Hosts must be locked for it.
        #[serde(default)]
        reboot_required: bool,
    },
    /// The next patch installation on the host fails.
    PatchWillFail {
        /// Name.
        host: String,
    },
    /// An alarm of somebody else.
    AlarmRaise {
        /// Kind.
        alarm: String,
        /// Entity.
        entity: String,
        /// `critical`, ...
        #[serde(default = "major")]
        severity: String,
        /// Text.
        #[serde(default)]
        text: String,
    },
    /// Its end.
    AlarmClear {
        /// Kind.
        alarm: String,
        /// Entity.
        entity: String,
    },
    /// A fault rule begins.
    Fault(Rule),
    /// Fault rules end.
    ClearFaults {
        /// Only those of this service.
        #[serde(default)]
        service: Option<String>,
    },
    /// All tokens are forgotten.
    ExpireTokens,
    /// A service is away for a while: connections are refused.
    RestartService {
        /// Which.
        service: Service,
        /// Seconds.
        #[serde(default = "one")]
        down: f64,
    },
}

fn reboot() -> String {
    "reboot".into()
}
fn major() -> String {
    "major".into()
}
fn one() -> f64 {
    1.0
}

fn host_error(error: HostFault) -> String {
    match error {
        HostFault::NotFound(text) | HostFault::Refused(text) => text,
    }
}

fn nova_error(error: NovaFault) -> String {
    match error {
        NovaFault::NotFound(text) | NovaFault::Conflict(text) | NovaFault::BadRequest(text) => text,
    }
}

/// Does it.
///
/// # Errors
/// The text of the refusal: unknown names, states that do not allow it.
pub fn perform(shared: &Arc<Shared>, command: Command) -> Result<(), String> {
    match command {
        Command::Fault(rule) => {
            shared.with_faults(|faults, now| faults.add(rule, now));
            Ok(())
        }
        Command::ClearFaults { service } => {
            shared.with_faults(|faults, _| faults.clear(None, service.as_deref()));
            Ok(())
        }
        Command::RestartService { service: Service::Control, .. } => {
            Err("the control API cannot restart itself".into())
        }
        Command::RestartService { service, down } => {
            shared.restart_service(service, Duration::try_from_secs_f64(down).unwrap_or_default());
            Ok(())
        }
        other => shared.with_cloud(|cloud| on_cloud(cloud, other)),
    }
}

fn vm_id(cloud: &Cloud, vm: &str) -> Result<String, String> {
    if cloud.servers.contains_key(vm) {
        return Ok(vm.to_owned());
    }
    let found = cloud.servers.values().find(|server| server.name == vm);
    found.map(|server| server.id.clone()).ok_or_else(|| format!("no vm {vm}"))
}

fn on_cloud(cloud: &mut Cloud, command: Command) -> Result<(), String> {
    match command {
        Command::VmError { vm } => cloud.break_server(&vm_id(cloud, &vm)?, false).map_err(nova_error),
        Command::VmCrash { vm } => cloud.break_server(&vm_id(cloud, &vm)?, true).map_err(nova_error),
        Command::GuestHeartbeatFail { vm, repair, unhealthy } => {
            if cloud.fail_heartbeat(&vm_id(cloud, &vm)?, &repair, unhealthy) {
                Ok(())
            } else {
                Err(format!("{vm} has no enabled heartbeat"))
            }
        }
        Command::GuestHeartbeatStart { vm } => {
            if cloud.start_heartbeat(&vm_id(cloud, &vm)?) {
                Ok(())
            } else {
                Err(format!("{vm} has no enabled heartbeat, or does not run"))
            }
        }
        Command::GuestVote { vm, reject } => {
            let id = vm_id(cloud, &vm)?;
            cloud
                .servers
                .get_mut(&id)
                .map(|server| server.guest_rejects = reject)
                .ok_or(format!("no vm {vm}"))
        }
        Command::VmAction { vm, action } => {
            let action = parse_action(&action)?;
            let id = vm_id(cloud, &vm)?;
            cloud.server_action(&id, action, Taken { checks_first: false }).map_err(nova_error)
        }
        Command::VmDelete { vm } => {
            let id = vm_id(cloud, &vm)?;
            let delete = crate::model::rules::ServerAction::Delete;
            cloud.server_action(&id, delete, Taken { checks_first: false }).map_err(nova_error)
        }
        Command::HostFail { host, offline_after, recover_after } => {
            cloud.fail_host(&host, offline_after, recover_after).map_err(host_error)
        }
        Command::HostOffline { host } => cloud.host_offline(&host).map_err(host_error),
        Command::HostRecover { host } => cloud.recover_host(&host).map_err(host_error),
        Command::HostLock { host, force } => cloud.lock_host(&host, force).map_err(host_error),
        Command::HostUnlock { host } => cloud.unlock_host(&host).map_err(host_error),
        Command::HostReboot { host } => cloud.reboot_host(&host).map_err(host_error),
        Command::HostDelete { host } => cloud.delete_host(&host).map_err(host_error),
        Command::HostAdd { host } => cloud.enrol_host(&host).map_err(host_error),
        Command::HostLabel { host, label, value } => {
            cloud.label_host(&host, &label, value.as_deref()).map_err(host_error)
        }
        Command::DataPortsFail { host } => cloud.set_data_ports(&host, true).map_err(host_error),
        Command::DataPortsRecover { host } => cloud.set_data_ports(&host, false).map_err(host_error),
        Command::ComputeStop { host } => with_host(cloud, &host, Cloud::stop_compute),
        Command::ComputeStart { host } => with_host(cloud, &host, Cloud::start_compute),
        Command::PatchApply { patch, reboot_required } => cloud.apply_patch(&patch, reboot_required),
        Command::PatchWillFail { host } => with_host(cloud, &host, |cloud, name| {
            cloud.patching.will_fail.insert(name.to_owned());
        }),
        Command::AlarmRaise { alarm, entity, severity, text } => {
            cloud.raise_alarm(&alarm, &entity, &severity, &text);
            Ok(())
        }
        Command::AlarmClear { alarm, entity } => {
            cloud.clear_alarm(&alarm, &entity);
            Ok(())
        }
        Command::ExpireTokens => {
            cloud.keystone.expire_all();
            Ok(())
        }
        Command::Fault(_) | Command::ClearFaults { .. } | Command::RestartService { .. } => {
            Err("not a deed of the cloud".into())
        }
    }
}

fn with_host(cloud: &mut Cloud, host: &str, work: impl FnOnce(&mut Cloud, &str)) -> Result<(), String> {
    if !cloud.hosts.contains_key(host) {
        return Err(format!("no host {host}"));
    }
    work(cloud, host);
    Ok(())
}
