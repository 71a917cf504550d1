//! Hosts and instances as rows and back, and the start from the database. Contract: deployment 1.3, 1.5, 1.6.
//!
//! The rows of the other objects stand with the objects.
//!
//! Beside the original's tables, the side table keeps what the original forgot at a restart: raised alarms, and
//! for each instance its last event logs and where a move began.

use super::director::Recovery;
use super::dor::Dor;
use super::history::Histories;
use super::history::duration::{self, Durations};
use super::host::{Host, HostState, VimHostAction};
use super::instance::Instance;
use super::instance::action::{ActionData, ActionKind, NfviActionData};
use super::instance::guest_services::InstanceGuestServices;
use super::stored::{lenient, read_object, read_rows};
use super::{
    CoreConfig, Effect, Level, Outcome, StartFacts, TimerKey, Vim, alarm, host, hypervisor, image,
    instance_group, instance_type, network, system, volume,
};
use nfv_common::alarm::{AlarmData, AlarmType};
use nfv_common::event_log::{EventId, InitiatedBy};
use nfv_common::fsm::Machine;
use nfv_common::pyjson::to_string as json;
use nfv_common::time::{Mono, Now};
use nfv_nfvi::Pool;
use nfv_nfvi::object::{
    self, ActionState, ActionType, AdminState, HostAction, HostAvailStatus, InstanceAvailStatus, OperState,
};
use nfv_vim_db::row::{HostRow, InstanceRow, StateRow};
use nfv_vim_db::{Quarantined, Snapshot, Write};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Kind of the side table's rows about instances.
const INSTANCE_KIND: &str = "instance";

/// The side table.
const STATE_TABLE: &str = "nfv_state";

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
    // what is not known is no evidence of anything: the first listing shows it
    let beside = serde_json::json!({
        "uuid": row.uuid,
        "name": row.name,
        "personality": row.personality,
        "admin_state": AdminState::Unknown,
        "oper_state": OperState::Unknown,
        "avail_status": HostAvailStatus::Unknown,
        "action": HostAction::None,
        "uptime": row.uptime,
    });
    let nfvi: object::Host = read_object(&row.nfvi_host_data, "nfvi_host_data", beside)?;
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
        guest_services: Some(instance.guest_services.text()),
        nfvi_instance_data: json(nfvi),
        recoverable: instance.recoverable,
        unlock_to_recover: instance.unlock_to_recover,
    }
}

/// What the side table keeps of an instance.
#[derive(Serialize, Deserialize)]
struct InstanceMemory {
    #[serde(default)]
    last_events: Vec<EventId>,
    #[serde(default)]
    from_host: Option<String>,
    /// What an earlier process had under way, until it is seen to be over: the next process may end before that.
    #[serde(default)]
    resuming: Option<ActionType>,
    /// What the guest wants done.
    #[serde(default)]
    repair: Option<ActionType>,
}

