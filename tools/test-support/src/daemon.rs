//! A process under test: signals, its end, and no process left behind.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// An end may take this long; the contract's 10 s (deployment 4.8), and what a loaded machine adds.
const END_LIMIT: Duration = Duration::from_secs(14);

/// A running process; it is killed with this.
pub struct Daemon(pub Child);

impl Daemon {
    /// Starts a daemon of the guest stack in the foreground; `root` stands for `/`.
    pub fn start(program: &str, root: &Path) -> Self {
        Self(Command::new(program).args(["-f", "--root"]).arg(root).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).unwrap();
    }

    /// Waits for its end, which must not take longer than an end may.
    pub fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < END_LIMIT, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its exit code after its end; none when a signal ended it.
    pub fn ended(&mut self) -> Option<i32> {
        self.wait().code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the condition holds; fails with `what` when it does not in two minutes.
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
