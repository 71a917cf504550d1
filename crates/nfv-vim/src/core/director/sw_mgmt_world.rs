//! The core as a strategy sees it: facts of hosts and instances, orders to the directors, questions to the cloud.

use super::command::DirectorCommand;
use super::sw_mgmt::{FILE, LOGGER};
use super::{OperationKind, OperationStatus};
use crate::core::host::service::HostService;
use crate::core::host::{Host, HostState};
use crate::core::instance::Instance;
use crate::core::nfvi_call::Then;
use crate::core::strategy::StepWaits;
use crate::core::strategy::{
    Alarm, Asker, HostFacts, InstanceFacts, Inventory, Order, OrderStatus, Question, Reply, UpdateKind, World,
};
use crate::core::{Level, Vim};
use nfv_common::TextParams;
use nfv_common::alarm::AlarmType;
use nfv_common::event_log::EventId;
use nfv_common::time::Mono;
use nfv_nfvi::call::{InfrastructureCall, SwMgmtCall};
use nfv_nfvi::{Answer, Call, CallResult};
use std::collections::BTreeMap;
use std::time::Duration;

/// Entity type of alarms and logs. Contract: strategies 6.2, 6.3.
const ENTITY_TYPE: &str = "orchestration";
/// What the entities begin with.
const ENTITY: &str = "orchestration=";

/// The core, for a software update of this kind.
pub(in crate::core) struct CoreWorld<'a> {
    pub(super) vim: &'a mut Vim,
    pub(super) kind: UpdateKind,
}

fn entity(kind: UpdateKind) -> String {
    format!("{ENTITY}{}", kind.as_str())
}

fn host_facts(host: &Host) -> HostFacts {
    HostFacts {
        name: host.nfvi.name.clone(),
        uuid: host.nfvi.uuid.clone(),
        personality: host.nfvi.personality.clone(),
        admin_state: host.nfvi.admin_state.clone(),
        avail_status: host.nfvi.avail_status.clone(),
        locking: host.is_locking(),
        enabled: host.state() == HostState::Enabled,
        disabled: host.state() == HostState::Disabled,
        software_load: host.nfvi.software_load.clone(),
        target_load: host.nfvi.target_load.clone(),
        compute_configured: host.services.contains_key(&HostService::Compute),
        compute_service: host.services.get(&HostService::Compute).copied(),
    }
}

pub(in crate::core) fn instance_facts(instance: &Instance) -> InstanceFacts {
    InstanceFacts {
        uuid: instance.uuid().to_owned(),
        name: instance.name().to_owned(),
        host: instance.nfvi.host_name.clone(),
        locked: instance.is_locked(),
        enabled: instance.is_enabled(),
        disabled: instance.is_disabled(),
    }
}

impl CoreWorld<'_> {
    /// The alarms of this kind that an earlier process raised and that are up.
    pub(super) fn raised(&self) -> Vec<AlarmType> {
        let entity = entity(self.kind);
        self.vim
            .alarms
            .values()
            .filter(|alarm| alarm.entity == entity)
            .map(|alarm| alarm.alarm_type)
            .collect()
    }
}

