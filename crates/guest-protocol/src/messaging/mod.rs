//! Messages between applications in a VM and applications on its host.
//!
//! ```text
//! guest app ──datagram──► guest_agent ──virtio──► host_agent ──datagram──► host app      (and back)
//!    GuestAppRequest          ChannelMessage          HostAppDelivery
//!    GuestAppDelivery         ChannelMessage          HostAppRequest
//! ```
//!
//! - [`envelope`]: what each hop adds and takes away around the `data` of an application.
//! - [`server_group`], [`scale`]: what stands in `data`.
//! - [`json_text`]: JSON written as json-c writes it, which the peers of old use.
//!
//! Contract: guest 3.4, 3.5, 3.6.

pub mod envelope;
pub mod json_text;
pub mod scale;
pub mod server_group;

/// The version of this protocol, on every layer.
pub const VERSION: i64 = 2;
/// The abstract address of both agents, each in its own kernel.
pub const AGENT_ADDRESS: &str = "cgcs.messaging";
/// The abstract address of a server group's application, and of nova-compute on the host.
pub const SERVER_GROUP_ADDRESS: &str = "cgcs.server_grp";
/// The abstract address of guest_scale_agent.
pub const SCALE_ADDRESS: &str = "cgcs.scale";
/// Longest datagram an agent reads, bytes.
pub const AGENT_READ: usize = 10_000;
/// Longest datagram an application's library reads, bytes.
pub const APP_READ: usize = 4_096;
/// Longest message on a channel, bytes: a datagram of [`AGENT_READ`] and what the hops add to it. (Old peers have no
/// limit; nothing they accept is longer.)
pub const CHANNEL_MESSAGE: usize = 16 * 1024;
