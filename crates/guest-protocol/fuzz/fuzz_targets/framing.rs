//! See guest_protocol::check.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| guest_protocol::check::framing(bytes));
