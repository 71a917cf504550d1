//! What a host would lose if it were locked, or if it failed. The works of a disable task in their order (vim-behaviour
//! 2.6): what can be moved, then, once the host is down, what is left (5.3.2).

use super::destination::Room;
use super::{action, whole};
use crate::core::Vim;
use crate::core::director::OperationKind;
use crate::core::director::decide::{EvacuationFate, Fate, StopFate};
use crate::core::director::host_down::operation_kind;
use crate::core::host::{Host, HostState, VimHostAction};
use crate::core::instance::Instance;
use nfv_nfvi::object::{ActionType, HostAvailStatus, OperState};
use nfv_vim_rpc::preview::{HostPreviewAction, InstanceMove, Preview, PreviewStage};
use std::collections::BTreeSet;

/// What follows a failure.
const EVACUATE: &str = "evacuate";

impl Vim {
    /// What would happen to a host and its instances. None for a host that is not known.
    pub fn preview_host(&mut self, name: &str, asked: HostPreviewAction) -> Option<Preview> {
        let state = self.hosts.get(name)?.state();
        let change = |host: &mut Host| match asked {
            HostPreviewAction::Lock => host.action = VimHostAction::Locking,
            HostPreviewAction::LockForce => host.action = VimHostAction::LockingForce,
            HostPreviewAction::Fail => {
                host.nfvi.oper_state = OperState::Disabled;
                host.nfvi.avail_status = HostAvailStatus::Failed;
            }
        };
        let mut preview = self.supposing(name, change, |vim| vim.host_loses(name, asked))?;
        if !matches!(state, HostState::Enabled | HostState::Enabling) {
            let text = format!("The host is {} for the VIM: only what is left on it moves.", state.as_str());
            preview.notes.push(text);
        }
        Some(whole(format!("host {name}"), asked.as_str(), preview))
    }

    /// The host is supposed to be as it was asked for.
    fn host_loses(&self, name: &str, asked: HostPreviewAction) -> Preview {
        let Some(host) = self.hosts.get(name) else { return Preview::default() };
        let kind = operation_kind(host);
        let config = &self.config.instance;
        let room = Room::new(self);
        let mut preview = Preview::default();
        if kind == OperationKind::HostLock {
            preview.refused = self.lock_objection(name).map(|(_, reason)| reason);
        }
        if config.single_hypervisor && asked == HostPreviewAction::Fail {
            let text = "It is the only hypervisor, and the VIM fails with it: its instances are healed after its boot.";
            preview.notes.push(text.to_owned());
            let moves = self.staying(name, &[]);
            preview.stages.push(PreviewStage {
                hosts: vec![name.to_owned()],
                moves,
                ..PreviewStage::default()
            });
            return preview;
        }
        let (moves, at_once) = if config.single_hypervisor {
            (self.stops(name, kind), usize::MAX)
        } else if kind == OperationKind::HostLockForce || !self.is_hypervisor_enabled(name) {
            (self.evacuations(name, kind, &room, &BTreeSet::new()), config.max_concurrent_evacuates_per_host)
        } else {
            (self.migrations(name, kind, &room), config.max_concurrent_migrates_per_host)
        };
        let (mut moves, broken): (Vec<_>, Vec<_>) = moves.into_iter().unzip();
        if let Some(why) = self.gate_closed(kind).filter(|_| asked != HostPreviewAction::LockForce) {
            preview.notes.push(format!("{why}: nothing is moved before that is over."));
        }
        // a lock looks at all of them before it begins, and tells of the first; another operation goes on
        let refused = broken.into_iter().flatten().next().filter(|_| kind == OperationKind::HostLock);
        let leaves = |one: &&InstanceMove| one.action != action::STAY;
        let estimate = self.time_for(moves.iter().filter(leaves), at_once);
        moves.extend(self.staying(name, &moves));
        preview.notes.extend(super::nowhere_to_go(&moves, &[name.to_owned()]));
        preview.refused = preview.refused.or(refused);
        preview.stages.push(PreviewStage {
            hosts: vec![name.to_owned()],
            moves,
            estimate,
            ..PreviewStage::default()
        });
        preview
    }

