//! The VIM's decisions: a deterministic machine without I/O.
//!
//! ```text
//!   Input ──► Vim::handle(now, input) ──► Outcome { writes, effects }
//! ```
//!
//! One input is handled to its end: what it sets off inside (an instance that moved wakes the host that waits
//! for it) is queued and handled before `handle` returns, so no event ever meets a half-done change. Time, ids
//! and randomness come from outside; tables are ordered; the same inputs always give the same outcomes.
//!
//! - [`host`], [`instance`]: objects, state machines, tasks and works.
//! - [`hypervisor`], [`instance_type`], [`instance_group`], [`image`], [`volume`], [`network`], [`system`]: the other
//!   objects, each with its rows, what its listing changes, and what is told about it.
//! - [`director`]: what concerns many instances: moving them off a host, recovering failed ones.
//! - [`audit`]: asking the cloud regularly; [`dor`]: caution after a site-wide power loss.
//! - [`strategy`]: software patches and upgrades of all hosts, in an order that keeps instances alive.
//! - [`alarm`], [`event_log`]: what is told to operators; `history`: what was decided, and why.
//! - `api`: what nfv-vim-api asks for.
//! - [`nfvi_queue`]: which call is made when; [`persistence`]: hosts and instances as rows and back, and the start.

pub mod alarm;
mod api;
pub mod audit;
pub mod census;
pub mod config;
pub mod director;
pub mod dor;
pub mod effect;
pub mod event_log;
mod history;
pub mod host;
pub mod hypervisor;
pub mod image;
mod inspect;
pub mod instance;
pub mod instance_group;
pub mod instance_type;
pub mod network;
mod nfvi_call;
pub mod nfvi_queue;
mod notification;
pub mod persistence;
mod preview;
mod stored;
pub mod strategy;
pub mod system;
pub mod volume;
mod waits;

pub use config::CoreConfig;
pub use effect::{Effect, Flag, Level, LogLine, Outcome};
pub use waits::WaitReport;

use audit::Audits;
use director::hosts::HostsOperation;
use director::storm::StormGuard;
use director::sw_mgmt::SwMgmt;
use director::{Operation, Recovery, SwMgmtEvent};
use dor::Dor;
use history::Histories;
use host::{Host, HostEvent};
use instance::residents::Residents;
use instance::state::Report;
use instance::{Instance, InstanceEvent};
use nfv_common::alarm::AlarmData;
use nfv_common::time::{Mono, Now};
use nfv_common::timer::Timers;
use nfv_nfvi::object::{
    HostAggregate, HostGroup, Hypervisor, Image, InstanceGroup, InstanceType, Network, Subnet, System,
    Tenant, Volume, VolumeSnapshot,
};
use nfv_nfvi::{CallId, CallResult, Notification, RequestId};
use nfv_vim_db::{Quarantined, Write};
use nfv_vim_rpc::Request;
use nfvi_call::Outstanding;
use nfvi_queue::NfviQueue;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use system::ServiceHost;

/// Something that happened outside.
#[derive(Debug, Clone)]
pub enum Input {
    /// A neighbour said something.
    Notification {
        /// Set when it waits for a reply.
        request: Option<RequestId>,
        /// What it said.
        body: Box<Notification>,
    },
    /// nfv-vim-api asks for something.
    Request {
        /// Names the request until it is answered; see [`Effect::Respond`].
        id: RequestId,
        /// What it asks for.
        body: Box<Request>,
    },
    /// A call ended.
    Answer {
        /// Its id.
        id: CallId,
        /// How.
        result: Box<CallResult>,
    },
    /// A running call wants its next turn.
    TurnWanted(CallId),
    /// Kubernetes is configured on this controller, or not. Contract: vim-behaviour 2.5 ("checked at each use").
    Kubernetes(bool),
    /// Time has passed; see [`Vim::next_deadline`].
    Tick,
}

/// What the core must know about its surroundings when it starts.
#[derive(Debug, Clone, Default)]
pub struct StartFacts {
    /// How long this controller has been up.
    pub uptime: std::time::Duration,
    /// The flag file of an earlier process says that the power-loss recovery is over.
    pub dor_complete: bool,
    /// The flag file says that instances stopped by a lock were started again.
    pub unlock_complete: bool,
    /// Seed of ids.
    pub seed: u64,
}

