//! A whole site in a temporary directory: the simulated cloud (`nfv-lab`) and `nfv-vim` as real processes over
//! real sockets, with all state and configuration in one place that goes away at the end.
//!
//! - [`Site`]: start, stop and kill the processes; ask the cloud; play faults.
//! - [`configuration`]: the VIM's configuration files for such a site.
//! - [`record`]: reading the records that the file handlers write.
//!
//! Used by `nfv-demo` (the demonstration), `nfv-bench` and the end-to-end tests.

mod cloud;
pub mod configuration;
pub mod record;
mod site;
mod syslog;

pub use cloud::{Cloud, Happening, Host, Report, Standing, Vm};
pub use configuration::{Settings, VimPorts};
pub use site::{Options, Site};
