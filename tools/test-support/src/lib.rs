//! What the tests of several crates share. A fault panics: it is the test's.

#![allow(clippy::unwrap_used)]

pub mod daemon;
pub mod rows;
