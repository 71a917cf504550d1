//! The rules by which Nova takes actions on servers, and how they end.

use super::cloud::{Cloud, CloudEvent};
use super::nova::{Op, OpKind, Server};
use super::secs;
use nfv_common::time::Mono;
use nfv_nfvi::call::NovaAction;
use nfv_nfvi::object::HostAction;
use nfv_nfvi::{Answer, CallError, CallResult, ErrorKind};
use std::time::Duration;

/// The longest that Nova's part of any operation takes here.
pub const LONGEST_OP: Duration = secs(40);

/// A strategy's operation on a host may take so long; what arrives meanwhile is moved on.
const EMPTYING: Duration = secs(1800);

/// A user's request by the VIM's API may reach Nova so much later.
const ASKED: Duration = secs(240);

fn kind_of(action: &NovaAction) -> Option<OpKind> {
    Some(match action {
        NovaAction::Reboot { .. } => OpKind::Reboot,
        NovaAction::Rebuild { .. } => OpKind::Rebuild,
        NovaAction::Evacuate => OpKind::Evacuate,
        NovaAction::LiveMigrate { .. } => OpKind::LiveMigrate,
        NovaAction::ColdMigrate => OpKind::ColdMigrate,
        NovaAction::ConfirmResize => OpKind::Confirm,
        NovaAction::Stop => OpKind::Stop,
        NovaAction::Start => OpKind::Start,
        NovaAction::ResetStateToError => OpKind::ResetError,
        NovaAction::Pause => OpKind::Pause,
        NovaAction::Unpause => OpKind::Unpause,
        NovaAction::RevertResize | NovaAction::Resize { .. } | NovaAction::Suspend | NovaAction::Resume => {
            return None;
        }
    })
}

fn refuse(status: u16, reason: impl Into<String>) -> CallError {
    let reason = reason.into();
    CallError::new(ErrorKind::Refused, reason.clone()).with_status(status).with_reason(reason)
}

impl Cloud {
    /// An action request reaches Nova.
    pub fn act(&mut self, uuid: &str, action: &NovaAction, by_user: bool) -> CallResult {
        let Some(server) = self.servers.get(uuid) else {
            return Err(CallError::new(ErrorKind::NotFound, "no such server").with_status(404));
        };
        let Some(kind) = kind_of(action) else { return Err(refuse(400, "not simulated")) };
        let by_user = by_user || server.asked.is_some_and(|asked| self.now.since(asked) < ASKED);
        let name = server.name.clone();
        let host = server.host.clone().unwrap_or_default();
        // what takes longer was left lying by a host that died
        let under_way =
            server.op.as_ref().is_some_and(|op| op.kind == kind && self.now.since(op.began) <= LONGEST_OP);
        if under_way && kind != OpKind::ResetError && !by_user {
            self.violations.push(format!("{kind:?} of {name} asked for while Nova performs it"));
        }
        let heals = |kind| matches!(kind, OpKind::Reboot | OpKind::Rebuild);
        let other = server.op.as_ref().filter(|op| {
            heals(kind) && heals(op.kind) && op.kind != kind && self.now.since(op.began) < LONGEST_OP
        });
        let runs = self.hosts.get(&host).is_some_and(|host| host.alive);
        if let Some(op) = other.filter(|_| runs && !by_user && !self.users) {
            self.violations
                .push(format!("{kind:?} of {name} asked for while Nova performs its {:?}", op.kind));
        }
        // the VIM may not know yet that the host is back
        let news = self.now - secs(90);
        let leaving = matches!(kind, OpKind::LiveMigrate | OpKind::ColdMigrate)
            && self.hosts.get(&host).is_some_and(|host| {
                let emptied = host.emptied.is_some_and(|since| self.now.since(since) < EMPTYING);
                host.action != HostAction::None || !host.enabled || host.enabled_since > news || emptied
            });
        // strategies move, stop and start an instance as often as its host has its turn
        let turns = [OpKind::LiveMigrate, OpKind::ColdMigrate, OpKind::Stop, OpKind::Start];
        let leaving = leaving || (self.strategies && turns.contains(&kind));
        // a server in error wants healing, also where the VIM itself set it so, late
        let healing = matches!(kind, OpKind::Reboot | OpKind::Rebuild) && server.vm == "error";
        // a guest's wish says nothing in Nova: whether it was fulfilled when the VIM was gone cannot be seen
        let unseen = kind == OpKind::Reboot && server.heartbeat && server.rebooted <= self.vim_started;
        let again = server.done.get(&kind) == Some(&self.epoch(server));
        if again && !leaving && !healing && !by_user && !unseen {
            self.violations.push(format!("{kind:?} of {name} asked for again though nothing failed since"));
        }
        let (alive, since) = self.hosts.get(&host).map_or((false, Mono::ZERO), |h| (h.alive, h.alive_since));
        if kind == OpKind::Evacuate && alive && self.now.since(since) > secs(90) {
            self.violations.push(format!("evacuation of {name} asked for while {host} runs"));
        }
        self.count_moves(&name, kind, &host);
        let result = self.take(uuid, kind, &host);
        let accepted = result.is_ok();
        let verdict = match &result {
            Ok(_) => "taken".to_owned(),
            Err(error) => format!("refused: {}", error.reason),
        };
        self.notes.push(format!("nova: {kind:?} of {name} {verdict}"));
        self.requests.push((uuid.to_owned(), kind, accepted));
        if accepted {
            self.changed(uuid);
        }
        result
    }

