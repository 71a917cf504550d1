//! Hypervisors of Nova. Contract: vim-behaviour 4.3, 6.1 step 4, 6.2; deployment 1.5.

use super::Vim;
use super::audit::{Heard, Step};
use super::stored::read_object;
use nfv_common::TextParams;
use nfv_common::event_log::EventId;
use nfv_common::pyjson::to_string as json;
use nfv_nfvi::object::{AdminState, Hypervisor, HypervisorStatistics, OperState};
use nfv_vim_db::Write;
use nfv_vim_db::row::HypervisorRow;
use std::collections::BTreeSet;

fn put(hypervisor: &Hypervisor, oper_state: &OperState) -> Write {
    let number = |pick: fn(&HypervisorStatistics) -> f64| {
        hypervisor.statistics.as_ref().map_or(0, |statistics| pick(statistics) as i64)
    };
    Write::PutHypervisor(HypervisorRow {
        uuid: hypervisor.uuid.clone(),
        admin_state: hypervisor.admin_state.to_string(),
        oper_state: oper_state.to_string(),
        host_name: hypervisor.host_name.clone(),
        stats_available: hypervisor.statistics.is_some(),
        vcpus_used: number(|s| s.vcpus_used),
        vcpus_max: number(|s| s.vcpus_max),
        mem_used_mb: number(|s| s.mem_used_mb),
        mem_free_mb: number(|s| s.mem_free_mb),
        mem_max_mb: number(|s| s.mem_max_mb),
        disk_used_gb: number(|s| s.disk_used_gb),
        disk_max_gb: number(|s| s.disk_max_gb),
        running_instances: number(|s| s.running_vms),
        nfvi_hypervisor_data: json(hypervisor),
    })
}

pub(super) fn from_row(row: HypervisorRow) -> Result<Hypervisor, String> {
    let mut beside = serde_json::json!({
        "uuid": row.uuid,
        "admin_state": row.admin_state,
        "oper_state": row.oper_state,
        "host_name": row.host_name,
    });
    if row.stats_available {
        beside["vcpus_used"] = row.vcpus_used.into();
        beside["vcpus_max"] = row.vcpus_max.into();
        beside["mem_used_mb"] = row.mem_used_mb.into();
        beside["mem_free_mb"] = row.mem_free_mb.into();
        beside["mem_max_mb"] = row.mem_max_mb.into();
        beside["disk_used_gb"] = row.disk_used_gb.into();
        beside["disk_max_gb"] = row.disk_max_gb.into();
        beside["running_vms"] = row.running_instances.into();
    }
    read_object(&row.nfvi_hypervisor_data, "nfvi_hypervisor_data", beside)
}

impl Vim {
    /// A hypervisor's operational state: down as soon as its host is, whatever Nova still says.
    pub fn hypervisor_oper_state(&self, hypervisor: &Hypervisor) -> OperState {
        match self.hosts.get(&hypervisor.host_name) {
            Some(host) if host.is_wholly_failed() || host.is_offline() => OperState::Disabled,
            _ => hypervisor.oper_state.clone(),
        }
    }

    fn hypervisor_states(&self, uuid: &str) -> Option<(AdminState, OperState)> {
        let hypervisor = self.hypervisors.get(uuid)?;
        Some((hypervisor.admin_state.clone(), self.hypervisor_oper_state(hypervisor)))
    }

    /// All hypervisors.
    pub(super) fn audit_hypervisors(&mut self, listed: Vec<Hypervisor>) -> Heard {
        if self.doubts(Step::Hypervisors, listed.is_empty() && !self.hypervisors.is_empty()) {
            return Heard::AskAgain;
        }
        let keep: BTreeSet<_> = listed.iter().map(|hypervisor| hypervisor.uuid.clone()).collect();
        for hypervisor in listed {
            self.audits.hypervisors.queue(&hypervisor.uuid);
            self.hypervisor_update(hypervisor);
        }
        let missing: Vec<_> = self.hypervisors.keys().filter(|uuid| !keep.contains(*uuid)).cloned().collect();
        for uuid in missing {
            self.audits.hypervisors.forget(&uuid);
            self.hypervisors.remove(&uuid);
            self.out.writes.push(Write::DeleteHypervisor { uuid });
        }
        Heard::Taken
    }

    /// Nova showed a hypervisor, with statistics or without. A new one, or one that came up, may take instances.
    pub(super) fn hypervisor_update(&mut self, mut hypervisor: Hypervisor) {
        let uuid = hypervisor.uuid.clone();
        let known = self.hypervisors.get(&uuid);
        hypervisor.statistics = hypervisor.statistics.or_else(|| known.and_then(|known| known.statistics));
        if known == Some(&hypervisor) {
            return;
        }
        let before = self.hypervisor_states(&uuid);
        self.out.writes.push(put(&hypervisor, &self.hypervisor_oper_state(&hypervisor)));
        self.hypervisors.insert(uuid.clone(), hypervisor);
        let after = self.hypervisor_states(&uuid);
        if before.is_some() && before != after {
            self.log_hypervisor(&uuid);
        }
        let up = |states: &Option<(AdminState, OperState)>| {
            states.as_ref().is_some_and(|(_, oper)| *oper == OperState::Enabled)
        };
        if before.is_none() || (up(&after) && !up(&before)) {
            self.recover_instances();
        }
    }

    fn log_hypervisor(&mut self, uuid: &str) {
        let Some(hypervisor) = self.hypervisors.get(uuid) else { return };
        let oper_state = self.hypervisor_oper_state(hypervisor);
        let hypervisor = hypervisor.clone();
        let params = TextParams {
            host: Some(&hypervisor.host_name),
            hypervisor_admin: hypervisor.admin_state.as_str(),
            hypervisor_oper: oper_state.as_str(),
            ..TextParams::default()
        };
        let entity = format!("host={}.hypervisor={uuid}", hypervisor.host_name);
        self.issue_log(EventId::HypervisorStateChange, "host.hypervisor", &entity, &params);
    }
}
