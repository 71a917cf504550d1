//! The simulated neighbours as one state: what they know, and how they serve a call.

use super::guest::{Guest, GuestStep, Mood};
use super::nova::{OpKind, Server};
use super::patching::Patching;
use super::platform::{HostStep, NEW_RELEASE, OLD_RELEASE, SimHost};
use super::stock::Stock;
use nfv_common::time::Mono;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::{
    ComputeCall, GuestCall, HostServicesOperation, IdentityCall, InfrastructureCall, NetworkCall, Page,
};
use nfv_nfvi::object::{self, EmbeddedFlavor, HostUptime, InstanceType, InstanceTypeDetails, Seconds};
use nfv_nfvi::{Answer, Call, CallError, CallResult, ErrorKind};
use std::collections::BTreeMap;
use std::time::Duration;

/// Something the cloud does later.
#[derive(Debug, Clone)]
pub enum CloudEvent {
    /// An operation of Nova on a server comes to its next point.
    Server {
        /// Server.
        uuid: String,
        /// The operation; another one by then makes this void.
        op: u64,
    },
    /// A host comes to the next point of a procedure.
    Host {
        /// Host.
        name: String,
        /// The procedure; another one by then makes this void.
        procedure: u64,
        /// What comes.
        step: HostStep,
    },
    /// A guest does something.
    Guest {
        /// Server.
        uuid: String,
        /// What.
        step: GuestStep,
    },
}

/// Something a neighbour tells the VIM.
#[derive(Debug, Clone)]
pub enum Message {
    /// sysinv or mtc speak to port 30001 or 30004 and try again until they are heard.
    Platform(nfv_nfvi::Notification),
    /// Maintenance tells a host's states as they are when it is heard.
    HostState(String),
    /// AMQP: as it was when it was sent.
    Nova(nfv_nfvi::Notification),
    /// The guest agent speaks to port 30002, as it was when it was sent.
    Guest(nfv_nfvi::Notification),
}

/// All neighbours.
pub struct Cloud {
    /// Randomness of durations and failures.
    pub rng: fastrand::Rng,
    /// Simulated time.
    pub now: Mono,
    /// Hosts by name.
    pub hosts: BTreeMap<String, SimHost>,
    /// Servers by uuid.
    pub servers: BTreeMap<String, Server>,
    /// The servers that the guest agent knows.
    pub guests: BTreeMap<String, Guest>,
    /// How guests answer.
    pub mood: Mood,
    /// The VIM speaks with the guest agent.
    pub guest_plugin: bool,
    /// Images, volumes, networks and server groups.
    pub stock: Stock,
    /// The patch controller.
    pub patching: Patching,
    /// The upgrade under way.
    pub upgrade: Option<object::Upgrade>,
    /// Alarms of fault management beside the VIM's own.
    pub fm_alarms: Vec<object::FmAlarm>,
    /// What will happen, with its delay from now.
    pub later: Vec<(Duration, CloudEvent)>,
    /// What is said, with its delay from now.
    pub said: Vec<(Duration, Message)>,
    /// Nova has a broker and tells what it does.
    pub amqp: bool,
    /// Its notifications are without a power state, as upstream's are.
    pub powerless: bool,
    /// Of a hundred operations of Nova so many fail.
    pub op_failures: u32,
    /// Users ask for actions as well.
    pub users: bool,
    /// When the VIM started last.
    pub vim_started: Mono,
    /// Strategies move instances as well.
    pub strategies: bool,
    /// Durations are always the middle of their range.
    pub steady: bool,
    /// Counts operations and procedures.
    pub last_id: u64,
    /// What must never happen and did.
    pub violations: Vec<String>,
    /// Why the VIM refused locks.
    pub refusals: Vec<String>,
    /// What happened, for the journal.
    pub notes: Vec<String>,
    /// Every action Nova was asked for: server, kind, accepted.
    pub requests: Vec<(String, OpKind, bool)>,
}

impl Cloud {
    /// A cloud without hosts.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            now: Mono::ZERO,
            hosts: BTreeMap::new(),
            servers: BTreeMap::new(),
            guests: BTreeMap::new(),
            mood: Mood::Agreeable,
            guest_plugin: true,
            stock: Stock::default(),
            patching: Patching::default(),
            upgrade: None,
            fm_alarms: Vec::new(),
            later: Vec::new(),
            said: Vec::new(),
            amqp: true,
            powerless: false,
            op_failures: 0,
            users: false,
            vim_started: Mono::ZERO,
            strategies: false,
            steady: false,
            last_id: 0,
            violations: Vec::new(),
            refusals: Vec::new(),
            notes: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// A number never used before.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A duration within a range of seconds.
    pub fn between(&mut self, from: u64, to: u64) -> Duration {
        let (from, to) = (from * 1000, to * 1000);
        let ms = if self.steady { u64::midpoint(from, to) } else { self.rng.u64(from..=to) };
        Duration::from_millis(ms)
    }

    /// Something happens later.
    pub fn schedule(&mut self, after: Duration, event: CloudEvent) {
        self.later.push((after, event));
    }

