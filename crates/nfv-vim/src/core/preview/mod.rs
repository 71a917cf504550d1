//! What would happen if a host were locked or failed, or a strategy applied: asked of the code that decides when it does
//! happen. Nothing is changed by asking. docs/extensions.md, "Preview".
//!
//! - this file: the requests, and supposing that a host were in another state.
//! - `host`: what a host loses.
//! - `strategy`: the stages that are still to be applied, one after the other.
//! - `destination`: where instances could go.

mod destination;
mod host;
mod strategy;

use super::Vim;
use super::host::Host;
use super::instance::Instance;
use destination::Room;
use nfv_nfvi::RequestId;
use nfv_vim_rpc::preview::{Estimate, InstanceMove, Preview, PreviewHost};
use nfv_vim_rpc::strategy::GetStrategy;
use nfv_vim_rpc::{Response, ResponseBody as Body, ResultCode};

/// What happens to an instance, beside what Nova is asked for.
mod action {
    /// It is set to error.
    pub(super) const FAIL: &str = "fail";
    /// Nothing.
    pub(super) const STAY: &str = "stay";
}

impl Vim {
    pub(super) fn preview_host_request(&mut self, id: RequestId, asked: &PreviewHost) {
        let name = asked.host_name.as_deref().unwrap_or_default();
        match self.preview_host(name, asked.action) {
            Some(preview) => self.respond(id, Response::success(Body::PreviewHost(preview))),
            None => self.refuse(id, ResultCode::NotFound, Body::PreviewHost),
        }
    }

    pub(super) fn preview_strategy_request(&mut self, id: RequestId, asked: &GetStrategy) {
        match self.preview_strategy(asked.sw_update_type.as_deref()) {
            Some(preview) => self.respond(id, Response::success(Body::PreviewStrategy(preview))),
            None => self.refuse(id, ResultCode::NotFound, Body::PreviewStrategy),
        }
    }

    /// Looks at everything as if the host were different; afterwards it is as before.
    fn supposing<R>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut Host),
        look: impl FnOnce(&Self) -> R,
    ) -> Option<R> {
        let host = self.hosts.get_mut(name)?;
        let as_it_is = host.clone();
        change(host);
        let seen = look(self);
        self.hosts.insert(name.to_owned(), as_it_is);
        Some(seen)
    }

    /// An instance with nothing said about it yet.
    fn instance_move(&self, instance: &Instance, host: &str, action: &str) -> InstanceMove {
        InstanceMove {
            uuid: instance.uuid().to_owned(),
            name: instance.name().to_owned(),
            host: host.to_owned(),
            action: action.to_owned(),
            estimate: self.histories.durations.estimate(action),
            ..InstanceMove::default()
        }
    }

    /// The same, of one that leaves its host.
    fn leaving<'a>(&self, instance: &'a Instance, host: &str, action: &str, room: &Room<'a>) -> InstanceMove {
        let destinations = Some(room.destinations(instance, host));
        InstanceMove { destinations, ..self.instance_move(instance, host, action) }
    }

    /// How long these take, so many at once.
    fn time_for<'a>(&self, moves: impl Iterator<Item = &'a InstanceMove>, at_once: usize) -> Estimate {
        let times: Vec<_> = moves.map(|one| &one.estimate).collect();
        let at_once = u64::try_from(at_once.max(1)).unwrap_or(1);
        let seconds: u64 = times.iter().map(|time| time.seconds).sum();
        Estimate {
            seconds: seconds.div_ceil(at_once.min(times.len().max(1) as u64)),
            measured: !times.is_empty() && times.iter().all(|time| time.measured),
        }
    }
}

/// A note about instances for which the VIM knows of no host with room.
fn nowhere_to_go(moves: &[InstanceMove], hosts: &[String]) -> Option<String> {
    let nowhere = |one: &&InstanceMove| one.destinations.as_ref().is_some_and(|to| to.count == 0);
    let lost = moves.iter().filter(nowhere).count();
    let of = hosts.join(", ");
    (lost > 0)
        .then(|| format!("As far as the VIM knows, no host has room for {lost} of the instances of {of}."))
}

/// One after the other.
fn sum<'a>(parts: impl Iterator<Item = &'a Estimate>) -> Estimate {
    let mut total = Estimate { seconds: 0, measured: true };
    let mut any = false;
    for part in parts {
        any = true;
        total.seconds += part.seconds;
        // what takes no time is no assumption
        total.measured &= part.measured || part.seconds == 0;
    }
    total.measured &= any;
    total
}

/// The whole of its stages; the first that is refused is where it ends.
fn whole(subject: String, action: &str, preview: Preview) -> Preview {
    let estimate = Some(sum(preview.stages.iter().map(|stage| &stage.estimate)));
    let refused = preview.refused.or_else(|| preview.stages.iter().find_map(|stage| stage.refused.clone()));
    Preview { subject: Some(subject), action: Some(action.to_owned()), refused, estimate, ..preview }
}
