//! What guestAgent and guestServer share: they are daemons of maintenance, started and watched by SM and pmon.
//!
//! - [`arguments`]: the command line;
//! - [`place`]: where files are; pid file and health file;
//! - [`platform`]: what has to be there before the start goes on;
//! - [`settings`]: values of the configuration files;
//! - [`log`]: lines to syslog, or to standard output in the foreground.
//!
//! Contract: guest 1.4.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod arguments;
pub mod log;
pub mod place;
pub mod platform;
pub mod settings;

/// Exit status when the start fails.
pub const START_FAILED: u8 = 26;
