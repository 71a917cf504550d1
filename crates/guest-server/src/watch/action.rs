//! What the shell has to do.

use guest_protocol::heartbeat::datagram::AgentEvent;
use guest_protocol::heartbeat::instance::InstanceUuid;

pub use guest_daemon::log::Level;

/// Something to be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connect to the channel of an instance. Exactly one input says what came of it.
    Connect(InstanceUuid),
    /// Close the connection, if there is one.
    Close(InstanceUuid),
    /// Write to the channel; what cannot be written at once is lost.
    Send(InstanceUuid, Vec<u8>),
    /// Tell guestAgent.
    Tell(AgentEvent),
    /// Look for channels in the directory; each found one is an input.
    Search,
    /// A line for the log.
    Log(Level, String),
}
