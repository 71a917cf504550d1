//! Nova's servers and the rules by which actions on them are taken and end.

use super::cloud::{Cloud, Message, TENANT};
use super::millis;
use nfv_common::time::Mono;
use nfv_nfvi::Notification;
use nfv_nfvi::object::{self, ActionState, ActionType, EmbeddedFlavor, NovaStates, states_from_nova};
use std::collections::{BTreeMap, HashMap};

/// A kind of action, as far as it matters for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpKind {
    /// Reboot.
    Reboot,
    /// Rebuild.
    Rebuild,
    /// Evacuate.
    Evacuate,
    /// Live migration.
    LiveMigrate,
    /// Cold migration.
    ColdMigrate,
    /// Confirmation of one.
    Confirm,
    /// Stop.
    Stop,
    /// Start.
    Start,
    /// Pause.
    Pause,
    /// Unpause.
    Unpause,
    /// State set to error.
    ResetError,
}

/// An operation under way.
#[derive(Debug, Clone)]
pub struct Op {
    /// Id.
    pub id: u64,
    /// Kind.
    pub kind: OpKind,
    /// Where the server was.
    pub from: String,
    /// Where it goes.
    pub dest: Option<String>,
    /// Since when.
    pub began: Mono,
}

/// Why a server may need help: its own failures, and what befell its host. A second action of the same kind for the
/// same epoch is one too many.
pub type Epoch = (u64, Option<String>, u64);

/// A server.
pub struct Server {
    /// Id.
    pub uuid: String,
    /// Name.
    pub name: String,
    /// Image; none for a volume.
    pub image: Option<String>,
    /// Flavor.
    pub flavor: EmbeddedFlavor,
    /// Recovery priority.
    pub priority: Option<u8>,
    /// Live migration possible.
    pub live: bool,
    /// Its flavor asks for a guest heartbeat.
    pub heartbeat: bool,
    /// When a user asked for something by the VIM's API, whose requests do not say that a user is behind them.
    pub asked: Option<Mono>,
    /// The system may heal it.
    pub auto_recovery: bool,
    /// Host.
    pub host: Option<String>,
    /// `vm_state`.
    pub vm: &'static str,
    /// `task_state`.
    pub task: &'static str,
    /// Power state.
    pub power: &'static str,
    /// What is being done.
    pub op: Option<Op>,
    /// When its last reboot was asked for.
    pub rebooted: Mono,
    /// A user stopped it.
    pub user_stopped: bool,
    /// How often it failed.
    pub failures: u64,
    /// Actions that went well, with the epoch after them.
    pub done: BTreeMap<OpKind, Epoch>,
}

impl Server {
    /// An active server.
    pub fn new(number: u64, host: &str) -> Self {
        Self {
            uuid: format!("22222222-0000-0000-0000-{number:012}"),
            name: format!("vm-{number}"),
            image: None,
            flavor: EmbeddedFlavor {
                vcpus: 1,
                ram: 1024,
                disk: 10,
                original_name: "small".to_owned(),
                ..EmbeddedFlavor::default()
            },
            priority: None,
            live: true,
            heartbeat: false,
            asked: None,
            auto_recovery: true,
            host: Some(host.to_owned()),
            vm: "active",
            task: "none",
            power: "running",
            op: None,
            rebooted: Mono::ZERO,
            user_stopped: false,
            failures: 0,
            done: BTreeMap::new(),
        }
    }

    /// As Nova shows it, wholly or as in a notification.
    pub fn view(&self, full: bool) -> object::Instance {
        let (admin_state, oper_state, avail_status, action) =
            states_from_nova(self.vm, self.task, self.power);
        object::Instance {
            uuid: self.uuid.clone(),
            name: self.name.clone(),
            tenant_id: full.then(|| TENANT.to_owned()),
            admin_state,
            oper_state,
            avail_status,
            action,
            host_name: self.host.clone(),
            instance_type: full.then(|| self.flavor.clone()),
            image_uuid: self.image.clone().filter(|_| full),
            live_migration_support: full.then_some(self.live),
            attached_volumes: full.then(Vec::new),
            recovery_priority: self.priority.filter(|_| full),
            live_migration_timeout: None,
            nfvi_data: NovaStates {
                vm_state: self.vm.to_owned(),
                task_state: self.task.to_owned(),
                power_state: self.power.to_owned(),
                last_update_timestamp: None,
            },
        }
    }