impl World for CoreWorld<'_> {
    fn now(&self) -> Mono {
        self.vim.now.mono
    }

    fn date_time(&self) -> String {
        let zoned = self.vim.now.wall.to_zoned(self.vim.config.time_zone.clone());
        zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn local_host(&self) -> String {
        self.vim.config.local_host.clone()
    }

    fn attempts(&self, step: &str) -> u32 {
        self.vim.config.sw_mgmt.attempts.get(step).copied().unwrap_or(1)
    }

    fn waits(&self) -> StepWaits {
        self.vim.config.sw_mgmt.waits
    }

    fn deadline(&self, step: &str) -> Option<Duration> {
        self.vim.config.sw_mgmt.deadlines.get(step).copied()
    }

    fn host(&self, name: &str) -> Option<HostFacts> {
        let mut facts = self.vim.hosts.get(name).map(host_facts)?;
        // sysinv may have taken a lock that it has not told the VIM of yet
        let asked = self.vim.hosts_operation();
        facts.locking |= asked
            .is_some_and(|asked| asked.kind == OperationKind::LockHosts && asked.waits_for(name))
            && !facts.is_locked();
        Some(facts)
    }

    fn instance(&self, uuid: &str) -> Option<InstanceFacts> {
        self.vim.instances.get(uuid).filter(|instance| !instance.deleted).map(instance_facts)
    }

    fn instances_on(&self, hosts: &[String]) -> Vec<InstanceFacts> {
        let mut by_host: BTreeMap<&str, Vec<InstanceFacts>> = BTreeMap::new();
        for instance in self.vim.instances.values().filter(|instance| !instance.deleted) {
            if let Some(host) = instance.host().filter(|host| hosts.iter().any(|wanted| wanted == host)) {
                by_host.entry(host).or_default().push(instance_facts(instance));
            }
        }
        hosts.iter().filter_map(|host| by_host.remove(host.as_str())).flatten().collect()
    }

    fn inventory(&self) -> Inventory {
        let vim = &self.vim;
        Inventory::new(
            vim.hosts.values().map(host_facts).collect(),
            vim.instances.values().filter(|instance| !instance.deleted).map(instance_facts).collect(),
            vim.instance_groups.values().cloned().collect(),
            vim.host_groups.values().cloned().collect(),
            vim.host_aggregates.values().cloned().collect(),
        )
    }

    fn order(&mut self, order: Order) -> OrderStatus {
        use DirectorCommand as C;
        let service = |name: &str| HostService::ALL.into_iter().find(|service| service.as_str() == name);
        let command = match order {
            Order::LockHosts(hosts) => C::LockHosts(hosts),
            Order::UnlockHosts(hosts) => C::UnlockHosts(hosts),
            Order::RebootHosts(hosts) => C::RebootHosts(hosts),
            Order::UpgradeHosts(hosts) => C::UpgradeHosts(hosts),
            Order::SwactHosts(hosts) => C::SwactHosts(hosts),
            Order::DisableHostServices(hosts, name) => match service(&name) {
                Some(service) => C::DisableHostServices { hosts, service },
                None => return OrderStatus::Failed(format!("host service {name} is not known")),
            },
            Order::EnableHostServices(hosts, name) => match service(&name) {
                Some(service) => C::EnableHostServices { hosts, service },
                None => return OrderStatus::Failed(format!("host service {name} is not known")),
            },
            Order::MigrateInstances(uuids) => C::MigrateInstances(uuids),
            Order::StopInstances(uuids) => C::StopInstances(uuids),
            Order::StartInstances(uuids) => C::StartInstances { uuids, serial: false },
        };
        let OperationStatus { in_progress, failed, timed_out, reason } = self.vim.direct(command);
        if in_progress {
            OrderStatus::InProgress
        } else if failed || timed_out {
            OrderStatus::Failed(reason)
        } else {
            OrderStatus::Done
        }
    }

    fn ask(&mut self, question: Question, asker: Asker) {
        let call = match &question {
            Question::GetAlarms => Call::Infrastructure(InfrastructureCall::GetAlarms),
            Question::QueryUpdates => Call::SwMgmt(SwMgmtCall::QueryUpdates),
            Question::QueryHosts => Call::SwMgmt(SwMgmtCall::QueryHosts),
            Question::UpdateHosts(hosts) => {
                Call::SwMgmt(SwMgmtCall::UpdateHosts { host_names: hosts.clone() })
            }
            Question::GetUpgrade => Call::Infrastructure(InfrastructureCall::GetUpgrade),
            Question::UpgradeStart => Call::Infrastructure(InfrastructureCall::UpgradeStart),
            Question::UpgradeActivate => Call::Infrastructure(InfrastructureCall::UpgradeActivate),
            Question::UpgradeComplete => Call::Infrastructure(InfrastructureCall::UpgradeComplete),
        };
        self.vim.call(call, Then::SwMgmt { question, asker, strategy: self.vim.sw_mgmt.serial });
    }

    fn raise_alarm(&mut self, alarm: AlarmType) {
        if !self.raised().contains(&alarm) {
            self.vim.raise_alarm(alarm, ENTITY_TYPE, &entity(self.kind), &TextParams::default(), None);
        }
    }

    fn clear_alarm(&mut self, alarm: AlarmType) {
        let entity = entity(self.kind);
        let is =
            |raised: &nfv_common::alarm::AlarmData| raised.alarm_type == alarm && raised.entity == entity;
        let up: Vec<_> =
            self.vim.alarms.iter().filter(|(_, raised)| is(raised)).map(|(uuid, _)| uuid.clone()).collect();
        for uuid in up {
            self.vim.clear_alarm(&uuid);
        }
    }

    fn issue_log(&mut self, id: EventId, reason: &str) {
        let params = TextParams { reason, ..TextParams::default() };
        self.vim.issue_log(id, ENTITY_TYPE, &entity(self.kind), &params);
    }

    fn took(&mut self, step: &str, time: Duration) {
        let write = self.vim.histories.durations.took(&format!("step:{step}"), time);
        self.vim.out.history.extend(write);
    }

    fn note(&mut self, text: String) {
        self.vim.log(Level::Info, LOGGER, FILE, text);
    }
}

impl Vim {
    /// Alarms of software updates that are not there any more; nobody else would clear them.
    pub(super) fn clear_ownerless_strategy_alarms(&mut self) {
        let owned = self.sw_update().map(|update| entity(update.kind));
        let is_ownerless = |entity: &String| {
            entity.starts_with(ENTITY) && owned.as_ref().is_none_or(|owned| owned != entity)
        };
        let alarms = self.alarms.iter().filter(|(_, alarm)| is_ownerless(&alarm.entity));
        let ownerless: Vec<_> = alarms.map(|(uuid, _)| uuid.clone()).collect();
        for uuid in ownerless {
            self.clear_alarm(&uuid);
        }
    }
}

/// An answer of the cloud as strategies take it.
pub(super) fn reply(result: CallResult) -> Result<Reply, String> {
    let word = |flag: bool| if flag { "True" } else { "False" };
    match result {
        Ok(Answer::Alarms(alarms)) => Ok(Reply::Alarms(
            alarms
                .into_iter()
                .map(|alarm| Alarm {
                    alarm_uuid: alarm.alarm_uuid,
                    alarm_id: alarm.alarm_id,
                    entity_instance_id: alarm.entity_instance_id,
                    severity: alarm.severity,
                    reason_text: alarm.reason_text,
                    timestamp: alarm.timestamp,
                    mgmt_affecting: word(alarm.mgmt_affecting).into(),
                })
                .collect(),
        )),
        Ok(Answer::SwPatches(patches)) => Ok(Reply::SwPatches(patches)),
        Ok(Answer::HostSwPatches(hosts)) => Ok(Reply::HostSwPatches(hosts)),
        Ok(Answer::Upgrade(upgrade)) => Ok(Reply::Upgrade(upgrade)),
        Ok(Answer::Done) => Ok(Reply::Done),
        Ok(_) => Err("the answer is of another kind than the question".to_owned()),
        Err(error) if error.reason.is_empty() => Err(error.detail),
        Err(error) => Err(error.reason),
    }
}
