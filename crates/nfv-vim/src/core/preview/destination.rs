//! Where instances could go, as far as the VIM knows: hypervisors that work, their memory, dedicated CPUs, server groups.
//! Nova knows more (cells, traits, aggregates of flavors) and chooses; so what is found here is a note, never a refusal.

use crate::core::Vim;
use crate::core::host::HostState;
use crate::core::instance::Instance;
use nfv_nfvi::object::InstanceGroup;
use nfv_vim_rpc::preview::Destinations;
use std::collections::{BTreeMap, BTreeSet};

/// So many hosts are named.
const NAMED: usize = 10;

/// A worker, and what is known of its room.
#[derive(Debug)]
struct Place<'a> {
    host: &'a str,
    /// Why it takes nothing as things are.
    closed: Option<&'static str>,
    /// MiB and CPUs that are free; none where Nova has not said.
    memory: Option<f64>,
    cpus: Option<f64>,
}

/// All workers. Instances that were assumed to have gone somewhere count there.
#[derive(Debug)]
pub(super) struct Room<'a> {
    vim: &'a Vim,
    places: BTreeMap<&'a str, Place<'a>>,
    groups: BTreeMap<&'a str, Vec<&'a InstanceGroup>>,
    /// Where instances were assumed to have gone; no host where the VIM knows of none.
    moved: BTreeMap<&'a str, Option<&'a str>>,
    came: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

/// Why a host does not take an instance.
mod why {
    pub(super) const DOWN: &str = "the host or its hypervisor is out of service";
    pub(super) const NOT_ENABLED: &str = "the VIM has not enabled the host";
    pub(super) const TAKEN_DOWN: &str = "the host is taken down for the same stage";
    pub(super) const MEMORY: &str = "too little free memory";
    pub(super) const CPUS: &str = "too few free CPUs for dedicated ones";
    pub(super) const ANTI_AFFINITY: &str = "another member of its anti-affinity group is there";
    pub(super) const AFFINITY: &str = "the other members of its affinity group are elsewhere";
}

/// Memory in MiB and CPUs that an instance takes.
fn size(instance: &Instance) -> (f64, f64) {
    let flavor = instance.nfvi.instance_type.as_ref();
    flavor.map_or((0.0, 0.0), |flavor| (flavor.ram as f64, flavor.vcpus as f64))
}