    /// All three states.
    pub fn set(&mut self, vm: &'static str, task: &'static str, power: &'static str) {
        (self.vm, self.task, self.power) = (vm, task, power);
    }
}

impl Cloud {
    /// Why a server may need help at the moment.
    pub fn epoch(&self, server: &Server) -> Epoch {
        let upheavals = server.host.as_ref().and_then(|host| self.hosts.get(host)).map_or(0, |h| h.upheavals);
        (server.failures, server.host.clone(), upheavals)
    }

    /// Virtual CPUs taken or promised on each host that has a server.
    fn vcpus_used(&self) -> HashMap<&str, u64> {
        let mut used = HashMap::new();
        for server in self.servers.values() {
            let dest = server.op.as_ref().and_then(|op| op.dest.as_deref());
            let host = server.host.as_deref();
            for host in [host, dest.filter(|dest| Some(*dest) != host)].into_iter().flatten() {
                *used.entry(host).or_default() += server.flavor.vcpus;
            }
        }
        used
    }

    /// Virtual CPUs taken or promised on a host, and the number of its servers.
    pub fn load(&self, host: &str) -> (u64, usize) {
        let (mut vcpus, mut servers) = (0, 0);
        for server in self.servers.values() {
            let there = server.host.as_deref() == Some(host);
            let coming = server.op.as_ref().is_some_and(|op| op.dest.as_deref() == Some(host));
            vcpus += if there || coming { server.flavor.vcpus } else { 0 };
            servers += usize::from(there);
        }
        (vcpus, servers)
    }

    pub(super) fn schedule_server(&mut self, uuid: &str) -> Option<String> {
        let server = &self.servers[uuid];
        let all = self.vcpus_used();
        let mut best: Option<(u64, String)> = None;
        for host in self.hosts.values() {
            let used = all.get(host.name.as_str()).copied().unwrap_or_default();
            let fits = server.host.as_deref() != Some(&host.name)
                && host.compute_up(self.now)
                && host.compute_enabled
                && used + server.flavor.vcpus <= host.vcpus;
            if fits && best.as_ref().is_none_or(|(least, _)| used < *least) {
                best = Some((used, host.name.clone()));
            }
        }
        best.map(|(_, name)| name)
    }

    /// A server as a notification shows it.
    fn told(&self, server: &Server) -> object::Instance {
        if !self.powerless {
            return server.view(false);
        }
        let states = states_from_nova(server.vm, server.task, "");
        let mut told = server.view(false);
        (told.admin_state, told.oper_state, told.avail_status, told.action) = states;
        told.nfvi_data.power_state.clear();
        told
    }

    /// Tells the world that a server changed.
    pub(super) fn changed(&mut self, uuid: &str) {
        let server = &self.servers[uuid];
        self.notes.push(format!(
            "nova: {} is {}/{}/{} on {}",
            server.name,
            server.vm,
            server.task,
            server.power,
            server.host.as_deref().unwrap_or("-")
        ));
        if self.amqp {
            let instance = Box::new(self.told(server));
            self.said.push((millis(0), Message::Nova(Notification::InstanceStateChange { instance })));
        }
    }

    pub(super) fn roll_back(&mut self, uuid: &str) {
        if self.amqp {
            let body = Notification::InstanceActionChange {
                uuid: uuid.to_owned(),
                action: Some(ActionType::LiveMigrateRollback),
                state: ActionState::Started,
                reason: "rolled back".to_owned(),
            };
            self.said.push((millis(0), Message::Nova(body)));
        }
    }

    /// A host died: its servers stop, what Nova had under way there stays as it is.
    pub fn host_died(&mut self, host: &str) {
        let concerned: Vec<_> = self.servers.keys().cloned().collect();
        for uuid in concerned {
            let server = self.servers.get_mut(&uuid).unwrap();
            let dest = server.op.as_ref().is_some_and(|op| op.dest.as_deref() == Some(host));
            let here = server.host.as_deref() == Some(host);
            if here || dest {
                server.failures += 1;
            }
            let Some(kind) = server.op.as_ref().map(|op| op.kind) else { continue };
            match kind {
                // the scheduler's choice died: nobody goes on with the evacuation
                OpKind::Evacuate if dest => server.op = None,
                OpKind::Evacuate => {}
                // the source goes on and rolls back
                OpKind::LiveMigrate if dest && !here => {
                    server.op = None;
                    server.task = "none";
                    self.roll_back(&uuid);
                    self.changed(&uuid);
                }
                OpKind::ColdMigrate if dest && !here => {
                    server.op = None;
                    server.set("error", "none", "shutdown");
                    self.changed(&uuid);
                }
                _ if here => server.op = None,
                _ => {}
            }
        }
    }

