//! Applying what Nova shows to an instance. Contract: vim-behaviour 3.9.

use super::{Instance, InstanceEvent};
use crate::core::director::SwMgmtEvent;
use crate::core::nfvi_call::Then;
use crate::core::{Level, TimerKey, Vim};
use nfv_common::TextParams;
use nfv_common::event_log::EventId;
use nfv_nfvi::call::ComputeCall;
use nfv_nfvi::object::{
    self, ActionType, AdminState, InstanceAction, InstanceAvailStatus as Avail, OperState,
};
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use std::time::Duration;

/// Nothing changed for this long: the running action may look after itself.
const AUDIT_AFTER: Duration = Duration::from_secs(15);

/// Nova shows nothing while it confirms a migration: it gets this long.
const CONFIRM_AGAIN: Duration = Duration::from_secs(60);

/// How a neighbour's word about an instance came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::core) enum Source {
    /// Nova was asked: that is how it is now.
    Answer,
    /// Over the broker, maybe late or behind a later one: not enough to act upon a failure.
    Notification,
}

/// The states before a change.
#[derive(Debug, Clone)]
pub(super) struct Was {
    pub(super) admin: AdminState,
    pub(super) avail: Vec<Avail>,
}

impl Was {
    pub(super) fn has(&self, status: &Avail) -> bool {
        self.avail.contains(status)
    }
}

impl Vim {
    /// Nova showed an instance, wholly or (in a notification) in part.
    pub(in crate::core) fn instance_update(&mut self, mut nfvi: object::Instance, source: Source) {
        let uuid = nfvi.uuid.clone();
        nfvi.avail_status.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        let Some(known) = self.instances.get_mut(&uuid) else {
            if nfvi.avail_status.contains(&Avail::Deleted) {
                return;
            }
            self.instance_created(nfvi);
            return;
        };
        if known.deleted {
            return;
        }
        let gone = nfvi.avail_status.contains(&Avail::Deleted);
        if known.nfvi_is_deleted() && !gone && source == Source::Notification {
            // it is being forgotten; this comes late
            return;
        }
        known.fill_from_known(&mut nfvi);
        if gone {
            self.instance_apply(&uuid, nfvi, source);
            self.instance_gone(&uuid);
            return;
        }
        let renamed = (known.name() != nfvi.name).then(|| nfvi.name.clone());
        if let Some(name) = renamed {
            let params = TextParams { additional_text: &name, ..TextParams::default() };
            self.issue_instance_log(&uuid, EventId::InstanceRenamed, &params);
        }
        self.instance_apply(&uuid, nfvi, source);
    }

    fn instance_created(&mut self, nfvi: object::Instance) {
        let uuid = nfvi.uuid.clone();
        let instance = Instance::new(nfvi, self.now.mono, self.now.wall);
        self.residents.moved(&uuid, None, instance.host());
        self.instances.insert(uuid.clone(), instance);
        self.dirty_instances.insert(uuid.clone());
        self.issue_instance_log(&uuid, EventId::InstanceCreated, &TextParams::default());
        self.provision_guest_services(&uuid);
        self.manage_alarms(&uuid);
    }

