//! A whole site in a temporary directory: the simulated cloud (`nfv-lab`) and `nfv-vim` as real processes over
//! real sockets, with all state and configuration in one place that goes away at the end.
//!
//! - [`Site`]: start, stop and kill the processes; ask the cloud; play faults.
//! - [`Api`]: nfv-vim-api beside them, started by [`Site::start_api`]; [`api_load`]: load on it.
//! - [`Web`]: nfv-vim-webserver beside them, started by [`Site::start_web`], and its event stream.
//! - [`Proxy`]: nova-api-proxy before the lab's Nova, started by [`Site::start_proxy`].
//! - [`Guests`]: [`GuestDaemons`] (guestAgent, guestServers) and [`StandIn`]s for the VMs that they watch.
//! - [`Broker`]: a stand-in for the broker of Nova's notifications.
//! - [`SwManager`]: an operator's commands.
//! - [`Client`]: requests to these with an administrator's token; [`Process`]: what all processes have in common.
//! - [`configuration`]: the VIM's configuration files for such a site.
//! - [`promises`]: the figures of SPECIFICATION.md.
//! - [`record`]: reading the records that the file handlers write.
//!
//! Used by `nfv-demo` (the demonstration), `nfv-bench` and the end-to-end tests.

mod api;
pub mod api_load;
mod broker;
mod client;
mod cloud;
pub mod configuration;
mod guest_daemons;
mod guests;
mod process;
pub mod promises;
mod proxy;
pub mod record;
mod site;
mod stand_in;
mod sw_manager;
mod syslog;
mod web;

pub use api::Api;
pub use broker::Broker;
pub use client::Client;
pub use cloud::{Action, Cloud, Happening, Host, Report, Standing, Vm};
pub use configuration::{Settings, VimPorts};
pub use guest_daemons::GuestDaemons;
pub use guests::Guests;
pub use process::{Process, complaints};
pub use proxy::Proxy;
pub use site::{Options, Site};
pub use stand_in::StandIn;
pub use sw_manager::{Running, SwManager};
pub use web::{EventStream, Web};
