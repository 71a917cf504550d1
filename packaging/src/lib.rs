//! What the packages install.
//!
//! ```text
//! packages.toml ──► Table ──► Package::files(format) ──► stage ──► a directory for each package, from which
//!                                                                  cargo-deb or cargo-generate-rpm makes it
//! ```
//!
//! One table for both formats, so that they cannot differ by accident; `tools/package` leads the way from the sources to
//! the packages. Contract: deployment 5.

pub mod scripts;
pub mod stage;
pub mod table;

pub use table::{Config, Content, Format, InstalledFile, Package, Table, TableError};