    fn instance_apply(&mut self, uuid: &str, nfvi: object::Instance, source: Source) {
        let now = self.now.mono;
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        if source == Source::Answer {
            instance.seen = now;
        }
        let known_crash = instance.crash_seen;
        instance.see_power(&nfvi);
        let first = source == Source::Answer && !std::mem::replace(&mut instance.confirmed, true);
        let old_host = instance.nfvi.host_name.clone();
        let changed = instance.nfvi.admin_state != nfvi.admin_state
            || instance.nfvi.oper_state != nfvi.oper_state
            || instance.nfvi.avail_status != nfvi.avail_status
            || instance.nfvi.action != nfvi.action;
        let host_changed = old_host != nfvi.host_name;
        if changed {
            self.instance_state_changed(uuid, nfvi, known_crash);
            self.confirm_failure(uuid, source);
        } else {
            if instance.nfvi != nfvi {
                self.residents.moved(uuid, instance.host(), nfvi.host_name.as_deref());
                instance.nfvi = nfvi;
                self.dirty_instances.insert(uuid.to_owned());
            }
            if now.since(instance.stamp) >= AUDIT_AFTER {
                instance.stamp_elapsed(false, now);
                self.dirty_instances.insert(uuid.to_owned());
                self.post_instance(uuid, InstanceEvent::Audit);
                self.manage_guest(uuid, false);
                self.tell_sw_mgmt(SwMgmtEvent::InstanceAudit { uuid: uuid.to_owned() });
            }
            self.manage_alarms(uuid);
            if source == Source::Answer {
                self.confirm_migration(uuid);
            }
        }
        if host_changed {
            if let Some(instance) = self.instances.get_mut(uuid) {
                instance.elapsed_on_host = 0;
                instance.version += 1;
            }
            self.dirty_instances.insert(uuid.to_owned());
            self.post_instance(uuid, InstanceEvent::NfviHostChanged);
            self.group_member_changed(uuid);
        }
        if changed || host_changed {
            self.tell_sw_mgmt(SwMgmtEvent::InstanceStateChanged { uuid: uuid.to_owned() });
        }
        if first {
            self.post_instance(uuid, InstanceEvent::Confirmed);
            self.settle();
            self.recover_confirmed_crash(uuid);
            if self.instances.get(uuid).is_some_and(|instance| !instance.is_acted_upon()) {
                self.resume_repair(uuid);
            }
        }
        // whoever started it: the lock that stopped it is made good
        if let Some(instance) = self.instances.get_mut(uuid)
            && source == Source::Answer
            && instance.unlock_to_recover
            && instance.is_enabled()
            && !instance.is_action_running()
            && instance.running.is_none()
        {
            instance.unlock_to_recover = false;
            self.dirty_instances.insert(uuid.to_owned());
        }
        // what an earlier process had under way is either seen by now, or over, or was never sent
        if let Some(instance) = self.instances.get_mut(uuid)
            && source == Source::Answer
            && !instance.is_action_running()
            && !instance.is_resized()
            && instance.resuming.take().is_some()
        {
            self.dirty_instances.insert(uuid.to_owned());
        }
    }

    fn instance_state_changed(&mut self, uuid: &str, nfvi: object::Instance, known_crash: bool) {
        let (now, wall) = (self.now.mono, self.now.wall);
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let old = &instance.nfvi;
        let was = Was { admin: old.admin_state.clone(), avail: old.avail_status.clone() };
        let moves = |action: &InstanceAction| {
            matches!(
                action,
                InstanceAction::Migrating | InstanceAction::Resizing | InstanceAction::Rebuilding
            )
        };
        if moves(&nfvi.action) && !moves(&old.action) {
            instance.from_host.clone_from(&old.host_name);
            if nfvi.action == InstanceAction::Resizing {
                instance.from_flavor = old.instance_type.as_ref().map(|flavor| flavor.original_name.clone());
            }
        }
        let crashed =
            nfvi.avail_status.contains(&Avail::Crashed) && !was.has(&Avail::Crashed) && !known_crash;
        let enabled = nfvi.oper_state == OperState::Enabled;
        let enabling = enabled
            && (old.oper_state != OperState::Enabled
                || (old.action == InstanceAction::Rebooting && nfvi.action == InstanceAction::None)
                || (was.has(&Avail::Resized) && !nfvi.avail_status.contains(&Avail::Resized)));
        if enabled && old.oper_state != OperState::Enabled {
            instance.came_up = Some(now);
        }
        let over = moves(&old.action) && !moves(&nfvi.action);
        if old.action == InstanceAction::Rebooting && instance.repair == Some(ActionType::Reboot) {
            // an earlier process sent it: it is over, and not to be taken up again
            instance.repair = None;
        }
        if crashed {
            instance.fail_reason = Some("instance crashed".to_owned());
        }
        instance.crashed = crashed || (instance.crashed && instance.crash_seen);
        instance.stamp_elapsed(true, now);
        instance.state_changed_at = wall;
        instance.version += 1;
        self.residents.moved(uuid, instance.host(), nfvi.host_name.as_deref());
        instance.nfvi = nfvi;
        if enabled && !instance.is_going() && !instance.nfvi_is_deleted() {
            instance.recoverable = true;
        }
        let resized = instance.is_resized();
        let recovered = instance.is_recovered();
        self.dirty_instances.insert(uuid.to_owned());
        self.log_instance_state(uuid);
        self.manage_alarms(uuid);
        self.manage_events(uuid, &was, enabling);
        if resized {
            self.post_instance(uuid, InstanceEvent::NfviResized);
        }
        self.post_instance(
            uuid,
            if enabled { InstanceEvent::NfviEnabled } else { InstanceEvent::NfviDisabled },
        );
        self.settle();
        self.manage_guest(uuid, enabling);
        if recovered {
            self.recovery.forget_reboots(uuid);
        }
        if over
            && let Some(instance) = self.instances.get_mut(uuid)
            && !instance.is_resized()
        {
            instance.from_host = None;
            instance.from_flavor = None;
        }
    }

