//! Gives the library the soname that applications of old are linked with. Contract: guest 2.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libguest_heartbeat_api.so.3");
    println!("cargo:rerun-if-changed=build.rs");
}
