//! The name under which programs ask for this library.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libguest_common_api.so.3");
    println!("cargo:rerun-if-changed=build.rs");
}
