//! The port between the VIM core and the cloud, as plain data.
//!
//! The core decides, the adapters of `nfv-plugins` talk to the neighbours, and neither knows the other: all
//! that passes between them is written down here.
//!
//! ```text
//!   core ──► Call (with a CallId) ──────────► adapter ──► Nova, sysinv, mtcAgent, ...
//!   core ◄── Result<Answer, CallError> ◄───── adapter
//!   core ◄── Notification (+ RequestId) ◄──── listeners 30001..30004, AMQP
//!   core ──► Reply (to a RequestId) ────────► listener ──► the neighbour that asked
//! ```
//!
//! - [`object`]: hosts, instances, hypervisors and the rest, with the JSON form the database keeps.
//! - [`call`]: every request the core can make, grouped by plugin, with pool and priority.
//! - [`answer`]: what comes back: data, or an error that keeps its reason.
//! - [`notification`]: what neighbours tell the VIM, and the replies they get.
//!
//! Contract: southbound sections 3, 4, 5, 7 to 11 and 13.3.

mod text;

pub mod answer;
pub mod call;
pub mod notification;
pub mod object;

pub use answer::{Answer, CallError, CallResult, ErrorKind};
pub use call::{Call, CallId, Pool, Priority};
pub use notification::{Notification, Reply, RequestId};
