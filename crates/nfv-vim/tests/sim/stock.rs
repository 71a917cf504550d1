//! Glance, Cinder, Neutron and Nova's server groups: things that are listed, and change now and then.

use super::cloud::{Cloud, paged};
use nfv_nfvi::call::{BlockStorageCall, ImageCall, NetworkCall};
use nfv_nfvi::object::{
    AdminState, Image, InstanceGroup, Network, NetworkProviderData, OperState, Subnet, Volume, VolumeSnapshot,
};
use nfv_nfvi::{Answer, Call, CallError, CallResult, ErrorKind, Pool};
use nfv_vim::core::Vim;
use std::collections::{BTreeMap, BTreeSet};

/// What there is beside hosts and servers.
#[derive(Default)]
pub struct Stock {
    /// Images by uuid.
    pub images: BTreeMap<String, Image>,
    /// Volumes by uuid.
    pub volumes: BTreeMap<String, Volume>,
    /// Snapshots by uuid.
    pub snapshots: BTreeMap<String, VolumeSnapshot>,
    /// Networks by uuid.
    pub networks: BTreeMap<String, Network>,
    /// Subnets by uuid.
    pub subnets: BTreeMap<String, Subnet>,
    /// Server groups by uuid.
    pub groups: BTreeMap<String, InstanceGroup>,
    made: u64,
}

/// A kind of thing.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Image.
    Image,
    /// Volume.
    Volume,
    /// Volume snapshot.
    Snapshot,
    /// Network.
    Network,
    /// Subnet.
    Subnet,
    /// Server group.
    Group,
}

/// All kinds.
pub const KINDS: [Kind; 6] =
    [Kind::Image, Kind::Volume, Kind::Snapshot, Kind::Network, Kind::Subnet, Kind::Group];

const POLICIES: [&str; 4] =
    ["affinity", "anti-affinity", "affinity-best-effort", "anti-affinity-best-effort"];

impl Stock {
    /// One more of a kind; `servers` are those that a group can have.
    pub fn add(&mut self, kind: Kind, servers: &[String], rng: &mut fastrand::Rng) -> String {
        self.made += 1;
        let number = self.made;
        // new things do not stand at the end of a listing
        let uuid = format!("{:08x}-0000-0000-0000-{number:012}", rng.u32(..));
        let name = format!("{kind:?}-{number}");
        let (id, description) = (uuid.clone(), String::new());
        match kind {
            Kind::Image => {
                let image = Image {
                    uuid,
                    name,
                    description,
                    avail_status: vec!["available".to_owned()],
                    action: String::new(),
                    container_format: Some("bare".to_owned()),
                    disk_format: Some("qcow2".to_owned()),
                    min_disk_size_gb: 1,
                    min_memory_size_mb: 0,
                    visibility: Some("public".to_owned()),
                    protected: "no".to_owned(),
                    properties: BTreeMap::new(),
                };
                self.images.insert(id.clone(), image);
            }
            Kind::Volume => {
                let volume = Volume {
                    uuid,
                    name,
                    description,
                    avail_status: vec!["available".to_owned()],
                    action: String::new(),
                    size_gb: 1,
                    bootable: "no".to_owned(),
                    encrypted: "no".to_owned(),
                    image_uuid: None,
                };
                self.volumes.insert(id.clone(), volume);
            }
            Kind::Snapshot => {
                let volume_uuid = self.volumes.keys().next().cloned().unwrap_or_default();
                let snapshot = VolumeSnapshot { uuid, name, description, size_gb: 1, volume_uuid };
                self.snapshots.insert(id.clone(), snapshot);
            }
            Kind::Network => {
                let network = Network {
                    uuid,
                    name,
                    admin_state: AdminState::Unlocked,
                    oper_state: OperState::Enabled,
                    avail_status: Vec::new(),
                    is_shared: false,
                    mtu: 1500,
                    provider_data: NetworkProviderData {
                        physical_network: Some("physnet0".to_owned()),
                        network_type: Some("vlan".to_owned()),
                        segmentation_id: Some(number.to_string()),
                    },
                };
                self.networks.insert(id.clone(), network);
            }
            Kind::Subnet => {
                let subnet = Subnet {
                    uuid,
                    name,
                    ip_version: 4,
                    subnet_ip: "10.0.0.0".to_owned(),
                    subnet_prefix: "24".to_owned(),
                    gateway_ip: Some("10.0.0.1".to_owned()),
                    network_uuid: self.networks.keys().next().cloned().unwrap_or_default(),
                    is_dhcp_enabled: true,
                };
                self.subnets.insert(id.clone(), subnet);
            }
            Kind::Group => {
                let group = InstanceGroup {
                    uuid,
                    name: rng.bool().then_some(name),
                    member_uuids: servers.iter().filter(|_| rng.u32(0..3) == 0).cloned().collect(),
                    policies: vec![POLICIES[rng.usize(0..POLICIES.len())].to_owned()],
                };
                self.groups.insert(id.clone(), group);
            }
        }
        id
    }

