//! Tokens of Keystone: asked for, kept, renewed. Contract: southbound 1.3, 1.4.
//!
//! Plugins with the same account share a token. A call that finds no usable one asks for it while all others with
//! this account wait for that answer, whatever it is, so that there is never more than one request under way, and
//! an identity service that is away is not asked by one after the other.

use super::catalog::Catalog;
use super::fields::{self, FieldError};
use super::rest::{Request, Response, RestClient, RestError};
use crate::config::{AccountConfig, Timeouts};
use crate::keyring::{self, KeyringError};
use crate::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::{Mutex, MutexGuard};

/// A token is renewed when it has no more than this left.
const MARGIN: SignedDuration = SignedDuration::from_secs(300);

/// A token and what came with it.
#[derive(Debug)]
pub(crate) struct Token {
    pub id: Secret,
    pub project_id: String,
    pub catalog: Catalog,
    expires_at: Timestamp,
    refused: AtomicBool,
}

impl Token {
    /// It can be used for a call that starts now.
    fn is_usable(&self, now: Timestamp) -> bool {
        !self.refused.load(Ordering::Relaxed) && self.expires_at.duration_since(now) > MARGIN
    }

    /// A service answered 401: the next call renews.
    pub(crate) fn flag_refused(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    fn read(response: &Response) -> Result<Self, TokenError> {
        let bad = |cause: String| TokenError::BadAnswer(cause);
        let field = |error: FieldError| TokenError::BadAnswer(error.to_string());
        let id = response.headers.iter().find(|(name, _)| name == "X-Subject-Token");
        let (_, id) = id.ok_or_else(|| bad("header X-Subject-Token is missing".to_owned()))?;
        let body = response.json().map_err(bad)?;
        let token = fields::object(&body, "token").map_err(field)?;
        let expires = fields::text(token, "expires_at").map_err(field)?;
        let expires_at = expires
            .parse()
            .map_err(|error| bad(format!("field expires_at: {expires:?} is no time: {error}")))?;
        let project = fields::object(token, "project").map_err(field)?;
        Ok(Self {
            id: Secret::new(id),
            project_id: fields::text(project, "id").map_err(field)?,
            catalog: Catalog::read(&token["catalog"]),
            expires_at,
            refused: AtomicBool::new(false),
        })
    }
}

/// Why there is no token. No text holds the password.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("no token: {0}")]
    Rest(#[from] RestError),
    #[error("no token: Keystone's answer cannot be used: {0}")]
    BadAnswer(String),
    #[error("no token: {0}")]
    Keyring(#[from] KeyringError),
}

/// The token of one account.
#[derive(Debug)]
pub(crate) struct TokenCache {
    account: AccountConfig,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    token: Option<Arc<Token>>,
    /// When and why the last request for a token failed.
    failed: Option<(Instant, TokenError)>,
}

impl TokenCache {
    pub(crate) fn new(account: AccountConfig) -> Self {
        Self { account, slot: Mutex::default() }
    }

    /// The account it is for.
    pub(crate) fn account(&self) -> &AccountConfig {
        &self.account
    }

    /// The token that is there, or the right to ask for a new one.
    pub(crate) async fn look(&self) -> Look<'_> {
        let began = Instant::now();
        let slot = self.slot.lock().await;
        if let Some(token) = slot.token.as_ref().filter(|token| token.is_usable(Timestamp::now())) {
            return Look::Usable(Arc::clone(token));
        }
        match &slot.failed {
            // somebody asked while this one waited
            Some((when, error)) if *when > began => Look::Failed(error.clone()),
            _ => Look::Absent(Renewal { account: &self.account, slot }),
        }
    }
}

/// What a look at the cache finds.
pub(crate) enum Look<'a> {
    Usable(Arc<Token>),
    Failed(TokenError),
    Absent(Renewal<'a>),
}

/// The right to ask for a new token. While it lives, all others with this account wait.
pub(crate) struct Renewal<'a> {
    account: &'a AccountConfig,
    slot: MutexGuard<'a, Slot>,
}

