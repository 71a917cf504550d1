//! The clock, the VIM and its crashes, the calls on their way.

use super::cloud::{Cloud, CloudEvent, Message};
use super::fault::{Fate, Fault, Outage, Plan, Profile, SERVICES};
use super::invariant::{self, Failure};
use super::journal::Journal;
use super::store::Store;
use super::{millis, secs};
use nfv_common::time::{Mono, Now};
use nfv_nfvi::call::{
    ComputeCall, GuestCall, HostServicesOperation, InfrastructureCall, NetworkCall, NovaAction,
};
use nfv_nfvi::notification::HostOrder;
use nfv_nfvi::{Answer, Call, CallId, CallResult, Notification, Pool};
use nfv_vim::core::{CoreConfig, Effect, Flag, Input, Level, Outcome, StartFacts, Vim};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Something on its way.
enum Event {
    /// A request reaches its service.
    Arrives { process: u32, id: CallId, call: Box<Call>, fate: Fate },
    /// An answer reaches the VIM.
    Answered { process: u32, id: CallId, result: CallResult },
    /// A call wants its next turn.
    TurnWanted { process: u32, id: CallId },
    /// The cloud goes on.
    Cloud(CloudEvent),
    /// A neighbour speaks.
    Said(Message),
    /// The next event of the plan.
    Fault(Fault),
    /// A new process of the VIM.
    Start,
}

/// A call on its way.
struct OpenCall {
    call: Call,
    fate: Fate,
    turns: u32,
}

/// At which commit the VIM crashes, and whether what it led to has left by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashPoint {
    /// Which commit, counted from 1.
    pub commit: u64,
    /// Its effects have left.
    pub effects_left: bool,
}

/// The whole.
pub struct World {
    /// The neighbours.
    pub cloud: Cloud,
    /// The running process.
    pub vim: Option<Vim>,
    /// Its database.
    pub store: Store,
    /// What happened.
    pub journal: Journal,
    /// Simulated time.
    pub now: Mono,
    /// What goes wrong with calls and messages.
    pub profile: Profile,
    /// What else goes wrong.
    pub plan: Option<Plan>,
    /// Commits so far, of all processes.
    pub commits: u64,
    /// The crash that is wanted.
    pub crash_at: Option<CrashPoint>,
    /// Crashes so far.
    pub crashes: u32,
    /// Settings of the core.
    pub config: CoreConfig,
    /// Uptime of the controller at the beginning.
    pub uptime: Duration,
    /// The alarms that the handlers have.
    pub raised: BTreeMap<String, String>,
    /// Event logs issued: entity and FM text.
    pub logs: Vec<(Mono, String)>,
    rng: fastrand::Rng,
    seed: u64,
    process: u32,
    queue: BTreeMap<(Mono, u64), Event>,
    queued: u64,
    calls: BTreeMap<CallId, OpenCall>,
    used: BTreeSet<CallId>,
    flags: BTreeSet<&'static str>,
    outages: BTreeMap<Pool, (Mono, Outage)>,
    left: BTreeSet<String>,
    inputs: u64,
    failure: Option<Failure>,
}

impl World {
    /// A world whose VIM starts at once.
    pub fn new(seed: u64, cloud: Cloud, store: Store) -> Self {
        let mut world = Self {
            cloud,
            vim: None,
            store,
            journal: Journal::new(),
            now: Mono::at(secs(1000)),
            profile: Profile::default(),
            plan: None,
            commits: 0,
            crash_at: None,
            crashes: 0,
            config: CoreConfig::default(),
            uptime: secs(5000),
            raised: BTreeMap::new(),
            logs: Vec::new(),
            rng: fastrand::Rng::with_seed(seed ^ 0x5eed),
            seed,
            process: 0,
            queue: BTreeMap::new(),
            queued: 0,
            calls: BTreeMap::new(),
            used: BTreeSet::new(),
            flags: BTreeSet::new(),
            outages: BTreeMap::new(),
            left: BTreeSet::new(),
            inputs: 0,
            failure: None,
        };
        world.cloud.now = world.now;
        world.queue(Duration::ZERO, Event::Start);
        world
    }

    fn queue(&mut self, after: Duration, event: Event) {
        self.queued += 1;
        self.queue.insert((self.now + after, self.queued), event);
    }

