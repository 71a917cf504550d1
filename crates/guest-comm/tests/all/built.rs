//! What the tests run: programs and libraries of this workspace, C programs.
//!
//! Programs and libraries are those that `cargo build --workspace --all-targets` left beside the tests. Building them
//! here would wait for, and hold, the lock of the target directory, which all tests share.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Cargo's lists of what each was made of; they lie beside it.
const BUILT: [&str; 8] = [
    "guest_agent",
    "guest_scale_agent",
    "guest_scale_helper",
    "host_agent",
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
        for name in BUILT {
            if let Some(fault) = fault(&profile, name) {
                panic!("{fault}: run `cargo build --workspace --all-targets` first");
            }
        }
        profile
    })
}

/// Why a program or library cannot be used.
fn fault(profile: &Path, name: &str) -> Option<String> {
    let list = profile.join(format!("{name}.d"));
    let Ok(text) = std::fs::read_to_string(&list) else {
        return Some(format!("{} is missing", list.display()));
    };
    // "made: source source ...", with blanks in paths escaped
    let text = text.replace("\\ ", "\0");
    let (made, sources) = text.lines().next()?.split_once(": ")?;
    let changed = |file: &str| -> Option<SystemTime> {
        std::fs::metadata(file.replace('\0', " ")).ok()?.modified().ok()
    };
    let Some(built) = changed(made) else { return Some(format!("{made} is missing")) };
    let newer = sources.split(' ').find(|source| changed(source).is_none_or(|at| at > built))?;
    Some(format!("{made} is older than {newer}"))
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
