//! The stage authtoken: who a token belongs to.
//!
//! ```text
//! worker ──► Validator ──► cache (bounded, by the token's hash) ──► known: answered at once
//!                    └───► one task per unknown token ──► Keystone ──► all who wait for it
//! ```
//!
//! Contract: nova-api-proxy 4.4, 5.1.

mod cache;
mod identity;
mod keystone;
mod validator;

pub use identity::Identity;
pub use keystone::{Keystone, KeystoneError};
pub use validator::{Admission, Tokens, Validator, Verdict};
