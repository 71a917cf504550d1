//! Real processes and real C programs: agents, libraries and applications over UNIX sockets.
//!
//! Abstract addresses are the same on every host and in every VM, so each of them is a network namespace here. Where none
//! can be made (not root, and no user namespaces) these tests say so and pass over what needs them.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod abi;
mod built;
mod corpora;
mod faults;
mod machine;
mod messaging;
mod nova;
mod process;
mod scale;
mod virtio;
