//! vCPUs of a running VM on and off line.
//!
//! ```text
//! nova ─runs─► guest_scale_helper ─► host_agent ═ virtio ═ guest_agent ─► guest_scale_agent ─► cpuN/online
//!      ◄─exit code─                                                       ◄─ which one ─┘
//! ```
//!
//! - [`agent`]: what guest_scale_agent does with a request, apart from the machine it does it to.
//! - [`machine`]: that machine: `/sys/devices/system/cpu` and the application's script.
//! - [`helper`], [`arguments`]: what guest_scale_helper asks, and what it makes of the answer.
//!
//! Contract: guest 1.3, 3.6, 10.1, 11.5.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod agent;
pub mod arguments;
pub mod helper;
pub mod machine;
