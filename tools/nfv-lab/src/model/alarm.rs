//! Alarms of the platform. Contract: southbound 12.7.

use serde::Serialize;

use super::Cloud;

/// An alarm as the fault management shows it. Contract: southbound 12.7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// Id of this alarm.
    pub uuid: String,
    /// Kind.
    pub alarm_id: String,
    /// What it is about.
    pub entity_instance_id: String,
    /// `critical`, `major`, ...
    pub severity: String,
    /// Text.
    pub reason_text: String,
    /// When raised.
    pub timestamp: String,
    /// `True` or `False`.
    pub mgmt_affecting: String,
}

impl Cloud {
    /// Raises an alarm, or renews the one of the same kind and entity.
    pub fn raise_alarm(&mut self, alarm_id: &str, entity: &str, severity: &str, text: &str) {
        self.clear_alarm(alarm_id, entity);
        let alarm = Alarm {
            uuid: self.fresh_id(),
            alarm_id: alarm_id.into(),
            entity_instance_id: entity.into(),
            severity: severity.into(),
            reason_text: text.into(),
            timestamp: self.wall().strftime("%Y-%m-%d %H:%M:%S.%6f").to_string(),
            mgmt_affecting: if severity == "warning" { "False" } else { "True" }.into(),
        };
        self.alarms.push(alarm);
    }

    /// Clears an alarm.
    pub fn clear_alarm(&mut self, alarm_id: &str, entity: &str) {
        self.alarms.retain(|alarm| alarm.alarm_id != alarm_id || alarm.entity_instance_id != entity);
    }
}
