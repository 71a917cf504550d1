//! What concerns many instances at once. Contract: vim-behaviour 5.
//!
//! - [`operation`]: a host operation and its items (5.1).
//! - `host_down`: a host goes down; the checks before a lock (5.3.2, 5.3.3).
//! - `decide`: what is done with each instance of a host; asked by the passes, and by previews (5.3.4).
//! - `passes`: moving, evacuating, stopping and starting instances, a few at a time (5.3.4).
//! - `complete`: an instance's action ended; what comes next (5.3.5).
//! - `recovery`: healing failed instances (5.3.6).
//! - `storm`: many hosts fail at once (docs/extensions.md).
//! - `host`: what hosts report to the directors (5.2).
//! - [`command`]: what the steps of a strategy ask for; `hosts`: of hosts (5.2), `instances`: of instances (5.3.5).
//! - `image`, `volume`, `network`, `instance_create`: what users of the API make, change and delete (5.5).
//! - [`sw_mgmt`]: software management (5.4); `sw_mgmt_world`: the core as a strategy sees it.

pub mod command;
mod complete;
pub(in crate::core) mod decide;
mod host;
pub(in crate::core) mod host_down;
pub(in crate::core) mod hosts;
mod image;
mod instance_create;
mod instances;
mod network;
pub mod operation;
mod passes;
pub mod recovery;
pub(in crate::core) mod storm;
pub mod sw_mgmt;
pub(in crate::core) mod sw_mgmt_world;
mod volume;

pub use command::DirectorCommand;
pub use operation::{ItemEnd, ItemState, Operation, OperationEnd, OperationKind, OperationStatus};
pub use recovery::Recovery;
pub use sw_mgmt::SwMgmtEvent;

/// Logger of the instance director.
const LOGGER: &str = "nfv_vim.instance_director";
/// Its source file in the logs.
const FILE: &str = "_instance_director.py";
