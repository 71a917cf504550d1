//! `sw-manager`, and a client of the VIM's REST API of strategies.
//!
//! ```text
//! arguments, environment ──► command, settings ──► session ──► keystone ──┐
//!                                                     │                   ├──► rest (HTTP)
//!                                                     └──► vim ───────────┘
//!                              run ◄── strategy, or why there is none
//!                               │
//!            display (the original's layout) · json · watch + view · refusal (reason and hint)
//! ```
//!
//! [`run`] is one run of the tool. It prints what the original prints, byte for byte; what goes beyond comes with new
//! options or on standard error of a terminal. Programs use [`session::Session`] and [`vim::Vim`].
//!
//! Contract: vim-api 4; docs/sw-manager.md for what is new.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod command;
mod connection;
pub mod console;
pub mod display;
mod foresight;
pub mod json;
pub mod keystone;
pub mod progress;
mod python_value;
pub mod question;
pub mod refusal;
pub mod rest;
mod retrospect;
pub mod run;
pub mod session;
pub mod settings;
pub mod strategy;
pub mod strategy_name;
mod view;
pub mod vim;
mod watch;
