//! How outside facts become events of a host. Contract: vim-behaviour 2.2.

use super::{Host, HostEvent, HostState, VimHostAction};
use crate::core::nfvi_call::Then;
use crate::core::{Level, TimerKey, Vim};
use nfv_nfvi::call::InfrastructureCall;
use nfv_nfvi::notification::HostOrder;
use nfv_nfvi::object::{self, AdminState, HostAvailStatus, OperState};
use nfv_nfvi::{Answer, Call, CallResult};
use std::time::Duration;

/// Every host gets a `periodic-timer` event this often.
const PERIODIC: Duration = Duration::from_secs(10);

/// The triple that says whether a host can host instances.
type Triple = (AdminState, OperState, HostAvailStatus);

impl Vim {
    /// The platform showed a host completely: its states are applied first, then the rest is replaced.
    pub(in crate::core) fn host_update(&mut self, nfvi: object::Host) {
        let name = nfvi.name.clone();
        if !self.hosts.contains_key(&name) {
            let mut host = Host::new(nfvi.clone(), self.now.mono);
            host.init_services(&self.config);
            self.hosts.insert(name.clone(), host);
            self.dirty_hosts.insert(name.clone());
            self.log(Level::Info, "nfv_vim.objects.host", "_host.py", format!("Host {name} is new."));
        }
        self.host_state_change(
            &name,
            (nfvi.admin_state.clone(), nfvi.oper_state.clone(), nfvi.avail_status.clone()),
        );
        let config = &self.config;
        let Some(host) = self.hosts.get_mut(&name) else { return };
        if host.nfvi != nfvi {
            let uptime_only = object::Host { uptime: host.nfvi.uptime, ..nfvi.clone() } == host.nfvi;
            host.nfvi = nfvi;
            host.init_services(config);
            // the uptime grows with every query; it alone is not worth a write
            if !uptime_only {
                self.dirty_hosts.insert(name);
            }
        }
    }

    /// The states of a host as they are now. A triple with an unknown part says nothing and is not kept.
    pub(in crate::core) fn host_state_change(&mut self, name: &str, triple: Triple) {
        let now = self.now.mono;
        let Some(host) = self.hosts.get_mut(name) else { return };
        let (admin, oper, avail) = triple;
        if admin == AdminState::Unknown || oper == OperState::Unknown {
            return;
        }
        if host.nfvi.admin_state == admin && host.nfvi.oper_state == oper && host.nfvi.avail_status == avail {
            let event = match (host.state(), &oper) {
                (HostState::Initial | HostState::Configure, _) => Some(HostEvent::Add),
                (HostState::Enabled, OperState::Disabled) => Some(HostEvent::Disable),
                // the platform does not show yet what it has been doing since the VIM let the host go
                (HostState::Disabled, OperState::Enabled) if host.is_lock_to_come(now) => None,
                (HostState::Disabled, OperState::Enabled) => Some(HostEvent::Enable),
                _ => None,
            };
            if let Some(event) = event {
                self.post_host(name, event);
            } else if host.since_stamp(now) >= self.config.audit.host_after {
                host.stamp_elapsed(false, now);
                self.dirty_hosts.insert(name.to_owned());
                self.post_host(name, HostEvent::Audit);
            }
            return;
        }
        let text = format!(
            "Host State-Change detected: nfvi_admin_state={admin} host_admin_state={}, nfvi_oper_state={oper} \
             host_oper_state={}, nfvi_avail_state={avail} host_avail_status={}, locking={} unlocking={} fsm \
             current_state={} for {name}.",
            host.nfvi.admin_state,
            host.nfvi.oper_state,
            host.nfvi.avail_status,
            python_bool(host.is_locking()),
            python_bool(host.is_unlocking()),
            host.state().as_str(),
        );
        let became_offline = avail == HostAvailStatus::Offline && !host.is_offline();
        let was_enabled = host.nfvi.oper_state == OperState::Enabled;
        host.nfvi.admin_state = admin.clone();
        host.nfvi.oper_state = oper.clone();
        host.nfvi.avail_status = avail.clone();
        host.clear_action_when_reached();
        let event = if host.is_locking() {
            Some(HostEvent::Lock)
        } else if admin == AdminState::Locked {
            Some(HostEvent::Disable)
        } else if oper == OperState::Enabled {
            let waits = host.state() == HostState::Disabled && was_enabled && host.is_lock_to_come(now);
            (!waits).then_some(HostEvent::Enable)
        } else if oper == OperState::Disabled
            || matches!(
                avail,
                HostAvailStatus::Failed | HostAvailStatus::FailedComponent | HostAvailStatus::Offline
            )
        {
            Some(HostEvent::Disable)
        } else {
            None
        };
        self.dirty_hosts.insert(name.to_owned());
        self.log(Level::Info, "nfv_vim.objects.host", "_host.py", text);
        if let Some(event) = event {
            self.post_host(name, event);
            self.settle();
        }
        if became_offline {
            self.director_host_offline(name);
        }
    }

