//! The API from outside, against a fake VIM and a fake Keystone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod client;
mod document;
mod extensions;
mod fuzz;
mod heat;
mod lab;
mod limits;
mod observed;
mod process;
mod recorded;
