//! guest_client: runs in a VM, lets its host watch its heart, passes votes and notifications to scripts and applications.
//!
//! ```text
//!  host ◄──── virtio-serial port ────► shell ── inputs ──► heart::Client ── actions ──► shell
//!  applications ◄──── socket ────────► (poll)              (pure)
//!  health script, event script ──────►
//! ```
//!
//! Contract: guest 1.1, 3.2, 3.3, 4.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod arguments;
pub mod check;
pub mod config;
pub mod heart;
pub mod log;
pub mod shell;
