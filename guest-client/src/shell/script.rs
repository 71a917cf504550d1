//! A script while it runs. Contract: guest 1.1.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{AccessFlags, access};

use crate::heart::ScriptEnd;

/// What is kept of the output, bytes.
const MAX_OUTPUT: usize = 256;

pub(super) struct Script {
    child: Child,
    stdout: Option<ChildStdout>,
    output: Vec<u8>,
}

impl Script {
    /// Starts a script in a process group of its own, its output caught, its input and errors nowhere.
    pub(super) fn start(path: &Path, arguments: &[&str]) -> Result<Self, String> {
        access(path, AccessFlags::F_OK | AccessFlags::X_OK)
            .map_err(|error| format!("Script {} access failed, error={error}.", path.display()))?;
        let length = std::fs::metadata(path).map(|data| data.len()).unwrap_or_default();
        if length == 0 {
            return Err(format!("Script {} has zero size.", path.display()));
        }
        let mut child = Command::new(path)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| {
                format!("Failed to exec command for script {}, error={error}.", path.display())
            })?;
        let stdout = child.stdout.take();
        if let Some(stdout) = &stdout {
            // A child of the script may hold the pipe open for ever.
            let flags = fcntl(stdout.as_fd(), FcntlArg::F_GETFL).unwrap_or_default();
            let flags = OFlag::from_bits_truncate(flags) | OFlag::O_NONBLOCK;
            fcntl(stdout.as_fd(), FcntlArg::F_SETFL(flags))
                .map_err(|error| format!("Failed to prepare the output of a script, error={error}."))?;
        }
        Ok(Self { child, stdout, output: Vec::new() })
    }

    /// The output, while it is open.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.stdout.as_ref().map(AsFd::as_fd)
    }

    /// Reads what the script has printed.
    pub(super) fn read(&mut self) {
        let mut buffer = [0; 1024];
        while let Some(stdout) = &mut self.stdout {
            match stdout.read(&mut buffer) {
                Ok(0) => self.stdout = None,
                Ok(length) => {
                    let room = MAX_OUTPUT.saturating_sub(self.output.len());
                    self.output.extend_from_slice(&buffer[..length.min(room)]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => self.stdout = None,
            }
        }
    }

    /// How it ended; none while it runs.
    pub(super) fn ended(&mut self) -> Option<ScriptEnd> {
        let status = self.child.try_wait().ok().flatten()?;
        self.read();
        let output = String::from_utf8_lossy(&self.output).trim_end_matches('\n').replace('\n', " ");
        Some(ScriptEnd::Ended { code: status.code(), output })
    }

    /// Ends it; its children go on.
    pub(super) fn kill(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
