//! sw-manager at a site: an operator's command, followed line by line.

use anyhow::{Context, bail};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The program with the credentials of the site's administrator.
#[derive(Debug, Clone)]
pub struct SwManager {
    program: PathBuf,
    keystone: u16,
}

/// A command that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl SwManager {
    pub(crate) const fn new(program: PathBuf, keystone: u16) -> Self {
        Self { program, keystone }
    }

    /// Runs a command of patch strategies, such as `create`, that prints JSON.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn patch_strategy(&self, command: &str, options: &[&str]) -> anyhow::Result<Running> {
        let mut child = Command::new(&self.program)
            .args(["patch-strategy", command])
            .args(options)
            .args(["--format", "json"])
            .env("OS_AUTH_URL", format!("http://127.0.0.1:{}/v3", self.keystone))
            .envs([("OS_USERNAME", "admin"), ("OS_PASSWORD", "admin"), ("OS_PROJECT_NAME", "admin")])
            .envs([("OS_USER_DOMAIN_NAME", "Default"), ("OS_PROJECT_DOMAIN_NAME", "Default")])
            .envs([("OS_REGION_NAME", "RegionOne"), ("OS_INTERFACE", "internal")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let output = child.stdout.take().context("sw-manager has no output")?;
        Ok(Running { child, lines: BufReader::new(output).lines() })
    }
}

impl Running {
    /// The next line: how far it is (`progress`), or how it ended (`outcome`); none after the last one. May be dropped
    /// and asked for again.
    ///
    /// # Errors
    /// The line is no JSON.
    pub async fn line(&mut self) -> anyhow::Result<Option<Value>> {
        let line = self.lines.next_line().await.context("sw-manager cannot be read")?;
        line.map(|line| serde_json::from_str(&line).with_context(|| format!("sw-manager says: {line}")))
            .transpose()
    }

    /// Waits for its end, and gives its last line.
    ///
    /// # Errors
    /// It says nothing, or no JSON.
    pub async fn outcome(mut self) -> anyhow::Result<Value> {
        let mut last = None;
        while let Some(line) = self.line().await? {
            last = Some(line);
        }
        let status = self.child.wait().await?;
        match last {
            Some(outcome) => Ok(outcome),
            None => bail!("sw-manager says nothing and ends with {status}"),
        }
    }
}
