//! Sockets, devices, the watched directory, options and the log of the two agents.

pub mod channel;
pub mod crash;
pub mod guest_agent;
pub mod host_agent;
pub mod options;
pub mod syslog;
pub mod watch;

/// An agent could not begin, or cannot go on; what was tried, on what, why not. Its process ends with 255.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Fatal {
    what: String,
    why: String,
}

impl Fatal {
    /// `what` failed.
    pub fn new(what: impl Into<String>, why: impl ToString) -> Self {
        Self { what: what.into(), why: why.to_string() }
    }
}

/// Wraps an error with what was tried.
fn failed<E: ToString>(what: impl Into<String>) -> impl FnOnce(E) -> Fatal {
    let what = what.into();
    move |error| Fatal::new(what, error)
}
