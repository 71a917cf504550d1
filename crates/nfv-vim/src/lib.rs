//! The Virtual Infrastructure Manager.

pub mod core;
