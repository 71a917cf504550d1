//! Instances, as the VIM tells of them. Contract: guest 6.

use guest_daemon::log::Level;
use guest_protocol::heartbeat::datagram::ServerCommand;
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::words::Switch;

use super::agent::{Agent, Instance};

/// The host that was named is not known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownHost;

impl Agent {
    /// Watches an instance on a host from now on.
    pub(super) fn add_instance(
        &mut self,
        hostname: &str,
        uuid: &InstanceUuid,
        reporting: Switch,
    ) -> Result<(), UnknownHost> {
        self.known(hostname, uuid)?;
        match self.instances.get(uuid) {
            Some(instance) if instance.hostname == hostname => {
                self.log(Level::Info, format!("{hostname} {uuid} info unchanged"));
            }
            Some(_) | None => self.place(hostname, uuid, reporting),
        }
        Ok(())
    }

    /// Reports failures of an instance on a host from now on, or no more.
    pub(super) fn mod_instance(
        &mut self,
        hostname: &str,
        uuid: &InstanceUuid,
        reporting: Switch,
    ) -> Result<(), UnknownHost> {
        self.known(hostname, uuid)?;
        match self.instances.get_mut(uuid) {
            Some(instance) if instance.hostname == hostname => {
                let verb = if instance.reporting == reporting { "already" } else { "changed to" };
                instance.reporting = reporting;
                let text = format!("{hostname} {uuid} instance reporting state {verb} {reporting}");
                self.log(Level::Info, text);
                self.command(hostname, ServerCommand::ModInstance(uuid.clone(), reporting));
            }
            Some(_) | None => self.place(hostname, uuid, reporting),
        }
        Ok(())
    }

    /// Before anything is changed: a request that names a wrong host takes nothing away.
    fn known(&mut self, hostname: &str, uuid: &InstanceUuid) -> Result<(), UnknownHost> {
        if self.hosts.contains_key(hostname) {
            return Ok(());
        }
        self.log(Level::Error, format!("{hostname} hostname is unknown ({uuid})"));
        Err(UnknownHost)
    }

    /// Puts an instance on a host, away from where it was.
    fn place(&mut self, hostname: &str, uuid: &InstanceUuid, reporting: Switch) {
        if let Some(before) = self.instances.remove(uuid) {
            self.log(Level::Info, format!("{} {uuid} move to {hostname}", before.hostname));
            self.command(&before.hostname, ServerCommand::DelInstance(uuid.clone()));
        }
        self.log(Level::Info, format!("{hostname} {uuid} add - Notify: {reporting}"));
        self.instances.insert(uuid.clone(), Instance::new(hostname, reporting));
        self.command(hostname, ServerCommand::AddInstance(uuid.clone(), reporting));
    }

    /// Watches an instance no more; false when it is not known.
    pub(super) fn del_instance(&mut self, uuid: &InstanceUuid) -> bool {
        let Some(instance) = self.instances.remove(uuid) else { return false };
        self.command(&instance.hostname, ServerCommand::DelInstance(uuid.clone()));
        true
    }
}
