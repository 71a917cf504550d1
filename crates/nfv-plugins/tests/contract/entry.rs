//! What is needed to have a call made.

use crate::cloud::{self, Cloud, Doing};
use crate::faults::Fault;
use nfv_nfvi::object::HostRef;
use nfv_nfvi::{Call, CallResult};
use nfv_plugins::{Inbound, Plugins, Turn};
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;

/// The bearer token of the kubeconfig.
pub const KUBERNETES_TOKEN: &str = "t0ken-of-kubernetes";

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With this kind of error.
    Fails(nfv_nfvi::ErrorKind),
    /// Well.
    Good,
}

/// A row of the contract and a plugin's call in which it is made.
pub struct Entry {
    /// `module.call`.
    pub row: &'static str,
    pub call: Call,
    /// What the cloud answers; the line of the row's own request is the last one, unless `target` names another.
    pub answers: Vec<(&'static str, Value)>,
    pub target: &'static str,
    /// Body of the row's own request; null: none.
    pub body: Value,
    /// Only the status of its answer counts.
    pub status_only: bool,
    /// Ends that differ from the general rules of the contract, by its section 5.
    pub unlike: Vec<(Fault, End)>,
    /// What was asked once is not asked again in the life of the process.
    pub asked_once: bool,
}

pub fn entry(row: &'static str, call: Call, answers: Vec<(&'static str, Value)>) -> Entry {
    let target = answers.last().unwrap().0;
    let (body, unlike) = (Value::Null, Vec::new());
    Entry { row, call, answers, target, body, status_only: false, unlike, asked_once: false }
}

impl Entry {
    pub fn target(mut self, line: &'static str) -> Self {
        assert!(self.answers.iter().any(|answer| answer.0 == line));
        self.target = line;
        self
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = body;
        self
    }

    pub fn status_only(mut self) -> Self {
        self.status_only = true;
        self
    }

    pub fn unlike(mut self, faults: &[Fault], end: End) -> Self {
        self.unlike.extend(faults.iter().map(|fault| (*fault, end)));
        self
    }

    pub fn asked_once(mut self) -> Self {
        self.asked_once = true;
        self
    }
}

/// A cloud that answers this entry's calls well, and plugins in front of it.
pub struct Stage {
    pub cloud: Cloud,
    pub plugins: Plugins,
    _inbound: Receiver<Inbound>,
    _kubeconfig: tempfile::NamedTempFile,
}

impl Stage {
    /// `limit`: seconds that each request may take.
    pub async fn set(entry: &Entry, limit: u32) -> Stage {
        let cloud = Cloud::start().await;
        for (line, body) in &entry.answers {
            cloud.on(line, good(body));
        }
        let modules =
            ["openstack", "keystone", "nova", "neutron", "cinder", "glance", "sysinv", "mtc", "guest"];
        let mut limits: String = modules.iter().map(|module| format!("{module}={limit}\n")).collect();
        limits += &format!("patching={limit}\nfm={limit}\nkubernetes_client={limit}\n");
        let mut config = cloud.config(&limits);
        let kubeconfig = tempfile::NamedTempFile::new().unwrap();
        let file = json!({"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": format!("http://{}/kubernetes", cloud.address)}}],
            "users": [{"name": "u", "user": {"token": KUBERNETES_TOKEN}}]});
        std::fs::write(kubeconfig.path(), file.to_string()).unwrap();
        config.kubernetes_config = kubeconfig.path().to_owned();
        let (plugins, inbound) = cloud::start(&config).await;
        Stage { cloud, plugins, _inbound: inbound, _kubeconfig: kubeconfig }
    }

    pub async fn perform(&self, entry: &Entry) -> CallResult {
        self.plugins.perform(entry.call.clone(), Turn::free()).await
    }
}

/// The good answer with this body; null: without one.
pub fn good(body: &Value) -> Doing {
    match body {
        Value::Null => Doing::Answer(204, vec![], String::new()),
        body => Doing::json(200, body),
    }
}

pub fn host(personality: &str) -> HostRef {
    HostRef { uuid: "u0".into(), name: "compute-0".into(), personality: personality.into() }
}
