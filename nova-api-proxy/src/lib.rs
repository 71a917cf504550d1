//! The reverse proxy on Nova's public port.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod action;
pub mod answer;
pub mod cli;
pub mod config;
pub mod error;
pub mod forward;
pub mod histogram;
pub mod http;
pub mod log;
pub mod paste;
pub mod route;
pub mod token;