pub(super) fn instance_memory(instance: &Instance) -> Write {
    let memory = InstanceMemory {
        last_events: instance.last_events.clone(),
        from_host: instance.from_host.clone(),
        resuming: instance.resuming.clone(),
        repair: instance.repair.clone(),
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

fn instance_from_row(row: InstanceRow, now: Now, config: &CoreConfig) -> Result<Instance, String> {
    let beside = serde_json::json!({
        "uuid": row.uuid,
        "name": row.name,
        "admin_state": row.admin_state,
        "oper_state": row.oper_state,
        "avail_status": lenient::<Vec<String>>(&row.avail_status),
        "action": row.action,
        "host_name": row.host_name,
        "image_uuid": row.image_uuid,
        "live_migration_support": row.live_migration_support,
    });
    let nfvi: object::Instance = read_object(&row.nfvi_instance_data, "nfvi_instance_data", beside)?;
    let mut instance = Instance::new(nfvi, now.mono, now.wall);
    instance.action_data = action_from_text(row.action_data.as_deref());
    instance.last_action_data = action_from_text(row.last_action_data.as_deref());
    // nothing is in progress in a new process (1.2); what was, may still be seen in Nova
    if !instance.action_data.is_over() {
        instance.resuming =
            (!instance.action_data.is_with_guest()).then(|| instance.action_data.action_type());
        instance.action_data.state = Some(ActionState::Completed);
    }
    instance.guest_services = InstanceGuestServices::from_text(row.guest_services.as_deref());
    instance.elapsed_at_stamp = row.elapsed_time_in_state.trim().parse().unwrap_or(0);
    instance.elapsed_on_host = row.elapsed_time_on_host.trim().parse().unwrap_or(0);
    instance.recoverable = row.recoverable;
    instance.unlock_to_recover = row.unlock_to_recover;
    instance.confirmed = false;
    // its deletion was over and told when the earlier process ended, only the row was left; unless the guest agent
    // had still to forget it
    let known_to_guest_agent =
        instance.guest_services.are_provisioned() && !config.disabled.contains(&nfv_nfvi::Pool::Guest);
    instance.deleted = instance.nfvi_is_deleted() && !known_to_guest_agent;
    Ok(instance)
}

fn from_json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl Vim {
    /// A VIM that goes on where the database says an earlier process was, and its first effects.
    ///
    /// Start-up is total: whatever cannot be read is left out and logged, the rest is loaded.
    pub fn start(config: CoreConfig, facts: StartFacts, snapshot: Snapshot, now: Now) -> (Self, Outcome) {
        let mut bad = snapshot.quarantined;
        let uuid = |uuid: &str| uuid.to_owned();
        let mut hosts = read_rows(
            snapshot.hosts,
            "hosts_v6",
            |row| row.name.clone(),
            |row| host_from_row(row, now.mono, &config),
            &mut bad,
        );
        let mut instances = read_rows(
            snapshot.instances,
            "instances_v5",
            |row| uuid(&row.uuid),
            |row| instance_from_row(row, now, &config),
            &mut bad,
        );
        let hypervisors = read_rows(
            snapshot.hypervisors,
            "hypervisors",
            |row| uuid(&row.uuid),
            hypervisor::from_row,
            &mut bad,
        );
        let host_groups = read_rows(
            snapshot.host_groups,
            "host_groups",
            |row| row.name.clone(),
            host::group::group_from_row,
            &mut bad,
        );
        let host_aggregates = read_rows(
            snapshot.host_aggregates,
            "host_aggregates",
            |row| row.name.clone(),
            host::group::aggregate_from_row,
            &mut bad,
        );
        let instance_groups = read_rows(
            snapshot.instance_groups,
            "instance_groups",
            |row| uuid(&row.uuid),
            instance_group::from_row,
            &mut bad,
        );
        let images = read_rows(snapshot.images, "images", |row| uuid(&row.uuid), image::from_row, &mut bad);
        let volumes =
            read_rows(snapshot.volumes, "volumes_v1", |row| uuid(&row.uuid), volume::from_row, &mut bad);
        let volume_snapshots = read_rows(
            snapshot.volume_snapshots,
            "volume_snapshots",
            |row| uuid(&row.uuid),
            volume::snapshot::from_row,
            &mut bad,
        );
        let networks =
            read_rows(snapshot.networks, "networks", |row| uuid(&row.uuid), network::from_row, &mut bad);
        let subnets = read_rows(
            snapshot.subnets,
            "subnets",
            |row| uuid(&row.uuid),
            network::subnet::from_row,
            &mut bad,
        );
        // what cannot be read of the side table is ours and good for nobody: it goes, so that it is told once only
        let mut unreadable: Vec<(String, String)> = bad
            .iter()
            .filter(|row| row.table == STATE_TABLE)
            .filter_map(|row| row.key.split_once('/'))
            .map(|(kind, key)| (kind.to_owned(), key.to_owned()))
            .collect();
        let mut alarms = BTreeMap::new();
        let mut durations = Durations::default();
        for row in snapshot.state {
            let read = match row.kind.as_str() {
                alarm::STATE_KIND => from_json::<AlarmData>(&row.data).map(|alarm| {
                    alarms.insert(row.key.clone(), alarm);
                }),
                INSTANCE_KIND => from_json::<InstanceMemory>(&row.data).map(|memory| {
                    if let Some(instance) = instances.get_mut(&row.key) {
                        instance.last_events = memory.last_events;
                        instance.from_host = memory.from_host;
                        instance.repair = memory.repair;
                        instance.resuming = instance.resuming.take().or(memory.resuming);
                    }
                }),
                duration::STATE_KIND => durations.load(&row.key, &row.data),
                _ => Ok(()),
            };
            if let Err(reason) = read {
                let (table, key) = (STATE_TABLE.to_owned(), format!("{}/{}", row.kind, row.key));
                bad.push(Quarantined { table, key, reason });
                unreadable.push((row.kind, row.key));
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
                        if raised.alarm_type == AlarmType::InstanceGuestHeartbeat {
                            instance.heartbeat_alarm = Some(uuid.clone());
                        } else {
                            instance.alarms.push((raised.alarm_type, uuid.clone()));
                        }
                        true
                    }
                    None => false,
                }
            } else if raised.entity.starts_with("host=") {
                hosts.keys().any(|host| raised.entity == alarm::host_entity(host))
            } else if raised.entity.starts_with("server-group=") {
                instance_groups.keys().any(|group| raised.entity == instance_group::entity(group))
            } else {
                true
            };
            if !owned {
                ownerless.push(uuid.clone());
            }
        }
        let last_action_seqnum = instances
            .values()
            .map(|instance| instance.action_data.seqnum.max(instance.last_action_data.seqnum))
            .max()
            .unwrap_or(0);
        let keep = config.history.decisions_per_object;
        let (histories, interrupted) =
            Histories::load(snapshot.last_decision, snapshot.decisions, durations, keep, now.wall);
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
            system: snapshot.systems.into_iter().next().map(system::system_from_row),
            tenants: snapshot
                .tenants
                .into_iter()
                .map(|row| (row.uuid.clone(), system::tenant_from_row(row)))
                .collect(),
            hosts,
            host_groups,
            host_aggregates,
            hypervisors,
            instance_types: snapshot
                .instance_types
                .into_iter()
                .map(|row| (row.uuid.clone(), instance_type::from_row(row)))
                .collect(),
            residents: instances.values().collect(),
            instances,
            instance_groups,
            images,
            volumes,
            volume_snapshots,
            networks,
            subnets,
            service_hosts: snapshot
                .service_hosts
                .into_iter()
                .map(|row| (row.name.clone(), system::ServiceHost::from(row)))
                .collect(),
            quarantined: Vec::new(),
            operations: BTreeMap::new(),
            storm: super::StormGuard::default(),
            hosts_operation: None,
            sw_mgmt_heard: Vec::new(),
            sw_mgmt: super::director::sw_mgmt::SwMgmt::default(),
            dor: Dor::default(),
            audits: super::Audits::default(),
            alarms,
            histories,
            timers: nfv_common::timer::Timers::default(),
            queue: std::collections::VecDeque::new(),
            calls: super::NfviQueue::default(),
            outstanding: BTreeMap::new(),
            dirty_hosts: std::collections::BTreeSet::new(),
            dirty_instances: std::collections::BTreeSet::new(),
            out: Outcome::default(),
        };
        vim.out.history.extend(interrupted);
        bad.extend(vim.load_strategies(snapshot.sw_updates));
        vim.report_quarantined(bad, unreadable);
        vim.storm_resume();
        // nobody would ever clear these; if what they are about comes back as it was, it raises them anew
        for uuid in ownerless {
            vim.clear_alarm(&uuid);
        }
        vim.begin();
        let outcome = vim.collect();
        (vim, outcome)
    }

    /// Tells of every row that could not be read, and of all together. No alarm is raised: fault management knows only
    /// the ids of the contract's table, and none of them means this (docs/differences.md). `unreadable` are rows of the
    /// side table, by kind and key.
    fn report_quarantined(&mut self, rows: Vec<Quarantined>, unreadable: Vec<(String, String)>) {
        for row in &rows {
            self.log(Level::Error, "nfv_vim.database", "_database.py", row.to_string());
        }
        for (kind, key) in unreadable {
            self.out.writes.push(Write::DeleteState { kind, key });
        }
        let (ours, kept): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.table == STATE_TABLE);
        if !ours.is_empty() || !kept.is_empty() {
            let text = format!(
                "{} rows of the database cannot be read and are kept as they are; {} rows of table {STATE_TABLE} \
                 could not be read and are removed.",
                kept.len(),
                ours.len(),
            );
            self.log(Level::Error, "nfv_vim.database", "_database.py", text);
        }
        self.quarantined = kept;
    }

    /// Arms the first timers and tells the handlers of the alarms that are up. Contract: 1.1, 8.4.
    fn begin(&mut self) {
        let now = self.now.mono;
        let after = |seconds| now + Duration::from_secs(seconds);
        self.timers.arm(TimerKey::AuditCycle, after(1));
        if !self.config.disabled.contains(&Pool::Compute) {
            self.timers.arm(TimerKey::AuditInstances, after(10));
            self.timers.arm(TimerKey::AuditHypervisors, after(4));
            self.timers.arm(TimerKey::AuditInstanceTypes, after(2));
        }
        if !self.config.disabled.contains(&Pool::BlockStorage) {
            self.timers.arm(TimerKey::AuditVolumes, after(10));
        }
        self.timers.arm(TimerKey::AuditAlarms, after(60));
        self.timers.arm(TimerKey::AuditGuests, after(30));
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
        // what guests want done is seen under way only while it is: Nova is asked at once
        for uuid in self.instances_where(|instance| instance.repair.is_some()) {
            self.ask_for_instance(&uuid);
        }
        // the guest agent has still to forget these
        for uuid in self.instances_where(|instance| instance.nfvi_is_deleted() && !instance.deleted) {
            self.start_action(&uuid, ActionKind::Delete, InitiatedBy::Unknown, "");
        }
        self.settle();
    }
}
