//! `sw-manager` as a process, against a Keystone and a VIM that are scripts, over real HTTP.

#![allow(clippy::unwrap_used)]

mod additions;
mod cases;
mod completion;
mod fake;
mod questions;
mod recorded;
mod refusals;
mod strategies;
mod tls;
mod watching;
