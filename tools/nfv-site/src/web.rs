//! nfv-vim-webserver at a site: its JSON and its stream of events.

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// It must answer within this time.
const START: Duration = Duration::from_secs(30);

/// A running webserver. Dropping it kills it.
#[derive(Debug)]
pub struct Web {
    _child: Child,
    base: String,
    http: reqwest::Client,
}

impl Web {
    pub(crate) async fn start(program: &Path, directory: &Path, port: u16) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        let log = std::fs::File::create(directory.join("vim-web.out")).context("no file for its output")?;
        let mut child = Command::new(program)
            .arg("-c")
            .arg(directory.join("config.ini"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("nfv-vim-webserver ended at its start with {status}");
            }
            ensure!(begun.elapsed() < START, "nfv-vim-webserver is not up after {} s", START.as_secs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { _child: child, base: format!("http://127.0.0.1:{port}"), http })
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
