//! Adapters between the NFVI port and the neighbours: OpenStack, sysinv, maintenance, guest, listeners, file
//! handlers.
//!
//! ```text
//!  core ──► Call, Turn ──► Plugins::perform ──► infrastructure ──► sysinv, mtc      ─┐
//!                                               compute ─────────► openstack::nova   │  openstack::caller
//!                                               network ─────────► openstack::neutron├► (turn, token, limit)
//!                                               guest ───────────► guest agent       │  openstack::rest
//!                                               identity ────────► openstack::keystone┘  (one HTTP request)
//!  core ◄── Inbound ◄── listener (30001 to 30004), amqp (Nova)
//!                                               infrastructure ──► kubernetes (a client and credentials of its own)
//!  core ──► alarm, event log ──► handler (files, fmManager)
//! ```
//!
//! One call: [`Plugins::perform`] picks the plugin, the plugin's method makes its requests one after another
//! through a caller that waits for its turn before each but the first, gets a token where there is none, and
//! gives each request its time limit. What went wrong comes back as plain data; nothing is repeated.
//!
//! A user's action on 30003: the listener keeps the request waiting under an id that travels with the action
//! through the core; when the core has the action performed, Nova's answer is given to the waiting user.
//!
//! Contract: southbound 1 to 11, 13.

mod amqp;
mod compute;
pub mod config;
mod error;
mod fm;
mod guest;
pub mod handler;
mod infrastructure;
mod keyring;
mod kubernetes;
mod listener;
mod mtc;
mod network;
mod openstack;
mod patching;
pub mod platform;
mod plugins;
mod secret;
mod sysinv;
mod turn;

pub use config::{DisabledPlugins, PluginsConfig};
pub use error::PluginError;
pub use handler::{AlarmHandlers, EventLogHandlers};
pub use openstack::{catalog, identity, relay};
pub use platform::{PlatformClient, PlatformConfig};
pub use plugins::{Addresses, Plugins};
pub use secret::Secret;
pub use turn::{Grant, Turn, TurnControl};

use nfv_nfvi::{CallError, CallResult, ErrorKind, Notification, Reply};

/// What a neighbour told, and the way to reply to it.
#[derive(Debug)]
pub struct Inbound {
    /// What was told.
    pub notification: Notification,
    /// Takes the reply. Dropping it gives none; the neighbour then gets what the contract says for silence.
    pub reply: Option<tokio::sync::oneshot::Sender<Reply>>,
}

/// The answer to a call that no adapter makes.
pub(crate) fn unsupported(call: &str) -> CallResult {
    Err(CallError::new(ErrorKind::Unsupported, format!("{call} is not supported")))
}
