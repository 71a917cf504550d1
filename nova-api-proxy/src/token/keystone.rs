//! Keystone's side: the proxy's own token, and questions about those of others.
//!
//! Contract: nova-api-proxy 5.1.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::config::{AuthConfig, Credentials};
use crate::error::StartError;

/// Keystone could not be asked, or did not say.
#[derive(Debug, thiserror::Error)]
pub enum KeystoneError {
    /// No answer.
    #[error("no answer of Keystone at {url}: {cause}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why there is none.
        #[source]
        cause: reqwest::Error,
    },
    /// An answer that does not help.
    #[error("Keystone answered {status} to {what}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// Its status.
        status: StatusCode,
    },
    /// An answer that is not understood.
    #[error("Keystone's answer to {0} is not understood")]
    NotUnderstood(&'static str),
    /// The configuration has no credentials.
    #[error("no credentials are configured for Keystone")]
    NoCredentials,
}

/// The proxy's own token and where it says that tokens are validated.
#[derive(Clone, Debug)]
struct OwnToken {
    token: String,
    /// Identity v3 of the catalog.
    endpoint: String,
}

/// Keystone.
#[derive(Debug)]
pub struct Keystone {
    client: Client,
    config: AuthConfig,
    own: Mutex<Option<OwnToken>>,
}

/// First pause before another attempt to connect; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const OWN_TOKEN: &str = "the request for the proxy's own token";
const VALIDATION: &str = "the validation of a token";

impl Keystone {
    /// Prepares the client.
    ///
    /// # Errors
    /// A certificate or key cannot be used.
    pub fn new(config: AuthConfig) -> Result<Self, StartError> {
        // the provider may have been chosen before
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wrong = |what: &str, path: &Path, cause: &dyn std::fmt::Display| {
            StartError::Tls(format!("cannot use {what} {}: {cause}", path.display()))
        };
        let read = |what: &str, path: &Path| std::fs::read(path).map_err(|cause| wrong(what, path, &cause));
        let mut builder = Client::builder()
            .timeout(config.timeout)
            .connect_timeout(config.timeout)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_danger_accept_invalid_certs(config.insecure);
        if let Some(path) = &config.ca {
            let certificates = Certificate::from_pem_bundle(&read("cafile", path)?);
            builder = builder.tls_certs_only(certificates.map_err(|cause| wrong("cafile", path, &cause))?);
        }
        if let Some(path) = &config.cert {
            let mut pem = read("certfile", path)?;
            if let Some(key) = &config.key {
                pem.extend(read("keyfile", key)?);
            }
            let identity =
                reqwest::Identity::from_pem(&pem).map_err(|cause| wrong("certfile", path, &cause))?;
            builder = builder.identity(identity);
        }
        let client = match builder.build() {
            Ok(client) => client,
            // a machine without any root certificates can still speak plain HTTP
            Err(_) if config.ca.is_none() && config.url.starts_with("http:") => Client::builder()
                .timeout(config.timeout)
                .no_proxy()
                .tls_certs_only([])
                .build()
                .map_err(|cause| StartError::Tls(cause.to_string()))?,
            Err(cause) => return Err(StartError::Tls(format!("cannot prepare TLS to Keystone: {cause}"))),
        };
        Ok(Self { client, config, own: Mutex::new(None) })
    }

    /// The configuration.
    pub fn config(&self) -> &AuthConfig {
        &self.config
    }

