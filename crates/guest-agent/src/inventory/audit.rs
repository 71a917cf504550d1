//! The audit: what is missing is asked for, and guestServers tell what they know. Contract: guest 6.

use std::time::Duration;

use guest_protocol::heartbeat::datagram::ServerCommand;
use guest_protocol::heartbeat::vim;

use super::agent::{Agent, CallKind};

/// Time between two audits.
const AUDIT: Duration = Duration::from_secs(10);

impl Agent {
    /// When [`Agent::on_time`] is wanted; none while there is no host.
    pub fn next_deadline(&self) -> Option<Duration> {
        (!self.hosts.is_empty()).then_some(self.audit_due)
    }

    /// Time has passed.
    pub fn on_time(&mut self, now: Duration) {
        if self.hosts.is_empty() || self.audit_due > now {
            return;
        }
        self.audit_due = now + AUDIT;
        let hostnames: Vec<_> = self.hosts.keys().cloned().collect();
        for hostname in hostnames {
            self.audit(&hostname);
        }
    }

    fn audit(&mut self, hostname: &str) {
        let Some(host) = self.hosts.get_mut(hostname) else { return };
        let uuid = host.uuid.clone();
        let ask_state = !host.got_state && !host.asking_state;
        let ask_instances = !host.got_instances && !host.asking_instances;
        host.asking_state |= ask_state;
        host.asking_instances |= ask_instances;
        if ask_state {
            let (path, body) = (format!("/nfvi-plugins/v1/hosts/{uuid}"), vim::host_query(hostname, &uuid));
            self.call(&uuid, CallKind::HostState(hostname.to_owned()), "GET", path, Some(body));
        }
        if ask_instances {
            let path = format!("/nfvi-plugins/v1/instances/?host_uuid={uuid}");
            self.call(&uuid, CallKind::HostInstances(hostname.to_owned()), "GET", path, None);
        }
        self.query(hostname);
    }

    /// Asks the guestServer of a host for all that it knows, when there is something to know.
    pub(super) fn query(&mut self, hostname: &str) {
        let occupied = self.instances.values().any(|instance| instance.hostname == hostname);
        let Some(host) = self.hosts.get_mut(hostname) else { return };
        if occupied && host.reporting.is_on() {
            if host.queried {
                host.query_misses += 1;
            }
            host.queried = true;
            self.command(hostname, ServerCommand::QueryInstances);
        }
    }
}
