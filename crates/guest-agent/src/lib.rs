//! guestAgent: stands between the VIM and the guestServers of all computes.
//!
//! ```text
//!  VIM ──── HTTP 2410 ──► shell ── requests, datagrams, answers ──► inventory::Agent ── actions ──► shell
//!  VIM ◄─── HTTP 30002 ─┘                                           (pure)
//!  guestServers ◄─ UDP ─┘
//!  mtcAgent ◄───── UDP ─┘
//! ```
//!
//! Nothing is kept over a restart: hosts come from mtcAgent, instances from the VIM, states from the guestServers.
//!
//! Contract: guest 1.4, 6, 7, 8, 9.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod config;
pub mod inventory;
pub mod shell;
