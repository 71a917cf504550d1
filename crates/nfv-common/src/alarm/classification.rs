//! How an alarm is classified, and what fault management calls it.
//!
//! Contract: southbound 12.1, 12.3.

use crate::text_enum::text_enum;

/// One value of fault management: its text (REST, command line) and its number in the messages to fmManager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FmValue {
    /// Text form.
    pub text: &'static str,
    /// Number on the wire.
    pub wire: u8,
}

impl FmValue {
    const fn new(text: &'static str, wire: u8) -> Option<Self> {
        Some(Self { text, wire })
    }
}

/// The probable cause of every event log.
pub const LOG_PROBABLE_CAUSE: FmValue = FmValue { text: "unspecified-reason", wire: 65 };

text_enum! {
    /// Whom an alarm is meant for. Only `Admin` is ever used (vim-behaviour 8.1).
    AlarmContext ("alarm context") {
        Admin = "admin",
        Tenant = "tenant",
    }
}

text_enum! {
    /// Kind of an alarm (X.733).
    AlarmEventType ("alarm event type") {
        Unknown = "unknown",
        CommunicationsAlarm = "communications-alarm",
        ProcessingErrorAlarm = "processing-error-alarm",
        EnvironmentalAlarm = "environmental-alarm",
        QualityOfServiceAlarm = "quality-of-service-alarm",
        EquipmentAlarm = "equipment-alarm",
        IntegrityViolation = "integrity-violation",
        OperationalViolation = "operational-violation",
        PhysicalViolation = "physical-violation",
        SecurityServiceViolation = "security-service-violation",
        MechanismViolation = "mechanism-violation",
        TimeDomainViolation = "time-domain-violation",
    }
}

impl AlarmEventType {
    /// The alarm type of fault management; none where it has no counterpart.
    pub const fn fm(self) -> Option<FmValue> {
        match self {
            Self::Unknown => None,
            Self::CommunicationsAlarm => FmValue::new("communication", 1),
            Self::QualityOfServiceAlarm => FmValue::new("qos", 2),
            Self::ProcessingErrorAlarm => FmValue::new("processing-error", 3),
            Self::EquipmentAlarm => FmValue::new("equipment", 4),
            Self::EnvironmentalAlarm => FmValue::new("environmental", 5),
            Self::IntegrityViolation => FmValue::new("integrity-violation", 6),
            Self::OperationalViolation => FmValue::new("operational-violation", 7),
            Self::PhysicalViolation => FmValue::new("physical-violation", 8),
            Self::SecurityServiceViolation | Self::MechanismViolation => {
                FmValue::new("security-service-or-mechanism-violation", 9)
            }
            Self::TimeDomainViolation => FmValue::new("time-domain-violation", 10),
        }
    }
}

text_enum! {
    /// Probable cause of an alarm (X.733).
    AlarmProbableCause ("probable cause") {
        Unknown = "unknown",
        Indeterminate = "indeterminate",
        SoftwareError = "software-error",
        SoftwareProgramError = "software-program-error",
        UnderlyingResourceUnavailable = "underlying-resource-unavailable",
        ProceduralError = "procedural-error",
    }
}

impl AlarmProbableCause {
    /// The probable cause of fault management; none where it has no counterpart.
    ///
    /// `Unknown` is sent as 0, which fault management shows as `not-applicable`.
    pub const fn fm(self) -> Option<FmValue> {
        match self {
            Self::Indeterminate => None,
            Self::Unknown => FmValue::new("unknown", 0),
            Self::SoftwareError => FmValue::new("software-error", 45),
            Self::SoftwareProgramError => FmValue::new("software-program-error", 47),
            Self::UnderlyingResourceUnavailable => FmValue::new("underlying-resource-unavailable", 55),
            Self::ProceduralError => FmValue::new("procedural-error", 64),
        }
    }
}

text_enum! {
    /// Perceived severity of an alarm (X.733).
    AlarmSeverity ("severity") {
        Unknown = "unknown",
        Cleared = "cleared",
        Indeterminate = "indeterminate",
        Warning = "warning",
        Minor = "minor",
        Major = "major",
        Critical = "critical",
    }
}

impl AlarmSeverity {
    /// The severity of fault management; none where it has no counterpart.
    pub const fn fm(self) -> Option<FmValue> {
        match self {
            Self::Unknown | Self::Indeterminate => None,
            Self::Cleared => FmValue::new("clear", 0),
            Self::Warning => FmValue::new("warning", 1),
            Self::Minor => FmValue::new("minor", 2),
            Self::Major => FmValue::new("major", 3),
            Self::Critical => FmValue::new("critical", 4),
        }
    }
}

text_enum! {
    /// Trend of an alarm (X.733). Every alarm of the VIM is raised with `NoChange`.
    AlarmTrend ("trend indication") {
        Unknown = "unknown",
        LessSevere = "less-severe",
        NoChange = "no-change",
        MoreSevere = "more-severe",
    }
}
