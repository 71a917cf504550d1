//! What guestServers tell. Contract: guest 6.

use guest_daemon::log::Level;
use guest_protocol::heartbeat::datagram::{AgentEvent, InstanceInfo, ServerCommand, VoteNotify};
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::vim::{self, Failure};
use guest_protocol::heartbeat::words::Switch;

use super::agent::{Agent, CallKind};

impl Agent {
    /// A guestServer tells something.
    pub fn on_event(&mut self, event: AgentEvent) {
        match event {
            AgentEvent::MonitorReady { hostname } => self.on_server_ready(&hostname),
            AgentEvent::Instance(info) => self.on_query_answer(&info),
            AgentEvent::Running(info) => self.on_beat(&info, Switch::Enabled),
            AgentEvent::Stopped(info) => self.on_beat(&info, Switch::Disabled),
            AgentEvent::IllHealth(info) => self.on_ill_health(&info),
            AgentEvent::Loss { hostname, uuid } => self.on_loss(&hostname, &uuid),
            AgentEvent::VoteNotify(answer) => self.on_vote(&answer),
        }
    }

    /// A guestServer has started and knows nothing.
    fn on_server_ready(&mut self, hostname: &str) {
        self.log(Level::Info, format!("{hostname} guestServer ready event"));
        let on_it = self.instances.iter().filter(|(_, instance)| instance.hostname == hostname);
        let on_it: Vec<_> = on_it.map(|(uuid, instance)| (uuid.clone(), instance.reporting)).collect();
        for (uuid, reporting) in on_it {
            self.command(hostname, ServerCommand::ModInstance(uuid, reporting));
        }
    }

    fn on_query_answer(&mut self, info: &InstanceInfo) {
        let InstanceInfo { hostname, uuid, .. } = info;
        if let Some(host) = self.hosts.get_mut(hostname) {
            host.queried = false;
            host.query_misses = 0;
        }
        let Some(instance) = self.instances.get_mut(uuid) else {
            self.log(Level::Error, format!("{uuid} unknown uuid ; correcting ..."));
            self.command(hostname, ServerCommand::DelInstance(uuid.clone()));
            return;
        };
        if instance.hostname != *hostname {
            self.log(Level::Warn, format!("{hostname} {uuid} no longer paired ; dropping query response"));
            self.command(hostname, ServerCommand::DelInstance(uuid.clone()));
            return;
        }
        instance.take(info);
        instance.corrective_action = info.repair_action.clone();
        let (reporting, changed) = (instance.reporting, instance.heartbeating != info.heartbeating);
        if info.reporting != reporting {
            let text = format!(
                "{hostname}:{uuid} state mismatch ... state is '{}' but should be '{reporting}' ... fixing",
                info.reporting
            );
            self.log(Level::Warn, text);
            self.command(hostname, ServerCommand::ModInstance(uuid.clone(), reporting));
        }
        if changed {
            self.on_beat(info, info.heartbeating);
        }
    }

    fn on_beat(&mut self, info: &InstanceInfo, beating: Switch) {
        let InstanceInfo { hostname, uuid, .. } = info;
        let Some(instance) = self.instances.get_mut(uuid) else {
            self.log(Level::Error, format!("{hostname} {uuid} failed instance lookup"));
            return;
        };
        instance.take(info);
        instance.corrective_action = info.repair_action.clone();
        let changed = instance.heartbeating != beating;
        instance.heartbeating = beating;
        let (reporting, known_host) = (instance.reporting, instance.hostname.clone());
        if known_host != *hostname {
            let text = format!("{hostname} {uuid} hostname mismatch ({known_host})");
            self.log(Level::Warn, text);
        }
        if changed {
            let (level, verb) = if beating.is_on() { (Level::Info, "now") } else { (Level::Warn, "not") };
            self.log(level, format!("{hostname} {uuid} is {verb} heartbeating"));
        }
        let restart = if beating.is_on() { info.restart.as_secs() } else { 0 };
        self.tell(uuid, CallKind::Event, vim::service_event(uuid, hostname, reporting, beating, restart));
    }

    fn on_ill_health(&mut self, info: &InstanceInfo) {
        let InstanceInfo { hostname, uuid, .. } = info;
        let Some(instance) = self.instances.get_mut(uuid) else {
            self.log(Level::Error, format!("{hostname} {uuid} failed instance lookup"));
            return;
        };
        instance.take(info);
        self.log(Level::Info, format!("{hostname} {uuid} ill health notification"));
        // What the guest wants done about its illness is not what it wants done when its heart stops.
        let body = vim::alarm_event(uuid, hostname, Failure::Unhealthy, &info.repair_action);
        self.tell(uuid, CallKind::Event, body);
    }

    fn on_loss(&mut self, hostname: &str, uuid: &InstanceUuid) {
        if !self.hosts.get(hostname).is_some_and(|host| host.reporting.is_on()) {
            self.log(Level::Warn, format!("{hostname} heartbeat failure reporting disabled"));
            return;
        }
        let Some(instance) = self.instances.get(uuid) else {
            self.log(Level::Error, format!("{hostname} {uuid} failed instance lookup"));
            return;
        };
        if !instance.reporting.is_on() {
            self.log(Level::Info, format!("{hostname} {uuid} reporting disabled"));
            return;
        }
        let body = vim::alarm_event(uuid, hostname, Failure::Failed, &instance.corrective_action);
        self.log(Level::Error, format!("{hostname} {uuid} heartbeat lost ; sent to vim"));
        self.tell(uuid, CallKind::Loss, body);
    }

    fn on_vote(&mut self, answer: &VoteNotify) {
        let VoteNotify { uuid, notification, event, vote, reason, .. } = answer;
        match vim::guest_response(notification, vote) {
            Some(response) => {
                self.tell(uuid, CallKind::Event, vim::action_event(uuid, event, response, reason));
            }
            None => {
                let text = format!("{uuid} '{vote}' to a notification of unknown type '{notification}'");
                self.log(Level::Error, text);
            }
        }
    }
}
