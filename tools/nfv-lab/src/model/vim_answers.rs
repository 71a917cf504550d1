//! What the VIM tells sysinv about a host, and what comes of it; deletion of hosts; hosts as sysinv shows them.
//! Contract: southbound 3.8.

use serde_json::{Value, json};

use super::Cloud;
use super::host::{Admin, Host, HostStep};
use super::notice::Notice;
use super::platform::HostFault;

impl Cloud {
    /// The VIM says: all services of the host are disabled.
    ///
    /// # Errors
    /// Unknown host.
    pub fn services_disabled(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        let host = self.host_mut(&name);
        host.vim_progress = "services-disabled".into();
        if host.action == "lock" && host.admin == Admin::Unlocked {
            host.lock_wait += 1;
            self.plan_host(&name, self.timings.host_lock, HostStep::Locked);
        }
        self.happened("host", &name, "VIM: services-disabled");
        Ok(())
    }

    /// The VIM says: the services could not be disabled; a lock is given up.
    ///
    /// # Errors
    /// Unknown host.
    pub fn services_disable_failed(&mut self, id: &str, reason: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        self.happened("host", &name, format!("VIM: services-disable-failed, {reason}"));
        self.give_up_lock(&name, reason);
        Ok(())
    }

    pub(super) fn give_up_lock(&mut self, name: &str, reason: &str) {
        let host = self.host_mut(name);
        host.vim_progress = reason.into();
        if host.action == "lock" {
            host.lock_wait += 1;
            host.action = String::new();
            host.task = String::new();
        }
    }

    /// The VIM says: it needs more time.
    ///
    /// # Errors
    /// Unknown host.
    pub fn services_disable_extend(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        if self.hosts[&name].action == "lock" {
            self.wait_for_services_disabled(&name);
        }
        self.happened("host", &name, "VIM: services-disable-extend");
        Ok(())
    }

    /// The VIM says: all services of the host are enabled.
    ///
    /// # Errors
    /// Unknown host.
    pub fn services_enabled(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        let host = self.host_mut(&name);
        host.vim_progress = "services-enabled".into();
        host.task = String::new();
        self.happened("host", &name, "VIM: services-enabled");
        Ok(())
    }

    /// The VIM says: the services could not be deleted.
    ///
    /// # Errors
    /// Unknown host.
    pub fn services_delete_failed(&mut self, id: &str, reason: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        let host = self.host_mut(&name);
        host.vim_progress = reason.into();
        host.action = String::new();
        self.happened("host", &name, format!("VIM: services-delete-failed, {reason}"));
        Ok(())
    }

    /// An operator deletes a locked host: the VIM is asked, and its DELETE ([`Cloud::remove_host`]) ends it.
    ///
    /// # Errors
    /// Unknown host, or not locked.
    pub fn delete_host(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        if self.hosts[&name].admin != Admin::Locked {
            return Err(HostFault::Refused(format!("Host {name} must be locked before it can be deleted")));
        }
        self.notify(Notice::host_delete(&self.hosts[&name]));
        self.host_mut(&name).action = "delete".into();
        self.happened("host", &name, "delete requested");
        Ok(())
    }

    /// Takes the host out of the inventory.
    ///
    /// # Errors
    /// Unknown host, or not locked.
    pub fn remove_host(&mut self, id: &str) -> Result<(), HostFault> {
        let name = self.host_name(id)?;
        if self.hosts[&name].admin != Admin::Locked {
            return Err(HostFault::Refused(format!("Host {name} must be locked before it can be deleted")));
        }
        self.hosts.remove(&name);
        self.happened("host", &name, "deleted");
        Ok(())
    }

    /// A host as sysinv shows it. Contract: southbound 3.8.
    #[must_use]
    pub fn ihost_json(&self, host: &Host) -> Value {
        json!({
            "id": host.number,
            "uuid": host.uuid,
            "hostname": host.name,
            "personality": host.personality,
            "subfunctions": host.subfunctions,
            "administrative": host.admin.as_str(),
            "operational": host.oper.as_str(),
            "availability": host.avail.as_str(),
            "ihost_action": host.action,
            "task": host.task,
            "vim_progress_status": host.vim_progress,
            "software_load": host.software_load,
            "target_load": host.target_load,
            "uptime": host.uptime(self.now),
            "peers": host.peers.as_ref().map(|name| json!({"name": name})),
        })
    }
}