    /// Something happens to the things of a kind: one comes, goes or changes.
    pub fn change(&mut self, kind: Kind, servers: &[String], rng: &mut fastrand::Rng) -> String {
        let keys: Vec<String> = match kind {
            Kind::Image => self.images.keys().cloned().collect(),
            Kind::Volume => self.volumes.keys().cloned().collect(),
            Kind::Snapshot => self.snapshots.keys().cloned().collect(),
            Kind::Network => self.networks.keys().cloned().collect(),
            Kind::Subnet => self.subnets.keys().cloned().collect(),
            Kind::Group => self.groups.keys().cloned().collect(),
        };
        let what = rng.u32(0..3);
        if keys.is_empty() || what == 0 {
            return format!("{kind:?} {} is made", self.add(kind, servers, rng));
        }
        let key = &keys[rng.usize(0..keys.len())];
        if what == 1 {
            match kind {
                Kind::Image => drop(self.images.remove(key)),
                Kind::Volume => drop(self.volumes.remove(key)),
                Kind::Snapshot => drop(self.snapshots.remove(key)),
                Kind::Network => drop(self.networks.remove(key)),
                Kind::Subnet => drop(self.subnets.remove(key)),
                Kind::Group => drop(self.groups.remove(key)),
            }
            return format!("{kind:?} {key} is removed");
        }
        match kind {
            Kind::Image => self.images.get_mut(key).unwrap().description.push('+'),
            Kind::Volume => self.volumes.get_mut(key).unwrap().size_gb += 1,
            Kind::Snapshot => self.snapshots.get_mut(key).unwrap().description.push('+'),
            Kind::Network => self.networks.get_mut(key).unwrap().is_shared ^= true,
            Kind::Subnet => self.subnets.get_mut(key).unwrap().is_dhcp_enabled ^= true,
            Kind::Group => {
                let group = self.groups.get_mut(key).unwrap();
                group.member_uuids = servers.iter().filter(|_| rng.bool()).cloned().collect();
            }
        }
        format!("{kind:?} {key} changes")
    }
}

/// Which listing a call begins; none for what is no listing or a later page.
pub fn listing_begun(call: &Call) -> Option<&'static str> {
    use nfv_nfvi::call::{ComputeCall, IdentityCall, InfrastructureCall};
    let paged = |page: &nfv_nfvi::call::Page, name| page.next.is_none().then_some(name);
    match call {
        Call::Infrastructure(InfrastructureCall::GetHosts) => Some("hosts"),
        Call::Identity(IdentityCall::GetTenants) => Some("tenants"),
        Call::Compute(ComputeCall::GetHypervisors) => Some("hypervisors"),
        Call::Compute(ComputeCall::GetInstanceGroups) => Some("instance groups"),
        Call::Compute(ComputeCall::GetInstanceTypes { page }) => paged(page, "flavors"),
        Call::Compute(ComputeCall::GetInstances { page }) => paged(page, "instances"),
        Call::Image(ImageCall::GetImages { page }) => paged(page, "images"),
        Call::BlockStorage(BlockStorageCall::GetVolumes { page }) => paged(page, "volumes"),
        Call::BlockStorage(BlockStorageCall::GetVolumeSnapshots) => Some("snapshots"),
        Call::Network(NetworkCall::GetSubnets { page }) => paged(page, "subnets"),
        Call::Network(NetworkCall::GetNetworks { page }) => paged(page, "networks"),
        _ => None,
    }
}

