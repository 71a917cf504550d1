//! The guest agent: which servers it was told of, their heartbeats, and what guests say to votes and notifications.

use super::cloud::{Cloud, CloudEvent, Message};
use super::{millis, secs};
use nfv_common::time::Mono;
use nfv_nfvi::call::GuestCall;
use nfv_nfvi::notification::{GuestFailure, GuestRepair, GuestResponse};
use nfv_nfvi::object::{
    ActionType, AdminState, GuestService, GuestServices, GuestVote, HEARTBEAT, OperState, guest_event,
};
use nfv_nfvi::{Answer, CallError, CallResult, ErrorKind, Notification};

/// A server as the guest agent knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Guest {
    /// Where it is said to be.
    pub host: String,
    /// Its heartbeat is wanted.
    pub wanted: bool,
    /// From when on its heart beats, if the server runs.
    pub beats_from: Mono,
}

/// How guests answer votes and notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Whatever is asked may happen.
    Agreeable,
    /// Nothing may happen.
    Stubborn,
    /// They say nothing.
    Silent,
    /// Now this, now that.
    Moody,
}

/// Something a guest or its agent does later.
#[derive(Debug, Clone)]
pub enum GuestStep {
    /// Its first heartbeat is heard.
    FirstBeat,
    /// It answers.
    Answer(ActionType, GuestResponse),
}

fn unknown() -> CallError {
    CallError::new(ErrorKind::NotFound, "no such instance").with_status(404)
}

impl Cloud {
    /// The flavor of this server asks for a heartbeat.
    pub fn give_heartbeat(&mut self, uuid: &str) {
        let server = self.servers.get_mut(uuid).unwrap();
        server.heartbeat = true;
        server.flavor.extra_specs.insert("sw:wrs:guest:heartbeat".to_owned(), "true".to_owned());
        server.flavor.original_name.push_str("-heartbeat");
    }

    /// The guest agent hears the guest.
    pub fn beats(&self, uuid: &str) -> bool {
        let (Some(guest), Some(server)) = (self.guests.get(uuid), self.servers.get(uuid)) else {
            return false;
        };
        guest.wanted
            && self.now >= guest.beats_from
            && server.host.as_deref() == Some(&guest.host)
            && self.runs(server)
    }

    fn guest_view(&self, uuid: &str) -> CallResult {
        let Some(guest) = self.guests.get(uuid) else { return Err(unknown()) };
        let beats = self.beats(uuid);
        Ok(Answer::GuestServices(GuestServices {
            instance_uuid: uuid.to_owned(),
            host_name: Some(guest.host.clone()),
            services: vec![GuestService {
                name: HEARTBEAT.to_owned(),
                admin_state: if guest.wanted { AdminState::Unlocked } else { AdminState::Locked },
                oper_state: if beats { OperState::Enabled } else { OperState::Disabled },
                restart_timeout: Some(if guest.wanted { 120 } else { 0 }),
            }],
        }))
    }

    /// A request about a guest reaches the guest agent.
    pub fn serve_guest(&mut self, call: &GuestCall) -> CallResult {
        match call {
            GuestCall::CreateServices { uuid, host_name, .. } => {
                let guest = Guest { host: host_name.clone(), wanted: false, beats_from: self.now };
                self.guests.entry(uuid.clone()).or_insert(guest).host.clone_from(host_name);
                Ok(Answer::Done)
            }
            GuestCall::SetServices { uuid, host_name, services } => {
                let wanted = services.iter().any(|service| service.admin_state == AdminState::Unlocked);
                let (beats, starts) = (self.beats(uuid), self.between(2, 12));
                let now = self.now;
                let Some(guest) = self.guests.get_mut(uuid) else { return Err(unknown()) };
                guest.host.clone_from(host_name);
                guest.wanted = wanted;
                if wanted && !beats {
                    guest.beats_from = now + starts;
                    let step = GuestStep::FirstBeat;
                    self.schedule(starts, CloudEvent::Guest { uuid: uuid.clone(), step });
                }
                self.guest_view(uuid)
            }
            GuestCall::DeleteServices { uuid } => {
                self.guests.remove(uuid);
                Ok(Answer::Done)
            }
            GuestCall::QueryServices { uuid } => self.guest_view(uuid),
            GuestCall::Vote { uuid, host_name, action } => {
                let answers = [GuestResponse::Allow, GuestResponse::Reject];
                self.ask_guest(uuid, host_name, action, guest_event(action, true), answers)
            }
            GuestCall::Notify { uuid, host_name, action, pre } => {
                let answers = [GuestResponse::Proceed, GuestResponse::Proceed];
                self.ask_guest(uuid, host_name, action, guest_event(action, *pre), answers)
            }
            GuestCall::HostServices { .. } => Err(CallError::new(ErrorKind::Unsupported, "not a guest")),
        }
    }

