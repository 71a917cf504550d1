//! The name under which programs ask for this library.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libguesthostmsg.so.2");
    println!("cargo:rerun-if-changed=build.rs");
}
