//! A cloud out of a cluster file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::compute::{Aggregate, Flavor, ServerGroup};
use super::guest::GuestAgent;
use super::host::{Admin, Avail, Host, Oper};
use super::identity::{Keystone, Tenant};
use super::patching::{Patch, Patching};
use super::placement::Filling;
use super::server::{Server, VmState};
use super::storage::{Image, Network, NetworkHost, Snapshot, Subnet, Volume};
use super::{Cloud, stable_id};
use crate::config::{ClusterFile, HostSpec, VmSpec};
use crate::{Error, Result};

impl Cloud {
    /// Builds the cloud; the clock stands at 0.
    ///
    /// # Errors
    /// A name that is used is not defined, a name is used twice, a server does not fit.
    pub fn build(file: &ClusterFile, epoch: Timestamp) -> Result<Self> {
        let seed = file.lab.seed;
        let mut cloud = Self {
            now: Duration::ZERO,
            epoch,
            speed: if file.lab.speed > 0.0 { file.lab.speed } else { 1.0 },
            seed,
            random: fastrand::Rng::with_seed(seed),
            agenda: BTreeMap::new(),
            sequence: 0,
            outbox: Vec::new(),
            happenings: Vec::new(),
            timings: file.timings.clone(),
            features: file.features.clone(),
            nova_notices: file.amqp.is_some(),
            keystone: keystone(file),
            hosts: BTreeMap::new(),
            servers: BTreeMap::new(),
            flavors: flavors(file),
            aggregates: Vec::new(),
            groups: BTreeMap::new(),
            images: BTreeMap::new(),
            volumes: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            networks: BTreeMap::new(),
            subnets: BTreeMap::new(),
            network_hosts: BTreeMap::new(),
            guests: GuestAgent::default(),
            patching: patching(file),
            upgrade: None,
            alarms: Vec::new(),
            history: Vec::new(),
        };
        for spec in &file.hosts {
            for name in expand(&spec.name, spec.first, spec.count) {
                cloud.add_host(spec, &name)?;
            }
        }
        cloud.add_aggregates(file)?;
        cloud.add_groups(file);
        cloud.add_images(file);
        cloud.add_volumes(file)?;
        cloud.add_networks(file)?;
        cloud.add_servers(file)?;
        if let Some(upgrade) = &file.upgrade {
            cloud.add_upgrade(upgrade)?;
        }
        cloud.happenings.clear();
        Ok(cloud)
    }

    /// Adds a host to the inventory, as it is after `uptime` seconds of service.
    ///
    /// # Errors
    /// The name is taken.
    pub fn add_host(&mut self, spec: &HostSpec, name: &str) -> Result<()> {
        if self.hosts.contains_key(name) {
            return Err(Error::Cluster(format!("host {name} is defined twice")));
        }
        let subfunctions = spec.subfunctions.clone().unwrap_or_else(|| spec.personality.clone());
        let mut labels = spec.labels.clone().unwrap_or_default();
        if spec.labels.is_none() {
            if subfunctions.contains("worker") {
                labels.insert("openstack-compute-node".into(), "enabled".into());
            }
            if spec.personality == "controller" {
                labels.insert("openstack-control-plane".into(), "enabled".into());
            }
        }
        let uuid = match &spec.uuid {
            Some(uuid) if spec.count == 1 => uuid.clone(),
            _ => self.stable_id("host", name),
        };
        #[allow(clippy::cast_precision_loss)]
        let host = Host {
            uuid: uuid.clone(),
            number: u32::try_from(self.hosts.len()).unwrap_or(u32::MAX) + 1,
            name: name.to_owned(),
            personality: spec.personality.clone(),
            subfunctions,
            labels,
            peers: spec.peers.clone(),
            admin: if spec.locked { Admin::Locked } else { Admin::Unlocked },
            oper: if spec.locked { Oper::Disabled } else { Oper::Enabled },
            avail: if spec.locked { Avail::Online } else { Avail::Available },
            data_ports: self.features.data_ports,
            data_ports_failed: false,
            action: String::new(),
            task: String::new(),
            vim_progress: if spec.locked { "services-disabled" } else { "services-enabled" }.into(),
            alive: true,
            booted_at: self.now.as_secs_f64() - spec.uptime as f64,
            generation: 0,
            lock_wait: 0,
            vcpus: spec.vcpus,
            memory_mb: spec.memory_mb,
            disk_gb: spec.disk_gb,
            compute: None,
            software_load: self.features.software_load.clone(),
            target_load: self.features.software_load.clone(),
        };
        let worker = host.is_worker();
        self.hosts.insert(name.to_owned(), host);
        if worker {
            self.register_compute(name);
        }
        let entry = NetworkHost { id: uuid.clone(), name: name.to_owned(), up: !spec.locked };
        self.network_hosts.insert(uuid, entry);
        Ok(())
    }

