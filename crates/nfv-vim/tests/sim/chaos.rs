//! The events of a seed, carried out; and their end.

use super::cloud::Message;
use super::fault::{Fault, Outage, Profile, SERVICES};
use super::platform::SimHost;
use super::secs;
use super::stock::KINDS;
use super::world::{Event, World};
use nfv_nfvi::notification::{GuestFailure, GuestRepair, HostOrder};
use nfv_nfvi::object::{ActionParameters, ActionType, HostAvailStatus, RequestContext};
use nfv_nfvi::{Notification, Pool};
use nfv_vim::core::Input;

impl World {
    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.rng.usize(0..from.len())].clone()) }
    }

    pub(super) fn hosts_where(&self, fits: impl Fn(&SimHost) -> bool) -> Vec<String> {
        self.cloud.hosts.values().filter(|host| fits(host)).map(|host| host.name.clone()).collect()
    }

    /// An event of the plan happens.
    pub fn inject(&mut self, fault: Fault) {
        match fault {
            Fault::HostsDie => {
                let several = if self.rng.u32(0..4) == 0 { self.rng.usize(2..4) } else { 1 };
                for _ in 0..several {
                    let alive = self.hosts_where(|host| host.alive);
                    if alive.len() <= usize::from(!self.simplex) {
                        return;
                    }
                    let back = (self.simplex || self.rng.u32(0..3) > 0).then(|| secs(self.rng.u64(20..600)));
                    if let Some(name) = self.pick(&alive) {
                        self.cloud.crash_host(&name, back);
                        self.follow_controller();
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
                if ready.len() <= 1 && !self.simplex {
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
            Fault::UserAsks => {
                let all: Vec<_> = self.cloud.servers.keys().cloned().collect();
                let Some(uuid) = self.pick(&all) else { return };
                let actions = [
                    ActionType::Stop,
                    ActionType::Start,
                    ActionType::Reboot,
                    ActionType::Pause,
                    ActionType::Unpause,
                    ActionType::LiveMigrate,
                    ActionType::LiveMigrate,
                ];
                if let Some(action) = self.pick(&actions) {
                    self.user_asks(&uuid, action);
                }
            }
            Fault::GuestFails => {
                let guests: Vec<_> =
                    self.cloud.guests.keys().filter(|uuid| self.cloud.beats(uuid)).cloned().collect();
                let repairs = [GuestRepair::Reboot, GuestRepair::Reboot, GuestRepair::Stop, GuestRepair::Log];
                let (uuid, repair) = (self.pick(&guests), self.pick(&repairs));
                let failure = if self.rng.bool() { GuestFailure::Failed } else { GuestFailure::Unhealthy };
                if let (Some(uuid), Some(repair)) = (uuid, repair) {
                    self.cloud.fail_guest(&uuid, failure, repair);
                }
            }
            Fault::GuestAgentForgets => self.cloud.guest_agent_forgets(),
            Fault::ApiAsks => self.api_asks(),
            Fault::StrategyStep => self.strategy_step(),
            Fault::PortsFail => {
                let ready = self.hosts_where(|host| host.is_quiet() && !host.locked && host.enabled);
                if let Some(name) = self.pick(&ready)
                    && self.cloud.hosts.len() > 1
                {
                    self.cloud.fail_ports(&name);
                }
            }
            Fault::Upgrade => {
                let names: Vec<_> = self.cloud.hosts.keys().cloned().collect();
                match self.upgrading.take() {
                    Some(name) => self.tell_upgrade(&name, false),
                    None => {
                        let Some(name) = self.pick(&names) else { return };
                        self.tell_upgrade(&name, true);
                        self.upgrading = Some(name);
                    }
                }
            }
            Fault::StockChanges => {
                let servers: Vec<_> = self.cloud.servers.keys().cloned().collect();
                for _ in 0..self.rng.usize(1..4) {
                    let kind = KINDS[self.rng.usize(0..KINDS.len())];
                    let what = self.cloud.stock.change(kind, &servers, &mut self.rng);
                    self.journal.line(self.now, &format!("cloud: {what}"));
                }
            }
            Fault::VimCrashes => {
                if self.vim.is_some() {
                    self.crash_vim();
                }
            }
        }
    }

    /// A user's request reaches the VIM through the compute API.
    pub fn user_asks(&mut self, uuid: &str, action: ActionType) {
        let Some(server) = self.cloud.servers.get_mut(uuid) else { return };
        server.failures += 1;
        server.user_stopped |= action == ActionType::Stop;
        self.journal.line(self.now, &format!("user: asks for {action} of {}", self.cloud.servers[uuid].name));
        let body = Notification::InstanceActionRequest {
            uuid: uuid.to_owned(),
            action,
            parameters: ActionParameters::default(),
            context: RequestContext { tenant_id: Some("t".to_owned()), ..RequestContext::default() },
        };
        self.input(Input::Notification { request: None, body: Box::new(body) }, "heard a user");
    }

    fn tell_upgrade(&mut self, name: &str, inprogress: bool) {
        self.journal.line(self.now, &format!("platform: upgrade of {name}: {inprogress}"));
        let uuid = self.cloud.hosts[name].uuid.clone();
        let name = name.to_owned();
        let body = Notification::HostUpgrade { uuid, name, inprogress, recover_instances: false };
        self.cloud.said.push((secs(0), Message::Platform(body)));
    }

    /// Nothing goes wrong any more: services are up, hosts come back (all but `leave`), locks are taken back.
    pub fn calm(&mut self, leave: usize) {
        self.profile = Profile { turns: self.profile.turns, ..Profile::default() };
        self.plan = None;
        self.queue.retain(|_, event| !matches!(event, Event::Fault(_)));
        self.outages.clear();
        if let Some(name) = self.upgrading.take() {
            self.tell_upgrade(&name, false);
        }
        for name in self.hosts_where(|host| host.alive && host.avail == HostAvailStatus::FailedComponent) {
            self.cloud.mend_ports(&name);
        }
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
        self.services_back();
        self.settle_cloud();
    }

    /// A service is out of order for so long.
    pub fn break_service(&mut self, pool: Pool, outage: Outage, long: std::time::Duration) {
        self.journal.line(self.now, &format!("fault: {} {outage:?}", pool.as_str()));
        self.outages.insert(pool, (self.now + long, outage));
    }
}