    /// Each instance that moves, and what stands in the way of the whole.
    fn migrations<'a>(
        &'a self,
        host: &str,
        kind: OperationKind,
        room: &Room<'a>,
    ) -> Vec<(InstanceMove, Option<String>)> {
        let going = Self::to_migrate(self.instances_on(host));
        let closed = self.gate_closed(kind);
        let shown = |instance| match closed {
            Some(why) => {
                let why = format!("{why}: nothing is moved");
                (self.instance_move(instance, host, action::STAY).because(why), None)
            }
            None => self.fate_shown(instance, host, &self.migration_fate(instance, host, kind), room),
        };
        let mut moves: Vec<_> = going.iter().filter_map(|uuid| self.instances.get(uuid)).map(shown).collect();
        // what has failed is rebuilt elsewhere once the host is down
        let gone: BTreeSet<_> = going.into_iter().collect();
        moves.extend(self.evacuations(host, kind, room, &gone));
        moves
    }

    fn stops(&self, host: &str, kind: OperationKind) -> Vec<(InstanceMove, Option<String>)> {
        let instances = Self::to_stop(self.instances_on(host)).into_iter();
        let instances = instances.filter_map(|uuid| self.instances.get(&uuid));
        instances
            .map(|instance| self.stop_shown(instance, host, &self.stop_fate(instance, host, kind)))
            .collect()
    }

    /// What becomes of an instance that is to be stopped, as it is shown; of a refusal also the reason.
    pub(super) fn stop_shown(
        &self,
        instance: &Instance,
        host: &str,
        fate: &StopFate,
    ) -> (InstanceMove, Option<String>) {
        let shown = |action| self.instance_move(instance, host, action);
        match fate {
            StopFate::Refuse(reason) => (shown(action::STAY).because(reason), Some(reason.clone())),
            StopFate::Fail(reason) => (shown(action::FAIL).because(reason), None),
            StopFate::Stop => {
                let then = Some(ActionType::Start.to_string());
                (InstanceMove { then, ..shown(ActionType::Stop.as_str()) }, None)
            }
        }
    }

    fn evacuations<'a>(
        &'a self,
        host: &str,
        kind: OperationKind,
        room: &Room<'a>,
        but: &BTreeSet<String>,
    ) -> Vec<(InstanceMove, Option<String>)> {
        let open = self.gate_closed(kind).is_none() && !self.storm_holds(kind);
        let left = Self::to_evacuate(self.instances_on(host).filter(|one| !but.contains(one.uuid())));
        let left = left.iter().filter_map(|uuid| self.instances.get(uuid));
        left.map(|instance| {
            let EvacuationFate { fails, evacuable } = match self.evacuation_fate(instance, host, kind) {
                Ok(fate) => fate,
                Err(reason) => return self.fate_shown(instance, host, &Fate::Refuse(reason), room),
            };
            let reason = self.operation_reason(host, kind, true);
            let shown = match (open && evacuable, fails) {
                (true, _) => self.leaving(instance, host, EVACUATE, room).because(reason),
                (false, _) if evacuable => {
                    let reason = format!("{reason}; healed by the recovery audit");
                    // what has failed already is not failed again
                    let first = if fails { action::FAIL } else { action::STAY };
                    let moved = self.leaving(instance, host, first, room).because(reason);
                    InstanceMove { then: Some(EVACUATE.to_owned()), ..moved }
                }
                (false, true) => {
                    let reason = format!("{reason}, and {}", self.why_not_evacuated(instance));
                    self.instance_move(instance, host, action::FAIL).because(reason)
                }
                (false, false) => {
                    let reason = self.why_not_evacuated(instance);
                    self.instance_move(instance, host, action::STAY).because(reason)
                }
            };
            (shown, None)
        })
        .collect()
    }

    fn why_not_evacuated(&self, instance: &Instance) -> &'static str {
        if !self.auto_recovery(instance) {
            "auto-recovery is turned off for it"
        } else if !instance.recoverable {
            "Nova is deleting it"
        } else {
            "its disk is local and too large for the system to rebuild it elsewhere"
        }
    }

    /// A fate as it is shown; of a refusal also the reason, which ends the operation.
    pub(super) fn fate_shown<'a>(
        &self,
        instance: &'a Instance,
        host: &str,
        fate: &Fate,
        room: &Room<'a>,
    ) -> (InstanceMove, Option<String>) {
        match fate {
            Fate::Refuse(reason) => {
                let moved = self.instance_move(instance, host, action::STAY);
                (moved.because(reason), Some(reason.clone()))
            }
            Fate::Fail { reason, .. } => {
                (self.instance_move(instance, host, action::FAIL).because(reason), None)
            }
            Fate::Move { action, .. } => (self.leaving(instance, host, action.as_str(), room), None),
        }
    }

    /// What stays where it is.
    fn staying(&self, host: &str, but: &[InstanceMove]) -> Vec<InstanceMove> {
        let named: BTreeSet<_> = but.iter().map(|one| one.uuid.as_str()).collect();
        let rest = self.instances_on(host).filter(|instance| !named.contains(instance.uuid()));
        rest.map(|instance| {
            let why = if instance.is_going() {
                Some("it is being deleted")
            } else {
                instance.is_locked().then_some("it is stopped")
            };
            InstanceMove {
                reason: why.map(str::to_owned),
                ..self.instance_move(instance, host, action::STAY)
            }
        })
        .collect()
    }
}
