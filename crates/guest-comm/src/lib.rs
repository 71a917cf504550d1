//! Messages between applications in VMs and applications on their host, without a network.
//!
//! ```text
//!         VM                                             host
//!  app ─┐                                                              ┌─ app
//!  app ─┼─ @cgcs.messaging ─ guest_agent ═ virtio ═ host_agent ─ @cgcs.messaging ─┼─ app
//! ```
//!
//! - [`guest_relay`], [`host_relay`]: what the two agents do with what comes, as pure types: bytes, names and times in,
//!   actions out.
//! - [`outbox`], [`log_budget`]: what bounds them.
//! - [`shell`]: sockets, devices, the watched directory, options and the log.
//! - [`app_socket`], [`server_group`]: what an application uses.
//!
//! The way of a message of a VM: `shell::host_agent` reads bytes from the instance's socket and gives them to
//! [`host_relay::HostRelay::on_bytes`]; the frame reader of `guest-protocol` finds the objects, the envelope is checked,
//! and an action [`host_relay::HostAction::ToApp`] comes back, which the shell sends as a datagram.
//!
//! Nothing is acknowledged and nothing is kept for later: what cannot be delivered is dropped, with a line in the log.
//!
//! Contract: guest 1.2, 2.4, 3.1, 3.4, 3.5.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod app_socket;
pub mod guest_relay;
pub mod host_relay;
pub mod log_budget;
pub mod log_line;
pub mod outbox;
pub mod server_group;
pub mod shell;
