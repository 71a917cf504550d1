//! The core alone, driven step by step: what a case gives it, and what it did.
//!
//! Nothing is answered unless the case says so, with two exceptions that a case can switch off: questions about
//! instances are answered at once with what [`Rig::servers`] shows ([`Rig::nova_answers`]), and the listings of audits
//! are refused at once ([`Rig::listings_refused`]). Time passes only in [`Rig::run`].

#![allow(dead_code)] // each section uses a part

mod describe;
mod setup;

use crate::sim::secs;
use crate::sim::store::Memory;
pub use describe::refused;
use describe::{describe, describe_all, is_listing};
use nfv_common::alarm::AlarmData;
use nfv_common::event_log::EventLogData;
use nfv_common::time::{Mono, Now};
use nfv_nfvi::call::{
    ComputeCall, GuestCall, HostServicesNotice, HostServicesOperation, InfrastructureCall, NetworkCall,
    NovaAction,
};
use nfv_nfvi::notification::HostOrder;
use nfv_nfvi::object::{
    self, AdminState, EmbeddedFlavor, HostAction, HostAvailStatus, Hypervisor, NovaStates, OperState,
    Seconds, states_from_nova,
};
use nfv_nfvi::{Answer, Call, CallError, CallId, CallResult, ErrorKind, Notification, Reply, RequestId};
use nfv_vim::core::director::{DirectorCommand, OperationStatus, SwMgmtEvent};
use nfv_vim::core::host::Host;
use nfv_vim::core::instance::Instance;
use nfv_vim::core::{CoreConfig, Effect, Flag, Input, Outcome, StartFacts, Vim};
use nfv_vim_db::Snapshot;
use nfv_vim_db::row::{HostRow, HypervisorRow, TenantRow};
use nfv_vim_rpc::{Request, Response};
pub use setup::*;
use std::collections::BTreeMap;

/// Tenant of all instances; its name is `admin`.
pub const TENANT: &str = "33333333-3333-3333-3333-333333333333";
/// When every rig begins.
const BEGIN: Mono = Mono::at(secs(1000));

/// Something the core did.
#[derive(Debug, Clone)]
pub enum Did {
    /// It made a call.
    Call(String),
    /// It answered a neighbour.
    Reply(Reply),
    /// It answered a request of the API.
    Respond(RequestId, Vec<Response>),
    /// It has nothing to say to a neighbour.
    Release,
    /// It raised an alarm.
    Raised(Box<AlarmData>),
    /// It cleared one.
    Cleared(Box<AlarmData>),
    /// It issued an event log.
    Log(Box<EventLogData>),
    /// It made a flag file.
    Touched(Flag),
}

fn now_at(mono: Mono) -> Now {
    let wall = jiff::Timestamp::from_second(1_548_255_600).unwrap();
    Now { mono, wall: wall + jiff::SignedDuration::try_from(mono.since(BEGIN)).unwrap() }
}

/// The core and what is around it.
pub struct Rig {
    /// The core.
    pub vim: Vim,
    /// Simulated time.
    pub now: Mono,
    /// Its database.
    pub store: Memory,
    /// Hosts as the platform shows them.
    pub hosts: BTreeMap<String, object::Host>,
    /// Servers as Nova shows them.
    pub servers: BTreeMap<String, object::Instance>,
    /// Questions about instances are answered at once.
    pub nova_answers: bool,
    /// The questions of audits are refused at once.
    pub listings_refused: bool,
    open: BTreeMap<CallId, Call>,
    alarms: BTreeMap<String, AlarmData>,
    did: Vec<Did>,
    requests: u64,
    /// What software management heard.
    pub heard: Vec<SwMgmtEvent>,
}

impl Rig {
    /// The core itself.
    pub fn vim(&mut self) -> &mut Vim {
        &mut self.vim
    }

    /// The rows it has written.
    pub fn store(&self) -> &Memory {
        &self.store
    }

    fn take(&mut self, outcome: Outcome) {
        self.store.apply(&outcome.writes);
        self.store.apply(&outcome.history);
        for effect in outcome.effects {
            match effect {
                Effect::Call { id, call } => {
                    if let Some(text) = describe(&call) {
                        self.did.push(Did::Call(text));
                    }
                    self.open.insert(id, *call);
                }
                Effect::Resume(_) | Effect::Log(_) | Effect::LogHistograms | Effect::ShowHistory { .. } => {}
                Effect::Abandon(id) => {
                    self.open.remove(&id);
                }
                Effect::Reply { reply, .. } => self.did.push(Did::Reply(reply)),
                Effect::Respond { request, responses } => self.did.push(Did::Respond(request, responses)),
                Effect::Release(_) => self.did.push(Did::Release),
                Effect::RaiseAlarm(alarm) => {
                    self.alarms.insert(alarm.alarm_uuid.0.clone(), (*alarm).clone());
                    self.did.push(Did::Raised(alarm));
                }
                Effect::ClearAlarm(uuid) => {
                    let alarm = self.alarms.remove(&uuid.0).expect("cleared alarms were raised");
                    self.did.push(Did::Cleared(Box::new(alarm)));
                }
                Effect::EventLog(log) => self.did.push(Did::Log(log)),
                Effect::Touch(flag) => self.did.push(Did::Touched(flag)),
            }
        }
    }

