//! Load on nfv-vim-api: a number of clients that each ask one after the other, for a while.

use crate::Api;
use anyhow::{Context, bail};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer must come within this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run of load came to.
#[derive(Debug, Clone)]
pub struct Load {
    /// Answers a second.
    pub per_second: f64,
    /// Times from sending a request to the last byte of its answer, in order.
    pub times: Vec<Duration>,
}

impl Load {
    /// The time that this share of all answers did not exceed.
    pub fn at(&self, share: f64) -> Duration {
        let last = self.times.len().saturating_sub(1);
        self.times.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }
}

/// Lets `clients` ask for `path` for `time`, each at least once. Connections are kept if the server keeps them.
///
/// # Errors
/// An answer is not 200, or does not come within a minute.
pub async fn load(api: &Api, path: &str, clients: usize, time: Duration) -> anyhow::Result<Load> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nX-Auth-Token: {}\r\nAccept: application/json\r\n\r\n",
        api.port(),
        api.token()
    );
    let request: Arc<[u8]> = request.into_bytes().into();
    let begun = Instant::now();
    let tasks: Vec<_> =
        (0..clients).map(|_| tokio::spawn(client(api.port(), Arc::clone(&request), begun, time))).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.context("a client failed inside")??);
    }
    let elapsed = begun.elapsed();
    times.sort_unstable();
    Ok(Load { per_second: times.len() as f64 / elapsed.as_secs_f64(), times })
}

async fn client(
    port: u16,
    request: Arc<[u8]>,
    begun: Instant,
    time: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    let mut kept: Option<TcpStream> = None;
    while times.is_empty() || begun.elapsed() < time {
        let asked = Instant::now();
        let one = exchange(port, &request, kept.take());
        kept = tokio::time::timeout(PATIENCE, one).await.context("an answer did not come in time")??;
        times.push(asked.elapsed());
    }
    Ok(times)
}

/// One request; gives the connection back if it can be used again.
async fn exchange(port: u16, request: &[u8], kept: Option<TcpStream>) -> anyhow::Result<Option<TcpStream>> {
    let mut stream = match kept {
        Some(stream) => stream,
        None => TcpStream::connect(("127.0.0.1", port)).await.context("no connection")?,
    };
    stream.write_all(request).await?;
    Ok(read(&mut stream).await?.then_some(stream))
}

/// Reads an answer; true when the connection can be used again.
async fn read(stream: &mut TcpStream) -> anyhow::Result<bool> {
    let mut bytes = Vec::with_capacity(64 * 1024);
    let mut body: Option<(usize, usize)> = None;
    loop {
        if let Some((start, length)) = body
            && bytes.len() >= start + length
        {
            return Ok(bytes.starts_with(b"HTTP/1.1"));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            bail!("the answer breaks off");
        }
        if body.is_none()
            && let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&bytes[..at]).to_ascii_lowercase();
            if head.split(' ').nth(1) != Some("200") {
                bail!("the answer is no 200: {head}");
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.and_then(|length| length.trim().parse().ok()).context("no length")?;
            body = Some((at + 4, length));
        }
    }
}
