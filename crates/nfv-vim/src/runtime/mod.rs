//! The shell around the core. Contract: deployment 4.
//!
//! One thread owns core and database: it takes inputs in order, lets the core handle them, commits what the core
//! wants written, and only then hands the effects out. Whatever waits for the network runs as tokio tasks and
//! comes back as an input.
//!
//! - [`settings`]: the VIM's configuration file, typed.
//! - `inbox`: what reaches the core thread.
//! - `core_thread`: the loop of inputs, commits and effects.
//! - `performer`: carrying effects out.
//! - `monitor`: health and metrics.
//! - `rpc_server`: the socket on which nfv-vim-api asks.
//! - `process`: start, signals, flag files, exit.

mod core_thread;
mod history;
mod inbox;
mod monitor;
mod performer;
mod process;
mod rpc_server;
pub mod settings;

pub use process::{ExitStatus, run};
