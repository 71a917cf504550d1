//! Which storage hosts and which workers are updated together. Contract: strategies 3.

use super::plan::Planner;
use super::world::HostFacts;
use nfv_common::strategy::ApplyType;
use nfv_nfvi::object::HostGroup;
use std::collections::{BTreeMap, BTreeSet};

/// Hosts that are updated together.
pub(super) type HostList<'a> = Vec<&'a HostFacts>;

impl<'a> Planner<'a> {
    /// Contract: strategies 3.1.
    pub(super) fn storage_lists(&self, hosts: &[&'a HostFacts]) -> Result<Vec<HostList<'a>>, String> {
        let apply_type = self.data.storage_apply_type;
        if apply_type != ApplyType::Ignore {
            if hosts.iter().any(|host| !host.is("storage")) {
                return Err("host inventory personality storage mismatch detected".to_owned());
            }
            if self.inventory.total_by_personality("storage") < 2 {
                return Err("not enough storage hosts to apply software updates".to_owned());
            }
        }
        Ok(match apply_type {
            ApplyType::Serial => hosts.iter().map(|host| vec![*host]).collect(),
            ApplyType::Parallel => {
                let mut lists: Vec<HostList<'a>> = Vec::new();
                for host in hosts {
                    let fits = |list: &&mut HostList<'a>| {
                        !list.iter().any(|peer| self.replicate_each_other(&host.name, &peer.name))
                    };
                    match lists.iter_mut().find(fits) {
                        Some(list) => list.push(host),
                        None => lists.push(vec![host]),
                    }
                }
                lists
            }
            ApplyType::Ignore => Vec::new(),
        })
    }

    fn replicate_each_other(&self, host: &str, peer: &str) -> bool {
        let has = |group: &HostGroup, name: &str| group.member_names.iter().any(|member| member == name);
        self.inventory.host_groups.iter().any(|group| {
            group.policies.iter().any(|policy| policy == "storage-replication")
                && has(group, host)
                && has(group, peer)
        })
    }

    /// Contract: strategies 3.2.
    pub(super) fn worker_lists(
        &self,
        hosts: &[&'a HostFacts],
        reboot: bool,
    ) -> Result<Vec<HostList<'a>>, String> {
        let apply_type = self.data.worker_apply_type;
        if apply_type != ApplyType::Ignore {
            if hosts.iter().any(|host| !host.is("worker")) {
                return Err("host inventory personality worker mismatch detected".to_owned());
            }
            if reboot {
                self.no_stopped_group_member()?;
            }
        }
        let has_instances = |host: &HostFacts| self.inventory.on_host(&host.name).next().is_some();
        let lists = match apply_type {
            ApplyType::Serial => {
                let (busy, empty): (Vec<_>, Vec<_>) = hosts.iter().partition(|host| has_instances(host));
                empty.into_iter().chain(busy).map(|host: &&HostFacts| vec![*host]).collect()
            }
            ApplyType::Parallel => self.parallel_workers(hosts, reboot, has_instances),
            ApplyType::Ignore => Vec::new(),
        };
        let at_most = self.data.max_parallel_worker_hosts.max(1);
        Ok(lists.iter().flat_map(|list| list.chunks(at_most)).map(<[_]>::to_vec).collect())
    }

    /// A stopped member of a group would be missed when the others move.
    fn no_stopped_group_member(&self) -> Result<(), String> {
        let mut group_of: BTreeMap<&str, &str> = BTreeMap::new();
        for group in &self.inventory.instance_groups {
            for member in &group.member_uuids {
                group_of.entry(member).or_insert_with(|| group.name.as_deref().unwrap_or(&group.uuid));
            }
        }
        let stopped = self.inventory.instances.iter().filter(|instance| instance.locked);
        let mut grouped = stopped.filter_map(|instance| {
            group_of.get(instance.uuid.as_str()).map(|group| (instance.name.as_str(), *group))
        });
        match grouped.next() {
            None => Ok(()),
            Some((instance, group)) => {
                Err(format!("instance {instance} in group {group} must not be shut down"))
            }
        }
    }

    fn parallel_workers(
        &self,
        hosts: &[&'a HostFacts],
        reboot: bool,
        has_instances: impl Fn(&HostFacts) -> bool,
    ) -> Vec<HostList<'a>> {
        let apart = self.groups_kept_apart();
        let aggregates = Aggregates::new(self);
        let at_most = self.data.max_parallel_worker_hosts;
        let (mut first, mut controllers) = (Vec::new(), Vec::new());
        let mut open: Vec<Open<'a>> = Vec::new();
        for host in hosts {
            if host.is("controller") {
                // it is swacted, so it goes alone
                controllers.push(vec![*host]);
            } else if !reboot || !has_instances(host) {
                first.push(*host);
            } else {
                let groups = apart.get(host.name.as_str());
                let own = aggregates.of(&host.name);
                let fits = |list: &Open<'a>| {
                    list.hosts.len() < at_most
                        && groups.is_none_or(|groups| groups.is_disjoint(&list.groups))
                        && !own.iter().any(|index| {
                            list.aggregates.get(index).is_some_and(|held| *held == aggregates.limits[*index])
                        })
                };
                let list = match open.iter().position(fits) {
                    Some(at) => &mut open[at],
                    None => {
                        open.push(Open::default());
                        let last = open.len() - 1;
                        &mut open[last]
                    }
                };
                list.hosts.push(host);
                list.groups.extend(groups.into_iter().flatten());
                for index in own {
                    *list.aggregates.entry(*index).or_default() += 1;
                }
            }
        }
        std::iter::once(first).chain(open.into_iter().map(|list| list.hosts)).chain(controllers).collect()
    }

