//! A process of a site.

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Lines of output that an error message shows.
const TAIL: usize = 15;

/// A running process. What it prints is appended to `NAME.out` and `NAME.err` in the site's directory. Dropping it
/// kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// The program cannot be started, or its output not be written.
    pub fn start(directory: &Path, name: &str, mut command: Command) -> anyhow::Result<Self> {
        let output = directory.join(format!("{name}.out"));
        let open = |path: &Path| {
            let file = std::fs::File::options().create(true).append(true).open(path);
            file.with_context(|| format!("cannot write {}", path.display()))
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(open(&output)?)
            .stderr(open(&output.with_extension("err"))?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", command.as_std().get_program().display()))?;
        Ok(Self { name: name.to_owned(), child, output })
    }

    /// Its name at the site.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// An error tells how it ended.
    ///
    /// # Errors
    /// It has ended by itself.
    pub fn check(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended with {status}: {}", self.name, tail(&self.output));
        }
        Ok(())
    }

    /// Waits until it listens on a port of the loopback; tells how long that took.
    ///
    /// # Errors
    /// It ended, or it takes longer than `limit`.
    pub async fn wait_until_listening(&mut self, port: u16, limit: Duration) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            self.check()?;
            if begun.elapsed() > limit {
                bail!("{} is not up after {} s: {}", self.name, limit.as_secs(), tail(&self.output));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(begun.elapsed())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// It does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.pid().with_context(|| format!("{} does not run", self.name))?;
        kill(Pid::from_raw(i32::try_from(pid)?), signal)
            .with_context(|| format!("cannot signal {}", self.name))
    }

    /// Kills it as `kill -9` does and waits until it is gone.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.with_context(|| format!("cannot kill {}", self.name))
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// It does not end within `limit`.
    pub async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        Ok(ended.with_context(|| format!("{} did not end within {} s", self.name, limit.as_secs()))??)
    }

    /// Asks it to end, and waits for it.
    ///
    /// # Errors
    /// It does not run, or does not end within `limit`.
    pub async fn stop(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        self.wait(limit).await
    }
}

/// The last lines of an output file and of the errors beside it.
pub(crate) fn tail(output: &Path) -> String {
    let last = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines[lines.len().saturating_sub(TAIL)..].to_vec()
    };
    let mut lines = last(output);
    lines.extend(last(&output.with_extension("err")));
    lines.join("\n")
}

/// A line of the access log, which nfv-vim-api writes to standard error as the original does.
fn is_access(line: &str) -> bool {
    line.starts_with("127.0.0.1 - - [") && line.contains("HTTP/1.1\" ")
}

/// What the processes of a site wrote to standard error: the first line of each.
///
/// # Errors
/// The directory cannot be read.
pub fn complaints(directory: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "err") {
            let text = std::fs::read_to_string(&path)?;
            if let Some(line) = text.lines().find(|line| !is_access(line)) {
                found.push(format!("{}: {line}", path.display()));
            }
        }
    }
    Ok(found)
}
