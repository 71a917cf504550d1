//! Starting, cancelling and queueing actions. Contract: vim-behaviour 3.2.

use super::action::{ActionData, ActionKind, NfviActionData, RequestContextOrNone};
use super::state::{InstanceEvent, InstanceState, Running};
use super::{Instance, Pending};
use crate::core::{Level, TimerKey, Vim};
use nfv_common::TextParams;
use nfv_common::event_log::{EventId, InitiatedBy};
use nfv_common::time::utc_seconds;
use nfv_nfvi::object::{ActionParameters, ActionState, ActionType, RequestContext};

/// Longer reasons are not put into event logs.
const MAX_REASON: usize = 255;

/// What a user's request adds to an action.
#[derive(Debug, Clone, Default)]
pub struct ActionRequest {
    /// With what.
    pub parameters: ActionParameters,
    /// The user's request, if there is one.
    pub context: Option<RequestContext>,
    /// Do not ask or tell the guest.
    pub skip_guest: bool,
}

impl Vim {
    /// Asks for an action on an instance. False if it is refused: an upgrade without recovery is under way, or
    /// the action type has no machine.
    pub(in crate::core) fn do_action(
        &mut self,
        uuid: &str,
        action: ActionType,
        request: Option<ActionRequest>,
        by: InitiatedBy,
        reason: &str,
    ) -> bool {
        self.do_action_because(uuid, action, request, (by, reason, None))
    }

    /// The same. The cause is who began it, the reason of the event log, and why in words for the history where that does
    /// not say it.
    pub(in crate::core) fn do_action_because(
        &mut self,
        uuid: &str,
        action: ActionType,
        request: Option<ActionRequest>,
        (by, reason, why): (InitiatedBy, &str, Option<String>),
    ) -> bool {
        if self.upgrade_blocks_instances() {
            let text = format!("Upgrade inprogress, action {action} for instance {uuid} refused.");
            self.log(Level::Info, "nfv_vim.objects.instance", "_instance.py", text);
            return false;
        }
        let Some(instance) = self.instances.get(uuid) else { return false };
        let last = match &request {
            Some(_) => instance.last_action_data.action_type(),
            None => instance.action_data.action_type(),
        };
        let Some(kind) = ActionKind::of(&action, &last) else { return false };
        let from_cli = request.is_some();
        if request.is_none() {
            self.new_action_data(uuid, action, ActionRequest::default(), from_cli);
        }
        self.start_action_because(uuid, kind, (by, reason, why));
        true
    }

    /// Puts a new action record in the place of the present one, which becomes the last one.
    pub(in crate::core) fn new_action_data(
        &mut self,
        uuid: &str,
        action: ActionType,
        request: ActionRequest,
        from_cli: bool,
    ) {
        self.last_action_seqnum += 1;
        let seqnum = self.last_action_seqnum;
        let stamp = utc_seconds(self.now.wall);
        let action_uuid = match request.context.as_ref().and_then(|context| context.request_uuid.clone()) {
            Some(request_uuid) => request_uuid,
            None => self.new_uuid(),
        };
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let parameters = if request.parameters == ActionParameters::default() {
            serde_json::Value::String(String::new())
        } else {
            serde_json::to_value(&request.parameters).unwrap_or_default()
        };
        let data = ActionData {
            seqnum,
            state: Some(ActionState::Initial),
            nfvi: Some(NfviActionData {
                action_uuid: Some(action_uuid),
                action_type: action,
                action_parameters: parameters,
                action_state: ActionState::Initial,
                reason: String::new(),
                created_timestamp: stamp.clone(),
                last_update_timestamp: stamp,
                skip_guest_vote: request.skip_guest,
                skip_guest_notify: request.skip_guest,
                from_cli,
                context: RequestContextOrNone(request.context),
            }),
        };
        instance.last_action_data = std::mem::replace(&mut instance.action_data, data);
        self.dirty_instances.insert(uuid.to_owned());
    }

