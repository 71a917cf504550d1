//! nfv-vim-api at a site, and what its clients need: address, token, a plain client.

use crate::client::Client;
use crate::process::Process;
use anyhow::Context;
use serde_json::Value;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::Command;

/// It must answer within this time.
const START: Duration = Duration::from_secs(60);
/// It must end within this time.
const END: Duration = Duration::from_secs(30);

/// A running API. Dropping it kills it.
#[derive(Debug)]
pub struct Api {
    process: Process,
    port: u16,
    client: Client,
    started_in: Duration,
}

impl Api {
    pub(crate) async fn start(
        command: &[String],
        directory: &Path,
        config: &str,
        port: u16,
        keystone: u16,
    ) -> anyhow::Result<Self> {
        let client = Client::log_in(keystone, port).await?;
        let (program, arguments) = command.split_first().context("no program for the API")?;
        let mut command = Command::new(program);
        command.args(arguments).arg("-c").arg(directory.join(config));
        let mut process = Process::start(directory, "vim-api", command)?;
        let started_in = process.wait_until_listening(port, START).await?;
        Ok(Self { process, port, client, started_in })
    }

    /// From the start of the process until its port was open.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// A token of an administrator.
    pub fn token(&self) -> &str {
        self.client.token()
    }

    /// A client with that token.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A request: see [`Client::ask`].
    ///
    /// # Errors
    /// There is no answer.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        self.client.ask(method, path, body).await
    }

    /// Asks it to end, and waits for it.
    ///
    /// # Errors
    /// It does not end within 30 seconds.
    pub async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        self.process.stop(END).await
    }
}