/// What a deadline is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum TimerKey {
    /// A work or the whole task of a host.
    HostTask(String),
    /// A work or the whole task of an instance.
    InstanceTask(String),
    /// A call's turn took too long.
    Call(CallId),
    /// Main audit cycle.
    AuditCycle,
    /// Instance details.
    AuditInstances,
    /// Hypervisor details.
    AuditHypervisors,
    /// Flavor details.
    AuditInstanceTypes,
    /// Volume details.
    AuditVolumes,
    /// Instance alarms.
    AuditAlarms,
    /// Guest services.
    AuditGuests,
    /// `periodic-timer` event of hosts.
    HostPeriodic,
    /// Recovery audit.
    Recovery,
    /// Dead office recovery.
    Dor,
    /// Deleted instances leave the table.
    CleanupInstances,
    /// An instance with an action under way is asked after.
    Watch(String),
    /// An action of an instance must be over by then.
    Action(String),
    /// A step of a strategy, or its audit.
    SwMgmt,
    /// Whether a storm is over.
    Storm,
}

/// An event inside the core, handled after the one that caused it.
#[derive(Debug, Clone)]
enum Event {
    Host {
        name: String,
        event: HostEvent,
    },
    Instance {
        uuid: String,
        event: InstanceEvent,
    },
    /// An instance's action ended; `from` is the host on which it began.
    Report {
        uuid: String,
        report: Report,
        from: Option<String>,
    },
    /// Software management hears this.
    SwMgmt(SwMgmtEvent),
    /// The answer of a plugin that is switched off.
    Answer {
        id: CallId,
        result: Box<CallResult>,
    },
}

/// The whole state of the VIM.
pub struct Vim {
    config: CoreConfig,
    facts: StartFacts,
    now: Now,
    started: Mono,
    rng: fastrand::Rng,
    last_id: u64,
    last_log_id: u64,
    last_action_seqnum: u64,

    system: Option<System>,
    tenants: BTreeMap<String, Tenant>,
    hosts: BTreeMap<String, Host>,
    host_groups: BTreeMap<String, HostGroup>,
    host_aggregates: BTreeMap<String, HostAggregate>,
    hypervisors: BTreeMap<String, Hypervisor>,
    instance_types: BTreeMap<String, InstanceType>,
    instances: BTreeMap<String, Instance>,
    residents: Residents,
    instance_groups: BTreeMap<String, InstanceGroup>,
    images: BTreeMap<String, Image>,
    volumes: BTreeMap<String, Volume>,
    volume_snapshots: BTreeMap<String, VolumeSnapshot>,
    networks: BTreeMap<String, Network>,
    subnets: BTreeMap<String, Subnet>,
    service_hosts: BTreeMap<String, ServiceHost>,
    /// Rows of the database that could not be read at the start.
    quarantined: Vec<Quarantined>,

    operations: BTreeMap<String, Operation>,
    hosts_operation: Option<HostsOperation>,
    sw_mgmt_heard: Vec<SwMgmtEvent>,
    sw_mgmt: SwMgmt,
    recovery: Recovery,
    storm: StormGuard,
    dor: Dor,
    audits: Audits,
    /// Alarms raised, by alarm uuid.
    alarms: BTreeMap<String, AlarmData>,
    histories: Histories,

    timers: Timers<TimerKey>,
    queue: VecDeque<Event>,
    calls: NfviQueue,
    outstanding: BTreeMap<CallId, Outstanding>,

    dirty_hosts: BTreeSet<String>,
    dirty_instances: BTreeSet<String>,
    out: Outcome,
}

impl Vim {
    /// Handles one input: what it leads to, to be committed and then done in order.
    pub fn handle(&mut self, now: Now, input: Input) -> Outcome {
        self.begin_handling(now);
        match input {
            Input::Notification { request, body } => self.notified(request, *body),
            Input::Request { id, body } => self.requested(id, *body),
            Input::Answer { id, result } => self.answered(id, *result),
            Input::TurnWanted(id) => self.turn_wanted(id),
            Input::Kubernetes(configured) => self.kubernetes_seen(configured),
            Input::Tick => {}
        }
        self.end_handling();
        self.collect()
    }

