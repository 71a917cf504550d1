//! The lab's own API, as far as demonstrations and tests use it.

use anyhow::{Context, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The simulated cloud.
#[derive(Debug, Clone)]
pub struct Cloud {
    base: String,
    http: reqwest::Client,
}

/// A host as the cloud has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Host {
    /// Name.
    pub name: String,
    /// sysinv's id.
    pub uuid: String,
    /// `controller`, `worker` or `storage`.
    pub personality: String,
    /// It has power and runs.
    pub alive: bool,
    /// `unlocked` or `locked`.
    pub administrative: String,
    /// `enabled` or `disabled`.
    pub operational: String,
    /// `available`, `failed`, `offline`, ...
    pub availability: String,
    /// What an operator has ordered and is not done.
    pub action: String,
    /// The VIM's last word about the host's services.
    pub vim_progress: String,
    /// Servers on it.
    pub vms: u64,
    /// Its nova-compute; none on hosts without one.
    pub compute: Option<Value>,
}

/// A server as Nova has it.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Vm {
    /// Nova's id.
    pub uuid: String,
    /// Name.
    pub name: String,
    /// Host, if it has one.
    pub host: Option<String>,
    /// `active`, `error`, ...
    pub vm_state: String,
    /// What Nova does with it.
    pub task_state: Option<String>,
    /// Its flavor.
    pub flavor: String,
    /// Its guest runs.
    pub runs: bool,
    /// How often its guest was started.
    pub boots: u64,
}

/// Something that happened in the cloud.
#[derive(Debug, Clone, Deserialize)]
pub struct Happening {
    /// Seconds since the lab's start.
    pub at: f64,
    /// `host` or `vm`.
    pub kind: String,
    /// Which.
    pub name: String,
    /// What.
    pub what: String,
}

/// An action on a server, from its request to its end.
#[derive(Debug, Clone, Deserialize)]
pub struct Action {
    /// Server.
    pub name: String,
    /// `live-migrate`, `stop`, `start`, ...
    pub action: String,
    /// Host at the request.
    pub host: Option<String>,
    /// Host it goes to.
    pub target: Option<String>,
    /// Seconds since the lab's start.
    pub started: f64,
    /// The same; none while it is under way.
    pub ended: Option<f64>,
    /// How it ended.
    pub outcome: Value,
}

/// How a scenario stands.
#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    /// All its events are over and all its expectations decided.
    pub finished: bool,
    /// All expectations are met.
    pub ok: bool,
    /// Seconds since the lab's start at which it began.
    pub started: f64,
    /// One by one.
    pub expectations: Vec<Standing>,
}

/// How one expectation stands.
#[derive(Debug, Clone, Deserialize)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// `open`, `met` or `missed`.
    pub standing: String,
    /// Seconds since the scenario's start at which it was decided.
    #[serde(default)]
    pub at: Option<f64>,
    /// What was found instead, when it is not met.
    #[serde(default)]
    pub found: String,
}

impl Cloud {
    /// The cloud whose control API listens on this port.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn new(control: u16) -> anyhow::Result<Self> {
        // reqwest wants a TLS provider even for plain HTTP; another part of the process may have set it already
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .context("cannot make an HTTP client")?;
        Ok(Self { base: format!("http://127.0.0.1:{control}"), http })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.base);
        let answer =
            self.http.get(&url).send().await.with_context(|| format!("the lab does not answer {url}"))?;
        answer.json().await.with_context(|| format!("the lab's answer to {url} cannot be read"))
    }

    /// All hosts.
    ///
    /// # Errors
    /// The lab does not answer as it should; so for all methods below.
    pub async fn hosts(&self) -> anyhow::Result<Vec<Host>> {
        self.get("/hosts").await
    }

    /// All servers.
    ///
    /// # Errors
    /// See [`Cloud::hosts`].
    pub async fn vms(&self) -> anyhow::Result<Vec<Vm>> {
        self.get("/vms").await
    }

    /// The servers whose names fit, with `*`: less work for the lab than all.
    ///
    /// # Errors
    /// See [`Cloud::hosts`].
    pub async fn vms_named(&self, pattern: &str) -> anyhow::Result<Vec<Vm>> {
        self.get(&format!("/vms?name={pattern}")).await
    }

    /// Alarms of Fault Management.
    ///
    /// # Errors
    /// See [`Cloud::hosts`].
    pub async fn alarms(&self) -> anyhow::Result<Vec<Value>> {
        self.get("/alarms").await
    }

    /// What happened after this time.
    ///
    /// # Errors
    /// See [`Cloud::hosts`].
    pub async fn happenings(&self, since: f64) -> anyhow::Result<Vec<Happening>> {
        self.get(&format!("/events?since={since}")).await
    }

    /// Requests and notifications with a sequence number after this one.
    ///
    /// # Errors
    /// See [`Cloud::hosts`].
    pub async fn journal(&self, since: u64) -> anyhow::Result<Vec<Value>> {
        self.get(&format!("/journal?since={since}&limit=100000")).await
    }

    /// All actions on servers so far.
    ///
    /// # Errors
    /// See [`Cloud::hosts`].
    pub async fn history(&self) -> anyhow::Result<Vec<Action>> {
        self.get("/history").await
    }

    /// How the scenario stands.
    ///
    /// # Errors
    /// See [`Cloud::hosts`].
    pub async fn report(&self) -> anyhow::Result<Report> {
        self.get("/report").await
    }

    /// Does something to the cloud, for instance `{"do": "host-lock", "host": "compute-0"}`.
    ///
    /// # Errors
    /// The lab refuses it.
    pub async fn act(&self, deed: &Value) -> anyhow::Result<()> {
        self.post("/do", deed.to_string()).await
    }

    /// Breaks requests to its services by a rule, for instance `{"service": "nova", "seconds": 3, "effect": "hang"}`.
    ///
    /// # Errors
    /// The lab refuses it.
    pub async fn break_requests(&self, rule: &Value) -> anyhow::Result<()> {
        self.post("/faults", rule.to_string()).await
    }

    /// Starts a scenario.
    ///
    /// # Errors
    /// The lab refuses it.
    pub async fn scenario(&self, text: String) -> anyhow::Result<()> {
        self.post("/scenario", text).await
    }

    async fn post(&self, path: &str, body: String) -> anyhow::Result<()> {
        let url = format!("{}{path}", self.base);
        let answer = self
            .http
            .post(&url)
            .body(body)
            .send()
            .await
            .with_context(|| format!("the lab does not answer {url}"))?;
        let status = answer.status();
        if !status.is_success() {
            bail!("the lab refuses {path}: {status} {}", answer.text().await.unwrap_or_default());
        }
        Ok(())
    }
}
