//! Server groups of Nova, and the alarm of those whose policy is not met. Contract: vim-behaviour 4.3, 6.1 step 8, 8.3.

use super::Vim;
use super::alarm::text::alarm_reason;
use super::audit::{Heard, Step};
use super::stored::{lenient, read_object};
use nfv_common::TextParams;
use nfv_common::alarm::AlarmType;
use nfv_common::pyjson::to_string as json;
use nfv_nfvi::object::InstanceGroup;
use nfv_vim_db::Write;
use nfv_vim_db::row::InstanceGroupRow;
use std::collections::BTreeSet;

/// A policy that Nova does not enforce: only the alarm tells that it is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BestEffort {
    /// All on one host.
    Affinity,
    /// No two on one host.
    AntiAffinity,
}

impl BestEffort {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Affinity => "affinity-best-effort",
            Self::AntiAffinity => "anti-affinity-best-effort",
        }
    }

    /// What follows the alarm's text.
    const fn conflict(self) -> &'static str {
        match self {
            Self::Affinity => ", some instances are not on the same host",
            Self::AntiAffinity => ", some instances are on the same host",
        }
    }

    /// The policy that counts: affinity when a group names both.
    fn of(group: &InstanceGroup) -> Option<Self> {
        [Self::Affinity, Self::AntiAffinity]
            .into_iter()
            .find(|policy| group.policies.iter().any(|name| name == policy.as_str()))
    }

    /// Members on these hosts (one entry for each member) do not meet it.
    fn is_violated(self, hosts: &[&str]) -> bool {
        let distinct: BTreeSet<_> = hosts.iter().collect();
        match self {
            Self::Affinity => distinct.len() > 1,
            Self::AntiAffinity => distinct.len() < hosts.len(),
        }
    }
}

/// The name shown: the id when it has none.
pub fn name(group: &InstanceGroup) -> &str {
    group.name.as_deref().unwrap_or(&group.uuid)
}

/// The entity of a group's alarm.
pub(super) fn entity(uuid: &str) -> String {
    format!("server-group={uuid}")
}

fn put(group: &InstanceGroup) -> Write {
    Write::PutInstanceGroup(InstanceGroupRow {
        uuid: group.uuid.clone(),
        name: name(group).to_owned(),
        member_uuids: json(&group.member_uuids),
        policies: json(&group.policies),
        nfvi_instance_group_data: json(group),
    })
}

pub(super) fn from_row(row: InstanceGroupRow) -> Result<InstanceGroup, String> {
    let beside = serde_json::json!({
        "uuid": row.uuid,
        "name": row.name,
        "member_uuids": lenient::<Vec<String>>(&row.member_uuids),
        "policies": lenient::<Vec<String>>(&row.policies),
    });
    read_object(&row.nfvi_instance_group_data, "nfvi_instance_group_data", beside)
}

impl Vim {
    /// All server groups. Those known before are checked; a new one with the next listing.
    pub(super) fn audit_instance_groups(&mut self, listed: Vec<InstanceGroup>) -> Heard {
        if self.doubts(Step::InstanceGroups, listed.is_empty() && !self.instance_groups.is_empty()) {
            return Heard::AskAgain;
        }
        let keep: BTreeSet<_> = listed.iter().map(|group| group.uuid.clone()).collect();
        for group in listed {
            let uuid = group.uuid.clone();
            let known = self.instance_groups.get(&uuid);
            let (is_new, changed) = (known.is_none(), known != Some(&group));
            if changed {
                self.out.writes.push(put(&group));
                self.instance_groups.insert(uuid.clone(), group);
            }
            if !is_new {
                self.manage_group_alarm(&uuid);
            }
        }
        let missing: Vec<_> =
            self.instance_groups.keys().filter(|uuid| !keep.contains(*uuid)).cloned().collect();
        for uuid in missing {
            self.instance_groups.remove(&uuid);
            self.clear_alarms_of(&entity(&uuid));
            self.out.writes.push(Write::DeleteInstanceGroup { uuid });
        }
        Heard::Taken
    }

