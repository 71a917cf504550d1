//! The cloud of a case: recorded tables and answers, and what the strategy asked of it.

use crate::data::{Case, Query, Tables};
use nfv_common::alarm::AlarmType;
use nfv_common::event_log::EventId;
use nfv_common::time::Mono;
use nfv_nfvi::object::{AdminState, HostAvailStatus};
use nfv_vim::core::host::service::ServiceState;
use nfv_vim::core::strategy::{
    Asker, HostFacts, InstanceFacts, Inventory, Order, OrderStatus, Question, Reply, World,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone)]
pub struct Recorded {
    pub now: Mono,
    pub local_host: String,
    pub hosts: Vec<HostFacts>,
    pub instances: Vec<InstanceFacts>,
    pub tables: Tables,
    pub query: Query,
    /// How directors take orders, by the order's name.
    pub directors: BTreeMap<String, OrderStatus>,
    /// Open calls, the oldest first. Nobody waits for those of a strategy that was deleted.
    pub open: Vec<(String, Option<(Question, Asker)>)>,
    pub calls: Vec<Value>,
    pub alarms: Vec<Value>,
    pub logs: Vec<Value>,
    pub notes: Vec<String>,
}

impl Recorded {
    pub fn of(case: &Case) -> Self {
        let compute = |label: bool| !case.kubernetes || (label && !case.compute_plugin_disabled);
        Self { query: case.query.clone(), ..Self::of_tables(&case.inventory, &case.local_host, compute) }
    }

    pub fn of_tables(tables: &Tables, local_host: &str, compute: impl Fn(bool) -> bool) -> Self {
        let hosts = tables.hosts.iter().map(|host| HostFacts {
            name: host.name.clone(),
            uuid: host.uuid.clone(),
            personality: host.personality.clone(),
            admin_state: AdminState::from(host.admin_state.as_str()),
            avail_status: HostAvailStatus::from(host.avail_status.as_str()),
            locking: false,
            enabled: host.fsm_state == "enabled",
            disabled: host.fsm_state == "disabled",
            software_load: host.software_load.clone(),
            target_load: host.target_load.clone(),
            compute_configured: compute(host.openstack_compute),
            compute_service: Some(if host.fsm_state == "enabled" {
                ServiceState::Enabled
            } else {
                ServiceState::Disabled
            }),
        });
        let instances = tables.instances.iter().map(|instance| InstanceFacts {
            uuid: instance.uuid.clone(),
            name: instance.name.clone(),
            host: instance.host.clone(),
            locked: instance.admin_state == "locked",
            enabled: instance.oper_state == "enabled",
            disabled: instance.oper_state == "disabled",
        });
        Self {
            now: Mono::at(Duration::from_secs(1000)),
            local_host: local_host.to_owned(),
            hosts: hosts.collect(),
            instances: instances.collect(),
            tables: tables.clone(),
            query: Query::default(),
            directors: BTreeMap::new(),
            open: Vec::new(),
            calls: Vec::new(),
            alarms: Vec::new(),
            logs: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// What was asked since the last time.
    pub fn take_calls(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.calls)
    }

    /// The recorded answer to a question.
    pub fn reply(&self, question: &Question, data: &Query) -> Reply {
        let pick = |own: &Query| own.clone();
        let (own, base) = (pick(data), &self.query);
        match question {
            Question::GetAlarms => {
                Reply::Alarms(own.alarms.or_else(|| base.alarms.clone()).unwrap_or_default())
            }
            Question::QueryUpdates => {
                Reply::SwPatches(own.sw_patches.or_else(|| base.sw_patches.clone()).unwrap_or_default())
            }
            Question::QueryHosts => Reply::HostSwPatches(
                own.sw_patch_hosts.or_else(|| base.sw_patch_hosts.clone()).unwrap_or_default(),
            ),
            Question::UpdateHosts(_) => Reply::Done,
            Question::GetUpgrade
            | Question::UpgradeStart
            | Question::UpgradeActivate
            | Question::UpgradeComplete => {
                Reply::Upgrade(own.upgrade.or_else(|| base.upgrade.clone()).unwrap_or_default())
            }
        }
    }

    pub fn set_host(&mut self, which: &str, fields: &Value) -> Result<(), String> {
        let host = self.hosts.iter_mut().find(|host| host.uuid == which || host.name == which);
        let host = host.ok_or_else(|| format!("no host {which}"))?;
        for (key, value) in fields.as_object().into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            match key.as_str() {
                "admin_state" => host.admin_state = AdminState::from(text),
                "avail_status" => host.avail_status = HostAvailStatus::from(text),
                "oper_state" => {}
                "fsm_state" => {
                    host.enabled = text == "enabled";
                    host.disabled = text == "disabled";
                }
                "software_load" => host.software_load = Some(text.to_owned()),
                "target_load" => host.target_load = Some(text.to_owned()),
                "compute_service_state" => {
                    host.compute_service = Some(match text {
                        "enabled" => ServiceState::Enabled,
                        "disabled" => ServiceState::Disabled,
                        _ => ServiceState::Failed,
                    });
                }
                other => return Err(format!("set-host with unknown field {other}")),
            }
        }
        Ok(())
    }

