//! One raised alarm.
//!
//! Contract: southbound 12.1.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AlarmContext, AlarmEventType, AlarmProbableCause, AlarmSeverity, AlarmTrend, AlarmType};
use crate::utc_text;

/// The VIM's own name of one raised alarm (not the uuid fault management gives it).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlarmUuid(pub String);

impl AlarmUuid {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for AlarmUuid {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for AlarmUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// State that accompanies an alarm or event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateData {
    /// The state, as shown.
    pub state: String,
}

/// Threshold that accompanies an alarm or event log; both values as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThresholdData {
    /// The limit.
    pub threshold_value: String,
    /// What was measured.
    pub observed_value: String,
}

/// One raised alarm as handed to the alarm handlers.
///
/// Times are UTC texts, in the forms of [`crate::utc_text`], as they go to fault management and the alarm file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmData {
    /// Key of the alarm in the handlers.
    pub alarm_uuid: AlarmUuid,
    /// What is wrong.
    pub alarm_type: AlarmType,
    /// Whom it is meant for.
    pub alarm_context: AlarmContext,
    /// For example `tenant.instance`.
    pub entity_type: String,
    /// For example `tenant=<uuid>.instance=<uuid>`.
    pub entity: String,
    /// Kind.
    pub event_type: AlarmEventType,
    /// Probable cause.
    pub probable_cause: AlarmProbableCause,
    /// Reason text.
    pub specific_problem_text: String,
    /// Severity.
    pub perceived_severity: AlarmSeverity,
    /// Trend.
    pub trend_indication: AlarmTrend,
    /// What the operator can do.
    pub proposed_repair_action: String,
    /// Shown in the alarm file only.
    pub additional_text: String,
    /// State, when the alarm is about one.
    pub state_data: Option<StateData>,
    /// Threshold, when the alarm is about one.
    pub threshold_data: Option<ThresholdData>,
    /// Whether a service is affected.
    pub service_affecting: bool,
    /// Whether the operator may suppress it.
    pub suppression_allowed: bool,
    /// When the alarm object was made: [`utc_text::shortest`].
    pub created_timestamp: Option<String>,
    /// When the condition began, if that is not now: [`utc_text::with_micros`]. Only paused instances set it.
    pub raised_timestamp: Option<String>,
    /// When it changed; never set by the VIM.
    pub changed_timestamp: Option<String>,
    /// When it was cleared; never set by the VIM.
    pub cleared_timestamp: Option<String>,
}

impl AlarmData {
    /// An alarm with the fixed facts of its type, in context `admin`, created `now`.
    pub fn new(
        alarm_uuid: impl Into<AlarmUuid>,
        alarm_type: AlarmType,
        entity_type: impl Into<String>,
        entity: impl Into<String>,
        reason_text: impl Into<String>,
        repair_action: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            alarm_uuid: alarm_uuid.into(),
            alarm_type,
            alarm_context: AlarmContext::Admin,
            entity_type: entity_type.into(),
            entity: entity.into(),
            event_type: alarm_type.event_type(),
            probable_cause: alarm_type.probable_cause(),
            specific_problem_text: reason_text.into(),
            perceived_severity: alarm_type.severity(),
            trend_indication: AlarmTrend::NoChange,
            proposed_repair_action: repair_action.into(),
            additional_text: String::new(),
            state_data: None,
            threshold_data: None,
            service_affecting: true,
            suppression_allowed: true,
            created_timestamp: Some(utc_text::shortest(now)),
            raised_timestamp: None,
            changed_timestamp: None,
            cleared_timestamp: None,
        }
    }

    /// The same alarm with the time its condition began.
    pub fn raised_at(mut self, time: Timestamp) -> Self {
        self.raised_timestamp = Some(utc_text::with_micros(time));
        self
    }
}