    fn begin_handling(&mut self, now: Now) {
        self.now = now;
        self.sw_mgmt_heard.clear();
    }

    fn end_handling(&mut self) {
        self.settle();
        while let Some(key) = self.timers.pop_due(self.now.mono) {
            self.timer_fired(key);
            self.settle();
        }
    }

    /// When [`Input::Tick`] is wanted at the latest.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.timers.next()
    }

    /// Handles all events that handling has caused.
    fn settle(&mut self) {
        loop {
            while let Some(event) = self.queue.pop_front() {
                match event {
                    Event::Host { name, event } => self.host_event(&name, event),
                    Event::Instance { uuid, event } => self.instance_event(&uuid, event),
                    Event::Report { uuid, report, from } => self.instance_reported(&uuid, report, from),
                    Event::SwMgmt(event) => self.sw_mgmt_event(event),
                    Event::Answer { id, result } => self.answered(id, *result),
                }
            }
            self.grant_turns();
            // a call that may not leave any more ends at once, and that is an event again
            if self.queue.is_empty() {
                return;
            }
        }
    }

    fn timer_fired(&mut self, key: TimerKey) {
        match key {
            TimerKey::HostTask(name) => self.host_task_due(&name),
            TimerKey::InstanceTask(uuid) => self.instance_task_due(&uuid),
            TimerKey::Call(id) => self.call_overdue(id),
            TimerKey::AuditCycle => self.audit_cycle_step(),
            TimerKey::AuditInstances => self.audit_instance_details(),
            TimerKey::AuditHypervisors => self.audit_hypervisor_details(),
            TimerKey::AuditInstanceTypes => self.audit_instance_type_details(),
            TimerKey::AuditVolumes => self.audit_volume_details(),
            TimerKey::AuditAlarms => self.audit_alarms(),
            TimerKey::AuditGuests => self.audit_guests(),
            TimerKey::HostPeriodic => self.host_periodic(),
            TimerKey::Recovery => self.recovery_audit(),
            TimerKey::Dor => self.dor_tick(),
            TimerKey::CleanupInstances => self.cleanup_instances(),
            TimerKey::Watch(uuid) => self.watch_instance(&uuid),
            TimerKey::Action(uuid) => self.post_instance(&uuid, InstanceEvent::Overdue),
            TimerKey::SwMgmt => self.sw_mgmt_due(),
            TimerKey::Storm => self.storm_look(),
        }
    }

    /// What was done since the last time, with each changed object written once.
    fn collect(&mut self) -> Outcome {
        self.collect_history();
        let mut outcome = std::mem::take(&mut self.out);
        for name in std::mem::take(&mut self.dirty_hosts) {
            if let Some(host) = self.hosts.get(&name) {
                outcome.writes.push(Write::PutHost(persistence::host_row(host, self.now.mono)));
            }
        }
        for uuid in std::mem::take(&mut self.dirty_instances) {
            if let Some(instance) = self.instances.get(&uuid) {
                outcome.writes.push(Write::PutInstance(persistence::instance_row(instance, self.now.mono)));
                outcome.writes.push(persistence::instance_memory(instance));
            }
        }
        outcome.writes.extend(self.strategy_write());
        outcome
    }

    fn post_host(&mut self, name: &str, event: HostEvent) {
        self.queue.push_back(Event::Host { name: name.to_owned(), event });
    }

    fn post_instance(&mut self, uuid: &str, event: InstanceEvent) {
        self.queue.push_back(Event::Instance { uuid: uuid.to_owned(), event });
    }

    /// A number never used before in this process.
    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A random uuid from the seeded source.
    fn new_uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.rng.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    fn log(&mut self, level: Level, logger: &'static str, file: &'static str, text: String) {
        self.out.effects.push(Effect::Log(LogLine { level, logger, file, text }));
    }
}

impl std::fmt::Debug for Vim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vim")
            .field("hosts", &self.hosts.len())
            .field("instances", &self.instances.len())
            .field("calls", &self.calls.len())
            .field("timers", &self.timers.len())
            .finish_non_exhaustive()
    }
}