impl<'a> Room<'a> {
    /// All hosts as they are.
    pub(super) fn new(vim: &'a Vim) -> Self {
        let statistics: BTreeMap<_, _> =
            vim.hypervisors.values().map(|one| (one.host_name.as_str(), one.statistics)).collect();
        let place = |host: &'a crate::core::host::Host| {
            let closed = if !host.nfvi_is_enabled() || !vim.is_hypervisor_enabled(host.name()) {
                Some(why::DOWN)
            } else {
                (host.state() != HostState::Enabled || host.services_locked).then_some(why::NOT_ENABLED)
            };
            let known = statistics.get(host.name()).copied().flatten();
            let memory = known.map(|known| known.mem_free_mb);
            let cpus = known.map(|known| known.vcpus_max - known.vcpus_used);
            (host.name(), Place { host: host.name(), closed, memory, cpus })
        };
        let mut groups: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for group in vim.instance_groups.values() {
            for member in &group.member_uuids {
                groups.entry(member).or_default().push(group);
            }
        }
        Self {
            vim,
            places: vim.hosts.values().filter(|host| host.is_worker()).map(place).collect(),
            groups,
            moved: BTreeMap::new(),
            came: BTreeMap::new(),
        }
    }

    /// Where an instance is, or is assumed to have gone.
    pub(super) fn host_of(&self, instance: &'a Instance) -> Option<&'a str> {
        self.moved.get(instance.uuid()).copied().unwrap_or_else(|| instance.host())
    }

    /// The instances on a host, in table order.
    pub(super) fn on_host(&self, host: &str) -> Vec<&'a Instance> {
        let there = self.vim.instances_on(host).filter(|one| !self.moved.contains_key(one.uuid()));
        let came = self.came.get(host).into_iter().flatten().filter_map(|uuid| self.vim.instances.get(*uuid));
        let mut all: Vec<_> = there.chain(came).filter(|one| !one.deleted).collect();
        all.sort_by(|a, b| a.uuid().cmp(b.uuid()));
        all
    }

    /// These hosts take nothing until they are opened.
    pub(super) fn close(&mut self, hosts: &[String]) {
        for host in hosts {
            if let Some(place) = self.places.get_mut(host.as_str()) {
                place.closed = place.closed.or(Some(why::TAKEN_DOWN));
            }
        }
    }

    /// These hosts are in service again.
    pub(super) fn open(&mut self, hosts: &[String]) {
        for host in hosts {
            if let Some(place) = self.places.get_mut(host.as_str()) {
                place.closed = None;
            }
        }
    }

    /// Where the instance could go from a host.
    pub(super) fn destinations(&self, instance: &'a Instance, from: &str) -> Destinations {
        let group = self.group_hosts(instance);
        let mut excluded: BTreeMap<String, u64> = BTreeMap::new();
        let mut fitting = Vec::new();
        for place in self.places.values().filter(|place| place.host != from) {
            match place.closed.or_else(|| unfit(place, instance, &group)) {
                Some(why) => *excluded.entry(why.to_owned()).or_default() += 1,
                None => fitting.push(place),
            }
        }
        // the roomiest first; where nothing is known, last
        fitting.sort_by(|a, b| {
            let memory = |place: &Place<'_>| place.memory.unwrap_or(f64::MIN);
            memory(b).total_cmp(&memory(a)).then_with(|| a.host.cmp(b.host))
        });
        Destinations {
            count: fitting.len() as u64,
            hosts: fitting.iter().take(NAMED).map(|place| place.host.to_owned()).collect(),
            excluded,
        }
    }

    /// From now on the instance counts as having gone to the roomiest of its destinations.
    pub(super) fn assume_moved(&mut self, instance: &'a Instance, to: &Destinations) {
        let (uuid, from) = (instance.uuid(), self.host_of(instance));
        let to =
            to.hosts.first().and_then(|host| self.places.get_key_value(host.as_str())).map(|(host, _)| *host);
        let (memory, cpus) = size(instance);
        let mut take = |host: Option<&str>, sign: f64| {
            if let Some(place) = host.and_then(|host| self.places.get_mut(host)) {
                place.memory = place.memory.map(|free| free - sign * memory);
                place.cpus = place.cpus.map(|free| free - sign * cpus);
            }
        };
        take(from, -1.0);
        take(to, 1.0);
        if let Some(came) = from.and_then(|from| self.came.get_mut(from)) {
            came.remove(uuid);
        }
        if let Some(to) = to {
            self.came.entry(to).or_default().insert(uuid);
        }
        self.moved.insert(uuid, to);
    }

    /// The hosts of the other members of the instance's groups that Nova enforces.
    fn group_hosts(&self, instance: &Instance) -> GroupHosts<'a> {
        let mut hosts = GroupHosts::default();
        for group in self.groups.get(instance.uuid()).into_iter().flatten() {
            let others = group.member_uuids.iter().filter(|member| *member != instance.uuid());
            let others = others.filter_map(|member| self.host_of(self.vim.instances.get(member)?));
            match group.policies.first().map(String::as_str) {
                Some("anti-affinity") => hosts.apart_from.extend(others),
                Some("affinity") => hosts.together_with.extend(others),
                _ => {}
            }
        }
        hosts
    }
}

/// Where the other members of an instance's groups are.
#[derive(Default)]
struct GroupHosts<'a> {
    apart_from: BTreeSet<&'a str>,
    together_with: BTreeSet<&'a str>,
}

fn unfit(place: &Place<'_>, instance: &Instance, group: &GroupHosts<'_>) -> Option<&'static str> {
    let (memory, cpus) = size(instance);
    // other CPUs may be used by several
    let dedicated = instance.extra_spec("hw:cpu_policy") == Some("dedicated");
    if group.apart_from.contains(place.host) {
        Some(why::ANTI_AFFINITY)
    } else if !group.together_with.is_empty() && !group.together_with.contains(place.host) {
        Some(why::AFFINITY)
    } else if place.memory.is_some_and(|free| free < memory) {
        Some(why::MEMORY)
    } else if dedicated && place.cpus.is_some_and(|free| free < cpus) {
        Some(why::CPUS)
    } else {
        None
    }
}
