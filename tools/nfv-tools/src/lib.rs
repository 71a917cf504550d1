//! The tools beside the NFV processes.
//!
//! - [`forensic`]: `nfv-forensic`, what happened according to the VIM's log;
//! - [`notify`]: `nfv-notify`, tells the VIM that a host boots;
//! - [`histogram`]: `nfv-histogram`, tables and plots of the histograms in the VIM's log;
//! - [`drawing`]: what plots are made of, for others, too.
//!
//! Each program is a function of its arguments and outputs; the binaries only call it.
//!
//! Contract: deployment 7.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod drawing;
pub mod forensic;
pub mod histogram;
mod log_file;
pub mod notify;
