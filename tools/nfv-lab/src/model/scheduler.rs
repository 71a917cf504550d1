//! Where a server goes: filters and weights as far as Nova's defaults matter here.

use super::Cloud;
use super::compute::{Flavor, Resources, ServerGroup};

/// What is looked for.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Server that is placed, if it exists already.
    pub server: Option<&'a str>,
    /// Flavor it will have.
    pub flavor: &'a Flavor,
    /// Its root disk lies on the host.
    pub local_disk: bool,
    /// Its server group.
    pub group: Option<&'a ServerGroup>,
    /// Availability zone.
    pub zone: Option<&'a str>,
    /// Hosts that are out of the question.
    pub except: &'a [&'a str],
}

const SCOPE: &str = "aggregate_instance_extra_specs:";

impl Cloud {
    /// The host with the most free CPUs, then memory, then the first by name, among those that pass all filters.
    #[must_use]
    pub fn schedule(&self, wanted: &Wanted<'_>) -> Option<String> {
        let usage = self.usage();
        self.hosts
            .keys()
            .filter(|name| !wanted.except.contains(&name.as_str()) && self.passes(wanted, name, &usage))
            .max_by_key(|name| {
                let host = &self.hosts[*name];
                let used = usage.get(name.as_str()).copied().unwrap_or_default();
                let free_cpus = i64::from(host.vcpus) - i64::from(used.vcpus);
                (free_cpus, host.memory_mb.saturating_sub(used.memory_mb), std::cmp::Reverse(name.as_str()))
            })
            .cloned()
    }

    /// Whether a host, named by the caller, passes all filters.
    #[must_use]
    pub fn fits(&self, wanted: &Wanted<'_>, host: &str) -> bool {
        !wanted.except.contains(&host) && self.passes(wanted, host, &self.usage())
    }

    fn passes(
        &self,
        wanted: &Wanted<'_>,
        name: &str,
        usage: &std::collections::BTreeMap<&str, Resources>,
    ) -> bool {
        let Some(host) = self.hosts.get(name) else { return false };
        let Some(compute) = &host.compute else { return false };
        if !compute.enabled || !self.compute_is_up(compute) {
            return false;
        }
        let mut used = usage.get(name).copied().unwrap_or_default();
        used.add(wanted.flavor, wanted.local_disk);
        used.vcpus <= host.vcpus
            && used.memory_mb <= host.memory_mb
            && used.disk_gb <= host.disk_gb
            && self.aggregates_allow(wanted, name)
            && self.group_allows(wanted, name)
    }

    fn aggregates_allow(&self, wanted: &Wanted<'_>, name: &str) -> bool {
        let of_host =
            || self.aggregates.iter().filter(|aggregate| aggregate.hosts.iter().any(|host| host == name));
        let zone_fits = wanted.zone.is_none_or(|zone| {
            of_host().find_map(|aggregate| aggregate.availability_zone.as_deref()).unwrap_or("nova") == zone
        });
        zone_fits
            && wanted.flavor.extra_specs.iter().all(|(key, value)| match key.strip_prefix(SCOPE) {
                Some(key) => of_host().any(|aggregate| aggregate.metadata.get(key) == Some(value)),
                None => true,
            })
    }

    fn group_allows(&self, wanted: &Wanted<'_>, name: &str) -> bool {
        let Some(group) = wanted.group.filter(|group| !group.best_effort) else { return true };
        let mut others = self
            .servers
            .values()
            .filter(|server| {
                server.group.as_deref() == Some(&group.id) && Some(server.id.as_str()) != wanted.server
            })
            .filter_map(|server| server.destination().or(server.host.as_deref()));
        match group.policy.as_str() {
            "anti-affinity" => others.all(|host| host != name),
            "affinity" => others.all(|host| host == name),
            _ => true,
        }
    }
}
