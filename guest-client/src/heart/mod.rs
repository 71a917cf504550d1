//! What the client decides, without I/O: inputs and times in, actions out.
//!
//! Contract: guest 3.3, 4.

mod action;
mod application;
mod applications;
mod client;
mod enabled;
mod state;
#[cfg(test)]
mod tests;

pub use client::{Action, Client, Input, ScriptEnd};
pub use state::{Event, State};

/// An application's connection.
pub type AppId = u64;
