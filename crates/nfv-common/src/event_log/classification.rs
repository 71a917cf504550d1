//! How an event log is classified, and what fault management calls it.
//!
//! Contract: southbound 12.1, 12.3; vim-behaviour 8.1, 8.5.

use crate::alarm::{AlarmEventType, AlarmSeverity, FmValue};
use crate::text_enum::text_enum;

text_enum! {
    /// Kind of an event log.
    EventType ("event-log type") {
        Unknown = "unknown",
        StateEvent = "state-event",
        ActionEvent = "action-event",
        GuestHeartbeatEvent = "guest-heartbeat-event",
        ProcessingError = "processing-error",
    }
}

impl EventType {
    /// The alarm type of fault management; none where it has no counterpart.
    pub const fn fm(self) -> Option<FmValue> {
        match self {
            Self::Unknown | Self::GuestHeartbeatEvent => None,
            Self::StateEvent | Self::ActionEvent => AlarmEventType::EquipmentAlarm.fm(),
            Self::ProcessingError => AlarmEventType::ProcessingErrorAlarm.fm(),
        }
    }
}

text_enum! {
    /// Whom an event log is meant for. Only `Admin` is ever used (vim-behaviour 8.1).
    EventContext ("event-log context") {
        Admin = "admin",
        Tenant = "tenant",
    }
}

text_enum! {
    /// Importance of an event log.
    EventImportance ("importance") {
        Unknown = "unknown",
        High = "high",
        Medium = "medium",
        Low = "low",
    }
}

impl EventImportance {
    /// The severity of fault management; none for `Unknown`.
    pub const fn fm(self) -> Option<FmValue> {
        match self {
            Self::Unknown => None,
            Self::High => AlarmSeverity::Critical.fm(),
            Self::Medium => AlarmSeverity::Major.fm(),
            Self::Low => AlarmSeverity::Minor.fm(),
        }
    }
}

text_enum! {
    /// Who asked for an action.
    InitiatedBy ("initiator") {
        Unknown = "unknown",
        Tenant = "tenant",
        Instance = "instance",
        InstanceDirector = "instance-director",
    }
}

impl InitiatedBy {
    /// The part `{B}` of event-log texts.
    ///
    /// A tenant whose name is unknown carries its uuid as name; then the uuid is named as such.
    pub fn text(self, tenant_uuid: &str, tenant_name: &str) -> String {
        match self {
            Self::Unknown => String::new(),
            Self::Tenant if tenant_uuid == tenant_name => format!("by tenant {tenant_uuid}"),
            Self::Tenant => format!("by {tenant_name}"),
            Self::Instance => "by the instance".to_owned(),
            Self::InstanceDirector => "by the system".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initiator_is_named_as_in_the_contract() {
        for (by, name, expected) in [
            (InitiatedBy::Unknown, "admin", ""),
            (InitiatedBy::Tenant, "admin", "by admin"),
            (InitiatedBy::Tenant, "t-1", "by tenant t-1"),
            (InitiatedBy::Instance, "admin", "by the instance"),
            (InitiatedBy::InstanceDirector, "admin", "by the system"),
        ] {
            assert_eq!(by.text("t-1", name), expected, "{by} {name}");
        }
    }
}