    /// The operator wants something of a host. An unknown host is left alone.
    pub(in crate::core) fn host_order(&mut self, name: &str, order: HostOrder) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        let (action, event) = match order {
            HostOrder::Lock => (VimHostAction::Locking, HostEvent::Lock),
            HostOrder::ForceLock => (VimHostAction::LockingForce, HostEvent::Lock),
            HostOrder::Unlock => (VimHostAction::Unlocking, HostEvent::Unlock),
        };
        host.action = action;
        host.version += 1;
        self.dirty_hosts.insert(name.to_owned());
        self.post_host(name, event);
    }

    /// The host is to go, or the platform does not list it any more.
    pub(in crate::core) fn host_delete(&mut self, name: &str) {
        if self.hosts.contains_key(name) {
            self.clear_host_alarms(name);
            self.post_host(name, HostEvent::Delete);
        }
    }

    /// The platform says that it added a host.
    pub(in crate::core) fn host_add(&mut self, uuid: &str, name: &str) {
        if self.hosts.contains_key(name) {
            self.post_host(name, HostEvent::Add);
        } else {
            self.read_host(uuid, name);
        }
    }

    /// Reads a host that a neighbour spoke of.
    pub(in crate::core) fn read_host(&mut self, uuid: &str, name: &str) {
        let call = InfrastructureCall::GetHost { uuid: uuid.to_owned(), name: name.to_owned() };
        let version = self.hosts.get(name).map(|host| host.version);
        self.call(Call::Infrastructure(call), Then::HostRead { name: name.to_owned(), version });
    }

    /// The host was read; a failure is mended by the next audit. What a neighbour has said of it since is newer than
    /// the answer: then it is read again.
    pub(in crate::core) fn host_read(&mut self, name: &str, asked: Option<u64>, result: CallResult) {
        let Ok(Answer::Host(host)) = result else { return };
        if self.hosts.get(name).map(|known| known.version) == asked {
            self.host_update(*host);
        } else {
            self.read_host(&host.uuid, name);
        }
    }

    /// Upgrade flags of a host; the second is kept only together with a change of the first.
    pub(in crate::core) fn host_upgrade(&mut self, name: &str, inprogress: bool, recover_instances: bool) {
        if let Some(host) = self.hosts.get_mut(name)
            && host.upgrade_inprogress != inprogress
        {
            host.upgrade_inprogress = inprogress;
            host.recover_instances = recover_instances;
            self.dirty_hosts.insert(name.to_owned());
        }
    }

    pub(in crate::core) fn host_periodic(&mut self) {
        self.timers.arm(TimerKey::HostPeriodic, self.now.mono + PERIODIC);
        let names: Vec<_> = self.hosts.keys().cloned().collect();
        for name in names {
            self.post_host(&name, HostEvent::PeriodicTimer);
            self.tell_sysinv_again(&name);
        }
    }
}

impl Host {
    /// The lock or unlock that was asked for has been reached. Contract: 2.2, 2.4 ("on every state change").
    pub(super) fn clear_action_when_reached(&mut self) {
        let unlocked = self.is_unlocking() && self.nfvi.admin_state == AdminState::Unlocked;
        let locked = self.is_locking()
            && self.state() == HostState::Disabled
            && self.nfvi.admin_state == AdminState::Locked;
        if unlocked || locked {
            self.action = VimHostAction::None;
        }
    }
}

/// True and false as the original prints them.
pub(in crate::core) const fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