    /// Its time has come.
    pub fn happen(&mut self, event: CloudEvent) {
        match event {
            CloudEvent::Server { uuid, op } => self.server_step(&uuid, op),
            CloudEvent::Guest { uuid, step } => self.guest_step(&uuid, step),
            CloudEvent::Host { name, procedure, step } => self.host_step(&name, procedure, step),
        }
    }

    /// A call reaches its neighbour.
    pub fn serve(&mut self, call: &Call) -> CallResult {
        if let Some(result) = self.serve_order(call) {
            return result;
        }
        match call {
            Call::Identity(IdentityCall::GetTenants) => Ok(Answer::Tenants(vec![object::Tenant {
                uuid: TENANT.to_owned(),
                name: "acme".to_owned(),
                description: None,
                enabled: true,
            }])),
            Call::Infrastructure(call) => self.serve_infrastructure(call),
            Call::Compute(call) => self.serve_compute(call),
            Call::Network(NetworkCall::HostServices { host, operation }) => {
                self.serve_services(&host.name, *operation, |host| &mut host.network)
            }
            Call::Network(NetworkCall::NotifyHostDisabled { .. }) => Ok(Answer::Done),
            Call::Guest(GuestCall::HostServices { host, operation }) => {
                self.serve_services(&host.name, *operation, |host| &mut host.guest)
            }
            Call::Guest(call) => self.serve_guest(call),
            Call::Network(call) => self.serve_network(call),
            Call::Image(call) => self.serve_image(call),
            Call::BlockStorage(call) => self.serve_block_storage(call),
            Call::SwMgmt(call) => self.serve_patching(call),
        }
    }

    fn serve_services(
        &mut self,
        host: &str,
        operation: HostServicesOperation,
        which: impl Fn(&mut SimHost) -> &mut bool,
    ) -> CallResult {
        let Some(host) = self.hosts.get_mut(host) else { return Err(not_found("host")) };
        let enabled = which(host);
        match operation {
            HostServicesOperation::Query => return Ok(Answer::HostServicesEnabled(*enabled)),
            HostServicesOperation::Enable => *enabled = true,
            HostServicesOperation::Create
            | HostServicesOperation::Disable
            | HostServicesOperation::Delete => *enabled = false,
        }
        Ok(Answer::Done)
    }

    fn serve_infrastructure(&mut self, call: &InfrastructureCall) -> CallResult {
        match call {
            InfrastructureCall::GetSystemInfo => Ok(Answer::System(Some(object::System {
                name: "sim".to_owned(),
                description: String::new(),
            }))),
            InfrastructureCall::GetSystemState => {
                let now = self.now;
                let uptimes = self.hosts.values().map(|host| HostUptime {
                    uuid: host.uuid.clone(),
                    hostname: host.name.clone(),
                    uptime: Seconds(host.uptime(now)),
                });
                Ok(Answer::SystemState(Some(uptimes.collect())))
            }
            InfrastructureCall::GetHosts => {
                let hosts = self.hosts.values().map(|host| host.view(self.now)).collect();
                Ok(Answer::Hosts { hosts, incomplete: Vec::new(), groups: Vec::new() })
            }
            InfrastructureCall::GetHost { name, .. } => match self.hosts.get(name) {
                Some(host) => Ok(Answer::Host(Box::new(host.view(self.now)))),
                None => Err(not_found("host")),
            },
            InfrastructureCall::NotifyHostServices { host, notice } => {
                self.services_notice(&host.name, notice);
                match self.hosts.get(&host.name) {
                    Some(host) => Ok(Answer::Host(Box::new(host.view(self.now)))),
                    None => Err(not_found("host")),
                }
            }
            InfrastructureCall::ContainerHostServices { .. } => Ok(Answer::Done),
            InfrastructureCall::GetAlarms => Ok(Answer::Alarms(self.fm_alarms.clone())),
            InfrastructureCall::RequestHost { host, request } => self.host_request(&host.name, *request),
            InfrastructureCall::GetUpgrade => Ok(Answer::Upgrade(self.upgrade.clone())),
            InfrastructureCall::UpgradeActivate => self.go_on_with_upgrade("activation-complete"),
            InfrastructureCall::UpgradeComplete => {
                let answer = self.go_on_with_upgrade("completing");
                self.upgrade = None;
                answer
            }
            other => Err(CallError::new(ErrorKind::Unsupported, format!("{other:?}"))),
        }
    }

    /// Hosts can be upgraded from now on.
    pub fn begin_upgrade(&mut self) {
        self.upgrade = Some(object::Upgrade {
            state: "upgrading-hosts".into(),
            from_release: OLD_RELEASE.to_owned(),
            to_release: NEW_RELEASE.to_owned(),
        });
    }

    fn go_on_with_upgrade(&mut self, state: &str) -> CallResult {
        let old = self.hosts.values().filter(|host| host.release != NEW_RELEASE).count();
        let Some(upgrade) = self.upgrade.as_mut() else {
            return Err(CallError::new(ErrorKind::Refused, "No upgrade in progress"));
        };
        if old > 0 {
            return Err(CallError::new(ErrorKind::Refused, format!("{old} hosts are not upgraded")));
        }
        self.notes.push(format!("platform: the upgrade is {state}"));
        upgrade.state = state.into();
        Ok(Answer::Upgrade(Some(upgrade.clone())))
    }

