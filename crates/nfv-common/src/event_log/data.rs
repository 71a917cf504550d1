//! One issued event log.
//!
//! Contract: southbound 12.1.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{EventContext, EventId, EventImportance, EventType};
use crate::alarm::{StateData, ThresholdData};
use crate::utc_text;

/// Number of an event log: 1, 2, 3 … in the life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogId(pub u64);

/// One event log as handed to the event-log handlers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLogData {
    /// Number of this log.
    pub log_id: LogId,
    /// What has happened.
    pub event_id: EventId,
    /// Kind.
    pub event_type: EventType,
    /// Whom it is meant for.
    pub event_context: EventContext,
    /// For example `tenant.instance`.
    pub entity_type: String,
    /// For example `tenant=<uuid>.instance=<uuid>`.
    pub entity: String,
    /// The text of the log.
    pub reason_text: String,
    /// Importance.
    pub importance: EventImportance,
    /// Shown in the event file only.
    pub additional_text: String,
    /// State, when the log is about one.
    pub state_data: Option<StateData>,
    /// Threshold, when the log is about one.
    pub threshold_data: Option<ThresholdData>,
    /// Whether the operator may suppress it.
    pub suppression_allowed: bool,
    /// When it was issued, UTC: [`utc_text::shortest`].
    pub timestamp: Option<String>,
}

impl EventLogData {
    /// A log with the fixed facts of its id, in context `admin`, issued `now`.
    pub fn new(
        log_id: LogId,
        event_id: EventId,
        entity_type: impl Into<String>,
        entity: impl Into<String>,
        reason_text: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            log_id,
            event_id,
            event_type: event_id.event_type(),
            event_context: EventContext::Admin,
            entity_type: entity_type.into(),
            entity: entity.into(),
            reason_text: reason_text.into(),
            importance: event_id.importance(),
            additional_text: String::new(),
            state_data: None,
            threshold_data: None,
            suppression_allowed: true,
            timestamp: Some(utc_text::shortest(now)),
        }
    }
}