    fn add_aggregates(&mut self, file: &ClusterFile) -> Result<()> {
        for (index, spec) in file.aggregates.iter().enumerate() {
            if let Some(unknown) = spec.hosts.iter().find(|host| !self.hosts.contains_key(*host)) {
                return Err(Error::Cluster(format!("aggregate {}: unknown host {unknown}", spec.name)));
            }
            self.aggregates.push(Aggregate {
                id: index + 1,
                name: spec.name.clone(),
                availability_zone: spec.availability_zone.clone(),
                hosts: spec.hosts.clone(),
                metadata: spec.metadata.clone(),
            });
        }
        Ok(())
    }

    fn add_groups(&mut self, file: &ClusterFile) {
        for spec in &file.groups {
            let id = self.stable_id("group", &spec.name);
            let group = ServerGroup {
                id: id.clone(),
                name: spec.name.clone(),
                policy: spec.policy.clone(),
                best_effort: spec.best_effort,
            };
            self.groups.insert(id, group);
        }
    }

    fn add_images(&mut self, file: &ClusterFile) {
        let now = self.wall_text();
        for spec in &file.images {
            let id = spec.id.clone().unwrap_or_else(|| self.stable_id("image", &spec.name));
            let image = Image {
                id: id.clone(),
                name: spec.name.clone(),
                status: "active".into(),
                disk_format: spec.disk_format.clone(),
                container_format: spec.container_format.clone(),
                min_disk: spec.min_disk,
                min_ram: spec.min_ram,
                visibility: "public".into(),
                protected: false,
                description: None,
                size: Some(1024),
                properties: spec.properties.clone(),
                created: now.clone(),
                updated: now.clone(),
            };
            self.images.insert(id, image);
        }
    }

    fn add_volumes(&mut self, file: &ClusterFile) -> Result<()> {
        for spec in &file.volumes {
            let id = spec.id.clone().unwrap_or_else(|| self.stable_id("volume", &spec.name));
            let image = spec.image.as_deref().map(|name| self.image_id(name)).transpose()?;
            self.add_volume(id, &spec.name, spec.size_gb, image, "available");
        }
        for spec in &file.snapshots {
            let volume = self.volume_id(&spec.volume)?;
            let snapshot = Snapshot {
                id: self.stable_id("snapshot", &spec.name),
                name: spec.name.clone(),
                description: None,
                size_gb: self.volumes[&volume].size_gb,
                volume,
            };
            self.snapshots.insert(snapshot.id.clone(), snapshot);
        }
        Ok(())
    }

    fn add_volume(&mut self, id: String, name: &str, size_gb: u64, image: Option<String>, status: &str) {
        let volume = Volume {
            id: id.clone(),
            name: name.to_owned(),
            description: None,
            status: status.into(),
            size_gb,
            bootable: image.is_some(),
            encrypted: false,
            image,
        };
        self.volumes.insert(id, volume);
    }

