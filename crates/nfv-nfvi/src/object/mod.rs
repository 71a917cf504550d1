//! The things of the cloud. Contract: southbound 5 (fields), deployment 1.6 (JSON forms), vim-behaviour 4.

mod compute;
mod fault;
mod guest;
mod host;
mod image;
mod infrastructure;
mod instance;
mod network;
mod storage;
mod sw_mgmt;

pub use compute::*;
pub use fault::*;
pub use guest::*;
pub use host::*;
pub use image::*;
pub use infrastructure::*;
pub use instance::*;
pub use network::*;
pub use storage::*;
pub use sw_mgmt::*;

use crate::text::text_enum;

text_enum! {
    /// Administrative state of a host, hypervisor, instance, network or guest service.
    AdminState {
        Unknown = "unknown",
        Locked = "locked",
        Unlocked = "unlocked",
    }
}

text_enum! {
    /// Operational state of a host, hypervisor, instance, network or guest service.
    OperState {
        Unknown = "unknown",
        Enabled = "enabled",
        Disabled = "disabled",
    }
}