    /// No more than one server is moved off a working host at a time; a user may move others.
    fn count_moves(&mut self, name: &str, kind: OpKind, host: &str) {
        if !matches!(kind, OpKind::LiveMigrate | OpKind::ColdMigrate) || self.users {
            return;
        }
        let moving = |server: &&Server| {
            server.op.as_ref().is_some_and(|op| {
                matches!(op.kind, OpKind::LiveMigrate | OpKind::ColdMigrate)
                    && op.from == host
                    && self.now.since(op.began) < LONGEST_OP
            })
        };
        if let Some(other) = self.servers.values().find(moving) {
            let what = format!("{name} is moved off {host} while {} still is", other.name);
            self.violations.push(what);
        }
    }

    fn take(&mut self, uuid: &str, kind: OpKind, host: &str) -> CallResult {
        let now = self.now;
        let server = &self.servers[uuid];
        let (vm, task) = (server.vm, server.task);
        let up = self.hosts.get(host).is_some_and(|host| host.compute_up(now));
        let conflict = |what: &str| {
            Err(refuse(
                409,
                format!("Cannot '{what}' instance {uuid} while it is in vm_state {vm}, task_state {task}"),
            ))
        };
        let idle = task == "none";
        let (dest, new_task, from, to) = match kind {
            OpKind::ResetError => {
                // on a host that is in service nobody but Nova may call a server failed
                let in_service = self.hosts.get(host).is_some_and(|host| host.enabled && !host.locked);
                let server = self.servers.get_mut(uuid).unwrap();
                server.failures += u64::from(!in_service);
                server.op = None;
                server.set("error", "none", server.power);
                return Ok(Answer::Done);
            }
            OpKind::Reboot => {
                let free = idle || task == "rebooting_hard";
                if !free || !matches!(vm, "active" | "error" | "stopped" | "paused") {
                    return conflict("reboot");
                }
                (None, "rebooting_hard", 2, 15)
            }
            OpKind::Rebuild => {
                if !idle || !matches!(vm, "active" | "error" | "stopped") {
                    return conflict("rebuild");
                }
                (None, "rebuilding", 5, 20)
            }
            OpKind::Evacuate => {
                if !idle || !matches!(vm, "active" | "error" | "stopped") {
                    return conflict("evacuate");
                }
                if up {
                    return Err(refuse(400, format!("Compute service of {host} is still in use.")));
                }
                (self.schedule_server(uuid), "rebuilding", 4, 30)
            }
            OpKind::LiveMigrate => {
                if !idle || !matches!(vm, "active" | "paused") {
                    return conflict("os-migrateLive");
                }
                if !up {
                    return Err(refuse(
                        400,
                        format!("Compute service of {host} is unavailable at this time."),
                    ));
                }
                match self.schedule_server(uuid) {
                    Some(dest) => (Some(dest), "migrating", 4, 40),
                    None => return Err(refuse(400, "No valid host was found.")),
                }
            }
            OpKind::ColdMigrate => {
                if !idle || !matches!(vm, "active" | "stopped") {
                    return conflict("migrate");
                }
                match self.schedule_server(uuid) {
                    Some(dest) => (Some(dest), "resize_prep", 8, 40),
                    None => return Err(refuse(400, "No valid host was found.")),
                }
            }
            OpKind::Confirm => {
                if vm != "resized" || !idle {
                    return conflict("confirmResize");
                }
                (None, "none", 1, 4)
            }
            OpKind::Stop => {
                if !idle || !matches!(vm, "active" | "error") {
                    return conflict("stop");
                }
                (None, "powering-off", 2, 6)
            }
            OpKind::Pause => {
                if !idle || vm != "active" {
                    return conflict("pause");
                }
                (None, "pausing", 1, 3)
            }
            OpKind::Unpause => {
                if !idle || vm != "paused" {
                    return conflict("unpause");
                }
                (None, "unpausing", 1, 3)
            }
            OpKind::Start => {
                if !idle || vm != "stopped" {
                    return conflict("start");
                }
                (None, "powering-on", 2, 6)
            }
        };
        let id = self.next_id();
        let server = self.servers.get_mut(uuid).unwrap();
        if kind == OpKind::Reboot {
            server.rebooted = now;
        }
        server.task = new_task;
        let op = Op { id, kind, from: host.to_owned(), dest, began: now };
        server.op = Some(op);
        let after = self.between(from, to);
        self.schedule(after, CloudEvent::Server { uuid: uuid.to_owned(), op: id });
        Ok(Answer::Done)
    }