    /// A member moved or is gone.
    pub(super) fn group_member_changed(&mut self, instance: &str) {
        let concerned: Vec<_> = self
            .instance_groups
            .values()
            .filter(|group| BestEffort::of(group).is_some())
            .filter(|group| group.member_uuids.iter().any(|member| member == instance))
            .map(|group| group.uuid.clone())
            .collect();
        for uuid in concerned {
            self.manage_group_alarm(&uuid);
        }
    }

    /// The policy that a group's living members do not meet. One without a host says nothing.
    fn violated_policy(&self, group: &InstanceGroup) -> Option<BestEffort> {
        let policy = BestEffort::of(group)?;
        let members: BTreeSet<_> = group.member_uuids.iter().collect();
        let living = members.into_iter().filter_map(|uuid| self.instances.get(uuid)).filter(|i| !i.deleted);
        let hosts: Vec<_> = living.filter_map(|instance| instance.host()).collect();
        policy.is_violated(&hosts).then_some(policy)
    }

    /// Brings a group's alarm in line with its members.
    fn manage_group_alarm(&mut self, uuid: &str) {
        let Some(group) = self.instance_groups.get(uuid).cloned() else { return };
        let violated = self.violated_policy(&group);
        let params = violated.map(|policy| TextParams {
            group: name(&group),
            policy: policy.as_str(),
            additional_text: policy.conflict(),
            ..TextParams::default()
        });
        let alarm_type = AlarmType::InstanceGroupPolicyConflict;
        let wanted = params.map(|params| alarm_reason(alarm_type, &params));
        let entity = entity(uuid);
        let mut is_up = false;
        for alarm in self.alarms_of(&entity) {
            let text = self.alarms.get(&alarm).map(|alarm| &alarm.specific_problem_text);
            // another policy, or another name: the text would be wrong
            if !is_up && text.is_some() && text == wanted.as_ref() {
                is_up = true;
            } else {
                self.clear_alarm(&alarm);
            }
        }
        if let Some(params) = params
            && !is_up
        {
            self.raise_alarm(alarm_type, "server-group", &entity, &params, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_and_where_its_members_are() {
        let rows: [(BestEffort, &[&str], bool); 9] = [
            (BestEffort::Affinity, &[], false),
            (BestEffort::Affinity, &["a"], false),
            (BestEffort::Affinity, &["a", "a"], false),
            (BestEffort::Affinity, &["a", "a", "b"], true),
            (BestEffort::AntiAffinity, &[], false),
            (BestEffort::AntiAffinity, &["a"], false),
            (BestEffort::AntiAffinity, &["a", "b"], false),
            (BestEffort::AntiAffinity, &["a", "b", "a"], true),
            (BestEffort::AntiAffinity, &["a", "a"], true),
        ];
        for (policy, hosts, violated) in rows {
            assert_eq!(policy.is_violated(hosts), violated, "{policy:?} {hosts:?}");
        }
    }

    #[test]
    fn only_best_effort_policies_count_and_affinity_comes_first() {
        let rows: [(&[&str], Option<BestEffort>); 6] = [
            (&[], None),
            (&["affinity"], None),
            (&["anti-affinity", "unknown"], None),
            (&["affinity-best-effort"], Some(BestEffort::Affinity)),
            (&["anti-affinity-best-effort"], Some(BestEffort::AntiAffinity)),
            (&["anti-affinity-best-effort", "affinity-best-effort"], Some(BestEffort::Affinity)),
        ];
        for (policies, wanted) in rows {
            let group = InstanceGroup {
                uuid: "g".to_owned(),
                name: None,
                member_uuids: Vec::new(),
                policies: policies.iter().map(|policy| (*policy).to_owned()).collect(),
            };
            assert_eq!(BestEffort::of(&group), wanted, "{policies:?}");
            assert_eq!(name(&group), "g");
        }
    }
}
