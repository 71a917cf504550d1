//! A simulated StarlingX cloud in one process, for demonstrations and tests.
//!
//! ```text
//!              HTTP                                    ┌──────────────► VIM 30001, 30002, 30004, broker
//!   client ──────────► http ─► faults ─► service/* ─► model::Cloud ─► notify/*
//!                        │                              ▲    ▲
//!                        └──► journal ◄── notify/*      │    └── runtime (clock, agenda)
//!                                ▲                      │
//!                                └──── scenario ────────┘ ◄── control (faults and operators by hand)
//! ```
//!
//! - [`config`]: the cluster file. [`model`]: the cloud, pure. [`service`]: one file per API, requests to model calls.
//! - [`faults`]: rules that delay, break or cut answers. [`journal`]: one JSON line per request and notification.
//! - [`notify`]: what the neighbours send. [`scenario`]: time lines of faults and expectations. [`control`]: the lab's own API.
//! - [`lab`]: puts it together and runs it.
//!
//! It is neutral: it knows the interfaces of the neighbours, not the VIM that calls them.

pub mod config;
pub mod control;
pub mod faults;
pub mod generate;
pub mod glob;
pub mod http;
pub mod journal;
pub mod lab;
pub mod model;
pub mod notify;
pub mod ports;
pub mod scenario;
pub mod service;

use std::path::PathBuf;

/// What can go wrong before the lab runs, or with its files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file has a wrong form.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The cluster file contradicts itself.
    #[error("cluster: {0}")]
    Cluster(String),
    /// A port cannot be opened.
    #[error("cannot listen on {address} for {service}: {source}")]
    Listen {
        /// Which service.
        service: &'static str,
        /// Where.
        address: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Result with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
