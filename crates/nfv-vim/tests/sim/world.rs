//! The clock, the VIM and its crashes, the calls on their way.

use super::cloud::{Cloud, CloudEvent, Message};
use super::describe::describe_notification;
use super::fault::{Fate, Fault, Outage, Plan, Profile};
use super::history;
use super::invariant::{self, Failure};
use super::journal::Journal;
use super::stock::{self, listing_begun};
use super::store::Store;
use super::{millis, secs};
use nfv_common::time::{Mono, Now};
use nfv_nfvi::call::InfrastructureCall;
use nfv_nfvi::notification::HostOrder;
use nfv_nfvi::{Answer, Call, CallId, CallResult, Notification, Pool, RequestId};
use nfv_vim::core::{CoreConfig, Effect, Flag, Input, Level, Outcome, StartFacts, Vim};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::Duration;

/// Something on its way.
pub(super) enum Event {
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
pub(super) struct OpenCall {
    pub call: Call,
    pub fate: Fate,
    pub turns: u32,
    /// When its service answered it.
    pub served: Option<Mono>,
}

/// At which commit the VIM crashes, and whether what it led to has left by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashPoint {
    /// Which commit, counted from 1.
    pub commit: u64,
    /// Its effects have left.
    pub effects_left: bool,
}

/// When every world begins.
pub const BEGIN: Mono = Mono::at(secs(1000));

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
    /// Uptime of the controller at `booted`.
    pub uptime: Duration,
    /// See `uptime`.
    pub booted: Mono,
    /// The only host is the controller: the VIM dies and comes with it.
    pub simplex: bool,
    /// A host for which the platform says that an upgrade is under way.
    pub upgrading: Option<String>,
    /// The alarms that the handlers have.
    pub raised: BTreeMap<String, String>,
    /// Calls that left, by service and kind.
    pub sent: BTreeMap<(Pool, String), u64>,
    /// Listings whose last answer had nothing in it.
    pub(super) emptied: BTreeSet<&'static str>,
    /// Requests of the API that are not answered: when they were put, and what.
    pub api_open: BTreeMap<RequestId, (Mono, String)>,
    pub(super) api_requests: u64,
    /// Event logs issued: entity and FM text.
    pub logs: Vec<(Mono, String)>,
    pub(super) rng: fastrand::Rng,
    seed: u64,
    pub(super) process: u32,
    pub(super) queue: BTreeMap<(Mono, u64), Event>,
    queued: u64,
    pub(super) calls: BTreeMap<CallId, OpenCall>,
    pub(super) used: BTreeSet<CallId>,
    flags: BTreeSet<&'static str>,
    pub(super) outages: BTreeMap<Pool, (Mono, Outage)>,
    pub(super) left: BTreeSet<String>,
    inputs: u64,
    /// The invariants are checked after every so many inputs; 1 but for measurements.
    pub check_every: u64,
    /// Time spent in the VIM's core.
    pub core_time: Duration,
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
            now: BEGIN,
            profile: Profile::default(),
            plan: None,
            commits: 0,
            crash_at: None,
            crashes: 0,
            config: CoreConfig::default(),
            uptime: secs(5000),
            booted: BEGIN,
            simplex: false,
            upgrading: None,
            raised: BTreeMap::new(),
            sent: BTreeMap::new(),
            emptied: BTreeSet::new(),
            api_open: BTreeMap::new(),
            api_requests: 0,
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
            check_every: 1,
            core_time: Duration::ZERO,
            failure: None,
        };
        world.cloud.now = world.now;
        world.queue(Duration::ZERO, Event::Start);
        world
    }

    pub(super) fn queue(&mut self, after: Duration, event: Event) {
        self.queued += 1;
        self.queue.insert((self.now + after, self.queued), event);
    }

    /// Lets the plan's events come, the first after `after`.
    pub fn start_plan(&mut self, after: Duration) {
        let Some(plan) = &self.plan else { return };
        let (fault, wait) = plan.next(&mut self.rng);
        self.queue(after + wait, Event::Fault(fault));
    }

    pub(super) fn wall(&self) -> Now {
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
                Message::Nova(_) | Message::Guest(_) => match self.nova_delay() {
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

    pub(super) fn fail(&mut self, what: String) {
        if self.failure.is_none() {
            self.failure = Some(Failure { at: self.now, what });
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Cloud(event) => {
                self.cloud.happen(event);
                self.follow_controller();
            }
            Event::Start => self.start_vim(),
            Event::Fault(fault) => {
                self.inject(fault);
                self.start_plan(Duration::ZERO);
            }
            Event::Said(message) => self.hear(message),
            Event::Arrives { process, id, call, fate } => self.arrives(process, id, &call, fate),
            Event::TurnWanted { process, id } => {
                if process == self.process && self.vim.is_some() && self.calls.contains_key(&id) {
                    self.input(Input::TurnWanted(id), format_args!("call {} wants a turn", id.0));
                }
            }
            Event::Answered { process, id, result } => {
                if process != self.process || self.vim.is_none() {
                    return;
                }
                let open = self.calls.remove(&id);
                let known = open.is_some();
                if let Some(open) = &open {
                    self.note_told(&open.call, open.served, &result);
                }
                let text = match &result {
                    Ok(_) => None,
                    Err(error) => Some(format!("call {} failed: {error}", id.0)),
                };
                let input = Input::Answer { id, result: Box::new(result) };
                match text {
                    Some(text) if known => self.input(input, &text),
                    None if known => self.input(input, format_args!("call {} answered", id.0)),
                    Some(text) => self.late_answer(input, &text),
                    None => self.late_answer(input, &format!("call {} answered", id.0)),
                }
            }
        }
    }

    /// Remembers what the VIM was told of hosts.
    fn note_told(&mut self, call: &Call, served: Option<Mono>, result: &CallResult) {
        if let (Some(listing), Ok(answer)) = (listing_begun(call), result)
            && !stock::empty(&mut answer.clone())
        {
            self.emptied.remove(listing);
        }
        let at = served.unwrap_or(self.now);
        let hosts = match (call, result) {
            (Call::Infrastructure(InfrastructureCall::GetHosts), Ok(Answer::Hosts { hosts, .. })) => {
                hosts.clone()
            }
            (_, Ok(Answer::Host(host))) => vec![(**host).clone()],
            _ => return,
        };
        for shown in hosts {
            let away = matches!(shown.avail_status.as_str(), "offline" | "power-off");
            // what was said after the answer was made is newer
            if let Some(host) = self.cloud.hosts.get_mut(&shown.name)
                && host.told.is_none_or(|(told, _)| told <= at)
            {
                host.told = Some((at, away));
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
                // the guest agent asks again as long as nobody hears it
                Message::Nova(_) => {}
                Message::Guest(_) if !self.cloud.steady => {}
                again => self.queue(secs(3), Event::Said(again)),
            }
            return;
        }
        let body = match message {
            Message::Platform(Notification::HostUpgrade { uuid, name, recover_instances, .. }) => {
                let inprogress = self.upgrading.as_ref() == Some(&name);
                Notification::HostUpgrade { uuid, name, inprogress, recover_instances }
            }
            Message::Platform(body) | Message::Nova(body) | Message::Guest(body) => body,
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
        let text = if self.journal.silent { String::new() } else { describe_notification(&body) };
        self.input(Input::Notification { request: None, body: Box::new(body) }, format_args!("heard {text}"));
    }

    fn start_vim(&mut self) {
        self.process += 1;
        self.calls.clear();
        self.used.clear();
        self.raised.clear();
        self.api_open.clear();
        let facts = StartFacts {
            uptime: self.uptime + self.now.since(self.booted),
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
        self.cloud.vim_started = self.now;
        self.journal.line(self.now, &format!("vim: process {} starts", self.process));
        self.carry_out(outcome);
    }

    /// The VIM of a simplex system goes down and comes up with its host, whose run directory is then empty.
    pub(super) fn follow_controller(&mut self) {
        if !self.simplex {
            return;
        }
        let alive = self.cloud.hosts.values().any(|host| host.alive);
        let starting = self.queue.values().any(|event| matches!(event, Event::Start));
        if !alive && (self.vim.is_some() || starting) {
            self.journal.line(self.now, "platform: the controller goes down");
            self.queue.retain(|_, event| !matches!(event, Event::Start));
            self.vim_ends();
            self.flags.clear();
        } else if alive && self.vim.is_none() && !starting {
            (self.uptime, self.booted) = (secs(40), self.now + secs(40));
            self.queue(secs(40), Event::Start);
        }
    }

    /// What the process knew is gone.
    fn vim_ends(&mut self) {
        let gone = self.vim.take();
        self.cloud.vim_is_gone(gone.as_ref());
        self.store.crash();
    }

    /// The process is gone, its connections break, a new one comes.
    pub fn crash_vim(&mut self) {
        self.journal.line(self.now, "fault: the VIM crashes");
        self.crashes += 1;
        self.vim_ends();
        let back = if self.cloud.steady { secs(2) } else { millis(self.rng.u64(500..12_000)) };
        self.queue(back, Event::Start);
    }

    /// The VIM is told something.
    pub fn input(&mut self, input: Input, text: impl Display) {
        let now = self.wall();
        let Some(vim) = &mut self.vim else { return };
        self.journal.routine(self.now, text);
        let tick = matches!(input, Input::Tick);
        let begun = std::time::Instant::now();
        let outcome = vim.handle(now, input);
        self.core_time += begun.elapsed();
        self.inputs += 1;
        if let Err(what) = invariant::recoveries(tick, &outcome, &self.config) {
            self.fail(what);
        }
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

    pub(super) fn carry_out(&mut self, outcome: Outcome) {
        let mut crash = None;
        if !outcome.writes.is_empty() {
            self.commits += 1;
            let wrong = outcome.writes.iter().find_map(|write| stock::wrongly_removed(&self.cloud, write));
            if let Some(wrong) = wrong {
                self.fail(wrong);
            }
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
            // a crash that comes behind the effects comes before the history
            if crash.is_none() {
                self.store.commit(&outcome.history);
            }
            if self.failure.is_none()
                && self.inputs.is_multiple_of(self.check_every)
                && let Some(vim) = &self.vim
                && let Err(what) = invariant::after_input(
                    vim,
                    &self.cloud,
                    self.store.rows(),
                    &self.raised,
                    self.now,
                    self.inputs,
                )
                .and_then(|()| if crash.is_none() { history::after_input(vim, &self.store) } else { Ok(()) })
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
            Effect::Log(_) | Effect::LogHistograms => {}
            Effect::Touch(flag) => {
                self.flags.insert(flag.file_name());
            }
            Effect::Respond { request, responses } => self.answered_api(request, &responses),
            Effect::Reply { .. } | Effect::Release(_) | Effect::ShowHistory { .. } => {}
        }
    }

    /// Nova or the platform are in the middle of something.
    pub fn cloud_is_busy(&self) -> bool {
        self.queue.values().any(|event| matches!(event, Event::Cloud(_)))
    }

    /// How many inputs were handled.
    pub fn inputs(&self) -> u64 {
        self.inputs
    }
}
