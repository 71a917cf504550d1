//! What Nova and the guest say about an action that is under way. Contract: vim-behaviour 3.10.

use super::action::ActionKind;
use super::state::InstanceEvent;
use crate::core::nfvi_call::Then;
use crate::core::{Level, Vim};
use nfv_common::TextParams;
use nfv_common::event_log::EventId;
use nfv_nfvi::call::ComputeCall;
use nfv_nfvi::notification::GuestResponse;
use nfv_nfvi::object::{ActionState, ActionType};
use nfv_nfvi::{Call, Reply};

const LOGGER: &str = "nfv_vim.objects.instance";
const FILE: &str = "_instance.py";

impl Vim {
    /// Nova started or finished something. Only what ends a migration or a revert in a way of its own matters; how
    /// far an action is otherwise is seen from the instance (docs/differences.md).
    pub(in crate::core) fn instance_action_change(
        &mut self,
        uuid: &str,
        action: Option<ActionType>,
        state: &ActionState,
        reason: &str,
    ) {
        let Some(instance) = self.instances.get(uuid) else { return };
        if instance.deleted || instance.action_data.nfvi.is_none() {
            return;
        }
        match action {
            Some(ActionType::LiveMigrateRollback) => self.live_migration_rolled_back(uuid, state, reason),
            Some(ActionType::Resize)
                if *state == ActionState::Completed
                    && instance.running.as_ref().is_some_and(|r| r.kind == ActionKind::ResizeRevert) =>
            {
                self.post_instance(uuid, InstanceEvent::ResizeRevertCompleted);
            }
            _ => {}
        }
    }

    fn live_migration_rolled_back(&mut self, uuid: &str, state: &ActionState, reason: &str) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let running = instance.is_acted_upon();
        let told = instance.last_events.contains(&EventId::InstanceLiveMigrateCancelled);
        if let Some(data) = &mut instance.action_data.nfvi {
            (data.action_state, data.reason) = (state.clone(), reason.to_owned());
        }
        if !running {
            instance.action_data.complete();
        }
        self.dirty_instances.insert(uuid.to_owned());
        if !told {
            let params = TextParams { reason, ..TextParams::default() };
            self.issue_instance_log(uuid, EventId::InstanceLiveMigrateCancelled, &params);
        }
        self.post_instance(uuid, InstanceEvent::LiveMigrateRollback);
    }

    /// The guest says what it thinks of an action. Contract: 9.3 "action".
    pub(in crate::core) fn guest_responded(
        &mut self,
        uuid: &str,
        action: &ActionType,
        response: GuestResponse,
        reason: &str,
    ) -> Reply {
        let Some(instance) = self.instances.get(uuid) else { return Reply::NotFound };
        if instance.deleted
            || !self.has_guest_services(instance)
            || instance.action_data.nfvi.is_none()
            || instance.action_data.is_over()
        {
            return Reply::Ok;
        }
        let current = instance.action_data.action_type();
        let awaited = instance.awaits_guest_word(response != GuestResponse::Proceed);
        // a word about an earlier action, or about a question that is closed, changes nothing (docs/differences.md)
        if instance.running.is_some() && !(awaited && concerns(action, &current)) {
            let text = format!(
                "Ignoring action for instance {}, action_type={action}, response={response:?}.",
                instance.name()
            );
            self.log(Level::Info, LOGGER, FILE, text);
            return Reply::Ok;
        }
        let (state, event) = match response {
            GuestResponse::Allow => (ActionState::Allowed, InstanceEvent::GuestActionAllow),
            GuestResponse::Reject => (ActionState::Rejected, InstanceEvent::GuestActionReject),
            GuestResponse::Proceed => (ActionState::Proceed, InstanceEvent::GuestActionProceed),
        };
        let Some(instance) = self.instances.get_mut(uuid) else { return Reply::NotFound };
        let running = instance.running.is_some();
        instance.action_data.state = Some(state.clone());
        if let Some(data) = &mut instance.action_data.nfvi {
            (data.action_state, data.reason) = (state, reason.to_owned());
        }
        if !running {
            instance.action_data.complete();
        }
        self.dirty_instances.insert(uuid.to_owned());
        if response == GuestResponse::Reject {
            self.action_rejected_by_guest(uuid, &current, reason);
        }
        self.post_instance(uuid, event);
        Reply::Ok
    }

    /// The user, if there is one, gets 409; operators get a log.
    fn action_rejected_by_guest(&mut self, uuid: &str, action: &ActionType, reason: &str) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let lower = reason.to_lowercase();
        let words = lower.trim_end_matches(['.', ' ', '\t', '\n', '\r']);
        let message = format!("Action rejected by instance: {words} ");
        let context = instance.action_data.context();
        let kind = ActionKind::of(action, &ActionType::None);
        let text = format!("Guest-Services action {action} rejected for instance {}.", instance.name());
        self.log(Level::Info, LOGGER, FILE, text);
        if let Some(context) = context {
            let (uuid, message) = (uuid.to_owned(), message.clone());
            let call = ComputeCall::RejectInstanceAction { uuid, message, context };
            self.call(Call::Compute(call), Then::Nobody);
        }
        if let Some(rejected) = kind.and_then(|kind| kind.logs().rejected) {
            let params = TextParams { reason: &message, ..TextParams::default() };
            self.issue_instance_log(uuid, rejected, &params);
        }
    }
}

/// The action the guest speaks of is the current one. It knows resize and cold-migrate only, also when these are
/// confirmed or taken back.
fn concerns(told: &ActionType, current: &ActionType) -> bool {
    told == current
        || *told == ActionType::Unknown
        || matches!(
            (told, current),
            (
                ActionType::Resize | ActionType::ColdMigrate,
                ActionType::ConfirmResize | ActionType::RevertResize
            )
        )
}
