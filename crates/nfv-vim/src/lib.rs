//! The Virtual Infrastructure Manager: keeps hosts and instances, heals what fails, empties what is locked.
//!
//! ```text
//!            listeners, plugins (nfv-plugins)            signals
//!                 │ Inbound      ▲ Call                     │
//!                 ▼              │                          ▼
//!   runtime ── Input ──► core::Vim::handle ──► Outcome { writes, effects }
//!                                                 │         │
//!                                  nfv-vim-db ◄───┘         └──► calls, replies, alarms, logs
//!                                  (commit first)                (only then)
//! ```
//!
//! - [`core`]: all decisions, deterministic, without I/O.
//! - [`runtime`]: the shell around it: one thread that feeds the core and commits, and the tokio tasks that talk.
//! - [`status`]: how a running VIM looks from outside.

pub mod core;
pub mod runtime;
pub mod status;
