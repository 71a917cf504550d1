//! Why the proxy could not start.

use nfv_common::config::ConfigError;

/// What ends the start, with exit status 200.
///
/// Contract: nova-api-proxy 2.2, 4.2.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A directory or file named on the command line, or found by default, cannot be used.
    #[error("{0}")]
    Option(String),
    /// There is no paste file.
    #[error("Unable to locate config file")]
    NoPasteFile,
    /// The paste file names something this program does not have.
    #[error("paste file {file}: {what}")]
    Paste {
        /// Path of the file.
        file: Box<str>,
        /// What is wrong.
        what: String,
    },
    /// A certificate or key cannot be used.
    #[error("{0}")]
    Tls(String),
    /// Something of the operating system failed.
    #[error("cannot {what}: {cause}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        cause: std::io::Error,
    },
}