    /// An operation comes to its end, good or bad.
    pub fn server_step(&mut self, uuid: &str, id: u64) {
        let Some(op) = self.servers.get(uuid).and_then(|s| s.op.clone()).filter(|op| op.id == id) else {
            return;
        };
        let alive = |cloud: &Self, host: &str| cloud.hosts.get(host).is_some_and(|host| host.alive);
        let (from_alive, dest_alive) =
            (alive(self, &op.from), op.dest.as_deref().is_some_and(|dest| alive(self, dest)));
        let fails = self.op_failures > 0 && self.rng.u32(0..100) < self.op_failures;
        let server = self.servers.get_mut(uuid).unwrap();
        let mut good = false;
        match op.kind {
            OpKind::ResetError => {}
            OpKind::Reboot
            | OpKind::Rebuild
            | OpKind::Stop
            | OpKind::Start
            | OpKind::Confirm
            | OpKind::Pause
            | OpKind::Unpause
                if !from_alive =>
            {
                // the request lies in the queue of a host that does not take it: the task state stays
                return;
            }
            OpKind::Reboot | OpKind::Rebuild | OpKind::Start if fails => {
                server.failures += 1;
                server.set("error", "none", "shutdown");
            }
            OpKind::Pause => {
                server.set("paused", "none", "paused");
                good = true;
            }
            OpKind::Reboot | OpKind::Rebuild | OpKind::Start | OpKind::Confirm | OpKind::Unpause => {
                server.set("active", "none", "running");
                good = true;
            }
            OpKind::Stop => {
                server.set("stopped", "none", "shutdown");
                good = true;
            }
            OpKind::LiveMigrate if from_alive && dest_alive && !fails => {
                server.host.clone_from(&op.dest);
                server.set(server.vm, "none", server.power);
                good = true;
            }
            OpKind::LiveMigrate => {
                server.failures += 1;
                server.task = "none";
                self.roll_back(uuid);
            }
            OpKind::ColdMigrate if dest_alive && from_alive && !fails => {
                server.host.clone_from(&op.dest);
                server.set("resized", "none", server.power);
                good = true;
            }
            OpKind::Evacuate if op.dest.is_some() && !dest_alive => return,
            OpKind::Evacuate if op.dest.is_some() && !fails => {
                server.host.clone_from(&op.dest);
                server.set("active", "none", "running");
                good = true;
            }
            OpKind::ColdMigrate | OpKind::Evacuate => {
                server.failures += 1;
                server.set("error", "none", server.power);
            }
        }
        let server = self.servers.get_mut(uuid).unwrap();
        server.op = None;
        if good {
            self.servers.get_mut(uuid).unwrap().user_stopped &= op.kind != OpKind::Start;
            let epoch = self.epoch(&self.servers[uuid]);
            let done = &mut self.servers.get_mut(uuid).unwrap().done;
            done.insert(op.kind, epoch);
            // a stop by a lock that comes to nothing is made good by a start, and the other way round
            match op.kind {
                OpKind::Stop => done.remove(&OpKind::Start),
                OpKind::Start => done.remove(&OpKind::Stop),
                _ => None,
            };
        }
        self.changed(uuid);
    }
}