    /// Guest services and their alarm, after the running action had its say.
    fn manage_guest(&mut self, uuid: &str, enabling: bool) {
        self.provision_guest_services(uuid);
        let Some(instance) = self.instances.get(uuid) else { return };
        if instance.guest_services.are_provisioned() {
            self.settle();
            self.manage_guest_services(uuid, enabling);
        }
        self.manage_heartbeat_alarm(uuid);
    }

    /// An instance that a notification shows as failed is asked after before anything is done about it: the
    /// notification may be late, and the failure long healed (docs/differences.md).
    fn confirm_failure(&mut self, uuid: &str, source: Source) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        if source == Source::Answer {
            self.recover_confirmed_crash(uuid);
        } else if instance.is_failed() {
            instance.confirmed = false;
            self.ask_for_instance(uuid);
        }
    }

    /// Nova says that it crashed: it is healed at once. Contract: 3.9 step 8.
    fn recover_confirmed_crash(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        if std::mem::take(&mut instance.crashed) {
            self.recover_instance(uuid, None, true, None);
        }
    }

    /// A cold migration that the system began and that nobody confirmed (the request was lost or refused, or the
    /// process ended in between) is confirmed now; otherwise it would stay so for ever (docs/differences.md).
    fn confirm_migration(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get(uuid) else { return };
        if instance.is_resized()
            && instance.is_enabled()
            && !instance.is_action_running()
            && instance.running.is_none()
            && instance.owes_confirmation()
            && self.now.mono.since(instance.confirm_sent.unwrap_or(self.started)) >= CONFIRM_AGAIN
        {
            let by = nfv_common::event_log::InitiatedBy::InstanceDirector;
            self.start_action(uuid, super::action::ActionKind::ColdMigrateConfirm, by, "");
        }
    }

    fn log_instance_state(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let avail: Vec<_> = instance.nfvi.avail_status.iter().map(Avail::as_str).collect();
        let text = format!(
            "Instance State-Change detected: admin={} oper={} avail={} action={} host={} for {}.",
            instance.nfvi.admin_state,
            instance.nfvi.oper_state,
            avail.join(","),
            instance.nfvi.action,
            instance.host().unwrap_or("None"),
            instance.name(),
        );
        self.log(Level::Info, "nfv_vim.objects.instance", "_instance.py", text);
    }

    /// Nova has begun to delete it.
    pub(in crate::core) fn instance_delete_started(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        instance.recoverable = false;
        let deleted = instance.deleted;
        self.dirty_instances.insert(uuid.to_owned());
        if !deleted {
            self.issue_instance_log(uuid, EventId::InstanceDeleting, &TextParams::default());
        }
    }

    /// Nova does not have it any more.
    pub(in crate::core) fn instance_gone(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        if !instance.nfvi_is_deleted() {
            instance.nfvi.avail_status.push(Avail::Deleted);
            instance.nfvi.avail_status.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            instance.version += 1;
            self.dirty_instances.insert(uuid.to_owned());
        }
        let by = nfv_common::event_log::InitiatedBy::Unknown;
        self.start_action(uuid, super::action::ActionKind::Delete, by, "");
    }

    /// The delete action is through: the instance leaves the table with the next clean-up.
    pub(super) fn instance_deleted(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        instance.deleted = true;
        self.director_instance_deleted(uuid);
        self.clear_instance_alarms(uuid);
        self.clear_heartbeat_alarm(uuid);
        self.issue_instance_log(uuid, EventId::InstanceDeleted, &TextParams::default());
        self.group_member_changed(uuid);
        self.timers.arm(TimerKey::CleanupInstances, self.now.mono + Duration::from_secs(1));
    }

    /// Asks Nova for the details of an instance now; at most one question is open for each.
    pub(in crate::core) fn ask_for_instance(&mut self, uuid: &str) {
        let version = self.instances.get(uuid).map_or(0, |instance| instance.version);
        let then = Then::InstanceDetail { uuid: uuid.to_owned(), version };
        if !self.audits.asked.insert(uuid.to_owned()) {
            return;
        }
        self.call(Call::Compute(ComputeCall::GetInstance { uuid: uuid.to_owned() }), then);
    }

    /// Nova showed the details, or not. An answer older than the last state change is dropped.
    pub(in crate::core) fn instance_detail_answered(&mut self, uuid: &str, version: u64, result: CallResult) {
        self.audits.asked.remove(uuid);
        let current = self.instances.get(uuid).map(|instance| instance.version);
        match result {
            Ok(Answer::Instance(instance)) => {
                if current.is_none_or(|current| current == version) {
                    self.instance_update(*instance, Source::Answer);
                } else {
                    self.ask_for_instance(uuid);
                }
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                if current.is_some() {
                    self.instance_gone(uuid);
                }
            }
            Ok(_) | Err(_) => {}
        }
        self.continue_instance_audit();
    }

    /// While an action is under way, in the VIM or in Nova, Nova is asked for the instance from time to time:
    /// notifications get lost.
    pub(in crate::core) fn watch_instance(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get(uuid) else { return };
        if !instance.is_acted_upon() && !instance.is_action_running() {
            return;
        }
        self.timers.arm(TimerKey::Watch(uuid.to_owned()), self.now.mono + self.config.watch_interval);
        self.ask_for_instance(uuid);
    }
}

