//! What steps do about instances: asked by the steps when they begin, and by previews beforehand. Contract: strategies 2.

use super::step::{Hosts, Instances};
use super::world::InstanceFacts;
use std::collections::BTreeSet;

/// The hosts the instances were on when the plan was made.
pub(in crate::core) fn sources(instances: &Instances) -> Vec<String> {
    instances.host_names.values().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The instances that a step `migrate-instances` asks to be moved; none when there is nothing to be moved. `on_sources` are
/// the instances on [`sources`] now.
///
/// Instances that left since the plan was made are where they should be; moving what is on their new host would be wrong
/// (docs/differences.md, `instance-moved`).
pub(in crate::core) fn to_migrate(
    instances: &Instances,
    on_sources: Vec<InstanceFacts>,
    exists: impl Fn(&str) -> bool,
) -> Option<Vec<String>> {
    if on_sources.is_empty() {
        return None;
    }
    let mut uuids = instances.uuids.clone();
    let stayed = |uuid: &String| on_sources.iter().any(|instance| instance.uuid == *uuid);
    if uuids.iter().any(|uuid| exists(uuid) && !stayed(uuid)) {
        uuids.retain(stayed);
        if uuids.is_empty() {
            uuids = on_sources.into_iter().map(|instance| instance.uuid).collect();
        }
    }
    Some(uuids)
}

/// Why a step `stop-instances` cannot begin: an instance is not where the plan saw it.
pub(in crate::core) fn moved_since_planned(
    instances: &Instances,
    find: impl Fn(&str) -> Option<InstanceFacts>,
) -> Option<String> {
    instances.uuids.iter().find_map(|uuid| {
        let (instance, from) = (find(uuid)?, instances.host_names.get(uuid)?);
        (instance.host.as_ref() != Some(from)).then(|| {
            format!(
                "instance {} has moved from {from} to {} after strategy created",
                instance.name,
                instance.host.as_deref().unwrap_or("None"),
            )
        })
    })
}

/// Of the instances on hosts, those that keep the hosts from being locked.
pub(in crate::core) fn in_the_way(mut on_hosts: Vec<InstanceFacts>) -> Vec<InstanceFacts> {
    on_hosts.retain(|instance| !(instance.locked && instance.disabled));
    on_hosts
}

/// Why hosts are not locked.
pub(in crate::core) fn not_emptied(hosts: &Hosts, left: &[InstanceFacts]) -> String {
    let names: Vec<_> = left.iter().map(|instance| instance.name.as_str()).collect();
    format!(
        "Lock of host(s) {} failed because instance(s) {} were not migrated or stopped.",
        hosts.names.join(","),
        names.join(",")
    )
}
