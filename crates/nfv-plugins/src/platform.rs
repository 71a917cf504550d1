//! What a process beside the VIM asks of the platform: the alarms, and who a person is.
//!
//! It needs `[platform]`, `[fm]` and `[nfvi-timeouts]` of the plugins' file and nothing else of it.
//!
//! Contract: southbound 1.3, 12.7; vim-api 3.3.

use crate::config::{self, AccountConfig, Timeouts};
use crate::error::PluginError;
use crate::openstack::catalog::{Service, ServiceConfig};
use crate::openstack::rest::{Request, RestClient, RestError};
use crate::openstack::token::{Look, TokenCache};
use crate::secret::Secret;
use nfv_common::config::{ConfigError, Settings};
use nfv_nfvi::{CallError, ErrorKind};
use reqwest::Method;
use serde_json::{Value, json};

/// A client of the platform's Keystone and Fault Management.
#[derive(Debug)]
pub struct PlatformClient {
    fm: ServiceConfig,
    timeouts: Timeouts,
    tokens: TokenCache,
    rest: RestClient,
}

/// What the client needs of the plugins' configuration.
#[derive(Debug, Clone)]
pub struct PlatformConfig {
    account: AccountConfig,
    fm: ServiceConfig,
    timeouts: Timeouts,
}

/// An alarm as Fault Management shows it. All are texts as they came; what was missing is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)] // Fault Management's own names
pub struct PlatformAlarm {
    pub uuid: String,
    pub alarm_id: String,
    pub entity_instance_id: String,
    pub severity: String,
    pub reason_text: String,
    pub proposed_repair_action: String,
    pub timestamp: String,
    pub suppressed: bool,
}

/// A person who was let in by Keystone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// User name as Keystone has it.
    pub name: String,
    /// Roles in the platform's project.
    pub roles: Vec<String>,
}

/// Why a person is not let in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Keystone does not know this name with this password, or not in this project.
    #[error("refused by Keystone")]
    Refused,
    /// Keystone could not be asked; says why.
    #[error("Keystone could not be asked: {0}")]
    Unavailable(String),
}

impl PlatformConfig {
    /// Reads the plugins' configuration.
    ///
    /// # Errors
    /// A key of `[platform]` is missing; a time limit is no number.
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            account: config::account(settings, "platform")?,
            fm: config::service(settings, Service::Fm.section()),
            timeouts: Timeouts::read(settings)?,
        })
    }
}

impl PlatformClient {
    /// Asks nobody yet.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn new(config: PlatformConfig) -> Result<Self, PluginError> {
        let PlatformConfig { account, fm, timeouts } = config;
        Ok(Self { fm, timeouts, tokens: TokenCache::new(account), rest: RestClient::new()? })
    }

    /// All alarms, suppressed ones included. An entry without a severity has an empty one.
    ///
    /// # Errors
    /// No token, no address, or no good answer.
    pub async fn alarms(&self) -> Result<Vec<PlatformAlarm>, CallError> {
        let token = match self.tokens.look().await {
            Look::Usable(token) => token,
            Look::Failed(error) => return Err(CallError::new(ErrorKind::NoToken, error.to_string())),
            Look::Absent(renewal) => renewal
                .ask(&self.rest, &self.timeouts)
                .await
                .map_err(|error| CallError::new(ErrorKind::NoToken, error.to_string()))?,
        };
        let base = token.catalog.base(Service::Fm, Some(&self.fm)).ok_or_else(|| {
            let detail = "fm has no address: neither the catalog of the token nor the configuration has it";
            CallError::new(ErrorKind::Unreachable, detail.to_owned())
        })?;
        let mut request =
            Request::new("fm", "get_alarms", Method::GET, format!("{base}/alarms?include_suppress=True"));
        request.token = Some(token.id.clone());
        let limit = self.timeouts.of(request.module, request.function);
        let answer = self.rest.send(request, limit).await.map_err(|error| {
            if error.status() == Some(401) {
                token.flag_refused();
            }
            let kind = match &error {
                RestError::TimedOut { .. } => ErrorKind::TimedOut,
                RestError::Unreachable { .. } => ErrorKind::Unreachable,
                RestError::BadAnswer { .. } | RestError::BadRequest { .. } => ErrorKind::BadAnswer,
                RestError::Status { .. } => ErrorKind::Refused,
            };
            CallError::new(kind, error.to_string())
        })?;
        let body = answer.json().map_err(|cause| CallError::new(ErrorKind::BadAnswer, cause))?;
        let Some(alarms) = body["alarms"].as_array() else {
            return Err(CallError::new(ErrorKind::BadAnswer, "the answer has no list `alarms`".to_owned()));
        };
        Ok(alarms.iter().map(PlatformAlarm::read).collect())
    }

    /// Asks Keystone for a token of this person for the platform's project, and keeps nothing of it. The name is
    /// looked for in the domain of the platform's own account.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn login(&self, name: &str, password: &Secret) -> Result<Person, LoginError> {
        let account = self.tokens.account();
        let user = json!({
            "name": name,
            "password": password.expose(),
            "domain": {"name": account.user_domain_name},
        });
        let project = json!({"name": account.tenant, "domain": {"name": account.project_domain_name}});
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": project},
        }});
        let url = format!("{}/v3/auth/tokens?nocatalog", account.authorization_url);
        let mut request = Request::new("openstack", "get_token", Method::POST, url).json(&body);
        request.secret = Some(password.clone());
        let limit = self.timeouts.of(request.module, request.function);
        let answer = self.rest.send(request, limit).await.map_err(|error| match error.status() {
            // 400: Keystone's answer to a name or password that it does not even look at
            Some(400 | 401 | 403) => LoginError::Refused,
            _ => LoginError::Unavailable(error.to_string()),
        })?;
        let body = answer.json().map_err(LoginError::Unavailable)?;
        let token = &body["token"];
        let Some(name) = token["user"]["name"].as_str() else {
            return Err(LoginError::Unavailable("its answer names no user".to_owned()));
        };
        let roles = token["roles"].as_array().into_iter().flatten();
        let roles = roles.filter_map(|role| role["name"].as_str()).map(str::to_owned).collect();
        Ok(Person { name: name.to_owned(), roles })
    }
}

impl PlatformAlarm {
    fn read(entry: &Value) -> Self {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        Self {
            uuid: text("uuid"),
            alarm_id: text("alarm_id"),
            entity_instance_id: text("entity_instance_id"),
            severity: text("severity"),
            reason_text: text("reason_text"),
            proposed_repair_action: text("proposed_repair_action"),
            timestamp: text("timestamp"),
            suppressed: entry["suppression_status"] == "suppressed",
        }
    }
}
