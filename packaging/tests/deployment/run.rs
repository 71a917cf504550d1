//! Running scripts in a directory of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a test waits for what must come; a loaded machine is slow.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A directory, and the variables that a script gets.
pub struct Place {
    pub directory: TempDir,
    pub variables: BTreeMap<String, String>,
}

/// What a script did.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
}

impl Place {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), variables: BTreeMap::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        // as the kernel shows it in /proc
        self.directory.path().canonicalize().unwrap().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// Writes an executable file.
    pub fn script(&self, name: &str, text: &str) {
        self.file(name, text);
        executable(&self.path(name));
    }

    pub fn file(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs a script. Whatever it leaves running holds none of this test's pipes.
    pub fn run(&self, script: &Path, arguments: &[&str]) -> Outcome {
        let out = self.path("stdout");
        let status = Command::new(script)
            .args(arguments)
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(&out).unwrap())
            .stderr(Stdio::inherit())
            .status()
            .unwrap();
        Outcome { code: status.code().unwrap_or(-1), stdout: std::fs::read_to_string(out).unwrap() }
    }

    /// The pid in a file.
    pub fn pid(&self, name: &str) -> Option<i32> {
        std::fs::read_to_string(self.path(name)).ok()?.trim().parse().ok()
    }
}

pub fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The process lives; one that has ended and was not yet collected does not.
pub fn alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !matches!(rest.trim_start().chars().next(), None | Some('Z')))
}

pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Ends the process when the test ends, however it does.
pub struct Ending(pub i32);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.0), nix::sys::signal::Signal::SIGKILL);
    }
}