    /// Lets the plan's events come, the first after `after`.
    pub fn start_plan(&mut self, after: Duration) {
        let Some(plan) = &self.plan else { return };
        let (fault, wait) = plan.next(&mut self.rng);
        self.queue(after + wait, Event::Fault(fault));
    }

    fn wall(&self) -> Now {
        let wall = jiff::Timestamp::from_second(1_548_255_600).unwrap();
        Now { mono: self.now, wall: wall + jiff::SignedDuration::try_from(self.now.since_origin()).unwrap() }
    }

    /// Runs until then, or until something is wrong.
    pub fn run_until(&mut self, until: Mono) -> Result<(), Failure> {
        loop {
            let event = self.queue.first_key_value().map(|((at, _), _)| *at);
            let deadline = self.vim.as_ref().and_then(Vim::next_deadline);
            let Some(next) = [event, deadline].into_iter().flatten().min() else { break };
            if next > until {
                break;
            }
            self.now = self.now.max(next);
            self.cloud.now = self.now;
            if event == Some(next) {
                if let Some((_, event)) = self.queue.pop_first() {
                    self.happen(event);
                }
            } else {
                self.input(Input::Tick, "tick");
            }
            self.settle_cloud();
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
        }
        self.now = until;
        self.cloud.now = until;
        Ok(())
    }

    /// Runs for a while.
    pub fn run_for(&mut self, time: Duration) -> Result<(), Failure> {
        self.run_until(self.now + time)
    }

    /// Takes over what the cloud wants done and said.
    pub fn settle_cloud(&mut self) {
        for (after, event) in std::mem::take(&mut self.cloud.later) {
            self.queue(after, Event::Cloud(event));
        }
        for note in std::mem::take(&mut self.cloud.notes) {
            self.journal.line(self.now, &note);
        }
        for (after, message) in std::mem::take(&mut self.cloud.said) {
            let after = match &message {
                Message::Nova(_) => match self.nova_delay() {
                    Some(delay) => after + delay,
                    None => continue,
                },
                Message::Platform(_) | Message::HostState(_) => after,
            };
            self.queue(after, Event::Said(message));
        }
        if let Some(violation) = self.cloud.violations.pop() {
            self.fail(violation);
        }
    }

    fn nova_delay(&mut self) -> Option<Duration> {
        if self.cloud.steady {
            return Some(millis(50));
        }
        let roll = self.rng.u32(0..1000);
        if roll < self.profile.lost_message {
            None
        } else if roll < self.profile.lost_message + self.profile.late_message {
            Some(millis(self.rng.u64(500..6000)))
        } else {
            Some(millis(self.rng.u64(20..60)))
        }
    }

    fn fail(&mut self, what: String) {
        if self.failure.is_none() {
            self.failure = Some(Failure { at: self.now, what });
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Cloud(event) => self.cloud.happen(event),
            Event::Start => self.start_vim(),
            Event::Fault(fault) => {
                self.inject(fault);
                self.start_plan(Duration::ZERO);
            }
            Event::Said(message) => self.hear(message),
            Event::Arrives { process, id, call, fate } => self.arrives(process, id, &call, fate),
            Event::TurnWanted { process, id } => {
                if process == self.process && self.vim.is_some() && self.calls.contains_key(&id) {
                    self.input(Input::TurnWanted(id), &format!("call {} wants a turn", id.0));
                }
            }
            Event::Answered { process, id, result } => {
                if process != self.process || self.vim.is_none() {
                    return;
                }
                let open = self.calls.remove(&id);
                let known = open.is_some();
                if let Some(open) = &open {
                    self.note_told(&open.call, &result);
                }
                let text = match &result {
                    Ok(_) => format!("call {} answered", id.0),
                    Err(error) => format!("call {} failed: {error}", id.0),
                };
                let input = Input::Answer { id, result: Box::new(result) };
                if known {
                    self.input(input, &text);
                } else {
                    self.late_answer(input, &text);
                }
            }
        }
    }