impl Instance {
    /// The last move was a cold migration of the system's own; another action may have been asked for since.
    fn owes_confirmation(&self) -> bool {
        [&self.action_data, &self.last_action_data]
            .into_iter()
            .find(|data| {
                use ActionType as A;
                matches!(data.action_type(), A::ColdMigrate | A::Resize | A::ConfirmResize | A::RevertResize)
            })
            .is_some_and(|data| data.action_type() == ActionType::ColdMigrate && !data.from_cli())
    }

    /// Nova shows whether the machine crashed. A notification without a power state says nothing of that: no crash is
    /// over by it, and none is new behind it (docs/differences.md).
    fn see_power(&mut self, nfvi: &object::Instance) {
        if nfvi.avail_status.contains(&Avail::Crashed) {
            self.crash_seen = true;
        } else if !nfvi.nfvi_data.power_state.is_empty() {
            self.crash_seen = false;
        }
    }

    /// What a notification does not carry is taken from what is known.
    fn fill_from_known(&self, nfvi: &mut object::Instance) {
        let known = &self.nfvi;
        let keep = |new: &mut Option<String>, old: &Option<String>| {
            if new.is_none() {
                new.clone_from(old);
            }
        };
        keep(&mut nfvi.tenant_id, &known.tenant_id);
        if nfvi.instance_type.is_none() {
            // only a full answer tells the image; a notification without flavor is a partial one
            nfvi.instance_type.clone_from(&known.instance_type);
            keep(&mut nfvi.image_uuid, &known.image_uuid);
            nfvi.recovery_priority = nfvi.recovery_priority.or(known.recovery_priority);
            nfvi.live_migration_timeout = nfvi.live_migration_timeout.or(known.live_migration_timeout);
        }
        if nfvi.attached_volumes.is_none() {
            nfvi.attached_volumes.clone_from(&known.attached_volumes);
        }
        nfvi.live_migration_support = nfvi.live_migration_support.or(known.live_migration_support);
    }
}
