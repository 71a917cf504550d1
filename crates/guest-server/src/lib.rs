//! guestServer: watches the hearts of the VMs on its host, asks them before something happens to them, and tells
//! guestAgent.
//!
//! ```text
//!  VMs ◄── virtio-serial sockets ──► shell ── inputs ──► watch::Host ── actions ──► shell
//!  guestAgent ◄────────── UDP ─────►  (epoll)            (pure)
//!  channel directory ──── inotify ──►
//! ```
//!
//! Contract: guest 1.4, 5, 9.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod config;
pub mod shell;
pub mod watch;
