//! What supervisors read of a process: metrics in the format of Prometheus, and the health of its parts.
//!
//! ```text
//!   GET /healthz ──► Source::health ──► 200 or 503, {"status": "ok", "parts": {"database": {"status": "ok"}, ...}}
//!   GET /metrics ──► Source::metrics ──► text
//! ```
//!
//! A process that serves HTTP anyway answers with [`health_answer`] and [`metrics_answer`]. Beside that, or instead, it
//! opens a [`MonitorServer`], on loopback unless its configuration says otherwise: whoever scrapes has no token of
//! Keystone. Neither answer holds a secret, and labels have few values: never a name or uuid of a host or an instance.

mod health;
mod server;
mod settings;
mod supervisor;

pub use health::{Health, PartState, health_answer};
pub use prometheus_client;
pub use server::{MonitorError, MonitorServer, Source, metrics_answer};
pub use settings::address;
pub use supervisor::Supervisor;