impl Renewal<'_> {
    /// Asks Keystone and keeps the answer.
    pub(crate) async fn ask(
        mut self,
        rest: &RestClient,
        limits: &Timeouts,
    ) -> Result<Arc<Token>, TokenError> {
        *self.slot = Slot::default();
        match obtain(self.account, rest, limits).await {
            Ok(token) => {
                self.slot.token = Some(Arc::clone(&token));
                Ok(token)
            }
            Err(error) => {
                self.slot.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

async fn obtain(
    account: &AccountConfig,
    rest: &RestClient,
    limits: &Timeouts,
) -> Result<Arc<Token>, TokenError> {
    let password = match &account.password {
        Some(password) => password.clone(),
        None => keyring::password(&account.keyring_service, &account.username).await?,
    };
    let request = request(account, &password);
    let limit = limits.of(request.module, request.function);
    Ok(Arc::new(Token::read(&rest.send(request, limit).await?)?))
}

pub(super) fn request(account: &AccountConfig, password: &Secret) -> Request {
    let user = json!({
        "name": account.username,
        "password": password.expose(),
        "domain": {"name": account.user_domain_name},
    });
    let project = json!({"name": account.tenant, "domain": {"name": account.project_domain_name}});
    let body = json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": project},
    }});
    let url = format!("{}/v3/auth/tokens", account.authorization_url);
    let mut request = Request::new("openstack", "get_token", Method::POST, url).json(&body);
    request.secret = Some(password.clone());
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openstack::upload::Body;

    fn response(headers: &[(&str, &str)], body: &str) -> Response {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Response { status: 201, headers: headers.iter().map(own).collect(), body: body.into() }
    }

    fn token(expires_at: &str) -> Token {
        let body = format!(r#"{{"token": {{"expires_at": "{expires_at}", "project": {{"id": "p"}}}}}}"#);
        Token::read(&response(&[("X-Subject-Token", "t")], &body)).unwrap()
    }

    #[test]
    fn a_token_is_renewed_300_seconds_before_its_end_and_days_count() {
        let now: Timestamp = "2019-01-23T12:00:00Z".parse().unwrap();
        for (expires_at, usable) in [
            ("2019-01-23T13:00:00.000000Z", true),
            ("2019-01-23T12:05:01Z", true),
            ("2019-01-23T12:05:00Z", false),
            ("2019-01-23T12:00:00Z", false),
            ("2018-12-31T12:00:00Z", false),
            // one day and 100 seconds: the original looked at the 100 seconds only
            ("2019-01-24T12:01:40Z", true),
            ("2019-01-23T15:00:00+02:00", true),
        ] {
            assert_eq!(token(expires_at).is_usable(now), usable, "{expires_at}");
        }
        let refused = token("2030-01-01T00:00:00Z");
        refused.flag_refused();
        assert!(!refused.is_usable(now));
    }

    #[test]
    fn answers_without_the_fields_needed_say_which() {
        let id = [("X-Subject-Token", "t")];
        for (headers, body, words) in [
            (&[][..], "{}", "X-Subject-Token"),
            (&id[..], "<html>", "no JSON"),
            (&id[..], "{}", "field token"),
            (&id[..], r#"{"token": {"project": {"id": "p"}}}"#, "expires_at"),
            (&id[..], r#"{"token": {"expires_at": "soon", "project": {"id": "p"}}}"#, "no time"),
            (&id[..], r#"{"token": {"expires_at": "2019-01-23T12:00:00Z"}}"#, "field project"),
        ] {
            let error = Token::read(&response(headers, body)).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let account = AccountConfig {
            username: "admin".into(),
            tenant: "admin".into(),
            user_domain_name: "Default".into(),
            project_domain_name: "Default".into(),
            keyring_service: "CGCS".into(),
            password: Some(Secret::new("sesame")),
            authorization_url: "http://h".into(),
        };
        let mut request = request(&account, &Secret::new("sesame"));
        let Some(Body::Bytes(body)) = &request.body else { panic!() };
        assert!(String::from_utf8_lossy(body).contains("sesame"));
        request.body = None;
        let mut secret = token("2030-01-01T00:00:00Z");
        secret.id = Secret::new("sesame");
        let text = format!("{request:?} {secret:?} {:?}", TokenCache::new(account));
        assert!(!text.contains("sesame"), "{text}");
    }
}
