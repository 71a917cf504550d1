//! What is known of hosts and instances, and what follows from each message, without I/O.
//!
//! Contract: guest 6.

mod agent;
mod answers;
mod audit;
mod events;
mod hosts;
mod instances;
mod request;
#[cfg(test)]
mod tests;

pub use agent::{Action, Agent, CallKind, VimCall};
pub use request::{Method, Reason, Reply, Request};
