//! The cluster as the console shows it: built from the database, compared with what was there before.
//!
//! ```text
//!   tables ──► Builder::read ──► Picture (immutable, shared) ──► pages
//!              only rows that       │
//!              have changed are     └─ Change (what differs from the picture before) ──► event streams, feed
//!              looked into
//! ```

mod builder;
mod change;
mod host;
mod instance;
mod stock;
mod strategy;

pub use builder::Builder;
pub use change::{Change, Observed};
pub use host::{HostCondition, HostView};
pub use instance::{COLUMNS as INSTANCE_COLUMNS, InstanceCondition, InstanceView};
pub use stock::{STOCK_TABLES, StockTable};
pub use strategy::StrategyView;

use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All that is known at one moment.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Counts up with every change.
    pub revision: u64,
    /// The system's name and description.
    pub system: Option<SystemView>,
    /// By name.
    pub hosts: BTreeMap<String, Arc<HostView>>,
    /// By uuid.
    pub instances: BTreeMap<String, Arc<InstanceView>>,
    /// Networks, volumes and so on, in the order of [`STOCK_TABLES`].
    pub stock: Vec<Arc<StockTable>>,
    /// Software updates.
    pub strategies: Vec<Arc<StrategyView>>,
    /// Alarms that the VIM itself holds, by their id.
    pub alarms: BTreeMap<String, Arc<HeldAlarm>>,
    /// Rows that could not be read.
    pub unreadable: usize,
}

/// The system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SystemView {
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
}

/// An alarm that the VIM has raised and not cleared, from its side table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as in Fault Management
pub struct HeldAlarm {
    pub uuid: String,
    pub kind: String,
    pub entity: String,
    pub severity: String,
    pub reason: String,
    pub repair: String,
    pub time: String,
}

#[cfg(test)]
mod tests;
