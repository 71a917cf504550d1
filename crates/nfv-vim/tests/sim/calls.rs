//! Calls on their way: their fate, their turns, the request, the answer.

use super::describe::{describe_call, is_change};
use super::fault::Fate;
use super::invariant;
use super::millis;
use super::stock::{self, listing_begun};
use super::world::{Event, OpenCall, World};
use nfv_nfvi::call::InfrastructureCall;
use nfv_nfvi::{Call, CallId};

/// The call without what it is about.
fn name(call: &Call) -> String {
    let text = format!("{call:?}");
    let inner = text.split_once('(').map_or(text.as_str(), |(_, inner)| inner);
    let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).collect();
    match text.split_once("operation: ") {
        Some((_, operation)) => {
            format!("{name} {}", operation.chars().take_while(char::is_ascii_alphabetic).collect::<String>())
        }
        None => name,
    }
}

impl World {
    /// A call leaves the VIM.
    pub(super) fn send(&mut self, id: CallId, call: Call) {
        if is_change(&call) {
            self.journal.line(self.now, &format!("vim: call {} {}", id.0, describe_call(&call)));
        } else if !self.journal.silent {
            self.journal.routine(self.now, format_args!("vim: call {} {}", id.0, describe_call(&call)));
        }
        if !self.used.insert(id) {
            return self.fail(format!("call id {} is used twice", id.0));
        }
        if let Call::Infrastructure(InfrastructureCall::NotifyHostServices { host, notice }) = &call
            && let Some(host) = self.cloud.hosts.get_mut(&host.name)
        {
            host.unheard = Some(notice.clone());
        }
        let running = self.calls.values().filter(|open| open.call.pool() == call.pool()).count();
        if running > 40 {
            return self.fail(format!("{running} calls of the {} pool at once", call.pool().as_str()));
        }
        let alone = invariant::one_recovery(&call, self.calls.values().map(|open| &open.call));
        if let Err(what) = alone.and_then(|()| invariant::before_call(&self.cloud, &call)) {
            return self.fail(what);
        }
        let fate = match self.outages.get(&call.pool()) {
            Some((until, outage)) if self.now < *until => outage.fate(),
            _ if self.cloud.steady => Fate::Served,
            _ => self.profile.fate(&mut self.rng),
        };
        if !self.journal.silent {
            *self.sent.entry((call.pool(), name(&call))).or_default() += 1;
        }
        let fate = match listing_begun(&call) {
            // a service that says so twice in a row is believed
            Some(listing)
                if fate == Fate::Served
                    && !self.cloud.steady
                    && self.rng.u32(0..1000) < self.profile.empty
                    && self.emptied.insert(listing) =>
            {
                Fate::Empty
            }
            _ => fate,
        };
        if fate != Fate::Served {
            self.journal.line(self.now, &format!("fault: call {} meets {fate:?}", id.0));
        }
        let several = !self.cloud.steady && self.rng.u32(0..1000) < self.profile.turns;
        let turns = if several { self.rng.u32(1..4) } else { 0 };
        self.calls.insert(id, OpenCall { call, fate, turns, served: None });
        self.dispatch(id);
    }

    /// A call has a turn: it asks for another one, or reaches its service.
    pub(super) fn dispatch(&mut self, id: CallId) {
        let process = self.process;
        let delay = millis(if self.cloud.steady { 20 } else { self.rng.u64(2..300) });
        let Some(open) = self.calls.get(&id) else { return };
        if open.turns > 0 {
            self.queue(delay, Event::TurnWanted { process, id });
            return;
        }
        match &open.fate {
            Fate::LostRequest => {}
            Fate::Refused(error) => {
                let result = Err(error.clone());
                self.queue(delay, Event::Answered { process, id, result });
            }
            Fate::Served | Fate::Empty | Fate::LostAnswer | Fate::TimedOut(_) | Fate::Slow(_) => {
                let (call, fate) = (Box::new(open.call.clone()), open.fate.clone());
                self.queue(delay, Event::Arrives { process, id, call, fate });
            }
        }
    }

    /// A request reaches its service. It is served even if its sender is gone.
    pub(super) fn arrives(&mut self, process: u32, id: CallId, call: &Call, fate: Fate) {
        let mut result = self.cloud.serve(call);
        if process == self.process
            && let Some(open) = self.calls.get_mut(&id)
        {
            open.served = Some(self.now);
        }
        let delay = millis(if self.cloud.steady { 20 } else { self.rng.u64(2..300) });
        let (delay, result) = match fate {
            Fate::LostAnswer | Fate::LostRequest => return,
            Fate::TimedOut(after) => {
                let error = nfv_nfvi::CallError::new(nfv_nfvi::ErrorKind::TimedOut, "no answer in time");
                (after, Err(error))
            }
            Fate::Slow(after) => (after, result),
            Fate::Empty => {
                if let Ok(answer) = &mut result {
                    stock::empty(answer);
                }
                (delay, result)
            }
            Fate::Served | Fate::Refused(_) => (delay, result),
        };
        self.queue(delay, Event::Answered { process, id, result });
    }
}
