//! Where instances could go, as far as the VIM knows: hypervisors that work, their memory, dedicated CPUs, server groups.
//! Nova knows more (cells, traits, host aggregates of flavors) and chooses.

use crate::core::Vim;
use crate::core::host::HostState;
use crate::core::instance::Instance;
use nfv_vim_rpc::preview::Destinations;
use std::collections::{BTreeMap, BTreeSet};

/// So many hosts are named.
const NAMED: usize = 10;

/// A host that may take instances.
#[derive(Debug, Clone)]
struct Place<'a> {
    host: &'a str,
    /// MiB and CPUs that are free; none where Nova has not said.
    memory: Option<f64>,
    cpus: Option<f64>,
}

/// The hosts, and what is known of their room. Instances that were assumed to have gone somewhere count there.
#[derive(Debug, Clone)]
pub(super) struct Room<'a> {
    vim: &'a Vim,
    places: Vec<Place<'a>>,
    /// Why other hosts take nothing at all, by host.
    closed: BTreeMap<&'a str, &'static str>,
    /// Where instances were assumed to have gone.
    pub(super) moved: BTreeMap<String, String>,
}

/// Why a host does not take an instance.
mod why {
    pub(super) const DOWN: &str = "the host or its hypervisor is out of service";
    pub(super) const NOT_ENABLED: &str = "the VIM has not enabled the host";
    pub(super) const MEMORY: &str = "too little free memory";
    pub(super) const CPUS: &str = "too few free CPUs for dedicated ones";
    pub(super) const ANTI_AFFINITY: &str = "another member of its anti-affinity group is there";
    pub(super) const AFFINITY: &str = "the other members of its affinity group are elsewhere";
}

impl<'a> Room<'a> {
    /// All hosts as they are.
    pub(super) fn new(vim: &'a Vim) -> Self {
        let mut places = Vec::new();
        let mut closed = BTreeMap::new();
        let statistics: BTreeMap<_, _> =
            vim.hypervisors.values().map(|one| (one.host_name.as_str(), one.statistics)).collect();
        for host in vim.hosts.values().filter(|host| host.is_worker()) {
            if !host.nfvi_is_enabled() || !vim.is_hypervisor_enabled(host.name()) {
                closed.insert(host.name(), why::DOWN);
            } else if host.state() != HostState::Enabled || host.services_locked {
                closed.insert(host.name(), why::NOT_ENABLED);
            } else {
                let known = statistics.get(host.name()).copied().flatten();
                places.push(Place {
                    host: host.name(),
                    memory: known.map(|known| known.mem_free_mb),
                    cpus: known.map(|known| known.vcpus_max - known.vcpus_used),
                });
            }
        }
        Self { vim, places, closed, moved: BTreeMap::new() }
    }

    /// Where an instance is, or is assumed to have gone.
    pub(super) fn host_of<'b>(&'b self, instance: &'b Instance) -> Option<&'b str> {
        self.moved.get(instance.uuid()).map(String::as_str).or_else(|| instance.host())
    }

    /// These hosts take nothing from now on.
    pub(super) fn close(&mut self, hosts: &[String]) {
        for place in self.places.extract_if(.., |place| hosts.iter().any(|host| host == place.host)) {
            self.closed.insert(place.host, why::NOT_ENABLED);
        }
    }

    /// What was closed since `before` is open again; what was assumed to have moved has moved.
    pub(super) fn reopen(&mut self, before: Self) {
        let now: BTreeSet<_> = self.places.iter().map(|place| place.host).collect();
        self.places.extend(before.places.into_iter().filter(|place| !now.contains(place.host)));
        self.closed = before.closed;
    }

    /// Where the instance could go from a host.
    pub(super) fn destinations(&self, instance: &Instance, from: &str) -> Destinations {
        let mut excluded: BTreeMap<String, u64> = BTreeMap::new();
        let mut exclude = |why: &str| *excluded.entry(why.to_owned()).or_default() += 1;
        for (_, why) in self.closed.iter().filter(|(host, _)| **host != from) {
            exclude(why);
        }
        let group = self.group_hosts(instance);
        let mut fitting = Vec::new();
        for place in self.places.iter().filter(|place| place.host != from) {
            match unfit(place, instance, &group) {
                Some(why) => exclude(why),
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

    /// From now on the instance counts as being on the roomiest of its destinations.
    pub(super) fn assume_moved(&mut self, instance: &Instance, to: &Destinations) {
        let Some(host) = to.hosts.first() else { return };
        self.moved.insert(instance.uuid().to_owned(), host.clone());
        let flavor = instance.nfvi.instance_type.as_ref();
        let (memory, cpus) = flavor.map_or((0.0, 0.0), |flavor| (flavor.ram as f64, flavor.vcpus as f64));
        if let Some(place) = self.places.iter_mut().find(|place| place.host == host) {
            place.memory = place.memory.map(|free| free - memory);
            place.cpus = place.cpus.map(|free| free - cpus);
        }
    }

    /// The hosts of the other members of the instance's groups that Nova enforces.
    fn group_hosts(&self, instance: &Instance) -> GroupHosts<'_> {
        let mut hosts = GroupHosts::default();
        let own = |members: &[String]| members.iter().any(|member| member == instance.uuid());
        for group in self.vim.instance_groups.values().filter(|group| own(&group.member_uuids)) {
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
    let flavor = instance.nfvi.instance_type.as_ref();
    let (ram, vcpus) = flavor.map_or((0.0, 0.0), |flavor| (flavor.ram as f64, flavor.vcpus as f64));
    // other CPUs may be used by several
    let dedicated = instance.extra_spec("hw:cpu_policy") == Some("dedicated");
    if group.apart_from.contains(place.host) {
        Some(why::ANTI_AFFINITY)
    } else if !group.together_with.is_empty() && !group.together_with.contains(place.host) {
        Some(why::AFFINITY)
    } else if place.memory.is_some_and(|free| free < ram) {
        Some(why::MEMORY)
    } else if dedicated && place.cpus.is_some_and(|free| free < vcpus) {
        Some(why::CPUS)
    } else {
        None
    }
}
