//! nfv-vim-api: the VIM's REST API on port 4545.
//!
//! ```text
//!  client ──► server ──► access (Keystone, keystone_token) ──► route ──► wire (body by its table)
//!                                                                │
//!                          resource (strategy, compute, ...) ◄───┘
//!                             │            │
//!               vim (messages to nfv-vim)  heat (passed on)
//!                             │
//!  client ◄── server ◄── wire (JSON, XML, faults) ◄── answer
//! ```
//!
//! 1. [`server`] takes a request, within limits of size and time, and gives it an id.
//! 2. [`access`] decides whether the token has the role `admin` in the VIM's project.
//! 3. [`route`] finds what the path and the method mean: a table.
//! 4. [`wire`] reads the body by the table of its type, with the faults of the original.
//! 5. [`resource`] asks the VIM ([`vim`]) and makes the answer, which [`wire`] writes as JSON or XML.
//!
//! [`openapi`] makes its document from the same tables. Contract: vim-api 1 and 2.

pub mod access;
pub mod audit;
pub mod metrics;
pub mod observe;
pub mod openapi;
pub mod process;
pub mod resource;
pub mod route;
pub mod server;
pub mod settings;
pub mod vim;
pub mod wire;

pub use process::{ExitStatus, run};
