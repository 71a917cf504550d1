//! Event logs (customer logs) as plain data.
//!
//! - [`EventId`] is the one table of event ids with their FM ids.
//! - [`EventLogData`] is one issued log.
//! - [`file_record`] renders the record of the event file.
//!
//! Contract: southbound 12.1, 12.3, 12.4, 12.8; vim-behaviour 8.1, 8.5.

mod classification;
mod data;
mod event_id;
pub mod file_record;

pub use classification::{EventContext, EventImportance, EventType, InitiatedBy};
pub use data::{EventLogData, LogId};
pub use event_id::EventId;
