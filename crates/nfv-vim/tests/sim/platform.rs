//! sysinv and maintenance: hosts, their states, and the sequences they go through.

use super::cloud::{Cloud, CloudEvent, Message};
use super::{millis, secs};
use nfv_common::time::Mono;
use nfv_nfvi::call::{HostRequest, HostServicesNotice};
use nfv_nfvi::notification::HostOrder;
use nfv_nfvi::object::{self, HostAction, HostAvailStatus, Seconds};
use nfv_nfvi::{Answer, CallError, CallResult, ErrorKind, Notification};
use nfv_vim::core::Vim;
use std::time::Duration;

/// Nova takes a silent nova-compute for down after this.
const SERVICE_DOWN: Duration = secs(60);
/// sysinv waits this long for the VIM to say something about a lock.
const LOCK_WAIT: Duration = secs(400);

/// What hosts run in the beginning.
pub const OLD_RELEASE: &str = "18.10";
/// What an upgrade brings.
pub const NEW_RELEASE: &str = "19.09";

/// A host.
pub struct SimHost {
    /// Name.
    pub name: String,
    /// sysinv uuid.
    pub uuid: String,
    /// Its functions, such as `controller,worker`.
    pub personality: String,
    /// The release it runs.
    pub release: String,
    /// The release it is to run after its next boot.
    pub target: String,
    /// Nova's id of its hypervisor.
    pub hypervisor: String,
    /// Locked by an operator.
    pub locked: bool,
    /// Operational state.
    pub enabled: bool,
    /// When it became enabled last.
    pub enabled_since: Mono,
    /// Availability.
    pub avail: HostAvailStatus,
    /// What sysinv does with it.
    pub action: HostAction,
    /// Its processor runs.
    pub alive: bool,
    /// Since when.
    pub alive_since: Mono,
    /// When its processor stopped last.
    pub died: Mono,
    /// nova-compute: status enabled.
    pub compute_enabled: bool,
    /// nova-compute: forced down.
    pub forced_down: bool,
    /// Neutron's agents.
    pub network: bool,
    /// Guest agent.
    pub guest: bool,
    /// Room for servers.
    pub vcpus: u64,
    /// The sequence under way.
    pub procedure: u64,
    /// When the lock is given up.
    pub lock_until: Mono,
    /// How often it died or was locked: reasons to move servers.
    pub upheavals: u64,
    /// How often it was upgraded.
    pub upgraded: u32,
    /// When a strategy wanted it emptied last.
    pub emptied: Option<Mono>,
    /// What the VIM said last of its services and was heard; none when nobody can know.
    pub heard: Option<HostServicesNotice>,
    /// What the VIM said of its services, if that did not arrive.
    pub unheard: Option<HostServicesNotice>,
    /// The states the VIM was last told or shown, when and which.
    pub told: Option<(Mono, bool)>,
}

/// A point in a sequence.
#[derive(Debug, Clone)]
pub enum HostStep {
    /// Maintenance notices that it does not answer.
    Failed,
    /// Maintenance gives it up.
    Offline,
    /// Its kernel is up, nova-compute starts.
    Boot,
    /// It is in service again.
    InService,
    /// The lock is carried out.
    Locked,
    /// The VIM did not say anything about the lock for too long.
    LockTimeout,
    /// A forced lock resets it.
    ForceReset,
    /// An unlock takes it down for its reboot.
    UnlockReboot,
    /// Its data ports work again.
    PortsMended,
}

impl SimHost {
    /// A host in service since before the beginning.
    pub fn new(name: &str, number: u64, vcpus: u64) -> Self {
        Self {
            name: name.to_owned(),
            uuid: format!("0000000{number}-0000-0000-0000-000000000000"),
            personality: "worker".to_owned(),
            release: OLD_RELEASE.to_owned(),
            target: OLD_RELEASE.to_owned(),
            hypervisor: format!("{}", number + 1),
            locked: false,
            enabled: true,
            enabled_since: Mono::ZERO,
            avail: HostAvailStatus::Available,
            action: HostAction::None,
            alive: true,
            alive_since: Mono::ZERO,
            died: Mono::ZERO,
            compute_enabled: true,
            forced_down: false,
            network: true,
            guest: true,
            vcpus,
            procedure: 0,
            lock_until: Mono::ZERO,
            upheavals: 0,
            upgraded: 0,
            emptied: None,
            heard: None,
            unheard: None,
            told: None,
        }
    }