    fn serve_compute(&mut self, call: &ComputeCall) -> CallResult {
        match call {
            ComputeCall::GetHostAggregates => Ok(Answer::HostAggregates(Vec::new())),
            ComputeCall::GetInstanceGroups => {
                Ok(Answer::InstanceGroups(self.stock.groups.values().cloned().collect()))
            }
            ComputeCall::GetHypervisors => {
                let names: Vec<_> = self.hosts.keys().cloned().collect();
                Ok(Answer::Hypervisors(names.iter().map(|name| self.hypervisor(name, false)).collect()))
            }
            ComputeCall::GetHypervisor { uuid } => {
                let name = self.hosts.values().find(|host| host.hypervisor == *uuid).map(|h| h.name.clone());
                match name {
                    Some(name) => Ok(Answer::Hypervisor(self.hypervisor(&name, true))),
                    None => Err(not_found("hypervisor")),
                }
            }
            ComputeCall::GetInstanceTypes { page } => {
                let all = self.flavors().into_iter().map(|flavor| InstanceType { details: None, ..flavor });
                Ok(Answer::InstanceTypes(paged(all, page, |flavor| &flavor.uuid)))
            }
            ComputeCall::GetInstanceType { uuid } => {
                match self.flavors().into_iter().find(|flavor| flavor.uuid == *uuid) {
                    Some(flavor) => Ok(Answer::InstanceType(flavor)),
                    None => Err(not_found("flavor")),
                }
            }
            ComputeCall::GetInstances { page } => {
                let all = self.servers.values().map(|s| (s.uuid.clone(), s.name.clone()));
                Ok(Answer::InstanceIds(paged(all, page, |entry| &entry.0)))
            }
            ComputeCall::GetInstance { uuid } => match self.servers.get(uuid) {
                Some(server) => Ok(Answer::Instance(Box::new(server.view(true)))),
                None => Err(not_found("server").with_status(404)),
            },
            ComputeCall::InstanceAction { uuid, action, context } => {
                self.act(uuid, action, context.is_some())
            }
            ComputeCall::RejectInstanceAction { .. } => Ok(Answer::Done),
            ComputeCall::HostServices { host, operation } => {
                self.serve_services(&host.name, *operation, |host| &mut host.compute_enabled)
            }
            ComputeCall::NotifyHost { host, enabled } => {
                if let Some(host) = self.hosts.get_mut(&host.name) {
                    host.forced_down = !enabled;
                }
                Ok(Answer::Done)
            }
            other => Err(CallError::new(ErrorKind::Unsupported, format!("{other:?}"))),
        }
    }

    fn hypervisor(&self, name: &str, details: bool) -> object::Hypervisor {
        let host = &self.hosts[name];
        let statistics = || {
            let (vcpus, servers) = self.load(name);
            let running = servers as f64;
            object::HypervisorStatistics {
                vcpus_used: vcpus as f64,
                vcpus_max: host.vcpus as f64,
                mem_used_mb: 1024.0 * running,
                mem_free_mb: 1024.0 * (100.0 - running),
                mem_max_mb: 102_400.0,
                disk_used_gb: running,
                disk_max_gb: 1000.0,
                running_vms: running,
            }
        };
        object::Hypervisor {
            uuid: host.hypervisor.clone(),
            admin_state: if host.compute_enabled { "unlocked" } else { "locked" }.into(),
            oper_state: if host.compute_up(self.now) { "enabled" } else { "disabled" }.into(),
            host_name: name.to_owned(),
            statistics: details.then(statistics),
        }
    }

    fn flavors(&self) -> Vec<InstanceType> {
        let mut by_name: BTreeMap<String, &EmbeddedFlavor> = BTreeMap::new();
        for server in self.servers.values() {
            by_name.insert(server.flavor.original_name.clone(), &server.flavor);
        }
        by_name
            .into_iter()
            .map(|(name, flavor)| InstanceType {
                uuid: format!("flavor-{name}"),
                name,
                details: Some(InstanceTypeDetails {
                    vcpus: flavor.vcpus,
                    mem_mb: flavor.ram,
                    disk_gb: flavor.disk,
                    ..InstanceTypeDetails::default()
                }),
            })
            .collect()
    }
}

/// The one project.
pub const TENANT: &str = "11111111-1111-1111-1111-111111111111";

fn not_found(what: &str) -> CallError {
    CallError::new(ErrorKind::NotFound, format!("no such {what}"))
}

/// A page of a listing.
pub(super) fn paged<T>(all: impl Iterator<Item = T>, page: &Page, key: impl Fn(&T) -> &String) -> Paged<T> {
    let rest = all.filter(|entry| page.next.as_ref().is_none_or(|marker| key(entry) > marker));
    let mut entries: Vec<_> = rest.take(page.limit as usize + 1).collect();
    let more = entries.len() > page.limit as usize;
    entries.truncate(page.limit as usize);
    let next = entries.last().filter(|_| more).map(|last| key(last).clone());
    Paged { entries, next }
}