    /// For each host the anti-affinity groups (either kind) of its instances.
    fn groups_kept_apart(&self) -> BTreeMap<&'a str, BTreeSet<usize>> {
        let host_of: BTreeMap<&str, &str> = self
            .inventory
            .instances
            .iter()
            .filter_map(|instance| Some((instance.uuid.as_str(), instance.host.as_deref()?)))
            .collect();
        let mut apart: BTreeMap<&'a str, BTreeSet<usize>> = BTreeMap::new();
        for (index, group) in self.inventory.instance_groups.iter().enumerate() {
            let policy =
                |policy: &String| matches!(policy.as_str(), "anti-affinity" | "anti-affinity-best-effort");
            if group.policies.iter().any(policy) {
                for host in group.member_uuids.iter().filter_map(|uuid| host_of.get(uuid.as_str())) {
                    apart.entry(host).or_default().insert(index);
                }
            }
        }
        apart
    }
}

/// A list that may take more hosts.
#[derive(Default)]
struct Open<'a> {
    hosts: HostList<'a>,
    groups: BTreeSet<usize>,
    /// How many of its hosts are in an aggregate, by index.
    aggregates: BTreeMap<usize, usize>,
}

/// How many hosts of each aggregate may be updated at once.
struct Aggregates<'a> {
    limits: Vec<usize>,
    by_host: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Aggregates<'a> {
    fn new(planner: &Planner<'a>) -> Self {
        let inventory = planner.inventory;
        let workers = inventory.total_by_personality("worker") as f64;
        let ratio = (planner.data.max_parallel_worker_hosts as f64 / workers).min(0.5);
        let limits = inventory.host_aggregates.iter().map(|aggregate| match aggregate.host_names.len() {
            1 => 1,
            hosts => ((hosts as f64 * ratio) as usize).max(1),
        });
        let mut by_host: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, aggregate) in inventory.host_aggregates.iter().enumerate() {
            for host in aggregate.host_names.iter().collect::<BTreeSet<_>>() {
                by_host.entry(host).or_default().push(index);
            }
        }
        Self { limits: limits.collect(), by_host }
    }

    fn of(&self, host: &str) -> &[usize] {
        self.by_host.get(host).map_or(&[], Vec::as_slice)
    }
}