    /// Remembers what the VIM was told of hosts.
    fn note_told(&mut self, call: &Call, result: &CallResult) {
        let hosts = match (call, result) {
            (Call::Infrastructure(InfrastructureCall::GetHosts), Ok(Answer::Hosts { hosts, .. })) => {
                hosts.clone()
            }
            (_, Ok(Answer::Host(host))) => vec![(**host).clone()],
            _ => return,
        };
        for shown in hosts {
            let away = matches!(shown.avail_status.as_str(), "offline" | "power-off");
            if let Some(host) = self.cloud.hosts.get_mut(&shown.name) {
                host.told = Some((self.now, away));
            }
        }
    }

    fn hear(&mut self, message: Message) {
        if self.vim.is_none() {
            match message {
                // without chance the operator simply asks again
                Message::Platform(Notification::HostOrder { name, order, .. }) if !self.cloud.steady => {
                    // sysinv cannot reach the VIM and refuses the operator
                    if order != HostOrder::Unlock
                        && let Some(host) = self.cloud.hosts.get_mut(&name)
                        && host.enabled
                    {
                        host.action = nfv_nfvi::object::HostAction::None;
                        host.procedure = 0;
                        self.journal
                            .line(self.now, &format!("platform: {order:?} of {name} refused, no VIM"));
                    }
                }
                Message::Nova(_) => {}
                again => self.queue(secs(3), Event::Said(again)),
            }
            return;
        }
        let body = match message {
            Message::Platform(body) | Message::Nova(body) => body,
            Message::HostState(name) => {
                let now = self.now;
                let host = self.cloud.hosts.get_mut(&name).unwrap();
                host.told = Some((now, host.is_away()));
                let view = host.view(now);
                Notification::HostStateChange {
                    uuid: view.uuid,
                    name: view.name,
                    admin_state: view.admin_state,
                    oper_state: view.oper_state,
                    avail_status: view.avail_status,
                    nfvi_data: view.nfvi_data,
                }
            }
        };
        let text = format!("heard {}", describe_notification(&body));
        self.input(Input::Notification { request: None, body: Box::new(body) }, &text);
    }

    fn start_vim(&mut self) {
        self.process += 1;
        self.calls.clear();
        self.used.clear();
        self.raised.clear();
        let facts = StartFacts {
            uptime: self.uptime + self.now.since_origin(),
            dor_complete: self.flags.contains(Flag::DorComplete.file_name()),
            unlock_complete: self.flags.contains(Flag::UnlockComplete.file_name()),
            seed: self.seed * 1000 + u64::from(self.process),
        };
        let snapshot = match self.store.load() {
            Ok(snapshot) => snapshot,
            Err(difference) => return self.fail(difference),
        };
        let (vim, outcome) = Vim::start(self.config.clone(), facts, snapshot, self.wall());
        self.vim = Some(vim);
        self.journal.line(self.now, &format!("vim: process {} starts", self.process));
        self.carry_out(outcome);
    }

    /// The process is gone, its connections break, a new one comes.
    fn crash_vim(&mut self) {
        self.journal.line(self.now, "fault: the VIM crashes");
        self.crashes += 1;
        self.vim = None;
        self.store.crash();
        let back = if self.cloud.steady { secs(2) } else { millis(self.rng.u64(500..12_000)) };
        self.queue(back, Event::Start);
    }

    fn input(&mut self, input: Input, text: &str) {
        let now = self.wall();
        let Some(vim) = &mut self.vim else { return };
        self.journal.routine(self.now, text);
        let outcome = vim.handle(now, input);
        self.inputs += 1;
        self.carry_out(outcome);
    }

    /// The answer of a call that was given up: nobody may take notice.
    fn late_answer(&mut self, input: Input, text: &str) {
        self.journal.line(self.now, &format!("{text}, too late"));
        let now = self.wall();
        let Some(vim) = &mut self.vim else { return };
        if vim.next_deadline().is_some_and(|deadline| deadline <= self.now) {
            return;
        }
        let outcome = vim.handle(now, input);
        if !outcome.writes.is_empty() || !outcome.effects.is_empty() {
            self.fail(format!("{text}, too late, and it leads to {outcome:?}"));
        }
    }

