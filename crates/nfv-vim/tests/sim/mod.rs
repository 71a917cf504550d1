//! A whole cloud in one thread: the VIM core with simulated time, neighbours, faults and crashes.
//!
//! ```text
//!   World ── next event or deadline ──► Vim::handle ──► Outcome
//!     ▲                                                   │ writes ──► Store (rows of the database)
//!     │ answers, notifications, faults                    │ effects
//!     └────────────── Cloud (Nova, sysinv, mtc, ...) ◄────┘
//! ```
//!
//! Everything random comes from the seed; the same seed gives the same journal.
//!
//! - [`cloud`], [`nova`], [`nova_action`], [`platform`], [`guest`], [`stock`], [`stock_order`], [`patching`]: the
//!   neighbours and their rules.
//! - [`api`]: what users ask by nfv-vim-api, and what a strategy would ask of the directors.
//! - [`fault`]: what goes wrong in a seed, and when; [`chaos`]: how it is done.
//! - [`world`]: the clock, the VIM, its crashes; [`calls`]: requests and answers on their way; [`store`]: what survives them.
//! - [`invariant`]: what must hold after every input, and in the end.
//! - [`scenario`]: the random seeds; [`script`]: scenarios without chance for the crash matrix.
#![allow(dead_code)] // several test targets share this, each uses a part
#![allow(clippy::unwrap_used)]

pub mod api;
pub mod calls;
pub mod chaos;
pub mod cloud;
pub mod describe;
pub mod fault;
pub mod foresight;
pub mod guest;
pub mod history;
pub mod invariant;
pub mod journal;
pub mod nova;
pub mod nova_action;
pub mod patching;
pub mod platform;
pub mod scenario;
pub mod script;
pub mod stock;
pub mod stock_order;
pub mod store;
pub mod world;

use std::time::Duration;

/// Seconds.
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Milliseconds.
pub const fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
