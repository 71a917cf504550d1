//! The log of the VIM processes: the legacy line format as a layer of `tracing`.
//!
//! ```text
//! tracing event ──► VimLogLayer ──► bounded queue ──► writer thread ──► syslog socket (reconnects)
//!                   level tables     full: dropped                  └──► standard output
//!                   (debug.ini)      and counted
//! ```
//!
//! An event may carry these fields; all other fields are appended to the message as ` name=value`:
//!
//! | Field | Meaning | Without it |
//! |---|---|---|
//! | `logger` | name looked up in debug.ini, as it stands | the Rust module path with dots, and its nearest listed parent |
//! | `file` | source file name shown | name of the Rust file, as `layer.py` |
//! | `line` | line number shown | line in the Rust file |
//! | `thread` | `Compute-Worker-0` is shown as `VIM_Compute-Worker-0_Thread` | `VIM_Thread` |
//! | `level` | `critical` or `notice`, which `tracing` does not have | the event's level |
//! | `exception` | detail in further lines; the event becomes an ERROR without file and line and is never filtered | |
//!
//! ```
//! tracing::info!(
//!     logger = "nfv_vim.state_machine.host",
//!     file = "_host_state_enabled.py",
//!     line = 27,
//!     "Entering state (enabled) for compute-0."
//! );
//! ```
//!
//! Events of foreign crates (HTTP client, AMQP and so on) are shown from WARN upwards, unless debug.ini lists their
//! crate or module; what the HTTP server tells of its clients' faults is shown only when listed (`actix_http`).
//!
//! Contract: deployment 4.4, 3.3, 7.1.

mod config;
mod layer;
mod level;
mod level_table;
mod line;
mod start;
mod syslog;
mod writer;

pub use config::{Facility, Handlers, LoggingConfig, SyslogAddress};
pub use layer::VimLogLayer;
pub use level::{DebugLevel, Shown};
pub use level_table::LevelTable;
pub use start::{LoggingError, LoggingHandle, install, start};
