//! The VIM database: the file `vim_db_v1` of the original, opened in place, and `nfv-vim-manage`.
//!
//! ```text
//!   core ── Write, Write, … ──► Database::apply ──► one transaction ──► vim_db_v1
//!   core ◄── Snapshot ───────── Database::load  ◄── rows, the unreadable ones set aside
//!                               Database::migrate   previous tables → present ones
//!
//!   nfv-vim-manage ──► manage (command line) ──► transfer (dump, load) ──► Database
//! ```
//!
//! The original may open the same file before and after us, so its schema is a contract: the facts in
//! `table` give SQLite the very text that the original gives it, a test holds both together. Two views of the schema exist on
//! purpose. The typed one (diesel's, in `schema`) serves the writes, which are ours and well-typed. The untyped one
//! (`table`, `value`) serves everything that reads a file or a dump that somebody else wrote, where a column may hold
//! anything.
//!
//! Beside the original's tables stand two of ours, `nfv_state` (what the core remembers) and `nfv_history` (what it
//! decided, and why), which the original ignores.
//!
//! [`check`] looks over a file without changing it.
//!
//! Contract: deployment 1 and 2.

pub mod check;
mod database;
mod error;
pub mod manage;
mod migrate;
mod reader;
pub mod row;
mod schema;
mod snapshot;
mod table;
mod transaction;
pub mod transfer;
mod value;
mod write;

pub use database::{DATABASE_FILE, DATABASE_VERSION, Database};
pub use error::DbError;
pub use reader::{DataVersion, ReadError, Reader, Tables};
pub use snapshot::{Quarantined, Snapshot};
pub use write::Write;
