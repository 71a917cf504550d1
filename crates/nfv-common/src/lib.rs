//! What all NFV processes stand on; it does no network or database work of its own.
//!
//! - [`fsm`]: state machines and the tasks they run; [`timer`] and [`time`]: deadlines.
//! - [`strategy`]: strategies as they are kept.
//! - [`alarm`], [`event_log`], [`text_params`]: the models of alarms and event logs and what their texts are made of.
//! - [`pyjson`]: JSON as the original writes it.

pub mod alarm;
pub mod event_log;
pub mod fsm;
pub mod pyjson;
mod record_lines;
pub mod strategy;
pub mod text_enum;
pub mod text_params;
pub mod time;
pub mod timer;
pub mod utc_text;

pub use text_params::TextParams;
