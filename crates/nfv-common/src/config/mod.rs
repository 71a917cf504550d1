//! Configuration files.
//!
//! ```text
//! file ──► ini::Document ──► IniFile (a source of the config crate) ──► Settings ──► &str, int, flag, list
//!          ConfigParser rules                                           errors name file, section, key and value
//! ```
//!
//! Every ini file of these processes is edited in place by the platform and was read by Python's ConfigParser, so
//! [`ini`] follows that parser to its corners; `tests/ini_corpus.rs` holds it against the original. The proxy's file
//! is read as oslo.config does, see [`oslo`].
//!
//! Contract: deployment 3.1-3.5, southbound 1.1, nova-api-proxy 4.1.

mod error;
pub mod ini;
mod interpolation;
pub mod oslo;
mod settings;
mod source;

pub use error::ConfigError;
pub use interpolation::InterpolationError;
pub use oslo::OsloConfig;
pub use settings::Settings;
pub use source::{IniFile, Interpolation};