    fn add_networks(&mut self, file: &ClusterFile) -> Result<()> {
        for spec in &file.networks {
            let id = spec.id.clone().unwrap_or_else(|| self.stable_id("network", &spec.name));
            let network = Network {
                id: id.clone(),
                name: spec.name.clone(),
                up: true,
                shared: spec.shared,
                network_type: spec.network_type.clone(),
                physical_network: spec.physical_network.clone(),
                segmentation_id: spec.segmentation_id,
            };
            self.networks.insert(id, network);
        }
        for spec in &file.subnets {
            let network = self.networks.values().find(|network| network.name == spec.network);
            let Some(network) = network.map(|network| network.id.clone()) else {
                return Err(Error::Cluster(format!(
                    "subnet {}: unknown network {}",
                    spec.name, spec.network
                )));
            };
            let subnet = Subnet {
                id: self.stable_id("subnet", &spec.name),
                name: spec.name.clone(),
                network,
                ip_version: if spec.cidr.contains(':') { 6 } else { 4 },
                cidr: spec.cidr.clone(),
                gateway: spec.gateway.clone(),
                dhcp: spec.dhcp,
            };
            self.subnets.insert(subnet.id.clone(), subnet);
        }
        Ok(())
    }

    fn image_id(&self, name: &str) -> Result<String> {
        self.images
            .values()
            .find(|image| image.name == name || image.id == name)
            .map(|image| image.id.clone())
            .ok_or_else(|| Error::Cluster(format!("unknown image {name}")))
    }

    fn volume_id(&self, name: &str) -> Result<String> {
        self.volumes
            .values()
            .find(|volume| volume.name == name || volume.id == name)
            .map(|volume| volume.id.clone())
            .ok_or_else(|| Error::Cluster(format!("unknown volume {name}")))
    }

    /// Servers with a named host first, so that the scheduler sees what is taken.
    fn add_servers(&mut self, file: &ClusterFile) -> Result<()> {
        let (placed, free): (Vec<_>, Vec<_>) = file.vms.iter().partition(|spec| spec.host.is_some());
        let mut filling = Filling::new(self);
        for spec in placed.into_iter().chain(free) {
            for name in expand(&spec.name, spec.first, spec.count) {
                let server = self.server_of(spec, &name)?;
                self.place(server, spec, &mut filling)?;
            }
        }
        Ok(())
    }

    fn server_of(&mut self, spec: &VmSpec, name: &str) -> Result<Server> {
        let fail = |what: String| Error::Cluster(format!("vm {name}: {what}"));
        let flavor = self
            .flavors
            .values()
            .find(|flavor| flavor.name == spec.flavor || flavor.id == spec.flavor)
            .cloned()
            .ok_or_else(|| fail(format!("unknown flavor {}", spec.flavor)))?;
        let id = match &spec.uuid {
            Some(uuid) if spec.count == 1 => uuid.clone(),
            _ => self.stable_id("server", name),
        };
        let mut volumes =
            spec.volumes.iter().map(|volume| self.volume_id(volume)).collect::<Result<Vec<_>>>()?;
        let image = match (&spec.image, spec.boot_volume) {
            (_, true) => None,
            (Some(image), false) => Some(self.image_id(image)?),
            (None, false) => self.images.keys().next().cloned(),
        };
        for volume in &volumes {
            if let Some(volume) = self.volumes.get_mut(volume) {
                volume.status = "in-use".into();
            }
        }
        if image.is_none() {
            let volume = self.stable_id("boot-volume", name);
            let from = self.images.keys().next().cloned();
            self.add_volume(volume.clone(), &format!("{name}-boot"), flavor.disk_gb.max(1), from, "in-use");
            volumes.insert(0, volume);
        }
        let group = match &spec.group {
            None => None,
            Some(wanted) => {
                let group = self.groups.values().find(|group| group.name == *wanted);
                Some(
                    group
                        .map(|group| group.id.clone())
                        .ok_or_else(|| fail(format!("unknown group {wanted}")))?,
                )
            }
        };
        let tenant = match &spec.tenant {
            None => self.keystone.tenants.first(),
            Some(name) => self.keystone.tenant(name),
        };
        let tenant = tenant.map(|tenant| tenant.id.clone()).ok_or_else(|| fail("unknown tenant".into()))?;
        let state = match spec.state.as_deref() {
            None | Some("active") => VmState::Active,
            Some("stopped") => VmState::Stopped,
            Some("paused") => VmState::Paused,
            Some("suspended") => VmState::Suspended,
            Some("error") => VmState::Error,
            Some(other) => return Err(fail(format!("unknown state {other}"))),
        };
        let now = self.wall_text();
        Ok(Server {
            id,
            name: name.to_owned(),
            tenant,
            state,
            task: None,
            power: Server::power_for(state),
            host: None,
            flavor,
            image,
            volumes,
            metadata: spec.metadata.clone(),
            group,
            zone: spec.availability_zone.clone(),
            networks: spec.networks.clone(),
            vif_model: spec.vif_model.clone(),
            guest_rejects: spec.guest_vote.as_deref() == Some("reject"),
            created: now.clone(),
            updated: now,
            failure: None,
            progress: None,
            resized: None,
            running_since: 0.0,
            boots: 1,
            generation: 0,
        })
    }
}

