//! Alarms as Fault Management shows them. Contract: southbound 12.7.

use serde::{Deserialize, Serialize};

/// An alarm in Fault Management.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FmAlarm {
    /// FM's uuid.
    pub alarm_uuid: String,
    /// For instance `700.001`.
    pub alarm_id: String,
    /// Entity.
    pub entity_instance_id: String,
    /// Severity word.
    pub severity: String,
    /// Reason text.
    pub reason_text: String,
    /// When it was raised.
    pub timestamp: String,
    /// It counts against management actions.
    pub mgmt_affecting: bool,
}
