//! Keystone for processes that serve users: own tokens, users' tokens in exchange for one of the own project, and
//! requests that are passed on. Contract: vim-api 1.2, 1.5.

use super::catalog::{self, Catalog, ServiceConfig};
use super::relay::Relayed;
use super::rest::{Request, Response, RestClient, RestError};
use super::token;
use crate::config::AccountConfig;
use crate::error::PluginError;
use crate::keyring;
use crate::secret::Secret;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// A token of a project and what came with it.
#[derive(Debug)]
pub struct ProjectToken {
    /// The token itself.
    pub id: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Name of its user.
    pub user: String,
    /// Name of its project.
    pub project: String,
    /// Name of the project's domain.
    pub project_domain: String,
    /// Names of its roles there.
    pub roles: Vec<String>,
    catalog: Catalog,
}

impl ProjectToken {
    fn read(response: &Response) -> Result<Self, IdentityError> {
        let bad = |cause: &str| IdentityError::BadAnswer(cause.to_owned());
        let id = response.headers.iter().find(|(name, _)| name == "X-Subject-Token");
        let (_, id) = id.ok_or_else(|| bad("header X-Subject-Token is missing"))?;
        let body = response.json().map_err(IdentityError::BadAnswer)?;
        let token = &body["token"];
        let expires = token["expires_at"].as_str().ok_or_else(|| bad("field expires_at is missing"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let roles = token["roles"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Self {
            id: Secret::new(id),
            expires_at: expires.parse().map_err(|_| bad("field expires_at is no time"))?,
            user: text(&token["user"]["name"]),
            project: text(&token["project"]["name"]),
            project_domain: text(&token["project"]["domain"]["name"]),
            roles: roles.iter().map(|role| text(&role["name"])).collect(),
            catalog: Catalog::read(&token["catalog"]),
        })
    }

    /// Address of a service as the configuration and the token's catalog have it; none when neither does.
    pub fn address(&self, service: &ServiceConfig) -> Option<String> {
        self.catalog.address(service)
    }
}

/// The address without its version and what follows it.
pub fn without_version(address: &str) -> String {
    catalog::strip_version(address)
}

/// Why there is no token, or no answer. No text holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IdentityError {
    /// The service refused with this status.
    #[error("{text}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What was asked, and what came.
        text: String,
    },
    /// It could not be asked, or was silent.
    #[error("{0}")]
    Unreachable(String),
    /// Its answer cannot be used.
    #[error("Keystone's answer cannot be used: {0}")]
    BadAnswer(String),
    /// There is no password.
    #[error("{0}")]
    NoPassword(String),
}

impl From<RestError> for IdentityError {
    fn from(error: RestError) -> Self {
        let text = error.to_string();
        match error.status() {
            Some(status) => Self::Refused { status, text },
            None => Self::Unreachable(text),
        }
    }
}

/// What a service answered to a request that was passed on.
#[derive(Debug)]
pub struct RelayedAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names capitalized, without those of the connection.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// The client.
#[derive(Debug)]
pub struct IdentityClient {
    rest: RestClient,
}

impl IdentityClient {
    /// Trusts what the system trusts.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new() -> Result<Self, PluginError> {
        Ok(Self { rest: RestClient::new()? })
    }

    /// Reads certificates anew; when that fails the old ones stay.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn reload(&self) -> Result<(), PluginError> {
        self.rest.reload()
    }

    /// A token of the account itself.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub async fn own_token(
        &self,
        account: &AccountConfig,
        limit: Duration,
    ) -> Result<ProjectToken, IdentityError> {
        let password = match &account.password {
            Some(password) => password.clone(),
            None => keyring::password(&account.keyring_service, &account.username)
                .await
                .map_err(|error| IdentityError::NoPassword(error.to_string()))?,
        };
        ProjectToken::read(&self.rest.send(token::request(account, &password), limit).await?)
    }

    /// A token of the user in the project of `own`, in exchange for one the user has.
    ///
    /// # Errors
    /// See [`IdentityError`]; a token that Keystone does not take is [`IdentityError::Refused`].
    pub async fn exchange(
        &self,
        account: &AccountConfig,
        own: &ProjectToken,
        user_token: &Secret,
        limit: Duration,
    ) -> Result<ProjectToken, IdentityError> {
        let body = json!({"auth": {
            "identity": {"methods": ["token"], "token": {"id": user_token.expose()}},
            "scope": {"project": {"name": own.project, "domain": {"name": own.project_domain}}},
        }});
        let url = format!("{}/v3/auth/tokens", account.authorization_url);
        let mut request = Request::new("openstack", "validate_token", Method::POST, url).json(&body);
        request.token = Some(own.id.clone());
        request.secret = Some(user_token.clone());
        ProjectToken::read(&self.rest.send(request, limit).await?)
    }

    /// Passes a user's request on; any status is an answer.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub async fn relay(&self, request: Relayed, limit: Duration) -> Result<RelayedAnswer, IdentityError> {
        let Response { status, headers, body } = self.rest.relay(request, limit).await?;
        Ok(RelayedAnswer { status, headers, body })
    }
}
