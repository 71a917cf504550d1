//! What the C libraries of host-guest messaging share.
//!
//! - [`barrier`]: no panic passes into C;
//! - [`text`]: strings of C in and out;
//! - [`json_c`]: the objects of the system's json-c, which callbacks are given;
//! - [`handle`]: `gh_info_t` and `hg_info_t`, which have one layout.
//!
//! The libraries parse with `guest-protocol`; json-c is used for what an application gives or is given as an object.
//!
//! Contract: guest 2.3.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod barrier;
pub mod handle;
pub mod json_c;
pub mod text;