/// The answer of a service that has lost its database: well-formed, and nothing in it. False if it had something.
pub fn empty(answer: &mut Answer) -> bool {
    fn clear<T>(page: &mut nfv_nfvi::answer::Paged<T>) -> bool {
        page.next = None;
        std::mem::take(&mut page.entries).is_empty()
    }
    match answer {
        Answer::Hosts { hosts, groups, .. } => {
            groups.clear();
            std::mem::take(hosts).is_empty()
        }
        Answer::Tenants(list) => std::mem::take(list).is_empty(),
        Answer::Hypervisors(list) => std::mem::take(list).is_empty(),
        Answer::InstanceGroups(list) => std::mem::take(list).is_empty(),
        Answer::VolumeSnapshots(list) => std::mem::take(list).is_empty(),
        Answer::InstanceTypes(page) => clear(page),
        Answer::InstanceIds(page) | Answer::VolumeIds(page) => clear(page),
        Answer::Images(page) => clear(page),
        Answer::Subnets(page) => clear(page),
        Answer::Networks(page) => clear(page),
        _ => true,
    }
}

impl Cloud {
    pub(super) fn serve_image(&self, call: &ImageCall) -> CallResult {
        match call {
            ImageCall::GetImages { page } => {
                let all = self.stock.images.values().cloned();
                Ok(Answer::Images(paged(all, page, |image| &image.uuid)))
            }
            other => Err(CallError::new(ErrorKind::Unsupported, format!("{other:?}"))),
        }
    }

    pub(super) fn serve_block_storage(&self, call: &BlockStorageCall) -> CallResult {
        match call {
            BlockStorageCall::GetVolumes { page } => {
                let all = self.stock.volumes.values().map(|v| (v.uuid.clone(), v.name.clone()));
                Ok(Answer::VolumeIds(paged(all, page, |entry| &entry.0)))
            }
            BlockStorageCall::GetVolume { uuid } => match self.stock.volumes.get(uuid) {
                Some(volume) => Ok(Answer::Volume(volume.clone())),
                None => Err(CallError::new(ErrorKind::NotFound, "no such volume")),
            },
            BlockStorageCall::GetVolumeSnapshots => {
                Ok(Answer::VolumeSnapshots(self.stock.snapshots.values().cloned().collect()))
            }
            other => Err(CallError::new(ErrorKind::Unsupported, format!("{other:?}"))),
        }
    }

    pub(super) fn serve_network(&self, call: &NetworkCall) -> CallResult {
        match call {
            NetworkCall::GetSubnets { page } => {
                let all = self.stock.subnets.values().cloned();
                Ok(Answer::Subnets(paged(all, page, |subnet| &subnet.uuid)))
            }
            NetworkCall::GetNetworks { page } => {
                let all = self.stock.networks.values().cloned();
                Ok(Answer::Networks(paged(all, page, |network| &network.uuid)))
            }
            other => Err(CallError::new(ErrorKind::Unsupported, format!("{other:?}"))),
        }
    }
}

