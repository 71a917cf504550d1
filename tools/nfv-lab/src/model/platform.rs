//! The platform's own behaviour: how sysinv and mtc lock, unlock, lose and regain hosts.
//! Contract: vim-behaviour 10.1 to 10.3, southbound 3.8.
//!
//! ```text
//!   lock     action lock -> VIM ... services-disabled  -> [host_lock]   locked disabled online
//!                              ... -disable-failed     -> the lock is given up (same at the time-out)
//!   unlock   action unlock -> VIM, [host_unlock] unlocked disabled offline, [host_boot] booting -> VIM, intest,
//!            [host_enable] enabled available
//!   failure  dead, [host_detect] disabled failed, [host_offline] offline; recovery: as from host_boot above
//! ```

use super::host::{Admin, Avail, Host, HostStep, Oper};
use super::notice::Notice;
use super::{Cloud, Due};

/// Why sysinv or mtc refuse a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostFault {
    /// No such host.
    NotFound(String),
    /// The text of sysinv's `faultstring`.
    Refused(String),
}

impl Cloud {
    /// The host with this id or name.
    #[must_use]
    pub fn host_by(&self, id_or_name: &str) -> Option<&Host> {
        self.hosts.get(id_or_name).or_else(|| self.hosts.values().find(|host| host.uuid == id_or_name))
    }

    pub(super) fn host_name(&self, id_or_name: &str) -> Result<String, HostFault> {
        self.host_by(id_or_name)
            .map(|host| host.name.clone())
            .ok_or_else(|| HostFault::NotFound(format!("Server {id_or_name} could not be found.")))
    }

    pub(super) fn host_mut(&mut self, name: &str) -> &mut Host {
        self.hosts.get_mut(name).expect("the caller has looked the host up")
    }

    pub(super) fn plan_host(&mut self, name: &str, seconds: f64, step: HostStep) {
        let generation = self.hosts[name].generation;
        self.plan(seconds, Due::Host { host: name.to_owned(), generation, step });
    }

    fn report(&mut self, name: &str) {
        let host = &self.hosts[name];
        let text = format!("{} {} {}", host.admin.as_str(), host.oper.as_str(), host.avail.as_str());
        let notice = Notice::state_change(host);
        self.notify(notice);
        self.happened("host", name, text);
    }

