//! Which alarm an instance has. Contract: vim-behaviour 8.3 ("manage alarms").

use super::Instance;
use super::guest_services::GuestServiceState;
use crate::core::Vim;
use nfv_common::TextParams;
use nfv_common::alarm::AlarmType;
use nfv_common::event_log::EventId;
use nfv_common::time::Mono;
use std::time::Duration;

/// A pause shorter than this raises nothing.
const PAUSED_FOR: Duration = Duration::from_secs(10);
/// A guest whose heartbeat is not there this long after it came up raises one.
const HEARTBEAT_MISSED_FOR: u64 = 600;

impl Instance {
    fn last_event_is(&self, events: &[EventId]) -> bool {
        self.last_events.iter().any(|event| events.contains(event))
    }

    fn has_alarm(&self, alarm: AlarmType) -> bool {
        self.alarms.iter().any(|(raised, _)| *raised == alarm)
    }

    /// The alarm that fits the instance's condition: the first row of the table that does.
    fn wanted_alarm(&self, in_state: Duration) -> Option<AlarmType> {
        use AlarmType as A;
        use EventId as E;
        let up = |alarm, events: &[E]| self.last_event_is(events) || self.has_alarm(alarm);
        if self.is_locked() {
            Some(A::InstanceStopped)
        } else if self.is_failed() {
            Some(if self.host().is_none() { A::InstanceSchedulingFailed } else { A::InstanceFailed })
        } else if self.is_paused() {
            (in_state >= PAUSED_FOR).then_some(A::InstancePaused)
        } else if self.is_suspended() {
            Some(A::InstanceSuspended)
        } else if self.is_rebooting() {
            Some(A::InstanceRebooting)
        } else if self.is_rebuilding() {
            let evacuating = up(A::InstanceEvacuating, &[E::InstanceEvacuateBegin, E::InstanceEvacuating]);
            Some(if evacuating { A::InstanceEvacuating } else { A::InstanceRebuilding })
        } else if self.is_migrating() {
            Some(A::InstanceLiveMigrating)
        } else if self.is_resizing() {
            Some(if up(A::InstanceColdMigrating, &[E::InstanceColdMigrateBegin, E::InstanceColdMigrating]) {
                A::InstanceColdMigrating
            } else if up(
                A::InstanceColdMigrateReverting,
                &[E::InstanceColdMigrateRevertBegin, E::InstanceColdMigrateReverting],
            ) {
                A::InstanceColdMigrateReverting
            } else if up(A::InstanceResizing, &[E::InstanceResizeBegin, E::InstanceResizing]) {
                A::InstanceResizing
            } else {
                A::InstanceResizeReverting
            })
        } else if self.is_resized() {
            Some(self.wanted_alarm_resized())
        } else {
            None
        }
    }

    /// Its alarm fits its condition.
    pub(in crate::core) fn has_the_right_alarm(&self, now: Mono) -> bool {
        match self.wanted_alarm(Duration::from_secs(self.elapsed_in_state(now))) {
            Some(alarm) => self.has_alarm(alarm),
            None => self.alarms.is_empty(),
        }
    }

    fn wanted_alarm_resized(&self) -> AlarmType {
        use AlarmType as A;
        use EventId as E;
        if self.last_event_is(&[E::InstanceColdMigrateBegin]) {
            A::InstanceColdMigrating
        } else if self.last_event_is(&[E::InstanceColdMigrating]) || self.has_alarm(A::InstanceColdMigrating)
        {
            if self.action_data.from_cli() { A::InstanceColdMigrated } else { A::InstanceColdMigrating }
        } else if self.last_event_is(&[E::InstanceColdMigrateRevertBegin, E::InstanceColdMigrateReverting])
            || self.has_alarm(A::InstanceColdMigrateReverting)
        {
            A::InstanceColdMigrateReverting
        } else if self.has_alarm(A::InstanceColdMigrated) {
            A::InstanceColdMigrated
        } else if self.last_event_is(&[E::InstanceResizeRevertBegin, E::InstanceResizeReverting]) {
            A::InstanceResizeReverting
        } else {
            A::InstanceResized
        }
    }
}

