//! What is decided about the instances of a host, without I/O: inputs and times in, actions out.
//!
//! Contract: guest 5.

mod action;
mod connection;
mod heart;
mod host;
mod instance;
mod lateness;
mod limits;
#[cfg(test)]
mod tests;
mod vote;

pub use action::{Action, Level};
pub use host::{Host, Input};
pub use limits::Limits;