    /// Seconds since boot; the first boot was long ago.
    pub fn uptime(&self, now: Mono) -> u64 {
        match (self.alive, self.alive_since == Mono::ZERO) {
            (false, _) => 0,
            (true, true) => 100_000 + now.since_origin().as_secs(),
            (true, false) => now.since(self.alive_since).as_secs(),
        }
    }

    /// As sysinv shows it.
    pub fn view(&self, now: Mono) -> object::Host {
        object::Host {
            uuid: self.uuid.clone(),
            name: self.name.clone(),
            personality: self.personality.clone(),
            admin_state: if self.locked { "locked" } else { "unlocked" }.into(),
            oper_state: if self.enabled { "enabled" } else { "disabled" }.into(),
            avail_status: self.avail.clone(),
            action: self.action.clone(),
            uptime: Seconds(self.uptime(now)),
            software_load: Some(self.release.clone()),
            target_load: Some(self.target.clone()),
            openstack_compute: self.is_worker(),
            openstack_control: false,
            nfvi_data: serde_json::json!({ "name": self.name }),
        }
    }

    /// Servers run there.
    pub fn is_worker(&self) -> bool {
        self.personality.contains("worker")
    }

    /// Maintenance says that nothing can run there.
    pub fn is_away(&self) -> bool {
        matches!(self.avail, HostAvailStatus::Offline | HostAvailStatus::PowerOff)
    }

    /// Nova takes nova-compute for up.
    pub fn compute_up(&self, now: Mono) -> bool {
        !self.forced_down && (self.alive || now.since(self.died) < SERVICE_DOWN)
    }

    /// An operator may give it an order.
    pub fn is_quiet(&self) -> bool {
        self.action == HostAction::None && self.alive && (self.locked || self.enabled)
    }
}

impl Cloud {
    fn procedure(&mut self, name: &str) -> u64 {
        let id = self.next_id();
        if let Some(host) = self.hosts.get_mut(name) {
            host.procedure = id;
        }
        id
    }

    fn host_later(&mut self, name: &str, after: Duration, step: HostStep) {
        let procedure = self.hosts[name].procedure;
        self.schedule(after, CloudEvent::Host { name: name.to_owned(), procedure, step });
    }

    fn tell_host(&mut self, name: &str) {
        let delay = millis(if self.steady { 100 } else { self.rng.u64(20..1500) });
        self.said.push((delay, Message::HostState(name.to_owned())));
        let host = &self.hosts[name];
        self.notes.push(format!(
            "platform: {name} is {}/{}/{}",
            if host.locked { "locked" } else { "unlocked" },
            if host.enabled { "enabled" } else { "disabled" },
            host.avail
        ));
    }

    fn say(&mut self, notification: Notification) {
        let delay = millis(if self.steady { 100 } else { self.rng.u64(20..500) });
        self.said.push((delay, Message::Platform(notification)));
    }

    /// The processor stops: everything on it is gone at once, the neighbours learn of it bit by bit.
    fn power_loss(&mut self, name: &str) {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(name) else { return };
        if host.alive {
            host.alive = false;
            host.died = now;
            host.upheavals += 1;
            self.host_died(name);
        }
    }

    /// A host dies. It comes back after `back`, if at all.
    pub fn crash_host(&mut self, name: &str, back: Option<Duration>) {
        self.notes.push(format!("fault: {name} dies, back after {back:?}"));
        self.procedure(name);
        self.power_loss(name);
        if let Some(host) = self.hosts.get_mut(name) {
            host.action = HostAction::None;
        }
        let failed = self.between(3, 12);
        let offline = failed + self.between(5, 60);
        self.host_later(name, failed, HostStep::Failed);
        self.host_later(name, offline, HostStep::Offline);
        if let Some(back) = back {
            self.host_later(name, offline + back, HostStep::Boot);
        }
    }

