//! A whole site in a temporary directory: the simulated cloud (`nfv-lab`) and `nfv-vim` as real processes over
//! real sockets, with all state and configuration in one place that goes away at the end.
//!
//! - [`Site`]: start, stop and kill the processes; ask the cloud; play faults.
//! - [`Api`]: nfv-vim-api beside them, started by [`Site::start_api`]; [`api_load`]: load on it.
//! - [`Web`]: nfv-vim-webserver beside them, started by [`Site::start_web`], and its event stream.
//! - [`configuration`]: the VIM's configuration files for such a site.
//! - [`record`]: reading the records that the file handlers write.
//!
//! Used by `nfv-demo` (the demonstration), `nfv-bench` and the end-to-end tests.

mod api;
pub mod api_load;
mod cloud;
pub mod configuration;
pub mod record;
mod site;
mod syslog;
mod web;

pub use api::Api;
pub use cloud::{Action, Cloud, Happening, Host, Report, Standing, Vm};
pub use configuration::{Settings, VimPorts};
pub use site::{Options, Site};
pub use web::{EventStream, Web};