    /// The guest hears of an action; `answers` are what it says when it agrees, and when it does not.
    fn ask_guest(
        &mut self,
        uuid: &str,
        host: &str,
        action: &ActionType,
        event: &str,
        answers: [GuestResponse; 2],
    ) -> CallResult {
        if !self.guests.contains_key(uuid) {
            return Err(unknown());
        }
        let moods = [Mood::Agreeable, Mood::Agreeable, Mood::Agreeable, Mood::Stubborn, Mood::Silent];
        let mood = match self.mood {
            Mood::Moody => moods[self.rng.usize(0..moods.len())],
            fixed => fixed,
        };
        let response = match mood {
            Mood::Agreeable | Mood::Moody => Some(answers[0]),
            Mood::Stubborn => Some(answers[1]),
            Mood::Silent => None,
        };
        let beats = self.beats(uuid);
        if let Some(response) = response.filter(|_| beats) {
            let step = GuestStep::Answer(action.clone(), response);
            let after = self.between(1, 9);
            self.schedule(after, CloudEvent::Guest { uuid: uuid.to_owned(), step });
        }
        let timeout = if beats { 15 } else { 0 };
        let (uuid, action) = (uuid.to_owned(), event.to_owned());
        Ok(Answer::GuestVote(GuestVote { uuid, host_name: Some(host.to_owned()), action, timeout }))
    }

    /// Its time has come.
    pub fn guest_step(&mut self, uuid: &str, step: GuestStep) {
        let body = match step {
            GuestStep::FirstBeat => {
                let Ok(Answer::GuestServices(services)) = self.guest_view(uuid) else { return };
                if !self.beats(uuid) {
                    return;
                }
                Notification::GuestServicesState { services }
            }
            GuestStep::Answer(action, response) => {
                let reason = if response == GuestResponse::Reject { "Not now." } else { "" };
                let name = self.servers.get(uuid).map_or(uuid, |server| &server.name);
                self.notes.push(format!("guest: {name} says {response:?} to {action}"));
                Notification::GuestActionResponse {
                    uuid: uuid.to_owned(),
                    action,
                    response,
                    reason: reason.to_owned(),
                }
            }
        };
        self.said.push((millis(0), Message::Guest(body)));
    }

    /// A guest whose heart beats stops, and wants something done about it.
    pub fn fail_guest(&mut self, uuid: &str, failure: GuestFailure, repair: GuestRepair) {
        if !self.beats(uuid) {
            return;
        }
        let back = self.now + secs(90);
        self.guests.get_mut(uuid).unwrap().beats_from = back;
        let server = self.servers.get_mut(uuid).unwrap();
        server.failures += 1;
        server.user_stopped |= repair == GuestRepair::Stop;
        self.notes.push(format!("guest: {} {failure:?}, wants {repair:?}", self.servers[uuid].name));
        let body = Notification::GuestAlarm { uuid: uuid.to_owned(), failure, repair };
        self.said.push((millis(0), Message::Guest(body)));
    }

    /// The guest agent starts anew and knows nothing.
    pub fn guest_agent_forgets(&mut self) {
        self.notes.push("guest: the agent forgets everything".to_owned());
        self.guests.clear();
    }
}