/// `name` once, or `count` names with `{n}` replaced (appended where there is no `{n}`).
#[must_use]
pub fn expand(name: &str, first: u32, count: u32) -> Vec<String> {
    if name.contains("{n}") {
        (first..first + count).map(|number| name.replace("{n}", &number.to_string())).collect()
    } else if count == 1 {
        vec![name.to_owned()]
    } else {
        (first..first + count).map(|number| format!("{name}{number}")).collect()
    }
}

fn keystone(file: &ClusterFile) -> Keystone {
    let seed = file.lab.seed;
    let id = |name: &str| stable_id(seed, "tenant", name).replace('-', "");
    let mut tenants: Vec<_> = file
        .tenants
        .iter()
        .map(|spec| Tenant {
            id: spec.id.clone().unwrap_or_else(|| id(&spec.name)),
            name: spec.name.clone(),
            description: spec.description.clone(),
        })
        .collect();
    let admin = &file.identity.project;
    match tenants.iter().position(|tenant| tenant.name == *admin) {
        Some(position) => tenants.swap(0, position),
        None => tenants
            .insert(0, Tenant { id: id(admin), name: admin.clone(), description: "Administration".into() }),
    }
    Keystone { settings: file.identity.clone(), tenants, tokens: BTreeMap::new() }
}

fn flavors(file: &ClusterFile) -> BTreeMap<String, Arc<Flavor>> {
    file.flavors
        .iter()
        .map(|spec| {
            let id = spec.id.clone().unwrap_or_else(|| stable_id(file.lab.seed, "flavor", &spec.name));
            let flavor = Flavor {
                id: id.clone(),
                name: spec.name.clone(),
                vcpus: spec.vcpus,
                ram_mb: spec.ram_mb,
                disk_gb: spec.disk_gb,
                ephemeral_gb: spec.ephemeral_gb,
                swap_mb: spec.swap_mb,
                extra_specs: spec.extra_specs.clone(),
            };
            (id, Arc::new(flavor))
        })
        .collect()
}

fn patching(file: &ClusterFile) -> Patching {
    let patches = file
        .patches
        .iter()
        .map(|spec| {
            let patch = Patch {
                sw_version: spec.sw_version.clone().unwrap_or_else(|| file.features.software_load.clone()),
                repo_state: spec.repo_state.clone(),
                patch_state: spec.patch_state.clone(),
                reboot_required: spec.reboot_required,
            };
            (spec.name.clone(), patch)
        })
        .collect();
    Patching { patches, ..Patching::default() }
}
