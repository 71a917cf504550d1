//! State-machine and task engine, timers, alarm and event-log models, configuration and logging of the NFV processes.

pub mod alarm;
pub mod config;
pub mod event_log;
mod record_lines;
pub mod text_enum;
pub mod text_params;
pub mod utc_text;

pub use text_params::TextParams;