    /// The data ports of a host fail for a while.
    pub fn fail_ports(&mut self, name: &str) {
        self.notes.push(format!("fault: the data ports of {name} fail"));
        self.procedure(name);
        if let Some(host) = self.hosts.get_mut(name) {
            host.enabled = false;
            host.avail = HostAvailStatus::FailedComponent;
            host.upheavals += 1;
        }
        self.tell_host(name);
        let after = self.between(20, 400);
        self.host_later(name, after, HostStep::PortsMended);
    }

    /// They work again at once.
    pub fn mend_ports(&mut self, name: &str) {
        self.procedure(name);
        self.host_later(name, secs(1), HostStep::PortsMended);
    }

    /// A dead host is brought back.
    pub fn revive_host(&mut self, name: &str) {
        if !self.hosts[name].alive {
            self.procedure(name);
            if let Some(host) = self.hosts.get_mut(name)
                && !host.is_away()
            {
                host.enabled = false;
                host.avail = HostAvailStatus::Offline;
                self.tell_host(name);
            }
            let after = self.between(30, 90);
            self.host_later(name, after, HostStep::Boot);
        }
    }

    /// An operator's order. A lock waits for the VIM, an unlock reboots the host.
    pub fn order(&mut self, name: &str, order: HostOrder) {
        self.notes.push(format!("operator: {order:?} {name}"));
        self.procedure(name);
        let now = self.now;
        let Some(host) = self.hosts.get_mut(name) else { return };
        match order {
            HostOrder::Lock | HostOrder::ForceLock => {
                host.action = match order {
                    HostOrder::Lock => HostAction::Lock,
                    _ => HostAction::Other("force-lock".to_owned()),
                };
                host.upheavals += 1;
                host.lock_until = now + LOCK_WAIT;
                self.host_later(name, LOCK_WAIT, HostStep::LockTimeout);
            }
            HostOrder::Unlock => {
                host.action = HostAction::Unlock;
                let after = self.between(1, 4);
                self.host_later(name, after, HostStep::UnlockReboot);
            }
        }
        let (uuid, name) = (self.hosts[name].uuid.clone(), name.to_owned());
        self.say(Notification::HostOrder { uuid, name, order });
    }

    /// The VIM asks for what an operator may ask for, and is refused where an operator would be.
    pub fn host_request(&mut self, name: &str, request: HostRequest) -> CallResult {
        let Some(host) = self.hosts.get(name) else {
            return Err(CallError::new(ErrorKind::NotFound, "no such host").with_status(404));
        };
        let fits = host.is_quiet()
            && match request {
                HostRequest::Lock | HostRequest::Swact => !host.locked,
                HostRequest::Unlock | HostRequest::Reboot | HostRequest::Upgrade => host.locked,
            };
        if !fits {
            let reason = format!("{request:?} of {name} is not possible now");
            return Err(CallError::new(ErrorKind::Refused, reason.clone()).with_reason(reason));
        }
        match request {
            HostRequest::Lock => self.order(name, HostOrder::Lock),
            HostRequest::Unlock => self.order(name, HostOrder::Unlock),
            HostRequest::Reboot => {
                let back = self.between(20, 60);
                self.crash_host(name, Some(back));
            }
            HostRequest::Upgrade => {
                let to = self.upgrade.as_ref().map(|upgrade| upgrade.to_release.clone());
                let Some(to) = to else {
                    return Err(CallError::new(ErrorKind::Refused, "No upgrade in progress"));
                };
                if let Some(host) = self.hosts.get_mut(name) {
                    host.target = to;
                    host.upgraded += 1;
                }
                let back = self.between(20, 60);
                self.crash_host(name, Some(back));
            }
            HostRequest::Swact => {}
        }
        Ok(Answer::Done)
    }

    /// The VIM ended: what it said in vain it does not know any more.
    pub fn vim_is_gone(&mut self, vim: Option<&Vim>) {
        for host in self.hosts.values_mut() {
            let known = vim.and_then(|vim| vim.hosts().find(|known| known.name() == host.name));
            let owed = known.is_none_or(|known| !known.untold.is_empty());
            if host.unheard.take().is_some() || owed {
                host.heard = None;
            }
        }
    }

