//! Nova beside its servers: flavors, aggregates, server groups, compute services, hypervisors.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Cloud;
use super::host::{ComputeService, Host};

/// A flavor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flavor {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Virtual CPUs.
    pub vcpus: u32,
    /// Memory in MiB.
    pub ram_mb: u64,
    /// Root disk in GiB.
    pub disk_gb: u64,
    /// Ephemeral disk in GiB.
    pub ephemeral_gb: u64,
    /// Swap in MiB.
    pub swap_mb: u64,
    /// Extra specs.
    pub extra_specs: BTreeMap<String, String>,
}

/// A host aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// Number.
    pub id: usize,
    /// Name.
    pub name: String,
    /// Availability zone.
    pub availability_zone: Option<String>,
    /// Host names.
    pub hosts: Vec<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
}

/// A server group; its members are found through the servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerGroup {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `affinity` or `anti-affinity`.
    pub policy: String,
    /// StarlingX `wrs-sg:best_effort`.
    pub best_effort: bool,
}

/// What servers use of a host, or what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources {
    /// Virtual CPUs.
    pub vcpus: u32,
    /// Memory in MiB.
    pub memory_mb: u64,
    /// Disk in GiB.
    pub disk_gb: u64,
    /// Servers.
    pub servers: u32,
}

impl Resources {
    /// Adds one server; the root disk counts only when it lies on the host.
    pub fn add(&mut self, flavor: &Flavor, local_disk: bool) {
        self.vcpus += flavor.vcpus;
        self.memory_mb += flavor.ram_mb;
        self.disk_gb += flavor.ephemeral_gb + if local_disk { flavor.disk_gb } else { 0 };
        self.servers += 1;
    }
}

impl Cloud {
    /// What is used on every host: servers that live there, and servers that are on their way there (or back).
    #[must_use]
    pub fn usage(&self) -> BTreeMap<&str, Resources> {
        let mut usage: BTreeMap<&str, Resources> = BTreeMap::new();
        for server in self.servers.values() {
            for host in server.claims() {
                usage.entry(host).or_default().add(&server.flavor, server.image.is_some());
            }
        }
        usage
    }

    /// What is used on one host.
    #[must_use]
    pub fn usage_of(&self, name: &str) -> Resources {
        let mut used = Resources::default();
        for server in self.servers.values() {
            if server.claims().any(|host| host == name) {
                used.add(&server.flavor, server.image.is_some());
            }
        }
        used
    }

    /// Whether Nova believes that the compute service lives.
    #[must_use]
    pub fn compute_is_up(&self, compute: &ComputeService) -> bool {
        let patience =
            Duration::try_from_secs_f64(self.timings.service_down / self.speed).unwrap_or_default();
        !compute.forced_down && (compute.running || self.now < compute.last_seen + patience)
    }

    /// The same by host name; false for hosts without a compute service.
    #[must_use]
    pub fn host_compute_is_up(&self, name: &str) -> bool {
        self.hosts
            .get(name)
            .and_then(|host| host.compute.as_ref())
            .is_some_and(|compute| self.compute_is_up(compute))
    }

    /// Whether servers on the host really run (as opposed to what Nova believes).
    #[must_use]
    pub fn host_works(&self, name: &str) -> bool {
        self.hosts
            .get(name)
            .is_some_and(|host| host.alive && host.compute.as_ref().is_some_and(|compute| compute.running))
    }

    /// The host of a compute service, by number (before 2.53) or id.
    #[must_use]
    pub fn host_of_service(&self, id: &str) -> Option<&Host> {
        self.hosts.values().find(|host| {
            host.compute
                .as_ref()
                .is_some_and(|compute| compute.uuid == id || compute.number.to_string() == id)
        })
    }

    /// The host of a hypervisor, by number or id.
    #[must_use]
    pub fn host_of_hypervisor(&self, id: &str) -> Option<&Host> {
        self.hosts.values().find(|host| {
            host.compute.as_ref().is_some_and(|compute| {
                compute.hypervisor_uuid == id || compute.hypervisor_number.to_string() == id
            })
        })
    }

    /// Registers a compute service (StarlingX extension); an existing one stays as it is.
    pub fn register_compute(&mut self, name: &str) -> bool {
        let number = 1 + self
            .hosts
            .values()
            .filter_map(|host| host.compute.as_ref().map(|compute| compute.number))
            .max()
            .unwrap_or(0);
        let uuid = self.stable_id("compute-service", name);
        let hypervisor_uuid = self.stable_id("hypervisor", name);
        let now = self.now;
        let Some(host) = self.hosts.get_mut(name) else { return false };
        if host.compute.is_none() {
            let running = host.alive && host.oper == super::host::Oper::Enabled;
            host.compute = Some(ComputeService {
                number,
                uuid,
                hypervisor_number: number,
                hypervisor_uuid,
                enabled: true,
                disabled_reason: None,
                forced_down: false,
                running,
                last_seen: now,
            });
        }
        true
    }
}
