//! Hosts, as mtcAgent tells of them. Contract: guest 6.

use std::net::IpAddr;

use guest_daemon::log::Level;
use guest_protocol::heartbeat::datagram::{HostCommand, HostRecord, ServerCommand};
use guest_protocol::heartbeat::words::Switch;

use super::agent::{Agent, Host};

impl Agent {
    /// mtcAgent tells of a host.
    pub fn on_host(&mut self, command: HostCommand) {
        match command {
            HostCommand::Add(record) => self.add_host(record),
            HostCommand::Mod(record) => self.mod_host(record),
            HostCommand::Del { uuid, .. } => self.del_host(&uuid),
        }
    }

    fn address(&mut self, record: &HostRecord) -> Option<IpAddr> {
        let address = record.address.parse().ok();
        if address.is_none() {
            let text = format!("{} has no usable address: '{}'", record.hostname, record.address);
            self.log(Level::Error, text);
        }
        address
    }

    fn add_host(&mut self, record: HostRecord) {
        if self.hosts.contains_key(&record.hostname) {
            self.log(Level::Info, format!("{} Already provisioned", record.hostname));
            return;
        }
        let address = self.address(&record);
        let host = Host {
            uuid: record.uuid,
            address,
            reporting: Switch::Disabled,
            got_state: false,
            got_instances: false,
            asking_state: false,
            asking_instances: false,
            queried: false,
            query_misses: 0,
        };
        self.log(Level::Info, format!("{} added", record.hostname));
        self.hosts.insert(record.hostname, host);
    }

    fn mod_host(&mut self, record: HostRecord) {
        let address = self.address(&record);
        let HostRecord { hostname, uuid, personality, .. } = record;
        match self.hosts.get_mut(&hostname) {
            Some(host) => {
                host.uuid = uuid.clone();
                host.address = address;
                let text = format!("{hostname} modify {uuid} {address:?} {personality}");
                self.log(Level::Info, text);
            }
            None => self.log(Level::Warn, format!("{hostname} not already provisioned")),
        }
    }

    fn del_host(&mut self, uuid: &str) {
        let Some(hostname) = self.hostname_of(uuid) else {
            self.log(Level::Warn, format!("Unknown uuid: {uuid}"));
            return;
        };
        let on_it = self.instances.iter().filter(|(_, instance)| instance.hostname == hostname);
        let on_it: Vec<_> = on_it.map(|(uuid, _)| uuid.clone()).collect();
        for uuid in on_it {
            self.instances.remove(&uuid);
            self.command(&hostname, ServerCommand::DelInstance(uuid));
        }
        self.hosts.remove(&hostname);
        self.log(Level::Info, format!("{hostname} deleted"));
    }

    pub(super) fn hostname_of(&self, uuid: &str) -> Option<String> {
        self.hosts.iter().find(|(_, host)| host.uuid == uuid).map(|(hostname, _)| hostname.clone())
    }

    /// Failures on a host are reported from now on, or no more; false when it is not known.
    pub(super) fn set_host_reporting(&mut self, hostname: &str, reporting: Switch) -> bool {
        let Some(host) = self.hosts.get_mut(hostname) else { return false };
        host.reporting = reporting;
        let uuid = host.uuid.clone();
        let word = if reporting.is_on() { "Enabled" } else { "Disabled" };
        self.log(Level::Info, format!("{hostname} host level heartbeat reporting is {word}"));
        self.command(hostname, ServerCommand::ModHost { host: uuid, reporting });
        true
    }
}
