//! What all NFV processes stand on; it does no network or database work of its own.
//!
//! - [`fsm`]: state machines and the tasks they run; [`timer`] and [`time`]: deadlines.
//! - [`strategy`]: strategies as they are kept.
//! - [`pyjson`]: JSON as the original writes it.

pub mod fsm;
pub mod pyjson;
pub mod strategy;
pub mod time;
pub mod timer;
