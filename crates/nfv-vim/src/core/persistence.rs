//! Objects as rows and back. Contract: deployment 1.3, 1.5, 1.6.
//!
//! Beside the original's tables, the side table keeps what the original forgot at a restart: raised alarms, and
//! for each instance its last event logs and where a move began.

use super::director::Recovery;
use super::dor::Dor;
use super::host::{Host, HostState, VimHostAction};
use super::instance::Instance;
use super::instance::action::{ActionData, NfviActionData};
use super::{CoreConfig, Effect, Level, Outcome, StartFacts, TimerKey, Vim, alarm};
use nfv_common::alarm::AlarmData;
use nfv_common::event_log::EventId;
use nfv_common::fsm::Machine;
use nfv_common::pyjson::to_string as json;
use nfv_common::strategy::StrategyRecord;
use nfv_common::time::{Mono, Now};
use nfv_nfvi::object::{self, ActionState, ActionType, InstanceAvailStatus, InstanceTypeDetails};
use nfv_vim_db::row::{
    HostAggregateRow, HostGroupRow, HostRow, HypervisorRow, InstanceGroupRow, InstanceRow, InstanceTypeRow,
    StateRow, SystemRow, TenantRow,
};
use nfv_vim_db::{Snapshot, Write};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Kind of the side table's rows about instances.
const INSTANCE_KIND: &str = "instance";

fn whole(number: f64) -> i64 {
    number as i64
}

pub(super) fn system(system: &object::System) -> Write {
    Write::PutSystem(SystemRow { name: system.name.clone(), description: system.description.clone() })
}

pub(super) fn tenant(tenant: &object::Tenant) -> Write {
    Write::PutTenant(TenantRow {
        uuid: tenant.uuid.clone(),
        name: tenant.name.clone(),
        description: tenant.description.clone(),
        enabled: if tenant.enabled { "1" } else { "0" }.to_owned(),
    })
}

pub(super) fn host_group(group: &object::HostGroup) -> Write {
    Write::PutHostGroup(HostGroupRow {
        name: group.name.clone(),
        member_names: json(&group.member_names),
        policies: json(&group.policies),
        nfvi_host_group_data: json(group),
    })
}

pub(super) fn host_aggregate(aggregate: &object::HostAggregate) -> Write {
    Write::PutHostAggregate(HostAggregateRow {
        name: aggregate.name.clone(),
        host_names: json(&aggregate.host_names),
        availability_zone: aggregate.availability_zone.clone(),
        nfvi_host_aggregate_data: json(aggregate),
    })
}

pub(super) fn instance_group(group: &object::InstanceGroup) -> Write {
    Write::PutInstanceGroup(InstanceGroupRow {
        uuid: group.uuid.clone(),
        name: group.name.clone().unwrap_or_else(|| group.uuid.clone()),
        member_uuids: json(&group.member_uuids),
        policies: json(&group.policies),
        nfvi_instance_group_data: json(group),
    })
}