    fn carry_out(&mut self, outcome: Outcome) {
        let mut crash = None;
        if !outcome.writes.is_empty() {
            self.commits += 1;
            self.store.commit(&outcome.writes);
            if let Some(point) = self.crash_at.filter(|point| point.commit == self.commits) {
                self.crash_at = None;
                crash = Some(point.effects_left);
            } else if self.profile.crash > 0 && self.rng.u32(0..1000) < self.profile.crash {
                crash = Some(self.rng.bool());
            }
        }
        if crash != Some(false) {
            for effect in outcome.effects {
                self.effect(effect);
            }
            if self.failure.is_none()
                && let Some(vim) = &self.vim
                && let Err(what) = invariant::after_input(
                    vim,
                    &self.cloud,
                    self.store.rows(),
                    &self.raised,
                    self.now,
                    self.inputs,
                )
            {
                self.fail(what);
            }
        }
        if crash.is_some() {
            self.crash_vim();
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Call { id, call } => self.send(id, *call),
            Effect::Resume(id) => {
                let Some(open) = self.calls.get_mut(&id) else {
                    return self.fail(format!("call {} goes on though it is not open", id.0));
                };
                open.turns = open.turns.saturating_sub(1);
                self.dispatch(id);
            }
            Effect::Abandon(id) => {
                self.journal.line(self.now, &format!("vim: gives call {} up", id.0));
                if self.calls.remove(&id).is_none() {
                    self.fail(format!("call {} is given up though it is not open", id.0));
                }
            }
            Effect::RaiseAlarm(alarm) => {
                self.journal.line(
                    self.now,
                    &format!("vim: raises {} {}", alarm.alarm_type.as_str(), alarm.specific_problem_text),
                );
                self.raised
                    .insert(alarm.alarm_uuid.0.clone(), format!("{:?} {}", alarm.alarm_type, alarm.entity));
            }
            Effect::ClearAlarm(uuid) => match self.raised.remove(uuid.as_str()) {
                Some(what) => self.journal.line(self.now, &format!("vim: clears {what}")),
                None => self.fail(format!("alarm {uuid} is cleared though the handlers never had it")),
            },
            Effect::EventLog(log) => {
                self.journal.line(self.now, &format!("vim: log {}", log.reason_text));
                self.logs.push((self.now, log.reason_text));
            }
            Effect::Log(line) if line.level == Level::Error || line.level == Level::Warn => {
                self.journal.line(self.now, &format!("vim: {}", line.text));
                if line.text.contains("left out") {
                    self.fail(format!("a row that the VIM wrote cannot be read: {}", line.text));
                }
            }
            Effect::Log(line) if line.level == Level::Info => self.journal.routine(self.now, &line.text),
            Effect::Log(_) => {}
            Effect::Touch(flag) => {
                self.flags.insert(flag.file_name());
            }
            Effect::Reply { .. } | Effect::Release(_) => {}
        }
    }

    fn send(&mut self, id: CallId, call: Call) {
        let text = format!("vim: call {} {}", id.0, describe_call(&call));
        if is_change(&call) {
            self.journal.line(self.now, &text);
        } else {
            self.journal.routine(self.now, &text);
        }
        if !self.used.insert(id) {
            return self.fail(format!("call id {} is used twice", id.0));
        }
        let running = self.calls.values().filter(|open| open.call.pool() == call.pool()).count();
        if running > 40 {
            return self.fail(format!("{running} calls of the {} pool at once", call.pool().as_str()));
        }
        if let Err(what) = invariant::before_call(&self.cloud, &call) {
            return self.fail(what);
        }
        let fate = match self.outages.get(&call.pool()) {
            Some((until, outage)) if self.now < *until => outage.fate(),
            _ if self.cloud.steady => Fate::Served,
            _ => self.profile.fate(&mut self.rng),
        };
        if fate != Fate::Served {
            self.journal.line(self.now, &format!("fault: call {} meets {fate:?}", id.0));
        }
        let several = !self.cloud.steady && self.rng.u32(0..1000) < self.profile.turns;
        let turns = if several { self.rng.u32(1..4) } else { 0 };
        self.calls.insert(id, OpenCall { call, fate, turns });
        self.dispatch(id);
    }

    /// A call has a turn: it asks for another one, or reaches its service.
    fn dispatch(&mut self, id: CallId) {
        let process = self.process;
        let delay = millis(if self.cloud.steady { 20 } else { self.rng.u64(2..300) });
        let Some(open) = self.calls.get(&id) else { return };
        if open.turns > 0 {
            self.queue(delay, Event::TurnWanted { process, id });
            return;
        }
        match &open.fate {
            Fate::LostRequest => {}
            Fate::Refused(error) => {
                let result = Err(error.clone());
                self.queue(delay, Event::Answered { process, id, result });
            }
            Fate::Served | Fate::LostAnswer | Fate::TimedOut(_) | Fate::Slow(_) => {
                let (call, fate) = (Box::new(open.call.clone()), open.fate.clone());
                self.queue(delay, Event::Arrives { process, id, call, fate });
            }
        }
    }