    pub fn set_instance(&mut self, which: &str, fields: &Value) -> Result<(), String> {
        let instance = self.instances.iter_mut().find(|instance| instance.uuid == which);
        let instance = instance.ok_or_else(|| format!("no instance {which}"))?;
        for (key, value) in fields.as_object().into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            match key.as_str() {
                "host" => instance.host = value.as_str().map(str::to_owned),
                "admin_state" => instance.locked = text == "locked",
                "oper_state" => {
                    instance.enabled = text == "enabled";
                    instance.disabled = text == "disabled";
                }
                other => return Err(format!("set-instance with unknown field {other}")),
            }
        }
        Ok(())
    }
}

pub fn question_name(question: &Question) -> &'static str {
    match question {
        Question::GetAlarms => "get-alarms",
        Question::QueryUpdates => "query-updates",
        Question::QueryHosts => "query-hosts",
        Question::UpdateHosts(_) => "update-hosts",
        Question::GetUpgrade => "get-upgrade",
        Question::UpgradeStart => "upgrade-start",
        Question::UpgradeActivate => "upgrade-activate",
        Question::UpgradeComplete => "upgrade-complete",
    }
}

impl World for Recorded {
    fn now(&self) -> Mono {
        self.now
    }

    fn date_time(&self) -> String {
        "2019-01-23 12:00:00".to_owned()
    }

    fn local_host(&self) -> String {
        self.local_host.clone()
    }

    fn host(&self, name: &str) -> Option<HostFacts> {
        self.hosts.iter().find(|host| host.name == name).cloned()
    }

    fn instance(&self, uuid: &str) -> Option<InstanceFacts> {
        self.instances.iter().find(|instance| instance.uuid == uuid).cloned()
    }

    fn instances_on(&self, hosts: &[String]) -> Vec<InstanceFacts> {
        let mut found = Vec::new();
        for host in hosts {
            found.extend(self.instances.iter().filter(|one| one.host.as_ref() == Some(host)).cloned());
        }
        found
    }

    fn inventory(&self) -> Inventory {
        let tables = self.tables.clone();
        Inventory::new(
            self.hosts.clone(),
            self.instances.clone(),
            tables.instance_groups,
            tables.host_groups,
            tables.host_aggregates,
        )
    }

    fn order(&mut self, order: Order) -> OrderStatus {
        let call = match order {
            Order::LockHosts(hosts) => json!(["lock-hosts", hosts]),
            Order::UnlockHosts(hosts) => json!(["unlock-hosts", hosts]),
            Order::RebootHosts(hosts) => json!(["reboot-hosts", hosts]),
            Order::UpgradeHosts(hosts) => json!(["upgrade-hosts", hosts]),
            Order::SwactHosts(hosts) => json!(["swact-hosts", hosts]),
            Order::DisableHostServices(hosts, service) => json!(["disable-host-services", hosts, service]),
            Order::EnableHostServices(hosts, service) => json!(["enable-host-services", hosts, service]),
            Order::MigrateInstances(uuids) => json!(["migrate-instances", uuids]),
            Order::StopInstances(uuids) => json!(["stop-instances", uuids]),
            Order::StartInstances(uuids) => json!(["start-instances", uuids]),
        };
        let name = call[0].as_str().unwrap_or_default().to_owned();
        self.calls.push(call);
        self.directors.get(&name).cloned().unwrap_or(OrderStatus::InProgress)
    }

    fn ask(&mut self, question: Question, asker: Asker) {
        let name = question_name(&question);
        self.calls.push(match &question {
            Question::UpdateHosts(hosts) => json!([name, hosts]),
            _ => json!([name]),
        });
        self.open.push((name.to_owned(), Some((question, asker))));
    }

    fn raise_alarm(&mut self, alarm: AlarmType) {
        self.alarms.push(json!(["raise", alarm.as_str()]));
    }

    fn clear_alarm(&mut self, alarm: AlarmType) {
        self.alarms.push(json!(["clear", alarm.as_str()]));
    }

    fn issue_log(&mut self, id: EventId, reason: &str) {
        self.logs.push(if reason.is_empty() { json!([id.as_str()]) } else { json!([id.as_str(), reason]) });
    }

    fn note(&mut self, text: String) {
        self.notes.push(text);
    }
}
