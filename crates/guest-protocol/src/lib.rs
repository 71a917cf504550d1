//! What the guest processes say to each other, as pure code: bytes in, messages out, and back.
//!
//! ```text
//! bytes ──► framing::JsonLines ──► JSON value ──► heartbeat::... ──► typed message
//! ```
//!
//! - [`framing`]: objects of JSON on a virtio-serial port, with resynchronisation; the same on both ports.
//! - [`messaging`]: host_agent, guest_agent and what applications say through them: server groups, scaling.
//! - [`heartbeat`]: guest_client, its applications, guestServer, guestAgent, VIM and mtcAgent.
//!
//! [`check`] says what must hold of every parser.
//!
//! Contract: guest 2.2, 3, 7, 8, 9.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod check;
pub mod framing;
pub mod heartbeat;
pub mod messaging;
