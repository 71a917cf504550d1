//! The dashboard of the VIM.
//!
//! It reads the VIM's database, the files of alarms and event logs, and Fault Management; it changes nothing and is
//! never in the VIM's way.
//!
//! ```text
//!   vim_db_v1 ──► watch (thread) ──► picture ─┐                ┌─► console: state, details, stream
//!   event and alarm files ─► watch ─► feed ───┼──► hub ──► http┼─► /metrics, /healthz
//!   Fault Management ──────► alarms ──────────┘            │   └─► the page (asset), login
//!   vim_db_v1 ◄── read at each request ◄─── legacy ◄───────┤
//!   nfv-vim ◄──── asked what would happen ◄ preview ◄──────┘
//! ```
//!
//! A change of a host: the VIM commits; the thread of [`watch`] sees the file's version change, reads the tables as of
//! one moment, and builds a new [`picture`]; what differs goes through the [`hub`] to every open page.
//!
//! The URLs of the original ([`legacy`]) are answered as the original does, from the database at each request.
//!
//! Contract: vim-api 3; deployment 3.2, 4.

pub mod alarms;
pub mod asset;
pub mod feed;
pub mod hostname;
pub mod http;
pub mod hub;
pub mod legacy;
pub mod login;
pub mod picture;
pub mod process;
pub mod records;
pub mod settings;
pub mod watch;
