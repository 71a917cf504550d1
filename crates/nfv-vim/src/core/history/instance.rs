//! Decisions about instances: the actions, and what is not done about one that has failed.

use super::{Made, NOTHING, Outcome};
use crate::core::director::ItemEnd;
use crate::core::instance::Instance;
use crate::core::instance::action::ActionKind;
use crate::core::instance::reaction::TIMEOUT;
use crate::core::instance::state::Report;
use crate::core::{TimerKey, Vim};
use nfv_common::event_log::InitiatedBy;
use nfv_common::fsm::Waiting;
use nfv_common::time::Mono;
use nfv_nfvi::object::ActionState;
use nfv_vim_rpc::history::ObjectType;

/// Who began it, as operators read it.
const fn initiator(by: InitiatedBy) -> &'static str {
    match by {
        InitiatedBy::Tenant => "tenant",
        InitiatedBy::Instance => "instance",
        InitiatedBy::InstanceDirector => "instance-director",
        InitiatedBy::Unknown => "vim",
    }
}

/// What the decision for an action is called.
fn name_of(kind: ActionKind) -> &'static str {
    kind.as_str().trim_end_matches("-action")
}

/// The action is over for the VIM when Nova has taken it. Contract: vim-behaviour 3.4, the simple states.
const fn ends_when_taken(kind: ActionKind) -> bool {
    use ActionKind as K;
    matches!(
        kind,
        K::Pause
            | K::Unpause
            | K::Suspend
            | K::Resume
            | K::Reboot
            | K::Rebuild
            | K::Resize
            | K::ResizeConfirm
            | K::ResizeRevert
            | K::ColdMigrateConfirm
            | K::ColdMigrateRevert
    )
}

impl Vim {
    /// An action begins. Guest services of their own are no decision about an instance.
    pub(in crate::core) fn instance_decision_made(
        &mut self,
        uuid: &str,
        kind: ActionKind,
        by: InitiatedBy,
        reason: &str,
        why: Option<String>,
    ) {
        if kind.is_guest_services() {
            return;
        }
        let Some(instance) = self.instances.get(uuid) else { return };
        let by_user = instance.action_data.context().is_some() && kind != ActionKind::Fail;
        let by = if by_user { InitiatedBy::Tenant } else { by };
        let cause = match (why, reason) {
            (Some(why), "") => why,
            (Some(why), reason) => format!("{reason}: {why}"),
            (None, "") if by_user => "asked for by a user through the compute API".to_owned(),
            (None, "") => "asked for".to_owned(),
            (None, reason) => reason.to_owned(),
        };
        let made = Made {
            decision: name_of(kind).to_owned(),
            cause,
            by: initiator(by).to_owned(),
            evidence: self.instance_evidence(instance),
        };
        self.decision_made((ObjectType::Instance, uuid.to_owned()), made);
    }

    /// The running action came to its end.
    pub(in crate::core) fn instance_decision_ended(
        &mut self,
        uuid: &str,
        failed: Option<&str>,
        report: Option<Report>,
    ) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let Some(kind) = instance.running.as_ref().map(|running| running.kind) else { return };
        let data = &instance.action_data;
        let rejected = data.nfvi.as_ref().filter(|data| data.action_state == ActionState::Rejected);
        let end = report.map(|report| match report {
            Report::Start(end) | Report::Stop(end) | Report::Migrate(end) | Report::Evacuate(end) => end,
        });
        let (outcome, reason) = match (rejected, failed, end) {
            (Some(data), _, _) if instance.owns_action_data() => {
                (Outcome::Rejected, format!("by its guest: {}", data.reason))
            }
            (_, Some(TIMEOUT), _) | (_, None, Some(ItemEnd::TimedOut)) => (Outcome::TimedOut, String::new()),
            (_, Some(reason), _) => (Outcome::Failed, reason.to_owned()),
            (_, None, Some(ItemEnd::Failed)) => (Outcome::Failed, String::new()),
            (_, None, Some(ItemEnd::Cancelled)) => (Outcome::Cancelled, String::new()),
            (_, None, None) if ends_when_taken(kind) => (Outcome::Accepted, String::new()),
            (_, None, Some(ItemEnd::Completed) | None) => (Outcome::Completed, String::new()),
        };
        self.decision_ended(&(ObjectType::Instance, uuid.to_owned()), outcome, &reason);
    }

    /// Another action takes the place of the running one.
    pub(in crate::core) fn instance_decision_displaced(&mut self, uuid: &str, by: ActionKind) {
        let reason = format!("{} took its place", name_of(by));
        self.decision_ended(&(ObjectType::Instance, uuid.to_owned()), Outcome::Replaced, &reason);
    }

    /// Nothing is done with an instance that has failed, and this is why.
    pub(in crate::core) fn instance_held_back(&mut self, uuid: &str, why: &str) {
        let object = (ObjectType::Instance, uuid.to_owned());
        if self.histories.open.contains_key(&object) {
            return;
        }
        let made = |vim: &Self| Made {
            decision: NOTHING.to_owned(),
            cause: why.to_owned(),
            by: initiator(InitiatedBy::InstanceDirector).to_owned(),
            evidence: vim.instances.get(uuid).map(|one| vim.instance_evidence(one)).unwrap_or_default(),
        };
        self.decision_against(object, made, why);
    }

    /// What the running action waits for, and when it must be over.
    pub(super) fn instance_decision_waits(&self, instance: &Instance) -> (Option<Waiting>, Option<Mono>) {
        let deadline = self.timers.deadline(&TimerKey::Action(instance.uuid().to_owned()));
        (self.instance_wait(instance).map(|wait| wait.waiting), deadline)
    }
}
