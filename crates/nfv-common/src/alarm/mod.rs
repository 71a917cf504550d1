//! Alarms as plain data: what the core raises, what the handlers (file, fault management) are given.
//!
//! - [`AlarmType`] is the one table of alarm types: text, FM id, severity, event type, probable cause.
//! - [`AlarmData`] is one raised alarm.
//! - [`FmValue`] and the `fm` methods are the mapping to fault management, as text and as number on the wire.
//! - [`file_record`] renders the record of the alarm file.
//!
//! Contract: southbound 12.1-12.3, 12.8; vim-behaviour 8.1, 8.2.

mod alarm_type;
mod classification;
mod data;
pub mod file_record;

pub use alarm_type::AlarmType;
pub use classification::{
    AlarmContext, AlarmEventType, AlarmProbableCause, AlarmSeverity, AlarmTrend, FmValue, LOG_PROBABLE_CAUSE,
};
pub use data::{AlarmData, AlarmUuid, StateData, ThresholdData};
