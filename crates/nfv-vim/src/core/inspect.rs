//! Looking at the VIM without changing it: for operators' views, and for the simulator's invariants.

use super::Vim;
use super::director::Operation;
use super::host::Host;
use super::instance::Instance;
use super::system::ServiceHost;
use nfv_nfvi::object::{
    HostAggregate, HostGroup, Hypervisor, Image, InstanceGroup, InstanceType, Network, Subnet, System,
    Tenant, Volume, VolumeSnapshot,
};
use nfv_vim_db::Quarantined;

impl Vim {
    /// All hosts by name.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.values()
    }

    /// All instances by uuid.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values()
    }

    /// The system, once sysinv has named it.
    pub fn system(&self) -> Option<&System> {
        self.system.as_ref()
    }

    /// All projects by uuid.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.values()
    }

    /// All host groups by name.
    pub fn host_groups(&self) -> impl Iterator<Item = &HostGroup> {
        self.host_groups.values()
    }

    /// All host aggregates by name.
    pub fn host_aggregates(&self) -> impl Iterator<Item = &HostAggregate> {
        self.host_aggregates.values()
    }

    /// All hypervisors by uuid, as Nova shows them; see [`Vim::hypervisor_oper_state`].
    pub fn hypervisors(&self) -> impl Iterator<Item = &Hypervisor> {
        self.hypervisors.values()
    }

    /// All flavors by uuid.
    pub fn instance_types(&self) -> impl Iterator<Item = &InstanceType> {
        self.instance_types.values()
    }

    /// All server groups by uuid.
    pub fn instance_groups(&self) -> impl Iterator<Item = &InstanceGroup> {
        self.instance_groups.values()
    }

    /// All images by uuid.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.images.values()
    }

    /// All volumes by uuid.
    pub fn volumes(&self) -> impl Iterator<Item = &Volume> {
        self.volumes.values()
    }

    /// All volume snapshots by uuid.
    pub fn volume_snapshots(&self) -> impl Iterator<Item = &VolumeSnapshot> {
        self.volume_snapshots.values()
    }

    /// All networks by uuid.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.networks.values()
    }

    /// All subnets by uuid.
    pub fn subnets(&self) -> impl Iterator<Item = &Subnet> {
        self.subnets.values()
    }

    /// The service hosts of the database, by name.
    pub fn service_hosts(&self) -> impl Iterator<Item = &ServiceHost> {
        self.service_hosts.values()
    }

    /// Rows of the database that could not be read at the start and stay in the file as they are.
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.quarantined
    }

    /// The host operations under way, by host name.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &Operation)> {
        self.operations.iter().map(|(host, operation)| (host.as_str(), operation))
    }

    /// Many hosts have failed at once, and recovery is throttled: docs/extensions.md, "Storm guard".
    pub fn storm(&self) -> bool {
        self.is_storm()
    }

    /// How many calls run or wait for a worker.
    pub fn open_calls(&self) -> usize {
        self.calls.len()
    }
}
