//! What all NFV processes stand on; it does no network or database work of its own.
//!
//! - [`fsm`]: state machines and the tasks they run; [`timer`] and [`time`]: deadlines.
//! - [`strategy`]: strategies as they are kept.
//! - [`alarm`], [`event_log`], [`text_params`]: the models of alarms and event logs and what their texts are made of.
//! - [`config`]: configuration files as the original reads them; [`logging`]: the log lines; [`histogram`].
//! - [`pyjson`]: JSON as the original writes it; [`argparse`], [`python_text`], [`python_dict`]: command lines, quoted
//!   values and the order of keys as Python 2.7 has them, where scripts see them.
//! - [`forensic`]: what happened, read from the log.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod alarm;
pub mod argparse;
pub mod config;
pub mod event_log;
pub mod forensic;
pub mod fsm;
pub mod histogram;
pub mod logging;
pub mod pyjson;
pub mod python_dict;
pub mod python_text;
mod record_lines;
pub mod strategy;
pub mod text_enum;
pub mod text_params;
pub mod time;
pub mod timer;
pub mod utc_text;

pub use text_params::TextParams;
