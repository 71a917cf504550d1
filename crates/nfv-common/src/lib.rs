//! State-machine and task engine, timers, alarm and event-log models, configuration and logging of the NFV processes.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod alarm;
pub mod config;
pub mod event_log;
pub mod histogram;
pub mod logging;
mod record_lines;
pub mod text_enum;
pub mod text_params;
pub mod utc_text;

pub use text_params::TextParams;