/// What the VIM does not know as it is.
pub fn unsettled(vim: &Vim, cloud: &Cloud, disabled: &BTreeSet<Pool>) -> Vec<String> {
    fn compare<'a, T: Clone + PartialEq + std::fmt::Debug + 'a>(
        known: impl Iterator<Item = &'a T>,
        there: impl Iterator<Item = &'a T>,
        what: &str,
        faults: &mut Vec<String>,
    ) {
        let key = |object: &T| format!("{object:?}");
        let (known, there): (BTreeSet<_>, BTreeSet<_>) = (known.map(key).collect(), there.map(key).collect());
        if let Some(odd) = known.symmetric_difference(&there).next() {
            faults.push(format!("the {what} are not known as they are: {odd}"));
        }
    }
    let (stock, mut faults) = (&cloud.stock, Vec::new());
    if !disabled.contains(&Pool::Image) {
        compare(vim.images(), stock.images.values(), "images", &mut faults);
    }
    if !disabled.contains(&Pool::BlockStorage) {
        compare(vim.volumes(), stock.volumes.values(), "volumes", &mut faults);
        compare(vim.volume_snapshots(), stock.snapshots.values(), "snapshots", &mut faults);
    }
    if !disabled.contains(&Pool::Network) {
        compare(vim.networks(), stock.networks.values(), "networks", &mut faults);
        compare(vim.subnets(), stock.subnets.values(), "subnets", &mut faults);
    }
    compare(vim.instance_groups(), stock.groups.values(), "server groups", &mut faults);
    for group in stock.groups.values() {
        let entity = format!("server-group={}", group.uuid);
        let up = vim.raised_alarms().filter(|alarm| alarm.entity == entity).count();
        let hosts: Vec<_> =
            group.member_uuids.iter().filter_map(|uuid| cloud.servers.get(uuid)?.host.as_ref()).collect();
        let distinct = hosts.iter().collect::<BTreeSet<_>>().len();
        let violated = match group.policies[0].as_str() {
            "affinity-best-effort" => distinct > 1,
            "anti-affinity-best-effort" => distinct < hosts.len(),
            _ => false,
        };
        if up != usize::from(violated) {
            faults.push(format!("{up} alarms of {group:?}, members are on {hosts:?}"));
        }
    }
    let groups = vim.raised_alarms().filter_map(|alarm| alarm.entity.strip_prefix("server-group="));
    for uuid in groups.filter(|uuid| !stock.groups.contains_key(*uuid)) {
        faults.push(format!("server group {uuid} is gone and has an alarm"));
    }
    faults
}

/// What is removed though it exists; none if all is well.
pub fn wrongly_removed(cloud: &Cloud, write: &nfv_vim_db::Write) -> Option<String> {
    use nfv_vim_db::Write;
    let stock = &cloud.stock;
    let (what, there, key) = match write {
        Write::DeleteHost { name } => ("host", cloud.hosts.contains_key(name), name),
        Write::DeleteInstance { uuid } => ("instance", cloud.servers.contains_key(uuid), uuid),
        Write::DeleteImage { uuid } => ("image", stock.images.contains_key(uuid), uuid),
        Write::DeleteVolume { uuid } => ("volume", stock.volumes.contains_key(uuid), uuid),
        Write::DeleteVolumeSnapshot { uuid } => ("snapshot", stock.snapshots.contains_key(uuid), uuid),
        Write::DeleteNetwork { uuid } => ("network", stock.networks.contains_key(uuid), uuid),
        Write::DeleteSubnet { uuid } => ("subnet", stock.subnets.contains_key(uuid), uuid),
        Write::DeleteInstanceGroup { uuid } => ("server group", stock.groups.contains_key(uuid), uuid),
        Write::DeleteTenant { uuid } => ("tenant", uuid == super::cloud::TENANT, uuid),
        Write::DeleteHypervisor { uuid } => {
            ("hypervisor", cloud.hosts.values().any(|host| host.hypervisor == *uuid), uuid)
        }
        _ => return None,
    };
    there.then(|| format!("the VIM removes {what} {key}, which exists"))
}