    /// A request reaches its service. It is served even if its sender is gone.
    fn arrives(&mut self, process: u32, id: CallId, call: &Call, fate: Fate) {
        let result = self.cloud.serve(call);
        let delay = millis(if self.cloud.steady { 20 } else { self.rng.u64(2..300) });
        let (delay, result) = match fate {
            Fate::LostAnswer | Fate::LostRequest => return,
            Fate::TimedOut(after) => {
                let error = nfv_nfvi::CallError::new(nfv_nfvi::ErrorKind::TimedOut, "no answer in time");
                (after, Err(error))
            }
            Fate::Slow(after) => (after, result),
            Fate::Served | Fate::Refused(_) => (delay, result),
        };
        self.queue(delay, Event::Answered { process, id, result });
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.rng.usize(0..from.len())].clone()) }
    }

    fn hosts_where(&self, fits: impl Fn(&super::platform::SimHost) -> bool) -> Vec<String> {
        self.cloud.hosts.values().filter(|host| fits(host)).map(|host| host.name.clone()).collect()
    }

    fn inject(&mut self, fault: Fault) {
        match fault {
            Fault::HostsDie => {
                let several = if self.rng.u32(0..4) == 0 { self.rng.usize(2..4) } else { 1 };
                for _ in 0..several {
                    let alive = self.hosts_where(|host| host.alive);
                    if alive.len() <= 1 {
                        return;
                    }
                    let back = (self.rng.u32(0..3) > 0).then(|| secs(self.rng.u64(20..600)));
                    if let Some(name) = self.pick(&alive) {
                        self.cloud.crash_host(&name, back);
                    }
                }
            }
            Fault::ServerCrashes | Fault::ServerInError | Fault::UserAction | Fault::UserDeletes => {
                let all: Vec<_> = self.cloud.servers.keys().cloned().collect();
                let Some(uuid) = self.pick(&all) else { return };
                let running = self.cloud.runs(&self.cloud.servers[&uuid]);
                match fault {
                    Fault::ServerCrashes if running => self.cloud.crash_server(&uuid),
                    Fault::ServerInError => self.cloud.break_server(&uuid),
                    Fault::UserAction if running => self.cloud.user_stops(&uuid),
                    Fault::UserAction => self.cloud.user_starts(&uuid),
                    Fault::UserDeletes if all.len() > 3 => self.cloud.user_deletes(&uuid),
                    _ => {}
                }
            }
            Fault::Lock | Fault::ForceLock => {
                let ready = self.hosts_where(|host| host.is_quiet() && !host.locked);
                if ready.len() <= 1 {
                    return;
                }
                let order = if fault == Fault::Lock { HostOrder::Lock } else { HostOrder::ForceLock };
                if let Some(name) = self.pick(&ready) {
                    self.cloud.order(&name, order);
                }
            }
            Fault::Unlock => {
                let ready = self.hosts_where(|host| host.is_quiet() && host.locked);
                if let Some(name) = self.pick(&ready) {
                    self.cloud.order(&name, HostOrder::Unlock);
                }
            }
            Fault::ServiceDown => {
                let pool = SERVICES[self.rng.usize(0..SERVICES.len())];
                let outage = [Outage::Unreachable, Outage::Unavailable, Outage::Hangs][self.rng.usize(0..3)];
                let until = self.now + secs(self.rng.u64(5..300));
                self.journal.line(self.now, &format!("fault: {} {outage:?} until {until:?}", pool.as_str()));
                self.outages.insert(pool, (until, outage));
            }
            Fault::VimCrashes => {
                if self.vim.is_some() {
                    self.crash_vim();
                }
            }
        }
    }

    /// Nothing goes wrong any more: services are up, hosts come back (all but `leave`), locks are taken back.
    pub fn calm(&mut self, leave: usize) {
        self.profile = Profile { turns: self.profile.turns, ..Profile::default() };
        self.plan = None;
        self.queue.retain(|_, event| !matches!(event, Event::Fault(_)));
        self.outages.clear();
        self.cloud.op_failures = 0;
        self.journal.line(self.now, "calm: nothing goes wrong from here on");
        let dead = self.hosts_where(|host| !host.alive);
        for name in dead.iter().skip(leave) {
            self.cloud.revive_host(name);
        }
        self.left = dead.into_iter().take(leave).collect();
        if leave > 0 && self.left.is_empty() {
            self.left = self.hosts_where(|host| host.locked).into_iter().take(leave).collect();
        }
        self.unlock_rest();
    }

    /// Operators unlock what is locked, as soon as it can be, but for what is left as it is.
    pub fn unlock_rest(&mut self) {
        let left = &self.left;
        let locked = self.hosts_where(|host| host.is_quiet() && host.locked && !left.contains(&host.name));
        for name in locked {
            self.cloud.order(&name, HostOrder::Unlock);
        }
        self.settle_cloud();
    }

    /// Nova or the platform are in the middle of something.
    pub fn cloud_is_busy(&self) -> bool {
        self.queue.values().any(|event| matches!(event, Event::Cloud(_)))
    }

    /// How many inputs were handled.
    pub fn inputs(&self) -> u64 {
        self.inputs
    }

    /// Opens the calls that are on their way, for reports.
    pub fn open_calls(&self) -> usize {
        self.calls.len()
    }
}