    /// The VIM says something about a host's services.
    pub fn services_notice(&mut self, name: &str, notice: &HostServicesNotice) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        host.unheard = None;
        if *notice != HostServicesNotice::DisableExtend {
            host.heard = Some(notice.clone());
        }
        let lock = host.action == HostAction::Lock;
        let forced = host.action == HostAction::Other("force-lock".to_owned());
        match notice {
            HostServicesNotice::Disabled if lock => {
                let after = self.between(1, 3);
                self.host_later(name, after, HostStep::Locked);
            }
            HostServicesNotice::Disabled | HostServicesNotice::DisableFailed { .. } if forced => {
                let after = self.between(1, 3);
                self.host_later(name, after, HostStep::ForceReset);
            }
            HostServicesNotice::DisableFailed { reason } if lock => {
                host.action = HostAction::None;
                self.notes.push(format!("platform: lock of {name} refused: {reason}"));
                self.refusals.push(reason.clone());
                self.procedure(name);
            }
            HostServicesNotice::DisableExtend if lock => {
                host.lock_until = self.now + LOCK_WAIT;
                self.host_later(name, LOCK_WAIT, HostStep::LockTimeout);
            }
            _ => {}
        }
    }

    /// A host comes to a point of a sequence.
    pub fn host_step(&mut self, name: &str, procedure: u64, step: HostStep) {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(name) else { return };
        if host.procedure != procedure {
            return;
        }
        match step {
            HostStep::Failed => {
                host.enabled = false;
                host.avail = if host.locked { HostAvailStatus::Offline } else { HostAvailStatus::Failed };
                self.tell_host(name);
            }
            HostStep::Offline => {
                host.avail = HostAvailStatus::Offline;
                self.tell_host(name);
            }
            HostStep::Boot => {
                host.alive = true;
                host.alive_since = now;
                host.release.clone_from(&host.target);
                let locked = host.locked;
                if locked {
                    host.avail = HostAvailStatus::Online;
                }
                self.notes.push(format!("platform: {name} boots"));
                self.say(Notification::HostBooting { name: name.to_owned() });
                self.compute_started(name);
                if locked {
                    self.tell_host(name);
                } else {
                    let after = self.between(20, 60);
                    self.host_later(name, after, HostStep::InService);
                }
            }
            HostStep::InService => {
                host.enabled = true;
                host.enabled_since = now;
                host.avail = HostAvailStatus::Available;
                host.action = HostAction::None;
                self.tell_host(name);
            }
            HostStep::PortsMended => {
                host.enabled = true;
                host.enabled_since = now;
                host.avail = HostAvailStatus::Available;
                self.tell_host(name);
            }
            HostStep::Locked => {
                host.locked = true;
                host.enabled = false;
                host.avail = HostAvailStatus::Online;
                host.action = HostAction::None;
                self.tell_host(name);
                let left: Vec<_> = self
                    .servers
                    .values()
                    .filter(|s| s.host.as_deref() == Some(name) && s.vm != "stopped" && s.auto_recovery)
                    .map(|s| s.name.clone())
                    .collect();
                if !left.is_empty() {
                    self.notes.push(format!("platform: {name} is locked with {left:?} on it"));
                }
            }
            HostStep::LockTimeout => {
                if now >= host.lock_until && host.action != HostAction::None {
                    let forced = host.action != HostAction::Lock;
                    self.notes.push(format!("platform: lock of {name} took too long"));
                    if forced {
                        self.host_later(name, millis(0), HostStep::ForceReset);
                    } else {
                        host.action = HostAction::None;
                    }
                }
            }
            HostStep::ForceReset => {
                host.locked = true;
                host.enabled = false;
                host.avail = HostAvailStatus::Offline;
                host.action = HostAction::None;
                self.procedure(name);
                self.power_loss(name);
                self.tell_host(name);
                let after = self.between(60, 150);
                self.host_later(name, after, HostStep::Boot);
            }
            HostStep::UnlockReboot => {
                host.locked = false;
                host.enabled = false;
                host.avail = HostAvailStatus::Offline;
                host.action = HostAction::None;
                self.power_loss(name);
                self.tell_host(name);
                let after = self.between(60, 150);
                self.host_later(name, after, HostStep::Boot);
            }
        }
    }
}
