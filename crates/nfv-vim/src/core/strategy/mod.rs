//! Software patch and software upgrade strategies. Contract: strategies 2 to 6; vim-behaviour 5.4.
//!
//! ```text
//!   requests, events, answers, time ──► SwUpdate ──► Strategy (nfv-common) ──► UpdateStep
//!                                          │                                       │
//!                                     alarms, logs                      orders to directors, questions
//!                                          └──────────────► World ◄────────────────┘
//! ```
//!
//! What strategies hear of hosts and instances are [`SwMgmtEvent`](super::director::SwMgmtEvent)s.
//!
//! - [`world`]: what a strategy sees of the cloud and what it can ask of it. The core implements it in
//!   `director::sw_mgmt`; tests implement it with recorded answers.
//! - [`step`]: the steps and what each declares; `entries`: their keys in the database; `carry_out`: what they do;
//!   `instances`: what they do about instances, which previews ask as well.
//! - [`data`]: what a strategy was asked for and has learnt. [`plan`]: checks and order of the builders;
//!   `sw_patch`, `sw_upgrade`, `host_lists`: stages and which hosts go together.
//! - [`waits`]: how long steps let the system settle.
//! - [`update`]: the life cycle object with its alarms and logs; `audit`: its regular look at alarms and hosts.

mod audit;
mod carry_out;
pub mod data;
mod entries;
mod host_lists;
pub(in crate::core) mod instances;
pub mod plan;
pub mod step;
mod sw_patch;
mod sw_upgrade;
pub mod update;
pub mod waits;
pub mod world;

pub use data::{StrategyInputs, UpdateData, UpdateKind};
pub use plan::Planner;
pub use step::{Task, UpdateStep};
pub use update::SwUpdate;
pub use waits::StepWaits;
pub use world::{
    Alarm, Asker, HostFacts, InstanceFacts, Inventory, Order, OrderStatus, Question, Reply, World,
};