fn is_change(call: &Call) -> bool {
    !matches!(
        call,
        Call::Identity(_)
            | Call::Infrastructure(
                InfrastructureCall::GetHosts
                    | InfrastructureCall::GetHost { .. }
                    | InfrastructureCall::GetSystemInfo
                    | InfrastructureCall::GetSystemState
            )
            | Call::Compute(
                ComputeCall::GetHostAggregates
                    | ComputeCall::GetHypervisors
                    | ComputeCall::GetHypervisor { .. }
                    | ComputeCall::GetInstanceTypes { .. }
                    | ComputeCall::GetInstanceType { .. }
                    | ComputeCall::GetInstanceGroups
                    | ComputeCall::GetInstances { .. }
                    | ComputeCall::GetInstance { .. }
                    | ComputeCall::HostServices { operation: HostServicesOperation::Query, .. }
            )
            | Call::Network(NetworkCall::HostServices { operation: HostServicesOperation::Query, .. })
            | Call::Guest(GuestCall::HostServices { operation: HostServicesOperation::Query, .. })
    )
}

fn describe_call(call: &Call) -> String {
    match call {
        Call::Compute(ComputeCall::InstanceAction { uuid, action, .. }) => {
            let action = match action {
                NovaAction::LiveMigrate { .. } => "LiveMigrate".to_owned(),
                other => format!("{other:?}"),
            };
            format!("{action} of {}", uuid.trim_start_matches("22222222-0000-0000-0000-0000000000"))
        }
        Call::Compute(ComputeCall::HostServices { host, operation }) => {
            format!("nova: {operation:?} services of {}", host.name)
        }
        Call::Compute(ComputeCall::NotifyHost { host, enabled }) => {
            format!("nova: {} is {}", host.name, if *enabled { "up" } else { "forced down" })
        }
        Call::Infrastructure(InfrastructureCall::NotifyHostServices { host, notice }) => {
            format!("sysinv: services of {} {notice:?}", host.name)
        }
        Call::Network(NetworkCall::HostServices { host, operation }) => {
            format!("neutron: {operation:?} services of {}", host.name)
        }
        Call::Network(NetworkCall::NotifyHostDisabled { host }) => format!("neutron: {} is down", host.name),
        Call::Guest(GuestCall::HostServices { host, operation }) => {
            format!("guest: {operation:?} services of {}", host.name)
        }
        other => format!("{other:?}"),
    }
}

fn describe_notification(body: &Notification) -> String {
    match body {
        Notification::InstanceStateChange { instance } => {
            let data = &instance.nfvi_data;
            format!("{} {}/{}/{}", instance.name, data.vm_state, data.task_state, data.power_state)
        }
        Notification::HostStateChange { name, admin_state, oper_state, avail_status, .. } => {
            format!("{name} {admin_state}/{oper_state}/{avail_status}")
        }
        other => format!("{other:?}"),
    }
}
