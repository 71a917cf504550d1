//! The configuration file of guest_client: see guest_client::check.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| guest_client::check::config(bytes));
