//! The configuration file of guest_client.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = guest_client::config::Config::parse(bytes);
});
