//! The guest agent: host services and heartbeats of instances. Contract: southbound 3.10, 8.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::notice::Notice;
use super::{Cloud, Due};

/// A host known to the guest agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestHost {
    /// Host name.
    pub hostname: String,
    /// Guest services on it are enabled.
    pub enabled: bool,
}

/// An instance with guest services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestInstance {
    /// Where it is.
    pub hostname: String,
    /// The heartbeat is wanted.
    pub enabled: bool,
    /// The guest beats.
    pub beating: bool,
    /// Goes up with each change, so that an older plan is void.
    pub generation: u64,
}

/// What is on the agenda for guests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuestStep {
    /// The first beat after an enabling.
    FirstBeat {
        /// Instance id.
        instance: String,
        /// Generation the plan belongs to.
        generation: u64,
    },
    /// The guest's answer to a vote or notification.
    Answer {
        /// Instance id.
        instance: String,
        /// Event it answers.
        action: String,
        /// `allow`, `reject` or `proceed`.
        response: &'static str,
    },
}

/// The guest agent.
#[derive(Debug, Clone, Default)]
pub struct GuestAgent {
    /// Hosts by id.
    pub hosts: BTreeMap<String, GuestHost>,
    /// Instances by id.
    pub instances: BTreeMap<String, GuestInstance>,
}

/// Seconds (as text) that a guest may take for its answer.
pub const ANSWER_TIMEOUT: &str = "15";
/// Seconds (as text) that a guest may take for a restart.
const RESTART_TIMEOUT: &str = "120";

impl Cloud {
    /// Sets the heartbeat of an instance; false when the agent does not know it.
    pub fn set_guest_service(&mut self, id: &str, hostname: Option<&str>, enabled: bool) -> bool {
        let Some(instance) = self.guests.instances.get_mut(id) else { return false };
        if let Some(hostname) = hostname {
            instance.hostname = hostname.to_owned();
        }
        instance.enabled = enabled;
        instance.beating &= enabled;
        instance.generation += 1;
        let generation = instance.generation;
        if enabled {
            let step = GuestStep::FirstBeat { instance: id.to_owned(), generation };
            self.plan(self.timings.guest_start, Due::Guest(step));
        }
        true
    }

    /// Asks (vote) or tells (notify) a guest; its answer comes later.
    pub fn ask_guest(&mut self, id: &str, action: &str, vote: bool) -> bool {
        if !self.guests.instances.contains_key(id) {
            return false;
        }
        let rejects = self.servers.get(id).is_some_and(|server| server.guest_rejects);
        let response = match (vote, rejects) {
            (true, true) => "reject",
            (true, false) => "allow",
            (false, _) => "proceed",
        };
        let step = GuestStep::Answer { instance: id.to_owned(), action: action.to_owned(), response };
        self.plan(self.timings.guest_answer, Due::Guest(step));
        true
    }

    /// The guest beats, and the agent tells. False when it does not run or is not to beat.
    pub fn start_heartbeat(&mut self, id: &str) -> bool {
        let runs = self.guest_runs(id);
        let Some(instance) = self.guests.instances.get_mut(id).filter(|instance| instance.enabled && runs)
        else {
            return false;
        };
        instance.beating = true;
        let data = json!({"services": [{
            "service": "heartbeat", "state": "enabled", "status": "enabled",
            "restart-timeout": RESTART_TIMEOUT,
        }]});
        let notice = Notice::guest_event(id, &instance.hostname, "service", data);
        self.notify(notice);
        true
    }

    /// The guest stops to beat, and the agent asks for a repair. False when it was not beating.
    pub fn fail_heartbeat(&mut self, id: &str, repair: &str, unhealthy: bool) -> bool {
        let Some(instance) = self.guests.instances.get_mut(id).filter(|instance| instance.enabled) else {
            return false;
        };
        instance.beating = false;
        let state = if unhealthy { "unhealthy" } else { "failed" };
        let data = json!({"services": [{"service": "heartbeat", "state": state, "repair-action": repair}]});
        let notice = Notice::guest_event(id, &instance.hostname, "alarm", data);
        self.notify(notice);
        true
    }

    pub(super) fn guest_step(&mut self, step: GuestStep) {
        match step {
            GuestStep::FirstBeat { instance: id, generation } => {
                if self.guests.instances.get(&id).is_some_and(|instance| instance.generation == generation) {
                    self.start_heartbeat(&id);
                }
            }
            GuestStep::Answer { instance: id, action, response } => {
                if !self.guest_runs(&id) {
                    return;
                }
                let Some(instance) = self.guests.instances.get(&id) else { return };
                let reason = if response == "reject" { "The guest is busy." } else { "" };
                let data = json!({"action": action, "guest-response": response, "reason": reason});
                let notice = Notice::guest_event(&id, &instance.hostname, "action", data);
                self.notify(notice);
            }
        }
    }

    /// Whether the guest can be heard: its server runs on a host that works.
    #[must_use]
    pub fn guest_runs(&self, id: &str) -> bool {
        self.servers.get(id).is_some_and(|server| {
            server.power == super::server::Power::Running
                && server.host.as_deref().is_some_and(|host| {
                    self.hosts
                        .get(host)
                        .is_some_and(|host| host.alive && server.running_since >= host.booted_at)
                })
        })
    }

    /// An instance as the agent shows it.
    #[must_use]
    pub fn guest_json(&self, id: &str) -> Option<Value> {
        let instance = self.guests.instances.get(id)?;
        let word = |on: bool| if on { "enabled" } else { "disabled" };
        Some(json!({
            "uuid": id,
            "hostname": instance.hostname,
            "services": [{
                "service": "heartbeat",
                "state": word(instance.enabled),
                "status": word(instance.beating),
                "restart-timeout": RESTART_TIMEOUT,
            }],
        }))
    }
}
