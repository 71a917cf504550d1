//! Every row of the contract's tables of client calls and listener routes has a test here; a row without one
//! fails. Contract: southbound 1.6, 2, 3, 7 to 10, 12.7.
//!
//! - `rows` reads the tables,
//! - `platform_calls` and `openstack_calls` hold for each call what is needed to have it made,
//! - `requests` makes each call and compares its request with the row,
//! - `faults` makes each call against each fault of its service,
//! - `routes` sends to each route what is good, bad, too long and about something unknown.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

#[path = "../cloud/mod.rs"]
mod cloud;

mod entry;
mod faults;
mod openstack_calls;
mod platform_calls;
mod requests;
mod routes;
mod rows;
