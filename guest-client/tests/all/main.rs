//! Tests of guest_client from outside.

#![allow(clippy::unwrap_used)]

mod corpus;
mod port;
mod process;