impl Vim {
    /// Brings an instance's alarm in line with its condition.
    pub(in crate::core) fn manage_alarms(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get(uuid) else { return };
        if instance.deleted {
            return;
        }
        let in_state = Duration::from_secs(instance.elapsed_in_state(self.now.mono));
        let wanted = instance.wanted_alarm(in_state);
        match wanted {
            Some(alarm) if instance.has_alarm(alarm) => {}
            Some(alarm) => {
                self.clear_instance_alarms(uuid);
                self.raise_instance_alarm(uuid, alarm);
            }
            None => self.clear_instance_alarms(uuid),
        }
    }

    /// Brings the alarm of a missing heartbeat in line. Contract: 8.3 "instance-guest-heartbeat".
    pub(super) fn manage_heartbeat_alarm(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let services = &instance.guest_services;
        let missed = self.has_guest_services(instance)
            && !instance.deleted
            && !services.communication_established()
            && instance.is_enabled()
            && instance.elapsed_in_state(self.now.mono) >= HEARTBEAT_MISSED_FOR;
        // while an action has the heartbeat switched off nobody misses it (docs/differences.md)
        let switched_off =
            services.are(GuestServiceState::Disabling) || services.are(GuestServiceState::Disabled);
        match (&instance.heartbeat_alarm, missed) {
            (None, true) if switched_off => {}
            (None, true) => {
                let raised = self.raise_alarm_of(uuid, AlarmType::InstanceGuestHeartbeat);
                if let Some(instance) = self.instances.get_mut(uuid) {
                    instance.heartbeat_alarm = raised;
                }
            }
            (Some(_), false) => self.clear_heartbeat_alarm(uuid),
            (Some(_), true) | (None, false) => {}
        }
    }

    pub(super) fn clear_heartbeat_alarm(&mut self, uuid: &str) {
        let raised = self.instances.get_mut(uuid).and_then(|instance| instance.heartbeat_alarm.take());
        if let Some(alarm) = raised {
            self.clear_alarm(&alarm);
        }
    }

    pub(super) fn clear_instance_alarms(&mut self, uuid: &str) {
        let raised = self.instances.get_mut(uuid).map(|instance| std::mem::take(&mut instance.alarms));
        for (_, alarm) in raised.unwrap_or_default() {
            self.clear_alarm(&alarm);
        }
    }

    fn raise_instance_alarm(&mut self, uuid: &str, alarm: AlarmType) {
        let raised = self.raise_alarm_of(uuid, alarm);
        if let Some(instance) = self.instances.get_mut(uuid) {
            instance.alarms.extend(raised.map(|alarm_uuid| (alarm, alarm_uuid)));
        }
    }

    fn raise_alarm_of(&mut self, uuid: &str, alarm: AlarmType) -> Option<String> {
        let instance = self.instances.get(uuid)?;
        let (tenant_uuid, tenant) = self.tenant_of(instance);
        let name = instance.name().to_owned();
        let host = instance.nfvi.host_name.clone();
        let from_host = instance.from_host.clone();
        let raised_at = (alarm == AlarmType::InstancePaused).then_some(instance.state_changed_at);
        let params = TextParams {
            instance: &name,
            tenant: &tenant,
            host: host.as_deref(),
            from_host: from_host.as_deref(),
            additional_text: if alarm == AlarmType::InstanceColdMigrated {
                "waiting for confirmation"
            } else {
                ""
            },
            ..TextParams::default()
        };
        let entity = format!("tenant={tenant_uuid}.instance={uuid}");
        Some(self.raise_alarm(alarm, "tenant.instance", &entity, &params, raised_at))
    }
}
