//! Which services a host has, and how they are. Contract: vim-behaviour 2.5.

use super::{Host, HostState};
use crate::core::alarm::host_entity;
use crate::core::config::CoreConfig;
use crate::core::{Level, Vim};
use nfv_common::TextParams;
use nfv_common::alarm::{AlarmData, AlarmType};
use nfv_common::event_log::EventId;
use nfv_nfvi::Pool;

/// A service of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostService {
    /// nova-compute.
    Compute,
    /// Neutron's agents.
    Network,
    /// Guest agent.
    Guest,
    /// Kubernetes node.
    Container,
}

impl HostService {
    /// All of them.
    pub const ALL: [HostService; 4] = [Self::Compute, Self::Network, Self::Guest, Self::Container];

    /// Name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Network => "network",
            Self::Guest => "guest",
            Self::Container => "container",
        }
    }
}

/// How a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// Up.
    Enabled,
    /// Down.
    Disabled,
    /// It could not be brought where it should be.
    Failed,
}

impl ServiceState {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Failed => "failed",
        }
    }
}

/// The host has this service. Contract: the table of 2.5.
pub(super) fn is_configured(service: HostService, host: &Host, config: &CoreConfig) -> bool {
    if !config.kubernetes {
        return service != HostService::Container;
    }
    let plugin = |pool| !config.disabled.contains(&pool);
    match service {
        HostService::Compute => plugin(Pool::Compute) && host.nfvi.openstack_compute,
        HostService::Network => {
            plugin(Pool::Network) && (host.nfvi.openstack_compute || host.nfvi.openstack_control)
        }
        HostService::Guest => plugin(Pool::Guest) && host.nfvi.openstack_compute,
        HostService::Container => true,
    }
}

impl Host {
    /// Gives every configured service a state; those that have one keep it. A service that became configured
    /// later (a label was added) starts like the others.
    pub(in crate::core) fn init_services(&mut self, config: &CoreConfig) {
        let start =
            if self.state() == HostState::Enabled { ServiceState::Enabled } else { ServiceState::Disabled };
        for service in HostService::ALL {
            if is_configured(service, self, config) {
                self.services.entry(service).or_insert(start);
            } else {
                self.services.remove(&service);
            }
        }
    }

    /// An earlier process raised the alarm of failed services: one counts as failed until an audit or an enable shows
    /// otherwise, so that the alarm is cleared by whoever finds them well again.
    pub(in crate::core) fn resume_failed_services<'a>(
        &mut self,
        raised: impl Iterator<Item = &'a AlarmData>,
    ) {
        let entity = host_entity(self.name());
        let failed =
            |alarm: &AlarmData| alarm.alarm_type == AlarmType::HostServicesFailed && alarm.entity == entity;
        if raised.into_iter().any(failed)
            && let Some(first) = self.services.values_mut().next()
        {
            *first = ServiceState::Failed;
        }
    }
}

impl Vim {
    /// Whether Kubernetes is configured decides which services hosts have, from their next task on.
    pub(in crate::core) fn kubernetes_seen(&mut self, configured: bool) {
        if self.config.kubernetes == configured {
            return;
        }
        self.config.kubernetes = configured;
        let text = format!("Kubernetes is {}configured.", if configured { "" } else { "not " });
        self.log(Level::Info, "nfv_vim.objects.host", "_host.py", text);
        for host in self.hosts.values_mut() {
            host.init_services(&self.config);
        }
    }

    /// A service's state became known; tells operators when the host as a whole changes.
    pub(super) fn host_service_update(
        &mut self,
        name: &str,
        service: HostService,
        state: ServiceState,
        reason: &str,
    ) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        // a service that the host has no more (its label is gone) is not brought back by a late answer
        let Some(known) = host.services.get_mut(&service).filter(|known| **known != state) else { return };
        *known = state;
        let text = format!("Host {name} service {} state is {state:?}.", service.as_str());
        self.log(Level::Info, "nfv_vim.objects.host", "_host.py", text);
        self.tell_host_services(name, reason);
    }

    /// Tells operators how the services of a worker are as a whole.
    fn tell_host_services(&mut self, name: &str, reason: &str) {
        let Some(host) = self.hosts.get(name).filter(|host| host.is_worker()) else { return };
        let aggregate = host.services_state();
        let additional = if reason.is_empty() { String::new() } else { format!(", {reason}") };
        let params = TextParams { host: Some(name), additional_text: &additional, ..TextParams::default() };
        match aggregate {
            ServiceState::Enabled => {
                self.issue_host_log(EventId::HostServicesEnabled, name, &params);
                self.clear_host_alarms(name);
            }
            ServiceState::Disabled => {
                self.issue_host_log(EventId::HostServicesDisabled, name, &params);
                self.clear_host_alarms(name);
            }
            ServiceState::Failed => {
                self.issue_host_log(EventId::HostServicesFailed, name, &params);
                self.raise_host_alarm(AlarmType::HostServicesFailed, name, &params);
            }
        }
    }

    /// All services at once, after sysinv could not be told about them.
    pub(super) fn host_services_failed(&mut self, name: &str, reason: &str) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        let mut changed = false;
        for state in host.services.values_mut() {
            changed |= std::mem::replace(state, ServiceState::Failed) != ServiceState::Failed;
        }
        if changed {
            self.tell_host_services(name, reason);
        }
    }
}