    fn step(&mut self, input: Input) {
        let outcome = self.vim.handle(now_at(self.now), input);
        self.heard.extend(self.vim.sw_mgmt_heard().iter().cloned());
        self.take(outcome);
    }

    /// Answers what is answered by itself.
    fn settle(&mut self) {
        loop {
            let asked = self.open.iter().find_map(|(id, call)| match call {
                Call::Compute(ComputeCall::GetInstance { uuid }) if self.nova_answers => {
                    let shown =
                        self.servers.get(uuid).map(|server| Answer::Instance(Box::new(server.clone())));
                    Some((*id, shown.ok_or_else(|| CallError::new(ErrorKind::NotFound, "no such server"))))
                }
                other if self.listings_refused && is_listing(other) => Some((*id, refused("not now"))),
                _ => None,
            });
            let Some((id, result)) = asked else { return };
            self.answer_id(id, result);
        }
    }

    fn answer_id(&mut self, id: CallId, result: CallResult) {
        self.open.remove(&id);
        self.step(Input::Answer { id, result: Box::new(result) });
    }

    /// Gives the core an input.
    pub fn input(&mut self, input: Input) {
        self.step(input);
        self.settle();
    }

    /// A neighbour says something that wants no reply.
    pub fn say(&mut self, body: Notification) {
        self.input(Input::Notification { request: None, body: Box::new(body) });
    }

    /// A neighbour asks; the reply, none if it is released.
    pub fn ask(&mut self, body: Notification) -> Option<Reply> {
        self.requests += 1;
        let before = self.did.len();
        self.input(Input::Notification { request: Some(RequestId(self.requests)), body: Box::new(body) });
        self.did[before..].iter().find_map(|did| match did {
            Did::Reply(reply) => Some(reply.clone()),
            _ => None,
        })
    }

    /// The API puts a request; the core's answer, if it came at once.
    pub fn api(&mut self, body: Request) -> Option<Vec<Response>> {
        self.requests += 1;
        let (id, before) = (RequestId(self.requests), self.did.len());
        self.input(Input::Request { id, body: Box::new(body) });
        self.did[before..].iter().find_map(|did| match did {
            Did::Respond(request, responses) if *request == id => Some(responses.clone()),
            _ => None,
        })
    }

    /// All answers to the API since the last [`Rig::forget`], in order.
    pub fn api_answers(&self) -> Vec<&Response> {
        let answers = self.did.iter().filter_map(|did| match did {
            Did::Respond(_, responses) => Some(responses),
            _ => None,
        });
        answers.flatten().collect()
    }

    /// A step of a strategy gives the directors a command.
    pub fn command(&mut self, command: DirectorCommand) -> OperationStatus {
        let (status, outcome) = self.vim.command(now_at(self.now), command);
        self.heard.extend(self.vim.sw_mgmt_heard().iter().cloned());
        self.take(outcome);
        self.settle();
        status
    }

    /// What went wrong, as software management heard it.
    pub fn failures(&self) -> Vec<String> {
        let host_or_reason = |event: &SwMgmtEvent| match event {
            SwMgmtEvent::HostLockFailed { host }
            | SwMgmtEvent::HostUnlockFailed { host }
            | SwMgmtEvent::HostRebootFailed { host }
            | SwMgmtEvent::HostUpgradeFailed { host }
            | SwMgmtEvent::HostSwactFailed { host }
            | SwMgmtEvent::DisableHostServicesFailed { host }
            | SwMgmtEvent::EnableHostServicesFailed { host } => Some(host.clone()),
            SwMgmtEvent::MigrateInstancesFailed { reason } => Some(reason.clone()),
            SwMgmtEvent::HostAudit { .. }
            | SwMgmtEvent::HostStateChanged { .. }
            | SwMgmtEvent::InstanceStateChanged { .. }
            | SwMgmtEvent::InstanceAudit { .. } => None,
        };
        let told = |event: &SwMgmtEvent| Some(format!("{} {}", event.as_str(), host_or_reason(event)?));
        self.heard.iter().filter_map(told).collect()
    }

