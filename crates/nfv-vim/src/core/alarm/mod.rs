//! Raising and clearing alarms. Every alarm is kept until it is cleared, also across a restart, so each one
//! raised is cleared in the end. Contract: vim-behaviour 8.

pub mod text;

use super::{Effect, Vim};
use nfv_common::TextParams;
use nfv_common::alarm::{AlarmData, AlarmType, AlarmUuid};
use nfv_vim_db::Write;
use nfv_vim_db::row::StateRow;

/// Kind of the rows that keep raised alarms.
pub(super) const STATE_KIND: &str = "alarm";

impl Vim {
    /// Raises an alarm; the uuid under which it is cleared.
    pub(super) fn raise_alarm(
        &mut self,
        alarm_type: AlarmType,
        entity_type: &str,
        entity: &str,
        params: &TextParams<'_>,
        raised_at: Option<jiff::Timestamp>,
    ) -> String {
        let uuid = self.new_uuid();
        let reason = text::alarm_reason(alarm_type, params);
        let repair = text::alarm_repair_action(alarm_type);
        let alarm_uuid = AlarmUuid(uuid.clone());
        let mut alarm =
            AlarmData::new(alarm_uuid, alarm_type, entity_type, entity, reason, repair, self.now.wall);
        alarm.additional_text = params.additional_text.to_owned();
        if let Some(at) = raised_at {
            alarm = alarm.raised_at(at);
        }
        if let Ok(data) = serde_json::to_string(&alarm) {
            let row = StateRow { kind: STATE_KIND.to_owned(), key: uuid.clone(), data };
            self.out.writes.push(Write::PutState(row));
        }
        self.alarms.insert(uuid.clone(), alarm.clone());
        self.out.effects.push(Effect::RaiseAlarm(Box::new(alarm)));
        uuid
    }

    /// Clears an alarm.
    pub(super) fn clear_alarm(&mut self, uuid: &str) {
        if self.alarms.remove(uuid).is_some() {
            self.out.writes.push(Write::DeleteState { kind: STATE_KIND.to_owned(), key: uuid.to_owned() });
            self.out.effects.push(Effect::ClearAlarm(AlarmUuid(uuid.to_owned())));
        }
    }

    /// The alarms that are raised, oldest uuid first.
    pub fn raised_alarms(&self) -> impl Iterator<Item = &AlarmData> {
        self.alarms.values()
    }

    /// Uuids of the alarms that an entity has.
    pub(super) fn alarms_of(&self, entity: &str) -> Vec<String> {
        self.alarms.iter().filter(|(_, alarm)| alarm.entity == entity).map(|(uuid, _)| uuid.clone()).collect()
    }

    /// Clears all alarms of an entity.
    pub(super) fn clear_alarms_of(&mut self, entity: &str) {
        for uuid in self.alarms_of(entity) {
            self.clear_alarm(&uuid);
        }
    }

    /// Raises a host's alarm once.
    pub(super) fn raise_host_alarm(&mut self, alarm_type: AlarmType, host: &str, params: &TextParams<'_>) {
        self.clear_host_alarms(host);
        self.raise_alarm(alarm_type, "host.services", &host_entity(host), params, None);
    }

    /// Clears all alarms of a host's services.
    pub(super) fn clear_host_alarms(&mut self, host: &str) {
        self.clear_alarms_of(&host_entity(host));
    }
}

/// The entity of the alarms of a host's services.
pub(super) fn host_entity(host: &str) -> String {
    format!("host={host}.services=compute")
}