    /// What Keystone says of a token; nothing when it is not valid.
    ///
    /// # Errors
    /// See [`KeystoneError`].
    pub async fn validate(&self, token: &str, allow_expired: bool) -> Result<Option<Value>, KeystoneError> {
        let mut own = self.own_token(None).await?;
        for last in [false, true] {
            let query = if allow_expired { "?allow_expired=1" } else { "" };
            let url = format!("{}/auth/tokens{query}", own.endpoint);
            let request =
                || self.client.get(&url).header("X-Auth-Token", &own.token).header("X-Subject-Token", token);
            let answer = self.send(&url, request).await?;
            match answer.status() {
                StatusCode::OK => {
                    let body = answer.json().await.map_err(|_| KeystoneError::NotUnderstood(VALIDATION))?;
                    return Ok(Some(body));
                }
                StatusCode::NOT_FOUND => return Ok(None),
                // the proxy's own token may have been revoked
                StatusCode::UNAUTHORIZED if !last => own = self.own_token(Some(&own.token)).await?,
                status => return Err(KeystoneError::Refused { what: VALIDATION, status }),
            }
        }
        Err(KeystoneError::Refused { what: VALIDATION, status: StatusCode::UNAUTHORIZED })
    }

    /// The proxy's token: the one it has, or, if there is none or that is `refused`, a new one.
    async fn own_token(&self, refused: Option<&str>) -> Result<OwnToken, KeystoneError> {
        let mut held = self.own.lock().await;
        if let Some(own) = &*held
            && refused != Some(own.token.as_str())
        {
            return Ok(own.clone());
        }
        let (user, scope) = match &self.config.credentials {
            Credentials::None => return Err(KeystoneError::NoCredentials),
            Credentials::AdminToken(token) => {
                let own = OwnToken { token: token.clone(), endpoint: self.config.url.clone() };
                return Ok(held.insert(own).clone());
            }
            Credentials::Password { user, scope } => (user, scope),
        };
        let mut auth = json!({ "identity": { "methods": ["password"], "password": { "user": user } } });
        if let Some(scope) = scope {
            auth["scope"] = scope.clone();
        }
        let body = json!({ "auth": auth }).to_string();
        let url = format!("{}/auth/tokens", self.config.url);
        let request = || self.client.post(&url).header("Content-Type", "application/json").body(body.clone());
        let answer = self.send(&url, request).await?;
        if answer.status() != StatusCode::CREATED {
            return Err(KeystoneError::Refused { what: OWN_TOKEN, status: answer.status() });
        }
        let token = answer.headers().get("x-subject-token").and_then(|token| token.to_str().ok());
        let token = token.ok_or(KeystoneError::NotUnderstood(OWN_TOKEN))?.to_owned();
        let body: Value = answer.json().await.map_err(|_| KeystoneError::NotUnderstood(OWN_TOKEN))?;
        let endpoint = self.endpoint(&body).unwrap_or_else(|| self.config.url.clone());
        Ok(held.insert(OwnToken { token, endpoint }).clone())
    }

    /// Identity v3 of the catalog, in the configured region and interface.
    fn endpoint(&self, body: &Value) -> Option<String> {
        let services = body["token"]["catalog"].as_array()?;
        let identity = services.iter().find(|service| service["type"] == "identity")?;
        let fits = |endpoint: &&Value| {
            let region = self.config.region.as_deref();
            endpoint["interface"] == self.config.interface.as_str()
                && region.is_none_or(|region| endpoint["region"] == region || endpoint["region_id"] == region)
        };
        let url = identity["endpoints"].as_array()?.iter().find(fits)?["url"].as_str()?;
        let url = url.trim_end_matches('/');
        let base = ["/v3", "/v2.0"].iter().find_map(|version| url.strip_suffix(version)).unwrap_or(url);
        Some(format!("{base}/v3"))
    }

    /// Sends a request, again when no connection was made.
    async fn send(
        &self,
        url: &str,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Response, KeystoneError> {
        let mut pause = FIRST_PAUSE;
        for _ in 0..self.config.retries {
            match request().send().await {
                Err(cause) if cause.is_connect() => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(cause) => return Err(KeystoneError::Unreachable { url: url.to_owned(), cause }),
                Ok(answer) => return Ok(answer),
            }
        }
        request().send().await.map_err(|cause| KeystoneError::Unreachable { url: url.to_owned(), cause })
    }
}