    /// Lets so many seconds pass.
    pub fn run(&mut self, seconds: u64) {
        let until = self.now + secs(seconds);
        while let Some(due) = self.vim.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.input(Input::Tick);
        }
        self.now = until;
    }

    /// What was done so far does not count.
    pub fn forget(&mut self) {
        self.did.clear();
        self.heard.clear();
    }

    // what was done

    /// Everything done since the last [`Rig::forget`].
    pub fn did(&self) -> &[Did] {
        &self.did
    }

    /// The calls made, without questions that audits put.
    pub fn calls(&self) -> Vec<&str> {
        self.did
            .iter()
            .filter_map(|did| if let Did::Call(text) = did { Some(text.as_str()) } else { None })
            .collect()
    }

    /// The event logs: FM id and text.
    pub fn logs(&self) -> Vec<String> {
        let log = |did: &Did| match did {
            Did::Log(log) => Some(format!("{} {}", log.event_id.fm_id(), log.reason_text)),
            _ => None,
        };
        self.did.iter().filter_map(log).collect()
    }

    /// The event logs by their ids.
    pub fn log_ids(&self) -> Vec<String> {
        let log = |did: &Did| match did {
            Did::Log(log) => Some(log.event_id.to_string()),
            _ => None,
        };
        self.did.iter().filter_map(log).collect()
    }

    /// Alarms raised (`+`) and cleared (`-`), by type.
    pub fn alarm_changes(&self) -> Vec<String> {
        let change = |did: &Did| match did {
            Did::Raised(alarm) => Some(format!("+{}", alarm.alarm_type)),
            Did::Cleared(alarm) => Some(format!("-{}", alarm.alarm_type)),
            _ => None,
        };
        self.did.iter().filter_map(change).collect()
    }

    /// The alarms that are up.
    pub fn alarms(&self) -> Vec<&AlarmData> {
        self.alarms.values().collect()
    }

    /// The types of the alarms that are up.
    pub fn alarm_types(&self) -> Vec<String> {
        self.alarms.values().map(|alarm| alarm.alarm_type.to_string()).collect()
    }

    /// The calls that are out, as [`Rig::calls`] tells them.
    pub fn open_calls(&self) -> Vec<String> {
        self.open.values().filter_map(describe).collect()
    }

    /// A call that begins so is out.
    pub fn asks(&self, beginning: &str) -> bool {
        self.count_asked(beginning) > 0
    }

    /// How many calls that begin so are out.
    pub fn count_asked(&self, beginning: &str) -> usize {
        self.open.values().filter(|call| describe_all(call).starts_with(beginning)).count()
    }

    /// The user's request behind the open call that begins so.
    pub fn context_of(&self, beginning: &str) -> Option<&object::RequestContext> {
        self.open.values().find(|call| describe_all(call).starts_with(beginning)).and_then(
            |call| match call {
                Call::Compute(ComputeCall::InstanceAction { context, .. }) => context.as_ref(),
                _ => None,
            },
        )
    }

    /// Every call that is out, also the questions of audits.
    pub fn out(&self) -> Vec<String> {
        self.open.values().map(describe_all).collect()
    }

    /// Ends the process; a new one starts from what is in the database. Around it is what was around this one.
    pub fn restart(self, config: CoreConfig) -> Rig {
        let mut rig = Setup { config, rows: self.store.snapshot().clone(), ..Setup::new() }.start();
        rig.servers = self.servers;
        rig
    }

    // answers

    /// Answers the open call whose text begins so.
    pub fn answer(&mut self, beginning: &str, result: CallResult) {
        let found =
            self.open.iter().find(|(_, call)| describe_all(call).starts_with(beginning)).map(|(id, _)| *id);
        let Some(id) = found else {
            let open: Vec<_> = self.open.values().map(describe_all).collect();
            panic!("no call {beginning} is out, only {open:?}");
        };
        self.answer_id(id, result);
        self.settle();
    }

    /// The call that was asked for last, of those that are out.
    pub fn last_call(&self) -> (CallId, Call) {
        let (id, call) = self.open.last_key_value().expect("a call is out");
        (*id, call.clone())
    }

    /// Answers this call.
    pub fn answer_call(&mut self, id: CallId, result: CallResult) {
        self.answer_id(id, result);
        self.settle();
    }

    /// The open call that begins so went well.
    pub fn ok(&mut self, beginning: &str) {
        self.answer(beginning, Ok(Answer::Done));
    }

    /// The open call that begins so was refused, for this reason.
    pub fn nok(&mut self, beginning: &str, reason: &str) {
        self.answer(beginning, refused(reason));
    }

    /// Waits until an audit asks this, and answers it. [`Rig::listings_refused`] must be off.
    pub fn listing(&mut self, beginning: &str, answer: Answer) {
        for _ in 0..200 {
            if self.open.values().any(|call| describe_all(call).starts_with(beginning)) {
                return self.answer(beginning, Ok(answer));
            }
            let other = self.open.iter().find(|(_, call)| is_listing(call)).map(|(id, _)| *id);
            if let Some(id) = other {
                self.answer_id(id, refused("not now"));
            }
            self.run(1);
        }
        panic!("no audit asks {beginning}");
    }

    /// Answers every call that is out well, and those that follow, until there is none.
    pub fn all_ok(&mut self) {
        while let Some(id) = self.open.iter().find(|(_, call)| describe(call).is_some()).map(|(id, _)| *id) {
            let result = match &self.open[&id] {
                Call::Compute(ComputeCall::HostServices {
                    operation: HostServicesOperation::Query, ..
                })
                | Call::Network(NetworkCall::HostServices {
                    operation: HostServicesOperation::Query, ..
                })
                | Call::Guest(GuestCall::HostServices { operation: HostServicesOperation::Query, .. }) => {
                    Answer::HostServicesEnabled(true)
                }
                _ => Answer::Done,
            };
            self.answer_id(id, Ok(result));
            self.settle();
        }
    }

    // hosts

    /// The host in the core.
    pub fn host(&self, name: &str) -> &Host {
        self.vim.hosts().find(|host| host.name() == name).unwrap()
    }

    /// State of the host's machine.
    pub fn state(&self, name: &str) -> &'static str {
        self.host(name).state().as_str()
    }

    /// The task the host is busy with.
    pub fn task(&self, name: &str) -> Option<String> {
        let task = self.host(name).task.as_ref().filter(|task| task.in_progress());
        task.map(|task| task.name().to_owned())
    }

    /// Maintenance tells a host's states.
    pub fn host_is(&mut self, name: &str, (admin, oper, avail): (&str, &str, &str)) {
        let shown = self.hosts.get_mut(name).unwrap();
        shown.admin_state = AdminState::from(admin);
        shown.oper_state = OperState::from(oper);
        shown.avail_status = HostAvailStatus::from(avail);
        let shown = shown.clone();
        self.say(Notification::HostStateChange {
            uuid: shown.uuid,
            name: shown.name,
            admin_state: shown.admin_state,
            oper_state: shown.oper_state,
            avail_status: shown.avail_status,
            nfvi_data: shown.nfvi_data,
        });
    }

    /// Maintenance tells the states it told before.
    pub fn host_again(&mut self, name: &str) {
        let shown = &self.hosts[name];
        let triple =
            (shown.admin_state.to_string(), shown.oper_state.to_string(), shown.avail_status.to_string());
        self.host_is(name, (&triple.0, &triple.1, &triple.2));
    }

    /// The platform shows the host completely.
    pub fn host_shown(&mut self, shown: object::Host) {
        let (uuid, name) = (shown.uuid.clone(), shown.name.clone());
        self.hosts.insert(name.clone(), shown.clone());
        self.say(Notification::HostUpdate { uuid, name: name.clone() });
        self.answer(&format!("host {name}"), Ok(Answer::Host(Box::new(shown))));
    }

    /// Lets nothing change for 31 s, then says so: an `audit` for the host.
    pub fn host_audit(&mut self, name: &str) {
        self.run(31);
        self.host_again(name);
    }

    /// An operator wants something of a host.
    pub fn order(&mut self, name: &str, order: HostOrder) {
        let uuid = self.hosts[name].uuid.clone();
        self.say(Notification::HostOrder { uuid, name: name.to_owned(), order });
    }

    // instances

    /// Nova has a server and tells of it.
    pub fn add(&mut self, shown: object::Instance) {
        let uuid = shown.uuid.clone();
        self.servers.insert(uuid.clone(), shown);
        self.notify(&uuid);
    }

    /// Nova tells how the server is.
    pub fn notify(&mut self, uuid: &str) {
        let instance = Box::new(self.servers[uuid].clone());
        self.say(Notification::InstanceStateChange { instance });
    }

    /// The server changes, and Nova tells.
    pub fn change(&mut self, uuid: &str, change: impl FnOnce(&mut object::Instance)) {
        change(self.servers.get_mut(uuid).unwrap());
        self.notify(uuid);
    }

    /// The server gets Nova's three states, and Nova tells.
    pub fn nova(&mut self, uuid: &str, vm: &str, task: &str, power: &str) {
        self.change(uuid, |server| nova(server, vm, task, power));
    }

    /// The instance in the core.
    pub fn instance(&self, uuid: &str) -> &Instance {
        self.vim.instances().find(|instance| instance.uuid() == uuid).unwrap()
    }

    /// The instance is in the core's table.
    pub fn has_instance(&self, uuid: &str) -> bool {
        self.vim.instances().any(|instance| instance.uuid() == uuid)
    }

    /// The state of the instance's running action; `initial` for none.
    pub fn action(&self, uuid: &str) -> &'static str {
        self.instance(uuid).running.as_ref().map_or("initial", |running| running.state.as_str())
    }
}