    /// Sets an instance to error in Nova, so that everyone sees that it failed.
    pub(in crate::core) fn fail_instance(&mut self, uuid: &str, reason: Option<&str>) {
        self.fail_instance_because(uuid, reason, None);
    }

    /// The same, with why in words for the history.
    pub(in crate::core) fn fail_instance_because(
        &mut self,
        uuid: &str,
        reason: Option<&str>,
        why: Option<String>,
    ) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        instance.fail_reason = reason.map(str::to_owned);
        let cause = (InitiatedBy::Unknown, reason.unwrap_or_default(), why);
        self.start_action_because(uuid, ActionKind::Fail, cause);
    }

    /// Starts a machine, or queues it. What is under way is given up first, except a fail action.
    pub(in crate::core) fn start_action(
        &mut self,
        uuid: &str,
        kind: ActionKind,
        by: InitiatedBy,
        reason: &str,
    ) {
        self.start_action_because(uuid, kind, (by, reason, None));
    }

    fn start_action_because(
        &mut self,
        uuid: &str,
        kind: ActionKind,
        (by, reason, why): (InitiatedBy, &str, Option<String>),
    ) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        if instance.deleted {
            return;
        }
        let survives = |other: ActionKind| {
            other == kind
                || kind == ActionKind::GuestServicesSet
                || (other == ActionKind::Fail && kind != ActionKind::Delete)
        };
        let displaced: Vec<_> = (instance.running.iter().map(|running| running.kind))
            .chain(instance.pending.iter().map(|pending| pending.kind))
            .filter(|other| !survives(*other))
            .collect();
        instance.pending.retain(|pending| survives(pending.kind));
        let record = instance.record_for(kind);
        if let Some(running) = &instance.running
            && !survives(running.kind)
        {
            self.instance_react(uuid, &InstanceEvent::TaskStop);
            self.abort_instance_task(uuid);
            self.instance_decision_displaced(uuid, kind);
            if let Some(instance) = self.instances.get_mut(uuid)
                && let Some(stopped) = instance.running.take()
            {
                instance.repair_is_over();
                if stopped.record != record {
                    instance.complete_record(stopped.record);
                }
                self.dirty_instances.insert(uuid.to_owned());
            }
        }
        self.director_action_displaced(uuid, kind, &displaced);
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        match &instance.running {
            None => {
                self.begin_action(uuid, Pending { kind, by, reason: reason.to_owned(), record, why });
            }
            // the next migration waits until this one is confirmed
            Some(running) if running.kind == kind && running.state != InstanceState::ColdMigrateConfirm => {
                if let Some(running) = &mut instance.running {
                    (running.by, running.record) = (by, record);
                }
                self.log_begin(uuid, kind, by, reason);
                self.instance_decision_made(uuid, kind, by, reason, why);
                self.post_instance(uuid, InstanceEvent::TaskStart);
            }
            Some(_) => {
                if !instance.pending.iter().any(|pending| pending.kind == kind) {
                    let pending = Pending { kind, by, reason: reason.to_owned(), record, why };
                    instance.pending.push_back(pending);
                }
            }
        }
    }

    fn begin_action(&mut self, uuid: &str, action: Pending) {
        let Pending { kind, by, reason, record, why } = action;
        self.log_begin(uuid, kind, by, &reason);
        self.instance_decision_made(uuid, kind, by, &reason, why);
        let now = self.now.mono;
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let from = instance.nfvi.host_name.clone();
        instance.running = Some(Running { by, record, ..Running::new(kind, kind.first_state(), from, now) });
        if !kind.is_guest_services() {
            self.timers.arm(TimerKey::Watch(uuid.to_owned()), now + self.config.watch_interval);
        }
        self.enter_instance_state(uuid);
    }

    /// The running machine came back to its initial state.
    pub(super) fn action_finished(&mut self, uuid: &str) {
        self.abort_instance_task(uuid);
        self.timers.cancel(&TimerKey::Action(uuid.to_owned()));
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let name = instance.name().to_owned();
        instance.repair_is_over();
        // what an earlier process had under way is over, if this was it; whatever comes next is asked of Nova
        let ended = instance.running.take();
        let kind = ended.as_ref().map(|running| running.kind);
        if kind.is_some() && kind == instance.resumed_kind() {
            instance.resuming = None;
        }
        instance.complete_record(ended.and_then(|running| running.record));
        self.dirty_instances.insert(uuid.to_owned());
        self.log(
            Level::Info,
            "nfv_vim.state_machine.instance",
            "_instance_state_initial.py",
            format!("Entering state (initial) for {name}."),
        );
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        if let Some(next) = instance.pending.pop_front() {
            self.begin_action(uuid, next);
        }
    }

    fn log_begin(&mut self, uuid: &str, kind: ActionKind, by: InitiatedBy, reason: &str) {
        let Some(begin) = kind.logs().begin else { return };
        let Some(instance) = self.instances.get(uuid) else { return };
        let by = match instance.action_data.context() {
            Some(_) => InitiatedBy::Tenant,
            None => by,
        };
        let (tenant_uuid, tenant_name) = self.tenant_of(instance);
        let by = by.text(&tenant_uuid, &tenant_name);
        let parameters =
            instance.action_data.nfvi.as_ref().map(NfviActionData::parameters).unwrap_or_default();
        let extra = match kind {
            ActionKind::Reboot if parameters.graceful_shutdown == Some(true) => "(soft-reboot)".to_owned(),
            ActionKind::Reboot => "(hard-reboot)".to_owned(),
            ActionKind::Rebuild => parameters
                .instance_image_uuid
                .or_else(|| instance.nfvi.image_uuid.clone())
                .unwrap_or_default(),
            ActionKind::Resize => {
                let flavor = parameters.instance_type_uuid.unwrap_or_default();
                self.instance_types.get(&flavor).map_or(flavor, |known| known.name.clone())
            }
            _ => String::new(),
        };
        let params =
            TextParams { initiated_by: &by, reason, additional_text: &extra, ..TextParams::default() };
        self.issue_instance_log(uuid, begin, &params);
    }

    /// Logs that an action failed, unless its refusal or failure was logged last.
    pub(super) fn fail_action(&mut self, uuid: &str, kind: ActionKind, reason: &str) {
        let logs = kind.logs();
        let Some(failed) = logs.failed else { return };
        let Some(instance) = self.instances.get(uuid) else { return };
        let already =
            |event: Option<EventId>| event.is_some_and(|event| instance.last_events.contains(&event));
        if already(Some(failed)) || already(logs.rejected) {
            return;
        }
        let reason = if reason.len() > MAX_REASON {
            "(reason string too long; refer to /var/log for details.)"
        } else {
            reason
        };
        self.issue_instance_log(uuid, failed, &TextParams { reason, ..TextParams::default() });
    }

    /// Gives an action up: logged as cancelled, and its machine stopped.
    pub(in crate::core) fn cancel_action(&mut self, uuid: &str, kind: ActionKind, reason: &str) {
        if let Some(cancelled) = kind.logs().cancelled {
            self.issue_instance_log(uuid, cancelled, &TextParams { reason, ..TextParams::default() });
        }
        self.post_instance(uuid, InstanceEvent::TaskStop);
    }

    /// Some host is being upgraded and instances must be left alone meanwhile.
    pub(in crate::core) fn upgrade_blocks_instances(&self) -> bool {
        self.hosts.values().any(|host| host.upgrade_inprogress && !host.recover_instances)
    }

    /// Uuid and name of an instance's tenant; the uuid stands in for an unknown name.
    pub(in crate::core) fn tenant_of(&self, instance: &Instance) -> (String, String) {
        let uuid = instance.nfvi.tenant_id.clone().unwrap_or_default();
        let name = self.tenants.get(&uuid).map_or_else(|| uuid.clone(), |tenant| tenant.name.clone());
        (uuid, name)
    }
}
