//! Why the plugins could not be started.

/// An error at start; errors of single calls are [`nfv_nfvi::CallError`].
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// A listener could not be opened.
    #[error("listener of {what} on {host}:{port} could not be opened: {source}")]
    Listen {
        /// Whom it serves.
        what: &'static str,
        /// Configured host.
        host: String,
        /// Configured port.
        port: u16,
        /// Cause.
        source: std::io::Error,
    },
    /// The HTTP client could not be made.
    #[error("HTTP client could not be made: {0}")]
    Client(String),
}
