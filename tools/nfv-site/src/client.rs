//! A client of the site's HTTP interfaces with an administrator's token.

use anyhow::Context;
use serde_json::{Value, json};

/// A client of one address.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    http: reqwest::Client,
    token: String,
    project: String,
    keystone: u16,
}

impl Client {
    /// Logs in at the lab's Keystone on that port; requests go to `port`.
    ///
    /// # Errors
    /// There is no token.
    pub(crate) async fn log_in(keystone: u16, port: u16) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        let domain = json!({"name": "Default"});
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {
                "user": {"name": "admin", "password": "admin", "domain": domain}}},
            "scope": {"project": {"name": "admin", "domain": domain}},
        }});
        let url = format!("http://127.0.0.1:{keystone}/v3/auth/tokens");
        let answer = http.post(url).json(&body).send().await.context("the lab's Keystone does not answer")?;
        let token = answer.headers().get("X-Subject-Token").and_then(|token| token.to_str().ok());
        let token = token.context("the lab's Keystone gives no token")?.to_owned();
        let body: Value = answer.json().await.context("the lab's Keystone describes no token")?;
        let project = body["token"]["project"]["id"].as_str().context("the token is for no project")?;
        let (base, project) = (format!("http://127.0.0.1:{port}"), project.to_owned());
        Ok(Self { base, http, token, project, keystone })
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Id of the project that the token is for.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// Logs in again, for a new token.
    ///
    /// # Errors
    /// There is none.
    pub async fn renew(&mut self) -> anyhow::Result<()> {
        // only the token is new: the port stands in the address already
        self.token = Self::log_in(self.keystone, 0).await?.token;
        Ok(())
    }

    /// The same client with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// A request: status and body; a body that is no JSON comes as text, none as null.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        let url = format!("{}{path}", self.base);
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let mut request = self.http.request(method, url).header("X-Auth-Token", &self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| format!("{} does not answer", self.base))?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text))
        };
        Ok((status, body))
    }
}
