//! Which event logs a change of an instance's state issues. Contract: vim-behaviour 8.6 ("manage events").

use super::Instance;
use super::update::Was;
use crate::core::Vim;
use nfv_common::TextParams;
use nfv_common::event_log::EventId as E;
use nfv_nfvi::object::{AdminState, InstanceAvailStatus as Avail};

impl Vim {
    /// Up to three logs, one of each group; all look at the last events as they were before this call.
    pub(super) fn manage_events(&mut self, uuid: &str, was: &Was, enabling: bool) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let fail_reason = instance.fail_reason.clone().unwrap_or_default();
        let logs = [
            instance.failure_of_action().map(|id| (id, "", "")),
            instance.new_condition(was).map(|id| {
                let told =
                    matches!(id, E::InstanceFailed | E::InstanceSchedulingFailed | E::InstanceDeleteFailed);
                (id, if told { fail_reason.as_str() } else { "" }, "")
            }),
            instance.progress_of_action(enabling).map(|id| {
                let waits = id == E::InstanceColdMigrated && instance.is_resized();
                (id, "", if waits { "waiting for confirmation" } else { "" })
            }),
        ];
        let before = instance.last_events.clone();
        let mut issued = Vec::new();
        for (id, reason, additional_text) in logs.into_iter().flatten() {
            if before.contains(&id) || issued.contains(&id) {
                continue;
            }
            self.issue_instance_log(
                uuid,
                id,
                &TextParams { reason, additional_text, ..TextParams::default() },
            );
            issued.push(id);
        }
        if !issued.is_empty()
            && let Some(instance) = self.instances.get_mut(uuid)
        {
            instance.last_events = issued;
        }
    }
}

impl Instance {
    fn last(&self, events: &[E]) -> bool {
        self.last_events.iter().any(|event| events.contains(event))
    }

    fn moved(&self) -> bool {
        self.from_host.as_deref() != self.host()
    }

    /// Group A: it failed and nothing is done with it any more: the action it was in failed.
    fn failure_of_action(&self) -> Option<E> {
        if !self.is_failed() || self.is_action_running() {
            return None;
        }
        let rows: [(&[E], bool, E); 11] = [
            (&[E::InstanceLiveMigrating], !self.moved(), E::InstanceLiveMigrateFailed),
            (&[E::InstanceColdMigrating], !self.moved(), E::InstanceColdMigrateFailed),
            (&[E::InstanceColdMigrateConfirmBegin], true, E::InstanceColdMigrateConfirmFailed),
            (
                &[E::InstanceColdMigrateRevertBegin, E::InstanceColdMigrateReverting],
                true,
                E::InstanceColdMigrateRevertFailed,
            ),
            (&[E::InstanceResizeConfirmBegin], true, E::InstanceResizeConfirmFailed),
            (
                &[E::InstanceResizeRevertBegin, E::InstanceResizeReverting],
                true,
                E::InstanceResizeRevertFailed,
            ),
            (&[E::InstanceUnpauseBegin], true, E::InstanceUnpauseFailed),
            (&[E::InstanceResumeBegin], true, E::InstanceResumeFailed),
            (&[E::InstanceStartBegin], true, E::InstanceStartFailed),
            (&[E::InstanceRebootBegin, E::InstanceRebooting], true, E::InstanceRebootFailed),
            (&[E::InstanceEvacuateBegin, E::InstanceEvacuating], true, E::InstanceEvacuateFailed),
        ];
        let more: [(&[E], bool, E); 2] = [
            (&[E::InstanceRebuildBegin, E::InstanceRebuilding], true, E::InstanceRebuildFailed),
            (&[E::InstanceDeleting], true, E::InstanceDeleteFailed),
        ];
        rows.into_iter().chain(more).find(|(last, holds, _)| *holds && self.last(last)).map(|(_, _, id)| id)
    }

    /// Group B: a condition it was not in before.
    fn new_condition(&self, was: &Was) -> Option<E> {
        if self.is_locked() && was.admin != AdminState::Locked {
            Some(E::InstanceStopped)
        } else if self.is_failed() && !was.has(&Avail::Failed) {
            Some(if self.host().is_none() {
                E::InstanceSchedulingFailed
            } else if self.is_action_running() && self.last(&[E::InstanceDeleting]) {
                E::InstanceDeleteFailed
            } else {
                E::InstanceFailed
            })
        } else if self.is_paused() && !was.has(&Avail::Paused) {
            Some(E::InstancePaused)
        } else if self.is_suspended() && !was.has(&Avail::Suspended) {
            Some(E::InstanceSuspended)
        } else {
            None
        }
    }

