//! Whether what refers to another row finds it. The VIM copes with each of these: objects come and go in the cloud in
//! any order, and a listing brings what is missing. So these are warnings at most.

use super::{Finding, Severity};
use crate::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};

const AUDIT: &str = "nothing: the next round of audits (20 to 60 s) brings what is missing or removes what is gone. If it \
                     is still there after some minutes with nfv-vim running, compare with what Nova and sysinv list";
const NONE: &str = "nothing";

pub(super) fn judge(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let hosts: BTreeSet<&str> = snapshot.hosts.iter().map(|row| row.name.as_str()).collect();
    let instances: BTreeSet<&str> = snapshot.instances.iter().map(|row| row.uuid.as_str()).collect();
    let mut add = |severity, what: String, advice| findings.push(Finding { severity, what, advice });
    let mut times = BTreeMap::<&str, usize>::new();
    for row in &snapshot.hosts {
        *times.entry(&row.name).or_default() += 1;
    }
    for (name, count) in times.into_iter().filter(|(_, count)| *count > 1) {
        let what = format!("host {name} stands {count} times in hosts_v6, under different uuids");
        let advice =
            "the row read last counts. With nfv-vim stopped, delete the rows whose uuid sysinv does not list";
        add(Severity::Warning, what, advice);
    }
    for row in &snapshot.instances {
        if let Some(host) = row.host_name.as_deref().filter(|host| !hosts.contains(host)) {
            let what =
                format!("instance {} ({}) is on host {host}, which is not in hosts_v6", row.name, row.uuid);
            add(Severity::Warning, what, AUDIT);
        }
        let images = &snapshot.images;
        if let Some(image) = &row.image_uuid
            && images.iter().all(|known| known.uuid != *image)
        {
            let what =
                format!("instance {} ({}) was made from image {image}, which is gone", row.name, row.uuid);
            add(Severity::Note, what, "nothing, but the instance cannot be rebuilt from it");
        }
    }
    for row in &snapshot.hypervisors {
        if !hosts.contains(row.host_name.as_str()) {
            let what =
                format!("hypervisor {} is on host {}, which is not in hosts_v6", row.uuid, row.host_name);
            add(Severity::Warning, what, AUDIT);
        }
    }
    let lists = [
        (
            "instance group",
            "instances_v5",
            &instances,
            members(&snapshot.instance_groups, |row| (&row.name, &row.member_uuids)),
        ),
        (
            "host group",
            "hosts_v6",
            &hosts,
            members(&snapshot.host_groups, |row| (&row.name, &row.member_names)),
        ),
        (
            "host aggregate",
            "hosts_v6",
            &hosts,
            members(&snapshot.host_aggregates, |row| (&row.name, &row.host_names)),
        ),
    ];
    for (what, table, known, groups) in lists {
        for (name, members) in groups {
            for member in members.iter().filter(|member| !known.contains(member.as_str())) {
                let what = format!("{what} {name} has the member {member}, which is not in {table}");
                add(Severity::Note, what, NONE);
            }
        }
    }
    for row in &snapshot.subnets {
        if snapshot.networks.iter().all(|network| network.uuid != row.network_uuid) {
            let what = format!(
                "subnet {} ({}) is of network {}, which is not in networks",
                row.name, row.uuid, row.network_uuid
            );
            add(Severity::Warning, what, AUDIT);
        }
    }
    for row in &snapshot.volume_snapshots {
        if snapshot.volumes.iter().all(|volume| volume.uuid != row.volume_uuid) {
            let what = format!(
                "volume snapshot {} ({}) is of volume {}, which is not in volumes_v1",
                row.name, row.uuid, row.volume_uuid
            );
            add(Severity::Note, what, AUDIT);
        }
    }
    if snapshot.sw_updates.len() > 1 {
        let what =
            format!("sw_updates holds {} rows, there can be one software update", snapshot.sw_updates.len());
        add(
            Severity::Warning,
            what,
            "the last one counts; delete the strategy (sw-manager) and create it anew",
        );
    }
    for row in snapshot.state.iter().filter(|row| row.kind == "instance") {
        if !instances.contains(row.key.as_str()) {
            let what = format!("nfv_state remembers instance {}, which is not in instances_v5", row.key);
            add(Severity::Note, what, NONE);
        }
    }
}

/// Each group's name and members; a list that cannot be read was told elsewhere.
fn members<'a, R>(
    rows: &'a [R],
    of: impl Fn(&'a R) -> (&'a String, &'a String) + 'a,
) -> Vec<(&'a str, Vec<String>)> {
    let members = |row| {
        let (name, list) = of(row);
        (name.as_str(), serde_json::from_str(list).unwrap_or_default())
    };
    rows.iter().map(members).collect()
}