pub(super) fn hypervisor(hypervisor: &object::Hypervisor) -> Write {
    let statistics = hypervisor.statistics;
    let number =
        |pick: fn(&object::HypervisorStatistics) -> f64| statistics.as_ref().map_or(0, |s| whole(pick(s)));
    Write::PutHypervisor(HypervisorRow {
        uuid: hypervisor.uuid.clone(),
        admin_state: hypervisor.admin_state.to_string(),
        oper_state: hypervisor.oper_state.to_string(),
        host_name: hypervisor.host_name.clone(),
        stats_available: statistics.is_some(),
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

pub(super) fn instance_type(instance_type: &object::InstanceType) -> Write {
    let details = instance_type.details.clone().unwrap_or_default();
    Write::PutInstanceType(InstanceTypeRow {
        uuid: instance_type.uuid.clone(),
        name: instance_type.name.clone(),
        have_details: instance_type.details.is_some(),
        vcpus: details.vcpus as i64,
        mem_mb: details.mem_mb as i64,
        disk_gb: details.disk_gb as i64,
        ephemeral_gb: details.ephemeral_gb as i64,
        swap_gb: details.swap_gb as i64,
        guest_services: json(&details.guest_services),
        auto_recovery: details.auto_recovery,
        live_migration_timeout: details.live_migration_timeout.map(|seconds| seconds as i64),
        live_migration_max_downtime: details.live_migration_max_downtime.map(|ms| ms as i64),
    })
}

pub(super) fn host_row(host: &Host, now: Mono) -> HostRow {
    HostRow {
        uuid: host.nfvi.uuid.clone(),
        name: host.nfvi.name.clone(),
        personality: host.nfvi.personality.clone(),
        state: host.state().as_str().to_owned(),
        action: host.action.as_str().to_owned(),
        upgrade_inprogress: host.upgrade_inprogress,
        recover_instances: host.recover_instances,
        uptime: host.nfvi.uptime.0.to_string(),
        elapsed_time_in_state: host.elapsed_in_state(now).to_string(),
        host_services_locked: host.services_locked,
        nfvi_host_data: json(&host.nfvi),
    }
}

fn host_from_row(row: HostRow, now: Mono, config: &CoreConfig) -> Result<Host, String> {
    let nfvi: object::Host =
        serde_json::from_str(&row.nfvi_host_data).map_err(|e| format!("nfvi_host_data: {e}"))?;
    let state = HostState::parse(&row.state).ok_or_else(|| format!("state {:?} is not known", row.state))?;
    let mut host = Host::new(nfvi, now);
    host.machine = Machine::new(state, now);
    host.action = VimHostAction::parse(&row.action);
    host.elapsed_at_stamp = row.elapsed_time_in_state.trim().parse().unwrap_or(0);
    host.upgrade_inprogress = row.upgrade_inprogress;
    host.recover_instances = row.recover_instances;
    host.services_locked = row.host_services_locked;
    host.init_services(config);
    Ok(host)
}

/// `action_data` as stored. Contract: deployment 1.6.
#[derive(Serialize, Deserialize)]
struct StoredAction {
    #[serde(default)]
    action_seqnum: u64,
    #[serde(default)]
    action_uuid: Option<String>,
    #[serde(default)]
    action_type: Option<String>,
    #[serde(default)]
    action_state: Option<ActionState>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    nfvi_action_data: Option<NfviActionData>,
}

fn action_text(action: &ActionData) -> String {
    let nfvi = action.nfvi.as_ref();
    json(&StoredAction {
        action_seqnum: action.seqnum,
        action_uuid: nfvi.and_then(|nfvi| nfvi.action_uuid.clone()),
        action_type: Some(nfvi.map(|nfvi| nfvi.action_type.to_string()).unwrap_or_default()),
        action_state: action.state.clone(),
        reason: Some(nfvi.map(|nfvi| nfvi.reason.clone()).unwrap_or_default()),
        nfvi_action_data: nfvi.cloned(),
    })
}

/// An action that cannot be read is none: it is history, and no reason to lose the instance.
fn action_from_text(text: Option<&str>) -> ActionData {
    let stored: Option<StoredAction> = text.and_then(|text| serde_json::from_str(text).ok()).flatten();
    stored.map_or_else(ActionData::default, |stored| ActionData {
        seqnum: stored.action_seqnum,
        state: stored.action_state,
        nfvi: stored.nfvi_action_data,
    })
}

pub(super) fn instance_row(instance: &Instance, now: Mono) -> InstanceRow {
    let nfvi = &instance.nfvi;
    let words: Vec<_> = nfvi.avail_status.iter().map(InstanceAvailStatus::as_str).collect();
    InstanceRow {
        uuid: nfvi.uuid.clone(),
        name: nfvi.name.clone(),
        admin_state: nfvi.admin_state.to_string(),
        oper_state: nfvi.oper_state.to_string(),
        avail_status: json(&words),
        action: nfvi.action.to_string(),
        host_name: nfvi.host_name.clone(),
        image_uuid: nfvi.image_uuid.clone(),
        live_migration_support: instance.supports_live_migration(),
        elapsed_time_in_state: instance.elapsed_in_state(now).to_string(),
        elapsed_time_on_host: instance.elapsed_on_host.to_string(),
        action_data: Some(action_text(&instance.action_data)),
        last_action_data: Some(action_text(&instance.last_action_data)),
        guest_services: Some(instance.guest_services.clone().unwrap_or_else(|| NO_GUEST_SERVICES.to_owned())),
        nfvi_instance_data: json(nfvi),
        recoverable: instance.recoverable,
        unlock_to_recover: instance.unlock_to_recover,
    }
}

/// What the original stores for an instance without guest services.
const NO_GUEST_SERVICES: &str = r#"{"services": {}, "state": null, "nfvi_guest_services": []}"#;

/// What the side table keeps of an instance.
#[derive(Serialize, Deserialize)]
struct InstanceMemory {
    last_events: Vec<EventId>,
    from_host: Option<String>,
    /// What an earlier process had under way, until it is seen to be over: the next process may end before that.
    #[serde(default)]
    resuming: Option<ActionType>,
}

pub(super) fn instance_memory(instance: &Instance) -> Write {
    let memory = InstanceMemory {
        last_events: instance.last_events.clone(),
        from_host: instance.from_host.clone(),
        resuming: instance.resuming.clone(),
    };
    Write::PutState(StateRow {
        kind: INSTANCE_KIND.to_owned(),
        key: instance.uuid().to_owned(),
        data: json(&memory),
    })
}

pub(super) fn forget_instance_memory(uuid: &str) -> Write {
    Write::DeleteState { kind: INSTANCE_KIND.to_owned(), key: uuid.to_owned() }
}

fn instance_from_row(row: InstanceRow, now: Now) -> Result<Instance, String> {
    let nfvi: object::Instance =
        serde_json::from_str(&row.nfvi_instance_data).map_err(|e| format!("nfvi_instance_data: {e}"))?;
    let mut instance = Instance::new(nfvi, now.mono, now.wall);
    instance.action_data = action_from_text(row.action_data.as_deref());
    instance.last_action_data = action_from_text(row.last_action_data.as_deref());
    // nothing is in progress in a new process (1.2); what was, may still be seen in Nova
    if !instance.action_data.is_over() {
        instance.resuming = Some(instance.action_data.action_type());
        instance.action_data.state = Some(ActionState::Completed);
    }
    instance.guest_services = row.guest_services;
    instance.elapsed_at_stamp = row.elapsed_time_in_state.trim().parse().unwrap_or(0);
    instance.elapsed_on_host = row.elapsed_time_on_host.trim().parse().unwrap_or(0);
    instance.recoverable = row.recoverable;
    instance.unlock_to_recover = row.unlock_to_recover;
    instance.confirmed = false;
    // its deletion was over and told when the earlier process ended, only the row was left
    instance.deleted = instance.nfvi_is_deleted();
    Ok(instance)
}

fn instance_type_from_row(row: InstanceTypeRow) -> object::InstanceType {
    let size = |number: i64| number.max(0) as u64;
    let details = row.have_details.then(|| InstanceTypeDetails {
        vcpus: size(row.vcpus),
        mem_mb: size(row.mem_mb),
        disk_gb: size(row.disk_gb),
        ephemeral_gb: size(row.ephemeral_gb),
        swap_gb: size(row.swap_gb),
        guest_services: serde_json::from_str(&row.guest_services).unwrap_or_default(),
        auto_recovery: row.auto_recovery,
        live_migration_timeout: row.live_migration_timeout.map(size),
        live_migration_max_downtime: row.live_migration_max_downtime.map(size),
    });
    object::InstanceType { uuid: row.uuid, name: row.name, details }
}

/// Reads rows into a table; one that cannot be read is left out, logged, and stays in the file.
fn read_rows<R, T>(
    rows: Vec<R>,
    table: &str,
    key: impl Fn(&R) -> String,
    read: impl Fn(R) -> Result<(String, T), String>,
    bad: &mut Vec<String>,
) -> BTreeMap<String, T> {
    let mut objects = BTreeMap::new();
    for row in rows {
        let name = key(&row);
        match read(row) {
            Ok((key, object)) => {
                objects.insert(key, object);
            }
            Err(why) => bad.push(format!("row {name} of table {table} left out: {why}")),
        }
    }
    objects
}

fn from_json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl Vim {
    /// A VIM that goes on where the database says an earlier process was, and its first effects.
    ///
    /// Start-up is total: whatever cannot be read is left out and logged, the rest is loaded.
    pub fn start(config: CoreConfig, facts: StartFacts, snapshot: Snapshot, now: Now) -> (Self, Outcome) {
        let mut bad: Vec<String> = snapshot.quarantined.iter().map(ToString::to_string).collect();
        let mut hosts = read_rows(
            snapshot.hosts,
            "hosts_v6",
            |row| row.name.clone(),
            |row| host_from_row(row, now.mono, &config).map(|host| (host.name().to_owned(), host)),
            &mut bad,
        );
        let mut instances = read_rows(
            snapshot.instances,
            "instances_v5",
            |row| row.uuid.clone(),
            |row| instance_from_row(row, now).map(|instance| (instance.uuid().to_owned(), instance)),
            &mut bad,
        );
        let hypervisors = read_rows(
            snapshot.hypervisors,
            "hypervisors",
            |row| row.uuid.clone(),
            |row| from_json::<object::Hypervisor>(&row.nfvi_hypervisor_data).map(|h| (h.uuid.clone(), h)),
            &mut bad,
        );
        let host_groups = read_rows(
            snapshot.host_groups,
            "host_groups",
            |row| row.name.clone(),
            |row| from_json::<object::HostGroup>(&row.nfvi_host_group_data).map(|g| (g.name.clone(), g)),
            &mut bad,
        );
        let host_aggregates = read_rows(
            snapshot.host_aggregates,
            "host_aggregates",
            |row| row.name.clone(),
            |row| {
                from_json::<object::HostAggregate>(&row.nfvi_host_aggregate_data).map(|a| (a.name.clone(), a))
            },
            &mut bad,
        );
        let instance_groups = read_rows(
            snapshot.instance_groups,
            "instance_groups",
            |row| row.uuid.clone(),
            |row| {
                from_json::<object::InstanceGroup>(&row.nfvi_instance_group_data).map(|g| (g.uuid.clone(), g))
            },
            &mut bad,
        );
        let mut alarms = BTreeMap::new();
        for row in snapshot.state {
            let read = match row.kind.as_str() {
                alarm::STATE_KIND => from_json::<AlarmData>(&row.data).map(|alarm| {
                    alarms.insert(row.key.clone(), alarm);
                }),
                INSTANCE_KIND => from_json::<InstanceMemory>(&row.data).map(|memory| {
                    if let Some(instance) = instances.get_mut(&row.key) {
                        instance.last_events = memory.last_events;
                        instance.from_host = memory.from_host;
                        instance.resuming = instance.resuming.take().or(memory.resuming);
                    }
                }),
                _ => Ok(()),
            };
            if let Err(why) = read {
                bad.push(format!("row {}/{} of table nfv_state left out: {why}", row.kind, row.key));
            }
        }
        for host in hosts.values_mut() {
            host.resume_failed_services(alarms.values());
        }
        let mut ownerless = Vec::new();
        for (uuid, raised) in &alarms {
            let owned = if let Some(owner) = raised.entity.split("instance=").nth(1) {
                match instances.get_mut(owner).filter(|instance| !instance.deleted) {
                    Some(instance) => {
                        instance.alarms.push((raised.alarm_type, uuid.clone()));
                        true
                    }
                    None => false,
                }
            } else if raised.entity.starts_with("host=") {
                hosts.keys().any(|host| raised.entity == alarm::host_entity(host))
            } else {
                true
            };
            if !owned {
                ownerless.push(uuid.clone());
            }
        }
        let strategies =
            snapshot.sw_updates.iter().filter_map(|row| match StrategyRecord::read(&row.strategy_data) {
                Ok(Some(strategy)) => {
                    Some(format!("Strategy {} ({}) is kept.", strategy.name, strategy.uuid))
                }
                Ok(None) => None,
                Err(why) => Some(format!("row {} of table sw_updates cannot be read: {why}", row.uuid)),
            });
        let kept: Vec<_> = strategies.collect();
        let last_action_seqnum = instances
            .values()
            .map(|instance| instance.action_data.seqnum.max(instance.last_action_data.seqnum))
            .max()
            .unwrap_or(0);
        let cooldown = config.instance.recovery_audit_cooldown;
        let mut vim = Self {
            recovery: Recovery::new(cooldown, facts.unlock_complete, now.mono),
            config,
            now,
            started: now.mono,
            rng: fastrand::Rng::with_seed(facts.seed),
            facts,
            last_id: 0,
            last_log_id: 0,
            last_action_seqnum,
            system: snapshot
                .systems
                .into_iter()
                .next()
                .map(|row| object::System { name: row.name, description: row.description }),
            tenants: snapshot
                .tenants
                .into_iter()
                .map(|row| {
                    let enabled = matches!(row.enabled.as_str(), "1" | "True" | "true");
                    let tenant = object::Tenant {
                        uuid: row.uuid,
                        name: row.name,
                        description: row.description,
                        enabled,
                    };
                    (tenant.uuid.clone(), tenant)
                })
                .collect(),
            hosts,
            host_groups,
            host_aggregates,
            hypervisors,
            instance_types: snapshot
                .instance_types
                .into_iter()
                .map(|row| (row.uuid.clone(), instance_type_from_row(row)))
                .collect(),
            instances,
            instance_groups,
            operations: BTreeMap::new(),
            hosts_operation: None,
            sw_mgmt_heard: Vec::new(),
            dor: Dor::default(),
            audits: super::Audits::default(),
            alarms,
            timers: nfv_common::timer::Timers::default(),
            queue: std::collections::VecDeque::new(),
            calls: super::NfviQueue::default(),
            outstanding: BTreeMap::new(),
            dirty_hosts: std::collections::BTreeSet::new(),
            dirty_instances: std::collections::BTreeSet::new(),
            out: Outcome::default(),
        };
        for line in bad {
            vim.log(Level::Error, "nfv_vim.database", "_database.py", line);
        }
        for line in kept {
            vim.log(Level::Info, "nfv_vim.sw_mgmt_director", "_sw_mgmt_director.py", line);
        }
        // nobody would ever clear these; if what they are about comes back as it was, it raises them anew
        for uuid in ownerless {
            vim.clear_alarm(&uuid);
        }
        vim.begin();
        let outcome = vim.collect();
        (vim, outcome)
    }

    /// Arms the first timers and tells the handlers of the alarms that are up. Contract: 1.1, 8.4.
    fn begin(&mut self) {
        let now = self.now.mono;
        let after = |seconds| now + Duration::from_secs(seconds);
        self.timers.arm(TimerKey::AuditCycle, after(1));
        self.timers.arm(TimerKey::AuditInstances, after(10));
        self.timers.arm(TimerKey::AuditHypervisors, after(4));
        self.timers.arm(TimerKey::AuditInstanceTypes, after(2));
        self.timers.arm(TimerKey::AuditAlarms, after(60));
        self.timers.arm(TimerKey::HostPeriodic, after(10));
        self.timers.arm(TimerKey::Dor, after(1));
        self.timers.arm(TimerKey::Recovery, now + self.config.instance.recovery_audit_cooldown);
        if self.instances.values().any(|instance| instance.deleted) {
            self.timers.arm(TimerKey::CleanupInstances, after(1));
        }
        for host in self.hosts.values_mut() {
            // a task that an earlier process had under way starts again with the first audit
            if host.state().task().is_some() {
                host.stamp = now - Duration::from_secs(30);
                host.elapsed_at_stamp = host.elapsed_at_stamp.saturating_sub(30);
            }
        }
        for alarm in self.alarms.values() {
            self.out.effects.push(Effect::RaiseAlarm(Box::new(alarm.clone())));
        }
    }
}
