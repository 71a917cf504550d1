//! nfv-vim-api at a site, and what its clients need: address, token, a plain client.

use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// It must answer within this time.
const START: Duration = Duration::from_secs(60);

/// A running API. Dropping it kills it.
#[derive(Debug)]
pub struct Api {
    child: Child,
    port: u16,
    token: String,
    started_in: Duration,
    http: reqwest::Client,
}

impl Api {
    pub(crate) async fn start(
        command: &[String],
        directory: &Path,
        config: &str,
        port: u16,
        keystone: u16,
    ) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        let token = token(&http, keystone).await?;
        let log = std::fs::File::options().create(true).append(true).open(directory.join("vim-api.out"))?;
        let (program, arguments) = command.split_first().context("no program for the API")?;
        let begun = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .arg("-c")
            .arg(directory.join(config))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let started_in = loop {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                break begun.elapsed();
            }
            if let Some(status) = child.try_wait()? {
                bail!("{program} ended at its start with {status}");
            }
            if begun.elapsed() > START {
                bail!("{program} is not up after {} s", START.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        Ok(Self { child, port, token, started_in, http })
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
        self.child.id()
    }

    /// A token of an administrator.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A request: status and body; a body that is no JSON comes as text, none as null.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let mut request = self.http.request(method, url).header("X-Auth-Token", &self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.context("the API does not answer")?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text))
        };
        Ok((status, body))
    }

    /// Asks it to end, and waits for it.
    ///
    /// # Errors
    /// It does not end within 30 seconds.
    pub async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        if let Some(pid) = self.pid() {
            nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(i32::try_from(pid)?),
                nix::sys::signal::Signal::SIGTERM,
            )?;
        }
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        Ok(ended.context("the API does not end")??)
    }
}

/// A token of the lab's administrator.
async fn token(http: &reqwest::Client, keystone: u16) -> anyhow::Result<String> {
    let domain = json!({"name": "Default"});
    let body = json!({"auth": {
        "identity": {"methods": ["password"], "password": {
            "user": {"name": "admin", "password": "admin", "domain": domain}}},
        "scope": {"project": {"name": "admin", "domain": domain}},
    }});
    let url = format!("http://127.0.0.1:{keystone}/v3/auth/tokens");
    let answer = http.post(url).json(&body).send().await.context("the lab's Keystone does not answer")?;
    let token = answer.headers().get("X-Subject-Token").and_then(|token| token.to_str().ok());
    Ok(token.context("the lab's Keystone gives no token")?.to_owned())
}
