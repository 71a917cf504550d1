//! Validating tokens: from the cache, or by one question to Keystone for all who want to know.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keystone_token::{Answer, Cache, Verdict};
use tokio::runtime::Handle;

use super::{Identity, Keystone};
use crate::log::logger::AUTH;

/// What the stage decides about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It goes on.
    Granted(Grant),
    /// 401
    Unauthorized,
    /// 503
    Unavailable,
}

/// Headers for the upstream, and names for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The user; none for a request that goes on without.
    pub user: Option<Arc<Identity>>,
    /// The header lines.
    pub headers: String,
}

/// The tokens of a request.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    /// `X-Auth-Token` or `X-Storage-Token`.
    pub user: Option<&'a [u8]>,
    /// `X-Service-Token`
    pub service: Option<&'a [u8]>,
}

/// The stage authtoken.
#[derive(Debug)]
pub struct Validator {
    keystone: Arc<Keystone>,
    tokens: Arc<keystone_token::Tokens<Identity, ()>>,
    challenge: String,
}

impl Validator {
    /// A validator that asks on this runtime.
    pub fn new(keystone: Keystone, runtime: Handle) -> Arc<Self> {
        let config = keystone.config();
        let cache = Cache::new(config.cache_size, config.cache_time);
        let challenge = format!("Keystone uri='{}'", config.public_uri);
        let tokens = keystone_token::Tokens::new(cache, runtime);
        Arc::new(Self { keystone: Arc::new(keystone), tokens, challenge })
    }

    /// The value of `Www-Authenticate` in a 401.
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Decides about a request.
    pub async fn admit(self: &Arc<Self>, tokens: Tokens<'_>) -> Admission {
        let config = self.keystone.config();
        let mut grant = Grant::default();
        let mut service = None;
        if let Some(token) = tokens.service {
            match self.verdict(token, false).await {
                Verdict::Valid(identity) if self.is_service(&identity) => service = Some(identity),
                Verdict::Valid(_) | Verdict::Invalid if config.delay => {
                    grant.headers.push_str("x-service-identity-status: Invalid\r\n");
                }
                Verdict::Valid(_) | Verdict::Invalid => return self.rejected("Invalid service token"),
                Verdict::Unavailable(()) => return Admission::Unavailable,
            }
        }
        // a service may act for a user whose token has ended meanwhile
        let verdict = match tokens.user {
            Some(token) => self.verdict(token, service.is_some()).await,
            None => Verdict::Invalid,
        };
        match verdict {
            Verdict::Valid(identity) => {
                grant.headers.push_str(&identity.headers);
                grant.user = Some(identity);
            }
            Verdict::Invalid if config.delay => grant.headers.push_str("x-identity-status: Invalid\r\n"),
            Verdict::Invalid if tokens.user.is_none() => return self.rejected("No token in the request"),
            Verdict::Invalid => return self.rejected("Invalid user token"),
            Verdict::Unavailable(()) => return Admission::Unavailable,
        }
        if let Some(service) = service {
            grant.headers.push_str(&service.service_headers);
        }
        Admission::Granted(grant)
    }

    fn rejected(&self, why: &str) -> Admission {
        tracing::info!(target: AUTH, "{why}");
        tracing::info!(target: AUTH, "Rejecting request");
        Admission::Unauthorized
    }

    fn is_service(&self, identity: &Identity) -> bool {
        let config = self.keystone.config();
        !config.service_roles_required
            || identity.roles.iter().any(|role| config.service_roles.contains(role))
    }

    /// Whose token this is.
    async fn verdict(&self, token: &[u8], allow_expired: bool) -> Verdict<Identity, ()> {
        let keystone = Arc::clone(&self.keystone);
        let ask = |token: String| async move { ask(&keystone, &token, allow_expired).await };
        self.tokens.verdict(token, allow_expired, ask).await
    }
}

/// Asks Keystone.
async fn ask(keystone: &Keystone, token: &str, allow_expired: bool) -> Answer<Identity, ()> {
    match keystone.validate(token, allow_expired).await {
        Ok(Some(answer)) => match Identity::read(&answer, keystone.config().catalog) {
            Some(identity) if allow_expired || identity.expires > Timestamp::now() => {
                let lives = identity.expires.duration_since(Timestamp::now());
                Answer::Valid(Arc::new(identity), Duration::try_from(lives).unwrap_or_default())
            }
            Some(_) => Answer::Invalid,
            None => {
                tracing::error!(target: AUTH, critical = true, "Unable to validate token: Keystone's answer names no user");
                Answer::Unavailable(())
            }
        },
        Ok(None) => {
            tracing::warn!(target: AUTH, "Authorization failed for token");
            Answer::Invalid
        }
        Err(error) => {
            tracing::error!(target: AUTH, critical = true, "Unable to validate token: {error}");
            Answer::Unavailable(())
        }
    }
}
