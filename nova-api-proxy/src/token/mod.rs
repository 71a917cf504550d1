//! The stage authtoken: who a token belongs to.
//!
//! ```text
//! worker ──► Validator ──► keystone_token::Tokens ──► known: answered at once
//!                                      └───► one question per unknown token ──► Keystone
//! ```
//!
//! Contract: nova-api-proxy 4.4, 5.1.

mod identity;
mod keystone;
mod validator;

pub use identity::Identity;
pub use keystone::{Keystone, KeystoneError};
pub use validator::{Admission, Tokens, Validator};