    /// Locks a host, as an operator or the VIM asks sysinv to.
    ///
    /// # Errors
    /// Unknown host, already locked, or another action is under way.
    pub fn lock_host(&mut self, id: &str, force: bool) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        let word = if force { "force-lock" } else { "lock" };
        let host = &self.hosts[&name];
        if host.admin == Admin::Locked {
            return Err(HostFault::Refused(format!(
                "Avoiding '{word}' action on already 'locked' host {name}"
            )));
        }
        if !host.action.is_empty() && !force {
            return Err(HostFault::Refused(format!(
                "Host {name} action '{}' is in progress, please try again later",
                host.action
            )));
        }
        self.notify(Notice::host_action(&self.hosts[&name], word));
        self.happened("host", &name, format!("{word} requested"));
        if force {
            return self.force_lock(&name);
        }
        let host = self.host_mut(&name);
        host.action = word.into();
        host.task = "Locking".into();
        self.wait_for_services_disabled(&name);
        Ok(())
    }

    /// mtc does not wait for the VIM: it locks and resets the host at once. A dead host stays dead.
    fn force_lock(&mut self, name: &str) -> Result<(), HostFault> {
        let boots = self.hosts[name].alive;
        self.kill_host(name);
        let host = self.host_mut(name);
        host.admin = Admin::Locked;
        host.oper = Oper::Disabled;
        host.avail = Avail::Offline;
        host.action = String::new();
        host.task = "Force locking".into();
        self.raise_lock_alarm(name);
        self.report(name);
        if boots {
            self.plan_host(name, self.timings.host_boot, HostStep::Booted);
        }
        Ok(())
    }

    pub(super) fn wait_for_services_disabled(&mut self, name: &str) {
        let host = self.host_mut(name);
        host.lock_wait += 1;
        let wait = host.lock_wait;
        self.plan_host(name, self.timings.host_lock_timeout, HostStep::LockTimeout { wait });
    }

    /// Unlocks a host.
    ///
    /// # Errors
    /// Unknown host, already unlocked, not online, or another action is under way.
    pub fn unlock_host(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        let host = &self.hosts[&name];
        if host.admin == Admin::Unlocked {
            return Err(HostFault::Refused(format!(
                "Avoiding 'unlock' action on already 'unlocked' host {name}"
            )));
        }
        if host.avail != Avail::Online {
            return Err(HostFault::Refused(format!("Host {name} must be online before it can be unlocked")));
        }
        if !host.action.is_empty() {
            return Err(HostFault::Refused(format!("Host {name} action '{}' is in progress", host.action)));
        }
        self.notify(Notice::host_action(host, "unlock"));
        self.happened("host", &name, "unlock requested");
        let host = self.host_mut(&name);
        host.action = "unlock".into();
        host.task = "Unlocking".into();
        self.plan_host(&name, self.timings.host_unlock, HostStep::Unlocked);
        Ok(())
    }

    /// Restarts a locked host.
    ///
    /// # Errors
    /// Unknown host, or not locked.
    pub fn reboot_host(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        if self.hosts[&name].admin != Admin::Locked {
            return Err(HostFault::Refused(format!("Host {name} must be locked before it can be rebooted")));
        }
        self.kill_host(&name);
        let host = self.host_mut(&name);
        host.avail = Avail::Offline;
        host.task = "Rebooting".into();
        self.happened("host", &name, "reboot requested");
        self.report(&name);
        self.plan_host(&name, self.timings.host_boot, HostStep::Booted);
        Ok(())
    }

    /// Moves the active controller's services away: only the request is checked and noted.
    ///
    /// # Errors
    /// Unknown host, not a controller, or no other enabled controller.
    pub fn swact_host(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        if self.hosts[&name].personality != "controller" {
            return Err(HostFault::Refused(format!("Host {name} is not a controller")));
        }
        let peer = self
            .hosts
            .values()
            .any(|host| host.personality == "controller" && host.name != name && host.oper == Oper::Enabled);
        if !peer {
            return Err(HostFault::Refused(format!("{name} has no enabled controller to swact to")));
        }
        self.happened("host", &name, "swact requested");
        Ok(())
    }

    /// The host dies without warning. With `recover_after` its power comes back after so many seconds.
    ///
    /// # Errors
    /// Unknown host.
    pub fn fail_host(
        &mut self,
        id: &str,
        offline_after: Option<f64>,
        recover_after: Option<f64>,
    ) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        self.kill_host(&name);
        self.happened("host", &name, "died");
        let offline_after = offline_after.unwrap_or(self.timings.host_offline);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let offline_after_ms = (offline_after.max(0.0) * 1000.0) as u64;
        self.plan_host(&name, self.timings.host_detect, HostStep::Detected { offline_after_ms });
        if let Some(seconds) = recover_after {
            self.plan_host(&name, seconds, HostStep::PowerOn);
        }
        Ok(())
    }

    /// mtc loses the host at once.
    ///
    /// # Errors
    /// Unknown host.
    pub fn host_offline(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        if self.hosts[&name].alive {
            self.kill_host(&name);
            self.happened("host", &name, "died");
        }
        self.host_step(&name, HostStep::Offline);
        Ok(())
    }

    /// mtc is told by the VIM that the host has failed: it resets it. Contract: southbound 3.9.
    ///
    /// # Errors
    /// Unknown host.
    pub fn severity_failed(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        self.kill_host(&name);
        let host = self.host_mut(&name);
        host.oper = Oper::Disabled;
        host.avail = Avail::Failed;
        self.report(&name);
        self.plan_host(&name, self.timings.host_boot, HostStep::Booted);
        Ok(())
    }

    /// The data ports of a host fail or come back; mtc tells it.
    ///
    /// # Errors
    /// Unknown host.
    pub fn set_data_ports(&mut self, id: &str, failed: bool) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        self.host_mut(&name).data_ports_failed = failed;
        self.happened("host", &name, if failed { "data ports failed" } else { "data ports recovered" });
        self.report(&name);
        Ok(())
    }

    /// Power comes back to a dead host.
    ///
    /// # Errors
    /// Unknown host, or the host is up.
    pub fn recover_host(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        if self.hosts[&name].alive {
            return Err(HostFault::Refused(format!("Host {name} is up")));
        }
        self.host_step(&name, HostStep::PowerOn);
        Ok(())
    }

    /// Everything on the host stops this moment; older plans for it are void.
    pub(super) fn kill_host(&mut self, name: &str) {
        let now = self.now;
        let host = self.host_mut(name);
        host.generation += 1;
        host.alive = false;
        host.action = String::new();
        host.task = String::new();
        if let Some(compute) = &mut host.compute
            && compute.running
        {
            compute.running = false;
            compute.last_seen = now;
        }
        self.servers_of_dead_host(name);
    }

    pub(super) fn host_step(&mut self, name: &str, step: HostStep) {
        match step {
            HostStep::LockTimeout { wait } => {
                if self.hosts[name].lock_wait == wait && self.hosts[name].action == "lock" {
                    self.happened("host", name, "lock timed out waiting for the VIM");
                    self.give_up_lock(name, "services-disable-timeout");
                }
            }
            HostStep::Locked => self.host_locked(name),
            HostStep::Unlocked => self.host_unlocked(name),
            HostStep::PowerOn => {
                self.happened("host", name, "power on");
                self.plan_host(name, self.timings.host_boot, HostStep::Booted);
            }
            HostStep::Booted => self.host_booted(name),
            HostStep::Enabled => self.host_enabled(name),
            HostStep::Detected { offline_after_ms } => {
                let host = self.host_mut(name);
                host.oper = Oper::Disabled;
                host.avail = Avail::Failed;
                self.raise_alarm(
                    "200.004",
                    &format!("host={name}"),
                    "critical",
                    &format!("{name} experienced a service-affecting failure. Auto-recovery in progress."),
                );
                self.report(name);
                let wait = std::time::Duration::from_millis(offline_after_ms).as_secs_f64();
                self.plan_host(name, wait, HostStep::Offline);
            }
            HostStep::Offline => {
                let host = self.host_mut(name);
                if host.alive {
                    return;
                }
                host.oper = Oper::Disabled;
                host.avail = Avail::Offline;
                self.report(name);
            }
            HostStep::PowerSync => self.power_sync(name),
        }
    }

    fn host_locked(&mut self, name: &str) {
        let now = self.now;
        let host = self.host_mut(name);
        if host.admin == Admin::Locked {
            return;
        }
        host.admin = Admin::Locked;
        host.oper = Oper::Disabled;
        host.avail = if host.alive { Avail::Online } else { Avail::Offline };
        host.action = String::new();
        host.task = String::new();
        if let Some(compute) = &mut host.compute
            && compute.running
        {
            compute.running = false;
            compute.last_seen = now;
        }
        self.raise_lock_alarm(name);
        self.report(name);
    }

    fn raise_lock_alarm(&mut self, name: &str) {
        let text = format!("{name} was administratively locked to take it out-of-service.");
        self.raise_alarm("200.001", &format!("host={name}"), "warning", &text);
    }

    fn host_unlocked(&mut self, name: &str) {
        self.kill_host(name);
        let host = self.host_mut(name);
        host.admin = Admin::Unlocked;
        host.oper = Oper::Disabled;
        host.avail = Avail::Offline;
        host.task = "Rebooting".into();
        self.clear_alarm("200.001", &format!("host={name}"));
        self.report(name);
        self.plan_host(name, self.timings.host_boot, HostStep::Booted);
    }

    fn host_booted(&mut self, name: &str) {
        let now = self.now.as_secs_f64();
        let host = self.host_mut(name);
        host.generation += 1;
        host.alive = true;
        host.booted_at = now;
        host.avail = if host.admin == Admin::Locked { Avail::Online } else { Avail::InTest };
        host.oper = Oper::Disabled;
        host.task = if host.admin == Admin::Locked { String::new() } else { "Testing".into() };
        let notice = Notice::booting(host);
        self.notify(notice);
        self.happened("host", name, "booting");
        self.report(name);
        if self.hosts[name].admin == Admin::Unlocked {
            self.plan_host(name, self.timings.host_enable, HostStep::Enabled);
        }
    }

    fn host_enabled(&mut self, name: &str) {
        let host = self.host_mut(name);
        host.oper = Oper::Enabled;
        host.avail = Avail::Available;
        host.task = "Enabling".into();
        self.clear_alarm("200.004", &format!("host={name}"));
        self.start_compute(name);
        self.report(name);
    }

    /// Nova's compute service starts: it finds what is left of its servers.
    pub fn start_compute(&mut self, name: &str) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        let Some(compute) = &mut host.compute else { return };
        if !compute.running {
            compute.running = true;
            self.servers_of_restarted_compute(name);
            self.plan_host(name, self.timings.power_sync, HostStep::PowerSync);
        }
    }

    /// Nova's compute service dies, the host lives on.
    pub fn stop_compute(&mut self, name: &str) {
        let now = self.now;
        if let Some(compute) = self.hosts.get_mut(name).and_then(|host| host.compute.as_mut()) {
            compute.running = false;
            compute.last_seen = now;
        }
    }
}