    /// Group C: how far the action is.
    fn progress_of_action(&self, enabling: bool) -> Option<E> {
        if self.is_rebooting() {
            Some(E::InstanceRebooting)
        } else if self.is_rebuilding() {
            self.first_match(&[
                (&[E::InstanceEvacuateBegin], E::InstanceEvacuating),
                (&[E::InstanceRebuildBegin], E::InstanceRebuilding),
            ])
        } else if self.is_migrating() {
            Some(E::InstanceLiveMigrating)
        } else if self.is_resizing() {
            self.first_match(&[
                (&[E::InstanceColdMigrateBegin], E::InstanceColdMigrating),
                (&[E::InstanceColdMigrateRevertBegin], E::InstanceColdMigrateReverting),
                (&[E::InstanceResizeBegin], E::InstanceResizing),
                (&[E::InstanceResizeRevertBegin], E::InstanceResizeReverting),
            ])
        } else if self.is_resized() {
            if self.last(&[E::InstanceColdMigrating]) {
                return (self.action_data.from_cli() && self.moved()).then_some(E::InstanceColdMigrated);
            }
            self.first_match(&[
                (&[E::InstanceColdMigrateBegin], E::InstanceColdMigrating),
                (&[E::InstanceColdMigrateRevertBegin], E::InstanceColdMigrateReverting),
                (&[E::InstanceResizeBegin], E::InstanceResizing),
                (&[E::InstanceResizing], E::InstanceResized),
            ])
        } else if self.is_enabled() && !self.is_action_running() {
            self.completion_of_action(enabling)
        } else {
            None
        }
    }

    fn completion_of_action(&self, enabling: bool) -> Option<E> {
        if self.last(&[E::InstanceLiveMigrating]) && self.moved() {
            return Some(E::InstanceLiveMigrated);
        }
        if self.last(&[E::InstanceColdMigrating]) && self.moved() {
            return Some(E::InstanceColdMigrated);
        }
        let flavor = self.nfvi.instance_type.as_ref().map(|flavor| flavor.original_name.as_str());
        if self.last(&[E::InstanceResizing]) && flavor == self.from_flavor.as_deref() {
            return Some(E::InstanceResizeFailed);
        }
        let matched = self.first_match(&[
            (&[E::InstanceColdMigrateConfirmBegin], E::InstanceColdMigrateConfirmed),
            (
                &[E::InstanceColdMigrateRevertBegin, E::InstanceColdMigrateReverting],
                E::InstanceColdMigrateReverted,
            ),
            (&[E::InstanceResizeConfirmBegin], E::InstanceResizeConfirmed),
            (&[E::InstanceResizeRevertBegin, E::InstanceResizeReverting], E::InstanceResizeReverted),
            (&[E::InstanceUnpauseBegin], E::InstanceUnpaused),
            (&[E::InstanceResumeBegin], E::InstanceResumed),
            (&[E::InstanceStartBegin], E::InstanceStarted),
            (&[E::InstanceRebootBegin, E::InstanceRebooting], E::InstanceRebooted),
            (&[E::InstanceEvacuateBegin, E::InstanceEvacuating], E::InstanceEvacuated),
            (&[E::InstanceRebuildBegin, E::InstanceRebuilding], E::InstanceRebuilt),
        ]);
        let settled = [
            E::InstanceLiveMigrated,
            E::InstanceLiveMigrateFailed,
            E::InstanceColdMigrated,
            E::InstanceColdMigrateFailed,
            E::InstanceColdMigrateReverted,
            E::InstanceResizeReverted,
        ];
        matched.or_else(|| (enabling && !self.last(&settled)).then_some(E::InstanceEnabled))
    }

    fn first_match(&self, rows: &[(&[E], E)]) -> Option<E> {
        rows.iter().find(|(last, _)| self.last(last)).map(|(_, id)| *id)
    }
}
