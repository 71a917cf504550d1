//! The heartbeat, votes and notifications of a VM, from its applications up to the VIM.
//!
//! ```text
//! application ◄─ application (228 bytes) ─► guest_client ◄─ message (JSON lines) ─► guestServer
//!                                                                                     ▲ datagram (UDP)
//!                                      VIM ◄─ vim (HTTP, JSON) ─► guestAgent ◄────────┘
//!                                                                  ▲ datagram (UDP)
//!                                                       mtcAgent ◄─┘
//! ```
//!
//! Contract: guest 2.2, 3.2, 3.3, 7, 8, 9.

pub mod application;
pub mod datagram;
mod fields;
pub mod instance;
pub mod message;
pub mod vim;
pub mod words;

pub use fields::{MissingField, cut, leading_int};
