//! What the tests run: programs and libraries of this workspace, C programs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const PACKAGES: [&str; 6] = [
    "guest-comm",
    "guest-scale",
    "libguest_common_api",
    "libguesthostmsg",
    "libhostguestmsg",
    "libservergroup",
];

/// The directory with programs and libraries, which are as new as their sources.
pub fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        // target/<profile>/deps/<this test>
        let test = std::env::current_exe().unwrap();
        let profile = test.ancestors().nth(2).unwrap().to_owned();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--offline", "--target-dir"]).arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        for package in PACKAGES {
            cargo.args(["--package", package]);
        }
        let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
        assert!(status.success(), "{cargo:?}");
        profile
    })
}

/// A program of this workspace.
pub fn program(name: &str) -> PathBuf {
    directory().join(name)
}

/// Compiles a C program of `tests/c` and links it with libraries of this workspace and of the system.
pub fn compile(name: &str, libraries: &[&str], into: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    // as installed: the name programs ask for at run time
    for library in ["guest_common_api.so.3", "guesthostmsg.so.2", "hostguestmsg.so.2", "servergroup.so.2"] {
        let (file, _) = library.rsplit_once('.').unwrap();
        let _ = std::os::unix::fs::symlink(
            directory().join(format!("lib{file}")),
            into.join(format!("lib{library}")),
        );
    }
    let output = into.join(name);
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-g", "-o"]).arg(&output);
    gcc.arg("-I").arg(source.join("include")).arg(source.join(format!("tests/c/{name}.c")));
    gcc.arg("-L").arg(directory()).args(libraries.iter().map(|library| format!("-l{library}")));
    let result = gcc.output().unwrap();
    assert!(result.status.success(), "{gcc:?}: {}", String::from_utf8_lossy(&result.stderr));
    output
}
