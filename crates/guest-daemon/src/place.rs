//! Files of a daemon: where they are, its pid file and its health file. Contract: guest 1.4.

use std::path::{Path, PathBuf};

use nix::sys::signal::kill;
use nix::unistd::Pid;

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {file}: {cause}")]
pub struct PlaceError {
    file: Box<str>,
    #[source]
    cause: std::io::Error,
}

/// Where the files of a daemon are.
#[derive(Clone, Debug)]
pub struct Place {
    root: PathBuf,
    daemon: &'static str,
}

impl Place {
    /// The files of a daemon below `root`, usually `/`.
    pub fn new(daemon: &'static str, root: Option<&Path>) -> Self {
        Self { root: root.unwrap_or(Path::new("/")).to_owned(), daemon }
    }

    /// Name of the daemon.
    pub fn daemon(&self) -> &'static str {
        self.daemon
    }

    /// A file by its usual path.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    fn run_file(&self, ending: &str) -> PathBuf {
        self.at(&format!("/var/run/{}.{ending}", self.daemon))
    }

    /// The process that runs already, as the pid file says.
    pub fn running(&self) -> Option<i32> {
        let text = std::fs::read_to_string(self.run_file("pid")).ok()?;
        let pid: i32 = text.trim().parse().ok()?;
        let own = i32::try_from(std::process::id()).ok()?;
        (pid > 0 && pid != own && kill(Pid::from_raw(pid), None).is_ok()).then_some(pid)
    }

    /// Writes the pid file, without a newline as ever. Contract: deployment 4.8.
    pub fn write_pid(&self) -> Result<(), PlaceError> {
        write(&self.run_file("pid"), &std::process::id().to_string())
    }

    /// Removes the pid file; it is gone anyway when that fails.
    pub fn remove_pid(&self) {
        let _ = std::fs::remove_file(self.run_file("pid"));
    }

    /// Writes the health file anew. Its being there is the sign; SM and pmon have removed it before they ask.
    pub fn write_health(&self) -> Result<(), PlaceError> {
        let file = self.run_file("info");
        let _ = std::fs::remove_file(&file);
        write(&file, "I'm healthy: Here is my config ...\neieio\n\n\n")
    }
}

fn write(file: &Path, text: &str) -> Result<(), PlaceError> {
    std::fs::write(file, text).map_err(|cause| PlaceError { file: file.display().to_string().into(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_in_the_pid_file_is_found_and_a_dead_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("var/run")).unwrap();
        let place = Place::new("guestTest", Some(root.path()));
        assert_eq!(place.running(), None);
        place.write_pid().unwrap();
        assert_eq!(place.running(), None, "it is ours");
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let file = root.path().join("var/run/guestTest.pid");
        std::fs::write(&file, format!("{}\n", other.id())).unwrap();
        assert_eq!(place.running(), i32::try_from(other.id()).ok());
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(place.running(), None);
        place.remove_pid();
        assert!(!file.exists());
    }

    #[test]
    fn the_health_file_has_the_text_of_the_contract() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("var/run")).unwrap();
        Place::new("guestTest", Some(root.path())).write_health().unwrap();
        let text = std::fs::read_to_string(root.path().join("var/run/guestTest.info")).unwrap();
        assert_eq!(text.trim_end(), "I'm healthy: Here is my config ...\neieio");
    }
}