    /// nova-compute starts after a boot: what was under way when the host died is cleared up, and what Nova takes for
    /// running is started again.
    pub fn compute_started(&mut self, host: &str) {
        let here: Vec<_> = self
            .servers
            .values()
            .filter(|s| s.host.as_deref() == Some(host))
            .map(|s| s.uuid.clone())
            .collect();
        for uuid in here {
            let server = self.servers.get_mut(&uuid).unwrap();
            if server.op.as_ref().is_some_and(|op| op.kind == OpKind::Evacuate) {
                continue;
            }
            match server.task {
                "none" if server.vm == "active" && server.power != "running" => server.power = "running",
                "none" => continue,
                "migrating" => server.task = "none",
                "powering-off" => server.set("stopped", "none", "shutdown"),
                "pausing" | "unpausing" => server.task = "none",
                "powering-on" => server.set("active", "none", "running"),
                "rebooting_hard" => server.set("active", "none", "running"),
                _ => server.set("error", "none", "shutdown"),
            }
            server.op = None;
            self.changed(&uuid);
        }
    }

    /// The guest's machine breaks down.
    pub fn crash_server(&mut self, uuid: &str) {
        let server = self.servers.get_mut(uuid).unwrap();
        if server.vm == "active" && server.task == "none" && server.power == "running" {
            server.failures += 1;
            server.power = "crashed";
            self.notes.push(format!("fault: {} crashes", self.servers[uuid].name));
            self.changed(uuid);
        }
    }

    /// Nova cannot go on with a server.
    pub fn break_server(&mut self, uuid: &str) {
        let server = self.servers.get_mut(uuid).unwrap();
        if server.vm == "active" && server.task == "none" {
            server.failures += 1;
            server.set("error", "none", "shutdown");
            self.notes.push(format!("fault: {} is in error", self.servers[uuid].name));
            self.changed(uuid);
        }
    }

    /// A user stops a server.
    pub fn user_stops(&mut self, uuid: &str) {
        let server = self.servers.get_mut(uuid).unwrap();
        if server.vm == "active" && server.task == "none" {
            server.set("stopped", "none", "shutdown");
            server.user_stopped = true;
            self.notes.push(format!("user: stops {}", self.servers[uuid].name));
            self.changed(uuid);
        }
    }

    /// A user starts a server again.
    pub fn user_starts(&mut self, uuid: &str) {
        let server = self.servers.get_mut(uuid).unwrap();
        let there = server.host.as_ref().is_some_and(|host| self.hosts[host].alive);
        if server.vm == "stopped" && server.task == "none" && there {
            server.set("active", "none", "running");
            server.user_stopped = false;
            // what was done before counts no more
            server.failures += 1;
            self.notes.push(format!("user: starts {}", self.servers[uuid].name));
            self.changed(uuid);
        }
    }

    /// A user deletes a server.
    pub fn user_deletes(&mut self, uuid: &str) {
        if let Some(mut server) = self.servers.remove(uuid) {
            server.set("deleted", "none", "shutdown");
            self.notes.push(format!("user: deletes {}", server.name));
            if self.amqp {
                let start = Notification::InstanceDelete { uuid: uuid.to_owned() };
                self.said.push((millis(0), Message::Nova(start)));
                let instance = Box::new(self.told(&server));
                self.said.push((millis(900), Message::Nova(Notification::InstanceStateChange { instance })));
            }
        }
    }

    /// The server runs: Nova says so and its host is there.
    pub fn runs(&self, server: &Server) -> bool {
        let there = server.host.as_ref().and_then(|host| self.hosts.get(host)).is_some_and(|host| host.alive);
        there && server.vm == "active" && server.task == "none" && server.power == "running"
    }
}
