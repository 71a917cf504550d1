//! Kubernetes: taints and nodes of hosts. Contract: southbound 3.13, 5.1.1.
//!
//! The credentials are in the kubeconfig of the platform's administrator. It is read with each call; the client
//! that is made of it is kept as long as the file stays the same.

mod kubeconfig;

use crate::openstack::caller::{Caller, bad_answer, is_404};
use crate::openstack::fields::{self, encoded};
use crate::openstack::rest::{Request, RestClient};
use crate::secret::Secret;
use kubeconfig::Kubeconfig;
use nfv_nfvi::{CallError, ErrorKind};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The taint that keeps pods off a host whose services are disabled.
const TAINT_KEY: &str = "services";
const TAINT_EFFECT: &str = "NoExecute";
const PATCH_TYPE: &str = "application/strategic-merge-patch+json";

/// The API server and the way to it.
#[derive(Debug)]
pub(crate) struct Kubernetes {
    kubeconfig: PathBuf,
    session: Mutex<Option<Arc<Session>>>,
}

/// A client, and the file it was made of.
#[derive(Debug)]
struct Session {
    file: Secret,
    server: String,
    bearer: Option<Secret>,
    rest: RestClient,
}

impl Kubernetes {
    pub(crate) fn new(kubeconfig: PathBuf) -> Self {
        Self { kubeconfig, session: Mutex::default() }
    }

    /// Kubernetes runs on this controller.
    pub(crate) fn is_there(&self) -> bool {
        self.kubeconfig.exists()
    }

    /// The next call reads everything anew, also files that the kubeconfig names.
    pub(crate) fn reload(&self) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Takes the taint of disabled services off a node, if it is there.
    pub(crate) async fn untaint_node(&self, caller: &mut Caller<'_>, node: &str) -> Result<(), CallError> {
        const FUNCTION: &str = "untaint_node";
        let session = self.session().await?;
        let (get, name) = session.request(FUNCTION, Method::GET, node);
        let answer = caller.exchange_through(&session.rest, get).await?;
        let found = answer.json().map_err(|cause| bad_answer(&name, &cause))?;
        let spec = fields::object(&found, "spec").map_err(|error| bad_answer(&name, &error.to_string()))?;
        let taints = spec["taints"].as_array().cloned().unwrap_or_default();
        let ours = |taint: &Value| taint["key"] == TAINT_KEY && taint["effect"] == TAINT_EFFECT;
        if !taints.iter().any(ours) {
            return Ok(());
        }
        let others: Vec<Value> = taints.into_iter().filter(|taint| !ours(taint)).collect();
        let (patch, _) = session.request(FUNCTION, Method::PATCH, node);
        let body = json!({"spec": {"taints": others}}).to_string();
        let patch = patch.header("Content-Type", PATCH_TYPE).body(body);
        caller.exchange_through(&session.rest, patch).await.map(drop)
    }

    /// Removes a node; one that is not there counts as removed.
    pub(crate) async fn delete_node(&self, caller: &mut Caller<'_>, node: &str) -> Result<(), CallError> {
        let session = self.session().await?;
        let (delete, _) = session.request("delete_node", Method::DELETE, node);
        match caller.exchange_through(&session.rest, delete.json(&json!({}))).await {
            Err(error) if !is_404(&error) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The client for the kubeconfig as it is now.
    async fn session(&self) -> Result<Arc<Session>, CallError> {
        let shown = self.kubeconfig.display();
        let failed = |cause: String| CallError::new(ErrorKind::Unreachable, format!("{shown}: {cause}"));
        let file =
            tokio::fs::read_to_string(&self.kubeconfig).await.map_err(|error| failed(error.to_string()))?;
        let file = Secret::new(file);
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = session.as_ref().filter(|known| known.file == file) {
            return Ok(Arc::clone(known));
        }
        let config = Kubeconfig::read(file.expose()).map_err(failed)?;
        let (server, bearer) = (config.server.clone(), config.token.clone());
        let rest =
            RestClient::with(Box::new(move || config.client())).map_err(|error| failed(error.to_string()))?;
        let new = Arc::new(Session { file, server, bearer, rest });
        *session = Some(Arc::clone(&new));
        Ok(new)
    }
}

impl Session {
    /// A request about a node, and its name in errors.
    fn request(&self, function: &'static str, method: Method, node: &str) -> (Request, String) {
        let url = format!("{}/api/v1/nodes/{}", self.server, encoded(node));
        let name = format!("{method} {url}");
        let mut request = Request::new("kubernetes_client", function, method, url);
        request.bearer = self.bearer.clone();
        (request, name)
    }
}
