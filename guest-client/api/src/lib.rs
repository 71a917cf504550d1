//! `libguest_heartbeat_api`: lets an application in a VM take part in its heartbeat and votes.
//!
//! The exported functions, their parameters and structures are those that applications of old were compiled against
//! (`guest_heartbeat_api.h`). One connection in a process; the functions are to be called from one thread at a time,
//! callbacks run inside `guest_heartbeat_api_dispatch`, and may call the library again.
//!
//! - `abi`: the exported functions; all unsafe code is there.
//! - `session`: the connection, in safe code.
//! - `names`: words for enumeration values.
//!
//! Contract: guest 2.2, 3.3.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod abi;
mod names;
mod session;
