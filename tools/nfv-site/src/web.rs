//! nfv-vim-webserver at a site: its JSON and its stream of events.

use crate::process::Process;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;

/// It must answer within this time.
const START: Duration = Duration::from_secs(30);

/// A running webserver. Dropping it kills it.
#[derive(Debug)]
pub struct Web {
    process: Process,
    base: String,
    http: reqwest::Client,
}

impl Web {
    pub(crate) async fn start(program: &Path, directory: &Path, port: u16) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        let mut command = Command::new(program);
        command.arg("-c").arg(directory.join("config.ini"));
        let mut process = Process::start(directory, "vim-web", command)?;
        process.wait_until_listening(port, START).await?;
        Ok(Self { process, base: format!("http://127.0.0.1:{port}"), http })
    }

    /// Where a browser finds the dashboard.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// What a path shows, as JSON.
    ///
    /// # Errors
    /// There is no answer, it is none of success, or it is no JSON.
    pub async fn json(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).with_context(|| format!("{path} is no JSON: {text}"))
    }

    /// Opens the stream of events, as a page does.
    ///
    /// # Errors
    /// There is no answer, or it is no stream.
    pub async fn stream(&self) -> anyhow::Result<EventStream> {
        let answer = self.http.get(format!("{}/console/stream", self.base)).send().await?;
        ensure!(answer.status().is_success(), "the stream is refused with {}", answer.status());
        Ok(EventStream { answer, bytes: Vec::new() })
    }
}

/// Server-sent events as they come.
#[derive(Debug)]
pub struct EventStream {
    answer: reqwest::Response,
    bytes: Vec<u8>,
}

impl EventStream {
    /// The next event: its name and its data. Signs of life are passed over.
    ///
    /// # Errors
    /// The stream ends or breaks, or an event has no JSON.
    pub async fn event(&mut self) -> anyhow::Result<(String, Value)> {
        loop {
            while let Some(end) = self.bytes.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
                let block = String::from_utf8(block).context("the stream is no text")?;
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
                if let (Some(name), Some(data)) = (field("event: "), field("data: ")) {
                    let data = serde_json::from_str(data).with_context(|| format!("no JSON: {data}"))?;
                    return Ok((name.to_owned(), data));
                }
            }
            let piece = self.answer.chunk().await.context("the stream broke")?;
            self.bytes.extend_from_slice(&piece.context("the stream ended")?);
        }
    }
}
