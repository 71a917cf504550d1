//! Groups of hosts: storage peers of the platform, aggregates of Nova. Contract: vim-behaviour 4.3, 6.1 steps 2 and 3.

use crate::core::Vim;
use crate::core::audit::{Heard, Step, reconcile};
use crate::core::stored::{lenient, read_object};
use nfv_common::pyjson::to_string as json;
use nfv_nfvi::object::{HostAggregate, HostGroup};
use nfv_vim_db::Write;
use nfv_vim_db::row::{HostAggregateRow, HostGroupRow};

fn put_group(group: &HostGroup) -> Write {
    Write::PutHostGroup(HostGroupRow {
        name: group.name.clone(),
        member_names: json(&group.member_names),
        policies: json(&group.policies),
        nfvi_host_group_data: json(group),
    })
}

pub(in crate::core) fn group_from_row(row: HostGroupRow) -> Result<HostGroup, String> {
    let beside = serde_json::json!({
        "name": row.name,
        "member_names": lenient::<Vec<String>>(&row.member_names),
        "policies": lenient::<Vec<String>>(&row.policies),
    });
    read_object(&row.nfvi_host_group_data, "nfvi_host_group_data", beside)
}

fn put_aggregate(aggregate: &HostAggregate) -> Write {
    Write::PutHostAggregate(HostAggregateRow {
        name: aggregate.name.clone(),
        host_names: json(&aggregate.host_names),
        availability_zone: aggregate.availability_zone.clone(),
        nfvi_host_aggregate_data: json(aggregate),
    })
}

pub(in crate::core) fn aggregate_from_row(row: HostAggregateRow) -> Result<HostAggregate, String> {
    let beside = serde_json::json!({
        "name": row.name,
        "host_names": lenient::<Vec<String>>(&row.host_names),
        "availability_zone": row.availability_zone,
    });
    read_object(&row.nfvi_host_aggregate_data, "nfvi_host_aggregate_data", beside)
}

impl Vim {
    /// The groups that came with all hosts. One with a host that could not be read is neither removed nor made
    /// smaller: it is not known whether the host is still in it.
    pub(in crate::core) fn audit_host_groups(&mut self, mut listed: Vec<HostGroup>, incomplete: &[String]) {
        if self.doubts(Step::HostGroups, listed.is_empty() && !self.host_groups.is_empty()) {
            return;
        }
        let uncertain = |group: &&HostGroup| group.member_names.iter().any(|host| incomplete.contains(host));
        for known in self.host_groups.values().filter(uncertain) {
            match listed.iter_mut().find(|group| group.name == known.name) {
                Some(group) => {
                    let unread = |host: &&String| incomplete.contains(host);
                    let mut members: Vec<_> = known.member_names.iter().filter(unread).cloned().collect();
                    members.append(&mut group.member_names);
                    group.member_names = members;
                }
                None => listed.push(known.clone()),
            }
        }
        let delete = |name| Write::DeleteHostGroup { name };
        reconcile(&mut self.host_groups, listed, |g| &g.name, put_group, delete, &mut self.out.writes);
    }

    /// All aggregates.
    pub(in crate::core) fn audit_host_aggregates(&mut self, listed: Vec<HostAggregate>) -> Heard {
        if self.doubts(Step::HostAggregates, listed.is_empty() && !self.host_aggregates.is_empty()) {
            return Heard::AskAgain;
        }
        let delete = |name| Write::DeleteHostAggregate { name };
        reconcile(
            &mut self.host_aggregates,
            listed,
            |a| &a.name,
            put_aggregate,
            delete,
            &mut self.out.writes,
        );
        Heard::Taken
    }
}
