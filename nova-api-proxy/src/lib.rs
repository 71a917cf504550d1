//! The reverse proxy on Nova's public port: a request that the VIM must know of goes to the VIM, all else to Nova.
//!
//! ```text
//! client ──► head ──► stages (paste file) ─────────────────► VIM or Nova ──► answer ──► client
//!            http     version: GETs go to Nova at once
//!                     authtoken: token ──► identity headers ◄── Keystone (token)
//!                     acceptor: path and body (route, action)
//!            names, framing: forward ──────────────────────►          ◄────── answer
//! ```
//!
//! Everything but [`serve`] and [`token`] is pure: bytes and values in, bytes and values out.
//!
//! - [`cli`], [`config`], [`paste`]: what the operator says; [`error`]: why it cannot be done.
//! - [`http`]: heads, bodies, limits; [`route`], [`action`]: where a request goes.
//! - [`forward`], [`answer`]: requests and answers as they are sent.
//! - [`token`]: whose token it is; [`log`], [`histogram`]: what the operator sees.
//! - [`serve`]: sockets, threads, signals.
//!
//! Contract: nova-api-proxy.
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
pub mod serve;
pub mod token;
